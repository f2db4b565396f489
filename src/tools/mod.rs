//! `sestina storage …`: what operators do with all that is stored.
//!
//! The commands know no table by name: they go through the descriptions of all, so that a table of
//! a new specification is copied, checked, exported and erased without code for it.

mod check;
mod copy;
mod erase;
mod export;
mod stats;

use std::io::Write as _;
use std::path::Path;

use sestina_storage::{Storage, TableDescriptor, Value};
use sestina_wire::BareJid;

use crate::cli::{At, Storage as Command};
use crate::config::{Config, StorageLocation};

/// How many rows are read at a time.
const STEP: u32 = 500;

/// Does what the command line asks for. The error is one line for a person.
pub(crate) async fn run(config: Option<&Path>, command: Command) -> Result<(), String> {
    match command {
        Command::Copy { from, to } => copy::run(&place(&from)?, &place(&to)?).await,
        Command::Check(at) => check::run(&Opened::open(config, &at).await?).await,
        Command::Export { account, at } => {
            let account = address(&account)?;
            export::run(&Opened::open(config, &at).await?, &account).await
        }
        Command::Erase { account, at } => {
            let account = address(&account)?;
            erase::run(&Opened::open_to_change(config, &at).await?, &account).await
        }
        Command::Stats(at) => stats::run(&Opened::open(config, &at).await?).await,
    }
}

/// A place on the command line.
fn place(url: &str) -> Result<StorageLocation, String> {
    let location = StorageLocation::parse(url, Path::new(""))?;
    if location == StorageLocation::Memory {
        return Err("\"memory:\" holds nothing: it ends with the process".to_owned());
    }
    Ok(location)
}

fn address(account: &str) -> Result<BareJid, String> {
    let jid = BareJid::parse(account);
    jid.map_err(|error| format!("{account:?} is no address of an account: {error}"))
}

/// A storage with the tables it has.
struct Opened {
    storage: Storage,
    location: StorageLocation,
}

impl Opened {
    async fn open(config: Option<&Path>, at: &At) -> Result<Opened, String> {
        let location = match &at.storage {
            Some(url) => place(url)?,
            None => configured(config)?.storage,
        };
        if location == StorageLocation::Memory {
            return Err(
                "the storage of this configuration is in memory: only its server knows it"
                    .to_owned(),
            );
        }
        let storage = crate::storage::open_at(&location).await?;
        Ok(Opened { storage, location })
    }

    /// The same for a command that removes rows: not beside the server, which would not know.
    async fn open_to_change(config: Option<&Path>, at: &At) -> Result<Opened, String> {
        #[cfg(unix)]
        if at.storage.is_none() {
            let socket = configured(config)?.admin_socket();
            if tokio::net::UnixStream::connect(&socket).await.is_ok() {
                return Err(
                    "the server is running: use `sestina user remove`, or stop it first".to_owned(),
                );
            }
        }
        Opened::open(config, at).await
    }

    /// The tables that the storage has.
    fn tables(&self) -> impl Iterator<Item = &'static TableDescriptor> + '_ {
        let tables = sestina_types::TABLES.iter().copied();
        tables.filter(|table| self.storage.supports(table))
    }

    /// Something that went wrong, with the place.
    fn said(&self, error: &dyn std::fmt::Display) -> String {
        format!("{}: {error}", self.location)
    }
}

fn configured(path: Option<&Path>) -> Result<Config, String> {
    Config::read(path).map_err(|complaints| complaints.to_string())
}

/// Goes through all rows of a table in the order of its key, a step at a time.
struct Rows<'a> {
    storage: &'a Storage,
    table: &'static TableDescriptor,
    after: Option<Vec<Value>>,
}

impl<'a> Rows<'a> {
    fn new(storage: &'a Storage, table: &'static TableDescriptor) -> Rows<'a> {
        Rows {
            storage,
            table,
            after: None,
        }
    }

    fn beginning_after(mut self, key: Option<Vec<Value>>) -> Rows<'a> {
        self.after = key;
        self
    }

    /// The next rows; none at the end.
    async fn next(&mut self) -> Result<Vec<Vec<Value>>, String> {
        let read = self.storage.scan(self.table, self.after.as_deref(), STEP);
        let rows = read
            .await
            .map_err(|error| format!("table {}: {error}", self.table.name))?;
        if let Some(last) = rows.last() {
            self.after = Some(self.table.key_of(last));
        }
        Ok(rows)
    }
}

/// Prints a line.
fn say(text: &str) -> Result<(), String> {
    match writeln!(std::io::stdout(), "{text}") {
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|error| format!("cannot write: {error}")),
    }
}
