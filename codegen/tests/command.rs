//! The command: what it prints, and how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn specs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs")
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sestina-codegen"))
        .arg("--specs")
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn check_says_that_nothing_is_wrong() {
    let output = run(&specs(), &["check"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(said.ends_with("3 profiles: nothing wrong\n"), "{said}");
    assert!(output.stderr.is_empty());
}

#[test]
fn check_fails_where_something_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("demo")).unwrap();
    std::fs::write(folder.path().join("demo/spec.toml"), "[spec]\nid = 5\n").unwrap();
    let output = run(folder.path(), &["check"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("spec.toml:2:6"), "{said}");
    let missing = run(&folder.path().join("nowhere"), &["check"]);
    assert_eq!(missing.status.code(), Some(1));
}

#[test]
fn generate_writes_everything() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(
        &specs(),
        &["generate", "--out", folder.path().to_str().unwrap()],
    );
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for file in [
        "types.rs",
        "skeletons.rs",
        "profiles.rs",
        "types/xep_0199.rs",
    ] {
        assert!(folder.path().join(file).exists(), "{file}");
    }
}

#[test]
fn explain_knows_what_there_is() {
    let output = run(&specs(), &["explain", "xep-0199"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with("XEP-0199: XMPP Ping (version 2.0.1, Final)\n"),
        "{said}"
    );
    assert!(said.contains("get Ping -> nothing"), "{said}");
    assert!(
        said.contains("server answers for the host, the own account: fn ping"),
        "{said}"
    );
    assert_eq!(
        run(&specs(), &["explain", "xep-9999"]).status.code(),
        Some(1)
    );
}
