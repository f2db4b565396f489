//! What types hold, in the right place: one content model, then attributes.

use super::super::names::{is_attribute, is_model, is_particle};
use super::super::xml::{Attribute, Node, XS};
use super::{Repair, wrap};

impl Repair<'_> {
    pub(super) fn complex_type(&mut self, node: &mut Node) {
        self.empty_content(node);
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
        // A type written around a type of the same kind.
        let is_type = |child: &Node| child.name == "complexType";
        if let [only] = node
            .children
            .iter()
            .filter(|child| child.name != "annotation")
            .collect::<Vec<_>>()
            .as_slice()
            && is_type(only)
        {
            let help = "read as one type: remove the inner tags";
            self.warn(
                &only.place.clone(),
                "`xs:complexType` stands directly in `xs:complexType`",
                help,
            );
            let (inner, mut rest): (Vec<Node>, Vec<Node>) = std::mem::take(&mut node.children)
                .into_iter()
                .partition(is_type);
            rest.extend(inner.into_iter().flat_map(|inner| inner.children));
            node.children = rest;
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

    /// A simple or complex content without a derivation, around a content model.
    fn empty_content(&mut self, node: &mut Node) {
        let mut children = Vec::new();
        for child in std::mem::take(&mut node.children) {
            let is_content = matches!(child.name.as_str(), "simpleContent" | "complexContent");
            let derived = child
                .children
                .iter()
                .any(|c| matches!(c.name.as_str(), "extension" | "restriction"));
            let model = child.children.iter().find(|c| is_particle(&c.name));
            if let (true, false, Some(model)) = (is_content, derived, model) {
                let message = format!("`xs:{}` stands directly in `xs:{}`", model.name, child.name);
                let help = format!("read as if there were no `xs:{}`: remove that", child.name);
                self.warn(&model.place, message, help);
                children.extend(child.children);
            } else {
                children.push(child);
            }
        }
        node.children = children;
    }

    /// A simple content is one derivation, which holds the attributes.
    pub(super) fn simple_content(&mut self, node: &mut Node) {
        let is_derivation =
            |child: &Node| matches!(child.name.as_str(), "extension" | "restriction");
        let mut first = true;
        let mut more = Vec::new();
        node.children.retain(|child| {
            let keep = !is_derivation(child) || std::mem::take(&mut first);
            if !keep {
                let message = format!("a second `xs:{}` in `xs:simpleContent`", child.name);
                self.warn(
                    &child.place,
                    message,
                    "read as part of the first one: write all attributes there",
                );
                more.extend(
                    child
                        .children
                        .iter()
                        .filter(|child| is_attribute(&child.name))
                        .cloned(),
                );
            }
            keep
        });
        if let Some(derivation) = node.children.iter_mut().find(|child| is_derivation(child)) {
            derivation.children.extend(more);
        }
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

    pub(super) fn derivation(&mut self, node: &mut Node) {
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

    /// The type of an attribute stands in an `xs:simpleType`.
    pub(super) fn attribute_type(&mut self, node: &mut Node) {
        let is_type = |child: &Node| {
            matches!(
                child.name.as_str(),
                "restriction" | "enumeration" | "union" | "list"
            )
        };
        if let Some(stray) = node.children.iter().find(|child| is_type(child)) {
            let message = format!("`xs:{}` stands directly in `xs:attribute`", stray.name);
            let help = "read as if inside `xs:simpleType`: write that around it";
            self.warn(&stray.place.clone(), message, help);
            let (inside, outside): (Vec<Node>, Vec<Node>) = std::mem::take(&mut node.children)
                .into_iter()
                .partition(is_type);
            node.children = outside;
            match node
                .children
                .iter_mut()
                .find(|child| child.name == "simpleType")
            {
                Some(type_) => type_.children.extend(inside),
                None => node.children.push(wrap("simpleType", node, inside)),
            }
        }
        if node.children.iter().any(|child| child.name == "simpleType")
            && let Some(type_) = node.attribute("type").cloned()
        {
            self.warn(
                &type_.place,
                "both `type` and a type inside",
                "`type` is ignored: keep one of them",
            );
            node.attributes.retain(|attribute| attribute.name != "type");
        }
        node.children
            .retain(|child| matches!(child.name.as_str(), "annotation" | "simpleType"));
    }

    pub(super) fn simple_type(&mut self, node: &mut Node) {
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
}
