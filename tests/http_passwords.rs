//! The example `http_passwords`, with a service of this test's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::AUTHORIZATION;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sestina::client::{Client, ClientConfig, ConnectError};
use sestina::server::Server;
use sestina::session::sasl::{LoginFailure, SaslCondition};
use sestina::session::session::SessionError;
use tokio::net::TcpListener;

#[allow(dead_code, clippy::allow_attributes)]
#[path = "../examples/http_passwords.rs"]
mod example;

/// What the service was asked: method, path, name and password.
type Asked = Arc<Mutex<Vec<String>>>;

/// Knows one account; the name `trouble` breaks it.
async fn service(asked: Asked) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = move |request: Request<Incoming>| {
        let header = request.headers()[AUTHORIZATION].to_str().unwrap();
        let decoded = BASE64_STANDARD.decode(header.strip_prefix("Basic ").unwrap());
        let said = String::from_utf8(decoded.unwrap()).unwrap();
        let status = match said.as_str() {
            "romeo:it is the east" => StatusCode::NO_CONTENT,
            trouble if trouble.starts_with("trouble:") => StatusCode::BAD_GATEWAY,
            _ => StatusCode::UNAUTHORIZED,
        };
        let line = format!("{} {} {said}", request.method(), request.uri());
        asked.lock().unwrap().push(line);
        let response = Response::builder().status(status);
        let response = response.body(Empty::<Bytes>::new()).unwrap();
        async { Ok::<_, Infallible>(response) }
    };
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer));
                let _ = connection.await;
            });
        }
    });
    address
}

async fn log_in(server: &Server, name: &str, password: &str) -> Result<Client, ConnectError> {
    let config = ClientConfig::new(&format!("{name}@example.org/orchard"), password).unwrap();
    let (client, _) = Client::over(server.connect_memory().trusted(), config).await?;
    Ok(client)
}

fn condition(error: ConnectError) -> SaslCondition {
    match error {
        ConnectError::Session(SessionError::Login(LoginFailure::Refused { condition, .. })) => {
            condition
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_http_service_says_who_may_log_in() {
    let asked = Asked::default();
    let passwords = example::HttpPasswords {
        address: service(asked.clone()).await.to_string(),
        path: "/check".to_owned(),
    };
    let host = example::host("example.org", passwords).unwrap();
    let server = Server::builder().host(host).start().await.unwrap();

    let romeo = log_in(&server, "romeo", "it is the east").await.unwrap();
    assert_eq!(romeo.jid().as_str(), "romeo@example.org/orchard");
    romeo.close().await;
    let wrong = log_in(&server, "romeo", "and juliet is the sun").await;
    assert_eq!(condition(wrong.unwrap_err()), SaslCondition::NotAuthorized);
    let unknown = log_in(&server, "mercutio", "a plague").await;
    assert_eq!(
        condition(unknown.unwrap_err()),
        SaslCondition::NotAuthorized
    );
    // A service that does not work is nobody's wrong password.
    let trouble = log_in(&server, "trouble", "x").await;
    assert_eq!(
        condition(trouble.unwrap_err()),
        SaslCondition::TemporaryAuthFailure
    );
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked[0], "POST /check romeo:it is the east");
    assert_eq!(asked.len(), 4);
}
