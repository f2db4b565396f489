//! Transports, negotiation, sessions, routing and plugins.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
pub mod accounts;
#[cfg(feature = "client")]
pub mod client;
pub mod errors;
#[cfg_attr(
    not(feature = "server"),
    allow(dead_code, unused_imports, reason = "what only a server needs")
)]
pub mod host;
pub mod metrics;
pub mod mux;
pub mod negotiation;
pub mod plugin;
#[cfg_attr(
    not(feature = "server"),
    allow(dead_code, unused_imports, reason = "what only a server needs")
)]
pub mod router;
pub mod sasl;
#[cfg(feature = "server")]
pub mod server;
pub mod session;
pub mod settings;
pub mod stages;
pub mod stream;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tls;
pub mod transport;
