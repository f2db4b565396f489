//! What each specification asks a plugin to answer, generated.
