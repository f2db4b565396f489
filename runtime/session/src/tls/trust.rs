//! Whom a client believes.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;

use crate::tls::{TlsError, TlsIdentity, certificates, provider};

/// Whom a client believes to be the server it wants.
#[derive(Clone, Debug)]
pub struct Trust {
    system: bool,
    extra: Vec<CertificateDer<'static>>,
    anything: bool,
}

impl Default for Trust {
    fn default() -> Trust {
        Trust {
            system: true,
            extra: Vec::new(),
            anything: false,
        }
    }
}

impl Trust {
    /// Trust in the certificate authorities that the operating system trusts.
    pub fn system() -> Trust {
        Trust::default()
    }

    /// Trust in nothing but what is added.
    pub fn only_added() -> Trust {
        Trust {
            system: false,
            ..Trust::default()
        }
    }

    /// Trusts this certificate: as an authority, and as a server's own (self-signed) certificate.
    #[must_use]
    pub fn certificate(mut self, certificate: CertificateDer<'static>) -> Trust {
        self.extra.push(certificate);
        self
    }

    /// Trusts all certificates of a PEM file, as [`Trust::certificate`] does.
    ///
    /// # Errors
    /// [`TlsError::File`] when the file cannot be read or holds no certificate.
    pub fn file(mut self, path: &Path) -> Result<Trust, TlsError> {
        self.extra.extend(certificates(path)?);
        Ok(self)
    }

    /// Accepts every certificate: anybody on the way can read and change everything. For experiments on one machine.
    #[must_use]
    pub fn dangerously_accept_any_certificate(mut self) -> Trust {
        self.anything = true;
        self
    }

    /// The connector for what is encrypted first and speaks this protocol then (ALPN, RFC 7301).
    ///
    /// # Errors
    /// As for [`Trust::connector`].
    pub(crate) fn connector_speaking(
        &self,
        protocol: &'static str,
        identity: Option<&TlsIdentity>,
    ) -> Result<TlsConnector, TlsError> {
        let mut config = ClientConfig::clone(self.connector(identity)?.config());
        config.alpn_protocols = vec![protocol.into()];
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// The connector for this trust, which shows the identity to a server that asks for one.
    ///
    /// # Errors
    /// [`TlsError::NoRoots`] when nothing would be trusted, or what rustls refuses.
    pub(crate) fn connector(
        &self,
        identity: Option<&TlsIdentity>,
    ) -> Result<TlsConnector, TlsError> {
        let provider = provider();
        let verifier: Arc<dyn ServerCertVerifier> = if self.anything {
            Arc::new(Verifier {
                trusted: Vec::new(),
                anything: true,
                authorities: None,
                provider: provider.clone(),
            })
        } else {
            let mut roots = RootCertStore::empty();
            if self.system {
                // One unreadable certificate among the system's does not spoil the others.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            roots.add_parsable_certificates(self.extra.iter().cloned());
            if roots.is_empty() && self.extra.is_empty() {
                return Err(TlsError::NoRoots);
            }
            let authorities = if roots.is_empty() {
                None
            } else {
                let built =
                    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                        .build();
                Some(built.map_err(|error| rustls::Error::General(error.to_string()))?)
            };
            Arc::new(Verifier {
                trusted: self.extra.clone(),
                anything: false,
                authorities,
                provider: provider.clone(),
            })
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                builder.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())?
            }
        };
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

/// webpki's judgement, and beside it certificates that are trusted as they are.
///
/// webpki takes no server certificate that is also marked as an authority, which most self-signed ones are; a
/// certificate that the user named is accepted by comparison, if it is for the right name.
#[derive(Debug)]
struct Verifier {
    trusted: Vec<CertificateDer<'static>>,
    anything: bool,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.anything {
            return Ok(ServerCertVerified::assertion());
        }
        if self
            .trusted
            .iter()
            .any(|trusted| trusted.as_ref() == end_entity.as_ref())
        {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        match &self.authorities {
            Some(authorities) => authorities.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
            None => Err(rustls::Error::InvalidCertificate(
                rustls::CertificateError::UnknownIssuer,
            )),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The name that a certificate must be for.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] when `domain` is no name that a certificate can carry.
pub(crate) fn server_name(domain: &str) -> io::Result<ServerName<'static>> {
    let bare = domain.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(bare.to_owned())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}
