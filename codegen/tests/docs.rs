//! The documentation that is generated is the one that is committed, and what it lists is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

use sestina_codegen::render::{self, Project};
use sestina_codegen::{Loaded, Specs};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn specs() -> Loaded {
    let loaded = Specs::read(&root().join("specs"));
    assert!(!loaded.has_errors(), "{}", loaded.report());
    loaded
}

fn project() -> Project {
    Project {
        name: "A <project>".into(),
        summary: "It does & does".into(),
        homepage: "https://example.org/?a&b".into(),
        language: "Rust".into(),
        licence: "https://example.org/licence".into(),
    }
}

/// One document of a run over some specifications.
fn document(folder: &Path, path: &str) -> String {
    let loaded = Specs::read(folder);
    assert!(!loaded.has_errors(), "{}", loaded.report());
    let all = render::docs(&loaded.model, &project());
    all.into_iter()
        .find(|output| output.path == path)
        .unwrap()
        .text
}

/// After a change: `cargo run -p sestina-codegen -- docs`.
#[test]
fn what_is_committed_is_what_would_be_generated() {
    let output = Command::new(env!("CARGO_BIN_EXE_sestina-codegen"))
        .current_dir(root())
        .args(["docs", "--check"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn each_test_that_a_specification_names_is_there() {
    for spec in &specs().model.specs {
        for test in &spec.tests {
            let path = root().join(&test.file);
            let text = std::fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {}: {error}", test.place, test.file));
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            let at = lines.iter().position(|line| {
                line.trim_start_matches("async ")
                    .strip_prefix("fn ")
                    .is_some_and(|rest| {
                        rest.strip_prefix(&*test.name)
                            .is_some_and(|rest| rest.starts_with('('))
                    })
            });
            let at =
                at.unwrap_or_else(|| panic!("{}: {} has no {}", test.place, test.file, test.name));
            let attributes = lines[..at]
                .iter()
                .rev()
                .take_while(|line| line.starts_with('#') || line.starts_with("//"));
            assert!(
                attributes
                    .into_iter()
                    .any(|line| line.ends_with("test]") || line.contains("::test(")),
                "{}: {} is no test",
                test.place,
                test.name
            );
        }
    }
}

#[test]
fn what_no_profile_holds_or_no_test_shows_is_in_no_list() {
    let folder = tempfile::tempdir().unwrap();
    let spec = |id: &str, tests: &str| {
        std::fs::create_dir_all(folder.path().join(id)).unwrap();
        let text = format!(
            "[spec]\nid = \"{id}\"\nnumber = \"{}\"\ntitle = \"T\"\nversion = \"1\"\n{tests}\n",
            id.to_uppercase()
        );
        std::fs::write(folder.path().join(id).join("spec.toml"), text).unwrap();
    };
    spec("xep-0001", "tests = [\"tests/a.rs::works\"]");
    spec("xep-0002", "");
    spec("xep-0003", "tests = [\"tests/a.rs::works\"]");
    spec("xep-0004", "tests = [\"tests/a.rs::works\"]");
    std::fs::create_dir(folder.path().join("profiles")).unwrap();
    std::fs::write(
        folder.path().join("profiles/part.toml"),
        "[profile]\nname = \"part\"\nrole = \"component\"\nspecs = [\"xep-0001\", \"xep-0002\", \"xep-0004\"]\n\
         [settings.\"xep-0004\"]\nenabled = false\n",
    )
    .unwrap();
    let rows = |text: &str| text.matches("https://xmpp.org/extensions/").count();
    let table = document(folder.path(), "supported.md");
    assert_eq!(rows(&table), 2, "{table}");
    assert!(
        table.contains("XEP-0001") && table.contains("part (off unless switched on)"),
        "{table}"
    );
    assert!(table.contains("[`works`](../tests/a.rs)"), "{table}");
    let doap = document(folder.path(), "doap.xml");
    assert_eq!(rows(&doap), 2, "{doap}");
    assert!(
        doap.contains("<name>A &lt;project&gt;</name>") && doap.contains("?a&amp;b"),
        "{doap}"
    );
}

/// Each document of a kind that machines read is well-formed, and the same in every run.
#[test]
fn what_is_written_is_well_formed_and_always_the_same() {
    let (once, again) = (specs(), specs());
    let once = render::docs(&once.model, &project());
    assert_eq!(once, render::docs(&again.model, &project()));
    let mut pictures = 0;
    for output in &once {
        if output.path.ends_with(".svg") || output.path.ends_with(".xml") {
            let mut reader = quick_xml::Reader::from_str(&output.text);
            loop {
                match reader.read_event() {
                    Ok(quick_xml::events::Event::Eof) => break,
                    Ok(_) => {}
                    Err(error) => panic!("{}: {error}", output.path),
                }
            }
            pictures += usize::from(output.path.ends_with(".svg"));
        }
    }
    assert!(pictures >= 2);
}

#[test]
fn the_graph_of_the_client_leads_to_ready() {
    let graph = document(&root().join("specs"), "negotiation/client.mmd");
    for line in [
        "    n0[\"initial\"]",
        "|\"starttls, if required, restart\"|",
        "|\"bind\"|",
        "([\"secure + authenticated + bound + ready\"])",
    ] {
        assert!(graph.contains(line), "no {line:?} in\n{graph}");
    }
}
