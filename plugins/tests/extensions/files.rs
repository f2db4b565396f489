//! A server for files and calls, and HTTP spoken by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sestina_plugins::{
    rfc_6120, rfc_6121, xep_0030, xep_0065, xep_0077, xep_0092, xep_0199, xep_0215, xep_0363,
};
use sestina_session::accounts::{Accounts, MemoryAccounts};
use sestina_session::plugin::Setup;
use sestina_session::server::{Entry, HostConfig, Listener, Server};
use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;
use sestina_wire::clock::{Clock, SystemClock, SystemRandom};
use sestina_wire::{BareJid, Frame, Timestamp};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What differs from the default settings.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) uploads: skeletons::xep_0363::Settings,
    pub(crate) proxy: skeletons::xep_0065::Settings,
    pub(crate) external: skeletons::xep_0215::Settings,
    /// Whether nothing listens for HTTP.
    pub(crate) without_http: bool,
}

/// Another host of the server, whose accounts have no rights at the first.
async fn elsewhere() -> HostConfig {
    let accounts = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    let stranger = BareJid::parse("stranger@b.example").unwrap();
    accounts.create(&stranger, "secret").await.unwrap();
    HostConfig::new("b.example", Storage::memory(), accounts)
        .unwrap()
        .plugins(|host| {
            Ok(vec![
                skeletons::rfc_6120::server::<rfc_6120::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::rfc_6121::server::<rfc_6121::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
            ])
        })
}

/// A clock that can be put forward.
#[derive(Default)]
pub(crate) struct Ahead(AtomicU64);

impl Ahead {
    pub(crate) fn by(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        let ahead = Duration::from_secs(self.0.load(Ordering::SeqCst));
        SystemClock.now().checked_add(ahead).unwrap()
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }
}

pub(crate) struct Place {
    pub(crate) server: Server,
    pub(crate) clock: Arc<Ahead>,
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) async fn new(changes: Changes) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let without_http = changes.without_http;
        let config = HostConfig::new("a.example", Storage::memory(), super::people().await)
            .unwrap()
            .folder(folder.path())
            .plugins(move |host| {
                let Changes {
                    uploads,
                    proxy,
                    external,
                    ..
                } = &changes;
                let registration = skeletons::xep_0077::Settings::default();
                Ok(vec![
                    skeletons::xep_0363::server::<xep_0363::Server>(&Setup::new(uploads, host))?,
                    skeletons::xep_0065::server::<xep_0065::Server>(&Setup::new(proxy, host))?,
                    skeletons::xep_0215::server::<xep_0215::Server>(&Setup::new(external, host))?,
                    skeletons::xep_0077::server::<xep_0077::Server>(&Setup::new(
                        &registration,
                        host,
                    ))?,
                    skeletons::rfc_6120::server::<rfc_6120::Server>(&Setup::new(
                        &Default::default(),
                        host,
                    ))?,
                    skeletons::rfc_6121::server::<rfc_6121::Server>(&Setup::new(
                        &Default::default(),
                        host,
                    ))?,
                    skeletons::xep_0030::server::<xep_0030::Server>(&Setup::new(
                        &Default::default(),
                        host,
                    ))?,
                    skeletons::xep_0092::server::<xep_0092::Server>(&Setup::new(
                        &Default::default(),
                        host,
                    ))?,
                    skeletons::xep_0199::server::<xep_0199::Server>(&Setup::new(
                        &Default::default(),
                        host,
                    ))?,
                    skeletons::xep_0004::server(&Setup::new(&Default::default(), host))?,
                    skeletons::xep_0082::server(&Setup::new(&Default::default(), host))?,
                    skeletons::xep_0128::server(&Setup::new(&Default::default(), host))?,
                    skeletons::xep_0122::server(&Setup::new(&Default::default(), host))?,
                ])
            });
        let clock = Arc::new(Ahead::default());
        let mut builder = Server::builder()
            .host(config)
            .host(elsewhere().await)
            .require_tls(false)
            .clock(clock.clone());
        if !without_http {
            let address = "127.0.0.1:0".parse().unwrap();
            builder = builder.listener(Listener::new(address, Entry::Http));
        }
        Place {
            server: builder.start().await.unwrap(),
            clock,
            folder,
        }
    }

    pub(crate) async fn login(&self, jid: &str) -> Conversation {
        Conversation::login(&self.server, jid, "secret").await
    }

    /// Asks for something over HTTP.
    pub(crate) async fn http(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut stream = TcpStream::connect(self.server.addresses()[0])
            .await
            .unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        // Who is refused early may be cut off while it still sends.
        let _ = stream.write_all(body).await;
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        Answer::read(&all)
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn read(all: &[u8]) -> Answer {
        let end = all.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(all)));
        let head = std::str::from_utf8(&all[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        Answer {
            status: status.unwrap(),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: all[end + 4..].to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value)
    }
}

/// The next answer to a request, whatever comes before.
pub(crate) async fn ask(who: &mut Conversation, request: &str) -> Frame {
    who.send(request).await;
    loop {
        let frame = who.recv().await;
        let root = frame.root();
        if root.name() == "iq" && matches!(root.attr("type").as_deref(), Some("result" | "error")) {
            return frame;
        }
    }
}
