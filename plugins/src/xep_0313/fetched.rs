//! Which part of its archive a session has been handed before it becomes available: what is in it need not be delivered to
//! it again (§5.1.1, XEP-0160).

use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

use sestina_session::host::Resource;
use sestina_storage::{Range, Value};
use sestina_types::xep_0313::tables::ArchiveRow;
use sestina_types::xep_0359::{NS, StanzaId};
use sestina_wire::Stanza;

/// How many separate parts are remembered.
const MOST: usize = 32;

/// Parts of the archive, each from one id to another, both included; not in order.
#[derive(Default)]
struct Fetched(Mutex<Vec<(String, String)>>);

/// A page of everything in a range has been handed to the session.
pub(super) fn note(session: &Resource, range: &Range, rows: &[ArchiveRow], complete: bool) {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return;
    };
    // What is stored for it is handed over once it is available.
    if session.is_available() {
        return;
    }
    // A page that goes on where another ended joins it.
    let after = match &range.lower {
        Bound::Excluded(Value::Text(id)) => Some(id),
        _ => None,
    };
    let before = match &range.upper {
        Bound::Excluded(Value::Text(id)) if complete => Some(id),
        _ => None,
    };
    let fetched = session.extensions().get_or_insert_with(Fetched::default);
    let mut parts = fetched.0.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut lowest, mut highest) = (first.id.clone(), last.id.clone());
    parts.retain(|(from, to)| {
        let joins = *from <= highest && *to >= lowest
            || after.is_some_and(|id| id == to)
            || before.is_some_and(|id| id == from);
        if joins {
            lowest = std::mem::take(&mut lowest).min(from.clone());
            highest = std::mem::take(&mut highest).max(to.clone());
        }
        !joins
    });
    if parts.len() < MOST {
        parts.push((lowest, highest));
    }
}

/// Whether a session has been handed a message of its account from the archive.
pub(crate) fn has_fetched(session: &Resource, message: &Stanza) -> bool {
    let Some(fetched) = session.extensions().get::<Fetched>() else {
        return false;
    };
    let account = session.account().jid();
    let ids = message.children().filter(|child| child.is("stanza-id", NS));
    let mut own = ids
        .filter_map(|child| child.decode::<StanzaId>().ok())
        .filter(|id| id.by.as_str() == account.as_str());
    let Some(id) = own.next() else {
        return false;
    };
    let parts = fetched.0.lock().unwrap_or_else(PoisonError::into_inner);
    let id = id.id.as_str();
    parts
        .iter()
        .any(|(from, to)| from.as_str() <= id && id <= to.as_str())
}

/// The session has what was stored for it.
pub(crate) fn forget_fetched(session: &Resource) {
    session.extensions().remove::<Fetched>();
}
