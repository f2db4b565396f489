//! A schema file as a tree in which every name and value knows its place.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use quick_xml::XmlVersion;
use quick_xml::events::attributes::AttrError;
use quick_xml::events::{BytesStart, Event};

use crate::Diagnostic;
use crate::model::Place;

use super::ends::{Reading, reading};

/// The namespace of XML Schema.
pub(crate) const XS: &str = "http://www.w3.org/2001/XMLSchema";
/// The namespace of the prefix `xml`.
pub(crate) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// An element.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Local name.
    pub(crate) name: String,
    /// Namespace; empty for none.
    pub(crate) namespace: String,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) children: Vec<Node>,
    /// All text directly inside, trimmed.
    pub(crate) text: String,
    /// Prefixes declared on this element: prefix (empty for the default) and namespace.
    pub(crate) prefixes: Vec<(String, String)>,
    /// The `<name` of the start tag.
    pub(crate) place: Place,
}

/// An attribute of no namespace or, with its prefix in the name, of another one.
#[derive(Debug, Clone)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) place: Place,
    pub(crate) value_place: Place,
}

impl Node {
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.attribute(name)
            .map(|attribute| attribute.value.as_str())
    }

    /// Whether it is this element of XML Schema.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name && self.namespace == XS
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(name))
    }

    /// The place of an attribute's value, or of the element where it has no such attribute.
    pub(crate) fn value_place(&self, name: &str) -> &Place {
        self.attribute(name)
            .map_or(&self.place, |attribute| &attribute.value_place)
    }

    /// The documentation of an `xs:annotation`, with each run of white space as one space.
    pub(crate) fn documentation(&self) -> String {
        let texts = self
            .children
            .iter()
            .filter(|child| child.is("annotation"))
            .flat_map(|annotation| &annotation.children)
            .filter(|child| child.is("documentation"))
            .map(|doc| {
                doc.all_text()
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .filter(|text| !text.is_empty());
        texts.collect::<Vec<_>>().join("\n\n")
    }

    fn all_text(&self) -> String {
        let mut text = self.text.clone();
        for child in &self.children {
            text.push(' ');
            text.push_str(&child.all_text());
        }
        text
    }
}

/// Reads a file; where it is not well-formed, says where and why. End tags that do not match are mended.
pub(crate) fn read(
    path: &Arc<Path>,
    text: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Node, Box<Diagnostic>> {
    Tree {
        path,
        text,
        open: Vec::new(),
        diagnostics,
    }
    .run()
}

struct Tree<'a> {
    path: &'a Arc<Path>,
    text: &'a str,
    open: Vec<Node>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Tree<'_> {
    fn run(mut self) -> Result<Node, Box<Diagnostic>> {
        let mut reader = quick_xml::Reader::from_str(self.text);
        reader.config_mut().check_end_names = false;
        reader.config_mut().allow_unmatched_ends = true;
        let mut root = None;
        loop {
            let before = offset(reader.buffer_position());
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    let at = offset(reader.error_position());
                    if let Some(quote) = self.open_quote(at) {
                        let place = self.place(quote, quote + 1);
                        let help = "write the quote that ends it";
                        return Err(mistake(
                            &place,
                            "the value that begins here is never closed",
                            help,
                        ));
                    }
                    return Err(self.malformed(at, at + 1, &error.to_string()));
                }
            };
            let after = offset(reader.buffer_position());
            match event {
                Event::Start(start) => {
                    let node = self.node(&start, before)?;
                    if root.is_some() {
                        return Err(self.malformed(before, after, "a second root element"));
                    }
                    self.open.push(node);
                }
                Event::Empty(start) => {
                    let node = self.node(&start, before)?;
                    if root.is_some() {
                        return Err(self.malformed(before, after, "a second root element"));
                    }
                    self.close(node, &mut root);
                }
                Event::End(end) => {
                    if self.open.is_empty() {
                        return Err(self.malformed(
                            before,
                            after,
                            "an end tag without a start tag",
                        ));
                    }
                    self.end(end.name().as_ref(), before..after, &mut root);
                }
                Event::Text(text) => self.append(&text),
                Event::CData(text) => self.append(&text),
                Event::GeneralRef(reference) => {
                    let written = format!("&{};", &*reference);
                    match quick_xml::escape::unescape(&written) {
                        Ok(text) => self.append(&text),
                        Err(_) => return Err(self.malformed_value(before, after)),
                    }
                }
                Event::Eof => break,
                Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
            }
        }
        if let Some(node) = self.open.last() {
            let name = self.slice_at(&node.place);
            let help = format!("write `</{name}>` where it ends");
            return Err(mistake(
                &node.place,
                &format!("`<{name}>` is never closed"),
                &help,
            ));
        }
        root.ok_or_else(|| {
            let help = "a schema is one `xs:schema` element";
            mistake(&Place::start(self.path), "the file holds no element", help)
        })
    }

    /// An end tag; one that does not match is read as what was most likely meant.
    fn end(&mut self, closes: &str, at: Range<usize>, root: &mut Option<Node>) {
        let Some(innermost) = self.open.last().map(|node| node.place.clone()) else {
            return;
        };
        let open = self.slice_at(&innermost);
        if open == closes {
            return self.pop(root);
        }
        let names: Vec<String> = self
            .open
            .iter()
            .map(|node| self.slice_at(&node.place))
            .collect();
        let rest = self.text.get(at.end..).unwrap_or("");
        let reading = reading(&names, closes, rest);
        let place = self.place(at.start, at.end);
        let message = format!("`</{closes}>` does not close `<{open}>`");
        let help = match reading {
            Reading::Closes(_) => {
                format!("read as if `<{open}>` ended before it: write `</{open}>` there")
            }
            Reading::Misspelt => format!("read as `</{open}>`: write that"),
            Reading::Stray => {
                "it is skipped: remove it, or the `/` that ends a tag too early".to_owned()
            }
        };
        let begins = format!("`<{open}>` begins here");
        let warning = Diagnostic::warning(&place, message).note(&innermost, begins);
        self.diagnostics.push(warning.help(help));
        match reading {
            Reading::Closes(inside) => (0..=inside).for_each(|_| self.pop(root)),
            Reading::Misspelt => self.pop(root),
            Reading::Stray => {}
        }
    }

    /// The innermost open element ends.
    fn pop(&mut self, root: &mut Option<Node>) {
        if let Some(node) = self.open.pop() {
            self.close(node, root);
        }
    }

    /// The name as written at the start of a node: its place is `<name`.
    fn slice_at(&self, place: &Place) -> String {
        let line = usize::try_from(place.line).unwrap_or(1).saturating_sub(1);
        let column = usize::try_from(place.column).unwrap_or(1);
        let length = usize::try_from(place.length).unwrap_or(1).saturating_sub(1);
        self.text
            .lines()
            .nth(line)
            .unwrap_or("")
            .chars()
            .skip(column)
            .take(length)
            .collect()
    }

    fn append(&mut self, text: &str) {
        if let Some(open) = self.open.last_mut() {
            open.text.push_str(text);
        }
    }

    fn close(&mut self, mut node: Node, root: &mut Option<Node>) {
        node.text = node.text.trim().to_owned();
        match self.open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => *root = Some(node),
        }
    }

    fn node(&self, start: &BytesStart<'_>, at: usize) -> Result<Node, Box<Diagnostic>> {
        let written = start.name().as_ref().to_owned();
        let place = self.place(at, at + 1 + written.len());
        let mut attributes = Vec::new();
        let mut prefixes = Vec::new();
        for attribute in start.attributes() {
            let attribute = match attribute {
                Ok(attribute) => attribute,
                Err(error) => return Err(self.malformed_attribute(at + 1, &error)),
            };
            let name = attribute.key.as_ref();
            let (from, to) = self.range(name);
            let (value_from, value_to) = self.range(attribute.value.as_ref());
            let value_place = self.place(value_from, value_to);
            let value = match attribute.normalized_value(XmlVersion::Implicit1_0) {
                Ok(value) => value.into_owned(),
                Err(_) => return Err(self.malformed_value(value_from, value_to)),
            };
            if name == "xmlns" {
                prefixes.push((String::new(), value));
            } else if let Some(prefix) = name.strip_prefix("xmlns:") {
                prefixes.push((prefix.to_owned(), value));
            } else {
                let place = self.place(from, to);
                attributes.push(Attribute {
                    name: name.to_owned(),
                    value,
                    place,
                    value_place,
                });
            }
        }
        let (prefix, local) = written.split_once(':').unwrap_or(("", &written));
        let own = prefixes
            .iter()
            .rev()
            .find(|(p, _)| p == prefix)
            .map(|(_, ns)| ns.as_str());
        let inherited = || {
            self.open
                .iter()
                .rev()
                .find_map(|node| lookup(&node.prefixes, prefix))
        };
        let namespace = match own.or_else(inherited) {
            Some(namespace) => namespace.to_owned(),
            None if prefix.is_empty() => String::new(),
            None if prefix == "xml" => XML.to_owned(),
            // Both are so common that a missing declaration is mended below rather than refused.
            None if matches!(prefix, "xs" | "xsd") => XS.to_owned(),
            None => {
                let message = format!("the prefix `{prefix}` is not declared");
                let help = format!("add `xmlns:{prefix}=\"…\"` to the root element");
                return Err(mistake(&place, &message, &help));
            }
        };
        let name = local.to_owned();
        Ok(Node {
            name,
            namespace,
            attributes,
            children: Vec::new(),
            text: String::new(),
            prefixes,
            place,
        })
    }

    fn malformed(&self, from: usize, to: usize, why: &str) -> Box<Diagnostic> {
        let place = self.place(from, to);
        let help = "the schema must be well-formed before anything can be read from it";
        mistake(&place, &format!("not well-formed XML: {why}"), help)
    }

    /// Where a tag that never ends has a value that never ends: the quote that begins it.
    fn open_quote(&self, tag: usize) -> Option<usize> {
        let rest = self.text.get(tag..)?;
        let mut open: Option<(usize, char)> = None;
        for (at, character) in rest.char_indices() {
            match open {
                None if matches!(character, '"' | '\'') => open = Some((tag + at, character)),
                None if character == '>' => return None,
                Some((_, quote)) if character == quote => open = None,
                // No value of a schema holds a tag: the quote before it was meant to end earlier.
                Some((start, _)) if character == '<' => return Some(start),
                _ => {}
            }
        }
        open.map(|(start, _)| start)
    }

    /// A mistake in the attributes of a tag whose name begins at `tag`.
    fn malformed_attribute(&self, tag: usize, error: &AttrError) -> Box<Diagnostic> {
        let (at, message, help) = match error {
            AttrError::Duplicated(at, _) => {
                (*at, "the attribute is there twice", "remove one of them")
            }
            AttrError::ExpectedEq(at) | AttrError::ExpectedValue(at) => (
                *at,
                "an attribute without a value",
                "write `name=\"value\"`",
            ),
            AttrError::UnquotedValue(at) | AttrError::ExpectedQuote(at, _) => {
                (*at, "a value that is not quoted", "write `name=\"value\"`")
            }
        };
        mistake(&self.place(tag + at, tag + at + 1), message, help)
    }

    /// A mistake in the references of an attribute's value or of text.
    fn malformed_value(&self, from: usize, to: usize) -> Box<Diagnostic> {
        let text = self.text.get(from..to).unwrap_or("");
        let references = text.match_indices('&').map(|(at, _)| {
            let end = text
                .get(at..)
                .and_then(|rest| rest.find(';'))
                .map_or(at + 1, |length| at + length + 1);
            (at, end)
        });
        let wrong = |(at, end): &(usize, usize)| {
            quick_xml::escape::unescape(text.get(*at..*end).unwrap_or("&")).is_err()
        };
        let (at, end) = references
            .into_iter()
            .find(wrong)
            .unwrap_or((0, text.len()));
        let written = text.get(at..end).unwrap_or("");
        let help = "the entities are `&lt;`, `&gt;`, `&amp;`, `&quot;` and `&apos;`; a lone `&` is written `&amp;`";
        mistake(
            &self.place(from + at, from + end),
            &format!("`{written}` stands for nothing"),
            help,
        )
    }

    fn place(&self, from: usize, to: usize) -> Place {
        Place::of_span(self.path, self.text, from..to)
    }

    /// Where a slice of the text stands in it. Names and raw values are always slices of it.
    fn range(&self, slice: &str) -> (usize, usize) {
        let from = slice
            .as_ptr()
            .addr()
            .saturating_sub(self.text.as_ptr().addr())
            .min(self.text.len());
        (from, from + slice.len())
    }
}

fn mistake(place: &Place, message: &str, help: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(place, message).help(help))
}

/// The namespace of a prefix among declarations.
pub(crate) fn lookup<'a>(prefixes: &'a [(String, String)], prefix: &str) -> Option<&'a str> {
    prefixes
        .iter()
        .rev()
        .find(|(p, _)| p == prefix)
        .map(|(_, namespace)| namespace.as_str())
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
