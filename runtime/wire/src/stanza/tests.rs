//! Stanzas as ropes.
