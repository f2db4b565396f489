//! A small folder of documents goes the whole way: schemas and examples are cut out, types are generated,
//! compiled and run, and every payload comes back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sestina-codegen"))
        .args(arguments)
        .output()
        .unwrap()
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conform")
}

fn extract(out: &Path) -> Output {
    let output = run(&[
        "extract",
        corpus().to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(output.status.success());
    output
}

#[test]
fn extracts_schemas_and_examples_and_says_what_it_left_out() {
    let out = tempfile::tempdir().unwrap();
    let output = extract(out.path());
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        said,
        "2 documents: 3 schemas in 2 of them, 7 example payloads in 9 examples, 3 left out; 2 folders\n"
    );
    let left_out = String::from_utf8(output.stderr).unwrap();
    assert!(
        left_out.contains("xep-9001.xml:53: not well-formed: no space between attributes"),
        "{left_out}"
    );
    assert!(left_out.contains("xep-9001.xml:58: "), "{left_out}");
    assert!(out.path().join("xep-9001/example-lamp.xsd").exists());
    let first = std::fs::read_to_string(out.path().join("xep-9001/examples/001-1.xml")).unwrap();
    assert!(
        first.starts_with("<iq xmlns='jabber:client' type='set'"),
        "{first}"
    );
    // Again, over what is there: the same.
    let tree = |folder: &Path| {
        let mut files: Vec<(String, String)> = Vec::new();
        for spec in [
            "xep-9001",
            "xep-9001/examples",
            "xep-9002",
            "xep-9002/examples",
        ] {
            for entry in std::fs::read_dir(folder.join(spec)).unwrap().flatten() {
                if let Ok(text) = std::fs::read_to_string(entry.path()) {
                    files.push((entry.path().display().to_string(), text));
                }
            }
        }
        files.sort();
        files
    };
    let before = tree(out.path());
    extract(out.path());
    assert_eq!(before, tree(out.path()));
}

#[test]
fn what_is_no_longer_cut_out_goes_and_what_is_others_stays() {
    let (xeps, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for name in ["xep-9001.xml", "xep-9002.xml"] {
        std::fs::copy(corpus().join(name), xeps.path().join(name)).unwrap();
    }
    let extract = || {
        let (xeps, out) = (xeps.path().to_str().unwrap(), out.path().to_str().unwrap());
        assert!(run(&["extract", xeps, "--out", out]).status.success());
    };
    extract();
    let of = |path: &str| out.path().join(path);
    assert!(of("xep-9001/examples/001-1.xml").exists());
    std::fs::write(of("xep-9001/own.xsd"), "mine").unwrap();
    std::fs::write(out.path().join(".extracted.bak"), "mine").unwrap();
    // One document has nothing to cut out any more, the other is gone; a list that was meddled with leads nowhere else.
    std::fs::write(xeps.path().join("xep-9001.xml"), "<xep/>").unwrap();
    std::fs::remove_file(xeps.path().join("xep-9002.xml")).unwrap();
    let outside = xeps.path().join("outside.txt");
    std::fs::write(&outside, "kept").unwrap();
    let list = std::fs::read_to_string(of(".extracted")).unwrap();
    std::fs::write(of(".extracted"), format!("{}\n{list}", outside.display())).unwrap();
    extract();
    assert!(!of("xep-9001/examples").exists());
    assert!(!of("xep-9001/example-lamp.xsd").exists());
    assert!(!of("xep-9002").exists());
    assert!(of("xep-9001/own.xsd").exists() && outside.exists());
}

/// Runs `conform` over folders; what was compiled for them is kept from test to test.
fn conform(options: &[&str], folders: &[PathBuf]) -> Output {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conform");
    let mut arguments = vec!["conform", "--cache", cache.to_str().unwrap()];
    arguments.extend(options);
    arguments.extend(folders.iter().map(|folder| folder.to_str().unwrap()));
    run(&arguments)
}

/// The lines of a run about one file each: outcome, type, error.
fn outcomes(output: &Output) -> Vec<(String, String, Option<String>, Option<String>)> {
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let lines = std::str::from_utf8(&output.stdout).unwrap().lines();
    let lines = lines.map(|line| {
        let keys = [
            "file",
            "index",
            "outcome",
            "type",
            "xml",
            "xml_typed",
            "error",
        ];
        let at = keys.map(|key| {
            line.find(&format!("\"{key}\":"))
                .unwrap_or_else(|| panic!("{key} in {line}"))
        });
        assert!(at.is_sorted(), "{line}");
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line.as_object().unwrap().len(), keys.len());
        let file = Path::new(line["file"].as_str().unwrap())
            .file_name()
            .unwrap();
        let name = format!("{} {}", file.to_str().unwrap(), line["index"]);
        (
            name,
            text(&line["outcome"]).unwrap(),
            text(&line["type"]),
            text(&line["error"]),
        )
    });
    lines.collect()
}

/// A folder that nobody has seen, outside of any other, with a schema and perhaps a `spec.toml`.
#[test]
fn strict_mode_refuses_what_the_schema_forbids_and_says_what() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("xep-9003");
    std::fs::create_dir_all(folder.join("examples")).unwrap();
    std::fs::write(
        folder.join("gate.xsd"),
        r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:example:gate" xmlns="urn:example:gate">
  <xs:element name="gate"><xs:complexType><xs:sequence>
    <xs:choice minOccurs="0"><xs:element name="open"><xs:complexType/></xs:element><xs:element name="shut"><xs:complexType/></xs:element></xs:choice>
    <xs:element name="key" type="xs:hexBinary" minOccurs="0"/><xs:element name="width" type="xs:decimal" minOccurs="0"/>
    <xs:group ref="nothing"/>
  </xs:sequence>
  <xs:attribute name="side" use="required"><xs:simpleType><xs:restriction base="xs:NCName"><xs:enumeration value="left"/><xs:enumeration value="right"/></xs:restriction></xs:simpleType></xs:attribute>
  <xs:attribute name="bars"><xs:simpleType><xs:restriction base="xs:unsignedByte"><xs:maxInclusive value="9"/></xs:restriction></xs:simpleType></xs:attribute>
  <xs:attribute name="name"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[a-z]+"/></xs:restriction></xs:simpleType></xs:attribute>
  </xs:complexType></xs:element>
  <xs:group name="nothing"><xs:sequence/></xs:group></xs:schema>"#,
    )
    .unwrap();
    let gate = "<gate xmlns='urn:example:gate'";
    for (name, text) in [
        (
            "1",
            format!(
                "<message xmlns='jabber:client'><body>Look</body>{gate} side='left' bars='9' name='great'><open/><key>0aff</key><width>1.5</width></gate><none xmlns='urn:example:none'/></message>"
            ),
        ),
        ("2", format!("{gate}/>")),
        ("3", format!("{gate} side='top'/>")),
        ("4", format!("{gate} side='left' bars='10'/>")),
        ("5", format!("{gate} side='left' name='G1'/>")),
        (
            "6",
            format!("{gate} side='left'><shut by='wind'> <b/></shut></gate>"),
        ),
        (
            "7",
            format!("{gate} side='left'><key>0AFF</key><width>+1.50</width><extra/></gate>"),
        ),
        ("8", format!("{gate} side='left'>\n</gate>")),
    ] {
        std::fs::write(folder.join(format!("examples/{name}.xml")), text).unwrap();
    }
    let exact = |name: &str, type_: &str| {
        (
            name.to_owned(),
            "exact".to_owned(),
            Some(type_.to_owned()),
            None,
        )
    };
    let refused = |name: &str, error: &str| {
        let type_ = "xep-9003::Gate".to_owned();
        (
            name.to_owned(),
            "refused".to_owned(),
            Some(type_),
            Some(error.to_owned()),
        )
    };
    let untyped = || ("1.xml 2".to_owned(), "untyped".to_owned(), None, None);
    let folders = [folder.clone()];
    let lenient = conform(&["--json"], &folders);
    assert!(
        lenient.status.success(),
        "{}",
        String::from_utf8_lossy(&lenient.stderr)
    );
    let mut all = vec![
        exact("1.xml 0", "rfc-6121::client::Body"),
        exact("1.xml 1", "xep-9003::Gate"),
        untyped(),
    ];
    all.extend((2..=8).map(|n| exact(&format!("{n}.xml 0"), "xep-9003::Gate")));
    assert_eq!(outcomes(&lenient), all);

    let strict = conform(&["--json", "--strict"], &folders);
    assert!(
        strict.status.success(),
        "{}",
        String::from_utf8_lossy(&strict.stderr)
    );
    let here = "<gate/> in urn:example:gate";
    assert_eq!(
        outcomes(&strict),
        [
            exact("1.xml 0", "rfc-6121::client::Body"),
            exact("1.xml 1", "xep-9003::Gate"),
            untyped(),
            refused("2.xml 0", &format!("{here} lacks its attribute side")),
            refused(
                "3.xml 0",
                &format!("attribute side of {here}: `top` is none of `left`, `right`")
            ),
            refused(
                "4.xml 0",
                &format!("attribute bars of {here}: `10` is more than 9")
            ),
            refused(
                "5.xml 0",
                &format!("attribute name of {here}: `G1` does not match `[a-z]+`")
            ),
            refused("6.xml 0", "<shut/> in urn:example:gate has no attribute by"),
            refused("7.xml 0", &format!("{here} has no child <extra/>")),
            exact("8.xml 0", "xep-9003::Gate"),
        ]
    );

    // Vouched for, and speaking of a specification that stands among ours.
    std::fs::write(
        folder.join("spec.toml"),
        "[spec]\nid = \"xep-9003\"\nnumber = \"XEP-9003\"\ntitle = \"Gates\"\ndepends = [\"xep-0030\"]\n[[message]]\npayload = \"gate\"\nfrom = [\"anyone\"]\n",
    )
    .unwrap();
    let vouched = outcomes(&conform(&["--json"], &folders));
    let of = |name: &str| {
        vouched
            .iter()
            .find(|line| line.0 == name)
            .map(|line| line.1.as_str())
    };
    // An element of a choice that holds more than its name keeps it.
    assert_eq!(
        [of("6.xml 0"), of("2.xml 0"), of("8.xml 0")],
        [Some("exact"), Some("refused"), Some("exact")]
    );
}

