//! Transports, negotiation, sessions, routing and plugins.
