//! How a room is configured (§10.2): what owners may set, what holds where nothing is set, and what a change of it is
//! announced as (§10.2.1).

use std::collections::BTreeMap;

use sestina_types::xep_0004::{Field, Form, FormType};
use sestina_types::xep_0045::forms::{PresenceOf, PrivateMessages, RealAddresses, RoomConfig};
use sestina_wire::{AnyElement, Condition, Payload as _, StanzaError, Text};

use super::standing::Role;
use crate::xep_0122;

/// The settings that can be made; what else the form may have is fixed here or nowhere.
const FIELDS: &[&str] = &[
    "FORM_TYPE",
    "muc#maxhistoryfetch",
    "muc#roomconfig_allowpm",
    "muc#roomconfig_allowinvites",
    "muc#roomconfig_changesubject",
    "muc#roomconfig_enablelogging",
    "muc#roomconfig_getmemberlist",
    "muc#roomconfig_lang",
    "muc#roomconfig_maxusers",
    "muc#roomconfig_membersonly",
    "muc#roomconfig_moderatedroom",
    "muc#roomconfig_passwordprotectedroom",
    "muc#roomconfig_persistentroom",
    "muc#roomconfig_presencebroadcast",
    "muc#roomconfig_publicroom",
    "muc#roomconfig_roomdesc",
    "muc#roomconfig_roomname",
    "muc#roomconfig_roomsecret",
    "muc#roomconfig_whois",
];

/// Octets that name, description and password may have.
const LONGEST: usize = 2048;

/// The settings of a room.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "as many as the form has")]
pub(super) struct Configuration {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) lang: Option<String>,
    pub(super) public: bool,
    pub(super) persistent: bool,
    pub(super) members_only: bool,
    pub(super) moderated: bool,
    /// Who enters must know it.
    pub(super) password: Option<String>,
    /// Whether everybody sees real addresses, rather than moderators only (§4.2).
    pub(super) non_anonymous: bool,
    pub(super) private_messages: PrivateMessages,
    pub(super) allow_invites: bool,
    pub(super) change_subject: bool,
    pub(super) logging: bool,
    /// Messages that newcomers get at most.
    pub(super) history: u32,
    /// None where only the service bounds it.
    pub(super) max_users: Option<u32>,
    /// Whose presence is shown.
    pub(super) shown: Shown,
    /// Who may see the lists of members, admins and owners.
    pub(super) lists: Shown,
    /// Settings that other specifications keep, by the name of the field.
    pub(super) more: BTreeMap<String, String>,
}

/// Some of the roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    visitors: bool,
    participants: bool,
    moderators: bool,
}

impl Shown {
    pub(super) const ALL: Shown = Shown {
        visitors: true,
        participants: true,
        moderators: true,
    };

    /// Whether a role is among them. Who leaves had one.
    pub(super) const fn has(self, role: Role) -> bool {
        match role {
            Role::None => false,
            Role::Visitor => self.visitors,
            Role::Participant => self.participants,
            Role::Moderator => self.moderators,
        }
    }

    fn read(words: &[&str]) -> Self {
        let has = |role: Role| {
            let mut words = words.iter();
            words.any(|word| word.trim_end_matches('s') == role.as_str())
        };
        Self {
            visitors: has(Role::Visitor),
            participants: has(Role::Participant),
            moderators: has(Role::Moderator),
        }
    }

    fn roles(self) -> impl Iterator<Item = Role> {
        let all = [Role::Moderator, Role::Participant, Role::Visitor];
        all.into_iter().filter(move |role| self.has(*role))
    }
}

/// A setting of another specification as it is stored.
fn field((var, value): (&String, &String)) -> Field {
    Field {
        var: Some(var.as_str().into()),
        values: std::iter::once(Text::from(value.as_str())).collect(),
        ..Field::default()
    }
}

/// The same, read again.
fn kept(field: Field) -> Option<(String, String)> {
    let value = field.values.first()?.to_string();
    Some((field.var?.to_string(), value))
}

