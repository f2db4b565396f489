//! The command: what it prints, and how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

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
        said.contains("server answers for the host, the own account, every service: fn ping"),
        "{said}"
    );
    assert_eq!(
        run(&specs(), &["explain", "xep-9999"]).status.code(),
        Some(1)
    );
}

#[test]
fn explain_shows_tables_queries_and_settings() {
    let output = run(&specs(), &["explain", "xep-0160"]);
    let said = String::from_utf8(output.stdout).unwrap();
    for line in [
        "needs rfc-6121, xep-0030, xep-0203",
        "  offline_messages -> OfflineMessagesRow, storage.offline(), key (owner, seq)",
        "      owner: BareJid, the owner",
        "      query of_owner: with this owner; a range of seq; by seq; at most 1000",
        "      max_messages: integer, 0 to 100000, default 1000",
        "  Received of Presence, after rfc-6121: fn deliver_stored",
    ] {
        assert!(
            said.lines().any(|found| found == line),
            "no {line:?} in\n{said}"
        );
    }
}

/// As behind `| head`: whoever reads is gone before anything is printed.
#[test]
fn nobody_has_to_read_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    for arguments in [
        &["check"][..],
        &["explain", "xep-0313"],
        &["generate", "--out", out],
        &["docs", "--out", out],
        &["migrate", "--check"],
        &["new", "xep-9491"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sestina-codegen"))
            .arg("--specs")
            .arg(specs())
            .args(
                (arguments[0] == "new")
                    .then(|| ["--specs".into(), folder.path().to_owned()])
                    .into_iter()
                    .flatten(),
            )
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        assert!(said.is_empty(), "{arguments:?}: {said}");
    }
    // What they do is done.
    for made in ["out/types.rs", "out/doap.xml", "xep-9491/spec.toml"] {
        assert!(folder.path().join(made).exists(), "{made}");
    }
}

#[test]
fn new_writes_a_folder_in_which_nothing_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let both = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_sestina-codegen"))
            .arg("--specs")
            .arg(specs())
            .arg("--specs")
            .arg(folder.path())
            .args(arguments)
            .output()
            .unwrap()
    };
    let made = both(&["new", "xep-9490", "--title", "A \"title\" & more"]);
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    for file in [
        "spec.toml",
        "protocol.xsd",
        "examples/query.xml",
        "examples/answer.xml",
    ] {
        assert!(folder.path().join("xep-9490").join(file).exists(), "{file}");
    }
    let checked = both(&["check"]);
    assert!(
        checked.status.success() && checked.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
    let said = String::from_utf8(both(&["explain", "xep-9490"]).stdout).unwrap();
    assert!(said.starts_with("XEP-9490: A \"title\" & more\n"), "{said}");
    assert!(said.contains("get Query -> Query"), "{said}");
    // By itself it is correct as well, and what is there is left alone.
    let alone = tempfile::tempdir().unwrap();
    assert!(run(alone.path(), &["new", "my-protocol"]).status.success());
    let checked = run(alone.path(), &["check"]);
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
    let again = run(alone.path(), &["new", "my-protocol"]);
    assert_eq!(again.status.code(), Some(1));
    let wrong = run(alone.path(), &["new", "../My Protocol"]);
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(
        said.contains("cannot be the id of a specification"),
        "{said}"
    );
}

#[test]
fn docs_says_when_it_is_out_of_date() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let docs = |check: &[&str]| run(&specs(), &[&["docs", "--out", out], check].concat());
    assert!(docs(&[]).status.success());
    assert!(docs(&["--check"]).status.success());
    let table = folder.path().join("supported.md");
    let text = std::fs::read_to_string(&table).unwrap();
    std::fs::write(&table, text.replace("XEP-0199", "XEP-0198")).unwrap();
    let stale = docs(&["--check"]);
    assert_eq!(stale.status.code(), Some(1));
    let said = String::from_utf8(stale.stderr).unwrap();
    assert!(said.contains("supported.md is out of date"), "{said}");
}

