//! What a session costs while nothing happens on it.

use std::io;
use std::time::Duration;

use sestina_interop::process::Process;

use crate::client::{Account, Place, Proof, Session, Way};

/// Sessions that come before the first look, so that what comes once is not counted.
pub const AHEAD: usize = 100;
/// Until the server has given back what the logins needed.
const QUIET: Duration = Duration::from_secs(3);
/// Logins under way at a time.
const AT_ONCE: usize = 32;

/// Opens sessions, one of each account, available, and lets them lie. KiB of resident memory for each.
///
/// # Errors
/// When the server does otherwise than expected.
pub async fn run(
    place: &Place,
    way: Way,
    mut accounts: Vec<Account>,
    process: &Process,
) -> io::Result<f64> {
    let rest = accounts.split_off(AHEAD.min(accounts.len()));
    let mut kept = open(place, way, accounts).await?;
    tokio::time::sleep(QUIET).await;
    let before = process.resident_kib()?;
    let count = rest.len();
    kept.extend(open(place, way, rest).await?);
    tokio::time::sleep(QUIET).await;
    let after = process.resident_kib()?;
    Ok(after.saturating_sub(before) as f64 / count as f64)
}

/// Opens them, available.
///
/// # Errors
/// When the server does otherwise than expected.
pub async fn open(place: &Place, way: Way, accounts: Vec<Account>) -> io::Result<Vec<Session>> {
    let mut sessions = Vec::with_capacity(accounts.len());
    let mut accounts = accounts.into_iter();
    loop {
        let mut tasks = tokio::task::JoinSet::new();
        for mut account in accounts.by_ref().take(AT_ONCE) {
            let place = place.clone();
            tasks.spawn(async move {
                let mut session = Session::login(&place, way, Proof::Scram, &mut account).await?;
                session.present().await?;
                io::Result::Ok(session)
            });
        }
        if tasks.is_empty() {
            return Ok(sessions);
        }
        while let Some(session) = tasks.join_next().await {
            sessions.push(session.map_err(io::Error::other)??);
        }
    }
}
