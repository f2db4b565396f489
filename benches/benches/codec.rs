//! Parsing and writing stanzas.
fn main() {}
