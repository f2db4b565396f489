//! The initiating side of one SASL exchange.

use sestina_storage::Secret;
use sestina_wire::BareJid;
use sestina_wire::clock::Random;
use zeroize::Zeroizing;

use crate::accounts::keys;
use crate::sasl::binding::downgrade_hash;
use crate::sasl::elements::Data;
use crate::sasl::scram::{self, ClientFirst, Flag, ServerFirst, Unproven};
use crate::sasl::{Bindings, ChannelBinding, Hash, LoginFailure, Mechanism};

/// Fewest rounds of PBKDF2 that a server may ask for (RFC 7677 §4).
pub(crate) const FEWEST_ITERATIONS: u32 = 4096;
/// Most rounds of PBKDF2 that a server may ask for; past it, it wants to keep us busy.
pub(crate) const MOST_ITERATIONS: u32 = 1_000_000;

/// What a server says about logging in, as it stands in its features.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offered {
    /// The names of its mechanisms.
    pub mechanisms: Vec<String>,
    /// The types of channel binding it announces (XEP-0440).
    pub bindings: Option<Vec<String>>,
}

/// What we can show.
#[derive(Clone, Copy)]
pub(crate) struct Credentials<'a> {
    pub account: &'a BareJid,
    pub password: &'a Secret<String>,
    pub bearer: Option<&'a Secret<String>>,
    /// Whether TLS showed a certificate of ours.
    pub certificate: bool,
}

/// The mechanism to be used, and how.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub mechanism: Mechanism,
    flag: Flag,
    data: Vec<u8>,
    /// Whether the server has to prove that the offer is its own (XEP-0474 §6, the new rule 6 of XEP-0440).
    must_protect: bool,
}

/// Chooses the strongest mechanism that is allowed, offered and possible; of channel bindings by the rules of XEP-0440 §3.
///
/// # Errors
/// [`LoginFailure::NoMechanism`], or [`LoginFailure::Downgraded`] where the offer contradicts itself.
pub(crate) fn choose(
    allowed: &[Mechanism],
    offered: &Offered,
    bindings: &Bindings,
    secure: bool,
    sasl2: bool,
    credentials: Credentials<'_>,
) -> Result<Choice, LoginFailure> {
    let offers = |mechanism: Mechanism| {
        let mut names = offered.mechanisms.iter();
        names.any(|name| name == mechanism.name())
    };
    let plus = offered
        .mechanisms
        .iter()
        .any(|name| name.ends_with("-PLUS"));
    match &offered.bindings {
        Some(_) if !plus => {
            return Err(LoginFailure::Downgraded(
                "channel bindings are announced, and no mechanism that takes them",
            ));
        }
        None if plus && sasl2 => {
            return Err(LoginFailure::Downgraded(
                "mechanisms with channel binding are announced, and no type of binding",
            ));
        }
        _ => {}
    }
    // A server that does not say which types it knows may mean `tls-unique`, which TLS 1.3 has not: a guess would end in
    // a refusal that looks like a wrong password. Whoever allows nothing else gets what TLS 1.3 has by default
    // (RFC 9266 §2).
    let insists = !allowed
        .iter()
        .any(|one| one.scram().is_some() && !one.binds_channel() && offers(*one));
    let common = bindings.types().find(|type_| match &offered.bindings {
        Some(announced) => announced.iter().any(|name| name == type_.name()),
        None => insists && *type_ == ChannelBinding::Exporter,
    });
    let possible = |mechanism: &Mechanism| {
        allowed.contains(mechanism)
            && offers(*mechanism)
            && (secure || !mechanism.shows_secret())
            && match mechanism {
                Mechanism::External => secure && credentials.certificate,
                Mechanism::OauthBearer => credentials.bearer.is_some(),
                Mechanism::Anonymous => credentials.account.local().is_none(),
                _ => {
                    credentials.account.local().is_some()
                        && credentials.bearer.is_none()
                        && (!mechanism.binds_channel() || common.is_some())
                }
            }
    };
    // A refusal is not answered with a weaker mechanism: that would hand the password to whoever asks for it.
    let Some(mechanism) = Mechanism::ALL.into_iter().find(possible) else {
        return Err(LoginFailure::NoMechanism(offered.mechanisms.join(" ")));
    };
    let mut choice = Choice {
        mechanism,
        flag: Flag::Cannot,
        data: Vec::new(),
        must_protect: false,
    };
    if let Some(type_) = common.filter(|_| mechanism.binds_channel()) {
        choice.flag = Flag::Binds(type_.name().to_owned());
        choice.data = bindings.get(type_).unwrap_or_default().to_vec();
    } else if mechanism.scram().is_some() && !bindings.is_empty() {
        if !plus {
            choice.flag = Flag::NotOffered;
        } else if common.is_none() && offered.bindings.is_some() {
            choice.must_protect = true;
        }
    }
    Ok(choice)
}

/// One exchange, from its first message to its end.
pub(crate) struct Exchange {
    choice: Choice,
    state: State,
}

enum State {
    Scram {
        hash: Hash,
        first: ClientFirst,
        password: Zeroizing<String>,
        /// The hash over the server's offer that it should come to as well.
        offer: String,
    },
    Unproven(Unproven),
    /// The server may say no, or explain why (RFC 7628 §3.2.3).
    Sent,
    Finished,
    Over,
}

