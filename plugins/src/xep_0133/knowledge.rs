//! What administrators learn (§4.8 to §4.22).

use std::sync::Arc;

use sestina_session::host::{Account, Host};
use sestina_session::mux::IqContext;
use sestina_types::Stores as _;
use sestina_types::rfc_6121::client::{Availability, Show};
use sestina_types::rfc_6121::roster;
use sestina_types::xep_0004::{Field, FieldType, Form, FormType};
use sestina_types::xep_0133::forms::{Administration, MaxItems};
use sestina_wire::{BareJid, DateTime, Jid, Payload as _, Text};

use super::Server;
use super::accounts::{account, accounts, several};
use crate::xep_0050::{Done, Trouble};
use crate::{rfc_6121, xep_0494};

impl Server {
    /// The contacts of an account (§4.8), as a roster inside the form.
    pub(super) async fn user_roster(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let written = filled.accounts.iter().flatten().next();
        let account = self.existing(cx, written).await?;
        let contacts = match rfc_6121::Server::of(&cx.host) {
            Some(rosters) => rosters.contacts(&account).await?,
            None => roster::Query::default(),
        };
        let mut form = results(&Administration {
            accounts: Some(vec![account.into_jid()]),
            ..Administration::default()
        });
        form.any.push(contacts.to_any());
        Ok(Done::default().with(form))
    }

    /// When accounts logged in last, as far as it is known (§4.9): of one that is online when its newest session began,
    /// of another when its last one ended.
    pub(super) async fn last_login(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let all = several(cx, filled)?;
        let mut done = Done::default();
        let mut form = Form::new(FormType::Result);
        form.fields
            .extend(results(&Administration::default()).fields);
        form.reported = Some(sestina_types::xep_0004::Reported {
            fields: vec![
                column("accountjids", FieldType::JidSingle, "Account"),
                column("lastlogin", FieldType::TextSingle, "Last login"),
            ],
            ..Default::default()
        });
        let mut told = Vec::new();
        for account in all {
            if !accounts(&cx.host)?.exists(&account).await? {
                done = done.failing(format!("there is no account {account}"));
                continue;
            }
            let said = self.seen(cx, &account).await?;
            told.push((account, said));
        }
        // One is answered as the example shows it; several are rows of a table.
        if let [(account, said)] = told.as_slice() {
            let form = results(&Administration {
                accounts: Some(vec![Jid::clone(account)]),
                last_login: Some(said.clone()),
                ..Administration::default()
            });
            return Ok(done.with(form));
        }
        form.items = told
            .into_iter()
            .map(|(account, said)| sestina_types::xep_0004::Item {
                fields: vec![
                    value("accountjids", account.as_text().clone()),
                    value("lastlogin", said),
                ],
                ..Default::default()
            })
            .collect();
        Ok(done.with(form))
    }

    /// When somebody was last seen.
    async fn seen(&self, cx: &IqContext, account: &BareJid) -> Result<Text, Trouble> {
        let sessions = cx.host.resources(account);
        let began = sessions
            .iter()
            .filter_map(|session| xep_0494::began(session));
        if let Some(began) = began.max() {
            return Ok(Text::from(DateTime::from_timestamp(began).as_str()));
        }
        if !sessions.is_empty() {
            return Ok(Text::from_static("online"));
        }
        let left = match cx.host.storage().last_activity() {
            Some(rows) => rows.get(account).await?,
            None => None,
        };
        Ok(
            left.map_or(Text::from_static("never, as far as is known"), |row| {
                Text::from(DateTime::from_timestamp(row.at).as_str())
            }),
        )
    }

    /// Figures of an account (§4.10).
    pub(super) async fn user_statistics(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let account = self.existing(cx, filled.account.as_ref()).await?;
        let size = match rfc_6121::Server::of(&cx.host) {
            Some(rosters) => rosters.contacts(&account).await?.items.len(),
            None => 0,
        };
        let sessions = cx.host.resources(&account);
        let names = sessions.iter().map(|session| Text::from(session.name()));
        Ok(Done::default().with(results(&Administration {
            account: Some(Jid::clone(&account)),
            roster_size: Some(count(size)),
            online_resources: Some(names.collect()),
            last_login: Some(self.seen(cx, &account).await?),
            ..Administration::default()
        })))
    }

    pub(super) async fn count_registered(&self, cx: &IqContext) -> Result<Done, Trouble> {
        let all = accounts(&cx.host)?.list(cx.host.domain().as_str()).await?;
        Ok(Done::default().with(results(&Administration {
            registered_users_count: Some(count(all.len())),
            ..Administration::default()
        })))
    }

