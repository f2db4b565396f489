//! What holds for generated elements and for any bytes: the reader, quick-xml and roxmltree see the same, however the bytes are cut.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checks;

use proptest::prelude::*;
use sestina_wire::{AnyElement, Frame, Writer};

/// Well-formed elements, with prefixes, CDATA, references and white space where they may stand.
fn element() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("a"),
        Just("body"),
        Just("p:x"),
        Just("message"),
        Just("é")
    ];
    let attribute = prop_oneof![
        Just(" b='1'"),
        Just(" c = \"x&amp;'y\""),
        Just(" p:b='2'"),
        Just("\n xml:lang='en'"),
        Just(" xmlns='urn:x'"),
        Just(" xmlns='jabber:client'"),
        Just(" xmlns=''"),
        Just(" xmlns='u&amp;v'"),
        Just(" d='\t\r\n&#9;'"),
        Just(" xmlns:q='urn:q' q:b='3'"),
        Just(" to='a@b/c'"),
    ];
    let attributes = prop::collection::btree_set(attribute, 0..4).prop_map(|attributes| {
        let mut seen = std::collections::BTreeSet::new();
        attributes
            .into_iter()
            .filter(|text| seen.insert(text.trim().split(['=', ' ']).next().unwrap().to_owned()))
            .collect::<String>()
    });
    let text = prop_oneof![
        Just("".to_owned()),
        Just("text".to_owned()),
        Just("&lt;&#x41;".to_owned()),
        Just("\r\n".to_owned()),
        Just("<![CDATA[<x>&]]>".to_owned()),
        "[a-z \\]é]{0,20}",
    ];
    let leaf = (name.clone(), attributes.clone(), text.clone())
        .prop_map(|(name, attributes, text)| format!("<{name}{attributes}>{text}</{name}>"));
    leaf.prop_recursive(5, 40, 5, move |inner| {
        (
            name.clone(),
            attributes.clone(),
            prop::collection::vec(prop_oneof![inner, text.clone()], 0..5),
        )
            .prop_map(|(name, attributes, inside)| {
                let inside = inside.concat();
                if inside.is_empty() {
                    format!("<{name}{attributes}/>")
                } else {
                    format!("<{name}{attributes}>{inside}</{name} >")
                }
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_bytes(data in prop::collection::vec(any::<u8>(), 0..200)) {
        checks::reader(&data);
        checks::jid(&data);
    }

    #[test]
    fn bytes_like_xml(pieces in prop::collection::vec(prop_oneof![
        Just("<"), Just(">"), Just("/"), Just("a"), Just(" "), Just("='"), Just("'"), Just("\""), Just("&amp;"), Just("&"), Just(";"), Just("xmlns"),
        Just(":"), Just("p"), Just("<a>"), Just("</a>"), Just("<a/>"), Just("<![CDATA["), Just("]]>"), Just("\r\n"), Just("é"), Just("<message>"),
        Just("</message>"), Just("jabber:client"), Just("urn:x"), Just("<body xmlns='"), Just(" xmlns:p='urn:p'"), Just("</p:a>"), Just("<p:a "),
    ], 0..30)) {
        let xml = pieces.concat();
        checks::reader(xml.as_bytes());
        for content in ["jabber:client", "jabber:server"] {
            checks::reader(format!("<stream:stream xmlns='{content}' xmlns:stream='http://etherx.jabber.org/streams' xmlns:p='urn:p'>{xml}").as_bytes());
        }
    }

    #[test]
    fn any_text_survives_writing(name in "[a-z]{1,5}", ns in "\\PC{0,10}", text in any::<String>(), value in any::<String>()) {
        let fit = |text: &str| text.chars().map(|c| if matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..) { c } else { '\u{FFFD}' }).collect::<String>();
        let any = AnyElement::build(|w: &mut Writer<'_>| {
            w.start(&name, &ns);
            w.attr("v", value.as_str());
            w.attr_ns("v", "urn:v", value.as_str());
            w.text(text.as_str());
            w.end(&name);
        });
        let root = any.root();
        prop_assert_eq!(root.name(), name);
        prop_assert_eq!(root.ns(), fit(&ns));
        prop_assert_eq!(root.text(), fit(&text));
        prop_assert_eq!(root.attr("v").unwrap(), fit(&value));
        prop_assert_eq!(root.attr_ns("v", "urn:v").unwrap(), fit(&value));
    }

    #[test]
    fn generated_elements(xml in wrapped()) {
        let frame = Frame::parse(xml.as_str());
        prop_assert!(frame.is_ok(), "{}: {:?}", xml, frame);
        checks::reader(xml.as_bytes());
        for content in ["jabber:client", "jabber:server"] {
            checks::reader(
                format!("<stream:stream xmlns='{content}' xmlns:stream='http://etherx.jabber.org/streams' xmlns:p='urn:p'>{xml}</stream:stream>").as_bytes(),
            );
        }
    }
}

/// A generated element inside one that declares its prefix.
fn wrapped() -> impl Strategy<Value = String> {
    (
        element(),
        prop_oneof![Just("message"), Just("x"), Just("p:y")],
    )
        .prop_map(|(inner, name)| format!("<{name} xmlns:p='urn:p'>{inner}</{name}>"))
}
