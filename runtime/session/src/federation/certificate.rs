//! Whose certificate it is: the names that RFC 6120 §13.7 and RFC 9525 let a server be known by.
//!
//! Only names of the subject's alternative names count: DNS names, and service names (RFC 4985) of `_xmpp-server`. The
//! common name never does.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::tls::{TlsError, certificates, provider};

/// `id-on-dnsSRV` (RFC 4985 §2).
const SERVICE_NAME: &str = "1.3.6.1.5.5.7.8.7";
/// What a service name of a server begins with.
const SERVICE: &str = "_xmpp-server.";

/// Whom other servers' certificates must come from.
#[derive(Clone, Debug)]
pub struct Authorities {
    roots: RootCertStore,
    /// Certificates that are believed as they are.
    pinned: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// None: no certificate is believed.
    pub fn none() -> Authorities {
        Authorities {
            roots: RootCertStore::empty(),
            pinned: Vec::new(),
        }
    }

    /// The authorities that the operating system trusts.
    pub fn system() -> Authorities {
        let mut this = Authorities::none();
        // One unreadable certificate among the system's does not spoil the others.
        this.roots
            .add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        this
    }

    /// Adds a certificate: as an authority, and as a server's own (self-signed) one.
    #[must_use]
    pub fn certificate(mut self, certificate: CertificateDer<'static>) -> Authorities {
        self.roots.add_parsable_certificates([certificate.clone()]);
        self.pinned.push(certificate);
        self
    }

    /// Adds all certificates of a PEM file, as [`Authorities::certificate`] does.
    ///
    /// # Errors
    /// [`TlsError::File`] when the file cannot be read or holds no certificate.
    pub fn file(self, path: &Path) -> Result<Authorities, TlsError> {
        let all = certificates(path)?;
        Ok(all.into_iter().fold(self, Authorities::certificate))
    }

    /// Whether the chain leads to an authority and its first certificate is valid at this time.
    fn trusts(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> bool {
        let Some((own, others)) = chain.split_first() else {
            return false;
        };
        let Ok(parsed) = ParsedCertificate::try_from(own) else {
            return false;
        };
        if self
            .pinned
            .iter()
            .any(|pinned| pinned.as_ref() == own.as_ref())
        {
            return is_current(own, now);
        }
        let provider: Arc<CryptoProvider> = provider();
        let algorithms = provider.signature_verification_algorithms.all;
        if verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, others, now, algorithms)
            .is_ok()
        {
            return true;
        }
        // A server that connects is a client to TLS, and some certificates are for clients alone.
        let roots = Arc::new(self.roots.clone());
        WebPkiClientVerifier::builder_with_provider(roots, provider)
            .build()
            .is_ok_and(|verifier| verifier.verify_client_cert(own, others, now).is_ok())
    }

    /// Whether the chain proves that its holder serves the domain.
    pub(super) fn prove(&self, chain: &[CertificateDer<'_>], domain: &str, now: UnixTime) -> bool {
        let Some(own) = chain.first() else {
            return false;
        };
        let Ok(domain) = idna::domain_to_ascii_strict(domain) else {
            return false;
        };
        names(own).iter().any(|name| matches(name, &domain)) && self.trusts(chain, now)
    }
}

fn is_current(certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
        return false;
    };
    let Ok(now) = i64::try_from(now.as_secs()) else {
        return false;
    };
    let validity = parsed.validity();
    (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now)
}

/// The DNS names that a certificate is for, those of its service names included.
fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
        return Vec::new();
    };
    let Ok(Some(alternatives)) = parsed.subject_alternative_name() else {
        return Vec::new();
    };
    let names = alternatives.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::OtherName(kind, value) if kind.to_id_string() == SERVICE_NAME => {
                let name = ia5_string(value)?;
                let (service, domain) = name.split_at_checked(SERVICE.len())?;
                service
                    .eq_ignore_ascii_case(SERVICE)
                    .then(|| domain.to_owned())
            }
            _ => None,
        })
        .collect()
}

/// The text of an `IA5String`, which may stand in an explicit tag.
fn ia5_string(der: &[u8]) -> Option<&str> {
    let inner = |tag: u8, der: &'_ [u8]| -> Option<usize> {
        // Names longer than 127 bytes take two bytes for their length; there are no longer ones.
        match der {
            [first, length, ..] if *first == tag && *length < 0x80 => {
                (usize::from(*length) + 2 == der.len()).then_some(2)
            }
            [first, 0x81, length, ..] if *first == tag => {
                (usize::from(*length) + 3 == der.len()).then_some(3)
            }
            _ => None,
        }
    };
    let der = match inner(0xa0, der) {
        Some(start) => der.get(start..)?,
        None => der,
    };
    let text = der.get(inner(0x16, der)?..)?;
    std::str::from_utf8(text)
        .ok()
        .filter(|text| text.is_ascii())
}

