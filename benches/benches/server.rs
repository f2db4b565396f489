//! The running server beside its peers: `cargo bench -p sestina-benches --bench server` prints one table.
//!
//! Sestina as a release build, Prosody and ejabberd from Debian, and a relay that only copies bytes; each alone, on one core of its own, the
//! load on the other. Settings by environment: `BENCH_SERVERS` (`relay,sestina,prosody,ejabberd`), `BENCH_SCENARIOS`
//! (`logins,chat,presence,events,pages,storm,rooms,uploads,archives,latency,resumptions,flat,memory`), `BENCH_SECONDS` (each measurement, 4), `BENCH_SESSIONS` (idle ones, 5000), `BENCH_MOST`
//! (at the limit on open files: that limit less 200), `SESTINA_BINARY`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use sestina_benches::carrier::Carrier;
use sestina_benches::client::{Proof, Session, Way};
use sestina_benches::load::{self, Pair, Writing};
use sestina_benches::logins::{self, Figure, Task};
use sestina_benches::report::Report;
use sestina_benches::room::{self, Room};
use sestina_benches::target::{self, DOMAIN, Does, Kind, Target};
use sestina_benches::{
    accounts, binary, events, latency, memory, pages, presence, relay, rotation, storm, uploads,
};
use sestina_interop::{Failure, ejabberd, prosody};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

const PAIRS: usize = 100;
/// Who logs in at the same time.
const CLIENTS: usize = 64;
const BODY: &str =
    "Good pilgrim, you do wrong your hand too much, which mannerly devotion shows in this";
/// How long one measurement may take.
const PATIENCE: Duration = Duration::from_secs(150);
/// Open files of a process beside its sessions.
const OTHER_FILES: u64 = 200;

struct Bench {
    runtime: Runtime,
    binary: PathBuf,
    time: Duration,
    sessions: usize,
    most: usize,
    scenarios: Option<String>,
    report: Report,
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    if let (Some("--relay"), Some(port)) = (arguments.next().as_deref(), arguments.next()) {
        return Ok(relay::serve(port.parse()?)?);
    }
    // For this process and those it starts.
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    let files = limit
        .maximum
        .unwrap_or(u64::MAX)
        .saturating_sub(OTHER_FILES);
    let servers = std::env::var("BENCH_SERVERS").ok();
    let binary = match listed(servers.as_deref(), "sestina") {
        true => binary::release(&["-p", "sestina"])?,
        false => PathBuf::new(),
    };
    target::pin(0);
    let mut bench = Bench {
        runtime: tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?,
        binary,
        time: Duration::from_secs(number("BENCH_SECONDS", 4) as u64),
        sessions: number("BENCH_SESSIONS", 5_000),
        // A client's ports are fewer than files may be.
        most: number("BENCH_MOST", usize::try_from(files.min(25_000))?),
        scenarios: std::env::var("BENCH_SCENARIOS").ok(),
        report: Report::default(),
    };
    for kind in Kind::MEASURED {
        let (name, installed) = match kind {
            Kind::Relay => ("relay", Ok(())),
            Kind::Sestina => ("sestina", Ok(())),
            Kind::Prosody => ("prosody", prosody::installed()),
            Kind::Ejabberd => ("ejabberd", ejabberd::installed()),
        };
        if !listed(servers.as_deref(), name) {
            continue;
        }
        if let Err(skip) = installed {
            eprintln!("SKIP bench server, {kind}: {skip}");
            continue;
        }
        bench.measure(kind);
    }
    println!("\n{}", bench.report.table());
    Ok(())
}

/// Whether a name is in a list that, unset, has them all.
fn listed(list: Option<&str>, name: &str) -> bool {
    list.is_none_or(|list| list.split(',').any(|listed| listed == name))
}

