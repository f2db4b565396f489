//! Where elements travel is said once: a node has one element, an element one node, a type of form one spec that
//! declares it, and each of its fields one that has it. What is extended is somebody else's.

use std::collections::BTreeMap;

use crate::Diagnostic;
use crate::model::{DataForm, Model, Place, Role, Spec};
use crate::text::closest;

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    nodes(model, found);
    forms(model, found);
    handlers_of_forms(model, found);
    for spec in &model.specs {
        for child in &spec.children {
            for parent in child
                .inside
                .iter()
                .filter(|parent| parent.type_ == child.element.type_)
            {
                let message = format!("`{}` cannot extend itself", parent.element.name);
                found.push(
                    Diagnostic::error(&parent.place, message)
                        .help("name the element that it travels in, or remove `inside`"),
                );
            }
        }
        roles(spec, found);
    }
}

/// A node has one element, and an element one node.
fn nodes(model: &Model, found: &mut Vec<Diagnostic>) {
    let mut nodes: BTreeMap<&str, &Place> = BTreeMap::new();
    let mut elements: BTreeMap<_, &Place> = BTreeMap::new();
    for item in model.specs.iter().flat_map(|spec| &spec.items) {
        if let Some(first) = nodes.get(item.node.as_str()) {
            found.push(
                Diagnostic::error(
                    &item.place,
                    format!("the node `{}` is declared twice", item.node),
                )
                .note(first, "first here")
                .help("one spec says what its items are: remove it from the other"),
            );
            continue;
        }
        nodes.insert(&item.node, &item.place);
        if let Some(first) = elements.get(&item.payload.type_) {
            let name = &item.payload.element.name;
            found.push(
                Diagnostic::error(
                    &item.payload.place,
                    format!("`{name}` is the item of another node already"),
                )
                .note(first, "here")
                .help("an element says by itself where it is published: declare another for this node"),
            );
            continue;
        }
        elements.insert(&item.payload.type_, &item.payload.place);
    }
}

/// A type of form is declared once; others extend it with fields that it has not.
fn forms(model: &Model, found: &mut Vec<Diagnostic>) {
    let all = || model.specs.iter().flat_map(|spec| &spec.forms);
    let mut declared: BTreeMap<&str, &DataForm> = BTreeMap::new();
    for form in all().filter(|form| !form.extends) {
        match declared.get(form.form_type.as_str()) {
            Some(first) => found.push(
                Diagnostic::error(
                    &form.place,
                    format!("the form type `{}` is declared twice", form.form_type),
                )
                .note(&first.place, "first here")
                .help("add `extends = true` to the one that only adds fields, or remove it"),
            ),
            None => {
                declared.insert(&form.form_type, form);
            }
        }
    }
    for form in all().filter(|form| form.extends) {
        if declared.contains_key(form.form_type.as_str()) {
            continue;
        }
        let help = match closest(&form.form_type, declared.keys().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "remove `extends`, or add the spec that declares it".to_owned(),
        };
        found.push(
            Diagnostic::error(
                &form.place,
                format!("nobody declares the form type `{}`", form.form_type),
            )
            .help(help),
        );
    }
    let mut fields: BTreeMap<(&str, &str), &Place> = BTreeMap::new();
    for form in all() {
        for field in &form.fields {
            if field.var == "FORM_TYPE" {
                found.push(
                    Diagnostic::error(&field.place, "every form has its type by itself")
                        .help("remove this field"),
                );
            }
            let key = (form.form_type.as_str(), field.var.as_str());
            match fields.get(&key) {
                Some(first) if *first != &field.place => found.push(
                    Diagnostic::error(
                        &field.place,
                        format!(
                            "the field `{}` of this type of form is declared twice",
                            field.var
                        ),
                    )
                    .note(first, "first here")
                    .help("remove it from one of them"),
                ),
                _ => {
                    fields.insert(key, &field.place);
                }
            }
        }
    }
}

/// The form that a handler answers for is one that somebody declares.
fn handlers_of_forms(model: &Model, found: &mut Vec<Diagnostic>) {
    let known: Vec<&str> = model
        .specs
        .iter()
        .flat_map(|spec| &spec.forms)
        .map(|form| form.form_type.as_str())
        .collect();
    for (handler, _) in model.specs.iter().flat_map(Spec::handlers) {
        let Some(form) = &handler.form else { continue };
        if known.contains(&form.as_str()) {
            continue;
        }
        let help = match closest(form, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add a `[[data-form]]` with `form_type = \"{form}\"`"),
        };
        found.push(
            Diagnostic::error(
                &handler.place,
                format!(
                    "`{}` answers for a type of form that nobody declares",
                    handler.name
                ),
            )
            .help(help),
        );
    }
}

/// Nonzas are a server's to handle, what is said of items a client's, and a conversation has both its sides.
fn roles(spec: &Spec, found: &mut Vec<Diagnostic>) {
    for handler in spec.nonzas.iter().flat_map(|nonza| &nonza.handlers) {
        if handler.role != Role::Server {
            let message = format!("a {} has no handlers of nonzas", handler.role.name());
            found.push(
                Diagnostic::error(&handler.place, message)
                    .help("write `role = \"server\"`, or remove the handler"),
            );
        }
    }
    for handler in spec.items.iter().flat_map(|item| &item.handlers) {
        if handler.role != Role::Client {
            let message = format!("a {} is not told of items", handler.role.name());
            found.push(
                Diagnostic::error(&handler.place, message)
                    .help("write `role = \"client\"`, or remove the handler"),
            );
        }
    }
    for row in &spec.negotiations {
        let Some(exchange) = &row.exchange else {
            continue;
        };
        let mut by_role: BTreeMap<Role, &Place> = BTreeMap::new();
        for handler in &exchange.handlers {
            if handler.role == Role::Component {
                found.push(
                    Diagnostic::error(&handler.place, "a component negotiates no stream features")
                        .help("write `role = \"server\"` or `\"client\"`"),
                );
            } else if let Some(first) = by_role.insert(handler.role, &handler.place) {
                found.push(
                    Diagnostic::error(
                        &handler.place,
                        "a second handler for one side of a stream feature",
                    )
                    .note(first, "the first one")
                    .help("remove one of them"),
                );
            }
        }
        if !by_role.contains_key(&Role::Server) {
            found.push(
                Diagnostic::error(
                    &exchange.request.place,
                    format!("nobody answers `{}`", exchange.request.element.name),
                )
                .help("add `[[negotiation.handler]]` with `role = \"server\"` and a `name`"),
            );
        }
    }
}
