//! Typed stanzas, tables and negotiation rows, generated from the specifications.
