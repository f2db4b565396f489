//! A stream that another server opens: its negotiation, whom it may speak for, and what it says.

mod proof;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sestina_types::rfc_6120::sasl::{Auth, Mechanisms};
use sestina_types::rfc_6120::tls::{Proceed, Starttls};
use sestina_types::xep_0220::dialback::{Answer, Verify};
use sestina_types::xep_0220::features::Dialback;
use sestina_types::xep_0288::{bidi, feature};
use sestina_wire::negotiation::{FeatureRow, SessionState};
use sestina_wire::{
    BareJid, Content as _, Event, Frame, Kind, Payload, StreamCondition, StreamError, StreamHeader,
    Text, ns,
};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::connections::{Connected, Direction};
use super::negotiate::{BIDI, DIALBACK};
use super::outgoing::Idle;
use super::{Authentication, Federation, Local, Pair};
use crate::link::{self, Incoming, Link, Outbox};
use crate::negotiation::{Action, Actions, Engine, Input, Policy, Row, Side};
use crate::stream::{Header, StreamFault, XmlStream, language};
use crate::transport::Transport;

use self::proof::Verified;

/// How a stream ends: with what the other side is told.
type End = Option<StreamError>;

/// Serves a connection that another server made.
pub(super) async fn serve(federation: Arc<Federation>, mut transport: Transport, direct: bool) {
    let limit = federation.limits().login;
    if direct {
        let Some(acceptor) = &federation.direct else {
            return;
        };
        match tokio::time::timeout(limit, transport.accept_tls(acceptor)).await {
            Ok(Ok(())) => {}
            failed => {
                tracing::debug!(?failed, "no TLS with another server");
                return;
            }
        }
    }
    let stream = XmlStream::new(transport, federation.parts.limits_before, ns::SERVER);
    let outbox = Arc::new(Outbox::new(federation.limits().queue_bytes));
    let mut server = Server {
        federation: Arc::clone(&federation),
        link: Link::new(stream),
        engine: None,
        local: None,
        peer: None,
        id: Text::default(),
        lang: None,
        pairs: HashSet::new(),
        counted: HashMap::new(),
        proved: None,
        running: None,
        verifying: JoinSet::new(),
        asked: HashSet::new(),
        bidi: false,
        outbox,
        is_ready: false,
    };
    let end = server.run().await;
    tracing::debug!(?end, "the stream of another server ends");
    let Server {
        link,
        outbox,
        pairs,
        ..
    } = server;
    for pair in &pairs {
        federation.forget(pair, &outbox);
    }
    // What it was not given any more goes over a stream of our own.
    for stanza in outbox.close() {
        federation.parts.router.send(stanza).detach();
    }
    link.close(end.as_ref()).await;
}

/// Answers whether a key is ours (XEP-0220 §2.2.2).
pub(super) fn answer(federation: &Federation, stream: &mut XmlStream, question: Verify) {
    let (from, to) = (question.from, question.to);
    let mut answer = Verify::new(
        to.clone(),
        from.clone(),
        question.id.clone(),
        Text::default(),
    );
    let is_ours = to.is_domain() && federation.local(to.domain()).is_some();
    if is_ours {
        let key = question.text.trim();
        let is_right = federation
            .keys
            .check(key, from.domain(), to.domain(), &question.id);
        answer.type_ = Some(if is_right {
            Answer::Valid
        } else {
            Answer::Invalid
        });
    } else {
        answer.type_ = Some(Answer::Error);
        answer.error = Some(proof::error(sestina_wire::Condition::ItemNotFound));
    }
    answer.encode(&mut stream.writer(), "db:verify", ns::CLIENT);
}

/// A stream that another server opened.
struct Server {
    federation: Arc<Federation>,
    link: Link,
    engine: Option<Engine>,
    /// Whom the stream is for.
    local: Option<Arc<Local>>,
    /// Who the other side says it is; nothing is proved by it.
    peer: Option<BareJid>,
    id: Text,
    lang: Option<Text>,
    /// What it may send: from the remote domain of a pair to its local one.
    pairs: HashSet<Pair>,
    /// The same, once stanzas may flow.
    counted: HashMap<Pair, Connected>,
    /// The domain that a certificate has proved by SASL.
    proved: Option<BareJid>,
    /// The row of dialback, while the engine waits for its end.
    running: Option<Row>,
    verifying: JoinSet<Verified>,
    /// What is being verified.
    asked: HashSet<Pair>,
    /// Whether the other side takes stanzas on this stream.
    bidi: bool,
    outbox: Arc<Outbox>,
    is_ready: bool,
}

