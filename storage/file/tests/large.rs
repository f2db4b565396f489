//! A segment of many rows: its indexes are on the disk, so that it is used without being read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use sestina_storage::{
    Backend as _, Outcome, Range, Selection, TableDescriptor, Value, Write, conformance,
};
use sestina_storage_file::Files;

const ROMEO: &str = "romeo@example.org";
/// Some 17 MB of lines.
const ROWS: i64 = 48_000;

fn list() -> &'static TableDescriptor {
    let mut tables = conformance::TABLES.iter();
    tables
        .find(|table| table.name == "conformance_list")
        .unwrap()
}

async fn open(path: &Path) -> Files {
    let backend = Files::open(path.to_str().unwrap()).await.unwrap();
    backend.prepare(conformance::TABLES, &[]).await.unwrap();
    backend
}

/// In an order that is not that of the keys.
fn seq(number: i64) -> i64 {
    number * 7919 % 100_003
}

fn row(owner: &str, number: i64) -> Vec<Value> {
    vec![
        owner.into(),
        Value::Integer(seq(number)),
        Value::Text(format!("peer{}@example.org", number % 7)),
        Value::Timestamp(number * 1000),
        Value::Bytes(vec![7; 200]),
    ]
}

fn put(owner: &str, number: i64) -> Write {
    Write::Put {
        table: list(),
        row: row(owner, number),
    }
}

fn page(name: &str, equals: &[&str], range: Range, reverse: bool) -> Selection {
    Selection {
        table: list(),
        query: list().query(name).unwrap(),
        equals: equals.iter().map(|&value| value.into()).collect(),
        range,
        search: None,
        limit: 50,
        reverse,
    }
}

fn runs(path: &Path) -> Vec<PathBuf> {
    let folder = path.join("tables").join(list().name);
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == "idx"))
        .collect()
}

