//! The stanzas that the codec bench reads and writes, with both codecs over them.

use std::cell::RefCell;
use std::hint::black_box;

use sestina_types::rfc_6121::client::{Body, Priority, Show, Status, Thread};
use sestina_types::rfc_6121::roster::Query;
use sestina_types::xep_0030::{info, items};
use sestina_types::xep_0115::Caps;
use sestina_types::xep_0203::Delay;
use sestina_wire::{Event, Head, Limits, Payload, Reader, Stanza, Writer, ns};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::message::Message;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::presence::Presence;
use xmpp_parsers::{caps, delay, disco, roster};

/// One stanza, and what reads and writes it.
pub struct Sample {
    /// What it is.
    pub name: &'static str,
    /// As it stands on a client's stream.
    pub text: String,
    /// Sestina.
    pub ours: Box<dyn Codec>,
    /// xmpp-parsers.
    pub theirs: Box<dyn Codec>,
}

/// Reads and writes one kind of stanza.
pub trait Codec {
    /// From bytes to typed values.
    fn read(&self, bytes: &[u8]);
    /// A function that writes the typed values of this stanza.
    fn writer(&self, bytes: &[u8]) -> Box<dyn FnMut()>;
    /// Reads and writes once.
    fn round_trip(&self, bytes: &[u8]) -> String;
    /// The typed values, for comparison.
    fn describe(&self, bytes: &[u8]) -> String;
}

/// The stanzas, from 0.3 to 20 kB.
pub fn samples() -> Vec<Sample> {
    vec![
        Sample {
            name: "a chat message",
            text: concat!(
                "<message xmlns='jabber:client' from='juliet@capulet.example/balcony' to='romeo@montague.example' ",
                "type='chat' id='c8a1e9'><body>Wherefore art thou, Romeo? Deny thy father &amp; refuse ",
                "thy name</body><thread>e0ffe42b28561960c6b12b944a092794b9683a38</thread>",
                "<delay xmlns='urn:xmpp:delay' from='capulet.example' stamp='2026-09-10T23:08:25Z'>Offline</delay>",
                "</message>"
            )
            .to_owned(),
            ours: Box::new(Ours::new(read_our_message, write_our_message)),
            theirs: Box::new(Theirs { read: read_their_message, write: write_their_message }),
        },
        Sample {
            name: "a presence",
            text: concat!(
                "<presence xmlns='jabber:client' from='romeo@montague.example/orchard' id='p17'>",
                "<show>away</show><status>be right back</status><priority>5</priority>",
                "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://client.example' ",
                "ver='QgayPKawpkPSDYmwT/WM94uAlu0='/></presence>"
            )
            .to_owned(),
            ours: Box::new(Ours::new(read_our_presence, write_our_presence)),
            theirs: Box::new(Theirs { read: read_their_presence, write: write_their_presence }),
        },
        Sample {
            name: "a long message",
            text: message_with(&"Two households, both alike in dignity, in fair Verona, where we lay our scene. ".repeat(50)),
            ours: Box::new(Ours::new(read_our_message, write_our_message)),
            theirs: Box::new(Theirs { read: read_their_message, write: write_their_message }),
        },
        Sample {
            name: "a message with much to unescape",
            text: message_with(&"if (a &lt; b &amp;&amp; c &gt; d) { say(&quot;Übung, 練習&quot;); }\n".repeat(30)),
            ours: Box::new(Ours::new(read_our_message, write_our_message)),
            theirs: Box::new(Theirs { read: read_their_message, write: write_their_message }),
        },
        iq::<info::Query, disco::DiscoInfoResult>("what a server can do", features_of(40)),
        iq::<items::Query, disco::DiscoItemsResult>("sixty rooms", rooms_of(60)),
        iq::<Query, roster::Roster>("a roster of 20", roster_of(20)),
        iq::<Query, roster::Roster>("a roster of 200", roster_of(200)),
    ]
}

/// An answer with one payload.
fn iq<O, T>(name: &'static str, text: String) -> Sample
where
    O: Payload + std::fmt::Debug + 'static,
    T: TryFrom<Element, Error: std::fmt::Debug> + xso::AsXml + std::fmt::Debug + 'static,
{
    Sample {
        name,
        text,
        ours: Box::new(Ours::new(read_our_iq::<O>, write_our_iq::<O>)),
        theirs: Box::new(Theirs {
            read: read_their_iq::<T>,
            write: write_their_iq::<T>,
        }),
    }
}

fn message_with(body: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='juliet@capulet.example/balcony' to='romeo@montague.example' \
         type='chat' id='c8a1e9'><body>{body}</body><thread>e0ffe42b28561960c6b12b944a092794b9683a38</thread></message>"
    )
}

