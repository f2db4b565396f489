//! Profiles: which specs make a server, a client, a component.

use super::{Dependency, Place};

/// The role of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the three roles of XMPP")]
pub enum Role {
    Server,
    Client,
    Component,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Server, Self::Client, Self::Component];

    /// The name in `spec.toml`; also the name of the role's skeleton function.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Component => "component",
        }
    }
}

/// A list of specs with settings.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Name, which is also its file's and its module's.
    pub name: String,
    /// Role.
    pub role: Role,
    /// The specs, as listed.
    pub specs: Vec<Dependency>,
    /// All specs of the profile with what they depend on, a spec after what it depends on.
    pub order: Vec<String>,
    /// Whether a password may be offered on a stream that is not secure.
    pub password_without_tls: bool,
    /// Settings that differ from the specs' defaults: spec id, key, value.
    pub settings: Vec<(String, String, SettingsValue)>,
    /// What a compliance suite asks of the role, in the suite's order.
    pub compliance: Vec<Demand>,
    /// Documentation; may be empty.
    pub doc: String,
    /// The `name`.
    pub place: Place,
}

impl Profile {
    /// Whether the spec is on unless the configuration says otherwise (`enabled`, true where not set).
    #[must_use]
    pub fn enabled(&self, spec: &str) -> bool {
        self.setting(spec, "enabled") != Some(&SettingsValue::Boolean(false))
    }

    /// A setting of the profile.
    #[must_use]
    pub fn setting(&self, spec: &str, key: &str) -> Option<&SettingsValue> {
        self.settings
            .iter()
            .find(|(s, k, _)| s == spec && k == key)
            .map(|(_, _, value)| value)
    }
}

/// A feature that a compliance suite asks for (XEP-0479).
#[derive(Debug, Clone)]
pub struct Demand {
    /// The category, such as `Core`.
    pub category: String,
    /// The feature, in the suite's words.
    pub feature: String,
    /// The specs that provide it.
    pub specs: Vec<Dependency>,
}

/// A value in a profile's settings.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    missing_docs,
    reason = "the kinds of value a configuration key can have"
)]
pub enum SettingsValue {
    Boolean(bool),
    Integer(i64),
    Text(String),
    List(Vec<String>),
}
