//! Stream negotiation as a state machine without I/O (RFC 6120 §4.3).
//!
//! The [`Engine`] walks a table of [rows](sestina_wire::negotiation::FeatureRow) given as an argument: each row says what a session must have before
//! the feature, what it must not have, and what it has afterwards. [`Input`]s go in, [`Action`]s come out; who reads
//! and writes the bytes, and how one feature is carried out, is not known here. The same engine serves both sides of a
//! stream, and a program may bring rows of its own.

mod engine;
#[cfg(test)]
mod tests;

use sestina_wire::StreamCondition;
use sestina_wire::negotiation::{FeatureRow, SessionState};
use smallvec::SmallVec;
use thiserror::Error;

pub use engine::Engine;

/// Which end of the stream the engine stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Opened the stream; chooses among the features it is offered.
    Initiator,
    /// Was opened to; offers features.
    Receiver,
}

/// A row of the table, by its index.
pub type Row = u16;

/// What the one who runs the session demands, beyond what the table says.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Flags that a session must have before it may do anything that does not lead to them. With
    /// [`SessionState::SECURE`] here nothing but TLS is offered, accepted or begun before TLS.
    pub required: SessionState,
    /// Rows that are neither offered nor begun, such as STARTTLS on a host without certificate.
    pub disabled: SmallVec<[Row; 4]>,
    /// Voluntary rows that the initiator takes wherever they are offered.
    pub wanted: SmallVec<[Row; 4]>,
    /// Failures of features after which the stream ends with `policy-violation` (RFC 6120 §6.4.5 wants 2 to 5).
    pub attempts: u8,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            required: SessionState::SECURE,
            disabled: SmallVec::new(),
            wanted: SmallVec::new(),
            attempts: 3,
        }
    }
}

/// What the offering side said about a feature, beyond offering it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// It holds `<required/>`.
    Required,
    /// It holds `<optional/>`.
    Optional,
    /// Neither.
    Unstated,
}

/// One feature that the peer offers and the table knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The row.
    pub row: Row,
    /// What was said about it.
    pub demand: Demand,
}

/// What happened on the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The carrier is connected.
    Connected,
    /// The peer's stream header arrived.
    Opened,
    /// The peer's `<features/>` arrived.
    Features(&'a [Offer]),
    /// An element arrived that begins this row's feature.
    Begin(Row),
    /// A stanza arrived that begins no feature.
    Stanza,
    /// Another element arrived.
    Unknown,
    /// Inside the running feature this one was carried out as well; it counts once the running one has ended well.
    Inline(Row),
    /// The running feature ended well.
    Succeeded(Row),
    /// The running feature ended otherwise, and the stream is still usable.
    Failed(Row),
    /// The running feature ended without changing anything, and without a fault.
    Declined(Row),
    /// The peer closed its stream, or the carrier ended.
    Closed,
}

/// What is to be done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a stream header, after forgetting all that the old stream had told.
    SendHeader,
    /// Send `<features/>` with these rows; `true` marks a feature that must be negotiated.
    SendFeatures(SmallVec<[(Row, bool); 6]>),
    /// Carry out this feature, then report [`Input::Succeeded`] or [`Input::Failed`].
    Run(Row),
    /// Refuse to begin this feature. Where the feature has words for the refusal (SASL's `encryption-required`) they
    /// may be said and [`Input::Failed`] reported; otherwise the stream ends with [`Denial::condition`].
    Deny(Row, Denial),
    /// The stream starts anew: read and write from a fresh header on.
    Restart,
    /// Stanzas may flow.
    Ready,
    /// Nothing that is offered leads on.
    Impasse(Impasse),
    /// End the stream with this error.
    Fail(StreamCondition),
    /// Close the stream.
    Close,
}

/// Why a feature may not be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// It has to wait until the stream is encrypted.
    EncryptionRequired,
    /// It has to wait until somebody has logged in.
    NotAuthorized,
    /// It is over already, never was offered, or is not for this stream.
    NotOffered,
}

impl Denial {
    /// The stream error that says so (RFC 6120 §4.9.3).
    pub fn condition(self) -> StreamCondition {
        match self {
            Denial::EncryptionRequired => StreamCondition::PolicyViolation,
            Denial::NotAuthorized => StreamCondition::NotAuthorized,
            Denial::NotOffered => StreamCondition::UnsupportedStanzaType,
        }
    }
}

/// Why the initiating side cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Impasse {
    /// Policy requires encryption and the peer does not offer it.
    #[error("encryption is required here and the server does not offer it")]
    NoEncryption,
    /// The peer offers nothing that leads to a session, or requires what the table does not know.
    #[error("nothing that the server offers leads to a session")]
    NoWay,
    /// A feature that is needed was refused.
    #[error("the server refused a feature that is needed")]
    Refused(Row),
}

/// A table with the rows of plugins that it does not know yet.
pub(crate) fn with_rows(mut table: Vec<FeatureRow>, rows: &[FeatureRow]) -> Vec<FeatureRow> {
    for row in rows {
        if !table
            .iter()
            .any(|known| known.element == row.element && known.ns == row.ns)
        {
            table.push(*row);
        }
    }
    table
}

/// What [`Engine::step`] returns.
pub type Actions = SmallVec<[Action; 2]>;
