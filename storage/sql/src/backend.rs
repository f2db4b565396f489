//! The backend, over one engine or another.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use sestina_storage::{
    Backend, Column, ColumnType, Migration, Outcome, QueryDescriptor, Selection, StorageError,
    TableDescriptor, Value, Write,
};
use sqlx::Pool;

use crate::{
    engine::{Engine, Verdict, Wanted},
    fold, migrate,
    statements::{self, Bound, Statements},
    writer::Writer,
};

/// How long a caller waits for an answer, the time in the queue included.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);
/// How long opening a connection may take, and waiting for one.
pub(crate) const CONNECTING: Duration = Duration::from_secs(5);
/// Statements kept prepared on each connection.
pub(crate) const PREPARED: usize = 512;

/// A database. One connection writes, others read from a pool.
///
/// It gives up by tokio's clock while its answers come from elsewhere: a test that pauses that clock would see
/// time run out at once, and takes the memory backend.
pub struct Sql<E: Engine> {
    engine: Arc<E>,
    readers: Pool<E::Db>,
    writer: Writer,
    tables: Tables,
}

/// The statements of the tables that have been prepared, by the tables' names.
pub(crate) type Tables = Arc<RwLock<HashMap<&'static str, Arc<Statements>>>>;

pub(crate) fn lookup(
    tables: &Tables,
    table: &TableDescriptor,
) -> Result<Arc<Statements>, StorageError> {
    let tables = tables.read().unwrap_or_else(PoisonError::into_inner);
    tables.get(table.name).cloned().ok_or_else(|| {
        StorageError::Unsupported(format!("table {} has not been prepared", table.name))
    })
}

impl<E: Engine> Sql<E> {
    /// A backend that has opened its first connection.
    pub(crate) async fn new(engine: E, readers: Pool<E::Db>) -> Result<Self, StorageError> {
        let engine = Arc::new(engine);
        let connection = within(CONNECTING, engine.connect()).await?;
        let tables = Tables::default();
        let writer = Writer::start(engine.clone(), connection, tables.clone(), PATIENCE);
        Ok(Self {
            engine,
            readers,
            writer,
            tables,
        })
    }

    pub(crate) fn engine(&self) -> &E {
        &self.engine
    }

    fn statements(&self, table: &TableDescriptor) -> Result<Arc<Statements>, StorageError> {
        lookup(&self.tables, table)
    }

    /// Reads, again where the connection turns out to be lost: after a database was started anew, as many
    /// may be as there are.
    async fn fetch(
        &self,
        statement: &Bound<'_>,
        wanted: Wanted<'_>,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let mut tries = self.readers.size().saturating_add(2);
        loop {
            let mut connection = self.readers.acquire().await.map_err(E::map)?;
            let found = E::fetch(&mut connection, statement, wanted).await;
            let error = match found {
                Ok(rows) => return Ok(rows),
                Err(error) => error,
            };
            let verdict = E::verdict(&error);
            if verdict == Verdict::Lost {
                // Not back into the pool.
                drop(connection.detach());
            }
            if !matches!(verdict, Verdict::Lost | Verdict::Again) || tries == 0 {
                return Err(E::map(error));
            }
            tries -= 1;
        }
    }

    /// Reads in the order of an index, and again in the exact order where those may differ.
    async fn ordered<'a>(
        &self,
        statements: &Statements,
        query: Option<&QueryDescriptor>,
        wanted: Wanted<'_>,
        statement: impl Fn(bool) -> Bound<'a>,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let first = statement(false);
        statements::check(&first.parameters, self.engine.largest())?;
        patiently(async {
            let rows = self.fetch(&first, wanted).await?;
            if !statements.is_in_doubt(query, &rows) {
                return Ok(rows);
            }
            self.fetch(&statement(true), wanted).await
        })
        .await
    }
}

/// Ends what takes too long.
async fn patiently<T>(
    work: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    within(PATIENCE, work).await
}

pub(crate) async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    let done = tokio::time::timeout(time, work).await;
    done.unwrap_or_else(|_| {
        let text = format!("no answer within {} s", time.as_secs());
        Err(StorageError::Unavailable(text))
    })
}

static NUMBER: [Column; 1] = [Column {
    name: "number",
    ty: ColumnType::Integer,
    optional: false,
    secret: false,
    default: None,
}];

