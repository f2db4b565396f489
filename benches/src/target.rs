//! The servers that are measured, each on one core of its own.

use std::fmt;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use sestina_interop::Failure;
use sestina_interop::ejabberd::Ejabberd;
use sestina_interop::process::{Process, free_port, listens};
use sestina_interop::prosody::Prosody;
use sestina_interop::sestina::Sestina;
use sestina_interop::setup;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::accounts;
use crate::client::Place;

/// The domain that all of them serve.
pub const DOMAIN: &str = "capulet.example";

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The floor: bytes from one socket to another, see [`relay`](crate::relay).
    Relay,
    /// Ours.
    Sestina,
    /// Debian's.
    Prosody,
    /// Debian's.
    Ejabberd,
}

impl Kind {
    /// All, in the order of the table's columns.
    pub const ALL: [Kind; 4] = [Kind::Relay, Kind::Sestina, Kind::Prosody, Kind::Ejabberd];
    /// All, in the order in which they are measured: the first one has every row.
    pub const MEASURED: [Kind; 4] = [Kind::Sestina, Kind::Relay, Kind::Prosody, Kind::Ejabberd];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Relay => "echo relay",
            Kind::Sestina => "Sestina",
            Kind::Prosody => "Prosody 0.12",
            Kind::Ejabberd => "ejabberd 23.01",
        })
    }
}

/// What it does beside passing on what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// Nothing else.
    Nothing,
    /// Archives of rooms: in SQLite with us, in their own storage with the others.
    RoomArchives,
    /// Archives of accounts, in SQLite.
    Archives,
    /// Personal events (XEP-0163).
    Events,
    /// Files (XEP-0363).
    Files,
}

/// A running server with accounts; ends with this value.
#[derive(Debug)]
pub struct Target {
    /// Where it is.
    pub place: Place,
    server: Server,
}

#[derive(Debug)]
enum Server {
    Relay(
        Process,
        #[expect(dead_code, reason = "kept for its log")] TempDir,
    ),
    Sestina(Sestina),
    Prosody(Prosody),
    Ejabberd(Ejabberd),
}

impl Target {
    /// Starts one with so many accounts. On the machine's second core, where there is one and `taskset` is at hand.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(
        kind: Kind,
        binary: &Path,
        accounts: usize,
        does: Does,
        runtime: &Runtime,
    ) -> Result<Target, Failure> {
        // A process begins where its parent is.
        pin(1);
        let started = Target::start_here(kind, binary, accounts, does, runtime);
        pin(0);
        started
    }

    fn start_here(
        kind: Kind,
        binary: &Path,
        count: usize,
        does: Does,
        runtime: &Runtime,
    ) -> Result<Target, Failure> {
        let web = free_port()?;
        let (port, path, server) = match kind {
            Kind::Relay => {
                let (port, folder) = (free_port()?, tempfile::tempdir()?);
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["--relay", &port.to_string()]);
                let mut process = Process::start(&mut command, &folder.path().join("log"))?;
                process.wait_until(10, "the relay listening", |_| listens(port))?;
                // Connections come in pairs, and that look at the port was half of one.
                TcpStream::connect(("127.0.0.1", port))?;
                (port, "", Server::Relay(process, folder))
            }
            Kind::Sestina => {
                // As the others are: they keep no archives unless they are told to, and let clients send as fast as they can.
                let archives = matches!(does, Does::RoomArchives | Does::Archives);
                let off = match archives {
                    true => "",
                    false => "[plugins.\"xep-0313\"]\nenabled = false\n",
                };
                let settings = format!(
                    "require_tls = false\nlisten_http = [\"127.0.0.1:{web}\"]\n[limits]\nstanza_rate = 0\nbyte_rate = \"0B\"\n{off}\
                     [plugins.\"xep-0363\"]\ndaily_quota = \"1000GiB\"\ntotal_quota = \"1000GiB\"\ndaily_files = 100000\n"
                );
                let server = Sestina::start(binary, DOMAIN, &[], &settings)?;
                let file = server.folder().join("data/sestina.sqlite");
                runtime.block_on(accounts::into_sestina(&file, DOMAIN, count))?;
                (server.peer.port, "/xmpp-websocket", Server::Sestina(server))
            }
            Kind::Prosody => {
                // Lines of ours stand behind those of the tests and go before them.
                let settings = format!(
                    "c2s_require_encryption = false\nallow_unencrypted_plain_auth = true\nhttp_default_host = \"{DOMAIN}\"\n\
                     http_ports = {{ {web} }}\nhttp_interfaces = {{ \"127.0.0.1\" }}"
                );
                let (more, components) = prosody(does, web)?;
                let settings = format!("{settings}\n{more}");
                let server = Prosody::start_extended(DOMAIN, &[], &settings, &components)?;
                accounts::into_prosody(server.folder(), DOMAIN, count)?;
                (server.peer.port, "/xmpp-websocket", Server::Prosody(server))
            }
            Kind::Ejabberd => {
                let prepare = accounts::for_ejabberd(DOMAIN, count)?;
                let more = ejabberd(does, web)?;
                let server = Ejabberd::start_for_clients(DOMAIN, web, &more, &prepare)?;
                (server.peer.port, "/ws", Server::Ejabberd(server))
            }
        };
        Ok(Target {
            place: Place {
                port,
                web,
                path,
                domain: DOMAIN,
            },
            server,
        })
    }

    /// Its process, for measurements.
    pub fn process(&self) -> &Process {
        match &self.server {
            Server::Relay(process, _) => process,
            Server::Sestina(server) => &server.process,
            Server::Prosody(server) => &server.process,
            Server::Ejabberd(server) => &server.process,
        }
    }
}