/// An answer of service discovery; xmpp-parsers keeps the features sorted, so they come so.
fn features_of(size: usize) -> String {
    let mut text = "<iq xmlns='jabber:client' from='example.org' to='juliet@capulet.example/balcony' type='result' id='d1'>\
                    <query xmlns='http://jabber.org/protocol/disco#info'>\
                    <identity category='server' type='im' name='Sestina'/>"
        .to_owned();
    for number in 0..size {
        text += &format!("<feature var='http://example.org/protocol/feature-{number:03}'/>");
    }
    text + "</query></iq>"
}

fn rooms_of(size: usize) -> String {
    let mut text = "<iq xmlns='jabber:client' from='rooms.example.org' to='juliet@capulet.example/balcony' type='result' \
                    id='d2'><query xmlns='http://jabber.org/protocol/disco#items'>"
        .to_owned();
    for number in 0..size {
        text +=
            &format!("<item jid='room{number}@rooms.example.org' name='Room number {number}'/>");
    }
    text + "</query></iq>"
}

fn roster_of(size: usize) -> String {
    let mut text =
        "<iq xmlns='jabber:client' to='juliet@capulet.example/balcony' type='result' id='r1'>\
                    <query xmlns='jabber:iq:roster' ver='ver7'>"
            .to_owned();
    for number in 0..size {
        text += &format!(
            "<item jid='contact{number}@example.org' name='Contact {number}' subscription='both'><group>{}</group></item>",
            if number % 3 == 0 { "Family" } else { "Friends" }
        );
    }
    text + "</query></iq>"
}

/// Both codecs see the same in the stanza, and in what the other writes.
///
/// # Panics
/// When they do not: figures would mean nothing.
#[allow(clippy::panic)]
pub fn prove(name: &str, text: &str, ours: &dyn Codec, theirs: &dyn Codec) {
    let bytes = text.as_bytes();
    for (who, written) in [
        ("ours", ours.round_trip(bytes)),
        ("theirs", theirs.round_trip(bytes)),
    ] {
        for (reader, codec) in [("ours", ours), ("theirs", theirs)] {
            // xmpp-parsers writes the zone of a date in its own way.
            let seen = |bytes| codec.describe(bytes).replace("+00:00", "Z");
            let (before, after) = (seen(bytes), seen(written.as_bytes()));
            if before != after {
                panic!("{name}, written by {who}, read by {reader}:\n{before}\n{after}\n{written}");
            }
        }
    }
}

/// quick-xml's tokens, nothing more.
pub fn tokens(bytes: &[u8]) -> usize {
    let mut reader = quick_xml::Reader::from_reader(bytes);
    let mut count = 0;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) | Err(_) => return count,
            Ok(event) => {
                black_box(event);
                count += 1;
            }
        }
    }
}

// Sestina: the incremental reader of a stream, the stanza, its payloads.

struct Ours<T> {
    reader: RefCell<Reader>,
    take: fn(Stanza) -> T,
    write: fn(&T, &mut Vec<u8>),
}

impl<T> Ours<T> {
    fn new(take: fn(Stanza) -> T, write: fn(&T, &mut Vec<u8>)) -> Ours<T> {
        Ours {
            reader: RefCell::new(Reader::inside(Limits::default(), ns::CLIENT)),
            take,
            write,
        }
    }

    #[allow(clippy::expect_used)]
    fn parse(&self, bytes: &[u8]) -> T {
        let mut reader = self.reader.borrow_mut();
        reader.push(bytes);
        let Some(Event::Element(frame)) = reader.next().expect("well-formed") else {
            unreachable!("one element")
        };
        (self.take)(Stanza::from_frame(frame).expect("a stanza"))
    }
}

