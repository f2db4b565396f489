//! XEP-0050, Ad-Hoc Commands: what the host, and its services, do for whoever fills in their forms.
//!
//! Other specifications offer [commands](Command); here are their sessions, which form belongs to which, going forth and
//! back, and the errors.

mod command;
mod discovery;
mod sessions;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0050::{self as skeleton, Settings};
use sestina_types::xep_0004::{self, FieldType, Form};
use sestina_types::xep_0050::{
    self, Action, Actions, BadAction, BadPayload, BadSessionid, DefaultAction, MalformedAction,
    Note, NoteType, SessionExpired, Status,
};
use sestina_wire::dispatch::Scope;
use sestina_wire::{AnyElement, Condition, Payload as _, StanzaError, Text};

use crate::xep_0030::Answering;
use crate::xep_0122;

pub(crate) use command::called;
pub use command::{Answers, Command, Done, Question, Step, Trouble};
pub use discovery::only_if;

use sessions::{Open, Sessions};

/// The commands that a host and its services offer. A host keeps one such list, empty unless plugins add to it.
#[derive(Default)]
pub struct Commands(RwLock<BTreeMap<(Place, String), Arc<dyn Command>>>);

/// Where a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Host,
    /// At a service of the host.
    Service(&'static str),
    /// At everything that stands below a service, such as its rooms.
    Below(&'static str),
}

impl Commands {
    /// The list of a host.
    #[must_use]
    pub fn of(host: &Host) -> Arc<Self> {
        host.extensions().get_or_insert_with(Self::default)
    }

    /// Offers a command, in place of one with the same node.
    pub fn offer(&self, command: Arc<dyn Command>) {
        self.put(Place::Host, command);
    }

    /// The same at a service of the host, by its name.
    pub fn offer_at(&self, service: &'static str, command: Arc<dyn Command>) {
        self.put(Place::Service(service), command);
    }

    /// The same at everything that stands below a service of the host: at each of its rooms. Whether there is what a request
    /// is for, the command says.
    pub fn offer_below(&self, service: &'static str, command: Arc<dyn Command>) {
        self.put(Place::Below(service), command);
    }

    fn put(&self, place: Place, command: Arc<dyn Command>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert((place, command.node().to_owned()), command);
    }

    fn get(&self, cx: &IqContext, node: &str) -> Option<Arc<dyn Command>> {
        let place = place(cx)?;
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&(place, node.to_owned())).cloned()
    }

    fn all(&self, cx: &IqContext) -> Vec<Arc<dyn Command>> {
        let Some(place) = place(cx) else {
            return Vec::new();
        };
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let here = all.iter().filter(|((at, _), _)| *at == place);
        here.map(|(_, command)| Arc::clone(command)).collect()
    }
}

/// Where a request looks for commands; nowhere at a resource, which has none.
fn place(cx: &IqContext) -> Option<Place> {
    match cx.scope {
        Scope::Host => Some(Place::Host),
        Scope::Service(name) => {
            let to = cx.to.as_ref().filter(|to| to.resource().is_none())?;
            Some(match to.local() {
                None => Place::Service(name),
                Some(_) => Place::Below(name),
            })
        }
        _ => None,
    }
}

