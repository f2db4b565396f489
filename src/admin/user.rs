//! `sestina user …`.

use std::io::Write as _;
use std::sync::Arc;

use sestina_session::accounts::{Accounts, StoredAccounts};
use sestina_wire::clock::SystemRandom;

use super::protocol::{Answer, Request};
use super::{Admin, password};
use crate::cli::User;
use crate::config::{Config, StorageLocation};

/// Does what the command line asks for, over a running server or without one. The error is one line
/// for a person.
pub(crate) async fn run(config: &Config, command: User) -> Result<(), String> {
    let (request, done) = request(command)?;
    match answer(config, request).await? {
        Answer::Done => say(&done),
        Answer::Removed { sessions: 0 } => say(&done),
        Answer::Removed { sessions: 1 } => say(&format!("{done}, and ended its session")),
        Answer::Removed { sessions } => say(&format!("{done}, and ended its {sessions} sessions")),
        Answer::Accounts(accounts) => say(&accounts.join("\n")),
        Answer::Refused(reason) => Err(reason),
    }
}

/// What is asked for, and what to say when it is done.
fn request(command: User) -> Result<(Request, String), String> {
    Ok(match command {
        User::Add {
            jid,
            password_stdin,
        } => {
            let done = format!("added {jid}");
            let password = password::read(password_stdin)?;
            (
                Request::Add {
                    account: jid,
                    password,
                },
                done,
            )
        }
        User::Passwd {
            jid,
            password_stdin,
        } => {
            let done = format!("changed the password of {jid}");
            let password = password::read(password_stdin)?;
            (
                Request::Passwd {
                    account: jid,
                    password,
                },
                done,
            )
        }
        User::Remove { jid } => {
            let done = format!("removed {jid}");
            (Request::Remove { account: jid }, done)
        }
        User::List { domain } => (Request::List { domain }, String::new()),
    })
}

async fn answer(config: &Config, request: Request) -> Result<Answer, String> {
    #[cfg(unix)]
    if let Some(answer) = super::client::ask(&config.admin_socket(), &request).await? {
        return Ok(answer);
    }
    if config.storage == StorageLocation::Memory {
        return Err(
            "no server is running, and its accounts are in memory: start it first".to_owned(),
        );
    }
    let storage = crate::storage::open(config).await?;
    let accounts = Accounts::new(
        Arc::new(StoredAccounts::new(&storage)),
        Arc::new(SystemRandom),
    );
    let domains = config
        .hosts
        .iter()
        .map(|host| host.domain.clone())
        .collect();
    let answer = Admin::new(accounts, storage.clone(), domains, Vec::new())
        .answer(request)
        .await;
    storage.close().await;
    Ok(answer)
}

fn say(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    match writeln!(std::io::stdout(), "{text}") {
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|error| format!("cannot write: {error}")),
    }
}
