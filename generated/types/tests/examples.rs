//! Every example of every specification: well-formed, allowed by the schemas, read by the generated types and written back
//! the same. The list of types and of files is the generator's; a new specification is tested by being there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use sestina_types::testing::TYPES;
use sestina_wire::strict::{Rule, Rules};
use sestina_wire::testing::{Type, canonical};
use sestina_wire::{ElementRef, Frame};

fn type_of(el: ElementRef<'_>) -> Option<&'static Type> {
    TYPES.iter().find(|ty| ty.matches(el))
}

/// Reads and writes back the topmost elements that have a type; what is wrong, and how many there were.
fn check(el: ElementRef<'_>, wrong: &mut Vec<String>) -> usize {
    let Some(ty) = type_of(el) else {
        return el.children().map(|child| check(child, wrong)).sum();
    };
    match ty.rewrite(el) {
        Err(error) => wrong.push(error.to_string()),
        Ok(written) => {
            let same = |other: ElementRef<'_>| canonical(other) == canonical(el);
            if !same(written.element.root()) {
                let other = canonical(written.element.root());
                wrong.push(format!("{} is written back as {other}", canonical(el)));
            }
            if !written.complete {
                wrong.push(format!("holds what has no place in {}", ty.path));
            }
            // Once more, from what was written: it stands on its own.
            let document = written.element.to_document();
            if !Frame::parse(document.clone()).is_ok_and(|again| same(again.root())) {
                wrong.push(format!("is written as {document}"));
            }
        }
    }
    1
}

fn examples() -> impl Iterator<Item = (&'static str, &'static str)> {
    let example = |(file, _): &(&str, &str)| file.contains("/examples/") && file.ends_with(".xml");
    sestina_specs::FILES.iter().copied().filter(example)
}

#[test]
fn examples_are_read_in_both_modes_and_written_back() {
    let rules = Rules::of(sestina_types::RULES.iter().copied()).unwrap();
    let mut wrong = BTreeMap::new();
    let (mut files, mut checked) = (0, 0);
    for (file, text) in examples() {
        let mut here = Vec::new();
        files += 1;
        match Frame::parse(text.trim()) {
            Err(error) => here.push(error.to_string()),
            Ok(frame) => {
                checked += check(frame.root(), &mut here);
                // What real traffic does against the schema is told by the file's name.
                let lenient = file.contains("/examples/lenient-");
                match rules.check_payloads(frame.root()) {
                    Err(violation) if !lenient => here.push(format!("strictly: {violation}")),
                    Ok(_) if lenient => here.push("is allowed by the schema".to_owned()),
                    _ => {}
                }
            }
        }
        if !here.is_empty() {
            wrong.insert(file, here);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(files > 50, "{files} examples");
    assert!(checked > 50, "{checked} payloads in {files} examples");
}

#[test]
fn every_specification_with_payloads_has_examples() {
    let folder = |file: &str| file.split('/').next().unwrap_or_default().to_owned();
    let with: BTreeSet<String> = examples().map(|(file, _)| folder(file)).collect();
    let without: BTreeSet<String> = sestina_specs::FILES
        .iter()
        .filter(|(file, _)| file.ends_with(".xsd"))
        .map(|(file, _)| folder(file))
        .filter(|folder| !with.contains(folder))
        .collect();
    assert!(without.is_empty(), "no examples: {without:?}");
}

#[test]
fn strict_mode_names_element_attribute_and_rule() {
    let rules = Rules::of(sestina_types::RULES.iter().copied()).unwrap();
    let violation = |text: &str| {
        let frame = Frame::parse(text).unwrap();
        rules
            .check(frame.root())
            .map_err(|violation| (violation.to_string(), violation))
    };
    for (text, said) in [
        (
            "<query xmlns='jabber:iq:roster'><item name='x'/></query>",
            "<item/> in jabber:iq:roster lacks its attribute jid",
        ),
        (
            "<query xmlns='jabber:iq:roster'><item jid='a@b' subscription='maybe'/></query>",
            "attribute subscription of <item/> in jabber:iq:roster: `maybe` is none of",
        ),
        (
            "<query xmlns='jabber:iq:roster' colour='red'/>",
            "<query/> in jabber:iq:roster has no attribute colour",
        ),
        (
            "<query xmlns='jabber:iq:roster'><thing/></query>",
            "<query/> in jabber:iq:roster has no child <thing/>",
        ),
        ("<ping xmlns='urn:xmpp:ping'>text</ping>", "urn:xmpp:ping"),
        (
            "<priority xmlns='jabber:client'>200</priority>",
            "text of <priority/> in jabber:client: `200` is not a whole number from -128 to 127",
        ),
        (
            "<delay xmlns='urn:xmpp:delay' stamp='yesterday'/>",
            "attribute stamp of <delay/> in urn:xmpp:delay: `yesterday` is not a date and time",
        ),
    ] {
        let (shown, _) = violation(text).unwrap_err();
        assert!(shown.contains(said), "{text}: {shown}");
    }
    let (_, violation) = violation("<nothing xmlns='urn:nobody'/>").unwrap_err();
    assert_eq!(violation.rule(), &Rule::UndeclaredElement);
}

#[test]
fn what_has_no_place_is_kept_and_noticed() {
    let frame =
        Frame::parse("<ping xmlns='urn:xmpp:ping' a='1'><b xmlns='urn:c'/></ping>").unwrap();
    let written = type_of(frame.root())
        .unwrap()
        .rewrite(frame.root())
        .unwrap();
    assert!(!written.complete);
    assert_eq!(canonical(written.element.root()), canonical(frame.root()));
}
