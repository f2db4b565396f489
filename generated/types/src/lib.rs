//! Typed stanzas, tables and negotiation rows, generated from the specifications.
//!
//! A module for each specification: [`xep_0199`] holds the types of `specs/xep-0199`, its description
//! (`SPEC`), its rows of the negotiation table and, where it stores something, its `tables`. Where a
//! specification has several schemas, each is a submodule named after its file.

#![allow(
    clippy::all,
    clippy::pedantic,
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_html_tags
)]

include!(concat!(env!("OUT_DIR"), "/types.rs"));

/// Every type with what property tests and fuzzers need (feature `testing`).
#[cfg(feature = "testing")]
pub mod testing {
    include!(concat!(env!("OUT_DIR"), "/testing.rs"));
}
