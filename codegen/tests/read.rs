//! What schemas become: content models, wildcards, choices, groups, extensions, recursion, names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sestina_codegen::model::{
    Field, FieldKind, FieldType, Multiplicity, Shape, Spec, Type, ValueType,
};
use sestina_codegen::{Loaded, Specs, explain};

const OPEN: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:demo" xmlns:o="urn:other" targetNamespace="urn:demo">"#;

fn read(files: &[(&str, &str)]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let loaded = Specs::read(folder.path());
    assert!(!loaded.has_errors(), "{}", loaded.report());
    loaded
}

fn demo(body: &str) -> Spec {
    let schema = format!("{OPEN}{body}</xs:schema>");
    read(&[("demo/demo.xsd", &schema)])
        .model
        .spec("demo")
        .unwrap()
        .clone()
}

fn type_<'a>(spec: &'a Spec, name: &str) -> &'a Type {
    spec.types()
        .find(|type_| type_.name == name)
        .unwrap_or_else(|| panic!("no {name} in\n{}", explain(spec)))
}

fn field<'a>(type_: &'a Type, name: &str) -> &'a Field {
    type_
        .fields()
        .iter()
        .find(|field| field.name == name)
        .unwrap_or_else(|| panic!("no {name} in {type_:#?}"))
}

fn names(spec: &Spec) -> Vec<&str> {
    spec.types().map(|type_| type_.name.as_str()).collect()
}

#[test]
fn simple_children_are_unwrapped_and_empty_ones_are_flags() {
    let schema = format!(
        "{OPEN}{}</xs:schema>",
        r#"<xs:element name="a"><xs:complexType><xs:sequence>
        <xs:element ref="note"/><xs:element ref="mark" minOccurs="0"/>
        <xs:element name="when" type="xs:dateTime" minOccurs="0" maxOccurs="unbounded"/>
        </xs:sequence></xs:complexType></xs:element>
        <xs:element name="note" type="xs:string"/><xs:element name="mark"><xs:complexType/></xs:element>
        <xs:element name="alone" type="xs:base64Binary"/>"#
    );
    let toml = "[spec]\nid = \"demo\"\nnumber = \"D\"\ntitle = \"D\"\n";
    let loaded = read(&[("demo/demo.xsd", &schema), ("demo/spec.toml", toml)]);
    let spec = loaded.model.spec("demo").unwrap();
    assert_eq!(
        names(spec),
        ["A", "Alone"],
        "what a parent takes in has no type of its own"
    );
    let a = type_(spec, "A");
    assert!(matches!(field(a, "note").kind, FieldKind::ChildText(_)));
    assert_eq!(field(a, "note").multiplicity, Multiplicity::Required);
    assert_eq!(field(a, "mark").type_, FieldType::Flag);
    assert_eq!(
        field(a, "whens").type_,
        FieldType::Value(ValueType::DateTime)
    );
    assert_eq!(field(a, "whens").multiplicity, Multiplicity::Many);
    assert_eq!(
        field(type_(spec, "Alone"), "text").type_,
        FieldType::Value(ValueType::Base64)
    );
    // Where nobody vouches for the schema, each may travel by itself.
    let loose = read(&[("demo/demo.xsd", &schema)]);
    let loose = loose.model.spec("demo").unwrap();
    assert_eq!(names(loose), ["A", "Note", "Mark", "Alone"]);
}

#[test]
fn what_spec_toml_names_has_a_type_even_if_a_parent_takes_it_in() {
    let schema = format!(
        "{OPEN}<xs:element name=\"a\"><xs:complexType><xs:sequence><xs:element ref=\"b\"/></xs:sequence></xs:complexType></xs:element><xs:element name=\"b\" type=\"xs:string\"/></xs:schema>"
    );
    let toml = "[spec]\nid = \"demo\"\nnumber = \"D\"\ntitle = \"D\"\n[[child]]\nelement = \"b\"\n";
    let loaded = read(&[("demo/demo.xsd", &schema), ("demo/spec.toml", toml)]);
    assert_eq!(names(loaded.model.spec("demo").unwrap()), ["A", "B"]);
}

