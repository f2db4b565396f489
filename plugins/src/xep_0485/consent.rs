//! Which other domains want to be named (§8): those that announce that they publish as well.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use sestina_session::host::Host;
use sestina_types::xep_0030::info;
use sestina_types::xep_0485::NS;
use sestina_wire::{BareJid, Stanza, StanzaType, Timestamp};

/// How many are asked at a time, and how long each has for its answer.
const AT_ONCE: usize = 8;
const PATIENCE: Duration = Duration::from_secs(20);
/// What they answered. It holds no others than those asked about last.
#[derive(Default)]
pub(super) struct Consent(Mutex<HashMap<Box<str>, Answer>>);

#[derive(Clone, Copy)]
struct Answer {
    is_willing: bool,
    is_known: bool,
    until: Timestamp,
}

impl Consent {
    /// Those of the domains that want to be named. Whoever answered is believed for a time, and whoever did not is asked again
    /// after another.
    pub(super) async fn ask(
        &self,
        host: &Arc<Host>,
        domains: impl Iterator<Item = &str>,
        believed: Duration,
        again: Duration,
    ) -> BTreeSet<Box<str>> {
        let domains: BTreeSet<Box<str>> = domains.map(Box::from).collect();
        let now = host.clock().now();
        let unknown: Vec<Box<str>> = {
            let mut known = self.lock();
            known.retain(|domain, answer| domains.contains(domain) && answer.until > now);
            let unknown = domains.iter().filter(|domain| !known.contains_key(*domain));
            unknown.cloned().collect()
        };
        let answers: Vec<_> = stream::iter(unknown)
            .map(|domain| async move {
                let said = is_willing(host, &domain).await;
                (domain, said)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut known = self.lock();
        for (domain, said) in answers {
            let lasts = said.map_or(again.min(believed), |_| believed);
            if let Ok(until) = now.checked_add(lasts) {
                let is_willing = said == Some(true);
                let answer = Answer {
                    is_willing,
                    is_known: said.is_some(),
                    until,
                };
                known.insert(domain, answer);
            }
        }
        let willing = known.iter().filter(|(_, answer)| answer.is_willing);
        willing.map(|(domain, _)| domain.clone()).collect()
    }

    /// Whether some have not answered.
    pub(super) fn is_open(&self) -> bool {
        self.lock().values().any(|answer| !answer.is_known)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a domain says; nothing where it does not answer.
async fn is_willing(host: &Host, domain: &str) -> Option<bool> {
    let to = BareJid::new(None, domain).ok()?;
    let question = Stanza::iq(StanzaType::Get)
        .with_from(host.domain().clone())
        .with_to(to)
        .with(&info::Query::default());
    let answer = host.request(question, PATIENCE).await.ok()?;
    let info = answer.decode::<info::Query>()?.ok()?;
    Some(info.features.iter().any(|feature| &*feature.var == NS))
}
