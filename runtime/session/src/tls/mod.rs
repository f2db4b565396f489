//! TLS settings for both sides, over rustls with ring.
//!
//! The provider is always named: a process that links two has no default, and would panic.

mod certificate;
#[cfg(feature = "client")]
mod trust;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{CipherSuite, RootCertStore, ServerConfig};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

pub(crate) use certificate::{end_point, xmpp_addresses};
#[cfg(feature = "client")]
pub use trust::Trust;
#[cfg(feature = "client")]
pub(crate) use trust::server_name;

/// Why TLS could not be set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A certificate or key file cannot be read or holds no PEM of the wanted kind.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// rustls refuses certificate, key or settings.
    #[error("TLS settings: {0}")]
    Settings(#[from] rustls::Error),
    /// No trusted certificate authority was found at all.
    #[error("no trusted certificates: neither the system has any nor were any given")]
    NoRoots,
}

/// ring, and AES-128-GCM with SHA-256 first, which TLS 1.3 asks of everybody: SHA-384 costs a handshake several times more
/// hashing, for which processors have no instructions.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    let mut provider = rustls::crypto::ring::default_provider();
    provider
        .cipher_suites
        .sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    Arc::new(provider)
}

/// A host's certificate chain and key, ready to accept TLS.
#[derive(Clone)]
pub struct TlsServer {
    acceptor: TlsAcceptor,
    /// The channel binding `tls-server-end-point` of its certificate.
    end_point: Option<Arc<[u8]>>,
}

/// A certificate chain and its key, to be shown to a server that asks who we are.
#[derive(Clone)]
pub struct TlsIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
}

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsIdentity")
    }
}

impl TlsIdentity {
    /// From a certificate chain, our own certificate first, and its key.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> TlsIdentity {
        TlsIdentity {
            chain,
            key: Arc::new(key),
        }
    }

    /// From PEM files.
    ///
    /// # Errors
    /// [`TlsError::File`] naming the file that cannot be used.
    pub fn from_files(chain: &Path, key: &Path) -> Result<TlsIdentity, TlsError> {
        Ok(TlsIdentity::new(certificates(chain)?, private_key(key)?))
    }
}

impl std::fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsServer")
    }
}

impl TlsServer {
    /// From a certificate chain, the host's own certificate first, and its key.
    ///
    /// # Errors
    /// [`TlsError::Settings`] when the two do not fit together or the key is of an unknown kind.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<TlsServer, TlsError> {
        TlsServer::build(chain, key, None)
    }

    /// The same for a host whose clients may log in with a certificate (SASL EXTERNAL, XEP-0178) that one of these
    /// authorities has signed. A client without one is served as well.
    ///
    /// # Errors
    /// As for [`TlsServer::new`], and when none of the authorities can be used.
    pub fn with_client_authorities(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        authorities: Vec<CertificateDer<'static>>,
    ) -> Result<TlsServer, TlsError> {
        TlsServer::build(chain, key, Some(authorities))
    }

    fn build(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        authorities: Option<Vec<CertificateDer<'static>>>,
    ) -> Result<TlsServer, TlsError> {
        let end_point = chain.first().and_then(|own| end_point(own));
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?;
        let builder = match authorities {
            None => builder.with_no_client_auth(),
            Some(authorities) => {
                let mut roots = RootCertStore::empty();
                for authority in authorities {
                    roots.add(authority)?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
                        .allow_unauthenticated()
                        .build()
                        .map_err(|error| rustls::Error::General(error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_single_cert(chain, key)?;
        config.ignore_client_order = true;
        // A stream lasts for hours: tickets would be made with every login, written by themselves, and hardly ever used.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        let mut server = TlsServer::from_config(Arc::new(config));
        server.end_point = end_point.map(Into::into);
        Ok(server)
    }

    /// From PEM files.
    ///
    /// # Errors
    /// [`TlsError::File`] naming the file that cannot be used, or as for [`TlsServer::new`].
    pub fn from_files(chain: &Path, key: &Path) -> Result<TlsServer, TlsError> {
        TlsServer::new(certificates(chain)?, private_key(key)?)
    }

    /// From PEM files, the last with the authorities of [`TlsServer::with_client_authorities`].
    ///
    /// # Errors
    /// As there, or [`TlsError::File`] naming the file that cannot be used.
    pub fn from_files_with_clients(
        chain: &Path,
        key: &Path,
        authorities: &Path,
    ) -> Result<TlsServer, TlsError> {
        let authorities = certificates(authorities)?;
        TlsServer::with_client_authorities(certificates(chain)?, private_key(key)?, authorities)
    }

    /// From rustls settings made elsewhere. Which certificate they show is not known, so the channel binding
    /// `tls-server-end-point` is not there.
    pub fn from_config(config: Arc<ServerConfig>) -> TlsServer {
        TlsServer {
            acceptor: TlsAcceptor::from(config),
            end_point: None,
        }
    }

    pub(crate) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// The same for connections that are encrypted first and speak this protocol then (ALPN, RFC 7301).
    #[cfg(feature = "server")]
    pub(crate) fn speaking(&self, protocol: &'static str) -> TlsServer {
        let mut config = ServerConfig::clone(self.acceptor.config());
        config.alpn_protocols = vec![protocol.into()];
        TlsServer {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            end_point: self.end_point.clone(),
        }
    }

    /// The channel binding `tls-server-end-point` (RFC 5929 §4), where the certificate has one.
    pub(crate) fn end_point(&self) -> Option<&Arc<[u8]>> {
        self.end_point.as_ref()
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| TlsError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failure = |reason: String| TlsError::File {
        path: path.to_owned(),
        reason,
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failure(error.to_string()))?;
    if certificates.is_empty() {
        return Err(failure("no certificate in this file".to_owned()));
    }
    Ok(certificates)
}
