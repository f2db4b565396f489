//! A specification: what `spec.toml` says beside the schemas.

use super::{
    Child, DataForm, ElementName, History, Nonza, Place, PubsubItem, Role, Schema, Table, Type,
    TypeRef,
};

/// One specification.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Id, which is also its folder's name: `xep-0199`.
    pub id: String,
    /// Rust module: `xep_0199`.
    pub module: String,
    /// Number as people write it: `XEP-0199`.
    pub number: String,
    /// Title.
    pub title: String,
    /// Version of the text that was read; may be empty for an RFC.
    pub version: String,
    /// Status (`Final`, `Stable` …).
    pub status: String,
    /// One or two sentences of our own.
    pub summary: String,
    /// The specs it needs.
    pub depends: Vec<Dependency>,
    /// Roles in which a plugin has more to do than handlers, stages and rows say.
    pub roles: Vec<Role>,
    /// The tests that show it at work.
    pub tests: Vec<Shown>,
    /// The crate that already holds this spec's types (`::sestina::types`): refer to them there, make none.
    pub crate_path: Option<String>,
    /// Its schemas.
    pub schemas: Vec<Schema>,
    /// Requests and their answers.
    pub iqs: Vec<Iq>,
    /// Payloads of messages.
    pub messages: Vec<Traveller>,
    /// Payloads of presences.
    pub presences: Vec<Traveller>,
    /// Top-level elements that are no stanzas.
    pub nonzas: Vec<Nonza>,
    /// Elements that travel only inside others.
    pub children: Vec<Child>,
    /// Elements that travel as items of nodes.
    pub items: Vec<PubsubItem>,
    /// Types of data forms.
    pub forms: Vec<DataForm>,
    /// Rows of the negotiation table.
    pub negotiations: Vec<Negotiation>,
    /// Places among the stages.
    pub stages: Vec<Stage>,
    /// What service discovery announces.
    pub features: Vec<Feature>,
    /// Identities in service discovery.
    pub identities: Vec<Identity>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Their migrations; `None` before the first is written.
    pub history: Option<History>,
    /// Configuration keys.
    pub config: Vec<Config>,
    /// `id` in `[spec]`, or the folder where the spec has no `spec.toml`.
    pub place: Place,
}

impl Spec {
    /// All its types, over all schemas.
    pub fn types(&self) -> impl Iterator<Item = &Type> {
        self.schemas.iter().flat_map(|schema| &schema.types)
    }

    /// Whether a program can be without it: some specifications are what is built in, or say how to use what others define.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        let stanzas =
            !(self.iqs.is_empty() && self.messages.is_empty() && self.presences.is_empty());
        let others =
            !(self.nonzas.is_empty() && self.items.is_empty() && self.negotiations.is_empty());
        let announced = !(self.features.is_empty() && self.identities.is_empty());
        let plugin = !(self.stages.is_empty()
            && self.roles.is_empty()
            && self.tables.is_empty()
            && self.config.is_empty());
        stanzas || others || announced || plugin
    }

    /// All handlers, with what each one handles.
    pub fn handlers(&self) -> impl Iterator<Item = (&Handler, &TypeRef)> {
        let iqs = self
            .iqs
            .iter()
            .flat_map(|iq| iq.handlers.iter().map(|h| (h, &iq.request.type_)));
        let others = self.messages.iter().chain(&self.presences);
        let others = others.flat_map(|t| t.handlers.iter().map(|h| (h, &t.payload.type_)));
        let nonzas = self.nonzas.iter();
        let nonzas = nonzas.flat_map(|n| n.handlers.iter().map(|h| (h, &n.element.type_)));
        let items = self.items.iter();
        let items = items.flat_map(|i| i.handlers.iter().map(|h| (h, &i.payload.type_)));
        let exchanges = self
            .negotiations
            .iter()
            .filter_map(|row| row.exchange.as_ref());
        let exchanges = exchanges.flat_map(|e| e.handlers.iter().map(|h| (h, &e.request.type_)));
        iqs.chain(others)
            .chain(nonzas)
            .chain(items)
            .chain(exchanges)
    }
}

