//! Presence: everybody says something new, and all their contacts get it.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use memchr::memmem;
use tokio::task::LocalSet;

use crate::carrier::Carrier;
use crate::client::Session;

/// What everybody says, and how others hear of it.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// What ends each stanza in which it is heard.
    pub end: &'static str,
    /// What the one with this number says.
    pub own: fn(usize) -> String,
    /// What is in that and in nothing that others say.
    pub mark: fn(usize) -> String,
}

/// A presence with something to say.
pub const PRESENCES: Words = Words {
    end: "</presence>",
    own: |index| format!("<presence xmlns='jabber:client'><status>u{index}.</status></presence>"),
    mark: |index| format!(">u{index}.<"),
};

/// How long servers have for what one request leads to at others.
const SETTLE: Duration = Duration::from_millis(500);

/// Lets each see the presence of the `contacts` nearest to it in a ring, and be seen by them.
///
/// # Errors
/// When a connection breaks.
pub async fn befriend(sessions: &mut [Session], contacts: usize) -> io::Result<()> {
    let ahead: Vec<usize> = (1..=contacts / 2).collect();
    let behind: Vec<usize> = ahead.iter().map(|step| sessions.len() - step).collect();
    for (type_, steps) in [
        ("subscribe", &ahead),
        ("subscribed", &behind),
        ("subscribe", &behind),
        ("subscribed", &ahead),
    ] {
        for index in 0..sessions.len() {
            let text: String = steps
                .iter()
                .filter_map(|step| sessions.get((index + step) % sessions.len()))
                .filter_map(|other| other.jid.split('/').next())
                .map(|jid| format!("<presence xmlns='jabber:client' type='{type_}' to='{jid}'/>"))
                .collect();
            if let Some(session) = sessions.get_mut(index) {
                session.carrier.send(text.as_bytes()).await?;
            }
        }
        settle(sessions).await?;
    }
    Ok(())
}

/// Waits until what was asked is done and what came of it is read.
async fn settle(sessions: &mut [Session]) -> io::Result<()> {
    for round in 0..2 {
        for session in sessions.iter_mut() {
            session.ping(&format!("settled-{round}")).await?;
        }
        tokio::time::sleep(SETTLE).await;
    }
    Ok(())
}

/// Each says something new whenever the one before it in the ring has. Calls `measure` at the start and at the end of the
/// time that counts; how many presences arrived in between, how long it was, and the difference of the measures.
///
/// # Errors
/// When a connection breaks, or less arrives than was sent to `contacts` each.
pub async fn run(
    sessions: Vec<Session>,
    contacts: usize,
    words: Words,
    time: Duration,
    measure: impl Fn() -> io::Result<f64>,
) -> io::Result<(u64, Duration, f64)> {
    let counts = Rc::new(Counts::default());
    let local = LocalSet::new();
    let number = sessions.len();
    let tasks: Vec<_> = sessions
        .into_iter()
        .enumerate()
        .map(|(index, session)| {
            let before = (index + number - 1) % number;
            let (own, mark) = ((words.own)(index), (words.mark)(before));
            local.spawn_local(keep_going(
                session.carrier,
                own,
                mark,
                words.end,
                counts.clone(),
            ))
        })
        .collect();
    local
        .run_until(async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let (sent, arrived) = (counts.sent.get(), counts.arrived.get());
            let (start, before) = (Instant::now(), measure()?);
            tokio::time::sleep(time).await;
            let (length, used) = (start.elapsed(), measure()? - before);
            let (sent, arrived) = (counts.sent.get() - sent, counts.arrived.get() - arrived);
            for task in &tasks {
                if task.is_finished() {
                    return Err(io::Error::other("a connection broke"));
                }
                task.abort();
            }
            // A slow server has much on its way at the end; whoever has no contacts would have nothing at all.
            if arrived == 0 || (arrived as f64) < 0.5 * (sent as f64) * (contacts as f64) {
                return Err(io::Error::other(format!(
                    "{arrived} arrived of {sent} to {contacts} each"
                )));
            }
            Ok((arrived, length, used))
        })
        .await
}

#[derive(Default)]
struct Counts {
    sent: Cell<u64>,
    arrived: Cell<u64>,
}

async fn keep_going(
    mut carrier: Carrier,
    own: String,
    mark: String,
    end: &'static str,
    counts: Rc<Counts>,
) -> io::Result<()> {
    let (ending, end) = (end.len(), memmem::Finder::new(end.as_bytes()));
    let mark = memmem::Finder::new(mark.as_bytes());
    carrier.send(own.as_bytes()).await?;
    let mut buffer = vec![0; 64 * 1024];
    let mut kept = 0;
    loop {
        let length = carrier
            .read(buffer.get_mut(kept..).unwrap_or_default())
            .await?;
        if length == 0 {
            return Err(io::Error::other("the server closed the connection"));
        }
        let seen = buffer.get(..kept + length).unwrap_or_default();
        let (mut arrived, mut last) = (0, 0);
        for at in end.find_iter(seen) {
            arrived += 1;
            last = at + ending;
        }
        let whole = seen.get(..last).unwrap_or_default();
        let due = mark.find_iter(whole).count() as u64;
        // Half a presence waits for its rest.
        let filled = kept + length;
        buffer.copy_within(last..filled, 0);
        kept = filled - last;
        counts.arrived.set(counts.arrived.get() + arrived);
        for _ in 0..due {
            carrier.send(own.as_bytes()).await?;
        }
        counts.sent.set(counts.sent.get() + due);
    }
}
