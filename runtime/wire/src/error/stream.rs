//! Errors that end a stream (RFC 6120 §4.9).

use std::fmt;

use super::named;
use crate::{AnyElement, Content, DecodeError, ElementRef, Payload, Text, Writer, ns};

named! {
    /// Why a stream ends (RFC 6120 §4.9.3).
    StreamCondition {
        /// The XML cannot be processed.
        BadFormat = "bad-format",
        /// A prefix is missing or unknown.
        BadNamespacePrefix = "bad-namespace-prefix",
        /// Another stream replaces this one, or the resource is taken.
        Conflict = "conflict",
        /// The peer is believed to be gone.
        ConnectionTimeout = "connection-timeout",
        /// The host is no longer served here.
        HostGone = "host-gone",
        /// The host was never served here.
        HostUnknown = "host-unknown",
        /// A stanza between servers lacks an address, or has a wrong one.
        ImproperAddressing = "improper-addressing",
        /// The server failed.
        InternalServerError = "internal-server-error",
        /// The sender is not the one who logged in.
        InvalidFrom = "invalid-from",
        /// The stream's or its content's namespace is wrong.
        InvalidNamespace = "invalid-namespace",
        /// The XML does not fit a schema.
        InvalidXml = "invalid-xml",
        /// Something came before the log-in that has to come after.
        NotAuthorized = "not-authorized",
        /// The XML is not well formed.
        NotWellFormed = "not-well-formed",
        /// A limit was passed.
        PolicyViolation = "policy-violation",
        /// A remote server could not be reached.
        RemoteConnectionFailed = "remote-connection-failed",
        /// The server wants to close the stream so that it is opened anew.
        Reset = "reset",
        /// The server lacks the means.
        ResourceConstraint = "resource-constraint",
        /// Comments, processing instructions, DTDs or their entities.
        RestrictedXml = "restricted-xml",
        /// The peer should go to another host.
        SeeOtherHost = "see-other-host",
        /// The server is going down.
        SystemShutdown = "system-shutdown",
        /// None of these; the application's element says what.
        UndefinedCondition = "undefined-condition",
        /// Not UTF-8.
        UnsupportedEncoding = "unsupported-encoding",
        /// A mandatory feature is not supported.
        UnsupportedFeature = "unsupported-feature",
        /// A top-level element that is neither a stanza nor part of negotiation.
        UnsupportedStanzaType = "unsupported-stanza-type",
        /// Another version of XMPP.
        UnsupportedVersion = "unsupported-version",
    }
}

/// The error that ends a stream (RFC 6120 §4.9.2).
#[derive(Debug, Clone, PartialEq)]
pub struct StreamError {
    /// Why it ends.
    pub condition: StreamCondition,
    /// The reason in words.
    pub text: Option<Text>,
    /// The host to go to: the text of `see-other-host` (RFC 6120 §4.9.3.19).
    pub address: Option<Text>,
    /// The application's own element beside the condition (RFC 6120 §4.9.4).
    pub application: Option<AnyElement>,
}

impl StreamError {
    /// The condition alone.
    pub const fn new(condition: StreamCondition) -> Self {
        Self {
            condition,
            text: None,
            address: None,
            application: None,
        }
    }

    /// Sets the reason in words.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<Text>) -> Self {
        self.text = Some(text.into());
        self
    }
}

impl From<StreamCondition> for StreamError {
    fn from(condition: StreamCondition) -> Self {
        Self::new(condition)
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "{}: {text}", self.condition),
            None => self.condition.fmt(f),
        }
    }
}

impl std::error::Error for StreamError {}

impl Content for StreamError {
    /// An unknown condition is `undefined-condition`.
    fn decode(el: ElementRef<'_>) -> Result<Self, DecodeError> {
        let mut error = Self::new(StreamCondition::UndefinedCondition);
        let mut seen = false;
        for child in el.children() {
            match (child.ns(), child.name()) {
                (ns::STREAMS, "text") => {
                    if error.text.is_none() {
                        error.text = Some(child.text());
                    }
                }
                (ns::STREAMS, name) => {
                    if !seen {
                        seen = true;
                        error.condition = StreamCondition::from_name(name)
                            .unwrap_or(StreamCondition::UndefinedCondition);
                        let text = child.text();
                        error.address = (!text.is_empty()).then_some(text);
                    }
                }
                _ => {
                    if error.application.is_none() {
                        error.application = Some(child.to_any());
                    }
                }
            }
        }
        Ok(error)
    }

    /// On a stream the usual prefix is in scope, but writing the namespace out is as valid and needs no knowledge of it.
    fn encode(&self, w: &mut Writer<'_>, name: &str, namespace: &str) {
        w.start(name, namespace);
        w.start(self.condition.as_str(), ns::STREAMS);
        if let Some(address) = &self.address {
            w.text(address);
        }
        w.end(self.condition.as_str());
        if let Some(text) = &self.text {
            w.start("text", ns::STREAMS);
            w.text(text);
            w.end("text");
        }
        if let Some(application) = &self.application {
            w.any(application);
        }
        w.end(name);
    }
}

impl Payload for StreamError {
    const NAME: &'static str = "error";
    const NS: &'static str = ns::STREAM;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Frame;

    #[test]
    fn every_condition_round_trips() {
        for condition in StreamCondition::ALL {
            assert_eq!(
                StreamCondition::from_name(condition.as_str()),
                Some(*condition)
            );
            let error = StreamError::new(*condition).with_text("a < b");
            assert_eq!(error.to_any().decode::<StreamError>().unwrap(), error);
        }
    }

    #[test]
    fn what_peers_add_is_kept() {
        let read = |text: &str| {
            Frame::parse(text)
                .unwrap()
                .root()
                .decode::<StreamError>()
                .unwrap()
        };
        let error = read(
            "<stream:error xmlns:stream='http://etherx.jabber.org/streams'><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>\
             [2001:db8::1]:9222</see-other-host><mine xmlns='urn:mine'/></stream:error>",
        );
        assert_eq!(error.condition, StreamCondition::SeeOtherHost);
        assert_eq!(error.address.as_deref(), Some("[2001:db8::1]:9222"));
        assert_eq!(error.application.unwrap().name(), "mine");
        let error = read("<error xmlns='http://etherx.jabber.org/streams'/>");
        assert_eq!(error.condition, StreamCondition::UndefinedCondition);
    }
}