impl Server {
    async fn run(&mut self) -> End {
        let federation = Arc::clone(&self.federation);
        let deadline = Instant::now() + federation.limits().login;
        let mut idle = Idle::new(federation.limits().idle);
        loop {
            let outbox = Arc::clone(&self.outbox);
            let given = outbox.given();
            let event = tokio::select! {
                event = self.link.next(Some(&outbox)) => event,
                Some(verified) = self.verifying.join_next() => {
                    idle.stir();
                    let verified = match verified {
                        Ok(verified) => verified,
                        Err(_) => return Some(StreamCondition::InternalServerError.into()),
                    };
                    match self.verified(verified) {
                        Ok(()) => continue,
                        Err(end) => return end,
                    }
                }
                () = tokio::time::sleep_until(deadline), if !self.is_ready => {
                    return Some(StreamCondition::ConnectionTimeout.into());
                }
                () = federation.parts.links.stopped() => {
                    self.answer_header();
                    return Some(StreamCondition::SystemShutdown.into());
                }
                () = idle.over(), if self.is_ready => {
                    if idle.is_still(given, &outbox) && self.verifying.is_empty() {
                        return None;
                    }
                    continue;
                }
            };
            idle.stir();
            let handled = match event {
                Ok(Some(Event::Open(header))) => self.opened(header),
                Ok(Some(Event::Element(frame))) => self.element(frame).await,
                Ok(Some(Event::Close) | None) => return None,
                Err(StreamFault::Io(_)) => return None,
                Err(StreamFault::Read(error)) => Err(Some(error.stream_error())),
            };
            if let Err(end) = handled {
                // An error stands inside a stream, so ours is opened for it (RFC 6120 §4.9.1.2).
                self.answer_header();
                return end;
            }
        }
    }

    fn opened(&mut self, header: StreamHeader) -> Result<(), End> {
        self.lang = language(header.lang.as_ref()).map(|lang| lang.detach());
        if *header.content_ns != *ns::SERVER {
            return Err(Some(StreamCondition::InvalidNamespace.into()));
        }
        let major = header
            .version
            .as_deref()
            .and_then(|version| version.split('.').next()?.parse::<u16>().ok());
        if major.is_none_or(|major| major < 1) {
            return Err(Some(StreamCondition::UnsupportedVersion.into()));
        }
        let peer = match header.from.as_deref() {
            None => None,
            Some(from) => {
                let from = BareJid::new(None, from);
                Some(from.map_err(|_| Some(StreamCondition::InvalidFrom.into()))?)
            }
        };
        let to = header.to.as_deref();
        let to = to.ok_or(Some(StreamError::from(StreamCondition::ImproperAddressing)))?;
        let local = BareJid::new(None, to)
            .ok()
            .and_then(|to| self.federation.local(to.domain()).cloned());
        let local = local.ok_or(Some(StreamError::from(StreamCondition::HostUnknown)))?;
        // Certificate and login were for another domain.
        if let Some(before) = &self.local
            && before.domain != local.domain
        {
            let error = StreamError::new(StreamCondition::NotAuthorized)
                .with_text("this stream was opened for another domain");
            return Err(Some(error));
        }
        if let Some(proved) = &self.proved
            && peer.as_ref().is_some_and(|peer| peer != proved)
        {
            return Err(Some(StreamCondition::InvalidFrom.into()));
        }
        if let Some(peer) = &peer {
            // Nobody else serves our domains.
            if self.federation.local(peer.domain()).is_some() {
                return Err(Some(StreamCondition::InvalidFrom.into()));
            }
            if !self.federation.policy(peer.domain()).allow {
                self.local = Some(local);
                return Err(Some(StreamCondition::PolicyViolation.into()));
            }
        }
        self.peer = peer.map(|peer| peer.detach());
        if self.engine.is_none() {
            self.engine = Some(self.engine(&local));
        }
        self.local = Some(local);
        let actions = self.step(Input::Opened);
        self.perform(actions)
    }

