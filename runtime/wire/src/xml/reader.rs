//! Bytes in, elements out.

use std::fmt;

use bytes::BytesMut;

use super::frame::{give_scan, take_scan};
use super::scan::{Progress, Scan, Scope};
use super::{Frame, ReadError, ReadErrorKind, chars};
use crate::{Limits, Text, ns};

/// What the reader found.
#[derive(Debug, Clone)]
pub enum Event {
    /// The stream's start tag (RFC 6120 §4.2).
    Open(StreamHeader),
    /// One complete element inside the stream.
    Element(Frame),
    /// The stream's end tag (RFC 6120 §4.4).
    Close,
}

/// The attributes of a stream's start tag (RFC 6120 §4.7).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamHeader {
    /// Whom the peer wants to talk to.
    pub to: Option<Text>,
    /// Who the peer says it is.
    pub from: Option<Text>,
    /// The stream's id; set by the receiving side.
    pub id: Option<Text>,
    /// The version of XMPP; absent before XMPP 1.0.
    pub version: Option<Text>,
    /// The default language of text on the stream.
    pub lang: Option<Text>,
    /// The namespace of the stanzas on the stream: `jabber:client`, `jabber:server` or `jabber:component:accept`.
    pub content_ns: Text,
    /// Whether a prefix for server dialback is declared (XEP-0220 §2.1.1).
    pub dialback: bool,
}

/// Reads one stream: bytes in, elements out.
///
/// Bytes are scanned once, however they are cut. Between elements the reader holds no buffer and no scanner.
pub struct Reader {
    /// Begins with the first byte that no event has covered.
    buffer: BytesMut,
    /// How large the allocation is that `buffer` is the rest of.
    block: usize,
    stage: Stage,
    limits: Limits,
    scope: Box<Scope>,
    /// Name of the stream's start tag, prefix included.
    name: Box<str>,
    scan: Option<Box<Scan>>,
    /// Bytes of the end tag of the stream that have been looked at.
    looked: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before anything.
    Beginning,
    /// In the XML declaration.
    Declaration,
    /// Before the start tag.
    Header,
    /// Between the stream's start and end tags.
    Inside,
    /// The start tag was an empty element's.
    Empty,
    /// Behind the end tag.
    Closed,
    /// An error was reported.
    Failed(ReadErrorKind),
}

/// No XML declaration needs more.
const LONGEST_DECLARATION: usize = 256;

impl Reader {
    /// A reader that waits for a stream's start tag.
    pub fn new(limits: Limits) -> Self {
        Self {
            buffer: BytesMut::new(),
            block: 0,
            stage: Stage::Beginning,
            limits: limits.clamped(),
            scope: Box::default(),
            name: Box::default(),
            scan: None,
            looked: 0,
        }
    }

    /// A reader that is inside a stream already, for framings without a start tag and for tests.
    pub fn inside(limits: Limits, content_ns: &str) -> Self {
        let scope = Box::new(Scope::new(content_ns));
        Self {
            stage: Stage::Inside,
            scope,
            name: "stream:stream".into(),
            ..Self::new(limits)
        }
    }

