//! Making a stream to another server: from its name to the moment when stanzas may flow.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rustls::pki_types::ServerName;
use sestina_types::rfc_6120::sasl::{Auth, Mechanisms, Success};
use sestina_types::rfc_6120::tls::{Proceed, Starttls};
use sestina_types::xep_0220::dialback::{Answer, ResultElement, Verdict, Verify};
use sestina_types::xep_0288::bidi::Bidi;
use sestina_wire::negotiation::{FeatureRow, SessionState};
use sestina_wire::{
    BareJid, Content as _, ElementRef, Event, Frame, Jid, Payload, StreamCondition, StreamError,
    Text, ns,
};
use tokio::net::TcpStream;

use super::{Authentication, DomainPolicy, Failure, Federation, Local};
use crate::link::{self, SILENCE, keep_alive};
use crate::negotiation::{Action, Demand, Engine, Impasse, Input, Offer, Policy, Side};
use crate::srv::Candidate;
use crate::stream::{Header, StreamFault, XmlStream};
use crate::transport::Transport;

/// How long one address may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The feature of XEP-0220 and of XEP-0288.
pub(super) const DIALBACK: (&str, &str) = ("dialback", "urn:xmpp:features:dialback");
pub(super) const BIDI: (&str, &str) = ("bidi", "urn:xmpp:features:bidi");

/// What a stream is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To send stanzas.
    Stanzas,
    /// To ask whether a key is theirs (XEP-0220 §2.3).
    Question,
}

/// A stream to another server.
pub(super) struct Made {
    pub(super) stream: XmlStream,
    /// Whether the other side sends on it as well.
    pub(super) bidi: bool,
}

impl From<StreamFault> for Failure {
    fn from(fault: StreamFault) -> Failure {
        match fault {
            StreamFault::Io(error) => Failure::Io(error),
            StreamFault::Read(error) => Failure::Fault(error.stream_error()),
        }
    }
}

/// Makes a stream for stanzas.
pub(super) async fn stanzas(
    federation: &Federation,
    local: &Arc<Local>,
    remote: &str,
) -> Result<Made, Failure> {
    make(federation, local, remote, Purpose::Stanzas).await
}

/// Asks the server of `remote` whether a key is its own, that somebody showed us on the stream of this id.
pub(super) async fn question(
    federation: &Federation,
    local: &Arc<Local>,
    remote: &str,
    id: &Text,
    key: &Text,
) -> Result<bool, Failure> {
    let Made { mut stream, .. } = make(federation, local, remote, Purpose::Question).await?;
    let asking = async {
        let (us, them) = addresses(local, remote)?;
        let verify = Verify::new(us.clone(), them.clone(), id.clone(), key.clone());
        // With the prefix that the header declares: there are servers that look for it.
        verify.encode(&mut stream.writer(), "db:verify", ns::CLIENT);
        stream.flush().await?;
        loop {
            let frame = element(&mut stream).await?;
            let Ok(answer) = Verify::read(frame.root()) else {
                continue;
            };
            let matches = answer.id == *id
                && answer.from.as_str() == them.as_str()
                && answer.to.as_str() == us.as_str();
            match answer.type_ {
                Some(Answer::Valid) if matches => return Ok(true),
                Some(Answer::Invalid) if matches => return Ok(false),
                Some(Answer::Error) if matches => return Err(Failure::Refused),
                _ => {}
            }
        }
    };
    let asked = tokio::time::timeout(federation.limits().login, asking).await;
    link::goodbye(&mut stream, None).await;
    asked.unwrap_or(Err(Failure::TimedOut))
}

fn addresses(local: &Local, remote: &str) -> Result<(Jid, Jid), Failure> {
    let remote = BareJid::new(None, remote).map_err(|_| Failure::NotFound)?;
    Ok((local.domain.clone().into_jid(), remote.into_jid()))
}

