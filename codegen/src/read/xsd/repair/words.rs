//! Names and values that XML Schema does not have.

use crate::text::closest;

use super::super::names::{ATTRIBUTES, ELEMENTS};
use super::super::xml::{Attribute, Node, XS};
use super::Repair;

impl Repair<'_> {
    /// Elements whose names are not XML Schema's.
    pub(super) fn element_names(&mut self, node: &mut Node) {
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
    pub(super) fn attributes(&mut self, node: &mut Node) {
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
}