const TABLE: &str = r#"
[[table]]
name = "demo_rows"
accessor = "demo"
key = ["id"]
personal = []
[[table.column]]
name = "id"
type = "integer"
[[table.column]]
name = "title"
type = "text"
"#;

#[test]
fn migrate_writes_the_next_version_and_then_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("demo");
    std::fs::create_dir(&spec).unwrap();
    let head = "[spec]\nid = \"demo\"\nnumber = \"DEMO\"\ntitle = \"Demo\"\n";
    let declare = |tables: &str| {
        std::fs::write(spec.join("spec.toml"), format!("{head}{tables}")).unwrap();
    };
    let said = |output: &Output| String::from_utf8(output.stderr.clone()).unwrap();
    declare(TABLE);
    // Without history the build makes the first version itself.
    assert!(run(folder.path(), &["check"]).status.success());
    let output = run(folder.path(), &["migrate"]);
    assert!(output.status.success(), "{}", said(&output));
    for dialect in ["sqlite", "postgres", "mysql"] {
        let path = spec.join(format!("migrations/{dialect}/0001_demo_rows.sql"));
        let sql = std::fs::read_to_string(path).unwrap();
        assert!(sql.contains("CREATE TABLE"), "{sql}");
    }
    assert!(run(folder.path(), &["migrate", "--check"]).status.success());
    assert!(run(folder.path(), &["check"]).status.success());

    // A change without migration stops the build, at the table.
    let more = "[[table.column]]\nname = \"kind\"\ntype = \"text\"\ndefault = \"note\"\n\
                [[table.index]]\ncolumns = [\"title\"]\n\
                [[table.query]]\nname = \"titled\"\nequals = [\"title\"]\nlimit = 5\n";
    declare(&format!("{TABLE}{more}"));
    let output = run(folder.path(), &["check"]);
    assert_eq!(output.status.code(), Some(1));
    let text = said(&output);
    assert!(
        text.contains("the table `demo_rows` has changed since its last migration"),
        "{text}"
    );
    assert!(text.contains("spec.toml:7:8"), "{text}");
    assert!(text.contains("run `sestina-codegen migrate`"), "{text}");
    assert_eq!(
        run(folder.path(), &["migrate", "--check"]).status.code(),
        Some(1)
    );
    assert!(run(folder.path(), &["migrate"]).status.success());
    assert!(run(folder.path(), &["check"]).status.success());
    let second = |dialect: &str| {
        let path = spec.join(format!("migrations/{dialect}/0002_demo_rows.sql"));
        std::fs::read_to_string(path).unwrap()
    };
    let sqlite = second("sqlite");
    assert!(
        sqlite.ends_with(
            "ALTER TABLE \"demo_rows\" ADD COLUMN \"kind\" TEXT NOT NULL DEFAULT 'note';\n\
             CREATE INDEX \"demo_rows_by_title\" ON \"demo_rows\" (\"title\");\n"
        ),
        "{sqlite}"
    );
    assert!(second("postgres").contains("\"title$long\""));

    // What no statement makes is refused, with its place and what to do.
    declare(&TABLE.replace("type = \"text\"", "type = \"bytes\""));
    for command in ["check", "migrate"] {
        let output = run(folder.path(), &[command]);
        assert_eq!(output.status.code(), Some(1));
        let text = said(&output);
        assert!(
            text.contains("the type of the column `title` of the table `demo_rows` has changed"),
            "{text}"
        );
        assert!(text.contains("spec.toml:15:8"), "{text}");
        assert!(text.contains("add a column with another name"), "{text}");
    }
    // A file that is gone is missed.
    std::fs::remove_file(spec.join("migrations/mysql/0001_demo_rows.sql")).unwrap();
    let text = said(&run(folder.path(), &["check"]));
    assert!(text.contains("there is no migration 1 for mysql"), "{text}");
}

/// The project's own tables are as their migrations leave them.
#[test]
fn the_migrations_are_fresh() {
    let output = run(&specs(), &["migrate", "--check"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
}
