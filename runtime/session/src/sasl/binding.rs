//! Channel binding: what both ends of one TLS connection know and nobody between two of them does.

use sestina_storage::Secret;

/// A type of channel binding that is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChannelBinding {
    /// Keying material of TLS 1.3 (RFC 9266).
    Exporter,
    /// The hash of the server's certificate (RFC 5929 §4).
    ServerEndPoint,
}

impl ChannelBinding {
    /// All of them, the strongest first.
    pub const ALL: [ChannelBinding; 2] = [ChannelBinding::Exporter, ChannelBinding::ServerEndPoint];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            ChannelBinding::Exporter => "tls-exporter",
            ChannelBinding::ServerEndPoint => "tls-server-end-point",
        }
    }

    /// The type of this name.
    pub fn from_name(name: &str) -> Option<ChannelBinding> {
        ChannelBinding::ALL
            .into_iter()
            .find(|binding| binding.name() == name)
    }
}

/// What can be bound on one connection.
#[derive(Clone, Debug, Default)]
pub struct Bindings(Vec<(ChannelBinding, Secret<Vec<u8>>)>);

impl Bindings {
    /// Adds the data of a type.
    pub(crate) fn add(&mut self, type_: ChannelBinding, data: Vec<u8>) {
        self.0.push((type_, Secret::new(data)));
    }

    /// The data of a type.
    pub(crate) fn get(&self, type_: ChannelBinding) -> Option<&[u8]> {
        let (_, data) = self.0.iter().find(|(known, _)| *known == type_)?;
        Some(data.expose_secret())
    }

    /// The types there are, the strongest first.
    pub fn types(&self) -> impl Iterator<Item = ChannelBinding> + '_ {
        ChannelBinding::ALL
            .into_iter()
            .filter(|type_| self.get(*type_).is_some())
    }

    /// Whether nothing can be bound.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The hash over what a server offers, by which a client notices that somebody on the way has changed it
/// (XEP-0474 §5.1). `bindings` is `None` where no types of channel binding were announced.
pub(crate) fn downgrade_hash<'a>(
    hash: crate::sasl::Hash,
    mechanisms: impl IntoIterator<Item = &'a str>,
    bindings: Option<Vec<&'a str>>,
) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let sorted = |mut names: Vec<&'a str>| {
        names.sort_unstable();
        names.join("\u{1e}")
    };
    let mut list = sorted(mechanisms.into_iter().collect());
    if let Some(bindings) = bindings {
        list.push('\u{1f}');
        list.push_str(&sorted(bindings));
    }
    BASE64_STANDARD.encode(hash.digest(list.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sasl::Hash;

    #[test]
    fn the_hash_is_that_of_the_example() {
        let hash = downgrade_hash(
            Hash::Sha1,
            ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"],
            Some(vec!["tls-server-end-point", "tls-exporter"]),
        );
        assert_eq!(hash, "G6k/rBLDqgOhRRaCuuatSDFkJ08=");
    }
}
