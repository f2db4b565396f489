//! Self-signed certificates for servers that do not make their own.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Failure;

/// Writes `cert.pem` and `key.pem` for the domains into the folder.
pub fn write(folder: &Path, domains: &[&str]) -> Result<(), Failure> {
    let names: Vec<String> = domains.iter().map(|&domain| domain.to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names)?;
    fs::write(folder.join("cert.pem"), made.cert.pem())?;
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
    Ok(())
}

/// Who makes certificates, for tests in which servers look at each other's.
#[derive(Debug)]
pub struct Authority(rcgen::CertifiedIssuer<'static, rcgen::KeyPair>);

/// A certificate and its key, PEM.
#[derive(Clone, Debug)]
pub struct Made {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl Authority {
    /// A new one.
    pub fn new() -> Result<Authority, Failure> {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "Authority of the tests");
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
        for_a_while(&mut params)?;
        let key = rcgen::KeyPair::generate()?;
        Ok(Authority(rcgen::CertifiedIssuer::self_signed(params, key)?))
    }

    /// Its own certificate, PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a domain.
    pub fn make(&self, domain: &str) -> Result<Made, Failure> {
        self.sign(rcgen::CertificateParams::new([domain.to_owned()])?)
    }

    /// A certificate for an account (`xmppAddr`, RFC 6120 §13.7.1.4).
    pub fn make_for_account(&self, address: &str) -> Result<Made, Failure> {
        let mut params = rcgen::CertificateParams::default();
        let oid = vec![1, 3, 6, 1, 5, 5, 7, 8, 5];
        let name = rcgen::SanType::OtherName((oid, address.to_owned().into()));
        params.subject_alt_names.push(name);
        self.sign(params)
    }

    fn sign(&self, mut params: rcgen::CertificateParams) -> Result<Made, Failure> {
        params.use_authority_key_identifier_extension = true;
        for_a_while(&mut params)?;
        params.extended_key_usages = vec![
            rcgen::ExtendedKeyUsagePurpose::ServerAuth,
            rcgen::ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = rcgen::KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.0)?;
        Ok(Made {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

/// Ten days before and after now: a timer of ejabberd's does not reach the year 4096.
fn for_a_while(params: &mut rcgen::CertificateParams) -> Result<(), Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let days = Duration::from_secs(10 * 86_400);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.saturating_sub(days);
    params.not_after = epoch + now + days;
    Ok(())
}

impl Made {
    /// Writes `cert.pem` and `key.pem` into the folder.
    pub fn write(&self, folder: &Path) -> Result<(), Failure> {
        fs::write(folder.join("cert.pem"), &self.certificate)?;
        fs::write(folder.join("key.pem"), &self.key)?;
        Ok(())
    }
}
