//! What others announced, asked for once and kept for everybody who announces the same (§8.2).

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sestina_session::host::Host;
use sestina_types::xep_0030::info;
use sestina_types::xep_0115::Caps;
use sestina_wire::{BareJid, Jid, Payload as _, Stanza, StanzaType, Text};
use tokio::sync::OnceCell;

use super::{node, verify};

/// How many sets of capabilities are remembered.
const MOST: usize = 1000;
/// Octets of features past which nothing of an answer is used.
const LONGEST: usize = 64 * 1024;
/// How long an entity has for its answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an entity can do, as it said itself and its hash proves.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    features: BTreeSet<Box<str>>,
    said: Option<Box<str>>,
}

impl Capabilities {
    /// Whether a feature is among them.
    #[must_use]
    pub fn has(&self, feature: &str) -> bool {
        self.features.contains(feature)
    }

    /// The nodes whose notifications it wants, by `node+notify` (XEP-0163 §4.2).
    pub fn interests(&self) -> impl Iterator<Item = &str> {
        self.features
            .iter()
            .filter_map(|feature| feature.strip_suffix("+notify"))
    }

    /// The whole answer as a document, where it may be passed on.
    #[must_use]
    pub fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }

    /// What an answer says.
    fn read(info: &info::Query) -> Result<Self, String> {
        let features = info.features.iter().map(|feature| &feature.var);
        let length: usize = features.clone().map(|var| var.len()).sum();
        check_length(length)?;
        Ok(Self {
            features: features.map(|var| var.as_str().into()).collect(),
            said: None,
        })
    }

    /// The same of an answer that may be passed on as it is: what it says is proved as a whole (XEP-0390 §9.1), which the hash
    /// here does not do.
    ///
    /// # Errors
    /// When it is too long to be kept.
    pub(crate) fn told(info: &info::Query) -> Result<Self, String> {
        let said = info.to_any().to_document();
        check_length(said.len())?;
        Ok(Self {
            said: Some(said.as_str().into()),
            ..Self::read(info)?
        })
    }
}

fn check_length(length: usize) -> Result<(), String> {
    if length > LONGEST {
        return Err(format!("more than {LONGEST} octets of features"));
    }
    Ok(())
}

type Cell = Arc<OnceCell<Arc<Capabilities>>>;

/// The capabilities that a host has come to know: bounded, the oldest go first. A hash says what was hashed, so it alone
/// is the key (by its node, where it has one of its own: XEP-0390 §4.3), and nobody can say anything in another's place.
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
        let ask = async {
            let answer = ask(host, node(caps).into(), entity, asker).await?;
            verify(&answer.info, caps).map_err(|error| error.to_string())?;
            Capabilities::read(&answer.info)
        };
        self.look_up(&caps.ver, entity, ask).await
    }

    /// What stands behind a hash: from memory, or what asking for it brings, which has to be verified. Of those who ask for the
    /// same at once one does, and when that fails the next.
    pub(crate) async fn look_up(
        &self,
        key: &Text,
        entity: &Jid,
        ask: impl Future<Output = Result<Capabilities, String>>,
    ) -> Option<Arc<Capabilities>> {
        let cell = self.cell(key);
        let ask = async { ask.await.map(Arc::new) };
        match cell.get_or_try_init(|| ask).await {
            Ok(found) => Some(Arc::clone(found)),
            Err(problem) => {
                tracing::debug!(%problem, %entity, "capabilities stay unknown");
                None
            }
        }
    }

    /// What stands behind a hash, from memory alone.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<Capabilities>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.cells.get(key)?.get().cloned()
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

/// What an entity answered.
pub(crate) struct Answer {
    pub(crate) info: info::Query,
    /// The language of what was said around it.
    pub(crate) lang: Option<Text>,
}

/// Asks an entity about the node of what it announced (§6.2). Nothing of the answer is checked.
pub(crate) async fn ask(
    host: &Host,
    node: Text,
    entity: &Jid,
    asker: &BareJid,
) -> Result<Answer, String> {
    let request = info::Query {
        node: Some(node),
        ..info::Query::default()
    };
    let request = Stanza::iq(StanzaType::Get)
        .with_from(Jid::clone(asker))
        .with_to(entity.clone())
        .with(&request);
    let answer = host.request(request, PATIENCE).await;
    let answer = answer.map_err(|error| error.to_string())?;
    match answer.decode::<info::Query>() {
        Some(Ok(info)) => Ok(Answer {
            info,
            lang: answer.head().lang.clone(),
        }),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("the answer is empty".to_owned()),
    }
}