    /// Changes the limits. An element that has begun is held to the new ones as it goes on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits.clamped();
    }

    /// Adds bytes that arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.buffer.is_empty() {
            // An allocation of just this size is shared by the elements in it and leaves nothing unused.
            self.buffer = BytesMut::with_capacity(bytes.len());
        }
        self.buffer.extend_from_slice(bytes);
        self.block = self.buffer.capacity();
    }

    /// The next complete thing, or none until more bytes arrive. To be called until it says none.
    ///
    /// # Errors
    /// When the stream has to end. It says so again at every later call.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Event>, ReadError> {
        let event = self.advance();
        match &event {
            Err(error) => {
                self.stage = Stage::Failed(error.kind());
                self.buffer = BytesMut::new();
                self.scan = None;
            }
            Ok(_) if self.buffer.is_empty() => {
                // The rest of a buffer keeps all of it alive, even if the rest is empty.
                self.buffer = BytesMut::new();
                self.block = 0;
            }
            Ok(_) => {}
        }
        event
    }

    fn advance(&mut self) -> Result<Option<Event>, ReadError> {
        loop {
            match self.stage {
                Stage::Failed(kind) => return Err(kind.into()),
                Stage::Closed => {
                    return if self.buffer.is_empty() {
                        Ok(None)
                    } else {
                        Err(ReadErrorKind::Format.into())
                    };
                }
                Stage::Empty => {
                    self.stage = Stage::Closed;
                    return Ok(Some(Event::Close));
                }
                Stage::Beginning => {
                    if !self.skip_mark()? {
                        return Ok(None);
                    }
                    self.stage = Stage::Declaration;
                }
                Stage::Declaration => {
                    self.skip_space();
                    if !self.skip_declaration()? {
                        return Ok(None);
                    }
                    self.stage = Stage::Header;
                }
                Stage::Header => {
                    if self.scan.is_none() {
                        self.skip_space();
                        if self.buffer.is_empty() {
                            return Ok(None);
                        }
                    }
                    return self.header();
                }
                Stage::Inside => {
                    if self.scan.is_none() {
                        self.skip_space();
                        match (self.buffer.first(), self.buffer.get(1)) {
                            (None, _) | (Some(b'<'), None) => return Ok(None),
                            (Some(b'<'), Some(b'/')) => return self.close(),
                            (Some(b'<'), Some(_)) => {}
                            (Some(_), _) => return Err(ReadErrorKind::Format.into()),
                        }
                    }
                    return self.element();
                }
            }
        }
    }

    /// Skips white space between elements, which keeps the connection alive (RFC 6120 §4.6.1).
    fn skip_space(&mut self) {
        let space = self
            .buffer
            .iter()
            .take_while(|&&byte| chars::is(byte, chars::SPACE))
            .count();
        if space > 0 {
            let _ = self.buffer.split_to(space);
        }
    }

    /// Skips a byte order mark of UTF-8 and refuses what is another encoding. False where there are too few bytes to tell.
    fn skip_mark(&mut self) -> Result<bool, ReadError> {
        match &*self.buffer {
            [] => Ok(false),
            [0xEF] | [0xEF, 0xBB] => Ok(false),
            [0xEF, 0xBB, 0xBF, ..] => {
                let _ = self.buffer.split_to(3);
                Ok(true)
            }
            [0xFE | 0xFF | 0, ..] | [_, 0, ..] => Err(ReadErrorKind::Encoding.into()),
            [_] => Ok(false),
            _ => Ok(true),
        }
    }

    /// Skips the XML declaration if there is one. False where there are too few bytes to tell.
    fn skip_declaration(&mut self) -> Result<bool, ReadError> {
        const START: &[u8] = b"<?xml";
        let given = self.buffer.get(..START.len()).unwrap_or(&self.buffer);
        if !START.starts_with(given) {
            return Ok(true);
        }
        if self.buffer.len() > START.len()
            && self
                .buffer
                .get(START.len())
                .is_some_and(|&byte| !chars::is(byte, chars::SPACE))
        {
            return Err(ReadErrorKind::Restricted.into());
        }
        match memchr::memmem::find(&self.buffer, b"?>") {
            Some(end) if end <= LONGEST_DECLARATION => {
                let declaration = self.buffer.split_to(end + 2);
                check_declaration(declaration.get(..end).unwrap_or_default())?;
                Ok(true)
            }
            None if self.buffer.len() <= LONGEST_DECLARATION => Ok(false),
            _ => Err(ReadErrorKind::Syntax.into()),
        }
    }

    /// The stream's start tag.
    fn header(&mut self) -> Result<Option<Event>, ReadError> {
        let outside = Scope::default();
        let mut scan = self.scan.take().unwrap_or_else(|| {
            let mut scan = take_scan();
            scan.reset(true);
            scan
        });
        match scan.run(&self.buffer, &outside, &self.limits)? {
            Progress::More => {
                self.scan = Some(scan);
                Ok(None)
            }
            Progress::Done => {
                let length = scan.length();
                let (default, prefixes) = scan.declarations(&self.buffer);
                let tag = self.buffer.split_to(length).freeze();
                // The tag alone is no element; with an end it is one, and the usual walk reads it.
                let mut document = Vec::with_capacity(length + 32);
                document.extend_from_slice(
                    tag.strip_suffix(b"/>")
                        .or_else(|| tag.strip_suffix(b">"))
                        .unwrap_or(&tag),
                );
                document.extend_from_slice(b"/>");
                let closed = scan.closed;
                give_scan(scan);
                let document = String::from_utf8(document).map_err(|_| ReadErrorKind::Encoding)?;
                let name_end = document
                    .bytes()
                    .skip(1)
                    .position(|byte| !chars::is(byte, chars::NAME))
                    .unwrap_or(0);
                self.name = document.get(1..1 + name_end).unwrap_or_default().into();
                let frame = Frame::parse_limited(document, "", &self.limits)?;
                let header = self.enter(&frame, default.unwrap_or_default(), prefixes)?;
                self.stage = if closed { Stage::Empty } else { Stage::Inside };
                Ok(Some(Event::Open(header)))
            }
        }
    }

    /// Takes over what the start tag says.
    fn enter(
        &mut self,
        frame: &Frame,
        default: String,
        prefixes: Vec<(String, String)>,
    ) -> Result<StreamHeader, ReadError> {
        let root = frame.root();
        if root.ns() != ns::STREAM {
            return Err(ReadErrorKind::Namespace.into());
        }
        if root.name() != "stream" {
            return Err(ReadErrorKind::Format.into());
        }
        // Usually the default namespace is that of the content. Otherwise the content has a prefix (RFC 6120 §4.8.3).
        let content = if ns::is_content(&default) {
            default.clone()
        } else {
            let declared = prefixes.iter().find(|(_, ns)| ns::is_content(ns));
            declared
                .map(|(_, ns)| ns.clone())
                .ok_or(ReadErrorKind::Namespace)?
        };
        let header = StreamHeader {
            to: root.attr("to"),
            from: root.attr("from"),
            id: root.attr("id"),
            version: root.attr("version"),
            lang: root.attr("xml:lang"),
            content_ns: Text::from(content.as_str()),
            dialback: prefixes.iter().any(|(_, ns)| ns == ns::DIALBACK),
        };
        let default = if default == content {
            None
        } else {
            Some(default.into())
        };
        let prefixes = prefixes
            .into_iter()
            .map(|(prefix, ns)| (prefix.into(), ns.into()))
            .collect();
        *self.scope = Scope {
            default,
            prefixes,
            ..Scope::new(&content)
        };
        Ok(header)
    }

    /// One element inside the stream.
    fn element(&mut self) -> Result<Option<Event>, ReadError> {
        let mut scan = self.scan.take().unwrap_or_else(|| {
            let mut scan = take_scan();
            scan.reset(false);
            scan
        });
        match scan.run(&self.buffer, &self.scope, &self.limits)? {
            Progress::More => {
                self.scan = Some(scan);
                Ok(None)
            }
            Progress::Done => {
                let bytes = self.buffer.split_to(scan.length()).freeze();
                let frame = Frame::build(&mut scan, bytes, self.block, &self.scope, &self.limits);
                give_scan(scan);
                frame.map(|frame| Some(Event::Element(frame)))
            }
        }
    }

    /// The stream's end tag.
    fn close(&mut self) -> Result<Option<Event>, ReadError> {
        let rest = self.buffer.get(2..).unwrap_or_default();
        let Some(length) = rest
            .iter()
            .skip(self.looked)
            .position(|&byte| byte == b'>')
            .map(|at| at + self.looked)
        else {
            self.looked = rest.len();
            let too_long = rest.len() > self.name.len() + 64;
            return if too_long {
                Err(ReadErrorKind::Syntax.into())
            } else {
                Ok(None)
            };
        };
        let tag = rest.get(..length).unwrap_or_default();
        let space = tag
            .iter()
            .rev()
            .take_while(|&&byte| chars::is(byte, chars::SPACE))
            .count();
        if tag.get(..length - space) != Some(self.name.as_bytes()) {
            return Err(ReadErrorKind::Syntax.into());
        }
        let _ = self.buffer.split_to(length + 3);
        self.looked = 0;
        self.stage = Stage::Closed;
        // White space may follow, as it does from peers that end each line.
        self.skip_space();
        Ok(Some(Event::Close))
    }

    /// Waits for a new start tag, as after STARTTLS and SASL (RFC 6120 §4.3.3). Bytes not yet read stay;
    /// after STARTTLS there must not be any: look at [`Reader::buffered`] first.
    pub fn restart(&mut self) {
        self.stage = Stage::Beginning;
        self.scan = None;
        self.looked = 0;
        *self.scope = Scope::default();
        self.name = Box::default();
    }

    /// Bytes that have arrived and not been read yet.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// The content namespace of the stream; empty before its start tag.
    pub fn content_ns(&self) -> &str {
        &self.scope.content
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("stage", &self.stage)
            .field("buffered", &self.buffer.len())
            .finish_non_exhaustive()
    }
}

