//! Stream features that are not built in.

use async_trait::async_trait;
use sestina_wire::negotiation::{FeatureRow, SessionState};
use sestina_wire::{BareJid, ElementRef, Event, Frame, Stanza, StanzaError, StreamError, Writer};

use crate::host::{Extensions, Resumption};
use crate::session::SessionError;
use crate::session::error::{peer_error, queue_error, queue_fault};
use crate::stream::XmlStream;

/// What a feature sees of the stream that it runs on.
pub struct Exchange<'a> {
    pub(super) stream: &'a mut XmlStream,
    pub(super) host: &'a BareJid,
    pub(super) state: SessionState,
    pub(super) account: Option<&'a BareJid>,
    pub(super) extensions: &'a Extensions,
    /// What the stream goes on with.
    pub(super) resumption: Option<Resumption>,
}

impl Exchange<'_> {
    /// The domain that the stream is for.
    pub fn host(&self) -> &BareJid {
        self.host
    }

    /// On the accepting side, the account that has logged in.
    pub fn account(&self) -> Option<&BareJid> {
        self.account
    }

    /// Values that features keep with the stream as long as it is negotiated, by type.
    pub fn extensions(&self) -> &Extensions {
        self.extensions
    }

    /// Lets the stream go on with an earlier session: it has that one's address then. Its row sets
    /// [`SessionState::BOUND`].
    pub fn resume(&mut self, resumption: Resumption) {
        self.resumption = Some(resumption);
    }

    /// What has been reached so far.
    pub fn state(&self) -> SessionState {
        self.state
    }

    /// The address of the peer, where it has one.
    pub fn peer(&self) -> Option<std::net::SocketAddr> {
        self.stream.transport().peer()
    }

    /// Sends a stanza.
    ///
    /// # Errors
    /// A broken connection.
    pub async fn send(&mut self, stanza: &Stanza) -> Result<(), SessionError> {
        self.stream.queue(stanza);
        Ok(self.stream.flush().await?)
    }

    /// Sends the answer to a request; one that was refused counts among what ends the stream when there is too much of it.
    ///
    /// # Errors
    /// A broken connection.
    pub async fn answer(
        &mut self,
        request: &Stanza,
        answer: Result<Stanza, StanzaError>,
    ) -> Result<Served, SessionError> {
        let (answer, served) = match answer {
            Ok(result) => (result, Served::Again),
            Err(error) => (request.error(&error), Served::Failed),
        };
        self.send(&answer).await?;
        Ok(served)
    }

    /// Sends an element that is no stanza.
    ///
    /// # Errors
    /// A broken connection.
    pub async fn write(
        &mut self,
        write: impl FnOnce(&mut Writer<'_>) + Send,
    ) -> Result<(), SessionError> {
        write(&mut self.stream.writer());
        Ok(self.stream.flush().await?)
    }

    /// Ends the stream with an error; what is returned is what [`StreamFeature::serve`] has to return.
    pub fn fail(&mut self, error: StreamError) -> SessionError {
        queue_error(self.stream, error)
    }

    /// The next element of the feature's own conversation; `None` when the peer ended the stream.
    ///
    /// # Errors
    /// What the stream reports.
    pub async fn recv(&mut self) -> Result<Option<Frame>, SessionError> {
        match self.stream.event().await {
            Ok(Some(Event::Element(frame))) => match peer_error(&frame) {
                Some(error) => Err(SessionError::PeerEnded(error)),
                None => Ok(Some(frame)),
            },
            Ok(_) => Ok(None),
            Err(fault) => Err(queue_fault(self.stream, fault)),
        }
    }
}

/// How a feature ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// Its flags are set, and the stream restarts if its row says so.
    Done,
    /// The exchange is over and changed nothing; the feature may be begun again.
    Again,
    /// It was refused; too many of these end the stream.
    Failed,
}

/// Carries out one row of the negotiation table: [`serve`](StreamFeature::serve) on the accepting side,
/// [`connect`](StreamFeature::connect) on the connecting side.
#[async_trait]
pub trait StreamFeature: Send + Sync {
    /// Name and namespace of the element in `<features/>`, which also name the row.
    fn element(&self) -> (&'static str, &'static str);

    /// Writes the element into `<features/>`. An empty element unless overridden.
    fn advertise(&self, writer: &mut Writer<'_>, row: &FeatureRow, required: bool) {
        writer.start(row.element, row.ns);
        if required {
            writer.start("required", row.ns);
            writer.end("required");
        }
        writer.end(row.element);
    }

    /// Whether this top-level element begins the feature. Features that only announce never begin.
    fn begins(&self, _element: ElementRef<'_>) -> bool {
        false
    }

    /// Carries the feature out, from the element that began it.
    ///
    /// # Errors
    /// What ends the stream.
    async fn serve(
        &self,
        exchange: &mut Exchange<'_>,
        first: Frame,
    ) -> Result<Served, SessionError> {
        let _ = (exchange, first);
        Ok(Served::Failed)
    }

    /// Whether the connecting side has something to do for the feature. It then takes the feature wherever
    /// it is offered; it passes over the others.
    fn connects(&self) -> bool {
        false
    }

    /// Carries the feature out on the connecting side, from the first word on. [`Served::Again`] lets a
    /// voluntary feature be and goes on without it.
    ///
    /// # Errors
    /// What ends the stream.
    async fn connect(&self, exchange: &mut Exchange<'_>) -> Result<Served, SessionError> {
        let _ = exchange;
        Ok(Served::Failed)
    }
}
