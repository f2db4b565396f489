//! TLS between servers: both sides show a certificate, and neither ends the handshake over the other's. Whether it proves
//! anything is looked at afterwards, since dialback may do instead.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::tls::{TlsError, certificates, provider};

/// What direct TLS between servers is asked for by (XEP-0368 §3).
const PROTOCOL: &[u8] = b"xmpp-server";

/// The certificate with which a host proves who it is to other servers.
#[derive(Clone)]
pub struct Identity {
    key: Arc<CertifiedKey>,
    chain: Vec<CertificateDer<'static>>,
    private: Arc<PrivateKeyDer<'static>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

impl Identity {
    /// From a certificate chain, the host's own certificate first, and its key.
    ///
    /// # Errors
    /// [`TlsError::Settings`] when the two do not fit together or the key is of an unknown kind.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Identity, TlsError> {
        let certified = CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider())?;
        Ok(Identity {
            key: Arc::new(certified),
            chain,
            private: Arc::new(key),
        })
    }

    /// From PEM files.
    ///
    /// # Errors
    /// [`TlsError::File`] naming the file that cannot be used, or as for [`Identity::new`].
    pub fn from_files(chain: &Path, key: &Path) -> Result<Identity, TlsError> {
        let chain = certificates(chain)?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::File {
            path: key.to_owned(),
            reason: error.to_string(),
        })?;
        Identity::new(chain, key)
    }

    /// For connections that others make.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        acceptor(Arc::new(One(Arc::clone(&self.key))))
    }
}

/// For connections that we make, with this certificate to show.
pub(super) fn connector(
    identity: Option<&Identity>,
    direct: bool,
) -> Result<TlsConnector, TlsError> {
    let provider = provider();
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Later(provider)));
    let mut config = match identity {
        Some(identity) => {
            config.with_client_auth_cert(identity.chain.clone(), identity.private.clone_key())?
        }
        None => config.with_no_client_auth(),
    };
    if direct {
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
    }
    Ok(TlsConnector::from(Arc::new(config)))
}

/// For direct TLS, where the other side says in the handshake whom it wants.
pub(super) fn direct_acceptor(
    identities: Vec<(String, Identity)>,
) -> Result<Option<TlsAcceptor>, TlsError> {
    if identities.is_empty() {
        return Ok(None);
    }
    acceptor(Arc::new(ByName(identities))).map(Some)
}

fn acceptor(certificates: Arc<dyn ResolvesServerCert>) -> Result<TlsAcceptor, TlsError> {
    let provider = provider();
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(Later(provider)))
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[derive(Debug)]
struct One(Arc<CertifiedKey>);

impl ResolvesServerCert for One {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// The certificate of the host that is wanted; the first one's where none is named.
#[derive(Debug)]
struct ByName(Vec<(String, Identity)>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let wanted = hello.server_name();
        let named = wanted.and_then(|wanted| {
            self.0
                .iter()
                .find(|(domain, _)| domain.eq_ignore_ascii_case(wanted))
        });
        let (_, identity) = named.or_else(|| self.0.first())?;
        Some(Arc::clone(&identity.key))
    }
}

/// Takes any certificate whose key the other side has: what it proves is looked at later.
#[derive(Debug)]
struct Later(Arc<CryptoProvider>);

impl ServerCertVerifier for Later {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for Later {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ServerCertVerifier::verify_tls12_signature(self, message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ServerCertVerifier::verify_tls13_signature(self, message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ServerCertVerifier::supported_verify_schemes(self)
    }
}