#[async_trait]
impl<E: Engine> Backend for Sql<E> {
    fn name(&self) -> &'static str {
        E::DIALECT.name()
    }

    fn supports(&self, table: &TableDescriptor) -> bool {
        self.statements(table).is_ok()
    }

    fn supports_search(&self, _table: &TableDescriptor, _query: &QueryDescriptor) -> bool {
        true
    }

    async fn prepare(
        &self,
        tables: &[&'static TableDescriptor],
        migrations: &[Migration],
    ) -> Result<(), StorageError> {
        migrate::run(&*self.engine, tables, migrations).await?;
        let mut known = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        for table in tables {
            known.insert(table.name, Arc::new(Statements::new(E::DIALECT, table)));
        }
        Ok(())
    }

    async fn get(
        &self,
        table: &'static TableDescriptor,
        key: &[Value],
    ) -> Result<Option<Vec<Value>>, StorageError> {
        let statements = self.statements(table)?;
        let statement = statements.get(key);
        statements::check(&statement.parameters, self.engine.largest())?;
        let wanted = Wanted {
            columns: table.columns,
            limit: 1,
            search: None,
        };
        let mut rows = patiently(self.fetch(&statement, wanted)).await?;
        Ok(rows.pop())
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<Vec<Value>>, StorageError> {
        let table = selection.table;
        let statements = self.statements(table)?;
        let column = selection.query.search.and_then(|name| table.column(name));
        let wanted = Wanted {
            columns: table.columns,
            limit: count(selection.limit),
            search: selection
                .search
                .as_ref()
                .zip(column.map(|(place, _)| place)),
        };
        self.ordered(&statements, Some(selection.query), wanted, |exact| {
            statements.select(selection, exact)
        })
        .await
    }

    async fn scan(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let statements = self.statements(table)?;
        let wanted = Wanted {
            columns: table.columns,
            limit: count(limit),
            search: None,
        };
        self.ordered(&statements, None, wanted, |exact| {
            statements.scan(after, limit, exact)
        })
        .await
    }

    async fn keys(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let statements = self.statements(table)?;
        let columns = table.key.iter().filter_map(|name| table.column(name));
        let columns: Vec<Column> = columns.map(|(_, column)| *column).collect();
        let wanted = Wanted {
            columns: &columns,
            limit: count(limit),
            search: None,
        };
        let first = statements.keys(after, limit, false);
        statements::check(&first.parameters, self.engine.largest())?;
        patiently(async {
            let keys = self.fetch(&first, wanted).await?;
            // Where one is long, the order of what an index holds of it may be another.
            if !keys.iter().flatten().any(fold::is_long) {
                return Ok(keys);
            }
            self.fetch(&statements.keys(after, limit, true), wanted)
                .await
        })
        .await
    }

    async fn count(&self, table: &'static TableDescriptor) -> Result<u64, StorageError> {
        let statements = self.statements(table)?;
        let wanted = Wanted {
            columns: &NUMBER,
            limit: 1,
            search: None,
        };
        let rows = patiently(self.fetch(&statements.count(), wanted)).await?;
        match rows.first().and_then(|row| row.first()) {
            Some(Value::Integer(rows)) => Ok(u64::try_from(*rows).unwrap_or(0)),
            _ => Err(StorageError::Corrupt("a count that is no number".into())),
        }
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, StorageError> {
        patiently(self.writer.write(writes)).await
    }

    async fn health(&self) -> Result<(), StorageError> {
        self.writer.health()?;
        patiently(async {
            let mut connection = self.readers.acquire().await.map_err(E::map)?;
            let answer = E::command(&mut connection, "SELECT 1").await;
            match answer {
                // A lost connection says nothing about the database: the next is a new one.
                Err(error) if E::verdict(&error) == Verdict::Lost => {
                    drop(connection.detach());
                    let mut connection = self.engine.connect().await?;
                    E::command(&mut connection, "SELECT 1")
                        .await
                        .map_err(E::map)
                }
                answer => answer.map_err(E::map),
            }
        })
        .await
    }

    async fn close(&self) {
        // The readers first: SQLite's last connection to close folds the log into the file.
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn count(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl<E: Engine + fmt::Debug> fmt::Debug for Sql<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sql").field(&self.engine).finish()
    }
}