/// Every page of every query is what a model says.
async fn agrees(backend: &Files, rows: &[Vec<Value>]) {
    assert_eq!(backend.count(list()).await, Ok(rows.len() as u64));
    let by = |place: usize| {
        let mut rows: Vec<&Vec<Value>> = rows.iter().collect();
        rows.sort_by(|left, right| (&left[place], &left[1]).cmp(&(&right[place], &right[1])));
        rows
    };
    let (by_seq, by_time) = (by(1), by(3));
    for step in (0..rows.len()).step_by(rows.len() / 23) {
        let rest = by_seq.iter().skip(step + 1).take(50).copied();
        let after = Range::after(by_seq[step][1].clone());
        let found = backend
            .select(&page("of_owner", &[ROMEO], after, false))
            .await
            .unwrap();
        assert!(found.iter().eq(rest), "after {step}");
        let rest = by_seq[..step].iter().rev().take(50).copied();
        let before = Range::before(by_seq[step][1].clone());
        let found = backend
            .select(&page("of_owner", &[ROMEO], before, true))
            .await
            .unwrap();
        assert!(found.iter().eq(rest), "before {step}");
        let peer = "peer3@example.org";
        let at = &by_time[step][3];
        let rest = by_time
            .iter()
            .filter(|row| row[3] >= *at && row[2] == peer.into());
        let from = Range::from(at.clone());
        let found = backend
            .select(&page("with_peer", &[ROMEO, peer], from, false))
            .await
            .unwrap();
        assert!(
            found.iter().eq(rest.take(50).copied()),
            "with a peer from {step}"
        );
        let found = backend
            .get(list(), &list().key_of(&rows[step]))
            .await
            .unwrap();
        assert!(found.as_ref() == Some(&rows[step]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn used_without_being_read() {
    let folder = tempfile::tempdir().unwrap();
    let backend = open(folder.path()).await;
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for first in (0..ROWS).step_by(2000) {
        let numbers = first..first + 2000;
        backend
            .write(numbers.clone().map(|number| put(ROMEO, number)).collect())
            .await
            .unwrap();
        rows.extend(numbers.map(|number| row(ROMEO, number)));
    }
    agrees(&backend, &rows).await;
    backend.close().await;
    assert!(!runs(folder.path()).is_empty());

    // Opened again, changed where runs know the rows, and opened once more.
    let begun = Instant::now();
    let backend = open(folder.path()).await;
    let first = backend
        .select(&page("of_owner", &[ROMEO], Range::all(), false))
        .await
        .unwrap();
    assert_eq!(first.len(), 50);
    let with_runs = begun.elapsed();
    agrees(&backend, &rows).await;
    let mut writes = Vec::new();
    for (number, row) in (0..).zip(&mut rows) {
        if number % 11 == 0 {
            row[3] = Value::Timestamp(number * 1000 + 500_000);
            row[2] = "peer3@example.org".into();
            writes.push(Write::Put {
                table: list(),
                row: row.clone(),
            });
        } else if number % 11 == 1 {
            writes.push(Write::Delete {
                table: list(),
                key: list().key_of(row),
            });
        }
    }
    let mut numbers = 0..;
    rows.retain(|_| numbers.next().is_none_or(|number: i64| number % 11 != 1));
    backend.write(writes).await.unwrap();
    let insert = Write::Insert {
        table: list(),
        row: row(ROMEO, 22),
    };
    assert!(
        backend.write(vec![insert]).await.is_err(),
        "a run knows that key"
    );
    agrees(&backend, &rows).await;
    backend.close().await;
    let backend = open(folder.path()).await;
    agrees(&backend, &rows).await;

    backend.close().await;
    for run in runs(folder.path()) {
        fs::remove_file(run).unwrap();
    }
    let begun = Instant::now();
    let backend = open(folder.path()).await;
    let read = begun.elapsed();
    assert!(with_runs < read / 2, "{with_runs:?} against {read:?}");
    agrees(&backend, &rows).await;

    // More than half goes, and the file is written anew.
    let old = Range::up_to(Value::Timestamp(40_000_000));
    let removal = Write::DeleteWhere(page("in_time", &[ROMEO], old, false));
    let before = rows.len();
    rows.retain(|row| row[3] > Value::Timestamp(40_000_000));
    let outcomes = backend.write(vec![removal]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Removed((before - rows.len()) as u64)]);
    agrees(&backend, &rows).await;
    backend.close().await;
    let backend = open(folder.path()).await;
    agrees(&backend, &rows).await;
    let erase = Write::Erase {
        table: list(),
        column: "owner",
        account: ROMEO.into(),
    };
    backend.write(vec![erase]).await.unwrap();
    backend.close().await;
    assert_eq!(runs(folder.path()), Vec::<PathBuf>::new());
}

/// Runs of a file that is not any more as it was are made again, not believed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let backend = open(folder.path()).await;
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for first in (0..20_000).step_by(2000) {
        let numbers = first..first + 2000;
        backend
            .write(numbers.clone().map(|number| put(ROMEO, number)).collect())
            .await
            .unwrap();
        rows.extend(numbers.map(|number| row(ROMEO, number)));
    }
    backend.close().await;
    assert!(!runs(folder.path()).is_empty());
    // A person takes out a line in the middle.
    let path = folder
        .path()
        .join("tables/conformance_list/o-romeo@example.org.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let needle = format!("\"seq\":{},", seq(9_000));
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains(&needle))
        .collect();
    fs::write(&path, kept.join("\n") + "\n").unwrap();
    rows.remove(9_000);
    let backend = open(folder.path()).await;
    agrees(&backend, &rows).await;
    backend.close().await;
    // Damage to the indexes costs their making again.
    for run in runs(folder.path()) {
        fs::write(run, "nothing").unwrap();
    }
    let backend = open(folder.path()).await;
    agrees(&backend, &rows).await;
    backend.close().await;
    // And so it is where they are gone.
    for run in runs(folder.path()) {
        fs::remove_file(run).unwrap();
    }
    let backend = open(folder.path()).await;
    agrees(&backend, &rows).await;
    backend.close().await;
}

/// What a process leaves that is killed: everything that was answered is there, and the runs are still believed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed");
    let backend = open(&path).await;
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for first in (0..62_000).step_by(2000) {
        let numbers = first..first + 2000;
        let writes = numbers.clone().map(|number| put(ROMEO, number));
        backend.write(writes.collect()).await.unwrap();
        rows.extend(numbers.map(|number| row(ROMEO, number)));
    }
    let copy = folder.path().join("copy");
    copy_all(&path, &copy);
    backend.close().await;
    let names = |path: &Path| {
        let names = runs(path)
            .into_iter()
            .filter_map(|path| path.file_name().map(ToOwned::to_owned));
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    };
    let before = names(&copy);
    assert!(!before.is_empty(), "there was a checkpoint");
    let backend = open(&copy).await;
    assert_eq!(backend.count(list()).await, Ok(62_000));
    let after = names(&copy);
    assert!(
        before.iter().all(|name| after.contains(name)),
        "{before:?} {after:?}"
    );
    agrees(&backend, &rows).await;
    backend.close().await;
}

/// Copies a folder with the times of its files.
fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
            continue;
        }
        fs::copy(entry.path(), &target).unwrap();
        let modified = entry.metadata().unwrap().modified().unwrap();
        let file = fs::File::options().write(true).open(&target).unwrap();
        file.set_modified(modified).unwrap();
    }
}

/// Others are served while one writes and reads a large segment, and what is being merged is right all the
/// while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_served_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Arc::new(open(folder.path()).await);
    let writing = backend.clone();
    let writer = tokio::spawn(async move {
        let mut rows = Vec::new();
        for first in (0..48_000).step_by(500) {
            let numbers = first..first + 500;
            let writes = numbers.clone().map(|number| put(ROMEO, number));
            writing.write(writes.collect()).await.unwrap();
            rows.extend(numbers.map(|number| row(ROMEO, number)));
        }
        rows
    });
    let mut longest = Duration::ZERO;
    let mut number = 0;
    while !writer.is_finished() {
        let begun = Instant::now();
        backend
            .write(vec![put("juliet@example.org", number)])
            .await
            .unwrap();
        let key = list().key_of(&row("juliet@example.org", number));
        assert!(backend.get(list(), &key).await.unwrap().is_some());
        longest = longest.max(begun.elapsed());
        number += 1;
    }
    let rows = writer.await.unwrap();
    assert!(longest < Duration::from_secs(5), "{longest:?}");
    let erase = Write::Erase {
        table: list(),
        column: "owner",
        account: "juliet@example.org".into(),
    };
    backend.write(vec![erase]).await.unwrap();
    agrees(&backend, &rows).await;
    backend.close().await;
    let backend = open(folder.path()).await;
    agrees(&backend, &rows).await;
    backend.close().await;
}
