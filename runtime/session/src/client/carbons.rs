//! Copies of what the other clients of the account receive and send (XEP-0280).

use sestina_types::xep_0280::{Disable, Enable};

use crate::client::{Client, RequestError};
use crate::mux::Empty;

impl Client {
    /// Asks for copies of what the other clients of the account receive and send: [`Event::Carbon`](crate::client::Event).
    /// It holds for this session: a client that [came back with another](crate::client::Event::Renewed) asks again.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn enable_carbons(&self) -> Result<(), RequestError> {
        let enable = Enable::default();
        self.set::<_, Empty>(self.account(), &enable).await?;
        Ok(())
    }

    /// Asks for copies no more.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn disable_carbons(&self) -> Result<(), RequestError> {
        let disable = Disable::default();
        self.set::<_, Empty>(self.account(), &disable).await?;
        Ok(())
    }
}
