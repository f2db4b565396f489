//! What a program brings of its own to a client or a component: plugins, and handlers as a plugin like any other.

use std::sync::{Arc, Mutex, PoisonError};

use sestina_wire::dispatch::{Only, Scope, Sender, SpecInfo};
use sestina_wire::{Kind, Payload, StanzaError, StanzaType};

use crate::host::Host;
use crate::mux::{Answer, IqContext, StanzaContext};
use crate::plugin::{IqRow, Plugin, PluginError, PluginManager, Registrar};
use crate::stages::Flow;

type MakePlugins = Box<dyn FnOnce(&Arc<Host>) -> Result<Vec<Arc<dyn Plugin>>, PluginError> + Send>;
type Register = Box<dyn FnOnce(&mut Registrar<'_>) -> Result<(), PluginError> + Send>;

/// Collects them until there is a host.
pub(crate) struct Application {
    /// Where its handlers are asked.
    scopes: &'static [Scope],
    plugins: Vec<MakePlugins>,
    handlers: Vec<Register>,
}

impl Application {
    pub(crate) fn new(scopes: &'static [Scope]) -> Application {
        Application {
            scopes,
            plugins: Vec::new(),
            handlers: Vec::new(),
        }
    }

    pub(crate) fn add_plugins<F>(&mut self, make: F)
    where
        F: FnOnce(&Arc<Host>) -> Result<Vec<Arc<dyn Plugin>>, PluginError> + Send + 'static,
    {
        self.plugins.push(Box::new(make));
    }

    /// Whatever is registered by hand.
    pub(crate) fn register<F>(&mut self, register: F)
    where
        F: FnOnce(&mut Registrar<'_>) -> Result<(), PluginError> + Send + 'static,
    {
        self.handlers.push(Box::new(register));
    }

    /// A handler of requests from anyone.
    pub(crate) fn handle<Req, Ans, F, Fut>(&mut self, type_: StanzaType, handler: F)
    where
        Req: Payload + Send + 'static,
        Ans: Answer,
        F: Fn(IqContext, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Ans, StanzaError>> + Send + 'static,
    {
        let row = IqRow {
            type_,
            scopes: self.scopes,
            only: Only::ANY,
            senders: &[Sender::Anyone],
        };
        self.register(move |registrar| registrar.promised_iq(row, handler).map(drop));
    }

    /// A handler of messages or presences from anyone.
    pub(crate) fn on<P, F>(&mut self, kind: Kind, handler: F)
    where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        let scopes = self.scopes;
        self.register(move |registrar| {
            registrar
                .mux()
                .stanza_from(kind, scopes, Only::ANY, &[Sender::Anyone], handler);
            Ok(())
        });
    }

    /// Installs all of it into a host, which is complete then.
    pub(crate) fn install(&mut self, host: &Arc<Host>) -> Result<PluginManager, PluginError> {
        let mut manager = PluginManager::default();
        for make in std::mem::take(&mut self.plugins) {
            for plugin in make(host)? {
                manager.add(plugin);
            }
        }
        let handlers = Mutex::new(std::mem::take(&mut self.handlers));
        manager.add(Arc::new(Handlers(handlers)));
        manager.install(host)?;
        Ok(manager)
    }
}

/// The handlers, as a plugin.
struct Handlers(Mutex<Vec<Register>>);

impl Plugin for Handlers {
    fn spec(&self) -> &'static SpecInfo {
        static SPEC: SpecInfo = SpecInfo {
            id: "application",
            number: "",
            title: "The program's own handlers",
            version: "",
            status: "",
            summary: "What the program answers itself.",
            depends: &[],
            features: &[],
            identities: &[],
        };
        &SPEC
    }

    fn install(self: Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let mut handlers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        handlers
            .drain(..)
            .try_for_each(|register| register(registrar))
    }
}
