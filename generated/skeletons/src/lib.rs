//! What each specification asks a plugin to answer, generated.
//!
//! A module for each specification that has handlers or stages: its `Settings`, a trait for each role
//! that has something to answer (`Server`, `Client`, `Component`), and a function of the role's name that
//! makes an installable plugin of whatever implements the trait. A plugin that leaves a request
//! unanswered does not compile.

#![allow(
    clippy::all,
    clippy::pedantic,
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_html_tags
)]

include!(concat!(env!("OUT_DIR"), "/skeletons.rs"));
