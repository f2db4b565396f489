//! The features themselves: what is offered, and how each is carried out.

use sestina_types::rfc_6120;
use sestina_types::rfc_6120::bind::Bind;
use sestina_types::rfc_6120::sasl::Mechanisms;
use sestina_types::rfc_6120::tls::{Proceed, Starttls};
use sestina_types::xep_0386;
use sestina_types::xep_0388::{Authentication, Inline};
use sestina_types::xep_0440::{ChannelBinding, SaslChannelBinding};
use sestina_types::xep_0478::Limits;
use sestina_types::xep_0480::upgrade::Upgrade;
use sestina_types::xep_0484::Fast;
use sestina_wire::{AnyElement, Frame, Payload, StreamCondition, StreamError, Text, ns};

use super::{Negotiation, Runner, runner};
use crate::negotiation::{Denial, Engine, Row};
use crate::sasl::{HashedToken, SaslCondition, elements};
use crate::session::{Exchange, HostAccess, Served, SessionError, bind};

impl Negotiation<'_> {
    /// Writes what the client may negotiate now.
    pub(super) fn send_features(&mut self, rows: &[(Row, bool)]) {
        let (Some(host), Some(engine)) = (self.host.clone(), &self.engine) else {
            return;
        };
        let login = rows.iter().map(|(index, _)| *index).find(|index| {
            let row = engine.row(*index);
            row.is_some_and(|row| matches!(runner(row, &host), Some(Runner::Sasl2)))
        });
        let authentication = login.map(|index| self.authentication(&host, engine, index));
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
                    let names = self.offer.mechanisms.iter();
                    let mechanisms = Mechanisms {
                        mechanisms: names.map(|mechanism| mechanism.name().into()).collect(),
                        ..Mechanisms::default()
                    };
                    // Without TLS there may be nothing to offer yet.
                    if !mechanisms.mechanisms.is_empty() {
                        mechanisms.write(&mut writer);
                    }
                }
                Some(Runner::Bindings) => {
                    let types = self.offer.bindings.types();
                    let types = types.map(|type_| ChannelBinding::new(type_.name().into()));
                    if self.offer.announces {
                        let announced = SaslChannelBinding {
                            channel_bindings: types.collect(),
                            ..SaslChannelBinding::default()
                        };
                        announced.write(&mut writer);
                    }
                }
                Some(Runner::Sasl2) => {
                    if !self.offer.mechanisms.is_empty()
                        && let Some(authentication) = &authentication
                    {
                        authentication.write(&mut writer);
                    }
                }
                Some(Runner::Limits) => {
                    // Before the login its own time limit is the shorter one.
                    let (limits, idle) = match self.account {
                        None => (self.config.limits_before, 0),
                        Some(_) => (self.config.limits, self.config.timeouts.idle.as_secs()),
                    };
                    let announced = Limits {
                        max_bytes: u32::try_from(limits.stanza_bytes).ok(),
                        idle_seconds: u32::try_from(idle).ok().filter(|idle| *idle > 0),
                        ..Limits::default()
                    };
                    announced.write(&mut writer);
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
                Some(Runner::Inline) | None => {}
            }
        }
        writer.end("stream:features");
    }

    /// What can be part of a login on the stream as it is now (XEP-0388 §2.1).
    fn authentication(&self, host: &HostAccess, engine: &Engine, index: Row) -> Authentication {
        let names = self.offer.mechanisms.iter();
        let mut inline = Vec::new();
        for row in engine.inside(index) {
            let Some(row) = engine.row(row) else {
                continue;
            };
            inline.push(match (row.element, row.ns) {
                (xep_0386::Bind::NAME, xep_0386::Bind::NS) => {
                    let vars = host.inline.bind_features.iter();
                    let features: Vec<_> = vars
                        .map(|var| xep_0386::Feature::new(Text::from_static(var)))
                        .collect();
                    let within = xep_0386::Inline {
                        features,
                        ..xep_0386::Inline::default()
                    };
                    let bind = xep_0386::Bind {
                        inline: (!host.inline.bind_features.is_empty()).then_some(within),
                        ..xep_0386::Bind::default()
                    };
                    bind.to_any()
                }
                (Fast::NAME, Fast::NS) => {
                    let usable = HashedToken::ALL
                        .into_iter()
                        .filter(|mechanism| mechanism.binding(&self.offer.bindings).is_some());
                    let fast = Fast {
                        mechanisms: usable
                            .map(|mechanism| Text::from_static(mechanism.name()))
                            .collect(),
                        ..Fast::default()
                    };
                    fast.to_any()
                }
                (element, ns) => AnyElement::build(|writer| writer.empty_element(element, ns)),
            });
        }
        let upgrades = self.upgrades.iter();
        Authentication {
            mechanisms: names.map(|mechanism| mechanism.name().into()).collect(),
            inline: (!inline.is_empty()).then(|| Inline {
                any: inline,
                ..Inline::default()
            }),
            any: upgrades
                .map(|hash| Upgrade::new(Text::from_static(hash.upgrade())).to_any())
                .collect(),
            ..Authentication::default()
        }
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
            // Boxed: a login takes room that a waiting stream should not hold.
            Some(Runner::Sasl2) => Box::pin(self.authenticate(index, &host, first)).await,
            Some(Runner::Bind) => self.bind(&host, &first).await,
            Some(Runner::Custom(feature)) => {
                let state = self.engine.as_ref().map(Engine::state).unwrap_or_default();
                let mut exchange = Exchange {
                    stream: self.stream,
                    host: &host.domain,
                    state,
                    account: self.account.as_ref(),
                    extensions: &self.extensions,
                    resumption: None,
                };
                let served = feature.serve(&mut exchange, first).await;
                if let Some(resumption) = exchange.resumption {
                    self.jid = Some(resumption.jid().clone());
                    self.resumption = Some(resumption);
                }
                served
            }
            Some(Runner::Session | Runner::Bindings | Runner::Limits | Runner::Inline) | None => {
                Ok(Served::Failed)
            }
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
        match self.stream.transport_mut().accept_host_tls(tls).await {
            Ok(()) => Ok(Served::Done),
            Err(error) => Err(SessionError::Tls(error)),
        }
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
