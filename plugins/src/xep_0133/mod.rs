//! XEP-0133, Service Administration: what administrators do by commands.
//!
//! Offered is what the server can do and what it knows. It keeps no passwords, so none is shown; of traffic it counts
//! nothing for single accounts, so no such figures are given.

mod accounts;
mod disabled;
mod ending;
mod kept;
mod knowledge;
mod motd;
mod task;
mod welcome;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0133::{self as skeleton, Settings};
use sestina_types::xep_0133::forms::Administration;
use sestina_wire::{BareJid, Jid, StanzaError, StanzaType};

use crate::xep_0050::{Answers, Command, Commands, Done, Question, Step, Trouble, only_if};

use disabled::Disabled;
use motd::Motd;
use task::Task;
use welcome::Welcome;

pub use ending::{End, Ending};
pub use welcome::welcome;

/// Whether somebody may administer a host.
#[must_use]
pub fn is_administrator(host: &Host, who: &Jid) -> bool {
    host.extensions()
        .get::<Administrators>()
        .is_some_and(|admins| admins.0.contains(who.bare_str()))
}

/// Those who may administer a host.
struct Administrators(BTreeSet<BareJid>);

/// The server's part.
pub struct Server {
    disabled: Arc<Disabled>,
    motd: Motd,
    welcome: Welcome,
    domain: BareJid,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let read = |written: &String| {
            BareJid::parse(written)
                .ok()
                .filter(|admin| admin.local().is_some())
                .ok_or_else(|| PluginError::Settings {
                    spec: "xep-0133",
                    message: format!(
                        "admins: `{written}` is no account, such as admin@example.org"
                    ),
                })
        };
        let admins = setup.settings.admins.iter().map(read);
        let admins = admins.collect::<Result<BTreeSet<_>, _>>()?;
        setup
            .host
            .extensions()
            .insert(Arc::new(Administrators(admins)));
        Ok(Self {
            disabled: Arc::new(Disabled::new(setup.storage())?),
            motd: Motd::new(setup.storage())?,
            welcome: Welcome::new(setup.host, setup.storage())?,
            domain: setup.host.domain().clone(),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let host = registrar.host();
        if let Some(accounts) = host.accounts() {
            accounts.ask_suspensions(self.disabled.clone());
        }
        for task in Task::ALL {
            let server = Arc::clone(self);
            Commands::of(host).offer(Arc::new(AdminCommand { task, server }));
        }
        Ok(())
    }

    async fn start(&self) -> Result<(), PluginError> {
        self.motd.load(self.domain.as_str()).await?;
        self.welcome.load(self.domain.as_str()).await?;
        Ok(self.disabled.load(self.domain.as_str()).await?)
    }

    fn greet(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        if let Some(session) = &d.from_session
            && d.stanza.to().is_none()
            && d.type_() == StanzaType::Available
            && let Some(message) = self.motd.tell(&cx.host, session.account().jid())
        {
            cx.host.deliver_to(session, message).detach();
        }
        Flow::Continue
    }
}

/// One command of an administrator.
struct AdminCommand {
    task: Task,
    server: Arc<Server>,
}

impl Command for AdminCommand {
    fn node(&self) -> &str {
        self.task.node()
    }

    fn name(&self) -> &str {
        self.task.name()
    }

    fn permits(&self, cx: &IqContext) -> Result<(), StanzaError> {
        // What nobody would do is not offered.
        let is_done = match self.task {
            Task::Restart | Task::Shutdown => Ending::of(&cx.host).is_listened(),
            _ => true,
        };
        only_if(is_done && is_administrator(&cx.host, &cx.from))
    }

    fn step<'a>(
        &'a self,
        cx: &'a IqContext,
        answers: Answers<'a>,
    ) -> BoxFuture<'a, Result<Step, Trouble>> {
        Box::pin(async move {
            let filled = match (self.task.form(), answers.first()) {
                (Some(mut form), None) => {
                    let said = match self.task {
                        Task::EditMotd => Some(self.server.motd.lines()),
                        Task::SetWelcome => Some(self.server.welcome.lines()),
                        _ => None,
                    };
                    if let (Some(said), Some(field)) = (said, form.fields.last_mut()) {
                        field.values = said.into_iter().collect();
                    }
                    return Ok(Step::Ask(Question::last(form)));
                }
                (_, Some(form)) => Administration::read(form)?,
                (None, None) => Administration::default(),
            };
            let done = self.server.run(cx, self.task, filled).await?;
            Ok(Step::Done(done))
        })
    }
}

impl Server {
    /// Does what was asked for.
    async fn run(
        &self,
        cx: &IqContext,
        task: Task,
        filled: Administration,
    ) -> Result<Done, Trouble> {
        match task {
            Task::AddUser => self.add_user(cx, &filled).await,
            Task::DeleteUser => self.delete_users(cx, &filled).await,
            Task::DisableUser => self.disable_users(cx, &filled).await,
            Task::ReenableUser => self.reenable_users(cx, &filled).await,
            Task::EndUserSession => self.end_sessions(cx, &filled),
            Task::ChangePassword => self.change_password(cx, &filled).await,
            Task::UserRoster => self.user_roster(cx, &filled).await,
            Task::LastLogin => self.last_login(cx, &filled).await,
            Task::UserStatistics => self.user_statistics(cx, &filled).await,
            Task::CountRegistered => self.count_registered(cx).await,
            Task::CountDisabled => self.count_disabled(),
            Task::CountOnline => self.count_online(cx),
            Task::ListRegistered => self.list_registered(cx, &filled).await,
            Task::ListDisabled => self.list_disabled(&filled),
            Task::ListOnline => self.list_online(cx, &filled),
            Task::Announce => self.announce(cx, &filled),
            Task::SetMotd | Task::EditMotd => self.set_motd(cx, &filled).await,
            Task::DeleteMotd => self.delete_motd(cx).await,
            Task::SetWelcome => self.set_welcome(cx, &filled).await,
            Task::DeleteWelcome => self.delete_welcome(cx).await,
            Task::CountActive => self.count_active(cx),
            Task::CountIdle => self.count_idle(cx),
            Task::ListActive => self.list_active(cx, &filled),
            Task::ListIdle => self.list_idle(cx, &filled),
            Task::Restart => self.end(cx, &filled, End::Restart),
            Task::Shutdown => self.end(cx, &filled, End::Shutdown),
        }
    }
}