impl Exchange {
    /// Begins an exchange; also returns the first message.
    ///
    /// # Errors
    /// [`LoginFailure::Protocol`] when name or password cannot be used with the mechanism.
    pub(crate) fn begin(
        choice: Choice,
        offered: &Offered,
        credentials: Credentials<'_>,
        random: &dyn Random,
    ) -> Result<(Exchange, Data), LoginFailure> {
        let user = credentials.account.local().unwrap_or_default();
        let prepared =
            |()| keys::prepare(credentials.password.expose_secret()).ok_or(LoginFailure::Protocol);
        let (state, message) = match choice.mechanism {
            Mechanism::Plain => {
                let password = prepared(())?;
                let message = Zeroizing::new(format!("\0{user}\0{}", *password));
                (State::Sent, Zeroizing::new(message.as_bytes().to_vec()))
            }
            // Of several accounts in the certificate this one is meant (XEP-0178 §2).
            Mechanism::External => {
                let account = credentials.account.as_str();
                (State::Sent, Zeroizing::new(account.as_bytes().to_vec()))
            }
            Mechanism::Anonymous => (State::Sent, Data::default()),
            Mechanism::OauthBearer => {
                let token = credentials.bearer.ok_or(LoginFailure::Protocol)?;
                let message = Zeroizing::new(format!(
                    "n,a={},\u{1}auth=Bearer {}\u{1}\u{1}",
                    credentials.account,
                    token.expose_secret()
                ));
                (State::Sent, Zeroizing::new(message.as_bytes().to_vec()))
            }
            _ => {
                let hash = choice.mechanism.scram().ok_or(LoginFailure::Protocol)?;
                let mut nonce = random.token().to_string();
                nonce.retain(|c| c != ',');
                let first = ClientFirst::new(choice.flag.clone(), user, nonce);
                let message = Zeroizing::new(first.message().into_bytes());
                let bindings = offered.bindings.as_ref();
                let state = State::Scram {
                    hash,
                    first,
                    password: prepared(())?,
                    offer: downgrade_hash(
                        hash,
                        offered.mechanisms.iter().map(String::as_str),
                        bindings.map(|names| names.iter().map(String::as_str).collect()),
                    ),
                };
                (state, message)
            }
        };
        Ok((Exchange { choice, state }, message))
    }

    /// Answers a challenge.
    ///
    /// # Errors
    /// [`LoginFailure::Protocol`], [`LoginFailure::Downgraded`], or [`LoginFailure::ServerUnproven`] when the server's
    /// signature is wrong.
    pub(crate) async fn challenge(&mut self, data: Option<Data>) -> Result<Data, LoginFailure> {
        let data = data.unwrap_or_default();
        match std::mem::replace(&mut self.state, State::Over) {
            State::Scram {
                hash,
                first,
                password,
                offer,
            } => {
                let message = std::str::from_utf8(&data).map_err(|_| LoginFailure::Protocol)?;
                let server = ServerFirst::read(message).ok_or(LoginFailure::Protocol)?;
                if !(FEWEST_ITERATIONS..=MOST_ITERATIONS).contains(&server.iterations) {
                    return Err(LoginFailure::Protocol);
                }
                match &server.downgrade {
                    Some(theirs) if *theirs != offer => {
                        return Err(LoginFailure::Downgraded(
                            "the server offers something else than what arrived here",
                        ));
                    }
                    None if self.choice.must_protect => {
                        return Err(LoginFailure::Downgraded(
                            "the server announces no channel binding that it must have",
                        ));
                    }
                    _ => {}
                }
                let (salt, iterations) = (server.salt.clone(), server.iterations);
                let salted = keys::off_the_runtime(move || {
                    hash.salted(password.as_bytes(), &salt, iterations)
                })
                .await;
                let (message, unproven) =
                    scram::client_final(hash, &first, &server, message, &salted, &self.choice.data)
                        .ok_or(LoginFailure::Protocol)?;
                self.state = State::Unproven(unproven);
                Ok(Zeroizing::new(message.into_bytes()))
            }
            State::Unproven(unproven) => {
                if !unproven.is_proof(&data) {
                    return Err(LoginFailure::ServerUnproven);
                }
                self.state = State::Finished;
                Ok(Data::default())
            }
            // The server says why it will refuse; it wants to be heard.
            State::Sent if self.choice.mechanism == Mechanism::OauthBearer => {
                Ok(Zeroizing::new(vec![1]))
            }
            // What comes now is out of order.
            State::Sent | State::Finished | State::Over => Err(LoginFailure::Protocol),
        }
    }

    /// Whether the server's success may be believed; `data` is what came with it.
    ///
    /// # Errors
    /// [`LoginFailure::ServerUnproven`] when the mechanism promises a proof that the server did not give.
    pub(crate) fn success(&mut self, data: Option<&[u8]>) -> Result<(), LoginFailure> {
        match (&self.state, data) {
            (State::Sent | State::Finished, _) => Ok(()),
            (State::Unproven(unproven), Some(data)) if unproven.is_proof(data) => {
                self.state = State::Finished;
                Ok(())
            }
            _ => Err(LoginFailure::ServerUnproven),
        }
    }
}
