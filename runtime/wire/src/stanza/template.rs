//! A stanza for many: written once, with a gap where the address of each belongs.

use std::fmt;

use crate::{Jid, Stanza, escape, ns};

/// What a stanza without its addressee looks like on a stream of clients, and where the addressee belongs.
#[derive(Clone)]
pub struct Template {
    written: Box<[u8]>,
    gap: usize,
}

impl Template {
    /// Writes a stanza for whoever is to get it; whom it is addressed to now does not matter.
    pub fn new(stanza: &Stanza) -> Self {
        let mut written = Vec::with_capacity(512);
        let gap = stanza.write_around(&mut written);
        Self {
            written: written.into_boxed_slice(),
            gap,
        }
    }

    /// Adds the stanza to the end of `out`, addressed: the same octets that [`Stanza::write`] makes of it.
    pub fn write(&self, to: &Jid, out: &mut Vec<u8>) {
        let (before, after) = self.written.split_at_checked(self.gap).unwrap_or_default();
        out.reserve(self.written.len() + to.as_str().len() + " to=''".len());
        out.extend_from_slice(before);
        out.extend_from_slice(b" to='");
        escape::attribute(out, to.as_str());
        out.push(b'\'');
        out.extend_from_slice(after);
    }

    /// Octets without an addressee.
    pub fn bytes(&self) -> usize {
        self.written.len()
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.written))
    }
}

impl Stanza {
    /// Writes the stanza without its addressee, for a stream of clients; returns where in `out` that belongs.
    fn write_around(&self, out: &mut Vec<u8>) -> usize {
        let w = &mut crate::Writer::new(out, ns::CLIENT);
        let name = self.head.kind.as_str();
        w.start(name, ns::CLIENT);
        self.head.write_before_addressee(w);
        let gap = w.position();
        self.head.write_after_addressee(w);
        self.write_content(w, name);
        gap
    }
}
