//! The features themselves: what is offered, and how each is carried out.

use sestina_types::rfc_6120;
use sestina_types::rfc_6120::bind::Bind;
use sestina_types::rfc_6120::sasl::{Abort, Auth, Challenge, Mechanisms, Response, Success};
use sestina_types::rfc_6120::tls::{Proceed, Starttls};
use sestina_wire::{Event, Frame, Payload, StreamCondition, StreamError, ns};
use tracing::debug;

use super::{Negotiation, Runner, runner};
use crate::negotiation::{Denial, Engine, Row};
use crate::sasl::{Mechanism, SaslCondition, elements, server};
use crate::session::error::queue_fault;
use crate::session::{Exchange, HostAccess, Served, SessionError, bind};

impl Negotiation<'_> {
    /// Writes what the client may negotiate now.
    pub(super) fn send_features(&mut self, rows: &[(Row, bool)]) {
        let (Some(host), Some(engine)) = (self.host.clone(), &self.engine) else {
            return;
        };
        let secure = self.stream.transport().is_secure();
        let mut writer = self.stream.writer();
        // With the prefix that the header declares: there are clients that look for it.
        writer.start("stream:features", ns::CLIENT);
        for &(index, required) in rows {
            let Some(row) = engine.row(index) else {
                continue;
            };
            match runner(row, &host) {
                Some(Runner::StartTls) => {
                    let starttls = Starttls {
                        required,
                        ..Starttls::default()
                    };
                    starttls.write(&mut writer);
                }
                Some(Runner::Sasl) => {
                    let names = offered(&host, secure).map(|mechanism| mechanism.name().into());
                    let mechanisms = Mechanisms {
                        mechanisms: names.collect(),
                        ..Mechanisms::default()
                    };
                    // Without TLS there may be nothing to offer yet.
                    if !mechanisms.mechanisms.is_empty() {
                        mechanisms.write(&mut writer);
                    }
                }
                Some(Runner::Bind) => Bind::default().write(&mut writer),
                Some(Runner::Session) => {
                    let session = rfc_6120::session::Session {
                        optional: true,
                        ..Default::default()
                    };
                    session.write(&mut writer);
                }
                Some(Runner::Custom(feature)) => feature.advertise(&mut writer, row, required),
                None => {}
            }
        }
        writer.end("stream:features");
    }

    /// Says in SASL's own words that encryption comes first; false when the row is another feature's.
    pub(super) fn refuse_login(&mut self, index: Row, denial: Denial) -> bool {
        let row = self.engine.as_ref().and_then(|engine| engine.row(index));
        let login = row.is_some_and(|row| (row.element, row.ns) == ("mechanisms", ns::SASL));
        if login && denial == Denial::EncryptionRequired {
            elements::failure(SaslCondition::EncryptionRequired).write(&mut self.stream.writer());
            return true;
        }
        false
    }

    /// Carries out the feature that was begun.
    pub(super) async fn serve(&mut self, index: Row) -> Result<Served, SessionError> {
        let row = self
            .engine
            .as_ref()
            .and_then(|engine| engine.row(index))
            .copied();
        let (Some(row), Some(host), Some(first)) = (row, self.host.clone(), self.begun.take())
        else {
            return Err(self.fail(StreamCondition::InternalServerError.into()));
        };
        match runner(&row, &host) {
            Some(Runner::StartTls) => self.start_tls(&host).await,
            Some(Runner::Sasl) => self.log_in(&host, first).await,
            Some(Runner::Bind) => self.bind(&host, &first).await,
            Some(Runner::Custom(feature)) => {
                let state = self.engine.as_ref().map(Engine::state).unwrap_or_default();
                let mut exchange = Exchange {
                    stream: self.stream,
                    host: &host.domain,
                    state,
                    account: self.account.as_ref(),
                    resumption: None,
                };
                let served = feature.serve(&mut exchange, first).await;
                if let Some(resumption) = exchange.resumption {
                    self.jid = Some(resumption.jid().clone());
                    self.resumption = Some(resumption);
                }
                served
            }
            Some(Runner::Session) | None => Ok(Served::Failed),
        }
    }

    async fn start_tls(&mut self, host: &HostAccess) -> Result<Served, SessionError> {
        let Some(tls) = &host.tls else {
            return Ok(Served::Failed);
        };
        // What was sent in plain text behind <starttls/> would be read as if it had come over TLS.
        if self.stream.buffered() > 0 {
            let error =
                StreamError::new(StreamCondition::PolicyViolation).with_text("data after starttls");
            return Err(self.fail(error));
        }
        Proceed::default().write(&mut self.stream.writer());
        self.stream.flush().await?;
        match self.stream.transport_mut().accept_tls(tls.acceptor()).await {
            Ok(()) => Ok(Served::Done),
            Err(error) => Err(SessionError::Tls(error)),
        }
    }

    async fn log_in(&mut self, host: &HostAccess, first: Frame) -> Result<Served, SessionError> {
        let secure = self.stream.transport().is_secure();
        let Ok(request) = Auth::read(first.root()) else {
            return self.refuse(SaslCondition::MalformedRequest);
        };
        let wanted = Mechanism::from_name(&request.mechanism);
        let Some(mechanism) = wanted.filter(|wanted| host.mechanisms.contains(wanted)) else {
            return self.refuse(SaslCondition::InvalidMechanism);
        };
        if mechanism == Mechanism::Plain && !secure {
            return self.refuse(SaslCondition::EncryptionRequired);
        }
        let door = server::Door {
            domain: host.domain.domain(),
            authenticator: host.authenticator.as_ref(),
            decoy_secret: &host.decoy_secret,
        };
        let mut exchange = server::Exchange::new(mechanism);
        let mut message = match elements::data(&request.text) {
            Ok(message) => message,
            Err(condition) => return self.refuse(condition),
        };
        drop((request, first));
        loop {
            match exchange.step(message, door).await {
                server::Answer::Success { account, data } => {
                    let text = elements::optional_text(data.as_deref());
                    Success::new(text).write(&mut self.stream.writer());
                    debug!(account = %account, mechanism = mechanism.name(), "logged in");
                    self.account = Some(account.detach());
                    self.stream.flush().await?;
                    self.stream.set_limits(self.config.limits);
                    return Ok(Served::Done);
                }
                server::Answer::Failure(condition) => return self.refuse(condition),
                server::Answer::Challenge(data) => {
                    Challenge::new(elements::text(&data)).write(&mut self.stream.writer());
                }
            }
            self.stream.flush().await?;
            let frame = match self.stream.event().await {
                Ok(Some(Event::Element(frame))) => frame,
                Ok(_) => {
                    self.stream.queue_close();
                    return Err(SessionError::Closed);
                }
                Err(fault) => return Err(queue_fault(self.stream, fault)),
            };
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

    fn refuse(&mut self, condition: SaslCondition) -> Result<Served, SessionError> {
        debug!(condition = condition.name(), "login refused");
        elements::failure(condition).write(&mut self.stream.writer());
        Ok(Served::Failed)
    }

    async fn bind(&mut self, host: &HostAccess, request: &Frame) -> Result<Served, SessionError> {
        let Some(account) = self.account.clone() else {
            return Ok(Served::Failed);
        };
        let bound = match bind::wanted(&account, request.root()) {
            Ok(wanted) => {
                host.binder
                    .bind(&account, wanted.as_ref().map(|wanted| wanted.resource()))
                    .await
            }
            Err(error) => Err(error),
        };
        self.jid = bound.as_ref().ok().cloned();
        self.stream.queue(&bind::answer(request.root(), bound));
        Ok(if self.jid.is_some() {
            Served::Done
        } else {
            Served::Failed
        })
    }
}

/// The mechanisms of a host that may be used on this stream.
fn offered(host: &HostAccess, secure: bool) -> impl Iterator<Item = Mechanism> + '_ {
    host.mechanisms
        .iter()
        .copied()
        .filter(move |mechanism| secure || *mechanism != Mechanism::Plain)
}
