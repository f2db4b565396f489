//! The expansion behind `#[derive(Stanza)]`, as a library.
//!
//! Two callers share it, so that a handwritten stanza and a generated one are the same thing:
//! the procedural macro turns Rust syntax into an [`Item`] with [`parse`], and the generator
//! builds [`Item`]s from schemas itself. Both then call [`expand`].
//!
//! The expansion is flat: one loop over the attributes, one over the children, each a `match` on
//! the name that calls a helper of `sestina_wire::derive`. What can be done once in a helper is
//! not written out in every type, because thousands of types are compiled.

mod check;
mod expand;
mod field;
pub mod model;
mod parse;

pub use check::check;
pub use expand::expand;
pub use model::Item;
pub use parse::parse;
