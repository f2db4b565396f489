//! What a peer may make the reader hold.

/// Bounds on one top-level element. Going past any of them ends the stream with `policy-violation` (RFC 6120 §4.9.3.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one top-level element, tags included.
    pub stanza_bytes: usize,
    /// Elements inside each other, the top-level element counted.
    pub depth: usize,
    /// Attributes of one element, namespace declarations counted.
    pub attributes: usize,
    /// Bytes of one element or attribute name, prefix counted.
    pub name_bytes: usize,
    /// Elements in one top-level element, itself counted.
    pub elements: usize,
}

impl Limits {
    /// No setting goes past this many bytes: offsets in the index have 31 bits.
    pub(crate) const MAX_BYTES: usize = 0x4000_0000;
    /// No setting goes past this depth: decoding descends recursively.
    pub(crate) const MAX_DEPTH: usize = 256;
    /// No setting goes past this many bytes of name.
    pub(crate) const MAX_NAME: usize = 1024;
    /// No setting goes past this many attributes: the check for twins compares each with each.
    pub(crate) const MAX_ATTRIBUTES: usize = 256;

    /// For a peer that has not logged in: enough for headers, STARTTLS and SASL, and no more.
    /// RFC 6120 §13.12 forbids a stanza limit under 10,000 bytes.
    pub const fn before_login() -> Self {
        Self {
            stanza_bytes: 10_000,
            depth: 8,
            attributes: 16,
            name_bytes: 128,
            elements: 64,
        }
    }

    /// For an account that has logged in, or another server.
    pub const fn after_login() -> Self {
        Self {
            stanza_bytes: 262_144,
            depth: 64,
            attributes: 64,
            name_bytes: 256,
            elements: 8_192,
        }
    }

    /// For what a client takes from its own server, where one roster may be large.
    pub const fn from_own_server() -> Self {
        Self {
            stanza_bytes: 16 * 1024 * 1024,
            depth: 128,
            attributes: 128,
            name_bytes: 512,
            elements: 500_000,
        }
    }

    pub(crate) fn clamped(self) -> Self {
        Self {
            stanza_bytes: self.stanza_bytes.min(Self::MAX_BYTES),
            depth: self.depth.min(Self::MAX_DEPTH),
            attributes: self.attributes.min(Self::MAX_ATTRIBUTES),
            name_bytes: self.name_bytes.min(Self::MAX_NAME),
            elements: self.elements.min(Self::MAX_BYTES / 4),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::after_login()
    }
}
