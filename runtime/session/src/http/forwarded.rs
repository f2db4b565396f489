//! What a trusted proxy in front of the listener says of the client.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;

use super::Peer;

/// Who asks, by the headers that proxies write. Of several addresses the last counts: it is the one that the proxy next to us
/// saw itself; what stands before it anybody may have written.
pub(super) fn peer(headers: &HeaderMap, connection: Peer) -> Peer {
    let last = |name: &str| {
        let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
        value.rsplit(',').next().map(str::trim)
    };
    let address = last("x-forwarded-for")
        .and_then(address)
        .or(connection.address);
    let secure = match last("x-forwarded-proto") {
        Some(protocol) => {
            protocol.eq_ignore_ascii_case("https") || protocol.eq_ignore_ascii_case("wss")
        }
        None => connection.secure,
    };
    Peer { address, secure }
}

/// An address with or without port.
fn address(text: &str) -> Option<SocketAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let ip: IpAddr = bare.parse().ok()?;
    Some(SocketAddr::new(ip, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_the_nearest_proxy_counts() {
        let connection = Peer {
            address: Some("127.0.0.1:9".parse().unwrap()),
            secure: false,
        };
        let mut headers = HeaderMap::new();
        assert_eq!(peer(&headers, connection).address, connection.address);
        headers.append("x-forwarded-for", "6.6.6.6, 192.0.2.1".parse().unwrap());
        headers.append("x-forwarded-proto", "HTTPS".parse().unwrap());
        let told = peer(&headers, connection);
        assert_eq!(told.address, Some("192.0.2.1:0".parse().unwrap()));
        assert!(told.secure);
        headers.append("x-forwarded-for", "2001:db8::1".parse().unwrap());
        headers.append("x-forwarded-proto", "http".parse().unwrap());
        let told = peer(&headers, connection);
        assert_eq!(told.address, Some("[2001:db8::1]:0".parse().unwrap()));
        assert!(!told.secure);
    }
}
