//! The wrapper of requests and answers (XEP-0124 §4).

use sestina_wire::{ElementRef, Frame, Limits, ReadError, ReadErrorKind, Text, Writer, ns};

use super::{BIND, XBOSH};

/// The largest request identifier, which JavaScript can count to (XEP-0124 §14.1).
const LAST_RID: u64 = (1 << 53) - 1;

/// A wrapper that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    /// `rid`: which request this is.
    pub(super) rid: Option<u64>,
    /// `sid`: the session.
    pub(super) sid: Option<Text>,
    /// `type`: `terminate` or `error`.
    pub(super) kind: Option<Text>,
    /// `condition`: why.
    pub(super) condition: Option<Text>,
    /// `to`: the domain.
    pub(super) to: Option<Text>,
    /// `from`: who somebody says to be.
    pub(super) from: Option<Text>,
    /// `xml:lang`.
    pub(super) lang: Option<Text>,
    /// `wait`, in seconds.
    pub(super) wait: Option<u64>,
    /// `hold`.
    pub(super) hold: Option<u64>,
    /// `requests`.
    pub(super) requests: Option<u64>,
    /// `pause`: for how many seconds nothing will come.
    pub(super) pause: Option<u64>,
    /// `content`: what type of HTTP answers are to have.
    pub(super) content: Option<Text>,
    /// `authid`: the identifier of the stream.
    pub(super) authid: Option<Text>,
    /// `xmpp:version`.
    pub(super) version: Option<Text>,
    /// Whether `xmpp:restart` says so.
    pub(super) restart: bool,
    /// What is wrapped: each element a document that stands on its own.
    pub(super) elements: Vec<Text>,
}

impl Body {
    /// Reads a wrapper; each element in it is held to the limits.
    ///
    /// # Errors
    /// When it is not well formed, passes a limit, or is another element.
    pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Body, ReadError> {
        let text = std::str::from_utf8(bytes).map_err(|_| ReadErrorKind::Encoding)?;
        let around = Limits {
            stanza_bytes: bytes.len(),
            depth: limits.depth + 1,
            attributes: limits.attributes.max(32),
            elements: limits.elements.saturating_add(64),
            ..*limits
        };
        let frame = Frame::parse_limited(text, "", &around)?;
        let root = frame.root();
        if !root.is("body", BIND) {
            return Err(ReadErrorKind::Namespace.into());
        }
        let number = |name: &str| root.attr(name).and_then(|value| value.parse().ok());
        let mut body = Body {
            rid: number("rid").filter(|rid| *rid <= LAST_RID),
            sid: root.attr("sid").map(|sid| sid.detach()),
            kind: root.attr("type"),
            condition: root.attr("condition"),
            to: root.attr("to"),
            from: root.attr("from"),
            lang: root.attr("xml:lang"),
            wait: number("wait"),
            hold: number("hold"),
            requests: number("requests"),
            pause: number("pause"),
            content: root.attr("content"),
            authid: root.attr("authid"),
            ..Body::default()
        };
        for attribute in root.attrs().filter(|attribute| attribute.ns() == XBOSH) {
            let value = attribute.value();
            match attribute.name() {
                "version" => body.version = Some(value),
                "restart" => body.restart = matches!(&*value, "true" | "1"),
                _ => {}
            }
        }
        body.elements = root.children().map(alone).collect();
        Ok(body)
    }

    /// Whether it ends the session.
    pub(super) fn terminates(&self) -> bool {
        self.kind.as_deref() == Some("terminate")
    }
}

/// An element as a document of its own.
fn alone(element: ElementRef<'_>) -> Text {
    let mut out = Vec::with_capacity(element.as_str().len() + 64);
    Writer::new(&mut out, ns::CLIENT).element(element);
    Text::from(String::from_utf8(out).unwrap_or_default())
}

/// The identifier of the session, as far as the beginning of a request tells it; for bounds only, before it is read.
#[cfg(feature = "server")]
pub(super) fn sid_at_a_glance(bytes: &[u8]) -> Option<&str> {
    let tag = bytes.split(|byte| *byte == b'>').next()?;
    let tag = std::str::from_utf8(tag).ok()?;
    let rest = tag.split_once("sid=").map(|(_, rest)| rest)?;
    let quote = rest
        .chars()
        .next()
        .filter(|quote| matches!(quote, '\'' | '"'))?;
    rest.get(1..)?.split(quote).next()
}

/// Writes a wrapper: attributes and elements that are documents of their own.
pub(super) fn write(attributes: &[(&str, &str)], elements: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(elements.len() + 256);
    out.extend_from_slice(b"<body xmlns='");
    out.extend_from_slice(BIND.as_bytes());
    out.push(b'\'');
    let prefixed = |prefix: &str| attributes.iter().any(|(name, _)| name.starts_with(prefix));
    if prefixed("xmpp:") {
        out.extend_from_slice(b" xmlns:xmpp='");
        out.extend_from_slice(XBOSH.as_bytes());
        out.extend_from_slice(b"' xmlns:stream='");
        out.extend_from_slice(ns::STREAM.as_bytes());
        out.push(b'\'');
    }
    for (name, value) in attributes {
        out.push(b' ');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"='");
        crate::stream::escape_attribute(value, &mut out);
        out.push(b'\'');
    }
    if elements.is_empty() {
        out.extend_from_slice(b"/>");
    } else {
        out.push(b'>');
        out.extend_from_slice(elements);
        out.extend_from_slice(b"</body>");
    }
    out
}

