//! From specifications to Rust.
//!
//! A pipeline with a model in the middle: *read* ([`Specs`]: schemas through `xsd-parser`, `spec.toml` through
//! serde) → [`model`] (one plain data structure, each item with its place) → [`check`] → [`render`]. Renderers
//! never read files; readers never know what is rendered.
//!
//! Build scripts use [`Build`]; the command `sestina-codegen` is a thin layer over the same functions.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod check;
pub mod diagnostic;
pub mod model;
pub mod output;
pub mod read;
pub mod render;

mod migrate;
mod resolve;
mod stamp;
mod starter;
mod text;

mod build;
pub mod conform;
mod explain;
pub mod extract;

pub use build::Build;
pub use diagnostic::{Diagnostic, Level, render_all};
pub use explain::explain;
pub use migrate::migrate;
pub use output::Output;
pub use read::{Loaded, Specs};
pub use starter::Starter;
