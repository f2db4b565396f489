//! The accepting side of one SASL exchange.
//!
//! rsasl's SCRAM takes the stored keys from a callback, so no mechanism of our own is needed for it. What rsasl leaves
//! to its user is done here: the keys are fetched before it is asked to step; an account that does not exist is given
//! keys that nobody's password fits, made from a secret of the host, so that its salt is the same at every try and the
//! exchange fails where a wrong password does; only a validation by our own callback counts as success; and a session
//! is never stepped again after it ended.

use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::prelude::{
    MessageSent, SASLConfig, SASLServer, Session, SessionError, State, Validation,
};
use rsasl::property::Password;
use rsasl::validate::{Validate, ValidationError};
use sestina_storage::Secret;
use sestina_wire::BareJid;
use zeroize::Zeroizing;

use crate::accounts::{self, keys};
use crate::sasl::elements::Data;
use crate::sasl::{
    AccountKeys, Authenticator, Mechanism, SaslCondition, ScramKeys, messages, registry,
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
    },
    /// It has not.
    Failure(SaslCondition),
}

/// What an exchange needs of its host.
#[derive(Clone, Copy)]
pub(crate) struct Door<'a> {
    pub domain: &'a str,
    pub authenticator: &'a dyn Authenticator,
    pub decoy_secret: &'a Secret<[u8; 32]>,
}

/// One exchange, from `<auth/>` to its end.
pub(crate) struct Exchange {
    mechanism: Mechanism,
    running: Option<Running>,
}

struct Running {
    session: Session<Proof>,
    account: Option<BareJid>,
}

/// That our callback was satisfied.
struct Proof;

impl Validation for Proof {
    type Value = ();
}

impl Exchange {
    pub(crate) fn new(mechanism: Mechanism) -> Exchange {
        Exchange {
            mechanism,
            running: None,
        }
    }

    /// Takes the client's next message. After anything but a challenge the exchange is over.
    pub(crate) async fn step(&mut self, message: Option<Data>, door: Door<'_>) -> Answer {
        // Both kinds of mechanisms spoken here let the client speak first (RFC 6120 §6.4.2).
        let Some(message) = message else {
            return match self.running {
                None => Answer::Challenge(Vec::new()),
                Some(_) => self.end(SaslCondition::MalformedRequest),
            };
        };
        let running = match self.running.take() {
            Some(_) if !messages::is_client_final(&message) => {
                return Answer::Failure(SaslCondition::MalformedRequest);
            }
            Some(running) => running,
            None => match self.begin(&message, door).await {
                Ok(running) => running,
                Err(condition) => return Answer::Failure(condition),
            },
        };
        let (running, outcome) = if self.mechanism == Mechanism::Plain {
            // Checking a password costs as much as deriving its keys.
            keys::off_the_runtime(move || running.step(&message)).await
        } else {
            running.step(&message)
        };
        match outcome {
            Outcome::More(data) => {
                self.running = Some(running);
                Answer::Challenge(data)
            }
            Outcome::Proven(data) => match running.account {
                Some(account) => Answer::Success { account, data },
                // Nobody can prove the keys of an account that does not exist.
                None => Answer::Failure(SaslCondition::NotAuthorized),
            },
            Outcome::Failed(condition) => Answer::Failure(condition),
        }
    }

    fn end(&mut self, condition: SaslCondition) -> Answer {
        self.running = None;
        Answer::Failure(condition)
    }

    async fn begin(&self, message: &[u8], door: Door<'_>) -> Result<Running, SaslCondition> {
        let identity = messages::identity(self.mechanism, message, door.domain)?;
        let localpart = identity.account.as_ref().and_then(messages::localpart);
        let stored = match &localpart {
            Some(user) => match door.authenticator.keys(user).await {
                Ok(stored) => stored,
                Err(error) => {
                    tracing::error!(%error, "accounts cannot be read");
                    return Err(SaslCondition::TemporaryAuthFailure);
                }
            },
            None => None,
        };
        let exists = stored.is_some();
        let name = localpart.as_deref().unwrap_or(&identity.name);
        let keys = self.usable(stored.unwrap_or_default(), name, door);
        let callback = Callback {
            mechanism: self.mechanism,
            keys,
        };
        let config = SASLConfig::builder()
            .with_registry(registry())
            .with_callback(callback);
        let session = config
            .and_then(|config| {
                SASLServer::<Proof>::new(config).start_suggested(self.mechanism.mechname())
            })
            .map_err(|_| SaslCondition::InvalidMechanism)?;
        Ok(Running {
            session,
            account: identity.account.filter(|_| exists),
        })
    }

