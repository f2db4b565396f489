//! XMPP over the HTTP listener: WebSocket (RFC 7395), BOSH (XEP-0206), and where to find them (XEP-0156).

mod host_meta;
mod web_socket;

use std::sync::Arc;

use crate::bosh;
use crate::http::{CrossOrigin, Origins, Routes};
use crate::transport::Transport;

/// What the HTTP listeners of a server offer, and to whom.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// The path of WebSocket; none offers none.
    pub web_socket: Option<String>,
    /// The path of BOSH; none offers none.
    pub bosh: Option<String>,
    /// The origins whose pages may open sessions.
    pub origins: Origins,
    /// What clients put before the paths to come here, such as `https://chat.example.org`, in host-meta. Unless set, that is
    /// how the one who asks for host-meta came here.
    pub public: Option<String>,
}

impl Default for WebSettings {
    fn default() -> WebSettings {
        WebSettings {
            web_socket: Some("/xmpp-websocket".to_owned()),
            bosh: Some("/http-bind".to_owned()),
            origins: Origins::same_host(),
            public: None,
        }
    }
}

/// Where connections go that came in by HTTP.
pub(crate) trait Entrance: Send + Sync {
    /// Begins to negotiate; false when there are too many connections.
    fn enter(&self, transport: Transport) -> bool;

    /// Does something for a connection, counted as one; false when there are too many.
    fn work(&self, work: futures_util::future::BoxFuture<'static, ()>) -> bool;

    /// Whether streams have to be encrypted.
    fn requires_tls(&self) -> bool;

    /// Whether this domain is served.
    fn serves(&self, domain: &str) -> bool;

    /// What streams are negotiated with.
    fn config(&self) -> &crate::session::AcceptConfig;
}

/// The paths of XMPP.
pub(crate) fn routes(settings: &WebSettings, entrance: &Arc<dyn Entrance>) -> Routes {
    let mut routes = Routes::new(settings.origins.clone());
    if let Some(path) = &settings.web_socket {
        let handler = web_socket::WebSocketHandler::new(Arc::clone(entrance));
        routes.at(path, CrossOrigin::Listed, Arc::new(handler));
    }
    if let Some(path) = &settings.bosh {
        let handler = bosh::BoshHandler::new(Arc::clone(entrance));
        routes.at(path, CrossOrigin::Listed, Arc::new(handler));
    }
    for (path, json) in [
        ("/.well-known/host-meta", false),
        ("/.well-known/host-meta.json", true),
    ] {
        let handler = host_meta::HostMeta::new(settings, Arc::clone(entrance), json);
        routes.at(path, CrossOrigin::Anyone, Arc::new(handler));
    }
    routes
}
