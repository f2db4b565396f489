//! What expanded codecs call, so that it is compiled once and not in every type.
//!
//! Not meant to be called by hand, and free to change with the expansion.

use crate::{
    AnyElement, Attr, DecodeError, ElementRef, Extra, FromText, Node, Text, TextWriter, ToText,
    ValueError, Writer,
};

/// The value of an attribute that must be there.
///
/// # Errors
/// When it was not.
pub fn need_attribute<T>(
    value: Option<T>,
    el: ElementRef<'_>,
    name: &str,
) -> Result<T, DecodeError> {
    match value {
        Some(value) => Ok(value),
        None => Err(DecodeError::missing_attribute(el, name)),
    }
}

/// A child that must be there.
///
/// # Errors
/// When it was not.
pub fn need_child<T>(value: Option<T>, el: ElementRef<'_>, name: &str) -> Result<T, DecodeError> {
    match value {
        Some(value) => Ok(value),
        None => Err(DecodeError::missing_child(el, name)),
    }
}

/// Keeps all attributes of an element whose type knows none.
pub fn keep_attributes(extra: &mut Extra, el: ElementRef<'_>) {
    for attr in el.attrs() {
        extra.push_attr(attr);
    }
}

/// Keeps all children of an element whose type knows none.
pub fn keep_children(extra: &mut Extra, el: ElementRef<'_>) {
    for child in el.children() {
        extra.push_element(child);
    }
}

/// The value of an attribute through a codec of the field's own.
///
/// # Errors
/// When it is not what the codec reads.
pub fn attribute_with<T>(
    el: ElementRef<'_>,
    attr: Attr<'_>,
    from_text: fn(Text) -> Result<T, ValueError>,
) -> Result<T, DecodeError> {
    from_text(attr.value()).map_err(|error| DecodeError::invalid_attribute(el, attr.name(), error))
}

/// The text of an element that may have none.
///
/// # Errors
/// When there is text, and it is not such a value.
pub fn text_opt<T: FromText>(el: ElementRef<'_>) -> Result<Option<T>, DecodeError> {
    text_opt_with(el, T::from_text)
}

/// The text of an element through a codec of the field's own.
///
/// # Errors
/// When it is not what the codec reads.
pub fn text_with<T>(
    el: ElementRef<'_>,
    from_text: fn(Text) -> Result<T, ValueError>,
) -> Result<T, DecodeError> {
    from_text(el.text()).map_err(|error| DecodeError::invalid_text(el, error))
}

/// The text of an element that may have none, through a codec of the field's own.
///
/// # Errors
/// When there is text, and it is not what the codec reads.
pub fn text_opt_with<T>(
    el: ElementRef<'_>,
    from_text: fn(Text) -> Result<T, ValueError>,
) -> Result<Option<T>, DecodeError> {
    let text = el.text();
    if text.is_empty() {
        return Ok(None);
    }
    match from_text(text) {
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(DecodeError::invalid_text(el, error)),
    }
}

/// Writes an element with one more attribute, which comes first; one of its own with that name gives way.
pub fn with_attribute(w: &mut Writer<'_>, name: &str, value: &str, element: AnyElement) {
    let element = element.root();
    w.start(element.name(), element.ns());
    w.attr(name, value);
    for attr in element.attrs() {
        if attr.key() != Some(name) {
            w.attr_ns(attr.name(), attr.ns(), attr.value_str());
        }
    }
    for node in element.nodes() {
        match node {
            Node::Element(child) => w.element(child),
            Node::Text(text) => w.text(text),
        }
    }
    w.end(element.name());
}

/// A word that is none of those a closed enumeration knows.
#[cold]
pub fn unknown_word(known: &[&str]) -> ValueError {
    ValueError::new(format!("one of `{}`", known.join("`, `")))
}

/// A value that a codec of the field's own writes.
pub struct With<'a, T: ?Sized, F: Fn(&T, &mut TextWriter<'_>)>(pub &'a T, pub F);

impl<T: ?Sized, F: Fn(&T, &mut TextWriter<'_>)> ToText for With<'_, T, F> {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        (self.1)(self.0, out);
    }
}
