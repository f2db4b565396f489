//! The scanner: one pass over the bytes of one top-level element, which may arrive in any pieces.
//!
//! It is a state machine that remembers where inside which token it stopped, so no byte is scanned twice. It checks
//! all that well-formedness and the namespaces require and leaves the index behind. What cannot be passed on as it
//! came makes it `dirty`: the element is then written anew from its index and that is scanned in its place.

mod names;
mod namespaces;
mod tags;

use super::chars::{self, BadReference};
use super::index::{Attribute, Element, Index, NsId, Slot, flags};
use super::{ReadError, ReadErrorKind as Kind, skip};
use crate::Limits;

/// What lies around the element: the namespaces that the stream's start tag declared.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// The stream's content namespace; empty in a document of its own.
    pub(crate) content: Box<str>,
    /// Whether that is one of stanzas.
    pub(crate) is_content: bool,
    /// The default namespace, where it is not the content namespace.
    pub(crate) default: Option<Box<str>>,
    /// Prefixes.
    pub(crate) prefixes: Vec<(Box<str>, Box<str>)>,
}

impl Scope {
    /// Where the default namespace is `content` and nothing else is declared.
    pub(crate) fn new(content: &str) -> Self {
        Self {
            content: content.into(),
            is_content: crate::ns::is_content(content),
            ..Self::default()
        }
    }
}

/// How far the scan got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The bytes end inside the element.
    More,
    /// The element is complete (or its start tag, if only that was wanted).
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Before the first `<`.
    #[default]
    Begin,
    /// Behind a `<`.
    Markup,
    /// In the name of a start tag.
    Name,
    /// In a start tag, where no attribute may begin: white space has to come first.
    Tag,
    /// In a start tag, behind white space.
    TagSpace,
    /// In an attribute's name.
    AttrName,
    /// Before an attribute's `=`.
    Equals,
    /// Before an attribute's quote.
    Quote,
    /// In an attribute's value.
    Value,
    /// In a reference in an attribute's value.
    ValueReference,
    /// Behind the `/` of an empty element's tag.
    Slash,
    /// In the name of an end tag.
    EndName,
    /// Behind the name of an end tag.
    EndSpace,
    /// Between tags.
    Text,
    /// In a reference between tags.
    TextReference,
    /// Behind `<!`.
    Bang,
    /// In a CDATA section.
    Cdata,
}

/// An element that is open.
#[derive(Debug, Clone, Copy)]
struct Open {
    element: u32,
    /// The default namespace inside.
    default: NsId,
    /// Whether it and all around it are content of the stream.
    content: bool,
    /// How many prefixes were in scope outside.
    bindings: u32,
}

/// A prefix that is declared inside the element.
#[derive(Debug, Clone, Copy)]
struct Binding {
    /// Place and length of the prefix.
    start: u32,
    len: u32,
    ns: NsId,
    /// The element that declares it.
    element: u32,
}

/// References longer than this are refused: nothing needs them.
const LONGEST_REFERENCE: usize = 64;

/// The scanner with all it reuses from one element to the next.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    state: State,
    /// Bytes before this are done with.
    pos: usize,
    /// Where the current token began.
    token: usize,
    /// Where the current reference's `&` is.
    reference: usize,
    /// All classes of the bytes of the current name.
    classes: u8,
    /// The current attribute's name, and the classes of its bytes.
    attr: (u32, u16, u8),
    quote: u8,
    escaped: bool,
    /// Whether only the start tag is wanted.
    header: bool,
    /// Whether a start tag that alone was wanted closed itself.
    pub(crate) closed: bool,
    /// Whether the element has to be written anew.
    pub(crate) dirty: bool,
    /// The default namespace that the current tag declares.
    own_default: Option<NsId>,
    /// Attributes of the current tag, declarations counted.
    attr_total: usize,
    /// Prefixed attributes of the current tag: place in the list, bytes of prefix and colon.
    prefixed: Vec<(u32, u8)>,
    open: Vec<Open>,
    bindings: Vec<Binding>,
    elements: Vec<Element>,
    attributes: Vec<Attribute>,
    /// Place and length; past [`EXTRA`] the place is one in `extra`.
    namespaces: Vec<(u32, u32)>,
    /// Namespaces that are not in the bytes as they are.
    extra: String,
    slots: Vec<Slot>,
}

