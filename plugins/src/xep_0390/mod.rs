//! XEP-0390, Entity Capabilities 2.0: what an entity can do, as digests of any hash function, beside the one hash of XEP-0115.
//!
//! The server offers the digests of its own answer as a stream feature (§5.2) and answers about the nodes of them. Of a
//! session that announced digests it answers what is asked about it (§6.4), once it knows and has verified the answer; it
//! asks nobody by itself, but others do ([`resolve`]), and what they learn lies in the one cache for both generations.
//!
//! Presences pass with the digests in them as they came: nothing is left out that subscribers would have to remember (§6.3).

mod digest;

use std::sync::{Arc, Mutex, PoisonError};

use sestina_session::host::Host;
use sestina_session::plugin::{On, PluginError, Registrar, Setup};
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0390::{self as skeleton, Settings};
use sestina_types::xep_0030::info;
use sestina_types::xep_0390::Caps;
use sestina_wire::{AnyElement, BareJid, Jid, Payload as _, StanzaType, Text};

use crate::rfc_6121;
use crate::xep_0030::{Nodes, describe};
use crate::xep_0115::{self, Announcement, Capabilities, Known};

pub use digest::{Unhashable, digests, node};

/// The digests by which an entity announced what it can do, of functions that are known here.
#[derive(Clone, Debug)]
pub struct Digests {
    /// The one that the entity is asked about.
    first: digest::Announced,
    others: Vec<digest::Announced>,
}

impl Digests {
    /// What an announcement says; nothing where no function of it is known.
    #[must_use]
    pub fn of(caps: &Caps) -> Option<Self> {
        let mut all = digest::announced(caps);
        Some(Self {
            first: all.next()?,
            others: all.collect(),
        })
    }

    /// The node of the first one: announced by many, it says the same of all (§6.2).
    #[must_use]
    pub fn key(&self) -> &Text {
        &self.first.node
    }

    /// What stands behind them, where that is known already.
    fn known(&self, known: &Known) -> Option<Arc<Capabilities>> {
        let mut all = std::iter::once(&self.first).chain(&self.others);
        all.find_map(|digest| known.get(&digest.node))
    }
}

/// What stands behind digests that an entity announced: from memory, or asked for in the name of an account (§4.4). Nothing
/// where the entity does not say, or says something else than it announced.
pub async fn resolve(
    host: &Host,
    digests: &Digests,
    entity: &Jid,
    asker: &BareJid,
) -> Option<Arc<Capabilities>> {
    let known = Known::of(host);
    if let Some(found) = digests.known(&known) {
        return Some(found);
    }
    let first = &digests.first;
    let ask = async {
        let answer = xep_0115::ask(host, first.node.clone(), entity, asker).await?;
        let said = verified(first, answer.info, answer.lang)?;
        Capabilities::told(&said)
    };
    known.look_up(&first.node, entity, ask).await
}

/// The answer as it has the digest. A name without a language has that of what is around it (§4.1), which not all who hash
/// think of: what they meant has the digest as well, and nothing else does.
fn verified(
    announced: &digest::Announced,
    info: info::Query,
    lang: Option<Text>,
) -> Result<info::Query, String> {
    let has_it = |info: &info::Query| {
        let input = digest::input(info).map_err(|error| error.to_string())?;
        Ok::<_, String>(announced.function.digest(&input) == announced.digest)
    };
    if has_it(&info)? {
        return Ok(info);
    }
    let mut spoken = info;
    for identity in &mut spoken.identities {
        if identity.lang.is_none() {
            identity.lang.clone_from(&lang);
        }
    }
    if has_it(&spoken)? {
        return Ok(spoken);
    }
    Err("the digest is that of another answer".to_owned())
}

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        Announcement::register(registrar, announced);
        Ok(())
    }

    fn note_digests(self: &Arc<Self>, _: &StageContext, d: &mut Delivery) -> Flow {
        let Some(session) = d.from_session.as_ref().filter(|_| d.stanza.to().is_none()) else {
            return Flow::Continue;
        };
        match d.type_() {
            StanzaType::Unavailable => {
                session.extensions().remove::<Current>();
            }
            // A presence without any says nothing new (§6.2).
            StanzaType::Available => {
                if let Some(Ok(caps)) = d.stanza.decode::<Caps>() {
                    let current = session.extensions().get_or_insert_with(Current::default);
                    let mut digests = current.0.lock().unwrap_or_else(PoisonError::into_inner);
                    *digests = Digests::of(&caps);
                }
            }
            _ => {}
        }
        Flow::Continue
    }

    fn answer_for(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        match answer(&cx.host, d) {
            Some(answer) => {
                cx.host.send(answer);
                Flow::Done
            }
            None => Flow::Continue,
        }
    }
}

/// What a session announced last.
#[derive(Default)]
struct Current(Mutex<Option<Digests>>);

/// The answer to a request about a session, where it is known (§6.4). Whoever may not see the session asks it itself, and
/// gets what it says to strangers.
fn answer(host: &Host, d: &Delivery) -> Option<sestina_wire::Stanza> {
    if d.type_() != StanzaType::Get {
        return None;
    }
    let [session] = d.resources.as_slice() else {
        return None;
    };
    let current = session.extensions().get::<Current>()?;
    let request = d.stanza.payload()?;
    if !request.is(info::Query::NAME, info::Query::NS) {
        return None;
    }
    let (from, to) = (d.stanza.from()?, d.stanza.to()?);
    to.resource()?;
    if from.bare_str() != d.account.as_str() && !rfc_6121::is_seen_by(session.account(), from) {
        return None;
    }
    let asked = request.decode::<info::Query>().ok()?.node;
    let known = Known::of(host);
    let found = match &asked {
        Some(node) if digest::is_node(node) => known.get(node),
        Some(_) => None,
        None => {
            let digests = current.0.lock().unwrap_or_else(PoisonError::into_inner);
            digests.as_ref()?.known(&known)
        }
    }?;
    let mut said: info::Query = AnyElement::parse(found.said()?.to_owned())
        .ok()?
        .decode()
        .ok()?;
    said.node = asked;
    Some(d.stanza.result().with(&said))
}

/// The host's digests, whose nodes are answered from now on (§5.2).
fn announced(host: &Host) -> Option<Caps> {
    let caps = digests(&describe(host, On::Host))
        .inspect_err(|error| tracing::warn!(%error, "the server announces no digests"))
        .ok()?;
    let nodes = Nodes::of(host);
    for announced in digest::announced(&caps) {
        nodes.add(On::Host, announced.node.to_string());
    }
    Some(caps)
}
