//! Values by type, kept with a host, an account or a session.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use smallvec::SmallVec;

type Entry = (TypeId, Arc<dyn Any + Send + Sync>);

/// One value of each type. Empty, it allocates nothing.
#[derive(Default)]
pub struct Extensions {
    entries: RwLock<SmallVec<[Entry; 1]>>,
}

impl Extensions {
    /// The value of a type.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        find(&entries)
    }

    /// The value of a type, made where there is none.
    pub fn get_or_insert_with<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        if let Some(found) = self.get() {
            return found;
        }
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster between the two locks.
        if let Some(found) = find(&entries) {
            return found;
        }
        let value = Arc::new(make());
        entries.push((TypeId::of::<T>(), value.clone()));
        value
    }

    /// Puts a value, in place of one of the same type.
    pub fn insert<T: Send + Sync + 'static>(&self, value: Arc<T>) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|(id, _)| *id != TypeId::of::<T>());
        entries.push((TypeId::of::<T>(), value));
    }

    /// Takes the value of a type out.
    pub fn remove<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let found = find(&entries);
        entries.retain(|(id, _)| *id != TypeId::of::<T>());
        found
    }
}

fn find<T: Send + Sync + 'static>(entries: &[Entry]) -> Option<Arc<T>> {
    let (_, value) = entries.iter().find(|(id, _)| *id == TypeId::of::<T>())?;
    Arc::clone(value).downcast().ok()
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Extensions")
    }
}
