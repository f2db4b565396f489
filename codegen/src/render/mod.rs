//! Renderers: from the model to text, one for each product. They read no file.

use crate::model::Model;
use crate::output::Output;

/// The typed stanzas, tables, negotiation rows and migrations (`types.rs` and what it includes).
#[must_use]
pub fn types(_model: &Model) -> Vec<Output> {
    Vec::new()
}

/// What each spec's plugin must answer (`skeletons.rs`).
#[must_use]
pub fn skeletons(_model: &Model) -> Vec<Output> {
    Vec::new()
}

/// The assembled servers, clients and components (`profiles.rs`).
#[must_use]
pub fn profiles(_model: &Model) -> Vec<Output> {
    Vec::new()
}
