//! Data forms of certain types, and extensions of elements: through the code that is generated of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sestina_types::xep_0004::{Field, FieldType, Form, FormType};
use sestina_types::xep_0030::info;
use sestina_types::xep_0045::forms::{
    PresenceOf, PrivateMessages, RealAddresses, RoomConfig, RoomInfo, RoomRegistration,
};
use sestina_types::xep_0060::forms::{AccessModel, Metadata, NodeConfig, SubscribeOptions};
use sestina_types::xep_0077::forms::PasswordChange;
use sestina_types::xep_0122::Validate;
use sestina_types::xep_0133::forms::Administration;
use sestina_types::xep_0157::forms::ContactAddresses;
use sestina_types::xep_0221::Media;
use sestina_types::xep_0313::forms::Filter;
use sestina_types::xep_0363::forms::UploadInfo;
use sestina_types::xep_0406::forms::ChannelConfig;
use sestina_types::xep_0431::forms::FullText;
use sestina_types::xep_0486::forms::RoomAvatar;
use sestina_types::xep_0500::forms::SlowModeInfo;
use sestina_types::xep_0502::forms::RoomActivity;
use sestina_types::xep_0504::forms::DataPolicy;
use sestina_wire::dispatch::Extensible as _;
use sestina_wire::{AnyElement, BareJid, Condition, Hex, Jid, Payload as _, StanzaError};

fn form(type_: &str, fields: &str) -> Form {
    let xml = format!("<x xmlns='jabber:x:data' type='{type_}'>{fields}</x>");
    AnyElement::parse(xml).unwrap().decode().unwrap()
}

fn field(var: &str, values: &[&str]) -> String {
    let values: String = values
        .iter()
        .map(|value| format!("<value>{value}</value>"))
        .collect();
    format!("<field var='{var}'>{values}</field>")
}

#[test]
fn a_form_that_was_sent_in_is_read_by_type() {
    let fields = [
        field("FORM_TYPE", &[RoomConfig::FORM_TYPE]),
        field("muc#roomconfig_roomname", &["A Dark Cave"]),
        field("muc#roomconfig_persistentroom", &["1"]),
        field("muc#roomconfig_publicroom", &["false"]),
        field("muc#roomconfig_allowpm", &["moderators"]),
        field("muc#roomconfig_presencebroadcast", &["moderator", "ghost"]),
        field(
            "muc#roomconfig_roomadmins",
            &["hecate@shakespeare.lit", "wiccarocks@shakespeare.lit"],
        ),
        field("muc#maxhistoryfetch", &["50"]),
        field("muc#roomconfig_roomsecret", &[]),
        field("x-sestina", &["kept"]),
    ];
    let config = RoomConfig::read(&form("submit", &fields.concat())).unwrap();
    assert_eq!(config.name.as_deref(), Some("A Dark Cave"));
    assert_eq!(
        (config.persistent, config.public),
        (Some(true), Some(false))
    );
    assert_eq!(config.private_messages, Some(PrivateMessages::Moderators));
    assert_eq!(
        config.presence_of,
        Some(vec![
            PresenceOf::Moderator,
            PresenceOf::Other("ghost".into())
        ])
    );
    let admins = config.admins.as_ref().unwrap();
    assert_eq!(admins[0], BareJid::parse("hecate@shakespeare.lit").unwrap());
    assert_eq!(config.max_history_fetch, Some(50));
    // Emptied, and not spoken of at all.
    assert_eq!((config.secret.as_deref(), config.moderated), (None, None));
    // What the type does not know is kept.
    assert_eq!(config.other.len(), 1);
    let again = RoomConfig::read(&config.write(FormType::Submit)).unwrap();
    assert_eq!(again, config);
}

