//! The program as a user meets it: the first start, accounts, mistakes, the end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use sestina_interop::process::{Process, free_port, listens};
use sestina_interop::sestina::Sestina;
use sestina_interop::setup;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_sestina");

fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("sestina-cli-")
        .tempdir()
        .unwrap()
}

/// Runs the program in the folder to its end.
fn run(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(BINARY)
        .args(arguments)
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that reads no input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The one line on standard error of a run that failed.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(
        !output.status.success(),
        "it should have failed; it said {text:?} and {:?}",
        out(output)
    );
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("sestina: "))
        .collect();
    assert_eq!(lines.len(), 1, "one line for a person: {text:?}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

fn write(folder: &TempDir, text: &str) {
    fs::write(folder.path().join("sestina.toml"), text).unwrap();
}

#[test]
fn the_first_start_makes_what_it_needs_and_says_how_to_go_on() {
    let folder = folder();
    let port = free_port().unwrap();
    write(&folder, &format!("listen = [\"127.0.0.1:{port}\"]\n"));
    // Without a command: what the program does is serve.
    let mut command = Command::new(BINARY);
    command.current_dir(folder.path()).env_remove("RUST_LOG");
    let log = folder.path().join("log");
    let mut server = Process::start(&mut command, &log).unwrap();
    server
        .wait_until(30, "Sestina", |server| server.output().contains("/connect"))
        .unwrap();
    assert!(listens(port));
    let said = server.output();
    for expected in [
        format!("127.0.0.1:{port}"),
        "user add romeo@localhost".to_owned(),
        "certificate.pem".to_owned(),
        format!("/connect romeo@localhost server 127.0.0.1 port {port} tls trust"),
    ] {
        assert!(said.contains(&expected), "{expected:?} in {said}");
    }
    let mut names: Vec<String> = fs::read_dir(folder.path().join("data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in ["certificate.pem", "key.pem", "sestina.sqlite"] {
        assert!(
            names.iter().any(|there| there == name),
            "{name} in {names:?}"
        );
    }
    assert_private(&folder.path().join("data/key.pem"));
    assert_private(&folder.path().join("data/sestina.sqlite"));

    // A second start says what is in the way.
    let output = run(folder.path(), &["serve"], "");
    assert!(
        complaint(&output).contains("another server is running"),
        "{}",
        complaint(&output)
    );

    server.signal("INT").unwrap();
    assert!(server.wait(15).unwrap().success(), "{}", server.output());

    // Once there is an account, nothing is explained any more, and nothing is made twice.
    assert!(
        run(
            folder.path(),
            &["user", "add", "romeo@localhost"],
            "secret\n"
        )
        .status
        .success()
    );
    let certificate = fs::read(folder.path().join("data/certificate.pem")).unwrap();
    let mut server = Process::start(&mut command, &log).unwrap();
    server.wait_until(30, "Sestina", |_| listens(port)).unwrap();
    server
        .wait_until(5, "its greeting", |server| {
            server.output().contains("is up")
        })
        .unwrap();
    assert!(!server.output().contains("/connect"));
    assert_eq!(
        fs::read(folder.path().join("data/certificate.pem")).unwrap(),
        certificate
    );
    server.signal("TERM").unwrap();
    assert!(server.wait(15).unwrap().success(), "{}", server.output());
    assert!(
        !folder.path().join("data/admin.sock").exists(),
        "the socket is removed at the end"
    );
}

fn assert_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(
        mode & 0o077,
        0,
        "{} can be read by others ({mode:o})",
        path.display()
    );
}

#[test]
fn a_port_in_use_is_one_clear_line() {
    let folder = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    write(&folder, &format!("listen = [\"{address}\"]\n"));
    let output = run(folder.path(), &[], "");
    let text = complaint(&output);
    assert!(
        text.contains(&address.to_string())
            && text.contains("in use")
            && text.contains("sestina.toml"),
        "{text}"
    );
}

#[test]
fn two_servers_do_not_share_a_data_folder() {
    let folder = folder();
    let ports = [free_port().unwrap(), free_port().unwrap()];
    for (name, port) in ["one.toml", "two.toml"].iter().zip(ports) {
        fs::write(
            folder.path().join(name),
            format!("listen = [\"127.0.0.1:{port}\"]\n"),
        )
        .unwrap();
    }
    let mut command = Command::new(BINARY);
    command
        .args(["--config", "one.toml"])
        .current_dir(folder.path());
    let mut first = Process::start(&mut command, &folder.path().join("log")).unwrap();
    first
        .wait_until(30, "Sestina", |first| first.output().contains("is up"))
        .unwrap();
    let output = run(folder.path(), &["--config", "two.toml", "serve"], "");
    assert!(
        complaint(&output).contains("another server"),
        "{}",
        complaint(&output)
    );
    assert!(listens(ports[0]), "the first goes on");
}

#[test]
fn a_certificate_that_cannot_be_read_is_one_clear_line() {
    let folder = folder();
    let port = free_port().unwrap();
    let listen = format!("listen = [\"127.0.0.1:{port}\"]\n");
    write(
        &folder,
        &format!("{listen}certificate = \"missing.pem\"\nkey = \"missing.key\"\n"),
    );
    let text = complaint(&run(folder.path(), &["serve"], ""));
    assert!(
        text.contains("missing.pem") && text.contains("No such file"),
        "{text}"
    );

    fs::write(folder.path().join("empty.pem"), "nothing\n").unwrap();
    write(
        &folder,
        &format!("{listen}certificate = \"empty.pem\"\nkey = \"empty.pem\"\n"),
    );
    let text = complaint(&run(folder.path(), &["serve"], ""));
    assert!(text.contains("empty.pem"), "{text}");

    write(
        &folder,
        &format!(
            "{listen}data = \"{}\"\n",
            folder.path().join("elsewhere").display()
        ),
    );
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    fs::write(folder.path().join("elsewhere/key.pem"), "half a pair").unwrap();
    let text = complaint(&run(folder.path(), &["serve"], ""));
    assert!(
        text.contains("key.pem") && text.contains("certificate.pem"),
        "{text}"
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("elsewhere/key.pem")).unwrap(),
        "half a pair"
    );
}

