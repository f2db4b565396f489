//! Logging in together with what comes after it (XEP-0388, 0386, 0480, 0484).

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sestina_types::xep_0386::{Bind, Bound};
use sestina_types::xep_0388::{
    Abort, Authenticate, Challenge, Continue, Failure, Next, Response, Success, TaskData, Tasks,
};
use sestina_types::xep_0480::scram::{HashElement, Salt};
use sestina_types::xep_0480::upgrade::Upgrade;
use sestina_types::xep_0484::{Fast, RequestToken, Token};
use sestina_wire::{
    AnyElement, BareJid, Base64, DateTime, Frame, Jid, Payload, StreamCondition, Text, ns,
};
use tracing::debug;
use zeroize::Zeroizing;

use super::Negotiation;
use crate::accounts::{self, keys};
use crate::negotiation::{Input, Row};
use crate::sasl::server::{Answer, Exchange, admitted};
use crate::sasl::{Hash, HashedToken, Method, SaslCondition, token};
use crate::session::inline::{BindRequest, Inline, Login, TokenAttempt, TokenOutcome, UserAgent};
use crate::session::{HostAccess, Served, SessionError};

/// The longest text in which a client says what it is.
const AGENT_BYTES: usize = 256;

/// What a login came to, and how the stream goes on.
type Outcome<T> = Result<Result<T, SaslCondition>, SessionError>;

/// Somebody who has logged in.
struct Proven {
    account: BareJid,
    method: Method,
    /// What the mechanism says with the success.
    data: Option<Vec<u8>>,
    /// The mechanism of a token that is due to be renewed.
    renew: Option<HashedToken>,
}

