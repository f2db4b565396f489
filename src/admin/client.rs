//! The command's end of the socket.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use zeroize::Zeroizing;

use super::protocol::{Answer, Request};
use super::socket;

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer, in octets: a list of a million accounts.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Asks the server that listens on this socket; `None` when none does.
pub(super) async fn ask(path: &Path, request: &Request) -> Result<Option<Answer>, String> {
    let stream = match socket::connect(path).await {
        Ok(stream) => stream,
        Err(error) if nobody_listens(&error) => return Ok(None),
        Err(error) => {
            return Err(format!(
                "cannot reach the server at {}: {error}",
                path.display()
            ));
        }
    };
    let talk = async {
        let mut stream = BufReader::new(stream);
        let mut line = Zeroizing::new(serde_json::to_vec(request)?);
        line.push(b'\n');
        stream.write_all(&line).await?;
        let mut answer = Vec::new();
        stream.take(LONGEST).read_until(b'\n', &mut answer).await?;
        Ok::<_, io::Error>(serde_json::from_slice(&answer)?)
    };
    match tokio::time::timeout(PATIENCE, talk).await {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(error)) => Err(format!(
            "the server at {} gave no answer: {error}",
            path.display()
        )),
        Err(_) => Err(format!(
            "the server at {} gave no answer within {} s",
            path.display(),
            PATIENCE.as_secs()
        )),
    }
}

/// No socket, or one that a server left behind when it was killed.
fn nobody_listens(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}
