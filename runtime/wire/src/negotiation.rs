//! Stream features as rows of a table (RFC 6120 §4.3). Data only: the engine that walks the rows lives above this crate.

bitflags::bitflags! {
    /// What a session has reached. A stream feature requires some of these, prohibits some, and sets some.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub struct SessionState: u16 {
        /// The transport is encrypted.
        const SECURE = 1 << 0;
        /// The peer has proved who it is (RFC 6120 §6).
        const AUTHENTICATED = 1 << 1;
        /// A resource is bound to the stream (RFC 6120 §7).
        const BOUND = 1 << 2;
        /// Negotiation is over: stanzas flow.
        const READY = 1 << 3;
        /// We are the receiving entity of this stream.
        const SERVER = 1 << 4;
        /// The stream runs between two servers.
        const S2S = 1 << 5;
        /// The stream runs between a server and an external component.
        const COMPONENT = 1 << 6;
    }
}

/// Whether a feature has to be negotiated before the stream is usable (RFC 6120 §4.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mandatory {
    /// Mandatory to negotiate wherever it is offered.
    Always,
    /// Voluntary.
    Never,
    /// As the configuration or the `required` child of the offer says.
    IfRequired,
}

/// Which kinds of stream offer a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Streams {
    /// Client to server.
    C2S,
    /// Server to server.
    S2S,
    /// Client to server and server to server.
    Both,
    /// Component to server.
    Component,
}

impl Streams {
    /// Whether the feature belongs on a stream in this state.
    pub const fn covers(self, state: SessionState) -> bool {
        let s2s = state.contains(SessionState::S2S);
        let component = state.contains(SessionState::COMPONENT);
        match self {
            Self::C2S => !s2s && !component,
            Self::S2S => s2s,
            Self::Both => !component,
            Self::Component => component,
        }
    }
}

/// One stream feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureRow {
    /// The specification it comes from, e.g. `rfc-6120`.
    pub spec: &'static str,
    /// Its name within the specification, e.g. `starttls`.
    pub name: &'static str,
    /// Local name of the element in `<stream:features/>`.
    pub element: &'static str,
    /// Namespace of that element.
    pub ns: &'static str,
    /// Flags that must be set for the feature to be offered or taken.
    pub required: SessionState,
    /// Flags that must not be set.
    pub prohibited: SessionState,
    /// Flags that success sets.
    pub sets: SessionState,
    /// Whether the stream restarts afterwards (RFC 6120 §4.3.3).
    pub restart: bool,
    /// Whether the receiving entity sends its features anew afterwards, without a restart (XEP-0388 §2.6).
    pub refresh: bool,
    /// Name and namespace of the feature inside whose exchange this one travels; none stands on its own.
    pub within: Option<(&'static str, &'static str)>,
    /// Whether it must be negotiated.
    pub mandatory: Mandatory,
    /// On which streams.
    pub streams: Streams,
    /// Lower goes first where several could be taken.
    pub order: u16,
}

impl FeatureRow {
    /// Whether a session in this state may negotiate the feature.
    pub const fn applies(&self, state: SessionState) -> bool {
        self.streams.covers(state)
            && state.contains(self.required)
            && !state.intersects(self.prohibited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTTLS: FeatureRow = FeatureRow {
        spec: "rfc-6120",
        name: "starttls",
        element: "starttls",
        ns: crate::ns::TLS,
        required: SessionState::empty(),
        prohibited: SessionState::SECURE,
        sets: SessionState::SECURE,
        restart: true,
        refresh: false,
        within: None,
        mandatory: Mandatory::IfRequired,
        streams: Streams::Both,
        order: 10,
    };

    #[test]
    fn rows_apply_by_state_and_kind_of_stream() {
        assert!(STARTTLS.applies(SessionState::empty()));
        assert!(STARTTLS.applies(SessionState::SERVER | SessionState::S2S));
        assert!(!STARTTLS.applies(SessionState::SECURE));
        assert!(!STARTTLS.applies(SessionState::COMPONENT));
        let bind = FeatureRow {
            required: SessionState::SECURE | SessionState::AUTHENTICATED,
            prohibited: SessionState::BOUND,
            streams: Streams::C2S,
            ..STARTTLS
        };
        assert!(!bind.applies(SessionState::SECURE));
        assert!(bind.applies(SessionState::SECURE | SessionState::AUTHENTICATED));
        assert!(!bind.applies(bind.required | SessionState::S2S));
    }
}
