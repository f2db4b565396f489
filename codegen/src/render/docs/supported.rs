//! The table of supported specifications.

use std::fmt::Write as _;

use super::{cell, link, supported};
use crate::model::{Model, Profile, Spec};

/// `supported.md`.
pub(super) fn render(model: &Model) -> String {
    let mut out = String::from(
        "# Supported specifications\n\n\
         Generated from `specs/` by `sestina-codegen docs`. A specification is listed when it is part of a profile \
         and tests show it at work.\n\n\
         | specification | title | version | status | in | shown by |\n|---|---|---|---|---|---|\n",
    );
    let all = supported(model);
    for (spec, profiles) in &all {
        let profiles: Vec<String> = profiles.iter().map(|one| profile(one, spec)).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            link(spec),
            cell(&spec.title),
            cell(&spec.version),
            cell(&spec.status),
            profiles.join(", "),
            tests(spec),
        );
    }
    let _ = writeln!(out, "\n{} specifications.", all.len());
    for profile in &model.profiles {
        if !profile.compliance.is_empty() {
            comply(&mut out, model, profile);
        }
    }
    out
}

/// What the compliance suites ask of a profile, and what shows that it is there.
fn comply(out: &mut String, model: &Model, profile: &Profile) {
    let _ = write!(
        out,
        "\n## Compliance of the {}\n\n\
         What the [XMPP Compliance Suites](https://xmpp.org/extensions/xep-0479.html) ask of an advanced {}, with what tests show of it.\n\n\
         | category | feature | specification | shown by |\n|---|---|---|---|\n",
        profile.name,
        profile.role.name(),
    );
    for demand in &profile.compliance {
        let specs: Vec<&Spec> = demand
            .specs
            .iter()
            .filter_map(|wanted| model.spec(&wanted.id))
            .collect();
        for (number, spec) in specs.into_iter().enumerate() {
            let (category, feature) = match number {
                0 => (demand.category.as_str(), demand.feature.as_str()),
                _ => ("", ""),
            };
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                cell(category),
                cell(feature),
                link(spec),
                tests(spec),
            );
        }
    }
}

/// The tests that show a specification, as links.
fn tests(spec: &Spec) -> String {
    let tests: Vec<String> = spec
        .tests
        .iter()
        .map(|test| format!("[`{}`](../{})", test.name, test.file))
        .collect();
    tests.join(", ")
}

fn profile(profile: &Profile, spec: &Spec) -> String {
    if profile.enabled(&spec.id) {
        profile.name.clone()
    } else {
        format!("{} (off unless switched on)", profile.name)
    }
}
