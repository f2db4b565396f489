//! How many allocations it takes from bytes to the typed values of a stanza, and to write them. What grows here costs on
//! every stanza of every server.
#![allow(unsafe_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use sestina_types::rfc_6121::client::{Body, Thread};
use sestina_types::rfc_6121::roster::Query;
use sestina_types::xep_0203::Delay;
use sestina_wire::{Event, Limits, Payload, Reader, Stanza, Writer, ns};

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

/// Reads a stanza and its payloads three times; allocations of the last time, and what was read.
fn read<T>(xml: &str, payloads: fn(&Stanza) -> T) -> (usize, T) {
    let mut reader = Reader::inside(Limits::default(), ns::CLIENT);
    let mut once = || {
        let before = COUNT.with(Cell::get);
        reader.push(xml.as_bytes());
        let Ok(Some(Event::Element(frame))) = reader.next() else {
            panic!("no element")
        };
        let values = payloads(&Stanza::from_frame(frame).unwrap());
        (COUNT.with(Cell::get) - before, values)
    };
    once();
    once();
    once()
}

/// Writes into a buffer that has been written to before; allocations, and what was written.
fn write(payloads: impl Fn(&mut Writer<'_>)) -> (usize, String) {
    let mut out = Vec::with_capacity(64 * 1024);
    payloads(&mut Writer::new(&mut out, ns::CLIENT));
    out.clear();
    let before = COUNT.with(Cell::get);
    payloads(&mut Writer::new(&mut out, ns::CLIENT));
    (
        COUNT.with(Cell::get) - before,
        String::from_utf8(out).unwrap(),
    )
}

#[test]
fn a_chat_message_with_thread_and_delay_takes_four() {
    const CHAT: &str = "<message xmlns='jabber:client' from='juliet@capulet.example/balcony' \
        to='romeo@montague.example' type='chat' id='c8a1e9'><body>Deny thy father &amp; refuse thy name</body>\
        <thread>e0ffe42b28561960c6b12b944a092794b9683a38</thread>\
        <delay xmlns='urn:xmpp:delay' from='capulet.example' stamp='2026-09-10T23:08:25Z'>Offline</delay></message>";
    let (allocations, (body, thread, delay)) = read(CHAT, |stanza| {
        let body: Body = stanza.decode().unwrap().unwrap();
        let thread: Thread = stanza.decode().unwrap().unwrap();
        let delay: Delay = stanza.decode().unwrap().unwrap();
        (body, thread, delay)
    });
    assert_eq!(body.text, "Deny thy father & refuse thy name");
    assert!(allocations <= 4, "{allocations} to read it");
    let (allocations, written) = write(|w| {
        body.write(w);
        thread.write(w);
        delay.write(w);
    });
    assert!(written.contains("father &amp; refuse"), "{written}");
    assert_eq!(allocations, 0, "to write it");
}

#[test]
fn a_roster_of_two_hundred_takes_ten() {
    let items: String = (0..200)
        .map(|n| format!("<item jid='contact{n}@example.org' name='Contact {n}' subscription='both'><group>Friends</group></item>"))
        .collect();
    let xml = format!(
        "<iq xmlns='jabber:client' type='result' id='r1'><query xmlns='jabber:iq:roster' ver='v1'>{items}</query></iq>"
    );
    let (allocations, roster) = read(&xml, |stanza| stanza.decode::<Query>().unwrap().unwrap());
    assert!(allocations <= 10, "{allocations} to read it");
    let (allocations, written) = write(|w| roster.write(w));
    assert!(written.contains("contact199@example.org"), "{written}");
    assert_eq!(allocations, 0, "to write it");
}
