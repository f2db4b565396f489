//! Affiliations and roles (§5): what somebody is to a room for long, and what to it just now, and what each may do.

use sestina_types::xep_0045::{admin, user};
use sestina_wire::{Condition, StanzaError};

/// What somebody is to a room over many visits (§5.2), from the least to the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Affiliation {
    Outcast,
    #[default]
    None,
    Member,
    Admin,
    Owner,
}

/// What somebody is in a room during a visit (§5.1), from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    None,
    Visitor,
    Participant,
    Moderator,
}

impl Affiliation {
    /// As it is written and stored.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Outcast => "outcast",
            Self::None => "none",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Reads what was stored.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::Outcast,
            Self::None,
            Self::Member,
            Self::Admin,
            Self::Owner,
        ];
        all.into_iter().find(|one| one.as_str() == text)
    }

    /// The role that somebody of this affiliation enters with (§5.1.2, §5.2.2).
    pub(super) const fn role(self, moderated: bool) -> Role {
        match self {
            Self::Outcast => Role::None,
            Self::None if moderated => Role::Visitor,
            Self::None | Self::Member => Role::Participant,
            Self::Admin | Self::Owner => Role::Moderator,
        }
    }

    pub(super) const fn to_user(self) -> user::Affiliation {
        match self {
            Self::Outcast => user::Affiliation::Outcast,
            Self::None => user::Affiliation::None,
            Self::Member => user::Affiliation::Member,
            Self::Admin => user::Affiliation::Admin,
            Self::Owner => user::Affiliation::Owner,
        }
    }

    pub(super) const fn to_admin(self) -> admin::Affiliation {
        match self {
            Self::Outcast => admin::Affiliation::Outcast,
            Self::None => admin::Affiliation::None,
            Self::Member => admin::Affiliation::Member,
            Self::Admin => admin::Affiliation::Admin,
            Self::Owner => admin::Affiliation::Owner,
        }
    }
}

impl From<&admin::Affiliation> for Affiliation {
    fn from(said: &admin::Affiliation) -> Self {
        match said {
            admin::Affiliation::Outcast => Self::Outcast,
            admin::Affiliation::None => Self::None,
            admin::Affiliation::Member => Self::Member,
            admin::Affiliation::Admin => Self::Admin,
            admin::Affiliation::Owner => Self::Owner,
        }
    }
}

impl Role {
    pub(super) const fn to_user(self) -> user::Role {
        match self {
            Self::None => user::Role::None,
            Self::Visitor => user::Role::Visitor,
            Self::Participant => user::Role::Participant,
            Self::Moderator => user::Role::Moderator,
        }
    }

    pub(super) const fn to_admin(self) -> admin::Role {
        match self {
            Self::None => admin::Role::None,
            Self::Visitor => admin::Role::Visitor,
            Self::Participant => admin::Role::Participant,
            Self::Moderator => admin::Role::Moderator,
        }
    }

    /// The name that the configuration form has for it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Visitor => "visitor",
            Self::Participant => "participant",
            Self::Moderator => "moderator",
        }
    }
}

impl From<&admin::Role> for Role {
    fn from(said: &admin::Role) -> Self {
        match said {
            admin::Role::None => Self::None,
            admin::Role::Visitor => Self::Visitor,
            admin::Role::Participant => Self::Participant,
            admin::Role::Moderator => Self::Moderator,
        }
    }
}

/// Who wants to change something; who is not in the room has the role [`Role::None`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Actor {
    pub(super) affiliation: Affiliation,
    pub(super) role: Role,
}

impl Actor {
    /// Whether a role may be changed (§8.2 to §8.4, §9.6, §9.7).
    pub(super) fn may_give_role(
        self,
        target: Affiliation,
        from: Role,
        to: Role,
    ) -> Result<(), StanzaError> {
        if self.role < Role::Moderator && self.affiliation < Affiliation::Admin {
            return Err(refused(Condition::Forbidden));
        }
        // Nothing is taken from somebody of higher affiliation (§8.2, §8.4, §9.7).
        if to < from && target > self.affiliation {
            return Err(refused(Condition::NotAllowed));
        }
        // Who is a moderator admins and owners decide (§9.6, §9.7).
        let of_moderators = to == Role::Moderator || (from == Role::Moderator && to != Role::None);
        if of_moderators && self.affiliation < Affiliation::Admin {
            return Err(refused(Condition::Forbidden));
        }
        let allowed = match to {
            Role::None => true,
            // Nor is the voice of an admin or owner taken by anyone, or anybody's by an equal (§8.4).
            Role::Visitor => {
                target < Affiliation::Admin
                    && (target < self.affiliation
                        || self.affiliation >= Affiliation::Admin
                        || target == Affiliation::None)
            }
            // An admin or owner stays a moderator (§9.7).
            Role::Participant => from != Role::Moderator || target < Affiliation::Admin,
            Role::Moderator => true,
        };
        if allowed {
            Ok(())
        } else {
            Err(refused(Condition::NotAllowed))
        }
    }

