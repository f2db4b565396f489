//! Joins what `xsd-parser` understood with our own tree, which knows places, documentation and defaults.
//!
//! The structure (references, groups, extensions and restrictions resolved) is `xsd-parser`'s. Every element,
//! attribute and value in it is looked up by name in the tree, in the declaration it must come from.

mod values;

use xsd_parser::MetaTypes;
use xsd_parser::models::meta::{
    AttributeMeta, AttributeMetaVariant, ComplexMeta, ElementMeta, ElementMetaVariant, ElementMode,
    GroupMeta, MetaType, MetaTypeVariant,
};
use xsd_parser::models::schema::{MaxOccurs, NamespaceId, xs::Use};
use xsd_parser::models::{IdentType, TypeIdent};

use crate::model::Place;

use super::SchemaFile;
use super::decl::{
    AttributeDecl, Complex, Content, ElementDecl, Name, Particle, ParticleKind, SchemaDecl, Simple,
    TypeDecl,
};
use super::interpret::Interpreted;
use super::references::{Index, Kind, split};
use super::xml::{Node, XML, XS};

/// How deep content may nest before the reader gives up on it; no XEP comes near.
const DEPTH: usize = 64;

/// Joins one schema.
pub(crate) fn join(
    schemas: &[SchemaFile],
    at: usize,
    index: &Index,
    interpreted: &Interpreted,
) -> SchemaDecl {
    let join = Join {
        schemas,
        index,
        interpreted,
        types: &interpreted.types,
    };
    let mut decl = SchemaDecl {
        elements: Vec::new(),
        types: Vec::new(),
        doc: String::new(),
        place: Place::nowhere(),
    };
    let Some(schema) = schemas.get(at) else {
        return decl;
    };
    decl.doc = schema.root.documentation();
    decl.place = schema.root.place.clone();
    // In the order of the file, which is not the order of xsd-parser's map.
    for node in &schema.root.children {
        let Some(name) = node.value("name") else {
            continue;
        };
        if node.is("element") {
            if let Some((ident, _)) = join.find(IdentType::Element, &schema.namespace, name) {
                decl.elements.push(join.element(
                    Name::new(&schema.namespace, name),
                    ident,
                    node,
                    0,
                ));
            }
        } else if node.is("complexType")
            && let Some((_, type_)) = join.find(IdentType::Type, &schema.namespace, name)
        {
            decl.types.push(TypeDecl {
                name: Name::new(&schema.namespace, name),
                complex: join.complex_of(type_, node, 0),
                doc: node.documentation(),
                place: node.value_place("name").clone(),
            });
        }
    }
    decl
}

struct Join<'a> {
    schemas: &'a [SchemaFile],
    index: &'a Index,
    interpreted: &'a Interpreted,
    types: &'a MetaTypes,
}

