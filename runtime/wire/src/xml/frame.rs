//! One complete element: its bytes and an index over them.

use std::cell::RefCell;
use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;

use super::index::{Index, NsId};
use super::scan::{Progress, Scan, Scope};
use super::{ElementRef, ReadError, ReadErrorKind, Writer};
use crate::{Limits, Text, ns};

/// One complete element: its bytes and a flat index over them. A clone costs two reference counts.
#[derive(Clone)]
pub struct Frame {
    /// The element, and behind it those of its namespaces that had to be unescaped.
    text: Text,
    index: Index,
}

impl Frame {
    /// Reads a whole document whose root element is in no namespace unless it declares one.
    ///
    /// # Errors
    /// When it is not well formed, or holds what RFC 6120 §11.1 forbids.
    pub fn parse(document: impl Into<Text>) -> Result<Self, ReadError> {
        Self::parse_in(document, "")
    }

    /// Reads a whole element as it would stand on a stream with that content namespace. White space around it
    /// and an XML declaration before it are skipped.
    ///
    /// # Errors
    /// When it is not well formed, or holds what RFC 6120 §11.1 forbids.
    pub fn parse_in(element: impl Into<Text>, content_ns: &str) -> Result<Self, ReadError> {
        Self::parse_limited(element, content_ns, &Limits::from_own_server())
    }

    /// Reads a whole element within limits, as framings need it that carry one element each (RFC 7395).
    ///
    /// # Errors
    /// When it is not well formed, passes a limit, or holds what RFC 6120 §11.1 forbids.
    pub fn parse_limited(
        element: impl Into<Text>,
        content_ns: &str,
        limits: &Limits,
    ) -> Result<Self, ReadError> {
        let text = element.into();
        let mut inner = text
            .trim_start_matches('\u{FEFF}')
            .trim_matches(crate::value::is_space);
        if inner.starts_with("<?xml") && !inner.starts_with("<?xml-") {
            let (declaration, rest) = inner.split_once("?>").ok_or(ReadErrorKind::Incomplete)?;
            super::reader::check_declaration(declaration.as_bytes())?;
            inner = rest.trim_start_matches(crate::value::is_space);
        }
        let bytes = text.share(inner).into_bytes();
        let scope = Scope::new(content_ns);
        let limits = limits.clamped();
        with_scan(|scan| {
            scan.reset(false);
            match scan.run(&bytes, &scope, &limits)? {
                Progress::Done if scan.length() == bytes.len() => {
                    Self::build(scan, bytes.clone(), bytes.len(), &scope, &limits)
                }
                _ => Err(ReadErrorKind::Incomplete.into()),
            }
        })
    }

    /// Makes a frame of what has been scanned; writes it anew first where it cannot be passed on as it is.
    pub(crate) fn build(
        scan: &mut Scan,
        bytes: Bytes,
        pinned: usize,
        scope: &Scope,
        limits: &Limits,
    ) -> Result<Self, ReadError> {
        let frame = Self::assemble(scan, bytes, pinned)?;
        if !scan.dirty {
            return Ok(frame);
        }
        // Resolving prefixes repeats namespaces; a small element must not become a large one by it.
        if scan.growth() > limits.stanza_bytes {
            return Err(ReadErrorKind::Bytes.into());
        }
        let mut out = Vec::with_capacity(frame.bytes().len() + 64);
        Writer::new(&mut out, &scope.content).rewrite(frame.root());
        let bytes = Bytes::from(out);
        let plain = Scope::new(&scope.content);
        let wide = Limits {
            stanza_bytes: Limits::MAX_BYTES,
            ..*limits
        };
        scan.reset(false);
        let progress = scan.run(&bytes, &plain, &wide)?;
        debug_assert!(
            progress == Progress::Done && scan.length() == bytes.len(),
            "written anew, but not well formed: {frame:?}"
        );
        debug_assert!(
            !scan.dirty || !ns::is_content(&scope.content),
            "written anew, but not in normal form: {bytes:?}"
        );
        let length = bytes.len();
        Self::assemble(scan, bytes, length)
    }

