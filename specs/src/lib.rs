//! The specifications, embedded as files.
