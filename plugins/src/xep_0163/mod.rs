//! XEP-0163, Personal Eventing Protocol: what an account publishes of itself reaches, by itself, those who see its
//! presence and say in theirs what they want to hear of.
//!
//! What a session wants to hear of stands behind the hash in its presence (XEP-0390, XEP-0115), asked for once. A session gets the
//! last items of a contact once, as it comes online or says that it wants to hear of more.

mod announced;
mod interests;

use std::sync::{Arc, Weak};

use sestina_session::host::{Host, Resource};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0163::{self as skeleton, Settings};
use sestina_types::xep_0369;
use sestina_wire::{BareJid, Jid, StanzaError, StanzaType};

use crate::xep_0115::Capabilities;
use crate::{rfc_6121, xep_0060, xep_0191};
use announced::Announced;
use interests::{Interests, Met, Remotes};

/// Whether a session announces a feature, as far as that is known.
pub(crate) fn announces(session: &Resource, feature: &str) -> bool {
    let interests = session.extensions().get::<Interests>();
    let known = interests.and_then(|interests| interests.known());
    known.is_some_and(|known| known.has(feature))
}

/// The server's part.
pub struct Server {
    remotes: Remotes,
}

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self {
            remotes: Remotes::default(),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        if let Some(nodes) = xep_0060::Server::of(registrar.host()) {
            nodes.set_audience(Arc::new(Listeners(Arc::downgrade(self))));
        }
        // An address that may not see the account hears nothing of it.
        registrar.passes_to(|account, presence| {
            let from = presence.from();
            !from.is_some_and(|from| rfc_6121::is_seen_by(account, from))
        });
        Ok(())
    }

    fn own_presence(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        let Some(session) = d.from_session.as_ref().filter(|_| d.stanza.to().is_none()) else {
            return Flow::Continue;
        };
        let nodes = xep_0060::Server::of(&cx.host);
        match d.type_() {
            StanzaType::Unavailable => {
                session.extensions().remove::<Interests>();
                if let Some(nodes) = nodes {
                    nodes.goes_offline(&cx.host, session);
                }
            }
            StanzaType::Available => {
                if let Some(nodes) = nodes {
                    nodes.comes_online(&cx.host, session);
                }
                if let Some(caps) = Announced::in_presence(&d.stanza) {
                    self.session_announced(&cx.host, session, caps);
                }
            }
            _ => {}
        }
        Flow::Continue
    }

    fn contact_presence(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        let Some(from) = d.stanza.from() else {
            return Flow::Continue;
        };
        // Sessions of this host say it themselves.
        if cx.host.serves(from) || from.resource().is_none() {
            return Flow::Continue;
        }
        match d.type_() {
            StanzaType::Unavailable | StanzaType::Error => self.remotes.forget(from),
            StanzaType::Available => {
                if let Some(caps) = Announced::in_presence(&d.stanza) {
                    self.contact_announced(&cx.host, &d.account, from, caps);
                }
            }
            _ => {}
        }
        Flow::Continue
    }

    fn let_in(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        let (StanzaType::Subscribed, Some(from), Some(to)) =
            (d.type_(), d.stanza.from(), d.stanza.to())
        else {
            return Flow::Continue;
        };
        if !cx.host.serves(from) {
            return Flow::Continue;
        }
        let (account, contact) = (from.to_bare().detach(), to.to_bare().detach());
        let listeners = self.listeners(&cx.host, &contact);
        if !listeners.is_empty() {
            let host = Arc::clone(&cx.host);
            tokio::spawn(async move {
                for (listener, interests) in listeners {
                    let wants = |node: &str| wants(&interests, node);
                    send_last(&host, &account, &listener, wants).await;
                }
            });
        }
        Flow::Continue
    }
}

