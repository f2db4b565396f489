//! SCRAM-SHA-256 as a client computes it (RFC 5802). Not our own client's, so that a mistake made on both sides does not
//! cancel out.

use std::io;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// What of a password can be kept from one login to the next, as clients do (RFC 5802 §3).
#[derive(Clone, Debug, Default)]
pub struct Salted(Option<(Vec<u8>, u32, [u8; 32])>);

impl Salted {
    /// What a client has kept of an earlier login.
    pub fn of(password: &str, salt: &[u8], rounds: u32) -> Salted {
        let salted = pbkdf2::pbkdf2_array::<Hmac<Sha256>, 32>(password.as_bytes(), salt, rounds);
        // HMAC takes passwords of every length; a client that knows nothing computes it itself.
        Salted(salted.ok().map(|salted| (salt.to_vec(), rounds, salted)))
    }
}

/// What a server keeps of a password (RFC 5802 §3).
#[derive(Clone, Debug)]
pub struct Keys {
    /// `H(ClientKey)`.
    pub stored: Vec<u8>,
    /// For the server's own proof.
    pub server: Vec<u8>,
}

/// The keys of a password.
///
/// # Errors
/// None that ever occurs: HMAC takes keys of every length.
pub fn keys(password: &str, salt: &[u8], rounds: u32) -> io::Result<Keys> {
    let mut salted = [0; 32];
    pbkdf2::pbkdf2::<Hmac<Sha256>>(password.as_bytes(), salt, rounds, &mut salted)
        .map_err(io::Error::other)?;
    Ok(Keys {
        stored: Sha256::digest(hmac(&salted, b"Client Key")?).to_vec(),
        server: hmac(&salted, b"Server Key")?,
    })
}

/// The client's first message, without the header of the exchange.
pub fn first(user: &str) -> String {
    format!("n={user},r={user}-8oLPVkGq1xR7")
}

/// The client's last message, in answer to the server's.
///
/// # Errors
/// When the server's message lacks something.
pub fn last(
    first: &str,
    challenge: &str,
    password: &str,
    known: &mut Salted,
) -> io::Result<String> {
    let field = |name: &str| {
        let found = challenge
            .split(',')
            .find_map(|part| part.strip_prefix(name));
        found.ok_or_else(|| io::Error::other(format!("no {name} in the challenge")))
    };
    let salt = BASE64_STANDARD
        .decode(field("s=")?)
        .map_err(io::Error::other)?;
    let rounds: u32 = field("i=")?.parse().map_err(io::Error::other)?;
    let salted = match &known.0 {
        Some((old, times, salted)) if *old == salt && *times == rounds => *salted,
        _ => {
            let mut salted = [0; 32];
            pbkdf2::pbkdf2::<Hmac<Sha256>>(password.as_bytes(), &salt, rounds, &mut salted)
                .map_err(io::Error::other)?;
            known.0 = Some((salt, rounds, salted));
            salted
        }
    };
    let without_proof = format!("c=biws,r={}", field("r=")?);
    let client_key = hmac(&salted, b"Client Key")?;
    let signature = hmac(
        &Sha256::digest(&client_key),
        format!("{first},{challenge},{without_proof}").as_bytes(),
    )?;
    let proof: Vec<u8> = client_key
        .iter()
        .zip(&signature)
        .map(|(a, b)| a ^ b)
        .collect();
    Ok(format!(
        "{without_proof},p={}",
        BASE64_STANDARD.encode(proof)
    ))
}

fn hmac(key: &[u8], text: &[u8]) -> io::Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(io::Error::other)?;
    mac.update(text);
    Ok(mac.finalize().into_bytes().to_vec())
}