/// The `<open/>` that a request stands for, for the stream above.
#[cfg(feature = "server")]
pub(super) fn open(body: &Body) -> Text {
    let mut out = Vec::new();
    let w = &mut Writer::new(&mut out, "");
    w.start("open", ns::FRAMING);
    w.attr_opt("to", body.to.as_deref());
    w.attr_opt("from", body.from.as_deref());
    w.attr_opt("version", body.version.as_deref());
    w.attr_opt("xml:lang", body.lang.as_deref());
    w.end("open");
    Text::from(String::from_utf8(out).unwrap_or_default())
}

/// The `<close/>` that the end of a session stands for.
pub(super) fn close() -> Text {
    Text::from_static("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>")
}

/// What must hold for any bytes: for property tests and fuzzing.
#[cfg(any(test, feature = "testing"))]
pub mod checks {
    use sestina_wire::{Frame, Limits, ns};

    /// Reads a wrapper from any bytes; each element of one that is read stands on its own.
    ///
    /// # Panics
    /// When it does not.
    #[allow(clippy::panic, reason = "that is how a check fails")]
    pub fn body(bytes: &[u8]) {
        let limits = Limits::before_login();
        let Ok(body) = super::Body::read(bytes, &limits) else {
            return;
        };
        for element in &body.elements {
            let wide = Limits::from_own_server();
            if let Err(error) = Frame::parse_limited(element.clone(), ns::CLIENT, &wide) {
                panic!("{error}: {element:?}");
            }
        }
        if let Some(rid) = body.rid {
            assert!(rid <= super::LAST_RID, "{rid}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Body, ReadError> {
        Body::read(text.as_bytes(), &Limits::before_login())
    }

    #[test]
    fn a_session_request_is_read() {
        let body = read(
            "<body content='text/xml; charset=utf-8' from='user@example.com' hold='1' rid='1573741820' to='example.com' \
             ack='1' wait='60' xml:lang='en' xmpp:version='1.0' xmlns='http://jabber.org/protocol/httpbind' \
             xmlns:xmpp='urn:xmpp:xbosh'/>",
        )
        .unwrap();
        assert_eq!(body.rid, Some(1_573_741_820));
        assert_eq!((body.hold, body.wait), (Some(1), Some(60)));
        assert_eq!(body.to.as_deref(), Some("example.com"));
        assert_eq!(body.version.as_deref(), Some("1.0"));
        assert_eq!(body.lang.as_deref(), Some("en"));
        assert!(!body.restart && body.elements.is_empty());
        #[cfg(feature = "server")]
        assert_eq!(
            open(&body).as_str(),
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.com' from='user@example.com' version='1.0' xml:lang='en'/>"
        );
    }

    #[test]
    fn elements_stand_on_their_own() {
        let body = read(
            "<body rid='2' sid='s' xmlns='http://jabber.org/protocol/httpbind' xmlns:x='urn:x'>\
             <message xmlns='jabber:client'><body>hi</body><x:y/></message> <presence xmlns='jabber:client'/><forgotten/></body>",
        )
        .unwrap();
        let elements: Vec<Frame> = body
            .elements
            .iter()
            .map(|element| Frame::parse_in(element.clone(), ns::CLIENT).unwrap())
            .collect();
        assert!(elements[0].root().is("message", ns::CLIENT));
        assert!(elements[0].root().child("y", "urn:x").is_some());
        assert!(elements[1].root().is("presence", ns::CLIENT));
        assert!(elements[2].root().is("forgotten", BIND));
    }

    #[test]
    fn what_is_no_wrapper_is_refused() {
        for wrong in [
            "",
            "<body/>",
            "<body xmlns='http://jabber.org/protocol/httpbind'>",
            "<other xmlns='http://jabber.org/protocol/httpbind'/>",
            "<body xmlns='http://jabber.org/protocol/httpbind'/><body xmlns='http://jabber.org/protocol/httpbind'/>",
            "<!DOCTYPE x><body xmlns='http://jabber.org/protocol/httpbind'/>",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let large = "<body rid='9007199254740992' xmlns='http://jabber.org/protocol/httpbind'/>";
        assert_eq!(read(large).unwrap().rid, None);
    }

    #[test]
    #[cfg(feature = "server")]
    fn the_session_is_known_before_a_request_is_read() {
        assert_eq!(sid_at_a_glance(b"<body rid='1' sid='abc' x"), Some("abc"));
        assert_eq!(sid_at_a_glance(b"<body sid=\"abc\">'"), Some("abc"));
        assert_eq!(sid_at_a_glance(b"<body><x sid='abc'/>"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            prefix in 0..4_usize,
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
            marks in "[<>/a-z='\" :&;]{0,60}",
        ) {
            let start: &[u8] = [
                b"".as_slice(),
                b"<body xmlns='http://jabber.org/protocol/httpbind'>",
                b"<body xmlns='http://jabber.org/protocol/httpbind' rid='1' ",
                b"<b:body xmlns:b='http://jabber.org/protocol/httpbind'><message xmlns='jabber:client'>",
            ][prefix];
            checks::body(&[start, &bytes].concat());
            checks::body(&[start, marks.as_bytes(), b"</body>"].concat());
            checks::body(&[start, marks.as_bytes(), b"/>"].concat());
        }
    }
}
