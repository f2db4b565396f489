//! The side of HTTP: files come once, by PUT, and go to whoever knows their address.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream;
use sestina_session::host::Host;
use sestina_session::http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_EXPOSE_HEADERS, ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION,
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use sestina_session::http::{
    Body, Bytes, Handler, Method, Peer, Request, Response, StatusCode, next_piece, say, streamed,
};
use sestina_types::xep_0363::tables::UploadsRow;
use sestina_wire::Timestamp;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::address;
use super::files::Files;
use super::media::{self, Wanted};

/// What is read of a file at a time: so much memory a download takes.
const PIECE: usize = 128 * 1024;
/// How long the next piece of an upload may take.
const SILENCE: Duration = Duration::from_secs(30);
/// How long others may keep a file that stays for ever, in seconds.
const YEAR: i64 = 365 * 24 * 3600;
/// Whatever the file is, a browser runs nothing of it (§11.1).
const POLICY: &str =
    "default-src 'none'; img-src 'self'; media-src 'self'; frame-ancestors 'none'; sandbox";
const METHODS: &str = "GET, HEAD, PUT, OPTIONS";

#[async_trait]
impl Handler for Files {
    async fn answer(&self, request: Request, _: Peer) -> Response {
        let Some(host) = self.host.upgrade() else {
            return say(StatusCode::SERVICE_UNAVAILABLE, "the server stops");
        };
        let answered = match *request.method() {
            Method::GET => self.get(&host, &request, true).await,
            Method::HEAD => self.get(&host, &request, false).await,
            Method::PUT => self.put(&host, request).await,
            _ => Err(Refusal(
                StatusCode::METHOD_NOT_ALLOWED,
                "files are put and gotten here",
            )),
        };
        let mut response = answered.unwrap_or_else(|Refusal(status, text)| {
            let mut response = say(status, text);
            let headers = response.headers_mut();
            if status == StatusCode::METHOD_NOT_ALLOWED {
                headers.insert(ALLOW, HeaderValue::from_static(METHODS));
            }
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        });
        let headers = response.headers_mut();
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        response
    }

    fn methods(&self) -> &'static str {
        METHODS
    }

    fn headers(&self) -> &'static str {
        "Authorization, Content-Type, Range"
    }
}

/// What is answered instead.
struct Refusal(StatusCode, &'static str);

const NOTHING: Refusal = Refusal(StatusCode::NOT_FOUND, "there is no such file");

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        tracing::error!(%error, "a file cannot be written or read");
        if error.kind() == io::ErrorKind::StorageFull {
            return Self(StatusCode::INSUFFICIENT_STORAGE, "there is no room");
        }
        Self(StatusCode::INTERNAL_SERVER_ERROR, "this does not work now")
    }
}

impl From<sestina_storage::StorageError> for Refusal {
    fn from(error: sestina_storage::StorageError) -> Self {
        tracing::error!(%error, "where a file is cannot be told");
        Self(StatusCode::SERVICE_UNAVAILABLE, "this does not work now")
    }
}

