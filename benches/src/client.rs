//! A client just good enough to log in, over TCP, STARTTLS or WebSocket: bytes written by hand, so that the load costs little.

use std::io;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use memchr::memmem;
use tokio::net::TcpStream;

use crate::carrier::Carrier;
use crate::scram::{self, Salted};

/// How the client comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A plain stream.
    Tcp,
    /// STARTTLS (RFC 6120 §5).
    Tls,
    /// WebSocket without TLS (RFC 7395).
    WebSocket,
}

/// How it proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// SASL PLAIN.
    Plain,
    /// SCRAM-SHA-256.
    Scram,
}

/// Where a server is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The port of client streams on 127.0.0.1.
    pub port: u16,
    /// The port of WebSocket there.
    pub web: u16,
    /// The path of WebSocket.
    pub path: &'static str,
    /// The domain.
    pub domain: &'static str,
}

/// An account, and what its client remembers of it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Localpart.
    pub name: String,
    /// Password.
    pub password: String,
    /// What makes the next login cheap.
    pub salted: Salted,
}

/// A connection on which a resource may be bound, or is.
#[derive(Debug)]
pub struct Session {
    /// The connection, with nothing unread.
    pub carrier: Carrier,
    /// The full JID once there is one.
    pub jid: String,
    place: Place,
    buffer: Vec<u8>,
}

const FEATURES: [&str; 2] = ["</stream:features>", "</features>"];

impl Session {
    /// Connects and authenticates; binds nothing.
    ///
    /// # Errors
    /// When the server does otherwise than expected.
    pub async fn authenticate(
        place: &Place,
        way: Way,
        proof: Proof,
        account: &mut Account,
    ) -> io::Result<Session> {
        let port = match way {
            Way::WebSocket => place.web,
            Way::Tcp | Way::Tls => place.port,
        };
        let socket = TcpStream::connect(("127.0.0.1", port)).await?;
        socket.set_nodelay(true)?;
        let mut session = Session {
            carrier: Carrier::Tcp(socket),
            jid: String::new(),
            place: place.clone(),
            buffer: Vec::new(),
        };
        match way {
            Way::Tcp => {}
            Way::Tls => session.start_tls().await?,
            Way::WebSocket => session.upgrade().await?,
        }
        session.open().await?;
        match proof {
            Proof::Plain => session.plain(account).await?,
            Proof::Scram => session.scram(account).await?,
        }
        session.open().await?;
        Ok(session)
    }

    /// Connects, authenticates and binds a resource.
    ///
    /// # Errors
    /// When the server does otherwise than expected.
    pub async fn login(
        place: &Place,
        way: Way,
        proof: Proof,
        account: &mut Account,
    ) -> io::Result<Session> {
        let mut session = Session::authenticate(place, way, proof, account).await?;
        let bind = "<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
        let bound = session.ask(bind, &["</iq>"]).await?;
        session.jid = between(&bound, "<jid>", "</jid>")?.to_owned();
        Ok(session)
    }

