//! Mends the usual slips in the structure of a schema; each is reported as a warning.
//!
//! What comes out is regular: every element and attribute is one that XML Schema knows, content models come
//! before attributes, a complex type has one model at most. References are not looked at here (see
//! [`references`](super::references)).

mod content;
mod words;

use crate::Diagnostic;
use crate::model::Place;

use super::names::{is_attribute, is_particle};
use super::xml::{Node, XS, lookup};

/// Mends a schema and finds its target namespace; `None` where there is nothing to mend.
pub(crate) fn repair(root: &mut Node, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    if root.name != "schema" || (root.namespace != XS && !looks_like_xs(&root.namespace)) {
        diagnostics.push(
            Diagnostic::error(&root.place, format!("`{}` is no schema", root.name)).help(format!(
                "the root element is `xs:schema` with `xmlns:xs=\"{XS}\"`"
            )),
        );
        return None;
    }
    if root.namespace != XS {
        let wrong = std::mem::take(&mut root.namespace);
        diagnostics.push(
            Diagnostic::warning(
                &root.place,
                format!("`{wrong}` is not the namespace of XML Schema"),
            )
            .help(format!("write `{XS}`")),
        );
        rename_namespace(root, &wrong);
    }
    let mut repair = Repair { diagnostics };
    repair.element_names(root);
    repair.attributes(root);
    let target = repair.target(root)?;
    repair.structure(root);
    repair.duplicates(root);
    Some(target)
}

/// Older drafts of XML Schema, and misspellings of its namespace.
fn looks_like_xs(namespace: &str) -> bool {
    namespace.starts_with("http://www.w3.org/")
        && namespace
            .to_lowercase()
            .trim_end_matches(['/', '#'])
            .ends_with("xmlschema")
}

fn rename_namespace(node: &mut Node, wrong: &str) {
    if node.namespace == wrong || node.namespace.is_empty() {
        XS.clone_into(&mut node.namespace);
    }
    for (_, namespace) in &mut node.prefixes {
        if namespace == wrong {
            XS.clone_into(namespace);
        }
    }
    for child in &mut node.children {
        rename_namespace(child, wrong);
    }
}

