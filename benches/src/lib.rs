//! Figures, beside the peers: `cargo bench -p sestina-benches`.
//!
//! Each bench prints tables and needs nothing that the tests do not need.

pub mod binary;
pub mod corpus;
pub mod load;
pub mod relay;
pub mod scram;
pub mod served;
