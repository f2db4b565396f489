//! What a schema forbids: the strict mode of tests and tools.
//!
//! Typed decoding is lenient, because real traffic is. What a schema forbids is checked here, apart from it: a walk
//! over the frame's index along tables that the generator writes as one text for each schema. Nothing of this touches
//! the codecs, so that decoding costs the same whether anybody checks or not.
//!
//! ```
//! use sestina_wire::{Frame, strict::Rules};
//!
//! // Generated code holds such texts; nobody writes them by hand.
//! let mut rules = Rules::new();
//! rules.add("N\turn:example\nS\txs:string\tmaxLength=3\nT\t\t@\tid\tr\t#0\t\nE\tping\t$0\n")?;
//! let frame = Frame::parse("<ping xmlns='urn:example' id='long'/>")?;
//! let violation = rules.check(frame.root()).unwrap_err();
//! assert_eq!(
//!     violation.to_string(),
//!     "attribute id of <ping/> in urn:example: `long` has more than 3 characters"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod content;
mod pattern;
mod read;
mod simple;
mod violation;

use std::collections::HashMap;

use self::content::Matcher;
use self::simple::Simple;
pub use self::violation::{Rule, StrictError, Violation};
use crate::{ElementRef, Payload, ns};

/// What the schemas allow, as tables.
#[derive(Debug, Default)]
pub struct Rules {
    /// Namespace, then local name.
    elements: HashMap<Box<str>, HashMap<Box<str>, TypeRef>>,
    simples: Vec<Simple>,
    complexes: Vec<Complex>,
}

/// A text of rules that is not what the generator writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the rules: {what}")]
pub struct RulesError {
    line: usize,
    what: &'static str,
}

/// The type of an element.
#[derive(Debug, Clone, Copy)]
enum TypeRef {
    /// Text alone.
    Simple(usize),
    /// Attributes and content.
    Complex(usize),
    /// Whatever there is.
    Anything,
}

/// Attributes and content.
#[derive(Debug, Default)]
struct Complex {
    mixed: bool,
    /// The type of the text, where there is only text.
    text: Option<usize>,
    attributes: Vec<Attribute>,
    any_attribute: Option<Namespaces>,
    particle: Option<Particle>,
}

#[derive(Debug)]
struct Attribute {
    name: Box<str>,
    ns: Box<str>,
    required: bool,
    simple: usize,
    fixed: Option<Box<str>>,
}

/// Part of a content model.
#[derive(Debug)]
struct Particle {
    min: usize,
    /// `None` for unbounded.
    max: Option<usize>,
    term: Term,
}

#[derive(Debug)]
enum Term {
    Element {
        name: Box<str>,
        ns: Box<str>,
        /// `None`: whatever is declared at the top under this name.
        type_: Option<TypeRef>,
    },
    Any(Namespaces),
    Sequence(Vec<Particle>),
    Choice(Vec<Particle>),
    All(Vec<Particle>),
}

/// The namespaces of a wildcard.
#[derive(Debug)]
enum Namespaces {
    Any,
    /// Any but this one and none at all.
    Other(Box<str>),
    /// One of these; empty for none.
    Of(Vec<Box<str>>),
}

impl Namespaces {
    fn allow(&self, ns: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Other(target) => !ns.is_empty() && ns != &**target,
            Self::Of(known) => known.iter().any(|one| &**one == ns),
        }
    }
}

/// The namespace of attributes that schemas never declare and documents may carry anyway.
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

