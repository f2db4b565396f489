//! Figures, beside the peers: `cargo bench -p sestina-benches`.
//!
//! Each bench prints tables and needs nothing that the tests do not need.

pub mod accounts;
pub mod binary;
pub mod carrier;
pub mod client;
pub mod corpus;
pub mod events;
pub mod latency;
pub mod load;
pub mod logins;
pub mod memory;
pub mod pages;
pub mod presence;
pub mod relay;
pub mod report;
pub mod room;
pub mod rotation;
pub mod scram;
pub mod served;
pub mod storm;
pub mod target;
pub mod uploads;
