//! Whether a message costs more where there are more sessions: the same number of messages is on the way at any time, each in
//! another pair than the one before, through all pairs and again.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use memchr::memmem;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use crate::carrier::Carrier;
use crate::load::Pair;
use crate::logins::Figure;

/// Messages on the way: as many as the smallest number of pairs.
const ON_THE_WAY: usize = 5;

/// Runs for the time; before that, once through all pairs.
///
/// # Errors
/// When a connection breaks.
pub async fn run(
    pairs: Vec<Pair>,
    time: Duration,
    measure: impl Fn() -> io::Result<f64>,
) -> io::Result<Figure> {
    let arrived = Rc::new(Cell::new(0_u64));
    let next = Rc::new(Cell::new(0_usize));
    let (mut senders, mut receivers) = (Vec::new(), Vec::new());
    let count = pairs.len();
    for pair in pairs {
        if let (Carrier::Tcp(sender), Carrier::Tcp(receiver)) = (pair.sender, pair.receiver) {
            senders.push((sender, pair.message));
            receivers.push(receiver);
        }
    }
    let senders = Rc::new(senders);
    let local = LocalSet::new();
    for receiver in receivers {
        let (senders, arrived, next) = (Rc::clone(&senders), Rc::clone(&arrived), Rc::clone(&next));
        local.spawn_local(async move {
            loop {
                receiver.readable().await?;
                let mut bytes = [0; 4096];
                let length = match receiver.try_read(&mut bytes) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                    length => length?,
                };
                if length == 0 {
                    return io::Result::Ok(());
                }
                // Each pair has one message on the way, which does not come in two parts.
                for _ in memmem::find_iter(bytes.get(..length).unwrap_or_default(), b"</message>") {
                    arrived.set(arrived.get() + 1);
                    send(&senders, &next)?;
                }
            }
        });
    }
    local
        .run_until(async {
            for _ in 0..ON_THE_WAY.min(count) {
                send(&senders, &next)?;
            }
            while arrived.get() < count as u64 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            let (before, begun, cpu) = (arrived.get(), Instant::now(), measure()?);
            tokio::time::sleep(time).await;
            let (after, length) = (arrived.get(), begun.elapsed());
            Ok(Figure::new(after - before, length, measure()? - cpu))
        })
        .await
}

fn send(senders: &[(TcpStream, String)], next: &Cell<usize>) -> io::Result<()> {
    let at = next.get();
    next.set((at + 1) % senders.len());
    if let Some((sender, message)) = senders.get(at) {
        // So few bytes are on the way that the socket's buffer always takes them.
        sender.try_write(message.as_bytes())?;
    }
    Ok(())
}
