//! The accepting side: does what the negotiation engine asks for.

mod features;
mod login;
mod sasl2;

use std::collections::VecDeque;
use std::sync::Arc;

use sestina_types::xep_0386::Bind;
use sestina_types::xep_0388::{Authenticate, Authentication};
use sestina_types::xep_0440::SaslChannelBinding;
use sestina_types::xep_0478::Limits;
use sestina_types::xep_0484::Fast;
use sestina_wire::negotiation::{FeatureRow, SessionState};
use sestina_wire::{
    BareJid, Event, Frame, FullJid, Jid, Payload as _, StreamCondition, StreamError, StreamHeader,
    Text, ns,
};
use tracing::{Instrument, debug};

use crate::host::{Extensions, Joined, Resumption};
use crate::negotiation::{Action, Engine, Input, Policy, Side};
use crate::sasl::Hash;
use crate::sasl::server::Offer;
use crate::session::error::{queue_error, queue_fault};
use crate::session::{
    AcceptConfig, HostAccess, Login, Managed, Served, Session, SessionError, StreamFeature,
};
use crate::stream::{Header, XmlStream, language};
use crate::transport::Transport;

impl Session {
    /// Negotiates as the side that was connected to, until stanzas may flow.
    ///
    /// # Errors
    /// Whatever ended the stream before that; the peer has been told where it could be.
    pub async fn accept(
        transport: Transport,
        config: Arc<AcceptConfig>,
    ) -> Result<Session, SessionError> {
        let span = tracing::debug_span!(
            "accept",
            peer = transport.peer().map(tracing::field::display)
        );
        // Boxed, so that the task of an idle session does not keep the room that negotiation took.
        Box::pin(negotiate(transport, config).instrument(span)).await
    }
}

async fn negotiate(
    transport: Transport,
    config: Arc<AcceptConfig>,
) -> Result<Session, SessionError> {
    let limit = config.timeouts.login;
    let close_limit = config.timeouts.close;
    let mut stream = XmlStream::new(transport, config.limits_before, ns::CLIENT);
    let mut negotiation = Negotiation {
        stream: &mut stream,
        config: &config,
        host: None,
        engine: None,
        begun: None,
        account: None,
        extensions: Extensions::default(),
        login: None,
        from: None,
        offer: Offer::default(),
        certificate: Vec::new(),
        upgrades: Vec::new(),
        jid: None,
        joined: None,
        resumption: None,
        id: Text::default(),
        lang: None,
        peer: None,
    };
    let outcome = match tokio::time::timeout(limit, negotiation.run()).await {
        Ok(outcome) => outcome,
        Err(_) => {
            negotiation.fail(StreamCondition::ConnectionTimeout.into());
            Err(SessionError::TimedOut)
        }
    };
    let Negotiation {
        jid,
        joined,
        login,
        resumption,
        id,
        lang,
        engine,
        host,
        ..
    } = negotiation;
    let state = engine.map(|engine| engine.state()).unwrap_or_default() | SessionState::SERVER;
    match (outcome, jid) {
        (Ok(()), Some(jid)) => {
            debug!(jid = %jid, "session ready");
            Ok(Session {
                stream,
                jid,
                state,
                id,
                lang,
                peer_closed: false,
                closing_tag: false,
                close_limit,
                resumption,
                managed: Managed::Unavailable,
                #[cfg(feature = "client")]
                features: None,
                joined,
                login: login.map(Box::new),
            })
        }
        (outcome, jid) => {
            let error = match outcome {
                Err(error) => error,
                // A table can reach READY without a row that binds; there is no session without an address.
                Ok(()) => {
                    debug_assert!(jid.is_none());
                    queue_error(&mut stream, StreamCondition::InternalServerError.into())
                }
            };
            debug!(%error, "no session");
            if let (Some(joined), Some(host)) = (joined, host) {
                host.binder.abandon(joined).await;
            }
            let goodbye = async {
                stream.flush().await?;
                std::future::poll_fn(|cx| stream.poll_shutdown(cx)).await?;
                stream.drain().await;
                std::io::Result::Ok(())
            };
            // The reason is told if the peer reads; it is not waited for.
            let _ = tokio::time::timeout(close_limit, goodbye).await;
            Err(error)
        }
    }
}

/// One stream on its way to a session.
struct Negotiation<'a> {
    stream: &'a mut XmlStream,
    config: &'a AcceptConfig,
    host: Option<Arc<HostAccess>>,
    engine: Option<Engine>,
    /// The element that began the feature to be run.
    begun: Option<Frame>,
    account: Option<BareJid>,
    /// What features keep meanwhile.
    extensions: Extensions,
    /// How it has logged in.
    login: Option<Login>,
    /// Whom the peer's header says it is from.
    from: Option<BareJid>,
    /// What can be used to log in.
    offer: Offer,
    /// The addresses in the certificate that the client showed.
    certificate: Vec<BareJid>,
    /// Hash functions that the account, as the peer says it is, has no keys for.
    upgrades: Vec<Hash>,
    jid: Option<FullJid>,
    /// The session that began with the login.
    joined: Option<Joined>,
    /// The session to go on with.
    resumption: Option<Resumption>,
    id: Text,
    lang: Option<Text>,
    /// Whom to address our header to.
    peer: Option<Text>,
}

