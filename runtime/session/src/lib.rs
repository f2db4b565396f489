//! Transports, negotiation, sessions, routing and plugins.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
pub mod errors;
pub mod host;
pub mod metrics;
pub mod mux;
pub mod plugin;
pub mod router;
pub mod server;
pub mod settings;
pub mod stages;
