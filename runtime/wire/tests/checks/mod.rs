//! What must hold for any bytes at all. The tests and the fuzz targets share this.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used
)]

use std::borrow::Cow;
use std::fmt::Write as _;

use quick_xml::NsReader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event as Token};
use quick_xml::name::ResolveResult;
use sestina_wire::{
    AnyElement, ElementRef, Event, Frame, Jid, Limits, Node, ReadErrorKind, Reader, Stanza, Writer,
    ns,
};

/// An element in a form that two parsers can agree on.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    name: (String, String),
    attributes: Vec<(String, String, String)>,
    children: Vec<Inside>,
}

#[derive(Debug, Clone, PartialEq)]
enum Inside {
    Element(Tree),
    Text(String),
}

/// The element as this crate sees it.
pub fn ours(el: ElementRef<'_>) -> Tree {
    let mut attributes: Vec<_> = el
        .attrs()
        .map(|attr| {
            (
                attr.ns().to_owned(),
                attr.name().to_owned(),
                attr.value().to_string(),
            )
        })
        .collect();
    attributes.sort();
    let children = el.nodes().map(|node| match node {
        Node::Element(child) => Inside::Element(ours(child)),
        Node::Text(text) => Inside::Text(text.into_owned()),
    });
    Tree {
        name: (el.ns().to_owned(), el.name().to_owned()),
        attributes,
        children: children.collect(),
    }
}

/// The root of the document as two other parsers see it: quick-xml and roxmltree, which share nothing.
pub fn theirs(document: &str) -> Result<Tree, String> {
    let mut complete = Vec::new();
    read(document, 0, &mut complete)?;
    let tree = complete
        .pop()
        .ok_or_else(|| "the document has no root".to_owned())?;
    let other = roxmltree::Document::parse(document).map_err(|error| error.to_string())?;
    let other = roxml(other.root_element());
    if other == tree || misleads(&tree) {
        Ok(tree)
    } else {
        Err(format!("quick-xml sees {tree:?}, and roxmltree {other:?}"))
    }
}

/// Whether something in it is called `xml:xmlns` or the like: roxmltree takes that for a declaration.
fn misleads(tree: &Tree) -> bool {
    tree.attributes.iter().any(|(_, name, _)| name == "xmlns")
        || tree.children.iter().any(|child| match child {
            Inside::Element(inner) => misleads(inner),
            Inside::Text(_) => false,
        })
}

/// The element as roxmltree sees it.
fn roxml(node: roxmltree::Node<'_, '_>) -> Tree {
    let name = node.tag_name();
    let mut attributes: Vec<_> = node
        .attributes()
        .map(|attribute| {
            let ns = attribute.namespace().unwrap_or_default();
            let (name, value) = (attribute.name(), attribute.value());
            (ns.to_owned(), name.to_owned(), value.to_owned())
        })
        .collect();
    attributes.sort();
    let mut tree = Tree {
        name: (
            name.namespace().unwrap_or_default().to_owned(),
            name.name().to_owned(),
        ),
        attributes,
        children: Vec::new(),
    };
    for child in node.children() {
        if child.is_element() {
            tree.children.push(Inside::Element(roxml(child)));
        } else if let Some(text) = child.text().filter(|_| child.is_text()) {
            push_text(std::slice::from_mut(&mut tree), text);
        }
    }
    tree
}

/// The complete elements inside the root as quick-xml sees them, up to where it finds a mistake.
fn theirs_inside(stream: &str) -> Vec<Tree> {
    let mut complete = Vec::new();
    let _ = read(stream, 1, &mut complete);
    complete
}

/// Collects the elements at a depth.
fn read(document: &str, depth: usize, complete: &mut Vec<Tree>) -> Result<(), String> {
    let mut reader = NsReader::from_str(document);
    reader.resolver_mut().set_max_namespace_bindings(1 << 20);
    let mut open: Vec<Tree> = Vec::new();
    loop {
        let token = reader.read_event().map_err(|error| error.to_string())?;
        let closed = match &token {
            Token::Start(start) => {
                open.push(begin(&reader, start)?);
                None
            }
            Token::Empty(start) => Some(begin(&reader, start)?),
            Token::End(_) => open.pop(),
            Token::Text(text) => {
                push_text(&mut open, &text.xml10_content());
                None
            }
            Token::CData(text) => {
                push_text(&mut open, &text.xml10_content());
                None
            }
            Token::GeneralRef(reference) => {
                let text = unescape(&format!("&{};", &**reference))
                    .map_err(|error| error.to_string())?
                    .into_owned();
                push_text(&mut open, &text);
                None
            }
            Token::Decl(_) => None,
            Token::Eof => return Ok(()),
            other => return Err(format!("unexpected {other:?}")),
        };
        if let Some(closed) = closed {
            if open.len() == depth {
                complete.push(closed);
            } else if let Some(parent) = open.last_mut() {
                parent.children.push(Inside::Element(closed));
            }
            if open.is_empty() {
                return Ok(());
            }
        }
    }
}

