//! The accepting side against a client of somebody else's: `rsasl`. It drops what XEP-0474 adds to a server's first
//! message, so the offer is not protected here.

use rsasl::prelude::{Mechname, SASLClient, SASLConfig, State};

use super::*;

/// Lets rsasl log in; what the server says, and what rsasl thinks of the server's last word.
async fn log_in(mechanism: Mechanism, password: &str) -> (Answer, bool) {
    let config = SASLConfig::with_credentials(None, "romeo".into(), password.into()).unwrap();
    let name = Mechname::parse(mechanism.name().as_bytes()).unwrap();
    let mut client = SASLClient::new(config).start_suggested(&[name]).unwrap();
    let offer = Offer {
        protects: false,
        ..offer()
    };
    let (romeo, throttle) = (romeo(), throttle());
    let mut server = Exchange::new(mechanism);
    let mut message = Vec::new();
    let mut ended = matches!(client.step(None, &mut message), Ok(State::Finished(_)));
    loop {
        let answer = server
            .step(
                Some(Zeroizing::new(message.clone())),
                door(&romeo, &offer, &throttle, &[]),
            )
            .await;
        let said = match &answer {
            Answer::Challenge(data) => data.clone(),
            Answer::Success {
                data: Some(data), ..
            } if !ended => data.clone(),
            _ => return (answer, ended),
        };
        message.clear();
        let stepped = client.step(Some(&said), &mut message);
        ended = matches!(stepped, Ok(State::Finished(_)));
        if !matches!(answer, Answer::Challenge(_)) {
            return (answer, ended);
        }
    }
}

#[tokio::test]
async fn rsasl_logs_in() {
    for mechanism in [
        Mechanism::ScramSha1,
        Mechanism::ScramSha256,
        Mechanism::ScramSha512,
        Mechanism::Plain,
    ] {
        let (answer, believed) = log_in(mechanism, "montague").await;
        assert!(
            matches!(&answer, Answer::Success { account, .. } if account.as_str() == "romeo@example.org"),
            "{}: {answer:?}",
            mechanism.name()
        );
        assert!(
            believed,
            "{}: the server has proved itself",
            mechanism.name()
        );
        let (answer, _) = log_in(mechanism, "capulet").await;
        assert!(matches!(
            answer,
            Answer::Failure(SaslCondition::NotAuthorized)
        ));
    }
}