async fn make(
    federation: &Federation,
    local: &Arc<Local>,
    remote: &str,
    purpose: Purpose,
) -> Result<Made, Failure> {
    let policy = federation.policy(remote);
    let candidates = match &policy.address {
        Some((host, port)) => vec![Candidate::new(host.clone(), *port, policy.direct_tls)],
        None => federation.resolver.candidates(remote).await?,
    };
    let mut last = Failure::NotFound;
    for candidate in &candidates {
        for address in federation.resolver.addresses(&candidate.host).await {
            let connecting = TcpStream::connect((address, candidate.port));
            let socket = match tokio::time::timeout(PATIENCE, connecting).await {
                Ok(Ok(socket)) => socket,
                Ok(Err(error)) => {
                    last = Failure::Io(error);
                    continue;
                }
                Err(_) => {
                    last = Failure::TimedOut;
                    continue;
                }
            };
            keep_alive(&socket, SILENCE)?;
            let transport = Transport::tcp(socket)?;
            let over = over(federation, local, remote, purpose, transport, candidate.tls);
            let made = tokio::time::timeout(federation.limits().login, Box::pin(over)).await;
            match made.unwrap_or(Err(Failure::TimedOut)) {
                Ok(made) => return Ok(made),
                Err(failure) => {
                    tracing::debug!(remote, %address, %failure, "no stream over this address");
                    last = failure;
                }
            }
        }
    }
    Err(last)
}

async fn over(
    federation: &Federation,
    local: &Arc<Local>,
    remote: &str,
    purpose: Purpose,
    mut transport: Transport,
    direct: bool,
) -> Result<Made, Failure> {
    let policy = federation.policy(remote);
    if direct {
        transport
            .connect_tls(&local.direct, server_name(remote)?)
            .await
            .map_err(Failure::Tls)?;
    }
    let stream = XmlStream::new(transport, federation.parts.limits, ns::SERVER);
    let mut negotiation = Negotiation::new(federation, local, remote, policy, purpose, stream);
    match negotiation.run().await {
        Ok(()) => Ok(Made {
            stream: negotiation.stream,
            bidi: negotiation.bidi,
        }),
        Err(failure) => {
            let error = match &failure {
                Failure::Fault(error) => Some(error),
                _ => None,
            };
            link::goodbye(&mut negotiation.stream, error).await;
            Err(failure)
        }
    }
}

fn server_name(domain: &str) -> Result<ServerName<'static>, Failure> {
    let bare = domain.trim_start_matches('[').trim_end_matches(']');
    let ascii = match bare.parse::<std::net::IpAddr>() {
        Ok(_) => bare.to_owned(),
        Err(_) => idna::domain_to_ascii_strict(bare).map_err(|_| Failure::NotFound)?,
    };
    ServerName::try_from(ascii).map_err(|_| Failure::NotFound)
}

/// The next element; the other side's end is a failure.
async fn element(stream: &mut XmlStream) -> Result<Frame, Failure> {
    stream.flush().await?;
    match stream.event().await? {
        Some(Event::Element(frame)) => match StreamError::read(frame.root()) {
            Ok(error) => Err(Failure::Ended(error)),
            Err(_) => Ok(frame),
        },
        _ => Err(Failure::Closed),
    }
}

/// One stream on its way.
struct Negotiation<'a> {
    federation: &'a Federation,
    local: &'a Arc<Local>,
    remote: &'a str,
    policy: &'a DomainPolicy,
    purpose: Purpose,
    stream: XmlStream,
    engine: Engine,
    actions: VecDeque<Action>,
    id: Text,
    /// Whether the other side's header speaks of dialback.
    dialback: bool,
    bidi: bool,
    /// Whether the certificate has been looked at.
    checked: bool,
    refused: bool,
}

