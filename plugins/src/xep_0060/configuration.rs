//! How a node is configured: what an owner may set, what holds where nothing is set (XEP-0163 §5), and what a publisher
//! expects (§7.1.5).

use sestina_types::xep_0004::{Form, FormType};
use sestina_types::xep_0060::errors::{PreconditionNotMet, UnsupportedAccessModel};
use sestina_types::xep_0060::forms::{
    AccessModel, Metadata, MetadataAccessModel, MetadataPublishModel, NodeConfig, NodeType,
    NotificationType, PublishModel, PublishPreconditions, SendLastPublishedItem,
};
use sestina_wire::{AnyElement, BareJid, Condition, Payload as _, StanzaError, Text};

use super::{Limits, Server};

/// Seconds that an item may stay where it does not stay for ever: ten years.
const LONGEST_LIFE: i64 = 10 * 365 * 86400;

/// The settings that can be made; what else a form may have is fixed here.
const FIELDS: &[&str] = &[
    "pubsub#access_model",
    "pubsub#deliver_notifications",
    "pubsub#deliver_payloads",
    "pubsub#description",
    "pubsub#item_expire",
    "pubsub#max_items",
    "pubsub#max_payload_size",
    "pubsub#notification_type",
    "pubsub#notify_config",
    "pubsub#notify_delete",
    "pubsub#notify_retract",
    "pubsub#notify_sub",
    "pubsub#persist_items",
    "pubsub#publish_model",
    "pubsub#roster_groups_allowed",
    "pubsub#send_last_published_item",
    "pubsub#subscribe",
    "pubsub#title",
    "pubsub#type",
];

/// The settings of a node. Every one has a value, but for title, description, type and groups.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Configuration(NodeConfig);

impl Configuration {
    /// What holds where an owner says nothing: of an account for those who see its presence, at a service for everybody;
    /// and one item (XEP-0163 §4.3).
    pub(super) fn default_of(limits: &Limits) -> Self {
        let (access, style, items) = if limits.of_service {
            (AccessModel::Open, NotificationType::Normal, "10")
        } else {
            (AccessModel::Presence, NotificationType::Headline, "1")
        };
        Self(NodeConfig {
            access_model: Some(access),
            deliver_notifications: Some(true),
            deliver_payloads: Some(true),
            item_expire: Some(Text::from_static("max")),
            max_items: Some(Text::from_static(items)),
            max_payload_size: Some(limits.max_item_size),
            notification_type: Some(style),
            notify_config: Some(false),
            notify_delete: Some(true),
            notify_retract: Some(true),
            notify_sub: Some(false),
            persist_items: Some(true),
            publish_model: Some(PublishModel::Publishers),
            send_last_published_item: Some(SendLastPublishedItem::OnSubAndPresence),
            subscribe: Some(true),
            ..NodeConfig::default()
        })
    }

    /// The same for a node that somebody knows more of.
    pub(super) fn default_for(server: &Server, owner: &BareJid, node: &str) -> Self {
        let limits = server.limits(owner);
        let usual = Self::default_of(limits);
        match server.companion_of(owner, node) {
            Some(companion) => {
                let wanted = companion.defaults(node);
                usual.with(&wanted, limits).unwrap_or(usual)
            }
            None => usual,
        }
    }

    /// Reads what was stored.
    pub(super) fn parse(document: String) -> Option<Self> {
        let form: Form = AnyElement::parse(document).ok()?.decode().ok()?;
        let mut config = NodeConfig::read(&form).ok()?;
        // What nodes could not be when it was stored.
        config.item_expire.get_or_insert(Text::from_static("max"));
        config.notify_sub.get_or_insert(false);
        config.subscribe.get_or_insert(true);
        Some(Self(config))
    }

    /// As it is stored.
    pub(super) fn to_document(&self) -> String {
        let form = self.0.write(FormType::Submit);
        form.to_any().to_document().to_string()
    }

    /// As a form, to be filled in by the owner or to be looked at.
    pub(super) fn form(&self, type_: FormType) -> Form {
        let mut form = self.0.write(type_);
        form.fields.retain(|field| {
            field
                .var
                .as_deref()
                .is_some_and(|var| var == "FORM_TYPE" || FIELDS.contains(&var))
        });
        form
    }

    /// These settings with what an owner sent.
    ///
    /// # Errors
    /// What the node cannot be.
    pub(super) fn changed(&self, form: &Form, limits: &Limits) -> Result<Self, StanzaError> {
        self.with(&NodeConfig::read(form)?, limits)
    }

