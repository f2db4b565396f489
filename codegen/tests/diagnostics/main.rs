//! Every message about a mistake in a specification: the file, the line, the column and the help.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checks;
mod fixture;
mod items;
mod refine;
mod repairs;
mod report;
mod schemas;
mod toml;
mod whole;
