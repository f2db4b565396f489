//! XEP-0405, MIX: Participant Server Requirements: joins and leaves channels for an account and keeps them in its roster, so that
//! what a channel says reaches all clients of the account that know channels.
//!
//! Which contacts are channels the roster itself knows, so that no stanza asks for it anew; what is theirs alone there is in
//! `rfc_6121::channels`.

mod knowing;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sestina_session::host::{Account, Host};
use sestina_session::mux::IqContext;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::router::Outcome;
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0405::{self as skeleton, Settings};
use sestina_types::xep_0369::{Join, Leave};
use sestina_types::xep_0405::pam::{ClientJoin, ClientLeave};
use sestina_wire::{BareJid, Condition, Jid, Payload, Stanza, StanzaError, StanzaType, Text};

use crate::rfc_6121;

pub(crate) use knowing::{find_out, knows, knows_channels};

/// How long a channel may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Octets that the id of a participant may have: it becomes part of an address.
const LONGEST_ID: usize = 1023;
/// How many channels an account joins at a time.
const MOST_JOINING: usize = 20;

/// The server's part.
pub struct Server;

/// The channels that an account is joining just now: what they say before the answer comes is theirs already.
#[derive(Default)]
struct Joining(Mutex<Vec<BareJid>>);

impl Joining {
    fn with<R>(&self, work: impl FnOnce(&mut Vec<BareJid>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A join that is under way, until it is dropped.
struct Underway {
    joining: Arc<Joining>,
    channel: BareJid,
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.joining.with(|all| {
            if let Some(at) = all.iter().position(|one| *one == self.channel) {
                all.swap_remove(at);
            }
        });
    }
}

/// Whether an account is joining a channel.
pub(crate) fn is_joining(account: &Account, from: &Jid) -> bool {
    let joining = account.extensions().get::<Joining>();
    joining.is_some_and(|joining| {
        joining.with(|all| all.iter().any(|one| one.as_str() == from.bare_str()))
    })
}

fn refused(condition: Condition, text: impl Into<Text>) -> StanzaError {
    StanzaError::new(condition).with_text(text)
}

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        // What rooms say is for sessions.
        registrar.passes(|_| true);
        Ok(())
    }

    /// Joins a channel for the account (§2.6). The request gets an id of ours, which no other request has.
    async fn client_join(
        &self,
        cx: &IqContext,
        request: ClientJoin,
    ) -> Result<ClientJoin, StanzaError> {
        let (account, channel) = (cx.from.to_bare().detach(), channel_of(request.channel)?);
        let rosters = rosters(&cx.host)?;
        rosters.has_room(&account, &channel).await?;
        note(cx).await;
        let _underway = begin(cx, &channel)?;
        let joined: Join = ask(&cx.host, &account, &channel, &request.join).await?;
        let id = id_of(&joined)?;
        rosters
            .put_channel(&cx.host, &account, &channel, &id)
            .await?;
        Ok(ClientJoin::new(joined))
    }

    /// Leaves it (§2.7).
    async fn client_leave(
        &self,
        cx: &IqContext,
        request: ClientLeave,
    ) -> Result<ClientLeave, StanzaError> {
        let (account, channel) = (cx.from.to_bare().detach(), channel_of(request.channel)?);
        note(cx).await;
        let rosters = rosters(&cx.host)?;
        let left: Result<Leave, StanzaError> =
            ask(&cx.host, &account, &channel, &Leave::default()).await;
        // A channel that is not there any more, or does not know the account, is left as well.
        let is_gone = |error: &StanzaError| {
            matches!(
                error.condition,
                Condition::Gone | Condition::ItemNotFound | Condition::RemoteServerNotFound
            )
        };
        let was_there = match &left {
            Ok(_) => rosters.remove_channel(&cx.host, &account, &channel).await?,
            Err(error) if is_gone(error) => {
                rosters.remove_channel(&cx.host, &account, &channel).await?
            }
            Err(_) => false,
        };
        match left {
            Err(error) if !(was_there && is_gone(&error)) => Err(error),
            _ => Ok(ClientLeave {
                leave: true,
                ..ClientLeave::default()
            }),
        }
    }

    fn nobody_there(self: &Arc<Self>, _: &StageContext, d: &mut Delivery) -> Flow {
        // Of what is said to many, only a channel's comes for an account, and as far as this (RFC 6121 §8.5).
        let is_to_account = d.stanza.to().is_none_or(|to| to.resource().is_none());
        if d.type_() == StanzaType::Groupchat && is_to_account {
            d.outcome = Some(Outcome::Delivered);
            return Flow::Done;
        }
        Flow::Continue
    }
}

fn channel_of(channel: Option<BareJid>) -> Result<BareJid, StanzaError> {
    channel
        .filter(|channel| channel.local().is_some())
        .map(|channel| channel.detach())
        .ok_or_else(|| {
            refused(
                Condition::BadRequest,
                "say in `channel` which channel it is about",
            )
        })
}

fn rosters(host: &Host) -> Result<Arc<rfc_6121::Server>, StanzaError> {
    rfc_6121::Server::of(host).ok_or_else(|| StanzaError::new(Condition::ServiceUnavailable))
}

/// Whoever asks for this knows channels.
async fn note(cx: &IqContext) {
    if let Some(session) = &cx.session
        && knows_channels(session)
    {
        rfc_6121::turned_out(&cx.host, session).await;
    }
}

/// Notes that a channel is being joined.
fn begin(cx: &IqContext, channel: &BareJid) -> Result<Option<Underway>, StanzaError> {
    let Some(session) = &cx.session else {
        return Ok(None);
    };
    let account = session.account();
    let joining = account.extensions().get_or_insert_with(Joining::default);
    let has_place = joining.with(|all| {
        let has_place = all.len() < MOST_JOINING;
        if has_place {
            all.push(channel.clone());
        }
        has_place
    });
    if !has_place {
        return Err(refused(
            Condition::ResourceConstraint,
            format!(
                "{MOST_JOINING} channels are being joined, as many as may at a time; wait for one of them"
            ),
        ));
    }
    Ok(Some(Underway {
        joining,
        channel: channel.clone(),
    }))
}

/// Asks a channel for something in the name of the account.
async fn ask<A: Payload>(
    host: &Host,
    account: &BareJid,
    channel: &BareJid,
    payload: &impl Payload,
) -> Result<A, StanzaError> {
    let request = Stanza::iq(StanzaType::Set)
        .with_from(Jid::clone(account))
        .with_to(Jid::clone(channel))
        .with(payload);
    let answer = host.request(request, PATIENCE).await?;
    match answer.decode::<A>() {
        Some(Ok(answer)) => Ok(answer),
        _ => Err(refused(
            Condition::UndefinedCondition,
            format!("{channel} answered something that is not what a channel answers"),
        )),
    }
}

/// Which participant the account is now: said as such, or in its address in the channel (as in the examples of XEP-0405).
fn id_of(joined: &Join) -> Result<Text, StanzaError> {
    let from_address = || {
        let (id, _) = joined.jid.as_ref()?.local()?.split_once('#')?;
        Some(Text::from(id))
    };
    let id = joined.id.clone().or_else(from_address);
    id.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID)
        .ok_or_else(|| {
            refused(
                Condition::UndefinedCondition,
                "the channel does not say under which id the account takes part in it",
            )
        })
}
