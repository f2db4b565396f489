//! How a subscriber wants to be told (§6.3), and what holds where it says nothing (§6.4).
//!
//! What is offered is what is done: whether anything is sent, until when, and, to subscribers whose presence this server
//! knows, while they are how. Nothing is gathered, and no item is turned into words.

use std::sync::Arc;

use sestina_session::host::{Host, Resource};
use sestina_types::rfc_6121::client::{Availability, Show};
use sestina_types::xep_0004::{Form, FormType};
use sestina_types::xep_0060::errors::{InvalidOptions, InvalidSubid, NotSubscribed};
use sestina_types::xep_0060::forms::{ShowValues, SubscribeOptions};
use sestina_types::xep_0060::pubsub::{DefaultElement, Options, Pubsub, PubsubChoice};
use sestina_types::xep_0060::tables::PubsubSubscriptionsRow;
use sestina_wire::{
    AnyElement, BareJid, Condition, DateTime, Jid, Payload as _, StanzaError, Text, Timestamp,
};

use super::book::Node;
use super::{Server, standing, subscription, temporary};

/// What anybody may set.
const EVERYBODY: &[&str] = &["pubsub#deliver", "pubsub#expire"];
/// What only those may set whose presence is known here.
const OURS: &str = "pubsub#show-values";

/// What stands for a time where a subscription ends with a presence (§12.4).
const PRESENCE: &str = "presence";

/// What holds where a subscriber says nothing.
fn usual() -> SubscribeOptions {
    SubscribeOptions {
        deliver: Some(true),
        show_values: Some(vec![
            ShowValues::Away,
            ShowValues::Chat,
            ShowValues::Dnd,
            ShowValues::Online,
            ShowValues::Xa,
        ]),
        ..SubscribeOptions::default()
    }
}

fn invalid(text: impl Into<Text>) -> StanzaError {
    StanzaError::new(Condition::BadRequest)
        .with_application(&InvalidOptions::default())
        .with_text(text)
}

/// The form as somebody may fill it in.
fn form(host: &Host, subscriber: &Jid, options: &SubscribeOptions) -> Form {
    let is_ours = host.serves(subscriber);
    let mut form = options.write(FormType::Form);
    form.fields.retain(|field| {
        let var = field.var.as_deref().unwrap_or_default();
        var == "FORM_TYPE" || EVERYBODY.contains(&var) || (is_ours && var == OURS)
    });
    form
}

/// The options of a subscription.
fn of(row: &PubsubSubscriptionsRow) -> SubscribeOptions {
    let written = row.options.clone().and_then(|options| {
        let form: Form = AnyElement::parse(options).ok()?.decode().ok()?;
        SubscribeOptions::read(&form).ok()
    });
    let usual = usual();
    let mut options = written.unwrap_or_default();
    options.deliver = options.deliver.or(usual.deliver);
    options.show_values = options.show_values.or(usual.show_values);
    options
}

/// Takes what a subscriber sent in into its subscription.
///
/// # Errors
/// `bad-request` with `invalid-options` for what cannot be so.
pub(super) fn take(
    host: &Host,
    row: &mut PubsubSubscriptionsRow,
    form: &Form,
) -> Result<(), StanzaError> {
    let wanted = SubscribeOptions::read(form).map_err(|error| invalid(error.to_string()))?;
    let mut next = of(row);
    let refused = [
        ("digest", wanted.digest == Some(true)),
        (
            "digest_frequency",
            wanted.digest == Some(true) && wanted.digest_frequency.is_some(),
        ),
        ("include_body", wanted.include_body == Some(true)),
        (
            "subscription_type",
            wanted
                .subscription_type
                .as_ref()
                .is_some_and(|kind| kind.as_str() != "items"),
        ),
        (
            "subscription_depth",
            wanted
                .subscription_depth
                .as_ref()
                .is_some_and(|depth| depth.as_str() != "1"),
        ),
    ];
    if let Some((field, _)) = refused.iter().find(|(_, is_refused)| *is_refused) {
        return Err(invalid(format!("pubsub#{field} cannot be set so")));
    }
    if let Some(other) = wanted.other.first().and_then(|field| field.var.as_deref()) {
        return Err(invalid(format!("{other:?} is no option of a subscription")));
    }
    if wanted.deliver.is_some() {
        next.deliver = wanted.deliver;
    }
    if let Some(shows) = wanted.show_values {
        if !host.serves(&row.subscriber) {
            return Err(invalid(
                "pubsub#show-values is for subscribers of this server, whose presence it knows",
            ));
        }
        if shows
            .iter()
            .any(|show| matches!(show, ShowValues::Other(_)))
        {
            return Err(invalid(
                "pubsub#show-values are away, chat, dnd, online and xa",
            ));
        }
        next.show_values = Some(shows);
    }
    if let Some(expire) = wanted.expire {
        let ends_with_presence = expire.trim() == PRESENCE;
        row.expires = match expire.trim() {
            "" => None,
            PRESENCE if temporary::is_there(host, &row.subscriber) => None,
            PRESENCE => {
                return Err(invalid(
                    "pubsub#expire: `presence` is for subscribers of this server, while they are available",
                ));
            }
            written => {
                let end: DateTime = written.parse().map_err(|_| {
                    invalid("pubsub#expire is a date and a time (XEP-0082), or presence")
                })?;
                if end.timestamp() <= host.clock().now() {
                    return Err(invalid("pubsub#expire is over already"));
                }
                Some(end.timestamp())
            }
        };
        next.expire = match row.expires {
            Some(end) => Some(DateTime::from_timestamp(end).as_str().into()),
            None => ends_with_presence.then(|| Text::from_static(PRESENCE)),
        };
    }
    let document = next.write(FormType::Submit).to_any().to_document();
    row.options = Some(document.to_string());
    Ok(())
}