    fn assemble(scan: &mut Scan, bytes: Bytes, pinned: usize) -> Result<Self, ReadError> {
        let index = scan.index(pinned);
        let text = ByteString::try_from(bytes).map_err(|_| ReadErrorKind::Encoding)?;
        refuse_noncharacters(text.as_bytes())?;
        let extra = scan.extra();
        let text = if extra.is_empty() {
            text
        } else {
            ByteString::from(format!("{text}{extra}"))
        };
        Ok(Self {
            text: Text::from_byte_string(text),
            index,
        })
    }

    /// The element itself.
    pub fn root(&self) -> ElementRef<'_> {
        ElementRef { frame: self, at: 0 }
    }

    /// The element as it came, or rewritten where it was outside the subset that is passed on as it came.
    pub fn as_str(&self) -> &str {
        self.text
            .get(..self.index.length() as usize)
            .unwrap_or_default()
    }

    /// The same as bytes.
    pub fn bytes(&self) -> &[u8] {
        self.as_str().as_bytes()
    }

    /// How many elements there are, the root counted.
    pub fn elements(&self) -> usize {
        self.index.elements() as usize
    }

    /// Bytes of memory that this frame keeps alive; more than its own where it shares a buffer with others.
    pub fn pinned(&self) -> usize {
        self.index.pinned().max(self.text.len() as u32) as usize + self.index.size()
    }

    /// Copies the bytes into an allocation of their own if they pin a larger buffer.
    pub fn compact(&mut self) {
        let own = self.text.len();
        // A buffer that is hardly larger than the element is not worth a copy.
        if self.index.pinned() as usize > own + own / 4 + 64 {
            self.text = self.text.detach();
            self.index = self.index.with_pinned(own as u32);
        }
    }

    pub(crate) fn text(&self) -> &Text {
        &self.text
    }

    #[inline]
    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// Part of the text, by offsets from the index.
    #[inline]
    pub(crate) fn part(&self, start: u32, end: u32) -> &str {
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// Shares a part of the text.
    #[inline]
    pub(crate) fn share(&self, part: &str) -> Text {
        self.text.share(part)
    }

    #[inline]
    pub(crate) fn namespace(&self, id: NsId) -> &str {
        match id {
            NsId::NONE => "",
            NsId::CLIENT => ns::CLIENT,
            NsId::XML => ns::XML,
            id => {
                let (start, len) = self.index.namespace(id);
                self.part(start, start + len)
            }
        }
    }

    /// A namespace as text that shares the buffer or is static.
    pub(crate) fn namespace_text(&self, id: NsId) -> Text {
        match id {
            NsId::NONE => Text::new(),
            NsId::CLIENT => Text::from_static(ns::CLIENT),
            NsId::XML => Text::from_static(ns::XML),
            id => self.share(self.namespace(id)),
        }
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// U+FFFE and U+FFFF are valid UTF-8, but no characters of XML (XML §2.2).
fn refuse_noncharacters(bytes: &[u8]) -> Result<(), ReadError> {
    for at in memchr::memchr_iter(0xEF, bytes) {
        if matches!(bytes.get(at + 1..at + 3), Some([0xBF, 0xBE | 0xBF])) {
            return Err(ReadErrorKind::Character.into());
        }
    }
    Ok(())
}

thread_local! {
    /// Scanners that are not in use. A session holds one only while an element is incomplete.
    // In boxes, because they move from here to a reader and back: a pointer instead of three hundred bytes.
    #[allow(clippy::vec_box)]
    static IDLE: RefCell<Vec<Box<Scan>>> = const { RefCell::new(Vec::new()) };
}

/// How many idle scanners a thread keeps.
const MOST_IDLE: usize = 4;

/// A scanner, with luck one whose vectors have grown already.
pub(crate) fn take_scan() -> Box<Scan> {
    IDLE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Gives a scanner back.
pub(crate) fn give_scan(scan: Box<Scan>) {
    if !scan.is_large() {
        IDLE.with_borrow_mut(|idle| {
            if idle.len() < MOST_IDLE {
                idle.push(scan);
            }
        });
    }
}

fn with_scan<T>(f: impl FnOnce(&mut Scan) -> T) -> T {
    let mut scan = take_scan();
    let result = f(&mut scan);
    give_scan(scan);
    result
}
