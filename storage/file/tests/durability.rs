//! What has been answered is there after the process was killed in the middle of its writing.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use sestina_storage::{Backend as _, StorageError, TableDescriptor, Value, Write, conformance};
use sestina_storage_file::Files;

/// Where the writing process finds the folder; only there is the ignored test below of use.
const PATH: &str = "SESTINA_TEST_FOLDER";
/// How many tasks write at once.
const TASKS: i64 = 16;

fn table() -> &'static TableDescriptor {
    let name = "conformance_list";
    let mut tables = conformance::TABLES.iter();
    tables.find(|table| table.name == name).unwrap()
}

fn row(owner: i64, seq: i64) -> Vec<Value> {
    vec![
        Value::Text(format!("owner{owner}@example.org")),
        Value::Integer(seq),
        "peer@example.org".into(),
        Value::Timestamp(seq),
        Value::Bytes(vec![7; 300]),
    ]
}

async fn open(path: &Path) -> Files {
    let backend = Files::open(path.to_str().unwrap()).await.unwrap();
    backend.prepare(&[table()], &[]).await.unwrap();
    backend
}

/// The writing process: never ends by itself but when the storage fails. Says what was answered,
/// one line each, and writes rows in pairs so that a half-done list would be seen.
#[test]
#[ignore = "started by the other tests as a process to kill"]
fn writer() {
    let Ok(path) = std::env::var(PATH) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let backend = Arc::new(open(path.as_ref()).await);
        let mut tasks = Vec::new();
        for owner in 0..TASKS {
            let backend = backend.clone();
            tasks.push(tokio::spawn(async move {
                for pair in 0.. {
                    let pair = [row(owner, 2 * pair), row(owner, 2 * pair + 1)];
                    let seq = pair[1][1].clone();
                    let table = table();
                    let writes = pair.map(|row| Write::Insert { table, row });
                    match backend.write(writes.to_vec()).await {
                        Ok(_) => println!("\nstored {owner} {seq:?}"),
                        Err(StorageError::Unavailable(text)) => {
                            println!("\nfailed {text}");
                            // What is there can still be read.
                            let key = [row(owner, 0)[0].clone(), Value::Integer(0)];
                            let first = backend.get(table, &key).await;
                            println!("\nread {}", first.is_ok_and(|row| row.is_some()));
                            return;
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        std::io::stdout().flush().unwrap();
    });
}

fn start(path: &Path, shell: &str) -> Child {
    Command::new("/bin/sh")
        .arg("-c")
        .arg(format!("{shell} exec \"$0\" \"$@\""))
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "writer", "--nocapture"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The last pair's second number, by owner, from a line that says what was stored.
fn stored(line: &str) -> Option<(usize, i64)> {
    let mut words = line.strip_prefix("stored ")?.split(' ');
    let owner = words.next()?.parse().ok()?;
    let seq = words.next()?.strip_prefix("Integer(")?.strip_suffix(')')?;
    Some((owner, seq.parse().ok()?))
}

async fn check(path: &Path, answered: &[i64]) {
    let backend = open(path).await;
    for (owner, last) in (0..).zip(answered) {
        for seq in 0..=*last {
            let expected = row(owner, seq);
            let key = table().key_of(&expected);
            let found = backend.get(table(), &key).await.unwrap();
            assert!(found == Some(expected), "row {seq} of {owner}");
        }
    }
    // A list of changes is there whole or not at all, answered or not.
    let all = backend.scan(table(), None, u32::MAX).await.unwrap();
    let by_owner = |owner: i64| {
        let name = row(owner, 0)[0].clone();
        all.iter().filter(|row| row[0] == name).count()
    };
    for owner in 0..TASKS {
        assert_eq!(by_owner(owner) % 2, 0, "owner {owner} has whole pairs only");
    }
    backend.close().await;
}

#[tokio::test]
async fn killed_while_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut answered = vec![-1; usize::try_from(TASKS).unwrap()];
    // Killed at two different moments; the second process inserts other rows on top.
    let mut child = start(&path, "");
    let mut lines = 0;
    let output = BufReader::new(child.stdout.take().unwrap());
    for line in output.lines() {
        if let Some((owner, seq)) = stored(&line.unwrap()) {
            answered[owner] = seq;
            lines += 1;
            if lines == 400 {
                // What it still says afterwards counts too: it was answered.
                child.kill().unwrap();
            }
        }
    }
    child.wait().unwrap();
    assert!(lines >= 400, "only {lines} writes were answered");
    check(&path, &answered).await;
}

#[tokio::test]
async fn a_full_disk_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    // No file may grow beyond a bound: what the system answers then is what a full disk gives. The
    // signal that goes with it is ignored.
    let mut child = start(&path, "trap '' XFSZ; ulimit -f 2000;");
    let mut answered = vec![-1; usize::try_from(TASKS).unwrap()];
    let (mut failed, mut read) = (0, 0);
    let output = BufReader::new(child.stdout.take().unwrap());
    for line in output.lines() {
        let line = line.unwrap();
        if let Some((owner, seq)) = stored(&line) {
            answered[owner] = seq;
        }
        failed += usize::from(line.starts_with("failed "));
        read += usize::from(line == "read true");
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(failed, 16, "every writer was told");
    assert_eq!(read, 16, "what is there can be read");
    assert!(answered.iter().all(|&last| last > 0));
    check(&path, &answered).await;
}
