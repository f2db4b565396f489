//! The proxy itself: connections wait in pairs until somebody may say that they belong together.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use sestina_wire::BareJid;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::relay::{self, Terms};
use super::socks::{self, Reply};

/// How long a connection may take to say what it wants.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long it may wait for its other end and to be activated.
const WAIT: Duration = Duration::from_secs(60);
/// Connections that are not activated.
const MOST_WAITING: usize = 1024;
/// Those of one address: people behind one address share it.
const MOST_OF_ADDRESS: usize = 64;
/// How long to pause when the system has no more open files to give.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// How much is dropped at most that came before the stream was activated (§8.1).
const EARLY: usize = 64 * 1024;

/// The proxies of a server, by where they listen: its hosts may share one.
#[derive(Default)]
pub(super) struct Proxies(tokio::sync::Mutex<HashMap<Vec<SocketAddr>, Weak<Proxy>>>);

/// A proxy, which listens as long as this value lives.
pub(super) struct Proxy {
    state: Arc<Mutex<State>>,
    port: u16,
    listening: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    /// Who waits under which hash.
    pairs: HashMap<String, Pair>,
    /// Connections that are not activated, altogether and by address.
    waiting: usize,
    by_address: HashMap<IpAddr, usize>,
    /// Streams that are, by account.
    active: HashMap<BareJid, usize>,
}

/// At most two that belong together.
#[derive(Default)]
struct Pair {
    /// Those that were promised a place, and have got it.
    promised: usize,
    waiting: Vec<Waiting>,
}

struct Waiting {
    stream: TcpStream,
    /// Its task ends when this is dropped.
    _taken: oneshot::Sender<()>,
}

/// Why a stream cannot begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotActivated {
    /// Nobody came for it.
    Unknown,
    /// One of the two is missing.
    Half,
    /// One has been told that it came, and is about to be kept.
    Soon,
    /// The account has as many streams as it may.
    TooMany,
}

/// Counts a connection that is not activated.
struct Counted(Arc<Mutex<State>>, IpAddr);

/// Counts a stream of an account.
struct Active(Arc<Mutex<State>>, BareJid);

fn locked(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut state = locked(&self.0);
        state.waiting = state.waiting.saturating_sub(1);
        less(&mut state.by_address, &self.1);
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        less(&mut locked(&self.0).active, &self.1);
    }
}

/// One less; nothing is kept of none.
fn less<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

impl Proxies {
    /// The proxy that listens there, or a new one.
    pub(super) async fn listen(&self, addresses: &[SocketAddr]) -> io::Result<Arc<Proxy>> {
        let mut proxies = self.0.lock().await;
        // A free port is another one each time.
        let shared = addresses.iter().all(|address| address.port() != 0);
        if shared && let Some(proxy) = proxies.get(addresses).and_then(Weak::upgrade) {
            return Ok(proxy);
        }
        let proxy = Arc::new(Proxy::bind(addresses).await?);
        if shared {
            proxies.insert(addresses.to_vec(), Arc::downgrade(&proxy));
        }
        Ok(proxy)
    }
}

impl Proxy {
    async fn bind(addresses: &[SocketAddr]) -> io::Result<Self> {
        let state = Arc::<Mutex<State>>::default();
        let mut port = 0;
        let mut listening = Vec::new();
        for address in addresses {
            let listener = TcpListener::bind(address)
                .await
                .map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))?;
            if port == 0 {
                port = listener.local_addr()?.port();
            }
            listening.push(tokio::spawn(accept(listener, Arc::clone(&state))));
        }
        Ok(Self {
            state,
            port,
            listening,
        })
    }

    /// The port of the first address.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Lets the two of a hash speak to each other.
    pub(super) fn activate(
        &self,
        hash: &str,
        account: BareJid,
        most: usize,
        terms: Terms,
    ) -> Result<(), NotActivated> {
        let mut state = locked(&self.state);
        let pair = state.pairs.get(hash).ok_or(NotActivated::Unknown)?;
        if pair.waiting.len() < 2 {
            return Err(match pair.promised {
                0 | 1 => NotActivated::Half,
                _ => NotActivated::Soon,
            });
        }
        let active = state.active.entry(account.clone()).or_default();
        if *active >= most {
            return Err(NotActivated::TooMany);
        }
        *active += 1;
        let pair = state.pairs.remove(hash).unwrap_or_default();
        drop(state);
        let guard = Active(Arc::clone(&self.state), account);
        let mut streams = pair.waiting.into_iter().map(|waiting| waiting.stream);
        let (Some(one), Some(other)) = (streams.next(), streams.next()) else {
            return Err(NotActivated::Half);
        };
        for stream in [&one, &other] {
            drop_early(stream);
        }
        tokio::spawn(async move {
            let _guard = guard;
            if let Err(error) = relay::run(one, other, terms).await {
                tracing::debug!(%error, "a stream through the proxy broke");
            }
        });
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        for listening in &self.listening {
            listening.abort();
        }
    }
}