#[test]
fn a_form_to_fill_in_proposes_and_describes() {
    let config = RoomConfig {
        real_addresses: Some(RealAddresses::Moderators),
        ..RoomConfig::default()
    };
    let form = config.write(FormType::Form);
    let find = |form: &Form, var: &str| -> Option<Field> {
        let mut fields = form.fields.iter();
        fields
            .find(|field| field.var.as_deref() == Some(var))
            .cloned()
    };
    let type_ = find(&form, "FORM_TYPE").unwrap();
    assert_eq!(type_.type_, Some(FieldType::Hidden));
    assert_eq!(
        &*type_.values[0],
        "http://jabber.org/protocol/muc#roomconfig"
    );
    let whois = find(&form, "muc#roomconfig_whois").unwrap();
    assert_eq!(whois.type_, Some(FieldType::ListSingle));
    assert_eq!(whois.label.as_deref(), Some("Who may see real addresses"));
    assert_eq!(&*whois.values[0], "moderators");
    let options: Vec<&str> = whois.options.iter().map(|option| &*option.value).collect();
    assert_eq!(options, ["anyone", "moderators"]);
    let name = find(&form, "muc#roomconfig_roomname").unwrap();
    assert!(name.values.is_empty());
    // What is sent in holds what was filled in, and nothing else.
    let sent = config.write(FormType::Submit);
    assert_eq!(sent.fields.len(), 2);
    assert!(
        find(&sent, "muc#roomconfig_whois")
            .unwrap()
            .options
            .is_empty()
    );
    let required = find(
        &RoomRegistration::default().write(FormType::Form),
        "muc#register_roomnick",
    );
    assert!(required.unwrap().required);
}

#[test]
fn what_is_wrong_with_a_form_is_said() {
    let said =
        |error: Result<RoomConfig, sestina_wire::form::FormError>| error.unwrap_err().to_string();
    assert_eq!(
        said(RoomConfig::read(&form(
            "submit",
            &field("FORM_TYPE", &["jabber:iq:register"])
        ))),
        "form http://jabber.org/protocol/muc#roomconfig: this one is of type jabber:iq:register"
    );
    assert_eq!(
        said(RoomConfig::read(&form(
            "submit",
            &field("muc#maxhistoryfetch", &["many"])
        ))),
        "form http://jabber.org/protocol/muc#roomconfig: the field muc#maxhistoryfetch: expected a whole number from 0 to 4294967295"
    );
    assert_eq!(
        said(RoomConfig::read(&form(
            "submit",
            &field("muc#roomconfig_roomname", &["a", "b"])
        ))),
        "form http://jabber.org/protocol/muc#roomconfig: the field muc#roomconfig_roomname has several values"
    );
    // A required field must be there where the form is sent in, not where it is to be filled in.
    let fields = field("username", &["bill"]) + &field("password", &["new"]);
    assert!(PasswordChange::read(&form("form", &fields)).is_ok());
    let error = PasswordChange::read(&form("submit", &fields)).unwrap_err();
    assert_eq!(error.field(), Some("old_password"));
    let error = StanzaError::from(error);
    assert_eq!(error.condition, Condition::NotAcceptable);
}

#[test]
fn a_type_of_form_is_extended_by_another_specification() {
    let fields = field("FORM_TYPE", &[RoomInfo::FORM_TYPE])
        + &field("muc#roominfo_subject", &["Witches"])
        + &field("muc#roominfo_avatarhash", &["a31c4bd0"]);
    let form = form("result", &fields);
    let (info, avatar) = (
        RoomInfo::read(&form).unwrap(),
        RoomAvatar::read(&form).unwrap(),
    );
    assert_eq!(info.subject.as_deref(), Some("Witches"));
    assert_eq!(
        avatar.hashes.as_ref().unwrap()[0],
        Hex(vec![0xa3, 0x1c, 0x4b, 0xd0].into())
    );
    let mut written = RoomInfo {
        other: Vec::new(),
        ..info
    }
    .write(FormType::Result);
    RoomAvatar {
        other: Vec::new(),
        ..avatar
    }
    .add_to(&mut written);
    assert_eq!(written.fields.len(), 3);
    assert_eq!(RoomAvatar::read(&written).unwrap().hashes.unwrap().len(), 1);
}

#[test]
fn commands_of_administration_share_a_form() {
    let asked = Administration {
        account: Some("laura@sestina.example".parse().unwrap()),
        password: Some("six words".into()),
        password_verify: Some("six words".into()),
        ..Administration::default()
    };
    assert_eq!(
        Administration::read(&asked.write(FormType::Submit)).unwrap(),
        asked
    );
    // What XEP-0133 §4.10 shows: rates with fractions, several sessions.
    let fields = field("FORM_TYPE", &[Administration::FORM_TYPE])
        + &field("rostersize", &["123"])
        + &field("onlineresources", &["work", "home"])
        + &field("loginsperminute", &["0.1"]);
    let answer = Administration::read(&form("result", &fields)).unwrap();
    assert_eq!(answer.roster_size, Some(123));
    assert_eq!(answer.online_resources.unwrap(), ["work", "home"]);
    assert!(answer.logins_per_minute.is_some());
}