/// Marks a place in `extra`.
const EXTRA: u32 = 1 << 31;

impl Scan {
    /// Ready for another element; keeps its allocations.
    pub(crate) fn reset(&mut self, header: bool) {
        self.state = State::Begin;
        self.pos = 0;
        self.header = header;
        self.closed = false;
        self.dirty = false;
        self.own_default = None;
        self.attr_total = 0;
        self.prefixed.clear();
        self.open.clear();
        self.bindings.clear();
        self.elements.clear();
        self.attributes.clear();
        self.namespaces.clear();
        self.extra.clear();
    }

    /// Bytes the element takes, once it is complete.
    pub(crate) fn length(&self) -> usize {
        self.pos
    }

    /// Whether it holds so much memory that keeping it for another element would be waste.
    pub(crate) fn is_large(&self) -> bool {
        self.elements.capacity() > 2048
            || self.attributes.capacity() > 8192
            || self.extra.capacity() > 4096
    }

    /// Goes on as far as the bytes reach. `data` begins with the element's first byte and has only grown since the last call.
    pub(crate) fn run(
        &mut self,
        data: &[u8],
        scope: &Scope,
        limits: &Limits,
    ) -> Result<Progress, ReadError> {
        let progress = self.step(data, scope, limits)?;
        let used = if progress == Progress::Done {
            self.pos
        } else {
            data.len()
        };
        if used > limits.stanza_bytes {
            return Err(Kind::Bytes.into());
        }
        Ok(progress)
    }