impl Negotiation<'_> {
    pub(super) async fn authenticate(
        &mut self,
        index: Row,
        host: &HostAccess,
        first: Frame,
    ) -> Result<Served, SessionError> {
        let request = match read(&first) {
            Ok(request) => request,
            Err(condition) => return Ok(self.refuse_whole(condition)),
        };
        drop(first);
        let user_agent = match user_agent(&request) {
            Ok(user_agent) => user_agent,
            Err(condition) => return Ok(self.refuse_whole(condition)),
        };
        let proven = match HashedToken::from_name(&request.mechanism) {
            Some(mechanism) => {
                self.with_token(host, mechanism, &request, &user_agent)
                    .await
            }
            None => self.with_mechanism(host, &request).await?,
        };
        let mut proven = match proven {
            Ok(proven) => proven,
            Err(condition) => return Ok(self.refuse_whole(condition)),
        };
        let login = Login {
            account: proven.account.detach(),
            method: proven.method,
            user_agent,
            secure: self.stream.transport().is_secure(),
        };
        if let Err(condition) = self.upgrade(host, &request, &mut proven).await? {
            return Ok(self.refuse_whole(condition));
        }
        self.succeed(index, host, &request, login, proven).await
    }

    /// What was asked for is done, and the client told.
    async fn succeed(
        &mut self,
        index: Row,
        host: &HostAccess,
        request: &Authenticate,
        login: Login,
        proven: Proven,
    ) -> Result<Served, SessionError> {
        let mut reply = Vec::new();
        let rows = self
            .engine
            .as_ref()
            .map(|engine| engine.inside(index))
            .unwrap_or_default();
        for row in rows {
            let Some(engine) = &self.engine else {
                break;
            };
            let Some(known) = engine.row(row).copied() else {
                continue;
            };
            // An earlier one may have brought what this one must not have.
            if !engine.inside(index).contains(&row) {
                continue;
            }
            let done = if (known.element, known.ns) == (Bind::NAME, Bind::NS) {
                self.bind_inline(host, request, &login, &mut reply).await
            } else if (known.element, known.ns) == (Fast::NAME, Fast::NS) {
                self.issue(host, request, &login, proven.renew, &mut reply)
                    .await
            } else {
                self.feature_inline(host, request, &login, (known.element, known.ns), &mut reply)
                    .await?
            };
            if done {
                self.step(Input::Inline(row));
            }
        }
        for watcher in &host.inline.watchers {
            watcher.logged_in(&login).await;
        }
        let identity = match &self.jid {
            Some(jid) => Jid::from(jid.clone()),
            None => Jid::from(login.account.clone()),
        };
        let success = Success {
            additional_data: proven.data.map(Base64::from),
            any: reply,
            ..Success::new(identity)
        };
        success.write(&mut self.stream.writer());
        debug!(account = %login.account, mechanism = &*request.mechanism, "logged in");
        self.account = Some(login.account.clone());
        self.login = Some(login);
        self.stream.set_limits(self.config.limits);
        Ok(Served::Done)
    }

    async fn with_mechanism(
        &mut self,
        host: &HostAccess,
        request: &Authenticate,
    ) -> Outcome<Proven> {
        let mechanism = match self.mechanism(host, &request.mechanism) {
            Ok(mechanism) => mechanism,
            Err(condition) => return Ok(Err(condition)),
        };
        let mut exchange = Exchange::new(mechanism);
        let mut message = request.initial_response.as_ref().map(bytes);
        loop {
            let answer = {
                let door = self.door(host);
                Box::pin(exchange.step(message, door)).await
            };
            match answer {
                Answer::Success {
                    account,
                    data,
                    method,
                } => {
                    return Ok(Ok(Proven {
                        account,
                        method,
                        data,
                        renew: None,
                    }));
                }
                Answer::Failure(condition) => return Ok(Err(condition)),
                Answer::Challenge(data) => {
                    Challenge::new(data.into()).write(&mut self.stream.writer());
                }
            }
            message = match self.expect::<Response>().await? {
                Ok(response) => Some(bytes(&response.text)),
                Err(condition) => return Ok(Err(condition)),
            };
        }
    }

    async fn with_token(
        &mut self,
        host: &HostAccess,
        mechanism: HashedToken,
        request: &Authenticate,
        user_agent: &UserAgent,
    ) -> Result<Proven, SaslCondition> {
        let tokens = host
            .inline
            .tokens
            .as_ref()
            .ok_or(SaslCondition::InvalidMechanism)?;
        let malformed = SaslCondition::MalformedRequest;
        // A token is used where the client says that it is one, and who it is (XEP-0484 §3.3, §4).
        let fast = child::<Fast>(request).ok_or(malformed)?;
        let client = user_agent.id.as_deref().ok_or(malformed)?;
        let message = request
            .initial_response
            .as_ref()
            .map(bytes)
            .ok_or(malformed)?;
        let (name, proof) = token::split(&message).ok_or(malformed)?;
        let binding = mechanism
            .binding(&self.offer.bindings)
            .ok_or(SaslCondition::InvalidMechanism)?;
        let account = BareJid::new(Some(name), host.domain.domain())
            .map_err(|_| SaslCondition::NotAuthorized)?;
        if self.from.as_ref().is_some_and(|from| *from != account) {
            return Err(SaslCondition::InvalidAuthzid);
        }
        let throttle = &self.config.throttle;
        let peer = self.stream.transport().peer().map(|peer| peer.ip());
        let user = account.local().unwrap_or_default();
        let attempt = throttle.begin(user, host.domain.domain(), peer).await;
        let invalidate = fast.invalidate == Some(true);
        let checked = tokens
            .check(TokenAttempt {
                account: &account,
                client,
                mechanism,
                proof,
                binding,
                count: fast.count,
                invalidate,
            })
            .await;
        match checked {
            Ok(TokenOutcome::Good { proof, renew }) => {
                throttle.succeeded(attempt);
                admitted(&account, host.authenticator.as_ref()).await?;
                Ok(Proven {
                    account,
                    method: Method::Token,
                    data: Some(proof),
                    renew: (renew && !invalidate).then_some(mechanism),
                })
            }
            Ok(TokenOutcome::Expired) => {
                throttle.succeeded(attempt);
                Err(SaslCondition::CredentialsExpired)
            }
            Ok(TokenOutcome::Wrong) => {
                throttle.failed(attempt);
                Err(SaslCondition::NotAuthorized)
            }
            Err(error) => {
                tracing::error!(%error, "tokens cannot be read");
                Err(SaslCondition::TemporaryAuthFailure)
            }
        }
    }

    /// Lets the client bring keys for hash functions that are newer than its account, one task each (XEP-0480).
    async fn upgrade(
        &mut self,
        host: &HostAccess,
        request: &Authenticate,
        proven: &mut Proven,
    ) -> Outcome<()> {
        if proven.method != Method::Password {
            return Ok(Ok(()));
        }
        let wanted: Vec<Text> = request
            .any
            .iter()
            .filter_map(|child| child.decode::<Upgrade>().ok())
            .map(|upgrade| upgrade.text)
            .collect();
        for hash in self.upgrades.clone() {
            if !wanted.iter().any(|name| &**name == hash.upgrade()) {
                continue;
            }
            if let Err(condition) = self.task(host, hash, proven).await? {
                return Ok(Err(condition));
            }
        }
        Ok(Ok(()))
    }

    async fn task(&mut self, host: &HostAccess, hash: Hash, proven: &mut Proven) -> Outcome<()> {
        let tasks = Tasks {
            tasks: std::iter::once(Text::from_static(hash.upgrade())).collect(),
            ..Tasks::default()
        };
        let task = Continue {
            additional_data: proven.data.take().map(Base64::from),
            ..Continue::new(tasks)
        };
        task.write(&mut self.stream.writer());
        match self.expect::<Next>().await? {
            Ok(next) if &*next.task == hash.upgrade() => {}
            Ok(_) => return Ok(Err(SaslCondition::MalformedRequest)),
            Err(condition) => return Ok(Err(condition)),
        }
        let mut salt = vec![0; 16];
        self.config.random.fill(&mut salt);
        let offered = Salt::new(accounts::ITERATIONS, salt.clone().into());
        let data = TaskData {
            any: vec![offered.to_any()],
            ..TaskData::default()
        };
        data.write(&mut self.stream.writer());
        let answer = match self.expect::<TaskData>().await? {
            Ok(answer) => answer,
            Err(condition) => return Ok(Err(condition)),
        };
        let mut answers = answer.any.iter();
        let salted = answers.find_map(|one| one.decode::<HashElement>().ok());
        let salted = salted.map(|hash| bytes(&hash.text));
        let Some(salted) = salted.filter(|salted| salted.len() == hash.size()) else {
            return Ok(Err(SaslCondition::MalformedRequest));
        };
        let made = keys::from_salted(hash, &salted, &salt, accounts::ITERATIONS);
        let user = proven.account.local().unwrap_or_default();
        match host.authenticator.add_keys(user, hash, made).await {
            Ok(kept) => {
                debug!(hash = hash.scram(), kept, "keys were brought");
                Ok(Ok(()))
            }
            Err(error) => {
                tracing::error!(%error, "keys cannot be kept");
                Ok(Err(SaslCondition::TemporaryAuthFailure))
            }
        }
    }

    async fn bind_inline(
        &mut self,
        host: &HostAccess,
        request: &Authenticate,
        login: &Login,
        reply: &mut Vec<AnyElement>,
    ) -> bool {
        let Some(bind) = child::<Bind>(request).filter(|_| host.inline.bind) else {
            return false;
        };
        let wanted = BindRequest {
            login: login.clone(),
            tag: bind.tag,
            features: bind.any,
        };
        match host.binder.bind_inline(&wanted).await {
            Ok(bound) => {
                self.jid = Some(bound.jid);
                self.joined = bound.joined;
                let bound = Bound {
                    any: bound.reply,
                    ..Bound::default()
                };
                reply.push(bound.to_any());
                true
            }
            Err(error) => {
                // The login stands; a client that asks again in the old way is told why.
                debug!(
                    condition = error.condition.as_str(),
                    "not bound with the login"
                );
                false
            }
        }
    }

    /// A token for a client that asks for one, or whose own is old.
    async fn issue(
        &self,
        host: &HostAccess,
        request: &Authenticate,
        login: &Login,
        renew: Option<HashedToken>,
        reply: &mut Vec<AnyElement>,
    ) -> bool {
        let (Some(tokens), Some(client)) = (&host.inline.tokens, &login.user_agent.id) else {
            return false;
        };
        let asked = child::<RequestToken>(request)
            .and_then(|asked| HashedToken::from_name(&asked.mechanism));
        let usable = |mechanism: &HashedToken| mechanism.binding(&self.offer.bindings).is_some();
        let Some(mechanism) = asked.or(renew).filter(usable) else {
            return false;
        };
        if login.method == Method::Anonymous {
            return false;
        }
        match tokens.issue(login, client, mechanism).await {
            Ok(issued) => {
                let token = Token::new(
                    DateTime::from_timestamp(issued.expires),
                    Text::from(issued.token.expose_secret().as_str()),
                );
                reply.push(token.to_any());
                true
            }
            Err(error) => {
                // The login stands without it.
                tracing::error!(%error, "a token cannot be kept");
                false
            }
        }
    }

    async fn feature_inline(
        &mut self,
        host: &HostAccess,
        request: &Authenticate,
        login: &Login,
        element: (&str, &str),
        reply: &mut Vec<AnyElement>,
    ) -> Result<bool, SessionError> {
        let mut features = host.inline.features.iter();
        let Some(feature) = features.find(|feature| feature.element() == element) else {
            return Ok(false);
        };
        let mut children = request.any.iter();
        let Some(child) = children.find(|child| feature.wants(child.root())) else {
            return Ok(false);
        };
        let mut inline = Inline {
            login,
            reply: Vec::new(),
            resumption: None,
        };
        let served = feature.serve(&mut inline, child.clone()).await;
        reply.append(&mut inline.reply);
        if let Some(resumption) = inline.resumption {
            self.jid = Some(resumption.jid().clone());
            self.resumption = Some(resumption);
        }
        match served {
            Ok(served) => Ok(served == Served::Done),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// The next element of the exchange, or why it is over. Anything else ends the stream (XEP-0388 §2.4).
    async fn expect<P: Payload>(&mut self) -> Outcome<P> {
        self.stream.flush().await?;
        let frame = self.next_element().await?;
        let root = frame.root();
        if Abort::matches(root) {
            return Ok(Err(SaslCondition::Aborted));
        }
        if !root.is(P::NAME, P::NS) {
            return Err(self.fail(StreamCondition::NotAuthorized.into()));
        }
        Ok(P::read(root).map_err(|_| misread(root.text_str().as_ref())))
    }

    fn refuse_whole(&mut self, condition: SaslCondition) -> Served {
        debug!(condition = condition.name(), "login refused");
        let failure = Failure {
            any: vec![AnyElement::build(|writer| {
                writer.empty_element(condition.name(), ns::SASL);
            })],
            ..Failure::default()
        };
        failure.write(&mut self.stream.writer());
        Served::Failed
    }
}

fn read(first: &Frame) -> Result<Authenticate, SaslCondition> {
    let root = first.root();
    Authenticate::read(root).map_err(|_| {
        let data = root.child("initial-response", Authenticate::NS);
        data.map_or(SaslCondition::MalformedRequest, |data| {
            misread(data.text_str().as_ref())
        })
    })
}

/// Why an element with this data could not be read.
fn misread(data: &str) -> SaslCondition {
    let data: String = data.split_ascii_whitespace().collect();
    match BASE64_STANDARD.decode(data) {
        Ok(_) => SaslCondition::MalformedRequest,
        Err(_) => SaslCondition::IncorrectEncoding,
    }
}

fn user_agent(request: &Authenticate) -> Result<UserAgent, SaslCondition> {
    let Some(said) = &request.user_agent else {
        return Ok(UserAgent::default());
    };
    let text = |text: &Option<Text>| match text {
        Some(text) if text.len() > AGENT_BYTES => Err(SaslCondition::MalformedRequest),
        Some(text) if text.is_empty() => Ok(None),
        other => Ok(other.as_ref().map(Text::detach)),
    };
    Ok(UserAgent {
        id: text(&said.id)?,
        software: text(&said.software)?,
        device: text(&said.device)?,
    })
}

/// The first child of a request that is of this type.
fn child<P: Payload>(request: &Authenticate) -> Option<P> {
    request
        .any
        .iter()
        .find(|child| child.is(P::NAME, P::NS))
        .and_then(|child| child.decode::<P>().ok())
}

fn bytes(data: &Base64) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(data.as_ref().to_vec())
}
