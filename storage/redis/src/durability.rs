//! What a server promises of data it has acknowledged.

use std::collections::HashMap;

use redis::aio::ConnectionManager;
use sestina_storage::StorageError;

use crate::map;

/// What is lost of acknowledged writes when the server, or its machine, ends at once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Nothing: the append-only file is synced before each answer.
    Always,
    /// What is said here.
    Loses(String),
    /// The server does not say.
    Unknown(String),
}

impl Durability {
    /// What an operator should know, in words; nothing where nothing is lost.
    pub fn warning(&self) -> Option<&str> {
        match self {
            Self::Always => None,
            Self::Loses(text) | Self::Unknown(text) => Some(text),
        }
    }

    /// From the settings of a server.
    fn from_settings(settings: &HashMap<String, String>) -> Self {
        let setting = |name: &str| settings.get(name).map_or("", String::as_str);
        let mut losses = Vec::new();
        match (setting("appendonly"), setting("appendfsync")) {
            ("yes", "always") => {}
            ("yes", "everysec") => losses.push(
                "appendfsync is everysec: when its machine fails, what was acknowledged in the \
                 last one or two seconds is lost; set appendfsync always",
            ),
            ("yes", _) => losses.push(
                "appendfsync is no: when its machine fails, what was acknowledged in the last \
                 half minute or more is lost; set appendfsync always",
            ),
            _ => losses.push(
                "it has no append-only file: when the server ends at once, everything since its \
                 last snapshot is lost; set appendonly yes and appendfsync always",
            ),
        }
        // Without a bound nothing is ever evicted.
        if setting("maxmemory") != "0" && setting("maxmemory-policy") != "noeviction" {
            losses.push(
                "it throws rows away when its memory is full; set maxmemory-policy noeviction",
            );
        }
        if losses.is_empty() {
            Self::Always
        } else {
            Self::Loses(losses.join("; "))
        }
    }
}

/// Asks the server.
pub(crate) async fn ask(mut connection: ConnectionManager) -> Result<Durability, StorageError> {
    let mut settings = HashMap::new();
    // One by one: several names in one command are a matter of newer servers.
    for name in ["appendonly", "appendfsync", "maxmemory", "maxmemory-policy"] {
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg(name);
        let answer: Result<HashMap<String, String>, _> = command.query_async(&mut connection).await;
        match answer {
            Ok(answer) => settings.extend(answer),
            Err(error) if error.is_io_error() || error.is_connection_dropped() => {
                return Err(map(error));
            }
            // Servers that others run tell nothing of their settings, but whether there is a file.
            Err(_) => return from_info(&mut connection).await,
        }
    }
    Ok(Durability::from_settings(&settings))
}

async fn from_info(connection: &mut ConnectionManager) -> Result<Durability, StorageError> {
    let mut command = redis::cmd("INFO");
    command.arg("persistence");
    let info: Result<String, _> = command.query_async(connection).await;
    match info {
        Err(error) if error.is_io_error() || error.is_connection_dropped() => Err(map(error)),
        Ok(info) if info.contains("aof_enabled:0") => Ok(Durability::from_settings(
            &[("maxmemory".to_owned(), "0".to_owned())].into(),
        )),
        _ => Ok(Durability::Unknown(
            "it does not tell its settings: unless they are appendonly yes, appendfsync always and \
             maxmemory-policy noeviction, writes that were acknowledged can be lost"
                .to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn durability(settings: &[(&str, &str)]) -> Durability {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Durability::from_settings(&settings.iter().map(owned).collect())
    }

    #[test]
    fn each_way_to_lose_is_named() {
        let always = [
            ("appendonly", "yes"),
            ("appendfsync", "always"),
            ("maxmemory", "0"),
            ("maxmemory-policy", "allkeys-lru"),
        ];
        assert_eq!(durability(&always), Durability::Always);
        for (place, value, word) in [
            (0, "no", "no append-only file"),
            (1, "everysec", "last one or two seconds"),
            (1, "no", "half minute"),
            (2, "1000000", "throws rows away"),
        ] {
            let mut settings = always;
            settings[place].1 = value;
            let warning = durability(&settings);
            assert!(
                warning.warning().is_some_and(|text| text.contains(word)),
                "{word}"
            );
        }
    }
}
