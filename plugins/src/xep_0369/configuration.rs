//! How a channel is configured (XEP-0406 §2.4): what owners may set, and what holds where nothing is set.

use sestina_types::xep_0004::{Form, FormType};
use sestina_types::xep_0406::forms::{
    AllowedNodeSubscription, BannedNodeSubscription, ChannelConfig, ConfigurationNodeAccess,
    InformationNodeSubscription, InformationNodeUpdateRights, MessagesNodeSubscription,
    NodesPresent, ParticipantsNodeSubscription, PresenceNodeSubscription,
};
use sestina_wire::{AnyElement, BareJid, Condition, Jid, Payload as _, StanzaError};

use super::{node, refused};

/// The settings that can be made; what else the form may have is fixed here, and not shown.
const FIELDS: &[&str] = &[
    "FORM_TYPE",
    "Last Change Made By",
    "Owner",
    "Administrator",
    "Nodes Present",
    "Messages Node Subscription",
    "Presence Node Subscription",
    "Participants Node Subscription",
    "Information Node Subscription",
    "Allowed Node Subscription",
    "Banned Node Subscription",
    "Configuration Node Access",
    "Information Node Update Rights",
    "Mandatory Nicks",
];

/// How many owners, and how many administrators, a channel may have.
const MOST_NAMED: usize = 100;

/// The settings of a channel. Every one has a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Configuration(ChannelConfig);

impl Configuration {
    /// What holds for a new channel. It has no list of those who are allowed: everybody is who is not banned.
    pub(super) fn usual(owner: &BareJid, with_presence: bool) -> Self {
        let presence = with_presence.then_some(NodesPresent::Presence);
        let mut nodes = vec![
            NodesPresent::Participants,
            NodesPresent::Information,
            NodesPresent::Banned,
        ];
        nodes.extend(presence);
        Self(ChannelConfig {
            last_change_made_by: Some(owner.clone()),
            owners: Some(vec![Jid::clone(owner)]),
            administrators: Some(Vec::new()),
            nodes_present: Some(nodes),
            messages_node_subscription: Some(MessagesNodeSubscription::Participants),
            presence_node_subscription: Some(PresenceNodeSubscription::Participants),
            participants_node_subscription: Some(ParticipantsNodeSubscription::Participants),
            information_node_subscription: Some(InformationNodeSubscription::Participants),
            allowed_node_subscription: Some(AllowedNodeSubscription::Admins),
            banned_node_subscription: Some(BannedNodeSubscription::Admins),
            configuration_node_access: Some(ConfigurationNodeAccess::Owners),
            information_node_update_rights: Some(InformationNodeUpdateRights::Admins),
            mandatory_nicks: Some(true),
            ..ChannelConfig::default()
        })
    }

    /// Reads what was stored.
    ///
    /// # Errors
    /// What cannot be read.
    pub(super) fn parse(stored: &AnyElement) -> Result<Self, StanzaError> {
        let unreadable = |error| {
            refused(
                Condition::InternalServerError,
                format!("the stored configuration cannot be read: {error}"),
            )
        };
        let form: Form = stored
            .decode()
            .map_err(|error| unreadable(error.to_string()))?;
        let read = ChannelConfig::read(&form).map_err(|error| unreadable(error.to_string()))?;
        let owner = read.owners.iter().flatten().next().map(Jid::to_bare);
        let owner = owner.ok_or_else(|| unreadable("it names no owner".to_owned()))?;
        let usual = Self::usual(&owner, false);
        Ok(Self(usual.over(read)))
    }

    /// As a form, to be filled in or to be looked at.
    pub(super) fn form(&self, type_: FormType) -> Form {
        let mut form = self.0.write(type_);
        form.fields.retain(|field| {
            let var = field.var.as_deref();
            var.is_some_and(|var| FIELDS.contains(&var))
        });
        form
    }