impl Server {
    /// A session says what it is: whoever it sees lets it have what they published last.
    fn session_announced(
        self: &Arc<Self>,
        host: &Arc<Host>,
        session: &Arc<Resource>,
        caps: Announced,
    ) {
        let interests = session.extensions().get_or_insert_with(Interests::default);
        if !interests.announce(caps.key()) {
            return;
        }
        let account = session.account();
        let others = account.resources();
        let is_first = !others
            .iter()
            .any(|other| other.is_available() && !Arc::ptr_eq(other, session));
        if is_first {
            let mut contacts = rfc_6121::subscribers(account);
            contacts.retain(|contact| !host.serves(contact));
            self.remotes.forget_told(account.jid(), &contacts);
        }
        let (host, session) = (Arc::clone(host), Arc::clone(session));
        tokio::spawn(async move {
            let (jid, account) = (session.jid(), session.account());
            let Some(found) = caps.resolve(&host, jid, account.jid()).await else {
                return;
            };
            let Some(before) = interests.find(caps.key(), Arc::clone(&found)) else {
                return;
            };
            let knew = before
                .as_ref()
                .is_some_and(|before| before.has(xep_0369::NS));
            if found.has(xep_0369::NS) && !knew {
                // Only now is it known that channels may be shown its presence (XEP-0405 §2.8).
                rfc_6121::turned_out(&host, &session).await;
            }
            let fresh = |node: &str| {
                wants(&found, node) && !before.as_ref().is_some_and(|before| wants(before, node))
            };
            if !found.interests().any(fresh) {
                return;
            }
            let mut accounts = rfc_6121::subscriptions(account);
            accounts.retain(|other| host.serves(other) && other.local().is_some());
            accounts.insert(0, account.jid().clone());
            for other in accounts {
                if !session.is_available() {
                    return;
                }
                send_last(&host, &other, jid, fresh).await;
            }
        });
    }

    /// The same for a session elsewhere that shows its presence to an account.
    fn contact_announced(
        self: &Arc<Self>,
        host: &Arc<Host>,
        account: &BareJid,
        from: &Jid,
        caps: Announced,
    ) {
        // Only who may see the account is asked, and remembered.
        let sees = host
            .account(account)
            .is_some_and(|account| rfc_6121::is_seen_by(&account, from));
        if !sees {
            return;
        }
        let Some(Met { remote, was_told }) = self.remotes.meet(from, caps.key(), account) else {
            return;
        };
        let (host, account, from) = (Arc::clone(host), account.detach(), from.detach());
        tokio::spawn(async move {
            let Some(found) = caps.resolve(&host, &from, &account).await else {
                return;
            };
            let Some(before) = remote.interests.find(caps.key(), Arc::clone(&found)) else {
                return;
            };
            let before = before.filter(|_| was_told);
            let fresh = |node: &str| {
                wants(&found, node) && !before.as_ref().is_some_and(|before| wants(before, node))
            };
            if found.interests().any(fresh) {
                send_last(&host, &account, &from, fresh).await;
            }
        });
    }

    /// The sessions of somebody that said what they want to hear of.
    fn listeners(&self, host: &Host, account: &BareJid) -> Vec<(Jid, Arc<Capabilities>)> {
        if host.serves(account) {
            let sessions = host.resources(account);
            let sessions = sessions.iter().filter(|session| session.is_available());
            return sessions
                .filter_map(|session| {
                    let interests = session.extensions().get::<Interests>()?;
                    Some((Jid::clone(session.jid()), interests.known()?))
                })
                .collect();
        }
        let sessions = self.remotes.of(account).into_iter();
        sessions
            .filter_map(|(jid, remote)| Some((jid, remote.interests.known()?)))
            .collect()
    }
}

/// Who hears of what is published.
struct Listeners(Weak<Server>);

impl xep_0060::Audience for Listeners {
    fn of(&self, host: &Host, accounts: &[BareJid], node: &str) -> Vec<Jid> {
        let Some(server) = self.0.upgrade() else {
            return Vec::new();
        };
        let wanted = format!("{node}+notify");
        let all = accounts
            .iter()
            .flat_map(|account| server.listeners(host, account));
        all.filter(|(_, interests)| interests.has(&wanted))
            .map(|(jid, _)| jid)
            .collect()
    }
}

fn wants(interests: &Capabilities, node: &str) -> bool {
    interests.has(&format!("{node}+notify"))
}

/// Sends what an account published last, of the nodes that a session wants to hear of, where it may see the account.
async fn send_last(
    host: &Arc<Host>,
    account: &BareJid,
    reader: &Jid,
    wants: impl Fn(&str) -> bool,
) {
    if let Err(error) = try_send_last(host, account, reader, wants).await {
        tracing::warn!(%error, %account, "last items are not sent");
    }
}

async fn try_send_last(
    host: &Arc<Host>,
    account: &BareJid,
    reader: &Jid,
    wants: impl Fn(&str) -> bool,
) -> Result<(), StanzaError> {
    let (Some(nodes), Some(rosters)) = (xep_0060::Server::of(host), rfc_6121::Server::of(host))
    else {
        return Ok(());
    };
    let last = nodes.last_items(host, account, reader, wants).await?;
    // An open node is there for everybody who asks; by itself it reaches contacts alone.
    if last.is_empty()
        || !rosters.is_seen_by(account, reader).await?
        || xep_0191::blocks(host, account, reader).await?
    {
        return Ok(());
    }
    for message in last {
        let _ = host.route(message.with_to(reader.clone())).await;
    }
    Ok(())
}
