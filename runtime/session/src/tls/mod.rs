//! TLS settings for both sides, over rustls with ring.
//!
//! The provider is always named: a process that links two has no default, and would panic.

#[cfg(feature = "client")]
mod trust;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

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

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A host's certificate chain and key, ready to accept TLS.
#[derive(Clone)]
pub struct TlsServer {
    acceptor: TlsAcceptor,
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
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(TlsServer::from_config(Arc::new(config)))
    }

    /// From PEM files.
    ///
    /// # Errors
    /// [`TlsError::File`] naming the file that cannot be used, or as for [`TlsServer::new`].
    pub fn from_files(chain: &Path, key: &Path) -> Result<TlsServer, TlsError> {
        let chain = certificates(chain)?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::File {
            path: key.to_owned(),
            reason: error.to_string(),
        })?;
        TlsServer::new(chain, key)
    }

    /// From rustls settings made elsewhere.
    pub fn from_config(config: Arc<ServerConfig>) -> TlsServer {
        TlsServer {
            acceptor: TlsAcceptor::from(config),
        }
    }

    pub(crate) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// The settings for a connection that is encrypted first and speaks this protocol then (ALPN, RFC 7301).
    #[cfg(feature = "server")]
    pub(crate) fn speaking(&self, protocol: &'static str) -> Arc<ServerConfig> {
        let mut config = ServerConfig::clone(self.acceptor.config());
        config.alpn_protocols = vec![protocol.into()];
        Arc::new(config)
    }
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
