//! From a request of HTTP to a stream over WebSocket (RFC 6455 §4.2, RFC 7395 §3.1).

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use tungstenite::protocol::Role;

use super::Entrance;
use crate::http::{Handler, Peer, Request, Response, say};
use crate::transport::{Transport, accept_key};

/// Turns requests into streams.
pub(super) struct WebSocketHandler {
    entrance: Arc<dyn Entrance>,
}

impl WebSocketHandler {
    pub(super) fn new(entrance: Arc<dyn Entrance>) -> WebSocketHandler {
        WebSocketHandler { entrance }
    }
}

#[async_trait]
impl Handler for WebSocketHandler {
    async fn answer(&self, mut request: Request, peer: Peer) -> Response {
        if !peer.secure && self.entrance.requires_tls() {
            return say(StatusCode::FORBIDDEN, "this server wants wss");
        }
        let headers = request.headers();
        if *request.method() != Method::GET
            || !names(headers, &UPGRADE, "websocket")
            || !names(headers, &CONNECTION, "upgrade")
        {
            let mut response = say(StatusCode::UPGRADE_REQUIRED, "this is for WebSocket");
            response
                .headers_mut()
                .insert(UPGRADE, HeaderValue::from_static("websocket"));
            return response;
        }
        if !names(headers, &SEC_WEBSOCKET_VERSION, "13") {
            let mut response = say(StatusCode::UPGRADE_REQUIRED, "another version is wanted");
            response
                .headers_mut()
                .insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            return response;
        }
        if !names(headers, &SEC_WEBSOCKET_PROTOCOL, "xmpp") {
            return say(StatusCode::BAD_REQUEST, "the subprotocol xmpp is wanted");
        }
        let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
        let Some(key) = key.filter(|key| STANDARD.decode(key).is_ok_and(|key| key.len() == 16))
        else {
            return say(StatusCode::BAD_REQUEST, "the key is none");
        };
        let Ok(accept) = HeaderValue::from_str(&accept_key(key)) else {
            return say(StatusCode::INTERNAL_SERVER_ERROR, "");
        };
        let upgrade = hyper::upgrade::on(&mut request);
        let entrance = Arc::clone(&self.entrance);
        let work = async move {
            let upgraded = match upgrade.await {
                Ok(upgraded) => upgraded,
                Err(error) => return tracing::debug!(%error, "no WebSocket"),
            };
            let Ok(parts) = upgraded.downcast::<TokioIo<Transport>>() else {
                return tracing::error!("a connection that is none of ours");
            };
            let mut inner = parts.io.into_inner();
            if let Some(address) = peer.address {
                inner = inner.with_peer(address);
            }
            let ahead = parts.read_buf.to_vec();
            let stream = Transport::web_socket(inner, ahead, Role::Server, peer.secure);
            entrance.enter(stream);
        };
        if !self.entrance.work(work.boxed()) {
            return say(
                StatusCode::SERVICE_UNAVAILABLE,
                "there are too many connections",
            );
        }
        let mut response = say(StatusCode::SWITCHING_PROTOCOLS, "");
        *response.body_mut() = Default::default();
        let headers = response.headers_mut();
        headers.clear();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("xmpp"));
        response
    }
}

/// Whether a header, a list with commas, names something.
fn names(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(wanted))
}
