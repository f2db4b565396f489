//! How somebody stands to a node (§4.1), and what follows from it: who may read, publish, own.

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_storage::StorageError;
use sestina_types::xep_0060::errors::{
    ClosedNode, NotInRosterGroup, NotSubscribed, PresenceSubscriptionRequired,
};
use sestina_types::xep_0060::forms::{AccessModel, PublishModel};
use sestina_types::xep_0060::{owner, pubsub};
use sestina_wire::{BareJid, Condition, Jid, StanzaError};

use super::approval::SUBSCRIBED;
use super::book::Node;
use super::{is_service, kept, options};
use crate::{rfc_6121, xep_0133};

/// An affiliation that somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affiliation {
    Owner,
    Publisher,
    PublishOnly,
    Member,
    Outcast,
}

impl Affiliation {
    /// The word that is stored and sent.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Publisher => "publisher",
            Self::PublishOnly => "publish-only",
            Self::Member => "member",
            Self::Outcast => "outcast",
        }
    }

    /// What a stored word means.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Owner,
            Self::Publisher,
            Self::PublishOnly,
            Self::Member,
            Self::Outcast,
        ];
        all.into_iter().find(|one| one.word() == word)
    }

    /// What an owner asked for; nothing for the end of an affiliation.
    pub(super) fn asked(kind: owner::AffiliationKind) -> Option<Self> {
        Self::from_word(kind.as_str())
    }

    /// As an owner is told.
    pub(super) fn to_owner(self) -> owner::AffiliationKind {
        match self {
            Self::Owner => owner::AffiliationKind::Owner,
            Self::Publisher => owner::AffiliationKind::Publisher,
            Self::PublishOnly => owner::AffiliationKind::PublishOnly,
            Self::Member => owner::AffiliationKind::Member,
            Self::Outcast => owner::AffiliationKind::Outcast,
        }
    }

    /// As whoever has it is told.
    pub(super) fn to_holder(self) -> pubsub::AffiliationKind {
        match self {
            Self::Owner => pubsub::AffiliationKind::Owner,
            Self::Publisher => pubsub::AffiliationKind::Publisher,
            Self::PublishOnly => pubsub::AffiliationKind::PublishOnly,
            Self::Member => pubsub::AffiliationKind::Member,
            Self::Outcast => pubsub::AffiliationKind::Outcast,
        }
    }
}

/// The affiliation of somebody with a node of an account. The account owns all its nodes.
pub(super) fn of(account: &BareJid, node: &Node, who: &Jid) -> Option<Affiliation> {
    if who.bare_str() == account.as_str() {
        return Some(Affiliation::Owner);
    }
    node.affiliations.get(who.bare_str()).copied()
}

/// Those who own a node: an account all of its own, at a service those who made it and whom they named.
pub(super) fn owners(service: &BareJid, node: &Node) -> Vec<BareJid> {
    let own = (!is_service(service)).then(|| service.clone());
    let named = node
        .affiliations
        .iter()
        .filter(|(_, affiliation)| **affiliation == Affiliation::Owner)
        .map(|(owner, _)| owner.clone());
    own.into_iter().chain(named).collect()
}

/// Refuses whoever does not own the node. At a service its administrators own all.
pub(super) fn must_own(
    host: &Host,
    service: &BareJid,
    node: &Node,
    who: &Jid,
) -> Result<(), StanzaError> {
    match of(service, node, who) {
        Some(Affiliation::Owner) => Ok(()),
        _ if is_service(service) && xep_0133::is_administrator(host, who) => Ok(()),
        _ => Err(StanzaError::new(Condition::Forbidden)),
    }
}

/// Refuses whoever may not subscribe and read (§6.1.3, §6.5.9).
pub(super) async fn may_read(
    host: &Host,
    account: &BareJid,
    node: &Node,
    who: &Jid,
) -> Result<(), StanzaError> {
    if let Some(keeper) = kept::keeper(host, account) {
        return keeper.may_read(account, &node.name, who);
    }
    match of(account, node, who) {
        Some(Affiliation::Owner | Affiliation::Publisher | Affiliation::Member) => return Ok(()),
        Some(Affiliation::Outcast | Affiliation::PublishOnly) => {
            return Err(StanzaError::new(Condition::Forbidden));
        }
        None => {}
    }
    let is_so = match node.configuration.access() {
        AccessModel::Open => true,
        AccessModel::Presence => sees(host, account, who).await?,
        AccessModel::Roster => is_in_group(host, account, node, who).await?,
        AccessModel::Authorize => has_subscribed(host, node, who),
        _ => false,
    };
    if is_so {
        return Ok(());
    }
    let not_authorized = StanzaError::new(Condition::NotAuthorized);
    Err(match node.configuration.access() {
        AccessModel::Presence => {
            not_authorized.with_application(&PresenceSubscriptionRequired::default())
        }
        AccessModel::Roster => not_authorized.with_application(&NotInRosterGroup::default()),
        AccessModel::Authorize => not_authorized.with_application(&NotSubscribed::default()),
        _ => StanzaError::new(Condition::NotAllowed).with_application(&ClosedNode::default()),
    })
}

/// Whether an owner has to let somebody in before it may subscribe (§8.6).
pub(super) fn has_to_wait(host: &Host, account: &BareJid, node: &Node, who: &Jid) -> bool {
    node.configuration.access() == AccessModel::Authorize
        && of(account, node, who).is_none()
        && !has_subscribed(host, node, who)
}

fn has_subscribed(host: &Host, node: &Node, who: &Jid) -> bool {
    let now = host.clock().now();
    node.subscriptions.iter().any(|row| {
        row.state == SUBSCRIBED
            && row.account.as_str() == who.bare_str()
            && options::is_live(row, now)
    })
}

/// Refuses whoever may not publish (§7.1.3).
pub(super) async fn may_publish(
    host: &Host,
    account: &BareJid,
    node: &Node,
    who: &Jid,
) -> Result<(), StanzaError> {
    let refused = StanzaError::new(Condition::Forbidden);
    match of(account, node, who) {
        Some(Affiliation::Owner | Affiliation::Publisher | Affiliation::PublishOnly) => Ok(()),
        Some(Affiliation::Outcast) => Err(refused),
        Some(Affiliation::Member) | None => match node.configuration.publish_model() {
            // Not even a stranger, where strangers may not read.
            PublishModel::Open => may_read(host, account, node, who).await,
            PublishModel::Subscribers
                if has_subscribed(host, node, who) || sees(host, account, who).await? =>
            {
                may_read(host, account, node, who).await
            }
            _ => Err(refused),
        },
    }
}

fn rosters(host: &Host) -> Option<Arc<rfc_6121::Server>> {
    rfc_6121::Server::of(host)
}

async fn sees(host: &Host, account: &BareJid, who: &Jid) -> Result<bool, StorageError> {
    match rosters(host).filter(|_| !is_service(account)) {
        Some(rosters) => rosters.is_seen_by(account, who).await,
        None => Ok(false),
    }
}

async fn is_in_group(
    host: &Host,
    account: &BareJid,
    node: &Node,
    who: &Jid,
) -> Result<bool, StorageError> {
    let Some(rosters) = rosters(host) else {
        return Ok(false);
    };
    let groups = rosters.groups(account, who).await?.unwrap_or_default();
    let allowed = node.configuration.groups();
    Ok(groups.iter().any(|group| allowed.contains(group)))
}
