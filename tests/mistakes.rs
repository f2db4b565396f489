//! What must not compile: a handler that is forgotten, answers with the wrong type or stands in the wrong place, a
//! feature without anything behind it, and a message before the session is ready. For each mistake one small file
//! in `tests/mistakes`; what the compiler says must name our things, at the line that is marked `// here`.
//!
//! The files are compiled by `rustc` against the library that this test was built with, which takes a second each
//! and needs no second build of everything below it. No word of a compiler's own is looked for: `//@ says: ` lines
//! hold words of ours.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that cargo puts libraries into, and the newest build of this one.
fn library() -> (PathBuf, PathBuf) {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().unwrap().to_owned();
    let libraries = std::fs::read_dir(&folder).unwrap().flatten();
    let newest = libraries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libsestina-") && name.ends_with(".rlib")
        })
        .max_by_key(|entry| entry.metadata().and_then(|data| data.modified()).ok())
        .expect("the library was built before its tests");
    (folder, newest.path())
}

/// What the compiler says of a file; `None` where it has nothing to say.
fn compile(source: &Path) -> Option<String> {
    let (folder, library) = library();
    let out = tempfile::tempdir().unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let done = Command::new(rustc)
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
        ])
        .args([
            "--crate-name",
            "mistake",
            "--cap-lints",
            "allow",
            "--out-dir",
        ])
        .arg(out.path())
        .arg("-L")
        .arg(format!("dependency={}", folder.display()))
        .arg("--extern")
        .arg(format!("sestina={}", library.display()))
        .arg(source)
        .output()
        .expect("rustc runs");
    (!done.status.success()).then(|| String::from_utf8_lossy(&done.stderr).into_owned())
}

/// Whether a message is shown at this line: as the place of an error, or with the line in an excerpt.
fn shows(report: &str, file: &str, line: usize) -> bool {
    let place = format!("{file}:{line}:");
    let excerpt = format!("{line} |");
    report
        .lines()
        .any(|shown| shown.contains(&place) || shown.trim_start().starts_with(&excerpt))
}

#[test]
fn mistakes_do_not_compile_and_the_message_helps() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    let mut wrong = Vec::new();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let source = std::fs::read_to_string(&path).unwrap();
        let report = compile(&path);
        if name == "right.rs" {
            if let Some(report) = report {
                wrong.push(format!("{name} should compile:\n{report}"));
            }
            continue;
        }
        let Some(report) = report else {
            wrong.push(format!("{name} compiles"));
            continue;
        };
        // The compiler breaks long messages into lines.
        let flat = report.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in source
            .lines()
            .filter_map(|line| line.strip_prefix("//@ says: "))
        {
            if !flat.contains(words) {
                wrong.push(format!("{name}: {words:?} is not said in\n{report}"));
            }
        }
        let here = source.lines().position(|line| line.ends_with("// here"));
        let here = here.expect("a line is marked") + 1;
        if !shows(&report, &name, here) {
            wrong.push(format!("{name}: line {here} is not shown in\n{report}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
