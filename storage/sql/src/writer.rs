//! The task that writes.
//!
//! Whatever is to be written while a commit is under way is committed together next, so that the cost of
//! making data durable is shared by all who wait for it.

use std::{sync::Arc, time::Duration};

use sestina_storage::{Outcome, StorageError, Write};
use sqlx::Connection as _;
use tokio::sync::{mpsc, oneshot};

use crate::{
    Tables,
    backend::lookup,
    engine::{Connection, Engine, Verdict},
    statements,
    together::together,
};

/// How many may wait for the writer. Who comes after them waits before the queue, and gives up
/// when its patience ends.
const QUEUE: usize = 4096;
/// The most that are committed together: bounds how long the first of them waits for the last. Rows of one account that are
/// committed together share the pages that are written for them.
const GROUP: usize = 2048;
/// How often a group is tried that others are in the way of, or that lost its connection.
const TRIES: u32 = 5;

/// One atomic list of changes and who waits for it.
pub(crate) struct Job {
    pub(crate) writes: Vec<Write>,
    answer: oneshot::Sender<Answer>,
}

pub(crate) type Answer = Result<Vec<Outcome>, StorageError>;

enum Message {
    Job(Job),
    Close(oneshot::Sender<()>),
}

/// A handle on the task. The task ends, and closes its connection, when the handle is dropped.
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
}

impl Writer {
    /// Starts the task; what takes longer than `patience` it gives up.
    pub(crate) fn start<E: Engine>(
        engine: Arc<E>,
        connection: Connection<E>,
        tables: Tables,
        patience: Duration,
    ) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let task = Task {
            connection: Some(connection),
            engine,
            tables,
            patience,
        };
        tokio::spawn(task.run(jobs));
        Self { queue }
    }

    /// Queues the changes and waits until they are durable.
    pub(crate) async fn write(&self, writes: Vec<Write>) -> Answer {
        let (answer, done) = oneshot::channel();
        let job = Message::Job(Job { writes, answer });
        self.queue.send(job).await.map_err(|_| closed())?;
        done.await.map_err(|_| closed())?
    }

    /// Whether the task is there.
    pub(crate) fn health(&self) -> Result<(), StorageError> {
        if self.queue.is_closed() {
            Err(closed())
        } else {
            Ok(())
        }
    }

    /// Lets the task finish what is queued and waits for its end.
    pub(crate) async fn close(&self) {
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

struct Task<E: Engine> {
    /// None after an error that left it in doubt: the next group opens a new one.
    connection: Option<Connection<E>>,
    engine: Arc<E>,
    tables: Tables,
    patience: Duration,
}

/// How the changes of a group are done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As if nobody could be at fault: rows that go into one table one after another go in one statement.
    Together,
    /// Each job by itself.
    Apart,
}

/// Why a transaction was not done.
pub(crate) enum Failure {
    /// One of its jobs is at fault: the others go without it.
    Fault(StorageError),
    /// It can be tried again: nothing of it was done.
    Again(StorageError),
    /// The database cannot, or nobody knows whether it did.
    Final(StorageError),
}

impl<E: Engine> Task<E> {
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
            self.serve(&mut group).await;
        }
        if let Some(connection) = self.connection.take() {
            let end = tokio::time::timeout(self.patience, connection.close());
            if let Ok(Err(error)) = end.await {
                tracing::warn!(%error, "closing the database");
            }
        }
        for closer in closers {
            // Whoever asked may have stopped waiting.
            let _ = closer.send(());
        }
    }

    /// Writes a group in one transaction, and answers everybody after its commit.
    async fn serve(&mut self, group: &mut Vec<Job>) {
        // Who has stopped waiting before anything was done need not be served: nothing was promised.
        group.retain(|job| !job.answer.is_closed());
        if group.is_empty() {
            return;
        }
        match self.commit(group).await {
            Ok(answers) => {
                for (job, answer) in group.drain(..).zip(answers) {
                    let _ = job.answer.send(answer);
                }
            }
            Err(Failure::Fault(_)) if group.len() > 1 => {
                for job in group.drain(..) {
                    let answer = self.commit(std::slice::from_ref(&job)).await;
                    let answer = answer.map(|mut answers| answers.pop());
                    let _ = job.answer.send(match answer {
                        Ok(answer) => answer.unwrap_or_else(|| Err(closed())),
                        Err(failure) => Err(failure.into()),
                    });
                }
            }
            Err(failure) => {
                let told = matches!(failure, Failure::Fault(_));
                let error = StorageError::from(failure);
                if !told {
                    tracing::error!(%error, writes = group.len(), "nothing of a group of writes was stored");
                }
                for job in group.drain(..) {
                    let _ = job.answer.send(Err(error.clone()));
                }
            }
        }
    }

    /// One transaction, tried again where that is safe and may help.
    async fn commit(&mut self, group: &[Job]) -> Result<Vec<Answer>, Failure> {
        let late = || Failure::Final(StorageError::Unavailable("no answer in time".into()));
        let patience = self.patience;
        let work = async {
            let mut tries = 0;
            let mut way = match group {
                [job] if job.writes.len() < 2 => Way::Apart,
                _ => Way::Together,
            };
            loop {
                match self.transact(group, way).await {
                    // Nothing of it was done, and who is at fault only shows one by one.
                    Err(Failure::Fault(_)) if way == Way::Together => way = Way::Apart,
                    Err(Failure::Again(error)) if tries < TRIES => {
                        tries += 1;
                        tracing::debug!(%error, tries, "writing again");
                        tokio::time::sleep(Duration::from_millis(10 << tries)).await;
                    }
                    // The connection is lost again and again: by what one of them sends?
                    Err(Failure::Again(error)) if group.len() > 1 => {
                        return Err(Failure::Fault(error));
                    }
                    done => return done,
                }
            }
        };
        // What was taken out of `self` is dropped with the work: the next group opens a new one.
        tokio::time::timeout(patience, work)
            .await
            .unwrap_or_else(|_| Err(late()))
    }

    async fn transact(&mut self, group: &[Job], way: Way) -> Result<Vec<Answer>, Failure> {
        // Taken out, so that an early return leaves none behind: what is in doubt is not used again.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.engine.connect().await.map_err(Failure::Final)?,
        };
        if let Err(error) = E::command(&mut connection, E::BEGIN).await {
            return Err(undone::<E>(error));
        }
        let (tables, largest) = (&self.tables, self.engine.largest());
        let answers = match way {
            Way::Together => together::<E>(tables, largest, &mut connection, group).await,
            Way::Apart => apart::<E>(tables, largest, &mut connection, group).await,
        };
        let answers = match answers {
            Ok(answers) => answers,
            Err(failure) => {
                // The database may have done this itself, which makes it an error that says
                // nothing.
                if E::command(&mut connection, "ROLLBACK").await.is_ok()
                    && !matches!(failure, Failure::Final(_))
                {
                    self.connection = Some(connection);
                }
                return Err(failure);
            }
        };
        if let Err(error) = E::command(&mut connection, "COMMIT").await {
            let verdict = E::verdict(&error);
            let rolled_back = E::command(&mut connection, "ROLLBACK").await.is_ok();
            let error = E::map(error);
            return Err(match verdict {
                Verdict::Again if rolled_back => Failure::Again(error),
                _ => Failure::Final(match error {
                    StorageError::Unavailable(_) => error,
                    other => StorageError::unavailable(other),
                }),
            });
        }
        self.connection = Some(connection);
        Ok(answers)
    }
}

