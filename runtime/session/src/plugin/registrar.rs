//! What plugins register with.

use std::sync::Arc;

use sestina_storage::Storage;
use sestina_types::xep_0060::event::Event;
use sestina_wire::dispatch::{
    self, InIq, InItem, InMessage, InPresence, Only, Scope, Sender, SpecInfo,
};
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{BareJid, Kind, Payload, Stanza, StanzaError, StanzaType, StreamError};

use crate::host::{Account, Disco, Host, Resource};
use crate::items::{self, Change};
use crate::mux::{
    Answer, BeginningContext, Beginnings, Handled, IqContext, Mux, NonzaContext, Nonzas,
    SenderCheck, StanzaContext,
};
use crate::plugin::PluginError;
use crate::router::{Claimed, Service};
use crate::session::{InlineFeature, LoginWatcher, Management, StreamFeature, TokenKeeper, Words};
use crate::stages::{Delivery, Flow, Place, Stage, StageContext, Stages, StagesBuilder};

/// The dispatch row of a request.
#[derive(Clone, Copy, Debug)]
pub struct IqRow {
    /// `Get` or `Set`.
    pub type_: StanzaType,
    /// Where the request is handled.
    pub scopes: &'static [Scope],
    /// Which of these requests the handler takes.
    pub only: Only,
    /// Who may send it; others are refused before the handler runs.
    pub senders: &'static [Sender],
}

/// The dispatch row of a payload of messages or presences.
#[derive(Clone, Copy, Debug)]
pub struct StanzaRow {
    /// Where the payload is handled.
    pub scopes: &'static [Scope],
    /// Which of these payloads the handler takes.
    pub only: Only,
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
    /// A service of the host, by name; `*` is every one.
    Service(&'static str),
}

impl From<dispatch::Place> for On {
    fn from(place: dispatch::Place) -> On {
        match place {
            dispatch::Place::Host => On::Host,
            dispatch::Place::Account => On::Account,
            dispatch::Place::Client => On::Client,
            dispatch::Place::Service(name) => On::Service(name),
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

/// Evidence that there is something behind a feature: what registering a handler, a stage function, a stream
/// feature or a removal returns. Without one nothing can be announced.
#[derive(Clone, Copy, Debug)]
pub struct Handles(());

impl Handles {
    /// The evidence of a generated skeleton: its trait is implemented, so whatever the specification promises
    /// is answered.
    pub const fn skeleton() -> Handles {
        Handles(())
    }
}

/// Takes what a plugin brings. Each call belongs to the plugin being installed.
pub struct Registrar<'a> {
    pub(super) host: &'a Arc<Host>,
    pub(super) spec: &'static SpecInfo,
    pub(super) collected: &'a mut Collected,
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

    /// The mux itself, for what the methods here do not cover.
    pub fn mux(&mut self) -> &mut Mux {
        &mut self.collected.mux
    }

    /// Claims a domain of its own for a service: requests to it and to what is below it are answered by handlers with the
    /// scope [`Scope::Service`] of this name, other servers reach it, and the host lists it among its items (XEP-0030 §4).
    /// In `domain`, which comes from the settings, `{host}` stands for the domain of the host; empty, there is no service.
    ///
    /// # Errors
    ///
    /// [`PluginError::Settings`] when this is no domain, or when the host has a service of the name or domain.
    pub fn service(
        &mut self,
        name: &'static str,
        domain: &str,
    ) -> Result<Option<BareJid>, PluginError> {
        self.claim(name, domain, None)
    }

    /// [`Registrar::service`] for one that is handed what comes to its addresses before any handler.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn service_taking(
        &mut self,
        name: &'static str,
        domain: &str,
        takes: Arc<dyn Service>,
    ) -> Result<Option<BareJid>, PluginError> {
        self.claim(name, domain, Some(takes))
    }

    fn claim(
        &mut self,
        name: &'static str,
        written: &str,
        takes: Option<Arc<dyn Service>>,
    ) -> Result<Option<BareJid>, PluginError> {
        if written.is_empty() {
            return Ok(None);
        }
        let trouble = |message: String| PluginError::Settings {
            spec: self.spec.id,
            message,
        };
        let domain = written.replace("{host}", self.host.domain().domain());
        let domain = BareJid::new(None, &domain).map_err(|error| {
            trouble(format!(
                "domain: `{written}` is no domain ({error}); write one such as `{name}.example.org` or `{name}.{{host}}`"
            ))
        })?;
        let mut others = self.collected.services.iter();
        if let Some(other) = others.find(|other| other.name == name || other.domain == domain) {
            return Err(trouble(format!(
                "domain: the service {name} cannot be at {domain}, {} is at {}",
                other.name, other.domain
            )));
        }
        self.host.add_service(domain.clone());
        self.collected.services.push(Claimed {
            name,
            domain: domain.clone(),
            takes,
        });
        Ok(Some(domain))
    }

    /// Registers the handler of a request.
    ///
    /// # Errors
    ///
    /// [`PluginError::Handled`] when the request has a handler in one of the scopes.
    pub fn iq<Req, Ans, F, Fut>(&mut self, row: IqRow, handler: F) -> Result<Handles, PluginError>
    where
        Req: InIq + Send + 'static,
        Ans: Answer,
        F: Fn(IqContext, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Ans, StanzaError>> + Send + 'static,
    {
        self.promised_iq(row, handler)
    }

    /// [`Registrar::iq`] for generated code: the specification itself says that the payload is a request.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn promised_iq<Req, Ans, F, Fut>(
        &mut self,
        row: IqRow,
        handler: F,
    ) -> Result<Handles, PluginError>
    where
        Req: Payload + Send + 'static,
        Ans: Answer,
        F: Fn(IqContext, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Ans, StanzaError>> + Send + 'static,
    {
        let handled =
            self.collected
                .mux
                .handle_from(row.scopes, row.type_, row.only, row.senders, handler);
        handled
            .map(Handles)
            .map_err(|Handled(request)| PluginError::Handled {
                spec: self.spec.id,
                request,
            })
    }

    /// Registers a handler for a payload of messages.
    pub fn message<P, F>(&mut self, row: StanzaRow, handler: F) -> Handles
    where
        P: InMessage + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        self.promised_message(row, handler)
    }

    /// [`Registrar::message`] for generated code: the specification itself says that the payload travels there.
    pub fn promised_message<P, F>(&mut self, row: StanzaRow, handler: F) -> Handles
    where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        self.collected
            .mux
            .stanza_from(Kind::Message, row.scopes, row.only, row.senders, handler);
        Handles(())
    }

