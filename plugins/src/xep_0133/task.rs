//! The commands: what they are called, and which forms they ask for (§4).

use sestina_types::xep_0004::{Field, FieldType, Form, FormType};
use sestina_types::xep_0122::{ListRange, Validate};
use sestina_types::xep_0133::forms::Administration;
use sestina_wire::Text;
use sestina_wire::dispatch::Extensible as _;

use crate::xep_0122;

/// What an administrator can have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    AddUser,
    DeleteUser,
    DisableUser,
    ReenableUser,
    EndUserSession,
    ChangePassword,
    UserRoster,
    LastLogin,
    UserStatistics,
    CountRegistered,
    CountDisabled,
    CountOnline,
    CountActive,
    CountIdle,
    ListRegistered,
    ListDisabled,
    ListOnline,
    ListActive,
    ListIdle,
    Announce,
    SetMotd,
    EditMotd,
    DeleteMotd,
    SetWelcome,
    DeleteWelcome,
    Restart,
    Shutdown,
}

impl Task {
    pub(super) const ALL: [Task; 27] = [
        Task::AddUser,
        Task::DeleteUser,
        Task::DisableUser,
        Task::ReenableUser,
        Task::EndUserSession,
        Task::ChangePassword,
        Task::UserRoster,
        Task::LastLogin,
        Task::UserStatistics,
        Task::CountRegistered,
        Task::CountDisabled,
        Task::CountOnline,
        Task::CountActive,
        Task::CountIdle,
        Task::ListRegistered,
        Task::ListDisabled,
        Task::ListOnline,
        Task::ListActive,
        Task::ListIdle,
        Task::Announce,
        Task::SetMotd,
        Task::EditMotd,
        Task::DeleteMotd,
        Task::SetWelcome,
        Task::DeleteWelcome,
        Task::Restart,
        Task::Shutdown,
    ];

