//! The XML documents in the text of an example.

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;

/// Prefixes that examples use as everybody knows what they mean.
const KNOWN: &[(&str, &str)] = &[
    ("stream", "http://etherx.jabber.org/streams"),
    ("db", "jabber:server:dialback"),
];

/// Every complete element in the text, as a document of its own, and why the rest is none.
pub(super) fn documents(text: &str) -> (Vec<String>, Vec<String>) {
    let mut documents = Vec::new();
    let mut troubles = Vec::new();
    let mut at = 0;
    while let Some(start) = next_element(text, at) {
        let rest = text.get(start..).unwrap_or("");
        match element(rest) {
            Ok((document, length)) => {
                documents.push(document);
                at = start + length;
            }
            // The start tag of a stream is never closed; what follows it stands for itself.
            Err(_) if rest.starts_with("<stream:stream") => {
                let end = rest.find('>').unwrap_or(rest.len());
                troubles.push("the start tag of a stream".to_owned());
                at = start + end;
            }
            Err(why) => {
                troubles.push(why);
                return (documents, troubles);
            }
        }
    }
    if documents.is_empty() && troubles.is_empty() {
        troubles.push("no element in it".to_owned());
    }
    (documents, troubles)
}

/// Where the next start tag stands.
fn next_element(text: &str, mut at: usize) -> Option<usize> {
    loop {
        let start = at + text.get(at..)?.find('<')?;
        let rest = text.get(start + 1..)?;
        if rest.starts_with("!--") {
            at = start + text.get(start..)?.find("-->")?;
            continue;
        }
        if rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return Some(start);
        }
        at = start + 1;
    }
}

/// One element from the beginning of the text: the document, and how much of the text it is.
fn element(text: &str) -> Result<(String, usize), String> {
    let mut reader = NsReader::from_str(text);
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut unbound: Vec<String> = Vec::new();
    let mut root = None;
    loop {
        let before = position(reader.buffer_position());
        let event = reader
            .read_event()
            .map_err(|error| format!("not well-formed: {error}"))?;
        let after = position(reader.buffer_position());
        let slice = text.get(before..after).unwrap_or("");
        match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                for attribute in tag.attributes() {
                    let attribute =
                        attribute.map_err(|error| format!("not well-formed: {error}"))?;
                    if !stands_apart(text, attribute.key.as_ref()) {
                        return Err("not well-formed: no space between attributes".to_owned());
                    }
                    quick_xml::escape::unescape(&attribute.value)
                        .map_err(|error| format!("not well-formed: {error}"))?;
                    if let (ResolveResult::Unknown(prefix), _) =
                        reader.resolver().resolve_attribute(attribute.key)
                    {
                        unbound.push(prefix.to_owned());
                    }
                }
                if let (ResolveResult::Unknown(prefix), _) =
                    reader.resolver().resolve_element(tag.name())
                {
                    unbound.push(prefix.to_owned());
                }
                if root.is_none() {
                    let name = tag.name().as_ref().to_owned();
                    let declared = tag
                        .attributes()
                        .flatten()
                        .any(|a| a.key.as_ref() == "xmlns");
                    root = Some((name.len() + 1, name, declared));
                }
                out.push_str(slice);
                if matches!(event, Event::Start(_)) {
                    depth += 1;
                }
            }
            Event::End(_) => {
                out.push_str(slice);
                depth = depth.saturating_sub(1);
            }
            Event::Text(_) | Event::CData(_) => out.push_str(slice),
            Event::GeneralRef(_) => {
                quick_xml::escape::unescape(slice)
                    .map_err(|error| format!("not well-formed: {error}"))?;
                out.push_str(slice);
            }
            // XMPP forbids them, and they mean nothing.
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => return Err("an element that is never closed".to_owned()),
            Event::Decl(_) | Event::DocType(_) => {
                return Err("a declaration inside an element".to_owned());
            }
        }
        if depth == 0 {
            let (place, name, declared) = root.unwrap_or_default();
            let mut declarations = String::new();
            if !declared && matches!(name.as_str(), "message" | "presence" | "iq") {
                declarations.push_str(" xmlns='jabber:client'");
            }
            unbound.sort();
            unbound.dedup();
            for prefix in unbound {
                let known = KNOWN.iter().find(|(known, _)| *known == prefix);
                let (prefix, namespace) =
                    known.ok_or_else(|| format!("the prefix `{prefix}` is not declared"))?;
                declarations.push_str(&format!(" xmlns:{prefix}='{namespace}'"));
            }
            out.insert_str(place.min(out.len()), &declarations);
            out.push('\n');
            return Ok((out, after));
        }
    }
}

/// Whether there is white space before the name of an attribute, a slice of `text`; the reader asks for none.
fn stands_apart(text: &str, name: &str) -> bool {
    let at = name.as_ptr().addr().checked_sub(text.as_ptr().addr());
    let before = at.and_then(|at| text.get(..at));
    before.is_none_or(|before| before.ends_with(char::is_whitespace))
}

fn position(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
