//! One stanza on its way: a state machine that runs without waiting as long as nothing waits, and
//! moves to the heap when something does.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_storage::StorageError;
use sestina_wire::dispatch::Scope;
use sestina_wire::{
    BareJid, Condition, Jid, Kind, Stanza, StanzaError, StanzaType, StreamCondition, StreamError,
};
use smallvec::SmallVec;

use crate::errors;
use crate::host::{Host, Resource, Resources, Sent};
use crate::metrics;
use crate::mux::{IqContext, IqRequest};
use crate::router::{Domain, Outcome, Routed, Router, Source};
use crate::stages::{Delivery, Flow, Stage, StageContext};

/// Where the stanza is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// At a stage whose next function is `index`.
    Stage(Stage),
    /// The domain decides where it goes.
    Target,
    /// It is for an account: somebody must have looked whether there is one.
    Account,
    /// It is for an account and no stage took it: handlers, then sessions.
    Handlers(Scope),
    /// The next of its sessions.
    Fan,
    /// Into the queue of [`Delivery::resource`].
    Push,
}

/// What the writing to sessions is for.
enum Purpose {
    /// The delivery of the stanza itself.
    Deliver,
    /// A stanza for one session, past the router.
    Direct,
    /// An answer; the outcome is that of the stanza it answers.
    Answer(Outcome),
}

