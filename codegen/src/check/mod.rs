//! Checks over the whole model, one file each. All of them run; what they find is reported together.

mod announced;
mod declared_twice;
mod dependencies;
mod handlers;
mod held;
mod history;
mod negotiation;
mod placement;
mod queries;
mod stages;

use crate::Diagnostic;
use crate::model::Model;

/// Whether tables are as their migrations leave them.
pub(crate) fn history(model: &Model) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    history::check(model, &mut found);
    found
}

/// Runs every check but that of the [history of tables](history) and returns all that they found.
#[must_use]
pub fn check(model: &Model) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for check in [
        dependencies::check,
        declared_twice::check,
        handlers::check,
        placement::check,
        announced::check,
        negotiation::check,
        stages::check,
        queries::check,
        held::check,
    ] {
        check(model, &mut found);
    }
    found
}
