//! What is done to accounts and sessions (§4.1 to §4.7, §4.23).

use sestina_session::accounts::{AccountError, Accounts};
use sestina_session::errors;
use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_types::rfc_6121::client::{Body, Subject};
use sestina_types::xep_0133::forms::Administration;
use sestina_wire::{
    BareJid, Condition, Jid, Stanza, StanzaError, StanzaType, StreamCondition, StreamError, Text,
};

use super::Server;
use crate::xep_0050::{Done, Trouble};
use crate::xep_0077::Removal;

impl Server {
    /// An account with its password (§4.1).
    pub(super) async fn add_user(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let account = account(cx, filled.account.as_ref())?;
        if filled.password != filled.password_verify {
            return Err(Trouble::Payload("the two passwords differ".into()));
        }
        let password = filled.password.as_deref().unwrap_or_default();
        let made = accounts(&cx.host)?.create(&account, password).await;
        made.map_err(trouble)?;
        super::welcome(&cx.host, &account);
        tracing::info!(%account, by = %cx.from, "account added");
        Ok(Done::default().saying(format!("{account} is there")))
    }

    /// Accounts with all they have (§4.2).
    pub(super) async fn delete_users(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let mut done = Done::default();
        for account in several(cx, filled)? {
            match Removal::begin(&cx.host, &account).await {
                Ok(removal) => {
                    let sessions = removal.finish();
                    self.disabled.remove(&account).await?;
                    tracing::info!(%account, by = %cx.from, sessions, "account deleted");
                    done = done.saying(format!("{account} is deleted"));
                }
                Err(AccountError::Storage(error)) => return Err(error.into()),
                Err(error) => done = done.failing(error.to_string()),
            }
        }
        Ok(done)
    }

    /// Nobody is let in, nothing is lost (§4.3).
    pub(super) async fn disable_users(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let all = several(cx, filled)?;
        if all
            .iter()
            .any(|account| account.as_str() == cx.from.bare_str())
        {
            return Err(Trouble::Payload("this would lock out yourself".into()));
        }
        let mut done = Done::default();
        for account in all {
            if !accounts(&cx.host)?.exists(&account).await? {
                done = done.failing(AccountError::Unknown(account).to_string());
                continue;
            }
            self.disabled
                .add(&account, &cx.from, cx.host.clock().now())
                .await?;
            for session in cx.host.resources(&account) {
                session.end(Some(
                    StreamError::new(StreamCondition::NotAuthorized)
                        .with_text("this account has been disabled"),
                ));
            }
            tracing::info!(%account, by = %cx.from, "account disabled");
            done = done.saying(format!("{account} is disabled"));
        }
        Ok(done)
    }

    /// As before (§4.4).
    pub(super) async fn reenable_users(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let mut done = Done::default();
        for account in several(cx, filled)? {
            if self.disabled.remove(&account).await? {
                tracing::info!(%account, by = %cx.from, "account enabled again");
                done = done.saying(format!("{account} is enabled"));
            } else {
                done = done.failing(format!("{account} was not disabled"));
            }
        }
        Ok(done)
    }

    /// One session, or all of an account (§4.5).
    pub(super) fn end_sessions(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let mut done = Done::default();
        for jid in filled.accounts.iter().flatten() {
            if !cx.host.serves(jid) || jid.local().is_none() {
                return Err(not_ours(jid));
            }
            let mut ended = 0;
            for session in cx.host.resources(&jid.to_bare()) {
                if jid.resource().is_none_or(|name| name == session.name()) {
                    session.end(Some(
                        StreamError::new(StreamCondition::PolicyViolation)
                            .with_text("an administrator has ended this session"),
                    ));
                    ended += 1;
                }
            }
            if ended == 0 {
                done = done.failing(format!("{jid} is not online"));
            } else {
                tracing::info!(%jid, by = %cx.from, ended, "sessions ended");
                done = done.saying(format!("{jid}: sessions ended: {ended}"));
            }
        }
        Ok(done)
    }

    /// Another password (§4.7).
    pub(super) async fn change_password(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let account = account(cx, filled.account.as_ref())?;
        let password = filled.password.as_deref().unwrap_or_default();
        let set = accounts(&cx.host)?.set_password(&account, password).await;
        set.map_err(trouble)?;
        tracing::info!(%account, by = %cx.from, "password changed");
        Ok(Done::default().saying(format!("{account} has a new password")))
    }

    /// Something for everybody who is online (§4.23).
    pub(super) fn announce(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let lines: Vec<&str> = filled
            .announcement
            .iter()
            .flatten()
            .map(|line| &**line)
            .collect();
        let news = Stanza::message(StanzaType::Headline)
            .with_from(Jid::clone(cx.host.domain()))
            .with(&Subject::new(Text::from_static("Announcement")))
            .with(&Body::new(Text::from(lines.join("\n"))));
        let all = cx.host.online_accounts();
        for account in &all {
            cx.host.send(news.clone().with_to(account.jid().clone()));
        }
        tracing::info!(by = %cx.from, accounts = all.len(), "announcement sent");
        Ok(Done::default().saying(format!("sent to {} accounts", all.len())))
    }
}

/// The accounts of the host.
pub(super) fn accounts(host: &Host) -> Result<&Accounts, StanzaError> {
    host.accounts()
        .ok_or_else(|| StanzaError::new(Condition::ServiceUnavailable))
}

/// The one account of a form.
pub(super) fn account(cx: &IqContext, written: Option<&Jid>) -> Result<BareJid, Trouble> {
    let jid = written.ok_or_else(|| Trouble::Payload("an account is wanted".into()))?;
    jid.as_bare()
        .filter(|account| cx.host.serves(account) && account.local().is_some())
        .ok_or_else(|| not_ours(jid))
}

/// The accounts of a form.
pub(super) fn several(cx: &IqContext, filled: &Administration) -> Result<Vec<BareJid>, Trouble> {
    let written = filled.accounts.iter().flatten();
    written.map(|jid| account(cx, Some(jid))).collect()
}

fn not_ours(jid: &Jid) -> Trouble {
    Trouble::Payload(Text::from(format!("{jid} is no account of this host")))
}

/// What cannot be done to an account can mostly be mended in the form.
fn trouble(error: AccountError) -> Trouble {
    match error {
        AccountError::Storage(error) => Trouble::Refused(errors::storage(error)),
        error => Trouble::Payload(Text::from(error.to_string())),
    }
}
