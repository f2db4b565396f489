//! Addresses (RFC 7622).

mod domain;
mod parts;

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::str::FromStr;

use crate::{FromText, Text, TextWriter, ToText, ValueError};

/// Why a text is not an address (RFC 7622 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum JidError {
    /// The part before the `@` is empty.
    #[error("the part before the @ is empty")]
    EmptyLocal,
    /// The part before the `@` is longer than 1,023 bytes.
    #[error("the part before the @ is longer than 1023 bytes")]
    LongLocal,
    /// The part before the `@` holds a character that is not allowed there.
    #[error("the part before the @ holds a character that is not allowed there")]
    InvalidLocal,
    /// The domain is empty.
    #[error("the domain is empty")]
    EmptyDomain,
    /// The domain is longer than 1,023 bytes, or one of its labels longer than 63.
    #[error("the domain is too long")]
    LongDomain,
    /// The domain is neither a domain name nor an IP address.
    #[error("the domain is neither a domain name nor an IP address")]
    InvalidDomain,
    /// The part after the `/` is empty.
    #[error("the part after the / is empty")]
    EmptyResource,
    /// The part after the `/` is longer than 1,023 bytes.
    #[error("the part after the / is longer than 1023 bytes")]
    LongResource,
    /// The part after the `/` holds a character that is not allowed there.
    #[error("the part after the / holds a character that is not allowed there")]
    InvalidResource,
    /// An address with a resource where one without is wanted.
    #[error("the address has a part after the /, where none is wanted")]
    NotBare,
    /// An address without a resource where one with it is wanted.
    #[error("the address lacks a part after the /")]
    NotFull,
}

/// An address in its normal form: `local@domain/resource`, with only the domain required.
///
/// Comparing compares normal forms. A text that is normal already is kept as it is, without a copy.
#[derive(Clone)]
pub struct Jid {
    text: Text,
    /// Bytes before the `@`; zero without a local part.
    local: u16,
    /// Where the domain ends.
    domain_end: u16,
}

/// An address without a resource: an account, a room, a server.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BareJid(Jid);

/// An address with a resource: one client of an account, one occupant of a room.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FullJid(Jid);

impl Jid {
    /// Reads and normalises an address.
    ///
    /// # Errors
    /// When it is none (RFC 7622 §3).
    pub fn parse(text: &str) -> Result<Self, JidError> {
        Self::parse_text(Text::from(text))
    }

    /// Reads and normalises an address; keeps the given text where it is normal already.
    ///
    /// # Errors
    /// When it is none (RFC 7622 §3).
    pub fn parse_text(text: Text) -> Result<Self, JidError> {
        parts::parse(text)
    }

    /// The part before the `@`.
    pub fn local(&self) -> Option<&str> {
        if self.local == 0 {
            None
        } else {
            self.text.get(..usize::from(self.local))
        }
    }

    /// The domain.
    pub fn domain(&self) -> &str {
        let start = if self.local == 0 {
            0
        } else {
            usize::from(self.local) + 1
        };
        self.text
            .get(start..usize::from(self.domain_end))
            .unwrap_or_default()
    }

    /// The part after the `/`.
    pub fn resource(&self) -> Option<&str> {
        self.text.get(usize::from(self.domain_end) + 1..)
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The whole address.
    pub fn as_text(&self) -> &Text {
        &self.text
    }

    /// Whether it lacks a resource.
    pub fn is_bare(&self) -> bool {
        self.text.len() == usize::from(self.domain_end)
    }

    /// Whether it is nothing but a domain.
    pub fn is_domain(&self) -> bool {
        self.local == 0 && self.is_bare()
    }

    /// The address up to the resource.
    pub fn bare_str(&self) -> &str {
        self.text
            .get(..usize::from(self.domain_end))
            .unwrap_or_default()
    }

    /// The address without its resource; shares the text.
    pub fn to_bare(&self) -> BareJid {
        BareJid(Self {
            text: self.text.share(self.bare_str()),
            local: self.local,
            domain_end: self.domain_end,
        })
    }

    /// The address, if it has no resource.
    pub fn as_bare(&self) -> Option<BareJid> {
        self.is_bare().then(|| BareJid(self.clone()))
    }

    /// The address, if it has a resource.
    pub fn as_full(&self) -> Option<FullJid> {
        (!self.is_bare()).then(|| FullJid(self.clone()))
    }

    /// The domain alone; shares the text.
    pub fn domain_jid(&self) -> BareJid {
        let text = self.text.share(self.domain());
        BareJid(Self {
            domain_end: text.len() as u16,
            text,
            local: 0,
        })
    }

    /// The same address in an allocation of its own, so that it pins no stanza's buffer.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self {
            text: self.text.detach(),
            ..*self
        }
    }

    /// As [`Text::moved`].
    pub(crate) fn moved(&self, old: &Text, new: &Text) -> Self {
        Self {
            text: self.text.moved(old, new),
            ..*self
        }
    }
}

