//! XEP-0055, Jabber Search: people of the host, found by what their cards say (XEP-0054).
//!
//! A card says itself whether it is for everybody (`CLASS`). Where nothing is said, the operator decides, and unless told
//! otherwise nobody is found who does not say so.

use sestina_session::mux::IqContext;
use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0055::{self as skeleton, Settings};
use sestina_storage::{Range, Search, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0004::{self, Field, FieldType, Form, FormType, Reported};
use sestina_types::xep_0054::VCard;
use sestina_types::xep_0054::tables::VcardsStore;
use sestina_types::xep_0055::{Item, NS, Query};
use sestina_wire::{AnyElement, BareJid, Condition, StanzaError, Text};

use crate::xep_0122;

/// How many cards are read at a time; each may hold a photo.
const PAGE: u32 = 50;
/// How many cards are looked at for one answer.
const MOST_LOOKED_AT: usize = 1000;
/// The fields, as elements and in the form, with their names for people.
const FIELDS: [(&str, &str); 4] = [
    ("first", "First name"),
    ("last", "Last name"),
    ("nick", "Nickname"),
    ("email", "E-mail"),
];

/// The server's part.
pub struct Server {
    cards: Option<VcardsStore>,
    settings: Settings,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self {
            cards: setup.storage().vcards(),
            settings: setup.settings.clone(),
        })
    }

    /// What can be looked for (§2.1).
    async fn search_fields(&self, cx: &IqContext, _: Query) -> Result<Query, StanzaError> {
        self.permit(cx)?;
        Ok(Query {
            instructions: Some(Text::from_static("Fill in what you know of somebody.")),
            first: Some(Text::new()),
            last: Some(Text::new()),
            nick: Some(Text::new()),
            email: Some(Text::new()),
            form: Some(asked()),
            ..Query::default()
        })
    }

    /// Who is found (§2.1): each word that was given is part of the field.
    async fn search(&self, cx: &IqContext, request: Query) -> Result<Query, StanzaError> {
        self.permit(cx)?;
        let as_form = request.form.is_some();
        let wanted = Wanted::read(&request)?;
        let most = usize::try_from(self.settings.max_results).unwrap_or_default();
        let found = self.look(cx, &wanted, most).await?;
        Ok(if as_form {
            Query {
                form: Some(results(&found)),
                ..Query::default()
            }
        } else {
            Query {
                items: found,
                ..Query::default()
            }
        })
    }
}

impl Server {
    fn permit(&self, cx: &IqContext) -> Result<(), StanzaError> {
        let is_ours = cx
            .session
            .as_ref()
            .is_some_and(|session| !session.is_anonymous());
        if is_ours || self.settings.outsiders {
            return Ok(());
        }
        Err(StanzaError::new(Condition::Forbidden)
            .with_text("the directory is for people of this server"))
    }

    async fn look(
        &self,
        cx: &IqContext,
        wanted: &Wanted,
        most: usize,
    ) -> Result<Vec<Item>, StorageError> {
        let Some(cards) = &self.cards else {
            return Ok(Vec::new());
        };
        let (domain, search) = (cx.host.domain().as_str(), wanted.all());
        let (mut found, mut looked_at, mut range) = (Vec::new(), 0, Range::all());
        loop {
            let page = cards.of_domain_search(domain, range.clone(), search.clone(), PAGE, false);
            let page = match page.await {
                // Where the backend cannot search, cards are read one after the other.
                Err(StorageError::Unsupported(_)) => {
                    cards.of_domain_page(domain, range, PAGE, false).await?
                }
                page => page?,
            };
            let last = page.len() < PAGE as usize;
            looked_at += page.len();
            let Some(end) = page.last().map(|row| row.owner.clone()) else {
                return Ok(found);
            };
            for row in page {
                if row.owner.local().is_none() || !search.matches(&row.words) {
                    continue;
                }
                let card = AnyElement::parse(row.vcard).ok();
                let card = card.and_then(|card| card.decode::<VCard>().ok());
                if let Some(card) = card.filter(|card| self.shows(card)) {
                    found.extend(wanted.matched(&row.owner, &card));
                }
                if found.len() >= most {
                    return Ok(found);
                }
            }
            if last || looked_at >= MOST_LOOKED_AT {
                return Ok(found);
            }
            range = Range::after(&end);
        }
    }

