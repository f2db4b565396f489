//! What was copied a while ago, so that an error in answer to it is copied too (§6.1).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use sestina_wire::Stanza;

/// Messages that are remembered for an account.
const MOST: usize = 64;
/// Octets of an identifier past which a message is not remembered.
const LONGEST: usize = 128;

/// Identifiers and addressees of what the clients of an account have sent; there is one where a client wants copies.
#[derive(Default)]
pub(super) struct Recent(Mutex<VecDeque<(String, String)>>);

impl Recent {
    pub(super) fn add(&self, message: &Stanza) {
        let (Some(id), Some(to)) = (message.id(), message.to()) else {
            return;
        };
        if id.len() > LONGEST {
            return;
        }
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.len() == MOST {
            sent.pop_front();
        }
        sent.push_back((id.to_string(), to.as_str().to_owned()));
    }

    /// Whether an error answers one of them.
    pub(super) fn has(&self, error: &Stanza) -> bool {
        let (Some(id), Some(from)) = (error.id(), error.from()) else {
            return false;
        };
        let sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter()
            .any(|(of, to)| **of == **id && to == from.as_str())
    }
}
