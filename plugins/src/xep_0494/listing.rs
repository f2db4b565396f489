//! The list, from what is known, the tokens that are good, and the sessions that are there.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use sestina_session::host::{Host, Resource};
use sestina_session::session::{HeldToken, UserAgent as Said};
use sestina_types::xep_0494::tables::ClientsRow;
use sestina_types::xep_0494::{Auth, Client, Permission, Type, UserAgent};
use sestina_wire::{AnyElement, BareJid, DateTime, Text, Timestamp};

use super::Began;

/// The namespace of SASL's second profile (XEP-0388).
const SASL2: &str = "urn:xmpp:sasl:2";

/// Characters of an identifier.
const ID: usize = 20;

/// By what means there is access.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Access {
    pub(super) password: bool,
    pub(super) granted: bool,
    pub(super) certificate: bool,
    pub(super) tokens: bool,
}

impl Access {
    fn join(&mut self, other: Access) {
        self.password |= other.password;
        self.granted |= other.granted;
        self.certificate |= other.certificate;
        self.tokens |= other.tokens;
    }
}

/// A client, or a session of one that did not say what it is.
pub(super) struct Listed {
    pub(super) id: String,
    /// The id of the user agent.
    pub(super) client: Option<String>,
    pub(super) access: Access,
    pub(super) sessions: Vec<Arc<Resource>>,
    said: Said,
    first: Timestamp,
    last: Timestamp,
    /// Whether it has had a session, as far as is known.
    has_been: bool,
}

/// Everything that has access to the account.
pub(super) fn list(
    host: &Host,
    account: &BareJid,
    rows: Vec<ClientsRow>,
    tokens: Vec<HeldToken>,
) -> Vec<Listed> {
    let mut all = List {
        host,
        account,
        listed: BTreeMap::new(),
    };
    for row in rows {
        let one = all.of_client(&row.client, row.first_seen);
        one.access.join(Access {
            password: row.password,
            granted: row.granted,
            certificate: row.certificate,
            tokens: false,
        });
        one.last = row.last_seen;
        one.has_been = true;
        one.said.software = row.software.map(Text::from);
        one.said.device = row.device.map(Text::from);
    }
    for token in tokens {
        let one = all.of_client(&token.client, token.issued);
        one.access.tokens = true;
        one.last = one.last.max(token.issued);
    }
    for session in host.resources(account) {
        if session.is_anonymous() {
            continue;
        }
        let now = host.clock().now();
        let began = session
            .extensions()
            .get::<Began>()
            .map_or(now, |began| began.0);
        let login = session.login();
        let client = login.as_ref().and_then(|login| login.user_agent.id.clone());
        let one = match client {
            Some(client) => all.of_client(&client, began),
            None => all.of_session(&session, began),
        };
        one.access.join(Access::of(&session));
        one.has_been = true;
        if let Some(login) = login
            && one.said == Said::default()
        {
            one.said = Said {
                id: None,
                ..login.user_agent.clone()
            };
        }
        one.sessions.push(session);
    }
    all.listed.into_values().collect()
}

struct List<'a> {
    host: &'a Host,
    account: &'a BareJid,
    listed: BTreeMap<String, Listed>,
}

impl List<'_> {
    fn of_client(&mut self, client: &str, first: Timestamp) -> &mut Listed {
        let id = self.id(b"client", client);
        self.place(id, Some(client), first)
    }

    fn of_session(&mut self, session: &Resource, first: Timestamp) -> &mut Listed {
        let id = self.id(b"session", session.name());
        self.place(id, None, first)
    }

    /// An identifier that says nothing, and is the same each time.
    fn id(&self, of: &[u8], name: &str) -> String {
        let account = self.account.as_str().as_bytes();
        let parts: [&[u8]; 5] = [account, b"\0", of, b"\0", name.as_bytes()];
        let made = self.host.key("client access", &parts);
        let mut id = BASE64_URL_SAFE_NO_PAD.encode(made.expose_secret());
        id.truncate(ID);
        id
    }

    fn place(&mut self, id: String, client: Option<&str>, first: Timestamp) -> &mut Listed {
        let one = self.listed.entry(id.clone()).or_insert_with(|| Listed {
            id,
            client: client.map(str::to_owned),
            access: Access::default(),
            sessions: Vec::new(),
            said: Said::default(),
            first,
            last: first,
            has_been: false,
        });
        one.first = one.first.min(first);
        one
    }
}

impl Listed {
    /// As it is told to the owner (§3.1).
    pub(super) fn into_client(self, now: Timestamp) -> Client {
        let connected = !self.sessions.is_empty();
        let type_ = if self.has_been {
            Type::Session
        } else {
            Type::Access
        };
        let last = if connected { now } else { self.last };
        // A mechanism that the document has no word for is named as SASL names it.
        let certificate = self.access.certificate.then(|| {
            AnyElement::build(|writer| {
                writer.start("mechanism", SASL2);
                writer.text("EXTERNAL");
                writer.end("mechanism");
            })
        });
        let auth = Auth {
            password: self.access.password,
            grant: self.access.granted,
            fast: self.access.tokens,
            any: certificate.into_iter().collect(),
            ..Auth::default()
        };
        let (first, last) = (
            DateTime::from_timestamp(self.first),
            DateTime::from_timestamp(last),
        );
        let named = self.said.software.is_some() || self.said.device.is_some();
        Client {
            // No client can be kept from anything yet.
            permission: Some(Permission::new("unrestricted".into())),
            user_agent: named.then(|| UserAgent {
                software: self.said.software,
                device: self.said.device,
                ..UserAgent::default()
            }),
            ..Client::new(self.id.into(), connected, type_, first, last, auth)
        }
    }
}
