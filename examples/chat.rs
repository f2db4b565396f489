//! Two accounts that befriend each other, talk, and part; the program prints the conversation.
//!
//! ```sh
//! cargo run --example chat -- romeo@localhost PASSWORD juliet@localhost PASSWORD [HOST:PORT] [CERTIFICATE.pem]
//! ```
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use sestina::client::{Client, ClientConfig, Event, Events};
use sestina::session::tls::Trust;
use sestina::types::rfc_6121::client::Body;
use sestina::wire::{Stanza, StanzaType};

type Failure = Box<dyn Error>;

const LINES: &[(&str, &str)] = &[
    (
        "If I profane with my unworthiest hand",
        "Good pilgrim, you do wrong your hand too much",
    ),
    (
        "Have not saints lips, and holy palmers too?",
        "Ay, pilgrim, lips that they must use in prayer",
    ),
    (
        "O, then, dear saint, let lips do what hands do",
        "Saints do not move, though grant for prayers' sake",
    ),
];

/// One side of the conversation.
struct Person {
    client: Client,
    events: Events,
}

impl Person {
    /// Waits for what `take` is looking for; other events pass by.
    async fn wait_for<T>(
        &mut self,
        what: &str,
        take: impl Fn(&Event) -> Option<T>,
    ) -> Result<T, Failure> {
        let waiting = async {
            while let Some(event) = self.events.next().await {
                if let Some(found) = take(&event) {
                    return Ok(found);
                }
            }
            Err(format!("{}: the session ended before {what}", self.client.jid()).into())
        };
        let limit = tokio::time::timeout(Duration::from_secs(10), waiting);
        limit
            .await
            .map_err(|_| format!("no {what} within ten seconds"))?
    }

    /// Waits for a presence of this type.
    async fn presence(&mut self, type_: StanzaType) -> Result<Stanza, Failure> {
        self.wait_for(&format!("presence {type_:?}"), |event| match event {
            Event::Presence(presence) if presence.type_() == type_ => Some(presence.clone()),
            _ => None,
        })
        .await
    }

    /// Waits for a message and prints it.
    async fn hear(&mut self) -> Result<(), Failure> {
        let (from, text) = self
            .wait_for("message", |event| match event {
                Event::Message(message) => Some((
                    message.from()?.clone(),
                    message.decode::<Body>()?.ok()?.text,
                )),
                _ => None,
            })
            .await?;
        println!("{:>10}: {text}", from.local().unwrap_or_default());
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [one, one_password, other, other_password, rest @ ..] = arguments.as_slice() else {
        return Err("usage: chat JID PASSWORD JID PASSWORD [HOST:PORT] [CERTIFICATE.pem]".into());
    };
    let mut romeo = login(one, one_password, rest).await?;
    let mut juliet = login(other, other_password, rest).await?;
    let (us, them) = (
        romeo.client.account().clone(),
        juliet.client.account().clone(),
    );

    romeo.client.presence().subscribe(&them).await?;
    juliet.presence(StanzaType::Subscribe).await?;
    juliet.client.presence().subscribed(&us).await?;
    romeo.presence(StanzaType::Subscribed).await?;
    println!("{us} sees {them}");

    for (line, answer) in LINES {
        romeo.client.say(&them, *line).await?;
        juliet.hear().await?;
        juliet.client.say(&romeo.client.jid(), *answer).await?;
        romeo.hear().await?;
    }

    romeo.client.roster().remove(&them).await?;
    juliet.presence(StanzaType::Unsubscribe).await?;
    println!("{us} and {them} are strangers again");
    juliet.client.roster().remove(&us).await?;
    romeo.client.close().await;
    juliet.client.close().await;
    Ok(())
}

async fn login(jid: &str, password: &str, rest: &[String]) -> Result<Person, Failure> {
    let mut config = ClientConfig::new(jid, password)?;
    if let Some(address) = rest.first() {
        let (host, port) = address.rsplit_once(':').ok_or("HOST:PORT expected")?;
        config = config.server(host, port.parse()?);
    }
    if let Some(certificate) = rest.get(1) {
        config = config.trust(Trust::system().file(Path::new(certificate))?);
    }
    let (client, events) = Client::connect(config).await?;
    client.roster().get().await?;
    client.presence().available().await?;
    Ok(Person { client, events })
}
