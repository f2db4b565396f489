//! Checks over the whole model, one file each.

use crate::Diagnostic;
use crate::model::Model;

/// Runs every check and returns all that they found.
#[must_use]
pub fn check(_model: &Model) -> Vec<Diagnostic> {
    Vec::new()
}
