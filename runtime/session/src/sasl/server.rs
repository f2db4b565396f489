//! The accepting side of one SASL exchange.
//!
//! An account that does not exist is given keys that nobody's password fits, made from a secret of the host, so that
//! its salt is the same at every try and the exchange fails where a wrong password does. After anything but a challenge
//! an exchange is over.

use std::net::IpAddr;

use sestina_storage::{Secret, StorageError};
use sestina_wire::clock::Random;
use sestina_wire::{BareJid, Jid};

use crate::accounts;
use crate::sasl::binding::downgrade_hash;
use crate::sasl::elements::Data;
use crate::sasl::identity::{self, Identity};
use crate::sasl::scram::{self, ClientFirst, Flag};
use crate::sasl::{
    ANONYMOUS, Authenticator, Bindings, ChannelBinding, Hash, Mechanism, Method, SaslCondition,
    ScramKeys, Throttle, TokenCheck,
};

/// What to answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Go on.
    Challenge(Vec<u8>),
    /// This account has logged in; the data goes with the success.
    Success {
        account: BareJid,
        data: Option<Vec<u8>>,
        method: Method,
    },
    /// It has not.
    Failure(SaslCondition),
}

/// What is offered on one stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offer {
    /// The mechanisms, in the order of preference.
    pub mechanisms: Vec<Mechanism>,
    /// What can be bound.
    pub bindings: Bindings,
    /// Whether the types of channel binding are announced (XEP-0440).
    pub announces: bool,
    /// Whether the client is told a hash over all this (XEP-0474).
    pub protects: bool,
}

impl Offer {
    /// The hash of XEP-0474, where it is sent.
    fn downgrade_hash(&self, hash: Hash) -> Option<String> {
        let names = self.mechanisms.iter().map(|mechanism| mechanism.name());
        let bindings = self
            .announces
            .then(|| self.bindings.types().map(ChannelBinding::name).collect());
        self.protects.then(|| downgrade_hash(hash, names, bindings))
    }
}

/// What an exchange needs of its host and its stream.
#[derive(Clone, Copy)]
pub(crate) struct Door<'a> {
    pub domain: &'a str,
    pub authenticator: &'a dyn Authenticator,
    pub tokens: Option<&'a dyn TokenCheck>,
    pub decoy_secret: &'a Secret<[u8; 32]>,
    pub random: &'a dyn Random,
    pub throttle: &'a Throttle,
    pub peer: Option<IpAddr>,
    pub offer: &'a Offer,
    /// The addresses in the certificate of the client.
    pub certificate: &'a [BareJid],
    /// Whom the stream's header says it is from.
    pub from: Option<&'a BareJid>,
}

/// One exchange, from its first message to its end.
pub(crate) struct Exchange {
    mechanism: Mechanism,
    state: State,
}

enum State {
    Begun,
    Scram {
        server: Box<scram::Server>,
        identity: Identity,
        exists: bool,
    },
    /// The client has been told why; it has to say that it heard (RFC 7628 §3.2.3).
    Refused,
    Over,
}

impl Exchange {
    pub(crate) fn new(mechanism: Mechanism) -> Exchange {
        Exchange {
            mechanism,
            state: State::Begun,
        }
    }

    /// Takes the client's next message. After anything but a challenge the exchange is over.
    pub(crate) async fn step(&mut self, message: Option<Data>, door: Door<'_>) -> Answer {
        let state = std::mem::replace(&mut self.state, State::Over);
        // All mechanisms spoken here let the client speak first (RFC 6120 §6.4.2).
        let Some(message) = message else {
            return match state {
                State::Begun => {
                    self.state = State::Begun;
                    Answer::Challenge(Vec::new())
                }
                _ => Answer::Failure(SaslCondition::MalformedRequest),
            };
        };
        let answer = match state {
            State::Begun => self.first(&message, door).await,
            State::Scram {
                server,
                identity,
                exists,
            } => finish(*server, identity, exists, &message, door).await,
            State::Refused => Err(SaslCondition::NotAuthorized),
            State::Over => Err(SaslCondition::MalformedRequest),
        };
        match answer {
            Ok(Answer::Success { account, .. })
                if door.from.is_some_and(|from| {
                    *from != account && self.mechanism != Mechanism::Anonymous
                }) =>
            {
                // The stream said that it is somebody else's (XEP-0388 §2.2, RFC 6120 §4.7.1).
                Answer::Failure(SaslCondition::InvalidAuthzid)
            }
            Ok(Answer::Success {
                account,
                data,
                method,
            }) => match admitted(&account, door.authenticator).await {
                Ok(()) => Answer::Success {
                    account,
                    data,
                    method,
                },
                Err(condition) => Answer::Failure(condition),
            },
            Ok(answer) => answer,
            Err(condition) => Answer::Failure(condition),
        }
    }

