//! What components may do, as the configuration says it.

use std::collections::BTreeMap;

use sestina_types::xep_0356::{
    Access, Namespace, NamespaceAccess, Permission, PermissionType, Privilege,
};
use sestina_wire::{BareJid, StanzaType, Text};

/// Requests of which types are granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Get,
    Set,
    Both,
}

impl Reach {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "get" => Some(Reach::Get),
            "set" => Some(Reach::Set),
            "both" => Some(Reach::Both),
            _ => None,
        }
    }

    /// Whether requests of this type are among them.
    pub(super) fn allows(self, type_: StanzaType) -> bool {
        match type_ {
            StanzaType::Get => self != Reach::Set,
            StanzaType::Set => self != Reach::Get,
            _ => false,
        }
    }
}

/// What one component may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) component: BareJid,
    pub(super) roster: Option<Reach>,
    /// Whether it hears of changes of rosters.
    pub(super) push: bool,
    /// Whether it sends messages in the name of the server and its accounts.
    pub(super) message: bool,
    /// Whether it sees the presence of accounts.
    pub(super) presence: bool,
    /// Whether it sees that of their contacts as well.
    pub(super) contacts: bool,
    /// Requests in the name of accounts, by namespace.
    pub(super) iq: BTreeMap<String, Reach>,
}

impl Grant {
    /// Reads a line of the configuration.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(line: &str) -> Result<Grant, String> {
        let mut words = line.split_whitespace();
        let domain = words.next().unwrap_or_default();
        let component = BareJid::new(None, domain).map_err(|error| {
            format!("`{line}`: a grant begins with the domain of a component, `{domain}` is none: {error}")
        })?;
        let mut grant = Grant {
            component,
            roster: None,
            push: true,
            message: false,
            presence: false,
            contacts: false,
            iq: BTreeMap::new(),
        };
        for word in words {
            let unknown = || {
                format!(
                    "`{word}` is no grant; there are roster=get|set|both, push=no, message=outgoing, presence=managed_entity|roster \
                     and iq:NAMESPACE=get|set|both"
                )
            };
            // A namespace may have a `=` in it.
            let (name, value) = word.rsplit_once('=').ok_or_else(unknown)?;
            match (name, value) {
                ("roster", reach) => {
                    grant.roster = Some(Reach::from_name(reach).ok_or_else(unknown)?)
                }
                ("push", "no") => grant.push = false,
                ("push", "yes") => grant.push = true,
                ("message", "outgoing") => grant.message = true,
                ("presence", "managed_entity") => grant.presence = true,
                ("presence", "roster") => (grant.presence, grant.contacts) = (true, true),
                (name, reach) => {
                    let namespace = name.strip_prefix("iq:").filter(|ns| !ns.is_empty());
                    let namespace = namespace.ok_or_else(unknown)?;
                    let reach = Reach::from_name(reach).ok_or_else(unknown)?;
                    grant.iq.insert(namespace.to_owned(), reach);
                }
            }
        }
        let reads = grant
            .roster
            .is_some_and(|reach| reach.allows(StanzaType::Get));
        // What only sets rosters reads none (§4.1).
        grant.push &= reads;
        if grant.contacts && !reads {
            return Err(format!(
                "`{line}`: who sees the presence of contacts must be able to read rosters, roster=get or roster=both"
            ));
        }
        Ok(grant)
    }

    /// What the component is told (§4.2, §5.2, §6.2, §7.1).
    pub(super) fn announcement(&self) -> Privilege {
        let perm = |access, type_: Option<PermissionType>| Permission {
            type_,
            ..Permission::new(access)
        };
        let mut perms = Vec::new();
        if let Some(reach) = self.roster {
            let type_ = match reach {
                Reach::Get => PermissionType::Get,
                Reach::Set => PermissionType::Set,
                Reach::Both => PermissionType::Both,
            };
            perms.push(Permission {
                push: Some(self.push),
                ..perm(Access::Roster, Some(type_))
            });
        }
        if self.message {
            perms.push(perm(Access::Message, Some(PermissionType::Outgoing)));
        }
        if self.presence {
            let type_ = match self.contacts {
                true => PermissionType::Roster,
                false => PermissionType::ManagedEntity,
            };
            perms.push(perm(Access::Presence, Some(type_)));
        }
        if !self.iq.is_empty() {
            let namespaces = self.iq.iter().map(|(ns, reach)| {
                let type_ = match reach {
                    Reach::Get => NamespaceAccess::Get,
                    Reach::Set => NamespaceAccess::Set,
                    Reach::Both => NamespaceAccess::Both,
                };
                Namespace::new(Text::from(ns), type_)
            });
            perms.push(Permission {
                namespaces: namespaces.collect(),
                ..perm(Access::Iq, None)
            });
        }
        Privilege {
            perms,
            ..Privilege::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_a_component_may() {
        let grant =
            Grant::parse("pubsub.example roster=get message=outgoing iq:urn:x?a=b=set").unwrap();
        assert_eq!(grant.component.as_str(), "pubsub.example");
        assert_eq!((grant.roster, grant.push), (Some(Reach::Get), true));
        assert_eq!((grant.message, grant.presence), (true, false));
        assert_eq!(grant.iq.get("urn:x?a=b"), Some(&Reach::Set));
        assert!(!Grant::parse("pubsub.example roster=set").unwrap().push);
        let grant = Grant::parse("pubsub.example roster=get presence=roster").unwrap();
        assert_eq!((grant.presence, grant.contacts), (true, true));
        for wrong in [
            "",
            "a@b roster=get",
            "a roster",
            "a roster=all",
            "a presence=roster",
            "a roster=set presence=roster",
            "a presence=all",
            "a iq:=get",
            "a iq:x=all",
        ] {
            assert!(Grant::parse(wrong).is_err(), "{wrong}");
        }
    }
}
