//! The server's end of the socket.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::Admin;
use super::protocol::{Answer, LINE, Request};
use crate::storage::make_folder;

/// How many may be served at a time.
const AT_ONCE: usize = 8;
/// How long somebody who connected may stay silent.
const SILENCE: Duration = Duration::from_secs(30);
/// How much of a line that is too long is read to its end, in octets.
const DRAIN: u64 = 1024 * 1024;
/// The longest path that fits into the address of a socket, on every system.
const LONGEST_PATH: usize = 100;

/// The socket of a running server. It disappears when this is dropped.
///
/// Beside it lies a lock, held as long as the server runs: two servers on one data folder would
/// undo each other's work.
pub(crate) struct Socket {
    task: JoinHandle<()>,
    _place: Place,
}

/// A socket on which nobody answers yet: who connects waits.
pub(crate) struct Bound {
    listener: UnixListener,
    owner: u32,
    place: Place,
}

struct Place {
    path: PathBuf,
    _lock: File,
}

impl Socket {
    /// Takes the folder of the socket for this server, and listens. The folder is made if it is not
    /// there, for the user of the server only.
    ///
    /// The error is one line for a person.
    pub(crate) async fn bind(path: &Path) -> Result<Bound, String> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let said = |error: io::Error| format!("cannot listen on {}: {error}", path.display());
        make_folder(folder)
            .map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))?;
        let lock = lock(folder)?;
        // Whoever left this behind is gone: the lock is ours.
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(said(error)),
            _ => {}
        }
        let listener = short(path, |path| UnixListener::bind(path)).map_err(said)?;
        // Between these two lines others might connect; who they are is asked below.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(said)?;
        let owner = fs::metadata(path).map_err(said)?.uid();
        Ok(Bound {
            listener,
            owner,
            place: Place {
                path: path.to_owned(),
                _lock: lock,
            },
        })
    }
}

impl Bound {
    /// Answers, those first who have connected meanwhile.
    pub(crate) fn serve(self, admin: Admin) -> Socket {
        Socket {
            task: tokio::spawn(accept(self.listener, self.owner, admin)),
            _place: self.place,
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // It would be recognised as left behind anyway.
        let _ = fs::remove_file(&self.path);
    }
}

/// Connects, also by a path that is too long for an address.
pub(super) async fn connect(path: &Path) -> io::Result<UnixStream> {
    let stream = short(path, |path| std::os::unix::net::UnixStream::connect(path))?;
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

/// Does something with a path that fits into an address: the path itself, or one through the open
/// folder.
fn short<T>(path: &Path, work: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    if path.as_os_str().len() <= LONGEST_PATH || !cfg!(target_os = "linux") {
        return work(path);
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return work(path);
    };
    use std::os::fd::AsRawFd as _;
    let folder = File::open(folder)?;
    work(
        &Path::new("/proc/self/fd")
            .join(folder.as_raw_fd().to_string())
            .join(name),
    )
}

fn lock(folder: &Path) -> Result<File, String> {
    let path = folder.join("server.lock");
    let said = |error: io::Error| format!("cannot lock {}: {error}", path.display());
    let mut options = File::options();
    let file = options
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(said)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!(
            "another server is running on the data folder {}",
            folder.display()
        )),
        Err(TryLockError::Error(error)) => Err(said(error)),
    }
}

async fn accept(listener: UnixListener, owner: u32, admin: Admin) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, most likely: others will be closed.
                tracing::warn!(%error, "admin socket");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        // The owner of the socket, and root, who may do everything anyway.
        match stream.peer_cred() {
            Ok(peer) if peer.uid() == owner || peer.uid() == 0 => {}
            _ => {
                tracing::warn!("another user tried the admin socket");
                continue;
            }
        }
        let admin = admin.clone();
        tokio::spawn(async move {
            if let Err(error) = serve(stream, &admin).await {
                tracing::debug!(%error, "admin socket");
            }
            drop(place);
        });
    }
}

async fn serve(stream: UnixStream, admin: &Admin) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = Zeroizing::new(Vec::with_capacity(LINE));
        let limit = LINE as u64;
        let mut bounded = (&mut stream).take(limit);
        let reading = tokio::time::timeout(SILENCE, bounded.read_until(b'\n', &mut line));
        match reading.await {
            Ok(read) => {
                if read? == 0 {
                    return Ok(());
                }
            }
            Err(_) => return Ok(()),
        }
        let whole = line.last() == Some(&b'\n');
        let answer = match serde_json::from_slice::<Request>(&line) {
            Ok(request) if whole => admin.answer(request).await,
            // What exactly is wrong is not said: it would quote the line, which may hold a password.
            _ => Answer::Refused(
                "the server does not understand this request: is it of another version?".to_owned(),
            ),
        };
        let mut answer = serde_json::to_vec(&answer)?;
        answer.push(b'\n');
        stream.write_all(&answer).await?;
        if !whole {
            // Closed with input unread, the answer would be lost on its way.
            let mut rest = (&mut stream).take(DRAIN);
            let mut nowhere = tokio::io::sink();
            let drained = tokio::io::copy(&mut rest, &mut nowhere);
            let _ = tokio::time::timeout(SILENCE, drained).await;
            return Ok(());
        }
    }
}
