//! Chat one to one: pairs of sessions, each with a fixed number of messages on the way.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use memchr::memmem;
use tokio::task::LocalSet;

use crate::carrier::Carrier;

/// What ends a message.
const END: &[u8] = b"</message>";

/// How a sender writes when several messages have arrived and as many may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// One system call a message, as clients of people do.
    Single,
    /// All at once, as busy bots and gateways do.
    Gathered,
}

/// Two connections; what is written to the first comes out of the second.
#[derive(Debug)]
pub struct Pair {
    /// Sends.
    pub sender: Carrier,
    /// Receives.
    pub receiver: Carrier,
    /// One message, as it is sent.
    pub message: String,
}

/// Keeps `outstanding` messages on the way in each pair and calls `measure` at the start and at the end of the time that
/// counts. Returns the messages that arrived in between, how long it was, and the difference of the measures.
///
/// # Errors
/// When a connection breaks or nothing arrives any more.
pub async fn run(
    pairs: Vec<Pair>,
    outstanding: usize,
    writing: Writing,
    warm_up: Duration,
    time: Duration,
    measure: impl Fn() -> io::Result<f64>,
) -> io::Result<(u64, Duration, f64)> {
    let arrived = Rc::new(Cell::new(0_u64));
    let stop = Rc::new(Cell::new(false));
    let local = LocalSet::new();
    let tasks: Vec<_> = pairs
        .into_iter()
        .map(|pair| {
            local.spawn_local(keep_going(
                pair,
                outstanding,
                writing,
                arrived.clone(),
                stop.clone(),
            ))
        })
        .collect();
    local
        .run_until(async {
            tokio::time::sleep(warm_up).await;
            let (count, start, before) = (arrived.get(), Instant::now(), measure()?);
            tokio::time::sleep(time).await;
            let (count, length, used) =
                (arrived.get() - count, start.elapsed(), measure()? - before);
            stop.set(true);
            for task in tasks {
                let finished = tokio::time::timeout(Duration::from_secs(10), task).await;
                finished.map_err(|_| {
                    io::Error::other("messages were lost: the last ones never arrived")
                })???;
            }
            Ok((count, length, used))
        })
        .await
}

async fn keep_going(
    mut pair: Pair,
    outstanding: usize,
    writing: Writing,
    arrived: Rc<Cell<u64>>,
    stop: Rc<Cell<bool>>,
) -> io::Result<()> {
    let batch = pair.message.repeat(outstanding);
    let finder = memmem::Finder::new(END);
    pair.sender.send(batch.as_bytes()).await?;
    let mut on_the_way = outstanding;
    let mut buffer = vec![0; 16 * 1024];
    let mut kept = 0;
    while on_the_way > 0 {
        let length = pair
            .receiver
            .read(buffer.get_mut(kept..).unwrap_or_default())
            .await?;
        if length == 0 {
            return Err(io::Error::other("the server closed the connection"));
        }
        let seen = buffer.get(..kept + length).unwrap_or_default();
        let mut ends = finder.find_iter(seen);
        let (mut count, mut last) = (0, 0);
        for end in ends.by_ref() {
            count += 1;
            last = end + END.len();
        }
        // Half a message waits for its rest.
        let end = kept + length;
        buffer.copy_within(last..end, 0);
        kept = end - last;
        arrived.set(arrived.get() + count as u64);
        on_the_way -= count;
        if !stop.get() && count > 0 {
            on_the_way += count;
            let (writes, messages) = match writing {
                Writing::Single => (count, 1),
                Writing::Gathered => (1, count),
            };
            let bytes = batch
                .get(..pair.message.len() * messages)
                .unwrap_or_default();
            for _ in 0..writes {
                pair.sender.send(bytes.as_bytes()).await?;
            }
        }
    }
    Ok(())
}