impl<'a> Negotiation<'a> {
    fn new(
        federation: &'a Federation,
        local: &'a Arc<Local>,
        remote: &'a str,
        policy: &'a DomainPolicy,
        purpose: Purpose,
        stream: XmlStream,
    ) -> Negotiation<'a> {
        let table = Arc::clone(&federation.parts.table);
        let is_for_stanzas = purpose == Purpose::Stanzas;
        let usable = |row: &FeatureRow| match (row.element, row.ns) {
            ("starttls", ns::TLS) => true,
            ("mechanisms", ns::SASL) => is_for_stanzas && local.shows_certificate,
            DIALBACK => is_for_stanzas && local.dialback,
            BIDI => is_for_stanzas && local.bidi,
            _ => false,
        };
        let rows = || (0..).zip(table.iter());
        let required = if policy.require_tls {
            SessionState::SECURE
        } else {
            SessionState::empty()
        };
        let engine_policy = Policy {
            required,
            disabled: rows()
                .filter(|(_, row)| !usable(row))
                .map(|(index, _)| index)
                .collect(),
            wanted: rows()
                .filter(|(_, row)| (row.element, row.ns) == BIDI)
                .map(|(index, _)| index)
                .collect(),
            ..Policy::default()
        };
        let state = if stream.transport().is_secure() {
            SessionState::S2S | SessionState::SECURE
        } else {
            SessionState::S2S
        };
        let engine = Engine::new(table.clone(), Side::Initiator, engine_policy, state);
        Negotiation {
            federation,
            local,
            remote,
            policy,
            purpose,
            stream,
            engine,
            actions: VecDeque::new(),
            id: Text::default(),
            dialback: false,
            bidi: false,
            checked: false,
            refused: false,
        }
    }

    fn step(&mut self, input: Input<'_>) {
        self.actions.extend(self.engine.step(input));
    }

    async fn run(&mut self) -> Result<(), Failure> {
        self.step(Input::Connected);
        loop {
            while let Some(action) = self.actions.pop_front() {
                match action {
                    Action::SendHeader => self.stream.queue_header(&Header {
                        to: Some(self.remote),
                        from: Some(self.local.domain.domain()),
                        ..Header::default()
                    }),
                    Action::Run(row) => {
                        let input = if self.serve(row).await? {
                            Input::Succeeded(row)
                        } else {
                            Input::Declined(row)
                        };
                        self.step(input);
                    }
                    Action::Restart => self.stream.restart(),
                    Action::Ready => {
                        self.stream.flush().await?;
                        return Ok(());
                    }
                    // A question is asked as soon as nothing can be done for the stream any more.
                    Action::Impasse(Impasse::NoWay) if self.purpose == Purpose::Question => {
                        return Ok(());
                    }
                    Action::Impasse(_) if self.refused => return Err(Failure::Refused),
                    Action::Impasse(_) => return Err(Failure::NoWay),
                    Action::Fail(condition) => return Err(Failure::Fault(condition.into())),
                    Action::Close => return Err(Failure::Closed),
                    Action::SendFeatures(_) | Action::Deny(..) => {
                        let condition = StreamCondition::InternalServerError;
                        return Err(Failure::Fault(condition.into()));
                    }
                }
            }
            self.stream.flush().await?;
            match self.stream.event().await? {
                Some(Event::Open(header)) => {
                    if *header.content_ns != *ns::SERVER {
                        return Err(Failure::Fault(StreamCondition::InvalidNamespace.into()));
                    }
                    self.id = header.id.map(|id| id.detach()).unwrap_or_default();
                    self.dialback = header.dialback;
                    self.check_certificate()?;
                    self.step(Input::Opened);
                    // What is older than XMPP 1.0 sends no features and can do nothing but dialback.
                    if header.version.is_none() {
                        let offers = self.offers(None);
                        self.step(Input::Features(&offers));
                    }
                }
                Some(Event::Element(frame)) => {
                    let root = frame.root();
                    if let Ok(error) = StreamError::read(root) {
                        return Err(Failure::Ended(error));
                    }
                    if root.is("features", ns::STREAM) {
                        let offers = self.offers(Some(root));
                        self.step(Input::Features(&offers));
                    } else {
                        self.step(Input::Unknown);
                    }
                }
                Some(Event::Close) | None => return Err(Failure::Closed),
            }
        }
    }

    /// As soon as there is TLS: whose certificate it is, where that matters.
    fn check_certificate(&mut self) -> Result<(), Failure> {
        if self.checked || !self.stream.transport().is_secure() {
            return Ok(());
        }
        self.checked = true;
        if self.policy.authentication == Authentication::Certificate
            && !self.federation.proves(self.stream.transport(), self.remote)
        {
            return Err(Failure::Certificate);
        }
        Ok(())
    }

    fn offers(&self, features: Option<ElementRef<'_>>) -> Vec<Offer> {
        let mut offers = Vec::new();
        let mut offer = |element: &str, namespace: &str, demand| {
            if let Some(row) = self.engine.find(element, namespace)
                && !offers.iter().any(|offer: &Offer| offer.row == row)
            {
                offers.push(Offer { row, demand });
            }
        };
        for feature in features.iter().flat_map(|features| features.children()) {
            let (name, namespace) = (feature.name(), feature.ns());
            if (name, namespace) == ("mechanisms", ns::SASL) {
                let mechanisms = Mechanisms::read(feature).unwrap_or_default().mechanisms;
                if !mechanisms.iter().any(|name| &**name == "EXTERNAL") {
                    continue;
                }
            }
            let demand = if feature.child("required", namespace).is_some() {
                Demand::Required
            } else {
                Demand::Unstated
            };
            offer(name, namespace, demand);
        }
        // Not everybody who can do it lists it among the features.
        if self.dialback {
            offer(DIALBACK.0, DIALBACK.1, Demand::Unstated);
        }
        offers
    }

    /// Carries a feature out. False when the other side refused, and another way may lead on.
    async fn serve(&mut self, index: u16) -> Result<bool, Failure> {
        let row = self.engine.row(index).map(|row| (row.element, row.ns));
        match row {
            Some(("starttls", ns::TLS)) => self.start_tls().await,
            Some(("mechanisms", ns::SASL)) => self.log_in().await,
            Some(DIALBACK) => self.call_back().await,
            Some(BIDI) => {
                Bidi::default().write(&mut self.stream.writer());
                self.bidi = true;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn start_tls(&mut self) -> Result<bool, Failure> {
        Starttls::default().write(&mut self.stream.writer());
        let answer = element(&mut self.stream).await?;
        if !Proceed::matches(answer.root()) {
            return Err(Failure::NoWay);
        }
        // What came in plain text behind <proceed/> would be read as if it had come over TLS.
        if self.stream.buffered() > 0 {
            return Err(Failure::Fault(StreamCondition::PolicyViolation.into()));
        }
        let name = server_name(self.remote)?;
        self.stream
            .transport_mut()
            .connect_tls(&self.local.connector, name)
            .await
            .map_err(Failure::Tls)?;
        Ok(true)
    }

    /// SASL EXTERNAL (XEP-0178 §3).
    async fn log_in(&mut self) -> Result<bool, Failure> {
        let name = Text::from(BASE64_STANDARD.encode(self.local.domain.domain()));
        Auth::new(Text::from_static("EXTERNAL"), name).write(&mut self.stream.writer());
        let answer = element(&mut self.stream).await?;
        if Success::matches(answer.root()) {
            return Ok(true);
        }
        self.refused = true;
        Ok(false)
    }

    /// Server dialback, as the one who wants to be believed (XEP-0220 §2.1).
    async fn call_back(&mut self) -> Result<bool, Failure> {
        let (us, them) = addresses(self.local, self.remote)?;
        let keys = &self.federation.keys;
        let key = keys.key(them.domain(), us.domain(), &self.id);
        let result = ResultElement::new(us.clone(), them.clone(), Text::from(key));
        result.encode(&mut self.stream.writer(), "db:result", ns::CLIENT);
        let answer = element(&mut self.stream).await?;
        let Ok(result) = ResultElement::read(answer.root()) else {
            return Err(Failure::Fault(
                StreamCondition::UnsupportedStanzaType.into(),
            ));
        };
        // Only what we asked for is an answer.
        if result.from.as_str() != them.as_str() || result.to.as_str() != us.as_str() {
            return Err(Failure::Fault(StreamCondition::InvalidFrom.into()));
        }
        match result.type_ {
            Some(Verdict::Valid) => Ok(true),
            Some(Verdict::Invalid) => Err(Failure::Refused),
            Some(Verdict::Error) => Err(Failure::NoWay),
            None => Err(Failure::Fault(StreamCondition::NotAuthorized.into())),
        }
    }
}
