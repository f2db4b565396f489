//! What derived types read and write.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use sestina_macros::Stanza;
use sestina_wire::{
    AnyElement, BareJid, Content, DecodeError, Extra, Frame, FromText, List, Payload, Text,
    TextWriter, ToText, ValueError,
};

const MOOD_NS: &str = "urn:example:mood";

#[derive(Clone, Debug, Default, PartialEq, Stanza)]
#[stanza(name = "ping", namespace = "urn:xmpp:ping", crate = "::sestina_wire")]
struct Ping;

#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(text_enum, crate = "::sestina_wire")]
enum Subscription {
    None,
    To,
    From,
    Both,
    #[stanza(value = "remove")]
    Gone,
    #[stanza(other)]
    Other(Text),
}

#[derive(Clone, Copy, Debug, PartialEq, Stanza)]
#[stanza(text_enum, crate = sestina_wire)]
enum Direction {
    UpHill,
    Down,
}

#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(
    name = "item",
    namespace = "jabber:iq:roster",
    crate = "::sestina_wire"
)]
struct Item {
    #[stanza(attribute)]
    jid: BareJid,
    #[stanza(attribute)]
    name: Option<Text>,
    #[stanza(attribute)]
    subscription: Option<Subscription>,
    #[stanza(attribute, default)]
    approved: bool,
    #[stanza(child_text = "group")]
    groups: List<Text>,
    #[stanza(extra)]
    extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(
    name = "query",
    namespace = "jabber:iq:roster",
    crate = "::sestina_wire"
)]
struct Query {
    #[stanza(attribute)]
    ver: Option<Text>,
    #[stanza(child)]
    items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(
    name = "body",
    namespace = "urn:example:talk",
    crate = "::sestina_wire"
)]
struct Body {
    #[stanza(attribute = "xml:lang")]
    lang: Option<Text>,
    #[stanza(text)]
    text: Text,
}

/// Content that its parents name.
#[derive(Clone, Debug, Default, PartialEq, Stanza)]
#[stanza(crate = "::sestina_wire")]
struct Limit {
    #[stanza(attribute = "max", default = thousand)]
    max: u32,
    #[stanza(child_text = "note")]
    note: Option<Text>,
}

fn thousand() -> u32 {
    1000
}

#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(name = "open", namespace = MOOD_NS, crate = "::sestina_wire")]
struct Everything {
    #[stanza(attribute(name = "type", namespace = "urn:example:other"))]
    foreign: Option<Text>,
    #[stanza(attribute = "colour", codec = hexadecimal)]
    colour: u32,
    #[stanza(attribute, codec = words)]
    tags: Vec<Text>,
    #[stanza(flag = "required")]
    required: bool,
    #[stanza(flag(name = "twin", namespace = "urn:example:other"))]
    twin: bool,
    #[stanza(child(name = "limit"))]
    limit: Box<Limit>,
    #[stanza(child(name = "limit", namespace = "urn:example:other"))]
    others: Vec<Limit>,
    #[stanza(child)]
    mood: Option<Mood>,
    #[stanza(any)]
    rest: Vec<AnyElement>,
}

/// One of several elements.
#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(namespace = MOOD_NS, crate = "::sestina_wire")]
enum Mood {
    #[stanza(name = "happy")]
    Happy,
    #[stanza(name = "sad", text)]
    Sad(Text),
    #[stanza(name = "gone", text)]
    Gone(Option<Text>),
    #[stanza(name = "bound")]
    Bound(Limit),
    Ping(Ping),
}

mod hexadecimal {
    use super::{FromText, Text, TextWriter, ToText, ValueError};

    pub(super) fn from_text(text: Text) -> Result<u32, ValueError> {
        u32::from_str_radix(&text, 16).map_err(|_| ValueError::new("hexadecimal digits"))
    }

    pub(super) fn to_text(value: &u32, out: &mut TextWriter<'_>) {
        Text::from(format!("{value:x}")).to_text(out);
    }

    #[allow(unused)]
    fn unused(text: Text) -> Result<Text, ValueError> {
        Text::from_text(text)
    }
}

mod words {
    use super::{Text, TextWriter, ToText, ValueError};

    pub(super) fn from_text(text: Text) -> Result<Vec<Text>, ValueError> {
        Ok(text.split_whitespace().map(Text::from).collect())
    }

    #[allow(clippy::ptr_arg)]
    pub(super) fn to_text(value: &Vec<Text>, out: &mut TextWriter<'_>) {
        let words: Vec<&str> = value.iter().map(Text::as_str).collect();
        words.join(" ").to_text(out);
    }
}

fn read<T: Payload>(xml: &str) -> Result<T, DecodeError> {
    T::read(Frame::parse(xml).unwrap().root())
}

