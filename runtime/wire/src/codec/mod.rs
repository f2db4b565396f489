//! How typed values are read from elements and written.

mod arrange;
mod extra;
mod failure;
mod version;

pub(crate) use self::arrange::{Arrangement, Original, spelled};
pub use self::extra::{Extra, ExtraAttribute};
pub use self::failure::{DecodeError, DecodeErrorKind};
pub use self::version::Version;
use crate::{AnyElement, ElementRef, Writer};

/// A list of values in a typed element. One value, which is what most lists hold, needs no allocation.
pub type List<T> = smallvec::SmallVec<[T; 1]>;

/// The content of an element that has no name of its own: what an XML Schema calls a complex type.
pub trait Content: Sized {
    /// Reads attributes, children and text of `el`; its name has been looked at already.
    ///
    /// # Errors
    /// When something required is missing or a value is not what its place requires.
    fn decode(el: ElementRef<'_>) -> Result<Self, DecodeError>;

    /// Writes an element of that name with this content.
    fn encode(&self, w: &mut Writer<'_>, name: &str, ns: &str);
}

/// An element with a name.
///
/// A choice between several elements implements this by hand or by derive: [`Payload::NAME`] is then the
/// first of them, and [`Payload::matches`], [`Payload::read`] and [`Payload::write`] know all.
pub trait Payload: Content {
    /// Local name.
    const NAME: &'static str;
    /// Namespace.
    const NS: &'static str;
    /// Every namespace of the element, the newest first: more than one where several versions share a type.
    const NAMESPACES: &'static [&'static str] = &[Self::NS];

    /// Whether `el` is such an element.
    fn matches(el: ElementRef<'_>) -> bool {
        el.is(Self::NAME, Self::NS)
    }

    /// Reads the element after a look at its name.
    ///
    /// # Errors
    /// When it is another element, or [`Content::decode`] fails.
    fn read(el: ElementRef<'_>) -> Result<Self, DecodeError> {
        if Self::matches(el) {
            Self::decode(el)
        } else {
            Err(DecodeError::wrong_element(el, Self::NAME, Self::NS))
        }
    }

    /// Writes the element.
    fn write(&self, w: &mut Writer<'_>) {
        self.encode(w, Self::NAME, Self::NS);
    }

    /// Whether the value is no more than the name of its element: what else an element holds is then not in it.
    fn is_bare(&self) -> bool {
        false
    }

    /// The element as an untyped one.
    fn to_any(&self) -> AnyElement {
        AnyElement::build(|w| self.write(w))
    }
}

impl<T: Content> Content for Box<T> {
    fn decode(el: ElementRef<'_>) -> Result<Self, DecodeError> {
        T::decode(el).map(Box::new)
    }

    fn encode(&self, w: &mut Writer<'_>, name: &str, ns: &str) {
        T::encode(self, w, name, ns);
    }
}

impl<T: Payload> Payload for Box<T> {
    const NAME: &'static str = T::NAME;
    const NS: &'static str = T::NS;
    const NAMESPACES: &'static [&'static str] = T::NAMESPACES;

    fn matches(el: ElementRef<'_>) -> bool {
        T::matches(el)
    }

    fn read(el: ElementRef<'_>) -> Result<Self, DecodeError> {
        T::read(el).map(Box::new)
    }

    fn write(&self, w: &mut Writer<'_>) {
        T::write(self, w);
    }

    fn is_bare(&self) -> bool {
        T::is_bare(self)
    }
}