    /// These settings with what a publisher expects of a node that is not there yet.
    ///
    /// # Errors
    /// `precondition-not-met` where no node can be so.
    pub(super) fn expected(&self, form: &Form, limits: &Limits) -> Result<Self, StanzaError> {
        self.with(&preconditions(form)?, limits)
            .map_err(|error| not_met(error.text.as_deref().unwrap_or("no node can be so")))
    }

    /// Whether the node is as a publisher expects (§7.1.5).
    ///
    /// # Errors
    /// `precondition-not-met`, with what differs.
    pub(super) fn meets(&self, form: &Form, limits: &Limits) -> Result<(), StanzaError> {
        let expected = self.expected(form, limits)?;
        let numbered = |config: &NodeConfig| NodeConfig {
            max_items: Some(number(config, limits).to_string().into()),
            ..config.clone()
        };
        let (found, expected) = (numbered(&self.0), numbered(&expected.0));
        if found == expected {
            return Ok(());
        }
        let differ: Vec<String> = found
            .write(FormType::Submit)
            .fields
            .iter()
            .zip(&expected.write(FormType::Submit).fields)
            .filter(|(found, expected)| found.values != expected.values)
            .filter_map(|(found, _)| found.var.as_ref().map(ToString::to_string))
            .collect();
        Err(not_met(&format!(
            "the node is configured otherwise: {}",
            differ.join(", ")
        )))
    }

    /// These settings with others over them.
    ///
    /// # Errors
    /// What a node cannot be.
    pub(super) fn with(&self, wanted: &NodeConfig, limits: &Limits) -> Result<Self, StanzaError> {
        check(wanted, limits)?;
        let mut next = self.0.clone();
        macro_rules! take {
            ($($field:ident),*) => {
                $(if wanted.$field.is_some() { next.$field.clone_from(&wanted.$field); })*
            };
        }
        take!(
            access_model,
            deliver_notifications,
            deliver_payloads,
            description,
            item_expire,
            max_items,
            max_payload_size,
            notification_type,
            notify_config,
            notify_delete,
            notify_retract,
            notify_sub,
            persist_items,
            publish_model,
            roster_groups_allowed,
            send_last_published_item,
            subscribe,
            title,
            kind
        );
        if next.item_expire.as_deref() == Some("") {
            next.item_expire = Some(Text::from_static("max"));
        }
        Ok(Self(next))
    }

    /// Who may subscribe and read.
    pub(super) fn access(&self) -> AccessModel {
        self.0
            .access_model
            .clone()
            .unwrap_or(AccessModel::Whitelist)
    }

    /// Who may publish beside those who are named.
    pub(super) fn publish_model(&self) -> PublishModel {
        self.0
            .publish_model
            .clone()
            .unwrap_or(PublishModel::Publishers)
    }

    /// What the items are.
    pub(super) fn kind(&self) -> Option<&str> {
        self.0.kind.as_deref()
    }

    /// The name for people.
    pub(super) fn title(&self) -> Option<&Text> {
        self.0.title.as_ref()
    }

    /// The groups of the roster that may read.
    pub(super) fn groups(&self) -> &[Text] {
        self.0.roster_groups_allowed.as_deref().unwrap_or_default()
    }

    /// How many items are kept; none where nothing is.
    pub(super) fn kept(&self, limits: &Limits) -> u64 {
        if self.0.persist_items == Some(false) {
            return 0;
        }
        number(&self.0, limits)
    }

    /// Seconds after which an item goes by itself.
    pub(super) fn item_expire(&self) -> Option<i64> {
        self.0.item_expire.as_deref()?.parse().ok()
    }

    /// Whether anybody may subscribe at all.
    pub(super) fn takes_subscriptions(&self) -> bool {
        self.0.subscribe != Some(false)
    }

    /// Whether owners are told who comes and goes.
    pub(super) fn tells_of_subscriptions(&self) -> bool {
        self.0.notify_sub == Some(true)
    }

    /// Whether nothing travels with a notification and nothing is kept: then nothing is published but the fact (§7.1.3).
    pub(super) fn takes_no_items(&self) -> bool {
        self.0.persist_items == Some(false) && self.0.deliver_payloads == Some(false)
    }

    /// Octets that an item may have.
    pub(super) fn max_payload_size(&self, limits: &Limits) -> u64 {
        self.0
            .max_payload_size
            .map_or(limits.max_item_size, |size| size.min(limits.max_item_size))
    }

    /// Whether anybody is told of anything.
    pub(super) fn notifies(&self) -> bool {
        self.0.deliver_notifications != Some(false)
    }