impl BareJid {
    /// Builds an address from its parts, which are normalised.
    ///
    /// # Errors
    /// When a part is not allowed (RFC 7622 §3).
    pub fn new(local: Option<&str>, domain: &str) -> Result<Self, JidError> {
        parts::assemble(local, domain, None).map(Self)
    }

    /// Reads an address that must not have a resource.
    ///
    /// # Errors
    /// When it is no address, or has a resource.
    pub fn parse(text: &str) -> Result<Self, JidError> {
        Self::try_from(Jid::parse(text)?)
    }

    /// Adds a resource, which is normalised.
    ///
    /// # Errors
    /// When the resource is not allowed (RFC 7622 §3.4).
    pub fn with_resource(&self, resource: &str) -> Result<FullJid, JidError> {
        parts::with_resource(&self.0, resource).map(FullJid)
    }

    /// The same address as a general one.
    pub fn into_jid(self) -> Jid {
        self.0
    }

    /// The same address in an allocation of its own.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self(self.0.detach())
    }
}

impl FullJid {
    /// Reads an address that must have a resource.
    ///
    /// # Errors
    /// When it is no address, or has no resource.
    pub fn parse(text: &str) -> Result<Self, JidError> {
        Self::try_from(Jid::parse(text)?)
    }

    /// The part after the `/`.
    pub fn resource(&self) -> &str {
        self.0.resource().unwrap_or_default()
    }

    /// The same address as a general one.
    pub fn into_jid(self) -> Jid {
        self.0
    }

    /// The same address in an allocation of its own.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self(self.0.detach())
    }
}

impl TryFrom<Jid> for BareJid {
    type Error = JidError;
    fn try_from(jid: Jid) -> Result<Self, JidError> {
        if jid.is_bare() {
            Ok(Self(jid))
        } else {
            Err(JidError::NotBare)
        }
    }
}

impl TryFrom<Jid> for FullJid {
    type Error = JidError;
    fn try_from(jid: Jid) -> Result<Self, JidError> {
        if jid.is_bare() {
            Err(JidError::NotFull)
        } else {
            Ok(Self(jid))
        }
    }
}

impl PartialEq for Jid {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl Eq for Jid {}
impl PartialOrd for Jid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Jid {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}
impl Hash for Jid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

macro_rules! address {
    ($($name:ident: $self:ident => $text:expr, $make:expr;)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&$self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt($text, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&$self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt($text, f)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&$self) -> &str {
                $text
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&$self) -> &str {
                $text
            }
        }
        impl PartialEq<str> for $name {
            fn eq(&$self, other: &str) -> bool {
                $text.as_str() == other
            }
        }
        impl PartialEq<&str> for $name {
            fn eq(&$self, other: &&str) -> bool {
                $text.as_str() == *other
            }
        }
        impl ToText for $name {
            fn to_text(&$self, out: &mut TextWriter<'_>) {
                out.push($text);
            }
        }
        impl FromText for $name {
            fn from_text(text: Text) -> Result<Self, ValueError> {
                Jid::parse_text(text).and_then($make).map_err(|error| ValueError::new(format!("an address ({error})")))
            }
        }
        impl FromStr for $name {
            type Err = JidError;
            fn from_str(text: &str) -> Result<Self, JidError> {
                Jid::parse(text).and_then($make)
            }
        }
        impl TryFrom<&str> for $name {
            type Error = JidError;
            fn try_from(text: &str) -> Result<Self, JidError> {
                text.parse()
            }
        }
        impl From<$name> for Text {
            fn from(jid: $name) -> Text {
                jid.as_text().clone()
            }
        }
    )*};
}

address! {
    Jid: self => &self.text, Ok;
    BareJid: self => &self.0.text, BareJid::try_from;
    FullJid: self => &self.0.text, FullJid::try_from;
}

macro_rules! kinds_of_jid {
    ($($name:ident)*) => {$(
        impl Deref for $name {
            type Target = Jid;
            fn deref(&self) -> &Jid {
                &self.0
            }
        }
        impl AsRef<Jid> for $name {
            fn as_ref(&self) -> &Jid {
                &self.0
            }
        }
        impl From<$name> for Jid {
            fn from(jid: $name) -> Jid {
                jid.0
            }
        }
        impl From<&$name> for Jid {
            fn from(jid: &$name) -> Jid {
                jid.0.clone()
            }
        }
        impl PartialEq<Jid> for $name {
            fn eq(&self, other: &Jid) -> bool {
                self.0 == *other
            }
        }
        impl PartialEq<$name> for Jid {
            fn eq(&self, other: &$name) -> bool {
                *self == other.0
            }
        }
    )*};
}
kinds_of_jid!(BareJid FullJid);

impl From<FullJid> for BareJid {
    fn from(jid: FullJid) -> BareJid {
        jid.to_bare()
    }
}

#[cfg(test)]
mod tests;
