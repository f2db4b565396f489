//! The database goes away under a running server, or has no room any more: who needs it is told, everybody else is
//! served, and when it is back all goes on, with everything that was acknowledged.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "../acknowledged/mod.rs"]
mod acknowledged;
mod full_disk;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use acknowledged::{all_are_heard, connect};
use sestina::client::{Client, Event, Events, RequestError};
use sestina::session::mux::Empty;
use sestina::types::rfc_6121::client::Body;
use sestina::types::rfc_6121::roster::Item;
use sestina::types::xep_0199::Ping;
use sestina::wire::{BareJid, Condition, ErrorKind, Jid, Stanza, StanzaError, StanzaType};
use sestina_interop::database::backing::{Backing, installed};
use sestina_interop::peer::Peer;
use sestina_interop::ready;
use sestina_interop::sestina::Sestina;

const ACCOUNTS: &[(&str, &str)] = &[("romeo", "secret-1"), ("juliet", "secret-2")];
/// What a call to a storage may take, and what a busy machine adds.
const BOUND: Duration = Duration::from_secs(25);
/// Clients that write to one who is away.
const SENDERS: usize = 3;

/// A session that writes to Juliet, who is away.
struct Sender {
    name: String,
    client: Client,
    events: Events,
    sent: usize,
    acknowledged: HashSet<String>,
}

impl Sender {
    async fn new(peer: &Peer, name: &str) -> Sender {
        let (client, events) = connect(peer, 0, name).await.unwrap();
        Sender {
            name: name.to_owned(),
            client,
            events,
            sent: 0,
            acknowledged: HashSet::new(),
        }
    }

    /// Sends one message.
    async fn say(&mut self, peer: &Peer) -> Result<(), StanzaError> {
        self.say_with(peer, "").await
    }

    /// Sends one message with more in it. A server answers what comes on a stream in order: by the time that a ping is
    /// answered, the message is stored or refused.
    async fn say_with(&mut self, peer: &Peer, more: &str) -> Result<(), StanzaError> {
        let id = format!("{} {}", self.name, self.sent);
        let text = format!("message {id}{more}");
        self.sent += 1;
        let message = Stanza::message(StanzaType::Chat)
            .with_to(Jid::parse(&peer.jid(1)).unwrap())
            .with_id(id.clone())
            .with(&Body::new(text.clone().into()));
        self.client.send(message).await.unwrap();
        ping(&self.client, peer).await.unwrap();
        while let Ok(event) = tokio::time::timeout(Duration::ZERO, self.events.next()).await {
            match event.expect("the session goes on") {
                Event::Message(answer) if answer.id().is_some_and(|of| **of == *id) => {
                    return Err(answer.stanza_error().expect("an error"));
                }
                Event::Closed(end) => panic!("the session ends: {end:?}"),
                _ => {}
            }
        }
        self.acknowledged.insert(text);
        Ok(())
    }
}

async fn ping(client: &Client, peer: &Peer) -> Result<Empty, RequestError> {
    let host = Jid::parse(&peer.domain).unwrap();
    client.get(&host, &Ping::default()).await
}

/// Changes the roster.
async fn befriend(client: &Client) -> Result<(), RequestError> {
    client
        .roster()
        .set(Item::new(BareJid::parse("mercutio@localhost").unwrap()))
        .await
}

fn is_for_later(error: &StanzaError) {
    assert_eq!(error.condition, Condition::ResourceConstraint, "{error:?}");
    assert_eq!(error.kind, ErrorKind::Wait, "{error:?}");
}

/// Nobody reaches the database: all that need it are told within the bound, at once those who do not need it.
async fn without_it(peer: &Peer, sender: &mut Sender, watch: &Client) {
    let begun = Instant::now();
    let served = async {
        for _ in 0..5 {
            let asked = Instant::now();
            ping(watch, peer).await.unwrap();
            let taken = asked.elapsed();
            assert!(taken < Duration::from_secs(3), "a ping takes {taken:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let message = async { is_for_later(&sender.say(peer).await.unwrap_err()) };
    let login = async {
        let refused = connect(peer, 1, "balcony").await.unwrap_err();
        let said = format!("{refused:?}");
        assert!(said.contains("TemporaryAuthFailure"), "{said}");
    };
    tokio::join!(served, message, login);
    match befriend(watch).await {
        Err(RequestError::Refused(error)) => is_for_later(&error),
        other => panic!("{other:?}"),
    }
    // What was read before is still known.
    watch.roster().get().await.unwrap();
    assert!(begun.elapsed() < 2 * BOUND, "{:?}", begun.elapsed());
}

/// It is there again: the same sessions go on.
async fn with_it(peer: &Peer, sender: &mut Sender, watch: &Client) {
    let begun = Instant::now();
    while let Err(error) = befriend(watch).await {
        assert!(begun.elapsed() < Duration::from_secs(60), "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    while let Err(error) = sender.say(peer).await {
        assert!(begun.elapsed() < Duration::from_secs(60), "{error:?}");
    }
    for _ in 0..3 {
        sender.say(peer).await.unwrap();
    }
}

async fn goes_away_and_comes_back(backend: &str) {
    let ready = ready!(&format!("unreachable::{backend}"), installed(backend));
    let mut backing = Backing::start(backend, &ready, false).unwrap();
    let settings = format!("storage = \"{}\"", backing.url());
    let binary = Path::new(env!("CARGO_BIN_EXE_sestina"));
    let server = Sestina::start(binary, "localhost", ACCOUNTS, &settings).unwrap();
    let peer = server.peer.clone();
    let (watch, _events) = connect(&peer, 0, "watch").await.unwrap();
    watch.roster().get().await.unwrap();

    // Killed in the middle of what all of them send; each goes on until it is told.
    let stored = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for number in 0..SENDERS {
        let (peer, stored) = (peer.clone(), Arc::clone(&stored));
        tasks.push(tokio::spawn(async move {
            let mut sender = Sender::new(&peer, &format!("sender{number}")).await;
            loop {
                let begun = Instant::now();
                match sender.say(&peer).await {
                    Ok(()) => stored.fetch_add(1, Ordering::Relaxed),
                    Err(error) => {
                        is_for_later(&error);
                        assert!(begun.elapsed() < BOUND, "told after {:?}", begun.elapsed());
                        return sender;
                    }
                };
            }
        }));
    }
    while stored.load(Ordering::Relaxed) < 30 {
        assert!(!tasks.iter().any(tokio::task::JoinHandle::is_finished));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    backing.kill().unwrap();
    let mut senders = Vec::new();
    for task in tasks {
        senders.push(task.await.unwrap());
    }
    without_it(&peer, &mut senders[0], &watch).await;
    backing.restart().unwrap();
    with_it(&peer, &mut senders[0], &watch).await;

    // The connections stay, and nobody answers on them.
    backing.stand_still(true).unwrap();
    let still = without_it(&peer, &mut senders[1], &watch);
    still.await;
    backing.stand_still(false).unwrap();
    with_it(&peer, &mut senders[1], &watch).await;

    let acknowledged = senders.iter().flat_map(|sender| &sender.acknowledged);
    let acknowledged: HashSet<String> = acknowledged.cloned().collect();
    assert!(acknowledged.len() >= 30);
    all_are_heard(&peer, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    goes_away_and_comes_back("postgres").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql() {
    goes_away_and_comes_back("mysql").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis() {
    goes_away_and_comes_back("redis").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mongodb() {
    goes_away_and_comes_back("mongodb").await;
}
