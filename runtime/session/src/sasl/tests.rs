//! Both halves of an exchange against each other, and the accepting one against anything.

mod foreign;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use proptest::prelude::*;
use sestina_storage::{Secret, StorageError};
use sestina_wire::clock::{SystemClock, SystemRandom};
use zeroize::Zeroizing;

use super::client::{Credentials, Offered};
use super::server::{Answer, Door, Exchange, Offer};
use super::*;
use crate::accounts::derive;

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

#[async_trait]
impl TokenCheck for Romeo {
    async fn account(
        &self,
        token: &Secret<String>,
        wanted: Option<&BareJid>,
    ) -> Result<Option<BareJid>, StorageError> {
        match token.expose_secret().as_str() {
            "romeos" => Ok(wanted.cloned().filter(|jid| jid.local() == Some("romeo"))),
            "broken" => Err(StorageError::Unavailable("broken".into())),
            _ => Ok(None),
        }
    }
}

fn romeo() -> Romeo {
    Romeo(derive("montague", [[1; 16], [2; 16], [3; 16]]).unwrap())
}

fn jid(text: &str) -> BareJid {
    BareJid::parse(text).unwrap()
}

fn bindings() -> Bindings {
    let mut bindings = Bindings::default();
    bindings.add(ChannelBinding::Exporter, vec![1; 32]);
    bindings.add(ChannelBinding::ServerEndPoint, vec![2; 32]);
    bindings
}

static DECOY: LazyLock<Secret<[u8; 32]>> = LazyLock::new(|| Secret::new([3; 32]));

fn throttle() -> Throttle {
    let unhindered = Throttling {
        most: std::time::Duration::ZERO,
        ..Throttling::default()
    };
    Throttle::new(unhindered, Arc::new(SystemClock))
}

fn door<'a>(
    romeo: &'a Romeo,
    offer: &'a Offer,
    throttle: &'a Throttle,
    certificate: &'a [BareJid],
) -> Door<'a> {
    Door {
        domain: "example.org",
        authenticator: romeo,
        tokens: Some(romeo),
        decoy_secret: &DECOY,
        random: &SystemRandom,
        throttle,
        peer: None,
        offer,
        certificate,
        from: None,
    }
}

/// What the server offers where everything is there.
fn offer() -> Offer {
    Offer {
        mechanisms: Mechanism::ALL.to_vec(),
        bindings: bindings(),
        announces: true,
        protects: true,
    }
}

fn as_offered(offer: &Offer) -> Offered {
    let names = offer.mechanisms.iter().map(|one| one.name().to_owned());
    let types = offer.bindings.types().map(|type_| type_.name().to_owned());
    Offered {
        mechanisms: names.collect(),
        bindings: offer.announces.then(|| types.collect()),
    }
}

/// Lets a client with this offer before its eyes log in to a server that made that one.
async fn meet(
    allowed: &[Mechanism],
    seen: &Offered,
    client_bindings: &Bindings,
    offer: &Offer,
    user: &str,
    password: &str,
    romeo: &Romeo,
) -> Result<Result<Mechanism, LoginFailure>, SaslCondition> {
    let throttle = throttle();
    let account = if user.is_empty() {
        jid("example.org")
    } else {
        BareJid::new(Some(user), "example.org").unwrap()
    };
    let certificate = [jid("romeo@example.org"), jid("romeo@example.net")];
    let (password, bearer) = (
        Secret::new(password.to_owned()),
        Secret::new(password.to_owned()),
    );
    let credentials = Credentials {
        account: &account,
        password: &password,
        bearer: (allowed == [Mechanism::OauthBearer]).then_some(&bearer),
        certificate: true,
    };
    let choice = match client::choose(allowed, seen, client_bindings, true, true, credentials) {
        Ok(choice) => choice,
        Err(failure) => return Ok(Err(failure)),
    };
    let mechanism = choice.mechanism;
    let (mut client, first) =
        client::Exchange::begin(choice, seen, credentials, &SystemRandom).unwrap();
    let mut server = Exchange::new(mechanism);
    let mut message = first;
    loop {
        let door = door(romeo, offer, &throttle, &certificate);
        match server.step(Some(message), door).await {
            Answer::Challenge(data) => {
                message = match client.challenge(Some(Zeroizing::new(data))).await {
                    Ok(message) => message,
                    Err(failure) => return Ok(Err(failure)),
                };
            }
            Answer::Success { account, data, .. } => {
                if mechanism != Mechanism::Anonymous {
                    assert_eq!(account.as_str(), "romeo@example.org");
                }
                return Ok(client.success(data.as_deref()).map(|()| mechanism));
            }
            Answer::Failure(condition) => return Err(condition),
        }
    }
}