    fn step(&mut self, data: &[u8], scope: &Scope, limits: &Limits) -> Result<Progress, ReadError> {
        let mut pos = self.pos;
        let mut state = self.state;
        macro_rules! next {
            () => {
                match data.get(pos) {
                    Some(&byte) => byte,
                    None => {
                        self.pos = pos;
                        self.state = state;
                        return Ok(Progress::More);
                    }
                }
            };
        }
        loop {
            match state {
                State::Text => {
                    pos = skip::text(data, pos);
                    match next!() {
                        b'<' => {
                            self.text_run(data, pos);
                            pos += 1;
                            state = State::Markup;
                        }
                        b'&' => {
                            self.flag(flags::ESCAPED | flags::HAS_TEXT);
                            self.reference = pos;
                            pos += 1;
                            // Nearly always one of five, and all there.
                            let behind = data.get(pos..).unwrap_or_default();
                            if let Some((_, length)) = chars::predefined(behind) {
                                pos += length;
                                self.token = pos;
                            } else {
                                state = State::TextReference;
                            }
                        }
                        b'>' => {
                            if pos >= self.token + 2 && data.get(pos - 2..pos) == Some(b"]]") {
                                return Err(Kind::Syntax.into());
                            }
                            pos += 1;
                        }
                        b'\t' | b'\n' => pos += 1,
                        b'\r' => {
                            self.dirty = true;
                            self.flag(flags::ESCAPED);
                            pos += 1;
                        }
                        _ => return Err(Kind::Character.into()),
                    }
                }
                State::Markup => match next!() {
                    b'/' if self.open.is_empty() => return Err(Kind::Syntax.into()),
                    b'/' => {
                        pos += 1;
                        self.token = pos;
                        state = State::EndName;
                    }
                    b'!' => {
                        pos += 1;
                        self.token = pos;
                        state = State::Bang;
                    }
                    b'?' => return Err(Kind::Restricted.into()),
                    _ => {
                        self.token = pos;
                        self.classes = 0;
                        state = State::Name;
                    }
                },
                State::Name => {
                    pos = self.skip_name(data, pos);
                    if pos - self.token > limits.name_bytes {
                        return Err(Kind::Name.into());
                    }
                    let byte = next!();
                    self.start_tag(data, pos, limits)?;
                    match byte {
                        // Nearly always one blank and an attribute, or the end.
                        b' ' => {
                            pos += 1;
                            state = State::TagSpace;
                        }
                        b'>' => {
                            pos += 1;
                            if self.open_tag(data, pos, scope)? {
                                self.pos = pos;
                                return Ok(Progress::Done);
                            }
                            self.token = pos;
                            state = State::Text;
                        }
                        _ => state = State::Tag,
                    }
                }
                State::Tag | State::TagSpace => match next!() {
                    b' ' | b'\t' | b'\n' | b'\r' => {
                        pos += 1;
                        state = State::TagSpace;
                    }
                    b'>' => {
                        pos += 1;
                        if self.open_tag(data, pos, scope)? {
                            self.pos = pos;
                            return Ok(Progress::Done);
                        }
                        self.token = pos;
                        state = State::Text;
                    }
                    b'/' => {
                        pos += 1;
                        state = State::Slash;
                    }
                    _ if state == State::TagSpace => {
                        self.token = pos;
                        self.classes = 0;
                        state = State::AttrName;
                    }
                    _ => return Err(Kind::Syntax.into()),
                },
                State::AttrName => {
                    pos = self.skip_name(data, pos);
                    if pos - self.token > limits.name_bytes {
                        return Err(Kind::Name.into());
                    }
                    next!();
                    self.attr = (self.token as u32, (pos - self.token) as u16, self.classes);
                    // Nearly always the value follows at once.
                    if let Some(&[b'=', quote @ (b'\'' | b'"')]) = data.get(pos..pos + 2) {
                        pos += 2;
                        self.quote = quote;
                        self.token = pos;
                        self.escaped = false;
                        state = State::Value;
                    } else {
                        state = State::Equals;
                    }
                }
                State::Equals => match next!() {
                    b'=' => {
                        pos += 1;
                        state = State::Quote;
                    }
                    byte if chars::is(byte, chars::SPACE) => pos += 1,
                    _ => return Err(Kind::Syntax.into()),
                },
                State::Quote => match next!() {
                    quote @ (b'\'' | b'"') => {
                        pos += 1;
                        self.quote = quote;
                        self.token = pos;
                        self.escaped = false;
                        state = State::Value;
                    }
                    byte if chars::is(byte, chars::SPACE) => pos += 1,
                    _ => return Err(Kind::Syntax.into()),
                },
                State::Value => {
                    pos = skip::value(data, pos, self.quote);
                    match next!() {
                        b'&' => {
                            self.escaped = true;
                            self.reference = pos;
                            pos += 1;
                            let behind = data.get(pos..).unwrap_or_default();
                            if let Some((_, length)) = chars::predefined(behind) {
                                pos += length;
                            } else {
                                state = State::ValueReference;
                            }
                        }
                        b'<' => return Err(Kind::Syntax.into()),
                        b'\t' | b'\n' | b'\r' => {
                            self.escaped = true;
                            self.dirty = true;
                            pos += 1;
                        }
                        byte if byte == self.quote => {
                            self.attribute(data, pos, limits)?;
                            pos += 1;
                            state = State::Tag;
                            if data.get(pos) == Some(&b' ') {
                                pos += 1;
                                state = State::TagSpace;
                            }
                        }
                        _ => return Err(Kind::Character.into()),
                    }
                }
                State::ValueReference | State::TextReference => {
                    pos = skip_reference(data, pos);
                    if pos - self.reference > LONGEST_REFERENCE {
                        return Err(Kind::Reference.into());
                    }
                    if next!() != b';' {
                        return Err(Kind::Reference.into());
                    }
                    chars::reference(data.get(self.reference + 1..pos).unwrap_or_default())
                        .map_err(|bad| match bad {
                            BadReference::Entity => Kind::Entity,
                            BadReference::Malformed => Kind::Reference,
                        })?;
                    pos += 1;
                    if state == State::TextReference {
                        self.token = pos;
                        state = State::Text;
                    } else {
                        state = State::Value;
                    }
                }
                State::Slash => {
                    if next!() != b'>' {
                        return Err(Kind::Syntax.into());
                    }
                    pos += 1;
                    if self.open_tag(data, pos, scope)? {
                        self.closed = true;
                        self.pos = pos;
                        return Ok(Progress::Done);
                    }
                    if self.close_tag(pos, pos) {
                        self.pos = pos;
                        return Ok(Progress::Done);
                    }
                    self.token = pos;
                    state = State::Text;
                }
                State::EndName => {
                    let expected = self.open_name(data);
                    // Nearly always the whole end tag is there and plain.
                    let given = data.get(self.token..self.token + expected.len());
                    if given == Some(expected)
                        && data.get(self.token + expected.len()) == Some(&b'>')
                    {
                        let content_end = self.token - 2;
                        pos = self.token + expected.len() + 1;
                        if self.close_tag(content_end, pos) {
                            self.pos = pos;
                            return Ok(Progress::Done);
                        }
                        self.token = pos;
                        state = State::Text;
                        continue;
                    }
                    while let Some(&wanted) = expected.get(pos - self.token) {
                        if next!() != wanted {
                            return Err(Kind::Syntax.into());
                        }
                        pos += 1;
                    }
                    state = State::EndSpace;
                }
                State::EndSpace => match next!() {
                    b'>' => {
                        pos += 1;
                        if self.close_tag(self.token - 2, pos) {
                            self.pos = pos;
                            return Ok(Progress::Done);
                        }
                        self.token = pos;
                        state = State::Text;
                    }
                    byte if chars::is(byte, chars::SPACE) => pos += 1,
                    _ => return Err(Kind::Syntax.into()),
                },
                State::Bang => {
                    const CDATA: &[u8] = b"[CDATA[";
                    while let Some(&wanted) = CDATA.get(pos - self.token) {
                        let byte = next!();
                        if byte != wanted {
                            // A comment or a DTD, unless it began like CDATA.
                            return Err(if pos == self.token {
                                Kind::Restricted
                            } else {
                                Kind::Syntax
                            }
                            .into());
                        }
                        pos += 1;
                    }
                    if self.open.is_empty() {
                        return Err(Kind::Syntax.into());
                    }
                    self.dirty = true;
                    self.flag(flags::ESCAPED | flags::HAS_TEXT);
                    self.token = pos;
                    state = State::Cdata;
                }
                State::Cdata => {
                    let byte = next!();
                    let ends = byte == b'>'
                        && pos >= self.token + 2
                        && data.get(pos - 2..pos) == Some(b"]]");
                    if byte < 0x20 && !chars::is(byte, chars::SPACE) {
                        return Err(Kind::Character.into());
                    }
                    pos += 1;
                    if ends {
                        self.token = pos;
                        state = State::Text;
                    }
                }
                State::Begin => {
                    if next!() != b'<' {
                        return Err(Kind::Syntax.into());
                    }
                    pos += 1;
                    state = State::Markup;
                }
            }
        }
    }

