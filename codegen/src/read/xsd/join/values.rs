//! Types of values: built-in ones, enumerations, unions.

use xsd_parser::models::meta::{BuildInMeta, EnumerationMeta, MetaTypeVariant};
use xsd_parser::models::{IdentType, TypeIdent};

use super::super::decl::{Enumeration, Name, Simple, ValueDecl};
use super::super::references::{Kind, split};
use super::super::xml::{Node, XS};
use super::{DEPTH, Join, first};

impl<'a> Join<'a> {
    /// A value's type; `node` declares what has it.
    pub(super) fn simple(&self, ident: &TypeIdent, node: &Node, depth: usize) -> Simple {
        let text = || Simple::Builtin("string".to_owned());
        if self.namespace(ident.ns) == XS {
            return Simple::Builtin(ident.name.as_str().to_owned());
        }
        let Some(type_) = self.types.items.get(ident).filter(|_| depth < DEPTH) else {
            return text();
        };
        let name = match (ident.name.as_named_str(), ident.type_) {
            (Some(name), IdentType::Type) => Some(Name::new(self.namespace(ident.ns), name)),
            _ => None,
        };
        match &type_.variant {
            MetaTypeVariant::Reference(reference) if reference.is_simple() => {
                self.simple(&reference.type_, node, depth + 1)
            }
            MetaTypeVariant::SimpleType(simple) if !simple.is_list => {
                self.simple(&simple.base, node, depth + 1)
            }
            MetaTypeVariant::BuildIn(builtin) => Simple::Builtin(built_in(builtin).to_owned()),
            MetaTypeVariant::Enumeration(enumeration) => {
                self.enumeration(enumeration, name, node, false)
            }
            MetaTypeVariant::Union(union) => {
                // An enumeration together with any text is an open enumeration.
                let members: Vec<Simple> = union
                    .types
                    .iter()
                    .map(|member| self.simple(&member.type_, node, depth + 1))
                    .collect();
                let mut values = Vec::new();
                let mut open = false;
                for member in members {
                    match member {
                        Simple::Enumeration(inner) => {
                            open |= inner.open;
                            values.extend(inner.values);
                        }
                        Simple::Empty => {}
                        Simple::Builtin(_) => open = true,
                    }
                }
                if values.is_empty() {
                    return text();
                }
                let declares = self.simple_type(name.as_ref(), node);
                let doc = declares.map(Node::documentation).unwrap_or_default();
                let place = declares.unwrap_or(node).place.clone();
                Simple::Enumeration(Enumeration {
                    name,
                    values,
                    open,
                    doc,
                    place,
                })
            }
            _ => text(),
        }
    }

    fn enumeration(
        &self,
        meta: &EnumerationMeta,
        name: Option<Name>,
        node: &Node,
        open: bool,
    ) -> Simple {
        if meta
            .variants
            .iter()
            .all(|variant| variant.ident.name.as_str().is_empty())
        {
            return Simple::Empty;
        }
        let declares = self.simple_type(name.as_ref(), node);
        let scope = declares.unwrap_or(node);
        let values = meta.variants.iter().map(|variant| {
            let value = variant.ident.name.as_str();
            let found = value_of(scope, value);
            ValueDecl {
                value: value.to_owned(),
                doc: found.map(Node::documentation).unwrap_or_default(),
                place: found
                    .map_or(&scope.place, |found| found.value_place("value"))
                    .clone(),
            }
        });
        let doc = declares.map(Node::documentation).unwrap_or_default();
        let place = declares
            .map_or(&node.place, |declares| declares.value_place("name"))
            .clone();
        let place = if name.is_some() {
            place
        } else {
            node.value_place("name").clone()
        };
        Simple::Enumeration(Enumeration {
            name,
            values: values.collect(),
            open,
            doc,
            place,
        })
    }

    /// The `xs:simpleType` of a name, or the one inside a declaration.
    fn simple_type(&self, name: Option<&Name>, node: &'a Node) -> Option<&'a Node> {
        match name {
            Some(name) => self.global(Kind::Type, &name.namespace, &name.name),
            None => first(node, "simpleType").or_else(|| {
                let reference = node.value("type").or_else(|| base(node))?;
                let (namespace, name) = split(reference);
                self.global(Kind::Type, namespace, name)
            }),
        }
    }
}

/// The base of a simple content.
fn base(node: &Node) -> Option<&str> {
    let derivation = first(node, "extension").or_else(|| first(node, "restriction"))?;
    derivation.value("base")
}

/// The enumeration value inside a simple type.
fn value_of<'n>(node: &'n Node, value: &str) -> Option<&'n Node> {
    node.children.iter().find_map(|child| {
        if child.is("enumeration") && child.value("value") == Some(value) {
            return Some(child);
        }
        value_of(child, value)
    })
}

/// The built-in type of XML Schema behind a Rust one: `xsd-parser` resolves a restriction that far.
fn built_in(builtin: &BuildInMeta) -> &'static str {
    match builtin {
        BuildInMeta::U8 => "unsignedByte",
        BuildInMeta::U16 => "unsignedShort",
        BuildInMeta::U32 => "unsignedInt",
        BuildInMeta::U64 | BuildInMeta::U128 | BuildInMeta::Usize => "unsignedLong",
        BuildInMeta::I8 => "byte",
        BuildInMeta::I16 => "short",
        BuildInMeta::I32 => "int",
        BuildInMeta::I64 | BuildInMeta::I128 | BuildInMeta::Isize => "long",
        BuildInMeta::F32 => "float",
        BuildInMeta::F64 => "double",
        BuildInMeta::Bool => "boolean",
        BuildInMeta::Str | BuildInMeta::String => "string",
    }
}
