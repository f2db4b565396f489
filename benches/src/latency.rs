//! How long a message is on the way while the server is far from busy.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use memchr::memmem;
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::load::Pair;

/// The middle and the slow end, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// Half of the messages took no longer.
    pub p50: f64,
    /// Ninety-nine of a hundred took no longer.
    pub p99: f64,
}

/// Sends one message each millisecond, in one pair after the other.
///
/// # Errors
/// When a connection breaks.
pub async fn run(pairs: Vec<Pair>, time: Duration) -> io::Result<Latency> {
    let taken = Rc::new(RefCell::new(Vec::<Duration>::new()));
    let local = LocalSet::new();
    let mut senders = Vec::new();
    for mut pair in pairs {
        let sent = Rc::new(RefCell::new(VecDeque::<Instant>::new()));
        senders.push((pair.sender, pair.message, Rc::clone(&sent)));
        let taken = Rc::clone(&taken);
        local.spawn_local(async move {
            let mut bytes = vec![0; 4096];
            // Between two messages of a pair there is so much time that none comes in two parts.
            while let Ok(length @ 1..) = pair.receiver.read(&mut bytes).await {
                let seen = bytes.get(..length).unwrap_or_default();
                for _ in memmem::find_iter(seen, b"</message>") {
                    if let Some(sent) = sent.borrow_mut().pop_front() {
                        taken.borrow_mut().push(sent.elapsed());
                    }
                }
            }
        });
    }
    local
        .run_until(async {
            let begun = Instant::now();
            let mut ticks = interval(Duration::from_millis(1));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let count = senders.len();
            let mut next = 0;
            while begun.elapsed() < time {
                ticks.tick().await;
                if let Some((sender, message, sent)) = senders.get_mut(next % count) {
                    sent.borrow_mut().push_back(Instant::now());
                    sender.send(message.as_bytes()).await?;
                }
                next += 1;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            io::Result::Ok(())
        })
        .await?;
    let mut taken = taken.take();
    taken.sort_unstable();
    let at = |part: usize| {
        let found = taken.get(taken.len() * part / 100);
        found.map_or(f64::NAN, |taken| taken.as_secs_f64() * 1000.0)
    };
    Ok(Latency {
        p50: at(50),
        p99: at(99),
    })
}
