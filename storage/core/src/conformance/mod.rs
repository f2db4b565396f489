//! The test suite that every backend has to pass.
