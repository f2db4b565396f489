//! What a schema forbids, for the strict mode: the mended tree as the text that `sestina_wire::strict` reads.
//!
//! Typed stanzas flatten a content model and forget facets; this keeps both. It works on our own tree alone, where every
//! reference is `{namespace}name` already. The text is small (a line a type), costs a compiler nothing, and a tool can
//! use it without compiling anything.

mod simple;

use std::collections::BTreeMap;

use super::SchemaFile;
use super::references::{Index, Kind, split};
use super::xml::{Node, XML, XS};

/// How deep groups and bases may refer to each other; no XEP comes near.
const DEPTH: usize = 32;

/// The rules of one schema.
pub(super) fn write(schemas: &[SchemaFile], at: usize, index: &Index) -> String {
    let Some(schema) = schemas.get(at) else {
        return String::new();
    };
    let mut rules = Rules {
        schemas,
        index,
        namespace: schema.namespace.clone(),
        simples: Vec::new(),
        complexes: Vec::new(),
        named: BTreeMap::new(),
    };
    let mut elements = String::new();
    for node in schema
        .root
        .children
        .iter()
        .filter(|node| node.is("element"))
    {
        if let Some(name) = node.value("name") {
            let type_ = rules.type_of(node, &schema.namespace);
            elements += &format!("E\t{}\t{type_}\n", escape(name));
        }
    }
    let mut text = format!("N\t{}\n", escape(&schema.namespace));
    for line in rules.simples.iter().chain(&rules.complexes) {
        text += line;
        text.push('\n');
    }
    text + &elements
}

/// Fields are divided by tabs, records by line ends.
fn escape(field: &str) -> String {
    field
        .replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

struct Rules<'a> {
    schemas: &'a [SchemaFile],
    index: &'a Index,
    /// The target namespace of the text; parts taken over from other schemas spell theirs out.
    namespace: String,
    simples: Vec<String>,
    complexes: Vec<String>,
    /// Types that have a name, and where they stand in the text.
    named: BTreeMap<(String, String), String>,
}

/// A complex type on its way to a line.
#[derive(Default)]
struct Draft {
    mixed: bool,
    text: Option<String>,
    /// Name, the rest of the token; a restriction replaces what its base says.
    attributes: Vec<(String, String)>,
    any_attribute: Option<String>,
    particles: Vec<String>,
}

impl<'a> Rules<'a> {
    /// A global declaration and the namespace it stands in.
    fn global(&self, kind: Kind, reference: &str) -> Option<(&'a Node, &'a str)> {
        let (namespace, name) = split(reference);
        let (schema, child) = self.index.get(kind, namespace, name)?;
        let schema = self.schemas.get(schema)?;
        Some((schema.root.children.get(child)?, &schema.namespace))
    }

    /// A name as the text writes it.
    fn name(&self, namespace: &str, name: &str) -> String {
        if namespace == self.namespace {
            escape(name)
        } else {
            escape(&format!("{{{namespace}}}{name}"))
        }
    }

    /// The type of an element: `#N`, `$N` or `*`.
    fn type_of(&mut self, node: &'a Node, namespace: &'a str) -> String {
        if let Some(complex) = node.child("complexType") {
            let at = self.reserve();
            let draft = self.complex(complex, namespace, 0);
            return self.fill(at, &draft);
        }
        if node.child("simpleType").is_some() {
            return self.simple_in(node, 0);
        }
        match node.value("type") {
            Some(reference) => self.named_type(reference),
            None => "*".to_owned(),
        }
    }

    fn named_type(&mut self, reference: &str) -> String {
        let (namespace, name) = split(reference);
        if namespace == XS && name == "anyType" {
            return "*".to_owned();
        }
        if let Some((node, namespace)) = self.global(Kind::Type, reference)
            && node.is("complexType")
        {
            let key = (namespace.to_owned(), name.to_owned());
            if let Some(known) = self.named.get(&key) {
                return known.clone();
            }
            let at = self.reserve();
            self.named.insert(key, format!("${at}"));
            let draft = self.complex(node, namespace, 0);
            return self.fill(at, &draft);
        }
        self.simple_named(reference, 0)
    }

    /// Keeps the number of a type while what is inside it is written.
    fn reserve(&mut self) -> usize {
        self.complexes.push(String::new());
        self.complexes.len() - 1
    }