    pub(super) fn count_disabled(&self) -> Result<Done, Trouble> {
        Ok(Done::default().with(results(&Administration {
            disabled_users_count: Some(count(self.disabled.all().len())),
            ..Administration::default()
        })))
    }

    pub(super) fn count_online(&self, cx: &IqContext) -> Result<Done, Trouble> {
        Ok(Done::default().with(results(&Administration {
            online_users_count: Some(count(cx.host.online_accounts().len())),
            ..Administration::default()
        })))
    }

    pub(super) async fn list_registered(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let all = accounts(&cx.host)?.list(cx.host.domain().as_str()).await?;
        let (shown, done) = bounded(all, filled);
        Ok(done.with(results(&Administration {
            registered_users: Some(shown),
            ..Administration::default()
        })))
    }

    pub(super) fn list_disabled(&self, filled: &Administration) -> Result<Done, Trouble> {
        let (shown, done) = bounded(self.disabled.all(), filled);
        Ok(done.with(results(&Administration {
            disabled_users: Some(shown),
            ..Administration::default()
        })))
    }

    pub(super) fn list_online(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let online = cx.host.online_accounts().into_iter();
        let mut all: Vec<BareJid> = online.map(|account| account.jid().clone()).collect();
        all.sort();
        let (shown, done) = bounded(all, filled);
        Ok(done.with(results(&Administration {
            online_users: Some(shown),
            ..Administration::default()
        })))
    }

    pub(super) fn count_active(&self, cx: &IqContext) -> Result<Done, Trouble> {
        Ok(Done::default().with(results(&Administration {
            active_users_count: Some(count(by_activity(&cx.host, true).len())),
            ..Administration::default()
        })))
    }

    pub(super) fn count_idle(&self, cx: &IqContext) -> Result<Done, Trouble> {
        Ok(Done::default().with(results(&Administration {
            idle_users_count: Some(count(by_activity(&cx.host, false).len())),
            ..Administration::default()
        })))
    }

    pub(super) fn list_active(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        list_by_activity(cx, filled, true)
    }

    pub(super) fn list_idle(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        list_by_activity(cx, filled, false)
    }

    /// The account of a form, which is there.
    async fn existing(&self, cx: &IqContext, written: Option<&Jid>) -> Result<BareJid, Trouble> {
        let account = account(cx, written)?;
        if !accounts(&cx.host)?.exists(&account).await? {
            return Err(Trouble::Payload(Text::from(format!(
                "there is no account {account}"
            ))));
        }
        Ok(account)
    }
}

/// The accounts that are online and active, or idle: an account is active while a session of it is available and neither
/// away nor longer away.
fn by_activity(host: &Host, active: bool) -> Vec<BareJid> {
    let is_active = |account: &Arc<Account>| {
        account.resources().iter().any(|session| {
            let show = session.presence().map(|presence| presence.decode::<Show>());
            show.is_some_and(|show| {
                !matches!(
                    show.and_then(Result::ok).map(|show| show.text),
                    Some(Availability::Away | Availability::Xa)
                )
            })
        })
    };
    let online = host.online_accounts().into_iter();
    let mut found: Vec<BareJid> = online
        .filter(|account| is_active(account) == active)
        .map(|account| account.jid().clone())
        .collect();
    found.sort();
    found
}

/// Both lists have one field (§4.21, §4.22).
fn list_by_activity(
    cx: &IqContext,
    filled: &Administration,
    active: bool,
) -> Result<Done, Trouble> {
    let (shown, done) = bounded(by_activity(&cx.host, active), filled);
    Ok(done.with(results(&Administration {
        active_users: Some(shown),
        ..Administration::default()
    })))
}

/// As many as were asked for, and a word where there are more.
fn bounded(all: Vec<BareJid>, filled: &Administration) -> (Vec<Jid>, Done) {
    let most = filled
        .max_items
        .as_ref()
        .map(MaxItems::as_str)
        .and_then(|most| most.parse::<usize>().ok())
        .unwrap_or(usize::MAX);
    let done = if all.len() > most {
        Done::default().saying(format!("the first {most} of {}", all.len()))
    } else {
        Done::default()
    };
    let shown = all.into_iter().take(most).map(BareJid::into_jid);
    (shown.collect(), done)
}

fn results(form: &Administration) -> Form {
    form.write(FormType::Result)
}

fn column(var: &'static str, type_: FieldType, label: &'static str) -> Field {
    Field {
        var: Some(Text::from_static(var)),
        type_: Some(type_),
        label: Some(Text::from_static(label)),
        ..Field::default()
    }
}

fn value(var: &'static str, value: Text) -> Field {
    Field {
        var: Some(Text::from_static(var)),
        values: std::iter::once(value).collect(),
        ..Field::default()
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
