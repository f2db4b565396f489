//! What service discovery announces: features and identities, and on what.

use std::collections::BTreeSet;

use crate::plugin::{Identity, On};

/// Features and identities of a host, ordered and without doubles.
#[derive(Clone, Debug, Default)]
pub struct Disco {
    features: BTreeSet<(On, &'static str)>,
    identities: BTreeSet<(On, Identity)>,
}

impl Disco {
    /// The features announced on something.
    pub fn features(&self, on: On) -> impl Iterator<Item = &'static str> + '_ {
        self.features
            .iter()
            .filter(move |(of, _)| *of == on)
            .map(|(_, var)| *var)
    }

    /// The identities announced on something.
    pub fn identities(&self, on: On) -> impl Iterator<Item = &Identity> + '_ {
        self.identities
            .iter()
            .filter(move |(of, _)| *of == on)
            .map(|(_, identity)| identity)
    }

    pub(crate) fn add_feature(&mut self, on: On, var: &'static str) {
        self.features.insert((on, var));
    }

    pub(crate) fn add_identity(&mut self, on: On, identity: Identity) {
        self.identities.insert((on, identity));
    }
}
