//! The reader: what it accepts, what it refuses and how, and what it writes anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sestina_wire::{Event, Frame, Limits, ReadError, Reader, ns};

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
    to='example.com' version='1.0' xml:lang='en'>";

fn all(reader: &mut Reader, bytes: &[u8]) -> Result<Vec<Event>, ReadError> {
    reader.push(bytes);
    let mut events = Vec::new();
    while let Some(event) = reader.next()? {
        events.push(event);
    }
    Ok(events)
}

/// The one element that follows a header.
fn element(xml: &str) -> Result<Frame, &'static str> {
    let mut reader = Reader::new(Limits::default());
    let events = all(&mut reader, format!("{HEADER}{xml}").as_bytes())
        .map_err(|error| error.stream_error().condition.as_str())?;
    match events.as_slice() {
        [Event::Open(_), Event::Element(frame)] => Ok(frame.clone()),
        [Event::Open(_)] => Err("incomplete"),
        other => panic!("{other:?}"),
    }
}

fn stream(bytes: &[u8]) -> Result<Vec<Event>, &'static str> {
    all(&mut Reader::new(Limits::default()), bytes)
        .map_err(|error| error.stream_error().condition.as_str())
}

#[test]
fn a_stream_from_start_to_end() {
    let events = stream(
        format!("{HEADER} \n<presence/>\n<message><body>x</body></message></stream:stream>\n")
            .as_bytes(),
    )
    .unwrap();
    let [
        Event::Open(header),
        Event::Element(presence),
        Event::Element(message),
        Event::Close,
    ] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!(header.to.as_deref(), Some("example.com"));
    assert_eq!(header.version.as_deref(), Some("1.0"));
    assert_eq!(header.lang.as_deref(), Some("en"));
    assert_eq!((header.from.as_deref(), header.id.as_deref()), (None, None));
    assert_eq!(header.content_ns, ns::CLIENT);
    assert!(presence.root().is("presence", ns::CLIENT));
    assert_eq!(
        message.root().child("body", ns::CLIENT).unwrap().text(),
        "x"
    );
}

#[test]
fn headers_that_are_accepted() {
    for header in [
        "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback'>",
        "\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-8\" standalone='yes' ?>\n<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:client'>",
        "  \n<stream xmlns='http://etherx.jabber.org/streams' xmlns:c='jabber:client'>",
        "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='x.y' >",
    ] {
        assert!(
            matches!(stream(header.as_bytes()).as_deref(), Ok([Event::Open(_)])),
            "{header}"
        );
    }
    let events = stream(
        b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'/>",
    )
    .unwrap();
    assert!(matches!(events.as_slice(), [Event::Open(_), Event::Close]));
}

