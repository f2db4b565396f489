//! Figures, beside the peers: `cargo bench -p sestina-benches`.
//!
//! Both benches print a table and need nothing that the tests do not need.

pub mod corpus;
pub mod load;
pub mod relay;
pub mod scram;
