//! Who may send an element and to whom it speaks. Data only: the mux that enforces it lives above this crate.

use crate::Payload;

/// A payload that a specification lets travel in requests (`[[iq]]`). Generated for every one; a payload of
/// your own says so with `impl InIq for Mine {}`.
#[diagnostic::on_unimplemented(
    message = "no specification lets `{Self}` travel in an iq",
    label = "`{Self}` is no request",
    note = "a request is declared with `[[iq]]` in the `spec.toml` of its specification; for a payload of your own \
            write `impl InIq for ... {{}}`"
)]
pub trait InIq: Payload {}

/// A payload that a specification lets travel in messages (`[[message]]`). Generated for every one; a payload
/// of your own says so with `impl InMessage for Mine {}`.
#[diagnostic::on_unimplemented(
    message = "no specification lets `{Self}` travel in a message",
    label = "`{Self}` is no payload of messages",
    note = "it is declared with `[[message]]` in the `spec.toml` of its specification; for a payload of your own \
            write `impl InMessage for ... {{}}`"
)]
pub trait InMessage: Payload {}

/// A payload that a specification lets travel in presences (`[[presence]]`). Generated for every one; a payload
/// of your own says so with `impl InPresence for Mine {}`.
#[diagnostic::on_unimplemented(
    message = "no specification lets `{Self}` travel in a presence",
    label = "`{Self}` is no payload of presences",
    note = "it is declared with `[[presence]]` in the `spec.toml` of its specification; for a payload of your own \
            write `impl InPresence for ... {{}}`"
)]
pub trait InPresence: Payload {}

/// The addressee a handler speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The server itself: its domain.
    Host,
    /// The sender's own account: its bare JID, or no `to` at all (RFC 6120 §10.3.3).
    OwnAccount,
    /// The bare JID of an account that is not the sender's.
    OtherAccount,
    /// A named service of the host, such as a room service.
    Service(&'static str),
    /// A client: what arrives at a full JID on our side of the stream.
    Client,
}

/// Who may send an element. Dispatch refuses or strips what anyone else sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    /// Whoever can reach us.
    Anyone,
    /// The account itself, from any of its resources, or its server on its behalf (RFC 6121 §2.1.6).
    OwnAccount,
    /// Our own server.
    Server,
    /// Somebody who may see the account's presence (RFC 6121 §3).
    Contact,
    /// A room the receiver is in (XEP-0045).
    Room,
    /// The owner of the node (XEP-0060).
    NodeOwner,
}

/// Where service discovery announces something (XEP-0030).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// On the server's domain.
    Host,
    /// On an account's bare JID.
    Account,
    /// On a client's full JID.
    Client,
}

/// A disco feature that a specification announces (XEP-0030 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscoFeature {
    /// The `var` of the feature.
    pub var: &'static str,
    /// Where it is announced.
    pub on: &'static [Place],
}

/// A disco identity that a specification announces (XEP-0030 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscoIdentity {
    /// The `category` of the identity.
    pub category: &'static str,
    /// The `type` of the identity.
    pub type_: &'static str,
    /// Where it is announced.
    pub on: &'static [Place],
}

/// What a specification says of itself; service discovery and the documentation read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecInfo {
    /// The folder's name, e.g. `xep-0199`.
    pub id: &'static str,
    /// The official number, e.g. `XEP-0199`.
    pub number: &'static str,
    /// The title.
    pub title: &'static str,
    /// The version that was implemented.
    pub version: &'static str,
    /// The status of that version, e.g. `Final`.
    pub status: &'static str,
    /// One sentence on what it is for.
    pub summary: &'static str,
    /// Ids of the specifications it needs.
    pub depends: &'static [&'static str],
    /// Disco features it announces.
    pub features: &'static [DiscoFeature],
    /// Disco identities it announces.
    pub identities: &'static [DiscoIdentity],
}
