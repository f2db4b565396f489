//! Requests of HTTP to their sessions.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use hyper::{Method, StatusCode};
use sestina_wire::Text;

use super::body::{self, Body};
use super::carrier::{Carrier, Shared, lock};
use super::session::{Reply, Session};
use crate::http::{Handler, Peer, Request, Response, respond, say};
use crate::transport::Transport;
use crate::web::Entrance;

/// Bytes of the wrapper beside what is wrapped.
const WRAPPER: usize = 2 * 1024;

/// The sessions there are, by identifier.
#[derive(Default)]
pub(super) struct Registry(Mutex<HashMap<Text, Shared>>);

impl Registry {
    fn find(&self, sid: &str) -> Option<Shared> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(sid).cloned()
    }

    fn add(&self, sid: Text, session: Shared) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.insert(sid, session);
    }

    pub(super) fn forget(&self, sid: &str) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(sid);
    }
}

/// Answers requests with what their sessions say.
pub(crate) struct BoshHandler {
    entrance: Arc<dyn Entrance>,
    registry: Arc<Registry>,
}

/// Why a request is not taken.
enum Refusal {
    /// It is too large.
    TooLarge,
    /// It broke off.
    Broken,
}

impl BoshHandler {
    pub(crate) fn new(entrance: Arc<dyn Entrance>) -> BoshHandler {
        BoshHandler {
            entrance,
            registry: Arc::default(),
        }
    }

    /// The whole body. Who has not logged in may send little: whose session it is, is looked for as soon as it passes that.
    async fn read(&self, request: Request) -> Result<Bytes, Refusal> {
        let config = self.entrance.config();
        let mut limit = config.limits_before.stanza_bytes + WRAPPER;
        let mut looked = false;
        let mut body = request.into_body();
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::Broken)?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            bytes.extend_from_slice(&data);
            if bytes.len() > limit && !looked {
                looked = true;
                let session = body::sid_at_a_glance(&bytes).and_then(|sid| self.registry.find(sid));
                if let Some(session) = session {
                    limit = lock(&session).limits.stanza_bytes + WRAPPER;
                }
            }
            if bytes.len() > limit {
                return Err(Refusal::TooLarge);
            }
        }
        Ok(bytes.freeze())
    }

    /// Begins a session for a request without one.
    fn begin(&self, first: Body, peer: Peer) -> Result<(Shared, Reply), &'static str> {
        let config = self.entrance.config();
        let Some(rid) = first.rid else {
            return Err("bad-request");
        };
        if first.to.is_none() {
            return Err("improper-addressing");
        }
        let sid = config.random.token();
        let session = Session::new(sid.clone(), &first, rid, config.limits_before);
        let session: Shared = Arc::new(Mutex::new(session));
        let reply = lock(&session).request(first, config.clock.monotonic());
        let carrier = Carrier::new(
            Arc::clone(&session),
            sid.clone(),
            Arc::clone(&self.registry),
        );
        let address: Option<SocketAddr> = peer.address;
        let transport = Transport::messages(Box::new(carrier), address, peer.secure);
        self.registry.add(sid, Arc::clone(&session));
        if !self.entrance.enter(transport) {
            return Err("policy-violation");
        }
        Ok((session, reply))
    }
}

#[async_trait]
impl Handler for BoshHandler {
    async fn answer(&self, request: Request, peer: Peer) -> Response {
        if *request.method() != Method::POST {
            return say(
                StatusCode::METHOD_NOT_ALLOWED,
                "this is for BOSH: requests are POST",
            );
        }
        if !peer.secure && self.entrance.requires_tls() {
            return say(StatusCode::FORBIDDEN, "this server wants https");
        }
        let limit = self.entrance.config().timeouts.login;
        let bytes = match tokio::time::timeout(limit, self.read(request)).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(Refusal::TooLarge)) => {
                return say(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large");
            }
            Ok(Err(Refusal::Broken)) => return say(StatusCode::BAD_REQUEST, "half a request"),
            Err(_) => return say(StatusCode::REQUEST_TIMEOUT, "the request takes too long"),
        };
        let session = body::sid_at_a_glance(&bytes).and_then(|sid| self.registry.find(sid));
        let limits = session.as_ref().map_or_else(
            || self.entrance.config().limits_before,
            |session| lock(session).limits,
        );
        let read = match Body::read(&bytes, &limits) {
            Ok(read) => read,
            Err(error) => {
                tracing::debug!(%error, "a request that cannot be read");
                if let Some(session) = session {
                    lock(&session).refuse("bad-request");
                }
                return terminated("bad-request");
            }
        };
        drop(bytes);
        let rid = read.rid.unwrap_or_default();
        let (session, reply) = match &read.sid {
            None => match self.begin(read, peer) {
                Ok(begun) => begun,
                Err(condition) => return terminated(condition),
            },
            Some(sid) => {
                let Some(session) = self.registry.find(sid) else {
                    return terminated("item-not-found");
                };
                let now = self.entrance.config().clock.monotonic();
                let reply = lock(&session).request(read, now);
                (session, reply)
            }
        };
        // Dropped behind what it waits for, also when the client hangs up.
        let _waiting = Waiting(Arc::clone(&session));
        let answer = match reply {
            Reply::Now(answer) => answer,
            Reply::Later(mut answer) => {
                let wait = lock(&session).wait;
                match tokio::time::timeout(wait, &mut answer).await {
                    Ok(answer) => answer.ok(),
                    Err(_) => {
                        lock(&session).expired(rid);
                        answer.await.ok()
                    }
                }
                .unwrap_or_else(|| {
                    body::write(
                        &[("type", "terminate"), ("condition", "other-request")],
                        b"",
                    )
                    .into()
                })
            }
        };
        let content = HeaderValue::from_str(&lock(&session).content);
        wrapped(answer, content.ok())
    }
}

/// One who waits for an answer. The session is told when that is over, however.
struct Waiting(Shared);

impl Drop for Waiting {
    fn drop(&mut self) {
        lock(&self.0).left();
    }
}

fn wrapped(answer: Bytes, content: Option<HeaderValue>) -> Response {
    let content = content.unwrap_or(HeaderValue::from_static("text/xml; charset=utf-8"));
    let mut response = respond(StatusCode::OK, content, answer);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn terminated(condition: &'static str) -> Response {
    let answer = body::write(&[("type", "terminate"), ("condition", condition)], b"");
    wrapped(answer.into(), None)
}