    fn fill(&mut self, at: usize, draft: &Draft) -> String {
        let mut line = format!("T\t{}", if draft.mixed { "m" } else { "" });
        if let Some(text) = &draft.text {
            line += &format!("\t=\t{text}");
        }
        for (name, rest) in &draft.attributes {
            line += &format!("\t@\t{name}\t{rest}");
        }
        if let Some(any) = &draft.any_attribute {
            line += &format!("\t@*\t{any}");
        }
        match draft.particles.as_slice() {
            [] => {}
            [only] => line += &format!("\t{only}"),
            several => line += &format!("\t(,\t1 1\t{}\t)", several.join("\t")),
        }
        if let Some(slot) = self.complexes.get_mut(at) {
            *slot = line;
        }
        format!("${at}")
    }

    fn complex(&mut self, node: &'a Node, namespace: &'a str, depth: usize) -> Draft {
        let mut draft = Draft {
            mixed: node.value("mixed").is_some_and(is_true),
            ..Draft::default()
        };
        if depth > DEPTH {
            return draft;
        }
        if let Some(content) = node.child("simpleContent") {
            self.simple_content(content, namespace, depth, &mut draft);
        } else if let Some(content) = node.child("complexContent") {
            let mixed = content.value("mixed").is_some_and(is_true);
            let mixed = mixed || draft.mixed;
            if let Some(extension) = content.child("extension") {
                draft = self.base(extension, depth);
                self.content(extension, namespace, depth, &mut draft);
            } else if let Some(restriction) = content.child("restriction") {
                let base = self.base(restriction, depth);
                draft.attributes = base.attributes;
                draft.any_attribute = None;
                self.content(restriction, namespace, depth, &mut draft);
            }
            draft.mixed |= mixed;
        } else {
            self.content(node, namespace, depth, &mut draft);
        }
        draft
    }

    /// What a derived type begins with.
    fn base(&mut self, derivation: &'a Node, depth: usize) -> Draft {
        let base = derivation.value("base").unwrap_or_default();
        match self.global(Kind::Type, base) {
            Some((node, namespace)) if node.is("complexType") => {
                self.complex(node, namespace, depth + 1)
            }
            Some(_) => Draft {
                text: Some(self.simple_named(base, depth + 1)),
                ..Draft::default()
            },
            None if split(base) == (XS, "anyType") || base.is_empty() => Draft::default(),
            None => Draft {
                text: Some(self.simple_named(base, depth + 1)),
                ..Draft::default()
            },
        }
    }

    fn simple_content(
        &mut self,
        content: &'a Node,
        namespace: &'a str,
        depth: usize,
        draft: &mut Draft,
    ) {
        if let Some(extension) = content.child("extension") {
            *draft = self.base(extension, depth);
            self.attributes(extension, namespace, depth, draft);
        } else if let Some(restriction) = content.child("restriction") {
            *draft = self.base(restriction, depth);
            let base = match restriction.child("simpleType") {
                Some(_) => self.simple_in(restriction, depth + 1),
                None => draft.text.clone().unwrap_or_else(|| self.anything()),
            };
            draft.text = Some(self.restricted(&base, restriction));
            self.attributes(restriction, namespace, depth, draft);
        }
        if draft.text.is_none() {
            draft.text = Some(self.anything());
        }
    }

    /// Any text.
    fn anything(&mut self) -> String {
        self.simple_named(&format!("{{{XS}}}string"), 0)
    }

    /// Attributes and content model of a type.
    fn content(&mut self, node: &'a Node, namespace: &'a str, depth: usize, draft: &mut Draft) {
        self.attributes(node, namespace, depth, draft);
        for child in &node.children {
            if let Some(particle) = self.particle(child, namespace, depth) {
                draft.particles.push(particle);
            }
        }
    }

    fn attributes(&mut self, node: &'a Node, namespace: &'a str, depth: usize, draft: &mut Draft) {
        if depth > DEPTH {
            return;
        }
        for child in &node.children {
            if child.is("attribute") {
                self.attribute(child, namespace, draft);
            } else if child.is("attributeGroup") {
                let group = child.value("ref").unwrap_or_default();
                if let Some((group, namespace)) = self.global(Kind::AttributeGroup, group) {
                    self.attributes(group, namespace, depth + 1, draft);
                }
            } else if child.is("anyAttribute") {
                draft.any_attribute = Some(self.namespaces(child, namespace));
            }
        }
    }

