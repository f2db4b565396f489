//! Declaring and resolving namespaces (Namespaces in XML).

use super::super::index::{Attribute, NsId, flags};
use super::super::{chars, decode};
use super::names::check_name;
use super::{Binding, EXTRA, Kind, Scan, Scope};
use crate::xml::ReadError;

/// Namespaces longer than this are refused: they multiply when prefixes are resolved.
const LONGEST_NAMESPACE: usize = 1024;

impl Scan {
    /// The namespace in the value that ends at `end`.
    pub(super) fn declared(&mut self, data: &[u8], end: usize) -> Result<NsId, ReadError> {
        let raw = data.get(self.token..end).unwrap_or_default();
        if raw.len() > LONGEST_NAMESPACE {
            return Err(Kind::Name.into());
        }
        if self.escaped {
            let raw = std::str::from_utf8(raw).map_err(|_| Kind::Encoding)?;
            let mut ns = String::new();
            decode::attribute(raw, &mut ns);
            return self.namespace(&ns, None);
        }
        // Text that is no UTF-8 fails as a whole at the end; comparing bytes is enough here.
        match std::str::from_utf8(raw) {
            Ok(ns) => self.namespace(ns, Some(self.token as u32)),
            Err(_) => Err(Kind::Encoding.into()),
        }
    }

    /// An id for a namespace that is declared inside the element.
    pub(super) fn namespace(&mut self, ns: &str, place: Option<u32>) -> Result<NsId, ReadError> {
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
    pub(super) fn add_extra(&mut self, ns: &str) -> Result<NsId, ReadError> {
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

    pub(super) fn add_namespace(&mut self, start: u32, len: usize) -> Result<NsId, ReadError> {
        let id = u16::try_from(self.namespaces.len() + usize::from(NsId::FIRST))
            .map_err(|_| Kind::Elements)?;
        self.namespaces.push((start, len as u32));
        Ok(NsId(id))
    }

    /// A prefix is declared.
    pub(super) fn bind(
        &mut self,
        data: &[u8],
        start: u32,
        len: usize,
        end: usize,
    ) -> Result<(), ReadError> {
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

    /// Whether everything around the current tag is content of the stream, up to the top.
    pub(super) fn inside_content(&self, scope: &Scope) -> bool {
        self.open
            .last()
            .map_or(scope.is_content, |open| open.content)
    }

    /// The namespace of an element that names it in its own tag.
    ///
    /// The top element may be in the stream's own content namespace, and in no other. Directly below it, where some relays
    /// leave another one behind, any of the three means the stream's own. Further down, as in a forwarded stanza, each means itself.
    pub(super) fn content_ns(
        &mut self,
        data: &[u8],
        ns: NsId,
        scope: &Scope,
    ) -> Result<NsId, ReadError> {
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
    pub(super) fn resolve_attributes(
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
    pub(super) fn outer_default(&mut self, scope: &Scope) -> Result<NsId, ReadError> {
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
    pub(super) fn resolve(
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
    pub(super) fn mark_foreign(&mut self, declaring: u32) {
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
    pub(super) fn refuse_twin(
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

    pub(super) fn namespace_bytes<'s>(&'s self, data: &'s [u8], id: NsId) -> &'s [u8] {
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
