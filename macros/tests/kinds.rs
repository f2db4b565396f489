//! One test for each thing that the derive can be told, small enough to read beside its documentation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use sestina_macros::Stanza;
use sestina_wire::{
    AnyElement, BareJid, Content, DecodeError, Extra, Frame, FromText, List, Payload, Text, ToText,
};

fn read<T: Payload>(xml: &str) -> Result<T, DecodeError> {
    T::read(Frame::parse(xml).unwrap().root())
}

fn write<T: Payload>(value: &T) -> String {
    let mut out = Vec::new();
    value.write(&mut sestina_wire::Writer::new(&mut out, ""));
    String::from_utf8(out).unwrap()
}

/// Reads and writes back; what was written must be this, or the same as what was read.
#[track_caller]
fn keeps<T: Payload>(xml: &str, written: Option<&str>) -> T {
    let value = read(xml).unwrap();
    assert_eq!(write::<T>(&value), written.unwrap_or(xml));
    value
}

/// Generic over what a PubSub node or a list may hold.
#[derive(Debug, PartialEq, Stanza)]
#[stanza(name = "list", namespace = "urn:x", crate = "::sestina_wire")]
struct ListOf<T, V, const N: usize>
where
    T: Clone,
{
    #[stanza(attribute)]
    version: Option<V>,
    #[stanza(child)]
    items: Vec<T>,
    #[stanza(extra)]
    extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(name = "entry", namespace = "urn:x", crate = "::sestina_wire")]
struct Entry {
    #[stanza(text)]
    text: Text,
}

#[derive(Debug, PartialEq, Stanza)]
#[stanza(namespace = "urn:x", crate = "::sestina_wire")]
enum Either<A, B> {
    #[stanza(name = "left")]
    Left(A),
    Right(B),
    #[stanza(name = "none")]
    None,
}

/// Content with a default that hangs on a parameter.
#[derive(Debug, PartialEq, Stanza)]
#[stanza(name = "pair", namespace = "urn:x", crate = "::sestina_wire")]
struct Pair<A, B> {
    #[stanza(attribute, default)]
    a: A,
    #[stanza(child(name = "b"))]
    b: Option<B>,
}

#[test]
fn generic_types() {
    let list: ListOf<Entry, u32, 3> = keeps(
        "<list xmlns='urn:x' version='7'><entry>a</entry><entry>b</entry></list>",
        None,
    );
    assert_eq!(list.version, Some(7));
    assert_eq!(list.items.len(), 2);
    assert!(read::<ListOf<Entry, u32, 3>>("<list xmlns='urn:x' version='x'/>").is_err());
    let texts: ListOf<Entry, Text, 0> = keeps("<list xmlns='urn:x' version='x'/>", None);
    assert_eq!(texts.version.as_deref(), Some("x"));

    let left: Either<Pair<u8, Entry>, Entry> = keeps("<left xmlns='urn:x' a='1'/>", None);
    assert_eq!(left, Either::Left(Pair { a: 1, b: None }));
    let right: Either<Entry, Entry> = keeps("<entry xmlns='urn:x'>r</entry>", None);
    assert_eq!(right, Either::Right(Entry { text: "r".into() }));
    let _: Either<Entry, Entry> = keeps("<none xmlns='urn:x'/>", None);
    let pair: Pair<u8, Entry> = keeps("<pair xmlns='urn:x'><b>x</b></pair>", None);
    assert_eq!(pair.b.unwrap().text, "x");
}

/// The attribute `type` says what else there is.
#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(
    name = "x",
    namespace = "jabber:x:data",
    attribute = "type",
    crate = "::sestina_wire"
)]
enum Form {
    #[stanza(value = "submit")]
    Submit(Fields),
    Cancel,
    #[stanza(other)]
    Other(AnyElement),
}

#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(crate = "::sestina_wire")]
struct Fields {
    #[stanza(child_text = "field")]
    fields: Vec<Text>,
}

#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(
    name = "y",
    namespace = "urn:x",
    attribute = "kind",
    crate = "::sestina_wire"
)]
enum Closed {
    UpHill,
    Down,
}