impl Rules {
    /// No rules: no element is declared.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The rules of several schemas.
    ///
    /// # Errors
    /// When a text is not what the generator writes.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, RulesError> {
        let mut rules = Self::new();
        for text in texts {
            rules.add(text)?;
        }
        Ok(rules)
    }

    /// Adds the rules of one schema. Of an element that is declared already the first declaration counts.
    ///
    /// # Errors
    /// When the text is not what the generator writes; nothing of it is added then.
    pub fn add(&mut self, text: &str) -> Result<(), RulesError> {
        let schema = read::schema(text, self.simples.len(), self.complexes.len())?;
        self.simples.extend(schema.simples);
        self.complexes.extend(schema.complexes);
        let elements = self.elements.entry(schema.namespace).or_default();
        for (name, type_) in schema.elements {
            elements.entry(name).or_insert(type_);
        }
        Ok(())
    }

    /// Whether some schema declares this element at its top.
    #[must_use]
    pub fn declares(&self, name: &str, ns: &str) -> bool {
        self.element(name, ns).is_some()
    }

    /// The elements declared at the top of the schemas, as name and namespace, in no order.
    pub fn declared(&self) -> impl Iterator<Item = (&str, &str)> {
        self.elements
            .iter()
            .flat_map(|(ns, elements)| elements.keys().map(move |name| (&**name, &**ns)))
    }

    fn element(&self, name: &str, ns: &str) -> Option<TypeRef> {
        self.elements.get(ns)?.get(name).copied()
    }

    /// Checks an element and everything in it.
    ///
    /// The order of children counts here, as it does in the schema. Elements that a wildcard lets in are checked
    /// where some schema declares them.
    ///
    /// # Errors
    /// The first thing that the schema forbids; [`Rule::UndeclaredElement`] where no schema declares the element.
    pub fn check(&self, el: ElementRef<'_>) -> Result<(), Violation> {
        match self.element(el.name(), el.ns()) {
            Some(type_) => self.element_of(el, type_),
            None => Err(Violation::new(el, Rule::UndeclaredElement)),
        }
    }

    /// Checks the topmost declared elements at or inside `el`, such as the payloads of a stanza, and counts them.
    ///
    /// # Errors
    /// The first thing that a schema forbids.
    pub fn check_payloads(&self, el: ElementRef<'_>) -> Result<usize, Violation> {
        if self.declares(el.name(), el.ns()) {
            return self.check(el).map(|()| 1);
        }
        let mut count = 0;
        for child in el.children() {
            count += self.check_payloads(child)?;
        }
        Ok(count)
    }

    /// Reads an element as a type, after a check of it.
    ///
    /// # Errors
    /// When the schema forbids something in it, or it does not fit the type.
    pub fn decode<T: Payload>(&self, el: ElementRef<'_>) -> Result<T, StrictError> {
        self.check(el)?;
        Ok(T::read(el)?)
    }

    fn element_of(&self, el: ElementRef<'_>, type_: TypeRef) -> Result<(), Violation> {
        match type_ {
            TypeRef::Anything => el.children().try_for_each(|child| self.lax(child)),
            TypeRef::Simple(simple) => {
                if let Some(attr) = el.attrs().find(|attr| attr.ns() != INSTANCE) {
                    return Err(Violation::new(el, Rule::UndeclaredAttribute).at(attr));
                }
                self.only_text(el, simple)
            }
            TypeRef::Complex(complex) => match self.complexes.get(complex) {
                Some(complex) => self.complex(el, complex),
                None => Ok(()),
            },
        }
    }

    /// What a wildcard lets in.
    fn lax(&self, el: ElementRef<'_>) -> Result<(), Violation> {
        match self.element(el.name(), el.ns()) {
            Some(type_) => self.element_of(el, type_),
            None => el.children().try_for_each(|child| self.lax(child)),
        }
    }

    fn only_text(&self, el: ElementRef<'_>, simple: usize) -> Result<(), Violation> {
        if let Some(child) = el.children().next() {
            return Err(Violation::new(el, Rule::UndeclaredChild).child(child));
        }
        self.value(simple, &el.text_str())
            .map_err(|rule| Violation::new(el, rule))
    }

    fn complex(&self, el: ElementRef<'_>, complex: &Complex) -> Result<(), Violation> {
        self.attributes(el, complex)?;
        if let Some(simple) = complex.text {
            return self.only_text(el, simple);
        }
        if !complex.mixed && el.has_text() {
            return Err(Violation::new(el, Rule::Text));
        }
        Matcher::new(self, el).check(complex.particle.as_ref())
    }

    fn attributes(&self, el: ElementRef<'_>, complex: &Complex) -> Result<(), Violation> {
        for attr in el.attrs() {
            let declared = complex
                .attributes
                .iter()
                .find(|one| &*one.name == attr.name() && &*one.ns == attr.ns());
            match (declared, &complex.any_attribute) {
                (Some(declared), _) => {
                    let value = attr.value_str();
                    let broken = match &declared.fixed {
                        Some(fixed) if **fixed != *value => Err(Rule::Value {
                            value: value.as_ref().into(),
                            rule: format!("is not `{fixed}`").into(),
                        }),
                        _ => self.value(declared.simple, &value),
                    };
                    broken.map_err(|rule| Violation::new(el, rule).at(attr))?;
                }
                (None, Some(allowed)) if allowed.allow(attr.ns()) => {}
                (None, _) if attr.ns() == INSTANCE => {}
                (None, _) => return Err(Violation::new(el, Rule::UndeclaredAttribute).at(attr)),
            }
        }
        for needed in complex.attributes.iter().filter(|one| one.required) {
            let there =
                |attr: crate::Attr<'_>| attr.name() == &*needed.name && attr.ns() == &*needed.ns;
            if !el.attrs().any(there) {
                let name = if &*needed.ns == ns::XML {
                    format!("xml:{}", needed.name)
                } else {
                    needed.name.to_string()
                };
                return Err(Violation::new(el, Rule::MissingAttribute).named(&name));
            }
        }
        Ok(())
    }

    fn value(&self, simple: usize, value: &str) -> Result<(), Rule> {
        simple::check(&self.simples, simple, value).map_err(|rule| Rule::Value {
            value: value.into(),
            rule: rule.into(),
        })
    }
}
