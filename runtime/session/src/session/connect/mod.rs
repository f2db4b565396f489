//! The connecting side: carries out what the negotiation engine asks for.

mod sasl2;

use std::collections::VecDeque;
use std::sync::Arc;

use sestina_types::rfc_6120::sasl::{
    Abort, Auth, Challenge, Failure, Mechanisms, Response, Success,
};
use sestina_types::rfc_6120::tls::{Proceed, Starttls};
use sestina_types::xep_0386::Bind;
use sestina_types::xep_0388::Authentication;
use sestina_types::xep_0440::SaslChannelBinding;
use sestina_wire::negotiation::{FeatureRow, SessionState};
use sestina_wire::{
    ElementRef, Event, Frame, FullJid, Payload, StreamCondition, StreamHeader, Text, ns,
};
use tracing::{Instrument, debug};

use crate::negotiation::{Action, Demand, Engine, Impasse, Input, Offer, Policy, Row, Side};
use crate::sasl::client::{self, Offered};
use crate::sasl::{LoginFailure, elements};
use crate::session::error::{peer_error, queue_error, queue_fault};
use crate::session::{
    ConnectConfig, Exchange, Managed, Said, Served, Session, SessionError, StreamFeature, bind,
};
use crate::stream::{Header, XmlStream, language};
use crate::tls;
use crate::transport::Transport;

use self::sasl2::Offered2;

impl Session {
    /// Negotiates as the side that connected, until stanzas may flow.
    ///
    /// # Errors
    /// Whatever ended the stream before that.
    pub async fn connect(
        transport: Transport,
        config: &ConnectConfig,
    ) -> Result<Session, SessionError> {
        let mut connecting = Connecting::new(transport, config.clone());
        connecting.reach(SessionState::READY).await?;
        connecting.session().await
    }
}

/// A stream on its way to a session, which can be looked at between the steps.
pub(crate) struct Connecting(Box<Negotiation>);

impl Connecting {
    /// Before the first header.
    pub(crate) fn new(transport: Transport, config: ConnectConfig) -> Connecting {
        let state = if transport.is_secure() {
            SessionState::SECURE
        } else {
            SessionState::empty()
        };
        let framed = transport.is_framed();
        let stream = XmlStream::new(transport, config.limits, ns::CLIENT);
        let policy = Policy {
            required: if config.require_tls {
                SessionState::SECURE
            } else {
                SessionState::empty()
            },
            disabled: (0..)
                .zip(config.table.iter())
                .filter(|(_, row)| match runner(row, &config) {
                    // A client ignores what is offered where it cannot be (RFC 7395 §3.9).
                    Some(Runner::StartTls) => framed,
                    Some(_) => false,
                    None => true,
                })
                .map(|(row, _)| row)
                .collect(),
            wanted: (0..)
                .zip(config.table.iter())
                .filter(|(_, row)| {
                    matches!(
                        runner(row, &config),
                        Some(Runner::Custom(_) | Runner::Resume)
                    )
                })
                .map(|(row, _)| row)
                .collect(),
            ..Policy::default()
        };
        Connecting(Box::new(Negotiation {
            engine: Engine::new(config.table.clone(), Side::Initiator, policy, state),
            stream,
            config,
            actions: VecDeque::new(),
            begun: false,
            ready: false,
            offered: Offered::default(),
            offered2: Offered2::default(),
            legacy_session: false,
            managed: Managed::Unavailable,
            features: None,
            jid: None,
            id: Text::default(),
            lang: None,
        }))
    }

    /// What has been reached.
    pub(crate) fn state(&self) -> SessionState {
        self.0.engine.state()
    }

    /// Goes on until these flags are set, or stanzas may flow. After an error the stream is closed.
    pub(crate) async fn reach(&mut self, flags: SessionState) -> Result<(), SessionError> {
        let negotiation = &mut *self.0;
        let span = tracing::debug_span!("connect", account = %negotiation.config.account);
        let limit = negotiation.config.timeouts.login;
        let run = Box::pin(negotiation.run(flags).instrument(span));
        let outcome = match tokio::time::timeout(limit, run).await {
            Ok(outcome) => outcome,
            Err(_) => Err(SessionError::TimedOut),
        };
        if outcome.is_err() {
            negotiation.close().await;
        }
        outcome
    }

