//! The stream feature: a visitor is told how much there is to read before it binds a resource.

use sestina::async_trait;
use sestina::session::session::{Exchange, Served, SessionError, StreamFeature};
use sestina::wire::{ElementRef, Frame, Payload as _};

use crate::Book;
use crate::types::guestbook::{Guestbook, Visit, Welcome};

#[async_trait]
impl StreamFeature for Book {
    fn element(&self) -> (&'static str, &'static str) {
        (Guestbook::NAME, Guestbook::NS)
    }

    fn begins(&self, element: ElementRef<'_>) -> bool {
        Visit::matches(element)
    }

    async fn serve(&self, exchange: &mut Exchange<'_>, _: Frame) -> Result<Served, SessionError> {
        let entries = self.entries(exchange.host()).await?;
        let welcome = Welcome::new(entries.len().try_into().unwrap_or(u32::MAX));
        exchange.write(|writer| welcome.write(writer)).await?;
        Ok(Served::Done)
    }

    fn connects(&self) -> bool {
        true
    }

    async fn connect(&self, exchange: &mut Exchange<'_>) -> Result<Served, SessionError> {
        exchange
            .write(|writer| Visit::default().write(writer))
            .await?;
        let answer = exchange.recv().await?.ok_or(SessionError::Closed)?;
        let Ok(welcome) = Welcome::read(answer.root()) else {
            return Ok(Served::Failed);
        };
        self.welcome(&welcome);
        Ok(Served::Done)
    }
}