/// Whether a subscription ends with the presence of its subscriber (§12.4).
pub(super) fn is_temporary(row: &PubsubSubscriptionsRow) -> bool {
    row.options.is_some() && of(row).expire.as_deref() == Some(PRESENCE)
}

/// Whether a subscription has not run out.
pub(super) fn is_live(row: &PubsubSubscriptionsRow, now: Timestamp) -> bool {
    row.expires.is_none_or(|end| end > now)
}

/// Whether a subscriber wants to be told just now.
pub(super) fn wants(host: &Host, row: &PubsubSubscriptionsRow) -> bool {
    if row.options.is_none() {
        return true;
    }
    let options = of(row);
    if options.deliver == Some(false) {
        return false;
    }
    let shows = options.show_values.unwrap_or_default();
    // Whoever names them all asks for no presence.
    if shows.len() >= 5 || !host.serves(&row.subscriber) {
        return true;
    }
    let sessions = host.resources(&row.account);
    sessions
        .iter()
        .filter(|session| {
            row.subscriber
                .resource()
                .is_none_or(|name| name == session.name())
        })
        .any(|session| shown(session).is_some_and(|show| shows.contains(&show)))
}

/// How a session shows itself; nothing where it is not available.
fn shown(session: &Arc<Resource>) -> Option<ShowValues> {
    let presence = session.presence()?;
    let show = presence.decode::<Show>().and_then(Result::ok);
    Some(match show.map(|show| show.text) {
        Some(Availability::Away) => ShowValues::Away,
        Some(Availability::Chat) => ShowValues::Chat,
        Some(Availability::Dnd) => ShowValues::Dnd,
        Some(Availability::Xa) => ShowValues::Xa,
        _ => ShowValues::Online,
    })
}

/// The subscription that a request is about, of whoever asks.
fn find<'a>(
    node: &'a Node,
    who: &Jid,
    request: &Options,
    now: Timestamp,
) -> Result<&'a PubsubSubscriptionsRow, StanzaError> {
    let subscriber = request.jid.as_ref().ok_or_else(|| {
        StanzaError::new(Condition::BadRequest)
            .with_application(&sestina_types::xep_0060::errors::JidRequired::default())
    })?;
    if subscriber.bare_str() != who.bare_str() {
        return Err(StanzaError::new(Condition::Forbidden));
    }
    let row = node
        .subscriptions
        .iter()
        .find(|row| row.subscriber == *subscriber && is_live(row, now))
        .ok_or_else(|| {
            StanzaError::new(Condition::UnexpectedRequest)
                .with_application(&NotSubscribed::default())
        })?;
    if request
        .subid
        .as_ref()
        .is_some_and(|subid| **subid != *row.subid)
    {
        return Err(
            StanzaError::new(Condition::NotAcceptable).with_application(&InvalidSubid::default())
        );
    }
    Ok(row)
}

/// The options of a subscription, to be changed (§6.3.2).
pub(super) async fn get(
    server: &Server,
    host: &Host,
    account: &BareJid,
    who: &Jid,
    request: Options,
) -> Result<Pubsub, StanzaError> {
    let name = request.node.clone().ok_or_else(subscription::no_node)?;
    let node = server.node(host, account, &name).await?;
    let row = find(&node, who, &request, host.clock().now())?;
    Ok(Pubsub {
        options: Some(Options {
            node: Some(name),
            jid: Some(row.subscriber.clone()),
            subid: Some(row.subid.as_str().into()),
            form: Some(form(host, &row.subscriber, &of(row))),
            ..Options::default()
        }),
        ..Pubsub::default()
    })
}

/// Changes them (§6.3.5).
pub(super) async fn set(
    server: &Server,
    host: &Host,
    account: &BareJid,
    who: &Jid,
    request: Options,
) -> Result<(), StanzaError> {
    let name = request.node.clone().ok_or_else(subscription::no_node)?;
    let page = server.book.open(host, account).await?;
    let _change = page.change().await;
    let node = page
        .node(&name)
        .ok_or_else(|| StanzaError::new(Condition::ItemNotFound))?;
    let mut row = find(&node, who, &request, host.clock().now())?.clone();
    let form = request
        .form
        .ok_or_else(|| invalid("the options are missing"))?;
    if form.type_ == FormType::Cancel {
        return Ok(());
    }
    take(host, &mut row, &form)?;
    temporary::hold(host, &page, &row)?;
    let mut transaction = server.book.transaction();
    temporary::put(&mut transaction, &row);
    transaction.commit().await?;
    let mut changed = Node::clone(&node);
    for known in &mut changed.subscriptions {
        if known.subscriber == row.subscriber && known.subid == row.subid {
            known.clone_from(&row);
        }
    }
    page.put(changed);
    Ok(())
}

/// What holds for a new subscription where nothing is said (§6.4).
pub(super) async fn defaults(
    server: &Server,
    host: &Host,
    account: &BareJid,
    who: &Jid,
    node: Option<Text>,
) -> Result<Pubsub, StanzaError> {
    if let Some(name) = &node {
        let found = server.node(host, account, name).await?;
        standing::may_read(host, account, &found, who).await?;
    }
    Ok(Pubsub {
        action: Some(PubsubChoice::Default(DefaultElement {
            node,
            form: Some(form(host, who, &usual())),
            ..DefaultElement::default()
        })),
        ..Pubsub::default()
    })
}