#[test]
fn one_of_several_elements_is_an_enumeration() {
    let spec = demo(
        r#"<xs:element name="failure"><xs:complexType><xs:sequence>
        <xs:choice minOccurs="0"><xs:element name="aborted"><xs:complexType/></xs:element>
        <xs:element name="not-authorized"><xs:complexType/></xs:element><xs:element name="gone" type="xs:string"/></xs:choice>
        </xs:sequence></xs:complexType></xs:element>"#,
    );
    let field = field(type_(&spec, "Failure"), "condition");
    assert_eq!(field.kind, FieldKind::Choice);
    assert_eq!(field.multiplicity, Multiplicity::Optional);
    let Shape::Choice(variants) = &type_(&spec, "FailureCondition").shape else {
        panic!("a choice")
    };
    let arms: Vec<_> = variants
        .iter()
        .map(|v| (v.name.as_str(), v.type_.is_some()))
        .collect();
    assert_eq!(
        arms,
        [("Aborted", false), ("NotAuthorized", false), ("Gone", true)]
    );
    assert_eq!(type_(&spec, "Gone").element.as_ref().unwrap().name, "gone");
}

#[test]
fn a_repeated_choice_and_a_choice_of_texts_are_fields() {
    let spec = demo(
        r#"<xs:element name="a"><xs:complexType><xs:choice minOccurs="0" maxOccurs="unbounded">
        <xs:element name="b"><xs:complexType><xs:attribute name="x"/></xs:complexType></xs:element>
        <xs:element name="c" type="xs:int"/></xs:choice></xs:complexType></xs:element>
        <xs:element name="d"><xs:complexType><xs:choice><xs:element name="e" type="xs:int"/>
        <xs:sequence><xs:element name="f" type="xs:int"/></xs:sequence></xs:choice></xs:complexType></xs:element>"#,
    );
    let a = type_(&spec, "A");
    assert_eq!(field(a, "bs").multiplicity, Multiplicity::Many);
    assert_eq!(field(a, "cs").multiplicity, Multiplicity::Many);
    let d = type_(&spec, "D");
    assert_eq!(field(d, "e").multiplicity, Multiplicity::Optional);
    assert_eq!(field(d, "f").multiplicity, Multiplicity::Optional);
}

#[test]
fn wildcards_mixed_content_and_no_type_at_all() {
    let spec = demo(
        r###"<xs:element name="a"><xs:complexType mixed="true"><xs:sequence><xs:any namespace="##other"/><xs:any/></xs:sequence></xs:complexType></xs:element>
        <xs:element name="b"/>"###,
    );
    for name in ["A", "B"] {
        let type_ = type_(&spec, name);
        assert_eq!(field(type_, "any").kind, FieldKind::Any);
        assert_eq!(field(type_, "any").multiplicity, Multiplicity::Many);
        assert_eq!(field(type_, "text").kind, FieldKind::Text);
        assert_eq!(type_.fields().len(), 3);
    }
}

#[test]
fn groups_extensions_and_attribute_groups_are_resolved() {
    let spec = demo(
        r#"<xs:complexType name="base"><xs:sequence><xs:element name="one" type="xs:int"/></xs:sequence><xs:attribute name="id" default="7"/></xs:complexType>
        <xs:group name="g"><xs:sequence><xs:element name="two" type="xs:boolean"/></xs:sequence></xs:group>
        <xs:attributeGroup name="ag"><xs:attribute name="lang" type="xs:language"/></xs:attributeGroup>
        <xs:element name="a"><xs:complexType><xs:complexContent><xs:extension base="base">
        <xs:sequence><xs:group ref="g"/></xs:sequence><xs:attributeGroup ref="ag"/></xs:extension></xs:complexContent></xs:complexType></xs:element>"#,
    );
    assert_eq!(
        names(&spec),
        ["A"],
        "a type that no element of another name has is not made"
    );
    let a = type_(&spec, "A");
    let mut all: Vec<&str> = a.fields().iter().map(|field| field.name.as_str()).collect();
    all.sort_unstable();
    assert_eq!(all, ["extra", "id", "lang", "one", "two"]);
    assert_eq!(field(a, "id").default.as_deref(), Some("7"));
    assert_eq!(
        field(a, "id").multiplicity,
        Multiplicity::Optional,
        "a default is not written out"
    );
}