#[test]
fn an_enum_by_attribute() {
    let form: Form = keeps(
        "<x xmlns='jabber:x:data' type='submit'><field>a</field><field>b</field></x>",
        None,
    );
    assert_eq!(
        form,
        Form::Submit(Fields {
            fields: vec!["a".into(), "b".into()]
        })
    );
    assert_eq!(
        keeps::<Form>("<x xmlns='jabber:x:data' type='cancel'/>", None),
        Form::Cancel
    );
    // Any other value keeps the element as it is.
    for other in [
        "<x xmlns='jabber:x:data' type='new'><a>b</a></x>",
        "<x xmlns='jabber:x:data'/>",
    ] {
        assert!(matches!(keeps::<Form>(other, None), Form::Other(_)));
    }
    assert!(!Form::matches(
        Frame::parse("<z xmlns='jabber:x:data'/>").unwrap().root()
    ));

    assert_eq!(
        keeps::<Closed>("<y xmlns='urn:x' kind='up-hill'/>", None),
        Closed::UpHill
    );
    let error = read::<Closed>("<y xmlns='urn:x' kind='left'/>")
        .unwrap_err()
        .to_string();
    assert!(error.contains("`up-hill`, `down`"), "{error}");
    let error = read::<Closed>("<y xmlns='urn:x'/>")
        .unwrap_err()
        .to_string();
    assert!(error.contains("kind"), "{error}");
}

/// Two versions of one element.
#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(crate = "::sestina_wire")]
enum Version {
    #[stanza(name = "hash", namespace = "urn:x:1", text)]
    One(Text),
    #[stanza(name = "hash", namespace = "urn:x:2", text)]
    Two(u32),
}

#[test]
fn an_enum_by_namespace() {
    assert_eq!(
        keeps::<Version>("<hash xmlns='urn:x:1'>a</hash>", None),
        Version::One("a".into())
    );
    assert_eq!(
        keeps::<Version>("<hash xmlns='urn:x:2'>5</hash>", None),
        Version::Two(5)
    );
    assert!(read::<Version>("<hash xmlns='urn:x:3'>5</hash>").is_err());
}

/// An enum by name, as one field.
#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(name = "stream", namespace = "urn:x", crate = "::sestina_wire")]
struct Stream {
    #[stanza(child)]
    error: Error,
}

#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(namespace = "urn:x", crate = "::sestina_wire")]
enum Error {
    #[stanza(name = "gone")]
    Gone,
    #[stanza(name = "moved", text)]
    Moved(Text),
    #[stanza(other)]
    Other(AnyElement),
}

#[test]
fn an_enum_by_name() {
    let stream: Stream = keeps("<stream xmlns='urn:x'><gone/></stream>", None);
    assert_eq!(stream.error, Error::Gone);
    let stream: Stream = keeps("<stream xmlns='urn:x'><moved>b</moved></stream>", None);
    assert_eq!(stream.error, Error::Moved("b".into()));
    let stream: Stream = keeps("<stream xmlns='urn:x'><c xmlns='urn:c'/></stream>", None);
    assert!(matches!(stream.error, Error::Other(_)));
    assert!(read::<Stream>("<stream xmlns='urn:x'/>").is_err());
}

/// What nobody declared is kept.
#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(name = "a", namespace = "urn:x", crate = "::sestina_wire")]
struct Keeping {
    #[stanza(attribute)]
    jid: Option<BareJid>,
    #[stanza(child_text = "nick")]
    nick: Option<Text>,
    #[stanza(extra)]
    extra: Extra,
}

/// What nobody declared is passed over.
#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(name = "a", namespace = "urn:x", crate = "::sestina_wire")]
struct Skipping {
    #[stanza(attribute)]
    jid: Option<BareJid>,
    #[stanza(child_text = "nick")]
    nick: Option<Text>,
}

