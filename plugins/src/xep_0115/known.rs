//! What others announced, asked for once and kept for everybody who announces the same (§8.2).

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sestina_session::host::Host;
use sestina_types::xep_0030::info;
use sestina_types::xep_0115::Caps;
use sestina_wire::{BareJid, Jid, Stanza, StanzaType, Text};
use tokio::sync::OnceCell;

use super::{node, verify};

/// How many sets of capabilities are remembered.
const MOST: usize = 1000;
/// Octets of features past which nothing of an answer is used.
const LONGEST: usize = 64 * 1024;
/// How long an entity has for its answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The features of an entity whose hash was verified.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Capabilities(BTreeSet<Box<str>>);

impl Capabilities {
    /// Whether a feature is among them.
    #[must_use]
    pub fn has(&self, feature: &str) -> bool {
        self.0.contains(feature)
    }

    /// The nodes whose notifications it wants, by `node+notify` (XEP-0163 §4.2).
    pub fn interests(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter_map(|feature| feature.strip_suffix("+notify"))
    }

    fn read(info: &info::Query) -> Option<Self> {
        let features = info.features.iter().map(|feature| &feature.var);
        let length: usize = features.clone().map(|var| var.len()).sum();
        (length <= LONGEST).then(|| Self(features.map(|var| var.as_str().into()).collect()))
    }
}

type Cell = Arc<OnceCell<Arc<Capabilities>>>;

/// The capabilities that a host has come to know: bounded, the oldest go first. A hash says what was hashed, so it alone
/// is the key, and nobody can say anything in another's place.
#[derive(Debug, Default)]
pub struct Known(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    cells: HashMap<Text, Cell>,
    order: VecDeque<Text>,
}

impl Known {
    /// Those of a host.
    #[must_use]
    pub fn of(host: &Host) -> Arc<Self> {
        host.extensions().get_or_insert_with(Self::default)
    }

    /// What stands behind capabilities that an entity announced: from memory, or asked for in the name of an account.
    /// Nothing where the entity does not say, or says something else than it announced.
    pub async fn resolve(
        &self,
        host: &Host,
        caps: &Caps,
        entity: &Jid,
        asker: &BareJid,
    ) -> Option<Arc<Capabilities>> {
        if caps.hash.as_deref() != Some("sha-1") {
            return None;
        }
        let cell = self.cell(&caps.ver);
        let found = cell
            .get_or_try_init(|| ask(host, caps, entity, asker))
            .await;
        match found {
            Ok(found) => Some(Arc::clone(found)),
            Err(problem) => {
                tracing::debug!(%problem, %entity, "capabilities stay unknown");
                None
            }
        }
    }

    fn cell(&self, ver: &Text) -> Cell {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = kept.cells.get(ver) {
            return Arc::clone(cell);
        }
        if kept.order.len() >= MOST
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.cells.remove(&oldest);
        }
        let (ver, cell) = (ver.detach(), Cell::default());
        kept.order.push_back(ver.clone());
        kept.cells.insert(ver, Arc::clone(&cell));
        cell
    }
}

/// Asks an entity about the node of what it announced (§6.2), and checks the answer (§5.4).
async fn ask(
    host: &Host,
    caps: &Caps,
    entity: &Jid,
    asker: &BareJid,
) -> Result<Arc<Capabilities>, String> {
    let request = info::Query {
        node: Some(node(caps).into()),
        ..info::Query::default()
    };
    let request = Stanza::iq(StanzaType::Get)
        .with_from(Jid::clone(asker))
        .with_to(entity.clone())
        .with(&request);
    let answer = host.request(request, PATIENCE).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let info = match answer.decode::<info::Query>() {
        Some(Ok(info)) => info,
        Some(Err(error)) => return Err(error.to_string()),
        None => return Err("the answer is empty".to_owned()),
    };
    verify(&info, caps).map_err(|error| error.to_string())?;
    Capabilities::read(&info)
        .map(Arc::new)
        .ok_or_else(|| format!("more than {LONGEST} octets of features"))
}
