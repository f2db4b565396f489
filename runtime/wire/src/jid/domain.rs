//! The domain of an address (RFC 7622 §3.2).