/// What is waited for.
enum Waiting {
    /// A stage function or a handler.
    Flow(BoxFuture<'static, Flow>),
    /// Whether the account exists.
    Exists(BoxFuture<'static, Result<bool, StorageError>>),
    /// The answer to a request.
    Answer(BoxFuture<'static, Stanza>),
    /// Room in a session's queue.
    Room(Arc<Resource>),
    /// Another way the stanza, or an answer to it, goes.
    Routed(BoxFuture<'static, Outcome>),
}

/// How a step ends.
enum Step {
    /// Go on with the phase that is set.
    On,
    Wait(Waiting),
    Finished(Outcome),
}

/// How the functions of a stage end.
enum Turn {
    Passed,
    Wait(BoxFuture<'static, Flow>),
    Done,
    Refused(StanzaError),
}

/// One stanza on its way.
pub(super) struct Delivering {
    router: Arc<Router>,
    cx: StageContext,
    source: Source,
    delivery: Delivery,
    phase: Phase,
    /// The next function of the stage.
    index: usize,
    purpose: Purpose,
    /// Sessions still to be served, the next one last.
    rest: Resources,
    /// The stanza as it was before functions of one session changed it.
    original: Option<Stanza>,
    /// Whether a session has it.
    taken: bool,
    /// What a function said when it refused the stanza for one session.
    failed: Option<StanzaError>,
}

impl Delivering {
    fn new(
        router: Arc<Router>,
        host: Arc<Host>,
        source: Source,
        stanza: Stanza,
        account: BareJid,
        phase: Phase,
    ) -> Self {
        let from_session = match &source {
            Source::Session(session) => Some(Arc::clone(session)),
            Source::Server | Source::Outside => None,
        };
        let delivery = Delivery {
            stanza,
            account,
            resources: SmallVec::new(),
            resource: None,
            from_session,
            outcome: None,
        };
        Delivering {
            router,
            cx: StageContext { host },
            source,
            delivery,
            phase,
            index: 0,
            purpose: Purpose::Deliver,
            rest: SmallVec::new(),
            original: None,
            taken: false,
            failed: None,
        }
    }

    /// A stanza that a local session sent.
    pub(super) fn received(
        router: Arc<Router>,
        host: Arc<Host>,
        session: Arc<Resource>,
        mut stanza: Stanza,
    ) -> Self {
        host.stages().strip(&mut stanza);
        let account = session.account().jid().clone();
        Self::new(
            router,
            host,
            Source::Session(session),
            stanza,
            account,
            Phase::Stage(Stage::Received),
        )
    }

    /// A stanza from elsewhere, or made by the server.
    pub(super) fn routed(
        router: Arc<Router>,
        host: Arc<Host>,
        source: Source,
        stanza: Stanza,
    ) -> Self {
        let account = recipient(&host, &source, &stanza);
        Self::new(
            router,
            host,
            source,
            stanza,
            account,
            Phase::Stage(Stage::BeforeRouting),
        )
    }

    /// A stanza for one session.
    pub(super) fn to_session(
        router: Arc<Router>,
        host: Arc<Host>,
        resource: Arc<Resource>,
        stanza: Stanza,
    ) -> Self {
        let account = resource.account().jid().clone();
        let mut this = Self::new(
            router,
            host,
            Source::Server,
            stanza,
            account,
            Phase::Stage(Stage::BeforeWrite),
        );
        this.delivery.resource = Some(resource);
        this.purpose = Purpose::Direct;
        this
    }

    /// A stanza that was found unacceptable.
    pub(super) fn refused(
        router: Arc<Router>,
        host: Arc<Host>,
        source: Source,
        stanza: Stanza,
        error: StanzaError,
    ) -> Self {
        let account = recipient(&host, &source, &stanza);
        let mut this = Self::new(router, host, source, stanza, account, Phase::Fan);
        this.failed = Some(error);
        this
    }

    /// Takes the stanza as far as it gets without waiting.
    pub(super) fn start(mut self) -> Routed {
        match self.advance(Step::On) {
            Ok(outcome) => Routed::Now(outcome),
            Err(waiting) => Routed::Later(Box::pin(self.wait(waiting))),
        }
    }

    async fn wait(mut self, mut waiting: Waiting) -> Outcome {
        loop {
            let step = match waiting {
                Waiting::Flow(future) => {
                    let flow = future.await;
                    let turn = self.settle(flow);
                    self.turned(turn)
                }
                Waiting::Exists(future) => self.existing(future.await),
                Waiting::Answer(future) => {
                    let answer = future.await;
                    self.answer(answer, Outcome::Delivered)
                }
                Waiting::Room(resource) => {
                    self.room(&resource).await;
                    Step::On
                }
                Waiting::Routed(future) => {
                    let outcome = future.await;
                    self.elsewhere(Routed::Now(outcome))
                }
            };
            match self.advance(step) {
                Ok(outcome) => return outcome,
                Err(next) => waiting = next,
            }
        }
    }

    fn advance(&mut self, mut step: Step) -> Result<Outcome, Waiting> {
        loop {
            step = match step {
                Step::Wait(waiting) => return Err(waiting),
                Step::Finished(outcome) => return Ok(outcome),
                Step::On => match self.phase {
                    Phase::Stage(stage) => {
                        let turn = self.run(stage);
                        self.turned(turn)
                    }
                    Phase::Target => self.target(),
                    Phase::Account => self.account(),
                    Phase::Handlers(scope) => self.handlers(scope),
                    Phase::Fan => self.fan(),
                    Phase::Push => self.push(),
                },
            };
        }
    }

    fn enter(&mut self, phase: Phase) -> Step {
        self.phase = phase;
        self.index = 0;
        Step::On
    }

    /// Runs the functions of a stage that have not run yet.
    fn run(&mut self, stage: Stage) -> Turn {
        loop {
            let functions = self.cx.host.stages().of(stage, self.delivery.stanza.kind());
            let Some(function) = functions.get(self.index) else {
                return Turn::Passed;
            };
            self.index += 1;
            let flow = function(&self.cx, &mut self.delivery);
            match self.settle(flow) {
                Turn::Passed => {}
                other => return other,
            }
        }
    }

    fn settle(&mut self, mut flow: Flow) -> Turn {
        loop {
            match flow {
                Flow::Continue => return Turn::Passed,
                Flow::Done => return Turn::Done,
                Flow::Refuse(error) => return Turn::Refused(error),
                Flow::Wait(future) => return Turn::Wait(future),
                Flow::Then(change) => flow = change(&mut self.delivery),
            }
        }
    }

    /// Goes where the functions of the current stage, or the handlers, say.
    fn turned(&mut self, turn: Turn) -> Step {
        let of_session = matches!(
            self.phase,
            Phase::Stage(Stage::Resource | Stage::BeforeWrite)
        );
        match turn {
            Turn::Wait(future) => Step::Wait(Waiting::Flow(future)),
            Turn::Passed => self.passed(),
            Turn::Done if of_session => {
                self.taken = true;
                self.enter(Phase::Fan)
            }
            Turn::Done => {
                let usual = match self.phase {
                    Phase::Stage(Stage::Undeliverable) => Outcome::Queued,
                    _ => Outcome::Delivered,
                };
                Step::Finished(self.delivery.outcome.take().unwrap_or(usual))
            }
            Turn::Refused(error) if of_session => {
                self.failed = Some(error);
                self.enter(Phase::Fan)
            }
            Turn::Refused(error) => self.refuse(error),
        }
    }

    /// One function passed the stanza on: the next one, or what follows the last.
    fn passed(&mut self) -> Step {
        let stage = match self.phase {
            Phase::Stage(stage) => stage,
            // The handlers of messages and presences all passed it on.
            Phase::Handlers(scope) => return self.unhandled(scope),
            Phase::Target | Phase::Account | Phase::Fan | Phase::Push => return Step::On,
        };
        if self.index
            < self
                .cx
                .host
                .stages()
                .of(stage, self.delivery.stanza.kind())
                .len()
        {
            return Step::On;
        }
        match stage {
            Stage::Received => {
                self.delivery.account =
                    recipient(&self.cx.host, &self.source, &self.delivery.stanza);
                self.enter(Phase::Stage(Stage::BeforeRouting))
            }
            Stage::BeforeRouting => self.enter(Phase::Target),
            Stage::AccountDelivery => {
                let own = self
                    .delivery
                    .stanza
                    .from()
                    .is_some_and(|from| is_of(from, &self.delivery.account));
                self.enter(Phase::Handlers(if own {
                    Scope::OwnAccount
                } else {
                    Scope::OtherAccount
                }))
            }
            Stage::Resource => self.enter(Phase::Stage(Stage::BeforeWrite)),
            Stage::BeforeWrite => self.enter(Phase::Push),
            Stage::Undeliverable => self.last_resort(),
        }
    }

    /// By domain.
    fn target(&mut self) -> Step {
        let Some(to) = self.delivery.stanza.to() else {
            // Without an address it is for the sender's account (RFC 6120 §10.3); presence without an address
            // was for the presence plugin, which has seen it.
            return match (&self.source, self.delivery.stanza.kind()) {
                (Source::Session(_), Kind::Message | Kind::Iq) => self.enter(Phase::Account),
                (Source::Session(_), Kind::Presence) => Step::Finished(Outcome::Delivered),
                _ => Step::Finished(Outcome::NoSession),
            };
        };
        if !self.cx.host.serves(to) {
            match self.router.domain(to.domain()) {
                Some(Domain::Host(host)) => self.cx.host = host,
                Some(Domain::Service(host, name)) => {
                    self.cx.host = host;
                    return self.enter(Phase::Handlers(Scope::Service(name)));
                }
                Some(Domain::Other(destination)) => {
                    let routed = destination.route(self.delivery.stanza.clone(), &self.source);
                    return self.elsewhere(routed);
                }
                None => {
                    let routed = self
                        .router
                        .elsewhere(self.delivery.stanza.clone(), &self.source);
                    return self.elsewhere(routed);
                }
            }
        }
        if to.local().is_some() {
            self.enter(Phase::Account)
        } else {
            self.enter(Phase::Handlers(Scope::Host))
        }
    }

    /// For an account of this host: finds the candidates.
    fn account(&mut self) -> Step {
        let stanza = &self.delivery.stanza;
        let to: &Jid = stanza.to().unwrap_or(&self.delivery.account);
        let online = self.cx.host.online(to);
        let Some(account) = online else {
            // A request to a session that is not there is answered the same for every account.
            if stanza.kind() == Kind::Iq && to.resource().is_some() {
                return self.enter(Phase::Stage(Stage::AccountDelivery));
            }
            // Nor can anybody see a presence, whether there is such an account or not.
            let is_seen = !matches!(
                stanza.type_(),
                StanzaType::Available | StanzaType::Unavailable | StanzaType::Probe
            );
            if stanza.kind() == Kind::Presence && !is_seen {
                return Step::Finished(Outcome::NoSession);
            }
            return Step::Wait(Waiting::Exists(
                self.cx.host.account_exists(&self.delivery.account),
            ));
        };
        self.delivery.resources = match to.resource() {
            Some(name) => account.resource(name).into_iter().collect(),
            None => account.resources(),
        };
        self.enter(Phase::Stage(Stage::AccountDelivery))
    }

    fn existing(&mut self, exists: Result<bool, StorageError>) -> Step {
        match exists {
            Ok(true) => self.enter(Phase::Stage(Stage::AccountDelivery)),
            // To an account that does not exist (RFC 6121 §8.5.1).
            Ok(false) => {
                let condition = match self.delivery.stanza.kind() {
                    Kind::Presence => return Step::Finished(Outcome::NoSession),
                    Kind::Message => Condition::ServiceUnavailable,
                    // As from an account that exists and answers nothing to others.
                    Kind::Iq => self
                        .cx
                        .host
                        .mux()
                        .unhandled(Scope::OtherAccount, &self.delivery.stanza),
                };
                self.refuse(StanzaError::new(condition))
            }
            Err(error) => self.refuse(errors::storage(error)),
        }
    }

    /// The mux, for what is addressed to the host, an account or a service; sessions for the rest.
    fn handlers(&mut self, scope: Scope) -> Step {
        let stanza = &self.delivery.stanza;
        let account = matches!(scope, Scope::OwnAccount | Scope::OtherAccount);
        if account && stanza.to().is_some_and(|to| to.resource().is_some()) {
            return self.sessions();
        }
        let host = Arc::clone(&self.cx.host);
        let own = if account {
            &self.delivery.account
        } else {
            host.domain()
        };
        match (stanza.kind(), stanza.type_()) {
            (Kind::Iq, StanzaType::Get | StanzaType::Set) => {
                let (Some(from), Some(id)) = (stanza.from(), stanza.id()) else {
                    return Step::Finished(Outcome::NoSession);
                };
                let context = IqContext {
                    host: Arc::clone(&host),
                    from: from.clone(),
                    to: stanza.to().cloned(),
                    id: id.clone(),
                    lang: stanza.head().lang.clone(),
                    session: self.delivery.from_session.clone(),
                    scope,
                };
                let request = IqRequest {
                    context,
                    stanza: stanza.clone(),
                };
                Step::Wait(Waiting::Answer(host.mux().answer(request, own)))
            }
            (Kind::Iq, _) => {
                let answered = host.requests().answered(stanza);
                Step::Finished(if answered {
                    Outcome::Delivered
                } else {
                    Outcome::NoSession
                })
            }
            (Kind::Message | Kind::Presence, _) => {
                let session = self.delivery.from_session.as_ref();
                let flow = host.mux().handle_stanza(&host, stanza, session, scope, own);
                let turn = self.settle(flow);
                self.turned(turn)
            }
        }
    }

    /// No handler took a message or presence.
    fn unhandled(&mut self, scope: Scope) -> Step {
        match scope {
            Scope::OwnAccount | Scope::OtherAccount => self.sessions(),
            Scope::Host | Scope::Service(_) | Scope::Client => self.last_resort(),
        }
    }

    /// To the sessions chosen.
    fn sessions(&mut self) -> Step {
        let resources = std::mem::take(&mut self.delivery.resources);
        if resources.is_empty() {
            return self.enter(Phase::Stage(Stage::Undeliverable));
        }
        self.rest = resources;
        self.rest.reverse();
        let kind = self.delivery.stanza.kind();
        let stages = self.cx.host.stages();
        if !(stages.of(Stage::Resource, kind).is_empty()
            && stages.of(Stage::BeforeWrite, kind).is_empty())
        {
            self.original = Some(self.delivery.stanza.clone());
        }
        self.enter(Phase::Fan)
    }

    fn fan(&mut self) -> Step {
        if let Some(next) = self.rest.pop() {
            self.delivery.resource = Some(next);
            let Some(original) = &self.original else {
                return self.enter(Phase::Push);
            };
            self.delivery.stanza = original.clone();
            return self.enter(Phase::Stage(Stage::Resource));
        }
        match std::mem::replace(&mut self.purpose, Purpose::Deliver) {
            Purpose::Answer(outcome) => return Step::Finished(outcome),
            Purpose::Direct if !self.taken => return Step::Finished(Outcome::NoSession),
            Purpose::Direct | Purpose::Deliver => {}
        }
        if self.taken {
            return Step::Finished(Outcome::Delivered);
        }
        if let Some(original) = self.original.take() {
            self.delivery.stanza = original;
        }
        self.delivery.resource = None;
        match self.failed.take() {
            Some(error) => self.refuse(error),
            // The sessions that were to get it have all ended meanwhile.
            None => self.enter(Phase::Stage(Stage::Undeliverable)),
        }
    }

    fn push(&mut self) -> Step {
        let Some(resource) = &self.delivery.resource else {
            return self.enter(Phase::Fan);
        };
        match resource.push(&self.delivery.stanza) {
            Sent::Queued => self.taken = true,
            Sent::Full => return Step::Wait(Waiting::Room(Arc::clone(resource))),
            Sent::Ended => {}
        }
        self.enter(Phase::Fan)
    }

    /// Waits for a slow reader, and ends its session when that takes too long.
    async fn room(&self, resource: &Arc<Resource>) {
        let limit = self.cx.host.limits().slow_reader;
        if tokio::time::timeout(limit, resource.room()).await.is_err() {
            metrics::count(metrics::SLOW_READERS_ENDED);
            tracing::info!(session = resource.jid().as_str(), "does not read; ended");
            resource.end(Some(StreamError::new(StreamCondition::PolicyViolation)));
        }
    }

    /// Nobody wants it: what RFC 6121 §8.5 says of each kind and type.
    fn last_resort(&mut self) -> Step {
        match (self.delivery.stanza.kind(), self.delivery.stanza.type_()) {
            (Kind::Iq, StanzaType::Get | StanzaType::Set)
            | (Kind::Message, StanzaType::Normal | StanzaType::Chat | StanzaType::Groupchat) => {
                self.refuse(StanzaError::new(Condition::ServiceUnavailable))
            }
            _ => Step::Finished(Outcome::NoSession),
        }
    }

    /// Tells the sender, who gets no error in answer to an error or a result.
    fn refuse(&mut self, error: StanzaError) -> Step {
        if matches!(
            self.delivery.stanza.type_(),
            StanzaType::Error | StanzaType::Result
        ) {
            return Step::Finished(Outcome::Refused(error));
        }
        let answer = self.delivery.stanza.error(&error);
        match self.source {
            Source::Server => Step::Finished(Outcome::Refused(error)),
            Source::Session(_) | Source::Outside => self.answer(answer, Outcome::Refused(error)),
        }
    }

    /// Sends an answer to where the stanza came from.
    fn answer(&mut self, answer: Stanza, outcome: Outcome) -> Step {
        match &self.source {
            Source::Session(session) => {
                self.cx.host = Arc::clone(session.account().host());
                self.delivery.account = session.account().jid().clone();
                self.delivery.resource = Some(Arc::clone(session));
                self.delivery.stanza = answer;
                self.rest.clear();
                self.purpose = Purpose::Answer(outcome);
                self.enter(Phase::Stage(Stage::BeforeWrite))
            }
            Source::Server | Source::Outside => {
                let (router, host) = (Arc::clone(&self.router), Arc::clone(&self.cx.host));
                let routed = Delivering::routed(router, host, Source::Server, answer).start();
                self.purpose = Purpose::Answer(outcome.clone());
                match routed {
                    Routed::Now(_) => Step::Finished(outcome),
                    Routed::Later(future) => Step::Wait(Waiting::Routed(future)),
                }
            }
        }
    }

    /// What another way made of the stanza, or of the answer to it.
    fn elsewhere(&mut self, routed: Routed) -> Step {
        match (
            routed,
            std::mem::replace(&mut self.purpose, Purpose::Deliver),
        ) {
            (Routed::Later(future), purpose) => {
                self.purpose = purpose;
                Step::Wait(Waiting::Routed(future))
            }
            (Routed::Now(_), Purpose::Answer(outcome)) => Step::Finished(outcome),
            (Routed::Now(Outcome::Refused(error)), _) => self.refuse(error),
            (Routed::Now(outcome), _) => Step::Finished(outcome),
        }
    }
}

/// The bare address a stanza goes to: without an address, the sender's account.
fn recipient(host: &Arc<Host>, source: &Source, stanza: &Stanza) -> BareJid {
    match (stanza.to(), source) {
        (Some(to), _) => to.to_bare(),
        (None, Source::Session(session)) => session.account().jid().clone(),
        (None, Source::Server | Source::Outside) => host.domain().clone(),
    }
}

fn is_of(jid: &Jid, account: &BareJid) -> bool {
    jid.bare_str() == account.as_str()
}