    /// As the item of its node.
    pub(super) fn item(&self) -> AnyElement {
        self.form(FormType::Result).to_any()
    }

    /// These settings with what an owner sends over them (XEP-0406 §3.2).
    ///
    /// # Errors
    /// What a channel cannot be.
    pub(super) fn changed(&self, form: &Form, by: &BareJid) -> Result<Self, StanzaError> {
        let unknown = form.fields.iter().find_map(|field| {
            let var = field.var.as_deref()?;
            (!FIELDS.contains(&var)).then_some(var)
        });
        if let Some(unknown) = unknown {
            return Err(refused(
                Condition::NotAcceptable,
                format!("channels here have no setting {unknown:?}; leave it out"),
            ));
        }
        let mut wanted = ChannelConfig::read(form)?;
        wanted.last_change_made_by = Some(by.clone());
        check(&wanted)?;
        Ok(Self(self.over(wanted)))
    }

    fn over(&self, wanted: ChannelConfig) -> ChannelConfig {
        let mut next = self.0.clone();
        macro_rules! take {
            ($($field:ident),*) => {
                $(if wanted.$field.is_some() { next.$field = wanted.$field; })*
            };
        }
        take!(
            last_change_made_by,
            owners,
            administrators,
            nodes_present,
            messages_node_subscription,
            presence_node_subscription,
            participants_node_subscription,
            information_node_subscription,
            allowed_node_subscription,
            banned_node_subscription,
            configuration_node_access,
            information_node_update_rights,
            mandatory_nicks
        );
        next
    }

    /// Whether somebody is named as an owner.
    pub(super) fn is_owner(&self, account: &str) -> bool {
        names(self.0.owners.as_deref(), account)
    }

    /// Whether somebody is named as an administrator.
    pub(super) fn is_administrator(&self, account: &str) -> bool {
        names(self.0.administrators.as_deref(), account)
    }

    /// Whether every participant has to have a nick.
    pub(super) fn mandatory_nicks(&self) -> bool {
        self.0.mandatory_nicks != Some(false)
    }

    /// Whether the channel has a node (§4.6, XEP-0406 §2).
    pub(super) fn has(&self, name: &str) -> bool {
        let present = |wanted: &NodesPresent| {
            self.0
                .nodes_present
                .iter()
                .flatten()
                .any(|one| one == wanted)
        };
        match name {
            node::MESSAGES | node::PARTICIPANTS | node::CONFIG => true,
            node::INFO => present(&NodesPresent::Information),
            node::ALLOWED => present(&NodesPresent::Allowed),
            node::BANNED => present(&NodesPresent::Banned),
            node::PRESENCE => present(&NodesPresent::Presence),
            _ => false,
        }
    }

    /// Who may subscribe to a node and read it, in the words of the form.
    pub(super) fn readers(&self, name: &str) -> &str {
        let config = &self.0;
        let word = match name {
            node::MESSAGES => config
                .messages_node_subscription
                .as_ref()
                .map(MessagesNodeSubscription::as_str),
            node::PRESENCE => config
                .presence_node_subscription
                .as_ref()
                .map(PresenceNodeSubscription::as_str),
            node::PARTICIPANTS => config
                .participants_node_subscription
                .as_ref()
                .map(ParticipantsNodeSubscription::as_str),
            node::INFO => config
                .information_node_subscription
                .as_ref()
                .map(InformationNodeSubscription::as_str),
            node::ALLOWED => config
                .allowed_node_subscription
                .as_ref()
                .map(AllowedNodeSubscription::as_str),
            node::BANNED => config
                .banned_node_subscription
                .as_ref()
                .map(BannedNodeSubscription::as_str),
            node::CONFIG => config
                .configuration_node_access
                .as_ref()
                .map(ConfigurationNodeAccess::as_str),
            _ => None,
        };
        word.unwrap_or("nobody")
    }

