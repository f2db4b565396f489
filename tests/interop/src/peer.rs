//! What a client needs to know of a server under test.

use std::path::PathBuf;

/// An account on a server under test.
#[derive(Clone, Debug)]
pub struct Account {
    /// Localpart.
    pub name: String,
    /// Password, in clear: these accounts live as long as the test.
    pub password: String,
}

impl Account {
    /// Those of these names and passwords.
    pub fn all(accounts: &[(&str, &str)]) -> Vec<Account> {
        let accounts = accounts.iter();
        accounts
            .map(|&(name, password)| Account {
                name: name.to_owned(),
                password: password.to_owned(),
            })
            .collect()
    }
}

/// Where and how to connect.
#[derive(Clone, Debug)]
pub struct Peer {
    /// What the server calls itself (XEP-0092), in lower case.
    pub software: &'static str,
    /// Port of the client stream on 127.0.0.1, STARTTLS.
    pub port: u16,
    /// The domain served.
    pub domain: String,
    /// The certificate to trust, PEM.
    pub certificate: PathBuf,
    /// Accounts that exist there.
    pub accounts: Vec<Account>,
    /// Known deviations from the RFCs, `case=outcome`, for the scripts' `--allow`.
    pub deviations: &'static [&'static str],
}

impl Peer {
    /// The bare JID of the account at the index.
    pub fn jid(&self, index: usize) -> String {
        let name = self
            .accounts
            .get(index)
            .map_or("nobody", |account| account.name.as_str());
        format!("{name}@{}", self.domain)
    }
}
