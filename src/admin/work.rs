//! The work itself, the same beside a running server and without one.

use std::sync::Arc;
use std::time::Duration;

use sestina_session::accounts::{AccountError, Accounts};
use sestina_session::host::Host;
use sestina_storage::{Storage, StorageError};
use sestina_wire::{BareJid, Jid};

use super::protocol::{Answer, Request};

/// How long removing an account waits for its sessions to finish what they were doing.
const SESSIONS_END: Duration = Duration::from_secs(3);

/// What requests are answered from.
#[derive(Clone)]
pub(crate) struct Admin {
    accounts: Accounts,
    storage: Storage,
    domains: Arc<[String]>,
    hosts: Arc<[Arc<Host>]>,
}

impl Admin {
    /// Over the accounts of these domains, with the hosts of the running server, if there is one.
    pub(crate) fn new(
        accounts: Accounts,
        storage: Storage,
        domains: Vec<String>,
        hosts: Vec<Arc<Host>>,
    ) -> Admin {
        Admin {
            accounts,
            storage,
            domains: domains.into(),
            hosts: hosts.into(),
        }
    }

    /// Does what is asked for.
    pub(super) async fn answer(&self, request: Request) -> Answer {
        let result = match request {
            Request::Add { account, password } => self.add(&account, password.expose()).await,
            Request::Passwd { account, password } => self.passwd(&account, password.expose()).await,
            Request::Remove { account } => self.remove(&account).await,
            Request::List { domain } => self.list(domain.as_deref()).await,
        };
        result.unwrap_or_else(Answer::Refused)
    }

    async fn add(&self, account: &str, password: &str) -> Result<Answer, String> {
        let account = self.account(account)?;
        self.accounts
            .create(&account, password)
            .await
            .map_err(told)?;
        if let Some(host) = self.hosts.iter().find(|host| host.serves(&account)) {
            sestina_plugins::xep_0133::welcome(host, &account);
        }
        tracing::info!(%account, "account added");
        Ok(Answer::Done)
    }

    async fn passwd(&self, account: &str, password: &str) -> Result<Answer, String> {
        let account = self.account(account)?;
        self.accounts
            .set_password(&account, password)
            .await
            .map_err(told)?;
        tracing::info!(%account, "password changed");
        Ok(Answer::Done)
    }

    async fn remove(&self, account: &str) -> Result<Answer, String> {
        let account = self.account(account)?;
        let farewells = sestina_plugins::rfc_6121::farewells(&self.storage, &account).await;
        let farewells = farewells.map_err(|error| told(error.into()))?;
        // First the keys, so that nobody logs in again; then the sessions, so that nobody stores
        // anything more; then what they have stored.
        self.accounts.remove(&account).await.map_err(told)?;
        let sessions = self.end_sessions(&account).await;
        if let Some(host) = self.hosts.iter().find(|host| host.serves(&account)) {
            farewells
                .into_iter()
                .for_each(|farewell| host.send(farewell));
        }
        self.storage.erase(sestina_types::TABLES, account.as_str()).await.map_err(|error| {
            format!("{account} cannot log in any more, but what was kept for it could not be removed: {error}")
        })?;
        for files in self
            .hosts
            .iter()
            .filter_map(|host| sestina_plugins::xep_0363::Files::of(host))
        {
            files.tidy_soon();
        }
        tracing::info!(%account, sessions, "account removed");
        Ok(Answer::Removed { sessions })
    }

    async fn end_sessions(&self, account: &BareJid) -> usize {
        let ended = self
            .hosts
            .iter()
            .map(|host| host.end_account(account))
            .sum();
        let all_gone = async {
            while self
                .hosts
                .iter()
                .any(|host| !host.resources(account).is_empty())
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if ended > 0 && tokio::time::timeout(SESSIONS_END, all_gone).await.is_err() {
            tracing::warn!(%account, "sessions of a removed account take long to end");
        }
        ended
    }

    async fn list(&self, domain: Option<&str>) -> Result<Answer, String> {
        let one;
        let domains = match domain {
            None => &*self.domains,
            Some(domain) => {
                one = [self.domain(domain)?];
                &one
            }
        };
        let mut all = Vec::new();
        for domain in domains {
            let accounts = self
                .accounts
                .list(domain)
                .await
                .map_err(|error| told(error.into()))?;
            all.extend(accounts.iter().map(|account| account.as_str().to_owned()));
        }
        Ok(Answer::Accounts(all))
    }

    /// The address of an account of one of the domains.
    fn account(&self, text: &str) -> Result<BareJid, String> {
        let jid = Jid::parse(text).map_err(|error| format!("{text:?} is no address: {error}"))?;
        if jid.local().is_none() {
            let domain = self.domains.first().map_or("localhost", String::as_str);
            return Err(format!(
                "{text} is a domain: an account has a name before it, such as {text}@{domain}"
            ));
        }
        let account = jid.as_bare().ok_or_else(|| {
            format!(
                "{text} names a session: leave out /{}",
                jid.resource().unwrap_or_default()
            )
        })?;
        self.served(account.domain())?;
        Ok(account)
    }

    fn domain(&self, text: &str) -> Result<String, String> {
        let domain = Jid::parse(text).map_err(|error| format!("{text:?} is no domain: {error}"))?;
        self.served(domain.as_str())?;
        Ok(domain.as_str().to_owned())
    }

    fn served(&self, domain: &str) -> Result<(), String> {
        if self.domains.iter().any(|served| served == domain) {
            return Ok(());
        }
        Err(format!(
            "{domain} is not a domain of this server, which serves {}",
            self.domains.join(", ")
        ))
    }
}

fn told(error: AccountError) -> String {
    match error {
        AccountError::Storage(StorageError::Unavailable(reason)) => {
            format!("the storage cannot be used: {reason}")
        }
        other => other.to_string(),
    }
}
