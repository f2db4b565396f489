//! What plugins register with.

use std::sync::Arc;

use sestina_storage::Storage;
use sestina_wire::dispatch::{self, Scope, Sender};
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{Kind, Payload, StanzaError, StanzaType};

use crate::host::{Host, Resource};
use crate::mux::{Answer, IqContext, StanzaContext};
use crate::plugin::PluginError;
use crate::stages::{Delivery, Flow, Place, Stage, StageContext};

/// The dispatch row of a request.
#[derive(Clone, Copy, Debug)]
pub struct IqRow {
    /// `Get` or `Set`.
    pub type_: StanzaType,
    /// Where the request is handled.
    pub scopes: &'static [Scope],
    /// Who may send it; others are refused before the handler runs.
    pub senders: &'static [Sender],
}

/// The dispatch row of a payload of messages or presences.
#[derive(Clone, Copy, Debug)]
pub struct StanzaRow {
    /// Where the payload is handled.
    pub scopes: &'static [Scope],
    /// Who may send it; for others the handler does not run.
    pub senders: &'static [Sender],
}

/// What a feature or identity describes (XEP-0030 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum On {
    /// The host itself.
    Host,
    /// An account of the host, at its bare address.
    Account,
    /// A client.
    Client,
    /// A service of the host, by name.
    Service(&'static str),
}

impl From<dispatch::Place> for On {
    fn from(place: dispatch::Place) -> On {
        match place {
            dispatch::Place::Host => On::Host,
            dispatch::Place::Account => On::Account,
            dispatch::Place::Client => On::Client,
        }
    }
}

/// An identity in service discovery (XEP-0030 §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// Category, as in the registry of the XSF.
    pub category: &'static str,
    /// Type within the category.
    pub type_: &'static str,
    /// A name for people.
    pub name: Option<String>,
}

/// Takes what a plugin brings. Each call belongs to the plugin being installed.
pub struct Registrar<'a> {
    pub(crate) host: &'a Arc<Host>,
    pub(crate) spec: &'static str,
}

impl Registrar<'_> {
    /// The host the plugin is installed in.
    pub fn host(&self) -> &Arc<Host> {
        self.host
    }

    /// The host's storage.
    pub fn storage(&self) -> &Storage {
        self.host.storage()
    }

    /// Registers the handler of a request.
    ///
    /// # Errors
    ///
    /// [`PluginError::Handled`] when the request has a handler in one of the scopes.
    pub fn iq<Req, Ans, F, Fut>(&mut self, row: IqRow, handler: F) -> Result<(), PluginError>
    where
        Req: Payload + Send + 'static,
        Ans: Answer,
        F: Fn(IqContext, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Ans, StanzaError>> + Send + 'static,
    {
        let _ = (row, handler);
        todo!()
    }

    /// Registers a handler for a payload of messages.
    pub fn message<P, F>(&mut self, row: StanzaRow, handler: F)
    where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        let _ = (row, handler);
        todo!()
    }

    /// Registers a handler for a payload of presences.
    pub fn presence<P, F>(&mut self, row: StanzaRow, handler: F)
    where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        let _ = (row, handler);
        todo!()
    }

    /// Joins a stage.
    pub fn stage<F>(&mut self, stage: Stage, kinds: &'static [Kind], place: Place, function: F)
    where
        F: Fn(&StageContext, &mut Delivery) -> Flow + Send + Sync + 'static,
    {
        let _ = (stage, kinds, place, function);
        todo!()
    }

    /// Is called when a session is ready, before its first stanza is read.
    pub fn session_start<F>(&mut self, place: Place, function: F)
    where
        F: Fn(&StageContext, &Arc<Resource>) -> Flow + Send + Sync + 'static,
    {
        let _ = (place, function);
        todo!()
    }

    /// Is called when a session has ended and stanzas no longer find it.
    pub fn session_end<F>(&mut self, place: Place, function: F)
    where
        F: Fn(&StageContext, &Arc<Resource>) -> Flow + Send + Sync + 'static,
    {
        let _ = (place, function);
        todo!()
    }

    /// Removes an element, in every copy, from stanzas of these kinds that local clients send: only
    /// servers assert it.
    pub fn strip(&mut self, kinds: &'static [Kind], name: &'static str, ns: &'static str) {
        let _ = (kinds, name, ns);
        todo!()
    }

    /// Announces a feature in service discovery.
    pub fn feature(&mut self, on: On, var: &'static str) {
        let _ = (on, var);
        todo!()
    }

    /// Announces an identity in service discovery.
    pub fn identity(&mut self, on: On, category: &'static str, type_: &'static str) {
        let _ = (on, category, type_);
        todo!()
    }

    /// Adds a row to the negotiation table.
    pub fn negotiation(&mut self, row: &'static FeatureRow) {
        let _ = row;
        todo!()
    }
}
