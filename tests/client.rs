//! Our client against a server written by others, and the examples against ours.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sestina::client::{Client, ClientConfig, ConnectError, Event, Events, Reconnect};
use sestina::session::tls::Trust;
use sestina::types::rfc_6121::client::Body;
use sestina::types::rfc_6121::roster::{Item, Subscription};
use sestina::types::xep_0199::Ping;
use sestina::wire::{BareJid, Jid, Stanza, StanzaType, Text};
use sestina_interop::certificate::Authority;
use sestina_interop::ejabberd::{self, Ejabberd};
use sestina_interop::peer::Peer;
use sestina_interop::process::Process;
use sestina_interop::prosody::{self, Prosody};
use sestina_interop::ready;
use sestina_interop::relay::Relay;
use sestina_interop::sestina::Sestina;

const ACCOUNTS: &[(&str, &str)] = &[("romeo", "secret-1"), ("juliet", "secret-2")];

fn config(peer: &Peer, index: usize) -> ClientConfig {
    ClientConfig::new(
        &format!("{}/test", peer.jid(index)),
        peer.accounts[index].password.clone(),
    )
    .unwrap()
    .server("127.0.0.1", peer.port)
    .trust(Trust::only_added().file(&peer.certificate).unwrap())
}

async fn login(peer: &Peer, index: usize) -> (Client, Events) {
    let (client, events) = Client::connect(config(peer, index)).await.unwrap();
    assert_eq!(client.roster().get().await.unwrap(), []);
    client.presence().available().await.unwrap();
    (client, events)
}

/// The first event that `take` wants.
async fn wait<T>(events: &mut Events, take: impl Fn(Event) -> Option<T>) -> T {
    let search = async {
        loop {
            let event = events.next().await.expect("the session goes on");
            if let Some(found) = take(event) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), search)
        .await
        .expect("in time")
}

async fn presence(events: &mut Events, type_: StanzaType, from: &BareJid) {
    wait(events, |event| match event {
        Event::Presence(presence)
            if presence.type_() == type_ && presence.from().unwrap().to_bare() == *from =>
        {
            Some(())
        }
        _ => None,
    })
    .await;
}

async fn item(events: &mut Events, contact: &BareJid, subscription: Subscription) -> Item {
    wait(events, |event| match event {
        Event::Roster(items) => items
            .into_iter()
            .find(|item| item.jid == *contact && item.subscription.as_ref() == Some(&subscription)),
        _ => None,
    })
    .await
}

async fn conversation(peer: &Peer) {
    let (romeo, mut to_romeo) = login(peer, 0).await;
    let (juliet, mut to_juliet) = login(peer, 1).await;
    let (us, them) = (romeo.account().clone(), juliet.account().clone());

    let server = Jid::parse(&peer.domain).unwrap();
    let _: sestina::session::mux::Empty = romeo.get(&server, &Ping::default()).await.unwrap();

    let mut contact = Item::new(them.clone());
    contact.name = Some("Juliet".into());
    contact.groups = [Text::from("Capulets")].into();
    romeo.roster().set(contact).await.unwrap();
    let pushed = item(&mut to_romeo, &them, Subscription::None).await;
    assert_eq!(pushed.name.as_deref(), Some("Juliet"));
    assert_eq!(*pushed.groups, [Text::from("Capulets")]);

    romeo.presence().subscribe(&them).await.unwrap();
    presence(&mut to_juliet, StanzaType::Subscribe, &us).await;
    juliet.presence().subscribed(&us).await.unwrap();
    item(&mut to_romeo, &them, Subscription::To).await;
    presence(&mut to_romeo, StanzaType::Available, &them).await;

    romeo.say(&them, "But soft! <&> \u{263e}").await.unwrap();
    let (from, text) = wait(&mut to_juliet, |event| match event {
        Event::Message(message) => Some((
            message.from()?.clone(),
            message.decode::<Body>()?.unwrap().text,
        )),
        _ => None,
    })
    .await;
    assert_eq!(text.as_str(), "But soft! <&> \u{263e}");
    assert_eq!(from.as_str(), romeo.jid().as_str());
    juliet.say(&from, "Ay me!").await.unwrap();
    let text = wait(&mut to_romeo, |event| match event {
        Event::Message(message) => Some(message.decode::<Body>()?.unwrap().text),
        _ => None,
    })
    .await;
    assert_eq!(text.as_str(), "Ay me!");

    romeo.roster().remove(&them).await.unwrap();
    item(&mut to_romeo, &them, Subscription::Remove).await;
    presence(&mut to_juliet, StanzaType::Unsubscribe, &us).await;
    assert_eq!(romeo.roster().get().await.unwrap(), []);
    romeo.close().await;
    juliet.close().await;
}

