//! One stanza on its way: a state machine that runs without waiting as long as nothing waits, and
//! moves to the heap when something does.

mod answer;
mod line;
mod sessions;
mod stage;
mod target;
mod writes;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_storage::StorageError;
use sestina_wire::dispatch::Scope;
use sestina_wire::{BareJid, Jid, Stanza, StanzaError};
use smallvec::SmallVec;

use crate::host::{Copies, Host, Resource, Resources};
use crate::mux::Names;
use crate::router::{Outcome, Routed, Router, Source};
use crate::stages::{Delivery, Flow, Stage, StageContext};

pub(crate) use self::line::Line;
pub(crate) use self::sessions::room;
use self::writes::{Next, Write};

/// Where the stanza is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// What its sender may not assert is taken out; then this stage.
    Strip(Stage),
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
    /// Who the sender is, for what it may assert.
    Removal(BoxFuture<'static, Names>),
    /// Whether the account exists.
    Exists(BoxFuture<'static, Result<bool, StorageError>>),
    /// The answer to a request.
    Answer(BoxFuture<'static, Stanza>),
    /// Room in a session's queue.
    Room(Arc<Resource>),
    /// Another way the stanza, or an answer to it, goes.
    Routed(BoxFuture<'static, Outcome>),
    /// What must be done before anybody is given the stanza, and what follows.
    Writes(Write, Box<Next>),
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
    /// Goes on with this once all is written that was begun to be.
    Afterwards(Box<dyn FnOnce(&mut Delivery) -> Flow + Send>),
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
    /// Where several sessions are given it.
    copies: Option<Copies>,
    /// What a function said when it refused the stanza for one session.
    failed: Option<StanzaError>,
    /// What must be done before anybody is given the stanza.
    before: Vec<Write>,
    behind: Behind,
}

/// Which earlier stanzas of the same session are still on their way: until its turn comes, nobody is given this one, nor told anything
/// of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behind {
    Nothing,
    /// Only such as services hand out as soon as they are written.
    Services,
    /// Also such as may have to wait for somebody who reads slowly.
    Others,
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
            also: Vec::new(),
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
            copies: None,
            failed: None,
            before: Vec::new(),
            behind: Behind::Nothing,
        }
    }

    /// A stanza that a local session sent.
    pub(super) fn received(
        router: Arc<Router>,
        host: Arc<Host>,
        session: Arc<Resource>,
        stanza: Stanza,
    ) -> Self {
        let account = session.account().jid().clone();
        Self::new(
            router,
            host,
            Source::Session(session),
            stanza,
            account,
            Phase::Strip(Stage::Received),
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
            Phase::Strip(Stage::BeforeRouting),
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
                Waiting::Removal(future) => {
                    let names = future.await;
                    names.remove_from(&mut self.delivery.stanza);
                    Step::On
                }
                Waiting::Exists(future) => self.existing(future.await),
                Waiting::Answer(future) => {
                    let answer = future.await;
                    self.answer(answer, Outcome::Delivered)
                }
                Waiting::Room(resource) => {
                    let limit = self.cx.host.limits().slow_reader;
                    sessions::room(limit, &resource).await;
                    Step::On
                }
                Waiting::Routed(future) => {
                    let outcome = future.await;
                    self.elsewhere(Routed::Now(outcome))
                }
                Waiting::Writes(writes, next) => {
                    let written = writes.await;
                    self.written(written, *next)
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
                    Phase::Strip(stage) => self.strip(stage),
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
