//! `sestina storage check` where somebody has damaged values behind the server's back: each is named by its table and
//! row, whatever the database, and the rows beside it are counted as what they are.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rows;

use std::process::{Command, Output, Stdio};

use ::mongodb::bson::{Document, doc};
use rows::{ROMEO, fill, long};
use sestina_interop::database::backing::{Backing, installed};
use sestina_interop::ready;
use sestina_types::{MIGRATIONS, TABLES};

const BINARY: &str = env!("CARGO_BIN_EXE_sestina");

fn check(url: &str) -> Output {
    let mut command = Command::new(BINARY);
    command.args(["storage", "check", "--storage", url]);
    let command = command.env_remove("RUST_LOG").stdin(Stdio::null());
    command.output().unwrap()
}

/// Does what somebody does who has the password of the database.
fn tamper(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// Nothing is wrong, then these things are and nothing else.
async fn finds(url: &str, wanted: &[&str], damage: impl AsyncFnOnce()) {
    let backend = rows::open(url).await;
    backend.prepare(TABLES, MIGRATIONS).await.unwrap();
    let total = fill(&*backend, TABLES).await;
    backend.close().await;
    let before = check(url);
    let told = String::from_utf8_lossy(&before.stdout);
    assert!(before.status.success(), "{told}");
    assert!(told.contains(&format!("{total} rows")), "{told}");
    damage().await;
    let after = check(url);
    assert!(!after.status.success());
    let told = String::from_utf8(after.stdout).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), wanted.len(), "{told}");
    for (line, wanted) in lines.iter().zip(wanted) {
        assert!(line.starts_with(wanted), "{line}\n{wanted}");
        let row = line.contains(": row ");
        assert_eq!(row, line.contains("not as expected"), "{line}");
    }
    let said = String::from_utf8(after.stderr).unwrap();
    let findings = format!("{} findings", wanted.len());
    assert!(said.contains(&findings), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let ready = ready!("storage_damage::postgres", installed("postgres"));
    let backing = Backing::start("postgres", &ready, false).unwrap();
    let url = backing.url();
    let moved = format!(
        "table roster: row {:?} \"text 1\": ",
        long().replace('n', "m")
    );
    // A value is gone that has to be there; a long address does not fit what stands for it in the key.
    let wanted = ["table users: row \"romeo@example.org\": ", &moved];
    finds(url, &wanted, async || {
        let other = long().replace('n', "m");
        tamper(
            Command::new("psql")
                .args([url, "-qX", "-v", "ON_ERROR_STOP=1", "-c"])
                .arg(format!(
                    "ALTER TABLE users ALTER COLUMN created DROP NOT NULL; \
             UPDATE users SET created = NULL WHERE account = '{ROMEO}'; \
             UPDATE roster SET \"owner$long\" = '{other}' WHERE \"owner$long\" IS NOT NULL"
                )),
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql() {
    let ready = ready!("storage_damage::mysql", installed("mysql"));
    let backing = Backing::start("mysql", &ready, false).unwrap();
    let url = backing.url();
    // Octets that are no text, in a column of text and in a key.
    let wanted = ["table roster: row \"romeo@example.org\" \"text 0\": "];
    finds(url, &wanted, async || {
        let rest = url.strip_prefix("mysql://root@127.0.0.1:").unwrap();
        let (port, name) = rest.split_once('/').unwrap();
        tamper(
            Command::new("mariadb")
                .args(["--no-defaults", "-h", "127.0.0.1", "-u", "root", "-P", port])
                .args(["--protocol=tcp", name, "-e"])
                .arg(format!(
                    "UPDATE roster SET subscription = x'ff' WHERE owner = '{ROMEO}'"
                )),
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis() {
    let ready = ready!("storage_damage::redis", installed("redis"));
    let backing = Backing::start("redis", &ready, false).unwrap();
    let url = backing.url();
    // What is no row, a row that is another's, a row that is gone from beside its key.
    let wanted = [
        "table users: row \"example.org\": ",
        "table users: row \"juliet@example.org\": ",
        "table roster: row \"romeo@example.org\" \"text 0\": ",
        "table roster: 4 rows are counted",
    ];
    let lua = "local users = redis.call('ZRANGE', '{sestina}:users:keys', 0, -1) \
         local other = redis.call('HGET', '{sestina}:users:rows', users[4]) \
         redis.call('HSET', '{sestina}:users:rows', users[1], 'nobody wrote this') \
         redis.call('HSET', '{sestina}:users:rows', users[2], other) \
         for _, key in ipairs(redis.call('ZRANGE', '{sestina}:roster:keys', 0, -1)) do \
           if string.find(key, 'romeo') then redis.call('HDEL', '{sestina}:roster:rows', key) end \
         end";
    finds(url, &wanted, async || {
        tamper(Command::new("redis-cli").args(["-e", "-u", url, "EVAL", lua, "0"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mongodb() {
    let ready = ready!("storage_damage::mongodb", installed("mongodb"));
    let backing = Backing::start("mongodb", &ready, false).unwrap();
    let url = backing.url();
    // A number where a text belongs, and a row that says of itself it was another's.
    let wanted = [
        "table users: row \"romeo@example.org\": ",
        "table roster: row \"romeo@example.org\" \"text 0\": ",
    ];
    finds(url, &wanted, async || {
        let client = ::mongodb::Client::with_uri_str(url).await.unwrap();
        let database = client.database("sestina");
        for (table, filter, change) in [
            (
                "users",
                doc! { "account": ROMEO },
                doc! { "created": "yesterday" },
            ),
            (
                "roster",
                doc! { "owner": ROMEO },
                doc! { "owner": "mercutio@example.org" },
            ),
        ] {
            let rows = database.collection::<Document>(table);
            let done = rows.update_one(filter, doc! { "$set": change }).await;
            assert_eq!(done.unwrap().modified_count, 1, "{table}");
        }
    })
    .await;
}
