//! XEP-0433, Extended Channel Search: the rooms of this host that may be found, by words, in pages; asked of the service
//! that has the rooms.

use std::sync::Arc;

use sestina_session::mux::{Answer, IqContext};
use sestina_session::plugin::{IqRow, On, PluginError, Registrar, Setup};
use sestina_skeletons::xep_0433::{self as skeleton, Settings};
use sestina_types::xep_0004::{Form, FormType};
use sestina_types::xep_0059::{First, Set};
use sestina_types::xep_0433::error::{
    ConflictingFields, InvalidSearchTerms, InvalidSortKey, NoSearchConditions,
};
use sestina_types::xep_0433::forms::{SearchParameters, Types};
use sestina_types::xep_0433::search::{Item, NS, ResultElement, Search, ServiceType};
use sestina_wire::dispatch::{Only, Scope, Sender};
use sestina_wire::{Condition, ErrorKind, Payload, Stanza, StanzaError, StanzaType, Text};

use crate::xep_0045::{Muc, Room, SERVICE, State};
use crate::xep_0122;

/// Orders results by the address, or by how many are there (§6.1).
const BY_ADDRESS: &str = "{urn:xmpp:channel-search:0:order}address";
const BY_USERS: &str = "{urn:xmpp:channel-search:0:order}nusers";
/// Results that a page has at most.
const PAGE: usize = 100;
/// Octets of what is looked for.
const LONGEST: usize = 1024;

/// The server's part.
pub struct Server;

/// The form that asks, or what is found.
enum Found {
    Form(Search),
    Page(ResultElement),
}

impl Answer for Found {
    fn put(&self, result: Stanza) -> Stanza {
        match self {
            Self::Form(form) => result.with(form),
            Self::Page(page) => result.with(page),
        }
    }
}

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        if Muc::of(registrar.host()).is_none() {
            return Ok(());
        }
        let row = IqRow {
            type_: StanzaType::Get,
            scopes: &[Scope::Service(SERVICE)],
            only: Only::ANY,
            senders: &[Sender::Anyone],
        };
        let handles = registrar.iq(row, |cx: IqContext, request: Search| {
            std::future::ready(answer(&cx, &request))
        })?;
        registrar.feature(&handles, On::Service(SERVICE), NS);
        Ok(())
    }
}

fn answer(cx: &IqContext, request: &Search) -> Result<Found, StanzaError> {
    if cx.to.as_ref().is_some_and(|to| to.local().is_some()) {
        return Err(StanzaError::new(Condition::FeatureNotImplemented)
            .with_text("rooms are looked for at the address of the service"));
    }
    let Some(form) = &request.x else {
        return Ok(Found::Form(Search {
            x: Some(blank()),
            ..Search::default()
        }));
    };
    let wanted = Wanted::read(&SearchParameters::read(form)?)?;
    let rooms = Muc::answering(cx)?.rooms();
    let mut found: Vec<Item> = rooms
        .iter()
        .filter_map(|room| wanted.item(room, &room.lock()))
        .collect();
    if wanted.by_users {
        // The rooms come in the order of their addresses, which stays among those with as many people.
        found.sort_by_key(|item| std::cmp::Reverse(item.nusers.first().copied()));
    }
    page(found, request.set.as_ref()).map(Found::Page)
}

/// The form with what holds where nothing is said (§4.2.1).
fn blank() -> Form {
    let parameters = SearchParameters {
        in_address: Some(true),
        in_name: Some(true),
        in_description: Some(true),
        types: Some(vec![Types::Xep0045]),
        key: Some(BY_USERS.into()),
        ..SearchParameters::default()
    };
    let mut form = parameters.write(FormType::Form);
    for field in &mut form.fields {
        match field.var.as_deref() {
            Some("key") => {
                field.options = [BY_USERS, BY_ADDRESS]
                    .into_iter()
                    .map(|key| xep_0122::choice(key.into()))
                    .collect();
            }
            // Channels of other kinds there are none.
            Some("types") => field.options.truncate(1),
            _ => {}
        }
    }
    form
}

/// What is looked for.
struct Wanted {
    /// In small letters; none where all rooms are asked for.
    words: Vec<String>,
    in_address: bool,
    in_name: bool,
    in_description: bool,
    rooms: bool,
    by_users: bool,
}

/// The errors of §4.2.2.
fn bad(condition: Condition, element: &impl Payload, text: impl Into<Text>) -> StanzaError {
    StanzaError::new(condition)
        .with_kind(ErrorKind::Modify)
        .with_application(element)
        .with_text(text)
}

