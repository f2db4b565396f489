//! Which migrations are to be applied.

use std::collections::{BTreeMap, HashMap};

use sestina_storage::{Column, ColumnType, Migration, StorageError, TableDescriptor};

use crate::{Dialect, statements};

const fn column(name: &'static str, ty: ColumnType) -> Column {
    Column {
        name,
        ty,
        optional: false,
        secret: false,
        default: None,
    }
}

/// The table that records what has been applied: one row for each specification and version.
pub static RECORD: TableDescriptor = TableDescriptor {
    spec: "sestina",
    name: "sestina_migrations",
    version: 1,
    personal: &[],
    columns: &[
        column("spec", ColumnType::Text),
        column("version", ColumnType::Integer),
        column("applied_at", ColumnType::Timestamp),
    ],
    key: &["spec", "version"],
    indexes: &[],
    queries: &[],
    retention: None,
};

/// The table that records how far a migration has come, where a database does not undo definitions: one row
/// for each of its statements that was begun.
pub static PROGRESS: TableDescriptor = TableDescriptor {
    name: "sestina_migration_steps",
    columns: &[
        column("spec", ColumnType::Text),
        column("version", ColumnType::Integer),
        column("place", ColumnType::Integer),
        column("done", ColumnType::Boolean),
    ],
    key: &["spec", "version", "place"],
    spec: "sestina",
    version: 1,
    personal: &[],
    indexes: &[],
    queries: &[],
    retention: None,
};

/// One step to apply and to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The specification, or `specification/table` for a table that comes without migrations.
    pub spec: String,
    /// The version it leads to.
    pub version: u32,
    /// Its statements.
    pub sql: String,
}

/// The steps that lead from what is recorded (the highest version for each specification) to what
/// this program needs, in the order they are to be applied.
///
/// A table whose specification has no migration for the dialect is made from its descriptor, as
/// long as it is in its first version.
///
/// # Errors
/// [`StorageError::Unsupported`] when the database is newer than the program, and when a later
/// version of a table has no migrations.
pub fn plan(
    dialect: &'static dyn Dialect,
    tables: &[&'static TableDescriptor],
    migrations: &[Migration],
    recorded: &HashMap<String, u32>,
) -> Result<Vec<Step>, StorageError> {
    let mut history: BTreeMap<&str, BTreeMap<u32, &Migration>> = BTreeMap::new();
    for migration in migrations.iter().filter(|m| m.dialect == dialect.name()) {
        let spec = history.entry(migration.spec).or_default();
        spec.insert(migration.version, migration);
    }
    let mut steps = Vec::new();
    for (spec, versions) in &history {
        let newest = versions.keys().next_back().copied().unwrap_or(0);
        let applied = recorded.get(*spec).copied().unwrap_or(0);
        refuse_newer(spec, applied, newest)?;
        let missing = versions.range(applied.saturating_add(1)..);
        steps.extend(missing.map(|(version, migration)| Step {
            spec: (*spec).to_owned(),
            version: *version,
            sql: migration.sql.to_owned(),
        }));
    }
    for table in tables.iter().filter(|t| !history.contains_key(t.spec)) {
        let spec = format!("{}/{}", table.spec, table.name);
        let applied = recorded.get(&spec).copied().unwrap_or(0);
        refuse_newer(&spec, applied, table.version)?;
        if applied == table.version {
            continue;
        }
        if table.version > 1 {
            return Err(StorageError::Unsupported(format!(
                "table {} is in version {}, and there are no {} migrations that lead there",
                table.name,
                table.version,
                dialect.name()
            )));
        }
        steps.push(Step {
            spec,
            version: table.version,
            sql: statements::create_table(dialect, table),
        });
    }
    Ok(steps)
}

fn refuse_newer(spec: &str, applied: u32, known: u32) -> Result<(), StorageError> {
    if applied > known {
        return Err(StorageError::Unsupported(format!(
            "the database is newer than this program: {spec} is in version {applied} there, and \
             version {known} is the newest known here; use the newer program, or a copy of the \
             database from before it"
        )));
    }
    Ok(())
}