#[test]
fn a_named_type_of_several_elements_is_one_content_type() {
    let spec = demo(
        r#"<xs:complexType name="side"><xs:attribute name="x" use="required" type="xs:unsignedByte"/></xs:complexType>
        <xs:element name="a"><xs:complexType><xs:sequence><xs:element name="left" type="side"/><xs:element name="right" type="side" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>"#,
    );
    assert_eq!(names(&spec), ["A", "Side"]);
    assert!(type_(&spec, "Side").element.is_none());
    let a = type_(&spec, "A");
    assert_eq!(field(a, "left").type_, field(a, "right").type_);
    assert_eq!(
        field(type_(&spec, "Side"), "x").type_,
        FieldType::Value(ValueType::U8)
    );
}

#[test]
fn circles_are_boxed() {
    let spec = demo(
        r#"<xs:element name="a"><xs:complexType><xs:sequence><xs:element ref="b" minOccurs="0"/><xs:element ref="a" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
        <xs:element name="b"><xs:complexType><xs:sequence><xs:element ref="a" minOccurs="0"/><xs:element ref="c" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
        <xs:element name="c"><xs:complexType><xs:attribute name="x"/></xs:complexType></xs:element>"#,
    );
    assert!(field(type_(&spec, "A"), "b").boxed);
    assert!(!field(type_(&spec, "A"), "as").boxed, "a list needs no box");
    assert!(field(type_(&spec, "B"), "a").boxed);
    assert!(!field(type_(&spec, "B"), "c").boxed);
}

#[test]
fn names_are_legal_and_unique() {
    let spec = demo(
        r#"<xs:element name="option"><xs:complexType><xs:sequence>
        <xs:element name="type" type="xs:string"/><xs:element name="extra" type="xs:string"/><xs:element name="text" type="xs:string"/>
        <xs:element name="item"><xs:complexType><xs:attribute name="a"/></xs:complexType></xs:element></xs:sequence>
        <xs:attribute name="type" type="xs:string"/></xs:complexType></xs:element>
        <xs:element name="item"><xs:complexType mixed="true"><xs:sequence><xs:element name="text" type="xs:string"/></xs:sequence></xs:complexType></xs:element>"#,
    );
    assert_eq!(names(&spec), ["OptionElement", "OptionElementItem", "Item"]);
    let option = type_(&spec, "OptionElement");
    let all: Vec<&str> = option
        .fields()
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(
        all,
        [
            "type_",
            "type_element",
            "extra_element",
            "text",
            "item",
            "extra"
        ]
    );
    let all: Vec<&str> = type_(&spec, "Item")
        .fields()
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(all, ["text", "value", "extra"]);
}

#[test]
fn a_union_of_values_and_text_is_open() {
    let spec = demo(
        r#"<xs:simpleType name="known"><xs:restriction base="xs:NMTOKEN"><xs:enumeration value="a"/><xs:enumeration value=""/></xs:restriction></xs:simpleType>
        <xs:simpleType name="kind"><xs:union memberTypes="known xs:string"/></xs:simpleType>
        <xs:element name="x"><xs:complexType><xs:attribute name="k" type="kind"/><xs:attribute name="l" type="kind"/><xs:attribute name="m" type="known"/></xs:complexType></xs:element>"#,
    );
    assert_eq!(
        names(&spec),
        ["X", "Kind", "Known"],
        "a named enumeration is made once"
    );
    let Shape::Values { values, open } = &type_(&spec, "Kind").shape else {
        panic!("values")
    };
    assert!(open);
    assert_eq!(
        values
            .iter()
            .map(|value| value.name.as_str())
            .collect::<Vec<_>>(),
        ["A", "Empty"]
    );
    let Shape::Values { open, .. } = &type_(&spec, "Known").shape else {
        panic!("values")
    };
    assert!(!open);
}

