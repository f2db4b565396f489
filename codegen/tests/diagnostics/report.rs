//! The form of the report.

use crate::fixture::{HEAD, SCHEMA, read};

#[test]
fn it_reads_like_rustc() {
    let toml = format!(
        "{HEAD}[[iq]]\n\ttype = \"gett\" # ä\nrequest = \"query\"\nanswer = \"empty\"\nfrom = [\"anyone\"]\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    std::fs::create_dir_all(&demo).unwrap();
    std::fs::write(
        demo.join("demo.xsd"),
        SCHEMA.replace(
            "type=\"xs:string\" minOccurs",
            "type=\"xs:strin\" minOccurs",
        ),
    )
    .unwrap();
    std::fs::write(demo.join("spec.toml"), toml).unwrap();
    let report = sestina_codegen::Specs::read(folder.path()).report();
    let report = report.replace(&format!("{}/", folder.path().display()), "");
    let expected = "\
warning: XML Schema has no type `strin`
 --> demo/demo.xsd:6:39
  |
6 |         <xs:element name=\"note\" type=\"xs:strin\" minOccurs=\"0\"/>
  |                                       ^^^^^^^^
  |
  = help: read as `xs:string`: write that

error: unknown type of iq `gett`
 --> demo/spec.toml:6:9
  |
6 | \ttype = \"gett\" # ä
  | \t       ^^^^^^
  |
  = help: did you mean `get`?

1 error and 1 warning in the specifications
";
    assert_eq!(report, expected);
}

#[test]
fn other_places_are_shown_too() {
    let report = read(&[("a/a.xsd", SCHEMA), ("b/b.xsd", SCHEMA)]);
    let first = report.diagnostics.first().unwrap();
    assert_eq!(first.place.to_string(), "b/b.xsd:2:21");
    assert_eq!(first.notes.first().unwrap().0.to_string(), "a/a.xsd:2:21");
}
