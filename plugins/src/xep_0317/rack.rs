//! The hats of a room, and who wears them, as they are in memory.

use std::collections::{BTreeMap, BTreeSet};

use sestina_types::xep_0317::{Hat, Hats};
use sestina_wire::{AnyElement, BareJid, Decimal, Payload as _, Text};
use sha2::{Digest as _, Sha256};

/// What is known of a hat beside the URI that tells it from others (§3.1).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Look {
    pub(super) title: Text,
    /// Its colour as an angle, in degrees.
    pub(super) hue: Option<Decimal>,
}

/// Hats, and who wears them.
#[derive(Clone, Debug, Default)]
pub(super) struct Rack {
    pub(super) hats: BTreeMap<Text, Look>,
    pub(super) wearers: BTreeMap<BareJid, BTreeSet<Text>>,
}

impl Rack {
    /// How often hats are worn, all together.
    pub(super) fn worn(&self) -> usize {
        self.wearers.values().map(BTreeSet::len).sum()
    }

    /// Whether somebody wears a hat.
    pub(super) fn wears(&self, account: &BareJid, uri: &str) -> bool {
        let worn = self.wearers.get(account);
        worn.is_some_and(|worn| worn.contains(uri))
    }

    /// Who wears a hat.
    pub(super) fn wearers_of(&self, uri: &str) -> Vec<BareJid> {
        let all = self.wearers.iter();
        let found = all.filter(|(_, worn)| worn.contains(uri));
        found.map(|(account, _)| account.clone()).collect()
    }

    /// Takes a hat off somebody.
    pub(super) fn take_off(&mut self, account: &BareJid, uri: &str) {
        if let Some(worn) = self.wearers.get_mut(account) {
            worn.remove(uri);
            if worn.is_empty() {
                self.wearers.remove(account);
            }
        }
    }

    /// What the presences of somebody hold (§3.1); nothing without a hat.
    pub(super) fn shown_on(&self, account: &BareJid) -> Option<AnyElement> {
        let worn = self.wearers.get(account)?.iter();
        let hats: Hats = worn
            .filter_map(|uri| {
                let look = self.hats.get(uri)?;
                Some(Hat {
                    hue: look.hue.clone(),
                    ..Hat::new(look.title.clone(), uri.clone())
                })
            })
            .collect();
        (!hats.hats.is_empty()).then(|| hats.to_any())
    }

    /// Another one whenever the list of hats is another (§2); none where there are no hats.
    pub(super) fn hash(&self) -> Option<Text> {
        if self.hats.is_empty() {
            return None;
        }
        let mut hash = Sha256::new();
        for (uri, look) in &self.hats {
            let hue = look.hue.as_ref().map_or("", Decimal::as_str);
            for part in [uri, &*look.title, hue] {
                hash.update(part);
                hash.update([0]);
            }
        }
        let hex = hash.finalize().iter().take(20).fold(String::new(), hex);
        Some(hex.into())
    }
}

fn hex(mut text: String, byte: &u8) -> String {
    use std::fmt::Write as _;
    let _ = write!(text, "{byte:02x}");
    text
}
