//! The roster of one account in memory, and what its rows and its items on the wire look like.

use std::collections::BTreeMap;

use sestina_types::rfc_6121::roster::{Ask, Item, Query, Subscription};
use sestina_types::rfc_6121::tables::RosterRow;
use sestina_types::xep_0405::roster::Channel;
use sestina_wire::{BareJid, Payload as _, Text};

use super::subscription::State;

/// Between group names in storage; no XML text can hold it.
const SEPARATOR: char = '\u{1F}';

/// One contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contact {
    /// The name its owner gave it.
    pub(super) name: Option<Text>,
    /// The groups its owner put it into.
    pub(super) groups: Vec<Text>,
    /// Who sees whom. A request of the contact's is not kept here but with the requests, since
    /// it may come from somebody who is not in the roster.
    pub(super) state: State,
    /// Approved before it asked (RFC 6121 §3.4).
    pub(super) approved: bool,
    /// Of a channel that the account takes part in (XEP-0405 §2.8), the id of the participant.
    pub(super) channel: Option<Text>,
}

/// The roster of an account, with the requests it has not answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    pub(super) contacts: BTreeMap<BareJid, Contact>,
    /// Requests to see the account's presence, as they came.
    pub(super) requests: BTreeMap<BareJid, Text>,
    /// Grows with every change.
    pub(super) version: i64,
}

impl Roster {
    /// The state of a contact, requests included.
    pub(super) fn state(&self, contact: &BareJid) -> State {
        let state = self
            .contacts
            .get(contact)
            .map(|contact| contact.state)
            .unwrap_or_default();
        State {
            pending_in: self.requests.contains_key(contact),
            ..state
        }
    }

    /// Whether a contact sees the account's presence.
    pub(super) fn sees(&self, contact: &str) -> bool {
        self.find(contact).is_some_and(|contact| contact.state.from)
    }

    /// The contact with this address, which need not be parsed.
    pub(super) fn find(&self, contact: &str) -> Option<&Contact> {
        self.contacts.get(contact)
    }

    /// The contacts that see the account's presence.
    pub(super) fn subscribers(&self) -> impl Iterator<Item = &BareJid> {
        self.contacts
            .iter()
            .filter(|(_, contact)| contact.state.from)
            .map(|(jid, _)| jid)
    }

    /// The contacts whose presence the account sees.
    pub(super) fn subscriptions(&self) -> impl Iterator<Item = &BareJid> {
        self.contacts
            .iter()
            .filter(|(_, contact)| contact.state.to)
            .map(|(jid, _)| jid)
    }

    /// The channels that are shown the account's presence (XEP-0405 §2.8).
    pub(super) fn channels(&self) -> impl Iterator<Item = &BareJid> {
        self.contacts
            .iter()
            .filter(|(_, contact)| contact.channel.is_some() && contact.state.from)
            .map(|(jid, _)| jid)
    }

    /// The roster as it is sent to its owner, with channels marked where that was asked for (XEP-0405 §2.8).
    pub(super) fn query(&self, annotated: bool) -> Query {
        Query {
            ver: Some(version_text(self.version)),
            items: self
                .contacts
                .iter()
                .map(|(jid, contact)| contact.item(jid, annotated))
                .collect(),
            ..Query::default()
        }
    }
}

/// A version as it stands in the XML.
pub(super) fn version_text(version: i64) -> Text {
    Text::from(version.to_string())
}

impl Contact {
    /// The item as it is sent to its owner, marked where it is a channel and that was asked for.
    pub(super) fn item(&self, jid: &BareJid, annotated: bool) -> Item {
        let channel = self.channel.as_ref().filter(|_| annotated);
        Item {
            any: channel
                .map(|id| Channel::new(id.clone()).to_any())
                .into_iter()
                .collect(),
            name: self.name.clone(),
            subscription: Some(match (self.state.to, self.state.from) {
                (false, false) => Subscription::None,
                (true, false) => Subscription::To,
                (false, true) => Subscription::From,
                (true, true) => Subscription::Both,
            }),
            ask: self.state.pending_out.then_some(Ask::Subscribe),
            approved: self.approved.then_some(true),
            groups: self.groups.iter().cloned().collect(),
            ..Item::new(jid.clone())
        }
    }

    /// The contact as it is stored.
    pub(super) fn row(&self, owner: &BareJid, jid: &BareJid, version: i64) -> RosterRow {
        let subscription = match (self.state.to, self.state.from) {
            (false, false) => "none",
            (true, false) => "to",
            (false, true) => "from",
            (true, true) => "both",
        };
        let groups: Vec<&str> = self.groups.iter().map(|group| &**group).collect();
        RosterRow {
            owner: owner.clone(),
            contact: jid.clone(),
            name: self.name.as_deref().map(str::to_owned),
            subscription: subscription.to_owned(),
            ask: self.state.pending_out,
            approved: self.approved,
            groups: groups.join(&SEPARATOR.to_string()),
            version,
            channel: self.channel.as_deref().map(str::to_owned),
        }
    }

    /// The contact of a row.
    pub(super) fn from_row(row: RosterRow) -> (BareJid, Contact) {
        let (to, from) = match row.subscription.as_str() {
            "both" => (true, true),
            "to" => (true, false),
            "from" => (false, true),
            _ => (false, false),
        };
        let groups = row
            .groups
            .split(SEPARATOR)
            .filter(|group| !group.is_empty());
        let contact = Contact {
            groups: groups.map(Text::from).collect(),
            name: row.name.map(Text::from),
            // Both at once is not among the nine states.
            state: State {
                to,
                from,
                pending_out: row.ask && !to,
                pending_in: false,
            },
            approved: row.approved,
            channel: row.channel.map(Text::from),
        };
        (row.contact, contact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_survives_storage() {
        let owner = BareJid::parse("romeo@example.net").unwrap();
        let jid = BareJid::parse("nurse@example.com").unwrap();
        for state in State::ALL {
            let contact = Contact {
                name: Some("Nurse".into()),
                groups: vec!["Servants".into(), "House of Capulet".into()],
                state: State {
                    pending_in: false,
                    ..state
                },
                approved: state.to,
                channel: state.from.then(|| "123456".into()),
            };
            assert_eq!(
                Contact::from_row(contact.row(&owner, &jid, 7)),
                (jid.clone(), contact)
            );
        }
        let bare = Contact::default();
        assert_eq!(Contact::from_row(bare.row(&owner, &jid, 7)), (jid, bare));
    }
}
