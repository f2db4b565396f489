//! The server is killed in the middle of its work: what it acknowledged is there when it is back.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acknowledged;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use acknowledged::{all_are_heard, connect};
use sestina::session::mux::Empty;
use sestina::types::xep_0199::Ping;
use sestina::wire::Jid;
use sestina_interop::database::backing::{Backing, installed};
use sestina_interop::peer::Peer;
use sestina_interop::ready;
use sestina_interop::sestina::Sestina;
use tokio::sync::{Barrier, mpsc};

const ACCOUNTS: &[(&str, &str)] = &[("romeo", "secret-1"), ("juliet", "secret-2")];

/// How many clients send at once.
const SENDERS: usize = 4;

/// Sends messages to an account that is away until the session ends. A server answers what comes on
/// a stream in order, so the answer to a ping says that it is done with the messages before; those
/// are told as acknowledged.
async fn send(
    peer: Peer,
    sender: usize,
    all: Arc<Barrier>,
    acknowledged: mpsc::UnboundedSender<String>,
) {
    let (romeo, _events) = connect(&peer, 0, &format!("sender-{sender}"))
        .await
        .unwrap();
    all.wait().await;
    let juliet = Jid::parse(&peer.jid(1)).unwrap();
    let host = Jid::parse(&peer.domain).unwrap();
    for batch in 0.. {
        let texts: Vec<String> = (0..3)
            .map(|number| format!("message {sender}-{batch}-{number}"))
            .collect();
        for text in &texts {
            if romeo.say(&juliet, text.as_str()).await.is_err() {
                return;
            }
        }
        let answer: Result<Empty, _> = romeo.get(&host, &Ping::default()).await;
        if answer.is_err() {
            return;
        }
        for text in texts {
            acknowledged.send(text).unwrap();
        }
    }
}

async fn keeps_what_it_acknowledged(backend: &str) {
    let ready = ready!(&format!("killed::{backend}"), installed(backend));
    let backing = Backing::start(backend, &ready, false).unwrap();
    let settings = format!("storage = \"{}\"", backing.url());
    let binary = Path::new(env!("CARGO_BIN_EXE_sestina"));
    let mut server = Sestina::start(binary, "localhost", ACCOUNTS, &settings).unwrap();
    let (told, mut acknowledged) = mpsc::unbounded_channel();
    let all = Arc::new(Barrier::new(SENDERS));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (all, told) = (Arc::clone(&all), told.clone());
            tokio::spawn(send(server.peer.clone(), sender, all, told))
        })
        .collect();
    drop(told);
    let mut sent = HashSet::new();
    while let Some(text) = acknowledged.recv().await {
        sent.insert(text);
        if sent.len() == 90 {
            // In the middle of what all of them send. What is still told afterwards counts too.
            server.restart("KILL").unwrap();
        }
    }
    for sender in senders {
        sender.await.unwrap();
    }
    assert!(sent.len() >= 90);

    all_are_heard(&server.peer, &sent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    keeps_what_it_acknowledged("sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_file() {
    keeps_what_it_acknowledged("file").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    keeps_what_it_acknowledged("postgres").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_mysql() {
    keeps_what_it_acknowledged("mysql").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_mongodb() {
    keeps_what_it_acknowledged("mongodb").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_redis() {
    keeps_what_it_acknowledged("redis").await;
}
