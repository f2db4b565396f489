//! Transports, negotiation, sessions, routing and plugins.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
pub mod accounts;
pub mod errors;
pub mod host;
pub mod metrics;
pub mod mux;
pub mod negotiation;
pub mod plugin;
pub mod router;
pub mod sasl;
pub mod server;
pub mod session;
pub mod settings;
pub mod stages;
pub mod stream;
pub mod tls;
pub mod transport;
