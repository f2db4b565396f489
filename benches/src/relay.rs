//! The floor: a process that passes bytes from one socket of a pair to the other and does nothing else.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(usize::MAX);

/// Listens on the port and pairs connections in the order they come. Never returns but with an error.
///
/// # Errors
/// What the system reports of the listener or of polling.
pub fn serve(port: u16) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut sockets: HashMap<usize, TcpStream> = HashMap::new();
    let mut next = 0;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut socket, _)) = listener.accept() {
                    socket.set_nodelay(true)?;
                    poll.registry()
                        .register(&mut socket, Token(next), Interest::READABLE)?;
                    sockets.insert(next, socket);
                    next += 1;
                }
                continue;
            }
            let token = event.token().0;
            while let Some(socket) = sockets.get_mut(&token) {
                match socket.read(&mut buffer) {
                    Ok(0) => {
                        sockets.remove(&token);
                        break;
                    }
                    Ok(length) => {
                        // Connections come in pairs: an even one and the odd one after it.
                        if let Some(other) = sockets.get_mut(&(token ^ 1)) {
                            // So few bytes are on the way that the socket's buffer always takes them.
                            // One that has gone is noticed where it is read.
                            let _ = other.write_all(buffer.get(..length).unwrap_or_default());
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(_) => {
                        sockets.remove(&token);
                        break;
                    }
                }
            }
        }
    }
}