impl Files {
    async fn get(
        &self,
        host: &Arc<Host>,
        request: &Request,
        whole: bool,
    ) -> Result<Response, Refusal> {
        let row = self.find(host, request.uri().path()).await?;
        let row = row.filter(|row| row.uploaded).ok_or(NOTHING)?;
        let size = u64::try_from(row.size).unwrap_or_default();
        let tag = format!("\"{}\"", row.id);
        let said = request.headers();
        if names(said, &IF_NONE_MATCH, &tag) {
            let mut response = Response::new(Body::default());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            describe(response.headers_mut(), &row, host.clock().now(), &tag);
            return Ok(response);
        }
        let mut file = match self.shelf.read(&row.id).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::error!(id = row.id, "a file is gone that should be there");
                return Err(NOTHING);
            }
            file => file?,
        };
        let range = said.get(RANGE).and_then(|range| range.to_str().ok());
        let same = !said.contains_key(IF_RANGE) || names(said, &IF_RANGE, &tag);
        let wanted = match range {
            Some(range) if whole && same => media::wanted(range, size),
            _ => Wanted::All,
        };
        let (status, first, length) = match wanted {
            Wanted::All => (StatusCode::OK, 0, size),
            Wanted::Part(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
            Wanted::None => {
                let mut response = say(StatusCode::RANGE_NOT_SATISFIABLE, "the file has less");
                let headers = response.headers_mut();
                insert(headers, CONTENT_RANGE, &format!("bytes */{size}"));
                return Ok(response);
            }
        };
        let body = if whole {
            if first > 0 {
                file.seek(io::SeekFrom::Start(first)).await?;
            }
            pieces(file, length)
        } else {
            Body::default()
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        describe(headers, &row, host.clock().now(), &tag);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        if status == StatusCode::PARTIAL_CONTENT {
            let last = first + length - 1;
            insert(
                headers,
                CONTENT_RANGE,
                &format!("bytes {first}-{last}/{size}"),
            );
        }
        Ok(response)
    }

    async fn put(&self, host: &Arc<Host>, request: Request) -> Result<Response, Refusal> {
        let row = self
            .find(host, request.uri().path())
            .await?
            .ok_or(NOTHING)?;
        if !address::is_signed(host, &row, request.uri().query()) {
            return Err(Refusal(
                StatusCode::FORBIDDEN,
                "this is the address for reading",
            ));
        }
        if row.uploaded {
            return Err(Refusal(StatusCode::CONFLICT, "the file is here already"));
        }
        let now = host.clock().now();
        if self.is_late(&row, now) {
            return Err(Refusal(
                StatusCode::GONE,
                "this is too late: ask for another place",
            ));
        }
        let headers = request.headers();
        let length = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok());
        let length: Option<i64> = length.and_then(|length| length.parse().ok());
        match length {
            Some(length) if length == row.size => {}
            Some(length) if length > row.size => {
                return Err(Refusal(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "the place is for a smaller file",
                ));
            }
            Some(_) => {
                return Err(Refusal(
                    StatusCode::BAD_REQUEST,
                    "the place is for a larger file",
                ));
            }
            None => {
                return Err(Refusal(
                    StatusCode::LENGTH_REQUIRED,
                    "how long the file is has to be said first",
                ));
            }
        }
        let content_type = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let content_type = content_type.and_then(media::essence);
        if let (Some(promised), Some(found)) = (&row.content_type, &content_type)
            && promised != found
        {
            return Err(Refusal(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the place is for a file of another type",
            ));
        }
        let Some(_arrival) = self.arrival(&row.id) else {
            return Err(Refusal(StatusCode::CONFLICT, "the file comes already"));
        };
        // Another request may have ended between the first look and the arrival.
        if self.rows.get(&row.id).await?.is_none_or(|row| row.uploaded) {
            return Err(Refusal(StatusCode::CONFLICT, "the file is here already"));
        }
        let left = row.expires.unwrap_or(now).duration_since(now);
        let left = Duration::try_from(left).unwrap_or_default();
        match tokio::time::timeout(left, self.take(&row, request)).await {
            Ok(taken) => taken?,
            Err(_) => return Err(TOO_SLOW),
        }
        let id = row.id.clone();
        if !self.arrived(host, row, content_type).await? {
            self.shelf.remove(&id).await?;
            return Err(NOTHING);
        }
        let mut response = say(StatusCode::CREATED, "the file is here");
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    /// Writes what comes, and puts it in its place when it is all there.
    async fn take(&self, row: &UploadsRow, request: Request) -> Result<(), Refusal> {
        let mut body = request.into_body();
        let mut arriving = self.shelf.begin(&row.id).await?;
        let mut left = u64::try_from(row.size).unwrap_or_default();
        loop {
            let piece = match tokio::time::timeout(SILENCE, next_piece(&mut body)).await {
                Ok(Ok(piece)) => piece,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "an upload broke off");
                    return Err(TOO_SHORT);
                }
                Err(_) => return Err(TOO_SLOW),
            };
            let Some(piece) = piece else { break };
            let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            left = left.checked_sub(length).ok_or(Refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "there came more than was said",
            ))?;
            arriving.write(&piece).await?;
        }
        if left > 0 {
            return Err(TOO_SHORT);
        }
        Ok(arriving.place().await?)
    }
}

const TOO_SLOW: Refusal = Refusal(StatusCode::REQUEST_TIMEOUT, "the file took too long");
const TOO_SHORT: Refusal = Refusal(StatusCode::BAD_REQUEST, "there came less than was said");

/// A file, from where it stands.
fn pieces(file: File, length: u64) -> Body {
    streamed(stream::try_unfold(
        (file, length),
        |(mut file, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let most = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
            let mut piece = vec![0; most];
            let read = file.read(&mut piece).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            piece.truncate(read);
            let left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
            Ok(Some((Bytes::from(piece), (file, left))))
        },
    ))
}

/// What is said of a file.
fn describe(headers: &mut HeaderMap, row: &UploadsRow, now: Timestamp, tag: &str) {
    let (type_, shown) = media::served(row.content_type.as_deref());
    headers.insert(CONTENT_TYPE, type_);
    headers.insert(
        CONTENT_DISPOSITION,
        media::disposition(shown, &row.filename),
    );
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    insert(headers, ETAG, tag);
    let seconds = match row.expires {
        Some(expires) => expires.duration_since(now).as_secs().clamp(0, YEAR),
        None => YEAR,
    };
    insert(
        headers,
        CACHE_CONTROL,
        &format!("private, max-age={seconds}, immutable"),
    );
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Content-Length, Content-Range, Content-Disposition, ETag"),
    );
    // Pages that isolate themselves may still show it.
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
}

fn insert(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

/// Whether a header names the tag of the file.
fn names(headers: &HeaderMap, name: &HeaderName, tag: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim() == tag)
}
