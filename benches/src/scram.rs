//! A client just good enough to log in: SCRAM-SHA-256 on a plain stream. Not our own client, so that a mistake made on
//! both sides does not cancel out.

use std::io;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A socket with a bound session on it, and nothing unread.
#[derive(Debug)]
pub struct Session {
    /// The socket.
    pub socket: TcpStream,
    /// The full JID.
    pub jid: String,
}

/// What of a password can be kept from one login to the next, as clients do (RFC 5802 §3).
#[derive(Clone, Debug, Default)]
pub struct Salted(Option<(Vec<u8>, u32, [u8; 32])>);

/// Connects, authenticates, binds, sends presence.
///
/// # Errors
/// When the server does otherwise than expected.
pub async fn login(port: u16, domain: &str, user: &str, password: &str) -> io::Result<Session> {
    login_again(port, domain, user, password, &mut Salted::default()).await
}

/// The same with what is known from an earlier login.
///
/// # Errors
/// When the server does otherwise than expected.
pub async fn login_again(
    port: u16,
    domain: &str,
    user: &str,
    password: &str,
    known: &mut Salted,
) -> io::Result<Session> {
    let socket = TcpStream::connect(("127.0.0.1", port)).await?;
    socket.set_nodelay(true)?;
    let mut line = Line {
        socket,
        buffer: String::new(),
    };
    let header = format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
         to='{domain}' version='1.0'>"
    );
    line.ask(&header, "</stream:features>").await?;

    let nonce = format!("{user}-8oLPVkGq1xR7");
    let bare = format!("n={user},r={nonce}");
    let first = BASE64_STANDARD.encode(format!("n,,{bare}"));
    let challenge = line
        .ask(&format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>{first}</auth>"), "</challenge>")
        .await?;
    let challenge = between(&challenge, ">", "</challenge>").ok_or_else(|| broken("challenge"))?;
    let challenge = BASE64_STANDARD
        .decode(challenge)
        .map_err(io::Error::other)?;
    let challenge = String::from_utf8(challenge).map_err(io::Error::other)?;
    let field = |name: &str| {
        challenge
            .split(',')
            .find_map(|part| part.strip_prefix(name))
            .ok_or_else(|| broken(name))
    };
    let salt = BASE64_STANDARD
        .decode(field("s=")?)
        .map_err(io::Error::other)?;
    let rounds: u32 = field("i=")?.parse().map_err(io::Error::other)?;
    let salted = match &known.0 {
        Some((old, times, salted)) if *old == salt && *times == rounds => *salted,
        _ => {
            let mut salted = [0; 32];
            pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), &salt, rounds, &mut salted);
            known.0 = Some((salt, rounds, salted));
            salted
        }
    };
    let without_proof = format!("c=biws,r={}", field("r=")?);
    let client_key = hmac(&salted, b"Client Key")?;
    let signature = hmac(
        &Sha256::digest(&client_key),
        format!("{bare},{challenge},{without_proof}").as_bytes(),
    )?;
    let proof: Vec<u8> = client_key
        .iter()
        .zip(&signature)
        .map(|(a, b)| a ^ b)
        .collect();
    let last = BASE64_STANDARD.encode(format!(
        "{without_proof},p={}",
        BASE64_STANDARD.encode(proof)
    ));
    line.ask(
        &format!("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{last}</response>"),
        "</success>",
    )
    .await?;

    line.ask(&header, "</stream:features>").await?;
    let bound = line
        .ask(
            "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
            "</iq>",
        )
        .await?;
    let jid = between(&bound, "<jid>", "</jid>")
        .ok_or_else(|| broken("jid"))?
        .to_owned();
    let ready = format!(
        "<presence/><iq type='get' id='ready' to='{domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
    );
    line.socket.write_all(ready.as_bytes()).await?;
    loop {
        // The answer has the id; the own presence may come before it.
        let found = ["id='ready'", "id=\"ready\""]
            .iter()
            .find_map(|id| line.buffer.find(id));
        if found.is_some_and(|at| line.buffer.get(at..).is_some_and(|rest| rest.contains('>'))) {
            break;
        }
        line.more().await?;
    }
    Ok(Session {
        socket: line.socket,
        jid,
    })
}

struct Line {
    socket: TcpStream,
    buffer: String,
}

impl Line {
    /// Sends, and reads until the mark; what came up to and with it.
    async fn ask(&mut self, text: &str, mark: &str) -> io::Result<String> {
        self.socket.write_all(text.as_bytes()).await?;
        loop {
            if let Some(at) = self.buffer.find(mark) {
                let rest = self.buffer.split_off(at + mark.len());
                return Ok(std::mem::replace(&mut self.buffer, rest));
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> io::Result<()> {
        let mut bytes = [0; 4096];
        let length = self.socket.read(&mut bytes).await?;
        if length == 0 {
            return Err(io::Error::other(format!("closed after {:?}", self.buffer)));
        }
        self.buffer.push_str(&String::from_utf8_lossy(
            bytes.get(..length).unwrap_or_default(),
        ));
        if self.buffer.contains("<failure") {
            return Err(io::Error::other(self.buffer.clone()));
        }
        Ok(())
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let end = text.rfind(after)?;
    let text = text.get(..end)?;
    text.get(text.rfind(before)? + before.len()..)
}

fn broken(what: &str) -> io::Error {
    io::Error::other(format!("no {what} in the answer"))
}

fn hmac(key: &[u8], text: &[u8]) -> io::Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(io::Error::other)?;
    mac.update(text);
    Ok(mac.finalize().into_bytes().to_vec())
}
