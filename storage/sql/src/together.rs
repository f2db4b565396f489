//! A group of changes done as if none of them could fail, with as few statements as there may be.
//!
//! A statement costs a way to the database and back, to another thread or another machine, which for a row of an archive is
//! more than storing it. Where something does fail, nothing of the group is done, and it is done again one by one.

use sestina_storage::{Outcome, TableDescriptor, Value, Write};

use crate::{
    Tables,
    backend::lookup,
    engine::{Connection, Engine},
    statements::{self, MOST_ROWS},
    writer::{Answer, Failure, Job, Undone, one, undone},
};

/// Rows that go into one table one after another.
struct Run<'g> {
    table: &'static TableDescriptor,
    rows: Vec<&'g [Value]>,
}

/// Does all of it.
pub(crate) async fn together<E: Engine>(
    tables: &Tables,
    largest: usize,
    connection: &mut Connection<E>,
    group: &[Job],
) -> Result<Vec<Answer>, Failure> {
    let mut answers = Vec::with_capacity(group.len());
    let mut run: Option<Run<'_>> = None;
    for job in group {
        let mut outcomes = Vec::with_capacity(job.writes.len());
        for write in &job.writes {
            let Write::Insert { table, row } = write else {
                store::<E>(tables, largest, connection, run.take()).await?;
                let outcome = one::<E>(tables, largest, connection, write).await;
                outcomes.push(outcome.map_err(Failure::from)?);
                continue;
            };
            match &mut run {
                Some(run) if std::ptr::eq(run.table, *table) => run.rows.push(row),
                other => {
                    let rows = vec![row.as_slice()];
                    let before = other.replace(Run { table, rows });
                    store::<E>(tables, largest, connection, before).await?;
                }
            }
            outcomes.push(Outcome::Stored);
        }
        answers.push(Ok(outcomes));
    }
    store::<E>(tables, largest, connection, run).await?;
    Ok(answers)
}

async fn store<E: Engine>(
    tables: &Tables,
    largest: usize,
    connection: &mut Connection<E>,
    run: Option<Run<'_>>,
) -> Result<(), Failure> {
    let Some(Run { table, mut rows }) = run else {
        return Ok(());
    };
    let statements = lookup(tables, table).map_err(Failure::Fault)?;
    // Neighbours in the index one after another.
    rows.sort_by(|one, other| key(table, one).cmp(key(table, other)));
    let mut rest = rows.as_slice();
    let mut most = MOST_ROWS;
    while !rest.is_empty() {
        while most > rest.len() {
            most /= 2;
        }
        let (some, others) = rest.split_at(most);
        let statement = statements.insert(some.iter().copied());
        match statements::check(&statement.parameters, largest) {
            Ok(()) => {}
            Err(_) if most > 1 => {
                most /= 2;
                continue;
            }
            Err(error) => return Err(Failure::Fault(error)),
        }
        let stored = E::execute(connection, &statement)
            .await
            .map_err(undone::<E>)?;
        // Some were there already.
        if usize::try_from(stored) != Ok(some.len()) {
            return Err(Failure::Fault(sestina_storage::StorageError::Conflict));
        }
        rest = others;
    }
    Ok(())
}

/// The key of a row.
fn key<'r>(table: &TableDescriptor, row: &'r [Value]) -> impl Iterator<Item = Option<&'r Value>> {
    let place = |name: &&str| table.column(name).map(|(place, _)| place);
    let places = table.key.iter().map(place);
    places.map(move |place| place.and_then(|place| row.get(place)))
}

impl From<Undone> for Failure {
    fn from(undone: Undone) -> Self {
        match undone {
            Undone::Job(error) => Self::Fault(error),
            Undone::All(failure) => failure,
        }
    }
}