impl<T: std::fmt::Debug + 'static> Codec for Ours<T> {
    fn read(&self, bytes: &[u8]) {
        black_box(self.parse(bytes));
    }

    fn writer(&self, bytes: &[u8]) -> Box<dyn FnMut()> {
        let (value, write, mut out) =
            (self.parse(bytes), self.write, Vec::with_capacity(64 * 1024));
        Box::new(move || {
            out.clear();
            write(&value, &mut out);
            black_box(&out);
        })
    }

    fn round_trip(&self, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        (self.write)(&self.parse(bytes), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    fn describe(&self, bytes: &[u8]) -> String {
        format!("{:?}", self.parse(bytes))
    }
}

/// The payloads of a stanza, with the stanza's head.
#[derive(Debug)]
struct With<T> {
    head: Head,
    payloads: T,
}

type MessagePayloads = (Option<Body>, Option<Thread>, Option<Delay>);
type PresencePayloads = (Option<Show>, Option<Status>, Option<Priority>, Option<Caps>);

#[allow(clippy::expect_used)]
fn get<T: Payload>(stanza: &Stanza) -> Option<T> {
    stanza.decode().transpose().expect("readable")
}

fn read_our_message(stanza: Stanza) -> With<MessagePayloads> {
    let payloads = (get(&stanza), get(&stanza), get(&stanza));
    With {
        head: stanza.head().clone(),
        payloads,
    }
}

fn write_our_message(message: &With<MessagePayloads>, out: &mut Vec<u8>) {
    let (body, thread, delay) = &message.payloads;
    write(&message.head, out, |w| {
        payload(body, w);
        payload(thread, w);
        payload(delay, w);
    });
}

/// A stanza with its namespace declared, straight into the buffer.
fn write(head: &Head, out: &mut Vec<u8>, payloads: impl FnOnce(&mut Writer<'_>)) {
    let w = &mut Writer::new(out, ns::CLIENT);
    let name = head.kind.as_str();
    w.start(name, ns::CLIENT);
    w.attr("xmlns", ns::CLIENT);
    head.write_attributes(w);
    payloads(w);
    w.end(name);
}

fn payload<T: Payload>(payload: &Option<T>, w: &mut Writer<'_>) {
    if let Some(payload) = payload {
        payload.write(w);
    }
}

fn read_our_presence(stanza: Stanza) -> With<PresencePayloads> {
    let payloads = (get(&stanza), get(&stanza), get(&stanza), get(&stanza));
    With {
        head: stanza.head().clone(),
        payloads,
    }
}

fn write_our_presence(presence: &With<PresencePayloads>, out: &mut Vec<u8>) {
    let (show, status, priority, caps) = &presence.payloads;
    write(&presence.head, out, |w| {
        payload(show, w);
        payload(status, w);
        payload(priority, w);
        payload(caps, w);
    });
}

fn read_our_iq<T: Payload>(stanza: Stanza) -> With<Option<T>> {
    With {
        payloads: get(&stanza),
        head: stanza.head().clone(),
    }
}

fn write_our_iq<T: Payload>(iq: &With<Option<T>>, out: &mut Vec<u8>) {
    write(&iq.head, out, |w| payload(&iq.payloads, w));
}

// xmpp-parsers: its typed stanzas, and the payloads that it leaves as elements made typed.

struct Theirs<T> {
    read: fn(&[u8]) -> T,
    write: fn(&mut T) -> Vec<u8>,
}

impl<T: std::fmt::Debug + 'static> Codec for Theirs<T> {
    fn read(&self, bytes: &[u8]) {
        black_box((self.read)(bytes));
    }

    fn writer(&self, bytes: &[u8]) -> Box<dyn FnMut()> {
        let (mut value, write) = ((self.read)(bytes), self.write);
        Box::new(move || {
            black_box(write(&mut value));
        })
    }

    fn round_trip(&self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(&(self.write)(&mut (self.read)(bytes))).into_owned()
    }

    fn describe(&self, bytes: &[u8]) -> String {
        format!("{:?}", (self.read)(bytes))
    }
}

#[allow(clippy::expect_used)]
fn read_their_message(bytes: &[u8]) -> (Message, Vec<delay::Delay>) {
    let mut message: Message = xso::from_bytes(bytes).expect("readable");
    let payloads = std::mem::take(&mut message.payloads);
    (
        message,
        payloads
            .into_iter()
            .map(|element| element.try_into().expect("a delay"))
            .collect(),
    )
}

#[allow(clippy::expect_used)]
fn write_their_message((message, delays): &mut (Message, Vec<delay::Delay>)) -> Vec<u8> {
    message.payloads = delays
        .iter()
        .map(|delay| xso::transform(delay).expect("an element"))
        .collect();
    xso::to_vec(&*message).expect("writable")
}

#[allow(clippy::expect_used)]
fn read_their_presence(bytes: &[u8]) -> (Presence, Vec<caps::Caps>) {
    let mut presence: Presence = xso::from_bytes(bytes).expect("readable");
    let payloads = std::mem::take(&mut presence.payloads);
    (
        presence,
        payloads
            .into_iter()
            .map(|element| element.try_into().expect("capabilities"))
            .collect(),
    )
}

#[allow(clippy::expect_used)]
fn write_their_presence((presence, caps): &mut (Presence, Vec<caps::Caps>)) -> Vec<u8> {
    presence.payloads = caps
        .iter()
        .map(|caps| xso::transform(caps).expect("an element"))
        .collect();
    xso::to_vec(&*presence).expect("writable")
}

#[allow(clippy::expect_used)]
fn read_their_iq<T: TryFrom<Element, Error: std::fmt::Debug>>(bytes: &[u8]) -> (Iq, Option<T>) {
    let mut iq: Iq = xso::from_bytes(bytes).expect("readable");
    let payload = if let Iq::Result { payload, .. } = &mut iq {
        payload.take()
    } else {
        None
    };
    (
        iq,
        payload.map(|element| element.try_into().expect("a payload")),
    )
}

#[allow(clippy::expect_used)]
fn write_their_iq<T: xso::AsXml>((iq, value): &mut (Iq, Option<T>)) -> Vec<u8> {
    if let Iq::Result { payload, .. } = &mut *iq {
        *payload = value
            .as_ref()
            .map(|value| xso::transform(value).expect("an element"));
    }
    xso::to_vec(&*iq).expect("writable")
}
