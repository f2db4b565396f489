//! Stream features of one request and one answer, which is what most specifications need.

use async_trait::async_trait;
use sestina_wire::{ElementRef, Frame, Payload};

use crate::session::{Exchange, Served, SessionError, StreamFeature};

/// The accepting side of such a feature.
pub trait Answers: Send + Sync + 'static {
    /// What the connecting side says.
    type Request: Payload + Send;
    /// What it gets.
    type Answer: Payload + Send + Sync;

    /// Answers.
    ///
    /// # Errors
    /// What ends the stream.
    fn answer(
        &self,
        exchange: &mut Exchange<'_>,
        request: Self::Request,
    ) -> impl Future<Output = Result<Self::Answer, SessionError>> + Send;
}

/// The connecting side of such a feature.
pub trait Asks: Send + Sync + 'static {
    /// What the connecting side says.
    type Request: Payload + Send + Sync;
    /// What it gets.
    type Answer: Payload + Send;

    /// What to say when the feature is offered.
    fn request(&self) -> Self::Request;

    /// Takes the answer.
    ///
    /// # Errors
    /// What ends the stream.
    fn answered(
        &self,
        exchange: &mut Exchange<'_>,
        answer: Self::Answer,
    ) -> impl Future<Output = Result<(), SessionError>> + Send;
}

/// The stream feature over [`Answers`].
pub struct Answering<T> {
    element: (&'static str, &'static str),
    inner: T,
}

impl<T: Answers> Answering<T> {
    /// For the element with this name and namespace in `<features/>`.
    pub fn new(element: (&'static str, &'static str), inner: T) -> Self {
        Self { element, inner }
    }
}

#[async_trait]
impl<T: Answers> StreamFeature for Answering<T> {
    fn element(&self) -> (&'static str, &'static str) {
        self.element
    }

    fn begins(&self, element: ElementRef<'_>) -> bool {
        T::Request::matches(element)
    }

    async fn serve(
        &self,
        exchange: &mut Exchange<'_>,
        first: Frame,
    ) -> Result<Served, SessionError> {
        let Ok(request) = T::Request::read(first.root()) else {
            return Ok(Served::Failed);
        };
        let answer = self.inner.answer(exchange, request).await?;
        exchange.write(|writer| answer.write(writer)).await?;
        Ok(Served::Done)
    }
}

/// The stream feature over [`Asks`].
pub struct Asking<T> {
    element: (&'static str, &'static str),
    inner: T,
}

impl<T: Asks> Asking<T> {
    /// For the element with this name and namespace in `<features/>`.
    pub fn new(element: (&'static str, &'static str), inner: T) -> Self {
        Self { element, inner }
    }
}

#[async_trait]
impl<T: Asks> StreamFeature for Asking<T> {
    fn element(&self) -> (&'static str, &'static str) {
        self.element
    }

    fn connects(&self) -> bool {
        true
    }

    async fn connect(&self, exchange: &mut Exchange<'_>) -> Result<Served, SessionError> {
        let request = self.inner.request();
        exchange.write(|writer| request.write(writer)).await?;
        let answer = exchange.recv().await?.ok_or(SessionError::Closed)?;
        let Ok(answer) = T::Answer::read(answer.root()) else {
            return Ok(Served::Failed);
        };
        self.inner.answered(exchange, answer).await?;
        Ok(Served::Done)
    }
}
