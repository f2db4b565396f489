//! How many allocations it takes from bytes to typed values. What grows here costs on every stanza of every server.

#![allow(unsafe_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use sestina_wire::{
    Content, DecodeError, ElementRef, Event, FromText, Jid, Limits, Payload, Reader, Stanza, Text,
    Writer, ns,
};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// Counting allocations needs a global allocator, and that is an unsafe trait. This one only forwards.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count<T>(f: impl FnOnce() -> T) -> (usize, T) {
    let before = COUNT.with(Cell::get);
    let value = f();
    (COUNT.with(Cell::get) - before, value)
}

struct Item {
    jid: Jid,
    name: Option<Text>,
    subscription: Option<Text>,
    group: Option<Text>,
}

impl Content for Item {
    fn decode(el: ElementRef<'_>) -> Result<Self, DecodeError> {
        let (mut jid, mut name, mut subscription) = (None, None, None);
        for attr in el.attrs() {
            match attr.key() {
                Some("jid") => jid = Some(attr.decode()?),
                Some("name") => name = Some(attr.value()),
                Some("subscription") => subscription = Some(attr.value()),
                _ => {}
            }
        }
        let group = el.child("group", "jabber:iq:roster").map(ElementRef::text);
        Ok(Self {
            jid: jid.ok_or_else(|| DecodeError::missing_attribute(el, "jid"))?,
            name,
            subscription,
            group,
        })
    }
    fn encode(&self, _: &mut Writer<'_>, _: &str, _: &str) {}
}

struct Roster {
    items: Vec<Item>,
}

impl Content for Roster {
    fn decode(el: ElementRef<'_>) -> Result<Self, DecodeError> {
        let mut items = Vec::with_capacity(el.children().count());
        for child in el.children() {
            items.push(Item::decode(child)?);
        }
        Ok(Self { items })
    }
    fn encode(&self, _: &mut Writer<'_>, _: &str, _: &str) {}
}

impl Payload for Roster {
    const NAME: &'static str = "query";
    const NS: &'static str = "jabber:iq:roster";
}

fn one(reader: &mut Reader, bytes: &[u8]) -> Stanza {
    reader.push(bytes);
    let Ok(Some(Event::Element(frame))) = reader.next() else {
        panic!("no element")
    };
    assert!(matches!(reader.next(), Ok(None)));
    Stanza::from_frame(frame).unwrap()
}

const CHAT: &str = "<message from='romeo@montague.example/orchard' to='juliet@capulet.example/balcony' type='chat' id='ktx72v49' xml:lang='en'>\
    <body>Neither, fair saint, if either thee dislike.</body><active xmlns='http://jabber.org/protocol/chatstates'/>\
    <request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='de305d54-75b4-431b-adb2-eb6b9e546013'/></message>";

#[test]
fn a_chat_message_takes_four() {
    let mut reader = Reader::inside(Limits::default(), ns::CLIENT);
    drop(one(&mut reader, CHAT.as_bytes()));
    let (allocations, (stanza, body)) = count(|| {
        let stanza = one(&mut reader, CHAT.as_bytes());
        let body = stanza.child("body", ns::CLIENT).unwrap().element().text();
        (stanza, body)
    });
    assert_eq!(body, "Neither, fair saint, if either thee dislike.");
    assert!(allocations <= 4, "{allocations}");
    let mut out = Vec::with_capacity(4096);
    let (allocations, ()) = count(|| stanza.write(&mut out, ns::CLIENT));
    assert_eq!(allocations, 0);
    let (allocations, copy) = count(|| {
        let mut copy = stanza.clone();
        copy.head_mut().from = stanza.head().to.clone();
        copy.retain(|child| child.ns() != "urn:xmpp:sid:0");
        copy
    });
    assert_eq!(allocations, 0);
    assert_eq!(copy.children().count(), 3);
}

#[test]
fn a_roster_of_two_hundred_takes_ten() {
    let mut xml = String::from(
        "<iq type='result' id='r1' to='juliet@capulet.example/balcony'><query xmlns='jabber:iq:roster' ver='v1'>",
    );
    for n in 0..200 {
        xml.push_str(&format!("<item jid='contact{n}@montague.example' name='Contact {n}' subscription='both'><group>Friends</group></item>"));
    }
    xml.push_str("</query></iq>");
    let mut reader = Reader::inside(Limits::default(), ns::CLIENT);
    drop(one(&mut reader, xml.as_bytes()));
    let (allocations, roster) = count(|| {
        one(&mut reader, xml.as_bytes())
            .decode::<Roster>()
            .unwrap()
            .unwrap()
    });
    assert_eq!(roster.items.len(), 200);
    let last = roster.items.last().unwrap();
    assert_eq!(
        last.jid,
        Jid::from_text("contact199@montague.example".into()).unwrap()
    );
    assert_eq!(
        (
            last.name.as_deref(),
            last.subscription.as_deref(),
            last.group.as_deref()
        ),
        (Some("Contact 199"), Some("both"), Some("Friends"))
    );
    assert!(allocations <= 10, "{allocations}");
}

#[test]
fn an_idle_reader_holds_little() {
    let mut reader = Reader::inside(Limits::default(), ns::CLIENT);
    drop(one(&mut reader, CHAT.as_bytes()));
    assert_eq!(reader.buffered(), 0);
    assert!(size_of::<Reader>() <= 192, "{}", size_of::<Reader>());
}