#[test]
fn every_payload_comes_back_and_one_bad_schema_stops_no_other() {
    let out = tempfile::tempdir().unwrap();
    extract(out.path());
    let folders = [out.path().join("xep-9001"), out.path().join("xep-9002")];
    let output = conform(&["--json"], &folders);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    // The slip is mended with a warning, the schema that is none is an error, and both name file and line.
    assert!(
        errors.contains("XML Schema has no type `bolean`"),
        "{errors}"
    );
    assert!(errors.contains("xep-9002/example-broken.xsd:"), "{errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let of = |file: &str| {
        let found: Vec<&&str> = lines.iter().filter(|line| line.contains(file)).collect();
        assert_eq!(found.len(), 1, "{file}: {lines:#?}");
        (*found[0]).to_owned()
    };
    let one = of("xep-9001/examples/001-1.xml");
    assert!(
        one.contains("\"outcome\":\"exact\",\"type\":\"xep-9001::Lamp\""),
        "{one}"
    );
    // Out of order, with text, attributes and elements nobody declared, and a required part missing.
    for file in ["002-1", "003-1", "004-1"] {
        let line = of(&format!("xep-9001/examples/{file}.xml"));
        assert!(line.contains("\"outcome\":\"exact\""), "{line}");
    }
    let unknown = of("xep-9001/examples/003-1.xml");
    let typed = unknown.split_once("\"xml_typed\":").unwrap().1;
    assert!(
        unknown.contains("watts") && !typed.contains("watts"),
        "{unknown}"
    );
    assert!(of("xep-9001/examples/006-1.xml").contains("\"outcome\":\"untyped\""));
    assert!(of("xep-9002/examples/001-1.xml").contains("\"outcome\":\"exact\""));
}

