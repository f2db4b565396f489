//! The self-signed certificate of a first start, and what is told about any certificate.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Makes a P-256 key and a certificate for the domains, valid for ten years, and writes both as PEM.
///
/// The key is readable for the owner only.
pub(crate) fn make(domains: &[&str], certificate: &Path, key: &Path) -> Result<(), String> {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
        .map_err(|error| error.to_string())?;
    let names: Vec<String> = domains.iter().map(|&domain| domain.to_owned()).collect();
    let mut parameters = rcgen::CertificateParams::new(names).map_err(|error| error.to_string())?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    if let Some(first) = domains.first() {
        parameters
            .distinguished_name
            .push(rcgen::DnType::CommonName, *first);
    }
    let now = std::time::SystemTime::now();
    // A day back, for peers whose clock is behind.
    parameters.not_before = (now - std::time::Duration::from_secs(86_400)).into();
    parameters.not_after = (now + std::time::Duration::from_secs(3_650 * 86_400)).into();
    parameters.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let made = parameters
        .self_signed(&pair)
        .map_err(|error| error.to_string())?;

    let write = |path: &Path, mode: u32, text: &str| -> Result<(), String> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(path)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        file.write_all(text.as_bytes())
            .map_err(|error| format!("cannot write {}: {error}", path.display()))
    };
    write(key, 0o600, &pair.serialize_pem())?;
    write(certificate, 0o644, &made.pem())
}

/// What a person wants to know of a certificate file.
#[derive(Debug)]
pub(crate) struct About {
    /// The DNS names it is for.
    pub(crate) names: Vec<String>,
    /// Whether it was signed by its own key.
    pub(crate) self_signed: bool,
    /// The last day it is valid, for people.
    pub(crate) until: String,
    /// Whether that day has passed.
    pub(crate) expired: bool,
}

impl About {
    /// Reads the first certificate of the file.
    pub(crate) fn read(path: &Path) -> Result<About, String> {
        let der = CertificateDer::from_pem_file(path).map_err(|error| {
            format!(
                "cannot read the certificate {}: {}",
                path.display(),
                pem_error(&error)
            )
        })?;
        let unusable = |error: &dyn std::fmt::Display| {
            format!("{} holds no usable certificate: {error}", path.display())
        };
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|error| unusable(&error))?;
        let names = certificate
            .subject_alternative_name()
            .map_err(|error| unusable(&error))?;
        let names = names.map_or_else(Vec::new, |names| {
            let names = names.value.general_names.iter();
            names
                .filter_map(|name| {
                    if let GeneralName::DNSName(name) = name {
                        Some((*name).to_owned())
                    } else {
                        None
                    }
                })
                .collect()
        });
        let validity = certificate.validity();
        let until = validity.not_after.to_datetime();
        Ok(About {
            names,
            self_signed: certificate.subject() == certificate.issuer(),
            until: format!(
                "{:04}-{:02}-{:02}",
                until.year(),
                u8::from(until.month()),
                until.day()
            ),
            expired: !validity.is_valid(),
        })
    }

    /// Whether it is for the domain, a wildcard for one label included.
    pub(crate) fn covers(&self, domain: &str) -> bool {
        self.names.iter().any(|name| {
            name.eq_ignore_ascii_case(domain)
                || name.strip_prefix("*.").is_some_and(|rest| {
                    domain
                        .split_once('.')
                        .is_some_and(|(_, parent)| parent.eq_ignore_ascii_case(rest))
                })
        })
    }
}

/// The reason in plain words; the library's is made for programmers.
pub(crate) fn pem_error(error: &rustls::pki_types::pem::Error) -> String {
    use rustls::pki_types::pem::Error;
    match error {
        Error::Io(error) => error.to_string(),
        Error::NoItemsFound => "nothing in it is a PEM section of the wanted kind".to_owned(),
        other => format!("it is no valid PEM ({other})"),
    }
}

#[cfg(test)]
mod tests {
    use super::{About, make};

    #[test]
    fn a_made_certificate_is_for_its_domains_and_not_expired() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        make(&["capulet.example", "montague.example"], &certificate, &key).unwrap();
        let about = About::read(&certificate).unwrap();
        assert!(about.covers("capulet.example") && about.covers("Montague.example"));
        assert!(!about.covers("orchard.capulet.example") && !about.covers("example"));
        assert!(about.self_signed && !about.expired, "{about:?}");
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(About::read(&key).unwrap_err().contains("wanted kind"));
    }
}
