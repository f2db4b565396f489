//! The flat index over a frame's bytes.
//!
//! Everything is packed into one slice of four-word slots, so that a frame costs one allocation for its index: a
//! header, two slots for each element in document order, one for each attribute, one for each namespace. Offsets count
//! from the frame's first byte.

use std::sync::Arc;

/// Four words.
pub(crate) type Slot = [u32; 4];

/// A namespace of the frame: one of the three below, or a place in the frame's list, counted from [`NsId::FIRST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NsId(pub(crate) u16);

impl NsId {
    /// No namespace.
    pub(crate) const NONE: Self = Self(0);
    /// `jabber:client`, and with it the content namespace of the stream, whatever that is.
    pub(crate) const CLIENT: Self = Self(1);
    /// The namespace of the prefix `xml`.
    pub(crate) const XML: Self = Self(2);
    /// The first of the frame's own.
    pub(crate) const FIRST: u16 = 3;
}

/// What is known of an element besides its place.
pub(crate) mod flags {
    /// Its own text has references (or, before normalising, CDATA or CR) in it.
    pub(crate) const ESCAPED: u8 = 1;
    /// Its start tag declares the default namespace.
    pub(crate) const OWN_DEFAULT: u8 = 2;
    /// It or something inside uses a prefix that is declared further up.
    pub(crate) const FOREIGN: u8 = 4;
    /// It has text of its own that is not just white space.
    pub(crate) const HAS_TEXT: u8 = 8;
}

/// One element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element {
    /// Where its `<` is.
    pub(crate) start: u32,
    /// Behind its last `>`.
    pub(crate) end: u32,
    /// Behind the start tag.
    pub(crate) content_start: u32,
    /// Before the end tag.
    pub(crate) content_end: u32,
    /// The element after it and all that is inside it.
    pub(crate) next: u32,
    /// Its first attribute.
    pub(crate) attrs: u32,
    pub(crate) ns: NsId,
    /// Bytes of the local name.
    pub(crate) name_len: u16,
    pub(crate) attr_count: u16,
    /// Bytes of the prefix with its colon.
    pub(crate) prefix_len: u8,
    pub(crate) flags: u8,
}

impl Element {
    #[inline]
    pub(crate) fn pack(&self) -> [Slot; 2] {
        [
            [self.start, self.end, self.content_start, self.content_end],
            [
                self.next,
                self.attrs,
                u32::from(self.ns.0) | u32::from(self.name_len) << 16,
                u32::from(self.attr_count)
                    | u32::from(self.prefix_len) << 16
                    | u32::from(self.flags) << 24,
            ],
        ]
    }

    #[inline]
    pub(crate) fn unpack(place: Slot, name: Slot) -> Self {
        let [start, end, content_start, content_end] = place;
        let [next, attrs, ns_and_len, rest] = name;
        Self {
            start,
            end,
            content_start,
            content_end,
            next,
            attrs,
            ns: NsId(ns_and_len as u16),
            name_len: (ns_and_len >> 16) as u16,
            attr_count: rest as u16,
            prefix_len: (rest >> 16) as u8,
            flags: (rest >> 24) as u8,
        }
    }

    #[inline]
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// One attribute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attribute {
    /// Where the local name begins.
    pub(crate) name: u32,
    pub(crate) name_len: u16,
    pub(crate) ns: NsId,
    /// Where the value begins, behind its quote.
    pub(crate) value: u32,
    pub(crate) value_len: u32,
    /// Whether the value has references (or, before normalising, raw white space) in it.
    pub(crate) escaped: bool,
}

const ESCAPED_BIT: u32 = 1 << 31;

impl Attribute {
    #[inline]
    pub(crate) fn pack(&self) -> Slot {
        let escaped = if self.escaped { ESCAPED_BIT } else { 0 };
        [
            self.name,
            u32::from(self.name_len) | u32::from(self.ns.0) << 16,
            self.value,
            self.value_len | escaped,
        ]
    }

    #[inline]
    pub(crate) fn unpack([name, len_and_ns, value, value_len]: Slot) -> Self {
        Self {
            name,
            name_len: len_and_ns as u16,
            ns: NsId((len_and_ns >> 16) as u16),
            value,
            value_len: value_len & !ESCAPED_BIT,
            escaped: value_len & ESCAPED_BIT != 0,
        }
    }
}

/// The packed index.
#[derive(Clone)]
pub(crate) struct Index(Arc<[Slot]>);

impl Index {
    /// `slots` begins with a header of any content, which is filled in here.
    pub(crate) fn new(
        slots: &mut [Slot],
        elements: u32,
        attributes: u32,
        length: u32,
        pinned: u32,
    ) -> Self {
        if let Some(header) = slots.first_mut() {
            *header = [elements, attributes, length, pinned];
        }
        Self(Arc::from(&*slots))
    }

    #[inline]
    fn slot(&self, at: usize) -> Slot {
        self.0.get(at).copied().unwrap_or_default()
    }

    pub(crate) fn elements(&self) -> u32 {
        let [elements, ..] = self.slot(0);
        elements
    }

    fn attributes(&self) -> u32 {
        let [_, attributes, ..] = self.slot(0);
        attributes
    }

    /// Bytes of the element; behind them lie namespaces that had to be unescaped.
    pub(crate) fn length(&self) -> u32 {
        let [_, _, length, _] = self.slot(0);
        length
    }

    /// Bytes of the buffer that the frame is a part of.
    pub(crate) fn pinned(&self) -> u32 {
        let [_, _, _, pinned] = self.slot(0);
        pinned
    }

    /// Bytes of the index itself.
    pub(crate) fn size(&self) -> usize {
        size_of_val(&*self.0)
    }

    #[inline]
    pub(crate) fn element(&self, at: u32) -> Element {
        let at = 1 + 2 * at as usize;
        Element::unpack(self.slot(at), self.slot(at + 1))
    }

    #[inline]
    pub(crate) fn attribute(&self, at: u32) -> Attribute {
        Attribute::unpack(self.slot(1 + 2 * self.elements() as usize + at as usize))
    }

    /// Place and length of a namespace that is the frame's own.
    #[inline]
    pub(crate) fn namespace(&self, id: NsId) -> (u32, u32) {
        let before = 1 + 2 * self.elements() as usize + self.attributes() as usize;
        let [start, len, ..] = self.slot(before + usize::from(id.0.saturating_sub(NsId::FIRST)));
        (start, len)
    }

    /// The same index with another number of pinned bytes.
    pub(crate) fn with_pinned(&self, pinned: u32) -> Self {
        let mut slots: Vec<Slot> = self.0.to_vec();
        Self::new(
            &mut slots,
            self.elements(),
            self.attributes(),
            self.length(),
            pinned,
        )
    }
}
