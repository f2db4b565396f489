//! Refinements that refine nothing.

use crate::fixture::{HEAD, demo_says, says};

#[test]
fn paths_that_lead_nowhere() {
    demo_says(
        "[refine.\"qury\"]\ndoc = \"x\"\n[refine.\"query/itm\"]\ndoc = \"x\"\n[refine.\"query/item@jdi\"]\ntype = \"jid\"\n[refine.\"query/item@nothing-like-it\"]\ntype = \"jid\"\n[refine.\"query#txt\"]\ndoc = \"x\"\n[refine.\"query/*\"]\nrust = \"rest\"\n",
        &[
            (
                "error",
                "demo/spec.toml:5:10",
                "no schema declares the element `qury`",
                "did you mean `query`?",
            ),
            (
                "error",
                "demo/spec.toml:7:16",
                "`query` has no child `itm`",
                "did you mean `item`?",
            ),
            (
                "error",
                "demo/spec.toml:9:21",
                "`item` has no attribute `jdi`",
                "did you mean `jid`?",
            ),
            (
                "error",
                "demo/spec.toml:11:21",
                "`item` has no attribute `nothing-like-it`",
                "its attributes: `jid` and `state`",
            ),
            (
                "error",
                "demo/spec.toml:13:16",
                "unknown part `#txt`",
                "the text of an element is `#text`",
            ),
            (
                "error",
                "demo/spec.toml:15:16",
                "`query` has no wildcard",
                "the schema has `xs:any` or `xs:choice` there",
            ),
        ],
    );
}

#[test]
fn values_that_fit_nothing() {
    demo_says(
        "[refine.\"item@jid\"]\ntype = \"bare_jid\"\n[refine.\"item@state\"]\nrust = \"state-of-it\"\n[refine.\"query/item\"]\ntype = \"jid\"\n[refine.\"query@ver\"]\nopen = true\nrust = \"Version\"\n[refine.\"feature\"]\nrust = \"feature\"\n",
        &[
            (
                "error",
                "demo/spec.toml:6:8",
                "unknown type `bare_jid`",
                "did you mean `bare-jid`?",
            ),
            (
                "error",
                "demo/spec.toml:8:8",
                "`state-of-it` is no Rust name that can be used here",
                "a type is `UpperCamel`, a field `lower_snake` and no keyword",
            ),
            (
                "error",
                "demo/spec.toml:10:8",
                "there is no single value here to give a type",
                "a type belongs to an attribute, to text (`#text`), or to an element that holds nothing but text",
            ),
            (
                "error",
                "demo/spec.toml:12:8",
                "there is no enumeration here to open",
                "`open` belongs to an attribute or a text with `xs:enumeration` in the schema",
            ),
            (
                "error",
                "demo/spec.toml:13:8",
                "`Version` names a type, and no type is made here",
                "a field's name begins in lower case; to name an enumeration, the schema must have one here",
            ),
            (
                "error",
                "demo/spec.toml:15:8",
                "`feature` names a field, and no field is made here",
                "a type's name begins with a capital; the field stands in the parent: refine `parent/child`",
            ),
        ],
    );
}

/// Only what holds nothing but values gives way to them.
#[test]
fn children_that_cannot_be_unwrapped() {
    demo_says(
        "[refine.\"query/item\"]\nunwrap = true\n[refine.\"query@ver\"]\nunwrap = true\n[refine.\"query\"]\nunwrap = true\n[refine.\"query/note\"]\nunwrap = false\n[refine.\"feature\"]\nunwrap = true\n",
        &[
            (
                "error",
                "demo/spec.toml:6:10",
                "`item` cannot be unwrapped: its attribute `jid` must be there",
                UNWRAP,
            ),
            (
                "error",
                "demo/spec.toml:8:10",
                "what is no child cannot be unwrapped",
                "refine the child element: `parent/child`",
            ),
            (
                "error",
                "demo/spec.toml:10:10",
                "`query` cannot be unwrapped: it holds something else than elements of one name",
                UNWRAP,
            ),
            (
                "error",
                "demo/spec.toml:12:10",
                "`unwrap = false` says nothing",
                "remove it",
            ),
            (
                "error",
                "demo/spec.toml:14:10",
                "`feature` cannot be unwrapped: it is empty, and a flag already",
                UNWRAP,
            ),
        ],
    );
}

const UNWRAP: &str = "a child is unwrapped that holds text alone, or nothing but elements of one name with text alone";

/// Each way in which a child can be more than values.
#[test]
fn children_that_hold_too_much() {
    let child = |content: &str| {
        format!(
            "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns=\"urn:demo\" targetNamespace=\"urn:demo\">\
             <xs:element name=\"a\"><xs:complexType><xs:sequence><xs:element name=\"b\" minOccurs=\"0\"><xs:complexType{content}</xs:complexType></xs:element>\
             </xs:sequence></xs:complexType></xs:element></xs:schema>"
        )
    };
    let toml = format!("{HEAD}[refine.\"a/b\"]\nunwrap = true\n");
    for (content, why) in [
        (
            "><xs:sequence><xs:any/></xs:sequence>",
            "it is open for any element",
        ),
        (
            "><xs:sequence><xs:element name=\"c\"><xs:complexType/></xs:element></xs:sequence>",
            "what it holds is empty",
        ),
        (
            "><xs:sequence><xs:element name=\"c\" type=\"xs:string\" minOccurs=\"0\"/></xs:sequence>",
            "it may hold one `c` or none, which are two things in one",
        ),
        (
            "><xs:sequence><xs:element name=\"c\"><xs:complexType><xs:attribute name=\"d\" type=\"xs:string\"/></xs:complexType></xs:element></xs:sequence>",
            "`c` is more than text",
        ),
        (
            " mixed=\"true\"><xs:sequence><xs:element name=\"c\" type=\"xs:string\"/></xs:sequence>",
            "it has text and elements",
        ),
    ] {
        says(
            &[
                ("demo/demo.xsd", &child(content)),
                ("demo/spec.toml", &toml),
            ],
            &[(
                "error",
                "demo/spec.toml:6:10",
                &format!("`b` cannot be unwrapped: {why}"),
                UNWRAP,
            )],
        );
    }
}
