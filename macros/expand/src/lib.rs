//! The expansion behind derive(Stanza), as a library.
