//! The versions of a room's affiliations: each change makes another one, and what has changed since one is known for as long as
//! there is place (XEP-0463).

use sestina_session::host::Spread;
use sestina_types::xep_0045::user::{Actor as UserActor, Item, MucUser};
use sestina_types::xep_0334::NoStore;
use sestina_wire::dispatch::Extensible as _;
use sestina_wire::{AnyElement, BareJid, Jid, Stanza, StanzaError, StanzaType, Text};
use sha2::{Digest as _, Sha256};

use super::affiliations::Change;
use super::mailbox::Sending;
use super::room::{Room, Standing, State, Words};
use super::standing::{Actor, Affiliation, Role};

/// How many affiliations that were taken away are remembered at most, before half of them go.
const MOST_TAKEN: usize = 1000;

/// Who is not remembered any more.
pub(super) struct Forgotten {
    pub(super) people: Vec<BareJid>,
    /// The version since which every change is known after that.
    pub(super) changes_since: i64,
}

/// What somebody is to a room, as those may know it who may see the lists.
pub(crate) struct Listed<'a> {
    pub(crate) address: &'a BareJid,
    pub(crate) affiliation: sestina_types::xep_0045::user::Affiliation,
    /// In which it has changed last.
    pub(crate) version: i64,
}

/// How much of the affiliations somebody may see (XEP-0463 §5.2.3).
pub(crate) enum Seen<'a> {
    /// No list.
    Nothing,
    /// Those which may be seen, oldest change first.
    Lists(Vec<Listed<'a>>),
}

impl State {
    /// What people become by changes, each in a version of its own.
    pub(super) fn next_standings(&self, changes: &[Change]) -> Vec<(BareJid, Standing)> {
        let versions = (1..).map(|step| self.version.saturating_add(step));
        let standing = |(change, version): (&Change, i64)| {
            let before = self.affiliations.get(&change.address);
            let inherits = change.affiliation > Affiliation::None;
            let kept = || before.filter(|_| inherits)?.nick.clone();
            let nick = change.nick.clone().or_else(kept);
            let belongs = |affiliation| affiliation >= Affiliation::Member;
            let belonged = before.is_some_and(|before| belongs(before.affiliation));
            let turned = match belonged == belongs(change.affiliation) {
                true => before.and_then(|before| before.turned),
                false => Some(version),
            };
            let standing = Standing {
                affiliation: change.affiliation,
                // An empty one takes it away (§9.5).
                nick: nick
                    .filter(|nick| change.affiliation > Affiliation::Outcast && !nick.is_empty()),
                reason: change.reason.clone(),
                version,
                turned,
            };
            (change.address.detach(), standing)
        };
        changes.iter().zip(versions).map(standing).collect()
    }

    /// Whom to forget, lest those who are nothing to the room any more take all the place.
    pub(super) fn to_forget(&self, next: &[(BareJid, Standing)]) -> Forgotten {
        // Who has a nickname waits for an admin's word.
        let is_taken = |standing: &Standing| {
            standing.affiliation == Affiliation::None && standing.nick.is_none()
        };
        let changes = |address: &BareJid| next.iter().any(|(changed, _)| changed == address);
        let taken = self.affiliations.iter();
        let mut taken: Vec<(i64, &BareJid)> = taken
            .filter(|(address, standing)| is_taken(standing) && !changes(address))
            .map(|(address, standing)| (standing.version, address))
            .collect();
        let all = taken.len() + next.iter().filter(|(_, one)| is_taken(one)).count();
        if all <= MOST_TAKEN {
            return Forgotten {
                people: Vec::new(),
                changes_since: self.changes_since,
            };
        }
        taken.sort_unstable();
        taken.truncate(all - MOST_TAKEN / 2);
        let newest = taken
            .last()
            .map_or(self.changes_since, |(version, _)| *version);
        Forgotten {
            people: taken
                .into_iter()
                .map(|(_, address)| address.clone())
                .collect(),
            changes_since: newest.max(self.changes_since),
        }
    }

    /// Whether somebody may see who has an affiliation (§9.2, §9.5, §10.5, §10.8): in a non-anonymous room every member, also one
    /// who is not inside.
    pub(super) fn may_list(&self, from: &Jid, affiliation: Affiliation) -> Result<(), StanzaError> {
        self.may_list_as(self.actor(from), affiliation)
    }

    fn may_list_as(&self, actor: Actor, affiliation: Affiliation) -> Result<(), StanzaError> {
        let configuration = &self.configuration;
        let role = match actor.role {
            Role::None => actor.affiliation.role(configuration.moderated),
            role => role,
        };
        let open = configuration.lists.has(role)
            && (configuration.non_anonymous || actor.role == Role::Moderator)
            && actor.affiliation >= Affiliation::Member;
        // Where only members enter and everybody may see everybody, they see each other whatever else is said (§9.5).
        let open = open
            || (configuration.members_only
                && configuration.non_anonymous
                && actor.affiliation >= Affiliation::Member);
        actor.may_list_affiliation(affiliation, open)
    }

