//! Logging in with what comes after it, as a client (XEP-0388, 0386, 0480, 0484).

use sestina_types::xep_0386::{Bind, Bound};
use sestina_types::xep_0388::{
    Abort, Authenticate, Authentication, Challenge, Continue, Failure, Next, Response, Success,
    TaskData, UserAgent,
};
use sestina_types::xep_0480::scram::{HashElement, Salt};
use sestina_types::xep_0480::upgrade::Upgrade;
use sestina_types::xep_0484::{Fast, RequestToken, Token};
use sestina_wire::{
    AnyElement, Base64, ElementRef, Frame, Jid, Payload, StreamCondition, Text, ns,
};
use zeroize::Zeroizing;

use super::Negotiation;
use crate::accounts::keys;
use crate::negotiation::{Input, Row};
use crate::sasl::client::{self, FEWEST_ITERATIONS, MOST_ITERATIONS};
use crate::sasl::token::{initiator_proof, responder_proof, same_proof};
use crate::sasl::{Hash, HashedToken, LoginFailure, SaslCondition};
use crate::session::keychain::KeptToken;
use crate::session::{Managed, Said, SessionError};

/// What a server says about logins that take more with them.
#[derive(Clone, Debug, Default)]
pub(super) struct Offered2 {
    /// Mechanisms.
    pub mechanisms: Vec<String>,
    /// Whether a resource can be bound.
    bind: bool,
    /// What can be turned on for a session as it is bound.
    bind_features: Vec<String>,
    /// Names and namespaces of what can be part of the login.
    inline: Vec<(String, String)>,
    /// Mechanisms for tokens.
    tokens: Vec<HashedToken>,
    /// Hash functions that the account has no keys for.
    upgrades: Vec<Hash>,
}

impl Offered2 {
    pub(super) fn read(feature: ElementRef<'_>) -> Offered2 {
        let said = Authentication::read(feature).unwrap_or_default();
        let inline = said.inline.unwrap_or_default();
        let fast = inline.any.iter().find_map(|one| one.decode::<Fast>().ok());
        let tokens = fast.iter().flat_map(|fast| &fast.mechanisms);
        let upgrades = said
            .any
            .iter()
            .filter_map(|one| one.decode::<Upgrade>().ok());
        let upgrades: Vec<Text> = upgrades.map(|upgrade| upgrade.text).collect();
        let known = Hash::ALL.into_iter();
        let bind = inline.any.iter().find_map(|one| one.decode::<Bind>().ok());
        let within = bind.as_ref().and_then(|bind| bind.inline.as_ref());
        let features = within.into_iter().flat_map(|within| &within.features);
        Offered2 {
            mechanisms: said
                .mechanisms
                .iter()
                .map(|name| name.to_string())
                .collect(),
            bind: bind.is_some(),
            inline: inline
                .any
                .iter()
                .map(|one| (one.name().to_owned(), one.ns().to_owned()))
                .collect(),
            bind_features: features.map(|one| one.var.to_string()).collect(),
            tokens: tokens
                .filter_map(|name| HashedToken::from_name(name))
                .collect(),
            upgrades: known
                .filter(|hash| upgrades.iter().any(|name| &**name == hash.upgrade()))
                .collect(),
        }
    }
}

/// How an exchange ended.
enum End {
    Success(Success),
    Refused(LoginFailure),
}

