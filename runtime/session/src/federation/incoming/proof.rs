//! How another server proves who it is: SASL EXTERNAL, or dialback.

use std::sync::Arc;

use sestina_types::rfc_6120::sasl::{Auth, Challenge, Response, Success};
use sestina_types::xep_0220::dialback::{Error, ResultElement, Verdict, Verify};
use sestina_wire::{
    BareJid, Condition, Content as _, Event, Frame, Jid, Payload, StanzaError, StreamCondition,
    StreamError, Text, ns,
};

use super::super::negotiate::{self, DIALBACK};
use super::super::{Authentication, Failure, Pair};
use super::{End, Server, answer};
use crate::negotiation::Input;
use crate::sasl::{SaslCondition, elements};

/// What came of a verification.
pub(super) struct Verified {
    pair: Pair,
    from: Jid,
    to: Jid,
    outcome: Result<bool, Failure>,
}

/// The error in a verdict (XEP-0220 §2.4.2).
pub(super) fn error(condition: Condition) -> Error {
    let error = StanzaError::new(condition);
    Error {
        type_: Some(Text::from_static(error.kind.as_str())),
        any: vec![sestina_wire::AnyElement::build(|writer| {
            writer.start(condition.as_str(), ns::STANZAS);
            writer.end(condition.as_str());
        })],
        ..Error::default()
    }
}

impl Server {
    /// SASL EXTERNAL (XEP-0178 §3): the certificate has to be for the domain that is named. True when it is.
    pub(super) async fn log_in(&mut self, auth: Auth) -> Result<bool, End> {
        if &*auth.mechanism != "EXTERNAL" {
            return Ok(self.refuse(SaslCondition::InvalidMechanism));
        }
        let mut data = elements::data(&auth.text);
        if matches!(data, Ok(None)) {
            // Without a first message it is asked for.
            Challenge::new(Text::default()).write(&mut self.link.stream.writer());
            self.link.stream.flush().await.map_err(|_| None)?;
            let limit = self.federation.limits().login;
            let event = tokio::time::timeout(limit, self.link.stream.event()).await;
            let Ok(Ok(Some(Event::Element(frame)))) = event else {
                return Err(None);
            };
            data = match Response::read(frame.root()) {
                Ok(response) => elements::data(&response.text),
                Err(_) => return Ok(self.refuse(SaslCondition::MalformedRequest)),
            };
        }
        let name = match data {
            Ok(data) => data,
            Err(condition) => return Ok(self.refuse(condition)),
        };
        let name = name
            .as_ref()
            .map_or(Ok(""), |name| std::str::from_utf8(name));
        let domain = match name {
            Ok("") => self.peer.clone(),
            Ok(name) => BareJid::new(None, name).ok(),
            Err(_) => None,
        };
        let Some(domain) = domain else {
            return Ok(self.refuse(SaslCondition::InvalidAuthzid));
        };
        if self.peer.as_ref().is_some_and(|peer| *peer != domain) {
            return Ok(self.refuse(SaslCondition::InvalidAuthzid));
        }
        let Some(local) = self.local.clone().filter(|_| self.may_log_in(&domain)) else {
            return Ok(self.refuse(SaslCondition::NotAuthorized));
        };
        self.pairs
            .insert(Pair::new(local.domain.domain(), domain.domain()));
        self.proved = Some(domain.detach());
        Success::default().write(&mut self.link.stream.writer());
        self.link.stream.flush().await.map_err(|_| None)?;
        Ok(true)
    }

    fn refuse(&mut self, condition: SaslCondition) -> bool {
        elements::failure(condition).write(&mut self.link.stream.writer());
        false
    }