/// What runs a row.
enum Runner {
    StartTls,
    Sasl,
    /// A login with what comes after it.
    Sasl2,
    /// Travels inside a login.
    Inline,
    /// Announced only.
    Limits,
    /// Announced only, beside SASL.
    Bindings,
    Bind,
    /// Announced only.
    Session,
    Custom(Arc<dyn StreamFeature>),
}

fn runner(row: &FeatureRow, host: &HostAccess) -> Option<Runner> {
    let name = (row.element, row.ns);
    if row.within.is_some() {
        let inline = &host.inline;
        let runs = match name {
            (Bind::NAME, Bind::NS) => inline.bind,
            (Fast::NAME, Fast::NS) => inline.tokens.is_some(),
            name => inline
                .features
                .iter()
                .any(|feature| feature.element() == name),
        };
        return (host.sasl2 && runs).then_some(Runner::Inline);
    }
    if let Some(feature) = host
        .features
        .iter()
        .find(|feature| feature.element() == name)
    {
        return Some(Runner::Custom(feature.clone()));
    }
    match name {
        ("starttls", ns::TLS) => Some(Runner::StartTls),
        ("mechanisms", ns::SASL) => Some(Runner::Sasl),
        (Authentication::NAME, Authentication::NS) if host.sasl2 => Some(Runner::Sasl2),
        (Limits::NAME, Limits::NS) if host.announces_limits => Some(Runner::Limits),
        (SaslChannelBinding::NAME, SaslChannelBinding::NS) if host.announces_bindings => {
            Some(Runner::Bindings)
        }
        ("bind", ns::BIND) => Some(Runner::Bind),
        ("session", ns::SESSION) => Some(Runner::Session),
        _ => None,
    }
}