#[tokio::test]
async fn the_halves_fit() {
    let romeo = romeo();
    let offer = offer();
    let seen = as_offered(&offer);
    let log_in = async |mechanism: Mechanism, user: &str, password: &str| {
        let allowed = [mechanism];
        meet(&allowed, &seen, &bindings(), &offer, user, password, &romeo).await
    };
    for mechanism in Mechanism::ALL {
        if mechanism.scram().is_none() && mechanism != Mechanism::Plain {
            continue;
        }
        for (user, password, outcome) in [
            ("romeo", "montague", Ok(Ok(mechanism))),
            ("ROMEO", "montague", Ok(Ok(mechanism))),
            ("romeo", "capulet", Err(SaslCondition::NotAuthorized)),
            ("nobody", "montague", Err(SaslCondition::NotAuthorized)),
            ("a,b=c", "montague", Err(SaslCondition::NotAuthorized)),
            (
                "broken",
                "montague",
                Err(SaslCondition::TemporaryAuthFailure),
            ),
        ] {
            let reached = log_in(mechanism, user, password).await;
            assert_eq!(reached, outcome, "{mechanism:?} {user}");
        }
    }
    let (external, bearer) = (Mechanism::External, Mechanism::OauthBearer);
    assert_eq!(log_in(external, "romeo", "").await, Ok(Ok(external)));
    assert_eq!(
        log_in(external, "juliet", "").await,
        Err(SaslCondition::InvalidAuthzid)
    );
    assert_eq!(log_in(bearer, "romeo", "romeos").await, Ok(Ok(bearer)));
    for (user, token) in [("romeo", "julias"), ("juliet", "romeos")] {
        assert_eq!(
            log_in(bearer, user, token).await,
            Err(SaslCondition::NotAuthorized)
        );
    }
    assert_eq!(
        log_in(bearer, "romeo", "broken").await,
        Err(SaslCondition::TemporaryAuthFailure)
    );
    let anonymous = Mechanism::Anonymous;
    assert_eq!(log_in(anonymous, "", "").await, Ok(Ok(anonymous)));
}

#[tokio::test]
async fn an_account_without_keys_for_a_mechanism_cannot_use_it() {
    let mut romeo = romeo();
    romeo.0.sha512 = None;
    let offer = offer();
    let seen = as_offered(&offer);
    for (mechanism, outcome) in [
        (Mechanism::ScramSha256, Ok(Ok(Mechanism::ScramSha256))),
        (Mechanism::ScramSha512, Err(SaslCondition::NotAuthorized)),
    ] {
        let allowed = [mechanism];
        let reached = meet(
            &allowed,
            &seen,
            &bindings(),
            &offer,
            "romeo",
            "montague",
            &romeo,
        )
        .await;
        assert_eq!(reached, outcome);
    }
}

