//! Slips in schemas that are mended, each with a warning.

use sestina_codegen::model::{FieldKind, FieldType, ValueType};

use crate::fixture::{read, says, schema_says};

const XS: &str = "http://www.w3.org/2001/XMLSchema";

#[test]
fn misspelt_types() {
    schema_says(
        "<xs:element name=\"a\" type=\"xs:datetime\"/>\n<xs:element name=\"b\" type=\"xs:bolean\"/>\n<xs:element name=\"c\" type=\"xs:whatever\"/>",
        &[
            (
                "warning",
                "demo/demo.xsd:2:28",
                "XML Schema has no type `datetime`",
                "read as `xs:dateTime`: write that",
            ),
            (
                "warning",
                "demo/demo.xsd:3:28",
                "XML Schema has no type `bolean`",
                "read as `xs:boolean`: write that",
            ),
            (
                "warning",
                "demo/demo.xsd:4:28",
                "XML Schema has no type `whatever`",
                "read as `xs:string`: write a type that there is",
            ),
        ],
    );
}

#[test]
fn misspelt_elements_attributes_and_values() {
    schema_says(
        "<xs:element name=\"a\">\n<xs:annotations/>\n<xs:complexType>\n<xs:banana/>\n<xs:attribute nme=\"x\" use=\"require\" colour=\"red\"/>\n<xs:attribute name=\"y\" use=\"maybe\"/>\n</xs:complexType>\n</xs:element>",
        &[
            (
                "warning",
                "demo/demo.xsd:3:1",
                "XML Schema has no element `annotations`",
                "read as `xs:annotation`: write that",
            ),
            (
                "warning",
                "demo/demo.xsd:5:1",
                "XML Schema has no element `banana`",
                "it is skipped: remove it",
            ),
            (
                "warning",
                "demo/demo.xsd:6:15",
                "XML Schema has no attribute `nme`",
                "read as `name`: write that",
            ),
            (
                "warning",
                "demo/demo.xsd:6:28",
                "`require` is no value of `use`",
                "read as `required`: write that",
            ),
            (
                "warning",
                "demo/demo.xsd:6:37",
                "XML Schema has no attribute `colour`",
                "it is skipped: remove it",
            ),
            (
                "warning",
                "demo/demo.xsd:7:29",
                "`maybe` is no value of `use`",
                "the attribute is skipped: remove it",
            ),
        ],
    );
}

#[test]
fn occurrences() {
    schema_says(
        "<xs:element name=\"a\"><xs:complexType><xs:sequence>\n<xs:element name=\"b\" type=\"xs:string\" minOccurs=\"none\" maxOccurs=\"*\"/>\n</xs:sequence></xs:complexType></xs:element>",
        &[
            (
                "warning",
                "demo/demo.xsd:3:50",
                "`none` is no value of `minOccurs`",
                "read as `0`: write a number",
            ),
            (
                "warning",
                "demo/demo.xsd:3:67",
                "`*` is no value of `maxOccurs`",
                "read as `unbounded`: write a number or that",
            ),
        ],
    );
}

#[test]
fn attributes_before_the_content_model() {
    let schema = format!(
        "<xs:schema xmlns:xs=\"{XS}\" xmlns=\"urn:demo\" targetNamespace=\"urn:demo\">\n<xs:element name=\"a\">\n<xs:complexType>\n<xs:attribute name=\"x\" type=\"xs:string\"/>\n<xs:sequence>\n<xs:element name=\"b\" type=\"xs:string\"/>\n</xs:sequence>\n</xs:complexType>\n</xs:element>\n</xs:schema>"
    );
    says(
        &[("demo/demo.xsd", &schema)],
        &[(
            "warning",
            "demo/demo.xsd:5:1",
            "`xs:sequence` stands after `xs:attribute`",
            "read as if before it: the content model comes first",
        )],
    );
    let loaded = read(&[("demo/demo.xsd", &schema)]);
    let type_ = loaded.model.spec("demo").unwrap().types().next().unwrap();
    let names: Vec<&str> = type_
        .fields()
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(names, ["x", "b", "extra"]);
}

