//! Stanzas as ropes.

use super::*;
use crate::{Condition, Content, ErrorKind, FromText};

/// A payload written by hand, as the derive would.
#[derive(Debug, Clone, PartialEq)]
struct Note {
    by: Option<Jid>,
    text: Text,
}

impl Content for Note {
    fn decode(el: ElementRef<'_>) -> Result<Self, DecodeError> {
        let by = el.attr("by").map(Jid::from_text).transpose();
        Ok(Self {
            by: by.map_err(|error| DecodeError::invalid_attribute(el, "by", error))?,
            text: el.text(),
        })
    }

    fn encode(&self, w: &mut Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        w.attr_opt("by", self.by.as_ref());
        w.text(&self.text);
        w.end(name);
    }
}

impl Payload for Note {
    const NAME: &'static str = "note";
    const NS: &'static str = "urn:example:note";
}

const CHAT: &str = "<message from='romeo@example.net/orchard' to='juliet@example.com' type='chat' id='1' xml:lang='en'>\
    <body>Hi &amp; bye</body><active xmlns='http://jabber.org/protocol/chatstates'/><note xmlns='urn:example:note'>n</note></message>";

fn written(stanza: &Stanza, content_ns: &str) -> String {
    let mut out = Vec::new();
    stanza.write(&mut out, content_ns);
    String::from_utf8(out).unwrap()
}

#[test]
fn reads_the_head_and_passes_children_on_as_they_came() {
    let stanza = Stanza::parse(CHAT).unwrap();
    assert_eq!(
        (stanza.kind(), stanza.type_()),
        (Kind::Message, StanzaType::Chat)
    );
    assert_eq!(stanza.from().unwrap().resource(), Some("orchard"));
    assert_eq!(stanza.head().lang.as_deref(), Some("en"));
    let out = written(&stanza, ns::SERVER);
    assert!(
        out.contains(
            "<body>Hi &amp; bye</body><active xmlns='http://jabber.org/protocol/chatstates'/>"
        ),
        "{out}"
    );
    assert!(!out.contains("jabber:"), "{out}");
    assert_eq!(Stanza::parse(&out).unwrap(), stanza);
}

#[test]
fn stamps_strips_and_adds_without_touching_the_rest() {
    let mut stanza = Stanza::parse(CHAT).unwrap();
    stanza.head_mut().from = Some(Jid::parse("a@b/c").unwrap());
    stanza.retain(|child| child.ns() != Note::NS);
    let note = Note {
        by: Some(Jid::parse("x@y").unwrap()),
        text: "<&>".into(),
    };
    stanza.append(&note);
    let names: Vec<_> = stanza.children().map(|child| child.name()).collect();
    assert_eq!(names, ["body", "active", "note"]);
    assert_eq!(stanza.child("note", Note::NS).unwrap().ns(), Note::NS);
    assert_eq!(stanza.decode::<Note>().unwrap().unwrap(), note);
    let again = Stanza::parse(&written(&stanza, ns::CLIENT)).unwrap();
    assert_eq!(again, stanza);
    assert_eq!(again.decode::<Note>().unwrap().unwrap(), note);
    // Those added may go again.
    stanza.retain(|child| child.name() == "body");
    assert_eq!(stanza.children().count(), 1);
}

#[test]
fn retain_counts_places_past_the_first_words() {
    let many: String = (0..200).map(|n| format!("<c n='{n}'/>")).collect();
    let mut stanza = Stanza::parse(&format!("<message>{many}</message>")).unwrap();
    let number = |child: &Child<'_>| {
        child
            .element()
            .attr_str("n")
            .unwrap()
            .parse::<u32>()
            .unwrap()
    };
    stanza.retain(|child| number(child) % 3 == 0);
    stanza.retain(|child| number(child) % 2 == 0);
    let left: Vec<_> = stanza.children().map(|child| number(&child)).collect();
    assert_eq!(left, (0..200).step_by(6).collect::<Vec<_>>());
}