fn write<T: Payload>(value: &T) -> String {
    let mut out = Vec::new();
    value.write(&mut sestina_wire::Writer::new(&mut out, ""));
    String::from_utf8(out).unwrap()
}

/// Reads, writes, and reads again what was written.
fn round<T: Payload + PartialEq + std::fmt::Debug>(xml: &str) -> (T, String) {
    let value: T = read(xml).unwrap();
    let written = write(&value);
    assert_eq!(read::<T>(&written).unwrap(), value, "{written}");
    (value, written)
}

#[test]
fn an_empty_element() {
    let (_, written) = round::<Ping>("<ping xmlns='urn:xmpp:ping'></ping>");
    assert_eq!(written, "<ping xmlns='urn:xmpp:ping'/>");
    assert!(read::<Ping>("<ping xmlns='urn:other'/>").is_err());
    assert!(read::<Ping>("<pong xmlns='urn:xmpp:ping'/>").is_err());
}

#[test]
fn a_roster_keeps_what_it_does_not_know() {
    let (query, written) = round::<Query>(
        "<query xmlns='jabber:iq:roster' ver='7'>\
         <item jid='romeo@example.net' name='R &amp; J' subscription='both' mix='1'>\
         <group>Friends</group><x xmlns='urn:x'>y</x><group/></item>\
         <item jid='a@b' subscription='sideways' approved='true'/></query>",
    );
    assert_eq!(query.ver.as_deref(), Some("7"));
    let [romeo, other] = &query.items[..] else {
        panic!("{query:?}")
    };
    assert_eq!(romeo.name.as_deref(), Some("R & J"));
    assert_eq!(romeo.subscription, Some(Subscription::Both));
    assert_eq!(romeo.groups[..], ["Friends", ""]);
    assert!(!romeo.approved);
    assert_eq!(romeo.extra.attributes().len(), 1);
    assert_eq!(romeo.extra.children().len(), 1);
    assert_eq!(
        other.subscription,
        Some(Subscription::Other("sideways".into()))
    );
    assert!(other.approved);
    assert!(written.contains("mix='1'"), "{written}");
    assert!(!written.contains("approved='false'"), "{written}");
}

#[test]
fn language_and_text() {
    let (body, written) =
        round::<Body>("<body xmlns='urn:example:talk' xml:lang='de'>a &lt; b</body>");
    assert_eq!(body.lang.as_deref(), Some("de"));
    assert_eq!(body.text, "a < b");
    assert_eq!(
        written,
        "<body xmlns='urn:example:talk' xml:lang='de'>a &lt; b</body>"
    );
}

#[test]
fn every_kind_of_field() {
    let (open, written) = round::<Everything>(
        "<open xmlns='urn:example:mood' xmlns:o='urn:example:other' o:type='t' type='no' colour='ff' \
         tags='a  b'><o:twin/><note/><limit max='5'><note>n</note></limit><o:limit/>\
         <sad>rain</sad><limit/></open>",
    );
    assert_eq!(open.foreign.as_deref(), Some("t"));
    assert_eq!(open.colour, 255);
    assert_eq!(open.tags, ["a", "b"]);
    assert!(!open.required);
    assert!(open.twin);
    assert_eq!(open.limit.max, 5);
    assert_eq!(open.limit.note.as_deref(), Some("n"));
    assert_eq!(open.others.len(), 1);
    assert_eq!(open.others[0].max, 1000);
    assert_eq!(open.mood, Some(Mood::Sad("rain".into())));
    assert_eq!(open.rest.len(), 2, "<note/> and the second <limit/>");
    assert!(!written.contains("1000"), "{written}");
}

#[test]
fn one_of_several_elements() {
    let ns = MOOD_NS;
    for (xml, mood) in [
        (format!("<happy xmlns='{ns}'/>"), Mood::Happy),
        (format!("<sad xmlns='{ns}'>x</sad>"), Mood::Sad("x".into())),
        (format!("<gone xmlns='{ns}'/>"), Mood::Gone(None)),
        (
            format!("<gone xmlns='{ns}'>where</gone>"),
            Mood::Gone(Some("where".into())),
        ),
        ("<ping xmlns='urn:xmpp:ping'/>".into(), Mood::Ping(Ping)),
    ] {
        let (read, written) = round::<Mood>(&xml);
        assert_eq!(read, mood);
        assert_eq!(written, xml);
    }
    assert!(read::<Mood>("<angry xmlns='urn:example:mood'/>").is_err());
}

#[test]
fn content_takes_the_name_and_namespace_it_is_given() {
    let limit = Limit {
        max: 3,
        note: Some("n".into()),
    };
    let mut out = Vec::new();
    limit.encode(
        &mut sestina_wire::Writer::new(&mut out, ""),
        "bound",
        "urn:a",
    );
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "<bound xmlns='urn:a' max='3'><note>n</note></bound>"
    );
}