#[test]
fn a_folder_without_permission_is_one_clear_line() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let config = folder.path().join("sestina.toml");
    fs::write(
        &config,
        format!(
            "listen = [\"127.0.0.1:{}\"]\ndata = \"closed/data\"\n",
            free_port().unwrap()
        ),
    )
    .unwrap();
    // Root may write everywhere: be somebody else. The program is copied to where that somebody may read it.
    let output = if setup::is_root() {
        let program = folder.path().join("sestina");
        fs::copy(BINARY, &program).unwrap();
        Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(&program)
            .arg("--config")
            .arg(&config)
            .output()
            .unwrap()
    } else {
        Command::new(BINARY)
            .arg("--config")
            .arg(&config)
            .output()
            .unwrap()
    };
    let text = complaint(&output);
    assert!(
        text.contains("closed/data") && text.contains("Permission denied"),
        "{text}"
    );
}

#[test]
fn a_data_folder_that_is_a_file_is_one_clear_line() {
    let folder = folder();
    fs::write(folder.path().join("data"), "not a folder").unwrap();
    write(
        &folder,
        &format!("listen = [\"127.0.0.1:{}\"]\n", free_port().unwrap()),
    );
    let text = complaint(&run(folder.path(), &["serve"], ""));
    assert!(text.contains("data"), "{text}");
}

#[test]
fn check_says_what_a_start_would_do_and_does_nothing() {
    let folder = folder();
    write(
        &folder,
        "domains = [\"capulet.example\", \"montague.example\"]\nlisten = [\"0.0.0.0:5222\"]\n",
    );
    let output = run(folder.path(), &["check"], "");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = out(&output);
    for expected in [
        "capulet.example",
        "montague.example",
        "0.0.0.0:5222",
        "sestina.sqlite",
        "xep-0199",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    assert!(
        !text.contains("xep-0077"),
        "registration is off unless it is turned on: {text}"
    );
    assert!(
        !folder.path().join("data").exists(),
        "checking makes nothing"
    );

    write(&folder, "[plugins.\"xep-0077\"]\nenabled = true\n");
    assert!(out(&run(folder.path(), &["check", "sestina.toml"], "")).contains("xep-0077"));
}

#[test]
fn check_names_line_and_column() {
    let folder = folder();
    write(
        &folder,
        "domains = [\"capulet.example\"]\n\n[limits]\nstanza = \"plenty\"\n",
    );
    let output = run(folder.path(), &["check"], "");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.starts_with("sestina: sestina.toml:4:10: "), "{text}");
    let output = run(folder.path(), &["check", "nowhere.toml"], "");
    assert!(complaint(&output).contains("nowhere.toml"));
}

#[test]
fn accounts_without_a_running_server() {
    let folder = folder();
    write(
        &folder,
        "domains = [\"capulet.example\", \"montague.example\"]\n",
    );
    let user = |arguments: &[&str], input: &str| {
        run(folder.path(), &[&["user"], arguments].concat(), input)
    };
    assert_eq!(out(&user(&["list"], "")), "");
    assert!(
        user(&["add", "juliet@capulet.example"], "secret\n")
            .status
            .success()
    );
    assert!(
        user(&["add", "romeo@montague.example"], "secret\n")
            .status
            .success()
    );
    assert_eq!(
        out(&user(&["list"], "")),
        "juliet@capulet.example\nromeo@montague.example\n"
    );
    assert_eq!(
        out(&user(&["list", "montague.example"], "")),
        "romeo@montague.example\n"
    );
    assert!(complaint(&user(&["add", "Juliet@Capulet.example"], "other\n")).contains("exists"));
    assert!(
        complaint(&user(&["add", "paris@elsewhere.example"], "x\n"))
            .contains("not a domain of this server")
    );
    assert!(complaint(&user(&["add", "capulet.example"], "x\n")).contains("domain"));
    assert!(complaint(&user(&["add", "paris@capulet.example"], "\n")).contains("empty"));
    assert!(
        user(&["passwd", "juliet@capulet.example"], "new\n")
            .status
            .success()
    );
    assert!(complaint(&user(&["passwd", "nurse@capulet.example"], "new\n")).contains("no account"));
    assert!(
        user(&["remove", "juliet@capulet.example"], "")
            .status
            .success()
    );
    assert!(complaint(&user(&["remove", "juliet@capulet.example"], "")).contains("no account"));
    assert_eq!(out(&user(&["list"], "")), "romeo@montague.example\n");
}

#[test]
fn accounts_beside_a_running_server() {
    let server = Sestina::start(
        Path::new(BINARY),
        "capulet.example",
        &[("juliet", "secret-1"), ("nurse", "secret-2")],
        "",
    )
    .unwrap();
    assert_eq!(
        server.user(&["list"], "").unwrap(),
        "juliet@capulet.example\nnurse@capulet.example\n"
    );
    server
        .user(&["remove", "nurse@capulet.example"], "")
        .unwrap();
    server
        .user(&["passwd", "juliet@capulet.example"], "another\n")
        .unwrap();
    assert!(
        server
            .user(&["add", "juliet@capulet.example"], "x\n")
            .unwrap_err()
            .to_string()
            .contains("exists")
    );
    assert_eq!(
        server.user(&["list"], "").unwrap(),
        "juliet@capulet.example\n"
    );
}
