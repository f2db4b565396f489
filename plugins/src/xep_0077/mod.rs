//! XEP-0077, In-Band Registration: accounts made, given a new password and removed over XMPP itself.
//!
//! Making an account happens before there is one, on a stream that has not logged in ([`before_login`]); the
//! rest is for sessions. Off unless the configuration turns it on: open registration is what spammers look
//! for.

mod before_login;
mod form;
mod invited;
mod quota;
mod removal;

use std::collections::BTreeSet;
use std::sync::Arc;

use sestina_session::accounts::{AccountError, Accounts};
use sestina_session::errors;
use sestina_session::host::Resource;
use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0077::{self as skeleton, Settings};
use sestina_types::xep_0077::register::Query;
use sestina_wire::{BareJid, Condition, Stanza, StanzaError, StanzaType, Text};

use before_login::Door;

pub use invited::{Admission, Invitations, Invited, Inviting};
pub use removal::Removal;

/// How many different characters a password has at least.
const DIFFERENT: usize = 4;

/// The server's part.
pub struct Server {
    settings: Settings,
    accounts: Accounts,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let accounts = setup
            .host
            .accounts()
            .cloned()
            .ok_or_else(|| PluginError::Settings {
                spec: "xep-0077",
                message: "there are no accounts here to register".to_owned(),
            })?;
        Ok(Self {
            settings: setup.settings.clone(),
            accounts,
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let door = Door::new(Arc::clone(self), registrar.host());
        registrar.stream_feature(Arc::new(door));
        Ok(())
    }

    /// What is on file (§3.1): the name, and never the password.
    async fn fields(&self, cx: &IqContext, _: Query) -> Result<Query, StanzaError> {
        let account = registered(cx)?.account().jid();
        Ok(Query {
            registered: true,
            instructions: Some(Text::from_static(
                "You are registered. A new password can be set, or the account removed.",
            )),
            username: account.local().map(Text::from),
            password: Some(Text::new()),
            ..Query::default()
        })
    }

    /// A new password (§3.3), or the end of the account (§3.2).
    async fn register(&self, cx: &IqContext, request: Query) -> Result<Empty, StanzaError> {
        let session = registered(cx)?;
        if request.remove {
            self.cancel(cx, session, &request).await
        } else {
            self.change(session, &request).await
        }
    }
}

/// The session that asks. Whoever has none here cannot have been registered here either.
fn registered(cx: &IqContext) -> Result<&Arc<Resource>, StanzaError> {
    cx.session
        .as_ref()
        .ok_or_else(|| StanzaError::new(Condition::RegistrationRequired))
}

impl Server {
    /// The account and password of a form, if they may be registered.
    fn filled_in(&self, domain: &BareJid, query: &Query) -> Result<(BareJid, Text), StanzaError> {
        let (name, password) = form::filled_in(query)?;
        let name = name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| not_acceptable("a user name is required"))?;
        let account = BareJid::new(Some(&name), domain.domain())
            .map_err(|_| not_acceptable("this user name cannot be part of an address"))?;
        let password = self.password(&account, password)?;
        Ok((account, password))
    }

    /// Makes an account.
    async fn create(&self, account: &BareJid, password: &str) -> Result<(), StanzaError> {
        self.accounts
            .create(account, password)
            .await
            .map_err(refusal)
    }

    /// Sets the password of the session's account, and of no other (§3.3).
    async fn change(&self, session: &Resource, request: &Query) -> Result<Empty, StanzaError> {
        let own = session.account().jid();
        if session.login().is_some_and(|login| !login.secure) {
            return Err(StanzaError::new(Condition::NotAuthorized)
                .with_text("a password is changed on an encrypted stream alone"));
        }
        let change = form::change(request)?;
        let (name, password) = match &change {
            Some(change) => (change.username.clone(), change.password.clone()),
            None => (request.username.clone(), request.password.clone()),
        };
        let name = name.ok_or_else(|| StanzaError::new(Condition::BadRequest))?;
        if !BareJid::new(Some(&name), own.domain()).is_ok_and(|account| account == *own) {
            return Err(StanzaError::new(Condition::Forbidden));
        }
        if let Some(change) = &change {
            let old = change.old_password.as_deref().unwrap_or_default();
            let right = self.accounts.authenticate(own, old).await;
            if !right.map_err(errors::storage)? {
                return Err(StanzaError::new(Condition::NotAuthorized)
                    .with_text("this is not the password until now"));
            }
        }
        let password = self.password(own, password)?;
        self.accounts
            .set_password(own, &password)
            .await
            .map_err(refusal)?;
        Ok(Empty)
    }

    /// Removes the account of the session.
    async fn cancel(
        &self,
        cx: &IqContext,
        session: &Arc<Resource>,
        request: &Query,
    ) -> Result<Empty, StanzaError> {
        if *request
            != (Query {
                remove: true,
                ..Query::default()
            })
        {
            return Err(StanzaError::new(Condition::BadRequest));
        }
        if !self.settings.cancel {
            return Err(StanzaError::new(Condition::NotAllowed));
        }
        let account = session.account().jid().clone();
        let removal = Removal::begin(&cx.host, &account).await.map_err(refusal)?;
        tracing::info!(%account, "account removed by its owner");
        // The answer has to be in the queue before the session ends (§3.2); the one that is returned finds it ended.
        let mut answer = Stanza::iq(StanzaType::Result)
            .with_id(cx.id.clone())
            .with_to(cx.from.clone());
        answer.head_mut().from.clone_from(&cx.to);
        let _ = cx.host.deliver_to(session, answer).await;
        removal.finish();
        Ok(Empty)
    }

    /// The password of a form, if it is one that may be set.
    fn password(&self, account: &BareJid, password: Option<Text>) -> Result<Text, StanzaError> {
        let password = password.unwrap_or_default();
        let enough = usize::try_from(self.settings.min_password).unwrap_or(usize::MAX);
        if password.chars().count() < enough {
            return Err(not_acceptable(format!(
                "a password has at least {enough} characters"
            )));
        }
        let name = account.local().unwrap_or_default();
        let lower = password.to_lowercase();
        // A name of a letter or two is in many good ones.
        if name.chars().count() > 2 && lower.contains(name) {
            return Err(not_acceptable("a password does not contain the user name"));
        }
        let kinds: BTreeSet<char> = lower.chars().collect();
        if kinds.len() < DIFFERENT.min(enough) {
            return Err(not_acceptable(format!(
                "a password has at least {DIFFERENT} different characters"
            )));
        }
        Ok(password)
    }
}

/// What a registration lacks (§3.1).
fn not_acceptable(text: impl Into<Text>) -> StanzaError {
    StanzaError::new(Condition::NotAcceptable).with_text(text)
}

/// What a registrant is told of a failure.
fn refusal(error: AccountError) -> StanzaError {
    match error {
        AccountError::Exists(_) => StanzaError::new(Condition::Conflict),
        AccountError::Unknown(_) => StanzaError::new(Condition::RegistrationRequired),
        AccountError::Storage(error) => errors::storage(error),
        error => not_acceptable(error.to_string()),
    }
}
