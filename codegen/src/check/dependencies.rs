//! Every dependency is there, none goes in a circle, and what a spec refers to it also depends on.

use crate::Diagnostic;
use crate::model::{Answer, Dependency, ElementUse, Model, Profile, Spec};
use crate::resolve::closure;
use crate::text::closest;

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    for spec in &model.specs {
        for dependency in &spec.depends {
            unknown(model, dependency, found);
        }
        if let Some(dependency) = spec
            .depends
            .iter()
            .find(|dependency| dependency.id == spec.id)
        {
            found.push(
                Diagnostic::error(
                    &dependency.place,
                    format!("`{}` depends on itself", spec.id),
                )
                .help("remove it"),
            );
        }
        circle(model, spec, found);
        undeclared(model, spec, found);
    }
    for profile in &model.profiles {
        for dependency in &profile.specs {
            unknown(model, dependency, found);
        }
        let demands = profile.compliance.iter();
        for dependency in demands.flat_map(|demand| &demand.specs) {
            unshown(model, profile, dependency, found);
        }
    }
}

/// What is said to comply is in the profile, and a test shows it.
fn unshown(model: &Model, profile: &Profile, wanted: &Dependency, found: &mut Vec<Diagnostic>) {
    let held = profile.order.contains(&wanted.id);
    let spec = model.spec(&wanted.id).filter(|_| held);
    let message = match spec {
        None => format!("the profile does not hold the spec `{}`", wanted.id),
        Some(spec) if spec.tests.is_empty() => format!("no test shows `{}`", wanted.id),
        Some(_) => return,
    };
    found.push(
        Diagnostic::error(&wanted.place, message).help(
            "a profile complies with what it holds and tests show: add it, or remove it here",
        ),
    );
}

fn unknown(model: &Model, dependency: &Dependency, found: &mut Vec<Diagnostic>) {
    if model.spec(&dependency.id).is_some() {
        return;
    }
    let help = match closest(
        &dependency.id,
        model.specs.iter().map(|spec| spec.id.as_str()),
    ) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "add a folder `{}` with its schema or `spec.toml`, or remove it here",
            dependency.id
        ),
    };
    found.push(
        Diagnostic::error(
            &dependency.place,
            format!("there is no spec `{}`", dependency.id),
        )
        .help(help),
    );
}

/// A circle is reported once, from the spec with the smallest id in it.
fn circle(model: &Model, spec: &Spec, found: &mut Vec<Diagnostic>) {
    let Some(path) = path_back(model, spec) else {
        return;
    };
    if path.len() < 2 || path.iter().any(|(id, _)| *id < spec.id.as_str()) {
        return;
    }
    let Some((_, first)) = path.first() else {
        return;
    };
    let names: Vec<&str> = std::iter::once(spec.id.as_str())
        .chain(path.iter().map(|(id, _)| *id))
        .collect();
    let mut diagnostic = Diagnostic::error(
        &first.place,
        format!("the specs depend on each other: {}", names.join(" -> ")),
    )
    .help("remove one of these dependencies");
    for (id, dependency) in path.iter().skip(1) {
        diagnostic = diagnostic.note(&dependency.place, format!("here on `{id}`"));
    }
    found.push(diagnostic);
}

/// The shortest chain of dependencies from a spec back to itself.
fn path_back<'a>(model: &'a Model, spec: &'a Spec) -> Option<Vec<(&'a str, &'a Dependency)>> {
    let mut paths: Vec<Vec<(&str, &Dependency)>> = vec![Vec::new()];
    let mut seen: Vec<&str> = Vec::new();
    while !paths.is_empty() {
        let mut longer = Vec::new();
        for path in paths {
            let at = path.last().map_or(Some(spec), |(id, _)| model.spec(id));
            for dependency in at.into_iter().flat_map(|spec| &spec.depends) {
                let mut path = path.clone();
                path.push((dependency.id.as_str(), dependency));
                if dependency.id == spec.id {
                    return Some(path);
                }
                if !seen.contains(&dependency.id.as_str()) {
                    seen.push(&dependency.id);
                    longer.push(path);
                }
            }
        }
        paths = longer;
    }
    None
}

/// What `spec.toml` names of other specs.
fn undeclared(model: &Model, spec: &Spec, found: &mut Vec<Diagnostic>) {
    let depends = closure(&model.specs, &spec.id);
    let mut need = |id: &str, place: &crate::model::Place, what: &str| {
        if model.spec(id).is_some() && !depends.contains(id) {
            let message = format!("`{}` uses {what} `{id}` and does not depend on it", spec.id);
            found.push(
                Diagnostic::error(place, message)
                    .help(format!("add \"{id}\" to `depends` in `[spec]`")),
            );
        }
    };
    let answers = spec.iqs.iter().filter_map(|iq| match &iq.answer {
        Answer::Element(element) => Some(element),
        Answer::Empty => None,
    });
    let uses: Vec<&ElementUse> = spec
        .iqs
        .iter()
        .map(|iq| &iq.request)
        .chain(answers)
        .chain(
            spec.messages
                .iter()
                .chain(&spec.presences)
                .map(|traveller| &traveller.payload),
        )
        .chain(spec.nonzas.iter().map(|nonza| &nonza.element))
        .chain(spec.children.iter().flat_map(|child| {
            let inside = child.inside.iter();
            std::iter::once(&child.element).chain(inside)
        }))
        .chain(spec.items.iter().map(|item| &item.payload))
        .chain(spec.negotiations.iter().flat_map(|row| {
            let exchange = row.exchange.iter();
            let exchange = exchange.flat_map(|exchange| [&exchange.request, &exchange.answer]);
            std::iter::once(&row.element).chain(exchange)
        }))
        .collect();
    for element in uses {
        need(&element.type_.spec, &element.place, "an element of");
    }
    // What is generated for them is written over the types of these.
    if let Some(form) = spec.forms.first() {
        need(FORMS, &form.place, "the fields of");
    }
    if let Some(item) = spec.items.first() {
        need(PUBSUB, &item.place, "the nodes of");
    }
    if let (Some(form), None) = (spec.forms.first(), model.spec(FORMS)) {
        found.push(
            Diagnostic::error(&form.place, format!("a form without the spec `{FORMS}`")).help(
                format!("add a folder `{FORMS}` with its schema, and \"{FORMS}\" to `depends` in `[spec]`"),
            ),
        );
    }
}

/// Data Forms.
const FORMS: &str = "xep-0004";
/// Publish-Subscribe.
const PUBSUB: &str = "xep-0060";
