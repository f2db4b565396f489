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
        let tests: Vec<String> = spec
            .tests
            .iter()
            .map(|test| format!("[`{}`](../{})", test.name, test.file))
            .collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            link(spec),
            cell(&spec.title),
            cell(&spec.version),
            cell(&spec.status),
            profiles.join(", "),
            tests.join(", "),
        );
    }
    let _ = writeln!(out, "\n{} specifications.", all.len());
    out
}

fn profile(profile: &Profile, spec: &Spec) -> String {
    if profile.enabled(&spec.id) {
        profile.name.clone()
    } else {
        format!("{} (off unless switched on)", profile.name)
    }
}
