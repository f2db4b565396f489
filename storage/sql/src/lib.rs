//! The SQL backends.
//!
//! What the databases share stands at the top: the text of the statements, made from a table's
//! descriptor once and kept ([`statements`]), and which migrations are to be applied
//! ([`migrations`]). A [`Dialect`] says how one database writes it. Each database has a module of its
//! own behind its feature, with its connections and how values are bound and read.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod dialect;
pub mod migrations;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod statements;

pub use dialect::Dialect;
