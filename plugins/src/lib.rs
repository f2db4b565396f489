//! What each specification does.
