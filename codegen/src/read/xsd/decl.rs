//! What a schema declares, resolved and with places, but still in the words of XML: no Rust names, no
//! refinements.

use crate::model::Place;

/// A name and its namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Name {
    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// All of a schema.
#[derive(Debug)]
pub(crate) struct SchemaDecl {
    pub(crate) elements: Vec<ElementDecl>,
    /// Named complex types.
    pub(crate) types: Vec<TypeDecl>,
    pub(crate) doc: String,
    pub(crate) place: Place,
}

/// A named complex type.
#[derive(Debug, Clone)]
pub(crate) struct TypeDecl {
    pub(crate) name: Name,
    pub(crate) complex: Complex,
    pub(crate) doc: String,
    pub(crate) place: Place,
}

/// An element.
#[derive(Debug, Clone)]
pub(crate) struct ElementDecl {
    pub(crate) name: Name,
    pub(crate) content: Content,
    pub(crate) default: Option<String>,
    pub(crate) fixed: Option<String>,
    pub(crate) doc: String,
    /// Its name.
    pub(crate) place: Place,
}

/// What an element holds.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Text alone, and no attributes.
    Simple(Simple),
    /// A type of its own.
    Complex(Box<Complex>),
    /// A named complex type.
    Named(Name),
}

impl Content {
    /// Neither attributes nor content.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Simple(simple) => matches!(simple, Simple::Empty),
            Self::Complex(complex) => {
                complex.attributes.is_empty()
                    && complex.text.is_none()
                    && complex.particles.is_empty()
            }
            Self::Named(_) => false,
        }
    }
}

/// Attributes, text and children.
#[derive(Debug, Clone, Default)]
pub(crate) struct Complex {
    pub(crate) attributes: Vec<AttributeDecl>,
    pub(crate) text: Option<Simple>,
    pub(crate) particles: Vec<Particle>,
}

/// An attribute.
#[derive(Debug, Clone)]
pub(crate) struct AttributeDecl {
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) required: bool,
    pub(crate) simple: Simple,
    pub(crate) default: Option<String>,
    pub(crate) fixed: Option<String>,
    pub(crate) doc: String,
    pub(crate) place: Place,
}

/// Part of a content model.
#[derive(Debug, Clone)]
pub(crate) struct Particle {
    pub(crate) min: usize,
    /// `None` for unbounded.
    pub(crate) max: Option<usize>,
    pub(crate) kind: ParticleKind,
    pub(crate) doc: String,
    pub(crate) place: Place,
}

/// The kinds of particle.
#[derive(Debug, Clone)]
pub(crate) enum ParticleKind {
    /// An element declared here.
    Local(Box<ElementDecl>),
    /// A global element, of this schema or another.
    Global(Name),
    /// Any element.
    Any,
    /// All of these.
    Sequence(Vec<Particle>),
    /// One of these.
    Choice(Vec<Particle>),
}

/// A value of text.
#[derive(Debug, Clone)]
pub(crate) enum Simple {
    /// A built-in type, by its name in XML Schema.
    Builtin(String),
    /// Nothing at all: an enumeration of the empty text.
    Empty,
    /// One of several values.
    Enumeration(Enumeration),
}

/// One of several values.
#[derive(Debug, Clone)]
pub(crate) struct Enumeration {
    /// The name of the simple type, if it has one.
    pub(crate) name: Option<Name>,
    pub(crate) values: Vec<ValueDecl>,
    /// A union with some other type: other values are allowed.
    pub(crate) open: bool,
    pub(crate) doc: String,
    pub(crate) place: Place,
}

/// A value of an enumeration.
#[derive(Debug, Clone)]
pub(crate) struct ValueDecl {
    pub(crate) value: String,
    pub(crate) doc: String,
    pub(crate) place: Place,
}
