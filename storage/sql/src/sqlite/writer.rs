//! The task that writes.

use sestina_storage::{Outcome, StorageError, Value, Write};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{mpsc, oneshot};

use super::{Tables, errors, lookup, migrate, values};
use crate::statements::parameters;

/// How many may wait for the writer. Who comes after them waits before the queue, and gives up
/// when its patience ends.
const QUEUE: usize = 4096;
/// The most that are committed together: bounds how long the first of them waits for the last.
const GROUP: usize = 512;

/// One atomic list of changes and who waits for it.
struct Job {
    writes: Vec<Write>,
    answer: oneshot::Sender<Answer>,
}

type Answer = Result<Vec<Outcome>, StorageError>;

enum Message {
    Job(Job),
    Close(oneshot::Sender<()>),
}

/// A handle on the task. The task ends, and closes its connection, when the handle is dropped.
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
}

impl Writer {
    /// Starts the task.
    pub(super) fn start(
        connection: SqliteConnection,
        options: SqliteConnectOptions,
        tables: Tables,
    ) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let task = Task {
            connection: Some(connection),
            options,
            tables,
        };
        tokio::spawn(task.run(jobs));
        Self { queue }
    }

    /// Queues the changes and waits until they are durable.
    pub(super) async fn write(&self, writes: Vec<Write>) -> Answer {
        let (answer, done) = oneshot::channel();
        let job = Message::Job(Job { writes, answer });
        self.queue.send(job).await.map_err(|_| closed())?;
        done.await.map_err(|_| closed())?
    }

    /// Whether the task is there.
    pub(super) fn health(&self) -> Result<(), StorageError> {
        if self.queue.is_closed() {
            Err(closed())
        } else {
            Ok(())
        }
    }

    /// Lets the task finish what is queued and waits for its end.
    pub(super) async fn close(&self) {
        let (answer, done) = oneshot::channel();
        if self.queue.send(Message::Close(answer)).await.is_ok() {
            // An error means that it has ended already.
            let _ = done.await;
        }
    }
}

fn closed() -> StorageError {
    StorageError::Unavailable("the database is closed".into())
}

struct Task {
    /// None after an error that left it in doubt: the next group opens a new one.
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
    tables: Tables,
}

/// Why a job was not done.
enum Failure {
    /// It alone failed.
    Job(StorageError),
    /// The transaction is lost, and all that was in it.
    Group(StorageError),
}

impl Task {
    async fn run(mut self, mut jobs: mpsc::Receiver<Message>) {
        let mut messages = Vec::with_capacity(GROUP);
        let mut group = Vec::with_capacity(GROUP);
        let mut closers = Vec::new();
        while jobs.recv_many(&mut messages, GROUP).await > 0 {
            for message in messages.drain(..) {
                match message {
                    Message::Job(job) => group.push(job),
                    Message::Close(closer) => {
                        jobs.close();
                        closers.push(closer);
                    }
                }
            }
            if !group.is_empty() {
                self.commit(&mut group).await;
            }
        }
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "closing the database");
        }
        for closer in closers {
            // Whoever asked may have stopped waiting.
            let _ = closer.send(());
        }
    }

    /// Writes a group in one transaction, and answers everybody after its commit.
    async fn commit(&mut self, group: &mut Vec<Job>) {
        // Who has stopped waiting before anything was done need not be served: nothing was promised.
        group.retain(|job| !job.answer.is_closed());
        if group.is_empty() {
            return;
        }
        let mut done = Vec::with_capacity(group.len());
        match self.transact(group, &mut done).await {
            Ok(()) => {
                for (job, answer) in group.drain(..).zip(done) {
                    let _ = job.answer.send(answer);
                }
            }
            Err(error) => {
                tracing::error!(%error, writes = group.len(), "nothing of a group of writes was stored");
                for job in group.drain(..) {
                    let _ = job.answer.send(Err(error.clone()));
                }
            }
        }
    }

    async fn transact(
        &mut self,
        group: &mut [Job],
        done: &mut Vec<Answer>,
    ) -> Result<(), StorageError> {
        // Taken out, so that an early return leaves none behind: what is in doubt is not used again.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => migrate::connect(&self.options).await.map_err(errors::map)?,
        };
        command(&mut connection, "BEGIN IMMEDIATE").await?;
        for job in group {
            match self
                .job(&mut connection, std::mem::take(&mut job.writes))
                .await
            {
                Ok(outcomes) => done.push(Ok(outcomes)),
                Err(Failure::Job(error)) => done.push(Err(error)),
                Err(Failure::Group(error)) => {
                    // SQLite may have done this itself, which makes it an error that says nothing.
                    let _ = command(&mut connection, "ROLLBACK").await;
                    return Err(error);
                }
            }
        }
        if let Err(error) = command(&mut connection, "COMMIT").await {
            let _ = command(&mut connection, "ROLLBACK").await;
            return Err(error);
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// One job. A single statement is undone by SQLite when it fails; a list needs a savepoint.
    async fn job(
        &self,
        connection: &mut SqliteConnection,
        writes: Vec<Write>,
    ) -> Result<Vec<Outcome>, Failure> {
        let list = writes.len() > 1;
        if list {
            savepoint(connection, "SAVEPOINT job").await?;
        }
        let mut outcomes = Vec::with_capacity(writes.len());
        for write in writes {
            match self.one(connection, write).await {
                Ok(outcome) => outcomes.push(outcome),
                Err(Failure::Job(error)) => {
                    if list {
                        savepoint(connection, "ROLLBACK TO job").await?;
                        savepoint(connection, "RELEASE job").await?;
                    }
                    return Err(Failure::Job(error));
                }
                Err(failure) => return Err(failure),
            }
        }
        if list {
            savepoint(connection, "RELEASE job").await?;
        }
        Ok(outcomes)
    }

    async fn one(
        &self,
        connection: &mut SqliteConnection,
        write: Write,
    ) -> Result<Outcome, Failure> {
        let statements = lookup(&self.tables, write.table()).map_err(Failure::Job)?;
        let stores = matches!(write, Write::Put { .. } | Write::Insert { .. });
        let (text, bound) = match write {
            Write::Put { row, .. } => (statements.put.clone(), row),
            Write::Insert { row, .. } => (statements.insert.clone(), row),
            Write::Delete { key, .. } => (statements.delete.clone(), key),
            Write::DeleteWhere(selection) => (
                statements.delete_where(&selection),
                parameters(&selection).cloned().collect(),
            ),
            Write::Erase { account, .. } => match &statements.erase {
                Some(text) => (text.clone(), vec![Value::Text(account)]),
                None => return Ok(Outcome::Removed(0)),
            },
        };
        let query = bound
            .into_iter()
            .fold(values::statement(text), values::bind);
        match query.execute(connection).await {
            Ok(_) if stores => Ok(Outcome::Stored),
            Ok(result) => Ok(Outcome::Removed(result.rows_affected())),
            Err(error) if errors::only_the_statement(&error) => {
                Err(Failure::Job(errors::map(error)))
            }
            Err(error) => Err(Failure::Group(errors::map(error))),
        }
    }
}

async fn savepoint(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), Failure> {
    command(connection, sql).await.map_err(Failure::Group)
}

async fn command(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), StorageError> {
    let done = sqlx::query(sql).execute(connection).await;
    done.map(drop).map_err(errors::map)
}