#[test]
fn words() {
    assert_eq!(
        Direction::from_text("up-hill".into()).unwrap(),
        Direction::UpHill
    );
    assert_eq!(Direction::Down.as_str(), "down");
    let error = Direction::from_text("left".into()).unwrap_err();
    assert_eq!(error.to_string(), "expected one of `up-hill`, `down`");
    assert_eq!(Subscription::Gone.as_str(), "remove");
    assert_eq!(Subscription::None.to_text_value(), "none");
}

#[test]
fn what_is_wrong_is_named() {
    let missing = read::<Item>("<item xmlns='jabber:iq:roster'/>").unwrap_err();
    assert!(missing.to_string().contains("jid"), "{missing}");
    let bad = read::<Item>("<item xmlns='jabber:iq:roster' jid='@'/>").unwrap_err();
    assert!(bad.to_string().contains("jid"), "{bad}");
    let child = read::<Everything>("<open xmlns='urn:example:mood' colour='1' tags=''/>");
    let child = child.unwrap_err();
    assert!(child.to_string().contains("limit"), "{child}");
}

#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(
    name = "form",
    namespace = "urn:example:form",
    crate = "::sestina_wire"
)]
struct Form {
    #[stanza(child_text = "title")]
    titles: List<Text>,
    #[stanza(flag = "done")]
    done: bool,
    #[stanza(child(name = "limit"))]
    limits: Vec<Limit>,
    #[stanza(extra)]
    extra: Extra,
}

/// Text among elements.
#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(name = "p", namespace = "urn:example:form", crate = "::sestina_wire")]
struct Paragraph {
    #[stanza(text)]
    text: Text,
    #[stanza(child_text = "em")]
    em: List<Text>,
    #[stanza(extra)]
    extra: Extra,
}

fn write_typed<T: Payload>(value: &T) -> String {
    let mut out = Vec::new();
    let mut w = sestina_wire::Writer::new(&mut out, "");
    w.leave_out_unknown();
    value.write(&mut w);
    String::from_utf8(out).unwrap()
}

#[test]
fn siblings_keep_their_order() {
    let xml = "<form xmlns='urn:example:form'><limit max='1'/><x xmlns='urn:x'/><title>a</title>\
               <limit max='2'/><done/><title>b</title><done/></form>";
    let (form, written) = round::<Form>(xml);
    assert_eq!(written, xml);
    assert_eq!(form.titles[..], ["a", "b"]);
    // A second flag is unknown; without the unknown the order is the same.
    assert_eq!(form.extra.children().len(), 2);
    assert_eq!(
        write_typed(&form),
        "<form xmlns='urn:example:form'><limit max='1'/><title>a</title><limit max='2'/><done/>\
         <title>b</title></form>"
    );
    // What was changed afterwards is written all the same.
    let mut changed = form;
    changed.titles.push("c".into());
    changed.limits.remove(0);
    assert_eq!(
        write(&changed),
        "<form xmlns='urn:example:form'><limit max='2'/><x xmlns='urn:x'/><title>a</title><done/>\
         <title>b</title><done/><title>c</title></form>"
    );
}

#[test]
fn what_a_field_cannot_hold_comes_back() {
    let xml =
        "<form xmlns='urn:example:form'><title xml:lang='en'>a</title>stray<done by='me'/></form>";
    let (form, written) = round::<Form>(xml);
    assert_eq!(written, xml);
    assert!(form.done);
    assert_eq!(form.titles[..], ["a"]);
    assert_eq!(
        write_typed(&form),
        "<form xmlns='urn:example:form'><title>a</title><done/></form>"
    );
    let mut changed = form;
    changed.titles[0] = "b".into();
    assert_eq!(
        write(&changed),
        "<form xmlns='urn:example:form'><title>b</title>stray<done by='me'/></form>"
    );
}

#[test]
fn text_among_elements_keeps_its_places() {
    let xml = "<p xmlns='urn:example:form'>one <em>two</em> &amp; <em>three</em>.</p>";
    let (paragraph, written) = round::<Paragraph>(xml);
    assert_eq!(written, xml);
    assert_eq!(paragraph.text, "one  & .");
    assert_eq!(write_typed(&paragraph), xml);
    let mut changed = paragraph;
    changed.text = "new".into();
    assert_eq!(
        write(&changed),
        "<p xmlns='urn:example:form'>new<em>two</em><em>three</em></p>"
    );
}

#[test]
fn the_order_is_no_part_of_the_value() {
    let one = read::<Form>("<form xmlns='urn:example:form'><title>a</title><done/></form>");
    let other = read::<Form>("<form xmlns='urn:example:form'><done/><title>a</title></form>");
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one, other);
    assert!(other.extra.is_empty());
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}
