//! Logging in: what is offered, and the exchange of RFC 6120 §6.

use sestina_types::rfc_6120::sasl::{Abort, Auth, Challenge, Response, Success};
use sestina_wire::{Event, Frame, Payload, StreamCondition, ns};
use tracing::debug;

use super::Negotiation;
use crate::sasl::server::{Answer, Door, Exchange, Offer};
use crate::sasl::{Mechanism, SaslCondition, elements};
use crate::session::error::queue_fault;
use crate::session::{HostAccess, Login, Served, SessionError, UserAgent};

impl Negotiation<'_> {
    /// Finds out what can be offered on the stream as it is now.
    pub(super) async fn prepare_offer(&mut self) {
        let Some(host) = self.host.clone() else {
            return;
        };
        if self.account.is_some() {
            return;
        }
        let transport = self.stream.transport();
        let secure = transport.is_secure();
        let bindings = transport.channel_bindings();
        self.certificate = transport.client_addresses();
        let domain = host.domain.domain();
        let named = self
            .certificate
            .iter()
            .any(|account| account.domain() == domain);
        let usable = |mechanism: &Mechanism| match mechanism {
            Mechanism::External => secure && named,
            Mechanism::OauthBearer => secure && host.tokens.is_some(),
            Mechanism::Plain => secure,
            Mechanism::Anonymous => host.anonymous,
            other => !other.binds_channel() || !bindings.is_empty(),
        };
        let mut mechanisms: Vec<Mechanism> =
            host.mechanisms.iter().copied().filter(usable).collect();
        // Of an account that is named, only what it has keys for (XEP-0388 §2.1): one that is older than a hash function
        // could not log in otherwise. An account that does not exist has everything.
        if let Some(from) = self
            .from
            .as_ref()
            .filter(|from| secure && from.domain() == domain)
            && let Some(user) = from.local()
            && let Ok(Some(keys)) = host.authenticator.keys(user).await
        {
            let known = host.mechanisms.iter().filter_map(|one| one.scram());
            self.upgrades = known.filter(|hash| keys.of(*hash).is_none()).collect();
            self.upgrades.sort_unstable();
            self.upgrades.dedup();
            if !host.inline.upgrades {
                self.upgrades.clear();
            }
            mechanisms
                .retain(|mechanism| mechanism.scram().is_none_or(|hash| keys.of(hash).is_some()));
        }
        let binds = mechanisms.iter().any(|mechanism| mechanism.binds_channel());
        self.offer = Offer {
            announces: binds && host.announces_bindings,
            protects: host.protects_offer,
            mechanisms,
            bindings,
        };
    }

    pub(super) async fn log_in(
        &mut self,
        host: &HostAccess,
        first: Frame,
    ) -> Result<Served, SessionError> {
        let Ok(request) = Auth::read(first.root()) else {
            return self.refuse(SaslCondition::MalformedRequest);
        };
        let mechanism = match self.mechanism(host, &request.mechanism) {
            Ok(mechanism) => mechanism,
            Err(condition) => return self.refuse(condition),
        };
        let mut exchange = Exchange::new(mechanism);
        let mut message = match elements::data(&request.text) {
            Ok(message) => message,
            Err(condition) => return self.refuse(condition),
        };
        drop((request, first));
        loop {
            let answer = {
                let door = self.door(host);
                // Boxed: checking a login takes room that a waiting stream should not hold.
                Box::pin(exchange.step(message, door)).await
            };
            match answer {
                Answer::Success {
                    account,
                    data,
                    method,
                } => {
                    let text = elements::optional_text(data.as_deref());
                    Success::new(text).write(&mut self.stream.writer());
                    debug!(account = %account, mechanism = mechanism.name(), "logged in");
                    let account = account.detach();
                    self.login = Some(Login {
                        account: account.clone(),
                        method,
                        user_agent: UserAgent::default(),
                        secure: self.stream.transport().is_secure(),
                    });
                    self.account = Some(account);
                    self.stream.flush().await?;
                    self.stream.set_limits(self.config.limits);
                    return Ok(Served::Done);
                }
                Answer::Failure(condition) => return self.refuse(condition),
                Answer::Challenge(data) => {
                    Challenge::new(elements::text(&data)).write(&mut self.stream.writer());
                }
            }
            self.stream.flush().await?;
            let frame = self.next_element().await?;
            let root = frame.root();
            if Abort::matches(root) {
                return self.refuse(SaslCondition::Aborted);
            }
            let Ok(response) = Response::read(root) else {
                if root.ns() == ns::SASL {
                    return self.refuse(SaslCondition::MalformedRequest);
                }
                return Err(self.fail(StreamCondition::NotAuthorized.into()));
            };
            // An empty response is a message of no bytes, unlike an <auth/> without initial response.
            message = match elements::data(&response.text) {
                Ok(data) => Some(data.unwrap_or_default()),
                Err(condition) => return self.refuse(condition),
            };
        }
    }

    /// The mechanism of this name, if it is offered.
    pub(super) fn mechanism(
        &self,
        host: &HostAccess,
        name: &str,
    ) -> Result<Mechanism, SaslCondition> {
        let known = Mechanism::from_name(name).filter(|known| host.mechanisms.contains(known));
        match known {
            Some(mechanism) if self.offer.mechanisms.contains(&mechanism) => Ok(mechanism),
            Some(mechanism) if mechanism.shows_secret() && !self.stream.transport().is_secure() => {
                Err(SaslCondition::EncryptionRequired)
            }
            _ => Err(SaslCondition::InvalidMechanism),
        }
    }

    pub(super) fn door<'a>(&'a self, host: &'a HostAccess) -> Door<'a> {
        Door {
            domain: host.domain.domain(),
            authenticator: host.authenticator.as_ref(),
            tokens: host.tokens.as_deref(),
            decoy_secret: &host.decoy_secret,
            random: self.config.random.as_ref(),
            throttle: &self.config.throttle,
            peer: self.stream.transport().peer().map(|peer| peer.ip()),
            offer: &self.offer,
            certificate: &self.certificate,
            from: self.from.as_ref(),
        }
    }

    /// The next element of an exchange.
    pub(super) async fn next_element(&mut self) -> Result<Frame, SessionError> {
        match self.stream.event().await {
            Ok(Some(Event::Element(frame))) => Ok(frame),
            Ok(_) => {
                self.stream.queue_close();
                Err(SessionError::Closed)
            }
            Err(fault) => Err(queue_fault(self.stream, fault)),
        }
    }

    pub(super) fn refuse(&mut self, condition: SaslCondition) -> Result<Served, SessionError> {
        debug!(condition = condition.name(), "login refused");
        elements::failure(condition).write(&mut self.stream.writer());
        Ok(Served::Failed)
    }
}