/// The rules of XEP-0440 §3 and XEP-0474 §6, each with somebody in the middle who changes what the client sees.
#[tokio::test]
async fn a_weaker_offer_than_the_servers_own_is_noticed() {
    let romeo = romeo();
    let whole = offer();
    let seen = as_offered(&whole);
    let all = Mechanism::ALL.to_vec();
    let scram: Vec<Mechanism> = all
        .iter()
        .copied()
        .filter(|one| one.scram().is_some())
        .collect();
    let log_in = async |allowed: &[Mechanism], seen: &Offered, bound: &Bindings, offer: &Offer| {
        meet(allowed, seen, bound, offer, "romeo", "montague", &romeo).await
    };
    let none = Bindings::default();

    // The strongest is taken.
    let strongest = log_in(&scram, &seen, &bindings(), &whole).await;
    assert_eq!(strongest, Ok(Ok(Mechanism::ScramSha512Plus)));
    let unbound = log_in(&scram, &seen, &none, &whole).await;
    assert_eq!(unbound, Ok(Ok(Mechanism::ScramSha512)));

    // Without -PLUS while types are announced, and the other way round.
    let mut changed = seen.clone();
    changed.mechanisms.retain(|name| !name.ends_with("-PLUS"));
    assert!(matches!(
        log_in(&scram, &changed, &bindings(), &whole).await,
        Ok(Err(LoginFailure::Downgraded(_)))
    ));
    let mut changed = seen.clone();
    changed.bindings = None;
    assert!(matches!(
        log_in(&scram, &changed, &bindings(), &whole).await,
        Ok(Err(LoginFailure::Downgraded(_)))
    ));

    // Both taken out: the server learns it from `y`, with and without the hash.
    let mut changed = seen.clone();
    changed.mechanisms.retain(|name| !name.ends_with("-PLUS"));
    changed.bindings = None;
    for protects in [false, true] {
        let offer = Offer {
            protects,
            ..whole.clone()
        };
        assert_eq!(
            log_in(&scram, &changed, &bindings(), &offer).await,
            Err(SaslCondition::NotAuthorized)
        );
    }
    // Where nothing was taken out, `y` is right.
    let plain_offer = Offer {
        mechanisms: vec![Mechanism::ScramSha256],
        bindings: none.clone(),
        announces: false,
        protects: true,
    };
    assert_eq!(
        log_in(&scram, &as_offered(&plain_offer), &bindings(), &plain_offer).await,
        Ok(Ok(Mechanism::ScramSha256))
    );

    // A client that cannot bind finds out by the hash that a stronger hash function was taken out.
    let mut changed = seen.clone();
    changed.mechanisms.retain(|name| !name.contains("512"));
    assert!(matches!(
        log_in(&scram, &changed, &none, &whole).await,
        Ok(Err(LoginFailure::Downgraded(_)))
    ));
    // Without the hash nobody would.
    let unprotected = Offer {
        protects: false,
        ..whole.clone()
    };
    assert_eq!(
        log_in(&scram, &changed, &none, &unprotected).await,
        Ok(Ok(Mechanism::ScramSha256))
    );

    // Only types that we do not know: gone on with, if the server vouches for it.
    let mut changed = seen.clone();
    changed.bindings = Some(vec!["tls-fancy".to_owned()]);
    for offer in [&whole, &unprotected] {
        assert!(matches!(
            log_in(&scram, &changed, &bindings(), offer).await,
            Ok(Err(LoginFailure::Downgraded(_)))
        ));
    }

    // Another channel at each end.
    let mut foreign = Bindings::default();
    foreign.add(ChannelBinding::Exporter, vec![9; 32]);
    assert_eq!(
        log_in(&scram, &seen, &foreign, &whole).await,
        Err(SaslCondition::NotAuthorized)
    );
}

