//! Figures, beside the peers.