#[test]
fn structure_in_the_wrong_place() {
    schema_says(
        "<xs:element name=\"a\">\n<xs:attribute name=\"x\"/>\n</xs:element>\n<xs:element name=\"b\" type=\"xs:string\">\n<xs:complexType/>\n</xs:element>\n<xs:element name=\"c\"><xs:complexType>\n<xs:any/>\n</xs:complexType></xs:element>\n<xs:element name=\"d\"><xs:complexType><xs:sequence/>\n<xs:choice/>\n</xs:complexType></xs:element>\n<xs:element/>",
        &[
            (
                "warning",
                "demo/demo.xsd:3:1",
                "`xs:attribute` stands directly in `xs:element`",
                "read as if inside `xs:complexType`: write that around it",
            ),
            (
                "warning",
                "demo/demo.xsd:5:22",
                "both `type` and a type inside",
                "`type` is ignored: keep one of them",
            ),
            (
                "warning",
                "demo/demo.xsd:9:1",
                "`xs:any` stands directly in `xs:complexType`",
                "read as if inside one `xs:sequence`: write that around it",
            ),
            (
                "warning",
                "demo/demo.xsd:12:1",
                "a second content model in `xs:complexType`",
                "read as if inside one `xs:sequence`: write that around it",
            ),
            (
                "warning",
                "demo/demo.xsd:14:1",
                "`xs:element` at the top of a schema without a name",
                "it is skipped: add `name=\"…\"`",
            ),
        ],
    );
}

#[test]
fn an_attribute_declared_twice() {
    schema_says(
        "<xs:element name=\"a\"><xs:complexType>\n<xs:attribute name=\"x\" type=\"xs:string\"/>\n<xs:attribute name=\"x\" type=\"xs:int\"/>\n</xs:complexType></xs:element>",
        &[(
            "warning",
            "demo/demo.xsd:4:21",
            "the attribute `x` is declared twice",
            "the second one is skipped: remove it",
        )],
    );
}

#[test]
fn references_to_what_nobody_declares() {
    schema_says(
        "<xs:element name=\"a\"><xs:complexType><xs:sequence>\n<xs:element ref=\"itme\"/>\n<xs:element ref=\"nowhere\"/>\n<xs:element name=\"e\" type=\"empty\"/>\n<xs:element name=\"f\" type=\"string\"/>\n<xs:element name=\"g\" type=\"gone\"/>\n<xs:element name=\"h\" type=\"q:string\"/>\n</xs:sequence>\n<xs:attribute ref=\"xml:lag\"/>\n</xs:complexType></xs:element>\n<xs:element name=\"item\"/>",
        &[
            (
                "warning",
                "demo/demo.xsd:3:18",
                "the element `itme` is declared nowhere",
                "read as `item`: write that",
            ),
            (
                "warning",
                "demo/demo.xsd:4:18",
                "the element `nowhere` is declared nowhere",
                "any element is kept as it is: declare it, or write `xs:any`",
            ),
            (
                "warning",
                "demo/demo.xsd:5:28",
                "the type `empty` is declared nowhere",
                "read as an element without content: write `<xs:complexType/>` inside instead",
            ),
            (
                "warning",
                "demo/demo.xsd:6:28",
                "`string` has no prefix",
                "read as `xs:string`: give it the right prefix",
            ),
            (
                "warning",
                "demo/demo.xsd:7:28",
                "the type `gone` is declared nowhere",
                "read as `xs:string`: declare it",
            ),
            (
                "warning",
                "demo/demo.xsd:8:28",
                "the prefix `q` is not declared",
                "read as `xs:string`: give it the right prefix",
            ),
            (
                "warning",
                "demo/demo.xsd:10:20",
                "the attribute `xml:lag` is declared nowhere",
                "read as `lang`: write that",
            ),
        ],
    );
}

#[test]
fn an_import_of_nothing() {
    says(
        &[(
            "demo/demo.xsd",
            &format!(
                "<xs:schema xmlns:xs=\"{XS}\" xmlns=\"urn:demo\" xmlns:x=\"jabber:x:data\" targetNamespace=\"urn:demo\">\n<xs:import namespace=\"jabber:x:data\" schemaLocation=\"http://www.xmpp.org/schemas/x-data.xsd\"/>\n<xs:element name=\"a\"><xs:complexType><xs:sequence>\n<xs:element ref=\"x:x\"/>\n</xs:sequence></xs:complexType></xs:element>\n</xs:schema>"
            ),
        )],
        &[(
            "warning",
            "demo/demo.xsd:4:18",
            "the element `x:x` is declared nowhere",
            "no specification here declares `jabber:x:data`; any element is kept as it is",
        )],
    );
}

#[test]
fn a_namespace_of_xml_schema_that_is_none() {
    says(
        &[(
            "demo/demo.xsd",
            "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema/\" targetNamespace=\"urn:demo\">\n<xs:element name=\"a\" type=\"xs:boolean\"/>\n</xs:schema>",
        )],
        &[(
            "warning",
            "demo/demo.xsd:1:1",
            "`http://www.w3.org/2001/XMLSchema/` is not the namespace of XML Schema",
            "write `http://www.w3.org/2001/XMLSchema`",
        )],
    );
}