fn push_text(open: &mut [Tree], text: &str) {
    let Some(parent) = open.last_mut() else {
        return;
    };
    match parent.children.last_mut() {
        Some(Inside::Text(before)) => before.push_str(text),
        _ if text.is_empty() => {}
        _ => parent.children.push(Inside::Text(text.to_owned())),
    }
}

fn begin(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Tree, String> {
    let bound = |result: ResolveResult<'_>| match result {
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Bound(ns) => Ok(value(ns.into_inner())?.into_owned()),
        ResolveResult::Unknown(prefix) => Err(format!("unknown prefix {prefix:?}")),
    };
    let (ns, name) = reader.resolver().resolve_element(start.name());
    let name = (bound(ns)?, name.into_inner().to_owned());
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (ns, name) = reader.resolver().resolve_attribute(attribute.key);
        attributes.push((
            bound(ns)?,
            name.into_inner().to_owned(),
            value(&attribute.value)?.into_owned(),
        ));
    }
    attributes.sort();
    Ok(Tree {
        name,
        attributes,
        children: Vec::new(),
    })
}

/// An attribute value as XML §3.3.3 has it.
fn value(raw: &str) -> Result<Cow<'_, str>, String> {
    let blanks = raw.replace("\r\n", " ").replace(['\r', '\n', '\t'], " ");
    unescape(&blanks)
        .map(|value| Cow::Owned(value.into_owned()))
        .map_err(|error| error.to_string())
}

/// The same with one name for all content namespaces.
fn without_content(mut tree: Tree) -> Tree {
    let unify = |name: &mut String| {
        if ns::is_content(name) {
            *name = "content".to_owned();
        }
    };
    unify(&mut tree.name.0);
    tree.attributes.iter_mut().for_each(|(ns, ..)| unify(ns));
    tree.attributes.sort();
    for child in &mut tree.children {
        if let Inside::Element(inner) = child {
            *inner = without_content(inner.clone());
        }
    }
    tree
}

/// A frame's own text read by quick-xml where the default namespace is `jabber:client`.
fn theirs_in_client(text: &str) -> Result<Tree, String> {
    let around = theirs(&format!("<around xmlns='jabber:client'>{text}</around>"))?;
    match around.children.as_slice() {
        [Inside::Element(tree)] => Ok(tree.clone()),
        _ => Err("not one element".to_owned()),
    }
}

/// Everything a reader says about the bytes, cut as the lengths say.
fn events(
    data: &[u8],
    lengths: impl IntoIterator<Item = usize>,
    limits: Limits,
) -> (Vec<Event>, Option<ReadErrorKind>) {
    let mut reader = Reader::new(limits);
    let mut events = Vec::new();
    let mut rest = data;
    let mut lengths = lengths.into_iter();
    while !rest.is_empty() {
        let length = lengths.next().unwrap_or(rest.len()).clamp(1, rest.len());
        let (piece, after) = rest.split_at(length);
        rest = after;
        reader.push(piece);
        loop {
            match reader.next() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(reader.next().unwrap_err(), error, "an error stays");
                    let stream_error = error.stream_error();
                    assert!(!stream_error.condition.as_str().is_empty());
                    return (events, Some(error.kind()));
                }
            }
        }
    }
    (events, None)
}

fn describe(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        writeln!(text, "{event:?}").expect("memory takes it");
    }
    text
}

/// Small enough that a fuzzer meets them.
const LIMITS: Limits = Limits {
    stanza_bytes: 8192,
    depth: 12,
    attributes: 12,
    name_bytes: 64,
    elements: 200,
};

/// Checks what the reader makes of any bytes.
pub fn reader(data: &[u8]) {
    let (whole, error) = events(data, [], LIMITS);
    let seed = data.iter().fold(0u64, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(u64::from(*byte))
    });
    let random = {
        let mut state = seed | 1;
        std::iter::repeat_with(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % 17 + 1
        })
    };
    for (cut, cut_error) in [
        events(data, random, LIMITS),
        events(data, std::iter::repeat(1), LIMITS),
    ] {
        assert_eq!(
            describe(&cut),
            describe(&whole),
            "events depend on how the bytes are cut"
        );
        assert_eq!(
            cut_error.is_some(),
            error.is_some(),
            "errors depend on how the bytes are cut: {cut_error:?} {error:?}"
        );
    }
    // What quick-xml makes of the bytes as they came, before anything is written anew.
    let text = String::from_utf8_lossy(data);
    let mut original = theirs_inside(text.trim_start_matches('\u{FEFF}').trim_start()).into_iter();
    let mut content_ns = "";
    for event in &whole {
        match event {
            Event::Open(header) => {
                content_ns = match header.content_ns.as_str() {
                    ns::CLIENT => ns::CLIENT,
                    ns::SERVER => ns::SERVER,
                    ns::COMPONENT => ns::COMPONENT,
                    other => panic!("content namespace {other:?}"),
                }
            }
            Event::Element(frame) => {
                let original = original.next().map(without_content);
                assert_eq!(
                    original,
                    Some(without_content(ours(frame.root()))),
                    "quick-xml sees another stream in {text}"
                );
                element(frame, content_ns);
            }
            Event::Close => {}
        }
    }
    document(data);
}

