//! What the derive says of mistakes: every one in one run, at its place, with what to write.
//!
//! All these messages are ours; no case depends on how a compiler words its own. After a change,
//! `TRYBUILD=overwrite cargo test -p sestina-macros --test ui` writes the expectations anew.

#[test]
fn mistakes_are_named() {
    trybuild::TestCases::new().compile_fail("tests/ui/*/*.rs");
}