    async fn first(&mut self, message: &[u8], door: Door<'_>) -> Result<Answer, SaslCondition> {
        match self.mechanism {
            Mechanism::Plain => plain(message, door).await,
            Mechanism::External => external(message, door).await,
            Mechanism::Anonymous => anonymous(door),
            Mechanism::OauthBearer => self.bearer(message, door).await,
            _ => match self.mechanism.scram() {
                Some(hash) => self.scram(hash, message, door).await,
                None => Err(SaslCondition::InvalidMechanism),
            },
        }
    }

    async fn scram(
        &mut self,
        hash: Hash,
        message: &[u8],
        door: Door<'_>,
    ) -> Result<Answer, SaslCondition> {
        let first = ClientFirst::read(identity::text(message)?)?;
        let binding = bound(self.mechanism, &first.flag, door.offer)?;
        let identity =
            identity::identity(first.name.clone(), first.authzid.as_deref(), door.domain)?;
        let stored = match &identity.account {
            Some(_) => door.authenticator.keys_of(identity.key(), hash).await,
            None => Ok(None),
        };
        let keys = stored.map_err(unavailable)?;
        let exists = keys.is_some();
        let keys = keys.unwrap_or_else(|| decoy(hash, identity.key(), door));
        let downgrade = door.offer.downgrade_hash(hash);
        let nonce = door.random.token();
        let server = scram::Server::new(hash, first, keys, &nonce, binding, downgrade);
        let challenge = server.message().as_bytes().to_vec();
        self.state = State::Scram {
            server: Box::new(server),
            identity,
            exists,
        };
        Ok(Answer::Challenge(challenge))
    }

    async fn bearer(&mut self, message: &[u8], door: Door<'_>) -> Result<Answer, SaslCondition> {
        let tokens = door.tokens.ok_or(SaslCondition::InvalidMechanism)?;
        let (wanted, token) = identity::bearer(identity::text(message)?)?;
        let name = wanted.as_ref().map_or("", |wanted| wanted.as_str());
        let attempt = door.throttle.begin(name, "bearer", door.peer).await;
        let account = tokens
            .account(&token, wanted.as_ref())
            .await
            .map_err(unavailable)?;
        let own = account.filter(|account| {
            account.domain() == door.domain
                && account.local().is_some()
                && wanted.as_ref().is_none_or(|wanted| wanted == account)
        });
        match own {
            Some(account) => {
                door.throttle.succeeded(attempt);
                let user = account.local().unwrap_or_default();
                door.authenticator.admit(user).await.map_err(unavailable)?;
                Ok(Answer::Success {
                    account,
                    data: None,
                    method: Method::Grant,
                })
            }
            None => {
                door.throttle.failed(attempt);
                self.state = State::Refused;
                let mut told = "{\"status\":\"invalid_token\"".to_owned();
                if let Some(discovery) = tokens.discovery() {
                    told.push_str(",\"openid-configuration\":\"");
                    told.extend(
                        discovery
                            .chars()
                            .filter(|c| !matches!(c, '"' | '\\') && !c.is_control()),
                    );
                    told.push('"');
                }
                told.push('}');
                Ok(Answer::Challenge(told.into_bytes()))
            }
        }
    }
}

/// Whether the account of somebody who may log in lets anybody in now.
pub(crate) async fn admitted(
    account: &BareJid,
    authenticator: &dyn Authenticator,
) -> Result<(), SaslCondition> {
    let user = account.local().unwrap_or_default();
    match authenticator
        .is_suspended(user)
        .await
        .map_err(unavailable)?
    {
        true => Err(SaslCondition::AccountDisabled),
        false => Ok(()),
    }
}

/// The data of the channel binding that a client names; none where it names none.
///
/// # Errors
/// `malformed-request` where mechanism and flag contradict each other, `not-authorized` where somebody on the way has
/// taken the stronger mechanisms out of the offer (RFC 5802 §6) or the type cannot be bound here.
fn bound(mechanism: Mechanism, flag: &Flag, offer: &Offer) -> Result<Vec<u8>, SaslCondition> {
    match (mechanism.binds_channel(), flag) {
        (false, Flag::Cannot) => Ok(Vec::new()),
        (false, Flag::NotOffered) => {
            if offer
                .mechanisms
                .iter()
                .any(|offered| offered.binds_channel())
            {
                tracing::warn!(
                    "a client did not see the mechanisms with channel binding that were offered to it"
                );
                return Err(SaslCondition::NotAuthorized);
            }
            Ok(Vec::new())
        }
        (true, Flag::Binds(type_)) => ChannelBinding::from_name(type_)
            .and_then(|type_| offer.bindings.get(type_))
            .map(<[u8]>::to_vec)
            .ok_or(SaslCondition::NotAuthorized),
        _ => Err(SaslCondition::MalformedRequest),
    }
}