    /// The session, once stanzas may flow.
    pub(crate) async fn session(self) -> Result<Session, SessionError> {
        let mut negotiation = *self.0;
        let Some(jid) = negotiation.jid.take().filter(|_| negotiation.ready) else {
            negotiation.close().await;
            return Err(SessionError::Impasse(Impasse::NoWay));
        };
        debug!(jid = %jid, "session ready");
        Ok(Session {
            stream: negotiation.stream,
            jid,
            state: negotiation.engine.state(),
            id: negotiation.id,
            lang: negotiation.lang,
            peer_closed: false,
            closing_tag: false,
            resumption: None,
            managed: negotiation.managed,
            features: negotiation.features,
            joined: None,
            login: None,
            close_limit: negotiation.config.timeouts.close,
        })
    }

    /// Closes the stream instead.
    pub(crate) async fn close(mut self) {
        self.0.close().await;
    }
}

/// One stream on its way to a session.
struct Negotiation {
    stream: XmlStream,
    config: ConnectConfig,
    engine: Engine,
    /// What the engine asked for and has not been done yet.
    actions: VecDeque<Action>,
    /// Whether the engine knows that there is a connection.
    begun: bool,
    /// Whether stanzas may flow.
    ready: bool,
    /// What the server's last features offered.
    offered: Offered,
    offered2: Offered2,
    legacy_session: bool,
    /// What is known about stream management.
    managed: Managed,
    /// The server's last features.
    features: Option<Frame>,
    jid: Option<FullJid>,
    id: Text,
    lang: Option<Text>,
}

/// What runs a row.
enum Runner {
    StartTls,
    Sasl,
    Sasl2,
    Bind,
    /// Going on with an earlier session.
    Resume,
    /// Travels inside a login.
    Inline,
    Custom(Arc<dyn StreamFeature>),
}

fn runner(row: &FeatureRow, config: &ConnectConfig) -> Option<Runner> {
    match (row.element, row.ns) {
        ("starttls", ns::TLS) => Some(Runner::StartTls),
        ("mechanisms", ns::SASL) => Some(Runner::Sasl),
        (Authentication::NAME, Authentication::NS) => config.sasl2.then_some(Runner::Sasl2),
        (Bind::NAME, Bind::NS) if row.within.is_some() => Some(Runner::Inline),
        ("bind", ns::BIND) => Some(Runner::Bind),
        element if is_management(element, config) && row.within.is_some() => {
            config.resume.is_some().then_some(Runner::Inline)
        }
        element if is_management(element, config) => {
            config.resume.is_some().then_some(Runner::Resume)
        }
        element => config
            .features
            .iter()
            .find(|feature| feature.connects() && feature.element() == element)
            .map(|feature| Runner::Custom(Arc::clone(feature))),
    }
}

/// Whether the element in `<features/>` is that of stream management.
fn is_management(element: (&str, &str), config: &ConnectConfig) -> bool {
    let management = config.management.as_ref();
    management.is_some_and(|management| management.element() == element)
}

impl Negotiation {
    /// Goes on until these flags are set, or stanzas may flow.
    async fn run(&mut self, flags: SessionState) -> Result<(), SessionError> {
        if !self.begun {
            self.begun = true;
            self.step(Input::Connected);
        }
        loop {
            if self.perform(flags).await? {
                return Ok(());
            }
            self.stream.flush().await?;
            match self.event().await? {
                Some(Event::Open(header)) => {
                    self.opened(header)?;
                    self.step(Input::Opened);
                }
                Some(Event::Element(frame)) => {
                    let root = frame.root();
                    if root.is("features", ns::STREAM) {
                        let offers = self.read_features(root);
                        self.features = Some(frame.clone());
                        self.step(Input::Features(&offers));
                    } else if root.ns() == ns::CLIENT {
                        self.step(Input::Stanza);
                    } else {
                        self.step(Input::Unknown);
                    }
                }
                Some(Event::Close) | None => self.step(Input::Closed),
            }
        }
    }

