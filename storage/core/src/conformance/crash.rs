//! Load for tests that end a server in the middle of it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};
use std::time::Duration;

use tokio::task::JoinSet;

use super::{TABLES, data, selection};
use crate::{Backend, StorageError, TableDescriptor, Value, Write};

/// How many tasks write at once.
const WRITERS: usize = 16;

/// The table that is written: rows of an owner in an order.
///
/// # Panics
/// Never: the table is one of the suite's.
pub fn table() -> &'static TableDescriptor {
    let mut tables = TABLES.iter();
    tables
        .find(|table| table.name == "conformance_list")
        .expect("a table of the suite")
}

fn row(owner: usize, seq: i64) -> Vec<Value> {
    vec![
        Value::Text(format!("owner{owner}@example.org")),
        Value::Integer(seq),
        "peer@example.org".into(),
        Value::Timestamp(seq),
        Value::Bytes(vec![7; 300]),
    ]
}

/// Tasks that insert rows in pairs, and what of it was answered.
pub struct Load {
    answered: Arc<Vec<AtomicI64>>,
    total: Arc<AtomicUsize>,
    tasks: JoinSet<StorageError>,
}

impl Load {
    /// Starts the tasks. The [table](table()) has to be prepared and empty. Each ends with the first
    /// error.
    pub fn start(backend: &Arc<dyn Backend>) -> Self {
        let answered: Arc<Vec<AtomicI64>> =
            Arc::new((0..WRITERS).map(|_| AtomicI64::new(-1)).collect());
        let total = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for owner in 0..WRITERS {
            let (backend, answered, total) = (backend.clone(), answered.clone(), total.clone());
            tasks.spawn(async move {
                let mut seq = 0;
                loop {
                    let table = table();
                    let pair = [row(owner, seq), row(owner, seq + 1)];
                    let writes = pair.map(|row| Write::Insert { table, row });
                    if let Err(error) = backend.write(writes.to_vec()).await {
                        return error;
                    }
                    answered[owner].store(seq + 1, Ordering::SeqCst);
                    total.fetch_add(1, Ordering::SeqCst);
                    seq += 2;
                }
            });
        }
        Self {
            answered,
            total,
            tasks,
        }
    }

    /// How many pairs have been answered.
    pub fn answered(&self) -> usize {
        self.total.load(Ordering::SeqCst)
    }

    /// Waits until all tasks have met their error.
    ///
    /// # Panics
    /// When one met another error than [`StorageError::Unavailable`].
    pub async fn ended(&mut self) {
        while let Some(error) = self.tasks.join_next().await {
            let error = error.expect("a writer");
            assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
        }
    }

    /// Checks that every answered pair is there, and no half of one.
    ///
    /// # Panics
    /// When it is not so.
    pub async fn check(&self, backend: &dyn Backend) {
        let table = table();
        for (owner, last) in self.answered.iter().enumerate() {
            let last = last.load(Ordering::SeqCst);
            for seq in 0..=last {
                let expected = row(owner, seq);
                let key = table.key_of(&expected);
                let found = backend.get(table, &key).await.expect("get");
                assert!(
                    found == Some(expected),
                    "row {seq} of {owner}, up to {last}"
                );
            }
        }
        let mut per_owner = [0_usize; WRITERS];
        let mut after: Option<Vec<Value>> = None;
        loop {
            let step = backend.scan(table, after.as_deref(), 1000).await;
            let step = step.expect("scan");
            for found in &step {
                let owner = (0..WRITERS).find(|&owner| row(owner, 0)[0] == found[0]);
                per_owner[owner.expect("an owner of ours")] += 1;
            }
            match step.last() {
                Some(last) => after = Some(table.key_of(last)),
                None => break,
            }
        }
        for (owner, rows) in per_owner.iter().enumerate() {
            assert_eq!(rows % 2, 0, "owner {owner} has whole pairs only");
        }
    }
}

/// Every kind of call on a backend whose server is there and does not answer ends in an error, within this time.
/// The [table](table()) has to be prepared.
///
/// # Panics
/// When one does not.
pub async fn told_in_time(backend: &Arc<dyn Backend>, time: Duration) {
    let table = table();
    let key = table.key_of(&row(0, 0));
    let all = selection(table, &table.queries[0], vec![key[0].clone()]);
    let insert = Write::Insert {
        table,
        row: row(0, 0),
    };
    let unavailable = |what: &str, answer: Result<(), StorageError>| {
        let told = matches!(answer, Err(StorageError::Unavailable(_)));
        assert!(told, "{what}: {answer:?}");
    };
    let calls = async {
        futures_util::join!(
            async { unavailable("get", backend.get(table, &key).await.map(drop)) },
            async { unavailable("select", backend.select(&all).await.map(drop)) },
            async { unavailable("scan", backend.scan(table, None, 10).await.map(drop)) },
            async { unavailable("count", backend.count(table).await.map(drop)) },
            async { unavailable("write", backend.write(vec![insert]).await.map(drop)) },
            async { unavailable("health", backend.health().await) },
        )
    };
    let told = tokio::time::timeout(time, calls).await;
    told.expect("every call ends in time");
}

/// 64 writers put the same two keys at once, each a list with a mark of its own: in the end both
/// rows have one mark, and it is the same.
///
/// # Panics
/// When no order of the writers explains what is there.
pub async fn one_state(backend: &Arc<dyn Backend>) {
    let table = table();
    let mut tasks = JoinSet::new();
    for mark in 0..64 {
        let backend = backend.clone();
        tasks.spawn(async move {
            // Half of them in the other order, so that two could wait for each other.
            let mut keys = [1, 2];
            if mark % 2 == 1 {
                keys.reverse();
            }
            let writes = keys.map(|key| Write::Put {
                table,
                row: data::row_with(table, key, mark),
            });
            backend.write(writes.to_vec()).await
        });
    }
    while let Some(answer) = tasks.join_next().await {
        answer.expect("a writer").expect("a list of puts");
    }
    let mut marks = Vec::new();
    for key in [1, 2] {
        let key = table.key_of(&data::row(table, key));
        let row = backend.get(table, &key).await.expect("get");
        let row = row.expect("a row");
        let found = (0..64).find(|&mark| row[2..] == data::row_with(table, 1, mark)[2..]);
        marks.push(found.expect("a whole row of one writer"));
    }
    assert_eq!(marks[0], marks[1], "two rows of one list");
    for key in [1, 2] {
        let key = table.key_of(&data::row(table, key));
        let removal = Write::Delete { table, key };
        backend.write(vec![removal]).await.expect("delete");
    }
}