/// Whether a presented name is the domain's (RFC 9525 §6.3). A wildcard stands for one whole label, the first.
fn matches(presented: &str, domain: &str) -> bool {
    let presented = presented.strip_suffix('.').unwrap_or(presented);
    if presented.is_empty() {
        return false;
    }
    match presented.strip_prefix("*.") {
        None => !presented.contains('*') && presented.eq_ignore_ascii_case(domain),
        Some(rest) => {
            !rest.contains('*')
                && rest.contains('.')
                && domain.split_once('.').is_some_and(|(label, parent)| {
                    !label.is_empty() && parent.eq_ignore_ascii_case(rest)
                })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use rcgen::{CertificateParams, DnType, KeyPair, OtherNameValue, SanType};

    #[test]
    fn names_match_as_rfc_9525_says() {
        for (presented, domain) in [
            ("a.example", "a.example"),
            ("A.Example", "a.example"),
            ("a.example.", "a.example"),
            ("*.a.example", "x.a.example"),
        ] {
            assert!(matches(presented, domain), "{presented} for {domain}");
        }
        for (presented, domain) in [
            ("", "a.example"),
            ("a.example", "x.a.example"),
            ("x.a.example", "a.example"),
            ("*.a.example", "a.example"),
            ("*.a.example", "x.y.a.example"),
            ("*.a.example", ".a.example"),
            ("*", "a"),
            ("*.example", "a.example"),
            ("x*.a.example", "xy.a.example"),
            ("*x.a.example", "yx.a.example"),
            ("x.*.example", "x.a.example"),
            ("*.*.example", "x.a.example"),
        ] {
            assert!(!matches(presented, domain), "{presented} for {domain}");
        }
    }

    #[test]
    fn the_common_name_does_not_count_and_service_names_do() {
        let service = |name: &str| {
            let value = OtherNameValue::Utf8String(name.to_owned());
            SanType::OtherName((vec![1, 3, 6, 1, 5, 5, 7, 8, 7], value))
        };
        let mut params = CertificateParams::new(["dns.example".to_owned()]).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "cn.example");
        // rcgen writes these as UTF-8 strings, and only IA5 strings are service names.
        params
            .subject_alt_names
            .push(service("_xmpp-server.srv.example"));
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        assert_eq!(names(certificate.der()), ["dns.example"]);

        // So the extension is put together here: one other name, of the kind, an explicit tag, the text.
        let text = b"_xmpp-server.*.srv.example";
        let wrap = |tag: u8, inner: Vec<u8>| {
            let mut der = vec![tag, u8::try_from(inner.len()).unwrap()];
            der.extend(inner);
            der
        };
        let mut other = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x08\x07".to_vec();
        other.extend(wrap(0xa0, wrap(0x16, text.to_vec())));
        let names_der = wrap(0x30, wrap(0xa0, other));
        let mut with_service = CertificateParams::new(Vec::new()).unwrap();
        let extension = rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 17], names_der);
        with_service.custom_extensions.push(extension);
        let served = with_service.self_signed(&key).unwrap();
        assert_eq!(names(served.der()), ["*.srv.example"]);
        let authorities = Authorities::none().certificate(served.der().clone());
        let chain = [served.der().clone()];
        assert!(authorities.prove(&chain, "x.srv.example", UnixTime::now()));
        assert!(!authorities.prove(&chain, "srv.example", UnixTime::now()));

        let ia5 = b"\xa0\x1a\x16\x18_xmpp-server.srv.example";
        assert_eq!(ia5_string(ia5), Some("_xmpp-server.srv.example"));
        assert_eq!(ia5_string(&ia5[2..]), Some("_xmpp-server.srv.example"));
        for cut in 0..ia5.len() {
            assert_eq!(ia5_string(&ia5[..cut]), None);
        }
        let authorities = Authorities::none().certificate(certificate.der().clone());
        let chain = [certificate.der().clone()];
        let now = UnixTime::now();
        assert!(authorities.prove(&chain, "dns.example", now));
        assert!(!authorities.prove(&chain, "cn.example", now));
        assert!(!authorities.prove(&chain, "x.dns.example", now));
        assert!(!Authorities::none().prove(&chain, "dns.example", now));
        let later = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1 << 40));
        assert!(!authorities.prove(&chain, "dns.example", later));
    }
}