    async fn close(&mut self) {
        self.stream.queue_close();
        let goodbye = async {
            self.stream.flush().await?;
            std::future::poll_fn(|cx| self.stream.poll_shutdown(cx)).await
        };
        let _ = tokio::time::timeout(self.config.timeouts.close, goodbye).await;
    }

    /// The next event; a stream error from the server is an error here.
    async fn event(&mut self) -> Result<Option<Event>, SessionError> {
        match self.stream.event().await {
            Ok(Some(Event::Element(frame))) => match peer_error(&frame) {
                Some(error) => Err(SessionError::PeerEnded(error)),
                None => Ok(Some(Event::Element(frame))),
            },
            Ok(event) => Ok(event),
            Err(fault) => Err(queue_fault(&mut self.stream, fault)),
        }
    }

    /// The next element of a feature's conversation.
    async fn element(&mut self) -> Result<Frame, SessionError> {
        self.stream.flush().await?;
        match self.event().await? {
            Some(Event::Element(frame)) => Ok(frame),
            _ => Err(SessionError::Closed),
        }
    }

    fn step(&mut self, input: Input<'_>) {
        self.actions.extend(self.engine.step(input));
    }

    fn fail(&mut self, condition: StreamCondition) -> SessionError {
        queue_error(&mut self.stream, condition.into())
    }

    /// Carries actions out; true when these flags are set, or stanzas may flow.
    async fn perform(&mut self, flags: SessionState) -> Result<bool, SessionError> {
        loop {
            if self.ready || (!flags.contains(SessionState::READY) && self.has(flags)) {
                return Ok(true);
            }
            let Some(action) = self.actions.pop_front() else {
                return Ok(false);
            };
            match action {
                Action::SendHeader => {
                    let account = self.config.account.as_str();
                    // Who we are is nobody's business before the stream is encrypted (RFC 6120 §4.7.1).
                    let from = self.stream.transport().is_secure().then_some(account);
                    self.stream.queue_header(&Header {
                        to: Some(self.config.account.domain()),
                        from,
                        id: None,
                        lang: self.config.lang.as_deref(),
                        ..Header::default()
                    });
                }
                Action::Run(row) => {
                    let ended = match self.serve(row).await? {
                        Served::Done => Input::Succeeded(row),
                        Served::Again => Input::Declined(row),
                        Served::Failed => Input::Failed(row),
                    };
                    self.step(ended);
                }
                Action::Restart => self.stream.restart(),
                Action::Ready => {
                    self.establish_session().await?;
                    self.ready = true;
                }
                Action::Fail(condition) => return Err(self.fail(condition)),
                Action::Impasse(impasse) => return Err(SessionError::Impasse(impasse)),
                Action::Close => return Err(SessionError::Closed),
                // The accepting side's.
                Action::SendFeatures(_) | Action::Deny(..) => {
                    return Err(self.fail(StreamCondition::InternalServerError));
                }
            }
        }
    }

    fn has(&self, flags: SessionState) -> bool {
        self.engine.state().contains(flags)
    }

    fn opened(&mut self, header: StreamHeader) -> Result<(), SessionError> {
        let major = header
            .version
            .as_deref()
            .and_then(|version| version.split('.').next()?.parse::<u16>().ok());
        if major.is_none_or(|major| major < 1) {
            return Err(self.fail(StreamCondition::UnsupportedVersion));
        }
        self.id = header.id.map(|id| id.detach()).unwrap_or_default();
        self.lang = language(header.lang.as_ref()).map(|lang| lang.detach());
        Ok(())
    }