/// A test that shows a spec at work: a function in a file of the project that holds the specs.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The file, relative to the project's folder, with `/`.
    pub file: String,
    /// The function.
    pub name: String,
    /// Where it is named.
    pub place: Place,
}

/// A spec that another one needs.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// Its id.
    pub id: String,
    /// Where it is named.
    pub place: Place,
}

/// An element that `spec.toml` names, resolved.
#[derive(Debug, Clone)]
pub struct ElementUse {
    /// Name and namespace.
    pub element: ElementName,
    /// The type generated for it: a payload.
    pub type_: TypeRef,
    /// Where it is named.
    pub place: Place,
}

/// `get` or `set`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "RFC 6120 §8.2.3 names them")]
pub enum IqType {
    Get,
    Set,
}

/// What answers a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A result without payload.
    Empty,
    /// A result with this payload.
    Element(ElementUse),
}

/// One request and its one answer.
#[derive(Debug, Clone)]
pub struct Iq {
    /// `get` or `set`.
    pub type_: IqType,
    /// The request's payload.
    pub request: ElementUse,
    /// What a success returns.
    pub answer: Answer,
    /// Whether a success may also be empty (`answer_optional` in `spec.toml`).
    pub answer_optional: bool,
    /// Who may send it.
    pub from: Vec<Sender>,
    /// Who answers it.
    pub handlers: Vec<Handler>,
    /// Documentation; may be empty.
    pub doc: String,
    /// The `[[iq]]` header.
    pub place: Place,
}

/// A payload of messages or presences.
#[derive(Debug, Clone)]
pub struct Traveller {
    /// The payload.
    pub payload: ElementUse,
    /// Who may send it.
    pub from: Vec<Sender>,
    /// Whether it is removed from what others send.
    pub strip: bool,
    /// Who handles it; mostly nobody.
    pub handlers: Vec<Handler>,
    /// Documentation; may be empty.
    pub doc: String,
    /// The `[[message]]` or `[[presence]]` header.
    pub place: Place,
}

/// A method in a skeleton.
#[derive(Debug, Clone)]
pub struct Handler {
    /// The role that has it.
    pub role: super::Role,
    /// The addresses it answers for.
    pub scopes: Vec<Scope>,
    /// The method's name, a legal identifier.
    pub name: String,
    /// The node that it answers for; without one, for every node that no other handler does.
    pub node: Option<String>,
    /// The type of data form (`FORM_TYPE`) that it answers for.
    pub form: Option<String>,
    /// Whether it may wait, as for storage: of messages and presences; requests always may.
    pub waits: bool,
    /// Documentation; may be empty.
    pub doc: String,
    /// The `name`.
    pub place: Place,
}

/// The address a handler answers for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The host itself.
    Host,
    /// The sender's own account.
    OwnAccount,
    /// Another account of the host.
    OtherAccount,
    /// A named service of the host.
    Service(String),
    /// A client.
    Client,
}

/// Who may send an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// Anyone.
    Anyone,
    /// The account itself.
    OwnAccount,
    /// The own server.
    Server,
    /// A contact in the roster.
    Contact,
    /// A room that was joined.
    Room,
    /// The owner of the node.
    NodeOwner,
}

/// A flag of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the session's flags have the same names")]
pub enum State {
    Secure,
    Authenticated,
    Bound,
    Ready,
}

impl State {
    /// Every flag.
    pub const ALL: [Self; 4] = [Self::Secure, Self::Authenticated, Self::Bound, Self::Ready];

    /// The name in `spec.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Secure => "secure",
            Self::Authenticated => "authenticated",
            Self::Bound => "bound",
            Self::Ready => "ready",
        }
    }
}

/// The streams a feature belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "client to server, server to server, both, component"
)]
pub enum Streams {
    C2s,
    S2s,
    Both,
    Component,
}

/// Whether a feature must be negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mandatory {
    /// Always.
    Always,
    /// Never.
    Never,
    /// When the policy of the host says so.
    Policy,
}

