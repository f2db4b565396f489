//! The one that writes: a thread that commits together what arrived together.

use std::{
    io,
    sync::{Arc, PoisonError, atomic::Ordering},
    thread,
};

use sestina_storage::{Outcome, StorageError, Write};
use tokio::sync::{mpsc, oneshot};

use crate::{Shared, journal::Failed, state::State, transaction, upkeep::Job};

/// How many may wait before others have to wait to wait.
const QUEUE: usize = 1024;
/// How many lists are made durable together at most.
const BATCH: usize = 256;

type Answer = Result<Vec<Outcome>, StorageError>;

enum Request {
    Write(Vec<Write>, oneshot::Sender<Answer>),
    Close(oneshot::Sender<()>),
}

/// The way to the thread.
pub(crate) struct Writer {
    requests: mpsc::Sender<Request>,
}

fn closed() -> StorageError {
    StorageError::Unavailable("the storage is closed".into())
}

/// Why nothing is written any more.
pub(crate) fn broken() -> StorageError {
    StorageError::Unavailable(
        "the disk did not say whether the last changes are durable: open the storage again".into(),
    )
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(shared: Arc<Shared>) -> io::Result<Self> {
        let (requests, receiver) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("file-storage".into())
            .spawn(move || run(&shared, receiver))?;
        Ok(Self { requests })
    }

    /// Does a list of changes, durably.
    pub(crate) async fn write(&self, writes: Vec<Write>) -> Answer {
        let (answer, answered) = oneshot::channel();
        let request = Request::Write(writes, answer);
        self.requests.send(request).await.map_err(|_| closed())?;
        answered.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Finishes what has been accepted and closes the files.
    pub(crate) async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        if self.requests.send(Request::Close(answer)).await.is_ok() {
            // Closed by another caller in between: as well.
            let _ = answered.await;
        }
    }
}

/// Starts the thread that merges runs while others read and write, and gives the way to it. It ends when the state
/// goes, which has it.
pub(crate) fn merger(shared: Arc<Shared>) -> io::Result<std::sync::mpsc::Sender<Job>> {
    let (sender, jobs) = std::sync::mpsc::channel::<Job>();
    thread::Builder::new()
        .name("file-storage-merge".into())
        .spawn(move || {
            for job in jobs {
                let done = job
                    .run()
                    .map_err(StorageError::unavailable)
                    .and_then(|new| shared.with(|state| state.merged(&job, &new)));
                if let Err(error) = done {
                    tracing::debug!(%error, "indexes stay unmerged");
                }
            }
        })?;
    Ok(sender)
}

fn run(shared: &Shared, mut requests: mpsc::Receiver<Request>) {
    let mut close = Vec::new();
    while let Some(first) = requests.blocking_recv() {
        let mut batch = Vec::new();
        let mut next = Some(first);
        while let Some(request) = next {
            match request {
                Request::Write(writes, answer) => batch.push((writes, answer)),
                Request::Close(answer) => {
                    close.push(answer);
                    requests.close();
                }
            }
            next = (batch.len() < BATCH)
                .then(|| requests.try_recv().ok())
                .flatten();
        }
        commit(shared, batch);
    }
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(mut state) = state.take()
        && !shared.broken.load(Ordering::SeqCst)
        && let Err(error) = state.checkpoint()
    {
        tracing::warn!(%error, "the journal stays: it is read at the next start");
    }
    drop(state);
    for answer in close {
        // Whoever asked may be gone.
        let _ = answer.send(());
    }
}

/// Commits what arrived together and answers each.
fn commit(shared: &Shared, batch: Vec<(Vec<Write>, oneshot::Sender<Answer>)>) {
    if batch.is_empty() {
        return;
    }
    let (lists, waiting): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    let count = waiting.len();
    let answers = shared.with(|state| Ok(answers(shared, state, lists)));
    let answers = answers.unwrap_or_else(|error| vec![Err(error); count]);
    for (answer, waiting) in answers.into_iter().zip(waiting) {
        // Whoever asked may have given up.
        let _ = waiting.send(answer);
    }
    if shared.broken.load(Ordering::SeqCst) {
        return;
    }
    if let Err(error) = shared.with(State::tidy) {
        tracing::warn!(%error, "the segments stay behind the journal for now");
    }
}

fn answers(shared: &Shared, state: &mut State, lists: Vec<Vec<Write>>) -> Vec<Answer> {
    if shared.broken.load(Ordering::SeqCst) {
        return vec![Err(broken()); lists.len()];
    }
    let count = lists.len();
    let mut lines = String::new();
    let mut answers: Vec<Answer> = Vec::with_capacity(count);
    for writes in lists {
        match transaction::apply(state, writes) {
            Ok((line, outcomes)) => {
                lines.push_str(&line);
                answers.push(Ok(outcomes));
            }
            Err(error @ (StorageError::Conflict | StorageError::Unsupported(_))) => {
                answers.push(Err(error));
            }
            Err(error) => {
                state.take_back();
                return vec![Err(error); count];
            }
        }
    }
    match state.commit(&lines) {
        Ok(()) => answers,
        Err(Failed::Undone(error)) => vec![Err(error); count],
        Err(Failed::Unknown(error)) => {
            tracing::error!(%error, "nothing more is written");
            shared.broken.store(true, Ordering::SeqCst);
            vec![Err(error); count]
        }
    }
}
