//! By what a session says what it can do.

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_types::{xep_0115, xep_0390};
use sestina_wire::{BareJid, DecodeError, Jid, Stanza, Text};

use crate::xep_0115::{Capabilities, Known};
use crate::xep_0390::{Digests, resolve};

/// What a presence says of the one who sent it: digests (XEP-0390), which prove a whole answer, or else the older hash.
pub(super) enum Announced {
    Digests(Digests),
    Hash(xep_0115::Caps),
}

impl Announced {
    pub(super) fn in_presence(presence: &Stanza) -> Option<Self> {
        let digests = read(presence.decode::<xep_0390::Caps>())
            .as_ref()
            .and_then(Digests::of)
            .map(Self::Digests);
        digests.or_else(|| read(presence.decode::<xep_0115::Caps>()).map(Self::Hash))
    }

    /// What whoever announces the same says too.
    pub(super) fn key(&self) -> &Text {
        match self {
            Self::Digests(digests) => digests.key(),
            Self::Hash(caps) => &caps.ver,
        }
    }

    /// What stands behind it, from memory or asked for in the name of an account.
    pub(super) async fn resolve(
        &self,
        host: &Host,
        entity: &Jid,
        asker: &BareJid,
    ) -> Option<Arc<Capabilities>> {
        match self {
            Self::Digests(digests) => resolve(host, digests, entity, asker).await,
            Self::Hash(caps) => Known::of(host).resolve(host, caps, entity, asker).await,
        }
    }
}

fn read<T>(caps: Option<Result<T, DecodeError>>) -> Option<T> {
    caps?
        .inspect_err(|error| tracing::debug!(%error, "passed over capabilities"))
        .ok()
}
