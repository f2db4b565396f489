//! A storage through the running server: what its clients get of it.

use std::path::Path;
use std::time::{Duration, Instant};

use sestina_interop::Failure;
use sestina_interop::sestina::Sestina;
use tokio::task::JoinSet;

use crate::client::{Account, Place, Proof, Session, Way};
use crate::scram::Salted;

const DOMAIN: &str = "capulet.example";
const BODY: &str =
    "Good pilgrim, you do wrong your hand too much, which mannerly devotion shows in this";
/// How many clients write, or log in, at once.
pub const CLIENTS: usize = 64;
/// Contacts of the roster that is asked for.
const CONTACTS: usize = 200;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Served {
    /// Messages a second to accounts that are away, stored and acknowledged, from one client.
    pub single: f64,
    /// The same from [`CLIENTS`] clients, each to another account.
    pub concurrent: f64,
    /// Logins a second of [`CLIENTS`] clients: connection, SCRAM-SHA-256, resource, presence.
    pub logins: f64,
    /// A roster of 200 contacts, asked for and received: the middle of many, in milliseconds.
    pub roster: f64,
}

/// Runs the server on the storage and measures each for a time.
///
/// # Errors
/// When the server does otherwise than expected.
pub async fn measure(binary: &Path, storage: &str, time: Duration) -> Result<Served, Failure> {
    let names: Vec<String> = (0..CLIENTS)
        .flat_map(|number| [format!("sender{number}"), format!("away{number}")])
        .collect();
    let accounts: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "secret")).collect();
    let settings = format!(
        "storage = \"{storage}\"\nrequire_tls = false\n[plugins.\"xep-0160\"]\nmax_messages = 100000\n[limits]\nstanza_rate = 0\nbyte_rate = \"0B\""
    );
    let server = Sestina::start(binary, DOMAIN, &accounts, &settings)?;
    let port = server.peer.port;
    Ok(Served {
        roster: roster(port).await?,
        single: messages(port, 1, time).await?,
        concurrent: messages(port, CLIENTS, time).await?,
        logins: logins(port, time).await?,
    })
}

/// Each client sends a message and a ping, and goes on when the ping is answered: a server answers what comes on a
/// stream in order, so the message is stored by then.
async fn messages(port: u16, clients: usize, time: Duration) -> Result<f64, Failure> {
    let mut sessions = Vec::new();
    for number in 0..clients {
        let session = login(port, &mut account(number)).await?;
        sessions.push(Line::new(session));
    }
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for (number, mut line) in sessions.into_iter().enumerate() {
        tasks.spawn(async move {
            let mut count = 0_u64;
            while begun.elapsed() < time {
                let text = format!(
                    "<message to='away{number}@{DOMAIN}' type='chat' id='m{count}'><body>{BODY}</body></message>\
                     <iq type='get' id='p{count}' to='{DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>"
                );
                line.ask(&text, &format!("p{count}")).await?;
                count += 1;
            }
            Ok::<u64, Failure>(count)
        });
    }
    let mut total = 0;
    while let Some(count) = tasks.join_next().await {
        total += count??;
    }
    Ok(total as f64 / begun.elapsed().as_secs_f64())
}

async fn logins(port: u16, time: Duration) -> Result<f64, Failure> {
    // Before the time that counts: from then on the clients know their salted passwords.
    let mut known = Vec::new();
    for number in 0..CLIENTS {
        let mut account = account(number);
        login(port, &mut account).await?;
        known.push(account);
    }
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for mut account in known {
        tasks.spawn(async move {
            let mut count = 0_u64;
            while begun.elapsed() < time {
                login(port, &mut account).await?;
                count += 1;
            }
            Ok::<u64, Failure>(count)
        });
    }
    let mut total = 0;
    while let Some(count) = tasks.join_next().await {
        total += count??;
    }
    Ok(total as f64 / begun.elapsed().as_secs_f64())
}

fn account(number: usize) -> Account {
    Account {
        name: format!("sender{number}"),
        password: "secret".to_owned(),
        salted: Salted::default(),
    }
}

/// Connection, SCRAM-SHA-256, resource, presence.
async fn login(port: u16, account: &mut Account) -> std::io::Result<Session> {
    let place = Place {
        port,
        web: 0,
        path: "",
        domain: DOMAIN,
    };
    let mut session = Session::login(&place, Way::Tcp, Proof::Scram, account).await?;
    session.present().await?;
    Ok(session)
}

async fn roster(port: u16) -> Result<f64, Failure> {
    let session = login(port, &mut account(0)).await?;
    let mut line = Line::new(session);
    for contact in 0..CONTACTS {
        let text = format!(
            "<iq type='set' id='s{contact}'><query xmlns='jabber:iq:roster'>\
             <item jid='friend{contact}@montague.example' name='Friend {contact}'><group>Friends</group></item></query></iq>"
        );
        line.ask(&text, &format!("s{contact}")).await?;
    }
    let mut taken = Vec::new();
    for time in 0..200 {
        let begun = Instant::now();
        let text = format!("<iq type='get' id='g{time}'><query xmlns='jabber:iq:roster'/></iq>");
        line.ask(&text, &format!("g{time}")).await?;
        // The next answer cannot come before this one has come whole.
        line.ask(
            &format!(
                "<iq type='get' id='e{time}' to='{DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>"
            ),
            &format!("e{time}"),
        )
        .await?;
        taken.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    taken.sort_by(f64::total_cmp);
    Ok(taken.get(taken.len() / 2).copied().unwrap_or_default())
}

/// A session, read by what it must not miss.
struct Line {
    session: Session,
    buffer: Vec<u8>,
}

impl Line {
    fn new(session: Session) -> Line {
        Line {
            session,
            buffer: Vec::with_capacity(64 * 1024),
        }
    }

    /// Sends, and reads until the id is seen; an error on the way is one here.
    async fn ask(&mut self, text: &str, id: &str) -> Result<(), Failure> {
        self.session.carrier.send(text.as_bytes()).await?;
        let marks = [format!("id='{id}'"), format!("id=\"{id}\"")];
        let marks = marks.map(|mark| memchr::memmem::Finder::new(&mark).into_owned());
        self.buffer.clear();
        let mut bytes = [0; 16 * 1024];
        loop {
            let length = self.session.carrier.read(&mut bytes).await?;
            if length == 0 {
                return Err("the server closed the stream".into());
            }
            self.buffer
                .extend_from_slice(bytes.get(..length).unwrap_or_default());
            if marks.iter().any(|mark| mark.find(&self.buffer).is_some()) {
                break;
            }
        }
        for error in ["type='error'", "type=\"error\""] {
            if memchr::memmem::find(&self.buffer, error.as_bytes()).is_some() {
                return Err(String::from_utf8_lossy(&self.buffer).into_owned().into());
            }
        }
        Ok(())
    }
}