    fn attribute(&mut self, node: &'a Node, namespace: &str, draft: &mut Draft) {
        let (name, declares) = match node.value("ref") {
            Some(reference) => {
                let (namespace, name) = split(reference);
                let declares = self
                    .global(Kind::Attribute, reference)
                    .map(|(node, _)| node);
                (format!("{{{namespace}}}{name}"), declares)
            }
            None => {
                let name = node.value("name").unwrap_or_default().to_owned();
                let qualified = node.value("form") == Some("qualified");
                let name = match name.strip_prefix("xml:") {
                    Some(local) => format!("{{{XML}}}{local}"),
                    None if qualified => format!("{{{namespace}}}{name}"),
                    None => name,
                };
                (name, None)
            }
        };
        let name = escape(&name);
        draft.attributes.retain(|(known, _)| *known != name);
        if node.value("use") == Some("prohibited") {
            return;
        }
        let typed = declares.unwrap_or(node);
        let simple = if name.starts_with(&format!("{{{XML}}}lang")) {
            self.language()
        } else if typed.child("simpleType").is_some() {
            self.simple_in(typed, 0)
        } else {
            match typed.value("type") {
                Some(reference) => self.simple_named(reference, 0),
                None => self.anything(),
            }
        };
        let fixed = node
            .value("fixed")
            .or_else(|| declares.and_then(|node| node.value("fixed")));
        let fixed = fixed.map(|fixed| format!("={}", escape(fixed)));
        let required = if node.value("use") == Some("required") {
            "r"
        } else {
            "o"
        };
        let rest = format!("{required}\t{simple}\t{}", fixed.unwrap_or_default());
        draft.attributes.push((name, rest));
    }

    /// A part of a content model; `None` for what is none.
    fn particle(&mut self, node: &'a Node, namespace: &'a str, depth: usize) -> Option<String> {
        let bounds = bounds(node);
        if depth > DEPTH {
            return None;
        }
        Some(match node.name.as_str() {
            "element" => match node.value("ref") {
                Some(reference) => {
                    let (namespace, name) = split(reference);
                    format!("r\t{bounds}\t{}", self.name(namespace, name))
                }
                None => {
                    let type_ = self.type_of(node, namespace);
                    let name = self.name(namespace, node.value("name")?);
                    format!("e\t{bounds}\t{name}\t{type_}")
                }
            },
            "any" => format!("*\t{bounds}\t{}", self.namespaces(node, namespace)),
            "sequence" | "choice" | "all" => {
                let mark = match node.name.as_str() {
                    "sequence" => "(,",
                    "choice" => "(|",
                    _ => "(&",
                };
                let inner: Vec<String> = node
                    .children
                    .iter()
                    .filter_map(|child| self.particle(child, namespace, depth + 1))
                    .collect();
                // A choice of nothing allows nothing: as the schemas mean it, no content at all.
                if inner.is_empty() {
                    return None;
                }
                format!("{mark}\t{bounds}\t{}\t)", inner.join("\t"))
            }
            "group" => {
                let (group, namespace) = self.global(Kind::Group, node.value("ref")?)?;
                let inner: Vec<String> = group
                    .children
                    .iter()
                    .filter_map(|child| self.particle(child, namespace, depth + 1))
                    .collect();
                if inner.is_empty() {
                    return None;
                }
                format!("(,\t{bounds}\t{}\t)", inner.join("\t"))
            }
            _ => return None,
        })
    }

    /// The namespaces of a wildcard.
    fn namespaces(&self, node: &Node, namespace: &str) -> String {
        match node.value("namespace").unwrap_or("##any") {
            "##any" => "any".to_owned(),
            "##other" if namespace == self.namespace => "other".to_owned(),
            // Taken over from another schema, whose own namespace is the other one.
            "##other" => "any".to_owned(),
            list => {
                let own = escape(namespace);
                format!("={}", escape(list).replace("##targetNamespace", &own))
            }
        }
    }
}

fn is_true(value: &str) -> bool {
    matches!(value, "true" | "1")
}

/// `min max`, with `-` for no bound.
fn bounds(node: &Node) -> String {
    let number = |name: &str| {
        node.value(name)
            .and_then(|value| value.trim().parse::<usize>().ok())
    };
    let min = number("minOccurs").unwrap_or(1);
    match node.value("maxOccurs").map(str::trim) {
        Some("unbounded") => format!("{min} -"),
        _ => format!("{min} {}", number("maxOccurs").unwrap_or(1).max(min)),
    }
}