#[test]
fn headers_that_are_refused() {
    for (header, condition) in [
        (
            "<stream:stream xmlns='jabber:client' xmlns:stream='http://example.com/'>",
            "invalid-namespace",
        ),
        (
            "<stream:stream xmlns='jabber:other' xmlns:stream='http://etherx.jabber.org/streams'>",
            "invalid-namespace",
        ),
        (
            "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>",
            "invalid-namespace",
        ),
        (
            "<stream:river xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
            "bad-format",
        ),
        (
            "<stream:stream xmlns='jabber:client'>",
            "bad-namespace-prefix",
        ),
        ("<presence/>", "invalid-namespace"),
        ("GET / HTTP/1.1", "not-well-formed"),
        ("<!DOCTYPE x>", "restricted-xml"),
        ("<!-- x -->", "restricted-xml"),
        ("<?php ?>", "restricted-xml"),
        ("<?xml-stylesheet ?>", "restricted-xml"),
        (
            "<?xml version='1.0' encoding='ISO-8859-1'?>",
            "unsupported-encoding",
        ),
        (
            "<?xml version='1.0' encoding='utf-16'?>",
            "unsupported-encoding",
        ),
        ("<?xml version='1.1'?>", "not-well-formed"),
        ("<?xml encoding='UTF-8'?>", "not-well-formed"),
        (
            "<?xml version='1.0' encoding='UTF-8' encoding='UTF-8'?>",
            "not-well-formed",
        ),
        (
            "<?xml version='1.0'?><?xml version='1.0'?>",
            "restricted-xml",
        ),
        ("</stream:stream>", "not-well-formed"),
    ] {
        assert_eq!(stream(header.as_bytes()).err(), Some(condition), "{header}");
    }
    let utf16: Vec<u8> = std::iter::once(0xFEFF)
        .chain(HEADER.encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    assert_eq!(stream(&utf16).err(), Some("unsupported-encoding"));
    let utf16: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(stream(&utf16).err(), Some("unsupported-encoding"));
}

/// RFC 6120 §11.
#[test]
fn forbidden_and_malformed_xml() {
    for (xml, condition) in [
        ("<!-- x -->", "restricted-xml"),
        ("<a><!-- x --></a>", "restricted-xml"),
        ("<?pi?>", "restricted-xml"),
        ("<a><?pi?></a>", "restricted-xml"),
        ("<?xml version='1.0'?>", "restricted-xml"),
        ("<!DOCTYPE a>", "restricted-xml"),
        ("<a>&nbsp;</a>", "restricted-xml"),
        ("<a b='&nbsp;'/>", "restricted-xml"),
        ("<a>&#0;</a>", "not-well-formed"),
        ("<a>&#xFFFE;</a>", "not-well-formed"),
        ("<a>& b</a>", "not-well-formed"),
        ("<a>&;</a>", "not-well-formed"),
        ("<a></b>", "not-well-formed"),
        ("<a></a b>", "not-well-formed"),
        ("<a><b></a></b>", "not-well-formed"),
        ("<a b='1' b='2'/>", "not-well-formed"),
        (
            "<a x:b='1' y:b='2' xmlns:x='u' xmlns:y='u'/>",
            "not-well-formed",
        ),
        ("<a xmlns='x' xmlns='y'/>", "not-well-formed"),
        ("<a xmlns:p='x' xmlns:p='y'/>", "not-well-formed"),
        ("<a b=1/>", "not-well-formed"),
        ("<a b/>", "not-well-formed"),
        ("<a b='<'/>", "not-well-formed"),
        ("<a b='1'c='2'/>", "not-well-formed"),
        ("<a / >", "not-well-formed"),
        ("< a/>", "not-well-formed"),
        ("<1/>", "not-well-formed"),
        ("<a:b:c/>", "not-well-formed"),
        ("<:a/>", "not-well-formed"),
        ("<a:/>", "not-well-formed"),
        ("<a>]]></a>", "not-well-formed"),
        ("<a>\u{1}</a>", "not-well-formed"),
        ("<a b='\u{1}'/>", "not-well-formed"),
        ("<a>\u{FFFF}</a>", "not-well-formed"),
        ("<a\u{D7}/>", "not-well-formed"),
        ("<a><![CDAT[x]]></a>", "not-well-formed"),
        ("<![CDATA[x]]>", "not-well-formed"),
        ("<p:a/>", "bad-namespace-prefix"),
        ("<a p:b='c'/>", "bad-namespace-prefix"),
        ("<a xmlns:p=''/>", "bad-namespace-prefix"),
        ("<a xmlns:xmlns='x'/>", "bad-namespace-prefix"),
        ("<a xmlns:xml='x'/>", "bad-namespace-prefix"),
        (
            "<a xmlns:x='http://www.w3.org/XML/1998/namespace'/>",
            "bad-namespace-prefix",
        ),
        (
            "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
            "bad-namespace-prefix",
        ),
        ("<message xmlns='jabber:server'/>", "invalid-namespace"),
        ("text", "bad-format"),
        ("</stream>", "not-well-formed"),
    ] {
        assert_eq!(element(xml).err(), Some(condition), "{xml}");
    }
    for bad in [
        &b"<a>\xFF</a>"[..],
        b"<a>\xC0\x80</a>",
        b"<a>\xED\xA0\x80</a>",
        b"<a b='\xFF'/>",
        b"<a\xFF/>",
    ] {
        let mut reader = Reader::inside(Limits::default(), ns::CLIENT);
        assert_eq!(
            all(&mut reader, bad)
                .unwrap_err()
                .stream_error()
                .condition
                .as_str(),
            "unsupported-encoding",
            "{bad:?}"
        );
    }
}

/// What is passed on as it came.
#[test]
fn the_conservative_subset_stays() {
    for xml in [
        "<message to='a@b'><body>Art thou not Romeo, &amp; a Montague?</body></message>",
        "<iq type=\"get\" id = '1' ><query xmlns='jabber:iq:roster'\n/></iq >",
        "<a><b xmlns:p='urn:p'><p:c p:d='e'/></b><f xmlns='' xml:lang='de'/>\n\t &#10;&#x1F600;</a>",
        "<message><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'/></forwarded></message>",
        "<é ñ='ü'>日本</é>",
        "<a b='\"'>'\"</a>",
        "<a b=\"'&#9;&#13;\">a]]&gt;]</a>",
    ] {
        assert_eq!(element(xml).unwrap().as_str(), xml);
    }
}

/// What is written anew.
#[test]
fn the_rest_is_written_anew() {
    for (xml, anew) in [
        (
            "<a><![CDATA[<&]]]]><![CDATA[>]]></a>",
            "<a>&lt;&amp;]]&gt;</a>",
        ),
        ("<a>x\r\ny\rz</a>", "<a>x\ny\nz</a>"),
        ("<a b='x\ty\nz'/>", "<a b='x y z'/>"),
        ("<a b='&#9;\t'>\r</a>", "<a b='&#9; '>\n</a>"),
        (
            "<stream:features><x xmlns='u'/></stream:features>",
            "<features xmlns='http://etherx.jabber.org/streams'><x xmlns='u'/></features>",
        ),
        (
            "<message><body xmlns='jabber:client'>x</body></message>",
            "<message><body>x</body></message>",
        ),
        (
            "<message xmlns:p='u'><p:x/></message>",
            "<message><x xmlns='u'/></message>",
        ),
        (
            "<c:message xmlns:c='jabber:client' xmlns='u'><x/></c:message>",
            "<message><x xmlns='u'/></message>",
        ),
        (
            "<message xmlns:p='u'><x xmlns='v' p:y='z'/></message>",
            "<message><x xmlns='v' xmlns:a1='u' a1:y='z'/></message>",
        ),
        (
            "<message xmlns='jabber:client'/>",
            "<message xmlns='jabber:client'/>",
        ),
    ] {
        assert_eq!(element(xml).unwrap().as_str(), anew, "{xml}");
    }
    // Namespaces that need escaping are compared unescaped.
    let frame = element("<a xmlns='urn:x&amp;y'><b xmlns='urn:x&#38;y'/></a>").unwrap();
    assert_eq!(frame.root().ns(), "urn:x&y");
    assert!(frame.root().child("b", "urn:x&y").is_some());
}

/// Whatever the content namespace of the stream, behind the reader it is `jabber:client`.
#[test]
fn content_namespaces_are_one() {
    for content in [ns::CLIENT, ns::SERVER, ns::COMPONENT] {
        let stanza = format!(
            "<message xmlns='{content}'><body xmlns='jabber:client'/><x xmlns='u'><body xmlns='jabber:server'/></x></message>"
        );
        let mut reader = Reader::inside(Limits::default(), content);
        let Ok([Event::Element(frame)]) = all(&mut reader, stanza.as_bytes())
            .as_deref()
            .map(|events| <[Event; 1]>::try_from(events.to_vec()).unwrap())
        else {
            panic!("{content}")
        };
        assert!(frame.root().is("message", ns::CLIENT));
        assert!(frame.root().child("body", ns::CLIENT).is_some());
        assert!(
            frame
                .root()
                .child("x", "u")
                .unwrap()
                .child("body", ns::SERVER)
                .is_some()
        );
    }
}

#[test]
fn limits_end_the_stream() {
    let limits = Limits {
        stanza_bytes: 100,
        depth: 3,
        attributes: 2,
        name_bytes: 10,
        elements: 4,
    };
    for (xml, fine) in [
        ("<a><b><c/></b></a>", true),
        ("<a><b><c><d/></c></b></a>", false),
        ("<a b='1' c='2'/>", true),
        ("<a b='1' c='2' d='3'/>", false),
        ("<a b='1' xmlns='2' xmlns:d='3'/>", false),
        ("<abcdefghij/>", true),
        ("<abcdefghijk/>", false),
        ("<a abcdefghijk=''/>", false),
        ("<a><b/><b/><b/></a>", true),
        ("<a><b/><b/><b/><b/></a>", false),
    ] {
        let result = all(&mut Reader::inside(limits, ns::CLIENT), xml.as_bytes());
        match result {
            Ok(_) => assert!(fine, "{xml}"),
            Err(error) => {
                assert!(!fine, "{xml}");
                assert_eq!(error.stream_error().condition.as_str(), "policy-violation");
            }
        }
    }
    // An element may go on and on only within the limit, wherever it is cut.
    for endless in [
        "<a>",
        "<a b='",
        "<a>&",
        "<a><![CDATA[",
        "<a ",
        "<a><b/",
        "<a><bb",
    ] {
        let mut reader = Reader::inside(limits, ns::CLIENT);
        reader.push(endless.as_bytes());
        let mut result = reader.next();
        for _ in 0..200 {
            reader.push(b" ");
            result = reader.next();
        }
        assert!(result.is_err(), "{endless}");
    }
    let mut reader = Reader::new(limits);
    assert!(all(&mut reader, b"<?xml ").is_ok());
    assert!(all(&mut reader, &[b' '; 1000]).is_err());
    let mut reader = Reader::inside(limits, ns::CLIENT);
    assert!(all(&mut reader, b"</stream:stream").is_ok());
    assert!(all(&mut reader, &[b' '; 1000]).is_err());
}

/// A short prefix for a long namespace, used again and again, must not make a large element of a small one.
#[test]
fn writing_anew_does_not_multiply() {
    let long = "u".repeat(1000);
    let many = "<p:b/>".repeat(5000);
    let xml = format!("<a xmlns:p='{long}'>{many}</a>");
    let result = all(
        &mut Reader::inside(Limits::default(), ns::CLIENT),
        xml.as_bytes(),
    );
    assert_eq!(
        result.unwrap_err().stream_error().condition.as_str(),
        "policy-violation"
    );
}

#[test]
fn restart_keeps_what_is_not_read() {
    let mut reader = Reader::new(Limits::before_login());
    let events = all(&mut reader, HEADER.as_bytes()).unwrap();
    assert_eq!(events.len(), 1);
    reader.push(
        format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>{HEADER}<presence/>").as_bytes(),
    );
    assert!(matches!(reader.next(), Ok(Some(Event::Element(_)))));
    assert!(reader.buffered() > 0);
    reader.restart();
    assert_eq!(reader.content_ns(), "");
    assert!(matches!(reader.next(), Ok(Some(Event::Open(_)))));
    assert!(matches!(reader.next(), Ok(Some(Event::Element(_)))));
    assert!(matches!(reader.next(), Ok(None)));
    assert_eq!(reader.buffered(), 0);
    assert_eq!(reader.content_ns(), ns::CLIENT);
}

#[test]
fn nothing_may_follow_the_end() {
    assert_eq!(
        stream(format!("{HEADER}</stream:stream><presence/>").as_bytes()).err(),
        Some("bad-format")
    );
    assert_eq!(
        stream(format!("{HEADER}</stream:strea>").as_bytes()).err(),
        Some("not-well-formed")
    );
}

#[test]
fn documents() {
    assert!(Frame::parse("<?xml version='1.0'?>\n<a/>\n").is_ok());
    for bad in [
        "",
        "<a>",
        "<a/><b/>",
        "x",
        "<a/>x",
        "<?xml version='1.0'?>",
        "<?xml",
    ] {
        assert!(Frame::parse(bad).is_err(), "{bad:?}");
    }
    assert_eq!(Frame::parse("<a/>").unwrap().root().ns(), "");
    assert_eq!(
        Frame::parse_in("<a/>", ns::SERVER).unwrap().root().ns(),
        ns::CLIENT
    );
    assert_eq!(
        Frame::parse_in("<a/>", "urn:x").unwrap().root().ns(),
        "urn:x"
    );
}
