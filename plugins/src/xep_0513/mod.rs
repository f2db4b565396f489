//! XEP-0513, Explicit Mentions, where a room has part in it: its owners say how many mentions a message may have, and who may
//! mention whom; what is more than that everybody is spared.

use std::sync::Arc;

use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0513::{self as skeleton, Settings};
use sestina_types::xep_0004::{Field, Form, FormType};
use sestina_types::xep_0513::forms::Permissions;
use sestina_types::xep_0513::{Mention, NS, Query};
use sestina_wire::dispatch::Extensible as _;
use sestina_wire::{Condition, Jid, Payload as _, Stanza, StanzaError, StanzaType, Text};

use crate::xep_0045::{Companion, Muc, Room, State};
use crate::xep_0122;

/// How many mentions a message may have (§3.6).
const COUNT: &str = "mentions#count";
/// What holds for it where nothing is set.
const USUAL: &str = "20";
/// The most that can be set.
const MOST: i64 = 1000;

/// What can be mentioned (§3.1, §3.2), each a field of the form.
const INDIVIDUAL: &str = "mentions#individual";
const CHANNEL: &str = "mentions#channel";
const SERVER: &str = "mentions#server";
const ASSOCIATIONS: &str = "mentions#associations";
const HATS: &str = "mentions#hats";
/// Those groups that the form has fields for.
const FEATURES: &[&str] = &[
    NS,
    "urn:xmpp:mentions:0#channel",
    "urn:xmpp:mentions:0#server",
    "urn:xmpp:mentions:0#associations",
    "urn:xmpp:mentions:0#hats",
];

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        Muc::accompany(registrar.host(), self);
        Ok(())
    }

    /// The form, with what holds.
    async fn permissions_get(&self, cx: &IqContext, _: Query) -> Result<Query, StanzaError> {
        let room = Muc::answering(cx)?.room_of(cx)?;
        room.reader(&cx.from)?;
        let mut form = asked(&room.lock());
        form.title = Some(Text::from_static("Permissions for explicit mentions"));
        Ok(Query {
            x: Some(form),
            ..Query::default()
        })
    }

    /// Owners send it filled in, and everybody hears what is different.
    async fn permissions_set(&self, cx: &IqContext, request: Query) -> Result<Empty, StanzaError> {
        let muc = Muc::answering(cx)?;
        let room = muc.room_of(cx)?;
        room.owner(&cx.from)?;
        let Some(given) = request.x.filter(|form| form.type_ == FormType::Submit) else {
            return Err(StanzaError::new(Condition::BadRequest)
                .with_text("the form is missing; ask for it with an empty query"));
        };
        let asked = asked(&room.lock());
        xep_0122::check(&asked, &given)
            .map_err(|reason| StanzaError::new(Condition::NotAcceptable).with_text(reason))?;
        let said = |field: &Field| {
            let mut given = given.fields.iter();
            let given = given.find(|given| given.var == field.var)?;
            given.values.first().cloned()
        };
        // As the form was asked for: another owner's change meanwhile is one more difference.
        let changed: Vec<(Text, Text)> = own(&asked)
            .filter_map(|field| {
                let value = said(field)?;
                let is_new = field.values.first() != Some(&value);
                Some((field.var.clone()?, value)).filter(|_| is_new)
            })
            .collect();
        if changed.is_empty() {
            return Ok(Empty);
        }
        let settings = changed.iter();
        let settings = settings.map(|(var, value)| (var.to_string(), value.to_string()));
        muc.keep_settings(&room, settings.collect()).await?;
        let fields = changed.into_iter().map(|(var, value)| Field {
            var: Some(var),
            values: std::iter::once(value).collect(),
            ..Field::default()
        });
        let mut form = Permissions::default().write(FormType::Result);
        form.fields.extend(fields);
        let message = Stanza::message(StanzaType::Groupchat)
            .with_from(Jid::clone(room.jid()))
            .with_id(cx.host.random().token())
            .with(&form);
        let told = Muc::announce(&cx.host, &room, &room.lock(), &message);
        told.await;
        Ok(Empty)
    }
}

/// What holds for a field in a room.
fn setting<'a>(state: &'a State, var: &str) -> &'a str {
    let usual = if var == COUNT { USUAL } else { "participants" };
    state.setting(var).unwrap_or(usual)
}

/// The fields of a form but for its type.
fn own(form: &Form) -> impl Iterator<Item = &Field> {
    let fields = form.fields.iter();
    fields.filter(|field| field.var.as_deref() != Some("FORM_TYPE"))
}

/// The form, with what holds in a room.
fn asked(state: &State) -> Form {
    let mut form = Permissions::default().write(FormType::Form);
    for field in &mut form.fields {
        let Some(var) = field.var.clone().filter(|var| &**var != "FORM_TYPE") else {
            continue;
        };
        field.values = std::iter::once(setting(state, &var).into()).collect();
        if &*var == COUNT {
            field.extend(&xep_0122::integers(0, MOST));
        }
    }
    form
}

/// Which field says who may mention so; none for a group of which the room knows nothing.
fn field_for(mention: &Mention) -> Option<&'static str> {
    let Some(group) = mention.mentions.as_deref() else {
        return Some(INDIVIDUAL);
    };
    match group.strip_prefix(NS)?.strip_prefix('#')? {
        "channel" => Some(CHANNEL),
        "server" => Some(SERVER),
        "hats" => Some(HATS),
        "moderators" | "participants" | "visitors" | "owner" | "admin" | "member" | "none" => {
            Some(ASSOCIATIONS)
        }
        _ => None,
    }
}

impl Companion for Server {
    fn features(&self, _: &Room, _: &State) -> &'static [&'static str] {
        FEATURES
    }

    fn describe(&self, _: &Room, state: &State, form: &mut Form) {
        let asked = asked(state);
        let fields = own(&asked).map(|field| Field {
            var: field.var.clone(),
            values: field.values.clone(),
            ..Field::default()
        });
        form.fields.extend(fields);
    }

    /// Mentions that are not permitted do not reach anybody (§7); what is said does.
    fn amend(&self, state: &State, from: &Jid, said: &mut Stanza) {
        if said.child(Mention::NAME, NS).is_none() {
            return;
        }
        let is_mention = |child: &sestina_wire::Child<'_>| child.is(Mention::NAME, NS);
        let number = said.children().filter(is_mention).count();
        let most = setting(state, COUNT).parse().unwrap_or(usize::MAX);
        let is_moderator = state.is_moderator(from);
        let may = |mention: &Mention| {
            let who = field_for(mention).map_or("participants", |field| setting(state, field));
            who == "participants" || (who == "moderators" && is_moderator)
        };
        said.retain(|child| {
            !is_mention(child)
                || (number <= most && child.decode::<Mention>().is_ok_and(|one| may(&one)))
        });
    }
}
