//! Somebody with many contacts, who all come at once: as after a server was away.

use std::io;
use std::time::{Duration, Instant};

use crate::client::{Account, Place, Proof, Session, Way};

/// Contacts that do something before it is waited for them.
const STEP: usize = 50;

async fn login(place: &Place, account: &mut Account) -> io::Result<Session> {
    let mut session = Session::login(place, Way::Tcp, Proof::Scram, account).await?;
    session.present().await?;
    Ok(session)
}

fn bare(session: &Session) -> &str {
    session.jid.split('/').next().unwrap_or_default()
}

/// Makes the first account a contact of all others, in both directions, and logs all out.
///
/// # Errors
/// When a connection breaks.
pub async fn befriend(place: &Place, accounts: &mut [Account]) -> io::Result<()> {
    let Some((hub, contacts)) = accounts.split_first_mut() else {
        return Ok(());
    };
    let mut hub = login(place, hub).await?;
    for some in contacts.chunks_mut(STEP) {
        let mut sessions = Vec::new();
        for account in some {
            sessions.push(login(place, account).await?);
        }
        let to_hub = |type_: &str, hub: &Session| {
            format!(
                "<presence xmlns='jabber:client' type='{type_}' to='{}'/>",
                bare(hub)
            )
        };
        for session in &mut sessions {
            session
                .carrier
                .send(to_hub("subscribe", &hub).as_bytes())
                .await?;
            session.ping("asked").await?;
        }
        for session in &sessions {
            for type_ in ["subscribed", "subscribe"] {
                let text = format!(
                    "<presence xmlns='jabber:client' type='{type_}' to='{}'/>",
                    bare(session)
                );
                hub.carrier.send(text.as_bytes()).await?;
            }
        }
        hub.ping("answered").await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        for session in &mut sessions {
            session
                .carrier
                .send(to_hub("subscribed", &hub).as_bytes())
                .await?;
            session.ping("let-in").await?;
        }
        hub.ping("done").await?;
        for session in sessions {
            session.close().await?;
        }
    }
    hub.close().await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok(())
}

/// All log in and show their presence, the one with many contacts first; the server's CPU seconds, and how long it took.
///
/// # Errors
/// When a connection breaks.
pub async fn run(
    place: &Place,
    accounts: &mut [Account],
    measure: impl Fn() -> io::Result<f64>,
) -> io::Result<(f64, Duration)> {
    let (start, before) = (Instant::now(), measure()?);
    let mut sessions: Vec<Session> = Vec::new();
    for account in accounts.iter_mut() {
        sessions.push(login(place, account).await?);
    }
    // Who is told of all of them has heard of them.
    if let Some(hub) = sessions.first_mut() {
        hub.ping("heard").await?;
    }
    Ok((measure()? - before, start.elapsed()))
}
