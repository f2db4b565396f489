//! A server whose passwords somebody else keeps: it asks an HTTP service.
//!
//! ```sh
//! cargo run --example http_passwords -- example.org 127.0.0.1:8080 /check CERTIFICATE.pem KEY.pem
//! ```
//!
//! For each login the service gets `POST /check` with name and password in an `Authorization: Basic` header and answers 204
//! where they are right, 401 or 403 where they are not; anything else is a service that does not work. The connection is
//! not encrypted: let the service listen on this machine, or put something in between that encrypts.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use sestina::profiles::server;
use sestina::server::{HostConfig, Server};
use sestina::session::accounts::{Accounts, MemoryAccounts};
use sestina::session::sasl::PasswordCheck;
use sestina::session::tls::TlsServer;
use sestina::storage::{Secret, Storage, StorageError};
use sestina::wire::BareJid;
use sestina::wire::clock::SystemRandom;
use tokio::net::TcpStream;

/// How long the service may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks an HTTP service for each password.
pub(crate) struct HttpPasswords {
    /// Host and port of the service.
    pub(crate) address: String,
    /// The path that is asked.
    pub(crate) path: String,
}

impl HttpPasswords {
    /// What the service answers.
    async fn ask(
        &self,
        account: &BareJid,
        password: &Secret<String>,
    ) -> Result<StatusCode, Box<dyn Error + Send + Sync>> {
        // A name before the colon, so none can be in it (RFC 7617 §2); an address of XMPP has none.
        let credentials = format!(
            "{}:{}",
            account.local().unwrap_or_default(),
            password.expose_secret()
        );
        let credentials = format!("Basic {}", BASE64_STANDARD.encode(credentials));
        let mut credentials = HeaderValue::try_from(credentials)?;
        credentials.set_sensitive(true);
        let stream = TcpStream::connect(&self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with its sender.
        tokio::spawn(connection);
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.path)
            .header(HOST, &self.address)
            .header(AUTHORIZATION, credentials)
            .body(Empty::<Bytes>::new())?;
        Ok(sender.send_request(request).await?.status())
    }
}

#[async_trait::async_trait]
impl PasswordCheck for HttpPasswords {
    async fn check(
        &self,
        account: &BareJid,
        password: &Secret<String>,
    ) -> Result<bool, StorageError> {
        let asked = tokio::time::timeout(PATIENCE, self.ask(account, password));
        let status = asked
            .await
            .map_err(|_| {
                StorageError::Unavailable("the service of passwords does not answer".to_owned())
            })?
            .map_err(|error| {
                StorageError::Unavailable(format!("the service of passwords: {error}"))
            })?;
        match status {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(true),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(false),
            other => Err(StorageError::Unavailable(format!(
                "the service of passwords answers {other}"
            ))),
        }
    }
}

/// A host whose accounts are those that the service lets in.
///
/// # Errors
/// What is wrong with the domain.
pub(crate) fn host(domain: &str, passwords: HttpPasswords) -> Result<HostConfig, Box<dyn Error>> {
    // Where accounts last, `StoredAccounts` over a storage stands here.
    let accounts = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    let host = HostConfig::new(domain, Storage::memory(), accounts)?;
    Ok(host
        .passwords(Arc::new(passwords))
        .plugins(|host| server::plugins(&server::Settings::default(), host)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [domain, address, path, certificate, key] = arguments.as_slice() else {
        return Err("usage: http_passwords DOMAIN HOST:PORT PATH CERTIFICATE.pem KEY.pem".into());
    };
    let passwords = HttpPasswords {
        address: address.clone(),
        path: path.clone(),
    };
    let tls = TlsServer::from_files(Path::new(certificate), Path::new(key))?;
    let running = Server::builder()
        .host(host(domain, passwords)?.tls(tls))
        .listen("127.0.0.1:5222".parse()?)
        .start()
        .await?;
    println!("{domain} listens on 127.0.0.1:5222 and asks {address}");
    std::future::pending::<()>().await;
    drop(running);
    Ok(())
}
