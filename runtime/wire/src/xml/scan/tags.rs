//! Start tags, attributes, end tags, and the text between them.

use super::super::chars;
use super::super::index::{Attribute, Element, NsId, flags};
use super::names::check_name;
use super::{Kind, Open, Scan, Scope};
use crate::Limits;
use crate::xml::ReadError;

impl Scan {
    /// The first byte from `at` on that does not belong to a name.
    #[inline]
    pub(super) fn skip_name(&mut self, data: &[u8], at: usize) -> usize {
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
    pub(super) fn flag(&mut self, flag: u8) {
        if let Some(element) = self
            .open
            .last()
            .and_then(|open| self.elements.get_mut(open.element as usize))
        {
            element.flags |= flag;
        }
    }

    /// A run of plain text ends at `end`.
    pub(super) fn text_run(&mut self, data: &[u8], end: usize) {
        let run = data.get(self.token..end).unwrap_or_default();
        if run.iter().any(|&byte| !chars::is(byte, chars::SPACE)) {
            self.flag(flags::HAS_TEXT);
        }
    }

    /// The name that the next end tag has to repeat.
    pub(super) fn open_name<'d>(&self, data: &'d [u8]) -> &'d [u8] {
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
    pub(super) fn start_tag(
        &mut self,
        data: &[u8],
        end: usize,
        limits: &Limits,
    ) -> Result<(), ReadError> {
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
    pub(super) fn attribute(
        &mut self,
        data: &[u8],
        end: usize,
        limits: &Limits,
    ) -> Result<(), ReadError> {
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

    /// A start tag ends at `end`. Tells whether that is all that was wanted.
    pub(super) fn open_tag(
        &mut self,
        data: &[u8],
        end: usize,
        scope: &Scope,
    ) -> Result<bool, ReadError> {
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

    /// The element that is open ends. Tells whether it was the top one.
    pub(super) fn close_tag(&mut self, content_end: usize, end: usize) -> bool {
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
}
