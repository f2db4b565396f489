//! The SQL backends.
//!
//! What the databases share stands at the top: the text of the statements, made from a table's
//! descriptor once and kept ([`statements`]), which migrations are to be applied ([`migrations`]) and how, the
//! task that writes, the connections that read ([`Sql`]). A [`Dialect`] says how one database writes
//! statements, an [`Engine`] how they travel to it; each database has a module of its own behind its feature.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
// Without any database there is nobody who calls what they share.
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(dead_code, unused_imports, unused_macros)
)]

mod backend;
mod dialect;
mod engine;
mod fold;
mod migrate;
pub mod migrations;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod statements;
mod together;
mod writer;

pub use backend::Sql;
pub use dialect::Dialect;
pub use engine::{Connection, Engine, Verdict, Wanted};
pub use fold::definition;

pub(crate) use backend::Tables;
