//! Writes a mended schema the way `xsd-parser` reads it best.
//!
//! Every namespace has a prefix, elements are qualified, wildcards are lax, an import has a location that
//! leads to another schema of the same run. Only what makes the structure is written: documentation, defaults,
//! fixed values and places come from our own tree (see [`join`](super::join)).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::SchemaFile;
use super::names::TYPES;
use super::references::{Index, Kind, split};
use super::xml::{Node, XML, XS};

/// The location of a schema of the run.
pub(crate) fn location(schema: usize) -> String {
    format!("schema:/{schema}")
}

/// The location of the schema of the namespace of XML.
pub(crate) const XML_LOCATION: &str = "schema:/xml";

/// The schema of the namespace of XML, as far as anybody uses it.
pub(crate) const XML_SCHEMA: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xml="http://www.w3.org/XML/1998/namespace" targetNamespace="http://www.w3.org/XML/1998/namespace">
<xs:attribute name="lang" type="xs:language"/><xs:attribute name="base" type="xs:anyURI"/><xs:attribute name="space" type="xs:NCName"/><xs:attribute name="id" type="xs:ID"/>
</xs:schema>"#;

/// The text of one schema for `xsd-parser`.
pub(crate) fn write(schemas: &[SchemaFile], at: usize, index: &Index) -> String {
    let Some(schema) = schemas.get(at) else {
        return String::new();
    };
    let mut namespaces = BTreeSet::from([schema.namespace.as_str()]);
    let mut needs = BTreeSet::new();
    collect(&schema.root, index, &mut namespaces, &mut needs);
    let namespaces: Vec<&str> = namespaces
        .into_iter()
        .filter(|ns| *ns != XS && *ns != XML && !ns.is_empty())
        .collect();
    let mut writer = Writer {
        out: String::new(),
        namespaces,
    };
    let _ = write!(writer.out, "<xs:schema xmlns:xs=\"{XS}\"");
    for (number, namespace) in writer.namespaces.iter().enumerate() {
        let _ = write!(writer.out, " xmlns:n{number}=\"{}\"", escape(*namespace));
    }
    let _ = write!(
        writer.out,
        " targetNamespace=\"{}\" elementFormDefault=\"qualified\">",
        escape(&*schema.namespace)
    );
    let _ = write!(
        writer.out,
        "<xs:import namespace=\"{XML}\" schemaLocation=\"{XML_LOCATION}\"/>"
    );
    for other in needs.into_iter().filter(|other| *other != at) {
        let Some(needed) = schemas.get(other) else {
            continue;
        };
        if needed.namespace == schema.namespace {
            let _ = write!(
                writer.out,
                "<xs:include schemaLocation=\"{}\"/>",
                location(other)
            );
        } else {
            let namespace = escape(&*needed.namespace);
            let _ = write!(
                writer.out,
                "<xs:import namespace=\"{namespace}\" schemaLocation=\"{}\"/>",
                location(other)
            );
        }
    }
    for child in &schema.root.children {
        writer.node(child);
    }
    writer.out.push_str("</xs:schema>");
    writer.out
}

/// The namespaces and the schemas that a schema refers to.
fn collect<'a>(
    node: &'a Node,
    index: &Index,
    namespaces: &mut BTreeSet<&'a str>,
    needs: &mut BTreeSet<usize>,
) {
    for attribute in &node.attributes {
        if !matches!(
            attribute.name.as_str(),
            "type" | "base" | "ref" | "itemType" | "memberTypes"
        ) {
            continue;
        }
        for reference in attribute.value.split_whitespace() {
            let (namespace, name) = split(reference);
            namespaces.insert(namespace);
            let kinds = [
                Kind::Type,
                Kind::Element,
                Kind::Attribute,
                Kind::Group,
                Kind::AttributeGroup,
            ];
            for kind in kinds {
                needs.extend(index.get(kind, namespace, name).map(|(schema, _)| schema));
            }
        }
    }
    for child in &node.children {
        collect(child, index, namespaces, needs);
    }
}

struct Writer<'a> {
    out: String,
    namespaces: Vec<&'a str>,
}

impl Writer<'_> {
    fn node(&mut self, node: &Node) {
        let attributes: &[&str] = match node.name.as_str() {
            "element" => &["name", "ref", "type", "minOccurs", "maxOccurs"],
            "attribute" => &["name", "ref", "type", "use"],
            "complexType" => &["name", "mixed"],
            "complexContent" => &["mixed"],
            "simpleType" => &["name"],
            "group" => &["name", "ref", "minOccurs", "maxOccurs"],
            "attributeGroup" => &["name", "ref"],
            "sequence" | "choice" | "all" | "any" => &["minOccurs", "maxOccurs"],
            "extension" | "restriction" => &["base"],
            "list" => &["itemType"],
            "union" => &["memberTypes"],
            "enumeration" => &["value"],
            "simpleContent" | "anyAttribute" => &[],
            // Facets other than the enumeration do not change the type that is generated.
            _ => return,
        };
        let name = match node.name.as_str() {
            // Restricting a simple type in a simple content is no different from extending it here.
            "restriction" if node.value("base").is_none() && node.child("simpleType").is_none() => {
                "restriction"
            }
            name => name,
        };
        let _ = write!(self.out, "<xs:{name}");
        for attribute in attributes {
            if let Some(value) = node.value(attribute) {
                let value = match *attribute {
                    "type" | "base" | "ref" | "itemType" => self.reference(value),
                    "memberTypes" => value
                        .split_whitespace()
                        .map(|member| self.reference(member))
                        .collect::<Vec<_>>()
                        .join(" "),
                    _ => value.to_owned(),
                };
                let _ = write!(self.out, " {attribute}=\"{}\"", escape(value));
            }
        }
        if name == "restriction"
            && node.value("base").is_none()
            && node.child("simpleType").is_none()
        {
            self.out.push_str(" base=\"xs:string\"");
        }
        if name == "any" || name == "anyAttribute" {
            self.out.push_str(" processContents=\"lax\"");
        }
        self.out.push('>');
        for child in &node.children {
            self.node(child);
        }
        let _ = write!(self.out, "</xs:{name}>");
    }

    fn reference(&self, reference: &str) -> String {
        let (namespace, name) = split(reference);
        match namespace {
            XS if TYPES.contains(&name) => format!("xs:{}", spelled(name)),
            XML => format!("xml:{name}"),
            _ => match self.namespaces.iter().position(|known| *known == namespace) {
                Some(number) => format!("n{number}:{name}"),
                None => format!("xs:{name}"),
            },
        }
    }
}

/// The built-in types that `xsd-parser` does not know, as the ones it knows.
fn spelled(name: &str) -> &str {
    match name {
        "anyAtomicType" | "anySimpleType" => "string",
        other => other,
    }
}
