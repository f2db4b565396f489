//! What the server sends: to stream management, to who waits for an answer, to handlers, to the program.

use std::sync::Arc;

use sestina_types::rfc_6121::roster::Query;
use sestina_wire::dispatch::Scope;
use sestina_wire::{
    BareJid, Condition, Frame, Kind, Payload, Stanza, StanzaError, StanzaParseError, StanzaType,
    StreamCondition, StreamError,
};
use tokio::sync::Semaphore;
use tracing::debug;

use super::Task;
use crate::carbon::{Carbon, remove_carbons};
use crate::client::Event;
use crate::mux::{IqContext, IqRequest, Origin, Removal};
use crate::stages::Flow;

impl Task {
    pub(super) fn received(
        &mut self,
        frame: Frame,
        handled: &Arc<Semaphore>,
    ) -> Result<Option<Event>, StreamError> {
        if let Some(managed) = &mut self.managed {
            match self
                .host
                .management()
                .and_then(|words| words.read(frame.root()))
            {
                Some(Ok(said)) => {
                    if !managed.hear(said, &mut self.session)? {
                        self.managed = None;
                    }
                    return Ok(None);
                }
                Some(Err(error)) => {
                    return Err(
                        StreamError::new(StreamCondition::BadFormat).with_text(error.to_string())
                    );
                }
                None => managed.count(),
            }
        }
        let mut stanza = match Stanza::from_frame(frame) {
            Ok(stanza) => stanza,
            Err(StanzaParseError::Stream(error)) => return Err(*error),
            Err(StanzaParseError::Stanza(error)) => {
                debug!(%error, "passed over a stanza");
                return Ok(None);
            }
        };
        // What has no sender comes from the account itself (RFC 6120 §8.1.2.1).
        if stanza.from().is_none() {
            stanza.head_mut().from = Some(self.own.clone().into_jid());
        }
        match stanza.kind() {
            Kind::Iq => Ok(self.iq(stanza, handled)),
            Kind::Message | Kind::Presence => Ok(self.handed_on(stanza)),
        }
    }

    fn iq(&mut self, stanza: Stanza, handled: &Arc<Semaphore>) -> Option<Event> {
        if matches!(stanza.type_(), StanzaType::Result | StanzaType::Error) {
            if !self.host.requests().answered(&stanza) {
                debug!("passed over an answer that nobody waits for");
            }
            return None;
        }
        let (Some(from), Some(id)) = (stanza.from().cloned(), stanza.id().cloned()) else {
            return None;
        };
        // Whoever else sends one wants to forge our contact list.
        let push = stanza
            .payload()
            .filter(|payload| Query::matches(payload.element()))
            .filter(|_| stanza.type_() == StanzaType::Set && from.as_str() == self.own.as_str())
            .and_then(|payload| Query::read(payload.element()).ok());
        let Ok(permit) = handled.clone().try_acquire_owned() else {
            let error = StanzaError::new(Condition::ResourceConstraint)
                .with_text("too many requests are being answered; ask again later");
            // As any other stanza: what is sent is counted.
            self.send(stanza.error(&error).into());
            return None;
        };
        let context = IqContext {
            host: self.host.clone(),
            from,
            to: stanza.to().cloned(),
            id,
            lang: stanza.head().lang.clone(),
            session: None,
            scope: Scope::Client,
        };
        let answer = self
            .host
            .mux()
            .answer(IqRequest { context, stanza }, &self.own);
        let host = self.host.clone();
        tokio::spawn(async move {
            host.route(answer.await).await;
            drop(permit);
        });
        push.map(|query| Event::Roster(query.items))
    }

    fn handed_on(&mut self, mut stanza: Stanza) -> Option<Event> {
        // Copies come from the account, by its bare address, and from nobody else (XEP-0280 §11).
        let own = stanza
            .from()
            .is_some_and(|from| from.as_str() == self.own.as_str());
        if stanza.kind() == Kind::Message && !own && remove_carbons(&mut stanza) {
            debug!("passed over a copy that is not the account's");
            // Nothing is told of a message with nothing left in it.
            stanza.children().next()?;
        }
        // Our server took out what its own users may not say. That it passed something on does not make true
        // what is said of our own account, of a room or of a contact.
        let removal = self
            .host
            .mux()
            .removal(&self.host, &stanza, Origin::OwnServer, &self.own);
        let names = match removal {
            Removal::Nothing => None,
            Removal::Now(names) => {
                names.remove_from(&mut stanza);
                if stanza.kind() == Kind::Message && stanza.children().next().is_none() {
                    debug!("passed over a message with nothing left in it");
                    return None;
                }
                None
            }
            Removal::Later(names) => Some(names),
        };
        let flow = match names {
            None => {
                let mux = self.host.mux();
                mux.handle_stanza(&self.host, &stanza, None, Scope::Client, &self.own)
            }
            Some(names) => {
                let (host, own, events) =
                    (self.host.clone(), self.own.clone(), self.events.clone());
                tokio::spawn(async move {
                    names.await.remove_from(&mut stanza);
                    let mux = host.mux();
                    let flow = mux.handle_stanza(&host, &stanza, None, Scope::Client, &own);
                    if matches!(flow.settled().await, Flow::Continue) {
                        let _ = events.send(event(stanza, &own)).await;
                    }
                });
                return None;
            }
        };
        match flow {
            Flow::Continue => Some(event(stanza, &self.own)),
            waiting @ (Flow::Wait(_) | Flow::Until(_)) => {
                // A handler that waits must not keep the answer it waits for from being read.
                let (own, events) = (self.own.clone(), self.events.clone());
                tokio::spawn(async move {
                    if matches!(waiting.settled().await, Flow::Continue) {
                        let _ = events.send(event(stanza, &own)).await;
                    }
                });
                None
            }
            Flow::Done | Flow::Refuse(_) | Flow::Then(_) | Flow::Afterwards(_) => None,
        }
    }
}

/// What a program is told of a stanza that no handler took.
fn event(stanza: Stanza, own: &BareJid) -> Event {
    match stanza.kind() {
        Kind::Message => match Carbon::read(own, &stanza) {
            Some(carbon) => Event::Carbon(carbon),
            None => Event::Message(stanza),
        },
        _ => Event::Presence(stanza),
    }
}