fn number(name: &str, otherwise: usize) -> usize {
    let set = std::env::var(name).ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

impl Bench {
    /// A scenario that fails leaves the others their figures.
    fn measure(&mut self, kind: Kind) {
        type Scenario = fn(&mut Bench, Kind) -> Result<(), Failure>;
        let is_server = kind != Kind::Relay;
        let is_flat = matches!(kind, Kind::Relay | Kind::Sestina);
        let scenarios: [(&str, bool, Scenario); 13] = [
            ("logins", is_server, Bench::logins),
            ("chat", true, Bench::chat),
            ("presence", is_server, Bench::presence),
            ("events", is_server, Bench::events),
            ("pages", is_server, Bench::pages),
            ("storm", is_server, Bench::storm),
            ("rooms", is_server, Bench::rooms),
            ("uploads", is_server, Bench::uploads),
            ("archives", is_server, Bench::archives),
            ("latency", true, Bench::latency),
            ("resumptions", is_server, Bench::resumptions),
            ("flat", is_flat, Bench::flat),
            ("memory", is_server, Bench::memory),
        ];
        for (name, wanted, scenario) in scenarios {
            if wanted
                && self.runs(name)
                && let Err(failure) = scenario(self, kind)
            {
                eprintln!("{kind}, {name}: {failure}");
            }
        }
    }

    /// Waits for a measurement, but not for ever.
    fn wait<T>(&self, run: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        self.runtime
            .block_on(async { tokio::time::timeout(PATIENCE, run).await })?
    }

    fn runs(&self, scenario: &str) -> bool {
        listed(self.scenarios.as_deref(), scenario)
    }

    fn start(&self, kind: Kind, accounts: usize) -> Result<Target, Failure> {
        Target::start(kind, &self.binary, accounts, Does::Nothing, &self.runtime)
    }

    /// Everybody publishes whenever the one before it has, and those who see it hear of it.
    fn events(&mut self, kind: Kind) -> Result<(), Failure> {
        const PEOPLE: usize = 100;
        let contacts = 20;
        let target = Target::start(kind, &self.binary, PEOPLE, Does::Events, &self.runtime)?;
        let (count, length, cpu) = self.wait(async {
            let mut sessions = there(&target, PEOPLE).await?;
            presence::befriend(&mut sessions, contacts).await?;
            events::listen(&mut sessions).await?;
            let measure = || target.process().cpu_seconds();
            let words = events::TUNES;
            Ok::<_, Failure>(presence::run(sessions, contacts, words, self.time, measure).await?)
        })?;
        let name = format!(
            "personal events, {PEOPLE} people with {contacts} contacts: CPU-s per 100,000 notified (a second)"
        );
        let figure = shown(Figure::new(count, length, cpu), 2);
        self.report.add(&name, "the peers", kind, figure);
        Ok(())
    }

    /// An archive from its beginning to its end, a page at a time.
    fn pages(&mut self, kind: Kind) -> Result<(), Failure> {
        const MESSAGES: usize = 5_000;
        let target = Target::start(kind, &self.binary, 2, Does::Archives, &self.runtime)?;
        let figure = self.wait(async {
            let mut sessions = there(&target, 2).await?;
            let [one, other] = sessions.as_mut_slice() else {
                return Err("there are two".into());
            };
            pages::fill(one, other, MESSAGES).await?;
            let measure = || target.process().cpu_seconds();
            Ok::<_, Failure>(pages::run(other, self.time, measure).await?)
        })?;
        let name = format!(
            "archive of {MESSAGES}, pages of {}: CPU-s per 100,000 messages (a second)",
            pages::PAGE
        );
        self.report
            .add(&name, "100,000 a second", kind, shown(figure, 2));
        Ok(())
    }

    /// Somebody has many contacts, and all log in.
    fn storm(&mut self, kind: Kind) -> Result<(), Failure> {
        const CONTACTS: usize = 1_000;
        let target = self.start(kind, CONTACTS + 1)?;
        let (cpu, length) = self.wait(async {
            let mut accounts = accounts::known(CONTACTS + 1);
            storm::befriend(&target.place, &mut accounts).await?;
            let measure = || target.process().cpu_seconds();
            Ok::<_, Failure>(storm::run(&target.place, &mut accounts, measure).await?)
        })?;
        let name = format!("storm, {CONTACTS} contacts of one log in: CPU-s (seconds)");
        let figure = format!("{cpu:.2} ({:.1})", length.as_secs_f64());
        self.report.add(&name, "the peers", kind, figure);
        Ok(())
    }

    /// Both archives are written before a message is delivered.
    fn archives(&mut self, kind: Kind) -> Result<(), Failure> {
        let target = Target::start(kind, &self.binary, 2 * PAIRS, Does::Archives, &self.runtime)?;
        let (count, length, cpu) = self.wait(async {
            let pairs = pairs(kind, &target, Way::Tcp, PAIRS).await?;
            let measure = || target.process().cpu_seconds();
            let warm_up = Duration::from_secs(1);
            let run = load::run(pairs, 10, Writing::Single, warm_up, self.time, measure);
            Ok::<_, Failure>(run.await?)
        })?;
        let name =
            "chat, 100 pairs, 10 on the way, both archives on SQLite: CPU-s per 100,000 (a second)";
        let figure = shown(Figure::new(count, length, cpu), 2);
        self.report.add(name, "8,000 a second", kind, figure);
        Ok(())
    }

    fn logins(&mut self, kind: Kind) -> Result<(), Failure> {
        let target = self.start(kind, CLIENTS)?;
        for (name, goal, task) in [
            ("SCRAM-SHA-256", "30", Task::Login(Way::Tcp, Proof::Scram)),
            (
                "STARTTLS, SCRAM-SHA-256",
                "60",
                Task::Login(Way::Tls, Proof::Scram),
            ),
            (
                "STARTTLS, PLAIN",
                "200",
                Task::Login(Way::Tls, Proof::Plain),
            ),
        ] {
            let figure = self.repeat(&target, task)?;
            let name = format!("login, {name}: CPU-s per 100,000 (a second)");
            self.report.add(&name, goal, kind, shown(figure, 1));
        }
        Ok(())
    }

    fn resumptions(&mut self, kind: Kind) -> Result<(), Failure> {
        let target = self.start(kind, CLIENTS)?;
        let figure = self.repeat(&target, Task::Resumption)?;
        let name = "resumption, login with SCRAM-SHA-256 included: CPU-s per 100,000 (a second)";
        self.report.add(name, "", kind, shown(figure, 1));
        Ok(())
    }

    fn repeat(&self, target: &Target, task: Task) -> Result<Figure, Failure> {
        let run = logins::run(
            &target.place,
            task,
            accounts::known(CLIENTS),
            self.time,
            || target.process().cpu_seconds(),
        );
        self.wait(async { Ok(run.await?) })
    }

    fn chat(&mut self, kind: Kind) -> Result<(), Failure> {
        let target = self.start(kind, 2 * PAIRS)?;
        for (name, goal, way, outstanding, writing) in [
            ("10 on the way", "0.5", Way::Tcp, 10, Writing::Single),
            (
                "10 on the way, written at once",
                "0.5",
                Way::Tcp,
                10,
                Writing::Gathered,
            ),
            ("1 on the way", "1.5 × relay", Way::Tcp, 1, Writing::Single),
            ("TLS, 10 on the way", "0.7", Way::Tls, 10, Writing::Single),
            (
                "TLS, 10 on the way, written at once",
                "0.7",
                Way::Tls,
                10,
                Writing::Gathered,
            ),
            ("TLS, 1 on the way", "", Way::Tls, 1, Writing::Single),
        ] {
            if kind == Kind::Relay && way == Way::Tls {
                continue;
            }
            let (count, length, cpu) = self.wait(async {
                let pairs = pairs(kind, &target, way, PAIRS).await?;
                let measure = || target.process().cpu_seconds();
                let warm_up = Duration::from_secs(1);
                let run = load::run(pairs, outstanding, writing, warm_up, self.time, measure);
                Ok::<_, Failure>(run.await?)
            })?;
            let name = format!("chat, 100 pairs, {name}: CPU-s per 100,000 (a second)");
            let figure = shown(Figure::new(count, length, cpu), 2);
            self.report.add(&name, goal, kind, figure);
        }
        Ok(())
    }

    /// What a change of presence costs, and whether a delivery costs the same with more contacts.
    fn presence(&mut self, kind: Kind) -> Result<(), Failure> {
        const PEOPLE: usize = 100;
        for (contacts, goal) in [(4, "flat"), (20, "0.3"), (80, "flat")] {
            let target = self.start(kind, PEOPLE)?;
            let (count, length, cpu) = self.wait(async {
                let mut sessions = there(&target, PEOPLE).await?;
                presence::befriend(&mut sessions, contacts).await?;
                let measure = || target.process().cpu_seconds();
                Ok::<_, Failure>(
                    presence::run(sessions, contacts, presence::PRESENCES, self.time, measure)
                        .await?,
                )
            })?;
            let name = format!(
                "presence, {PEOPLE} people with {contacts} contacts: CPU-s per 100,000 delivered (a second)"
            );
            let figure = shown(Figure::new(count, length, cpu), 2);
            self.report.add(&name, goal, kind, figure);
        }
        Ok(())
    }

    /// What everybody hears of ten who speak, and what the last one to enter waits for.
    fn rooms(&mut self, kind: Kind) -> Result<(), Failure> {
        for (people, lasting) in [
            (100, false),
            (100, true),
            (1_000, false),
            (1_000, true),
            (5_000, false),
            (5_000, true),
        ] {
            if people > self.most {
                continue;
            }
            let does = match lasting {
                true => Does::RoomArchives,
                false => Does::Nothing,
            };
            let target = Target::start(kind, &self.binary, people, does, &self.runtime)?;
            let process = target.process();
            let (last, each, figure) = self.wait(async {
                let known = accounts::known(people);
                let sessions = memory::open(&target.place, Way::Tcp, known).await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
                let before = process.resident_kib()?;
                let room = Room::fill(DOMAIN, sessions, lasting).await?;
                let last = room.last.as_secs_f64() * 1000.0;
                tokio::time::sleep(Duration::from_secs(1)).await;
                let grown = process.resident_kib()?.saturating_sub(before);
                let figure = room.talk(self.time, || process.cpu_seconds()).await?;
                Ok::<_, Failure>((last, grown as f64 / people as f64, figure))
            })?;
            let archive = if lasting { ", archive" } else { "" };
            let senders = room::SENDERS;
            let name = format!(
                "room of {people}{archive}, {senders} speak, 4 messages of each on the way: CPU-s per 100,000 heard (a second)"
            );
            self.report.add(&name, "0.25", kind, shown(figure, 2));
            if !lasting {
                let name = format!("room of {people}: ms until the last one is in");
                self.report.add(&name, "", kind, format!("{last:.1}"));
                let name = format!("room of {people}: resident KiB for each that is in it");
                self.report.add(&name, "", kind, format!("{each:.1}"));
            }
        }
        Ok(())
    }

    /// Files that go up and come down.
    fn uploads(&mut self, kind: Kind) -> Result<(), Failure> {
        const PEOPLE: usize = uploads::PEOPLE;
        let target = Target::start(kind, &self.binary, PEOPLE, Does::Files, &self.runtime)?;
        let figures = self.wait(async {
            let sessions = there(&target, PEOPLE).await?;
            let measure = || target.process().cpu_seconds();
            Ok::<_, Failure>(uploads::run(sessions, &target.place, self.time, measure).await?)
        })?;
        for (way, figure) in ["upload", "download"].into_iter().zip(figures) {
            let size = uploads::SIZE / 1024 / 1024;
            let name =
                format!("{way}, files of {size} MiB, {PEOPLE} at a time: MB/s (CPU-s for each GB)");
            let figure = format!("{:.0} ({:.2})", figure.rate, figure.cpu);
            self.report.add(&name, "the peers", kind, figure);
        }
        Ok(())
    }

    fn latency(&mut self, kind: Kind) -> Result<(), Failure> {
        let target = self.start(kind, 2 * PAIRS)?;
        let latency = self.wait(async {
            let pairs = pairs(kind, &target, Way::Tcp, PAIRS).await?;
            Ok::<_, Failure>(latency::run(pairs, self.time).await?)
        })?;
        let figure = format!("{:.2} / {:.2}", latency.p50, latency.p99);
        let name = "chat at 1,000 messages a second: p50 / p99 in ms";
        self.report.add(name, "p99 of the relay + 1", kind, figure);
        Ok(())
    }

    fn flat(&mut self, kind: Kind) -> Result<(), Failure> {
        let target = self.start(kind, self.most)?;
        for sessions in [10, 100, 1_000, self.most] {
            let figure = self.wait(async {
                let pairs = pairs(kind, &target, Way::Tcp, sessions / 2).await?;
                let measure = || target.process().cpu_seconds();
                Ok::<_, Failure>(rotation::run(pairs, self.time, measure).await?)
            })?;
            let name = format!(
                "chat, {sessions} sessions in turn, 5 messages on the way: CPU-s per 100,000 (a second)"
            );
            self.report.add(&name, "flat", kind, shown(figure, 2));
        }
        Ok(())
    }

    fn memory(&mut self, kind: Kind) -> Result<(), Failure> {
        let most = (kind == Kind::Sestina).then_some(self.most);
        for count in [Some(self.sessions), most].into_iter().flatten() {
            for (name, goal, way) in [
                ("TCP", "8", Way::Tcp),
                ("TLS", "20", Way::Tls),
                ("WebSocket", "16", Way::WebSocket),
            ] {
                let target = self.start(kind, count + memory::AHEAD)?;
                let known = accounts::known(count);
                let run = memory::run(&target.place, way, known, target.process());
                let figure = self.wait(async { Ok(run.await?) })?;
                let name = format!("an idle session of {count}, {name}: resident KiB");
                self.report.add(&name, goal, kind, format!("{figure:.1}"));
            }
        }
        Ok(())
    }
}

/// So many people who are there.
async fn there(target: &Target, people: usize) -> Result<Vec<Session>, Failure> {
    let mut sessions = Vec::new();
    for mut account in accounts::known(people) {
        let mut session =
            Session::login(&target.place, Way::Tcp, Proof::Scram, &mut account).await?;
        session.present().await?;
        sessions.push(session);
    }
    Ok(sessions)
}

fn shown(figure: Figure, digits: usize) -> String {
    format!("{:.digits$} ({:.0})", figure.cpu, figure.rate)
}

async fn pairs(kind: Kind, target: &Target, way: Way, count: usize) -> Result<Vec<Pair>, Failure> {
    let mut pairs = Vec::new();
    let mut accounts = accounts::known(2 * count).into_iter();
    while let (Some(mut from), Some(mut to)) = (accounts.next(), accounts.next()) {
        let (sender, receiver, jid) = if kind == Kind::Relay {
            let address = ("127.0.0.1", target.place.port);
            let sender = TcpStream::connect(address).await?;
            let receiver = TcpStream::connect(address).await?;
            sender.set_nodelay(true)?;
            let jid = format!("{}@{DOMAIN}/0123456789abcdef", to.name);
            (Carrier::Tcp(sender), Carrier::Tcp(receiver), jid)
        } else {
            let place = &target.place;
            let sender = Session::login(place, way, Proof::Scram, &mut from).await?;
            let receiver = Session::login(place, way, Proof::Scram, &mut to).await?;
            (sender.carrier, receiver.carrier, receiver.jid)
        };
        pairs.push(Pair {
            sender,
            receiver,
            message: format!(
                "<message to='{jid}' type='chat' id='m0123456'><body>{BODY}</body></message>"
            ),
        });
    }
    Ok(pairs)
}