struct Repair<'a> {
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Repair<'_> {
    fn warn(&mut self, place: &Place, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics
            .push(Diagnostic::warning(place, message).help(help));
    }

    fn target(&mut self, root: &Node) -> Option<String> {
        if let Some(target) = root
            .value("targetNamespace")
            .filter(|target| !target.is_empty())
        {
            return Some(target.to_owned());
        }
        if let Some(default) =
            lookup(&root.prefixes, "").filter(|default| !default.is_empty() && *default != XS)
        {
            self.warn(
                &root.place,
                "the schema names no `targetNamespace`",
                format!("read as its default namespace: write `targetNamespace=\"{default}\"`"),
            );
            return Some(default.to_owned());
        }
        self.diagnostics.push(
            Diagnostic::error(&root.place, "the schema names no `targetNamespace`")
                .help("add `targetNamespace=\"…\"`: the namespace of the elements it declares"),
        );
        None
    }

    fn structure(&mut self, node: &mut Node) {
        match node.name.as_str() {
            "schema" => self.schema(node),
            "element" => self.element(node),
            "complexType" => self.complex_type(node),
            "simpleContent" => self.simple_content(node),
            "attribute" => self.attribute_type(node),
            "simpleType" => self.simple_type(node),
            "extension" | "restriction" => self.derivation(node),
            "sequence" | "choice" | "all" => self.model(node),
            _ => {}
        }
        for child in &mut node.children {
            self.structure(child);
        }
    }

    fn schema(&mut self, node: &mut Node) {
        node.children.retain(|child| {
            let kept = matches!(
                child.name.as_str(),
                "element"
                    | "complexType"
                    | "simpleType"
                    | "group"
                    | "attributeGroup"
                    | "attribute"
                    | "import"
                    | "include"
                    | "annotation"
            );
            if !kept {
                let message = format!("`xs:{}` does not stand at the top of a schema", child.name);
                self.warn(&child.place, message, "it is skipped: put it inside a type");
            }
            kept && (matches!(child.name.as_str(), "import" | "include" | "annotation")
                || self.named(child))
        });
    }

    /// Whether a global declaration has the name without which nothing can refer to it.
    fn named(&mut self, node: &Node) -> bool {
        if node.value("name").is_some_and(|name| !name.is_empty()) {
            return true;
        }
        let message = format!("`xs:{}` at the top of a schema without a name", node.name);
        self.warn(&node.place, message, "it is skipped: add `name=\"…\"`");
        false
    }

    fn element(&mut self, node: &mut Node) {
        // Content written straight into the element, as if it were its type.
        let stray = node.children.iter().find(|child| {
            is_particle(&child.name)
                || is_attribute(&child.name)
                || matches!(child.name.as_str(), "simpleContent" | "complexContent")
        });
        if let Some(stray) = stray {
            let message = format!("`xs:{}` stands directly in `xs:element`", stray.name);
            self.warn(
                &stray.place.clone(),
                message,
                "read as if inside `xs:complexType`: write that around it",
            );
            let (outside, inside) =
                std::mem::take(&mut node.children)
                    .into_iter()
                    .partition(|child| {
                        matches!(
                            child.name.as_str(),
                            "annotation" | "complexType" | "simpleType"
                        )
                    });
            node.children = outside;
            match node
                .children
                .iter_mut()
                .find(|child| child.name == "complexType")
            {
                Some(type_) => type_.children.extend(inside),
                None => node.children.push(wrap("complexType", node, inside)),
            }
        }
        let inline: Vec<Place> = node
            .children
            .iter()
            .filter(|child| matches!(child.name.as_str(), "complexType" | "simpleType"))
            .map(|child| child.place.clone())
            .collect();
        if let (Some(type_), [_, ..]) = (node.attribute("type").cloned(), inline.as_slice()) {
            self.warn(
                &type_.place,
                "both `type` and a type inside",
                "`type` is ignored: keep one of them",
            );
            node.attributes.retain(|attribute| attribute.name != "type");
        }
        if let [_, second, ..] = inline.as_slice() {
            self.warn(
                second,
                "a second type for one element",
                "it is ignored: keep one of them",
            );
            let mut seen = false;
            node.children.retain(|child| {
                let is_type = matches!(child.name.as_str(), "complexType" | "simpleType");
                let keep = !is_type || !seen;
                seen |= is_type;
                keep
            });
        }
    }

    /// What does not belong into a model at all.
    fn model(&mut self, node: &mut Node) {
        node.children.retain(|child| {
            let known = is_particle(&child.name) || child.name == "annotation";
            if !known {
                let message = format!("`xs:{}` does not stand in `xs:{}`", child.name, node.name);
                self.warn(
                    &child.place,
                    message,
                    "it is skipped: put it inside an `xs:element`",
                );
            }
            let unnamed = child.name == "element"
                && child.value("name").is_none()
                && child.value("ref").is_none();
            if unnamed {
                self.warn(
                    &child.place,
                    "`xs:element` with neither `name` nor `ref`",
                    "it is skipped: add one of them",
                );
            }
            known && !unnamed
        });
    }

    /// Attributes declared twice in one type.
    fn duplicates(&mut self, node: &mut Node) {
        let mut seen: Vec<(String, Place)> = Vec::new();
        node.children.retain(|child| {
            if child.name != "attribute" {
                return true;
            }
            let Some(name) = child.value("name").or_else(|| child.value("ref")) else {
                self.warn(
                    &child.place,
                    "`xs:attribute` with neither `name` nor `ref`",
                    "it is skipped: add one of them",
                );
                return false;
            };
            if let Some((_, first)) = seen.iter().find(|(seen, _)| seen == name) {
                let place = child.value_place(if child.value("name").is_some() {
                    "name"
                } else {
                    "ref"
                });
                self.diagnostics.push(
                    Diagnostic::warning(place, format!("the attribute `{name}` is declared twice"))
                        .note(first, "first here")
                        .help("the second one is skipped: remove it"),
                );
                return false;
            }
            seen.push((name.to_owned(), child.place.clone()));
            true
        });
        for child in &mut node.children {
            self.duplicates(child);
        }
    }
}

/// A new element of XML Schema around others, at the place of the one it stands in.
pub(in crate::read::xsd) fn wrap(name: &str, at: &Node, children: Vec<Node>) -> Node {
    let place = children
        .first()
        .map_or(&at.place, |child| &child.place)
        .clone();
    Node {
        name: name.to_owned(),
        namespace: XS.to_owned(),
        attributes: Vec::new(),
        children,
        text: String::new(),
        prefixes: Vec::new(),
        place,
    }
}
