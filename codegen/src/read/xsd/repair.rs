//! Mends the usual slips in the structure of a schema; each is reported as a warning.
//!
//! What comes out is regular: every element and attribute is one that XML Schema knows, content models come
//! before attributes, a complex type has one model at most. References are not looked at here (see
//! [`references`](super::references)).

use crate::Diagnostic;
use crate::model::Place;
use crate::text::closest;

use super::names::{ATTRIBUTES, ELEMENTS, is_attribute, is_model, is_particle};
use super::xml::{Attribute, Node, XS, lookup};

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

    /// Elements whose names are not XML Schema's.
    fn element_names(&mut self, node: &mut Node) {
        if node.is("documentation") || node.is("appinfo") {
            return;
        }
        let mut children = std::mem::take(&mut node.children);
        children.retain_mut(|child| {
            if child.namespace != XS {
                let message = format!("`{}` is not an element of XML Schema", child.name);
                self.warn(
                    &child.place,
                    message,
                    "it is skipped: remove it, or check its prefix",
                );
                return false;
            }
            if ELEMENTS.contains(&child.name.as_str()) {
                return true;
            }
            let message = format!("XML Schema has no element `{}`", child.name);
            if let Some(near) = closest(&child.name, ELEMENTS.iter().copied()) {
                self.warn(
                    &child.place,
                    message,
                    format!("read as `xs:{near}`: write that"),
                );
                near.clone_into(&mut child.name);
                true
            } else {
                self.warn(&child.place, message, "it is skipped: remove it");
                false
            }
        });
        for child in &mut children {
            self.element_names(child);
        }
        node.children = children;
    }

    /// Attributes whose names or values are not XML Schema's.
    fn attributes(&mut self, node: &mut Node) {
        if node.is("documentation") || node.is("appinfo") {
            return;
        }
        let mut attributes = std::mem::take(&mut node.attributes);
        attributes.retain_mut(|attribute| self.attribute(&node.name, attribute));
        if let (Some(name), Some(_)) = (
            attributes.iter().find(|a| a.name == "name").cloned(),
            attributes.iter().find(|a| a.name == "ref"),
        ) {
            self.warn(
                &name.place,
                "both `name` and `ref`",
                "`name` is ignored: keep one of them",
            );
            attributes.retain(|attribute| attribute.name != "name");
        }
        node.attributes = attributes;
        for child in &mut node.children {
            self.attributes(child);
        }
    }

    fn attribute(&mut self, element: &str, attribute: &mut Attribute) -> bool {
        if attribute.name.contains(':') {
            return false;
        }
        if !ATTRIBUTES.contains(&attribute.name.as_str()) {
            let message = format!("XML Schema has no attribute `{}`", attribute.name);
            let Some(near) = closest(&attribute.name, ATTRIBUTES.iter().copied()) else {
                self.warn(&attribute.place, message, "it is skipped: remove it");
                return false;
            };
            self.warn(
                &attribute.place,
                message,
                format!("read as `{near}`: write that"),
            );
            near.clone_into(&mut attribute.name);
        }
        if !matches!(attribute.name.as_str(), "value" | "default" | "fixed") {
            attribute.value = attribute.value.trim().to_owned();
        }
        let allowed: &[&str] = match attribute.name.as_str() {
            "use" => &["required", "optional", "prohibited"],
            "mixed" | "abstract" | "nillable" => &["true", "false"],
            "minOccurs" | "maxOccurs" => return self.occurs(attribute),
            "processContents" if matches!(element, "any" | "anyAttribute") => {
                &["lax", "strict", "skip"]
            }
            _ => return true,
        };
        if allowed.contains(&attribute.value.as_str()) {
            return true;
        }
        if attribute.name != "use" && matches!(attribute.value.as_str(), "1" | "0") {
            attribute.value = if attribute.value == "1" {
                "true"
            } else {
                "false"
            }
            .to_owned();
            return true;
        }
        let message = format!("`{}` is no value of `{}`", attribute.value, attribute.name);
        if let Some(near) = closest(&attribute.value, allowed.iter().copied()) {
            self.warn(
                &attribute.value_place,
                message,
                format!("read as `{near}`: write that"),
            );
            near.clone_into(&mut attribute.value);
            true
        } else {
            self.warn(
                &attribute.value_place,
                message,
                "the attribute is skipped: remove it",
            );
            false
        }
    }

    fn occurs(&mut self, attribute: &mut Attribute) -> bool {
        let value = attribute.value.as_str();
        if value.parse::<u32>().is_ok() || (value == "unbounded" && attribute.name == "maxOccurs") {
            return true;
        }
        let message = format!("`{value}` is no value of `{}`", attribute.name);
        if attribute.name == "minOccurs" {
            self.warn(
                &attribute.value_place,
                message,
                "read as `0`: write a number",
            );
            "0".clone_into(&mut attribute.value);
        } else {
            self.warn(
                &attribute.value_place,
                message,
                "read as `unbounded`: write a number or that",
            );
            "unbounded".clone_into(&mut attribute.value);
        }
        true
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

    fn complex_type(&mut self, node: &mut Node) {
        // A derivation without the content element around it.
        for child in &mut node.children {
            if matches!(child.name.as_str(), "extension" | "restriction") {
                let message = format!("`xs:{}` stands directly in `xs:complexType`", child.name);
                let content = if child.children.iter().any(|c| is_particle(&c.name)) {
                    "complexContent"
                } else {
                    "simpleContent"
                };
                self.warn(
                    &child.place,
                    message,
                    format!("read as if inside `xs:{content}`: write that around it"),
                );
                let inner = child.clone();
                let outer = wrap(content, child, vec![inner]);
                *child = outer;
            }
        }
        node.children.retain(|child| {
            let keep = !matches!(
                child.name.as_str(),
                "simpleType" | "complexType" | "enumeration"
            );
            if !keep {
                let message = format!("`xs:{}` stands directly in `xs:complexType`", child.name);
                self.warn(
                    &child.place,
                    message,
                    "it is skipped: put it into an element or an attribute",
                );
            }
            keep
        });
        self.content(node);
    }

    /// Attributes of a simple content without the extension they belong to.
    fn simple_content(&mut self, node: &mut Node) {
        let Some(stray) = node.children.iter().find(|child| is_attribute(&child.name)) else {
            return;
        };
        let message = format!("`xs:{}` stands directly in `xs:simpleContent`", stray.name);
        let help = "read as if inside `xs:extension`: write that around it";
        self.warn(&stray.place.clone(), message, help);
        let (attributes, rest): (Vec<Node>, Vec<Node>) = std::mem::take(&mut node.children)
            .into_iter()
            .partition(|child| is_attribute(&child.name));
        node.children = rest;
        match node
            .children
            .iter_mut()
            .find(|child| matches!(child.name.as_str(), "extension" | "restriction"))
        {
            Some(derivation) => derivation.children.extend(attributes),
            None => {
                let mut extension = wrap("extension", node, attributes);
                extension.attributes.push(Attribute {
                    name: "base".to_owned(),
                    value: "xs:string".to_owned(),
                    place: extension.place.clone(),
                    value_place: extension.place.clone(),
                });
                extension.prefixes.push(("xs".to_owned(), XS.to_owned()));
                node.children.push(extension);
            }
        }
    }

    fn derivation(&mut self, node: &mut Node) {
        if node
            .children
            .iter()
            .any(|child| is_particle(&child.name) || is_attribute(&child.name))
        {
            self.content(node);
        }
    }

    /// One model, then attributes.
    fn content(&mut self, node: &mut Node) {
        let first_attribute = node
            .children
            .iter()
            .position(|child| is_attribute(&child.name));
        let model_after = first_attribute.and_then(|at| {
            let rest = node.children.get(at..).unwrap_or(&[]);
            rest.iter()
                .find(|child| is_particle(&child.name))
                .map(|child| (child.name.clone(), child.place.clone()))
        });
        if let Some((name, place)) = model_after {
            let message = format!("`xs:{name}` stands after `xs:attribute`");
            self.warn(
                &place,
                message,
                "read as if before it: the content model comes first",
            );
            node.children.sort_by_key(|child| is_attribute(&child.name));
        }
        let models: Vec<&Node> = node
            .children
            .iter()
            .filter(|child| is_particle(&child.name))
            .collect();
        let bare = models.iter().find(|model| !is_model(&model.name));
        let extra = models.get(1);
        let reason = match (bare, extra) {
            (Some(bare), _) => Some((
                bare.place.clone(),
                format!("`xs:{}` stands directly in `xs:{}`", bare.name, node.name),
            )),
            (None, Some(extra)) => Some((
                extra.place.clone(),
                format!("a second content model in `xs:{}`", node.name),
            )),
            (None, None) => None,
        };
        if let Some((place, message)) = reason {
            self.warn(
                &place,
                message,
                "read as if inside one `xs:sequence`: write that around it",
            );
            let mut before = Vec::new();
            let mut inside = Vec::new();
            let mut after = Vec::new();
            for child in std::mem::take(&mut node.children) {
                match child.name.as_str() {
                    name if is_particle(name) => inside.push(child),
                    "annotation" => before.push(child),
                    _ => after.push(child),
                }
            }
            before.push(wrap("sequence", node, inside));
            before.extend(after);
            node.children = before;
        }
        // Attributes written into the model belong to the type.
        let mut moved = Vec::new();
        for child in &mut node.children {
            if is_model(&child.name) {
                self.lift_attributes(child, &mut moved);
            }
        }
        node.children.extend(moved);
    }

    fn lift_attributes(&mut self, model: &mut Node, moved: &mut Vec<Node>) {
        let (attributes, rest) = std::mem::take(&mut model.children)
            .into_iter()
            .partition(|child| is_attribute(&child.name));
        model.children = rest;
        for attribute in attributes {
            let message = format!("`xs:{}` stands inside `xs:{}`", attribute.name, model.name);
            self.warn(
                &attribute.place,
                message,
                "read as if after it: attributes follow the content model",
            );
            moved.push(attribute);
        }
        for child in &mut model.children {
            if is_model(&child.name) {
                self.lift_attributes(child, moved);
            }
        }
    }

    fn simple_type(&mut self, node: &mut Node) {
        if let Some(stray) = node
            .children
            .iter()
            .find(|child| child.name == "enumeration")
        {
            self.warn(
                &stray.place.clone(),
                "`xs:enumeration` stands directly in `xs:simpleType`",
                "read as if inside `xs:restriction base=\"xs:string\"`: write that around it",
            );
            let (inside, outside) = std::mem::take(&mut node.children)
                .into_iter()
                .partition(|child| child.name == "enumeration");
            node.children = outside;
            let restriction = wrap("restriction", node, inside);
            node.children.push(restriction);
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
pub(super) fn wrap(name: &str, at: &Node, children: Vec<Node>) -> Node {
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
