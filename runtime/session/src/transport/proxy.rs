//! The PROXY protocol, versions 1 and 2: a load balancer says whom a connection really comes from.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What a header of version 2 begins with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, its end included.
const LONGEST_LINE: usize = 107;
/// Bytes of the shortest line of version 1, `PROXY UNKNOWN` with its end. A header of version 2 is longer.
const SHORTEST: usize = 15;
/// The longest rest of a header of version 2 that is read: addresses, and what else a balancer tells.
const LONGEST_REST: usize = 2 * 1024;

/// Reads the header that has to come first and nothing behind it. `None` where the balancer speaks for itself, as in
/// its health checks, or does not know.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] when something else comes, or what the connection reports.
pub(crate) async fn read(
    connection: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<SocketAddr>> {
    let mut begin = [0; SHORTEST];
    connection.read_exact(&mut begin).await?;
    if begin.starts_with(&SIGNATURE) {
        return binary(connection, begin).await;
    }
    let mut line = begin.to_vec();
    // Byte by byte: what is behind the line belongs to somebody else.
    while !line.ends_with(b"\r\n") {
        if line.len() >= LONGEST_LINE || !line.starts_with(b"PROXY ") {
            return Err(io::ErrorKind::InvalidData.into());
        }
        line.push(connection.read_u8().await?);
    }
    text(&line).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// A line of version 1.
fn text(line: &[u8]) -> Option<Option<SocketAddr>> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix("\r\n")?;
    let mut words = line.strip_prefix("PROXY ")?.split(' ');
    let family = words.next()?;
    if family == "UNKNOWN" {
        return Some(None);
    }
    let source: IpAddr = words.next()?.parse().ok()?;
    let goal: IpAddr = words.next()?.parse().ok()?;
    let port: u16 = words.next()?.parse().ok()?;
    let _: u16 = words.next()?.parse().ok()?;
    let right = match family {
        "TCP4" => source.is_ipv4() && goal.is_ipv4(),
        "TCP6" => source.is_ipv6() && goal.is_ipv6(),
        _ => false,
    };
    (right && words.next().is_none()).then_some(Some(SocketAddr::new(source, port)))
}

/// A header of version 2, of which the beginning has been read.
async fn binary(
    connection: &mut (impl AsyncRead + Unpin),
    begin: [u8; SHORTEST],
) -> io::Result<Option<SocketAddr>> {
    let wrong = || io::Error::from(io::ErrorKind::InvalidData);
    let [.., command, family, high] = begin;
    let length = usize::from(u16::from_be_bytes([high, connection.read_u8().await?]));
    if length > LONGEST_REST {
        return Err(wrong());
    }
    let mut rest = vec![0; length];
    connection.read_exact(&mut rest).await?;
    match command {
        // The balancer itself.
        0x20 => return Ok(None),
        0x21 => {}
        _ => return Err(wrong()),
    }
    let address = match family {
        // TCP over IPv4: two addresses, two ports.
        0x11 => {
            let source: [u8; 4] = rest
                .get(..4)
                .and_then(|ip| ip.try_into().ok())
                .ok_or_else(wrong)?;
            let port: [u8; 2] = rest
                .get(8..10)
                .and_then(|port| port.try_into().ok())
                .ok_or_else(wrong)?;
            rest.get(..12).ok_or_else(wrong)?;
            Some((IpAddr::V4(Ipv4Addr::from(source)), port))
        }
        0x21 => {
            let source: [u8; 16] = rest
                .get(..16)
                .and_then(|ip| ip.try_into().ok())
                .ok_or_else(wrong)?;
            let port: [u8; 2] = rest
                .get(32..34)
                .and_then(|port| port.try_into().ok())
                .ok_or_else(wrong)?;
            rest.get(..36).ok_or_else(wrong)?;
            Some((IpAddr::V6(Ipv6Addr::from(source)), port))
        }
        // Not known, or nothing that a connection of TCP can come from.
        _ => None,
    };
    Ok(address.map(|(ip, port)| SocketAddr::new(ip, u16::from_be_bytes(port))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is read, and what is left for whoever comes next.
    fn read_all(bytes: &[u8]) -> (Option<Option<SocketAddr>>, Vec<u8>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut rest = bytes;
            let address = read(&mut rest).await.ok();
            (address, rest.to_vec())
        })
    }

    #[test]
    fn both_versions_are_read_to_their_end_and_no_further() {
        let (address, rest) = read_all(b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n<stream");
        assert_eq!(address, Some(Some("192.0.2.1:56324".parse().unwrap())));
        assert_eq!(rest, b"<stream");
        let (address, rest) = read_all(b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n");
        assert_eq!(address, Some(Some("[2001:db8::1]:1".parse().unwrap())));
        assert!(rest.is_empty());
        assert_eq!(read_all(b"PROXY UNKNOWN\r\nx"), (Some(None), b"x".to_vec()));

        let mut header = SIGNATURE.to_vec();
        header.extend([0x21, 0x11, 0, 15, 192, 0, 2, 1, 192, 0, 2, 2, 1, 0, 2, 0]);
        // Behind the addresses a balancer may tell more.
        header.extend([4, 0, 0]);
        header.extend(b"<stream");
        let (address, rest) = read_all(&header);
        assert_eq!(address, Some(Some("192.0.2.1:256".parse().unwrap())));
        assert_eq!(rest, b"<stream");
        let mut local = SIGNATURE.to_vec();
        local.extend([0x20, 0, 0, 0]);
        assert_eq!(read_all(&local), (Some(None), Vec::new()));
    }

    #[test]
    fn anything_else_is_refused() {
        let long = format!("PROXY TCP4 {}\r\n", "1".repeat(200));
        let mut short = SIGNATURE.to_vec();
        short.extend([0x21, 0x11, 0, 4, 1, 2, 3, 4]);
        for wrong in [
            b"<?xml version='1.0'?><stream:stream>".as_slice(),
            b"PROXY TCP4 2001:db8::1 192.0.2.2 1 2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 70000 2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
            b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
            long.as_bytes(),
            &short,
            b"PROXY",
        ] {
            assert_eq!(read_all(wrong).0, None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(tail in proptest::collection::vec(any::<u8>(), 0..64), kind in 0..3_u8) {
            let mut bytes = match kind {
                0 => Vec::new(),
                1 => b"PROXY ".to_vec(),
                _ => SIGNATURE.to_vec(),
            };
            bytes.extend(tail);
            read_all(&bytes);
        }
    }
}
