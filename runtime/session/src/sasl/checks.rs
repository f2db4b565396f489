//! What must hold for any bytes in the messages of SASL: for property tests and fuzzing.

#![allow(clippy::expect_used, reason = "that is how a check fails")]

use sestina_storage::Secret;

use crate::sasl::scram::{self, ClientFirst, ServerFirst};
use crate::sasl::{Hash, ScramKeys, elements, identity, token};

const DOMAIN: &str = "sestina.example";
const SALTED: &[u8] = b"the salted password of somebody!";

/// Reads any bytes as each message of each mechanism, in the places that both sides have for it. Nobody is let in by
/// bytes that prove nothing, and a message that is read says the same when it is written.
///
/// # Panics
/// When that does not hold.
pub fn messages(bytes: &[u8]) {
    let _ = token::split(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let _ = identity::plain(text, DOMAIN);
    let _ = identity::bearer(text);
    if let Ok(Some(data)) = elements::data(text)
        && !data.is_empty()
    {
        assert_eq!(&*elements::text(&data), text, "base64 has one form");
    }
    if let Ok(first) = ClientFirst::read(text) {
        assert_eq!(first.message(), text);
        let _ = identity::identity(first.name.clone(), first.authzid.as_deref(), DOMAIN);
        let again = ClientFirst::new(first.flag.clone(), &first.name, first.nonce.clone());
        let read = ClientFirst::read(&again.message()).expect("what is written is read");
        assert_eq!(
            (&read.flag, &read.name, &read.nonce),
            (&first.flag, &first.name, &first.nonce)
        );
        logs_in(first);
    }
    for hash in Hash::ALL {
        let client = ClientFirst::new(
            scram::Flag::Cannot,
            "laura",
            "fyko+d2lbbFgONRv9qkxdawL".to_owned(),
        );
        let Some(server) = ServerFirst::read(text) else {
            break;
        };
        if let Some((_, unproven)) = scram::client_final(hash, &client, &server, text, SALTED, b"")
        {
            assert!(!unproven.is_proof(bytes), "a first message proves nothing");
        }
    }
    // As the last messages of both sides.
    let (server, _) = begun(ClientFirst::new(
        scram::Flag::Cannot,
        "laura",
        "fyko+d2lbbFgONRv9qkxdawL".to_owned(),
    ));
    assert!(
        server.finish(text).is_err(),
        "nobody is let in without a proof"
    );
}

/// A server that has answered the first message of a client, and what that client then says.
fn begun(first: ClientFirst) -> (scram::Server, Option<(String, scram::Unproven)>) {
    let hash = Hash::Sha256;
    let client_key = hash.hmac(SALTED, &[b"Client Key"]);
    let keys = ScramKeys {
        iterations: 4096,
        salt: b"salt".to_vec(),
        stored_key: Secret::new(hash.digest(&client_key)),
        server_key: Secret::new(hash.hmac(SALTED, &[b"Server Key"])),
    };
    let server = scram::Server::new(
        hash,
        first.clone(),
        keys,
        "3rfcNHYJY1ZVvWVs7j",
        Vec::new(),
        None,
    );
    let message = server.message().to_owned();
    let said = ServerFirst::read(&message);
    let last =
        said.and_then(|said| scram::client_final(hash, &first, &said, &message, SALTED, b""));
    (server, last)
}

/// Whoever begins so and knows the password is let in, and only with every octet of the last message.
fn logs_in(first: ClientFirst) {
    let (server, last) = begun(first.clone());
    let (message, unproven) = last.expect("a server of ours is understood");
    let proof = server.finish(&message).expect("who knows the password");
    assert!(unproven.is_proof(proof.as_bytes()));
    let other = message.replacen(",r=", ",r=x", 1);
    assert!(begun(first).0.finish(&other).is_err(), "another nonce");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            super::messages(&bytes);
        }

        #[test]
        fn nearly_messages(
            parts in prop::collection::vec(
                prop_oneof![
                    Just("n"), Just("y"), Just("p=tls-exporter"), Just(","), Just("a=laura"), Just("n=laura"), Just("n=a=2Cb"),
                    Just("=3D"), Just("="), Just("r=fyko+d2lbbFgONRv9qkxdawL"), Just("s=c2FsdA=="), Just("i=4096"),
                    Just("h=x"), Just("m=x"), Just("c=biws"), Just("p="), Just("v="), Just("AAAA"), Just("\0"),
                ],
                0..12,
            )
        ) {
            super::messages(parts.concat().as_bytes());
        }
    }

    #[test]
    fn some_are_messages() {
        for message in [
            "n,,n=laura,r=abc",
            "y,a=laura,n=la=2Cura,r=abc,x=y",
            "p=tls-exporter,,n=laura,r=abc",
        ] {
            super::messages(message.as_bytes());
        }
    }
}
