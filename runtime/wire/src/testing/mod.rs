//! Properties that every type keeps, as functions that generated tests and fuzzers call.
//!
//! A value of any type is written, read and found equal ([`Type::property`]); a damaged document is read or refused with
//! an error, and what was read survives being written ([`Type::document`]). The generator lists the types of a crate as
//! `testing::TYPES`, with a [`Sample`] for each.

mod damage;
mod sample;

use std::fmt::Debug;

pub use self::damage::damage;
pub use self::sample::{Sample, Source};
use crate::{AnyElement, DecodeError, ElementRef, Frame, Node, Payload};

/// A type of the crate, with its codec behind functions.
#[derive(Debug, Clone, Copy)]
pub struct Type {
    /// The path of the type below the root of its crate (`xep_0199::Ping`).
    pub path: &'static str,
    /// Local name of its element.
    pub name: &'static str,
    /// Namespace of its element.
    pub ns: &'static str,
    matches: fn(ElementRef<'_>) -> bool,
    rewrite: fn(ElementRef<'_>) -> Result<Rewritten, DecodeError>,
    sample: fn(&mut Source<'_>) -> Result<AnyElement, String>,
    survives: fn(ElementRef<'_>) -> Result<(), String>,
}

/// An element that was read and written back.
#[derive(Debug, Clone)]
pub struct Rewritten {
    /// What was written.
    pub element: AnyElement,
    /// Whether everything in the element had a place in its type, rather than among the unknown.
    pub complete: bool,
}

impl Type {
    /// The entry of a type.
    #[must_use]
    pub const fn of<T: Payload + Sample + PartialEq + Debug>(path: &'static str) -> Self {
        Self {
            path,
            name: T::NAME,
            ns: T::NS,
            matches: T::matches,
            rewrite: rewrite::<T>,
            sample: sample::<T>,
            survives: survives::<T>,
        }
    }

    /// Whether `el` is of this type.
    #[must_use]
    pub fn matches(&self, el: ElementRef<'_>) -> bool {
        (self.matches)(el)
    }

    /// Reads an element as this type and writes it back.
    ///
    /// # Errors
    /// When it does not fit the type.
    pub fn rewrite(&self, el: ElementRef<'_>) -> Result<Rewritten, DecodeError> {
        (self.rewrite)(el)
    }

    /// Makes a value, writes it, reads it and compares; answers what was written.
    ///
    /// # Errors
    /// In words, when something was lost on the way.
    pub fn property(&self, source: &mut Source<'_>) -> Result<AnyElement, String> {
        (self.sample)(source).map_err(|why| format!("{}: {why}", self.path))
    }

    /// Reads a document of whatever kind as this type. That it is refused is fine.
    ///
    /// # Errors
    /// In words, when what was read does not survive being written and read again.
    pub fn document(&self, text: &str) -> Result<(), String> {
        match Frame::parse(text) {
            Ok(frame) => {
                (self.survives)(frame.root()).map_err(|why| format!("{}: {why}", self.path))
            }
            Err(_) => Ok(()),
        }
    }
}

/// What any bytes have to keep to with any of these types: the target of fuzzers. The first two bytes choose the type,
/// the rest makes a value, and if it is text a document.
///
/// # Errors
/// In words, when a property does not hold.
pub fn fuzz(types: &[Type], bytes: &[u8]) -> Result<(), String> {
    let ([first, second, rest @ ..], false) = (bytes, types.is_empty()) else {
        return Ok(());
    };
    let number = usize::from(u16::from_be_bytes([*first, *second]));
    let Some(type_) = types.get(number % types.len()) else {
        return Ok(());
    };
    let mut source = Source::new(rest);
    let written = type_.property(&mut source)?;
    type_.document(&damage(&written.to_document(), &mut source))?;
    match std::str::from_utf8(rest) {
        Ok(text) => type_.document(text),
        Err(_) => Ok(()),
    }
}

/// What two documents must share: names, attributes in any order, text and children in their order.
#[must_use]
pub fn canonical(el: ElementRef<'_>) -> String {
    let mut attributes: Vec<String> = el
        .attrs()
        .map(|attr| format!("{{{}}}{}={:?}", attr.ns(), attr.name(), attr.value()))
        .collect();
    attributes.sort();
    let mut text = format!("<{{{}}}{} {}>", el.ns(), el.name(), attributes.join(" "));
    for node in el.nodes() {
        match node {
            Node::Element(child) => text.push_str(&canonical(child)),
            Node::Text(part) => text.push_str(&format!("{:?}", part.to_string())),
        }
    }
    text.push_str("</>");
    text
}

fn rewrite<T: Payload + Debug>(el: ElementRef<'_>) -> Result<Rewritten, DecodeError> {
    let value = T::read(el)?;
    Ok(Rewritten {
        complete: !format!("{value:?}").contains("Extra(Some"),
        element: value.to_any(),
    })
}

fn sample<T: Payload + Sample + PartialEq + Debug>(
    source: &mut Source<'_>,
) -> Result<AnyElement, String> {
    let value = T::sample(source);
    let written = value.to_any();
    same(&value, &written)?;
    Ok(written)
}

fn survives<T: Payload + PartialEq + Debug>(el: ElementRef<'_>) -> Result<(), String> {
    match T::read(el) {
        Ok(value) => same(&value, &value.to_any()),
        Err(_) => Ok(()),
    }
}

/// Whether what was written of a value is that value, and is written the same again.
fn same<T: Payload + PartialEq + Debug>(value: &T, written: &AnyElement) -> Result<(), String> {
    let document = written.to_document();
    let frame = Frame::parse(document.clone())
        .map_err(|error| format!("{value:?} is written as {document}, which is no XML: {error}"))?;
    let again = T::read(frame.root())
        .map_err(|error| format!("{value:?} is written as {document}, and refused: {error}"))?;
    if again != *value {
        return Err(format!(
            "{value:?} is written as {document}, and read as {again:?}"
        ));
    }
    let (first, second) = (canonical(frame.root()), canonical(again.to_any().root()));
    if first != second {
        return Err(format!("{document} is written back as {second}"));
    }
    Ok(())
}
