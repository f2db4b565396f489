//! The names of everything that is counted, in one place.
//!
//! Counting goes through the `metrics` facade: without a recorder it costs next to nothing.

use metrics::{counter, gauge};

/// Connections accepted, before anything is negotiated.
pub const CONNECTIONS_ACCEPTED: &str = "sestina_connections_accepted_total";
/// Connections turned away because the cap was reached.
pub const CONNECTIONS_REFUSED: &str = "sestina_connections_refused_total";
/// Connections open now, ready or not.
pub const CONNECTIONS_OPEN: &str = "sestina_connections_open";
/// Sessions ready now.
pub const SESSIONS_READY: &str = "sestina_sessions_ready";
/// Streams that did not get as far as a session.
pub const NEGOTIATIONS_FAILED: &str = "sestina_negotiations_failed_total";
/// Stanzas read from local sessions.
pub const STANZAS_RECEIVED: &str = "sestina_stanzas_received_total";
/// Stanzas after which their account had to wait, having sent faster than it may.
pub const STANZAS_SLOWED: &str = "sestina_stanzas_slowed_total";
/// Sessions ended because they did not read what was sent to them.
pub const SLOW_READERS_ENDED: &str = "sestina_slow_readers_ended_total";
/// Requests whose handler panicked.
pub const HANDLERS_PANICKED: &str = "sestina_handlers_panicked_total";

pub(crate) fn count(name: &'static str) {
    counter!(name).increment(1);
}

pub(crate) fn add(name: &'static str, amount: u64) {
    counter!(name).increment(amount);
}

pub(crate) fn raise(name: &'static str) {
    gauge!(name).increment(1.0);
}

pub(crate) fn lower(name: &'static str) {
    gauge!(name).decrement(1.0);
}