/// Checks an XML declaration, without its `?>`: version 1.0, and no encoding but UTF-8 (RFC 6120 §11.5, §11.6).
pub(crate) fn check_declaration(declaration: &[u8]) -> Result<(), ReadError> {
    let text = std::str::from_utf8(declaration).map_err(|_| ReadErrorKind::Encoding)?;
    let mut rest = text.strip_prefix("<?xml").ok_or(ReadErrorKind::Syntax)?;
    let mut step = 0;
    loop {
        let trimmed = rest.trim_start_matches(crate::value::is_space);
        if trimmed.is_empty() {
            return if step > 0 {
                Ok(())
            } else {
                Err(ReadErrorKind::Syntax.into())
            };
        }
        if trimmed.len() == rest.len() {
            return Err(ReadErrorKind::Syntax.into());
        }
        let (name, after) = trimmed.split_once('=').ok_or(ReadErrorKind::Syntax)?;
        let after = after.trim_start_matches(crate::value::is_space);
        let quote = after
            .chars()
            .next()
            .filter(|c| matches!(c, '\'' | '"'))
            .ok_or(ReadErrorKind::Syntax)?;
        let (value, after) = after
            .get(1..)
            .and_then(|value| value.split_once(quote))
            .ok_or(ReadErrorKind::Syntax)?;
        // In this order and each at most once (XML §2.8).
        step = match name.trim_end_matches(crate::value::is_space) {
            "version" if step == 0 && value == "1.0" => 1,
            "version" if step == 0 => return Err(ReadErrorKind::Syntax.into()),
            "encoding" if step == 1 && value.eq_ignore_ascii_case("utf-8") => 2,
            "encoding" if step == 1 => return Err(ReadErrorKind::Encoding.into()),
            "standalone" if step == 1 || step == 2 => 3,
            _ => return Err(ReadErrorKind::Syntax.into()),
        };
        rest = after;
    }
}