/// The server's part.
pub struct Server {
    sessions: Sessions,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let settings = setup.settings;
        let bound = |setting: i64| usize::try_from(setting).unwrap_or_default();
        Ok(Self {
            sessions: Sessions::new(
                settings.timeout.duration(),
                bound(settings.per_requester),
                bound(settings.open),
            ),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let host = registrar.host();
        Answering::of(host).add(Commands::of(host));
        Ok(())
    }

    async fn host_command(
        &self,
        cx: &IqContext,
        request: xep_0050::Command,
    ) -> Result<xep_0050::Command, StanzaError> {
        let command = Commands::of(&cx.host)
            .get(cx, &request.node)
            .ok_or_else(|| StanzaError::new(Condition::ItemNotFound))?;
        command.permits(cx)?;
        if matches!(request.action, Some(Action::Other(_))) {
            return Err(bad_request(
                &MalformedAction::default(),
                "there is no such action",
            ));
        }
        match &request.sessionid {
            None => self.begin(cx, &*command, &request).await,
            Some(id) => self.go_on(cx, &*command, &request, id).await,
        }
    }
}

impl Server {
    /// A command begins (§2.4).
    async fn begin(
        &self,
        cx: &IqContext,
        command: &dyn Command,
        request: &xep_0050::Command,
    ) -> Result<xep_0050::Command, StanzaError> {
        if !matches!(request.action, None | Some(Action::Execute)) {
            return Err(bad_request(
                &BadAction::default(),
                "a command begins with `execute`; what goes on needs its `sessionid`",
            ));
        }
        let id = sessions::new_id(&cx.host, &cx.from, &request.node);
        let mut step = command.step(cx, Answers::default()).await;
        let mut answers = Vec::new();
        // Who knows the form already sends it filled in at once (XEP-0317 §3.3).
        if let Ok(Step::Ask(asked)) = &step
            && asked.complete
            && form_in(request).is_some()
        {
            answers.push(filled_in(request, &asked.form)?);
            let forms = Answers {
                forms: &answers,
                complete: true,
            };
            step = command.step(cx, forms).await;
        }
        let node = Text::from(command.node());
        self.after(cx, id, &node, answers, None, step)
    }

    /// The next word in a command that has asked.
    async fn go_on(
        &self,
        cx: &IqContext,
        command: &dyn Command,
        request: &xep_0050::Command,
        id: &Text,
    ) -> Result<xep_0050::Command, StanzaError> {
        let (host, node) = (&cx.host, &request.node);
        let Some(open) = self.sessions.take(host, id, &cx.from, node) else {
            return Err(if sessions::was_ours(host, id, &cx.from, node) {
                StanzaError::new(Condition::NotAllowed)
                    .with_application(&SessionExpired::default())
                    .with_text("this command is over; begin anew")
            } else {
                bad_request(&BadSessionid::default(), "nothing of yours is called so")
            });
        };
        let action = match request.action.clone().unwrap_or(Action::Execute) {
            // What it stands for has been said with the form (§3.4).
            Action::Execute if open.asked.next => Action::Next,
            Action::Execute => Action::Complete,
            action => action,
        };
        let possible = match action {
            Action::Prev => !open.answers.is_empty(),
            Action::Next => open.asked.next,
            Action::Complete => open.asked.complete,
            _ => true,
        };
        if !possible {
            self.put_back(cx, id, open)?;
            return Err(bad_request(&BadAction::default(), "not at this point"));
        }
        match action {
            Action::Cancel => Ok(answer(node, id, Status::Canceled)),
            Action::Prev => {
                let mut answers = open.answers;
                let remembered = answers.pop();
                let forms = Answers {
                    forms: &answers,
                    complete: false,
                };
                let step = command.step(cx, forms).await;
                self.after(cx, id.clone(), node, answers, remembered, step)
            }
            action => {
                let given = match filled_in(request, &open.asked.form) {
                    Ok(given) => given,
                    Err(error) => {
                        self.put_back(cx, id, open)?;
                        return Err(error);
                    }
                };
                let complete = action == Action::Complete;
                let mut answers = open.answers.clone();
                answers.push(given);
                let forms = Answers {
                    forms: &answers,
                    complete,
                };
                match command.step(cx, forms).await {
                    Err(Trouble::Payload(reason)) => {
                        self.put_back(cx, id, open)?;
                        Err(bad_request(&BadPayload::default(), reason))
                    }
                    step => self.after(cx, id.clone(), node, answers, None, step),
                }
            }
        }
    }