/// A row of the negotiation table.
#[derive(Debug, Clone)]
pub struct Negotiation {
    /// Name, unique over all specs.
    pub name: String,
    /// The element in `<stream:features/>`.
    pub element: ElementUse,
    /// The streams it belongs to.
    pub streams: Streams,
    /// Flags that must be set.
    pub requires: Vec<State>,
    /// Flags that must not be set.
    pub prohibits: Vec<State>,
    /// Flags it sets.
    pub sets: Vec<State>,
    /// Whether the stream starts anew.
    pub restart: bool,
    /// Whether the features are sent anew afterwards, without that.
    pub refresh: bool,
    /// The element of the feature inside whose exchange this one travels.
    pub within: Option<ElementUse>,
    /// Whether it must be negotiated.
    pub mandatory: Mandatory,
    /// Lower comes first.
    pub order: u16,
    /// Whether a password may cross the wire in it.
    pub password: bool,
    /// What is said in it, where that is one request and one answer.
    pub exchange: Option<Exchange>,
    /// Documentation; may be empty.
    pub doc: String,
    /// The `name`.
    pub place: Place,
}

/// A stream feature of one request and one answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What the connecting side says.
    pub request: ElementUse,
    /// What the accepting side answers.
    pub answer: ElementUse,
    /// Who does it: a server that answers, a client that asks and gets the answer.
    pub handlers: Vec<Handler>,
}

/// The point at which a stage function meets a stanza.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    missing_docs,
    reason = "the runtime's stages have the same names and say what they are"
)]
pub enum StageAt {
    Received,
    BeforeRouting,
    AccountDelivery,
    Resource,
    Undeliverable,
    BeforeWrite,
    SessionStart,
    SessionEnd,
}

/// A kind of stanza.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "RFC 6120 §8.2 names them")]
pub enum StanzaKind {
    Message,
    Presence,
    Iq,
}

/// A place among the stages.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Where.
    pub at: StageAt,
    /// The kinds of stanza it meets; none given means all.
    pub kinds: Vec<StanzaKind>,
    /// The method's name, a legal identifier.
    pub name: String,
    /// Specs whose functions at the same stage come before it.
    pub after: Vec<Dependency>,
    /// Specs whose functions at the same stage come after it.
    pub before: Vec<Dependency>,
    /// Documentation; may be empty.
    pub doc: String,
    /// The `name`.
    pub place: Place,
}

/// Where service discovery announces something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the kinds of address")]
pub enum Where {
    Host,
    Account,
    Client,
    /// A service of the host by its name; `*` is every one.
    Service(String),
}

/// A feature in service discovery.
#[derive(Debug, Clone)]
pub struct Feature {
    /// Its name.
    pub var: String,
    /// Where.
    pub on: Vec<Where>,
    /// The `var`.
    pub place: Place,
}

/// An identity in service discovery.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Where.
    pub on: Vec<Where>,
    /// Category of the registry.
    pub category: String,
    /// Type of the registry (`type_` because `type` is Rust's).
    pub type_: String,
    /// Name for people.
    pub name: Option<String>,
    /// The header.
    pub place: Place,
}

/// A configuration key.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name in the configuration file.
    pub key: String,
    /// Rust field.
    pub field: String,
    /// Type and default.
    pub type_: ConfigType,
    /// Documentation.
    pub doc: String,
    /// The `key`.
    pub place: Place,
}

/// Type of a configuration key with its default, already of the right kind.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigType {
    /// A whole number.
    Integer {
        /// Default.
        default: i64,
        /// Smallest allowed.
        min: Option<i64>,
        /// Largest allowed.
        max: Option<i64>,
    },
    /// Yes or no, with the default.
    Boolean(bool),
    /// Text, with the default.
    Text(String),
    /// Text that is never shown, without a default.
    Secret,
    /// A duration in milliseconds; `written` is as the spec says it (`"30s"`).
    Duration {
        /// Default in milliseconds.
        default: u64,
        /// Default as written.
        written: String,
    },
    /// A number of bytes; `written` is as the spec says it (`"64KiB"`).
    Size {
        /// Default in bytes.
        default: u64,
        /// Default as written.
        written: String,
    },
    /// A list of texts, with the default.
    List(Vec<String>),
}
