//! The crate in `examples/custom_xep`, which stands outside the workspace as a user's would: its tests pass,
//! and the tutorial shows what is in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// It uses the versions of the workspace, whose lock file it gets, and the workspace's target folder, which
/// nobody holds while tests run.
#[test]
fn the_tests_of_the_example_pass() {
    let example = root().join("examples/custom_xep");
    std::fs::copy(root().join("Cargo.lock"), example.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .current_dir(&example)
        .args(["test", "--offline"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for test in [
        "a_book_is_signed_read_and_kept",
        "only_the_own_specification_is_generated",
        "examples_are_read_and_written_the_same",
    ] {
        assert!(said.contains(&format!("test {test} ... ok")), "{said}");
    }
}

/// A block of the tutorial that shows a file: the line before it names the file in bold.
///
/// After a change of the example, `SESTINA_REWRITE=1 cargo test --test custom_xep` copies it into the tutorial.
#[test]
fn the_tutorial_shows_the_files_of_the_example() {
    let path = root().join("docs/tutorial.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (mut out, mut shown, mut stale) = (String::new(), Vec::new(), Vec::new());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let name = line
            .strip_prefix("**`")
            .and_then(|rest| rest.strip_suffix("`**"));
        let Some(name) = name else { continue };
        let fence = lines.find(|line| line.starts_with("```")).unwrap();
        let mut block = String::new();
        for line in lines.by_ref().take_while(|line| *line != "```") {
            block.push_str(line);
            block.push('\n');
        }
        let file = std::fs::read_to_string(root().join("examples/custom_xep").join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        if file != block {
            stale.push(name);
        }
        shown.push(name);
        out.push_str(&format!("\n{fence}\n{file}```\n"));
    }
    if std::env::var_os("SESTINA_REWRITE").is_some() {
        std::fs::write(&path, out).unwrap();
    } else {
        assert!(
            stale.is_empty(),
            "docs/tutorial.md shows old text of {stale:?}"
        );
    }
    for needed in [
        "Cargo.toml",
        "build.rs",
        "specs/guestbook/guestbook.xsd",
        "specs/guestbook/spec.toml",
        "src/lib.rs",
        "src/book.rs",
        "tests/guestbook.rs",
    ] {
        assert!(
            shown.contains(&needed),
            "the tutorial does not show {needed}"
        );
    }
}
