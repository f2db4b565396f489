//! Elements at the top of a stream that are no stanzas: what a session says about itself and its stream.

use std::collections::HashMap;
use std::sync::Arc;

use sestina_wire::{ElementRef, Payload, StreamCondition, StreamError, Text, Writer};

use crate::host::{Host, Resource, Terms, TooHigh};
use crate::session::Session;

/// What a handler of nonzas sees of the session.
pub struct NonzaContext<'a> {
    pub(crate) host: &'a Arc<Host>,
    pub(crate) resource: &'a Arc<Resource>,
    pub(crate) session: &'a mut Session,
    pub(crate) handled: &'a mut u32,
}

impl NonzaContext<'_> {
    /// The host.
    pub fn host(&self) -> &Arc<Host> {
        self.host
    }

    /// The session.
    pub fn resource(&self) -> &Arc<Resource> {
        self.resource
    }

    /// Writes an element to the session's stream, behind what is written already.
    pub fn write(&mut self, payload: &impl Payload) {
        self.write_with(|writer| payload.write(writer));
    }

    fn write_with(&mut self, write: impl FnOnce(&mut Writer<'_>)) {
        write(&mut self.session.writer());
    }

    /// How many stanzas of the client were handled to their end since [`NonzaContext::manage`], modulo 2^32
    /// (XEP-0198 §4).
    pub fn handled(&self) -> u32 {
        *self.handled
    }

    /// From here on what is sent waits for its acknowledgement, and what is received is counted (XEP-0198 §3). Returns
    /// what the client may resume the session with, where the terms let it; nothing at all when that was so already.
    pub fn manage(&mut self, terms: Terms) -> Option<Option<Text>> {
        let before = self.resource.manage(terms)?;
        self.session.queue_bytes(before.pending());
        *self.handled = 0;
        let resumable = terms.resume.is_some();
        Some(resumable.then(|| self.host.make_resumable(self.resource)))
    }

    /// The terms in force; none before [`NonzaContext::manage`].
    pub fn terms(&self) -> Option<Terms> {
        self.resource.terms()
    }

    /// The client has handled so many stanzas, modulo 2^32.
    ///
    /// # Errors
    /// [`TooHigh`] when it was not sent as many.
    pub fn acknowledge(&self, handled: u32) -> Result<(), TooHigh> {
        self.resource.acknowledge(handled)
    }
}

type Function =
    Arc<dyn Fn(&mut NonzaContext<'_>, ElementRef<'_>) -> Result<(), StreamError> + Send + Sync>;

/// The handlers of nonzas, by namespace and name.
#[derive(Default)]
pub(crate) struct Nonzas(HashMap<(&'static str, &'static str), Function>);

impl Nonzas {
    /// Handles an element; the first handler of a name counts.
    pub(crate) fn add<P: Payload>(
        &mut self,
        handler: impl Fn(&mut NonzaContext<'_>, P) -> Result<(), StreamError> + Send + Sync + 'static,
    ) {
        let function =
            move |cx: &mut NonzaContext<'_>, element: ElementRef<'_>| match P::read(element) {
                Ok(nonza) => handler(cx, nonza),
                Err(error) => {
                    Err(StreamError::new(StreamCondition::BadFormat).with_text(error.to_string()))
                }
            };
        self.0
            .entry((P::NS, P::NAME))
            .or_insert_with(|| Arc::new(function));
    }

    /// Lets the handler of the element run, if there is one.
    pub(crate) fn handle(
        &self,
        cx: &mut NonzaContext<'_>,
        element: ElementRef<'_>,
    ) -> Option<Result<(), StreamError>> {
        let function = self.0.get(&(element.ns(), element.name()))?;
        Some(function(cx, element))
    }
}
