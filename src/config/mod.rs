//! The configuration file: TOML, every setting optional.
//!
//! [`File`] is what may be written, with its places; [`Config`] is what the server goes by, checked and complete.

mod complaint;
mod federation;
mod file;
mod listen;
mod location;
mod resolve;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sestina_profiles::server::Settings as Plugins;
use sestina_session::server::Entry;
use sestina_session::server::ipnet::IpNet;
use sestina_session::web::WebSettings;

pub(crate) use complaint::{Complaint, Complaints};
pub(crate) use federation::Federation;
pub(crate) use file::{Hidden, Limits, Log, LogFormat};
pub(crate) use location::{Engine, StorageLocation};

/// Everything the server goes by.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file it comes from; `None` when there is none and all is default.
    pub(crate) path: Option<PathBuf>,
    /// The hosts, at least one, in the order they were written.
    pub(crate) hosts: Vec<Host>,
    /// Where clients connect, and how.
    pub(crate) listen: Vec<Listen>,
    /// The networks of proxies that are believed.
    pub(crate) proxies: Vec<IpNet>,
    /// What is offered over HTTP.
    pub(crate) web: WebSettings,
    /// Where components connect.
    pub(crate) listen_components: Vec<SocketAddr>,
    /// The components that may join: the domain of each, and its secret.
    pub(crate) components: Vec<(String, Hidden)>,
    /// How other servers are talked to, if they are.
    pub(crate) federation: Option<Federation>,
    /// The folder for everything the server keeps.
    pub(crate) data: PathBuf,
    /// What the server keeps its data in.
    pub(crate) storage: StorageLocation,
    /// The time between two looks for rows whose time is over.
    pub(crate) sweep: Duration,
    /// Whether clients must encrypt before they log in.
    pub(crate) require_tls: bool,
    /// Sizes and times.
    pub(crate) limits: Limits,
    /// What is logged, and how.
    pub(crate) log: Log,
}

/// Where clients connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listen {
    /// IP address and port.
    pub(crate) address: SocketAddr,
    /// How they come in.
    pub(crate) entry: Entry,
    /// Whether connections begin with a header of the PROXY protocol.
    pub(crate) proxied: bool,
    /// Whether the server starts without it where the machine has no such address.
    pub(crate) optional: bool,
}

/// One domain.
#[derive(Debug)]
pub(crate) struct Host {
    /// The domain, normalised.
    pub(crate) domain: String,
    /// Certificate and key; a self-signed pair in the data folder when none was configured.
    pub(crate) certificate: Certificate,
    /// Authorities whose certificates let clients in (PEM), if any do.
    pub(crate) client_authorities: Option<PathBuf>,
    /// The settings of its plugins.
    pub(crate) plugins: Plugins,
}

/// Where a host's certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// Files named in the configuration.
    Files {
        /// The chain, PEM.
        certificate: PathBuf,
        /// The key, PEM.
        key: PathBuf,
    },
    /// Made at the first start, one for all hosts that have none.
    SelfSigned,
}

impl Config {
    /// Reads the file; without one, `sestina.toml` of the current folder, or the defaults.
    pub(crate) fn read(path: Option<&Path>) -> Result<Config, Complaints> {
        let default = Path::new("sestina.toml");
        let path = path.or_else(|| default.is_file().then_some(default));
        let Some(path) = path else {
            return Config::from_text(None, "");
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            Complaints::from(Complaint::new(format!(
                "cannot read {}: {error}",
                path.display()
            )))
        })?;
        Config::from_text(Some(path), &text)
    }

    /// As if the text had been read from the file at the path.
    pub(crate) fn from_text(path: Option<&Path>, text: &str) -> Result<Config, Complaints> {
        let file: file::File = toml::from_str(text).map_err(|error| {
            Complaints::from(Complaint::at(
                path,
                text,
                error.span(),
                error.message().to_owned(),
            ))
        })?;
        resolve::resolve(file, path, text)
    }

    /// The certificate the server makes for hosts that have none.
    pub(crate) fn self_signed_certificate(&self) -> (PathBuf, PathBuf) {
        (self.data.join("certificate.pem"), self.data.join("key.pem"))
    }

    /// The domains that the self-signed certificate is for.
    pub(crate) fn self_signed_domains(&self) -> Vec<&str> {
        let hosts = self
            .hosts
            .iter()
            .filter(|host| host.certificate == Certificate::SelfSigned);
        hosts.map(|host| host.domain.as_str()).collect()
    }

    /// The socket over which commands reach a running server.
    pub(crate) fn admin_socket(&self) -> PathBuf {
        self.data.join("admin.sock")
    }
}

/// Host settings by domain, as written.
type HostTables = BTreeMap<toml::Spanned<String>, file::HostTable>;

#[cfg(test)]
mod tests;