#[test]
fn forms_travel_in_service_discovery() {
    let mut answer = info::Query::default();
    let upload = UploadInfo {
        max_file_size: Some(5_242_880),
        ..UploadInfo::default()
    };
    let contact = ContactAddresses {
        abuse: Some(vec!["mailto:abuse@shakespeare.lit".into()]),
        ..ContactAddresses::default()
    };
    answer.extend(&upload.write(FormType::Result));
    answer.extend(&contact.write(FormType::Result));
    let read: info::Query = answer.to_any().decode().unwrap();
    assert_eq!(read, answer);
    let form = read.extension::<Form>().unwrap().unwrap();
    assert_eq!(UploadInfo::read(&form).unwrap(), upload);
    // Of several, each says its type.
    let forms = read
        .unknown()
        .filter_map(|child| child.decode::<Form>().ok());
    let found: Vec<_> = forms
        .filter_map(|form| ContactAddresses::read(&form).ok())
        .collect();
    assert_eq!(found, [contact]);
}

#[test]
fn elements_are_extended_by_other_specifications() {
    let mut field = Field::default();
    assert!(field.extension::<Media>().is_none());
    field.extend(&Media::default());
    let read: Field = field.to_any().decode().unwrap();
    assert_eq!(
        read.extension::<Media>().unwrap().unwrap(),
        Media::default()
    );
    assert!(read.extension::<Validate>().is_none());
}

#[test]
fn settings_of_nodes_are_forms_too() {
    let config = NodeConfig {
        access_model: Some(AccessModel::Whitelist),
        max_items: Some("max".into()),
        kind: Some("urn:xmpp:bookmarks:1".into()),
        ..NodeConfig::default()
    };
    let form = config.write(FormType::Submit);
    assert_eq!(NodeConfig::read(&form).unwrap(), config);
    assert!(SubscribeOptions::read(&form).is_err());
    let fields = field_of("pubsub#creation_date", "2003-07-29T22:56:10Z")
        + &field_of("pubsub#num_subscribers", "1066");
    let metadata = Metadata::read(&self::form("result", &fields)).unwrap();
    assert_eq!(metadata.num_subscribers, Some(1066));
    assert!(metadata.creation_date.is_some());
}

fn field_of(var: &str, value: &str) -> String {
    field(var, &[value])
}

/// What several specifications add to one form, and fields whose names are no identifiers.
#[test]
fn forms_with_fields_of_several_specifications() {
    let fields = [
        field("FORM_TYPE", &[RoomInfo::FORM_TYPE]),
        field("muc#roominfo_occupants", &["39"]),
        field("muc#roominfo_slow_mode_duration", &["20"]),
        field("{urn:xmpp:muc-activity}message-activity", &["23.42"]),
    ];
    let form_of_room = form("result", &fields.concat());
    assert_eq!(RoomInfo::read(&form_of_room).unwrap().occupants, Some(39));
    let slow = SlowModeInfo::read(&form_of_room).unwrap();
    assert_eq!(slow.duration, Some(20));
    let activity = RoomActivity::read(&form_of_room).unwrap();
    assert_eq!(activity.messages_per_hour.unwrap().to_string(), "23.42");

    let mut query = Filter {
        with: Some(Jid::parse("laura@sestina.example").unwrap()),
        ..Filter::default()
    }
    .write(FormType::Submit);
    FullText {
        words: Some("solo e pensoso".into()),
        ..FullText::default()
    }
    .add_to(&mut query);
    let read = FullText::read(&query).unwrap();
    assert_eq!(read.words.as_deref(), Some("solo e pensoso"));
    assert!(Filter::read(&query).unwrap().with.is_some());

    let fields = [
        field("FORM_TYPE", &[DataPolicy::FORM_TYPE]),
        field("auth_data", &["plain"]),
        field("access_policy", &["admins", "everybody"]),
    ];
    let policy = DataPolicy::read(&form("result", &fields.concat())).unwrap();
    assert_eq!(
        policy.access.unwrap().len(),
        2,
        "what nobody listed is kept"
    );
    let fields = [
        field("FORM_TYPE", &[ChannelConfig::FORM_TYPE]),
        field("Messages Node Subscription", &["allowed"]),
        field("Mandatory Nicks", &["true"]),
    ];
    let channel = ChannelConfig::read(&form("result", &fields.concat())).unwrap();
    assert_eq!(channel.mandatory_nicks, Some(true));
}
