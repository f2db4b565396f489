//! A bot that says back what it is told, and lets everybody subscribe to it.
//!
//! ```sh
//! cargo run --example echo_bot -- bot@localhost PASSWORD [HOST:PORT] [CERTIFICATE.pem]
//! ```
//!
//! HOST:PORT in place of asking DNS; the certificate is for a server that made its own, such as `data/certificate.pem`.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;

use sestina::client::{Client, ClientConfig, Event};
use sestina::profiles::client;
use sestina::session::tls::Trust;
use sestina::types::rfc_6121::client::Body;
use sestina::wire::StanzaType;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(jid), Some(password)) = (arguments.next(), arguments.next()) else {
        return Err("usage: echo_bot JID PASSWORD [HOST:PORT] [CERTIFICATE.pem]".into());
    };
    // The plugins of the profile answer what clients are asked, and let the session outlive its connections.
    let mut config = ClientConfig::new(&jid, password)?
        .plugins(|host| client::plugins(&client::Settings::default(), host));
    if let Some(address) = arguments.next() {
        let (host, port) = address.rsplit_once(':').ok_or("HOST:PORT expected")?;
        config = config.server(host, port.parse()?);
    }
    if let Some(certificate) = arguments.next() {
        config = config.trust(Trust::system().file(Path::new(&certificate))?);
    }

    let (client, mut events) = Client::connect(config).await?;
    client.roster().get().await?;
    client.presence().available().await?;
    println!("{} is online", client.jid());

    while let Some(event) = events.next().await {
        match event {
            Event::Message(message) if message.type_() != StanzaType::Error => {
                let (Some(from), Some(body)) = (message.from(), message.decode::<Body>()) else {
                    continue;
                };
                let body = body?;
                println!("{from}: {}", body.text);
                client.say(from, body.text).await?;
            }
            Event::Presence(presence) if presence.type_() == StanzaType::Subscribe => {
                if let Some(from) = presence.from() {
                    client.presence().subscribed(&from.to_bare()).await?;
                }
            }
            Event::Closed(end) => println!("the session ended: {end:?}"),
            _ => {}
        }
    }
    Ok(())
}
