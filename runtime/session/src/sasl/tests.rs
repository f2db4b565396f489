//! Both halves of an exchange against each other, and the accepting one against anything.

use async_trait::async_trait;
use proptest::prelude::*;
use sestina_storage::{Secret, StorageError};
use zeroize::Zeroizing;

use super::*;
use crate::accounts::derive;
use crate::sasl::server::{Answer, Door, Exchange};

struct Romeo(AccountKeys);

#[async_trait]
impl Authenticator for Romeo {
    async fn keys(&self, user: &str) -> Result<Option<AccountKeys>, StorageError> {
        match user {
            "romeo" => Ok(Some(self.0.clone())),
            "broken" => Err(StorageError::Unavailable("broken".into())),
            _ => Ok(None),
        }
    }
}

fn romeo() -> Romeo {
    Romeo(derive("montague", [[1; 16], [2; 16]]).unwrap())
}

fn door<'a>(authenticator: &'a Romeo, secret: &'a Secret<[u8; 32]>) -> Door<'a> {
    Door {
        domain: "example.org",
        authenticator,
        decoy_secret: secret,
    }
}

async fn log_in(
    mechanism: Mechanism,
    user: &str,
    password: &str,
    authenticator: &Romeo,
) -> Result<Result<(), LoginFailure>, SaslCondition> {
    let secret = Secret::new([3; 32]);
    let password = Secret::new(password.to_owned());
    let (mut client, first) = client::Exchange::begin(mechanism, user, &password).unwrap();
    let mut server = Exchange::new(mechanism);
    let mut message = first;
    loop {
        match server
            .step(Some(message), door(authenticator, &secret))
            .await
        {
            Answer::Challenge(data) => {
                message = client.challenge(Some(Zeroizing::new(data))).await.unwrap();
            }
            Answer::Success { account, data } => {
                assert_eq!(account.as_str(), "romeo@example.org");
                return Ok(client.success(data.map(Zeroizing::new)).await);
            }
            Answer::Failure(condition) => return Err(condition),
        }
    }
}

#[tokio::test]
async fn the_halves_fit() {
    let romeo = romeo();
    for mechanism in Mechanism::ALL {
        for (user, password, outcome) in [
            ("romeo", "montague", Ok(Ok(()))),
            ("ROMEO", "montague", Ok(Ok(()))),
            ("romeo", "capulet", Err(SaslCondition::NotAuthorized)),
            ("nobody", "montague", Err(SaslCondition::NotAuthorized)),
            ("a,b=c", "montague", Err(SaslCondition::NotAuthorized)),
            (
                "broken",
                "montague",
                Err(SaslCondition::TemporaryAuthFailure),
            ),
        ] {
            let reached = log_in(mechanism, user, password, &romeo).await;
            assert_eq!(reached, outcome, "{mechanism:?} {user}");
        }
    }
}

#[tokio::test]
async fn an_account_without_keys_for_a_mechanism_cannot_use_it() {
    let mut romeo = romeo();
    romeo.0.sha1 = None;
    assert!(
        log_in(Mechanism::ScramSha256, "romeo", "montague", &romeo)
            .await
            .is_ok()
    );
    assert_eq!(
        log_in(Mechanism::ScramSha1, "romeo", "montague", &romeo).await,
        Err(SaslCondition::NotAuthorized)
    );
}

/// Messages that look like what a mechanism expects, more or less.
fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        "[nyp](=[a-z-]{0,5})?,(a=[a-z@.]{0,12})?,(m=x,)?n=[a-z=2C3D,]{0,12},r=[!-~]{0,20}(,[a-z]=[a-z]{0,3})?"
            .prop_map(String::into_bytes),
        "(n,,)?n=(romeo|juliet),r=[!-~]{1,8}".prop_map(String::into_bytes),
        "c=[a-zA-Z0-9+/=]{0,12},r=[!-~]{0,40},p=[a-zA-Z0-9+/=]{0,60}".prop_map(String::into_bytes),
        "[a-z@.]{0,12}\0[a-z]{0,6}\0[a-z]{0,6}(\0[a-z]{0,6})?".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is sent: the exchange ends, nothing panics, nobody gets in.
    #[test]
    fn nobody_gets_in_by_accident(
        scram in any::<bool>(),
        messages in prop::collection::vec(prop::option::weighted(0.9, message()), 1..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let romeo = Romeo(AccountKeys::default());
            let secret = Secret::new([3; 32]);
            // PLAIN costs milliseconds a try and parses in our own code only: see the tests there.
            let mechanism = if scram { Mechanism::ScramSha1 } else { Mechanism::ScramSha256 };
            let mut exchange = Exchange::new(mechanism);
            for message in messages {
                match exchange.step(message.map(Zeroizing::new), door(&romeo, &secret)).await {
                    Answer::Challenge(_) => {}
                    Answer::Failure(_) => return,
                    Answer::Success { .. } => panic!("somebody got in"),
                }
            }
        });
    }
}
