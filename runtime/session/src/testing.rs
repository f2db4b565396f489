//! Conversations in raw XML with a server in the same process, for tests.
//!
//! What a client sends is written out; what it must receive is a template: the elements and attributes
//! the template names must be there, others may be. `*` stands for any value.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sestina_wire::{ElementRef, Event, Frame, Jid, Limits, ns};

use crate::server::Server;
use crate::stream::{Header, XmlStream};
use crate::transport::Transport;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

/// One client's side of a conversation.
pub struct Conversation {
    stream: XmlStream,
    name: String,
    markers: u32,
    features: Option<Frame>,
    lang: Option<String>,
}

impl Conversation {
    /// Opens a stream to a domain and reads the server's features.
    pub async fn open(transport: Transport, domain: &str) -> Self {
        let stream = XmlStream::new(transport, Limits::from_own_server(), ns::CLIENT);
        let mut this = Conversation {
            stream,
            name: domain.to_owned(),
            markers: 0,
            features: None,
            lang: None,
        };
        this.header(domain).await;
        this
    }

    /// Logs in over memory with PLAIN and binds the resource of the address.
    pub async fn login(server: &Server, jid: &str, password: &str) -> Self {
        Self::login_speaking(server, jid, password, None).await
    }

    /// As [`login`](Self::login), with a stream that says of its language what is given.
    pub async fn login_speaking(
        server: &Server,
        jid: &str,
        password: &str,
        lang: Option<&str>,
    ) -> Self {
        let mut this = Self::authenticate_speaking(server, jid, password, lang).await;
        let jid = Jid::parse(jid).unwrap();
        let resource = jid.resource().unwrap();
        this.send(&format!(
            "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind></iq>"
        ))
        .await;
        this.expect("<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>*</jid></bind></iq>")
            .await;
        this
    }

    /// Logs in over memory with PLAIN; nothing is bound.
    pub async fn authenticate(server: &Server, jid: &str, password: &str) -> Self {
        Self::authenticate_speaking(server, jid, password, None).await
    }

    async fn authenticate_speaking(
        server: &Server,
        jid: &str,
        password: &str,
        lang: Option<&str>,
    ) -> Self {
        let jid = Jid::parse(jid).unwrap();
        let mut this = Self::open(server.connect_memory(), jid.domain()).await;
        this.lang = lang.map(str::to_owned);
        jid.as_str().clone_into(&mut this.name);
        let secret = format!("\0{}\0{password}", jid.local().unwrap());
        let secret = STANDARD.encode(secret);
        this.send(&format!(
            "<auth xmlns='{}' mechanism='PLAIN'>{secret}</auth>",
            ns::SASL
        ))
        .await;
        this.expect(&format!("<success xmlns='{}'/>", ns::SASL))
            .await;
        this.stream.restart();
        this.header(jid.domain()).await;
        this
    }

    async fn header(&mut self, domain: &str) {
        self.stream.queue_header(&Header {
            to: Some(domain),
            lang: self.lang.as_deref(),
            ..Header::default()
        });
        self.stream.flush().await.unwrap();
        match self.event().await {
            Some(Event::Open(_)) => {}
            other => panic!("{}: no stream header but {other:?}", self.name),
        }
        match self.event().await {
            Some(Event::Element(frame)) if frame.root().is("features", ns::STREAM) => {
                self.features = Some(frame);
            }
            other => panic!("{}: no features but {other:?}", self.name),
        }
    }

    /// The features that the server announced last.
    pub fn features(&self) -> &Frame {
        self.features.as_ref().unwrap()
    }

    async fn event(&mut self) -> Option<Event> {
        match tokio::time::timeout(PATIENCE, self.stream.event()).await {
            Ok(event) => event.unwrap(),
            Err(_) => panic!("{}: nothing comes", self.name),
        }
    }

    /// Sends text as it is.
    pub async fn send(&mut self, xml: &str) {
        self.stream.queue_bytes(xml.as_bytes());
        self.stream.flush().await.unwrap();
    }

    /// The next element.
    pub async fn recv(&mut self) -> Frame {
        match self.event().await {
            Some(Event::Element(frame)) => frame,
            other => panic!("{}: no element but {other:?}", self.name),
        }
    }

