//! Which functions need not see what a service tells many sessions at once.
//!
//! A room gives the same to a hundred sessions. Functions that would let each of them have it say so once for all, or with one look at
//! the account, and are not called then. Where one says nothing, everything goes the ordinary way, past it.

use std::sync::Arc;

use sestina_wire::{Kind, Stanza};

use crate::host::Account;
use crate::stages::{Place, Stage};

/// Whether the functions of a specification let a stanza pass unchanged, whoever of the host is to get it.
pub(crate) type ForAll = Arc<dyn Fn(&Stanza) -> bool + Send + Sync>;

/// Whether they let it pass unchanged to an account.
pub(crate) type ForEach = Arc<dyn Fn(&Account, &Stanza) -> bool + Send + Sync>;

/// What the specifications said, as they were installed.
#[derive(Default)]
pub(super) struct Said {
    all: Vec<(&'static str, ForAll)>,
    each: Vec<(&'static str, ForEach)>,
}

/// What is asked of a stanza of one kind.
pub(crate) struct Passing {
    all: Box<[ForAll]>,
    each: Box<[ForEach]>,
}

impl Said {
    pub(super) fn all(&mut self, spec: &'static str, passes: ForAll) {
        self.all.push((spec, passes));
    }

    pub(super) fn each(&mut self, spec: &'static str, passes: ForEach) {
        self.each.push((spec, passes));
    }

    /// What is asked where these are the functions; nothing where one of them has to see everything.
    pub(super) fn of<'a>(
        &self,
        kind: Kind,
        functions: impl Iterator<Item = (Stage, Kind, &'a Place)>,
    ) -> Option<Passing> {
        let mut specs: Vec<&str> = functions
            .filter(|(stage, of, _)| *of == kind && is_on_the_way(*stage))
            .map(|(_, _, place)| place.spec)
            .collect();
        specs.sort_unstable();
        specs.dedup();
        let has_spoken = |spec: &&str| {
            self.all.iter().any(|(of, _)| of == spec) || self.each.iter().any(|(of, _)| of == spec)
        };
        if !specs.iter().all(has_spoken) {
            return None;
        }
        let concerned = |spec: &str| specs.contains(&spec);
        let all = self.all.iter().filter(|(spec, _)| concerned(spec));
        let each = self.each.iter().filter(|(spec, _)| concerned(spec));
        Some(Passing {
            all: all.map(|(_, passes)| Arc::clone(passes)).collect(),
            each: each.map(|(_, passes)| Arc::clone(passes)).collect(),
        })
    }
}

/// Whether a stanza to a session meets the functions of a stage.
fn is_on_the_way(stage: Stage) -> bool {
    match stage {
        Stage::BeforeRouting | Stage::AccountDelivery | Stage::Resource | Stage::BeforeWrite => {
            true
        }
        Stage::Received | Stage::Undeliverable => false,
    }
}

impl Passing {
    pub(crate) fn to_all(&self, stanza: &Stanza) -> bool {
        self.all.iter().all(|passes| passes(stanza))
    }

    pub(crate) fn to(&self, account: &Account, stanza: &Stanza) -> bool {
        self.each.iter().all(|passes| passes(account, stanza))
    }
}