    fn read_features(&mut self, features: ElementRef<'_>) -> Vec<Offer> {
        self.offered = Offered::default();
        self.offered2 = Offered2::default();
        let mut offers = Vec::new();
        for feature in features.children() {
            let (name, namespace) = (feature.name(), feature.ns());
            let demand = if feature.child("required", namespace).is_some() {
                Demand::Required
            } else if feature.child("optional", namespace).is_some() {
                Demand::Optional
            } else {
                Demand::Unstated
            };
            match (name, namespace) {
                ("mechanisms", ns::SASL) => {
                    let mechanisms = Mechanisms::read(feature).unwrap_or_default().mechanisms;
                    self.offered.mechanisms =
                        mechanisms.iter().map(|name| name.to_string()).collect();
                }
                (Authentication::NAME, Authentication::NS) => {
                    self.offered2 = Offered2::read(feature);
                }
                (SaslChannelBinding::NAME, SaslChannelBinding::NS) => {
                    let types = SaslChannelBinding::read(feature).unwrap_or_default();
                    let types = types.channel_bindings.into_iter();
                    self.offered.bindings = Some(types.map(|one| one.type_.to_string()).collect());
                }
                // Servers of RFC 3921 require it; younger ones say that they do not, or do not offer it.
                ("session", ns::SESSION) => self.legacy_session = demand != Demand::Optional,
                element if is_management(element, &self.config) => self.offered_management(),
                _ => {}
            }
            if let Some(row) = self.engine.find(name, namespace) {
                offers.push(Offer { row, demand });
            }
        }
        offers
    }

    async fn serve(&mut self, index: Row) -> Result<Served, SessionError> {
        let row = self.engine.row(index);
        match row.and_then(|row| runner(row, &self.config)) {
            Some(Runner::StartTls) => self.start_tls().await?,
            Some(Runner::Sasl) => self.log_in().await?,
            Some(Runner::Sasl2) => self.authenticate(index).await?,
            Some(Runner::Bind) => self.bind().await?,
            Some(Runner::Resume) => return self.resume().await,
            Some(Runner::Custom(feature)) => {
                let state = self.engine.state();
                let host = self.config.account.domain_jid();
                let mut exchange = Exchange {
                    stream: &mut self.stream,
                    host: &host,
                    state,
                    account: None,
                    extensions: &crate::host::Extensions::default(),
                    resumption: None,
                };
                return feature.connect(&mut exchange).await;
            }
            Some(Runner::Inline) | None => {
                return Err(self.fail(StreamCondition::UnsupportedFeature));
            }
        }
        Ok(Served::Done)
    }

    async fn start_tls(&mut self) -> Result<(), SessionError> {
        let connector = self.config.trust.connector(self.config.identity.as_ref())?;
        let name = tls::server_name(self.config.account.domain())?;
        Starttls::default().write(&mut self.stream.writer());
        let answer = self.element().await?;
        if !Proceed::matches(answer.root()) {
            return Err(SessionError::Impasse(Impasse::NoEncryption));
        }
        // What came in plain text behind <proceed/> would be read as if it had come over TLS.
        if self.stream.buffered() > 0 {
            return Err(self.fail(StreamCondition::PolicyViolation));
        }
        self.stream
            .transport_mut()
            .connect_tls(&connector, name)
            .await
            .map_err(SessionError::Tls)
    }

