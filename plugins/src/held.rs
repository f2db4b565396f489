//! What is loaded once and shared by those who use it, for as long as one of them holds it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sestina_wire::BareJid;

/// Things of accounts, one each.
#[derive(Debug)]
pub(crate) struct Held<T>(Mutex<HashMap<BareJid, Weak<T>>>);

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Held<T> {
    /// What an account has here; made where nobody holds it.
    pub(crate) fn get(&self, owner: &BareJid, make: impl FnOnce(BareJid) -> T) -> Arc<T> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = held.get(owner).and_then(Weak::upgrade) {
            return found;
        }
        // What nobody holds any more is swept out now and then, so that the map does not outgrow its content.
        if held.len() >= 64 && held.len().is_power_of_two() {
            held.retain(|_, one| one.strong_count() > 0);
        }
        let made = Arc::new(make(owner.detach()));
        held.insert(owner.detach(), Arc::downgrade(&made));
        made
    }
}