    /// The account's keys for this mechanism, or a decoy's.
    fn usable(&self, stored: AccountKeys, name: &str, door: Door<'_>) -> AccountKeys {
        match self.mechanism {
            // Verifying against no keys takes as long as against some.
            Mechanism::Plain => stored,
            Mechanism::ScramSha1 => AccountKeys {
                sha1: Some(stored.sha1.unwrap_or_else(|| self.decoy(name, door, 20))),
                sha256: None,
            },
            Mechanism::ScramSha256 => AccountKeys {
                sha1: None,
                sha256: Some(stored.sha256.unwrap_or_else(|| self.decoy(name, door, 32))),
            },
        }
    }

    fn decoy(&self, name: &str, door: Door<'_>, length: usize) -> ScramKeys {
        let make = |purpose: &str, length: usize| {
            let parts = [
                purpose,
                "\0",
                self.mechanism.name(),
                "\0",
                door.domain,
                "\0",
                name,
            ];
            let parts = parts.map(str::as_bytes);
            let mut made = keys::hmac_sha256(door.decoy_secret.expose_secret(), &parts);
            made.truncate(length);
            made
        };
        ScramKeys {
            iterations: accounts::ITERATIONS,
            salt: make("salt", 16),
            stored_key: Secret::new(make("stored key", length)),
            server_key: Secret::new(make("server key", length)),
        }
    }
}

enum Outcome {
    More(Vec<u8>),
    Proven(Option<Vec<u8>>),
    Failed(SaslCondition),
}

impl Running {
    fn step(mut self, message: &[u8]) -> (Running, Outcome) {
        let mut out = Vec::new();
        let outcome = match self.session.step(Some(message), &mut out) {
            Ok(State::Running) => Outcome::More(out),
            // Finishing is not succeeding: rsasl also finishes after a wrong proof.
            Ok(State::Finished(sent)) => match self.session.validation() {
                Some(()) => Outcome::Proven((sent == MessageSent::Yes).then_some(out)),
                None => Outcome::Failed(SaslCondition::NotAuthorized),
            },
            Err(error) => Outcome::Failed(condition(&error)),
        };
        (self, outcome)
    }
}

fn condition(error: &SessionError) -> SaslCondition {
    match error {
        SessionError::MechanismError(error) => match error.kind() {
            rsasl::mechanism::MechanismErrorKind::Parse => SaslCondition::MalformedRequest,
            _ => SaslCondition::NotAuthorized,
        },
        SessionError::InputDataRequired => SaslCondition::MalformedRequest,
        _ => SaslCondition::NotAuthorized,
    }
}

/// Answers rsasl's questions about one account.
struct Callback {
    mechanism: Mechanism,
    keys: AccountKeys,
}

impl SessionCallback for Callback {
    fn callback(
        &self,
        _session_data: &SessionData,
        _context: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        use rsasl::mechanisms::scram::properties::ScramStoredPassword;
        let keys = match self.mechanism {
            Mechanism::ScramSha256 => &self.keys.sha256,
            Mechanism::ScramSha1 => &self.keys.sha1,
            Mechanism::Plain => &None,
        };
        if let Some(keys) = keys {
            request.satisfy::<ScramStoredPassword<'static>>(&ScramStoredPassword::new(
                keys.iterations,
                &keys.salt,
                keys.stored_key.expose_secret(),
                keys.server_key.expose_secret(),
            ))?;
        }
        Ok(())
    }

    fn validate(
        &self,
        _session_data: &SessionData,
        context: &Context<'_>,
        validate: &mut Validate<'_>,
    ) -> Result<(), ValidationError> {
        let proven = match self.mechanism {
            // rsasl asks only after the proof was right.
            Mechanism::ScramSha256 | Mechanism::ScramSha1 => true,
            Mechanism::Plain => context
                .get_ref::<Password>()
                .and_then(|password| std::str::from_utf8(password).ok())
                .is_some_and(|password| {
                    accounts::verify(&self.keys, &Zeroizing::new(password.to_owned()))
                }),
        };
        if proven {
            validate.finalize::<Proof>(());
        }
        Ok(())
    }
}
