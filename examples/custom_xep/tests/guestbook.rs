//! The guest book in a server and in clients, over memory and over TCP, on SQLite.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use guestbook::Book;
use guestbook::skeletons::guestbook::Settings;
use guestbook::types::Stores as _;
use guestbook::types::guestbook::{Entries, Entry, Read, Sign, Welcome};
use sestina::client::{Client, ClientConfig, Event, Events, RequestError};
use sestina::profiles::{client, server};
use sestina::server::{HostConfig, Server};
use sestina::session::accounts::{Accounts, StoredAccounts};
use sestina::session::mux::Empty;
use sestina::storage::sql::sqlite::Sqlite;
use sestina::storage::{Range, Storage};
use sestina::types::xep_0030::info;
use sestina::wire::clock::SystemRandom;
use sestina::wire::{AnyElement, BareJid, Condition, Jid, Payload, StanzaType};

const HOST: &str = "example.org";

async fn storage(file: &Path) -> Storage {
    let database = Sqlite::open(&file.to_string_lossy()).await.unwrap();
    let storage = Storage::new(Arc::new(database));
    guestbook::prepare(&storage).await.unwrap();
    storage
}

async fn server(storage: &Storage) -> Server {
    let accounts = Accounts::new(
        Arc::new(StoredAccounts::new(storage)),
        Arc::new(SystemRandom),
    );
    for name in ["romeo@example.org", "juliet@example.org"] {
        let account = BareJid::parse(name).unwrap();
        if !accounts.exists(&account).await.unwrap() {
            accounts.create(&account, "secret").await.unwrap();
        }
    }
    let host = HostConfig::new(HOST, storage.clone(), accounts).unwrap();
    let host = host.plugins(|host| {
        let mut plugins = server::plugins(&server::Settings::default(), host)?;
        let settings = Settings {
            longest: 100,
            ..Settings::default()
        };
        plugins.push(guestbook::server(&settings, host)?);
        Ok(plugins)
    });
    let listen = "127.0.0.1:0".parse().unwrap();
    // The test has no certificate; its passwords never cross the wire (SCRAM).
    Server::builder()
        .host(host)
        .listen(listen)
        .require_tls(false)
        .start()
        .await
        .unwrap()
}

fn config(jid: &str, storage: Storage) -> ClientConfig {
    ClientConfig::new(jid, "secret")
        .unwrap()
        .dangerously_allow_plain_text()
        .storage(storage)
        .plugins(|host| {
            let mut plugins = client::plugins(&client::Settings::default(), host)?;
            plugins.push(guestbook::client(&Settings::default(), host)?);
            Ok(plugins)
        })
}

async fn soon<F: Future>(future: F) -> F::Output {
    let soon = tokio::time::timeout(Duration::from_secs(20), future).await;
    soon.expect("this should have come by now")
}

/// The next entry that the server tells of.
async fn news(events: &mut Events) -> Entry {
    loop {
        match soon(events.next()).await {
            Some(Event::Message(message)) => return message.decode::<Entry>().unwrap().unwrap(),
            Some(_) => {}
            None => panic!("the session ended"),
        }
    }
}

async fn texts(client: &Client, host: &Jid) -> Vec<String> {
    let entries: Entries = soon(client.get(host, &Read::default())).await.unwrap();
    entries
        .entries
        .iter()
        .map(|entry| entry.text.to_string())
        .collect()
}

