//! Refinements that refine nothing.

use crate::fixture::demo_says;

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