impl Negotiation {
    pub(super) async fn authenticate(&mut self, index: Row) -> Result<(), SessionError> {
        let keychain = self.config.keychain.clone();
        let account = self.config.account.clone();
        if let Some(kept) = self.usable_token().await {
            match self.with_token(&kept).await? {
                End::Success(success) => {
                    return self.succeeded(index, success, Some(kept.mechanism)).await;
                }
                // It is of no use any more; the password is (XEP-0484 §4).
                End::Refused(_) => keychain.keep_token(&account, None).await,
            }
        }
        let pinned = keychain.is_pinned(&account).await;
        let mut allowed = self.config.mechanisms.clone();
        allowed.retain(|mechanism| !(pinned && mechanism.shows_secret()));
        let bindings = self.stream.transport().channel_bindings();
        let config = self.config.clone();
        let credentials = config.credentials();
        let offered = client::Offered {
            mechanisms: self.offered2.mechanisms.clone(),
            bindings: self.offered.bindings.clone(),
        };
        let choice = client::choose(&allowed, &offered, &bindings, true, true, credentials)?;
        let mechanism = choice.mechanism;
        let random = config.random.as_ref();
        let (mut exchange, first) = client::Exchange::begin(choice, &offered, credentials, random)?;
        let mut request = self.request(mechanism.name(), &first);
        // Keys are made of the password that was just proven, so only a mechanism that proves one brings them.
        let upgrades: Vec<Hash> = match mechanism.scram() {
            Some(_) => self.offered2.upgrades.clone(),
            None => Vec::new(),
        };
        let names = upgrades
            .iter()
            .map(|hash| Text::from_static(hash.upgrade()));
        request
            .any
            .extend(names.map(|name| Upgrade::new(name).to_any()));
        let usable = |token: &HashedToken| token.binding(&bindings).is_some();
        let wanted = HashedToken::ALL
            .into_iter()
            .filter(|token| self.offered2.tokens.contains(token))
            .find(usable);
        if let Some(token) = wanted {
            let name = Text::from_static(token.name());
            request.any.push(RequestToken::new(name).to_any());
        }
        request.write(&mut self.stream.writer());
        drop(request);
        match self.converse(&mut exchange, &upgrades).await? {
            End::Success(success) => {
                if !mechanism.shows_secret() {
                    keychain.pin(&account).await;
                }
                self.succeeded(index, success, wanted).await
            }
            End::Refused(failure) => Err(failure.into()),
        }
    }

    /// The account's token, where it can be used now.
    async fn usable_token(&self) -> Option<KeptToken> {
        let bindings = self.stream.transport().channel_bindings();
        let kept = self.config.keychain.token(&self.config.account).await?;
        let usable = self.offered2.tokens.contains(&kept.mechanism)
            && kept.mechanism.binding(&bindings).is_some()
            && kept.expires > self.config.clock.now()
            && self.config.user_agent.id.is_some();
        usable.then_some(kept)
    }

    fn request(&self, mechanism: &'static str, first: &[u8]) -> Authenticate {
        let config = &self.config;
        let agent = &config.user_agent;
        let mut request = Authenticate {
            initial_response: Some(first.to_vec().into()),
            user_agent: Some(UserAgent {
                id: agent.id.clone(),
                software: agent.software.clone(),
                device: agent.device.clone(),
                ..UserAgent::default()
            }),
            ..Authenticate::new(Text::from_static(mechanism))
        };
        // An earlier session is tried before another one is bound (XEP-0198 §5.1): here, or in a step of its own.
        let resumes = match (&config.management, &config.resume) {
            (Some(words), Some(resume)) if self.resumes_inline() => {
                request.any.push(AnyElement::build(|writer| {
                    words.resume(writer, &resume.id, resume.handled);
                }));
                true
            }
            (_, resume) => resume.is_none(),
        };
        // A resource that was chosen here is bound in the way that takes one.
        if self.offered2.bind && config.resource.is_none() && resumes {
            let mut bind = Bind {
                tag: agent.software.clone(),
                ..Bind::default()
            };
            if let Some(words) = config.management.as_ref().filter(|_| self.manages_inline()) {
                bind.any
                    .push(AnyElement::build(|writer| words.enable(writer)));
            }
            request.any.push(bind.to_any());
        }
        request
    }

    /// Whether an earlier session can be gone on with as part of the login.
    fn resumes_inline(&self) -> bool {
        let words = self.config.management.as_ref();
        words.is_some_and(|words| {
            let (name, ns) = words.element();
            let mut offered = self.offered2.inline.iter();
            offered.any(|(one, namespace)| one == name && namespace == ns)
        })
    }