    /// Whether an affiliation may be changed (§9.1 to §9.4, §10.3 to §10.8).
    pub(super) fn may_give_affiliation(
        self,
        from: Affiliation,
        to: Affiliation,
    ) -> Result<(), StanzaError> {
        if self.affiliation < Affiliation::Admin {
            return Err(refused(Condition::Forbidden));
        }
        if self.affiliation == Affiliation::Owner {
            return Ok(());
        }
        if to >= Affiliation::Admin {
            return Err(refused(Condition::Forbidden));
        }
        if from >= Affiliation::Admin {
            return Err(refused(Condition::NotAllowed));
        }
        Ok(())
    }

    /// Whether the list of those with a role may be seen (§8.5, §9.8).
    pub(super) fn may_list_role(self, role: Role) -> Result<(), StanzaError> {
        let may = match role {
            Role::Moderator => self.affiliation >= Affiliation::Admin,
            Role::Participant | Role::Visitor | Role::None => {
                self.role == Role::Moderator || self.affiliation >= Affiliation::Admin
            }
        };
        if may {
            Ok(())
        } else {
            Err(refused(Condition::Forbidden))
        }
    }

    /// Whether the list of those with an affiliation may be seen (§9.2, §9.5, §10.5, §10.8). `open` is whether the room
    /// lets everybody who has this actor's role see who belongs to it.
    pub(super) fn may_list_affiliation(
        self,
        affiliation: Affiliation,
        open: bool,
    ) -> Result<(), StanzaError> {
        let may = match affiliation {
            Affiliation::Outcast | Affiliation::None => self.affiliation >= Affiliation::Admin,
            Affiliation::Member => self.affiliation >= Affiliation::Admin || open,
            Affiliation::Admin | Affiliation::Owner => {
                self.affiliation == Affiliation::Owner || open
            }
        };
        if may {
            Ok(())
        } else {
            Err(refused(Condition::Forbidden))
        }
    }
}

fn refused(condition: Condition) -> StanzaError {
    StanzaError::new(condition)
}

#[cfg(test)]
mod tests {
    use super::{Actor, Affiliation as A, Role as R};
    use sestina_wire::Condition as C;

    fn condition(result: Result<(), sestina_wire::StanzaError>) -> Option<C> {
        result.err().map(|error| error.condition)
    }

