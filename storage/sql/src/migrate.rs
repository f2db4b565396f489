//! Bringing a database up to date.
//!
//! Nodes that start at once come one after the other: the first does what is missing, the others find it
//! done. Where a database undoes definitions with their transaction, what fails leaves nothing behind. MySQL
//! does not: there each statement is recorded before and after it, and a later start goes on where an earlier
//! one was interrupted.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use sestina_schema::split;
use sestina_storage::{Column, ColumnType, Migration, StorageError, TableDescriptor, Value, Write};
use sestina_wire::clock::{Clock as _, SystemClock};
use sqlx::Connection as _;

use crate::{
    backend::within,
    engine::{Connection, Engine, Wanted, plain},
    fold::definition,
    migrations::{self, PROGRESS, RECORD, Step},
    statements::{Bound, Parameter, Statements, create_table},
};

/// How long the migration of a database may take, waiting for another node included. Indexes of large tables
/// take minutes.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Applies the missing migrations and checks that the tables have come out as described.
pub(crate) async fn run<E: Engine>(
    engine: &E,
    tables: &[&'static TableDescriptor],
    history: &[Migration],
) -> Result<(), StorageError> {
    within(PATIENCE, async {
        let mut connection = engine.connect().await?;
        E::lock(&mut connection).await?;
        let result = apply::<E>(&mut connection, tables, history).await;
        let unlocked = E::unlock(&mut connection, result.is_ok()).await;
        // The first error is the one to tell.
        result.and(unlocked)?;
        connection.close().await.map_err(E::map)
    })
    .await
}

async fn apply<E: Engine>(
    connection: &mut Connection<E>,
    tables: &[&'static TableDescriptor],
    history: &[Migration],
) -> Result<(), StorageError> {
    make::<E>(connection, &RECORD).await?;
    if !E::UNDOES_DEFINITIONS {
        make::<E>(connection, &PROGRESS).await?;
    }
    let records = Statements::new(E::DIALECT, &RECORD);
    let mut recorded: HashMap<String, u32> = HashMap::new();
    for row in read::<E>(connection, &records).await? {
        if let [Value::Text(spec), Value::Integer(version), _] = row.as_slice() {
            // A version beyond 32 bits is surely newer.
            let version = u32::try_from(*version).unwrap_or(u32::MAX);
            let newest = recorded.entry(spec.clone()).or_default();
            *newest = version.max(*newest);
        }
    }
    for step in migrations::plan(E::DIALECT, tables, history, &recorded)? {
        let (spec, version) = (&step.spec, step.version);
        // Tables that are made for the first time are no news.
        if recorded.contains_key(spec) {
            tracing::info!(%spec, version, "migrating the database");
        } else {
            tracing::debug!(%spec, version, "making tables");
        }
        let done = if E::UNDOES_DEFINITIONS {
            E::command(connection, &step.sql).await.map_err(E::map)
        } else {
            resume::<E>(connection, &step).await
        };
        done.map_err(|error| {
            let text = format!("migration {} of {}: {error}", step.version, step.spec);
            match error {
                StorageError::Unavailable(_) => StorageError::Unavailable(text),
                _ => StorageError::Corrupt(text),
            }
        })?;
        let row = vec![
            Value::Text(step.spec),
            Value::from(step.version),
            Value::Timestamp(now()),
        ];
        put::<E>(connection, &records, row).await?;
    }
    for table in tables {
        check::<E>(connection, table).await?;
    }
    Ok(())
}

/// The statements of a step one by one, each recorded, beginning with the first that is not done.
async fn resume<E: Engine>(
    connection: &mut Connection<E>,
    step: &Step,
) -> Result<(), StorageError> {
    let progress = Statements::new(E::DIALECT, &PROGRESS);
    let (mut begun, mut done) = (HashSet::new(), HashSet::new());
    for row in read::<E>(connection, &progress).await? {
        if let [
            Value::Text(spec),
            version,
            Value::Integer(place),
            Value::Boolean(finished),
        ] = row.as_slice()
            && *spec == step.spec
            && *version == Value::from(step.version)
        {
            begun.insert(*place);
            if *finished {
                done.insert(*place);
            }
        }
    }
    for (place, statement) in (0..).zip(split(&step.sql)) {
        if done.contains(&place) {
            continue;
        }
        let record = |finished: bool| {
            vec![
                Value::Text(step.spec.clone()),
                Value::from(step.version),
                Value::Integer(place),
                Value::Boolean(finished),
            ]
        };
        put::<E>(connection, &progress, record(false)).await?;
        match E::command(connection, statement).await {
            Ok(()) => {}
            // It had come to its end, and the record of that had not.
            Err(error) if begun.contains(&place) && E::was_done(&error) => {}
            Err(error) => return Err(E::map(error)),
        }
        put::<E>(connection, &progress, record(true)).await?;
    }
    Ok(())
}

/// Makes one of the tables that record what was done.
async fn make<E: Engine>(
    connection: &mut Connection<E>,
    table: &'static TableDescriptor,
) -> Result<(), StorageError> {
    let sql = create_table(E::DIALECT, table);
    let sql = sql.replacen("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1);
    E::command(connection, &sql).await.map_err(E::map)
}

async fn read<E: Engine>(
    connection: &mut Connection<E>,
    statements: &Statements,
) -> Result<Vec<Vec<Value>>, StorageError> {
    let wanted = Wanted {
        columns: statements.table().columns,
        limit: usize::MAX,
        search: None,
    };
    let rows = E::fetch(connection, &statements.scan(None, u32::MAX, false), wanted).await;
    rows.map_err(E::map)
}

async fn put<E: Engine>(
    connection: &mut Connection<E>,
    statements: &Statements,
    row: Vec<Value>,
) -> Result<(), StorageError> {
    let write = Write::Put {
        table: statements.table(),
        row,
    };
    let Some(statement) = statements.write(&write) else {
        return Ok(());
    };
    let done = E::execute(connection, &statement).await;
    done.map(drop).map_err(E::map)
}

/// A stamp for people who look into the table; nothing is decided by it.
fn now() -> i64 {
    SystemClock.now().as_microsecond()
}

static NAME: [Column; 1] = [Column {
    name: "name",
    ty: ColumnType::Text,
    optional: false,
    secret: false,
    default: None,
}];

/// Checks that a table has the columns of its description and no others.
async fn check<E: Engine>(
    connection: &mut Connection<E>,
    table: &TableDescriptor,
) -> Result<(), StorageError> {
    let name = Value::from(table.name);
    let statement = Bound {
        parameters: vec![Parameter::borrowed(ColumnType::Text, &name)],
        ..plain(E::COLUMNS)
    };
    let wanted = Wanted {
        columns: &NAME,
        limit: usize::MAX,
        search: None,
    };
    let rows = E::fetch(connection, &statement, wanted).await;
    let there = rows.map_err(E::map)?.into_iter().flatten();
    let there: Vec<String> = there
        .filter_map(|value| match value {
            Value::Text(name) => Some(name),
            _ => None,
        })
        .collect();
    let bad = |what: String| {
        Err(StorageError::Corrupt(format!(
            "the database's table {} {what}",
            table.name
        )))
    };
    if there.is_empty() {
        return bad("is missing, though its migrations have been applied".into());
    }
    let defined = definition(table);
    let mut wanted = Vec::new();
    for column in &defined.columns {
        wanted.push(column.name.clone());
        if defined.is_folded(E::DIALECT.schema(), column) {
            wanted.push(sestina_schema::long(&column.name));
        }
    }
    if let Some(name) = wanted.iter().find(|name| !there.contains(name)) {
        return bad(format!("lacks the column {name}"));
    }
    if let Some(name) = there.iter().find(|name| !wanted.contains(name)) {
        return bad(format!("has a column {name} that nobody knows"));
    }
    Ok(())
}