    /// Bytes of namespaces that writing the element anew may add.
    pub(crate) fn growth(&self) -> usize {
        let ns = |id: NsId| {
            self.namespaces
                .get(usize::from(id.0).wrapping_sub(usize::from(NsId::FIRST)))
                .map_or(0, |(_, len)| *len as usize)
        };
        self.elements
            .iter()
            .map(|element| ns(element.ns))
            .sum::<usize>()
            + self
                .attributes
                .iter()
                .map(|attribute| ns(attribute.ns))
                .sum::<usize>()
    }

    /// Namespaces that have to stand behind the bytes of the element.
    pub(crate) fn extra(&self) -> &str {
        &self.extra
    }

    /// The packed index of the complete element. `pinned` is how large the buffer is that its bytes are a part of.
    pub(crate) fn index(&mut self, pinned: usize) -> Index {
        self.slots.clear();
        self.slots
            .reserve(1 + 2 * self.elements.len() + self.attributes.len() + self.namespaces.len());
        self.slots.push(Slot::default());
        for element in &self.elements {
            self.slots.extend_from_slice(&element.pack());
        }
        self.slots
            .extend(self.attributes.iter().map(Attribute::pack));
        let length = self.pos as u32;
        self.slots
            .extend(self.namespaces.iter().map(|&(start, len)| {
                let start = if start & EXTRA == 0 {
                    start
                } else {
                    length + (start & !EXTRA)
                };
                [start, len, 0, 0]
            }));
        Index::new(
            &mut self.slots,
            self.elements.len() as u32,
            self.attributes.len() as u32,
            length,
            u32::try_from(pinned).unwrap_or(u32::MAX),
        )
    }
}

/// The first byte from `at` on that cannot go on a reference.
fn skip_reference(data: &[u8], at: usize) -> usize {
    let rest = data.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .position(|&byte| byte != b'#' && !chars::is(byte, chars::NAME))
        .unwrap_or(rest.len())
}