    /// Sends presence, and waits until the server has taken it.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn present(&mut self) -> io::Result<()> {
        self.carrier
            .send(b"<presence xmlns='jabber:client'/>")
            .await?;
        self.ping("ready").await
    }

    /// Asks for a sign of life, by an id of its own.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn ping(&mut self, id: &str) -> io::Result<()> {
        let text = format!(
            "<iq xmlns='jabber:client' type='get' id='{id}' to='{}'><ping xmlns='urn:xmpp:ping'/></iq>",
            self.place.domain
        );
        let marks = [format!("id='{id}'"), format!("id=\"{id}\"")];
        self.ask(&text, &marks.each_ref().map(String::as_str))
            .await?;
        // What is left is the rest of the answer.
        while !self.buffer.contains(&b'>') {
            self.more().await?;
        }
        self.buffer.clear();
        Ok(())
    }

    /// Sends, and reads until one of the marks; what came up to and with it.
    ///
    /// # Errors
    /// When the connection breaks, or the server refuses.
    pub async fn ask(&mut self, text: &str, marks: &[&str]) -> io::Result<String> {
        self.carrier.send(text.as_bytes()).await?;
        loop {
            for mark in marks {
                if let Some(at) = memmem::find(&self.buffer, mark.as_bytes()) {
                    let rest = self.buffer.split_off(at + mark.len());
                    let taken = std::mem::replace(&mut self.buffer, rest);
                    return Ok(String::from_utf8_lossy(&taken).into_owned());
                }
            }
            self.more().await?;
        }
    }

    /// Ends the stream, and the connection with it: some servers take their time to answer.
    ///
    /// # Errors
    /// When the connection broke before.
    pub async fn close(mut self) -> io::Result<()> {
        self.carrier.send(b"</stream:stream>").await
    }

    async fn open(&mut self) -> io::Result<()> {
        let domain = self.place.domain;
        let header = if matches!(self.carrier, Carrier::WebSocket(_)) {
            format!(
                "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{domain}' version='1.0'/>"
            )
        } else {
            format!(
                "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
                 to='{domain}' version='1.0'>"
            )
        };
        self.ask(&header, &FEATURES).await.map(drop)
    }

    async fn start_tls(&mut self) -> io::Result<()> {
        self.open().await?;
        let start = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
        self.ask(start, &["<proceed"]).await?;
        while !self.buffer.contains(&b'>') {
            self.more().await?;
        }
        self.buffer.clear();
        self.carrier.start_tls(self.place.domain).await
    }

    async fn upgrade(&mut self) -> io::Result<()> {
        let Place { web, path, .. } = self.place;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{web}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n"
        );
        let answer = self.ask(&request, &["\r\n\r\n"]).await?;
        if !answer.starts_with("HTTP/1.1 101") {
            return Err(io::Error::other(answer));
        }
        self.carrier.frame();
        Ok(())
    }

    async fn plain(&mut self, account: &Account) -> io::Result<()> {
        let Account { name, password, .. } = account;
        let data = BASE64_STANDARD.encode(format!("\0{name}\0{password}"));
        let auth = format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{data}</auth>"
        );
        self.success(&auth).await
    }

    async fn scram(&mut self, account: &mut Account) -> io::Result<()> {
        let first = scram::first(&account.name);
        let data = BASE64_STANDARD.encode(format!("n,,{first}"));
        let auth = format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>{data}</auth>"
        );
        let challenge = self.ask(&auth, &["</challenge>"]).await?;
        let challenge = BASE64_STANDARD
            .decode(between(&challenge, ">", "</challenge>")?)
            .map_err(io::Error::other)?;
        let challenge = String::from_utf8(challenge).map_err(io::Error::other)?;
        let last = scram::last(&first, &challenge, &account.password, &mut account.salted)?;
        let data = BASE64_STANDARD.encode(last);
        self.success(&format!(
            "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{data}</response>"
        ))
        .await
    }

    /// Success may come with data or without.
    async fn success(&mut self, text: &str) -> io::Result<()> {
        self.ask(text, &["<success"]).await?;
        while !self.buffer.contains(&b'>') {
            self.more().await?;
        }
        if memmem::find(&self.buffer, b"/>").is_none() {
            self.ask("", &["</success>"]).await?;
        }
        self.buffer.clear();
        Ok(())
    }

    async fn more(&mut self) -> io::Result<()> {
        let mut bytes = [0; 4096];
        let length = self.carrier.read(&mut bytes).await?;
        self.buffer
            .extend_from_slice(bytes.get(..length).unwrap_or_default());
        if length == 0 || memmem::find(&self.buffer, b"<failure").is_some() {
            let seen = String::from_utf8_lossy(&self.buffer);
            return Err(io::Error::other(format!("closed or refused: {seen:?}")));
        }
        Ok(())
    }
}

/// What stands between the last of `before` and the last of `after`.
///
/// # Errors
/// When one of them is not there.
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> io::Result<&'a str> {
    let found = text.rfind(after).and_then(|end| {
        let text = text.get(..end)?;
        text.get(text.rfind(before)? + before.len()..)
    });
    found.ok_or_else(|| io::Error::other(format!("no {before} in {text}")))
}