    fn engine(&self, local: &Local) -> Engine {
        let table = Arc::clone(&self.federation.parts.table);
        let is_secure = self.link.stream.transport().is_secure();
        let usable = |row: &FeatureRow| match (row.element, row.ns) {
            ("starttls", ns::TLS) => local.acceptor.is_some() && !is_secure,
            ("mechanisms", ns::SASL) => local.certificates,
            DIALBACK => local.dialback,
            BIDI => local.bidi,
            _ => false,
        };
        let rows = (0..).zip(table.iter());
        let disabled = rows.filter(|(_, row)| !usable(row));
        let policy = Policy {
            required: self.required(),
            disabled: disabled.map(|(index, _)| index).collect(),
            ..Policy::default()
        };
        let state = if is_secure {
            SessionState::S2S | SessionState::SERVER | SessionState::SECURE
        } else {
            SessionState::S2S | SessionState::SERVER
        };
        let mut engine = Engine::new(table, Side::Receiver, policy, state);
        engine.step(Input::Connected);
        engine
    }

    /// What the stream must have before anything else. Who the other side is need not be known yet.
    fn required(&self) -> SessionState {
        let policy = match &self.peer {
            Some(peer) => self.federation.policy(peer.domain()),
            None => &self.federation.parts.config.default,
        };
        if policy.require_tls {
            SessionState::SECURE
        } else {
            SessionState::empty()
        }
    }

    fn step(&mut self, input: Input<'_>) -> Actions {
        match &mut self.engine {
            Some(engine) => engine.step(input),
            None => Actions::from_iter([Action::Close]),
        }
    }

    fn perform(&mut self, actions: Actions) -> Result<(), End> {
        let mut actions: std::collections::VecDeque<Action> = actions.into_iter().collect();
        while let Some(action) = actions.pop_front() {
            match action {
                Action::SendHeader => {
                    self.id = self.federation.parts.random.token();
                    self.answer_header();
                }
                Action::SendFeatures(rows) => self.send_features(&rows),
                Action::Run(row) => {
                    // Each is carried out where its first element was read.
                    self.running = Some(row);
                }
                Action::Restart => self.link.stream.restart(),
                Action::Ready => self.ready(),
                Action::Deny(_, denial) => return Err(Some(denial.condition().into())),
                Action::Fail(condition) => return Err(Some(condition.into())),
                Action::Impasse(_) => {
                    return Err(Some(StreamCondition::InternalServerError.into()));
                }
                Action::Close => return Err(None),
            }
        }
        Ok(())
    }

    fn ready(&mut self) {
        self.is_ready = true;
        self.link.stream.set_limits(self.federation.parts.limits);
        let pairs: Vec<Pair> = self.pairs.iter().cloned().collect();
        for pair in &pairs {
            tracing::debug!(
                local = &*pair.local,
                remote = &*pair.remote,
                "another server has come"
            );
            self.adopt(pair);
        }
    }

    fn adopt(&mut self, pair: &Pair) {
        let direction = if self.bidi {
            Direction::Both
        } else {
            Direction::Incoming
        };
        let connections = &self.federation.connections;
        self.counted
            .entry(pair.clone())
            .or_insert_with(|| connections.enter(pair.clone(), direction));
        if self.bidi {
            self.federation.adopt(pair, &self.outbox);
        }
    }

    /// Sends our header, unless it is out already.
    fn answer_header(&mut self) {
        if self.link.stream.is_open() {
            return;
        }
        if self.id.is_empty() {
            self.id = self.federation.parts.random.token();
        }
        let header = Header {
            to: self.peer.as_ref().map(|peer| peer.domain()),
            from: self.local.as_ref().map(|local| local.domain.domain()),
            id: Some(&self.id),
            lang: Some(self.lang.as_deref().unwrap_or("en")),
            ..Header::default()
        };
        self.link.stream.queue_header(&header);
    }

    /// Whether the certificate proves a domain that a policy lets log in with it.
    fn may_log_in(&self, domain: &BareJid) -> bool {
        let transport = self.link.stream.transport();
        self.federation.policy(domain.domain()).allow
            && self.federation.local(domain.domain()).is_none()
            && self.federation.proves(transport, domain.domain())
    }

    fn send_features(&mut self, rows: &[(Row, bool)]) {
        let external = self.peer.as_ref().is_some_and(|peer| self.may_log_in(peer));
        // Whom only a certificate proves has nothing of dialback without one.
        let wants_certificate = self.peer.as_ref().is_some_and(|peer| {
            let policy = self.federation.policy(peer.domain());
            policy.authentication == Authentication::Certificate
        });
        let Some(engine) = &self.engine else {
            return;
        };
        let mut writer = self.link.stream.writer();
        writer.start("stream:features", ns::CLIENT);
        for &(index, required) in rows {
            match engine.row(index).map(|row| (row.element, row.ns)) {
                Some(("starttls", ns::TLS)) => {
                    let starttls = Starttls {
                        required,
                        ..Starttls::default()
                    };
                    starttls.write(&mut writer);
                }
                Some(("mechanisms", ns::SASL)) if external => {
                    let mechanisms = Mechanisms {
                        mechanisms: [Text::from_static("EXTERNAL")].into_iter().collect(),
                        ..Mechanisms::default()
                    };
                    mechanisms.write(&mut writer);
                }
                Some(DIALBACK) if external || !wants_certificate => {
                    let dialback = Dialback {
                        errors: true,
                        ..Dialback::default()
                    };
                    dialback.write(&mut writer);
                }
                Some(BIDI) => feature::Bidi::default().write(&mut writer),
                _ => {}
            }
        }
        writer.end("stream:features");
    }