/// Lines of Prosody's configuration: for all hosts, and at its end.
fn prosody(does: Does, web: u16) -> Result<(String, String), Failure> {
    const USUAL: &str = "\"tls\"; \"bosh\"; \"websocket\"; \"roster\"; \"saslauth\"; \"disco\"; \"ping\"; \"offline\"; \
         \"presence\"; \"message\"; \"iq\"; \"smacks\"";
    let rooms = format!("Component \"conference.{DOMAIN}\" \"muc\"\n");
    Ok(match does {
        Does::Nothing => (String::new(), rooms),
        Does::RoomArchives => (String::new(), rooms + "modules_enabled = { \"muc_mam\" }\n"),
        Does::Archives => {
            let library = format!(
                "/usr/lib/{}-linux-gnu/lua/5.4/dbd/sqlite3.so",
                std::env::consts::ARCH
            );
            installed(&library, "lua-dbi-sqlite3")?;
            let more = format!(
                "modules_enabled = {{ {USUAL}; \"mam\" }}\ndefault_archive_policy = true\n\
                 storage = {{ archive = \"sql\" }}\nsql = {{ driver = \"SQLite3\", database = \"prosody.sqlite\" }}"
            );
            (more, rooms)
        }
        Does::Events => (format!("modules_enabled = {{ {USUAL}; \"pep\" }}"), rooms),
        Does::Files => {
            let files = format!(
                "Component \"upload.{DOMAIN}\" \"http_file_share\"\nhttp_host = \"localhost\"\n\
                 http_external_url = \"http://localhost:{web}/\"\nhttp_file_share_size_limit = 100*1024*1024\n\
                 http_file_share_daily_quota = 1000*1024*1024*1024\n"
            );
            (String::new(), files)
        }
    })
}

/// Lines of ejabberd's configuration, modules last.
fn ejabberd(does: Does, web: u16) -> Result<String, Failure> {
    const ROOMS: &str =
        "mod_muc: { max_users: 10000, default_room_options: { max_users: 10000, mam: ";
    let none = format!("modules:\n  mod_mam: {{ default: never }}\n  {ROOMS}false }} }}");
    Ok(match does {
        Does::Nothing => none,
        Does::RoomArchives => none.replace("mam: false", "mam: true"),
        Does::Archives => {
            let driver = "/usr/lib/erlang/lib/p1_sqlite3-1.1.14/ebin/sqlite3.beam";
            installed(driver, "erlang-p1-sqlite3")?;
            format!(
                "sql_type: sqlite\nmodules:\n  mod_mam: {{ default: always, db_type: sql }}\n  {ROOMS}false }} }}"
            )
        }
        Does::Events => {
            none + "\n  mod_caps: {}\n  mod_pubsub: { plugins: [\"flat\", \"pep\"], last_item_cache: false }"
        }
        Does::Files => {
            none + &format!(
                "\n  mod_http_upload: {{ put_url: \"http://localhost:{web}/upload\", docroot: \"@HOME@/upload\", max_size: infinity, access: all }}"
            )
        }
    })
}

fn installed(path: &str, package: &str) -> Result<(), Failure> {
    setup::packages(&[(path, package)]).map_err(|skip| skip.to_string().into())
}

/// Lets this process run on one core alone, counted from those it has.
pub fn pin(core: usize) {
    let _ = Command::new("taskset")
        .args(["-cp", &core.to_string(), &std::process::id().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
