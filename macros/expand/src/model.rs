//! What the expansion is told about a type: plain data, without a trace of how it was written.

use proc_macro2::{Ident, Span};
use syn::{Generics, Member, Path, Type};

pub use crate::field::{
    Any, Attribute, Child, ChildText, Extra, Flag, TextContent, Version, Wrapped,
};

/// One type to expand.
#[derive(Clone, Debug)]
pub struct Item {
    /// The name of the type.
    pub ident: Ident,
    /// Where the runtime is found, such as `::sestina::wire`.
    pub krate: Path,
    /// The name of the element. Without it the type is content that its parents name.
    pub name: Option<String>,
    /// The namespace of the element. Without it children are in the namespace of whatever element
    /// the content is found in.
    pub namespace: Option<Namespace>,
    /// Its parameters; each field that names one is bound by what its kind needs.
    pub generics: Generics,
    /// What the type is made of.
    pub shape: Shape,
    /// What does not fit a field counts as unknown instead of being an error; takes an `Extra` to keep it, and
    /// fields that may be absent.
    pub loose: bool,
}

/// How a Rust type maps to XML.
#[derive(Clone, Debug)]
pub enum Shape {
    /// An element with attributes and content.
    Struct(Vec<Field>),
    /// One of several elements.
    Choice(Choice),
    /// One element whose content depends on an attribute.
    ByAttribute(ByAttribute),
    /// One of several words, in an attribute or as text.
    TextEnum(TextEnum),
}

/// A namespace, as it was written.
#[derive(Clone, Debug)]
pub enum Namespace {
    /// `"urn:xmpp:ping"`.
    Literal(String),
    /// A constant, such as `ns::CLIENT`.
    Constant(Path),
}

/// One field of a struct.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name, or its place in a tuple struct.
    pub member: Member,
    /// The type as it is declared.
    pub declared: Type,
    /// The type without the container that [`Field::occurs`] stands for.
    pub ty: Type,
    /// How often it may be there.
    pub occurs: Occurs,
    /// What in the XML it holds.
    pub kind: FieldKind,
    /// What it is when the XML does not have it.
    pub absent: Absent,
}

/// How often a field's part of the XML may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurs {
    /// Exactly once: the field is a `T`.
    Once,
    /// Once or not at all: the field is an `Option<T>`.
    Optional,
    /// Any number of times: the field is a `Vec<T>`, or any list with `push`, `iter` and a default.
    Many,
}

/// What a field is when the XML does not have it.
#[derive(Clone, Debug)]
pub enum Absent {
    /// An error, unless [`Field::occurs`] allows it.
    Missing,
    /// `Default::default()`, which is then not written either.
    Default,
    /// The result of calling a function, which is then not written either.
    Function(Path),
}

/// What in the XML a field holds. Each kind is described, and expanded, in its own file.
#[derive(Clone, Debug)]
pub enum FieldKind {
    /// The value of an attribute.
    Attribute(Attribute),
    /// The text of the element itself.
    Text(TextContent),
    /// A child element with a type of its own.
    Child(Child),
    /// The text of a child element that has nothing else.
    ChildText(ChildText),
    /// The text of the children of a child element that has nothing else.
    Wrapped(Box<Wrapped>),
    /// Whether an empty child element is there.
    Flag(Flag),
    /// Which of its namespaces the element is in. The type then has no namespace of its own, so that children
    /// without one are in that of the element.
    Version(Version),
    /// Child elements that no other field takes, kept as they are.
    Any(Any),
    /// Attributes and child elements that no other field takes.
    Extra(Extra),
}

/// One of several elements.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The elements, in the order they are tried.
    pub variants: Vec<ChoiceVariant>,
    /// Whether elements without a namespace of their own are in that of the element around them, which the parent sees
    /// to (`Child::Following`). By itself the type writes them in the namespace of the item.
    pub follows: bool,
    /// The variant that keeps any other element as it is, a newtype of `AnyElement`.
    pub other: Option<Ident>,
}

/// One element of a choice.
#[derive(Clone, Debug)]
pub struct ChoiceVariant {
    /// The name of the variant.
    pub ident: Ident,
    /// What it holds.
    pub content: VariantContent,
}

/// What a variant of a choice holds.
#[derive(Clone, Debug)]
pub enum VariantContent {
    /// A type that knows its own element.
    Payload(Type),
    /// A type named here.
    Named {
        /// The type that holds the content.
        ty: Type,
        /// The name of the element.
        name: String,
        /// Its namespace, if it is not that of the choice.
        namespace: Option<Namespace>,
    },
    /// An element whose text is all there is to it.
    Text {
        /// The type of the text.
        ty: Type,
        /// Whether the text may be missing, so that the variant holds an `Option`.
        optional: bool,
        /// The name of the element.
        name: String,
        /// Its namespace, if it is not that of the choice.
        namespace: Option<Namespace>,
    },
    /// Nothing: an empty element.
    Empty {
        /// The name of the element.
        name: String,
        /// Its namespace, if it is not that of the choice.
        namespace: Option<Namespace>,
    },
}

/// One element whose content depends on an attribute.
#[derive(Clone, Debug)]
pub struct ByAttribute {
    /// The attribute that decides.
    pub attribute: String,
    /// Each variant with the value it stands for, and the type of its content unless there is none.
    pub variants: Vec<(Ident, String, Option<Type>)>,
    /// The variant that keeps an element with any other value as it is, a newtype of `AnyElement`.
    pub other: Option<Ident>,
}

/// One of several words.
#[derive(Clone, Debug)]
pub struct TextEnum {
    /// Each variant with the word it stands for.
    pub values: Vec<(Ident, String)>,
    /// The variant that keeps any other word, a newtype of `Text`.
    pub other: Option<Ident>,
}

impl Item {
    /// A struct with no fields yet.
    #[must_use]
    pub fn new(ident: &str, krate: Path, shape: Shape) -> Self {
        Self {
            ident: Ident::new(ident, Span::call_site()),
            krate,
            name: None,
            namespace: None,
            generics: Generics::default(),
            shape,
            loose: false,
        }
    }

    /// The place of the field that keeps what is unknown.
    pub(crate) fn extra(&self) -> Option<usize> {
        match &self.shape {
            Shape::Struct(fields) => fields
                .iter()
                .position(|field| matches!(field.kind, FieldKind::Extra(_))),
            _ => None,
        }
    }

    /// Names the element.
    #[must_use]
    pub fn named(mut self, name: &str, namespace: &str) -> Self {
        self.name = Some(name.to_owned());
        self.namespace = Some(Namespace::Literal(namespace.to_owned()));
        self
    }
}