    /// Registers a handler for a payload of presences.
    pub fn presence<P, F>(&mut self, row: StanzaRow, handler: F) -> Handles
    where
        P: InPresence + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        self.promised_presence(row, handler)
    }

    /// [`Registrar::presence`] for generated code: the specification itself says that the payload travels there.
    pub fn promised_presence<P, F>(&mut self, row: StanzaRow, handler: F) -> Handles
    where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        self.collected
            .mux
            .stanza_from(Kind::Presence, row.scopes, row.only, row.senders, handler);
        Handles(())
    }

    /// Handles an element that a client sends beside stanzas, once its session is ready.
    pub fn nonza<P, F>(&mut self, handler: F) -> Handles
    where
        P: Payload + 'static,
        F: Fn(&mut NonzaContext<'_>, P) -> Result<(), StreamError> + Send + Sync + 'static,
    {
        self.collected.nonzas.add(handler);
        Handles(())
    }

    /// Is called with what notifications say of items (XEP-0060 §7.1.2), of those whose items its specification heeds,
    /// and announces that they are wanted: `notify` is the node with `+notify` behind it (XEP-0163 §4.2).
    pub fn items<P, F>(&mut self, notify: &'static str, handler: F) -> Handles
    where
        P: InItem + 'static,
        F: Fn(&StanzaContext<'_>, Vec<Change<P>>) -> Flow + Send + Sync + 'static,
    {
        let row = StanzaRow {
            scopes: &[Scope::Client],
            only: Only {
                node: Some(P::NODE),
                form: None,
            },
            senders: P::SENDERS,
        };
        let handles = self.message(row, move |cx, event: Event| {
            let changes = items::changes(&event);
            if changes.is_empty() {
                return Flow::Continue;
            }
            handler(cx, changes)
        });
        self.feature(&handles, On::Client, notify);
        handles
    }

    /// Joins a stage.
    pub fn stage<F>(
        &mut self,
        stage: Stage,
        kinds: &'static [Kind],
        place: Place,
        function: F,
    ) -> Handles
    where
        F: Fn(&StageContext, &mut Delivery) -> Flow + Send + Sync + 'static,
    {
        self.collected
            .stages
            .add(stage, kinds, place, Arc::new(function));
        Handles(())
    }

    /// Says when the stage functions of this plugin let something pass unchanged that a service of the host tells many of its sessions:
    /// a message of type `groupchat` or an available or unavailable presence, from a service, to the full address of a session that is
    /// there. It is asked once for all of them. Where the functions of all plugins let it pass, they are not called. What neither
    /// this nor [`Registrar::passes_to`] is said for goes past all functions, to each session by itself.
    pub fn passes<F>(&mut self, passes: F)
    where
        F: Fn(&Stanza) -> bool + Send + Sync + 'static,
    {
        self.collected.stages.passes(self.spec.id, passes);
    }

    /// The same for functions that look at who is given it: asked for every session.
    pub fn passes_to<F>(&mut self, passes: F)
    where
        F: Fn(&Account, &Stanza) -> bool + Send + Sync + 'static,
    {
        self.collected.stages.passes_to(self.spec.id, passes);
    }

    /// Is called when a session is ready, before its first stanza is read.
    pub fn session_start<F>(&mut self, place: Place, function: F) -> Handles
    where
        F: Fn(&StageContext, &Arc<Resource>) -> Flow + Send + Sync + 'static,
    {
        self.collected.stages.add_start(place, Arc::new(function));
        Handles(())
    }

    /// Is called when a session has ended and stanzas no longer find it.
    pub fn session_end<F>(&mut self, place: Place, function: F) -> Handles
    where
        F: Fn(&StageContext, &Arc<Resource>) -> Flow + Send + Sync + 'static,
    {
        self.collected.stages.add_end(place, Arc::new(function));
        Handles(())
    }

    /// Is called when the stream of a session breaks that stays without one for a while (XEP-0198 §5).
    pub fn session_break<F>(&mut self, place: Place, function: F) -> Handles
    where
        F: Fn(&StageContext, &Arc<Resource>) -> Flow + Send + Sync + 'static,
    {
        self.collected.stages.add_break(place, Arc::new(function));
        Handles(())
    }

    /// Removes an element, in every copy, from messages and presences of anyone but these senders, before
    /// stages, handlers and recipients see it.
    pub fn strip(
        &mut self,
        kinds: &'static [Kind],
        name: &'static str,
        ns: &'static str,
        senders: &'static [Sender],
    ) -> Handles {
        self.collected.mux.strip(kinds, name, ns, senders);
        Handles(())
    }

    /// Says how to tell whether somebody is a contact, a room, or the owner of a node.
    pub fn check_sender(&mut self, sender: Sender, check: SenderCheck) {
        self.collected.mux.check_sender(sender, check);
    }

    /// Announces a feature in service discovery, beside those of the plugin's
    /// [`SpecInfo`](crate::plugin::Plugin::spec). What is announced is there: it takes what registering it
    /// returned.
    pub fn feature(&mut self, _handles: &Handles, on: On, var: &'static str) {
        self.collected.disco.add_feature(on, var);
    }

    /// Announces an identity in service discovery, beside those of the plugin's
    /// [`SpecInfo`](crate::plugin::Plugin::spec).
    pub fn identity(&mut self, on: On, category: &'static str, type_: &'static str) {
        self.collected.disco.add_identity(
            on,
            Identity {
                category,
                type_,
                name: None,
            },
        );
    }

    /// Announces the features and identities of the plugin's [`SpecInfo`](crate::plugin::Plugin::spec).
    pub fn announce(&mut self, handles: &Handles) {
        for feature in self.spec.features {
            for &place in feature.on {
                self.feature(handles, place.into(), feature.var);
            }
        }
        for identity in self.spec.identities {
            for &place in identity.on {
                self.identity(place.into(), identity.category, identity.type_);
            }
        }
    }

    /// Adds a row to the negotiation table.
    pub fn negotiation(&mut self, row: FeatureRow) -> Handles {
        self.collected.negotiation.push(row);
        Handles(())
    }

    /// Carries out a row of the negotiation table, or announces it where it is only announced.
    pub fn stream_feature(&mut self, feature: Arc<dyn StreamFeature>) -> Handles {
        self.collected.features.push(feature);
        Handles(())
    }

    /// Says how a client speaks stream management; the last one counts.
    pub fn management(&mut self, words: Arc<dyn Management>) -> Handles {
        self.collected.management = Some(words);
        Handles(())
    }

    /// Carries out a row of the negotiation table that travels inside a login (XEP-0388).
    pub fn inline_feature(&mut self, feature: Arc<dyn InlineFeature>) -> Handles {
        self.collected.inline.push(feature);
        Handles(())
    }

    /// Turns something on for a session as it is bound with its login (XEP-0386 §3), by an element of the request;
    /// announced as `var`.
    pub fn beginning<P, F>(&mut self, var: &'static str, handler: F) -> Handles
    where
        P: Payload + 'static,
        F: Fn(&mut BeginningContext<'_>, P) + Send + Sync + 'static,
    {
        self.collected.beginnings.add(var, handler);
        Handles(())
    }

    /// Keeps the tokens with which clients come back (XEP-0484); the first one counts.
    pub fn tokens(&mut self, keeper: Arc<dyn TokenKeeper>) -> Handles {
        self.collected.tokens.get_or_insert(keeper);
        Handles(())
    }

    /// Is told when a component of the host has connected (XEP-0114), before it gets its first stanza.
    pub fn component_connected<F>(&mut self, function: F)
    where
        F: Fn(&Arc<Host>, &BareJid) + Send + Sync + 'static,
    {
        self.collected.connected.push(Arc::new(function));
    }

    /// Answers everywhere below a path, which begins and ends with a slash, at the listeners of HTTP; pages of every origin
    /// may ask. Where the server [has none](Host::web_address) nobody does.
    #[cfg(feature = "server")]
    pub fn http(&mut self, path: &str, handler: Arc<dyn crate::http::Handler>) -> Handles {
        self.collected.paths.push((path.into(), handler));
        Handles(())
    }

    /// Is told of every login of a client that says what it is (XEP-0388).
    pub fn login_watcher(&mut self, watcher: Arc<dyn LoginWatcher>) {
        self.collected.watchers.push(watcher);
    }
}

/// A function called when a component has connected.
pub(crate) type ComponentFunction = Arc<dyn Fn(&Arc<Host>, &BareJid) + Send + Sync>;

/// A path of HTTP, and who answers below it.
#[cfg(feature = "server")]
pub(crate) type HttpPath = (Box<str>, Arc<dyn crate::http::Handler>);

/// What the plugins of a host brought, before it is checked.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) mux: Mux,
    stages: StagesBuilder,
    disco: Disco,
    negotiation: Vec<FeatureRow>,
    features: Vec<Arc<dyn StreamFeature>>,
    management: Option<Words>,
    nonzas: Nonzas,
    inline: Vec<Arc<dyn InlineFeature>>,
    beginnings: Beginnings,
    tokens: Option<Arc<dyn TokenKeeper>>,
    watchers: Vec<Arc<dyn LoginWatcher>>,
    connected: Vec<ComponentFunction>,
    services: Vec<Claimed>,
    #[cfg(feature = "server")]
    paths: Vec<HttpPath>,
    pub(super) specs: Vec<&'static SpecInfo>,
}

impl Collected {
    pub(super) fn finish(self) -> Result<Installed, PluginError> {
        Ok(Installed {
            mux: self.mux,
            stages: self.stages.finish()?,
            disco: self.disco,
            negotiation: self.negotiation,
            features: self.features,
            management: self.management,
            nonzas: self.nonzas,
            inline: self.inline,
            beginnings: self.beginnings,
            tokens: self.tokens,
            watchers: self.watchers,
            connected: self.connected,
            services: self.services,
            #[cfg(feature = "server")]
            paths: self.paths,
            specs: self.specs,
        })
    }
}

/// What the plugins of a host brought.
#[derive(Default)]
pub(crate) struct Installed {
    pub(crate) mux: Mux,
    pub(crate) stages: Stages,
    pub(crate) disco: Disco,
    pub(crate) negotiation: Vec<FeatureRow>,
    pub(crate) features: Vec<Arc<dyn StreamFeature>>,
    pub(crate) management: Option<Words>,
    pub(crate) nonzas: Nonzas,
    pub(crate) inline: Vec<Arc<dyn InlineFeature>>,
    pub(crate) beginnings: Beginnings,
    pub(crate) tokens: Option<Arc<dyn TokenKeeper>>,
    pub(crate) watchers: Vec<Arc<dyn LoginWatcher>>,
    pub(crate) connected: Vec<ComponentFunction>,
    pub(crate) services: Vec<Claimed>,
    #[cfg(feature = "server")]
    pub(crate) paths: Vec<HttpPath>,
    pub(crate) specs: Vec<&'static SpecInfo>,
}

impl Installed {
    /// Nothing at all.
    pub(crate) fn none() -> &'static Installed {
        static NONE: std::sync::LazyLock<Installed> = std::sync::LazyLock::new(Installed::default);
        &NONE
    }
}
