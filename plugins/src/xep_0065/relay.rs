//! Bytes from one connection to another, in both directions.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::Instant;

/// What is carried at a time: so much memory a direction takes.
const PIECE: usize = 32 * 1024;

/// What a stream may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// Bytes a second in each direction; none where there is no bound.
    pub(super) rate: Option<u64>,
    /// How long nothing may come in either direction.
    pub(super) idle: Duration,
}

/// Carries bytes until both sides are done, one breaks, or nothing comes any more.
pub(super) async fn run(mut one: TcpStream, mut other: TcpStream, terms: Terms) -> io::Result<()> {
    let last = Mutex::new(Instant::now());
    let (one_in, one_out) = one.split();
    let (other_in, other_out) = other.split();
    tokio::try_join!(
        carry(one_in, other_out, terms, &last),
        carry(other_in, one_out, terms, &last),
    )?;
    Ok(())
}

/// One direction. What one side ends is ended for the other.
async fn carry(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    terms: Terms,
    last: &Mutex<Instant>,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    let silent = || {
        let last = *last.lock().unwrap_or_else(PoisonError::into_inner);
        last.elapsed() >= terms.idle
    };
    let timed_out = || io::Error::from(io::ErrorKind::TimedOut);
    loop {
        let read = match tokio::time::timeout(terms.idle, from.read(&mut piece)).await {
            Ok(read) => read?,
            Err(_) if silent() => return Err(timed_out()),
            Err(_) => continue,
        };
        let begun = Instant::now();
        *last.lock().unwrap_or_else(PoisonError::into_inner) = begun;
        if read == 0 {
            return to.shutdown().await;
        }
        let octets = piece.get(..read).unwrap_or_default();
        tokio::time::timeout(terms.idle, to.write_all(octets))
            .await
            .map_err(|_| timed_out())??;
        if let Some(rate) = terms.rate {
            // As long as the piece may take, from its begin.
            let micros = u64::try_from(read)
                .unwrap_or(u64::MAX)
                .saturating_mul(1_000_000)
                / rate.max(1);
            tokio::time::sleep_until(begun + Duration::from_micros(micros)).await;
        }
    }
}