#[test]
fn compacting_changes_nothing_but_memory() {
    let filler = "x".repeat(10_000);
    let mut reader = crate::Reader::inside(crate::Limits::default(), ns::CLIENT);
    reader.push(format!("{CHAT}<message><body>{filler}</body></message>").as_bytes());
    let Ok(Some(crate::Event::Element(frame))) = reader.next() else {
        panic!("no element")
    };
    let mut stanza = Stanza::from_frame(frame).unwrap();
    let before = stanza.clone();
    assert!(stanza.pinned() > 10_000);
    stanza.compact();
    assert!(stanza.pinned() < 2_000, "{}", stanza.pinned());
    assert_eq!(stanza, before);
    assert_eq!(written(&stanza, ns::CLIENT), written(&before, ns::CLIENT));
    let (from, text) = (
        stanza.from().unwrap().as_str().as_ptr(),
        stanza.body.as_ref().unwrap().frame.as_str(),
    );
    assert!(
        text.as_bytes().as_ptr_range().contains(&from),
        "the head still pins the old buffer"
    );
}

#[test]
fn answers_go_back_to_the_sender() {
    let request = Stanza::parse(
        "<iq type='get' id='x' from='a@b/c' to='d'><ping xmlns='urn:xmpp:ping'/></iq>",
    )
    .unwrap();
    assert_eq!(
        written(&request.result(), ns::CLIENT),
        "<iq id='x' from='d' to='a@b/c' type='result'/>"
    );
    let error = StanzaError::new(Condition::ItemNotFound).with_text("no such thing");
    let answer = request.error(&error);
    assert_eq!(
        written(&answer, ns::CLIENT),
        "<iq id='x' from='d' to='a@b/c' type='error'><error type='cancel'>\
         <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no such thing</text></error></iq>"
    );
    assert_eq!(
        Stanza::parse(&answer.to_string())
            .unwrap()
            .stanza_error()
            .unwrap(),
        error
    );
}

#[test]
fn heads_that_are_refused() {
    let condition =
        |text: &str| match Stanza::from_frame(Frame::parse_in(text, ns::CLIENT).unwrap()) {
            Err(StanzaParseError::Stanza(error)) => error.condition.as_str(),
            Err(StanzaParseError::Stream(error)) => error.condition.as_str(),
            Ok(_) => "fine",
        };
    assert_eq!(
        condition("<iq type='get'><a xmlns='b'/></iq>"),
        "bad-request"
    );
    assert_eq!(
        condition("<iq type='fetch' id='1'><a xmlns='b'/></iq>"),
        "bad-request"
    );
    assert_eq!(condition("<iq id='1'><a xmlns='b'/></iq>"), "bad-request");
    assert_eq!(condition("<iq type='get' id='1'/>"), "bad-request");
    assert_eq!(
        condition("<iq type='get' id='1'><a xmlns='b'/><a xmlns='b'/></iq>"),
        "bad-request"
    );
    assert_eq!(condition("<iq type='result' id='1'/>"), "fine");
    assert_eq!(condition("<presence type='there'/>"), "bad-request");
    assert_eq!(condition("<presence type='available'/>"), "fine");
    assert_eq!(condition("<message type='whatever'/>"), "fine");
    assert_eq!(condition("<message to='a@@b'/>"), "jid-malformed");
    assert_eq!(condition("<message to=''/>"), "jid-malformed");
    assert_eq!(condition("<chat/>"), "unsupported-stanza-type");
    assert_eq!(
        condition("<message xmlns='urn:x'/>"),
        "unsupported-stanza-type"
    );
}

