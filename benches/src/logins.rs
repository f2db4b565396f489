//! Logins, and sessions gone on with: how many a second, and what they cost.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::client::{Account, Place, Proof, Session, Way};

/// What happened, in how long, at what cost.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// How often a second.
    pub rate: f64,
    /// The server's CPU seconds for a hundred thousand.
    pub cpu: f64,
}

impl Figure {
    /// From a count, the time it took, and the CPU seconds.
    pub fn new(count: u64, length: Duration, cpu: f64) -> Figure {
        Figure {
            rate: count as f64 / length.as_secs_f64(),
            cpu: cpu / count.max(1) as f64 * 100_000.0,
        }
    }
}

/// What a client does over and over.
#[derive(Clone, Copy, Debug)]
pub enum Task {
    /// Connects, proves who it is, binds a resource, closes the stream.
    Login(Way, Proof),
    /// Loses its connection, makes another, logs in there with SCRAM and goes on with its session (XEP-0198 §5).
    Resumption,
}

/// As many clients as there are accounts, each beginning again as soon as it is through.
///
/// # Errors
/// When the server does otherwise than expected.
pub async fn run(
    place: &Place,
    task: Task,
    accounts: Vec<Account>,
    time: Duration,
    measure: impl Fn() -> io::Result<f64>,
) -> io::Result<Figure> {
    let done = Rc::new(Cell::new(0_u64));
    let mut clients = Vec::new();
    for mut account in accounts {
        let kept = match task {
            Task::Login(way, proof) => {
                // The first of each is before the time that counts.
                login(place, way, proof, &mut account).await?;
                None
            }
            Task::Resumption => Some(resumable(place, &mut account).await?),
        };
        clients.push((account, kept));
    }
    let (begun, before) = (Instant::now(), measure()?);
    let local = LocalSet::new();
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|(mut account, mut kept)| {
            let (place, done) = (place.clone(), Rc::clone(&done));
            local.spawn_local(async move {
                while begun.elapsed() < time {
                    match (task, &mut kept) {
                        (Task::Login(way, proof), _) => {
                            login(&place, way, proof, &mut account).await?;
                        }
                        (Task::Resumption, Some((session, id))) => {
                            *session = resume(&place, &mut account, id).await?;
                        }
                        (Task::Resumption, None) => {}
                    }
                    done.set(done.get() + 1);
                }
                io::Result::Ok(())
            })
        })
        .collect();
    local
        .run_until(async {
            for task in tasks {
                task.await.map_err(io::Error::other)??;
            }
            io::Result::Ok(())
        })
        .await?;
    Ok(Figure::new(
        done.get(),
        begun.elapsed(),
        measure()? - before,
    ))
}

async fn login(place: &Place, way: Way, proof: Proof, account: &mut Account) -> io::Result<()> {
    Session::login(place, way, proof, account)
        .await?
        .close()
        .await
}

/// A session that can be gone on with, and its identifier.
async fn resumable(place: &Place, account: &mut Account) -> io::Result<(Session, String)> {
    let mut session = Session::login(place, Way::Tcp, Proof::Scram, account).await?;
    let enable = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
    let enabled = session.ask(enable, &["/>", "</enabled>"]).await?;
    let enabled = enabled.replace('"', "'");
    let id = enabled.split(" id='").nth(1);
    let id = id.and_then(|rest| rest.split('\'').next());
    let id = id
        .ok_or_else(|| io::Error::other(enabled.clone()))?
        .to_owned();
    Ok((session, id))
}

/// The old connection breaks when the new one is through.
async fn resume(place: &Place, account: &mut Account, id: &str) -> io::Result<Session> {
    let mut session = Session::authenticate(place, Way::Tcp, Proof::Scram, account).await?;
    let text = format!("<resume xmlns='urn:xmpp:sm:3' h='0' previd='{id}'/>");
    session.ask(&text, &["<resumed"]).await?;
    Ok(session)
}