/// Messages that contradict the mechanism they are sent for.
#[tokio::test]
async fn flags_and_mechanisms_must_fit() {
    let romeo = romeo();
    let (offer, throttle) = (offer(), throttle());
    for (mechanism, message, condition) in [
        (
            Mechanism::ScramSha256,
            "p=tls-exporter,,n=romeo,r=abc",
            SaslCondition::MalformedRequest,
        ),
        (
            Mechanism::ScramSha256Plus,
            "n,,n=romeo,r=abc",
            SaslCondition::MalformedRequest,
        ),
        (
            Mechanism::ScramSha256Plus,
            "y,,n=romeo,r=abc",
            SaslCondition::MalformedRequest,
        ),
        (
            Mechanism::ScramSha256Plus,
            "p=tls-unique,,n=romeo,r=abc",
            SaslCondition::NotAuthorized,
        ),
        (
            Mechanism::ScramSha256,
            "y,,n=romeo,r=abc",
            SaslCondition::NotAuthorized,
        ),
        (
            Mechanism::ScramSha1,
            "n,a=juliet@example.org,n=romeo,r=abc",
            SaslCondition::InvalidAuthzid,
        ),
    ] {
        let message = Zeroizing::new(message.as_bytes().to_vec());
        let mut exchange = Exchange::new(mechanism);
        let answer = exchange
            .step(Some(message), door(&romeo, &offer, &throttle, &[]))
            .await;
        assert!(
            matches!(answer, Answer::Failure(found) if found == condition),
            "{mechanism:?}: {answer:?}"
        );
        // It is over, whatever comes.
        let answer = exchange
            .step(
                Some(Zeroizing::new(b"n,,n=romeo,r=abc".to_vec())),
                door(&romeo, &offer, &throttle, &[]),
            )
            .await;
        assert!(matches!(answer, Answer::Failure(_)));
    }
}

/// XEP-0178 §2: one address, several, none.
#[tokio::test]
async fn certificates_say_who_their_holder_is() {
    let romeo = romeo();
    let (offer, throttle) = (offer(), throttle());
    let own = [jid("romeo@example.org")];
    let two = [jid("romeo@example.org"), jid("juliet@example.org")];
    let elsewhere = [jid("romeo@example.net")];
    let unknown = [jid("juliet@example.org")];
    for (certificate, message, outcome) in [
        (&own[..], "", Ok(())),
        (&own, "romeo@example.org", Ok(())),
        (&two, "romeo@example.org", Ok(())),
        (
            &own,
            "juliet@example.org",
            Err(SaslCondition::InvalidAuthzid),
        ),
        (
            &own,
            "romeo@example.org/x",
            Err(SaslCondition::InvalidAuthzid),
        ),
        (&two, "", Err(SaslCondition::InvalidAuthzid)),
        (&elsewhere, "", Err(SaslCondition::InvalidAuthzid)),
        (&[], "romeo@example.org", Err(SaslCondition::InvalidAuthzid)),
        (&unknown, "", Err(SaslCondition::NotAuthorized)),
    ] {
        let message = Zeroizing::new(message.as_bytes().to_vec());
        let door = door(&romeo, &offer, &throttle, certificate);
        let answer = Exchange::new(Mechanism::External)
            .step(Some(message), door)
            .await;
        let reached = match answer {
            Answer::Success { account, .. } if account == own[0] => Ok(()),
            Answer::Failure(condition) => Err(condition),
            other => panic!("{other:?}"),
        };
        assert_eq!(reached, outcome, "{certificate:?}");
    }
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
        "[ny],(a=[a-z@.]{0,12})?,\u{1}(auth=Bearer [a-z]{0,6}\u{1})?\u{1}?".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is sent: the exchange ends, nothing panics, nobody gets in.
    #[test]
    fn nobody_gets_in_by_accident(
        mechanism in 0..8usize,
        messages in prop::collection::vec(prop::option::weighted(0.9, message()), 1..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let romeo = Romeo(AccountKeys::default());
            let (offer, throttle) = (offer(), throttle());
            // PLAIN costs milliseconds a try, and ANONYMOUS lets everybody in: see the tests of their messages.
            let mut exchange = Exchange::new(Mechanism::ALL[mechanism]);
            for message in messages {
                let door = door(&romeo, &offer, &throttle, &[]);
                match exchange.step(message.map(Zeroizing::new), door).await {
                    Answer::Challenge(_) => {}
                    Answer::Failure(_) => return,
                    Answer::Success { .. } => panic!("somebody got in"),
                }
            }
        });
    }
}
