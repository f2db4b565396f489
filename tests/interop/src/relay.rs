//! Connections that can be cut: a port that passes everything on to another one.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::Failure;

/// A port on loopback in front of another.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Relay {
    /// Passes on to this port of 127.0.0.1, until the process ends.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn to(target: u16) -> Result<Relay, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let open = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&open);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else {
                    continue;
                };
                let _ = pass_on(client, server, &kept);
            }
        });
        Ok(Relay { port, open })
    }

    /// Where to connect.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts all connections; returns how many there were.
    pub fn cut(&self) -> usize {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for socket in open.iter() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        std::mem::take(&mut *open).len() / 2
    }
}

fn pass_on(client: TcpStream, server: TcpStream, open: &Mutex<Vec<TcpStream>>) -> io::Result<()> {
    let pairs = [
        (client.try_clone()?, server.try_clone()?),
        (server.try_clone()?, client.try_clone()?),
    ];
    open.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .extend([client, server]);
    for (mut from, mut to) in pairs {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}
