//! Two transports joined back to back inside the process, for tests and for a server embedded in another program.

use super::Transport;

/// Bytes that one end may be ahead of the other before its writes wait.
const CAPACITY: usize = 64 * 1024;

/// Two ends of one connection; what is written to one is read from the other.
///
/// The pair counts as insecure, so that STARTTLS can be tried over it; see [`Transport::trusted`].
pub fn pair() -> (Transport, Transport) {
    let (left, right) = tokio::io::duplex(CAPACITY);
    (Transport::memory(left), Transport::memory(right))
}
