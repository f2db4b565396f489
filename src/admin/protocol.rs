//! What is said over the socket: a request is one line of JSON, and so is its answer.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// The longest line, in octets. Addresses have at most 3,071, passwords few.
pub(super) const LINE: usize = 16 * 1024;

/// What is asked for.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "command", deny_unknown_fields)]
pub(crate) enum Request {
    /// Makes an account.
    #[serde(rename = "user-add")]
    Add {
        /// Its address.
        account: String,
        /// Its password.
        password: Password,
    },
    /// Changes an account's password.
    #[serde(rename = "user-passwd")]
    Passwd {
        /// Its address.
        account: String,
        /// The new password.
        password: Password,
    },
    /// Removes an account, what is kept for it and its sessions.
    #[serde(rename = "user-remove")]
    Remove {
        /// Its address.
        account: String,
    },
    /// Lists accounts.
    #[serde(rename = "user-list")]
    List {
        /// Only those of this domain.
        domain: Option<String>,
    },
}

/// What is answered.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// It is done.
    Done,
    /// The account is gone.
    Removed {
        /// How many of its sessions were ended.
        sessions: usize,
    },
    /// The accounts, in order.
    Accounts(Vec<String>),
    /// It is not done, and why: one line for a person.
    Refused(String),
}

/// A password on its way. It is not shown by `Debug`, and overwritten when it is dropped.
#[derive(Clone)]
pub(crate) struct Password(Zeroizing<String>);

impl Password {
    /// Takes the text in.
    pub(super) fn new(text: Zeroizing<String>) -> Password {
        Password(text)
    }

    /// The text.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl Serialize for Password {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Password, D::Error> {
        String::deserialize(deserializer).map(|text| Password(Zeroizing::new(text)))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}