impl Wanted {
    fn read(said: &SearchParameters) -> Result<Self, StanzaError> {
        let by_users = match said.key.as_deref() {
            None | Some(BY_USERS) => true,
            Some(BY_ADDRESS) => false,
            Some(_) => {
                return Err(bad(
                    Condition::FeatureNotImplemented,
                    &InvalidSortKey::default(),
                    format!("rooms come in the order {BY_USERS} or {BY_ADDRESS}"),
                ));
            }
        };
        let all = said.all == Some(true);
        let words = said.words.as_deref().filter(|words| !words.is_empty());
        let words = match words {
            Some(_) if all => {
                let conflict = ConflictingFields {
                    vars: ["all", "q"].into_iter().map(Text::from).collect(),
                    ..ConflictingFields::default()
                };
                return Err(bad(
                    Condition::BadRequest,
                    &conflict,
                    "either all rooms are asked for or those with certain words",
                ));
            }
            Some(words) if words.len() > LONGEST => {
                return Err(bad(
                    Condition::BadRequest,
                    &InvalidSearchTerms::default(),
                    format!("what is looked for has at most {LONGEST} octets"),
                ));
            }
            Some(words) => {
                let words = words.split_whitespace().map(str::to_lowercase);
                let words: Vec<String> = words
                    .filter(|word| word.chars().any(char::is_alphanumeric))
                    .collect();
                if words.is_empty() {
                    return Err(bad(
                        Condition::BadRequest,
                        &InvalidSearchTerms::default(),
                        "a word to look for has a letter or a digit",
                    ));
                }
                words
            }
            None if all => Vec::new(),
            None => {
                return Err(bad(
                    Condition::BadRequest,
                    &NoSearchConditions::default(),
                    "say what to look for, or that all rooms are wanted",
                ));
            }
        };
        let types = said.types.as_ref();
        Ok(Self {
            words,
            in_address: said.in_address.unwrap_or(true),
            in_name: said.in_name.unwrap_or(true),
            in_description: said.in_description.unwrap_or(true),
            rooms: types.is_none_or(|types| types.contains(&Types::Xep0045)),
            by_users,
        })
    }

    /// A room, if it is one of those.
    fn item(&self, room: &Room, state: &State) -> Option<Item> {
        if !self.rooms || !state.is_listed() {
            return None;
        }
        let about = state.about();
        let local = room.jid().local().unwrap_or_default();
        let name = if about.name.is_empty() {
            local
        } else {
            about.name
        };
        let places = [
            (self.in_address, room.jid().as_str()),
            (self.in_name, name),
            (self.in_description, about.description),
        ];
        let texts = places.into_iter().filter(|(is_meant, _)| *is_meant);
        let texts: Vec<String> = texts.map(|(_, text)| text.to_lowercase()).collect();
        let has = |word: &String| texts.iter().any(|text| text.contains(word.as_str()));
        if !self.words.iter().all(has) {
            return None;
        }
        let one = |text: &str| std::iter::once(Text::from(text)).collect();
        let mut item = Item::new(room.jid().clone());
        item.names = one(name);
        if !about.description.is_empty() {
            item.descriptions = one(about.description);
        }
        if let Some(lang) = about.lang {
            item.languages = one(lang);
        }
        let users = u32::try_from(about.occupants).unwrap_or(u32::MAX);
        item.nusers = std::iter::once(users).collect();
        item.service_types = std::iter::once(ServiceType::Xep0045).collect();
        item.is_opens = one(if state.needs_no_leave() {
            "true"
        } else {
            "false"
        });
        item.anonymity_modes = one(if about.non_anonymous {
            "{urn:xmpp:channel-search:0:anonymity}none"
        } else {
            "muc_semianonymous"
        });
        Some(item)
    }
}

/// The page that is asked for (XEP-0059); what it begins or ends with is an address.
fn page(found: Vec<Item>, asked: Option<&Set>) -> Result<ResultElement, StanzaError> {
    let asked = asked.cloned().unwrap_or_default();
    let max = asked
        .max
        .map_or(PAGE, |max| usize::try_from(max).unwrap_or(PAGE).min(PAGE));
    let place = |id: &Text| {
        let at = found
            .iter()
            .position(|item| item.address.as_str() == id.as_str());
        at.ok_or_else(|| {
            StanzaError::new(Condition::ItemNotFound).with_text("there is no such page any more")
        })
    };
    let (from, to) = match (&asked.after, &asked.before) {
        (Some(after), _) => {
            let from = place(after)?.saturating_add(1);
            (from, from.saturating_add(max))
        }
        (None, Some(before)) => {
            let to = if before.is_empty() {
                found.len()
            } else {
                place(before)?
            };
            (to.saturating_sub(max), to)
        }
        (None, None) => (0, max),
    };
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let count = number(found.len());
    let items: Vec<Item> = found.into_iter().take(to).skip(from).collect();
    let set = Set {
        first: items.first().map(|item| First {
            index: Some(number(from)),
            ..First::new(item.address.as_str().into())
        }),
        last: items.last().map(|item| item.address.as_str().into()),
        count: Some(count),
        ..Set::default()
    };
    Ok(ResultElement {
        items,
        set: Some(set),
        ..ResultElement::default()
    })
}
