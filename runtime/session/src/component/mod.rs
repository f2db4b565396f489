//! External components (XEP-0114): services that join a server under a name of their own.
//!
//! [`ComponentAccess`] lets one join our server. `Component` is the other end: a program that joins a server, ours or
//! another.

#[cfg(feature = "server")]
mod accept;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod connect;
#[cfg(feature = "server")]
mod door;

use sestina_wire::{ElementRef, Text, ns};
use sha1::{Digest as _, Sha1};

#[cfg(feature = "server")]
pub(crate) use accept::Components;
#[cfg(feature = "client")]
pub use client::{Component, ComponentConfig, ComponentError, Event, Events};
#[cfg(feature = "server")]
pub use door::ComponentAccess;
#[cfg(feature = "server")]
pub(crate) use door::Door;

/// What proves that somebody knows the secret, on the stream of this id (XEP-0114 §3, step 3).
fn handshake(id: &str, secret: &str) -> String {
    let digest = Sha1::new().chain_update(id).chain_update(secret).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a handshake carries, if the element is one. Inside the process the stream's content namespace is `jabber:client`,
/// and a handshake is in it.
fn read_handshake(element: ElementRef<'_>) -> Option<Text> {
    let is_one =
        element.name() == "handshake" && matches!(element.ns(), ns::CLIENT | ns::COMPONENT);
    is_one.then(|| element.text())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_handshake_is_the_sha1_of_id_and_secret() {
        // `printf 3BF96D32secret | sha1sum`
        assert_eq!(
            super::handshake("3BF96D32", "secret"),
            "b09ea9b3b7f586be8a08d0a3dd7466f110aeb136"
        );
    }
}
