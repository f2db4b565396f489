//! Migrations: what a spec's tables were before.

use sestina_schema::{Dialect, Table};

use super::Place;

/// The migrations that stand beside a spec.
#[derive(Debug, Clone)]
pub struct History {
    /// The tables as the newest migration leaves them.
    pub tables: Vec<Table>,
    /// The migrations, by dialect and version.
    pub steps: Vec<Step>,
    /// The file that says what the tables are.
    pub place: Place,
}

/// A migration for one dialect.
#[derive(Debug, Clone)]
pub struct Step {
    /// The dialect.
    pub dialect: Dialect,
    /// The version it leads to, counted from 1.
    pub version: u32,
    /// Its statements.
    pub sql: String,
    /// The file.
    pub place: Place,
}

impl History {
    /// The newest version for a dialect.
    #[must_use]
    pub fn newest(&self, dialect: Dialect) -> u32 {
        let steps = self.steps.iter().filter(|step| step.dialect == dialect);
        steps.map(|step| step.version).max().unwrap_or(0)
    }

    /// The version of the tables: the newest for any dialect, and the first where nothing is written yet.
    #[must_use]
    pub fn version(&self) -> u32 {
        let versions = self.steps.iter().map(|step| step.version);
        versions.max().unwrap_or(1)
    }
}
