//! derive(Stanza).
