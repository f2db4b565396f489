//! XEP-0115, Entity Capabilities: what an entity can do, as a hash, so that nobody has to ask twice.
//!
//! The server hashes what it would answer to a discovery request and offers the hash as a stream feature
//! (§6.3); a client that knows the hash from its last login need not ask. Asked about the node of the hash,
//! it answers as about itself (§6.2).

mod known;
mod verification;

use std::sync::{Arc, OnceLock, Weak};

use sestina_session::host::Host;
use sestina_session::plugin::{On, PluginError, Registrar, Setup};
use sestina_session::session::StreamFeature;
use sestina_skeletons::xep_0115::{self as skeleton, Settings};
use sestina_types::xep_0115::Caps;
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{Payload, Text, Writer};

use crate::xep_0030::{Nodes, describe};

pub(crate) use known::ask;
pub use known::{Capabilities, Known};
pub use verification::{IllFormed, verification, verify};

/// The address that stands for this software (§4).
pub const NODE: &str = env!("CARGO_PKG_REPOSITORY");

/// The capabilities of a host, as it announces them now.
///
/// # Errors
/// [`IllFormed`] when what it announces cannot be hashed, which takes a plugin with a `<` in a feature.
pub fn capabilities(host: &Host, on: On) -> Result<Caps, IllFormed> {
    Ok(Caps {
        hash: Some(Text::from_static("sha-1")),
        ..Caps::new(
            Text::from_static(NODE),
            verification(&describe(host, on))?.into(),
        )
    })
}

/// The node that a discovery request for these capabilities names (§6.2).
#[must_use]
pub fn node(caps: &Caps) -> String {
    format!("{}#{}", caps.node, caps.ver)
}

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let host = Arc::downgrade(registrar.host());
        registrar.stream_feature(Arc::new(Announcement {
            host,
            caps: OnceLock::new(),
        }));
        Ok(())
    }
}

/// The stream feature (§6.3).
struct Announcement {
    host: Weak<Host>,
    caps: OnceLock<Option<Caps>>,
}

impl Announcement {
    /// The host's capabilities, hashed when the first stream asks for them: all plugins have said by then
    /// what they bring, and they bring nothing more.
    fn caps(&self) -> Option<&Caps> {
        self.caps.get_or_init(|| self.compute()).as_ref()
    }

    fn compute(&self) -> Option<Caps> {
        let host = self.host.upgrade()?;
        let caps = capabilities(&host, On::Host);
        let caps = caps
            .inspect_err(|error| tracing::warn!(%error, "the server announces no capabilities"))
            .ok()?;
        Nodes::of(&host).add(On::Host, node(&caps));
        Some(caps)
    }
}

#[async_trait::async_trait]
impl StreamFeature for Announcement {
    fn element(&self) -> (&'static str, &'static str) {
        (Caps::NAME, Caps::NS)
    }

    fn advertise(&self, writer: &mut Writer<'_>, _: &FeatureRow, _: bool) {
        if let Some(caps) = self.caps() {
            caps.write(writer);
        }
    }
}