    /// An element of server dialback.
    pub(super) fn dialback(&mut self, frame: &Frame) -> Result<(), End> {
        let root = frame.root();
        let state = self.engine.as_ref().map(|engine| engine.state());
        if !state.is_some_and(|state| state.contains(self.required())) {
            let error = StreamError::new(StreamCondition::PolicyViolation)
                .with_text("dialback needs encryption here");
            return Err(Some(error));
        }
        if let Ok(question) = Verify::read(root) {
            if question.type_.is_some() {
                // Nothing was asked on this stream.
                return Err(Some(StreamCondition::NotAuthorized.into()));
            }
            answer(&self.federation, &mut self.link.stream, question);
            return Ok(());
        }
        let Ok(result) = ResultElement::read(root) else {
            return Err(Some(StreamCondition::UnsupportedStanzaType.into()));
        };
        if result.type_.is_some() {
            return Err(Some(StreamCondition::NotAuthorized.into()));
        }
        // The first one is a step of the negotiation; others come beside it, or after it.
        let mut begun = None;
        if !self.is_ready && self.running.is_none() {
            let engine = self.engine.as_ref();
            let row = engine.and_then(|engine| engine.find(DIALBACK.0, DIALBACK.1));
            let Some(row) = row else {
                return Err(Some(StreamCondition::UnsupportedStanzaType.into()));
            };
            let actions = self.step(Input::Begin(row));
            self.perform(actions)?;
            begun = self.running;
        }
        if let Err(condition) = self.verify(&result) {
            self.verdict(&result.to, &result.from, Verdict::Error, Some(condition));
            if let Some(row) = begun {
                self.running = None;
                let actions = self.step(Input::Failed(row));
                self.perform(actions)?;
            }
        }
        Ok(())
    }

    /// Begins to make sure that a key is the one of the domain it is said to be from.
    fn verify(&mut self, result: &ResultElement) -> Result<(), Condition> {
        let (from, to) = (&result.from, &result.to);
        let federation = &self.federation;
        let local = federation.local(to.domain()).filter(|_| to.is_domain());
        let local = local.ok_or(Condition::ItemNotFound)?;
        if !from.is_domain() || federation.local(from.domain()).is_some() || !local.dialback {
            return Err(Condition::NotAcceptable);
        }
        let policy = federation.policy(from.domain());
        let transport = self.link.stream.transport();
        if !policy.allow || (policy.require_tls && !transport.is_secure()) {
            return Err(Condition::PolicyViolation);
        }
        if policy.authentication == Authentication::Certificate
            && !federation.proves(transport, from.domain())
        {
            return Err(Condition::NotAuthorized);
        }
        let pair = Pair::new(to.domain(), from.domain());
        if self.pairs.len() + self.asked.len() >= federation.limits().domains_per_stream {
            return Err(Condition::ResourceConstraint);
        }
        let permit = Arc::clone(&federation.verifications).try_acquire_owned();
        let permit = permit.map_err(|_| Condition::ResourceConstraint)?;
        if !self.asked.insert(pair.clone()) {
            return Err(Condition::UnexpectedRequest);
        }
        let (federation, local) = (Arc::clone(federation), Arc::clone(local));
        let (from, to, id) = (from.detach(), to.detach(), self.id.clone());
        let key = Text::from(result.text.trim());
        self.verifying.spawn(async move {
            let outcome = negotiate::question(&federation, &local, from.domain(), &id, &key).await;
            drop(permit);
            Verified {
                pair,
                from,
                to,
                outcome,
            }
        });
        Ok(())
    }

    /// A verification has come to its end.
    pub(super) fn verified(&mut self, verified: Verified) -> Result<(), End> {
        let Verified {
            pair,
            from,
            to,
            outcome,
        } = verified;
        self.asked.remove(&pair);
        let input = match outcome {
            Ok(true) => {
                self.verdict(&to, &from, Verdict::Valid, None);
                self.pairs.insert(pair.clone());
                if self.is_ready {
                    self.adopt(&pair);
                }
                Input::Succeeded
            }
            Ok(false) => {
                tracing::info!(
                    local = &*pair.local,
                    remote = &*pair.remote,
                    "a forged dialback"
                );
                self.verdict(&to, &from, Verdict::Invalid, None);
                if self.pairs.is_empty() {
                    return Err(None);
                }
                Input::Failed
            }
            Err(failure) => {
                tracing::debug!(remote = &*pair.remote, %failure, "no answer about a key");
                let condition = match failure {
                    Failure::NotFound => Condition::RemoteServerNotFound,
                    _ => Condition::RemoteServerTimeout,
                };
                self.verdict(&to, &from, Verdict::Error, Some(condition));
                Input::Failed
            }
        };
        // The negotiation waits for the first success, or for the last failure.
        let is_last = self.asked.is_empty() || !self.pairs.is_empty();
        if let Some(row) = self.running.take_if(|_| is_last) {
            let actions = self.step(input(row));
            return self.perform(actions);
        }
        Ok(())
    }

    fn verdict(&mut self, from: &Jid, to: &Jid, verdict: Verdict, why: Option<Condition>) {
        let mut result = ResultElement::new(from.clone(), to.clone(), Text::default());
        result.type_ = Some(verdict);
        result.error = why.map(error);
        result.encode(&mut self.link.stream.writer(), "db:result", ns::CLIENT);
    }
}
