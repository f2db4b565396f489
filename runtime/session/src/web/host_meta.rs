//! Where a domain's WebSocket and BOSH are (XEP-0156 §3, RFC 6415).

use std::sync::Arc;

use async_trait::async_trait;
use hyper::header::{HOST, HeaderValue};
use hyper::{Method, StatusCode};

use super::{Entrance, WebSettings};
use crate::http::{Handler, Peer, Request, Response, respond, say};

/// Relations of a domain to the ways in, as XEP-0156 names them.
const WEB_SOCKET: &str = "urn:xmpp:alt-connections:websocket";
const BOSH: &str = "urn:xmpp:alt-connections:xbosh";

/// Answers with the links of the domain that was asked.
pub(super) struct HostMeta {
    entrance: Arc<dyn Entrance>,
    web_socket: Option<String>,
    bosh: Option<String>,
    public: Option<String>,
    json: bool,
}

impl HostMeta {
    pub(super) fn new(settings: &WebSettings, entrance: Arc<dyn Entrance>, json: bool) -> HostMeta {
        HostMeta {
            entrance,
            web_socket: settings.web_socket.clone(),
            bosh: settings.bosh.clone(),
            public: settings.public.clone(),
            json,
        }
    }

    /// Relation and address of each way in that is open to who asks.
    fn links(&self, authority: &str, peer: Peer) -> Vec<(&'static str, String)> {
        let (base, secure) = match &self.public {
            Some(public) => match public.split_once("://") {
                Some((scheme, rest)) => (rest.trim_end_matches('/'), scheme == "https"),
                None => return Vec::new(),
            },
            None => (authority, peer.secure),
        };
        // Nobody can log in without encryption where that is required.
        if !secure && self.entrance.requires_tls() {
            return Vec::new();
        }
        let (web_socket, bosh) = if secure {
            ("wss", "https")
        } else {
            ("ws", "http")
        };
        let mut links = Vec::new();
        if let Some(path) = &self.web_socket {
            links.push((WEB_SOCKET, format!("{web_socket}://{base}{path}")));
        }
        if let Some(path) = &self.bosh {
            links.push((BOSH, format!("{bosh}://{base}{path}")));
        }
        links
    }
}

#[async_trait]
impl Handler for HostMeta {
    async fn answer(&self, request: Request, peer: Peer) -> Response {
        if *request.method() != Method::GET && *request.method() != Method::HEAD {
            return say(StatusCode::METHOD_NOT_ALLOWED, "this can only be read");
        }
        let authority = request
            .headers()
            .get(HOST)
            .and_then(|host| host.to_str().ok());
        let authority = authority.unwrap_or_default();
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        // What is not served here has no ways in; and what was asked is not repeated unseen.
        if !self.entrance.serves(host) || !is_plain(authority) {
            return say(StatusCode::NOT_FOUND, "this domain is not served here");
        }
        let links = self.links(authority, peer);
        let (kind, text) = if self.json {
            ("application/json; charset=utf-8", json(&links))
        } else {
            ("application/xrd+xml; charset=utf-8", xrd(&links))
        };
        respond(StatusCode::OK, HeaderValue::from_static(kind), text)
    }
}

/// Whether this can stand in XML and JSON as it is.
fn is_plain(authority: &str) -> bool {
    !authority.is_empty()
        && authority
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
}

fn xrd(links: &[(&str, String)]) -> String {
    let mut text = String::from(
        "<?xml version='1.0' encoding='utf-8'?>\n<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\n",
    );
    for (relation, address) in links {
        text.push_str(&format!("  <Link rel='{relation}' href='{address}'/>\n"));
    }
    text.push_str("</XRD>\n");
    text
}

fn json(links: &[(&str, String)]) -> String {
    let links: Vec<String> = links
        .iter()
        .map(|(relation, address)| format!("{{\"rel\":\"{relation}\",\"href\":\"{address}\"}}"))
        .collect();
    format!("{{\"links\":[{}]}}\n", links.join(","))
}