    async fn element(&mut self, frame: Frame) -> Result<(), End> {
        let root = frame.root();
        if root.is("error", ns::STREAM) {
            return Err(None);
        }
        if root.ns() == ns::DIALBACK {
            return self.dialback(&frame);
        }
        if self.is_ready {
            return self.stanza(frame);
        }
        let find = |(element, namespace): (&str, &str)| {
            let engine = self.engine.as_ref();
            engine.and_then(|engine| engine.find(element, namespace))
        };
        let row = if root.is("starttls", ns::TLS) {
            find(("starttls", ns::TLS))
        } else if Auth::matches(root) {
            find(("mechanisms", ns::SASL))
        } else if bidi::Bidi::matches(root) {
            find(BIDI)
        } else {
            None
        };
        let Some(row) = row else {
            let input = match Kind::from_name(root.name()) {
                Some(_) if root.ns() == ns::CLIENT => Input::Stanza,
                _ => Input::Unknown,
            };
            let actions = self.step(input);
            return self.perform(actions);
        };
        let actions = self.step(Input::Begin(row));
        self.perform(actions)?;
        if self.running.take() != Some(row) {
            return Ok(());
        }
        let input = if root.is("starttls", ns::TLS) {
            self.start_tls().await?;
            Input::Succeeded(row)
        } else if let Ok(auth) = Auth::read(root) {
            if self.log_in(auth).await? {
                Input::Succeeded(row)
            } else {
                Input::Failed(row)
            }
        } else {
            self.bidi = bidi::Bidi::matches(root);
            Input::Succeeded(row)
        };
        let actions = self.step(input);
        self.perform(actions)
    }

    async fn start_tls(&mut self) -> Result<(), End> {
        let acceptor = self.local.as_ref().and_then(|local| local.acceptor.clone());
        let Some(acceptor) = acceptor else {
            return Err(Some(StreamCondition::UnsupportedFeature.into()));
        };
        let stream = &mut self.link.stream;
        // What was sent in plain text behind <starttls/> would be read as if it had come over TLS.
        if stream.buffered() > 0 {
            let error =
                StreamError::new(StreamCondition::PolicyViolation).with_text("data after starttls");
            return Err(Some(error));
        }
        Proceed::default().write(&mut stream.writer());
        stream.flush().await.map_err(|_| None)?;
        let limit = self.federation.limits().login;
        let accepting = stream.transport_mut().accept_tls(&acceptor);
        match tokio::time::timeout(limit, accepting).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(None),
        }
    }

    /// What comes once stanzas may flow.
    fn stanza(&mut self, frame: Frame) -> Result<(), End> {
        match link::incoming(frame) {
            Incoming::Stanza(stanza) => {
                let from = stanza.from().map(|from| from.domain()).unwrap_or_default();
                let to = stanza.to().map(|to| to.domain()).unwrap_or_default();
                if !self.pairs.iter().any(|pair| *pair.remote == *from) {
                    return Err(Some(StreamCondition::InvalidFrom.into()));
                }
                if self.federation.local(to).is_none() {
                    return Err(Some(StreamCondition::HostUnknown.into()));
                }
                if !self.pairs.contains(&Pair::new(to, from)) {
                    return Err(Some(StreamCondition::ImproperAddressing.into()));
                }
                let router = &self.federation.parts.router;
                router.enter(stanza, self.link.line());
                Ok(())
            }
            Incoming::Refused(answer) => {
                // It goes the way that answers go: this stream may be for one direction only.
                if let Some(answer) = answer
                    && let (Some(from), Some(to)) = (answer.from(), answer.to())
                    && self.pairs.contains(&Pair::new(from.domain(), to.domain()))
                {
                    self.federation.parts.router.send(answer).detach();
                }
                Ok(())
            }
            Incoming::Other(error) => Err(Some(error)),
        }
    }
}
