//! What the workspace promises about itself: the order of its crates, and what an ordinary build compiles and links.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Bottom to top: a crate depends only on crates above it in this list.
const ORDER: &[&str] = &[
    "sestina-wire",
    "sestina-expand",
    "sestina-macros",
    "sestina-storage",
    "sestina-schema",
    "sestina-specs",
    "sestina-codegen",
    "sestina-types",
    "sestina-storage-file",
    "sestina-storage-sql",
    "sestina-storage-mongodb",
    "sestina-storage-redis",
    "sestina-session",
    "sestina-skeletons",
    "sestina-plugins",
    "sestina-profiles",
    "sestina",
];

/// Crates that exist for tests and figures; nothing that is shipped depends on them.
const TOOLS: &[&str] = &["sestina-interop", "sestina-benches"];

fn metadata() -> Metadata {
    MetadataCommand::new().no_deps().exec().unwrap()
}

#[test]
fn crates_depend_downwards_only() {
    let place = |name: &str| ORDER.iter().position(|&crate_| crate_ == name);
    for package in metadata().workspace_packages() {
        let name = package.name.as_str();
        if TOOLS.contains(&name) {
            continue;
        }
        let own =
            place(name).unwrap_or_else(|| panic!("{name} has no place in the order of crates"));
        for dependency in &package.dependencies {
            // What a crate's tests use does not reach whoever depends on the crate.
            if dependency.kind == DependencyKind::Development {
                continue;
            }
            assert!(
                !TOOLS.contains(&dependency.name.as_str()),
                "{name} depends on {}",
                dependency.name
            );
            if let Some(other) = place(&dependency.name) {
                assert!(
                    other < own,
                    "{name} depends on {}, which stands above it",
                    dependency.name
                );
            }
        }
    }
}

#[test]
fn every_crate_of_the_order_is_there() {
    let metadata = metadata();
    let there: BTreeSet<&str> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    for name in ORDER.iter().chain(TOOLS) {
        assert!(there.contains(name), "{name} is missing");
    }
}

#[test]
fn workspace_lints_hold_everywhere() {
    for package in metadata().workspace_packages() {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{} has lints of its own",
            package.name
        );
    }
}

/// The crates that a build of the package with these options compiles, for this machine.
fn tree(options: &[&str]) -> BTreeMap<String, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--prefix", "none", "--format", "{p}"])
        .args(options)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(name, rest)| (name.to_owned(), rest.to_owned()))
        .collect()
}

#[test]
fn an_ordinary_build_compiles_no_backend_that_was_not_asked_for() {
    let all = tree(&["-p", "sestina", "-e", "normal,build"]);
    assert!(all.contains_key("sqlx-sqlite"), "the default has SQLite");
    for name in [
        "mongodb",
        "bson",
        "redis",
        "sqlx-postgres",
        "sqlx-mysql",
        "aws-lc-rs",
        "aws-lc-sys",
        "openssl-sys",
    ] {
        assert!(!all.contains_key(name), "{name} is compiled");
    }
}

#[test]
fn the_binary_links_no_generator() {
    // Procedural macros are compiled for the compiler, not into the program: cargo marks them, and what only they need
    // is cut off with them.
    let linked = tree(&["-p", "sestina", "-e", "normal,no-proc-macro"]);
    for name in [
        "xsd-parser",
        "sestina-codegen",
        "sestina-expand",
        "syn",
        "quote",
        "proc-macro2",
        "prettyplease",
    ] {
        assert!(
            !linked.contains_key(name),
            "{name} is linked into the program"
        );
    }
}

#[test]
fn library_users_take_only_what_they_name() {
    let none = tree(&[
        "-p",
        "sestina",
        "--no-default-features",
        "-e",
        "normal,no-proc-macro",
    ]);
    for name in [
        "rustls",
        "sqlx-core",
        "clap",
        "sestina-session",
        "sestina-plugins",
    ] {
        assert!(!none.contains_key(name), "{name} without any feature");
    }
    let client = tree(&[
        "-p",
        "sestina",
        "--no-default-features",
        "--features",
        "client",
        "-e",
        "normal,no-proc-macro",
    ]);
    assert!(client.contains_key("sestina-session"));
    for name in [
        "sqlx-core",
        "clap",
        "sestina-plugins",
        "sestina-skeletons",
        "sestina-profiles",
        "rcgen",
    ] {
        assert!(
            !client.contains_key(name),
            "{name} with the feature `client` alone"
        );
    }
}
