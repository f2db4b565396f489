//! XMPP generated from its own specifications.
