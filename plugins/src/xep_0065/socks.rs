//! What the proxy understands of SOCKS5 (RFC 1928): no login, one command, and names that are hashes.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const NO_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;
const NAME: u8 = 3;
/// Digits of a SHA-1 hash.
const DIGITS: usize = 40;

/// What is answered to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// The connection waits for its other end.
    Succeeded = 0,
    /// Two have come already.
    NotAllowed = 2,
    /// Another command than to connect.
    NoCommand = 7,
    /// An address instead of a hash.
    NoAddress = 8,
}

/// The hash that somebody wants to be connected by (§6.3.4), in small letters.
pub(super) async fn read<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<String> {
    let refused = |text| io::Error::new(io::ErrorKind::InvalidData, text);
    let [version, methods] = take(stream).await?;
    if version != VERSION {
        return Err(refused("this is not SOCKS5"));
    }
    let mut offered = vec![0; usize::from(methods)];
    stream.read_exact(&mut offered).await?;
    let method = if offered.contains(&NO_LOGIN) {
        NO_LOGIN
    } else {
        NO_METHOD
    };
    stream.write_all(&[VERSION, method]).await?;
    if method == NO_METHOD {
        return Err(refused("a login is asked for"));
    }
    let [version, command, _, kind] = take(stream).await?;
    if version != VERSION {
        return Err(refused("this is not SOCKS5"));
    }
    if command != CONNECT {
        answer(stream, Reply::NoCommand, "").await?;
        return Err(refused("another command"));
    }
    if kind != NAME {
        answer(stream, Reply::NoAddress, "").await?;
        return Err(refused("an address that is no hash"));
    }
    let [length] = take(stream).await?;
    let mut name = vec![0; usize::from(length)];
    stream.read_exact(&mut name).await?;
    // The port says nothing (§6.3.4).
    let [_, _] = take(stream).await?;
    if name.len() != DIGITS || !name.iter().all(u8::is_ascii_hexdigit) {
        answer(stream, Reply::NoAddress, "").await?;
        return Err(refused("a name that is no hash"));
    }
    let name: String = name.into_iter().map(char::from).collect();
    Ok(name.to_ascii_lowercase())
}

/// Answers a request, with the name that was asked for and port 0.
pub(super) async fn answer<S: AsyncWrite + Unpin>(
    stream: &mut S,
    reply: Reply,
    name: &str,
) -> io::Result<()> {
    let length = u8::try_from(name.len()).unwrap_or_default();
    let mut said = vec![VERSION, reply as u8, 0, NAME, length];
    if length > 0 {
        said.extend_from_slice(name.as_bytes());
    }
    said.extend_from_slice(&[0, 0]);
    stream.write_all(&said).await
}

async fn take<const N: usize, S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<[u8; N]> {
    let mut octets = [0; N];
    stream.read_exact(&mut octets).await?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    /// What is made of these octets, and what comes back.
    async fn say(octets: &[u8]) -> (io::Result<String>, Vec<u8>) {
        let (mut ours, mut theirs) = duplex(1024);
        ours.write_all(octets).await.unwrap();
        ours.shutdown().await.unwrap();
        let read = read(&mut theirs).await;
        drop(theirs);
        let mut back = Vec::new();
        ours.read_to_end(&mut back).await.unwrap();
        (read, back)
    }

    #[tokio::test]
    async fn a_hash_is_read_and_nothing_else() {
        let hash = "972B7bf47291ca609517f67f86b5081086052dad";
        let request = |kind: u8, name: &[u8]| {
            let mut octets = vec![5, 2, 2, 0, 5, 1, 0, kind, u8::try_from(name.len()).unwrap()];
            octets.extend_from_slice(name);
            octets.extend_from_slice(&[0, 0]);
            octets
        };
        let (read, back) = say(&request(3, hash.as_bytes())).await;
        assert_eq!(read.unwrap(), hash.to_ascii_lowercase());
        assert_eq!(back, [5, 0]);
        let (read, back) = say(&request(3, b"www.example.org")).await;
        assert!(read.is_err() && back.get(3) == Some(&8), "{back:?}");
        let (read, back) = say(&request(1, b"")).await;
        assert!(read.is_err() && back.get(3) == Some(&8), "{back:?}");
        let mut bind = request(3, hash.as_bytes());
        bind[5] = 2;
        let (read, back) = say(&bind).await;
        assert!(read.is_err() && back.get(3) == Some(&7), "{back:?}");
        let (read, back) = say(&[5, 1, 2]).await;
        assert!(read.is_err() && back == [5, 0xff], "{back:?}");
        for broken in [
            &b""[..],
            b"\x05",
            b"\x04\x01",
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x05\x00",
        ] {
            assert!(say(broken).await.0.is_err(), "{broken:?}");
        }
    }
}
