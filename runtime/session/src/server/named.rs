//! Which certificate a client gets that encrypts before it says anything (RFC 6066 §3).

use std::collections::HashMap;

use crate::tls::TlsServer;

/// The certificates of a server's hosts, by domain.
#[derive(Default)]
pub(super) struct Named {
    hosts: HashMap<Box<str>, TlsServer>,
    /// For clients that name none.
    first: Option<TlsServer>,
}

impl Named {
    /// Adds a host's.
    pub(super) fn add(&mut self, domain: &str, tls: TlsServer) {
        self.first.get_or_insert_with(|| tls.clone());
        self.hosts.insert(domain.into(), tls);
    }

    /// The settings for a client that wants to reach this host and to speak this protocol (RFC 7301). A name that is
    /// nobody's gets the first host's, as does none: with what they see the client can judge for itself.
    pub(super) fn config(&self, name: Option<&str>, protocol: &'static str) -> Option<TlsServer> {
        let named = name.and_then(|name| self.hosts.get(name.to_ascii_lowercase().as_str()));
        Some(named.or(self.first.as_ref())?.speaking(protocol))
    }
}
