//! Who may do what in a channel (XEP-0406 §2.1).

use sestina_wire::{BareJid, Condition, Jid, StanzaError};

use super::channel::State;
use super::{node, refused};

/// What somebody is to a channel. Each may do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Also somebody who is banned.
    Anyone,
    /// May take part.
    Allowed,
    Participant,
    Administrator,
    Owner,
}

impl Role {
    /// Whether a word of the configuration names this role, or one before it.
    fn is_granted(self, word: &str) -> bool {
        match word {
            "anyone" => true,
            "allowed" => self >= Self::Allowed,
            "participants" => self >= Self::Participant,
            "admins" => self >= Self::Administrator,
            "owners" => self == Self::Owner,
            _ => false,
        }
    }
}

impl State {
    /// What somebody is to the channel.
    pub(super) fn role(&self, who: &Jid) -> Role {
        let account = who.bare_str();
        if self.configuration.is_owner(account) {
            Role::Owner
        } else if self.configuration.is_administrator(account) {
            Role::Administrator
        } else if self.participants.contains_key(account) {
            Role::Participant
        } else if self.is_allowed(who) {
            Role::Allowed
        } else {
            Role::Anyone
        }
    }

    /// Whether somebody may take part: not who is banned, and where there is a list of those who are allowed, only who is on it.
    fn is_allowed(&self, who: &Jid) -> bool {
        let is_on = |list: &std::collections::BTreeSet<BareJid>| {
            list.contains(who.bare_str()) || list.contains(who.domain())
        };
        let has = |name| self.configuration.has(name);
        !(has(node::BANNED) && is_on(&self.banned)) && (!has(node::ALLOWED) || is_on(&self.allowed))
    }

    /// Whether somebody is an owner or administrator, whom no list keeps out.
    pub(super) fn is_in_charge(&self, who: &Jid) -> bool {
        self.role(who) >= Role::Administrator
    }

    /// Refuses whoever may not take part.
    pub(super) fn may_join(&self, who: &Jid) -> Result<(), StanzaError> {
        if self.role(who) >= Role::Allowed {
            return Ok(());
        }
        Err(refused(
            Condition::Forbidden,
            "only those take part in this channel whom its owners let in",
        ))
    }

    /// The same as [`State::may_read`] for somebody who is about to take part.
    pub(super) fn may_read_joined(&self, name: &str, who: &Jid) -> Result<(), StanzaError> {
        self.may_read_as(self.role(who).max(Role::Participant), name)
    }

    /// Refuses whoever may not subscribe to a node and read it, as if the node were not there where it is not.
    pub(super) fn may_read(&self, name: &str, who: &Jid) -> Result<(), StanzaError> {
        self.may_read_as(self.role(who), name)
    }

    fn may_read_as(&self, role: Role, name: &str) -> Result<(), StanzaError> {
        if !self.configuration.has(name) {
            return Err(refused(
                Condition::ItemNotFound,
                format!("the channel has no node {name:?}"),
            ));
        }
        let word = self.configuration.readers(name);
        if role.is_granted(word) {
            return Ok(());
        }
        Err(refused(
            Condition::Forbidden,
            format!("this node is for {}", group(word)),
        ))
    }

    /// Refuses whoever may not change what the channel is about.
    pub(super) fn may_inform(&self, who: &Jid) -> Result<(), StanzaError> {
        let word = self.configuration.informers();
        if self.role(who).is_granted(word) {
            return Ok(());
        }
        Err(refused(
            Condition::Forbidden,
            format!("what the channel is about is changed by {}", group(word)),
        ))
    }
}

/// A word of the configuration as people say it.
fn group(word: &str) -> &'static str {
    match word {
        "anyone" => "everybody",
        "allowed" => "those who may take part",
        "participants" => "those who take part; join the channel first",
        "admins" => "its administrators and owners",
        "owners" => "its owners",
        _ => "nobody",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_those_before_may() {
        let roles = [
            Role::Anyone,
            Role::Allowed,
            Role::Participant,
            Role::Administrator,
            Role::Owner,
        ];
        let words = ["anyone", "allowed", "participants", "admins", "owners"];
        for (at, role) in roles.iter().enumerate() {
            for (least, word) in words.iter().enumerate() {
                assert_eq!(role.is_granted(word), at >= least, "{role:?} {word}");
            }
            assert!(!role.is_granted("nobody"));
        }
    }
}
