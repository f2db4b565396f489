//! Checks over the whole model, one file each. All of them run; what they find is reported together.

mod announced;
mod declared_twice;
mod dependencies;
mod handlers;
mod negotiation;
mod queries;
mod stages;

use crate::Diagnostic;
use crate::model::Model;

/// Runs every check and returns all that they found.
#[must_use]
pub fn check(model: &Model) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for check in [
        dependencies::check,
        declared_twice::check,
        handlers::check,
        announced::check,
        negotiation::check,
        stages::check,
        queries::check,
    ] {
        check(model, &mut found);
    }
    found
}
