//! Resolves every reference in the schemas to the declaration it means, over all specifications.
//!
//! A reference is written back as `{namespace}name`. One that leads nowhere is mended if what it means is
//! plain, and otherwise replaced by what accepts most: text for a type, a wildcard for an element.

use std::collections::{BTreeMap, BTreeSet};

use crate::Diagnostic;
use crate::model::Place;
use crate::text::closest;

use super::SchemaFile;
use super::names::{TYPES, XML_ATTRIBUTES};
use super::xml::{Attribute, Node, XML, XS, lookup};

/// What a reference may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Element,
    Type,
    Group,
    Attribute,
    AttributeGroup,
}

impl Kind {
    fn of(element: &str) -> Option<Self> {
        Some(match element {
            "element" => Self::Element,
            "complexType" | "simpleType" => Self::Type,
            "group" => Self::Group,
            "attribute" => Self::Attribute,
            "attributeGroup" => Self::AttributeGroup,
            _ => return None,
        })
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Element => "element",
            Self::Type => "type",
            Self::Group => "group",
            Self::Attribute => "attribute",
            Self::AttributeGroup => "attribute group",
        }
    }
}

/// Takes out what a document without a `spec.toml` declares a second time; between documents that is left to the checks.
pub(crate) fn drop_repeated(schemas: &mut [SchemaFile], diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<(usize, Kind, String, String), Place> = BTreeMap::new();
    for schema in schemas.iter_mut().filter(|schema| schema.loose) {
        let (spec, namespace) = (schema.spec, schema.namespace.clone());
        schema.root.children.retain(|node| {
            let (Some(kind), Some(name)) = (Kind::of(&node.name), node.value("name")) else {
                return true;
            };
            let key = (spec, kind, namespace.clone(), name.to_owned());
            let Some(first) = seen.get(&key) else {
                seen.insert(key, node.value_place("name").clone());
                return true;
            };
            let what = kind.noun();
            let message = format!("the {what} `{name}` of `{namespace}` is declared twice");
            let warning = Diagnostic::warning(node.value_place("name"), message);
            diagnostics.push(
                warning
                    .note(first, "first here")
                    .help(format!("the second {what} is skipped: remove one of them")),
            );
            false
        });
    }
}

/// Where a global declaration stands: the schema and the position among the children of its root.
pub(crate) type At = (usize, usize);

/// Every global declaration of every schema.
#[derive(Debug, Default)]
pub(crate) struct Index {
    declarations: BTreeMap<(Kind, String, String), At>,
    namespaces: BTreeSet<String>,
}

impl Index {
    /// Indexes the schemas; a second declaration of one name in one namespace is left to the checks.
    pub(crate) fn new(schemas: &[SchemaFile]) -> Self {
        let mut index = Self::default();
        for (at, schema) in schemas.iter().enumerate() {
            index.namespaces.insert(schema.namespace.clone());
            for (child, node) in schema.root.children.iter().enumerate() {
                if let (Some(kind), Some(name)) = (Kind::of(&node.name), node.value("name")) {
                    let key = (kind, schema.namespace.clone(), name.to_owned());
                    index.declarations.entry(key).or_insert((at, child));
                }
            }
        }
        index
    }

    pub(crate) fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<At> {
        self.declarations
            .get(&(kind, namespace.to_owned(), name.to_owned()))
            .copied()
    }

    fn has(&self, kind: Kind, namespace: &str, name: &str) -> bool {
        match (kind, namespace) {
            (Kind::Type, XS) => TYPES.contains(&name),
            (Kind::Attribute, XML) => XML_ATTRIBUTES.contains(&name),
            _ => self.get(kind, namespace, name).is_some(),
        }
    }

    fn names(&self, kind: Kind, namespace: &str) -> impl Iterator<Item = &str> {
        self.declarations
            .keys()
            .filter(move |(k, ns, _)| *k == kind && ns == namespace)
            .map(|(_, _, name)| name.as_str())
    }
}

