//! XEP-0115, Entity Capabilities: what an entity can do, as a hash, so that nobody has to ask twice.
//!
//! The server hashes what it would answer to a discovery request and offers the hash as a stream feature
//! (§6.3); a client that knows the hash from its last login need not ask. Asked about the node of the hash,
//! it answers as about itself (§6.2).

mod announcement;
mod known;
mod verification;

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_session::plugin::{On, PluginError, Registrar, Setup};
use sestina_skeletons::xep_0115::{self as skeleton, Settings};
use sestina_types::xep_0115::Caps;
use sestina_wire::Text;

use crate::xep_0030::{Nodes, describe};

pub(crate) use announcement::Announcement;
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
        Announcement::register(registrar, announced);
        Ok(())
    }
}

/// The host's capabilities, whose node is answered from now on (§6.2).
fn announced(host: &Host) -> Option<Caps> {
    let caps = capabilities(host, On::Host)
        .inspect_err(|error| tracing::warn!(%error, "the server announces no capabilities"))
        .ok()?;
    Nodes::of(host).add(On::Host, node(&caps));
    Some(caps)
}