#[tokio::test]
async fn a_book_is_signed_read_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let host = Jid::parse(HOST).unwrap();
    let own = storage(&folder.path().join("juliet.sqlite")).await;

    // Over memory.
    let kept = storage(&folder.path().join("server.sqlite")).await;
    let running = server(&kept).await;
    let juliet = config("juliet@example.org/balcony", own.clone());
    let (juliet, mut events) = Client::over(running.connect_memory(), juliet)
        .await
        .unwrap();
    let romeo = config("romeo@example.org/orchard", Storage::memory());
    let (romeo, _) = Client::over(running.connect_memory(), romeo).await.unwrap();
    assert_eq!(greeted(&juliet), 0);
    // News goes to those who are there.
    juliet.presence().available().await.unwrap();
    assert!(texts(&juliet, &host).await.is_empty());

    let Empty = soon(romeo.set(&host, &Sign::new("It is the east.".into())))
        .await
        .unwrap();
    let entry = news(&mut events).await;
    assert_eq!(
        (&*entry.text, entry.by.as_str()),
        ("It is the east.", "romeo@example.org")
    );
    assert_eq!(texts(&juliet, &host).await, ["It is the east."]);
    // Her own copy was written before she saw the news.
    let book = BareJid::parse(HOST).unwrap();
    let copy = own
        .guestbook()
        .unwrap()
        .of_book(&book, Range::all())
        .await
        .unwrap();
    assert_eq!(copy.len(), 1);

    // What the settings forbid, and what the specification does.
    let long = Sign::new("Romeo ".repeat(100).into());
    match soon(romeo.set::<_, Empty>(&host, &long)).await {
        Err(RequestError::Refused(error)) => {
            assert_eq!(error.condition, Condition::PolicyViolation)
        }
        other => panic!("{other:?}"),
    }
    let forged = Entry::new(book.clone(), entry.at.clone(), "Romeo is banished.".into());
    romeo
        .send_message(&juliet.jid(), StanzaType::Chat, &forged)
        .await
        .unwrap();
    let Empty = soon(romeo.set(&host, &Sign::new("And Juliet is the sun.".into())))
        .await
        .unwrap();
    loop {
        match soon(events.next()).await {
            Some(Event::Message(message)) => match message.decode::<Entry>() {
                Some(entry) => break assert_eq!(&*entry.unwrap().text, "And Juliet is the sun."),
                None => assert!(message.from().unwrap().as_str().starts_with("romeo@")),
            },
            Some(_) => {}
            None => panic!("the session ended"),
        }
    }

    // The feature is announced, once.
    let info: info::Query = soon(juliet.get(&host, &info::Query::default()))
        .await
        .unwrap();
    let announced = info
        .features
        .iter()
        .filter(|feature| &*feature.var == "urn:example:guestbook");
    assert_eq!(announced.count(), 1);
    juliet.close().await;
    romeo.close().await;
    running.shutdown().await;

    // Another server on the same file, over TCP: it greets with what was kept.
    let running = server(&storage(&folder.path().join("server.sqlite")).await).await;
    let port = running.addresses()[0].port();
    let juliet = config("juliet@example.org/balcony", own).server("127.0.0.1", port);
    let (juliet, _) = Client::connect(juliet).await.unwrap();
    assert_eq!(greeted(&juliet), 2);
    assert_eq!(
        texts(&juliet, &host).await,
        ["It is the east.", "And Juliet is the sun."]
    );
    juliet.close().await;

    // Who does not know the feature is not greeted, and reads all the same.
    let romeo = ClientConfig::new("romeo@example.org", "secret").unwrap();
    let romeo = romeo
        .dangerously_allow_plain_text()
        .server("127.0.0.1", port);
    let (romeo, _) = Client::connect(romeo).await.unwrap();
    assert_eq!(texts(&romeo, &host).await.len(), 2);
    romeo.close().await;
    running.shutdown().await;
}

/// How many entries the server said there were when the client came.
fn greeted(client: &Client) -> u32 {
    let book = client.host().extensions().get::<Book>().unwrap();
    book.2.load(std::sync::atomic::Ordering::Relaxed)
}

/// Types that Sestina has already are named, not made again.
#[test]
fn only_the_own_specification_is_generated() {
    let types = include_str!(concat!(env!("OUT_DIR"), "/types.rs"));
    let modules: Vec<&str> = types
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod "))
        .collect();
    assert_eq!(modules, ["guestbook {"]);
}

#[test]
fn examples_are_read_and_written_the_same() {
    fn same<T: Payload>(text: &str) {
        let read = AnyElement::parse(text.trim().to_owned()).unwrap();
        let written = read.decode::<T>().unwrap().to_any();
        assert_eq!(written.to_document(), read.to_document());
    }
    same::<Entries>(include_str!("../specs/guestbook/examples/entries.xml"));
    same::<Sign>(include_str!("../specs/guestbook/examples/sign.xml"));
    same::<Welcome>(include_str!("../specs/guestbook/examples/welcome.xml"));
}
