//! Who answers at which path.

use std::sync::Arc;

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ALLOW, HOST, HeaderValue, ORIGIN, VARY,
};
use hyper::{Method, StatusCode};

use super::{Handler, Origins, Peer, Request, Response, say};

/// Pages of which origins may ask (the protocol that browsers call CORS).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrossOrigin {
    /// All: what is answered is public.
    Anyone,
    /// Those that [`Origins`] allows; others are refused.
    Listed,
}

struct Route {
    path: Box<str>,
    /// Whether everything below the path is meant.
    below: bool,
    pages: CrossOrigin,
    handler: Arc<dyn Handler>,
}

/// A table of paths.
#[derive(Default)]
pub struct Routes {
    routes: Vec<Route>,
    origins: Origins,
}

impl Routes {
    /// No paths; pages of these origins may ask.
    pub fn new(origins: Origins) -> Routes {
        Routes {
            routes: Vec::new(),
            origins,
        }
    }

    /// Lets a handler answer at exactly this path.
    pub fn at(&mut self, path: &str, pages: CrossOrigin, handler: Arc<dyn Handler>) {
        self.add(path, false, pages, handler);
    }

    /// Lets a handler answer everywhere below this path, which ends with a slash.
    pub fn below(&mut self, path: &str, pages: CrossOrigin, handler: Arc<dyn Handler>) {
        self.add(path, true, pages, handler);
    }

    fn add(&mut self, path: &str, below: bool, pages: CrossOrigin, handler: Arc<dyn Handler>) {
        self.routes.push(Route {
            path: path.into(),
            below,
            pages,
            handler,
        });
    }

    /// The longest path that fits.
    fn find(&self, path: &str) -> Option<&Route> {
        let fits = |route: &&Route| {
            if route.below {
                path.starts_with(&*route.path)
            } else {
                path == &*route.path
            }
        };
        self.routes
            .iter()
            .filter(fits)
            .max_by_key(|route| route.path.len())
    }

    /// Answers a request.
    pub(super) async fn answer(&self, request: Request, peer: Peer) -> Response {
        let Some(route) = self.find(request.uri().path()) else {
            return say(StatusCode::NOT_FOUND, "there is nothing here");
        };
        let headers = request.headers();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let origin = headers.get(ORIGIN).cloned();
        let allowed = match (&origin, route.pages) {
            (None, _) => None,
            (Some(_), CrossOrigin::Anyone) => Some(HeaderValue::from_static("*")),
            (Some(origin), CrossOrigin::Listed) => {
                let named = origin.to_str().unwrap_or_default();
                if !self.origins.allow(named, text(HOST).unwrap_or_default()) {
                    return say(
                        StatusCode::FORBIDDEN,
                        "pages of this origin may not speak to this server",
                    );
                }
                Some(origin.clone())
            }
        };
        let mut response = if *request.method() == Method::OPTIONS {
            options(&*route.handler)
        } else {
            route.handler.answer(request, peer).await
        };
        if let Some(allowed) = allowed {
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        response
    }
}

/// What browsers ask before a page may ask something.
fn options(handler: &dyn Handler) -> Response {
    let mut response = say(StatusCode::OK, "");
    let headers = response.headers_mut();
    let methods = HeaderValue::from_static(handler.methods());
    headers.insert(ALLOW, methods.clone());
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(handler.headers()),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}
