//! What is turned on for a session as it is bound (XEP-0386 §3).

use std::sync::Arc;

use sestina_wire::{AnyElement, Payload, Text};

use crate::host::{Host, Resource, Terms};
use crate::session::Login;
use crate::transport::OutBuffer;

/// What a feature sees of a session that is being bound.
pub struct BeginningContext<'a> {
    pub(crate) host: &'a Arc<Host>,
    pub(crate) resource: &'a Arc<Resource>,
    pub(crate) login: &'a Login,
    pub(crate) reply: Vec<AnyElement>,
    pub(crate) before: OutBuffer,
}

impl BeginningContext<'_> {
    /// The host.
    pub fn host(&self) -> &Arc<Host> {
        self.host
    }

    /// The session; it has no stream yet.
    pub fn resource(&self) -> &Arc<Resource> {
        self.resource
    }

    /// The login it comes from.
    pub fn login(&self) -> &Login {
        self.login
    }

    /// Adds an element to what the client is told of its session.
    pub fn write(&mut self, payload: &impl Payload) {
        self.reply.push(payload.to_any());
    }

    /// From here on what is sent waits for its acknowledgement (XEP-0198 §3). Returns what the client may resume the
    /// session with, where the terms let it; nothing at all when that was so already.
    pub fn manage(&mut self, terms: Terms) -> Option<Option<Text>> {
        self.before = self.resource.manage(terms)?;
        let resumable = terms.resume.is_some();
        Some(resumable.then(|| self.host.make_resumable(self.resource)))
    }
}

type Function = Arc<dyn Fn(&mut BeginningContext<'_>, &AnyElement) + Send + Sync>;

/// The features that can be turned on.
#[derive(Default)]
pub(crate) struct Beginnings(Vec<Beginning>);

struct Beginning {
    var: &'static str,
    name: &'static str,
    ns: &'static str,
    function: Function,
}

impl Beginnings {
    /// Handles an element of a request to bind; `var` is what the feature is announced by.
    pub(crate) fn add<P: Payload>(
        &mut self,
        var: &'static str,
        handler: impl Fn(&mut BeginningContext<'_>, P) + Send + Sync + 'static,
    ) {
        // What cannot be read is left alone: the session is bound all the same.
        let function = move |cx: &mut BeginningContext<'_>, element: &AnyElement| {
            if let Ok(payload) = element.decode::<P>() {
                handler(cx, payload);
            }
        };
        self.0.push(Beginning {
            var,
            name: P::NAME,
            ns: P::NS,
            function: Arc::new(function),
        });
    }

    /// What is announced, each once.
    pub(crate) fn vars(&self) -> Vec<&'static str> {
        let mut vars: Vec<&'static str> = self.0.iter().map(|beginning| beginning.var).collect();
        vars.sort_unstable();
        vars.dedup();
        vars
    }

    /// Turns on what is asked for, in the order it was registered in.
    pub(crate) fn apply(&self, cx: &mut BeginningContext<'_>, wanted: &[AnyElement]) {
        for beginning in &self.0 {
            let mut asked = wanted.iter();
            if let Some(element) = asked.find(|one| one.is(beginning.name, beginning.ns)) {
                (beginning.function)(cx, element);
            }
        }
    }
}
