//! Renderers: from the model to text, one for each product. They read no file, and decide nothing that the
//! model has not settled.

mod code;
pub(crate) mod docs;
mod forms;
mod held;
mod lists;
mod migrations;
mod negotiation;
mod placements;
mod profiles;
mod settings;
mod skeletons;
mod specs;
mod stanzas;
mod tables;
mod testing;
mod types;

use crate::model::Model;
use crate::output::Output;

pub(crate) use held::misfit;

pub use docs::{Project, docs};
pub use migrations::{Dialect, definition, migration};

/// The typed stanzas, tables, negotiation rows and migrations (`types.rs` and what it includes).
#[must_use]
pub fn types(model: &Model) -> Vec<Output> {
    types::render(model)
}

/// Every type with what property tests and fuzzers need (`testing.rs`). The crate includes it as the module
/// `testing` beside the types, where it wants to test them.
#[must_use]
pub fn testing(model: &Model) -> Vec<Output> {
    testing::render(model)
}

/// The typed stanzas alone, a file for each spec without a folder before its name: what needs nothing but the wire.
#[must_use]
pub fn stanza_files(model: &Model) -> Vec<Output> {
    types::stanzas_alone(model)
}

/// What each spec's plugin must answer (`skeletons.rs`).
#[must_use]
pub fn skeletons(model: &Model) -> Vec<Output> {
    skeletons::render(model)
}

/// The assembled servers, clients and components (`profiles.rs`).
#[must_use]
pub fn profiles(model: &Model) -> Vec<Output> {
    profiles::render(model)
}