    /// What is answered after a step.
    fn after(
        &self,
        cx: &IqContext,
        id: Text,
        node: &Text,
        answers: Vec<Form>,
        remembered: Option<Form>,
        step: Result<Step, Trouble>,
    ) -> Result<xep_0050::Command, StanzaError> {
        match step {
            Ok(Step::Ask(mut asked)) => {
                if let Some(remembered) = remembered {
                    remember(&mut asked.form, &remembered);
                }
                let mut said = answer(node, &id, Status::Executing);
                said.actions = Some(Actions {
                    execute: Some(match asked.next {
                        true => DefaultAction::Next,
                        false => DefaultAction::Complete,
                    }),
                    prev: !answers.is_empty(),
                    next: asked.next,
                    complete: asked.complete,
                    ..Actions::default()
                });
                said.any.push(asked.form.to_any());
                let open = Open {
                    who: cx.from.detach(),
                    node: node.detach(),
                    answers,
                    asked,
                    since: cx.host.clock().monotonic(),
                };
                self.put_back(cx, &id, open)?;
                Ok(said)
            }
            Ok(Step::Done(done)) => {
                let mut said = answer(node, &id, Status::Completed);
                said.notes = done
                    .notes
                    .into_iter()
                    .map(|(failed, text)| Note {
                        type_: Some(match failed {
                            true => NoteType::Error,
                            false => NoteType::Info,
                        }),
                        ..Note::new(text)
                    })
                    .collect();
                said.any.extend(done.form.map(|form| form.to_any()));
                Ok(said)
            }
            Err(Trouble::Payload(reason)) => Err(bad_request(&BadPayload::default(), reason)),
            Err(Trouble::Refused(error)) => Err(error),
        }
    }

    fn put_back(&self, cx: &IqContext, id: &Text, open: Open) -> Result<(), StanzaError> {
        let put = self.sessions.put(&cx.host, id.detach(), open);
        put.map_err(|_| {
            StanzaError::new(Condition::ResourceConstraint).with_text(format!(
                "{} commands wait for their forms already, as many as may; try again later",
                self.sessions.most()
            ))
        })
    }
}

/// The form in a request.
fn form_in(request: &xep_0050::Command) -> Option<&AnyElement> {
    let mut any = request.any.iter();
    any.find(|any| any.is(Form::NAME, xep_0004::NS))
}

/// The form that was sent in, if it holds what was asked for.
fn filled_in(request: &xep_0050::Command, asked: &Form) -> Result<Form, StanzaError> {
    let Some(given) = form_in(request) else {
        return Err(bad_request(&BadPayload::default(), "the form is missing"));
    };
    // A form that is called off counts as one that is sent in (§3.5).
    let mut given = given.detach().decode::<Form>()?;
    given.type_ = xep_0004::FormType::Submit;
    xep_0122::check(asked, &given).map_err(|reason| bad_request(&BadPayload::default(), reason))?;
    Ok(given)
}

/// Fills in what was filled in before; secrets are not sent back.
fn remember(form: &mut Form, before: &Form) {
    for field in &mut form.fields {
        if matches!(
            field.type_,
            Some(FieldType::Hidden | FieldType::TextPrivate)
        ) {
            continue;
        }
        let given = before
            .fields
            .iter()
            .find(|given| given.var.is_some() && given.var == field.var);
        if let Some(given) = given {
            field.values = given.values.clone();
        }
    }
}

fn answer(node: &Text, id: &Text, status: Status) -> xep_0050::Command {
    xep_0050::Command {
        sessionid: Some(id.clone()),
        status: Some(status),
        lang: Some(Text::from_static("en")),
        ..xep_0050::Command::new(node.clone())
    }
}

/// The errors of §4.4.
fn bad_request(element: &impl sestina_wire::Payload, text: impl Into<Text>) -> StanzaError {
    StanzaError::new(Condition::BadRequest)
        .with_application(element)
        .with_text(text)
}
