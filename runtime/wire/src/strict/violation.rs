//! What was forbidden, and where.

use std::fmt;

use crate::{Attr, DecodeError, ElementRef, Text, ns};

/// What a schema says that an element does not keep to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// No schema declares this element.
    UndeclaredElement,
    /// The element has no such attribute.
    UndeclaredAttribute,
    /// The attribute has to be there.
    MissingAttribute,
    /// The element has no such child.
    UndeclaredChild,
    /// A child has to be there; one of these.
    MissingChild(Vec<Text>),
    /// The child is there more often than it may be.
    RepeatedChild,
    /// The child stands where others have to, or where nothing may.
    MisplacedChild(Vec<Text>),
    /// The element holds no text of its own.
    Text,
    /// A value is not what its type allows.
    Value {
        /// The value.
        value: Text,
        /// Why not, so that "`value` …" is a sentence.
        rule: Text,
    },
}

/// Something that a schema forbids: the element, where it matters the attribute or child, and the rule.
#[derive(Clone, PartialEq, Eq)]
pub struct Violation(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    element: Text,
    ns: Text,
    attribute: Option<Text>,
    child: Option<Text>,
    rule: Rule,
}

impl Violation {
    pub(super) fn new(el: ElementRef<'_>, rule: Rule) -> Self {
        Self(Box::new(Inner {
            element: el.name().into(),
            ns: el.ns().into(),
            attribute: None,
            child: None,
            rule,
        }))
    }

    pub(super) fn named(mut self, attribute: &str) -> Self {
        self.0.attribute = Some(attribute.into());
        self
    }

    pub(super) fn at(self, attr: Attr<'_>) -> Self {
        match attr.ns() {
            "" => self.named(attr.name()),
            ns::XML => self.named(&format!("xml:{}", attr.name())),
            other => self.named(&format!("{{{other}}}{}", attr.name())),
        }
    }

    pub(super) fn child(mut self, child: ElementRef<'_>) -> Self {
        self.0.child = Some(if child.ns() == &*self.0.ns {
            child.name().into()
        } else {
            format!("{{{}}}{}", child.ns(), child.name()).into()
        });
        self
    }

    /// Local name of the element.
    #[must_use]
    pub fn element(&self) -> &str {
        &self.0.element
    }

    /// Namespace of the element.
    #[must_use]
    pub fn ns(&self) -> &str {
        &self.0.ns
    }

    /// The attribute that the rule speaks of; `xml:lang`, or `{namespace}name` with any other prefix.
    #[must_use]
    pub fn attribute(&self) -> Option<&str> {
        self.0.attribute.as_deref()
    }

    /// The child that should not be there; `{namespace}name` where its namespace is another than the element's.
    #[must_use]
    pub fn child_name(&self) -> Option<&str> {
        self.0.child.as_deref()
    }

    /// What the schema says.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.0.rule
    }
}

/// `<a/>`, `<b/> or <c/>`.
fn one_of(names: &[Text]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("<{name}/>")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing more".to_owned(),
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            element,
            ns,
            attribute,
            child,
            rule,
        } = &*self.0;
        let attribute = attribute.as_deref().unwrap_or_default();
        let child = child.as_deref().unwrap_or_default();
        match rule {
            Rule::UndeclaredElement => write!(f, "<{element}/> in {ns} is declared in no schema"),
            Rule::UndeclaredAttribute => {
                write!(f, "<{element}/> in {ns} has no attribute {attribute}")
            }
            Rule::MissingAttribute => {
                write!(f, "<{element}/> in {ns} lacks its attribute {attribute}")
            }
            Rule::UndeclaredChild => write!(f, "<{element}/> in {ns} has no child <{child}/>"),
            Rule::MissingChild(names) => {
                write!(f, "<{element}/> in {ns} lacks {}", one_of(names))
            }
            Rule::RepeatedChild => {
                write!(f, "<{element}/> in {ns} has too many <{child}/>")
            }
            Rule::MisplacedChild(names) => {
                let names = one_of(names);
                write!(
                    f,
                    "<{element}/> in {ns} has <{child}/> in the place of {names}"
                )
            }
            Rule::Text => write!(f, "<{element}/> in {ns} holds no text"),
            Rule::Value { value, rule } if attribute.is_empty() => {
                write!(f, "text of <{element}/> in {ns}: `{value}` {rule}")
            }
            Rule::Value { value, rule } => {
                write!(
                    f,
                    "attribute {attribute} of <{element}/> in {ns}: `{value}` {rule}"
                )
            }
        }
    }
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Violation({self})")
    }
}

impl std::error::Error for Violation {}

/// Why an element was not read in strict mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrictError {
    /// The schema forbids it.
    #[error(transparent)]
    Forbidden(#[from] Violation),
    /// It does not fit its type.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}
