//! Assembled servers, clients and components, generated.
//!
//! A module for each profile: its `Settings`, with one field a specification, and `plugins`, which makes
//! the plugins that the settings leave enabled, ready to be installed in a host.

#![allow(
    clippy::all,
    clippy::pedantic,
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_html_tags
)]

include!(concat!(env!("OUT_DIR"), "/profiles.rs"));