    /// The next element must be like the template.
    pub async fn expect(&mut self, template: &str) -> Frame {
        let frame = self.recv().await;
        let wanted = Frame::parse_in(template.to_owned(), ns::CLIENT).unwrap();
        if let Some(difference) = difference(frame.root(), wanted.root()) {
            panic!(
                "{}: {difference}\n  wanted {template}\n  found  {}",
                self.name,
                text(&frame)
            );
        }
        frame
    }

    /// The next elements must be like the templates, in whatever order.
    pub async fn expect_all(&mut self, templates: &[&str]) {
        let mut open: Vec<&str> = templates.to_vec();
        while !open.is_empty() {
            let frame = self.recv().await;
            let like = |template: &&str| {
                let wanted = Frame::parse_in((*template).to_owned(), ns::CLIENT).unwrap();
                difference(frame.root(), wanted.root()).is_none()
            };
            match open.iter().position(like) {
                Some(found) => drop(open.remove(found)),
                None => panic!(
                    "{}: nobody expects {}\n  open: {open:#?}",
                    self.name,
                    text(&frame)
                ),
            }
        }
    }

    /// Nothing must have come: what the session itself asks now is answered first. Everything sent to
    /// this session before was handled by then, if its sender has [settled](Conversation::settle).
    pub async fn expect_nothing(&mut self) {
        self.markers += 1;
        let id = format!("marker-{}", self.markers);
        self.send(&format!(
            "<iq type='get' id='{id}' to='{}'><marker xmlns='urn:marker'/></iq>",
            self.domain()
        ))
        .await;
        self.expect(&format!("<iq type='error' id='{id}'/>")).await;
    }

    /// Waits until the server has handled what this client sent.
    pub async fn settle(&mut self) {
        self.expect_nothing().await;
    }

    fn domain(&self) -> String {
        Jid::parse(&self.name).unwrap().domain().to_owned()
    }

    /// The stream must end with this stream error.
    pub async fn expect_stream_error(&mut self, condition: &str) {
        let template = format!(
            "<error xmlns='{}'><{condition} xmlns='{}'/></error>",
            ns::STREAM,
            ns::STREAMS
        );
        self.expect(&template).await;
        match self.event().await {
            Some(Event::Close) | None => {}
            other => panic!("{}: the stream goes on with {other:?}", self.name),
        }
    }

    /// Closes the stream and waits for the server to do so. Returns what still came before it did.
    pub async fn close(mut self) -> Vec<Frame> {
        self.stream.queue_close();
        self.stream.flush().await.unwrap();
        let mut last = Vec::new();
        while let Some(Event::Element(frame)) = self.event().await {
            last.push(frame);
        }
        last
    }
}

fn text(frame: &Frame) -> String {
    String::from_utf8_lossy(frame.bytes()).into_owned()
}

/// Says in what an element is not like a template.
fn difference(found: ElementRef<'_>, wanted: ElementRef<'_>) -> Option<String> {
    if !found.is(wanted.name(), wanted.ns()) {
        return Some(format!(
            "<{} xmlns='{}'> where <{} xmlns='{}'> was expected",
            found.name(),
            found.ns(),
            wanted.name(),
            wanted.ns()
        ));
    }
    for attribute in wanted.attrs() {
        let (name, value) = (attribute.name(), attribute.value());
        match found.attr(name) {
            Some(found) if value == found || &*value == "*" => {}
            found => {
                return Some(format!(
                    "<{}> has {name}={found:?} where {value:?} was expected",
                    wanted.name()
                ));
            }
        }
    }
    let mut children = found.children();
    for child in wanted.children() {
        let mut last = format!("<{}> has no <{}>", wanted.name(), child.name());
        let matches = children
            .by_ref()
            .any(|found| match difference(found, child) {
                None => true,
                Some(difference) => {
                    if found.is(child.name(), child.ns()) {
                        last = difference;
                    }
                    false
                }
            });
        if !matches {
            return Some(last);
        }
    }
    let (found_text, wanted_text) = (found.text(), wanted.text());
    let compared =
        wanted.children().next().is_none() && !wanted_text.is_empty() && &*wanted_text != "*";
    (compared && found_text != wanted_text)
        .then(|| format!("<{}> holds {found_text:?}", wanted.name()))
}
