//! The SQL backends.
