//! The initiating side of one SASL exchange.

use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::scram::properties::{Iterations, Salt, SaltedPassword};
use rsasl::prelude::{SASLClient, SASLConfig, Session, SessionError, State};
use rsasl::property::{AuthId, Password};
use sestina_storage::Secret;
use zeroize::Zeroizing;

use crate::accounts::keys;
use crate::sasl::elements::Data;
use crate::sasl::{LoginFailure, Mechanism, messages, registry};

/// Fewest rounds of PBKDF2 that a server may ask for (RFC 7677 §4).
const FEWEST_ITERATIONS: u32 = 4096;
/// Most rounds of PBKDF2 that a server may ask for; past it, it wants to keep us busy.
const MOST_ITERATIONS: u32 = 1_000_000;

/// One exchange, from `<auth/>` to its end.
pub(crate) struct Exchange {
    session: Option<Session>,
    /// Challenges answered.
    answered: u8,
    finished: bool,
}

impl Exchange {
    /// Begins an exchange; also returns what goes with `<auth/>`.
    ///
    /// # Errors
    /// [`LoginFailure::Protocol`] when name or password cannot be used with the mechanism.
    pub(crate) fn begin(
        mechanism: Mechanism,
        user: &str,
        password: &Secret<String>,
    ) -> Result<(Exchange, Data), LoginFailure> {
        let password = keys::prepare(password.expose_secret()).ok_or(LoginFailure::Protocol)?;
        let callback = Callback {
            mechanism,
            user: user.to_owned(),
            password,
        };
        let config = SASLConfig::builder()
            .with_registry(registry())
            .with_callback(callback);
        let mut session = config
            .and_then(|config| SASLClient::new(config).start_suggested(&[mechanism.mechname()]))
            .map_err(|_| LoginFailure::Protocol)?;
        let mut out = Data::default();
        let state = session
            .step(None, &mut *out)
            .map_err(|_| LoginFailure::Protocol)?;
        let finished = !matches!(state, State::Running);
        let session = (!finished).then_some(session);
        Ok((
            Exchange {
                session,
                answered: 0,
                finished,
            },
            out,
        ))
    }

    /// Answers a challenge.
    ///
    /// # Errors
    /// [`LoginFailure::Protocol`], or [`LoginFailure::ServerUnproven`] when the server's signature is wrong.
    pub(crate) async fn challenge(&mut self, data: Option<Data>) -> Result<Data, LoginFailure> {
        let data = data.unwrap_or_default();
        self.advance(data).await
    }

    /// Whether the server's success may be believed; `data` is what came with it.
    ///
    /// # Errors
    /// [`LoginFailure::ServerUnproven`] when the mechanism promises a proof that the server did not give.
    pub(crate) async fn success(mut self, data: Option<Data>) -> Result<(), LoginFailure> {
        if !self.finished
            && let Some(data) = data
        {
            self.advance(data).await?;
        }
        if self.finished {
            Ok(())
        } else {
            Err(LoginFailure::ServerUnproven)
        }
    }

    async fn advance(&mut self, data: Data) -> Result<Data, LoginFailure> {
        // An ended session panics when stepped: it was dropped, and what comes now is out of order.
        let Some(mut session) = self.session.take() else {
            return Err(LoginFailure::Protocol);
        };
        let first = self.answered == 0;
        self.answered = self.answered.saturating_add(1);
        if first {
            match messages::iterations(&data) {
                Some(FEWEST_ITERATIONS..=MOST_ITERATIONS) => {}
                _ => return Err(LoginFailure::Protocol),
            }
        } else if !messages::is_server_final(&data) {
            return Err(LoginFailure::ServerUnproven);
        }
        let (session, stepped) = keys::off_the_runtime(move || {
            let mut out = Data::default();
            let state = session.step(Some(&data), &mut *out);
            (session, state.map(|state| (state, out)))
        })
        .await;
        match stepped {
            Ok((State::Running, out)) => {
                self.session = Some(session);
                Ok(out)
            }
            Ok((State::Finished(_), out)) => {
                self.finished = true;
                Ok(out)
            }
            Err(_) if first => Err(LoginFailure::Protocol),
            Err(_) => Err(LoginFailure::ServerUnproven),
        }
    }
}

/// Answers rsasl's questions about our account.
struct Callback {
    mechanism: Mechanism,
    user: String,
    password: Zeroizing<String>,
}

impl SessionCallback for Callback {
    fn callback(
        &self,
        _session_data: &SessionData,
        context: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        request.satisfy::<AuthId>(&self.user)?;
        // Our own derivation is faster than rsasl's by a third.
        if request.is::<SaltedPassword>()
            && let (Some(salt), Some(&rounds)) =
                (context.get_ref::<Salt>(), context.get_ref::<Iterations>())
        {
            let password = self.password.as_bytes();
            match self.mechanism {
                Mechanism::ScramSha256 => {
                    request.satisfy::<SaltedPassword>(
                        keys::salted_sha256(password, salt, rounds).as_slice(),
                    )?;
                }
                Mechanism::ScramSha1 => {
                    request.satisfy::<SaltedPassword>(
                        keys::salted_sha1(password, salt, rounds).as_slice(),
                    )?;
                }
                Mechanism::Plain => {}
            }
        }
        request.satisfy::<Password>(self.password.as_bytes())?;
        Ok(())
    }
}
