//! Connecting to a host of which not every address answers (RFC 8305).

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;

/// How long one address may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long an address has before the next one is tried beside it (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to whichever address of the host answers first, the system's favourite first.
pub(super) async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let addresses = tokio::net::lookup_host((unbracketed(host), port)).await?;
    race(in_turns(addresses.collect()), TcpStream::connect).await
}

/// A host without the brackets that an IPv6 address has in URLs and domains.
pub(super) fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// The families in turns, beginning with that of the first address (RFC 8305 §4).
fn in_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_family = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (same, other): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_family);
    let mut other = other.into_iter();
    let mut turns = Vec::new();
    for address in same {
        turns.push(address);
        turns.extend(other.next());
    }
    turns.extend(other);
    turns
}

/// Starts one attempt after another, the next when one fails or has had its head start; the first to succeed wins.
async fn race<T, F>(addresses: Vec<SocketAddr>, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut addresses = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    loop {
        match addresses.next() {
            Some(address) => attempts.push(tokio::time::timeout(PATIENCE, connect(address))),
            None if attempts.is_empty() => return Err(last),
            None => {}
        }
        let more = addresses.len() > 0;
        tokio::select! {
            Some(attempt) = attempts.next() => match attempt {
                Ok(Ok(connected)) => return Ok(connected),
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            },
            () = tokio::time::sleep(HEAD_START), if more => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Instant;

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_take_turns() {
        let addresses = ["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1", "1.0.0.2:1"].map(address);
        let turns = ["[::1]:1", "1.0.0.1:1", "[::2]:1", "1.0.0.2:1", "[::3]:1"].map(address);
        assert_eq!(in_turns(addresses.to_vec()), turns);
        let addresses = ["1.0.0.1:1", "[::1]:1", "[::2]:1"].map(address);
        assert_eq!(in_turns(addresses.to_vec()), addresses);
    }

    #[tokio::test]
    async fn a_silent_address_holds_nobody_up() {
        let tried = Mutex::new(Vec::new());
        let begun = Instant::now();
        let addresses = ["[::1]:1", "1.0.0.1:1", "[::2]:1", "1.0.0.2:1"].map(address);
        let won = race(addresses.to_vec(), |address| {
            tried.lock().unwrap().push(address);
            async move {
                match address.ip().to_string().as_str() {
                    "::1" => std::future::pending().await,
                    "1.0.0.1" => Err(io::ErrorKind::ConnectionRefused.into()),
                    _ => Ok(address),
                }
            }
        })
        .await;
        assert_eq!(won.unwrap(), addresses[2]);
        // The refusal was followed at once, and the fourth was not needed.
        assert_eq!(*tried.lock().unwrap(), addresses[..3]);
        assert!(begun.elapsed() < Duration::from_secs(5));
        let nobody = race(vec![addresses[1]], |_| async {
            Err::<(), _>(io::ErrorKind::ConnectionRefused.into())
        });
        assert_eq!(
            nobody.await.unwrap_err().kind(),
            io::ErrorKind::ConnectionRefused
        );
    }
}
