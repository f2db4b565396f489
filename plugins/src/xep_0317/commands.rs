//! The commands by which hats are made and given away (§3.2 to §3.7).

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_session::mux::IqContext;
use sestina_types::xep_0004::{Field, FieldType, Form, FormType, Item, OptionElement, Reported};
use sestina_types::xep_0317::forms::HatForm;
use sestina_wire::{BareJid, Condition, Decimal, FromText as _, StanzaError, Text};

use super::rack::{Look, Rack};
use super::{Server, rack_of};
use crate::xep_0045::{Muc, Room};
use crate::xep_0050::{Answers, Command, Done, Question, Step, Trouble};

/// Octets that the URI of a hat may have.
const LONGEST_URI: usize = 1000;
/// Octets that its title may have.
const LONGEST_TITLE: usize = 200;

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Create,
    Destroy,
    List,
    Assign,
    Unassign,
    ListAssigned,
}

impl Task {
    pub(super) const ALL: [Self; 6] = [
        Self::Create,
        Self::Destroy,
        Self::List,
        Self::Assign,
        Self::Unassign,
        Self::ListAssigned,
    ];

    /// The fields of its form, or of what it lists.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Create | Self::List => &["hats#title", "hats#uri", "hats#hue"],
            Self::Destroy => &["hats#uri"],
            Self::Assign | Self::Unassign => &["hats#jid", "hats#uri"],
            Self::ListAssigned => &["hats#jid", "hats#uri", "hats#title", "hats#hue"],
        }
    }
}

/// One of the commands.
pub(super) struct Managing {
    pub(super) task: Task,
    pub(super) server: Arc<Server>,
}

/// More than a room may have.
pub(super) fn too_many(text: String) -> StanzaError {
    StanzaError::new(Condition::ResourceConstraint).with_text(text)
}

pub(super) fn no_such_hat(uri: &str) -> StanzaError {
    StanzaError::new(Condition::ItemNotFound)
        .with_text(format!("the room has no hat {uri}; make it first"))
}

pub(super) fn not_worn(account: &BareJid, uri: &str) -> StanzaError {
    StanzaError::new(Condition::ItemNotFound)
        .with_text(format!("{account} does not wear the hat {uri}"))
}

impl Command for Managing {
    fn node(&self) -> &str {
        match self.task {
            Task::Create => "urn:xmpp:hats:commands:create",
            Task::Destroy => "urn:xmpp:hats:commands:destroy",
            Task::List => "urn:xmpp:hats:commands:list",
            Task::Assign => "urn:xmpp:hats:commands:assign",
            Task::Unassign => "urn:xmpp:hats:commands:unassign",
            Task::ListAssigned => "urn:xmpp:hats:commands:list-assigned",
        }
    }

    fn name(&self) -> &str {
        match self.task {
            Task::Create => "Create or change a hat",
            Task::Destroy => "Destroy a hat",
            Task::List => "List the hats",
            Task::Assign => "Assign a hat",
            Task::Unassign => "Take a hat away",
            Task::ListAssigned => "List who wears hats",
        }
    }

    /// What hats there are is for everybody who may enter. Who wears them says real addresses, also of those who are away.
    fn permits(&self, cx: &IqContext) -> Result<(), StanzaError> {
        let room = Muc::answering(cx)?.room_of(cx)?;
        match self.task {
            Task::List => room.reader(&cx.from),
            _ => room.admin(&cx.from),
        }
    }

    fn step<'a>(
        &'a self,
        cx: &'a IqContext,
        answers: Answers<'a>,
    ) -> BoxFuture<'a, Result<Step, Trouble>> {
        Box::pin(async move {
            let room = Muc::answering(cx)?.room_of(cx)?;
            let rack = rack_of(&room);
            match (self.task, answers.first()) {
                (Task::List | Task::ListAssigned, _) => {
                    Ok(Step::Done(Done::default().with(self.list(&rack))))
                }
                (_, None) => {
                    let offers = matches!(self.task, Task::Destroy | Task::Assign | Task::Unassign);
                    if offers && rack.hats.is_empty() {
                        return Ok(Step::Done(Done::default().saying("the room has no hats")));
                    }
                    Ok(Step::Ask(Question::last(self.form(&rack))))
                }
                (_, Some(filled)) => {
                    self.run(cx, &room, filled).await?;
                    Ok(Step::Done(Done::default()))
                }
            }
        })
    }
}