async fn finish(
    server: scram::Server,
    identity: Identity,
    exists: bool,
    message: &[u8],
    door: Door<'_>,
) -> Result<Answer, SaslCondition> {
    let message = identity::text(message)?;
    let attempt = door
        .throttle
        .begin(identity.key(), door.domain, door.peer)
        .await;
    let finished = server.finish(message);
    match (finished, identity.account) {
        (Ok(data), Some(account)) if exists => {
            door.throttle.succeeded(attempt);
            Ok(Answer::Success {
                account,
                data: Some(data.into_bytes()),
                method: Method::Password,
            })
        }
        (finished, _) => {
            door.throttle.failed(attempt);
            // Nobody can prove the keys of an account that does not exist.
            Err(finished.err().unwrap_or(SaslCondition::NotAuthorized))
        }
    }
}

async fn plain(message: &[u8], door: Door<'_>) -> Result<Answer, SaslCondition> {
    let (identity, password) = identity::plain(identity::text(message)?, door.domain)?;
    let attempt = door
        .throttle
        .begin(identity.key(), door.domain, door.peer)
        .await;
    let right = door.authenticator.check(identity.key(), &password).await;
    match (right.map_err(unavailable)?, identity.account) {
        (true, Some(account)) => {
            door.throttle.succeeded(attempt);
            Ok(Answer::Success {
                account,
                data: None,
                method: Method::Password,
            })
        }
        _ => {
            door.throttle.failed(attempt);
            Err(SaslCondition::NotAuthorized)
        }
    }
}

/// XEP-0178 §2: the certificate says which accounts its holder may have; of several the client names one.
async fn external(message: &[u8], door: Door<'_>) -> Result<Answer, SaslCondition> {
    let wanted = match identity::text(message)? {
        "" => None,
        text => {
            let jid = Jid::parse(text).ok().and_then(|jid| jid.as_bare());
            Some(jid.ok_or(SaslCondition::InvalidAuthzid)?)
        }
    };
    let mut here = door.certificate.iter().filter(|account| {
        account.domain() == door.domain
            && account.local().is_some()
            && wanted.as_ref().is_none_or(|wanted| wanted == *account)
    });
    let account = match (here.next(), here.next()) {
        (Some(account), None) => account,
        // Which of several has to be said; one that the certificate does not name is not to be had.
        _ => return Err(SaslCondition::InvalidAuthzid),
    };
    let user = account.local().unwrap_or_default();
    match door.authenticator.exists(user).await.map_err(unavailable)? {
        true => Ok(Answer::Success {
            account: account.clone(),
            data: None,
            method: Method::Certificate,
        }),
        false => Err(SaslCondition::NotAuthorized),
    }
}

/// XEP-0175: an account that nobody had before. What the client says about itself is nobody's business.
fn anonymous(door: Door<'_>) -> Result<Answer, SaslCondition> {
    let name = format!("{ANONYMOUS}{}", door.random.token());
    let account =
        BareJid::new(Some(&name), door.domain).map_err(|_| SaslCondition::TemporaryAuthFailure)?;
    Ok(Answer::Success {
        account,
        data: None,
        method: Method::Anonymous,
    })
}

fn unavailable(error: StorageError) -> SaslCondition {
    tracing::error!(%error, "accounts cannot be read");
    SaslCondition::TemporaryAuthFailure
}

/// Keys of an account that does not exist, or has none for this hash.
fn decoy(hash: Hash, name: &str, door: Door<'_>) -> ScramKeys {
    let make = |purpose: &str, length: usize| {
        let parts = [purpose, "\0", hash.scram(), "\0", door.domain, "\0", name];
        let parts = parts.map(str::as_bytes);
        let mut made = Hash::Sha512.hmac(door.decoy_secret.expose_secret(), &parts);
        made.truncate(length);
        made
    };
    ScramKeys {
        iterations: accounts::ITERATIONS,
        salt: make("salt", 16),
        stored_key: Secret::new(make("stored key", hash.size())),
        server_key: Secret::new(make("server key", hash.size())),
    }
}