/// What is one of several elements follows the namespace of the element around it, as everything does whose types several
/// namespaces share.
#[test]
fn a_choice_in_two_namespaces() {
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("xep-9003");
    std::fs::create_dir_all(spec.join("examples")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(spec.join(name), text).unwrap();
    write(
        "spec.toml",
        "[spec]\nid = \"xep-9003\"\nnumber = \"XEP-9003\"\ntitle = \"Verdicts\"\nversion = \"1\"\nstatus = \"Draft\"\n\
         summary = \"One of two.\"\n[[namespace]]\nolder = [\"urn:example:verdict:0\"]\n",
    );
    write(
        "verdict.xsd",
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns='urn:example:verdict:1'\
            targetNamespace='urn:example:verdict:1' elementFormDefault='qualified'>\
         <xs:element name='verdict'><xs:complexType><xs:choice maxOccurs='unbounded'>\
           <xs:element name='guilty'><xs:complexType><xs:sequence>\
             <xs:element name='of' type='xs:string' maxOccurs='unbounded'/></xs:sequence>\
             <xs:attribute name='years' type='xs:unsignedInt'/></xs:complexType></xs:element>\
           <xs:element name='free'><xs:complexType/></xs:element>\
         </xs:choice></xs:complexType></xs:element></xs:schema>",
    );
    for version in 0..2 {
        let inside = "<guilty years='7'><of>theft</of><of>bad verse</of></guilty><free/>";
        let verdict = format!("<verdict xmlns='urn:example:verdict:{version}'>{inside}</verdict>");
        write(&format!("examples/v{version}.xml"), &verdict);
    }
    // Inside one version what is in the other is unknown, and kept.
    write(
        "examples/mixed.xml",
        "<verdict xmlns='urn:example:verdict:0'><free/><free xmlns='urn:example:verdict:1'/></verdict>",
    );
    let output = conform(&["--json"], &[spec]);
    let lines = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        lines.matches("\"outcome\":\"exact\"").count(),
        3,
        "{lines}{said}"
    );
    let typed = |file: &str, text: &str| {
        let line = lines.lines().find(|line| line.contains(file)).unwrap();
        let (_, typed) = line.split_once("\"xml_typed\":").unwrap();
        assert_eq!(typed.matches(text).count(), 1, "{line}");
    };
    for (file, version) in [("v0.xml", 0), ("v1.xml", 1), ("mixed.xml", 0)] {
        typed(
            file,
            &format!("<verdict xmlns='urn:example:verdict:{version}'>"),
        );
        typed(file, "<free/>");
    }
    typed(
        "v0.xml",
        "<guilty years='7'><of>theft</of><of>bad verse</of></guilty>",
    );
    // The other one is not among what the type knows.
    typed("mixed.xml", "xmlns");
}
