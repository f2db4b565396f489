//! What is rendered from two specifications that use every construct, compared with files kept beside it.
//!
//! After a change, `SESTINA_REWRITE=1 cargo test -p sestina-codegen --test render` writes the files anew;
//! read the difference before committing it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use sestina_codegen::model::Model;
use sestina_codegen::{Output, Specs, render};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/render")
}

fn model() -> Model {
    let loaded = Specs::read(&folder().join("specs"));
    assert!(!loaded.has_errors(), "{}", loaded.report());
    loaded.model
}

fn compare(outputs: &[Output]) {
    let kept = folder().join("expected");
    for output in outputs {
        if std::env::var_os("SESTINA_REWRITE").is_some() {
            output.write(&kept).unwrap();
        }
        let expected = std::fs::read_to_string(kept.join(&output.path)).unwrap_or_default();
        if expected != output.text {
            let line = expected
                .lines()
                .zip(output.text.lines())
                .position(|(a, b)| a != b);
            let line =
                line.unwrap_or_else(|| expected.lines().count().min(output.text.lines().count()));
            panic!(
                "{} differs from line {}:\n  was {:?}\n  is  {:?}",
                output.path,
                line + 1,
                expected.lines().nth(line).unwrap_or_default(),
                output.text.lines().nth(line).unwrap_or_default(),
            );
        }
    }
}

#[test]
fn types() {
    compare(&render::types(&model()));
}

#[test]
fn skeletons() {
    compare(&render::skeletons(&model()));
}

#[test]
fn profiles() {
    compare(&render::profiles(&model()));
}

#[test]
fn everything_rendered_is_rust() {
    let model = model();
    for output in [
        render::types(&model),
        render::skeletons(&model),
        render::profiles(&model),
    ]
    .concat()
    {
        syn::parse_file(&output.text).unwrap_or_else(|error| panic!("{}: {error}", output.path));
    }
}

#[test]
fn the_migration_is_readable() {
    let model = model();
    let spec = model.spec("xep-0001").unwrap();
    let sql = render::migration(render::Dialect::Sqlite, spec);
    assert_eq!(
        sql,
        "CREATE TABLE \"lists\" (\n    \"owner\" TEXT NOT NULL,\n    \"seq\" INTEGER NOT NULL,\n    \
         \"title\" TEXT,\n    \"key\" BLOB NOT NULL,\n    \"changed\" INTEGER NOT NULL,\n    \
         PRIMARY KEY (\"owner\", \"seq\")\n) STRICT;\n\
         CREATE INDEX \"lists_by_owner_changed\" ON \"lists\" (\"owner\", \"changed\");\n\
         CREATE INDEX \"lists_by_changed\" ON \"lists\" (\"changed\");\n"
    );
}