    /// Whether stream management can be turned on as a resource is bound.
    fn manages_inline(&self) -> bool {
        let words = self.config.management.as_ref();
        words.is_some_and(|words| {
            let mut features = self.offered2.bind_features.iter();
            features.any(|var| var == words.element().1)
        })
    }

    async fn with_token(&mut self, kept: &KeptToken) -> Result<End, SessionError> {
        let bindings = self.stream.transport().channel_bindings();
        let binding = kept.mechanism.binding(&bindings).unwrap_or_default();
        let token = kept.token.expose_secret();
        let user = self.config.account.local().unwrap_or_default();
        let mut message = Zeroizing::new(user.as_bytes().to_vec());
        message.push(0);
        message.extend(initiator_proof(token, binding));
        let mut request = self.request(kept.mechanism.name(), &message);
        request.any.push(Fast::default().to_any());
        request.write(&mut self.stream.writer());
        let frame = self.element().await?;
        let root = frame.root();
        if let Ok(success) = Success::read(root) {
            let expected = responder_proof(token, binding);
            let proof = success.additional_data.as_ref();
            return if proof.is_some_and(|proof| same_proof(proof.as_ref(), &expected)) {
                Ok(End::Success(success))
            } else {
                Err(LoginFailure::ServerUnproven.into())
            };
        }
        self.refused(&frame)
    }

    async fn converse(
        &mut self,
        exchange: &mut client::Exchange,
        upgrades: &[Hash],
    ) -> Result<End, SessionError> {
        let mut proven = false;
        loop {
            let frame = self.element().await?;
            let root = frame.root();
            if Challenge::matches(root) && !proven {
                let challenge = Challenge::read(root).map_err(|_| LoginFailure::Protocol)?;
                match exchange.challenge(Some(bytes(&challenge.text))).await {
                    Ok(answer) => {
                        let answer = Response::new(answer.to_vec().into());
                        answer.write(&mut self.stream.writer());
                    }
                    Err(failure) => {
                        Abort::default().write(&mut self.stream.writer());
                        return Err(failure.into());
                    }
                }
            } else if Success::matches(root) {
                let success = Success::read(root).map_err(|_| LoginFailure::Protocol)?;
                if !proven {
                    exchange.success(success.additional_data.as_ref().map(AsRef::as_ref))?;
                }
                return Ok(End::Success(success));
            } else if Continue::matches(root) {
                let task = Continue::read(root).map_err(|_| LoginFailure::Protocol)?;
                if !proven {
                    exchange.success(task.additional_data.as_ref().map(AsRef::as_ref))?;
                    proven = true;
                }
                let mut wanted = upgrades.iter();
                let named = |hash: &&Hash| {
                    let mut tasks = task.tasks.tasks.iter();
                    tasks.any(|name| &**name == hash.upgrade())
                };
                let Some(hash) = wanted.find(named) else {
                    Abort::default().write(&mut self.stream.writer());
                    return Err(LoginFailure::Protocol.into());
                };
                self.bring_keys(*hash).await?;
            } else {
                return self.refused(&frame);
            }
        }
    }

    /// Gives the server keys for a newer hash function (XEP-0480 §3).
    async fn bring_keys(&mut self, hash: Hash) -> Result<(), SessionError> {
        Next::new(Text::from_static(hash.upgrade())).write(&mut self.stream.writer());
        let frame = self.element().await?;
        let data = TaskData::read(frame.root()).map_err(|_| LoginFailure::Protocol)?;
        let salt = data.any.iter().find_map(|one| one.decode::<Salt>().ok());
        let salt = salt.ok_or(LoginFailure::Protocol)?;
        if !(FEWEST_ITERATIONS..=MOST_ITERATIONS).contains(&salt.iterations) {
            return Err(LoginFailure::Protocol.into());
        }
        let password = keys::prepare(self.config.password.expose_secret());
        let password = password.ok_or(LoginFailure::Protocol)?;
        let salted = keys::off_the_runtime(move || {
            hash.salted(password.as_bytes(), salt.text.as_ref(), salt.iterations)
        })
        .await;
        let data = TaskData {
            any: vec![HashElement::new(salted.to_vec().into()).to_any()],
            ..TaskData::default()
        };
        data.write(&mut self.stream.writer());
        Ok(())
    }

