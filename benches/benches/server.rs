//! Chat one to one through a running server: messages a second, and what they cost the server.
//!
//! 100 pairs of accounts, each with ten messages on the way, on plain loopback streams. Sestina as a release build, Prosody
//! from Debian, and a relay that only copies bytes, in the same run by the same load generator.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::expect_used)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sestina_benches::load::{self, Pair, Writing};
use sestina_benches::{binary, relay, scram};
use sestina_interop::Failure;
use sestina_interop::process::{Process, free_port, listens};
use sestina_interop::prosody::{self, Prosody};
use sestina_interop::sestina::Sestina;
use tokio::net::TcpStream;

const PAIRS: usize = 100;
const OUTSTANDING: usize = 10;
const DOMAIN: &str = "capulet.example";
const BODY: &str =
    "Good pilgrim, you do wrong your hand too much, which mannerly devotion shows in this";

/// How the load is made.
struct Load<'a> {
    runtime: &'a tokio::runtime::Runtime,
    writing: Writing,
    time: Duration,
}

struct Row {
    name: String,
    rate: f64,
    cpu: f64,
    memory: u64,
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    if let (Some("--relay"), Some(port)) = (arguments.next().as_deref(), arguments.next()) {
        return Ok(relay::serve(port.parse()?)?);
    }
    let rounds: usize = std::env::var("BENCH_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(3);
    let seconds: u64 = std::env::var("BENCH_SECONDS")
        .ok()
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or(5);
    let time = Duration::from_secs(seconds);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;

    let binary = binary::release(&["-p", "sestina"])?;
    let with_prosody = prosody::installed();
    if let Err(skip) = &with_prosody {
        eprintln!("SKIP bench server, Prosody: {skip}");
    }
    for writing in [Writing::Single, Writing::Gathered] {
        let load = Load {
            runtime: &runtime,
            writing,
            time,
        };
        let mut rows = vec![
            median(rounds, || measure_relay(&load))?,
            median(rounds, || measure_sestina(&load, &binary))?,
        ];
        if with_prosody.is_ok() {
            rows.push(median(rounds, || measure_prosody(&load))?);
        }
        print(&rows, writing, rounds, time);
    }
    Ok(())
}

fn print(rows: &[Row], writing: Writing, rounds: usize, time: Duration) {
    let how = match writing {
        Writing::Single => "each written by itself",
        Writing::Gathered => "those that may go written at once",
    };
    println!(
        "\nchat one to one, {PAIRS} pairs with {OUTSTANDING} messages on the way in each, {how}; {} s, median of {rounds}\n",
        time.as_secs()
    );
    println!(
        "| server | messages/s | server CPU-s per 100,000 | against the relay | resident MiB |"
    );
    println!("|---|---:|---:|---:|---:|");
    let floor = rows.first().map_or(1.0, |row| row.cpu);
    for row in rows {
        println!(
            "| {} | {:.0} | {:.2} | {:.1} × | {:.1} |",
            row.name,
            row.rate,
            row.cpu,
            row.cpu / floor,
            row.memory as f64 / 1024.0
        );
    }
}

/// The run whose CPU time is in the middle.
fn median(rounds: usize, mut run: impl FnMut() -> Result<Row, Failure>) -> Result<Row, Failure> {
    let mut rows = (0..rounds.max(1))
        .map(|_| run())
        .collect::<Result<Vec<_>, _>>()?;
    rows.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    let middle = rows.len() / 2;
    Ok(rows.swap_remove(middle))
}

fn measure_relay(load: &Load<'_>) -> Result<Row, Failure> {
    let port = free_port()?;
    let log = std::env::temp_dir().join(format!("sestina-relay-{port}.log"));
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--relay", &port.to_string()]);
    let mut process = Process::start(&mut command, &log)?;
    process.wait_until(10, "the relay listening", |_| listens(port))?;
    // The probe above took the even half of a pair.
    let row = load.runtime.block_on(async {
        let _probe = TcpStream::connect(("127.0.0.1", port)).await?;
        let mut pairs = Vec::new();
        for _ in 0..PAIRS {
            let sender = TcpStream::connect(("127.0.0.1", port)).await?;
            let receiver = TcpStream::connect(("127.0.0.1", port)).await?;
            sender.set_nodelay(true)?;
            pairs.push(Pair {
                sender,
                receiver,
                message: message("somebody@capulet.example/0123456789abcdef"),
            });
        }
        chat("byte relay (floor)", pairs, &process, load).await
    });
    let _ = std::fs::remove_file(log);
    row
}

fn measure_sestina(load: &Load<'_>, binary: &Path) -> Result<Row, Failure> {
    let accounts = accounts();
    let server = Sestina::start(binary, DOMAIN, &borrowed(&accounts), "require_tls = false")?;
    load.runtime.block_on(async {
        let pairs = pairs(server.peer.port, &accounts).await?;
        chat("Sestina", pairs, &server.process, load).await
    })
}

fn measure_prosody(load: &Load<'_>) -> Result<Row, Failure> {
    let accounts = accounts();
    let server = Prosody::start_with(DOMAIN, &borrowed(&accounts), false)?;
    load.runtime.block_on(async {
        let pairs = pairs(server.peer.port, &accounts).await?;
        chat("Prosody 0.12", pairs, &server.process, load).await
    })
}

async fn chat(
    name: &str,
    pairs: Vec<Pair>,
    process: &Process,
    load: &Load<'_>,
) -> Result<Row, Failure> {
    let (count, length, cpu) = load::run(
        pairs,
        OUTSTANDING,
        load.writing,
        Duration::from_secs(1),
        load.time,
        || process.cpu_seconds(),
    )
    .await?;
    let row = Row {
        name: name.to_owned(),
        rate: count as f64 / length.as_secs_f64(),
        cpu: cpu / count as f64 * 100_000.0,
        memory: process.resident_kib()?,
    };
    eprintln!(
        "{name}: {:.0} messages/s, {:.2} CPU-s per 100,000",
        row.rate, row.cpu
    );
    Ok(row)
}

async fn pairs(port: u16, accounts: &[(String, String)]) -> Result<Vec<Pair>, Failure> {
    let mut pairs = Vec::new();
    for pair in accounts.chunks_exact(2) {
        let [(from, from_password), (to, to_password)] = pair else {
            continue;
        };
        let sender = scram::login(port, DOMAIN, from, from_password).await?;
        let receiver = scram::login(port, DOMAIN, to, to_password).await?;
        let message = message(&receiver.jid);
        pairs.push(Pair {
            sender: sender.socket,
            receiver: receiver.socket,
            message,
        });
    }
    Ok(pairs)
}

fn message(to: &str) -> String {
    format!("<message to='{to}' type='chat' id='m0123456'><body>{BODY}</body></message>")
}

fn accounts() -> Vec<(String, String)> {
    (0..2 * PAIRS)
        .map(|number| (format!("user{number}"), format!("password-{number}")))
        .collect()
}

fn borrowed(accounts: &[(String, String)]) -> Vec<(&str, &str)> {
    accounts
        .iter()
        .map(|(name, password)| (name.as_str(), password.as_str()))
        .collect()
}
