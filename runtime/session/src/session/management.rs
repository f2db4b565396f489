//! What stream management is spoken in, on the connecting side (XEP-0198). Counting, keeping and sending again is the
//! client's own; the words are a plugin's.

use std::sync::Arc;
use std::time::Duration;

use sestina_wire::{DecodeError, ElementRef, FullJid, Jid, Stanza, Text, Timestamp, Writer};

/// The words of stream management, as a client says and understands them.
pub trait Management: Send + Sync {
    /// Name and namespace of the element in `<features/>`, which also name the row of the negotiation table.
    fn element(&self) -> (&'static str, &'static str);

    /// Asks for acknowledgements, and to be allowed to come back (XEP-0198 §3).
    fn enable(&self, writer: &mut Writer<'_>);

    /// Asks to go on with an earlier session (XEP-0198 §5).
    fn resume(&self, writer: &mut Writer<'_>, previous: &str, handled: u32);

    /// What asks for an acknowledgement, as it is written on the stream (XEP-0198 §4).
    fn request(&self) -> &'static str;

    /// Says how many stanzas were handled, modulo 2^32 (XEP-0198 §4).
    fn acknowledge(&self, writer: &mut Writer<'_>, handled: u32);

    /// Says of a message that is sent again in another session by `by` when it was sent first (XEP-0198 §5).
    fn late(&self, message: Stanza, by: &Jid, sent: Timestamp) -> Stanza;

    /// What an element says; nothing where it is none of stream management.
    fn read(&self, element: ElementRef<'_>) -> Option<Result<Said, DecodeError>>;
}

/// What a server says about stream management.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Stanzas are acknowledged from here on.
    Enabled {
        /// What the session may be gone on with, where the server lets it.
        id: Option<Text>,
        /// How long the server keeps the session at most.
        keeps: Option<Duration>,
    },
    /// The stream goes on with the earlier session; the server had handled so many of our stanzas.
    Resumed(u32),
    /// There is no such session, or no acknowledging. The server may still know how many it had handled.
    Failed(Option<u32>),
    /// We are asked how many stanzas we have handled.
    Request,
    /// The server has handled so many.
    Acknowledged(u32),
}

/// An earlier session to go on with.
#[derive(Clone, Debug)]
pub struct Resume {
    /// What the server named it.
    pub id: Text,
    /// How many of the server's stanzas were handled, modulo 2^32.
    pub handled: u32,
    /// Its address.
    pub jid: FullJid,
}

/// What the negotiation of the connecting side found out about stream management.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Managed {
    /// The server has none.
    #[default]
    Unavailable,
    /// It may be asked for.
    Offered {
        /// How many stanzas of an earlier session that is gone the server had handled, where it still knows.
        handled: Option<u32>,
    },
    /// It was turned on as the session was bound (XEP-0386 §4).
    Enabled {
        /// What the session may be gone on with, where the server lets it.
        id: Option<Text>,
        /// As in [`Managed::Offered`].
        handled: Option<u32>,
    },
    /// The stream goes on with the earlier session, of which the server had handled so many stanzas.
    Resumed {
        /// Modulo 2^32.
        handled: u32,
    },
}

/// The words, where a plugin brought them.
pub(crate) type Words = Arc<dyn Management>;
