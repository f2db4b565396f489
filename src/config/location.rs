//! Where the storage is: an URL that says the engine and the place.

use std::fmt;
use std::path::{Path, PathBuf};

/// A storage that can be opened.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum StorageLocation {
    /// Lost when the process ends.
    Memory,
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A folder of files.
    Files(PathBuf),
    /// A database server.
    Server(Engine, String),
}

/// The engines that have to be compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// SQLite, part of this program.
    Sqlite,
    /// Files of JSON lines.
    Files,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    MySql,
    /// MongoDB, or what speaks its protocol.
    MongoDb,
    /// Redis, or what speaks its protocol.
    Redis,
}

impl Engine {
    /// Its name, for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Engine::Sqlite => "SQLite",
            Engine::Files => "the file storage",
            Engine::Postgres => "PostgreSQL",
            Engine::MySql => "MySQL",
            Engine::MongoDb => "MongoDB",
            Engine::Redis => "Redis",
        }
    }

    /// The feature with which it is compiled in.
    pub(crate) fn feature(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Files => "file",
            Engine::Postgres => "postgres",
            Engine::MySql => "mysql",
            Engine::MongoDb => "mongodb",
            Engine::Redis => "redis",
        }
    }

    /// The server that the scheme of an URL names.
    fn of_scheme(scheme: &str) -> Option<Engine> {
        Some(match scheme {
            "postgres" | "postgresql" => Engine::Postgres,
            "mysql" | "mariadb" => Engine::MySql,
            "mongodb" | "mongodb+srv" => Engine::MongoDb,
            "redis" | "rediss" => Engine::Redis,
            _ => return None,
        })
    }
}

/// What may be written, for messages.
const KINDS: &str = "write \"sqlite:FILE\" or \"file:FOLDER\" (relative to the data folder), \"postgres://…\", \"mysql://…\", \
                     \"mongodb://…\", \"redis://…\" or \"memory:\"";

impl StorageLocation {
    /// Reads an URL; paths are relative to the folder. The error never shows what was written behind
    /// the scheme: there may be a password in it.
    pub(crate) fn parse(written: &str, folder: &Path) -> Result<StorageLocation, String> {
        let Some((scheme, rest)) = written.split_once(':') else {
            return Err(format!(
                "{written:?} is no storage this program knows: {KINDS}"
            ));
        };
        let path = || folder.join(rest.strip_prefix("//").unwrap_or(rest));
        match (scheme, Engine::of_scheme(scheme)) {
            ("memory", _) if rest.is_empty() => Ok(StorageLocation::Memory),
            ("sqlite", _) if !rest.is_empty() => Ok(StorageLocation::Sqlite(path())),
            ("file", _) if !rest.is_empty() => Ok(StorageLocation::Files(path())),
            (_, Some(engine)) if rest.starts_with("//") && rest.len() > 2 => {
                Ok(StorageLocation::Server(engine, written.to_owned()))
            }
            (_, Some(engine)) => Err(format!(
                "the URL of {} is incomplete: write \"{scheme}://USER:PASSWORD@HOST:PORT/DATABASE\"",
                engine.name()
            )),
            _ => Err(format!(
                "\"{scheme}:\" is no storage this program knows: {KINDS}"
            )),
        }
    }
}

/// For people and logs: without password and parameters.
impl fmt::Display for StorageLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorageLocation::Memory => f.write_str("memory:"),
            StorageLocation::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            StorageLocation::Files(path) => write!(f, "file:{}", path.display()),
            StorageLocation::Server(_, url) => f.write_str(&without_secrets(url)),
        }
    }
}

impl fmt::Debug for StorageLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An URL without the password of its user and without its parameters, which may hold keys.
fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return String::new();
    };
    // A password may hold an "@" or a "/" that was not escaped: everything up to the last "@" goes.
    match rest.rsplit_once('@') {
        None => url.to_owned(),
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            if user.is_empty() {
                format!("{scheme}://{host}")
            } else {
                format!("{scheme}://{user}@{host}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &str) -> Result<StorageLocation, String> {
        StorageLocation::parse(written, Path::new("data"))
    }

    #[test]
    fn every_engine_has_its_url() {
        assert_eq!(read("memory:"), Ok(StorageLocation::Memory));
        let path = PathBuf::from("data/store");
        assert_eq!(
            read("sqlite:store"),
            Ok(StorageLocation::Sqlite(path.clone()))
        );
        assert_eq!(read("file:store"), Ok(StorageLocation::Files(path)));
        let absolute = read("file:///srv/store");
        assert_eq!(absolute, Ok(StorageLocation::Files("/srv/store".into())));
        for (url, engine) in [
            ("postgres://h/d", Engine::Postgres),
            ("postgresql://h/d", Engine::Postgres),
            ("mysql://h/d", Engine::MySql),
            ("mariadb://h/d", Engine::MySql),
            ("mongodb://h", Engine::MongoDb),
            ("redis://h", Engine::Redis),
            ("rediss://h", Engine::Redis),
        ] {
            assert_eq!(
                read(url),
                Ok(StorageLocation::Server(engine, url.to_owned()))
            );
        }
    }

    #[test]
    fn passwords_are_never_shown() {
        for url in [
            "postgres://sestina:hunter2@db.example.org:5432/xmpp?sslpassword=hunter2",
            "mysql://sestina:hunter2@x/@hunter2/@db.example.org/xmpp",
            "redis://:hunter2@db.example.org/0",
            "mongodb://sestina:hunter2@a.example.org,b.example.org/xmpp?authSource=hunter2",
        ] {
            let location = read(url).unwrap();
            for shown in [location.to_string(), format!("{location:?}")] {
                assert!(!shown.contains("hunter2"), "{shown}");
                assert!(shown.contains("example.org"), "{shown}");
            }
        }
        for wrong in ["postgres:hunter2", "oracle://u:hunter2@h/d", "redis:"] {
            let said = read(wrong).unwrap_err();
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
