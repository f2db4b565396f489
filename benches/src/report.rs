//! One table of what was measured: a row for each scenario, a column for each server.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::target::Kind;

/// The table as it grows.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: String,
    goal: &'static str,
    cells: BTreeMap<Kind, String>,
}

impl Report {
    /// Adds what was measured, and shows it at once on standard error.
    #[expect(
        clippy::print_stderr,
        reason = "whoever waits wants to see that it goes on"
    )]
    pub fn add(&mut self, name: &str, goal: &'static str, kind: Kind, figure: String) {
        eprintln!("{kind}: {name}: {figure}");
        let found = self.rows.iter().position(|row| row.name == name);
        let at = found.unwrap_or_else(|| {
            self.rows.push(Row {
                name: name.to_owned(),
                goal,
                cells: BTreeMap::new(),
            });
            self.rows.len() - 1
        });
        if let Some(row) = self.rows.get_mut(at) {
            row.cells.insert(kind, figure);
        }
    }

    /// As Markdown.
    pub fn table(&self) -> String {
        let mut text = String::from("| |");
        let mut line = String::from("|---|");
        for kind in Kind::ALL {
            let _ = write!(text, " {kind} |");
            line.push_str("---:|");
        }
        let _ = writeln!(text, " goal |\n{line}---:|");
        for row in &self.rows {
            let _ = write!(text, "| {} |", row.name);
            for kind in Kind::ALL {
                let cell = row.cells.get(&kind).map_or("", String::as_str);
                let _ = write!(text, " {cell} |");
            }
            let _ = writeln!(text, " {} |", row.goal);
        }
        text
    }
}
