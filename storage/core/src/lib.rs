//! Tables, stores and the storage trait, with the memory backend.