    /// Whether notifications have what was published in them.
    pub(super) fn delivers_payloads(&self) -> bool {
        self.0.deliver_payloads != Some(false)
    }

    /// Whether notifications are headlines rather than messages that may be kept for later.
    pub(super) fn sends_headlines(&self) -> bool {
        self.0.notification_type != Some(NotificationType::Normal)
    }

    /// Whether changes of these settings are told.
    pub(super) fn tells_of_changes(&self) -> bool {
        self.0.notify_config == Some(true)
    }

    /// Whether the end of the node is told.
    pub(super) fn tells_of_deletion(&self) -> bool {
        self.0.notify_delete != Some(false)
    }

    /// Whether it is told that items are taken back.
    pub(super) fn tells_of_retraction(&self) -> bool {
        self.0.notify_retract != Some(false)
    }

    /// Whether the last item goes to those who subscribe.
    pub(super) fn sends_last_on_subscription(&self) -> bool {
        matches!(
            self.0.send_last_published_item,
            Some(SendLastPublishedItem::OnSub | SendLastPublishedItem::OnSubAndPresence)
        )
    }

    /// Whether the last item goes to those who come online.
    pub(super) fn sends_last_on_presence(&self) -> bool {
        self.0.send_last_published_item == Some(SendLastPublishedItem::OnSubAndPresence)
    }

    /// What whoever may see the node may know of it (§5.4).
    pub(super) fn metadata(&self) -> Metadata {
        Metadata {
            description: self.0.description.clone(),
            access_model: Some(match self.access() {
                AccessModel::Authorize => MetadataAccessModel::Authorize,
                AccessModel::Open => MetadataAccessModel::Open,
                AccessModel::Presence => MetadataAccessModel::Presence,
                AccessModel::Roster => MetadataAccessModel::Roster,
                AccessModel::Whitelist => MetadataAccessModel::Whitelist,
                AccessModel::Other(word) => MetadataAccessModel::Other(word),
            }),
            publish_model: Some(match self.publish_model() {
                PublishModel::Publishers => MetadataPublishModel::Publishers,
                PublishModel::Subscribers => MetadataPublishModel::Subscribers,
                PublishModel::Open => MetadataPublishModel::Open,
                PublishModel::Other(word) => MetadataPublishModel::Other(word),
            }),
            title: self.0.title.clone(),
            kind: self.0.kind.clone(),
            max_items: self.0.max_items.clone(),
            ..Metadata::default()
        }
    }
}

/// How many items `max_items` stands for.
fn number(config: &NodeConfig, limits: &Limits) -> u64 {
    match config.max_items.as_deref() {
        Some("max") => limits.max_items,
        Some(number) => number.parse().unwrap_or(1).min(limits.max_items),
        None => 1,
    }
}

/// The settings in a form of publish-options.
fn preconditions(form: &Form) -> Result<NodeConfig, StanzaError> {
    // Says whether it is such a form; any setting of a node may be in it (§16.4.5).
    PublishPreconditions::read(form)?;
    let mut fields = form.clone();
    fields
        .fields
        .retain(|field| field.var.as_deref() != Some("FORM_TYPE"));
    NodeConfig::read(&fields).map_err(|error| not_met(&error.to_string()))
}

fn not_met(text: &str) -> StanzaError {
    StanzaError::new(Condition::Conflict)
        .with_application(&PreconditionNotMet::default())
        .with_text(text)
}

fn unacceptable(text: impl Into<Text>) -> StanzaError {
    StanzaError::new(Condition::NotAcceptable).with_text(text)
}