/// `{namespace}name` taken apart.
pub(crate) fn split(reference: &str) -> (&str, &str) {
    reference
        .strip_prefix('{')
        .and_then(|rest| rest.rsplit_once('}'))
        .unwrap_or(("", reference))
}

/// Resolves all references of one schema.
pub(crate) fn resolve(
    root: &mut Node,
    target: &str,
    index: &Index,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut scope = Vec::new();
    Resolver {
        target,
        index,
        diagnostics,
    }
    .node(root, &mut scope);
}

struct Resolver<'a> {
    target: &'a str,
    index: &'a Index,
    diagnostics: &'a mut Vec<Diagnostic>,
}

/// A type `empty` that nobody declared, which many schemas use.
const EMPTY: &str = "{}empty";

/// What becomes of a reference.
enum Found {
    Name(String, String),
    Nothing,
}

impl Resolver<'_> {
    fn node(&mut self, node: &mut Node, scope: &mut Vec<(String, String)>) {
        let depth = scope.len();
        scope.extend(node.prefixes.iter().cloned());
        let mut attributes = std::mem::take(&mut node.attributes);
        let mut replacement = None;
        attributes.retain_mut(|attribute| {
            let Some(kind) = referred(&node.name, &attribute.name) else {
                return true;
            };
            if attribute.name == "memberTypes" {
                let members: Vec<String> = attribute
                    .value
                    .split_whitespace()
                    .filter_map(
                        |member| match self.reference(kind, member, attribute, scope) {
                            Found::Name(namespace, name) => Some(format!("{{{namespace}}}{name}")),
                            Found::Nothing => None,
                        },
                    )
                    .collect();
                attribute.value = members.join(" ");
                return !members.is_empty();
            }
            match self.reference(kind, &attribute.value.clone(), attribute, scope) {
                Found::Name(namespace, name) => {
                    attribute.value = format!("{{{namespace}}}{name}");
                    true
                }
                Found::Nothing => {
                    replacement = Some(kind);
                    false
                }
            }
        });
        node.attributes = attributes;
        if node.name == "element" && node.value("type") == Some(EMPTY) {
            node.attributes.retain(|attribute| attribute.name != "type");
            node.children
                .push(super::repair::wrap("complexType", node, Vec::new()));
        }
        // As the base of something, or of an attribute, nothing at all is text.
        for attribute in node
            .attributes
            .iter_mut()
            .filter(|attribute| attribute.value == EMPTY)
        {
            attribute.value = format!("{{{XS}}}string");
        }
        if replacement == Some(Kind::Element) {
            node.name = "any".to_owned();
        } else if replacement.is_some_and(|kind| kind != Kind::Type) {
            // Nothing is left of it: an empty sequence, or an attribute group of nothing.
            node.name = "annotation".to_owned();
        }
        for child in &mut node.children {
            self.node(child, scope);
        }
        node.children
            .retain(|child| child.name != "annotation" || child.attributes.is_empty());
        scope.truncate(depth);
    }

    fn reference(
        &mut self,
        kind: Kind,
        written: &str,
        at: &Attribute,
        scope: &[(String, String)],
    ) -> Found {
        let (prefix, name) = written.split_once(':').unwrap_or(("", written));
        let declared = match prefix {
            "xml" => Some(XML),
            prefix => lookup(scope, prefix),
        };
        if let Some(namespace) = declared
            && self.index.has(kind, namespace, name)
        {
            return Found::Name(namespace.to_owned(), name.to_owned());
        }
        // Without a prefix, or with one that is declared nowhere: what else has this name?
        if prefix.is_empty() || declared.is_none() {
            let candidates = [self.target, XS];
            if let Some(namespace) = candidates
                .into_iter()
                .find(|namespace| self.index.has(kind, namespace, name))
            {
                let meant = if namespace == XS {
                    format!("`xs:{name}`")
                } else {
                    format!("the {} `{name}` of this schema", kind.noun())
                };
                let message = if prefix.is_empty() {
                    format!("`{written}` has no prefix")
                } else {
                    format!("the prefix `{prefix}` is not declared")
                };
                self.warn(
                    at,
                    message,
                    format!("read as {meant}: give it the right prefix"),
                );
                return Found::Name(namespace.to_owned(), name.to_owned());
            }
        }
        self.missing(kind, written, declared.unwrap_or(self.target), name, at)
    }

    fn missing(
        &mut self,
        kind: Kind,
        written: &str,
        namespace: &str,
        name: &str,
        at: &Attribute,
    ) -> Found {
        if kind == Kind::Type {
            return self.missing_type(written, namespace, name, at);
        }
        let message = format!("the {} `{written}` is declared nowhere", kind.noun());
        let near = match (kind, namespace) {
            (Kind::Attribute, XML) => closest(name, XML_ATTRIBUTES.iter().copied()),
            _ => closest(name, self.index.names(kind, namespace)),
        };
        if let Some(near) = near.map(str::to_owned) {
            self.warn(at, message, format!("read as `{near}`: write that"));
            return Found::Name(namespace.to_owned(), near);
        }
        let help = match kind {
            Kind::Element if !self.index.namespaces.contains(namespace) => {
                format!(
                    "no specification here declares `{namespace}`; any element is kept as it is"
                )
            }
            Kind::Element => {
                "any element is kept as it is: declare it, or write `xs:any`".to_owned()
            }
            _ => "it is skipped: declare it".to_owned(),
        };
        self.warn(at, message, help);
        Found::Nothing
    }

    fn missing_type(
        &mut self,
        written: &str,
        namespace: &str,
        name: &str,
        at: &Attribute,
    ) -> Found {
        let found =
            |namespace: &str, name: &str| Found::Name(namespace.to_owned(), name.to_owned());
        if namespace == XS {
            let message = format!("XML Schema has no type `{name}`");
            if let Some(near) = closest(name, TYPES.iter().copied()) {
                self.warn(at, message, format!("read as `xs:{near}`: write that"));
                return found(XS, near);
            }
            if self.index.has(Kind::Type, self.target, name) {
                self.warn(
                    at,
                    message,
                    format!("read as the type `{name}` of this schema: give it the right prefix"),
                );
                return found(self.target, name);
            }
            self.warn(
                at,
                message,
                "read as `xs:string`: write a type that there is",
            );
            return found(XS, "string");
        }
        let message = format!("the type `{written}` is declared nowhere");
        if let Some(near) =
            closest(name, self.index.names(Kind::Type, namespace)).map(str::to_owned)
        {
            self.warn(at, message, format!("read as `{near}`: write that"));
            return found(namespace, &near);
        }
        if TYPES.contains(&name) {
            self.warn(at, message, format!("read as `xs:{name}`: write that"));
            return found(XS, name);
        }
        if name == "empty" {
            self.warn(
                at,
                message,
                "read as an element without content: write `<xs:complexType/>` inside instead",
            );
            return found("", "empty");
        }
        if let Some(near) = closest(name, TYPES.iter().copied()) {
            self.warn(at, message, format!("read as `xs:{near}`: write that"));
            return found(XS, near);
        }
        self.warn(at, message, "read as `xs:string`: declare it");
        found(XS, "string")
    }

    fn warn(&mut self, at: &Attribute, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics
            .push(Diagnostic::warning(&at.value_place, message).help(help));
    }
}

/// What an attribute of a schema's element refers to.
fn referred(element: &str, attribute: &str) -> Option<Kind> {
    match (element, attribute) {
        ("element", "ref") => Some(Kind::Element),
        ("attribute", "ref") => Some(Kind::Attribute),
        ("group", "ref") => Some(Kind::Group),
        ("attributeGroup", "ref") => Some(Kind::AttributeGroup),
        ("element" | "attribute", "type") => Some(Kind::Type),
        ("extension" | "restriction", "base") => Some(Kind::Type),
        ("list", "itemType") | ("union", "memberTypes") => Some(Kind::Type),
        _ => None,
    }
}
