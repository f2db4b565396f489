//! XEP-0357, Push Notifications: a push service is told that something waits for a client that sleeps.
//!
//! What warrants it is a message with something for a person in it that no session with an open stream is given, and one
//! that was written to a stream that turns out to be broken. Of an account at most one notification to a service is on its
//! way; what comes meanwhile is told by the next.

mod waiting;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use sestina_session::host::{Host, Resource};
use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::stages::{Delivery, Flow, Place, StageContext};
use sestina_skeletons::xep_0357::{self as skeleton, Settings};
use sestina_storage::{Secret, Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::rfc_6121::client::Body;
use sestina_types::xep_0004::{Form, FormType};
use sestina_types::xep_0060::pubsub::{Item, Publish, PublishOptions, Pubsub, PubsubChoice};
use sestina_types::xep_0334;
use sestina_types::xep_0357::forms::Summary;
use sestina_types::xep_0357::tables::{PushServicesRow, PushServicesStore};
use sestina_types::xep_0357::{Disable, Enable, Notification, SPEC};
use sestina_wire::{
    AnyElement, BareJid, Condition, ErrorKind, Jid, Payload as _, Stanza, StanzaError, StanzaType,
};

use crate::xep_0313;
use waiting::{Last, Waiting};

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often in a row a service may fail for a while before it is given up (§7.1).
const MOST_FAILURES: i64 = 10;

/// The server's part.
pub struct Server {
    services: PushServicesStore,
    waiting: Waiting,
    max_services: usize,
    include_sender: bool,
    include_body: bool,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let services = setup.storage().push_services().or_else(|| {
            tracing::warn!(
                "the storage keeps no push services: they are lost when the server stops"
            );
            Storage::memory().push_services()
        });
        let missing = || StorageError::Unsupported("push services".into());
        Ok(Self {
            services: services.ok_or_else(missing)?,
            waiting: Waiting::default(),
            max_services: usize::try_from(setup.settings.max_services).unwrap_or_default(),
            include_sender: setup.settings.include_sender,
            include_body: setup.settings.include_body,
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let place = Place {
            spec: SPEC.id,
            name: "stream_broke",
            after: &[],
            before: &[],
        };
        let this = Arc::clone(self);
        registrar.session_break(place, move |cx, resource| {
            this.broke(&cx.host, resource);
            Flow::Continue
        });
        // Nobody is called for what is said to everybody in a room.
        registrar.passes(|_| true);
        Ok(())
    }

    /// The service is told from now on, with these options (§5).
    async fn enable(&self, cx: &IqContext, request: Enable) -> Result<Empty, StanzaError> {
        let owner = cx.from.to_bare();
        let known = self.services.of_owner(&owner).await?;
        let is_known = known
            .iter()
            .any(|row| row.service == request.jid && row.node == request.node.as_str());
        if !is_known && known.len() >= self.max_services {
            return Err(
                StanzaError::new(Condition::ResourceConstraint).with_text(format!(
                    "no more than {} push services can be enabled; disable others first",
                    self.max_services
                )),
            );
        }
        let options = request.options.map(|form| form.to_any().to_document());
        let login = cx.session.as_ref().and_then(|session| session.login());
        let client = login.and_then(|login| login.user_agent.id.as_ref().map(ToString::to_string));
        let row = PushServicesRow {
            owner,
            service: request.jid.detach(),
            node: request.node.to_string(),
            options: options.map(|options| Secret::new(options.to_string())),
            client,
            created: cx.host.clock().now(),
            failures: 0,
        };
        self.services.put(&row).await?;
        Ok(Empty)
    }

    /// The service, or one node of it, is told no more (§6).
    async fn disable(&self, cx: &IqContext, request: Disable) -> Result<Empty, StanzaError> {
        let owner = cx.from.to_bare();
        for row in self.services.of_owner(&owner).await? {
            let node = request.node.as_deref();
            if row.service == request.jid && node.is_none_or(|node| row.node == node) {
                let PushServicesRow { service, node, .. } = &row;
                self.services.delete(&owner, service, node).await?;
            }
        }
        Ok(Empty)
    }

    fn arriving(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        let others = d.also.iter().map(|(other, _)| other);
        let mut given = d.resources.iter().chain(others);
        if given.any(|resource| !resource.is_broken()) || is_own(&d.stanza, &d.account) {
            return Flow::Continue;
        }
        let Some(last) = self.last(&d.stanza) else {
            return Flow::Continue;
        };
        let (this, host) = (Arc::clone(self), Arc::clone(&cx.host));
        let account = d.account.detach();
        // Once the archive has it, where the client will look for it.
        Flow::Afterwards(Box::new(move |_| {
            this.tell(&host, account, 1, last);
            Flow::Continue
        }))
    }

    fn session_started(self: &Arc<Self>, _: &StageContext, resource: &Arc<Resource>) -> Flow {
        self.waiting.forget(resource.account().jid());
        Flow::Continue
    }
}

/// Whether an account wrote to itself.
fn is_own(stanza: &Stanza, account: &BareJid) -> bool {
    let from = stanza.from();
    from.is_some_and(|from| from.bare_str() == account.as_str())
}

impl Server {
    /// What is said of a message, if it warrants a notification.
    fn last(&self, stanza: &Stanza) -> Option<Last> {
        if !matches!(stanza.type_(), StanzaType::Chat | StanzaType::Normal) {
            return None;
        }
        // What is not to be stored cannot be fetched later (XEP-0334 §4).
        let is_passing = stanza.child("no-store", xep_0334::NS).is_some();
        if is_passing || !stanza.children().any(|child| xep_0313::is_content(&child)) {
            return None;
        }
        let body = stanza.decode::<Body>().and_then(Result::ok);
        let sender = stanza.from().filter(|_| self.include_sender);
        Some(Last {
            sender: sender.map(Jid::detach),
            body: body.filter(|_| self.include_body).map(|body| body.text),
        })
    }

    /// A stream broke: what its client has not acknowledged waits.
    fn broke(self: &Arc<Self>, host: &Arc<Host>, resource: &Arc<Resource>) {
        let account = resource.account().jid();
        let messages = resource.unacknowledged();
        let messages = messages.iter().filter(|stanza| !is_own(stanza, account));
        let mut worth: Vec<Last> = messages.filter_map(|stanza| self.last(stanza)).collect();
        let count = u32::try_from(worth.len()).unwrap_or(u32::MAX);
        if let Some(last) = worth.pop() {
            self.tell(host, account.detach(), count, last);
        }
    }

    /// Tells the services of an account, unless that is being done: then it is done once more.
    fn tell(self: &Arc<Self>, host: &Arc<Host>, account: BareJid, count: u32, last: Last) {
        if self.waiting.add(&account, count, last) {
            let (this, host) = (Arc::clone(self), Arc::clone(host));
            tokio::spawn(async move { this.work(&host, &account).await });
        }
    }

    async fn work(&self, host: &Arc<Host>, account: &BareJid) {
        while let Some((count, last)) = self.waiting.next(account) {
            let services = match self.services.of_owner(account).await {
                Ok(services) => services,
                Err(error) => {
                    tracing::warn!(%account, %error, "push services cannot be read");
                    Vec::new()
                }
            };
            if services.is_empty() {
                self.waiting.forget(account);
                return;
            }
            let summary = Summary {
                messages: Some(count),
                sender: last.sender,
                body: last.body,
                ..Summary::default()
            };
            let notification = Notification {
                any: vec![summary.write(FormType::Submit).to_any()],
                ..Notification::default()
            };
            let services = services.into_iter();
            join_all(services.map(|service| self.publish(host, service, &notification))).await;
        }
    }

    /// Publishes a notification (§7); a service that does not want it is disabled (§7.1).
    async fn publish(
        &self,
        host: &Arc<Host>,
        service: PushServicesRow,
        notification: &Notification,
    ) {
        let item = Item {
            payload: vec![notification.to_any()],
            ..Item::default()
        };
        let options = service.options.as_ref().and_then(|options| {
            let form = AnyElement::parse(options.expose_secret().as_str()).ok()?;
            Form::read(form.root()).ok()
        });
        let publish = Publish {
            items: vec![item],
            ..Publish::new(service.node.as_str().into())
        };
        let request = Stanza::iq(StanzaType::Set)
            .with_from(host.domain().clone())
            .with_to(service.service.clone())
            .with(&Pubsub {
                action: Some(PubsubChoice::Publish(publish)),
                publish_options: options.map(|form| PublishOptions {
                    form: Some(form),
                    ..PublishOptions::default()
                }),
                ..Pubsub::default()
            });
        let failures = service.failures.saturating_add(1);
        let noted = match host.request(request, PATIENCE).await {
            Ok(_) if service.failures == 0 => Ok(()),
            Ok(_) => self.set_failures(&service, 0).await,
            Err(error) if is_passing(&error) && failures < MOST_FAILURES => {
                self.set_failures(&service, failures).await
            }
            Err(error) => {
                tracing::info!(
                    account = %service.owner, service = %service.service, %error,
                    "a push service is given up"
                );
                let deleted = self
                    .services
                    .delete(&service.owner, &service.service, &service.node);
                deleted.await.map(drop)
            }
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "what became of a notification is not noted");
        }
    }

    async fn set_failures(&self, of: &PushServicesRow, failures: i64) -> Result<(), StorageError> {
        // It may have been enabled anew or disabled meanwhile.
        match self.services.get(&of.owner, &of.service, &of.node).await? {
            Some(row) => {
                let row = PushServicesRow { failures, ..row };
                self.services.put(&row).await
            }
            None => Ok(()),
        }
    }
}

/// Whether an error may be another one later.
fn is_passing(error: &StanzaError) -> bool {
    error.kind == ErrorKind::Wait
        || matches!(
            error.condition,
            Condition::RemoteServerNotFound
                | Condition::RemoteServerTimeout
                | Condition::ServiceUnavailable
                | Condition::InternalServerError
                | Condition::ResourceConstraint
        )
}
