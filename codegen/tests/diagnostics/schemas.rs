//! Mistakes in schemas that cannot be mended.

use crate::fixture::{SCHEMA, says, schema_says};

const XS: &str = "http://www.w3.org/2001/XMLSchema";

#[test]
fn tags_that_do_not_match() {
    schema_says(
        "  <xs:element name=\"a\">\n    <xs:complexType>\n  </xs:element>",
        &[(
            "warning",
            "demo/demo.xsd:4:3",
            "`</xs:element>` does not close `<xs:complexType>`",
            "read as if `<xs:complexType>` ended before it: write `</xs:complexType>` there",
        )],
    );
    schema_says(
        "  <xs:element name=\"a\"><xs:complexType><xs:sequence>\n    <xs:element name=\"b\"/>\n    </xs:choice></xs:complexType></xs:element>",
        &[(
            "warning",
            "demo/demo.xsd:4:5",
            "`</xs:choice>` does not close `<xs:sequence>`",
            "read as `</xs:sequence>`: write that",
        )],
    );
    schema_says(
        "  <xs:element name=\"a\"><xs:complexType>\n    <xs:attribute name=\"b\"/></xs:attribute>\n  </xs:complexType></xs:element>",
        &[(
            "warning",
            "demo/demo.xsd:3:29",
            "`</xs:attribute>` does not close `<xs:complexType>`",
            "it is skipped: remove it, or the `/` that ends a tag too early",
        )],
    );
}

#[test]
fn a_name_declared_twice_by_a_schema_that_nobody_vouches_for() {
    schema_says(
        "  <xs:element name=\"a\" type=\"xs:string\"/>\n  <xs:element name=\"a\"><xs:complexType/></xs:element>",
        &[(
            "warning",
            "demo/demo.xsd:3:21",
            "the element `a` of `urn:demo` is declared twice",
            "the second element is skipped: remove one of them",
        )],
    );
}

#[test]
fn a_tag_that_is_never_closed() {
    says(
        &[(
            "demo/demo.xsd",
            &format!(
                "<xs:schema xmlns:xs=\"{XS}\" targetNamespace=\"urn:demo\">\n  <xs:element name=\"é\">\n"
            ),
        )],
        &[(
            "error",
            "demo/demo.xsd:2:3",
            "`<xs:element>` is never closed",
            "write `</xs:element>` where it ends",
        )],
    );
}

#[test]
fn an_attribute_twice() {
    schema_says(
        "  <xs:element name=\"a\" name=\"b\"/>",
        &[(
            "error",
            "demo/demo.xsd:2:24",
            "the attribute is there twice",
            "remove one of them",
        )],
    );
}

#[test]
fn a_prefix_without_a_namespace() {
    schema_says(
        "  <xsx:element name=\"a\"/>",
        &[(
            "error",
            "demo/demo.xsd:2:3",
            "the prefix `xsx` is not declared",
            "add `xmlns:xsx=\"…\"` to the root element",
        )],
    );
}

#[test]
fn an_entity_that_nobody_knows() {
    schema_says(
        "  <xs:element name=\"a&b;\"/>",
        &[(
            "error",
            "demo/demo.xsd:2:22",
            "`&b;` stands for nothing",
            "the entities are `&lt;`, `&gt;`, `&amp;`, `&quot;` and `&apos;`; a lone `&` is written `&amp;`",
        )],
    );
}

#[test]
fn a_file_that_is_no_schema() {
    says(
        &[("demo/demo.xsd", "<html/>"), ("empty/empty.xsd", "\n")],
        &[
            (
                "error",
                "demo/demo.xsd:1:1",
                "`html` is no schema",
                "the root element is `xs:schema` with `xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"`",
            ),
            (
                "error",
                "empty/empty.xsd:1:1",
                "the file holds no element",
                "a schema is one `xs:schema` element",
            ),
        ],
    );
}

#[test]
fn a_schema_of_no_namespace() {
    says(
        &[(
            "demo/demo.xsd",
            &format!("<!-- a comment -->\n<xs:schema xmlns:xs=\"{XS}\"/>"),
        )],
        &[(
            "error",
            "demo/demo.xsd:2:1",
            "the schema names no `targetNamespace`",
            "add `targetNamespace=\"…\"`: the namespace of the elements it declares",
        )],
    );
}

#[test]
fn one_bad_schema_stops_no_other_and_hides_no_other_mistake() {
    says(
        &[
            ("bad/bad.xsd", "<xs:schema"),
            (
                "bad/spec.toml",
                "[spec]\nid = \"bad\"\nnumber = \"B\"\ntitle = \"B\"\n[[nonza]]\nelement = \"x\"\n",
            ),
            ("demo/demo.xsd", SCHEMA),
            (
                "demo/spec.toml",
                "[spec]\nid = \"demo\"\nnumber = \"D\"\ntitle = \"D\"\n[[nonza]]\nelement = \"x\"\n",
            ),
        ],
        &[
            (
                "error",
                "bad/bad.xsd:1:1",
                "not well-formed XML: syntax error: tag not closed: `>` not found before end of input",
                "the schema must be well-formed before anything can be read from it",
            ),
            (
                "error",
                "demo/spec.toml:6:11",
                "no schema declares the element `x`",
                "the schema declares `feature`, `item` and `query`",
            ),
        ],
    );
}

#[test]
fn an_element_declared_by_two_specs() {
    says(
        &[
            (
                "a/a.xsd",
                &SCHEMA.replace("query", "other").replace("feature", "thing"),
            ),
            ("demo/demo.xsd", SCHEMA),
        ],
        &[(
            "error",
            "demo/demo.xsd:11:21",
            "the element `item` of `urn:demo` is declared twice",
            "remove one of the schemas, or the element from one of them",
        )],
    );
}

#[test]
fn attributes_without_values_and_quotes() {
    schema_says(
        "  <xs:element name/>",
        &[(
            "error",
            "demo/demo.xsd:2:19",
            "an attribute without a value",
            "write `name=\"value\"`",
        )],
    );
    schema_says(
        "  <xs:element name=a/>",
        &[(
            "error",
            "demo/demo.xsd:2:20",
            "a value that is not quoted",
            "write `name=\"value\"`",
        )],
    );
}

#[test]
fn a_value_that_is_never_closed() {
    schema_says(
        "  <xs:element name=\"a>\n    <xs:complexType/></xs:element>",
        &[(
            "error",
            "demo/demo.xsd:2:20",
            "the value that begins here is never closed",
            "write the quote that ends it",
        )],
    );
}
