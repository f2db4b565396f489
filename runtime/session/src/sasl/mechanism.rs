//! The mechanisms that are spoken here.

use crate::sasl::Hash;

/// A mechanism that is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mechanism {
    /// The certificate that the client showed with TLS (XEP-0178).
    External,
    /// SCRAM with SHA-512, bound to the channel.
    ScramSha512Plus,
    /// SCRAM with SHA-256, bound to the channel (RFC 7677).
    ScramSha256Plus,
    /// SCRAM with SHA-1, bound to the channel (RFC 5802).
    ScramSha1Plus,
    /// SCRAM with SHA-512.
    ScramSha512,
    /// SCRAM with SHA-256 (RFC 7677).
    ScramSha256,
    /// SCRAM with SHA-1 (RFC 5802).
    ScramSha1,
    /// A token of somebody whom the server believes (RFC 7628); on an encrypted stream only.
    OauthBearer,
    /// The password itself (RFC 4616); on an encrypted stream only.
    Plain,
    /// Nobody in particular (XEP-0175).
    Anonymous,
}

impl Mechanism {
    /// All of them, the strongest first.
    pub const ALL: [Mechanism; 10] = [
        Mechanism::External,
        Mechanism::ScramSha512Plus,
        Mechanism::ScramSha256Plus,
        Mechanism::ScramSha1Plus,
        Mechanism::ScramSha512,
        Mechanism::ScramSha256,
        Mechanism::ScramSha1,
        Mechanism::OauthBearer,
        Mechanism::Plain,
        Mechanism::Anonymous,
    ];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Mechanism::External => "EXTERNAL",
            Mechanism::ScramSha512Plus => "SCRAM-SHA-512-PLUS",
            Mechanism::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Mechanism::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha1 => "SCRAM-SHA-1",
            Mechanism::OauthBearer => "OAUTHBEARER",
            Mechanism::Plain => "PLAIN",
            Mechanism::Anonymous => "ANONYMOUS",
        }
    }

    /// The mechanism of this name.
    pub fn from_name(name: &str) -> Option<Mechanism> {
        Mechanism::ALL
            .into_iter()
            .find(|mechanism| mechanism.name() == name)
    }

    /// The hash of a SCRAM mechanism.
    pub const fn scram(self) -> Option<Hash> {
        match self {
            Mechanism::ScramSha512Plus | Mechanism::ScramSha512 => Some(Hash::Sha512),
            Mechanism::ScramSha256Plus | Mechanism::ScramSha256 => Some(Hash::Sha256),
            Mechanism::ScramSha1Plus | Mechanism::ScramSha1 => Some(Hash::Sha1),
            _ => None,
        }
    }

    /// Whether it proves that both ends see the same TLS channel (RFC 5802 §6).
    pub const fn binds_channel(self) -> bool {
        matches!(
            self,
            Mechanism::ScramSha512Plus | Mechanism::ScramSha256Plus | Mechanism::ScramSha1Plus
        )
    }

    /// Whether whoever can read along could log in himself afterwards.
    pub const fn shows_secret(self) -> bool {
        matches!(self, Mechanism::Plain | Mechanism::OauthBearer)
    }
}
