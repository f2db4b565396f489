//! Transports, negotiation, sessions, routing and plugins.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#[cfg_attr(
    not(all(feature = "client", feature = "server")),
    allow(dead_code, reason = "what only the other side needs")
)]
pub mod accounts;
#[cfg(feature = "web")]
#[cfg_attr(
    not(all(feature = "client", feature = "server")),
    allow(dead_code, unused_imports, reason = "what only the other side needs")
)]
pub mod bosh;
pub mod carbon;
#[cfg(feature = "client")]
pub mod client;
#[cfg(any(feature = "client", feature = "server"))]
pub mod component;
pub mod errors;
#[cfg(feature = "server")]
pub mod federation;
#[cfg_attr(
    not(feature = "server"),
    allow(dead_code, unused_imports, reason = "what only a server needs")
)]
pub mod host;
#[cfg(feature = "server")]
pub mod http;
pub mod items;
#[cfg(any(feature = "client", feature = "server"))]
#[cfg_attr(
    not(all(feature = "client", feature = "server")),
    allow(dead_code, unused_imports, reason = "what only the other side needs")
)]
mod link;
#[cfg_attr(
    not(feature = "server"),
    allow(dead_code, reason = "what only a server needs")
)]
pub mod metrics;
pub mod mux;
pub mod negotiation;
pub mod plugin;
#[cfg_attr(
    not(feature = "server"),
    allow(dead_code, unused_imports, reason = "what only a server needs")
)]
pub mod router;
#[cfg_attr(
    not(all(feature = "client", feature = "server")),
    allow(dead_code, reason = "what only the other side needs")
)]
pub mod sasl;
#[cfg(feature = "server")]
pub mod server;
#[cfg_attr(
    not(all(feature = "client", feature = "server")),
    allow(dead_code, reason = "what only the other side needs")
)]
pub mod session;
pub mod settings;
#[cfg(any(feature = "client", feature = "server"))]
mod srv;
#[cfg_attr(
    not(feature = "server"),
    allow(dead_code, reason = "what only a server needs")
)]
pub mod stages;
#[cfg_attr(
    not(all(feature = "client", feature = "server")),
    allow(dead_code, reason = "what only the other side needs")
)]
pub mod stream;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg_attr(
    not(all(feature = "client", feature = "server")),
    allow(dead_code, reason = "what only the other side needs")
)]
pub mod tls;
#[cfg_attr(
    not(all(feature = "client", feature = "server")),
    allow(dead_code, reason = "what only the other side needs")
)]
pub mod transport;
#[cfg(feature = "server")]
pub mod web;