/// Drops what came before anybody might send.
fn drop_early(stream: &TcpStream) {
    let mut octets = [0; 4096];
    let mut dropped = 0;
    while dropped < EARLY {
        match stream.try_read(&mut octets) {
            Ok(read) if read > 0 => dropped += read,
            _ => return,
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                let Some(counted) = count(&state, from.ip().to_canonical()) else {
                    tracing::debug!(%from, "too many connections wait at the proxy");
                    continue;
                };
                tokio::spawn(wait(stream, Arc::clone(&state), counted));
            }
            Err(error) => {
                tracing::debug!(%error, "the proxy cannot take a connection");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}

fn count(state: &Arc<Mutex<State>>, from: IpAddr) -> Option<Counted> {
    let mut locked = locked(state);
    let of_address = locked.by_address.get(&from).copied().unwrap_or_default();
    if locked.waiting >= MOST_WAITING || of_address >= MOST_OF_ADDRESS {
        return None;
    }
    locked.waiting += 1;
    locked.by_address.insert(from, of_address + 1);
    drop(locked);
    Some(Counted(Arc::clone(state), from))
}

/// Learns what a connection is for and keeps it until it is activated, or has waited too long.
async fn wait(mut stream: TcpStream, state: Arc<Mutex<State>>, counted: Counted) {
    let _counted = counted;
    let hash = match tokio::time::timeout(HANDSHAKE, promised(&mut stream, &state)).await {
        Ok(Ok(Some(hash))) => hash,
        Ok(Ok(None)) | Err(_) => return,
        Ok(Err(error)) => return tracing::debug!(%error, "no connection for the proxy"),
    };
    let (sender, mut taken) = oneshot::channel();
    {
        let mut state = locked(&state);
        let Some(pair) = state.pairs.get_mut(&hash.1) else {
            return;
        };
        pair.waiting.push(Waiting {
            stream,
            _taken: sender,
        });
    }
    // While it waits it keeps its place: the promise goes when this function ends.
    if tokio::time::timeout(WAIT, &mut taken).await.is_err() {
        // Only this one: the other came at another time. What its task still waits for is the same channel.
        taken.close();
        let mut state = locked(&state);
        if let Some(pair) = state.pairs.get_mut(&hash.1) {
            pair.waiting.retain(|waiting| !waiting._taken.is_closed());
        }
    }
}

/// A place under a hash, given back when this value goes.
struct Promise(Arc<Mutex<State>>, String);

impl Drop for Promise {
    fn drop(&mut self) {
        let mut state = locked(&self.0);
        if let Some(pair) = state.pairs.get_mut(&self.1) {
            pair.promised = pair.promised.saturating_sub(1);
            if pair.promised == 0 {
                state.pairs.remove(&self.1);
            }
        }
    }
}

/// Reads the hash and promises a place under it; none where two have one.
async fn promised(
    stream: &mut TcpStream,
    state: &Arc<Mutex<State>>,
) -> io::Result<Option<Promise>> {
    let hash = socks::read(stream).await?;
    let promise = {
        let mut locked = locked(state);
        let pair = locked.pairs.entry(hash.clone()).or_default();
        (pair.promised < 2).then(|| {
            pair.promised += 1;
            Promise(Arc::clone(state), hash.clone())
        })
    };
    let reply = match promise {
        Some(_) => Reply::Succeeded,
        None => Reply::NotAllowed,
    };
    socks::answer(stream, reply, &hash).await?;
    Ok(promise)
}
