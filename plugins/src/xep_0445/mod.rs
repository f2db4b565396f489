//! XEP-0445, Pre-Authenticated In-Band Registration: an account for whoever was invited.
//!
//! The token is shown before the account is made, on the same stream; its time counts then alone (§4). It is used up by the
//! account, not by being shown.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use sestina_session::errors;
use sestina_session::host::Host;
use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::session::{Exchange, Served, SessionError, StreamFeature};
use sestina_skeletons::xep_0445::{self as skeleton, Settings};
use sestina_storage::StorageError;
use sestina_types::xep_0379::Preauth;
use sestina_types::xep_0445::Register;
use sestina_wire::{
    BareJid, Condition, ElementRef, Frame, Payload as _, Stanza, StanzaError, StanzaType, ns,
};

use crate::rfc_6121;
use crate::xep_0077::{Admission, Invitations, Invited, Inviting};
use crate::xep_0401::{Book, Open};

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let host = registrar.host();
        Invitations::register(host, Arc::new(Reserved));
        let door = Door(Arc::downgrade(host));
        registrar.stream_feature(Arc::new(door));
        Ok(())
    }

    /// Whoever has logged in has an account.
    async fn preauthenticate(&self, _: &IqContext, _: Preauth) -> Result<Empty, StanzaError> {
        Err(StanzaError::new(Condition::UnexpectedRequest).with_text("there is an account already"))
    }
}

/// Names that are kept.
struct Reserved;

#[async_trait]
impl Inviting for Reserved {
    async fn is_reserved(&self, host: &Host, name: &str) -> Result<bool, StorageError> {
        match Book::of(host) {
            Some(book) => book.is_reserved(host, name).await,
            None => Ok(false),
        }
    }
}

/// Where tokens are shown, before the login.
struct Door(Weak<Host>);

impl Door {
    async fn answer(
        &self,
        exchange: &Exchange<'_>,
        request: &Stanza,
    ) -> Result<Stanza, StanzaError> {
        let shown = match request.decode::<Preauth>() {
            Some(shown) if request.type_() == StanzaType::Set => shown?,
            _ => return Err(StanzaError::new(Condition::BadRequest)),
        };
        let unknown = || {
            StanzaError::new(Condition::ItemNotFound)
                .with_text("this invitation is not good, or not any more")
        };
        let host = self.0.upgrade().ok_or_else(unknown)?;
        let book = Book::of(&host).ok_or_else(unknown)?;
        let found = book.find(&host, &shown.token).await;
        let open = found.map_err(errors::storage)?.filter(Open::register);
        let open = open.ok_or_else(unknown)?;
        let invited: Arc<dyn Invited> = Arc::new(Shown { book, open });
        exchange.extensions().insert(Arc::new(Admission(invited)));
        Ok(request.result())
    }
}

#[async_trait]
impl StreamFeature for Door {
    fn element(&self) -> (&'static str, &'static str) {
        (Register::NAME, Register::NS)
    }

    fn begins(&self, element: ElementRef<'_>) -> bool {
        element.is("iq", ns::CLIENT)
            && element
                .children()
                .any(|child| child.is(Preauth::NAME, Preauth::NS))
    }

    async fn serve(
        &self,
        exchange: &mut Exchange<'_>,
        first: Frame,
    ) -> Result<Served, SessionError> {
        let Ok(request) = Stanza::from_frame(first) else {
            return Ok(Served::Failed);
        };
        // Guessing ends the stream soon.
        let answer = self.answer(exchange, &request).await;
        exchange.answer(&request, answer).await
    }
}

/// An invitation that was shown on a stream.
struct Shown {
    book: Arc<Book>,
    open: Open,
}

#[async_trait]
impl Invited for Shown {
    fn username(&self) -> Option<&str> {
        self.open.username()
    }

    async fn claim(&self) -> Result<bool, StorageError> {
        self.book.take(&self.open).await
    }

    async fn give_back(&self) {
        if let Err(error) = self.book.put_back(&self.open).await {
            tracing::warn!(%error, "an invitation is lost for which no account was made");
        }
    }

    /// Inviter and invited become contacts (XEP-0401 §4.5): both approve, then both ask.
    async fn registered(&self, host: &Arc<Host>, account: &BareJid) {
        let inviter = self.open.inviter();
        let Some(rosters) = rfc_6121::Server::of(host).filter(|_| self.open.subscribe()) else {
            return;
        };
        let befriend = async {
            rosters.approve(host, inviter, account).await?;
            rosters.approve(host, account, inviter).await?;
            rosters.ask(host, account, inviter).await?;
            rosters.ask(host, inviter, account).await
        };
        if let Err(error) = befriend.await {
            tracing::info!(%account, %inviter, %error, "an invitation made no contact");
        }
    }
}