/// The jobs one after another, each with its own fate.
async fn apart<E: Engine>(
    tables: &Tables,
    largest: usize,
    connection: &mut Connection<E>,
    group: &[Job],
) -> Result<Vec<Answer>, Failure> {
    let mut answers = Vec::with_capacity(group.len());
    for job in group {
        answers.push(
            match done::<E>(tables, largest, connection, &job.writes).await {
                Ok(outcomes) => Ok(outcomes),
                Err(Undone::Job(error)) => Err(error),
                Err(Undone::All(failure)) => return Err(failure),
            },
        );
    }
    Ok(answers)
}

/// One job. A single statement is undone by the database when it fails; a list needs a savepoint.
async fn done<E: Engine>(
    tables: &Tables,
    largest: usize,
    connection: &mut Connection<E>,
    writes: &[Write],
) -> Result<Vec<Outcome>, Undone> {
    let list = writes.len() > 1;
    let command = async |connection: &mut Connection<E>, sql: &str| {
        let done = E::command(connection, sql).await;
        done.map_err(|error| Undone::All(undone::<E>(error)))
    };
    if list {
        command(connection, "SAVEPOINT job").await?;
    }
    let mut outcomes = Vec::with_capacity(writes.len());
    for write in writes {
        match one::<E>(tables, largest, connection, write).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(Undone::Job(error)) => {
                if list {
                    command(connection, "ROLLBACK TO SAVEPOINT job").await?;
                    command(connection, "RELEASE SAVEPOINT job").await?;
                }
                return Err(Undone::Job(error));
            }
            // The savepoint saves what came before the list.
            Err(Undone::All(Failure::Fault(error))) if list => {
                command(connection, "ROLLBACK TO SAVEPOINT job").await?;
                command(connection, "RELEASE SAVEPOINT job").await?;
                return Err(Undone::Job(error));
            }
            Err(all) => return Err(all),
        }
    }
    if list {
        command(connection, "RELEASE SAVEPOINT job").await?;
    }
    Ok(outcomes)
}

pub(crate) async fn one<E: Engine>(
    tables: &Tables,
    largest: usize,
    connection: &mut Connection<E>,
    write: &Write,
) -> Result<Outcome, Undone> {
    let statements = lookup(tables, write.table()).map_err(Undone::Job)?;
    if let Write::DeleteWhere(selection) = write
        && selection.search.is_some()
    {
        let text = "the removal of what a search finds";
        return Err(Undone::Job(StorageError::Unsupported(text.into())));
    }
    let Some(statement) = statements.write(write) else {
        return Ok(Outcome::Removed(0));
    };
    statements::check(&statement.parameters, largest).map_err(Undone::Job)?;
    match E::execute(connection, &statement).await {
        Ok(0) if matches!(write, Write::Insert { .. }) => Err(Undone::Job(StorageError::Conflict)),
        Ok(_) if matches!(write, Write::Put { .. } | Write::Insert { .. }) => Ok(Outcome::Stored),
        Ok(rows) => Ok(Outcome::Removed(rows)),
        Err(error) if E::GOES_ON && E::verdict(&error) == Verdict::Statement => {
            Err(Undone::Job(E::map(error)))
        }
        Err(error) => Err(Undone::All(undone::<E>(error))),
    }
}

/// Why a job was not done.
pub(crate) enum Undone {
    /// It alone failed, and nothing of it is left.
    Job(StorageError),
    /// The transaction is lost, and all that was in it.
    All(Failure),
}

/// What follows from an error before the commit: nothing was done.
pub(crate) fn undone<E: Engine>(error: sqlx::Error) -> Failure {
    let verdict = E::verdict(&error);
    let error = E::map(error);
    match verdict {
        Verdict::Statement => Failure::Fault(error),
        Verdict::Again | Verdict::Lost => Failure::Again(error),
        Verdict::Unable => Failure::Final(error),
    }
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Fault(error) | Failure::Again(error) | Failure::Final(error) => error,
        }
    }
}
