//! Every example of every specification is read by the generated types and written back the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sestina_types::{
    rfc_6120::{bind, sasl, session, stanza_errors, stream_errors, streams, tls},
    rfc_6121::{client, pre_approval, roster, versioning},
    xep_0030::{info, items},
    xep_0077::{feature, register},
    xep_0092, xep_0115, xep_0199, xep_0203,
};
use sestina_wire::{AnyElement, DecodeError, ElementRef, Frame, Node, Payload};

/// A type: its element's name and namespace, and how to read an element and write it back. With what was
/// written comes whether all of it had a place in the type.
struct Type {
    name: &'static str,
    ns: &'static str,
    rewrite: fn(ElementRef<'_>) -> Result<(AnyElement, bool), DecodeError>,
}

fn of<T: Payload + std::fmt::Debug>() -> Type {
    Type {
        name: T::NAME,
        ns: T::NS,
        rewrite: |el| {
            let value = T::read(el)?;
            let all = !format!("{value:?}").contains("Extra(Some");
            Ok((value.to_any(), all))
        },
    }
}

macro_rules! types {
    ($($ty:ty),* $(,)?) => { vec![$(of::<$ty>()),*] };
}

fn types() -> Vec<Type> {
    types![
        streams::Features,
        streams::Error,
        tls::Starttls,
        tls::Proceed,
        tls::Failure,
        sasl::Mechanisms,
        sasl::Auth,
        sasl::Challenge,
        sasl::Response,
        sasl::Success,
        sasl::Failure,
        sasl::Abort,
        bind::Bind,
        session::Session,
        stanza_errors::Gone,
        stanza_errors::Text,
        stream_errors::SeeOtherHost,
        stream_errors::Text,
        client::Subject,
        client::Body,
        client::Thread,
        client::Show,
        client::Status,
        client::Priority,
        roster::Query,
        versioning::Ver,
        pre_approval::Sub,
        info::Query,
        items::Query,
        register::Query,
        feature::Register,
        xep_0092::Query,
        xep_0115::Caps,
        xep_0199::Ping,
        xep_0203::Delay,
    ]
}

/// What two documents must share: names, attributes in any order, text and children in their order.
fn canonical(el: ElementRef<'_>) -> String {
    let mut attributes: Vec<String> = el
        .attrs()
        .map(|attr| format!("{{{}}}{}={:?}", attr.ns(), attr.name(), attr.value()))
        .collect();
    attributes.sort();
    let mut text = format!("<{{{}}}{} {}>", el.ns(), el.name(), attributes.join(" "));
    for node in el.nodes() {
        match node {
            Node::Element(child) => text.push_str(&canonical(child)),
            Node::Text(part) => text.push_str(&format!("{:?}", part.to_string())),
        }
    }
    text.push_str("</>");
    text
}

/// Checks the topmost elements that have a type; how many there were.
fn check(file: &str, el: ElementRef<'_>, types: &[Type]) -> usize {
    match types.iter().find(|ty| el.is(ty.name, ty.ns)) {
        Some(ty) => {
            let (written, all) = (ty.rewrite)(el).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert_eq!(canonical(written.root()), canonical(el), "{file}");
            assert!(all, "{file} holds what has no place in its type");
            // Once more, from what was written: it stands on its own.
            let document = written.to_document();
            let again = Frame::parse(document.clone()).unwrap();
            assert_eq!(canonical(again.root()), canonical(el), "{file}: {document}");
            1
        }
        None => el.children().map(|child| check(file, child, types)).sum(),
    }
}

#[test]
fn examples_are_read_and_written_back() {
    let types = types();
    let (mut files, mut checked) = (0, 0);
    for (file, text) in sestina_specs::FILES {
        if !file.contains("/examples/") {
            continue;
        }
        let frame = Frame::parse(text.trim()).unwrap_or_else(|error| panic!("{file}: {error}"));
        files += 1;
        checked += check(file, frame.root(), &types);
    }
    assert!(files > 50, "{files} examples");
    assert!(checked > 50, "{checked} payloads in {files} examples");
}

#[test]
fn what_has_no_place_is_kept_and_noticed() {
    let frame =
        Frame::parse("<ping xmlns='urn:xmpp:ping' a='1'><b xmlns='urn:c'/></ping>").unwrap();
    let ping = of::<xep_0199::Ping>();
    let (written, all) = (ping.rewrite)(frame.root()).unwrap();
    assert!(!all);
    assert_eq!(canonical(written.root()), canonical(frame.root()));
}
