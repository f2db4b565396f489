//! The memory backend passes the conformance suite.