impl Managing {
    /// What is asked.
    fn form(&self, rack: &Rack) -> Form {
        let mut form = HatForm::default().write(FormType::Form);
        form.title = Some(self.name().into());
        let wanted = self.task.fields();
        form.fields.retain(|field| {
            let var = field.var.as_deref().unwrap_or_default();
            var == "FORM_TYPE" || wanted.contains(&var)
        });
        for field in &mut form.fields {
            match field.var.as_deref() {
                Some("hats#uri") if self.task != Task::Create => {
                    field.type_ = Some(FieldType::ListSingle);
                    let option = |(uri, look): (&Text, &Look)| OptionElement {
                        label: Some(look.title.clone()),
                        ..OptionElement::new(uri.clone())
                    };
                    field.options = rack.hats.iter().map(option).collect();
                    field.required = true;
                }
                Some("hats#uri" | "hats#title" | "hats#jid") => field.required = true,
                _ => {}
            }
        }
        form
    }

    /// What there is.
    fn list(&self, rack: &Rack) -> Form {
        let vars = self.task.fields();
        let item = |account: Option<&BareJid>, uri: &Text, look: &Look| {
            let hue = look.hue.as_ref().map(|hue| Text::from(hue.as_str()));
            let value = |var: &str| match var {
                "hats#jid" => account.map(|account| account.as_str().into()),
                "hats#uri" => Some(uri.clone()),
                "hats#title" => Some(look.title.clone()),
                _ => hue.clone(),
            };
            let fields = vars.iter().map(|var| Field {
                values: value(var).into_iter().collect(),
                ..field(var)
            });
            fields.collect::<Item>()
        };
        let items = if self.task == Task::List {
            let hats = rack.hats.iter();
            hats.map(|(uri, look)| item(None, uri, look)).collect()
        } else {
            let worn = rack.wearers.iter();
            let worn = worn.flat_map(|(account, worn)| worn.iter().map(move |uri| (account, uri)));
            worn.filter_map(|(account, uri)| Some(item(Some(account), uri, rack.hats.get(uri)?)))
                .collect()
        };
        let form_type = Field {
            type_: Some(FieldType::Hidden),
            values: std::iter::once(Text::from_static(HatForm::FORM_TYPE)).collect(),
            ..field("FORM_TYPE")
        };
        Form {
            title: Some(self.name().into()),
            fields: vec![form_type],
            reported: Some(vars.iter().map(|var| field(var)).collect::<Reported>()),
            items,
            ..Form::new(FormType::Result)
        }
    }

    /// What is done once the form is filled in.
    async fn run(&self, cx: &IqContext, room: &Room, filled: &Form) -> Result<(), Trouble> {
        let (server, host) = (&self.server, &cx.host);
        let said = HatForm::read(filled)?;
        let uri = said.uri.unwrap_or_default().detach();
        let account = || {
            let jid = said.jid.as_ref().map(BareJid::detach);
            let somebody = jid.filter(|jid| !jid.is_domain());
            somebody.ok_or_else(|| Trouble::Payload("a hat is for somebody: user@domain".into()))
        };
        match self.task {
            Task::Create => {
                let title = said.title.unwrap_or_default().detach();
                check(&uri, &title)?;
                let detached =
                    |hue: Decimal| Decimal::from_text(hue.as_str().to_owned().into()).ok();
                let hue = said.hue.and_then(detached);
                let degrees = hue.as_ref().map_or(0.0, Decimal::to_f64);
                if !(0.0..=360.0).contains(&degrees) {
                    return Err(Trouble::Payload(
                        "the hue is an angle between 0 and 360 degrees".into(),
                    ));
                }
                server.create(host, room, uri, Look { title, hue }).await?;
            }
            Task::Destroy => server.destroy(host, room, &uri).await?,
            Task::Assign => server.assign(host, room, account()?, &uri).await?,
            Task::Unassign => server.unassign(host, room, account()?, &uri).await?,
            Task::List | Task::ListAssigned => {}
        }
        Ok(())
    }
}

fn field(var: &'static str) -> Field {
    Field {
        var: Some(Text::from_static(var)),
        ..Field::default()
    }
}

/// Whether this may be a hat.
fn check(uri: &str, title: &str) -> Result<(), Trouble> {
    // Scheme and colon, and nothing that no URI has (RFC 3986 §3.1).
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme);
    let is_scheme = scheme.is_some_and(|scheme| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char))
    });
    if !is_scheme
        || uri
            .chars()
            .any(|char| char.is_whitespace() || char.is_control())
    {
        return Err(Trouble::Payload(
            "a hat is known by a URI, such as http://schemas.example/hats#host".into(),
        ));
    }
    for (what, text, most) in [("URI", uri, LONGEST_URI), ("title", title, LONGEST_TITLE)] {
        if text.len() > most {
            let length = text.len();
            return Err(Trouble::Payload(
                format!("the {what} of a hat has at most {most} octets, this one has {length}")
                    .into(),
            ));
        }
    }
    Ok(())
}
