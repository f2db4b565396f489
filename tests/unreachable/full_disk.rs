//! The disk is full under the storage: what does not fit is refused, nothing that was acknowledged is lost, and when
//! there is room again all goes on.
//!
//! Each test runs itself once more in a mount namespace of its own, where a small disk in memory holds all that is
//! kept: the database server's files and our server's.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use sestina::client::RequestError;
use sestina_interop::database::backing::{Backing, installed};
use sestina_interop::ready;
use sestina_interop::sestina::Sestina;
use sestina_interop::setup::{self, Skip};

use super::{ACCOUNTS, BOUND, Sender, befriend, connect, is_for_later, ping, with_it};

const BINARY: &str = env!("CARGO_BIN_EXE_sestina");
/// Names the small disk to the inner run.
const DISK: &str = "SESTINA_TEST_DISK";
/// Mounts the small disk, `$1` MiB of it, and runs the rest of the arguments.
const INSIDE: &str =
    r#"mount -t tmpfs -o "size=$1m,mode=1777" sestina-test "$TMPDIR" && shift && exec "$@""#;
/// How many messages may fit on a full disk: databases have room in what they have already.
const MOST: usize = 900;

/// Runs the test of this name below, on a disk of so many MiB.
fn on_a_small_disk(backend: &str, mebibytes: u32) {
    let suite = format!("full_disk::{backend}");
    ready!(&suite, installed(backend));
    ready!(&suite, mountable());
    let folder = tempfile::tempdir().unwrap();
    // Database servers run as other users.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).unwrap();
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", INSIDE, "sh"])
        .arg(mebibytes.to_string())
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg(format!("full_disk::inside::{backend}"))
        .env("TMPDIR", folder.path())
        .env(DISK, folder.path())
        .output()
        .unwrap();
    let (said, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}\n{errors}");
    assert!(said.contains("1 passed"), "{said}\n{errors}");
}

/// Whether this process may mount something where nobody else sees it.
fn mountable() -> Result<(), Skip> {
    let folder = tempfile::tempdir().map_err(|error| Skip::new(error.to_string()))?;
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", INSIDE, "sh", "1", "true"])
        .env("TMPDIR", folder.path())
        .output();
    match output {
        Ok(output) if output.status.success() && setup::is_root() => Ok(()),
        Ok(output) => Err(Skip::new(format!(
            "no disk can be mounted in a namespace: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
        Err(error) => Err(Skip::new(format!("unshare: {error}"))),
    }
}

/// Writes until nothing fits any more; what takes the room is gone with the file.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("ballast");
    let mut file = File::create(&path).unwrap();
    let block = vec![b'x'; 1 << 20];
    let mut size = block.len();
    while size > 0 {
        if let Err(error) = file.write_all(&block[..size]) {
            assert_eq!(error.kind(), std::io::ErrorKind::StorageFull, "{error}");
            size /= 2;
        }
    }
    path
}

/// Text that no database makes smaller.
fn bulk(number: usize) -> String {
    let mut state = number as u64 + 1;
    let mut text = String::with_capacity(24_000);
    while text.len() < 24_000 {
        // A linear congruential generator: it has to look like nothing, not to be secret.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        text.push_str(&format!("{:016x}", state ^ (state >> 29)));
    }
    text
}

async fn fills_up_and_has_room_again(backend: &str) {
    let Some(disk) = std::env::var_os(DISK).map(PathBuf::from) else {
        return;
    };
    let ready = installed(backend).unwrap();
    let mut backing = Backing::start(backend, &ready, false).unwrap();
    let settings = format!("storage = \"{}\"", backing.url());
    let mut server = Sestina::start(Path::new(BINARY), "localhost", ACCOUNTS, &settings).unwrap();
    let peer = server.peer.clone();
    let (watch, _events) = connect(&peer, 0, "watch").await.unwrap();
    watch.roster().get().await.unwrap();
    let mut sender = Sender::new(&peer, "sender").await;
    for number in 0..20 {
        sender.say_with(&peer, &bulk(number)).await.unwrap();
    }

    let ballast = fill(&disk);
    let mut refused = None;
    for number in 0..MOST {
        let begun = Instant::now();
        if let Err(error) = sender.say_with(&peer, &bulk(number)).await {
            is_for_later(&error);
            refused = Some(begun.elapsed());
            break;
        }
    }
    let taken = refused.expect("the disk is full some time");
    assert!(taken < BOUND, "told after {taken:?}");
    println!(
        "{backend}: {} messages fit, refused after {taken:?}",
        sender.acknowledged.len()
    );
    // Again and again, and everybody else is served. What is small may fit still.
    for number in 0..5 {
        if let Err(error) = sender.say_with(&peer, &bulk(number)).await {
            is_for_later(&error);
        }
        match befriend(&watch).await {
            Ok(()) => {}
            Err(RequestError::Refused(error)) => is_for_later(&error),
            Err(other) => panic!("{other:?}"),
        }
        ping(&watch, &peer).await.unwrap();
        watch.roster().get().await.unwrap();
    }
    // Who comes is let in, or told to come later.
    match connect(&peer, 0, "late").await {
        Ok((client, _)) => client.close().await,
        Err(error) => {
            let said = format!("{error:?}");
            assert!(said.contains("TemporaryAuthFailure"), "{said}");
        }
    }

    std::fs::remove_file(ballast).unwrap();
    if backing.has_ended() {
        println!("{backend}: the server had ended");
        backing.restart().unwrap();
    }
    with_it(&peer, &mut sender, &watch).await;
    for number in 0..5 {
        sender.say_with(&peer, &bulk(number)).await.unwrap();
    }

    // The same after both have been started again, and nothing is damaged.
    backing.kill().unwrap();
    backing.restart().unwrap();
    server.restart("KILL").unwrap();
    super::all_are_heard(&peer, &sender.acknowledged).await;
    server.process.signal("TERM").unwrap();
    server.process.wait(20).unwrap();
    let check = Command::new(BINARY)
        .args(["storage", "check", "--storage", backing.url()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&check.stdout);
    let errors = String::from_utf8_lossy(&check.stderr);
    assert!(check.status.success(), "{said}{errors}");
}

macro_rules! backends {
    ($($name:ident $mebibytes:literal,)*) => {
        $(
            #[test]
            fn $name() {
                on_a_small_disk(stringify!($name), $mebibytes);
            }
        )*

        mod inside {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "run by the tests above, on a small disk"]
                async fn $name() {
                    super::fills_up_and_has_room_again(stringify!($name)).await;
                }
            )*
        }
    };
}

backends! {
    sqlite 32,
    file 48,
    postgres 160,
    mysql 320,
    redis 48,
    mongodb 64,
}
