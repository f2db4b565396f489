//! From specifications to Rust.