#[test]
fn both_policies_for_the_unknown() {
    let xml = "<a xmlns='urn:x' jid='a@b' new='1'><nick>n</nick><future xmlns='urn:f'/></a>";
    let keeping: Keeping = keeps(xml, None);
    assert_eq!(keeping.extra.attributes().len(), 1);
    assert_eq!(keeping.extra.children().len(), 1);
    let skipping: Skipping = keeps(xml, Some("<a xmlns='urn:x' jid='a@b'><nick>n</nick></a>"));
    assert_eq!(skipping.nick, keeping.nick);
}

#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(name = "all", namespace = "urn:x", crate = "::sestina_wire")]
struct All {
    #[stanza(attribute = "n", default = seven)]
    number: u32,
    #[stanza(attribute, default)]
    on: bool,
    #[stanza(attribute(name = "hex", codec = hexadecimal))]
    hex: Option<u32>,
    #[stanza(flag = "urgent")]
    urgent: bool,
    /// A child that holds nothing but its text is unwrapped into this field.
    #[stanza(child_text = "name")]
    name: Option<Text>,
    #[stanza(child_text(name = "size", namespace = "urn:y"), default)]
    size: u64,
    #[stanza(child_text = "tag")]
    tags: List<Text>,
    #[stanza(child(name = "entry"))]
    entries: Vec<Entry>,
    #[stanza(child)]
    version: Option<Version>,
    #[stanza(any)]
    any: Vec<AnyElement>,
}

fn seven() -> u32 {
    7
}

mod hexadecimal {
    use sestina_wire::{Text, TextWriter, ToText, ValueError};

    pub(super) fn from_text(text: Text) -> Result<u32, ValueError> {
        u32::from_str_radix(&text, 16).map_err(|_| ValueError::new("hexadecimal digits"))
    }

    pub(super) fn to_text(value: &u32, out: &mut TextWriter<'_>) {
        Text::from(format!("{value:x}")).to_text(out);
    }
}