    /// Whether somebody wants to be found.
    fn shows(&self, card: &VCard) -> bool {
        match &card.class {
            Some(class) if class.private || class.confidential => false,
            Some(class) if class.public => true,
            _ => self.settings.everybody,
        }
    }
}

/// What is looked for, field by field in the order of [`FIELDS`].
struct Wanted([Option<Text>; 4]);

impl Wanted {
    fn read(request: &Query) -> Result<Self, StanzaError> {
        let given = match &request.form {
            Some(form) => {
                xep_0122::check(&asked(), form).map_err(|reason| {
                    StanzaError::new(Condition::NotAcceptable).with_text(reason)
                })?;
                FIELDS.map(|(var, _)| {
                    let mut fields = form.fields.iter();
                    let field = fields.find(|field| field.var.as_deref() == Some(var))?;
                    field.values.first().cloned()
                })
            }
            None => [
                request.first.clone(),
                request.last.clone(),
                request.nick.clone(),
                request.email.clone(),
            ],
        };
        // There are people who are used to asterisks; parts are found without.
        let given = given.map(|text| {
            let text = text?;
            let plain = text.replace('*', " ");
            (!plain.trim().is_empty()).then(|| Text::from(plain))
        });
        if given.iter().all(Option::is_none) {
            return Err(StanzaError::new(Condition::NotAcceptable)
                .with_text("one field at least has to be filled in"));
        }
        Ok(Self(given))
    }

    /// All words together, to narrow down by.
    fn all(&self) -> Search {
        let all: Vec<&str> = self.0.iter().flatten().map(|text| &**text).collect();
        Search::new(&all.join(" "))
    }

    /// A person, where each field is as wanted.
    fn matched(&self, owner: &BareJid, card: &VCard) -> Option<Item> {
        let name = card.n.as_ref();
        let mut item = Item::new(owner.clone().into_jid());
        item.first = name.and_then(|name| name.given.clone());
        item.last = name.and_then(|name| name.family.clone());
        item.nick = card.nicknames.first().cloned();
        item.email = card.emails.iter().find_map(|email| email.userid.clone());
        let fields = [&item.first, &item.last, &item.nick, &item.email];
        let fits = self.0.iter().zip(fields).all(|(wanted, has)| match wanted {
            None => true,
            Some(wanted) => has
                .as_deref()
                .is_some_and(|has| Search::new(wanted).matches(has)),
        });
        fits.then_some(item)
    }
}

fn field(var: &'static str, label: &'static str) -> Field {
    Field {
        var: Some(Text::from_static(var)),
        label: Some(Text::from_static(label)),
        type_: Some(FieldType::TextSingle),
        ..Field::default()
    }
}

fn value(var: &'static str, value: Text) -> Field {
    Field {
        var: Some(Text::from_static(var)),
        values: std::iter::once(value).collect(),
        ..Field::default()
    }
}

fn form_type() -> Field {
    Field {
        type_: Some(FieldType::Hidden),
        ..value("FORM_TYPE", Text::from_static(NS))
    }
}

/// The fields as a form (§3).
fn asked() -> Form {
    let fields = FIELDS.map(|(var, label)| field(var, label));
    Form {
        fields: std::iter::once(form_type()).chain(fields).collect(),
        ..Form::new(FormType::Form)
    }
}

/// People as a table.
fn results(found: &[Item]) -> Form {
    let columns = std::iter::once(("jid", "Address")).chain(FIELDS);
    let columns = columns.map(|(var, label)| Field {
        type_: Some(match var {
            "jid" => FieldType::JidSingle,
            _ => FieldType::TextSingle,
        }),
        ..field(var, label)
    });
    let rows = found.iter().map(|item| {
        let texts = [&item.first, &item.last, &item.nick, &item.email];
        let texts = FIELDS.iter().zip(texts);
        let rest = texts.map(|((var, _), text)| value(var, text.clone().unwrap_or_default()));
        xep_0004::Item {
            fields: std::iter::once(value("jid", item.jid.as_text().clone()))
                .chain(rest)
                .collect(),
            ..xep_0004::Item::default()
        }
    });
    Form {
        fields: vec![form_type()],
        reported: Some(Reported {
            fields: columns.collect(),
            ..Reported::default()
        }),
        items: rows.collect(),
        ..Form::new(FormType::Result)
    }
}
