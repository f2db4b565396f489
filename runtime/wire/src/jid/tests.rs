//! What is an address and what is none.