    /// The node of its command.
    pub(super) const fn node(self) -> &'static str {
        match self {
            Task::AddUser => "http://jabber.org/protocol/admin#add-user",
            Task::DeleteUser => "http://jabber.org/protocol/admin#delete-user",
            Task::DisableUser => "http://jabber.org/protocol/admin#disable-user",
            Task::ReenableUser => "http://jabber.org/protocol/admin#reenable-user",
            Task::EndUserSession => "http://jabber.org/protocol/admin#end-user-session",
            Task::ChangePassword => "http://jabber.org/protocol/admin#change-user-password",
            Task::UserRoster => "http://jabber.org/protocol/admin#get-user-roster",
            Task::LastLogin => "http://jabber.org/protocol/admin#get-user-lastlogin",
            Task::UserStatistics => "http://jabber.org/protocol/admin#user-stats",
            Task::CountRegistered => "http://jabber.org/protocol/admin#get-registered-users-num",
            Task::CountDisabled => "http://jabber.org/protocol/admin#get-disabled-users-num",
            Task::CountOnline => "http://jabber.org/protocol/admin#get-online-users-num",
            Task::ListRegistered => "http://jabber.org/protocol/admin#get-registered-users-list",
            Task::ListDisabled => "http://jabber.org/protocol/admin#get-disabled-users-list",
            Task::ListOnline => "http://jabber.org/protocol/admin#get-online-users-list",
            Task::Announce => "http://jabber.org/protocol/admin#announce",
            Task::SetMotd => "http://jabber.org/protocol/admin#set-motd",
            Task::EditMotd => "http://jabber.org/protocol/admin#edit-motd",
            Task::DeleteMotd => "http://jabber.org/protocol/admin#delete-motd",
            Task::CountActive => "http://jabber.org/protocol/admin#get-active-users-num",
            Task::CountIdle => "http://jabber.org/protocol/admin#get-idle-users-num",
            Task::ListActive => "http://jabber.org/protocol/admin#get-active-users",
            Task::ListIdle => "http://jabber.org/protocol/admin#get-idle-users",
            Task::SetWelcome => "http://jabber.org/protocol/admin#set-welcome",
            Task::DeleteWelcome => "http://jabber.org/protocol/admin#delete-welcome",
            Task::Restart => "http://jabber.org/protocol/admin#restart",
            Task::Shutdown => "http://jabber.org/protocol/admin#shutdown",
        }
    }

    /// Its name for people.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Task::AddUser => "Add an account",
            Task::DeleteUser => "Delete accounts",
            Task::DisableUser => "Disable accounts",
            Task::ReenableUser => "Enable accounts again",
            Task::EndUserSession => "End sessions",
            Task::ChangePassword => "Change a password",
            Task::UserRoster => "Show a roster",
            Task::LastLogin => "Show when somebody was last here",
            Task::UserStatistics => "Show figures of an account",
            Task::CountRegistered => "Count the accounts",
            Task::CountDisabled => "Count the disabled accounts",
            Task::CountOnline => "Count the accounts that are online",
            Task::ListRegistered => "List the accounts",
            Task::ListDisabled => "List the disabled accounts",
            Task::ListOnline => "List the accounts that are online",
            Task::Announce => "Send an announcement to all that are online",
            Task::SetMotd => "Set a message of the day",
            Task::EditMotd => "Change the message of the day",
            Task::DeleteMotd => "Delete the message of the day",
            Task::CountActive => "Count the accounts that are active",
            Task::CountIdle => "Count the accounts that are idle",
            Task::ListActive => "List the accounts that are active",
            Task::ListIdle => "List the accounts that are idle",
            Task::SetWelcome => "Set a welcome for new accounts",
            Task::DeleteWelcome => "Delete the welcome for new accounts",
            Task::Restart => "Restart the server",
            Task::Shutdown => "Shut the server down",
        }
    }

    /// What it asks for; nothing where it needs nothing.
    pub(super) fn form(self) -> Option<Form> {
        let one = || required("accountjid", FieldType::JidSingle, "Account");
        let several = || required("accountjids", FieldType::JidMulti, "Accounts");
        let fields = match self {
            Task::AddUser => vec![
                one(),
                required("password", FieldType::TextPrivate, "Password"),
                required(
                    "password-verify",
                    FieldType::TextPrivate,
                    "Password once more",
                ),
            ],
            Task::ChangePassword => vec![
                one(),
                required("password", FieldType::TextPrivate, "New password"),
            ],
            Task::DeleteUser | Task::DisableUser | Task::ReenableUser | Task::LastLogin => {
                vec![several()]
            }
            Task::EndUserSession => vec![Field {
                desc: Some(Text::from_static(
                    "An account for all its sessions, a full address for one.",
                )),
                ..several()
            }],
            Task::UserRoster => {
                // A roster does not say whose it is: one at a time.
                let mut account = several();
                account.extend(&Validate {
                    list_range: Some(ListRange {
                        max: Some(1),
                        ..ListRange::default()
                    }),
                    ..Validate::default()
                });
                vec![account]
            }
            Task::UserStatistics => vec![one()],
            Task::ListRegistered
            | Task::ListDisabled
            | Task::ListOnline
            | Task::ListActive
            | Task::ListIdle => vec![max_items()],
            Task::Announce => vec![required(
                "announcement",
                FieldType::TextMulti,
                "Announcement",
            )],
            Task::SetMotd | Task::EditMotd => {
                vec![required("motd", FieldType::TextMulti, "Message of the day")]
            }
            Task::SetWelcome => vec![required("welcome", FieldType::TextMulti, "Welcome")],
            Task::Restart | Task::Shutdown => vec![
                one_of("delay", "Seconds until it happens", &DELAYS),
                Field {
                    required: false,
                    ..required("announcement", FieldType::TextMulti, "Announcement")
                },
            ],
            Task::CountRegistered
            | Task::CountDisabled
            | Task::CountOnline
            | Task::CountActive
            | Task::CountIdle
            | Task::DeleteMotd
            | Task::DeleteWelcome => {
                return None;
            }
        };
        let mut form = Form {
            title: Some(Text::from_static(self.name())),
            ..Form::new(FormType::Form)
        };
        form.fields.push(Field {
            var: Some(Text::from_static("FORM_TYPE")),
            type_: Some(FieldType::Hidden),
            values: std::iter::once(Text::from_static(Administration::FORM_TYPE)).collect(),
            ..Field::default()
        });
        form.fields.extend(fields);
        Some(form)
    }
}

fn required(var: &'static str, type_: FieldType, label: &'static str) -> Field {
    Field {
        var: Some(Text::from_static(var)),
        type_: Some(type_),
        label: Some(Text::from_static(label)),
        required: true,
        ..Field::default()
    }
}

/// Seconds until the service ends (§4.30); at once as well.
const DELAYS: [&str; 8] = ["0", "30", "60", "90", "120", "180", "240", "300"];

fn max_items() -> Field {
    let options = ["25", "50", "75", "100", "150", "200", "none"];
    one_of("max_items", "How many to show at most", &options)
}

/// A choice that may be left out.
fn one_of(var: &'static str, label: &'static str, values: &[&'static str]) -> Field {
    let options = values.iter();
    Field {
        required: false,
        options: options
            .map(|value| xep_0122::choice(Text::from_static(value)))
            .collect(),
        ..required(var, FieldType::ListSingle, label)
    }
}