    async fn log_in(&mut self) -> Result<(), SessionError> {
        let secure = self.stream.transport().is_secure();
        let bindings = self.stream.transport().channel_bindings();
        let account = self.config.account.clone();
        let keychain = self.config.keychain.clone();
        let pinned = keychain.is_pinned(&account).await;
        let mut allowed = self.config.mechanisms.clone();
        allowed.retain(|mechanism| !(pinned && mechanism.shows_secret()));
        let config = self.config.clone();
        let credentials = config.credentials();
        let choice = client::choose(
            &allowed,
            &self.offered,
            &bindings,
            secure,
            false,
            credentials,
        )?;
        let mechanism = choice.mechanism;
        let random = config.random.as_ref();
        let (mut exchange, first) =
            client::Exchange::begin(choice, &self.offered, credentials, random)?;
        let first = elements::optional_text(Some(&first));
        Auth::new(mechanism.name().into(), first).write(&mut self.stream.writer());
        loop {
            let frame = self.element().await?;
            let root = frame.root();
            if root.ns() != ns::SASL {
                return Err(self.fail(StreamCondition::NotAuthorized));
            }
            let broken = |_| LoginFailure::Protocol;
            if let Ok(challenge) = Challenge::read(root) {
                let data = elements::data(&challenge.text).map_err(broken)?;
                match exchange.challenge(data).await {
                    Ok(answer) => {
                        let answer = Response::new(elements::text(&answer));
                        answer.write(&mut self.stream.writer());
                    }
                    Err(failure) => {
                        Abort::default().write(&mut self.stream.writer());
                        return Err(failure.into());
                    }
                }
            } else if let Ok(success) = Success::read(root) {
                let data = elements::data(&success.text).map_err(broken)?;
                exchange.success(data.as_deref().map(Vec::as_slice))?;
                if !mechanism.shows_secret() {
                    keychain.pin(&account).await;
                }
                return Ok(());
            } else if let Ok(failure) = Failure::read(root) {
                return Err(elements::refused(failure).into());
            } else {
                return Err(LoginFailure::Protocol.into());
            }
        }
    }

    async fn bind(&mut self) -> Result<(), SessionError> {
        let id = self.config.random.token();
        let request = {
            let config = &self.config;
            let resource = config
                .resource
                .as_ref()
                .or(config.earlier_resource.as_ref());
            bind::request(&id, resource)
        };
        self.stream.queue(&request);
        let answer = self.answer(&id).await?;
        let root = answer.root();
        let jid = match root.attr("type").as_deref() {
            Some("result") => bind::bound(root),
            _ => return Err(SessionError::Bind(bind::error(root))),
        };
        match jid {
            Some(jid) => {
                self.jid = Some(jid);
                Ok(())
            }
            None => Err(self.fail(StreamCondition::InvalidXml)),
        }
    }

    /// The server knows stream management; what it said before of an earlier session stays.
    fn offered_management(&mut self) {
        if self.managed == Managed::Unavailable {
            self.managed = Managed::Offered { handled: None };
        }
    }

    /// Goes on with an earlier session (XEP-0198 §5). Where the server has it no longer, one of its own is bound.
    async fn resume(&mut self) -> Result<Served, SessionError> {
        let (Some(words), Some(resume)) =
            (self.config.management.clone(), self.config.resume.clone())
        else {
            return Ok(Served::Again);
        };
        words.resume(&mut self.stream.writer(), &resume.id, resume.handled);
        let answer = self.element().await?;
        match words.read(answer.root()) {
            Some(Ok(Said::Resumed(handled))) => {
                self.managed = Managed::Resumed { handled };
                self.jid = Some(resume.jid);
                Ok(Served::Done)
            }
            Some(Ok(Said::Failed(handled))) => {
                self.managed = Managed::Offered { handled };
                Ok(Served::Again)
            }
            _ => Err(self.fail(StreamCondition::UnsupportedStanzaType)),
        }
    }

    /// The step that servers of RFC 3921 want after binding.
    async fn establish_session(&mut self) -> Result<(), SessionError> {
        if !self.legacy_session || matches!(self.managed, Managed::Resumed { .. }) {
            return Ok(());
        }
        let id = self.config.random.token();
        self.stream.queue(&bind::session_request(&id));
        let answer = self.answer(&id).await?;
        match answer.root().attr("type").as_deref() {
            Some("result") => Ok(()),
            _ => Err(SessionError::Bind(bind::error(answer.root()))),
        }
    }

    /// The answer to our request; nothing else may come before it.
    async fn answer(&mut self, id: &str) -> Result<Frame, SessionError> {
        let frame = self.element().await?;
        let root = frame.root();
        if root.is("iq", ns::CLIENT) && root.attr("id").as_deref() == Some(id) {
            return Ok(frame);
        }
        Err(self.fail(StreamCondition::NotAuthorized))
    }
}
