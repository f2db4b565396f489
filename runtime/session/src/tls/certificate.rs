//! What certificates say to SASL: whose they are, and how a channel is bound to them.

use sestina_wire::BareJid;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};
use x509_parser::signature_algorithm::SignatureAlgorithm;

/// `id-on-xmppAddr` (RFC 6120 §13.7.1.4).
const XMPP_ADDR: &str = "1.3.6.1.5.5.7.8.5";

/// The channel binding `tls-server-end-point`: the hash of the certificate with the hash function of its signature,
/// SHA-256 in place of weaker ones (RFC 5929 §4.1). None where the signature uses no hash function that is known.
pub(crate) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let algorithm = &parsed.signature_algorithm;
    let hash = match SignatureAlgorithm::try_from(algorithm) {
        Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) => {
            parameters.hash_algorithm_oid().to_id_string()
        }
        _ => algorithm.algorithm.to_id_string(),
    };
    match hash.as_str() {
        // MD5 and SHA-1 with RSA, SHA-1 with ECDSA; SHA-1 alone.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.10045.4.1"
        | "1.3.14.3.2.26"
        // SHA-256 with RSA, with ECDSA; alone.
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.3.2"
        | "2.16.840.1.101.3.4.2.1" => Some(Sha256::digest(certificate).to_vec()),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" | "2.16.840.1.101.3.4.2.2" => {
            Some(Sha384::digest(certificate).to_vec())
        }
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" | "2.16.840.1.101.3.4.2.3" => {
            Some(Sha512::digest(certificate).to_vec())
        }
        _ => None,
    }
}

/// The addresses in a certificate: its `xmppAddr`s (XEP-0178 §2).
pub(crate) fn xmpp_addresses(certificate: &[u8]) -> Vec<BareJid> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
        return Vec::new();
    };
    let names =
        parsed
            .extensions()
            .iter()
            .filter_map(|extension| match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
                _ => None,
            });
    let addresses = names.flatten().filter_map(|name| match name {
        GeneralName::OtherName(oid, value) if oid.to_id_string() == XMPP_ADDR => {
            BareJid::parse(utf8_string(value)?).ok()
        }
        _ => None,
    });
    addresses.collect()
}

/// The text in `[0] EXPLICIT UTF8String`, or in the string alone. An address has at most 3071 octets.
fn utf8_string(value: &[u8]) -> Option<&str> {
    const EXPLICIT: u8 = 0xa0;
    const UTF8_STRING: u8 = 0x0c;
    let inner = element(value, EXPLICIT).unwrap_or(value);
    std::str::from_utf8(element(inner, UTF8_STRING)?).ok()
}

/// What a DER element of this tag holds, if it is all there is.
fn element(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (&first, rest) = bytes.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81 => {
            let (&length, rest) = rest.split_first()?;
            (usize::from(length), rest)
        }
        0x82 => {
            let (high, rest) = rest.split_first()?;
            let (low, rest) = rest.split_first()?;
            (usize::from(*high) << 8 | usize::from(*low), rest)
        }
        _ => return None,
    };
    (first == tag && rest.len() == length).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, SanType};

    #[test]
    fn addresses_are_read_and_others_are_not() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["example.org".to_owned()]).unwrap();
        let oid = vec![1, 3, 6, 1, 5, 5, 7, 8, 5];
        for address in ["romeo@example.org", "juliet@example.com", "no@@address"] {
            params
                .subject_alt_names
                .push(SanType::OtherName((oid.clone(), address.to_owned().into())));
        }
        let other = vec![1, 3, 6, 1, 4, 1];
        params
            .subject_alt_names
            .push(SanType::OtherName((other, "nurse@example.org".into())));
        let certificate = params.self_signed(&key).unwrap();
        let found = xmpp_addresses(certificate.der());
        let found: Vec<&str> = found.iter().map(|jid| jid.as_str()).collect();
        assert_eq!(found, ["romeo@example.org", "juliet@example.com"]);
        assert_eq!(
            end_point(certificate.der()).unwrap(),
            Sha256::digest(certificate.der()).to_vec()
        );
        assert!(xmpp_addresses(b"nonsense").is_empty() && end_point(b"").is_none());
    }

    #[test]
    fn no_bytes_break_the_reader() {
        for bytes in [
            &b""[..],
            b"\xa0",
            b"\xa0\x05\x0c\x03ab",
            b"\xa0\x82\xff\xff",
            b"\x0c\x84\x00\x00\x00\x01a",
        ] {
            assert_eq!(utf8_string(bytes), None);
        }
        assert_eq!(utf8_string(b"\xa0\x04\x0c\x02ab"), Some("ab"));
        assert_eq!(utf8_string(b"\x0c\x81\x02ab"), Some("ab"));
    }
}