#[test]
fn refusals_are_addressed_as_far_as_possible() {
    let frame = Frame::parse_in(
        "<iq type='get' id='7' from='a@b/c' to='@'><x xmlns='y'/></iq>",
        ns::CLIENT,
    )
    .unwrap();
    let Err(StanzaParseError::Stanza(error)) = Stanza::from_frame(frame.clone()) else {
        panic!("accepted")
    };
    let refusal = Stanza::refusal(&frame, &error).unwrap();
    assert_eq!(
        (
            refusal.id().unwrap().as_str(),
            refusal.to().unwrap().as_str(),
            refusal.from()
        ),
        ("7", "a@b/c", None)
    );
    let error_stanza = Frame::parse_in("<message type='error' to='@'/>", ns::CLIENT).unwrap();
    assert!(Stanza::refusal(&error_stanza, &error).is_none());
}

#[test]
fn a_forwarded_stanza_keeps_its_namespace() {
    let inner = Stanza::parse("<message to='a@b'><body>x</body></message>")
        .unwrap()
        .to_any();
    let mut out = Vec::new();
    let mut w = Writer::new(&mut out, ns::SERVER);
    w.start("forwarded", "urn:xmpp:forward:0");
    w.any(&inner);
    w.end("forwarded");
    let text = String::from_utf8(out).unwrap();
    assert_eq!(
        text,
        "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' to='a@b'><body>x</body></message></forwarded>"
    );
    let frame = Frame::parse_in(text, ns::SERVER).unwrap();
    let stanza = Stanza::from_element(frame.root().children().next().unwrap()).unwrap();
    assert_eq!(
        written(&stanza, ns::SERVER),
        "<message to='a@b'><body>x</body></message>"
    );
    let mut compact = stanza.clone();
    compact.compact();
    assert_eq!(compact, stanza);
}

/// What is written once for many is for each what would have been written for that one alone.
#[test]
fn a_template_is_the_stanza_with_another_addressee() {
    for xml in [
        CHAT,
        "<presence/>",
        "<presence id='a' from='room@b/n&apos;k' type='unavailable' xml:lang='de'><x xmlns='urn:x'/></presence>",
        "<message to='somebody@b' type='groupchat'><body>&lt;</body></message>",
    ] {
        let stanza = Stanza::parse(xml).unwrap().with(&Note {
            by: None,
            text: Text::from_static("added"),
        });
        let template = Template::new(&stanza);
        for to in ["a@b", "a@b/it's <one> & \"two\""] {
            let to = Jid::parse(to).unwrap();
            let (mut one, mut other) = (vec![b'.'], vec![b'.']);
            template.write(&to, &mut one);
            stanza.clone().with_to(to).write(&mut other, ns::CLIENT);
            assert_eq!(String::from_utf8(one), String::from_utf8(other));
        }
    }
}

#[test]
fn framings_declare_the_namespace() {
    let mut out = Vec::new();
    Stanza::parse(CHAT)
        .unwrap()
        .write_framed(&mut out, ns::CLIENT);
    assert!(out.starts_with(b"<message xmlns='jabber:client' id="));
    assert_eq!(
        Stanza::from_frame(Frame::parse(String::from_utf8(out).unwrap()).unwrap()).unwrap(),
        Stanza::parse(CHAT).unwrap()
    );
}

#[test]
fn errors_of_real_peers_are_understood() {
    let read = |text: &str| {
        Frame::parse_in(text, ns::CLIENT)
            .unwrap()
            .root()
            .decode::<StanzaError>()
            .unwrap()
    };
    let error =
        read("<error code='404'><who-knows xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
    assert_eq!(
        (error.condition, error.kind),
        (Condition::UndefinedCondition, ErrorKind::Cancel)
    );
    let error = read(
        "<error type='wait' by='x.y'><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>t</text>\
         <gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:a@b</gone><mine xmlns='urn:mine'/></error>",
    );
    assert_eq!(
        (error.condition, error.kind),
        (Condition::Gone, ErrorKind::Wait)
    );
    assert_eq!(error.address.as_deref(), Some("xmpp:a@b"));
    assert_eq!(error.application.unwrap().name(), "mine");
    for condition in Condition::ALL {
        let error = StanzaError::new(*condition);
        assert_eq!(error.to_any().decode::<StanzaError>().unwrap(), error);
    }
}
