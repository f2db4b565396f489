//! Files that go to a server and come back (XEP-0363), over its own HTTP.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Place, Session};

/// How large a file is.
pub const SIZE: usize = 8 * 1024 * 1024;
/// Who uploads, or downloads, at the same time.
pub const PEOPLE: usize = 4;
const PIECE: usize = 64 * 1024;

/// What came through, each way.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Megabytes a second, 10⁶ bytes each.
    pub rate: f64,
    /// CPU seconds of the server for a gigabyte, 10⁹ bytes.
    pub cpu: f64,
}

impl Figure {
    fn new(files: usize, time: Duration, cpu: f64) -> Figure {
        let bytes = (files * SIZE) as f64;
        Figure {
            rate: bytes / time.as_secs_f64() / 1e6,
            cpu: cpu / bytes * 1e9,
        }
    }
}

/// Each uploads files, one after the other, for so long; then each reads the last of its own over and over.
///
/// # Errors
/// When the server does otherwise than expected.
pub async fn run(
    sessions: Vec<Session>,
    place: &Place,
    time: Duration,
    measure: impl Fn() -> io::Result<f64>,
) -> io::Result<[Figure; 2]> {
    let (begun, before) = (Instant::now(), measure()?);
    let mut tasks = tokio::task::JoinSet::new();
    for mut session in sessions {
        let place = place.clone();
        tasks.spawn(async move {
            let (mut count, mut last) = (0, None);
            while begun.elapsed() < time || last.is_none() {
                let slot = slot(&mut session, place.domain, count).await?;
                put(place.web, &slot).await?;
                last = Some(slot.get);
                count += 1;
            }
            io::Result::Ok((count, last))
        });
    }
    let (mut files, mut paths) = (0, Vec::new());
    while let Some(done) = tasks.join_next().await {
        let (count, last) = done.map_err(io::Error::other)??;
        files += count;
        paths.extend(last);
    }
    let up = Figure::new(files, begun.elapsed(), measure()? - before);

    let (begun, before) = (Instant::now(), measure()?);
    let mut tasks = tokio::task::JoinSet::new();
    for path in paths {
        let web = place.web;
        tasks.spawn(async move {
            let mut count = 0;
            while begun.elapsed() < time {
                get(web, &path).await?;
                count += 1;
            }
            io::Result::Ok(count)
        });
    }
    let mut files = 0;
    while let Some(done) = tasks.join_next().await {
        files += done.map_err(io::Error::other)??;
    }
    let down = Figure::new(files, begun.elapsed(), measure()? - before);
    Ok([up, down])
}

/// Where a file goes, and what is to be said there.
struct Slot {
    put: String,
    headers: String,
    get: String,
}

async fn slot(session: &mut Session, domain: &str, number: usize) -> io::Result<Slot> {
    let text = format!(
        "<iq xmlns='jabber:client' type='get' id='slot-{number}' to='upload.{domain}'>\
         <request xmlns='urn:xmpp:http:upload:0' filename='balcony-{number}.jpg' size='{SIZE}' content-type='image/jpeg'/></iq>"
    );
    let answer = session.ask(&text, &["</slot>", "</error>"]).await?;
    let answer = answer.replace('"', "'").replace("&amp;", "&");
    let path = |element: &str| {
        let (_, rest) = answer.split_once(&format!("<{element} "))?;
        let (_, rest) = rest.split_once("url='")?;
        let (url, _) = rest.split_once('\'')?;
        let (_, rest) = url.split_once("://")?;
        Some(format!("/{}", rest.split_once('/')?.1))
    };
    let mut headers = String::new();
    for header in answer.split("<header ").skip(1) {
        let name = header
            .split_once("name='")
            .and_then(|(_, rest)| rest.split_once('\''));
        let value = header
            .split_once('>')
            .and_then(|(_, rest)| rest.split_once("</header>"));
        if let (Some((name, _)), Some((value, _))) = (name, value) {
            headers.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    match (path("put"), path("get")) {
        (Some(put), Some(get)) => Ok(Slot { put, headers, get }),
        _ => Err(io::Error::other(format!("no place for a file: {answer}"))),
    }
}

async fn put(web: u16, slot: &Slot) -> io::Result<()> {
    let mut socket = TcpStream::connect(("127.0.0.1", web)).await?;
    let Slot { put, headers, .. } = slot;
    let head = format!(
        "PUT {put} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: image/jpeg\r\nContent-Length: {SIZE}\r\n{headers}\r\n"
    );
    socket.write_all(head.as_bytes()).await?;
    let piece = vec![b'x'; PIECE];
    for _ in 0..SIZE / PIECE {
        socket.write_all(&piece).await?;
    }
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await?;
    match answer.starts_with(b"HTTP/1.1 20") {
        true => Ok(()),
        false => Err(io::Error::other(
            String::from_utf8_lossy(&answer).into_owned(),
        )),
    }
}

async fn get(web: u16, path: &str) -> io::Result<()> {
    let mut socket = TcpStream::connect(("127.0.0.1", web)).await?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).await?;
    let mut piece = vec![0; PIECE];
    let mut length = 0;
    loop {
        match socket.read(&mut piece).await? {
            0 => break,
            read => length += read,
        }
    }
    match length >= SIZE {
        true => Ok(()),
        false => Err(io::Error::other(format!("{length} bytes of a file"))),
    }
}
