//! What can be part of a login (XEP-0388), and what of a session from its beginning (XEP-0386).

use std::sync::Arc;

use async_trait::async_trait;
use sestina_storage::{Secret, StorageError};
use sestina_wire::{
    AnyElement, BareJid, ElementRef, FullJid, Payload, StanzaError, StreamError, Text, Timestamp,
};

use crate::host::{Joined, Resumption};
use crate::sasl::{HashedToken, Method};
use crate::session::Served;

/// What a client says of itself (XEP-0388 §2.2). Nobody but the owner of the account is to see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserAgent {
    /// The same at every login of this installation, and another for each.
    pub id: Option<Text>,
    /// The software.
    pub software: Option<Text>,
    /// The device.
    pub device: Option<Text>,
}

/// A login that has been proven.
#[derive(Clone, Debug)]
pub struct Login {
    /// The account.
    pub account: BareJid,
    /// By what.
    pub method: Method,
    /// The client.
    pub user_agent: UserAgent,
    /// Whether nobody on the way could read it.
    pub secure: bool,
}

/// What a feature sees of the login that it is part of.
pub struct Inline<'a> {
    pub(crate) login: &'a Login,
    pub(crate) reply: Vec<AnyElement>,
    pub(crate) resumption: Option<Resumption>,
}

impl Inline<'_> {
    /// The login.
    pub fn login(&self) -> &Login {
        self.login
    }

    /// Adds an element to the success.
    pub fn write(&mut self, payload: &impl Payload) {
        self.reply.push(payload.to_any());
    }

    /// Lets the stream go on with an earlier session: it has that one's address then.
    pub fn resume(&mut self, resumption: Resumption) {
        self.resumption = Some(resumption);
    }
}

/// Carries out a row of the negotiation table that travels inside a login.
#[async_trait]
pub trait InlineFeature: Send + Sync {
    /// Name and namespace of the element in `<inline/>`, which also name the row.
    fn element(&self) -> (&'static str, &'static str);

    /// Whether this child of a request is the feature's.
    fn wants(&self, child: ElementRef<'_>) -> bool;

    /// Carries the feature out. The login has been proven; what is written goes with its success, also where the feature
    /// itself was refused.
    ///
    /// # Errors
    /// What ends the stream.
    async fn serve(
        &self,
        inline: &mut Inline<'_>,
        child: AnyElement,
    ) -> Result<Served, StreamError>;
}

/// Is told of every login that has been proven, before its success is sent.
#[async_trait]
pub trait LoginWatcher: Send + Sync {
    /// Somebody has logged in.
    async fn logged_in(&self, login: &Login);
}

/// A request to bind a resource as part of a login (XEP-0386 §3.2).
#[derive(Clone, Debug)]
pub struct BindRequest {
    /// Who wants it.
    pub login: Login,
    /// What the resource is to begin with.
    pub tag: Option<Text>,
    /// What is to be turned on for the session.
    pub features: Vec<AnyElement>,
}

/// A resource that was bound as part of a login.
#[derive(Debug)]
pub struct Bound {
    /// The address.
    pub jid: FullJid,
    /// The session, where it has begun already.
    pub joined: Option<Joined>,
    /// What goes into `<bound/>`.
    pub reply: Vec<AnyElement>,
}

/// An attempt to log in with a token.
pub struct TokenAttempt<'a> {
    /// The account.
    pub account: &'a BareJid,
    /// The client, as its user agent says.
    pub client: &'a str,
    /// The mechanism.
    pub mechanism: HashedToken,
    /// What the client computed from the token.
    pub proof: &'a [u8],
    /// The data of the channel binding.
    pub binding: &'a [u8],
    /// How often the client has used the token, where it counts (XEP-0484 §3.4).
    pub count: Option<u32>,
    /// Whether the token is to be of no use after this.
    pub invalidate: bool,
}

/// What a token turned out to be.
#[derive(Debug)]
pub enum TokenOutcome {
    /// Good; with what proves to the client that the server knows it, and whether a new one is due.
    Good {
        /// The proof.
        proof: Vec<u8>,
        /// Whether the client should get a new token.
        renew: bool,
    },
    /// It was good, and its time is over.
    Expired,
    /// No token of this client for this mechanism.
    Wrong,
}

/// A token for a client.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: Secret<String>,
    /// Until when it is good.
    pub expires: Timestamp,
}

/// Keeps the tokens with which clients come back (XEP-0484).
#[async_trait]
pub trait TokenKeeper: Send + Sync {
    /// Checks a token. Afterwards those that are older are of no use.
    ///
    /// # Errors
    /// What storage reports.
    async fn check(&self, attempt: TokenAttempt<'_>) -> Result<TokenOutcome, StorageError>;

    /// Makes a token for the client of this login. One that the client has used stays good until the new one is used.
    ///
    /// # Errors
    /// What storage reports.
    async fn issue(
        &self,
        login: &Login,
        client: &str,
        mechanism: HashedToken,
    ) -> Result<IssuedToken, StorageError>;

    /// The tokens of an account that are good now.
    ///
    /// # Errors
    /// What storage reports.
    async fn held(&self, account: &BareJid) -> Result<Vec<HeldToken>, StorageError>;

    /// Makes the tokens of a client useless.
    ///
    /// # Errors
    /// What storage reports.
    async fn revoke(&self, account: &BareJid, client: &str) -> Result<(), StorageError>;
}

/// A token that a client holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldToken {
    /// The client, as its user agent says.
    pub client: String,
    /// When it got the token.
    pub issued: Timestamp,
}

/// What a [`Binder`](crate::session::Binder) answers that joins no session.
pub(super) fn plain(jid: Result<FullJid, StanzaError>) -> Result<Bound, StanzaError> {
    Ok(Bound {
        jid: jid?,
        joined: None,
        reply: Vec::new(),
    })
}

/// The parts of a host that are in use inside a login.
#[derive(Clone, Default)]
pub struct InlineParts {
    /// Features, in no order.
    pub features: Vec<Arc<dyn InlineFeature>>,
    /// Whether a resource can be bound (XEP-0386).
    pub bind: bool,
    /// What can be turned on for a session as it is bound, by the names of XEP-0386 §3.1.
    pub bind_features: Vec<&'static str>,
    /// Tokens (XEP-0484).
    pub tokens: Option<Arc<dyn TokenKeeper>>,
    /// Whether clients may bring keys for hash functions that are newer than their account (XEP-0480).
    pub upgrades: bool,
    /// Who wants to know.
    pub watchers: Vec<Arc<dyn LoginWatcher>>,
}
