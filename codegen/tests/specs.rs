//! The specifications of this repository are read without a word, and become what they should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use sestina_codegen::model::{FieldType, Multiplicity, Shape, ValueType};
use sestina_codegen::{Loaded, Specs, explain};

fn specs() -> Loaded {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
    Specs::read(&folder)
}

#[test]
fn nothing_is_wrong_with_them() {
    let loaded = specs();
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.report());
    assert!(loaded.model.specs.len() >= 10);
    for profile in ["server", "client", "component"] {
        assert!(loaded.model.profile(profile).is_some(), "{profile}");
    }
}

#[test]
fn each_comes_after_what_it_depends_on() {
    let loaded = specs();
    let at = |id: &str| {
        loaded
            .model
            .specs
            .iter()
            .position(|spec| spec.id == id)
            .unwrap()
    };
    for spec in &loaded.model.specs {
        for dependency in &spec.depends {
            assert!(
                at(&dependency.id) < at(&spec.id),
                "{} after {}",
                spec.id,
                dependency.id
            );
        }
    }
}

#[test]
fn a_ping_is_an_empty_struct() {
    let loaded = specs();
    let spec = loaded.model.spec("xep-0199").unwrap();
    let ping = spec.types().next().unwrap();
    assert_eq!(ping.name, "Ping");
    assert_eq!(ping.element.as_ref().unwrap().namespace, "urn:xmpp:ping");
    assert_eq!(ping.fields().len(), 1, "extra alone");
    assert!(spec.schemas.iter().all(|schema| schema.module.is_none()));
}

#[test]
fn a_roster_has_items_with_addresses_and_groups() {
    let loaded = specs();
    let spec = loaded.model.spec("rfc-6121").unwrap();
    let type_ = |name: &str| {
        spec.schemas
            .iter()
            .filter(|s| s.stem == "roster")
            .flat_map(|s| &s.types)
            .find(|t| t.name == name)
            .unwrap()
    };
    let item = type_("Item");
    let field = |name: &str| {
        item.fields()
            .iter()
            .find(|field| field.name == name)
            .unwrap()
    };
    assert_eq!(field("jid").type_, FieldType::Value(ValueType::BareJid));
    assert_eq!(field("jid").multiplicity, Multiplicity::Required);
    assert_eq!(field("groups").type_, FieldType::Value(ValueType::Text));
    assert_eq!(field("groups").multiplicity, Multiplicity::Many);
    let Shape::Values { values, open } = &type_("Subscription").shape else {
        panic!("an enumeration")
    };
    assert!(open);
    assert_eq!(
        values
            .iter()
            .map(|value| value.value.as_str())
            .collect::<Vec<_>>(),
        ["none", "to", "from", "both", "remove"]
    );
}

#[test]
fn every_place_is_one() {
    let loaded = specs();
    for spec in &loaded.model.specs {
        for type_ in spec.types() {
            let places = type_
                .fields()
                .iter()
                .map(|field| &field.place)
                .chain([&type_.place]);
            for place in places {
                let line = loaded.model.sources.line(&place.file, place.line);
                assert!(
                    line.is_some_and(|line| line.chars().count() + 1 >= place.column as usize),
                    "{place}"
                );
            }
        }
    }
}

#[test]
fn what_they_become_is_explained() {
    let loaded = specs();
    let text = explain(loaded.model.spec("rfc-6121").unwrap());
    assert!(
        text.contains("get roster::Query -> roster::Query or nothing"),
        "{text}"
    );
    assert!(
        text.contains("groups: Vec<Text>  text of <group/>"),
        "{text}"
    );
}

#[test]
fn what_is_in_no_profile_starts_nothing() {
    let loaded = specs();
    let profiles = &loaded.model.profiles;
    let alone = loaded.model.specs.iter().filter(|spec| {
        !profiles
            .iter()
            .any(|profile| profile.order.contains(&spec.id))
    });
    let mut alone = alone.peekable();
    assert!(alone.peek().is_some());
    // Handlers, stages and announcements come with a profile's plugins; rows of negotiation stand for themselves.
    for spec in alone {
        assert!(spec.negotiations.is_empty(), "{}", spec.id);
    }
}

#[test]
fn documents_without_a_schema_have_types_and_tables_too() {
    let loaded = specs();
    for (id, types) in [
        (
            "xep-0313",
            &["Query", "ResultElement", "Fin", "Metadata"][..],
        ),
        ("xep-0359", &["StanzaId", "OriginId"]),
        ("xep-0441", &["Preferences"]),
        ("xep-0461", &["Reply"]),
    ] {
        let spec = loaded.model.spec(id).unwrap();
        for name in types {
            assert!(
                spec.types().any(|type_| type_.name == *name),
                "{id}: {name}"
            );
        }
    }
    let archive = loaded.model.spec("xep-0313").unwrap();
    let queries: Vec<&str> = archive.tables[0]
        .queries
        .iter()
        .map(|query| query.name.as_str())
        .collect();
    assert_eq!(queries, ["of_owner", "with"]);
}