/// Refuses what no node of an account can be.
fn check(wanted: &NodeConfig, limits: &Limits) -> Result<(), StanzaError> {
    if matches!(wanted.access_model, Some(AccessModel::Other(_))) {
        return Err(unacceptable(
            "the access models are open, presence, roster, authorize and whitelist",
        )
        .with_application(&UnsupportedAccessModel::default()));
    }
    if limits.of_service
        && matches!(
            wanted.access_model,
            Some(AccessModel::Presence | AccessModel::Roster)
        )
    {
        return Err(
            unacceptable("a service has no contacts: open, authorize or whitelist")
                .with_application(&UnsupportedAccessModel::default()),
        );
    }
    if let Some(expire) = wanted.item_expire.as_deref()
        && !matches!(expire, "" | "max")
        && !expire
            .parse::<i64>()
            .is_ok_and(|seconds| (1..=LONGEST_LIFE).contains(&seconds))
    {
        return Err(unacceptable(format!(
            "pubsub#item_expire is a number of seconds from 1 to {LONGEST_LIFE}, or max"
        )));
    }
    if let Some(most) = wanted.max_items.as_deref().filter(|most| *most != "max") {
        let number = most.parse::<u64>().ok();
        if !number.is_some_and(|number| (1..=limits.max_items).contains(&number)) {
            return Err(unacceptable(format!(
                "pubsub#max_items is a number from 1 to {}, or max",
                limits.max_items
            )));
        }
    }
    if wanted
        .max_payload_size
        .is_some_and(|size| size > limits.max_item_size)
    {
        return Err(unacceptable(format!(
            "pubsub#max_payload_size is at most {}",
            limits.max_item_size
        )));
    }
    let words_are_known = !matches!(wanted.publish_model, Some(PublishModel::Other(_)))
        && !matches!(wanted.notification_type, Some(NotificationType::Other(_)))
        && !matches!(
            wanted.send_last_published_item,
            Some(SendLastPublishedItem::Other(_))
        );
    if !words_are_known {
        return Err(unacceptable("a setting has a value that it cannot have"));
    }
    // XEP-0248 §8.1.1.
    let names = |all: &Option<Vec<Text>>| all.iter().flatten().any(|name| !name.is_empty());
    if wanted.node_type == Some(NodeType::Collection)
        || names(&wanted.collection)
        || names(&wanted.children)
    {
        return Err(super::no_collections());
    }
    // What cannot be chosen may be said as it is.
    let fixed = [
        (
            "body_xslt",
            wanted.body_xslt.as_ref().is_none_or(|text| text.is_empty()),
        ),
        (
            "dataform_xslt",
            wanted
                .dataform_xslt
                .as_ref()
                .is_none_or(|text| text.is_empty()),
        ),
        ("contact", wanted.contact.as_ref().is_none_or(Vec::is_empty)),
        ("itemreply", wanted.itemreply.is_none()),
        (
            "language",
            wanted.language.as_ref().is_none_or(|text| text.is_empty()),
        ),
        (
            "node_type",
            matches!(wanted.node_type, None | Some(NodeType::Leaf)),
        ),
        (
            "presence_based_delivery",
            wanted.presence_based_delivery != Some(true),
        ),
        ("publish_node_full", wanted.publish_node_full.is_none()),
        ("purge_offline", wanted.purge_offline != Some(true)),
        ("tempsub", wanted.tempsub != Some(true)),
    ];
    if let Some((field, _)) = fixed.iter().find(|(_, is_so)| !is_so) {
        return Err(unacceptable(format!("pubsub#{field} cannot be set so")));
    }
    match wanted.other.first().and_then(|field| field.var.as_deref()) {
        Some(other) => Err(unacceptable(format!("{other:?} is no setting of a node"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            max_nodes: 10,
            max_items: 100,
            max_item_size: 1000,
            max_subscriptions: 10,
            max_pending: 10,
            max_affiliations: 10,
            of_service: false,
        }
    }

    fn form(kind: &str, fields: &[(&str, &str)]) -> Form {
        let fields: String = fields
            .iter()
            .map(|(var, value)| format!("<field var='pubsub#{var}'><value>{value}</value></field>"))
            .collect();
        let form = format!(
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>\
             <value>http://jabber.org/protocol/pubsub#{kind}</value></field>{fields}</x>"
        );
        AnyElement::parse(form).unwrap().decode().unwrap()
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let changes = form(
            "node_config",
            &[
                ("access_model", "roster"),
                ("max_items", "max"),
                ("title", "T"),
            ],
        );
        let one = Configuration::default_of(&limits())
            .changed(&changes, &limits())
            .unwrap();
        assert_eq!(Configuration::parse(one.to_document()), Some(one.clone()));
        assert_eq!(one.kept(&limits()), 100);
    }

    #[test]
    fn a_publisher_gets_what_it_expects_or_nothing() {
        let one = Configuration::default_of(&limits());
        let met = |fields: &[(&str, &str)]| one.meets(&form("publish-options", fields), &limits());
        assert!(met(&[("access_model", "presence"), ("persist_items", "1")]).is_ok());
        for other in [
            ("access_model", "open"),
            ("max_items", "max"),
            ("max_items", "101"),
            ("node_type", "collection"),
            ("unheard_of", "1"),
        ] {
            let error = met(&[other]).unwrap_err();
            let application = error.application.unwrap();
            assert_eq!(application.name(), "precondition-not-met", "{other:?}");
        }
    }
}
