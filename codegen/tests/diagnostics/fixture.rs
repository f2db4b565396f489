//! A folder of specifications for one test.

use std::path::Path;

use sestina_codegen::{Level, Loaded, Specs};

/// `[spec]` of the specification `demo`: lines 1 to 4 of its `spec.toml`.
pub(crate) const HEAD: &str = "[spec]\nid = \"demo\"\nnumber = \"DEMO\"\ntitle = \"Demo\"\n";

/// A schema with a request, an answer and an item.
pub(crate) const SCHEMA: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:demo" targetNamespace="urn:demo" elementFormDefault="qualified">
  <xs:element name="query">
    <xs:complexType>
      <xs:sequence>
        <xs:element ref="item" minOccurs="0" maxOccurs="unbounded"/>
        <xs:element name="note" type="xs:string" minOccurs="0"/>
      </xs:sequence>
      <xs:attribute name="ver" type="xs:string"/>
    </xs:complexType>
  </xs:element>
  <xs:element name="item">
    <xs:complexType>
      <xs:attribute name="jid" type="xs:string" use="required"/>
      <xs:attribute name="state">
        <xs:simpleType>
          <xs:restriction base="xs:string">
            <xs:enumeration value="on"/>
            <xs:enumeration value="off"/>
          </xs:restriction>
        </xs:simpleType>
      </xs:attribute>
    </xs:complexType>
  </xs:element>
  <xs:element name="feature"><xs:complexType/></xs:element>
</xs:schema>
"#;

/// Reads a folder made of these files.
pub(crate) fn read(files: &[(&str, &str)]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut loaded = Specs::read(folder.path());
    // Places are compared below the folder, whose name is new each time.
    for diagnostic in &mut loaded.diagnostics {
        shorten(&mut diagnostic.place.file, folder.path());
        for (place, _) in &mut diagnostic.notes {
            shorten(&mut place.file, folder.path());
        }
    }
    loaded
}

fn shorten(file: &mut std::sync::Arc<Path>, folder: &Path) {
    *file = std::sync::Arc::from(file.strip_prefix(folder).unwrap_or(file));
}

/// A message as a test writes it: level, place, message, help.
pub(crate) type Said<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Reads the files and compares all that is said about them.
#[track_caller]
pub(crate) fn says(files: &[(&str, &str)], expected: &[Said<'_>]) {
    let loaded = read(files);
    let mut said: Vec<(String, String, String, String)> = loaded
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let level = if diagnostic.level == Level::Error {
                "error"
            } else {
                "warning"
            };
            (
                level.to_owned(),
                diagnostic.place.to_string(),
                diagnostic.message.clone(),
                diagnostic.help.clone(),
            )
        })
        .collect();
    said.sort();
    let mut expected: Vec<_> = expected
        .iter()
        .map(|(level, place, message, help)| {
            (
                (*level).to_owned(),
                (*place).to_owned(),
                (*message).to_owned(),
                (*help).to_owned(),
            )
        })
        .collect();
    expected.sort();
    assert_eq!(said, expected, "\nsaid:\n{said:#?}");
}

/// A specification `demo` with the schema above and these lines after its head.
#[track_caller]
pub(crate) fn demo_says(lines: &str, expected: &[Said<'_>]) {
    let toml = format!("{HEAD}{lines}");
    says(
        &[("demo/demo.xsd", SCHEMA), ("demo/spec.toml", &toml)],
        expected,
    );
}

/// A specification of one schema, without `spec.toml`. The lines stand between the tags of `xs:schema`, from
/// line 2 on.
#[track_caller]
pub(crate) fn schema_says(lines: &str, expected: &[Said<'_>]) {
    let schema = format!(
        "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns=\"urn:demo\" targetNamespace=\"urn:demo\">\n{lines}\n</xs:schema>\n"
    );
    says(&[("demo/demo.xsd", &schema)], expected);
}
