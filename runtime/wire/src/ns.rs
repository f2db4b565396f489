//! The namespaces the runtime itself has to know. Those of the specifications are generated with their types.

/// Stanzas between a client and a server (RFC 6120 §4.8.2). Behind the reader every stream's content namespace is this one.
pub const CLIENT: &str = "jabber:client";
/// Stanzas between servers (RFC 6120 §4.8.2).
pub const SERVER: &str = "jabber:server";
/// Stanzas between a server and a component that connected to it (XEP-0114).
pub const COMPONENT: &str = "jabber:component:accept";
/// The stream element itself (RFC 6120 §4.8.1).
pub const STREAM: &str = "http://etherx.jabber.org/streams";
/// Conditions of stream errors (RFC 6120 §4.9.2).
pub const STREAMS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
/// Conditions of stanza errors (RFC 6120 §8.3.2).
pub const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// What the prefix `xml` always means (Namespaces in XML §3).
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// What the prefix `xmlns` always means (Namespaces in XML §3).
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
/// STARTTLS negotiation (RFC 6120 §5).
pub const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";
/// SASL negotiation (RFC 6120 §6).
pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
/// Resource binding (RFC 6120 §7).
pub const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
/// The session of RFC 3921, answered for old clients.
pub const SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";
/// Server dialback (XEP-0220).
pub const DIALBACK: &str = "jabber:server:dialback";
/// The framing element of XMPP over WebSocket (RFC 7395 §3.3).
pub const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";

/// Whether `ns` qualifies stanzas on some kind of stream.
pub fn is_content(ns: &str) -> bool {
    matches!(ns, CLIENT | SERVER | COMPONENT)
}
