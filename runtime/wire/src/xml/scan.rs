//! The scanner: one pass over the bytes of one top-level element, which may arrive in any pieces.
//!
//! It is a state machine that remembers where inside which token it stopped, so no byte is scanned twice. It checks
//! all that well-formedness and the namespaces require and leaves the index behind. What cannot be passed on as it
//! came makes it `dirty`: the element is then written anew from its index and that is scanned in its place.

use super::chars::{self, BadReference};
use super::index::{Attribute, Element, NsId, Slot, flags};
use super::skip;
use super::{ReadError, ReadErrorKind as Kind};
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
/// Namespaces longer than this are refused: they multiply when prefixes are resolved.
const LONGEST_NAMESPACE: usize = 1024;

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
                            state = State::TextReference;
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
                            state = State::ValueReference;
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

    /// The first byte from `at` on that does not belong to a name.
    #[inline]
    fn skip_name(&mut self, data: &[u8], at: usize) -> usize {
        let rest = data.get(at..).unwrap_or_default();
        let mut classes = self.classes;
        let mut length = rest.len();
        for (place, &byte) in rest.iter().enumerate() {
            let class = chars::class(byte);
            if class & chars::NAME == 0 {
                length = place;
                break;
            }
            classes |= class;
        }
        self.classes = classes;
        at + length
    }

    /// Sets flags on the element that is open.
    fn flag(&mut self, flag: u8) {
        if let Some(element) = self
            .open
            .last()
            .and_then(|open| self.elements.get_mut(open.element as usize))
        {
            element.flags |= flag;
        }
    }

    /// A run of plain text ends at `end`.
    fn text_run(&mut self, data: &[u8], end: usize) {
        let run = data.get(self.token..end).unwrap_or_default();
        if run.iter().any(|&byte| !chars::is(byte, chars::SPACE)) {
            self.flag(flags::HAS_TEXT);
        }
    }

    /// The name that the next end tag has to repeat.
    fn open_name<'d>(&self, data: &'d [u8]) -> &'d [u8] {
        self.open
            .last()
            .and_then(|open| self.elements.get(open.element as usize))
            .and_then(|element| {
                let start = element.start as usize + 1;
                data.get(
                    start..start + usize::from(element.prefix_len) + usize::from(element.name_len),
                )
            })
            .unwrap_or_default()
    }

    /// The name of a start tag ends at `end`.
    fn start_tag(&mut self, data: &[u8], end: usize, limits: &Limits) -> Result<(), ReadError> {
        let name = data.get(self.token..end).unwrap_or_default();
        let prefix_len = check_name(name, self.classes)?;
        if self.elements.len() >= limits.elements {
            return Err(Kind::Elements.into());
        }
        if self.open.len() >= limits.depth {
            return Err(Kind::Depth.into());
        }
        self.attr_total = 0;
        self.own_default = None;
        self.elements.push(Element {
            start: (self.token - 1) as u32,
            end: 0,
            content_start: 0,
            content_end: 0,
            next: 0,
            attrs: self.attributes.len() as u32,
            ns: NsId::NONE,
            name_len: (name.len() - usize::from(prefix_len)) as u16,
            attr_count: 0,
            prefix_len,
            flags: 0,
        });
        Ok(())
    }

    /// The value of an attribute ends at `end`.
    fn attribute(&mut self, data: &[u8], end: usize, limits: &Limits) -> Result<(), ReadError> {
        self.attr_total += 1;
        if self.attr_total > limits.attributes {
            return Err(Kind::Attributes.into());
        }
        let (start, len, classes) = self.attr;
        let name = data
            .get(start as usize..start as usize + usize::from(len))
            .unwrap_or_default();
        match name {
            b"xmlns" => {
                if self.own_default.is_some() {
                    return Err(Kind::RepeatedAttribute.into());
                }
                let ns = self.declared(data, end)?;
                self.own_default = Some(ns);
                return Ok(());
            }
            [b'x', b'm', b'l', b'n', b's', b':', ..] => {
                return self.bind(data, start + 6, usize::from(len) - 6, end);
            }
            _ => {}
        }
        let prefix_len = check_name(name, classes)?;
        let first = self
            .elements
            .last()
            .map_or(0, |element| element.attrs as usize);
        let twin = self
            .attributes
            .get(first..)
            .unwrap_or_default()
            .iter()
            .any(|other| {
                other.name_len == len
                    && data.get(other.name as usize..other.name as usize + usize::from(len))
                        == Some(name)
            });
        if twin {
            return Err(Kind::RepeatedAttribute.into());
        }
        if prefix_len != 0 {
            self.prefixed
                .push((self.attributes.len() as u32, prefix_len));
        }
        self.attributes.push(Attribute {
            name: start,
            name_len: len,
            ns: NsId::NONE,
            value: self.token as u32,
            value_len: (end - self.token) as u32,
            escaped: self.escaped,
        });
        Ok(())
    }

    /// The namespace in the value that ends at `end`.
    fn declared(&mut self, data: &[u8], end: usize) -> Result<NsId, ReadError> {
        let raw = data.get(self.token..end).unwrap_or_default();
        if raw.len() > LONGEST_NAMESPACE {
            return Err(Kind::Name.into());
        }
        if self.escaped {
            let raw = std::str::from_utf8(raw).map_err(|_| Kind::Encoding)?;
            let mut ns = String::new();
            super::decode::attribute(raw, &mut ns);
            return self.namespace(&ns, None);
        }
        // Text that is no UTF-8 fails as a whole at the end; comparing bytes is enough here.
        match std::str::from_utf8(raw) {
            Ok(ns) => self.namespace(ns, Some(self.token as u32)),
            Err(_) => Err(Kind::Encoding.into()),
        }
    }

    /// An id for a namespace that is declared inside the element.
    fn namespace(&mut self, ns: &str, place: Option<u32>) -> Result<NsId, ReadError> {
        let known = match ns {
            "" => Some(NsId::NONE),
            crate::ns::XML | crate::ns::XMLNS => return Err(Kind::Prefix.into()),
            crate::ns::CLIENT => Some(NsId::CLIENT),
            _ => None,
        };
        match (known, place) {
            (Some(id), _) => Ok(id),
            (None, Some(start)) => self.add_namespace(start, ns.len()),
            (None, None) => self.add_extra(ns),
        }
    }

    /// An id for a namespace that is not in the bytes.
    fn add_extra(&mut self, ns: &str) -> Result<NsId, ReadError> {
        // A prefix of the stream's start tag comes here each time it is used.
        let recent = self.namespaces.iter().enumerate().rev().take(8);
        for (at, &(start, len)) in recent {
            let place = (start & !EXTRA) as usize;
            let text = self.extra.get(place..place + len as usize);
            if start & EXTRA != 0 && text == Some(ns) {
                return Ok(NsId(at as u16 + NsId::FIRST));
            }
        }
        let start = self.extra.len() as u32 | EXTRA;
        self.extra.push_str(ns);
        self.add_namespace(start, ns.len())
    }

    fn add_namespace(&mut self, start: u32, len: usize) -> Result<NsId, ReadError> {
        let id = u16::try_from(self.namespaces.len() + usize::from(NsId::FIRST))
            .map_err(|_| Kind::Elements)?;
        self.namespaces.push((start, len as u32));
        Ok(NsId(id))
    }

    /// A prefix is declared.
    fn bind(&mut self, data: &[u8], start: u32, len: usize, end: usize) -> Result<(), ReadError> {
        let prefix = data
            .get(start as usize..start as usize + len)
            .unwrap_or_default();
        if check_name(prefix, chars::ODD)? != 0 || prefix == b"xmlns" {
            return Err(Kind::Prefix.into());
        }
        if prefix == b"xml" {
            // It may be declared as what it is anyway (Namespaces in XML §3).
            let value = data.get(self.token..end).unwrap_or_default();
            return if value == crate::ns::XML.as_bytes() {
                Ok(())
            } else {
                Err(Kind::Prefix.into())
            };
        }
        let element = self.elements.len().saturating_sub(1) as u32;
        let twin = self
            .bindings
            .iter()
            .rev()
            .take_while(|other| other.element == element)
            .any(|other| {
                data.get(other.start as usize..(other.start + other.len) as usize) == Some(prefix)
            });
        if twin {
            return Err(Kind::RepeatedAttribute.into());
        }
        let ns = self.declared(data, end)?;
        if ns == NsId::NONE {
            return Err(Kind::Prefix.into());
        }
        self.bindings.push(Binding {
            start,
            len: len as u32,
            ns,
            element,
        });
        Ok(())
    }

    /// A start tag ends at `end`. Tells whether that is all that was wanted.
    fn open_tag(&mut self, data: &[u8], end: usize, scope: &Scope) -> Result<bool, ReadError> {
        let at = self.elements.len().saturating_sub(1) as u32;
        let Some(&element) = self.elements.last() else {
            return Err(Kind::Syntax.into());
        };
        let own_default = self.own_default.take();
        let mut default = match (own_default, self.open.last()) {
            (Some(ns), _) => ns,
            (None, Some(open)) => open.default,
            (None, None) => self.outer_default(scope)?,
        };
        let mut foreign = false;
        let ns = if element.prefix_len == 0 {
            if own_default.is_some() {
                default = self.content_ns(data, default, scope)?;
            }
            default
        } else {
            let start = element.start as usize + 1;
            let prefix_len = usize::from(element.prefix_len) - 1;
            let (ns, outside) = self.resolve(data, start, prefix_len, at, scope)?;
            foreign |= outside;
            self.content_ns(data, ns, scope)?
        };
        if !self.prefixed.is_empty() {
            foreign |= self.resolve_attributes(data, element.attrs as usize, at, scope)?;
        }
        // The top element's start tag is written anew when a stanza is passed on. What is inside may not hang on it.
        match self.open.len() {
            0 => self.dirty |= default != ns,
            1 => self.dirty |= foreign,
            _ => {}
        }
        let content = ns == NsId::CLIENT && self.inside_content(scope);
        let bindings = self.bindings.iter().rev();
        let bindings = bindings.take_while(|binding| binding.element == at).count();
        let attr_count = (self.attributes.len() as u32 - element.attrs) as u16;
        if let Some(element) = self.elements.last_mut() {
            element.ns = ns;
            element.content_start = end as u32;
            element.attr_count = attr_count;
            element.flags |= if own_default.is_some() {
                flags::OWN_DEFAULT
            } else {
                0
            };
            element.flags |= if foreign { flags::FOREIGN } else { 0 };
        }
        self.open.push(Open {
            element: at,
            default,
            content,
            bindings: (self.bindings.len() - bindings) as u32,
        });
        Ok(self.header)
    }

    /// Whether everything around the current tag is content of the stream, up to the top.
    fn inside_content(&self, scope: &Scope) -> bool {
        self.open
            .last()
            .map_or(scope.is_content, |open| open.content)
    }

    /// The namespace of an element that names it in its own tag.
    ///
    /// The top element may be in the stream's own content namespace, and in no other. Directly below it, where some relays
    /// leave another one behind, any of the three means the stream's own. Further down, as in a forwarded stanza, each means itself.
    fn content_ns(&mut self, data: &[u8], ns: NsId, scope: &Scope) -> Result<NsId, ReadError> {
        if !self.inside_content(scope) {
            return Ok(ns);
        }
        let name = self.namespace_bytes(data, ns);
        if !std::str::from_utf8(name).is_ok_and(crate::ns::is_content) {
            return Ok(ns);
        }
        if self.open.is_empty() && name != scope.content.as_bytes() {
            return Err(Kind::Namespace.into());
        }
        // Only on the top element, and only if it says the very name that is used behind the reader, does it stay written out.
        self.dirty |= !self.open.is_empty() || ns != NsId::CLIENT;
        Ok(NsId::CLIENT)
    }

    /// Resolves the prefixes of the current tag's attributes. Tells whether one is declared further up.
    fn resolve_attributes(
        &mut self,
        data: &[u8],
        first: usize,
        at: u32,
        scope: &Scope,
    ) -> Result<bool, ReadError> {
        let mut foreign = false;
        for prefixed in 0..self.prefixed.len() {
            let Some(&(attr, prefix_len)) = self.prefixed.get(prefixed) else {
                continue;
            };
            let Some(&attribute) = self.attributes.get(attr as usize) else {
                continue;
            };
            let prefix = usize::from(prefix_len) - 1;
            let (ns, outside) = self.resolve(data, attribute.name as usize, prefix, at, scope)?;
            foreign |= outside;
            let resolved = Attribute {
                name: attribute.name + u32::from(prefix_len),
                name_len: attribute.name_len - u16::from(prefix_len),
                ns,
                ..attribute
            };
            self.refuse_twin(data, &resolved, attr as usize, first)?;
            if let Some(slot) = self.attributes.get_mut(attr as usize) {
                *slot = resolved;
            }
        }
        self.prefixed.clear();
        Ok(foreign)
    }

    /// The default namespace around the top element.
    fn outer_default(&mut self, scope: &Scope) -> Result<NsId, ReadError> {
        match &scope.default {
            None if scope.is_content => Ok(NsId::CLIENT),
            None if scope.content.is_empty() => Ok(NsId::NONE),
            None => {
                self.dirty = true;
                self.add_extra(&scope.content)
            }
            Some(default) => {
                self.dirty = true;
                if default.is_empty() {
                    Ok(NsId::NONE)
                } else {
                    self.add_extra(default)
                }
            }
        }
    }

    /// The namespace of a prefix, and whether it is declared outside the current element.
    fn resolve(
        &mut self,
        data: &[u8],
        start: usize,
        len: usize,
        at: u32,
        scope: &Scope,
    ) -> Result<(NsId, bool), ReadError> {
        let prefix = data.get(start..start + len).unwrap_or_default();
        if prefix == b"xml" {
            return Ok((NsId::XML, false));
        }
        let found = self.bindings.iter().rev().find(|binding| {
            data.get(binding.start as usize..(binding.start + binding.len) as usize) == Some(prefix)
        });
        if let Some(&Binding { ns, element, .. }) = found {
            self.mark_foreign(element);
            return Ok((ns, element != at));
        }
        let outer = scope
            .prefixes
            .iter()
            .find(|(name, _)| name.as_bytes() == prefix);
        let Some((_, ns)) = outer else {
            return Err(Kind::Prefix.into());
        };
        self.dirty = true;
        if **ns == *crate::ns::CLIENT {
            return Ok((NsId::CLIENT, true));
        }
        Ok((self.add_extra(ns)?, true))
    }

    /// All open elements inside the one that declares a prefix hang on it.
    fn mark_foreign(&mut self, declaring: u32) {
        for (depth, open) in self.open.iter().enumerate().rev() {
            if open.element <= declaring {
                break;
            }
            self.dirty |= depth == 1;
            if let Some(element) = self.elements.get_mut(open.element as usize) {
                element.flags |= flags::FOREIGN;
            }
        }
    }

    /// Two attributes with different prefixes may be the same one (Namespaces in XML §6.3).
    fn refuse_twin(
        &self,
        data: &[u8],
        resolved: &Attribute,
        at: usize,
        first: usize,
    ) -> Result<(), ReadError> {
        let name = |attribute: &Attribute| {
            data.get(
                attribute.name as usize..attribute.name as usize + usize::from(attribute.name_len),
            )
        };
        let mine = self.namespace_bytes(data, resolved.ns);
        let others = self.attributes.get(first..at).unwrap_or_default();
        let twin = others.iter().any(|other| {
            other.ns != NsId::NONE
                && name(other) == name(resolved)
                && self.namespace_bytes(data, other.ns) == mine
        });
        if twin {
            Err(Kind::RepeatedAttribute.into())
        } else {
            Ok(())
        }
    }

    fn namespace_bytes<'s>(&'s self, data: &'s [u8], id: NsId) -> &'s [u8] {
        match id {
            NsId::NONE => b"",
            NsId::CLIENT => crate::ns::CLIENT.as_bytes(),
            NsId::XML => crate::ns::XML.as_bytes(),
            NsId(id) => {
                let (start, len) = self
                    .namespaces
                    .get(usize::from(id - NsId::FIRST))
                    .copied()
                    .unwrap_or_default();
                let (source, start) = if start & EXTRA == 0 {
                    (data, start)
                } else {
                    (self.extra.as_bytes(), start & !EXTRA)
                };
                source
                    .get(start as usize..(start + len) as usize)
                    .unwrap_or_default()
            }
        }
    }

    /// The element that is open ends. Tells whether it was the top one.
    fn close_tag(&mut self, content_end: usize, end: usize) -> bool {
        let next = self.elements.len() as u32;
        if let Some(open) = self.open.pop() {
            self.bindings.truncate(open.bindings as usize);
            if let Some(element) = self.elements.get_mut(open.element as usize) {
                element.content_end = content_end as u32;
                element.end = end as u32;
                element.next = next;
            }
        }
        self.open.is_empty()
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
    pub(crate) fn index(&mut self, pinned: usize) -> super::index::Index {
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
        super::index::Index::new(
            &mut self.slots,
            self.elements.len() as u32,
            self.attributes.len() as u32,
            length,
            u32::try_from(pinned).unwrap_or(u32::MAX),
        )
    }

    /// Prefixes and their namespaces that the only tag of a header declares, and its default namespace.
    pub(crate) fn declarations(&self, data: &[u8]) -> (Option<String>, Vec<(String, String)>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let default = self
            .open
            .first()
            .map(|open| text(self.namespace_bytes(data, open.default)));
        let prefixes = self.bindings.iter().map(|binding| {
            let name = data
                .get(binding.start as usize..(binding.start + binding.len) as usize)
                .unwrap_or_default();
            (text(name), text(self.namespace_bytes(data, binding.ns)))
        });
        (default, prefixes.collect())
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

/// Checks a qualified name whose bytes are of these classes; tells how many bytes its prefix has, with the colon.
#[inline]
fn check_name(name: &[u8], classes: u8) -> Result<u8, ReadError> {
    if classes & chars::ODD != 0 {
        return check_odd_name(name);
    }
    match name.first() {
        Some(&first) if chars::is(first, chars::START) => Ok(0),
        _ => Err(Kind::Syntax.into()),
    }
}

/// The same for a name with a colon or bytes past ASCII.
fn check_odd_name(name: &[u8]) -> Result<u8, ReadError> {
    let mut colon = None;
    let mut ascii = true;
    for (at, &byte) in name.iter().enumerate() {
        if byte == b':' {
            if colon.is_some() {
                return Err(Kind::Syntax.into());
            }
            colon = Some(at);
        }
        ascii &= byte < 0x80;
    }
    let (prefix, local) = match colon {
        Some(at) => (
            name.get(..at).unwrap_or_default(),
            name.get(at + 1..).unwrap_or_default(),
        ),
        None => (&b""[..], name),
    };
    let starts = |part: &[u8]| {
        part.first()
            .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_' || *byte >= 0x80)
    };
    if !starts(local) || (colon.is_some() && !starts(prefix)) {
        return Err(Kind::Syntax.into());
    }
    if !ascii {
        let valid = |part: &[u8]| {
            std::str::from_utf8(part)
                .map_err(|_| Kind::Encoding)
                .map(chars::is_ncname)
        };
        if !valid(local)? || (colon.is_some() && !valid(prefix)?) {
            return Err(Kind::Syntax.into());
        }
    }
    colon.map_or(Ok(0), |at| {
        u8::try_from(at + 1).map_err(|_| Kind::Name.into())
    })
}
