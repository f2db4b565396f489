//! The ways to a server that go over HTTP.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper::header::{
    CONNECTION, HOST, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use sestina_wire::Frame;
use tungstenite::protocol::Role;

use crate::client::ways::Plan;
use crate::client::{ConnectError, eyeballs};
use crate::session::SessionError;
use crate::transport::{Transport, accept_key};

/// Bytes of host-meta that are read.
const META: usize = 64 * 1024;
/// Relations of a domain to the ways in, as XEP-0156 names them.
pub(super) const WEB_SOCKET: &str = "urn:xmpp:alt-connections:websocket";
pub(super) const BOSH: &str = "urn:xmpp:alt-connections:xbosh";

/// An address on the web, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    host: String,
    port: u16,
    secure: bool,
    /// For the header `Host`.
    pub(crate) authority: HeaderValue,
    /// Path and query.
    pub(crate) path: String,
}

impl Place {
    /// Reads an address with one of these schemes, the encrypted one first.
    pub(crate) fn read(address: &str, schemes: [&str; 2]) -> io::Result<Place> {
        let wrong = |what: &str| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "{address:?} is {what}: {}://HOST/PATH is wanted",
                    schemes[0]
                ),
            )
        };
        let uri: Uri = address.parse().map_err(|_| wrong("no address"))?;
        let [secure, plain] = schemes.map(|scheme| uri.scheme_str() == Some(scheme));
        let authority = uri.authority().ok_or_else(|| wrong("no whole address"))?;
        if !secure && !plain {
            return Err(wrong("of another kind"));
        }
        Ok(Place {
            host: authority.host().to_owned(),
            port: authority
                .port_u16()
                .unwrap_or(if secure { 443 } else { 80 }),
            secure,
            authority: HeaderValue::from_str(authority.as_str())
                .map_err(|_| wrong("no address"))?,
            path: uri
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .to_owned(),
        })
    }

    /// Connects there; without encryption only where that is allowed.
    pub(crate) async fn connect(&self, plan: &Plan) -> Result<Transport, ConnectError> {
        if !self.secure && plan.require_tls {
            return Err(SessionError::Impasse(crate::negotiation::Impasse::NoEncryption).into());
        }
        let socket = eyeballs::connect(&self.host, self.port).await;
        let socket = socket.map_err(|error| ConnectError::Unreachable {
            domain: self.host.clone(),
            error,
        })?;
        let mut transport = Transport::tcp(socket)?;
        if self.secure {
            plan.secure(&mut transport, &self.host, "http/1.1").await?;
        }
        Ok(transport)
    }
}

fn broken(error: hyper::Error) -> io::Error {
    io::Error::other(error)
}

/// Opens a WebSocket (RFC 6455 §4.1, RFC 7395 §3.1).
pub(super) async fn web_socket(plan: &Plan, address: &str) -> Result<Transport, ConnectError> {
    let place = Place::read(address, ["wss", "ws"])?;
    let transport = place.connect(plan).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(transport))
        .await
        .map_err(broken)?;
    // Ends when the connection has become the WebSocket's, or with it.
    tokio::spawn(connection.with_upgrades());
    let mut nonce = [0; 16];
    plan.random.fill(&mut nonce);
    let key = STANDARD.encode(nonce);
    let request = Request::get(&place.path)
        .header(HOST, &place.authority)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_PROTOCOL, "xmpp")
        .header(SEC_WEBSOCKET_KEY, &key)
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let mut response = sender.send_request(request).await.map_err(broken)?;
    let header = |name| response.headers().get(name).map(HeaderValue::as_bytes);
    if response.status() != StatusCode::SWITCHING_PROTOCOLS
        || header(SEC_WEBSOCKET_ACCEPT) != Some(accept_key(key.as_bytes()).as_bytes())
        || header(SEC_WEBSOCKET_PROTOCOL) != Some(b"xmpp")
    {
        let said = format!("{address} is no WebSocket for XMPP: {}", response.status());
        return Err(io::Error::new(io::ErrorKind::InvalidData, said).into());
    }
    let upgraded = hyper::upgrade::on(&mut response).await.map_err(broken)?;
    let parts = upgraded
        .downcast::<TokioIo<Transport>>()
        .map_err(|_| io::Error::other("the connection is another's"))?;
    Ok(Transport::web_socket(
        parts.io.into_inner(),
        parts.read_buf.to_vec(),
        Role::Client,
        false,
    ))
}

/// The addresses that a domain's host-meta has for a relation (XEP-0156 §3).
pub(super) async fn host_meta(
    plan: &Plan,
    domain: &str,
) -> Result<Vec<(String, String)>, ConnectError> {
    let place = Place::read(
        &format!("https://{domain}/.well-known/host-meta"),
        ["https", "http"],
    )?;
    let transport = place.connect(plan).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(transport))
        .await
        .map_err(broken)?;
    tokio::spawn(connection);
    let request = Request::get(&place.path)
        .header(HOST, &place.authority)
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let response = sender.send_request(request).await.map_err(broken)?;
    if response.status() != StatusCode::OK {
        let said = format!("{domain} has no host-meta: {}", response.status());
        return Err(io::Error::new(io::ErrorKind::NotFound, said).into());
    }
    let body = Limited::new(response.into_body(), META).collect().await;
    let body = body.map_err(io::Error::other)?.to_bytes();
    let text = std::str::from_utf8(&body).map_err(io::Error::other)?;
    let links = links(text);
    links.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData).into())
}

/// Relation and address of each link.
fn links(text: &str) -> Option<Vec<(String, String)>> {
    const XRD: &str = "http://docs.oasis-open.org/ns/xri/xrd-1.0";
    let frame = Frame::parse(text).ok()?;
    let root = frame.root();
    let links = root.children().filter(|link| link.is("Link", XRD));
    let links = links.filter_map(|link| {
        Some((
            link.attr("rel")?.to_string(),
            link.attr("href")?.to_string(),
        ))
    });
    root.is("XRD", XRD).then(|| links.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let place = Place::read("wss://example.org/xmpp?a=b", ["wss", "ws"]).unwrap();
        assert_eq!(
            (place.host.as_str(), place.port, place.secure),
            ("example.org", 443, true)
        );
        assert_eq!(place.path, "/xmpp?a=b");
        let place = Place::read("ws://[::1]:5280", ["wss", "ws"]).unwrap();
        assert_eq!(
            (place.host.as_str(), place.port, place.secure),
            ("[::1]", 5280, false)
        );
        for wrong in ["", "example.org", "https://example.org/", "wss:///x"] {
            assert!(Place::read(wrong, ["wss", "ws"]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn host_meta_is_read() {
        let found = links(
            "<?xml version='1.0' encoding='utf-8'?><XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\
             <Link rel='urn:xmpp:alt-connections:websocket' href='wss://web.example.com:443/ws'/><Other/></XRD>",
        );
        let link = (
            WEB_SOCKET.to_owned(),
            "wss://web.example.com:443/ws".to_owned(),
        );
        assert_eq!(found, Some(vec![link]));
        assert_eq!(links("<html/>"), None);
    }
}
