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
        "2 documents: 3 schemas in 2 of them, 7 example payloads in 8 examples, 2 left out; 2 folders\n"
    );
    let left_out = String::from_utf8(output.stderr).unwrap();
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
fn every_payload_comes_back_and_one_bad_schema_stops_no_other() {
    let out = tempfile::tempdir().unwrap();
    extract(out.path());
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conform");
    let output = run(&[
        "conform",
        "--json",
        "--cache",
        cache.to_str().unwrap(),
        out.path().join("xep-9001").to_str().unwrap(),
        out.path().join("xep-9002").to_str().unwrap(),
    ]);
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