/// Messages in both directions while the connection of one is cut again and again: each arrives once, in order.
async fn survival(peer: &Peer) {
    let relay = Relay::to(peer.port).unwrap();
    let profile = config(peer, 0)
        .server("127.0.0.1", relay.port())
        .reconnect(Some(Reconnect {
            first: Duration::from_millis(100),
            ..Reconnect::default()
        }))
        .plugins(|host| sestina::profiles::client::plugins(&Default::default(), host));
    let (romeo, mut to_romeo) = Client::connect(profile).await.unwrap();
    romeo.presence().available().await.unwrap();
    let (juliet, mut to_juliet) = Client::connect(config(peer, 1)).await.unwrap();
    juliet.presence().available().await.unwrap();
    let (us, them) = (
        Jid::parse(&peer.jid(0)).unwrap(),
        Jid::parse(juliet.jid().as_str()).unwrap(),
    );
    let text = |event| match event {
        Event::Message(message) => Some(message.decode::<Body>()?.unwrap().text.to_string()),
        _ => None,
    };
    let mut deliveries = Vec::new();
    for round in 0..4 {
        for number in 0..10 {
            let message = Stanza::message(StanzaType::Chat)
                .with_to(them.clone())
                .with(&Body::new(format!("there {round} {number}").into()));
            deliveries.push(romeo.deliver(message).await.unwrap());
            if number == 5 && round > 0 {
                assert_eq!(relay.cut(), 1);
            }
            juliet
                .say(&us, format!("back {round} {number}"))
                .await
                .unwrap();
        }
        for number in 0..10 {
            let expected = [
                format!("there {round} {number}"),
                format!("back {round} {number}"),
            ];
            assert_eq!(wait(&mut to_juliet, text).await, expected[0]);
            assert_eq!(wait(&mut to_romeo, text).await, expected[1]);
        }
        // All that was written is acknowledged, on whatever connection.
        for delivery in deliveries.drain(..) {
            delivery.acknowledged().await.unwrap();
        }
    }
    romeo.close().await;
    juliet.close().await;
}

async fn refusals(peer: &Peer) {
    let wrong = ClientConfig::new(&peer.jid(0), "not the password")
        .unwrap()
        .server("127.0.0.1", peer.port)
        .trust(Trust::only_added().file(&peer.certificate).unwrap());
    let error = Client::connect(wrong).await.expect_err("a wrong password");
    assert!(error.to_string().contains("not-authorized"), "{error}");

    let untrusted = config(peer, 0).trust(Trust::only_added());
    assert!(
        Client::connect(untrusted).await.is_err(),
        "a certificate that nobody vouches for"
    );

    let nobody = ClientConfig::new("romeo@capulet.example", "x")
        .unwrap()
        .server("127.0.0.1", 1);
    assert!(matches!(
        Client::connect(nobody).await,
        Err(ConnectError::Unreachable { .. })
    ));
}

#[tokio::test]
async fn our_client_talks_through_prosody() {
    ready!("client against prosody", prosody::installed());
    let server = Prosody::start("capulet.example", ACCOUNTS).unwrap();
    conversation(&server.peer).await;
    refusals(&server.peer).await;
    survival(&server.peer).await;
}

#[tokio::test]
async fn our_client_talks_through_ejabberd() {
    ready!("client against ejabberd", ejabberd::installed());
    let authority = Authority::new().unwrap();
    let server = Ejabberd::alone("capulet.example", ACCOUNTS, &authority).unwrap();
    conversation(&server.peer).await;
    refusals(&server.peer).await;
    survival(&server.peer).await;
}

#[tokio::test]
async fn our_client_talks_through_our_server() {
    let server = start();
    conversation(&server.peer).await;
    refusals(&server.peer).await;
    survival(&server.peer).await;
}

fn start() -> Sestina {
    Sestina::start(
        Path::new(env!("CARGO_BIN_EXE_sestina")),
        "capulet.example",
        ACCOUNTS,
        "",
    )
    .unwrap()
}

/// An example, built by cargo beside the tests.
fn example(name: &str) -> Command {
    let executable = std::env::current_exe().unwrap();
    let profile: PathBuf = executable.ancestors().nth(2).unwrap().join("examples");
    Command::new(profile.join(name))
}

fn with_accounts(command: &mut Command, peer: &Peer, accounts: &[usize]) {
    for &index in accounts {
        command
            .arg(peer.jid(index))
            .arg(&peer.accounts[index].password);
    }
    command
        .arg(format!("127.0.0.1:{}", peer.port))
        .arg(&peer.certificate);
}

/// Runs an example to its end.
fn run(name: &str, peer: &Peer) -> String {
    let mut command = example(name);
    with_accounts(&mut command, peer, &[0, 1]);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_example_chat_prints_a_conversation() {
    let server = start();
    let said = run("chat", &server.peer);
    let speakers: Vec<&str> = said
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, _)| name.trim())
        .collect();
    assert_eq!(
        speakers,
        ["romeo", "juliet", "romeo", "juliet", "romeo", "juliet"],
        "{said}"
    );
    // It leaves nothing behind, so it runs again.
    assert_eq!(run("chat", &server.peer), said);
}

#[test]
fn the_example_custom_stanza_is_answered() {
    let server = start();
    let said = run("custom_stanza", &server.peer);
    assert!(
        said.contains("Verona: HalfClouded, Some(31) degrees"),
        "{said}"
    );
    assert!(
        said.contains("item-not-found") && said.contains("no station there"),
        "{said}"
    );
}

#[tokio::test]
async fn the_example_echo_bot_answers() {
    let server = start();
    let mut command = example("echo_bot");
    with_accounts(&mut command, &server.peer, &[1]);
    let log = server.folder().join("bot");
    let mut bot = Process::start(&mut command, &log).unwrap();
    bot.wait_until(20, "the bot online", |bot| {
        bot.output().contains("is online")
    })
    .unwrap();
    let (romeo, mut events) = login(&server.peer, 0).await;
    let bot_jid = Jid::parse(&server.peer.jid(1)).unwrap();
    romeo.say(&bot_jid, "echo?").await.unwrap();
    let text = wait(&mut events, |event| match event {
        Event::Message(message) => Some(message.decode::<Body>()?.unwrap().text),
        _ => None,
    })
    .await;
    assert_eq!(text.as_str(), "echo?");
    romeo.close().await;
}
