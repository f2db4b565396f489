//! Tables, stores and the storage trait, with the memory backend.
//!
//! A table is declared once, as a [`TableDescriptor`]: columns, key, indexes and the queries that
//! are asked of it. A [`Backend`] interprets descriptors and knows no table by name, so a new table
//! works on every backend without code for any of them. Above the backend stand the typed
//! [`Store`] of one table and the [`Transaction`] over several.
//!
//! The grammar of queries is fixed and small, so that every backend can answer every query from an
//! index: equality on the leading columns, one range, an order, a bound on the number of rows.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod backend;
mod column;
#[cfg(feature = "conformance")]
pub mod conformance;
mod descriptor;
mod error;
pub mod index;
pub mod memory;
pub mod ordered;
mod query;
mod search;
mod secret;
mod store;
mod transaction;
mod value;

pub use backend::{Backend, Outcome, Write};
pub use column::ColumnValue;
pub use descriptor::{
    Column, ColumnType, Literal, Migration, QueryDescriptor, Retention, TableDescriptor,
};
pub use error::StorageError;
pub use query::{Range, Selection};
pub use search::Search;
pub use secret::Secret;
pub use store::{Storage, Store, Table};
pub use transaction::Transaction;
pub use value::Value;

#[doc(no_inline)]
pub use async_trait::async_trait;