/// Checks a frame that the reader let through.
fn element(frame: &Frame, content_ns: &str) {
    let text = frame.as_str();
    let tree = ours(frame.root());
    assert_eq!(
        theirs_in_client(text).as_ref(),
        Ok(&tree),
        "quick-xml sees another element in {text}"
    );
    let again = Frame::parse_in(text, ns::CLIENT).expect("what was accepted is accepted again");
    assert_eq!(
        again.as_str(),
        text,
        "what was written anew is in normal form"
    );
    assert_eq!(ours(again.root()), tree);
    let mut compact = frame.clone();
    compact.compact();
    assert_eq!(ours(compact.root()), tree);

    // On its own, each element of the tree says what it says inside.
    let mut stack = vec![frame.root()];
    while let Some(el) = stack.pop() {
        let text = el
            .nodes()
            .filter_map(|node| {
                if let Node::Text(text) = node {
                    Some(text)
                } else {
                    None
                }
            })
            .collect::<String>();
        assert_eq!(el.text(), text);
        assert!(
            el.has_text() || text.trim_matches([' ', '\t', '\n', '\r']).is_empty(),
            "has_text() misses {text:?}"
        );
        let any = el.to_any();
        let document = any.to_document();
        let again = AnyElement::parse(document.clone()).expect("what is written can be read");
        assert_eq!(ours(again.root()), ours(el), "{document}");
        assert_eq!(theirs(&document).as_ref(), Ok(&ours(el)), "{document}");
        assert_eq!(any, again);
        assert_eq!(any.detach(), any);
        stack.extend(el.children());
    }

    let Ok(stanza) = Stanza::from_frame(frame.clone()) else {
        return;
    };
    let mut out = Vec::new();
    stanza.write(&mut out, content_ns);
    let mut reader = Reader::inside(Limits::from_own_server(), content_ns);
    reader.push(&out);
    let Ok(Some(Event::Element(back))) = reader.next() else {
        panic!("a stanza that was written is not read")
    };
    assert_eq!(back.bytes(), out, "a stanza is written in normal form");
    let back = Stanza::from_frame(back).expect("a stanza stays one");
    assert_eq!(back, stanza);
    let text = String::from_utf8(out).expect("UTF-8");
    assert_eq!(
        theirs_in_client(&text).as_ref(),
        Ok(&ours(stanza.to_any().root())),
        "quick-xml sees another stanza in {text}"
    );
    let mut compact = stanza.clone();
    compact.compact();
    assert_eq!(compact, stanza);
}

/// Checks bytes as a document of their own.
fn document(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(frame) = Frame::parse(text) else {
        return;
    };
    let tree = ours(frame.root());
    assert_eq!(
        theirs(text.trim_start_matches('\u{FEFF}')).as_ref(),
        Ok(&tree),
        "quick-xml sees another document in {text}"
    );
    let mut out = Vec::new();
    Writer::new(&mut out, "").element(frame.root());
    assert_eq!(
        theirs(&String::from_utf8(out).expect("UTF-8")).as_ref(),
        Ok(&tree)
    );
}

/// Checks what becomes of any bytes as an address.
pub fn jid(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(jid) = Jid::parse(text) else { return };
    let again = Jid::parse(jid.as_str()).expect("a normal form is an address");
    assert_eq!(again, jid, "a normal form is stable");
    assert_eq!(
        (again.local(), again.domain(), again.resource()),
        (jid.local(), jid.domain(), jid.resource())
    );
    assert!(jid.as_str().len() <= 3 * 1023 + 2);
    assert!(!jid.domain().is_empty());
    let bare = jid.to_bare();
    assert_eq!(jid.bare_str(), bare.as_str());
    match jid.resource() {
        Some(resource) => assert_eq!(bare.with_resource(resource).expect("its own resource"), jid),
        None => assert_eq!(bare, jid),
    }
    if let Some(local) = jid.local() {
        assert!(!local.contains(['"', '&', '\'', '/', ':', '<', '>', '@']));
    }
}

/// How many elements a reader finds in the bytes.
pub fn elements(data: &[u8]) -> usize {
    events(data, [], LIMITS)
        .0
        .iter()
        .filter(|event| matches!(event, Event::Element(_)))
        .count()
}