#[test]
fn attributes_defaults_and_codecs() {
    let all: All = keeps("<all xmlns='urn:x'/>", None);
    assert_eq!((all.number, all.on, all.hex), (7, false, None));
    let all: All = keeps("<all xmlns='urn:x' n='8' on='true' hex='ff'/>", None);
    assert_eq!((all.number, all.on, all.hex), (8, true, Some(255)));
    // A default that was written out says nothing, and is not written again.
    let _: All = keeps(
        "<all xmlns='urn:x' n='7' on='false'/>",
        Some("<all xmlns='urn:x'/>"),
    );
    for wrong in ["n='x'", "on='maybe'", "hex='g'"] {
        let name = wrong.split('=').next().unwrap();
        let error = read::<All>(&format!("<all xmlns='urn:x' {wrong}/>")).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn flags_unwrapped_children_lists_and_any_content() {
    let xml = "<all xmlns='urn:x'><urgent/><name>n</name><size xmlns='urn:y'>5</size>\
               <tag>a</tag><tag>b</tag><entry>e</entry><hash xmlns='urn:x:2'>1</hash>\
               <any xmlns='urn:z'>text</any></all>";
    let all: All = keeps(xml, None);
    assert!(all.urgent);
    assert_eq!(all.name.as_deref(), Some("n"));
    assert_eq!(all.size, 5);
    assert_eq!(all.tags[..], ["a", "b"]);
    assert_eq!(all.entries.len(), 1);
    assert_eq!(all.version, Some(Version::Two(1)));
    assert_eq!(all.any.len(), 1);
}

/// Children that hold nothing but the text of their own children.
#[derive(Clone, Debug, PartialEq, Stanza)]
#[stanza(name = "prefs", namespace = "urn:x", crate = "::sestina_wire")]
struct Wrapped {
    #[stanza(wrapped(name = "always", child = "jid"))]
    always: Option<List<BareJid>>,
    #[stanza(wrapped(child = "jid"), default)]
    never: Vec<BareJid>,
    #[stanza(wrapped(name = "owner", namespace = "urn:y", child = "nick"))]
    owner: Option<Text>,
    #[stanza(extra)]
    extra: Extra,
}

#[test]
fn wrapped_children() {
    let all: Wrapped = keeps(
        "<prefs xmlns='urn:x'><always><jid>a@b</jid><jid>c@d</jid></always><never><jid>e@f</jid></never>\
         <owner xmlns='urn:y'><nick>n</nick></owner></prefs>",
        None,
    );
    let bare = |text: &str| text.parse::<BareJid>().unwrap();
    assert_eq!(all.always.unwrap()[..], [bare("a@b"), bare("c@d")]);
    assert_eq!(all.never, [bare("e@f")]);
    assert_eq!(all.owner.as_deref(), Some("n"));
    assert!(all.extra.is_empty());

    // A wrapper that is empty is not one that is absent.
    let none: Wrapped = keeps("<prefs xmlns='urn:x'/>", None);
    assert!(none.always.is_none() && none.never.is_empty());
    let empty: Wrapped = keeps("<prefs xmlns='urn:x'><always/></prefs>", None);
    assert!(empty.always.unwrap().is_empty());

    for (wrong, names) in [
        ("<always><jid>@</jid></always>", "jid"),
        ("<owner xmlns='urn:y'/>", "nick"),
    ] {
        let error = read::<Wrapped>(&format!("<prefs xmlns='urn:x'>{wrong}</prefs>")).unwrap_err();
        assert!(error.to_string().contains(names), "{error}");
    }
}

/// What a wrapper carries besides is neither a value nor lost, until the values change.
#[test]
fn an_odd_wrapper_comes_back_as_it_came() {
    for odd in [
        "<always since='1'><jid>a@b</jid></always>",
        "<always>well<jid>a@b</jid></always>",
        "<always><jid>a@b</jid><why xmlns='urn:z'/></always>",
        "<always><jid lang='x'>a@b</jid></always>",
        "<always><jid>A@B</jid><new/></always>",
    ] {
        let xml = format!("<prefs xmlns='urn:x'>{odd}</prefs>");
        let mut value: Wrapped = if odd.contains("A@B") {
            // What is spelled otherwise is written anew, as it is where nothing else is odd.
            let anew = xml.replace("A@B", "a@b").replace("<new/>", "");
            keeps(&xml, Some(&anew))
        } else {
            keeps(&xml, None)
        };
        let jids = value.always.as_mut().unwrap();
        assert_eq!(jids[..], ["a@b".parse::<BareJid>().unwrap()]);
        jids[0] = "c@d".parse().unwrap();
        assert_eq!(
            write(&value),
            "<prefs xmlns='urn:x'><always><jid>c@d</jid></always></prefs>"
        );
    }
    // Of one value the first counts.
    let xml =
        "<prefs xmlns='urn:x'><owner xmlns='urn:y'><nick>n</nick><nick>m</nick></owner></prefs>";
    let mut value: Wrapped = keeps(xml, None);
    assert_eq!(value.owner.as_deref(), Some("n"));
    value.owner = None;
    assert_eq!(write(&value), "<prefs xmlns='urn:x'/>");
}

#[test]
fn text_and_words_stand_in_for_values() {
    #[derive(Debug, PartialEq, Stanza)]
    #[stanza(name = "t", namespace = "urn:x", crate = "::sestina_wire")]
    struct Words {
        #[stanza(text, default)]
        word: Word,
    }
    #[derive(Debug, Default, PartialEq, Stanza)]
    #[stanza(text_enum, crate = "::sestina_wire")]
    enum Word {
        #[default]
        None,
        #[stanza(value = "UP")]
        Up,
        #[stanza(other)]
        Other(Text),
    }
    assert_eq!(
        keeps::<Words>("<t xmlns='urn:x'>UP</t>", None).word,
        Word::Up
    );
    assert_eq!(keeps::<Words>("<t xmlns='urn:x'/>", None).word, Word::None);
    assert_eq!(
        keeps::<Words>("<t xmlns='urn:x'>sideways</t>", None).word,
        Word::Other("sideways".into())
    );
}

/// Bounds are only what a field needs: a codec and a list of anything need none of the parameter.
#[test]
fn bounds_are_as_small_as_can_be() {
    fn content<T: Content>() {}
    fn value<T: FromText + ToText>() {}
    content::<Pair<u8, Entry>>();
    value::<u8>();
}