    /// What is no step of the exchange: a refusal, or something that has no place here.
    fn refused(&mut self, frame: &Frame) -> Result<End, SessionError> {
        let root = frame.root();
        if root.ns() != Failure::NS {
            return Err(self.fail(StreamCondition::NotAuthorized));
        }
        let failure = Failure::read(root).map_err(|_| LoginFailure::Protocol)?;
        let mut named = failure.any.iter().filter(|one| one.ns() == ns::SASL);
        let condition = named.find_map(|one: &AnyElement| SaslCondition::from_name(one.name()));
        Ok(End::Refused(LoginFailure::Refused {
            condition: condition.unwrap_or(SaslCondition::NotAuthorized),
            text: failure.text.map(|text| text.detach()),
        }))
    }

    /// Takes what came with the success.
    async fn succeeded(
        &mut self,
        index: Row,
        success: Success,
        mechanism: Option<HashedToken>,
    ) -> Result<(), SessionError> {
        let identity = success.authorization_identifier.detach();
        if identity.bare_str() != self.config.account.as_str()
            && self.config.account.local().is_some()
        {
            return Err(LoginFailure::Protocol.into());
        }
        let tokens = success
            .any
            .iter()
            .find_map(|one| one.decode::<Token>().ok());
        if let (Some(token), Some(mechanism)) = (tokens, mechanism) {
            let kept = KeptToken {
                mechanism,
                token: sestina_storage::Secret::new(token.token.to_string()),
                expires: token.expiry.timestamp(),
            };
            let account = &self.config.account;
            self.config.keychain.keep_token(account, Some(kept)).await;
        }
        if self.went_on(index, &success, &identity)? {
            return Ok(());
        }
        let bound = success
            .any
            .iter()
            .find_map(|one| one.decode::<Bound>().ok());
        let row = self.engine.find_inside(index, Bind::NAME, Bind::NS);
        if let (Some(bound), Some(row), Some(jid)) = (bound, row, identity.as_full()) {
            self.jid = Some(jid);
            self.step(Input::Inline(row));
            if self.manages_inline() {
                self.offered_management();
            }
            if let (Some(Said::Enabled { id, .. }), Managed::Offered { handled }) =
                (self.said(&bound.any), &self.managed)
            {
                self.managed = Managed::Enabled {
                    id: id.map(|id| id.detach()),
                    handled: *handled,
                };
            }
        }
        Ok(())
    }

    /// What stream management says among these.
    fn said(&self, elements: &[AnyElement]) -> Option<Said> {
        let words = self.config.management.as_ref()?;
        let mut said = elements.iter().filter_map(|one| words.read(one.root()));
        said.find_map(Result::ok)
    }

    /// Whether the stream goes on with the earlier session (XEP-0198 §5.1).
    fn went_on(
        &mut self,
        index: Row,
        success: &Success,
        identity: &Jid,
    ) -> Result<bool, SessionError> {
        let (Some(words), Some(resume)) = (&self.config.management, &self.config.resume) else {
            return Ok(false);
        };
        let (name, ns) = words.element();
        match self.said(&success.any) {
            Some(Said::Resumed(handled)) => {
                let row = self.engine.find_inside(index, name, ns);
                let (Some(row), true) = (row, identity.as_str() == resume.jid.as_str()) else {
                    return Err(LoginFailure::Protocol.into());
                };
                self.managed = Managed::Resumed { handled };
                self.jid = Some(resume.jid.clone());
                self.step(Input::Inline(row));
                Ok(true)
            }
            Some(Said::Failed(handled)) => {
                self.managed = Managed::Offered { handled };
                // It is gone: it is not asked for again in a step of its own.
                self.config.resume = None;
                Ok(false)
            }
            _ => Ok(false),
        }
    }
}

fn bytes(data: &Base64) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(data.as_ref().to_vec())
}