#[test]
fn documentation_and_places_come_along() {
    let spec = demo(
        "\n<xs:annotation><xs:documentation>All\n  of it.</xs:documentation></xs:annotation>\n<xs:element name=\"a\"><xs:annotation><xs:documentation>An a.</xs:documentation></xs:annotation><xs:complexType>\n<xs:attribute name=\"x\"><xs:annotation><xs:documentation>An x.</xs:documentation></xs:annotation></xs:attribute></xs:complexType></xs:element>",
    );
    assert_eq!(spec.schemas.first().unwrap().doc, "All of it.");
    let a = type_(&spec, "A");
    assert_eq!(a.doc, "An a.");
    assert_eq!((a.place.line, a.place.column, a.place.length), (4, 19, 1));
    let x = field(a, "x");
    assert_eq!(x.doc, "An x.");
    assert_eq!((x.place.line, x.place.column), (5, 21));
}

#[test]
fn another_spec_is_referred_to_by_namespace_whatever_the_location() {
    let other = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:other" xmlns:d="urn:demo" targetNamespace="urn:other">
        <xs:import namespace="urn:demo"/><xs:element name="x"><xs:complexType><xs:sequence><xs:element ref="d:a" minOccurs="0"/></xs:sequence></xs:complexType></xs:element></xs:schema>"#;
    let schema = format!(
        r#"{OPEN}<xs:import namespace="urn:other" schemaLocation="http://example.org/nowhere.xsd"/>
        <xs:element name="a"><xs:complexType><xs:sequence><xs:element ref="o:x" minOccurs="0"/></xs:sequence></xs:complexType></xs:element></xs:schema>"#
    );
    let loaded = read(&[("demo/demo.xsd", &schema), ("other/other.xsd", other)]);
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.report());
    let field = field(type_(loaded.model.spec("demo").unwrap(), "A"), "x").clone();
    let FieldType::Type(target) = &field.type_ else {
        panic!("a type")
    };
    assert_eq!(
        (
            target.spec.as_str(),
            target.spec_module.as_str(),
            target.name.as_str()
        ),
        ("other", "other", "X")
    );
    assert!(loaded.model.type_(target).is_some());
    assert!(field.boxed, "circles are seen across schemas");
}

#[test]
fn several_schemas_have_a_module_each_and_may_share_a_namespace() {
    let one = format!("{OPEN}<xs:element name=\"a\" type=\"shared\"/></xs:schema>");
    let two = format!(
        "{OPEN}<xs:complexType name=\"shared\"><xs:attribute name=\"x\"/></xs:complexType></xs:schema>"
    );
    let loaded = read(&[("xep-0001/part-one.xsd", &one), ("xep-0001/two.xsd", &two)]);
    let spec = loaded.model.spec("xep-0001").unwrap();
    let modules: Vec<_> = spec
        .schemas
        .iter()
        .map(|schema| schema.module.as_deref())
        .collect();
    assert_eq!(modules, [Some("part_one"), Some("two")]);
    assert_eq!(
        field(type_(spec, "A"), "x").multiplicity,
        Multiplicity::Optional
    );
    assert_eq!(spec.number, "XEP-0001");
}

#[test]
fn specs_of_another_crate_are_referred_to_and_not_made_again() {
    let ours = tempfile::tempdir().unwrap();
    let theirs = tempfile::tempdir().unwrap();
    std::fs::create_dir(ours.path().join("base")).unwrap();
    std::fs::create_dir(theirs.path().join("mine")).unwrap();
    let base = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:base"><xs:element name="x"><xs:complexType><xs:attribute name="a"/></xs:complexType></xs:element></xs:schema>"#;
    std::fs::write(ours.path().join("base/base.xsd"), base).unwrap();
    let mine = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:b="urn:base" targetNamespace="urn:mine"><xs:element name="y"><xs:complexType><xs:sequence><xs:element ref="b:x"/></xs:sequence></xs:complexType></xs:element></xs:schema>"#;
    std::fs::write(theirs.path().join("mine/mine.xsd"), mine).unwrap();
    let mut specs = Specs::default();
    specs.add(ours.path(), Some("::sestina::types"));
    specs.add(theirs.path(), None);
    let loaded = specs.finish();
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.report());
    let own: Vec<&str> = loaded
        .model
        .own_specs()
        .map(|spec| spec.id.as_str())
        .collect();
    assert_eq!(own, ["mine"]);
    assert_eq!(
        loaded.model.spec("base").unwrap().crate_path.as_deref(),
        Some("::sestina::types")
    );
}
