//! HTTP: one listener for everything that speaks it, with a table of paths.
//!
//! [`Routes`] says who answers where and to pages of which origin; a [`Handler`] answers. WebSocket, BOSH and host-meta are
//! handlers like any other (`crate::web`).

mod forwarded;
mod origin;
mod routes;
mod serve;

use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;
use futures_util::{Stream, TryStreamExt as _};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};

pub use bytes::Bytes;
pub use hyper::{Method, StatusCode, header};
pub use origin::Origins;
pub use routes::{CrossOrigin, Routes};
pub(crate) use serve::connection;

/// What was asked.
pub type Request = hyper::Request<Incoming>;
/// What is answered.
pub type Response = hyper::Response<Body>;
/// The body of an answer, whole or bit by bit.
pub type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The address of whoever asks, which a trusted proxy may have told; none in memory.
    pub address: Option<SocketAddr>,
    /// Whether nobody on the way can read along.
    pub secure: bool,
}

/// Answers requests.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Answers a request. What it reads of the body it has to bound.
    async fn answer(&self, request: Request, peer: Peer) -> Response;

    /// The methods it knows, with commas between them, as pages of other origins have to be told.
    fn methods(&self) -> &'static str {
        "GET, POST, OPTIONS"
    }

    /// The headers that pages of other origins may send, with commas between them.
    fn headers(&self) -> &'static str {
        "Content-Type"
    }
}

/// An answer that is there as a whole.
pub fn respond(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Response {
    let body = Full::new(body.into()).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// The next piece of what comes with a request; none at its end.
///
/// # Errors
/// When the connection broke before.
pub async fn next_piece(body: &mut Incoming) -> io::Result<Option<Bytes>> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(error)) => return Err(io::Error::other(error)),
            // What is no data are trailers, which nothing here asks for.
            Some(Ok(frame)) => {
                if let Ok(piece) = frame.into_data() {
                    return Ok(Some(piece));
                }
            }
        }
    }
}

/// A body that is made while it is sent. An error ends the connection: whoever reads notices that something is missing.
pub fn streamed(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Body {
    StreamBody::new(pieces.map_ok(Frame::data)).boxed_unsync()
}

/// An answer of one line, for people.
pub fn say(status: StatusCode, text: &'static str) -> Response {
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    respond(status, plain, format!("{text}\n"))
}
