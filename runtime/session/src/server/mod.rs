//! The server: hosts, listeners and connections.

use std::net::SocketAddr;
use std::sync::Arc;

use sestina_storage::Storage;
use sestina_wire::clock::{Clock, Random};

use crate::host::Host;
use crate::plugin::{Plugin, PluginError};
use crate::transport::Transport;

/// Makes a server.
pub struct ServerBuilder {}

/// One virtual host of a server to be.
pub struct HostConfig {}

impl HostConfig {
    /// A host of this domain over this storage.
    pub fn new(domain: &str, storage: Storage) -> Self {
        let _ = (domain, storage);
        todo!()
    }

    /// Makes the host's plugins; called once, when the server starts.
    pub fn plugins<F>(self, make: F) -> Self
    where
        F: FnOnce(&Arc<Host>) -> Result<Vec<Arc<dyn Plugin>>, PluginError> + Send + 'static,
    {
        let _ = make;
        todo!()
    }

    /// The certificate and key of the domain; without, no TLS is offered.
    pub fn tls(self, config: Arc<rustls::ServerConfig>) -> Self {
        let _ = config;
        todo!()
    }
}

impl ServerBuilder {
    /// Adds a virtual host.
    pub fn host(self, host: HostConfig) -> Self {
        let _ = host;
        todo!()
    }

    /// Listens for clients there; port 0 takes a free one, see [`Server::addresses`].
    pub fn listen(self, address: SocketAddr) -> Self {
        let _ = address;
        todo!()
    }

    /// In place of the system's clock.
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        let _ = clock;
        todo!()
    }

    /// In place of the system's randomness.
    pub fn random(self, random: Arc<dyn Random>) -> Self {
        let _ = random;
        todo!()
    }

    /// Starts hosts, plugins and listeners.
    pub async fn start(self) -> Result<Server, StartError> {
        todo!()
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A plugin.
    #[error("{host}: {error}")]
    Plugin {
        /// The host's domain.
        host: String,
        /// What the plugin says.
        error: PluginError,
    },
    /// A listener.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
}

/// A running server.
pub struct Server {}

impl Server {
    /// Starts to describe a server.
    pub fn builder() -> ServerBuilder {
        todo!()
    }

    /// The addresses it listens on, with the real ports, in the order they were given.
    pub fn addresses(&self) -> &[SocketAddr] {
        todo!()
    }

    /// A host by domain.
    pub fn host(&self, domain: &str) -> Option<Arc<Host>> {
        let _ = domain;
        todo!()
    }

    /// A connection that goes through no network, for tests and for clients in the same process.
    pub fn connect_memory(&self) -> Transport {
        todo!()
    }

    /// Ends every session with `system-shutdown`, writes what is queued, stops the plugins.
    pub async fn shutdown(self) {
        todo!()
    }
}
