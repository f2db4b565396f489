//! Both ends of the socket, and the work behind it.

use std::fs;
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sestina_session::accounts::{Accounts, MemoryAccounts};
use sestina_storage::Storage;
use sestina_wire::BareJid;
use sestina_wire::clock::SystemRandom;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

use super::protocol::{Answer, Password, Request};
use super::{Admin, Socket, client, password, socket};

fn admin() -> (Admin, Accounts) {
    let accounts = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    let domains = vec!["one.example".to_owned(), "two.example".to_owned()];
    (
        Admin::new(accounts.clone(), Storage::memory(), domains, Vec::new()),
        accounts,
    )
}

fn secret(text: &str) -> Password {
    Password::new(Zeroizing::new(text.to_owned()))
}

fn add(account: &str) -> Request {
    Request::Add {
        account: account.to_owned(),
        password: secret("romeo's secret"),
    }
}

fn remove(account: &str) -> Request {
    Request::Remove {
        account: account.to_owned(),
    }
}

fn list(domain: Option<&str>) -> Request {
    Request::List {
        domain: domain.map(str::to_owned),
    }
}

async fn ask(path: &Path, request: Request) -> Answer {
    client::ask(path, &request)
        .await
        .unwrap()
        .expect("a server listens")
}

fn refused(answer: Answer) -> String {
    match answer {
        Answer::Refused(reason) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn socket(&self) -> PathBuf {
        self.0.path().join("data").join("admin.sock")
    }
}

#[tokio::test]
async fn accounts_come_and_go() {
    let folder = Folder::new();
    let path = folder.socket();
    let (admin, accounts) = admin();
    let socket = Socket::bind(&path).await.unwrap().serve(admin);
    for account in [
        "romeo@one.example",
        "Juliet@one.example",
        "romeo@two.example",
    ] {
        assert_eq!(ask(&path, add(account)).await, Answer::Done);
    }
    assert_eq!(
        refused(ask(&path, add("romeo@one.example")).await),
        "romeo@one.example exists already"
    );
    let all = [
        "juliet@one.example",
        "romeo@one.example",
        "romeo@two.example",
    ]
    .map(str::to_owned);
    assert_eq!(ask(&path, list(None)).await, Answer::Accounts(all.to_vec()));
    assert_eq!(
        ask(&path, list(Some("two.example"))).await,
        Answer::Accounts(all[2..].to_vec())
    );

    let romeo: BareJid = "romeo@one.example".parse().unwrap();
    assert!(
        accounts
            .authenticate(&romeo, "romeo's secret")
            .await
            .unwrap()
    );
    let request = Request::Passwd {
        account: romeo.to_string(),
        password: secret("another"),
    };
    assert_eq!(ask(&path, request).await, Answer::Done);
    assert!(
        !accounts
            .authenticate(&romeo, "romeo's secret")
            .await
            .unwrap()
    );
    assert!(accounts.authenticate(&romeo, "another").await.unwrap());

    assert_eq!(
        ask(&path, remove("romeo@one.example")).await,
        Answer::Removed { sessions: 0 }
    );
    assert_eq!(
        refused(ask(&path, remove("romeo@one.example")).await),
        "there is no account romeo@one.example"
    );
    drop(socket);
    assert!(!path.exists(), "the socket goes with the server");
    assert!(client::ask(&path, &list(None)).await.unwrap().is_none());
}

#[tokio::test]
async fn mistakes_are_explained() {
    let (admin, _) = admin();
    for (account, part) in [
        ("romeo", "romeo is a domain"),
        ("romeo@one.example/orchard", "leave out /orchard"),
        ("romeo@three.example", "serves one.example, two.example"),
        ("@one.example", "is no address"),
    ] {
        let reason = refused(admin.answer(add(account)).await);
        assert!(reason.contains(part), "{reason}");
        assert!(!reason.contains('\n'));
    }
    assert!(
        refused(admin.answer(list(Some("three.example"))).await)
            .contains("not a domain of this server")
    );
    let empty = Request::Add {
        account: "romeo@one.example".to_owned(),
        password: secret(""),
    };
    assert!(refused(admin.answer(empty).await).contains("password"));
}

#[tokio::test]
async fn only_its_owner_may_use_it() {
    let folder = Folder::new();
    let path = folder.socket();
    let _socket = Socket::bind(&path).await.unwrap().serve(admin().0);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
}

#[tokio::test]
async fn one_server_a_folder() {
    let folder = Folder::new();
    let path = folder.socket();
    let first = Socket::bind(&path).await.unwrap().serve(admin().0);
    let error = Socket::bind(&path).await.err().expect("refused");
    assert!(error.contains("another server is running"), "{error}");
    // The first is not disturbed.
    assert_eq!(ask(&path, list(None)).await, Answer::Accounts(Vec::new()));
    drop(first);
    // What a killed server leaves behind is no server.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    assert!(client::ask(&path, &list(None)).await.unwrap().is_none());
    let _second = Socket::bind(&path).await.unwrap().serve(admin().0);
    assert_eq!(ask(&path, list(None)).await, Answer::Accounts(Vec::new()));
}

#[tokio::test]
async fn a_path_too_long_for_an_address() {
    let folder = Folder::new();
    let path = folder.0.path().join("a".repeat(120)).join("admin.sock");
    let _socket = Socket::bind(&path).await.unwrap().serve(admin().0);
    assert_eq!(ask(&path, list(None)).await, Answer::Accounts(Vec::new()));
}

#[tokio::test]
async fn what_is_no_request() {
    let folder = Folder::new();
    let path = folder.socket();
    let _socket = Socket::bind(&path).await.unwrap().serve(admin().0);
    let long = [vec![b' '; 20_000], b"\n".to_vec()].concat();
    let wrong = br#"{"command":"user-add","account":"romeo@one.example","password":["hunter2"]}"#;
    let lines = [
        b"\n".to_vec(),
        b"nonsense\n".to_vec(),
        [&wrong[..], b"\n"].concat(),
        long,
    ];
    for line in lines {
        let mut stream = socket::connect(&path).await.unwrap();
        // The server may hang up on what it has not read: what it said before counts.
        let _ = stream.write_all(&line).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.contains("refused"), "{answer:?}");
        assert!(!answer.contains("hunter2"));
    }
    assert_eq!(ask(&path, list(None)).await, Answer::Accounts(Vec::new()));
}

#[test]
fn a_password_is_one_line() {
    let read = |bytes: &[u8]| password::line(Cursor::new(bytes.to_vec()));
    for (input, expected) in [
        (&b"secret\n"[..], "secret"),
        (b"secret", "secret"),
        (b"secret\r\n", "secret"),
        (b" sp ace \nmore", " sp ace "),
        ("пароль\n".as_bytes(), "пароль"),
        (b"\n", ""),
    ] {
        assert_eq!(read(input).unwrap().expose(), expected);
    }
    assert!(read(b"").is_err());
    assert!(read(b"\xff\n").is_err());
    assert!(read(&[b'a'; 5000]).is_err());
    assert_eq!(
        format!("{:?}", add("romeo@one.example"))
            .matches("secret")
            .count(),
        0
    );
}