impl Configuration {
    /// What holds where an owner says nothing (§10.1.2).
    pub(super) fn usual(max_history: u32) -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            lang: None,
            public: true,
            persistent: false,
            members_only: false,
            moderated: false,
            password: None,
            non_anonymous: false,
            private_messages: PrivateMessages::Anyone,
            allow_invites: false,
            change_subject: false,
            logging: false,
            history: max_history.min(20),
            max_users: None,
            shown: Shown::ALL,
            lists: Shown::ALL,
            more: BTreeMap::new(),
        }
    }

    /// Reads what was stored, the password from elsewhere.
    pub(super) fn parse(
        document: &str,
        password: Option<String>,
        max_history: u32,
    ) -> Option<Self> {
        let form: Form = AnyElement::parse(document.to_owned()).ok()?.decode().ok()?;
        let stored = RoomConfig::read(&form).ok()?;
        let mut found = Self::usual(max_history);
        found.take(&stored, max_history).ok()?;
        found.password = password;
        // What nobody asks for any more does no harm.
        found.more = stored.other.into_iter().filter_map(kept).collect();
        Some(found)
    }

    /// As it is stored, without the password.
    pub(super) fn to_document(&self) -> String {
        let mut config = self.write();
        config.secret = None;
        let form = config.write(FormType::Submit);
        form.to_any().to_document().to_string()
    }

    /// The form for an owner (§10.1.3).
    pub(super) fn form(&self, max_users: u32) -> Form {
        let mut form = self.write().write(FormType::Form);
        form.title = Some(Text::from_static("How the room is"));
        form.fields.retain(|field| {
            let var = field.var.as_deref();
            var.is_some_and(|var| FIELDS.contains(&var))
        });
        // What is chosen now is among the choices: a client that lets its owner choose would change it otherwise.
        for field in &mut form.fields {
            match field.var.as_deref() {
                Some("muc#roomconfig_maxusers") => {
                    let usual = [10, 50, 100, 500, 1000, 5000];
                    let usual = usual.into_iter().filter(|users| *users < max_users);
                    let mut all: Vec<u32> =
                        usual.chain(self.max_users).chain([max_users]).collect();
                    all.sort_unstable();
                    all.dedup();
                    let all = all.into_iter().map(|users| users.to_string().into());
                    let all = all.chain([Text::from_static("none")]);
                    field.options = all.map(xep_0122::choice).collect();
                }
                Some("muc#roomconfig_getmemberlist") => {
                    let roles = ["moderator", "participant", "visitor"];
                    field.options = roles.map(|role| xep_0122::choice(role.into())).to_vec();
                }
                _ => {}
            }
        }
        form
    }

    fn write(&self) -> RoomConfig {
        let text = |text: &str| Some(Text::from(text));
        RoomConfig {
            max_history_fetch: Some(self.history),
            private_messages: Some(self.private_messages.clone()),
            allow_invites: Some(self.allow_invites),
            change_subject: Some(self.change_subject),
            enable_logging: Some(self.logging),
            get_member_list: Some(
                self.lists
                    .roles()
                    .map(|role| role.as_str().into())
                    .collect(),
            ),
            roomconfig_lang: self.lang.as_deref().map(Text::from),
            max_users: Some(
                self.max_users
                    .map_or_else(|| "none".into(), |users| users.to_string().into()),
            ),
            members_only: Some(self.members_only),
            moderated: Some(self.moderated),
            password_protected: Some(self.password.is_some()),
            persistent: Some(self.persistent),
            presence_of: Some(
                self.shown
                    .roles()
                    .map(|role| match role {
                        Role::Moderator => PresenceOf::Moderator,
                        Role::Participant => PresenceOf::Participant,
                        Role::Visitor | Role::None => PresenceOf::Visitor,
                    })
                    .collect(),
            ),
            public: Some(self.public),
            description: text(&self.description),
            name: text(&self.name),
            secret: Some(self.password.as_deref().unwrap_or_default().into()),
            real_addresses: Some(if self.non_anonymous {
                RealAddresses::Anyone
            } else {
                RealAddresses::Moderators
            }),
            other: self.more.iter().map(field).collect(),
            ..RoomConfig::default()
        }
    }

    /// These settings with what an owner sent.
    ///
    /// # Errors
    /// What a room cannot be, which the text says.
    pub(super) fn changed(
        &self,
        wanted: &RoomConfig,
        max_history: u32,
    ) -> Result<Self, StanzaError> {
        let mut next = self.clone();
        next.take(wanted, max_history)?;
        Ok(next)
    }

    fn take(&mut self, wanted: &RoomConfig, max_history: u32) -> Result<(), StanzaError> {
        let bad = |text: String| StanzaError::new(Condition::NotAcceptable).with_text(text);
        macro_rules! take {
            ($($own:ident = $field:ident),*) => {
                $(if let Some(value) = &wanted.$field { self.$own = value.clone(); })*
            };
        }
        take!(
            private_messages = private_messages,
            allow_invites = allow_invites,
            change_subject = change_subject,
            logging = enable_logging,
            members_only = members_only,
            moderated = moderated,
            persistent = persistent,
            public = public
        );
        let short = |field: &'static str, text: &Text| {
            if text.len() > LONGEST {
                return Err(bad(format!(
                    "{field} may have {LONGEST} octets, this has {}",
                    text.len()
                )));
            }
            Ok(text.to_string())
        };
        if let Some(name) = &wanted.name {
            self.name = short("the name", name)?;
        }
        if let Some(description) = &wanted.description {
            self.description = short("the description", description)?;
        }
        if let Some(lang) = &wanted.roomconfig_lang {
            self.lang = Some(short("the language", lang)?).filter(|lang| !lang.is_empty());
        }
        if let Some(history) = wanted.max_history_fetch {
            self.history = history.min(max_history);
        }
        if let Some(users) = &wanted.max_users {
            self.max_users = match users.as_str() {
                "" | "none" => None,
                number => Some(
                    number
                        .parse()
                        .ok()
                        .filter(|users| *users > 0)
                        .ok_or_else(|| bad(format!("{number:?} is no number of occupants")))?,
                ),
            };
        }
        if let Some(whois) = &wanted.real_addresses {
            self.non_anonymous = match whois {
                RealAddresses::Anyone => true,
                RealAddresses::Moderators => false,
                RealAddresses::Other(other) => {
                    return Err(bad(format!("{other:?} is nobody who may see addresses")));
                }
            };
        }
        if let PrivateMessages::Other(other) = &self.private_messages {
            return Err(bad(format!("{other:?} is nobody who may send messages")));
        }
        if let Some(shown) = &wanted.presence_of {
            let words: Vec<&str> = shown.iter().map(PresenceOf::as_str).collect();
            self.shown = Shown::read(&words);
        }
        if let Some(lists) = &wanted.get_member_list {
            let words: Vec<&str> = lists.iter().map(|word| &**word).collect();
            self.lists = Shown::read(&words);
        }
        let secret = wanted.secret.as_ref().filter(|secret| !secret.is_empty());
        match (wanted.password_protected, secret) {
            (Some(false), _) => self.password = None,
            // A password alone is meant to protect the room: without one it would be open to everybody.
            (_, Some(secret)) => {
                self.password = Some(short("the password", secret)?);
            }
            // A password that is asked for has to be one (§10.2).
            (Some(true), None) if self.password.is_none() && wanted.secret.is_some() => {
                return Err(bad("a room with a password needs the password".to_owned()));
            }
            // Nor is there one where it was taken out.
            (None, None) if wanted.secret.is_some() => self.password = None,
            _ => {}
        }
        Ok(())
    }

    /// The status codes of what has changed (§10.2.1).
    pub(super) fn codes_since(&self, before: &Self) -> Vec<u16> {
        let mut codes = Vec::new();
        match (before.logging, self.logging) {
            (false, true) => codes.push(170),
            (true, false) => codes.push(171),
            _ => {}
        }
        match (before.non_anonymous, self.non_anonymous) {
            (false, true) => codes.push(172),
            (true, false) => codes.push(173),
            _ => {}
        }
        let other = Self {
            logging: self.logging,
            non_anonymous: self.non_anonymous,
            ..before.clone()
        };
        if other != *self {
            codes.push(104);
        }
        codes
    }
}