    /// The version that the affiliations have.
    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    /// Whether all that has changed since a version is known.
    pub(crate) fn knows_since(&self, version: i64) -> bool {
        (self.changes_since..=self.version).contains(&version)
    }

    /// The version since which somebody belongs to the room without a break, by itself or with its domain.
    pub(crate) fn belongs_since(&self, from: &Jid) -> Option<i64> {
        let account = from.to_bare();
        let belongs = |address: &BareJid| {
            let standing = self.affiliations.get(address)?;
            let belongs = standing.affiliation >= Affiliation::Member;
            belongs.then_some(standing.turned.unwrap_or_default())
        };
        belongs(&account).or_else(|| belongs(&account.domain_jid()))
    }

    /// What has changed since a version, or without one all there is, as far as somebody may see it. What has moved to a list
    /// that may not be seen is gone from those that may.
    pub(crate) fn affiliations_for(&self, from: &Jid, since: Option<i64>) -> Seen<'_> {
        let all = [
            Affiliation::Outcast,
            Affiliation::None,
            Affiliation::Member,
            Affiliation::Admin,
            Affiliation::Owner,
        ];
        let seen = all.map(|one| (one, self.may_list(from, one).is_ok()));
        if seen.iter().all(|(_, may)| !may) {
            return Seen::Nothing;
        }
        let may = |affiliation| seen.contains(&(affiliation, true));
        let mut found: Vec<Listed<'_>> = self
            .affiliations
            .iter()
            .filter(|(_, standing)| since.is_none_or(|since| standing.version > since))
            .filter_map(|(address, standing)| {
                let is_listed = since.is_some() || standing.affiliation != Affiliation::None;
                let is_shown = may(standing.affiliation) && is_listed;
                // It was on a list that may be seen.
                let is_gone = since.is_some_and(|since| standing.turned > Some(since));
                let affiliation = match is_shown {
                    true => standing.affiliation,
                    false => Affiliation::None,
                };
                (is_shown || is_gone).then_some(Listed {
                    address,
                    affiliation: affiliation.to_user(),
                    version: standing.version,
                })
            })
            .collect();
        found.sort_by(|a, b| (a.version, a.address).cmp(&(b.version, b.address)));
        Seen::Lists(found)
    }
}

impl Room {
    /// How a version is written: nobody takes that of another room for one of this, not even of one that had the same address.
    pub(crate) fn version_id(&self, version: i64) -> Text {
        format!("{version}.{}", self.version_mark()).into()
    }

    /// Which version it is that somebody has.
    pub(crate) fn version_of(&self, id: &str) -> Option<i64> {
        let (version, mark) = id.split_once('.')?;
        let is_ours = mark == self.version_mark();
        version.parse().ok().filter(|_| is_ours)
    }

    fn version_mark(&self) -> String {
        let mut mark = Sha256::new();
        mark.update("affiliations");
        mark.update(self.key.expose_secret());
        let mark = mark.finalize();
        mark.iter()
            .take(5)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Tells those who may see the lists what somebody is to the room now, who cannot be seen in it.
    pub(super) fn tell_standing(
        &self,
        state: &State,
        sending: &mut Sending<'_>,
        address: &BareJid,
        was: Affiliation,
        words: &Words,
        any: Option<AnyElement>,
    ) {
        let is = state
            .affiliations
            .get(address)
            .map_or(Affiliation::None, |standing| standing.affiliation);
        let message = |is: Affiliation| {
            let item = Item {
                affiliation: Some(is.to_user()),
                jid: Some(Jid::clone(address)),
                actor: words.actor.as_ref().map(|nick| UserActor {
                    nick: Some(nick.clone()),
                    ..UserActor::default()
                }),
                reason: words.reason.clone(),
                ..Item::default()
            };
            let mut user = MucUser {
                items: vec![item],
                ..MucUser::default()
            };
            if let Some(any) = &any {
                user.add(any.clone());
            }
            let message = Stanza::message(StanzaType::Normal).with_from(Jid::clone(&self.jid));
            // It is of use to who is inside now, and to no archive of theirs.
            Spread::new(message.with(&user).with(&NoStore::default()))
        };
        let (full, hidden) = (message(is), message(Affiliation::None));
        for occupant in state.occupants.values() {
            // Where addresses are hidden, there is nobody else who could know them.
            if !state.configuration.non_anonymous && occupant.role != Role::Moderator {
                continue;
            }
            let actor = Actor {
                affiliation: state.affiliation(&occupant.account),
                role: occupant.role,
            };
            let may = |affiliation| state.may_list_as(actor, affiliation).is_ok();
            let told = match () {
                () if may(is) => &full,
                () if was != Affiliation::None && may(was) => &hidden,
                () => continue,
            };
            for session in &occupant.sessions {
                sending.give(&session.mailbox, told);
            }
        }
    }
}
