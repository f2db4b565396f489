//! A request of one's own: derived here, asked by one client, answered by another in the same program.
//!
//! ```sh
//! cargo run --example custom_stanza -- romeo@localhost PASSWORD juliet@localhost PASSWORD [HOST:PORT] [CERTIFICATE.pem]
//! ```
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;

use sestina::Stanza;
use sestina::client::{Client, ClientConfig};
use sestina::session::tls::Trust;
use sestina::wire::{Condition, StanzaError, StanzaType, Text};

/// `<question xmlns='https://example.org/weather' place='Verona'/>`
#[derive(Stanza, Debug)]
#[stanza(name = "question", namespace = "https://example.org/weather")]
struct Question {
    #[stanza(attribute)]
    place: Text,
}

/// `<weather xmlns='https://example.org/weather' sky='half-clouded'><temperature>31</temperature></weather>`
#[derive(Stanza, Debug)]
#[stanza(name = "weather", namespace = "https://example.org/weather")]
struct Weather {
    #[stanza(attribute)]
    sky: Sky,
    #[stanza(child_text = "temperature")]
    temperature: Option<i32>,
}

/// A word in an attribute. One that this program does not know is kept as it is.
#[derive(Stanza, Debug)]
#[stanza(text_enum)]
enum Sky {
    Clear,
    HalfClouded,
    #[stanza(other)]
    Other(Text),
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [
        asking,
        asking_password,
        answering,
        answering_password,
        rest @ ..,
    ] = arguments.as_slice()
    else {
        return Err(
            "usage: custom_stanza JID PASSWORD JID PASSWORD [HOST:PORT] [CERTIFICATE.pem]".into(),
        );
    };

    let station = config(answering, answering_password, rest)?.handle(
        StanzaType::Get,
        |_cx, question: Question| async move {
            if question.place.as_str() == "Verona" {
                Ok(Weather {
                    sky: Sky::HalfClouded,
                    temperature: Some(31),
                })
            } else {
                Err(StanzaError::new(Condition::ItemNotFound).with_text("no station there"))
            }
        },
    );
    let (station, _) = Client::connect(station).await?;
    let (client, _) = Client::connect(config(asking, asking_password, rest)?).await?;

    let weather: Weather = client
        .get(
            &station.jid(),
            &Question {
                place: "Verona".into(),
            },
        )
        .await?;
    println!(
        "Verona: {:?}, {:?} degrees",
        weather.sky, weather.temperature
    );
    let nowhere: Result<Weather, _> = client
        .get(
            &station.jid(),
            &Question {
                place: "Atlantis".into(),
            },
        )
        .await;
    println!("Atlantis: {}", nowhere.err().ok_or("weather from nowhere")?);

    client.close().await;
    station.close().await;
    Ok(())
}

fn config(jid: &str, password: &str, rest: &[String]) -> Result<ClientConfig, Box<dyn Error>> {
    let mut config = ClientConfig::new(jid, password)?;
    if let Some(address) = rest.first() {
        let (host, port) = address.rsplit_once(':').ok_or("HOST:PORT expected")?;
        config = config.server(host, port.parse()?);
    }
    if let Some(certificate) = rest.get(1) {
        config = config.trust(Trust::system().file(Path::new(certificate))?);
    }
    Ok(config)
}
