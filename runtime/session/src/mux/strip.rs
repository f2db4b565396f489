//! Removal of what a sender may not assert: an element that only certain senders may put into a stanza is taken
//! out of everybody else's, in every copy.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};
use sestina_wire::dispatch::Sender;
use sestina_wire::{BareJid, Kind, Stanza};
use smallvec::SmallVec;

use crate::host::Host;

use super::{Origin, Permit, Senders};

/// Name and namespace of an element.
type Name = (&'static str, &'static str);

/// Elements with the senders that may assert them, for each kind of stanza.
#[derive(Default)]
pub(super) struct Strips([Vec<(Name, &'static [Sender])>; 3]);

/// Elements to remove.
#[derive(Default)]
pub(crate) struct Names(SmallVec<[Name; 4]>);

impl Names {
    /// Removes every copy.
    pub(crate) fn remove_from(&self, stanza: &mut Stanza) {
        stanza.retain(|child| !self.0.contains(&(child.name(), child.ns())));
    }
}

/// What has to be removed from a stanza.
pub(crate) enum Removal {
    /// Nothing.
    Nothing,
    /// These elements.
    Now(Names),
    /// Somebody has to look up who the sender is.
    Later(BoxFuture<'static, Names>),
}

impl Strips {
    pub(super) fn add(
        &mut self,
        kinds: &[Kind],
        name: &'static str,
        ns: &'static str,
        senders: &'static [Sender],
    ) {
        for kind in kinds {
            if let Some(strips) = self.0.get_mut(*kind as usize) {
                strips.push(((name, ns), senders));
            }
        }
    }

    pub(super) fn removal(
        &self,
        senders: &Senders,
        host: &Arc<Host>,
        stanza: &Stanza,
        origin: Origin,
        own: &BareJid,
    ) -> Removal {
        let strips = self.0.get(stanza.kind() as usize).map(Vec::as_slice);
        let strips = strips.unwrap_or_default();
        if strips.is_empty() {
            return Removal::Nothing;
        }
        let mut names = Names::default();
        let mut asked = Vec::new();
        for child in stanza.children() {
            let found = strips
                .iter()
                .find(|(name, _)| *name == (child.name(), child.ns()));
            let Some((name, allowed)) = found else {
                continue;
            };
            if names.0.contains(name) || asked.iter().any(|(other, _)| other == name) {
                continue;
            }
            match senders.may_assert(allowed, origin, host, stanza.from(), own) {
                Permit::Yes => {}
                Permit::No => names.0.push(*name),
                Permit::Ask(answer) => asked.push((*name, answer)),
            }
        }
        if asked.is_empty() {
            return if names.0.is_empty() {
                Removal::Nothing
            } else {
                Removal::Now(names)
            };
        }
        Removal::Later(
            async move {
                for (name, answer) in asked {
                    if !answer.await {
                        names.0.push(name);
                    }
                }
                names
            }
            .boxed(),
        )
    }
}
