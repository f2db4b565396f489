//! Documents with something wrong in them.

use super::Source;
use crate::{ElementRef, Frame};

/// Damages a document in one to four ways: mostly so that it stays XML, sometimes not.
#[must_use]
pub fn damage(document: &str, source: &mut Source<'_>) -> String {
    let mut text = document.to_owned();
    for _ in 0..=source.below(4) {
        text = match source.below(8) {
            0 => letters(&text, source),
            1..=3 => attribute(&text, source).unwrap_or(text),
            _ => element(&text, source).unwrap_or(text),
        };
    }
    text
}

/// Values that fit few types.
const JUNK: &[&str] = &[
    "",
    "x",
    "-1",
    "99999999999999999999",
    "true",
    " 7 ",
    "é@é/é",
    "2026-02-31T00:00:00Z",
    "=A==",
    "&lt;",
];

/// Some letters cut out or replaced.
fn letters(text: &str, source: &mut Source<'_>) -> String {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let mut place = || {
        let at = source.below(places.len());
        places.get(at).copied().unwrap_or(0)
    };
    let (a, b) = (place(), place());
    let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 12));
    let to = places
        .iter()
        .copied()
        .find(|at| *at >= to)
        .unwrap_or(text.len());
    let put = source.one_of(&[
        "", "<", ">", "&", "'", "\"", "/", " ", "\u{0}", "é", "xmlns=''",
    ]);
    format!(
        "{}{put}{}",
        text.get(..from).unwrap_or_default(),
        text.get(to..).unwrap_or_default()
    )
}

/// An attribute taken away, renamed, or with another value.
fn attribute(text: &str, source: &mut Source<'_>) -> Option<String> {
    // A value begins behind `='` or `="`; the quotes in texts are harmless.
    let starts: Vec<usize> = text
        .match_indices("='")
        .chain(text.match_indices("=\""))
        .map(|(at, _)| at)
        .collect();
    let equals = *starts.get(source.below(starts.len()))?;
    let quote = text.get(equals + 1..equals + 2)?;
    let length = text.get(equals + 2..)?.find(quote)?;
    let name = text.get(..equals)?.rfind(' ')?;
    let (before, after) = (text.get(..name)?, text.get(equals + 3 + length..)?);
    Some(match source.below(4) {
        0 => format!("{before}{after}"),
        1 => format!(
            "{before} x-other{}{after}",
            text.get(equals..equals + 3 + length)?
        ),
        _ => {
            let junk = source.one_of(JUNK);
            format!(
                "{}{junk}{}",
                text.get(..equals + 2)?,
                text.get(equals + 2 + length..)?
            )
        }
    })
}

/// An element taken away, doubled, emptied, or with another text.
fn element(text: &str, source: &mut Source<'_>) -> Option<String> {
    let frame = Frame::parse(text).ok()?;
    let mut all = Vec::new();
    gather(frame.root(), &mut all);
    let el = *all.get(source.below(all.len()))?;
    let old = el.as_str();
    let end = old.find('>')? + 1;
    let new = match source.below(5) {
        0 => String::new(),
        1 => format!("{old}{old}"),
        2 => "<x-other xmlns='urn:example:unknown'>&lt;<y/></x-other>".to_owned(),
        _ if old.ends_with("/>") => return None,
        choice => {
            let close = old.rfind("</")?;
            let junk = if choice == 3 { "" } else { source.one_of(JUNK) };
            format!("{}{junk}{}", old.get(..end)?, old.get(close..)?)
        }
    };
    Some(frame.as_str().replacen(old, &new, 1))
}

fn gather<'a>(el: ElementRef<'a>, all: &mut Vec<ElementRef<'a>>) {
    for child in el.children() {
        all.push(child);
        gather(child, all);
    }
}