impl<'a> Join<'a> {
    fn namespace(&self, id: NamespaceId) -> &'a str {
        self.interpreted
            .namespaces
            .get(&id)
            .map_or("", String::as_str)
    }

    fn find(
        &self,
        kind: IdentType,
        namespace: &str,
        name: &str,
    ) -> Option<(&'a TypeIdent, &'a MetaType)> {
        let matches = |ident: &&TypeIdent| {
            ident.type_ == kind
                && ident.name.as_named_str() == Some(name)
                && self.namespace(ident.ns) == namespace
        };
        // Of several files of one namespace the schema itself wins.
        let own = |ident: &TypeIdent| Some(ident.schema) == self.interpreted.schema;
        let mut found = self
            .types
            .items
            .iter()
            .filter(|(ident, _)| matches(ident))
            .collect::<Vec<_>>();
        found.sort_by_key(|(ident, _)| !own(ident));
        found.first().copied()
    }

    fn element(&self, name: Name, type_: &TypeIdent, node: &Node, depth: usize) -> ElementDecl {
        ElementDecl {
            name,
            content: self.content(type_, node, depth),
            default: node.value("default").map(str::to_owned),
            fixed: node.value("fixed").map(str::to_owned),
            doc: node.documentation(),
            place: node.value_place("name").clone(),
        }
    }

    /// What an element of this type holds; `node` declares it.
    fn content(&self, ident: &TypeIdent, node: &Node, depth: usize) -> Content {
        if self.is_any_type(ident) {
            return Content::Complex(Box::new(self.any_type(node)));
        }
        let Some(type_) = self.types.items.get(ident) else {
            return Content::Simple(Simple::Builtin("string".to_owned()));
        };
        match &type_.variant {
            MetaTypeVariant::Reference(reference)
                if ident.type_ == IdentType::Element && reference.is_simple() =>
            {
                self.content(&reference.type_, node, depth + 1)
            }
            MetaTypeVariant::ComplexType(_) | MetaTypeVariant::Dynamic(_) if depth > DEPTH => {
                Content::Complex(Box::default())
            }
            MetaTypeVariant::ComplexType(_) => match ident.name.as_named_str() {
                Some(name) if ident.type_ == IdentType::Type => {
                    Content::Named(Name::new(self.namespace(ident.ns), name))
                }
                _ => {
                    let inner = node.child("complexType").unwrap_or(node);
                    Content::Complex(Box::new(self.complex_of(type_, inner, depth)))
                }
            },
            _ => Content::Simple(self.simple(ident, node, 0)),
        }
    }

    fn is_any_type(&self, ident: &TypeIdent) -> bool {
        ident.type_ == IdentType::Type
            && ident.name.as_str() == "anyType"
            && self.namespace(ident.ns) == XS
    }

    /// No type at all: text and children as they come.
    fn any_type(&self, node: &Node) -> Complex {
        Complex {
            attributes: Vec::new(),
            text: Some(Simple::Builtin("string".to_owned())),
            particles: vec![Particle {
                min: 0,
                max: None,
                kind: ParticleKind::Any,
                doc: String::new(),
                place: node.value_place("name").clone(),
            }],
        }
    }

    fn complex_of(&self, type_: &MetaType, node: &Node, depth: usize) -> Complex {
        match &type_.variant {
            MetaTypeVariant::ComplexType(complex) => self.complex(complex, node, depth),
            _ => Complex::default(),
        }
    }

    fn complex(&self, complex: &ComplexMeta, node: &Node, depth: usize) -> Complex {
        let mut result = Complex::default();
        for attribute in complex.attributes.iter() {
            result.attributes.extend(self.attribute(attribute, node));
        }
        if complex.is_mixed {
            result.text = Some(Simple::Builtin("string".to_owned()));
        }
        let Some(ident) = &complex.content else {
            return result;
        };
        if self.is_any_type(ident) {
            let any = self.any_type(node);
            result.text = any.text;
            result.particles = any.particles;
            return result;
        }
        let min = complex.min_occurs;
        let max = bound(&complex.max_occurs);
        match self.types.items.get(ident).map(|type_| &type_.variant) {
            Some(MetaTypeVariant::All(group) | MetaTypeVariant::Sequence(group)) => {
                if group.is_mixed {
                    result.text = Some(Simple::Builtin("string".to_owned()));
                }
                let inner = self.particles(group, node, depth);
                if (min, max) == (1, Some(1)) {
                    result.particles = inner;
                } else {
                    let kind = ParticleKind::Sequence(inner);
                    result.particles = vec![Particle {
                        min,
                        max,
                        kind,
                        doc: String::new(),
                        place: node.place.clone(),
                    }];
                }
            }
            Some(MetaTypeVariant::Choice(group)) => {
                if group.is_mixed {
                    result.text = Some(Simple::Builtin("string".to_owned()));
                }
                let place = first(node, "choice").unwrap_or(node).place.clone();
                let kind = ParticleKind::Choice(self.particles(group, node, depth));
                result.particles = vec![Particle {
                    min,
                    max,
                    kind,
                    doc: String::new(),
                    place,
                }];
            }
            _ => result.text = Some(self.simple(ident, node, 0)),
        }
        if matches!(result.text, Some(Simple::Empty)) {
            result.text = None;
        }
        result
    }

    fn particles(&self, group: &GroupMeta, node: &Node, depth: usize) -> Vec<Particle> {
        group
            .elements
            .iter()
            .filter_map(|element| self.particle(element, node, depth))
            .collect()
    }

    fn particle(&self, element: &ElementMeta, node: &Node, depth: usize) -> Option<Particle> {
        let min = element.min_occurs;
        let max = bound(&element.max_occurs);
        let mut doc = String::new();
        let mut place = node.place.clone();
        let kind = match &element.variant {
            ElementMetaVariant::Text => return None,
            ElementMetaVariant::Any { .. } => {
                if let Some(any) = first(node, "any") {
                    place = any.place.clone();
                    doc = any.documentation();
                }
                ParticleKind::Any
            }
            ElementMetaVariant::Type {
                type_,
                mode: ElementMode::Group,
            } => {
                if depth > DEPTH {
                    return None;
                }
                match self.types.items.get(type_).map(|type_| &type_.variant) {
                    Some(MetaTypeVariant::All(group) | MetaTypeVariant::Sequence(group)) => {
                        ParticleKind::Sequence(self.particles(group, node, depth + 1))
                    }
                    Some(MetaTypeVariant::Choice(group)) => {
                        if let Some(choice) = first(node, "choice") {
                            place = choice.place.clone();
                        }
                        ParticleKind::Choice(self.particles(group, node, depth + 1))
                    }
                    _ => return None,
                }
            }
            ElementMetaVariant::Type {
                type_,
                mode: ElementMode::Element,
            } => {
                let name = Name::new(
                    self.namespace(element.ident.ns),
                    element.ident.name.as_str(),
                );
                let found = self.declaration(node, "element", &name.name, 0);
                if let Some(found) = found {
                    doc = found.documentation();
                    let key = if found.attribute("ref").is_some() {
                        "ref"
                    } else {
                        "name"
                    };
                    place = found.value_place(key).clone();
                }
                let global = type_.type_ == IdentType::Element && type_.name.is_named();
                match found {
                    Some(found) if found.attribute("ref").is_none() => {
                        ParticleKind::Local(Box::new(self.element(name, type_, found, depth + 1)))
                    }
                    _ if global => ParticleKind::Global(name),
                    _ => ParticleKind::Local(Box::new(self.element(name, type_, node, depth + 1))),
                }
            }
        };
        Some(Particle {
            min,
            max,
            kind,
            doc,
            place,
        })
    }

    fn attribute(&self, attribute: &AttributeMeta, node: &Node) -> Option<AttributeDecl> {
        let AttributeMetaVariant::Type(type_) = &attribute.variant else {
            return None;
        };
        if attribute.use_ == Use::Prohibited {
            return None;
        }
        let local = attribute.ident.name.as_str();
        let namespace = self.namespace(attribute.ident.ns);
        let found = self.declaration(node, "attribute", local, 0);
        // A global attribute has its namespace; a local one has none.
        let referred = found.and_then(|found| found.value("ref"));
        let namespace = match referred {
            Some(reference) => Some(split(reference).0.to_owned()),
            None => (namespace == XML).then(|| XML.to_owned()),
        };
        let declares = referred.and_then(|reference| {
            let (namespace, name) = split(reference);
            self.global(Kind::Attribute, namespace, name)
        });
        let declares = declares.or(found);
        let name = if namespace.as_deref() == Some(XML) {
            format!("xml:{local}")
        } else {
            local.to_owned()
        };
        let value = |key: &str| {
            found
                .and_then(|n| n.value(key))
                .or_else(|| declares.and_then(|n| n.value(key)))
                .map(str::to_owned)
        };
        let mut doc = found.map(Node::documentation).unwrap_or_default();
        if doc.is_empty() {
            doc = declares.map(Node::documentation).unwrap_or_default();
        }
        let simple = if namespace.as_deref() == Some(XML) && local == "lang" {
            Simple::Builtin("language".to_owned())
        } else {
            self.simple(type_, declares.unwrap_or(node), 0)
        };
        let place = found.map_or_else(
            || node.place.clone(),
            |found| {
                found
                    .value_place(if referred.is_some() { "ref" } else { "name" })
                    .clone()
            },
        );
        Some(AttributeDecl {
            name,
            namespace,
            required: attribute.use_ == Use::Required,
            simple,
            default: value("default"),
            fixed: value("fixed"),
            doc,
            place,
        })
    }

    fn global(&self, kind: Kind, namespace: &str, name: &str) -> Option<&'a Node> {
        let (schema, child) = self.index.get(kind, namespace, name)?;
        self.schemas.get(schema)?.root.children.get(child)
    }

    /// The element or attribute of this name that belongs to the content of a declaration: inside it, in its
    /// base types, in the groups it refers to, but not inside its children.
    fn declaration<'n>(
        &self,
        node: &'n Node,
        what: &str,
        name: &str,
        depth: usize,
    ) -> Option<&'n Node>
    where
        'a: 'n,
    {
        if depth > DEPTH {
            return None;
        }
        for child in &node.children {
            if child.is(what) {
                let local = child
                    .value("name")
                    .or_else(|| child.value("ref").map(|reference| split(reference).1));
                if local == Some(name) {
                    return Some(child);
                }
            }
            if child.is("element") || child.is("attribute") || child.is("simpleType") {
                continue;
            }
            let elsewhere = match child.name.as_str() {
                "group" => child.value("ref").map(|reference| (Kind::Group, reference)),
                "attributeGroup" => child
                    .value("ref")
                    .map(|reference| (Kind::AttributeGroup, reference)),
                "extension" | "restriction" => {
                    child.value("base").map(|reference| (Kind::Type, reference))
                }
                _ => None,
            };
            if let Some(found) = self.declaration(child, what, name, depth + 1) {
                return Some(found);
            }
            if let Some((kind, reference)) = elsewhere {
                let (namespace, local) = split(reference);
                let found = self
                    .global(kind, namespace, local)
                    .and_then(|global| self.declaration(global, what, name, depth + 1));
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }
}

/// The first element of this name inside a declaration, but not inside the elements it declares.
fn first<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    for child in &node.children {
        if child.is(name) {
            return Some(child);
        }
        if child.is("element") || child.is("attribute") {
            continue;
        }
        if let Some(found) = first(child, name) {
            return Some(found);
        }
    }
    None
}

fn bound(max: &MaxOccurs) -> Option<usize> {
    match max {
        MaxOccurs::Bounded(max) => Some(*max),
        MaxOccurs::Unbounded => None,
    }
}
