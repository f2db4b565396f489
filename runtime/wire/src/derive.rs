//! What expanded codecs call, so that it is compiled once and not in every type.
//!
//! Not meant to be called by hand, and free to change with the expansion.

use crate::codec::{Arrangement, Original, spelled};
use crate::{
    AnyElement, Attr, DecodeError, ElementRef, Extra, FromText, Node, Payload, Text, TextWriter,
    ToText, ValueError, Writer,
};

/// Watches whether the content of an element comes in the order of its type's fields, and whether they keep all of it.
///
/// It is a number and a list that stays empty; only where the answer is no does [`Order::finish`] take memory.
#[derive(Default)]
pub struct Order {
    last: u16,
    odd: bool,
    originals: Vec<Original>,
    canonical: Option<Text>,
}

impl Order {
    /// The next child went to this field.
    #[inline]
    pub fn see(&mut self, field: u16) {
        self.odd |= field < self.last;
        self.last = field;
    }

    /// The text of a child, of which the type keeps nothing else.
    ///
    /// # Errors
    /// When the text is not such a value.
    #[inline]
    pub fn text<T: FromText>(&mut self, child: ElementRef<'_>) -> Result<T, DecodeError> {
        if child.attrs().len() != 0 || child.has_children() {
            self.keep(child, child.text());
        }
        child.decode_text()
    }

    /// The text of a child, where a value that does not fit makes the child an unknown one.
    pub fn loose_text<T: FromText + ToText>(&mut self, child: ElementRef<'_>) -> Option<T> {
        let text = child.text();
        let value = T::from_text(text.clone()).ok()?;
        match written(&value).filter(|written| *written != text) {
            Some(written) => self.keep(child, written),
            None if child.attrs().len() != 0 || child.has_children() => self.keep(child, text),
            None => {}
        }
        Some(value)
    }

    /// The text of the element itself, where one that does not fit is kept as it is.
    pub fn loose_own_text<T: FromText + ToText>(&mut self, el: ElementRef<'_>) -> Option<T> {
        let text = el.text();
        if text.is_empty() {
            return None;
        }
        let value = T::from_text(text.clone()).ok()?;
        self.canonical = written(&value).filter(|written| *written != text);
        self.odd |= self.canonical.is_some();
        Some(value)
    }

    /// A wrapper, of which the type keeps the text of those children alone that have this name.
    fn wrapper(&mut self, wrapper: ElementRef<'_>, name: &str, ns: &str, most: usize) {
        let plain = |child: ElementRef<'_>| {
            child.is(name, ns) && child.attrs().len() == 0 && !child.has_children()
        };
        if wrapper.attrs().len() == 0
            && !wrapper.has_text()
            && wrapper.children().count() <= most
            && wrapper.children().all(plain)
        {
            return;
        }
        let kept = wrapper.children().filter(|child| child.is(name, ns));
        self.keep(wrapper, spelled(kept.take(most)));
    }

    /// A child of which the type keeps nothing but that it was there.
    #[inline]
    pub fn flag(&mut self, child: ElementRef<'_>) -> bool {
        if child.attrs().len() != 0 || !child.is_empty() {
            self.keep(child, Text::default());
        }
        true
    }

    /// A child with a type of its own, which may be no more than its name.
    #[inline]
    pub fn payload<T: Payload>(&mut self, child: ElementRef<'_>, value: T) -> T {
        if value.is_bare() && (child.attrs().len() != 0 || !child.is_empty()) {
            self.keep(child, Text::default());
        }
        value
    }

    /// Keeps the child as it came, because its field holds less of it and will write this text alone.
    #[cold]
    fn keep(&mut self, child: ElementRef<'_>, written: Text) {
        self.odd = true;
        self.originals.push(Original {
            element: child.to_any(),
            written,
        });
    }

    /// After all fields: keeps how the element was arranged, if the fields alone do not tell.
    #[inline]
    pub fn finish(self, extra: &mut Extra, el: ElementRef<'_>, typed_text: bool) {
        let text = if el.has_children() {
            el.has_text()
        } else {
            !typed_text && !el.is_empty()
        };
        if self.odd || text {
            self.arrange(extra, el, typed_text);
        }
    }

    #[cold]
    fn arrange(mut self, extra: &mut Extra, el: ElementRef<'_>, typed_text: bool) {
        extra.keep(|unknown| {
            Arrangement::of(
                el,
                unknown,
                &mut self.originals,
                typed_text,
                self.canonical.take(),
            )
        });
    }
}

/// The values in a wrapper.
///
/// # Errors
/// When one of them is not such a value.
pub fn unwrap_list<T: FromText, L: FromIterator<T>>(
    order: Option<&mut Order>,
    wrapper: ElementRef<'_>,
    name: &str,
    ns: &str,
) -> Result<L, DecodeError> {
    if let Some(order) = order {
        order.wrapper(wrapper, name, ns, usize::MAX);
    }
    let values = wrapper.children().filter(|child| child.is(name, ns));
    values.map(|child| child.decode_text()).collect()
}

/// The one value in a wrapper.
///
/// # Errors
/// When it is not there, or not such a value.
pub fn unwrap_one<T: FromText>(
    order: Option<&mut Order>,
    wrapper: ElementRef<'_>,
    name: &str,
    ns: &str,
) -> Result<T, DecodeError> {
    if let Some(order) = order {
        order.wrapper(wrapper, name, ns, 1);
    }
    match wrapper.children().find(|child| child.is(name, ns)) {
        Some(child) => child.decode_text(),
        None => Err(DecodeError::missing_child(wrapper, name)),
    }
}

/// How a value is written, if that can be otherwise than it was read.
fn written<T: FromText + ToText>(value: &T) -> Option<Text> {
    (!T::VERBATIM).then(|| value.to_text_value())
}

/// The value of an attribute, where one that does not fit is kept as it is.
pub fn loose_attribute<T: FromText + ToText>(extra: &mut Extra, attr: Attr<'_>) -> Option<T> {
    let text = attr.value();
    let Ok(value) = T::from_text(text.clone()) else {
        extra.push_attr(attr);
        return None;
    };
    if let Some(written) = written(&value).filter(|written| *written != text) {
        extra.keep_spelling(attr, written, text);
    }
    Some(value)
}

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
