//! What a suite of others may not find, each with its reason; and whether that is what it has not found.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Failure;

/// What does not hold, by name, with what was seen in its place.
pub type Findings = BTreeMap<String, String>;

/// A committed list: a line for each thing that does not hold, its name and the reason; lines with `#` say more.
///
/// # Errors
/// On a line without a reason.
pub fn expected(list: &str) -> Result<BTreeMap<&str, &str>, Failure> {
    let lines = list.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| match line.split_once(' ') {
            Some((name, reason)) => Ok((name, reason.trim())),
            None => Err(format!("`{line}`: say why, after the name").into()),
        })
        .collect()
}

/// Prints what a suite leaves out by itself.
pub fn left_out(what: &str) {
    println!("  left out: {what}");
}

/// Prints what was run with how it went, and fails where something else does not hold than the list says.
///
/// # Errors
/// What does not hold and is not listed, and what is listed and holds.
pub fn judge(
    suite: &str,
    names: &[String],
    found: &Findings,
    expected: &BTreeMap<&str, &str>,
) -> Result<(), String> {
    println!("{suite}:");
    let of =
        |name: &String, finding: &str| finding == name || finding.starts_with(&format!("{name}:"));
    for name in names {
        let mut wrong = found.keys().filter(|finding| of(name, finding)).peekable();
        println!(
            "  {} {name}",
            if wrong.peek().is_none() {
                "passed"
            } else {
                "differs"
            }
        );
        for finding in wrong {
            let reason = expected.get(finding.as_str()).copied();
            println!("    {finding}: {}", reason.unwrap_or("NOT EXPECTED"));
        }
    }
    let mut problems = String::new();
    for (name, seen) in found
        .iter()
        .filter(|(name, _)| !expected.contains_key(name.as_str()))
    {
        let _ = writeln!(problems, "{name}: {seen}");
    }
    for name in expected.keys().filter(|name| !found.contains_key(**name)) {
        let _ = writeln!(
            problems,
            "{name} holds (or does not exist any more): remove it from the list"
        );
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("{suite}:\n{problems}"))
    }
}