#[test]
fn no_target_but_a_default_namespace() {
    says(
        &[(
            "demo/demo.xsd",
            &format!(
                "<xs:schema xmlns:xs=\"{XS}\" xmlns=\"urn:demo\">\n<xs:element name=\"a\"/>\n</xs:schema>"
            ),
        )],
        &[(
            "warning",
            "demo/demo.xsd:1:1",
            "the schema names no `targetNamespace`",
            "read as its default namespace: write `targetNamespace=\"urn:demo\"`",
        )],
    );
}

#[test]
fn what_is_mended_is_used() {
    let loaded = read(&[(
        "demo/demo.xsd",
        &format!(
            "<xs:schema xmlns:xs=\"{XS}\" xmlns=\"urn:demo\" targetNamespace=\"urn:demo\">\n<xs:element name=\"a\"><xs:complexType><xs:attribute name=\"stamp\" type=\"xs:datetime\" use=\"require\"/></xs:complexType></xs:element>\n</xs:schema>"
        ),
    )]);
    let type_ = loaded.model.spec("demo").unwrap().types().next().unwrap();
    let field = type_.fields().first().unwrap();
    assert_eq!(field.type_, FieldType::Value(ValueType::DateTime));
    assert_eq!(
        field.kind,
        FieldKind::Attribute {
            name: "stamp".into(),
            namespace: None
        }
    );
}

#[test]
fn a_declaration_without_question_marks() {
    says(
        &[(
            "demo/demo.xsd",
            &format!(
                "<xml version=\"1.0\">\n<xs:schema xmlns:xs=\"{XS}\" targetNamespace=\"urn:demo\"/>"
            ),
        )],
        &[(
            "warning",
            "demo/demo.xsd:1:1",
            "`<xml …>` is an element, and was meant as the XML declaration",
            "it is skipped: write `<?xml …?>`",
        )],
    );
}

#[test]
fn attributes_and_types_straight_in_a_content() {
    schema_says(
        "<xs:complexType name=\"a\"><xs:simpleContent>\n<xs:attribute name=\"x\"/>\n</xs:simpleContent></xs:complexType>\n<xs:element name=\"b\"><xs:complexType>\n<xs:simpleType/>\n</xs:complexType></xs:element>\n<xs:element name=\"c\" type=\"a\"/>",
        &[
            (
                "warning",
                "demo/demo.xsd:3:1",
                "`xs:attribute` stands directly in `xs:simpleContent`",
                "read as if inside `xs:extension`: write that around it",
            ),
            (
                "warning",
                "demo/demo.xsd:6:1",
                "`xs:simpleType` stands directly in `xs:complexType`",
                "it is skipped: put it into an element or an attribute",
            ),
        ],
    );
}

#[test]
fn types_of_attributes() {
    schema_says(
        "<xs:element name=\"a\"><xs:complexType>\n<xs:attribute name=\"x\">\n<xs:restriction base=\"xs:string\"/>\n</xs:attribute>\n<xs:attribute name=\"y\" type=\"xs:string\">\n<xs:simpleType>\n<xs:enumeration value=\"a\"/>\n</xs:simpleType>\n</xs:attribute>\n</xs:complexType></xs:element>\n<xs:element name=\"b\"><xs:complexType><xs:simpleContent><xs:extension base=\"xs:string\"/>\n<xs:extension base=\"xs:string\"><xs:attribute name=\"x\"/></xs:extension>\n</xs:simpleContent></xs:complexType></xs:element>",
        &[
            (
                "warning",
                "demo/demo.xsd:4:1",
                "`xs:restriction` stands directly in `xs:attribute`",
                "read as if inside `xs:simpleType`: write that around it",
            ),
            (
                "warning",
                "demo/demo.xsd:6:24",
                "both `type` and a type inside",
                "`type` is ignored: keep one of them",
            ),
            (
                "warning",
                "demo/demo.xsd:8:1",
                "`xs:enumeration` stands directly in `xs:simpleType`",
                "read as if inside `xs:restriction base=\"xs:string\"`: write that around it",
            ),
            (
                "warning",
                "demo/demo.xsd:13:1",
                "a second `xs:extension` in `xs:simpleContent`",
                "read as part of the first one: write all attributes there",
            ),
        ],
    );
}