    /// Who may change what the channel is about.
    pub(super) fn informers(&self) -> &str {
        let rights = self.0.information_node_update_rights.as_ref();
        rights.map_or("admins", InformationNodeUpdateRights::as_str)
    }
}

fn names(named: Option<&[Jid]>, account: &str) -> bool {
    named.is_some_and(|named| named.iter().any(|one| one.as_str() == account))
}

/// Refuses what the form cannot say, or no channel can be.
fn check(wanted: &ChannelConfig) -> Result<(), StanzaError> {
    let bad = |text: String| Err(refused(Condition::NotAcceptable, text));
    if wanted.owners.as_ref().is_some_and(Vec::is_empty) {
        return bad("a channel has at least one owner (Owner)".to_owned());
    }
    for named in [&wanted.owners, &wanted.administrators] {
        let named = named.as_deref().unwrap_or_default();
        if named.len() > MOST_NAMED {
            return bad(format!(
                "a channel names at most {MOST_NAMED} owners and as many administrators"
            ));
        }
        if let Some(other) = named
            .iter()
            .find(|one| !one.is_bare() || one.local().is_none())
        {
            return bad(format!("{other} is not the bare address of somebody"));
        }
    }
    macro_rules! known {
        ($($field:ident: $kind:ident),*) => {
            $(if let Some($kind::Other(word)) = &wanted.$field {
                return bad(format!("{word:?} is none of the values that there are"));
            })*
        };
    }
    known!(
        messages_node_subscription: MessagesNodeSubscription,
        presence_node_subscription: PresenceNodeSubscription,
        participants_node_subscription: ParticipantsNodeSubscription,
        information_node_subscription: InformationNodeSubscription,
        allowed_node_subscription: AllowedNodeSubscription,
        banned_node_subscription: BannedNodeSubscription,
        configuration_node_access: ConfigurationNodeAccess,
        information_node_update_rights: InformationNodeUpdateRights
    );
    if let Some(nodes) = &wanted.nodes_present {
        if !nodes.contains(&NodesPresent::Participants) {
            return bad("a channel has a list of its participants (Nodes Present)".to_owned());
        }
        let supported = [
            NodesPresent::Participants,
            NodesPresent::Information,
            NodesPresent::Allowed,
            NodesPresent::Banned,
            NodesPresent::Presence,
        ];
        if let Some(other) = nodes.iter().find(|one| !supported.contains(one)) {
            return bad(format!("channels here have no node {:?}", other.as_str()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sestina_types::xep_0004::Field;
    use sestina_wire::Text;

    use super::*;

    fn field(var: &str, values: &[&str]) -> Field {
        Field {
            var: Some(var.into()),
            values: values.iter().map(|value| Text::from(*value)).collect(),
            ..Field::default()
        }
    }

    #[test]
    fn a_configuration_is_changed_and_read_again() {
        let hecate = BareJid::parse("hecate@a.example").unwrap();
        let usual = Configuration::usual(&hecate, true);
        let mut form = Form::new(FormType::Submit);
        form.fields.push(field("Mandatory Nicks", &["false"]));
        form.fields
            .push(field("Nodes Present", &["participants", "allowed"]));
        let changed = usual.changed(&form, &hecate).unwrap();
        assert!(
            !changed.mandatory_nicks() && changed.has(node::ALLOWED) && !changed.has(node::INFO)
        );
        assert_eq!(Configuration::parse(&changed.item()).unwrap(), changed);
        for (var, value) in [
            ("Nodes Present", "allowed"),
            ("Nodes Present", "avatar"),
            ("Messages Node Subscription", "some"),
            ("Owner", "a.example"),
            ("End of Life", "2030-01-01T00:00:00Z"),
        ] {
            let mut form = Form::new(FormType::Submit);
            form.fields.push(field(var, &[value]));
            let error = usual.changed(&form, &hecate).unwrap_err();
            assert_eq!(error.condition, Condition::NotAcceptable, "{var}");
        }
    }
}