    #[test]
    fn every_rule_about_roles_holds() {
        let (forbidden, not_allowed) = (Some(C::Forbidden), Some(C::NotAllowed));
        // Who (affiliation, role), whom (affiliation, role), to what, the answer.
        let rules = [
            // Kicking (§8.2).
            (
                (A::None, R::Participant),
                (A::None, R::Visitor),
                R::None,
                forbidden,
            ),
            (
                (A::Member, R::Participant),
                (A::None, R::Visitor),
                R::None,
                forbidden,
            ),
            (
                (A::None, R::Moderator),
                (A::None, R::Participant),
                R::None,
                None,
            ),
            (
                (A::None, R::Moderator),
                (A::Member, R::Participant),
                R::None,
                not_allowed,
            ),
            (
                (A::Member, R::Moderator),
                (A::Admin, R::Moderator),
                R::None,
                not_allowed,
            ),
            (
                (A::Member, R::Moderator),
                (A::Owner, R::Moderator),
                R::None,
                not_allowed,
            ),
            (
                (A::Admin, R::Moderator),
                (A::Owner, R::Moderator),
                R::None,
                not_allowed,
            ),
            (
                (A::Owner, R::Moderator),
                (A::Admin, R::Moderator),
                R::None,
                None,
            ),
            // Voice (§8.3, §8.4).
            (
                (A::None, R::Participant),
                (A::None, R::Visitor),
                R::Participant,
                forbidden,
            ),
            (
                (A::None, R::Moderator),
                (A::None, R::Visitor),
                R::Participant,
                None,
            ),
            (
                (A::None, R::Moderator),
                (A::None, R::Participant),
                R::Visitor,
                None,
            ),
            (
                (A::None, R::Moderator),
                (A::Member, R::Participant),
                R::Visitor,
                not_allowed,
            ),
            (
                (A::Member, R::Moderator),
                (A::Member, R::Participant),
                R::Visitor,
                not_allowed,
            ),
            (
                (A::Admin, R::Moderator),
                (A::Member, R::Participant),
                R::Visitor,
                None,
            ),
            (
                (A::Owner, R::Moderator),
                (A::Admin, R::Moderator),
                R::Visitor,
                not_allowed,
            ),
            (
                (A::Owner, R::Moderator),
                (A::Owner, R::Moderator),
                R::Visitor,
                not_allowed,
            ),
            // Moderators (§9.6, §9.7).
            (
                (A::None, R::Moderator),
                (A::Owner, R::Moderator),
                R::Visitor,
                not_allowed,
            ),
            (
                (A::None, R::Moderator),
                (A::Owner, R::Moderator),
                R::Participant,
                not_allowed,
            ),
            (
                (A::Member, R::Moderator),
                (A::None, R::Participant),
                R::Moderator,
                forbidden,
            ),
            (
                (A::None, R::Moderator),
                (A::None, R::Moderator),
                R::Participant,
                forbidden,
            ),
            (
                (A::Admin, R::Moderator),
                (A::None, R::Participant),
                R::Moderator,
                None,
            ),
            (
                (A::Admin, R::Moderator),
                (A::None, R::Moderator),
                R::Participant,
                None,
            ),
            (
                (A::Admin, R::Moderator),
                (A::Admin, R::Moderator),
                R::Participant,
                not_allowed,
            ),
            (
                (A::Admin, R::Moderator),
                (A::Owner, R::Moderator),
                R::Participant,
                not_allowed,
            ),
            (
                (A::Owner, R::Moderator),
                (A::Admin, R::Moderator),
                R::Participant,
                not_allowed,
            ),
        ];
        for ((affiliation, role), (target, from), to, answer) in rules {
            let actor = Actor { affiliation, role };
            let found = condition(actor.may_give_role(target, from, to));
            assert_eq!(
                found, answer,
                "{actor:?} makes {target:?} {from:?} a {to:?}"
            );
        }
    }

    #[test]
    fn every_rule_about_affiliations_holds() {
        let all = [A::Outcast, A::None, A::Member, A::Admin, A::Owner];
        for actor in all {
            for from in all {
                for to in all {
                    let expected = match actor {
                        A::Owner => None,
                        A::Admin if to >= A::Admin => Some(C::Forbidden),
                        A::Admin if from >= A::Admin => Some(C::NotAllowed),
                        A::Admin => None,
                        _ => Some(C::Forbidden),
                    };
                    let actor = Actor {
                        affiliation: actor,
                        role: R::Moderator,
                    };
                    let found = condition(actor.may_give_affiliation(from, to));
                    assert_eq!(found, expected, "{actor:?} from {from:?} to {to:?}");
                }
            }
        }
    }

    #[test]
    fn every_rule_about_lists_holds() {
        let actor = |affiliation, role| Actor { affiliation, role };
        for (who, role, may) in [
            (actor(A::None, R::Participant), R::Participant, false),
            (actor(A::None, R::Moderator), R::Participant, true),
            (actor(A::Member, R::Moderator), R::Moderator, false),
            (actor(A::Admin, R::Moderator), R::Moderator, true),
        ] {
            assert_eq!(who.may_list_role(role).is_ok(), may, "{who:?} {role:?}");
        }
        for (who, list, open, may) in [
            (actor(A::Member, R::Moderator), A::Outcast, true, false),
            (actor(A::Admin, R::Moderator), A::Outcast, false, true),
            (actor(A::Member, R::Participant), A::Member, false, false),
            (actor(A::Member, R::Participant), A::Member, true, true),
            (actor(A::Admin, R::Moderator), A::Member, false, true),
            (actor(A::Admin, R::Moderator), A::Owner, false, false),
            (actor(A::Admin, R::Moderator), A::Admin, false, false),
            (actor(A::Owner, R::None), A::Owner, false, true),
        ] {
            let found = who.may_list_affiliation(list, open).is_ok();
            assert_eq!(found, may, "{who:?} {list:?} {open}");
        }
    }

    #[test]
    fn who_enters_has_the_role_of_the_affiliation() {
        for (affiliation, open, moderated) in [
            (A::Outcast, R::None, R::None),
            (A::None, R::Participant, R::Visitor),
            (A::Member, R::Participant, R::Participant),
            (A::Admin, R::Moderator, R::Moderator),
            (A::Owner, R::Moderator, R::Moderator),
        ] {
            assert_eq!(affiliation.role(false), open);
            assert_eq!(affiliation.role(true), moderated);
        }
    }
}