impl Negotiation<'_> {
    async fn run(&mut self) -> Result<(), SessionError> {
        loop {
            self.stream.flush().await?;
            let event = match self.stream.event().await {
                Ok(event) => event,
                Err(fault) => {
                    self.answer_header();
                    return Err(queue_fault(self.stream, fault));
                }
            };
            let actions = match event {
                Some(Event::Open(header)) => {
                    if let Err(error) = self.opened(header) {
                        return Err(self.fail(error));
                    }
                    self.step(Input::Opened)
                }
                Some(Event::Element(frame)) => {
                    let input = self.classify(&frame);
                    self.begun = Some(frame);
                    self.step(input)
                }
                Some(Event::Close) | None => self.step(Input::Closed),
            };
            if self.perform(actions).await? {
                return Ok(());
            }
        }
    }

    /// Carries actions out; true when stanzas may flow.
    async fn perform(&mut self, mut actions: VecDeque<Action>) -> Result<bool, SessionError> {
        while let Some(action) = actions.pop_front() {
            match action {
                Action::SendHeader => {
                    self.id = self.config.random.token();
                    self.answer_header();
                }
                Action::SendFeatures(rows) => {
                    self.prepare_offer().await;
                    self.send_features(&rows);
                }
                Action::Run(row) => {
                    let input = match self.serve(row).await? {
                        Served::Done => Input::Succeeded(row),
                        Served::Again => Input::Declined(row),
                        Served::Failed => Input::Failed(row),
                    };
                    actions.extend(self.step(input));
                }
                Action::Deny(row, denial) => {
                    if !self.refuse_login(row, denial) {
                        return Err(self.fail(denial.condition().into()));
                    }
                    actions.extend(self.step(Input::Failed(row)));
                }
                Action::Restart => self.stream.restart(),
                Action::Ready => {
                    self.stream.flush().await?;
                    return Ok(true);
                }
                Action::Fail(condition) => return Err(self.fail(condition.into())),
                Action::Impasse(_) => {
                    return Err(self.fail(StreamCondition::InternalServerError.into()));
                }
                Action::Close => {
                    self.stream.queue_close();
                    return Err(SessionError::Closed);
                }
            }
        }
        Ok(false)
    }

    fn step(&mut self, input: Input<'_>) -> VecDeque<Action> {
        match &mut self.engine {
            Some(engine) => engine.step(input).into_iter().collect(),
            // Without a header there is nothing to negotiate yet, and only an end can come.
            None => VecDeque::from([Action::Close]),
        }
    }

    fn fail(&mut self, error: StreamError) -> SessionError {
        // An error stands inside a stream, so ours is opened for it (RFC 6120 §4.9.1.2).
        self.answer_header();
        queue_error(self.stream, error)
    }

    /// Sends our header, unless it is out already.
    fn answer_header(&mut self) {
        if self.stream.is_open() {
            return;
        }
        if self.id.is_empty() {
            self.id = self.config.random.token();
        }
        let header = Header {
            to: self.peer.as_deref(),
            from: self.host.as_ref().map(|host| host.domain.as_str()),
            id: Some(&self.id),
            lang: Some(self.lang.as_deref().unwrap_or("en")),
            ..Header::default()
        };
        self.stream.queue_header(&header);
    }

    fn opened(&mut self, header: StreamHeader) -> Result<(), StreamError> {
        self.lang = language(header.lang.as_ref()).map(|lang| lang.detach());
        // What a peer without version speaks is older than XMPP and has no features (RFC 6120 §4.7.5).
        let major = header
            .version
            .as_deref()
            .and_then(|version| version.split('.').next()?.parse::<u16>().ok());
        if major.is_none_or(|major| major < 1) {
            return Err(StreamCondition::UnsupportedVersion.into());
        }
        let from = header
            .from
            .as_deref()
            .and_then(|from| Jid::parse(from).ok());
        let to = header
            .to
            .as_deref()
            .ok_or(StreamCondition::ImproperAddressing)?;
        let domain = BareJid::new(None, to).map_err(|_| StreamCondition::HostUnknown)?;
        match &self.host {
            None => {
                let host = self
                    .config
                    .hosts
                    .host(domain.domain())
                    .ok_or(StreamCondition::HostUnknown)?;
                let state = if self.stream.transport().is_secure() {
                    SessionState::SECURE | SessionState::SERVER
                } else {
                    SessionState::SERVER
                };
                let mut engine = Engine::new(
                    self.config.table.clone(),
                    Side::Receiver,
                    self.policy(&host),
                    state,
                );
                engine.step(Input::Connected);
                self.engine = Some(engine);
                self.host = Some(host);
            }
            // Certificate and login were another domain's.
            Some(host) if host.domain != domain => {
                return Err(StreamError::new(StreamCondition::NotAuthorized)
                    .with_text("this stream was opened for another domain"));
            }
            Some(_) => {}
        }
        if let (Some(account), Some(from)) = (&self.account, &from)
            && from.bare_str() != account.as_str()
        {
            return Err(StreamCondition::InvalidFrom.into());
        }
        self.from = from.as_ref().map(|from| from.to_bare().detach());
        self.peer = from.map(|from| from.as_text().detach());
        Ok(())
    }

    fn policy(&self, host: &HostAccess) -> Policy {
        let secure = self.stream.transport().is_secure();
        let usable = |row: &FeatureRow| match runner(row, host) {
            None => false,
            Some(Runner::StartTls) => {
                host.tls.is_some() && !secure && !self.stream.transport().is_framed()
            }
            Some(Runner::Sasl | Runner::Sasl2) => !host.mechanisms.is_empty(),
            Some(_) => true,
        };
        let rows = (0..).zip(self.config.table.iter());
        Policy {
            required: if self.config.require_tls {
                SessionState::SECURE
            } else {
                SessionState::empty()
            },
            disabled: rows
                .filter(|(_, row)| !usable(row))
                .map(|(index, _)| index)
                .collect(),
            attempts: self.config.attempts,
            ..Policy::default()
        }
    }

    /// What an element is to the engine.
    fn classify(&self, frame: &Frame) -> Input<'static> {
        let root = frame.root();
        let Some(engine) = &self.engine else {
            return Input::Unknown;
        };
        let custom = self
            .host
            .iter()
            .flat_map(|host| &host.features)
            .find(|feature| feature.begins(root));
        let row = if let Some(feature) = custom {
            let (element, namespace) = feature.element();
            engine.find(element, namespace)
        } else if root.is("starttls", ns::TLS) {
            engine.find("starttls", ns::TLS)
        } else if Authenticate::matches(root) {
            engine.find(Authentication::NAME, Authentication::NS)
        } else if root.is("auth", ns::SASL) {
            engine.find("mechanisms", ns::SASL)
        } else if root.is("iq", ns::CLIENT) && root.child("bind", ns::BIND).is_some() {
            engine.find("bind", ns::BIND)
        } else {
            None
        };
        match row {
            Some(row) => Input::Begin(row),
            None if root.ns() == ns::CLIENT
                && matches!(root.name(), "iq" | "message" | "presence") =>
            {
                Input::Stanza
            }
            None => Input::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::negotiate;
    use crate::session::{AcceptConfig, HostAccess, Hosts};
    use crate::transport::memory;

    struct Nowhere;

    impl Hosts for Nowhere {
        fn host(&self, _domain: &str) -> Option<Arc<HostAccess>> {
            None
        }
    }

    /// Whoever opens connections and says nothing costs this much each, beside what the reader holds.
    #[test]
    fn a_connection_before_login_is_small() {
        let config = AcceptConfig::new(Arc::new(Nowhere), sestina_types::NEGOTIATION);
        let (transport, _other) = memory::pair();
        let size = size_of_val(&negotiate(transport, Arc::new(config)));
        assert!(size < 6 * 1024, "{size} bytes");
    }
}
