//! The words of `spec.toml` that stand for one of several things.

use toml::Spanned;

use crate::model::{
    ColumnType, IqType, Mandatory, Role, Scope, Sender, StageAt, StanzaKind, State, Streams,
    ValueType, Where,
};
use crate::read::toml::File;
use crate::text::{closest, one_of};

/// A word with the thing it stands for.
pub(super) type Words<T> = &'static [(&'static str, T)];

pub(super) const IQ_TYPES: Words<IqType> = &[("get", IqType::Get), ("set", IqType::Set)];
pub(super) const ROLES: Words<Role> = &[
    ("server", Role::Server),
    ("client", Role::Client),
    ("component", Role::Component),
];
pub(super) const SENDERS: Words<Sender> = &[
    ("anyone", Sender::Anyone),
    ("own-account", Sender::OwnAccount),
    ("server", Sender::Server),
    ("contact", Sender::Contact),
    ("room", Sender::Room),
    ("node-owner", Sender::NodeOwner),
];
pub(super) const STATES: Words<State> = &[
    ("secure", State::Secure),
    ("authenticated", State::Authenticated),
    ("bound", State::Bound),
    ("ready", State::Ready),
];
pub(super) const STREAMS: Words<Streams> = &[
    ("c2s", Streams::C2s),
    ("s2s", Streams::S2s),
    ("both", Streams::Both),
    ("component", Streams::Component),
];
pub(super) const MANDATORY: Words<Mandatory> = &[
    ("always", Mandatory::Always),
    ("never", Mandatory::Never),
    ("policy", Mandatory::Policy),
];
pub(super) const STAGES: Words<StageAt> = &[
    ("received", StageAt::Received),
    ("before-routing", StageAt::BeforeRouting),
    ("account-delivery", StageAt::AccountDelivery),
    ("resource", StageAt::Resource),
    ("undeliverable", StageAt::Undeliverable),
    ("before-write", StageAt::BeforeWrite),
    ("session-start", StageAt::SessionStart),
    ("session-end", StageAt::SessionEnd),
];
pub(super) const KINDS: Words<StanzaKind> = &[
    ("message", StanzaKind::Message),
    ("presence", StanzaKind::Presence),
    ("iq", StanzaKind::Iq),
];
const WHERE: Words<Where> = &[
    ("host", Where::Host),
    ("account", Where::Account),
    ("client", Where::Client),
];
pub(super) const COLUMN_TYPES: Words<ColumnType> = &[
    ("text", ColumnType::Text),
    ("bare-jid", ColumnType::BareJid),
    ("jid", ColumnType::Jid),
    ("integer", ColumnType::Integer),
    ("boolean", ColumnType::Boolean),
    ("bytes", ColumnType::Bytes),
    ("date-time", ColumnType::DateTime),
];
pub(super) const VALUE_TYPES: Words<ValueType> = &[
    ("text", ValueType::Text),
    ("jid", ValueType::Jid),
    ("bare-jid", ValueType::BareJid),
    ("full-jid", ValueType::FullJid),
    ("date-time", ValueType::DateTime),
    ("date", ValueType::Date),
    ("time", ValueType::Time),
    ("base64", ValueType::Base64),
    ("hex", ValueType::Hex),
    ("boolean", ValueType::Boolean),
    ("u8", ValueType::U8),
    ("u16", ValueType::U16),
    ("u32", ValueType::U32),
    ("u64", ValueType::U64),
    ("i8", ValueType::I8),
    ("i16", ValueType::I16),
    ("i32", ValueType::I32),
    ("i64", ValueType::I64),
    ("decimal", ValueType::Decimal),
    ("language", ValueType::Language),
];

/// The thing a word stands for; an unknown word is reported with what was probably meant.
pub(super) fn word<T: Clone>(
    file: &mut File,
    what: &str,
    written: &Spanned<String>,
    words: Words<T>,
) -> Option<T> {
    let text = written.get_ref().as_str();
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Some(value.clone());
    }
    let help = match closest(text, words.iter().map(|(word, _)| *word)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "write {}",
            one_of(words.iter().map(|(word, _)| *word), "or")
        ),
    };
    file.error(written.span(), format!("unknown {what} `{text}`"), help);
    None
}

/// The things several words stand for.
pub(super) fn all<T: Clone>(
    file: &mut File,
    what: &str,
    written: &[Spanned<String>],
    words: Words<T>,
) -> Vec<T> {
    written
        .iter()
        .filter_map(|one| word(file, what, one, words))
        .collect()
}

/// Where discovery announces something: words, or `service:NAME`.
pub(super) fn places(file: &mut File, written: &[Spanned<String>]) -> Vec<Where> {
    let place = |one: &Spanned<String>| match one.get_ref().strip_prefix("service:") {
        Some("") => {
            unnamed(file, one);
            None
        }
        Some(name) => Some(Where::Service(name.to_owned())),
        None => word(file, "place of discovery", one, WHERE),
    };
    written.iter().filter_map(place).collect()
}

fn unnamed(file: &mut File, written: &Spanned<String>) {
    file.error(
        written.span(),
        "a service without a name",
        "write `service:NAME`, such as `service:muc`, or `service:*` for every service",
    );
}

/// A handler's scope: one of the words, or `service:NAME`.
pub(super) fn scope(file: &mut File, written: &Spanned<String>) -> Option<Scope> {
    const SCOPES: Words<fn() -> Scope> = &[
        ("host", || Scope::Host),
        ("own-account", || Scope::OwnAccount),
        ("other-account", || Scope::OtherAccount),
        ("client", || Scope::Client),
    ];
    match written.get_ref().strip_prefix("service:") {
        Some("") => {
            unnamed(file, written);
            None
        }
        Some(name) => Some(Scope::Service(name.to_owned())),
        None => word(file, "scope", written, SCOPES).map(|make| make()),
    }
}
