//! The layers every server puts around its request handlers: logging, and panics kept in.
