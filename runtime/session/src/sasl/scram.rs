//! SCRAM (RFC 5802) for both sides: its messages, and what each side computes from them.
//!
//! Written here rather than taken from a library, because the libraries drop the attributes that XEP-0474 needs and
//! know no upgrade of keys (XEP-0480). It is pure: no I/O, no clock, no randomness of its own.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::sasl::{Hash, SaslCondition, ScramKeys};

/// What a client says about channel binding (RFC 5802 §7, `gs2-cbind-flag`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flag {
    /// `n`: it cannot.
    Cannot,
    /// `y`: it could, and thinks that the server cannot.
    NotOffered,
    /// `p=`: it does, with this type.
    Binds(String),
}

/// The first message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientFirst {
    /// About channel binding.
    pub flag: Flag,
    /// Whom the client wants to act as.
    pub authzid: Option<String>,
    /// The name, unescaped.
    pub name: String,
    /// The client's part of the nonce.
    pub nonce: String,
    /// `gs2-header`, as it came.
    header: String,
    /// `client-first-message-bare`, as it came.
    bare: String,
}

impl ClientFirst {
    /// Reads `flag,[a=authzid],n=name,r=nonce[,extensions]`.
    ///
    /// # Errors
    /// `malformed-request`.
    pub(crate) fn read(message: &str) -> Result<ClientFirst, SaslCondition> {
        let malformed = SaslCondition::MalformedRequest;
        let mut parts = message.splitn(3, ',');
        let (flag, authzid, bare) = match (parts.next(), parts.next(), parts.next()) {
            (Some(flag), Some(authzid), Some(bare)) => (flag, authzid, bare),
            _ => return Err(malformed),
        };
        let header = format!("{flag},{authzid},");
        let flag = match flag {
            "n" => Flag::Cannot,
            "y" => Flag::NotOffered,
            other => match other.strip_prefix("p=") {
                Some(name) if is_binding_name(name) => Flag::Binds(name.to_owned()),
                _ => return Err(malformed),
            },
        };
        let authzid = match authzid {
            "" => None,
            part => Some(unescape(part.strip_prefix("a=").ok_or(malformed)?)?),
        };
        let mut parts = bare.split(',');
        // In place of the name a mandatory extension may stand (`m=`); none is known, so it ends the exchange.
        let name = parts.next().and_then(|part| part.strip_prefix("n="));
        let name = unescape(name.ok_or(malformed)?)?;
        let nonce = match parts.next().and_then(|part| part.strip_prefix("r=")) {
            Some(nonce) if is_printable(nonce) => nonce.to_owned(),
            _ => return Err(malformed),
        };
        if name.is_empty() || !parts.all(is_attribute) {
            return Err(malformed);
        }
        Ok(ClientFirst {
            flag,
            authzid,
            name,
            nonce,
            header,
            bare: bare.to_owned(),
        })
    }

    /// The first message of ours, as a client.
    pub(crate) fn new(flag: Flag, name: &str, nonce: String) -> ClientFirst {
        let header = match &flag {
            Flag::Cannot => "n,,".to_owned(),
            Flag::NotOffered => "y,,".to_owned(),
            Flag::Binds(type_) => format!("p={type_},,"),
        };
        let escaped = name.replace('=', "=3D").replace(',', "=2C");
        let bare = format!("n={escaped},r={nonce}");
        ClientFirst {
            flag,
            authzid: None,
            name: name.to_owned(),
            nonce,
            header,
            bare,
        }
    }

    /// As it travels.
    pub(crate) fn message(&self) -> String {
        format!("{}{}", self.header, self.bare)
    }

    /// What `c=` has to say: the header, and the data of the binding after it.
    fn binding(&self, data: &[u8]) -> String {
        let mut bound = self.header.clone().into_bytes();
        bound.extend_from_slice(data);
        BASE64_STANDARD.encode(bound)
    }
}

/// The server between its two messages.
pub(crate) struct Server {
    hash: Hash,
    client: ClientFirst,
    keys: ScramKeys,
    nonce: String,
    first: String,
    /// The data of the channel binding that the client named.
    binding: Zeroizing<Vec<u8>>,
}

impl Server {
    /// Answers the first message. `nonce` is this side's part; `downgrade` the hash of XEP-0474, where it is sent.
    pub(crate) fn new(
        hash: Hash,
        client: ClientFirst,
        keys: ScramKeys,
        nonce: &str,
        binding: Vec<u8>,
        downgrade: Option<String>,
    ) -> Server {
        let nonce = format!("{}{nonce}", client.nonce);
        let mut first = format!(
            "r={nonce},s={},i={}",
            BASE64_STANDARD.encode(&keys.salt),
            keys.iterations
        );
        if let Some(downgrade) = downgrade {
            first.push_str(",h=");
            first.push_str(&downgrade);
        }
        Server {
            hash,
            client,
            keys,
            nonce,
            first,
            binding: Zeroizing::new(binding),
        }
    }

    /// The server's first message.
    pub(crate) fn message(&self) -> &str {
        &self.first
    }

    /// Takes the client's last message; what goes with the success.
    ///
    /// # Errors
    /// `malformed-request`, or `not-authorized`.
    pub(crate) fn finish(self, message: &str) -> Result<String, SaslCondition> {
        let malformed = SaslCondition::MalformedRequest;
        let (without_proof, proof) = message.rsplit_once(",p=").ok_or(malformed)?;
        let proof = BASE64_STANDARD.decode(proof).map_err(|_| malformed)?;
        let mut parts = without_proof.split(',');
        let binding = parts.next().and_then(|part| part.strip_prefix("c="));
        let nonce = parts.next().and_then(|part| part.strip_prefix("r="));
        let (Some(binding), Some(nonce)) = (binding, nonce) else {
            return Err(malformed);
        };
        if !parts.all(is_attribute) {
            return Err(malformed);
        }
        let bound = self.client.binding(&self.binding);
        let same_channel = bound.as_bytes().ct_eq(binding.as_bytes());
        let same_nonce = self.nonce.as_bytes().ct_eq(nonce.as_bytes());
        let auth = format!("{},{},{without_proof}", self.client.bare, self.first);
        let stored = self.keys.stored_key.expose_secret();
        let signature = Zeroizing::new(self.hash.hmac(stored, &[auth.as_bytes()]));
        let client_key = Zeroizing::new(xor(&proof, &signature).unwrap_or_default());
        let proven = self.hash.digest(&client_key).ct_eq(stored);
        if bool::from(proven & same_channel & same_nonce) {
            let server_key = self.keys.server_key.expose_secret();
            let signature = self.hash.hmac(server_key, &[auth.as_bytes()]);
            Ok(format!("v={}", BASE64_STANDARD.encode(signature)))
        } else {
            Err(SaslCondition::NotAuthorized)
        }
    }
}

/// What a server's first message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerFirst {
    nonce: String,
    /// The salt.
    pub salt: Vec<u8>,
    /// Rounds of PBKDF2.
    pub iterations: u32,
    /// The hash over what the server offers (XEP-0474).
    pub downgrade: Option<String>,
}

impl ServerFirst {
    /// Reads `r=nonce,s=salt,i=iterations[,extensions]`; `None` when it is none.
    pub(crate) fn read(message: &str) -> Option<ServerFirst> {
        let mut parts = message.split(',');
        let nonce = parts.next()?.strip_prefix("r=")?.to_owned();
        let salt = parts.next()?.strip_prefix("s=")?;
        let salt = BASE64_STANDARD.decode(salt).ok()?;
        let iterations = parts.next()?.strip_prefix("i=")?.parse().ok()?;
        let mut downgrade = None;
        for part in parts {
            if !is_attribute(part) {
                return None;
            }
            if let Some(hash) = part.strip_prefix("h=") {
                downgrade = Some(hash.to_owned());
            }
        }
        let fits = is_printable(&nonce) && !salt.is_empty();
        fits.then_some(ServerFirst {
            nonce,
            salt,
            iterations,
            downgrade,
        })
    }
}

/// The client between its last message and the server's.
pub(crate) struct Unproven(Vec<u8>);

/// A client's last message, from the salted password that fits the server's first. `None` when the server's nonce does
/// not go on with ours.
pub(crate) fn client_final(
    hash: Hash,
    client: &ClientFirst,
    server: &ServerFirst,
    server_message: &str,
    salted: &[u8],
    binding: &[u8],
) -> Option<(String, Unproven)> {
    let more = server.nonce.strip_prefix(client.nonce.as_str())?;
    if more.is_empty() {
        return None;
    }
    let without_proof = format!("c={},r={}", client.binding(binding), server.nonce);
    let auth = format!("{},{server_message},{without_proof}", client.bare);
    let client_key = Zeroizing::new(hash.hmac(salted, &[b"Client Key"]));
    let stored = Zeroizing::new(hash.digest(&client_key));
    let signature = hash.hmac(&stored, &[auth.as_bytes()]);
    let proof = xor(&client_key, &signature)?;
    let server_key = Zeroizing::new(hash.hmac(salted, &[b"Server Key"]));
    let expected = hash.hmac(&server_key, &[auth.as_bytes()]);
    let message = format!("{without_proof},p={}", BASE64_STANDARD.encode(proof));
    Some((message, Unproven(expected)))
}

impl Unproven {
    /// Whether the server's last message proves that it knows the keys.
    pub(crate) fn is_proof(&self, message: &[u8]) -> bool {
        let verifier = std::str::from_utf8(message)
            .ok()
            .and_then(|message| message.split(',').next()?.strip_prefix("v="))
            .and_then(|verifier| BASE64_STANDARD.decode(verifier).ok());
        verifier.is_some_and(|verifier| bool::from(verifier.ct_eq(&self.0)))
    }
}

/// `None` where the lengths differ.
fn xor(left: &[u8], right: &[u8]) -> Option<Vec<u8>> {
    (left.len() == right.len()).then(|| left.iter().zip(right).map(|(l, r)| l ^ r).collect())
}

/// Undoes the escaping of names: `=2C` is a comma, `=3D` an equals sign, any other `=` an error (RFC 5802 §5.1).
fn unescape(name: &str) -> Result<String, SaslCondition> {
    let mut parts = name.split('=');
    let mut unescaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (character, rest) = if let Some(rest) = part.strip_prefix("2C") {
            (',', rest)
        } else if let Some(rest) = part.strip_prefix("3D") {
            ('=', rest)
        } else {
            return Err(SaslCondition::MalformedRequest);
        };
        unescaped.push(character);
        unescaped.push_str(rest);
    }
    Ok(unescaped)
}

/// `cb-name` (RFC 5802 §7).
fn is_binding_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

/// `printable`: what a nonce is made of; a comma has been split at.
fn is_printable(nonce: &str) -> bool {
    !nonce.is_empty() && nonce.bytes().all(|byte| matches!(byte, 0x21..=0x7e))
}

/// `attr-val`: a letter, an equals sign, and something after it.
fn is_attribute(part: &str) -> bool {
    let mut bytes = part.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && bytes.next() == Some(b'=')
        && bytes.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::keys;

    /// RFC 5802 §5, RFC 7677 §3: user `user`, password `pencil`.
    #[test]
    fn the_exchanges_of_the_rfcs() {
        for (hash, cnonce, snonce, salt, proof, verifier) in [
            (
                Hash::Sha1,
                "fyko+d2lbbFgONRv9qkxdawL",
                "3rfcNHYJY1ZVvWVs7j",
                "QSXCR+Q6sek8bf92",
                "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
                "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
            ),
            (
                Hash::Sha256,
                "rOprNGfwEbeRWgbNEkqO",
                "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
                "W22ZaJ0SNY7soEsUEjb6gQ==",
                "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
            ),
        ] {
            let salt = BASE64_STANDARD.decode(salt).unwrap();
            let client = ClientFirst::new(Flag::Cannot, "user", cnonce.to_owned());
            assert_eq!(client.message(), format!("n,,n=user,r={cnonce}"));
            let read = ClientFirst::read(&client.message()).unwrap();
            assert_eq!(read, client);
            let keys = keys::keys(hash, b"pencil", &salt, 4096);
            let server = Server::new(hash, read, keys, snonce, Vec::new(), None);
            let first = ServerFirst::read(server.message()).unwrap();
            let salted = hash.salted(b"pencil", &first.salt, first.iterations);
            let (last, unproven) =
                client_final(hash, &client, &first, server.message(), &salted, b"").unwrap();
            assert_eq!(last, format!("c=biws,r={cnonce}{snonce},p={proof}"));
            let outcome = server.finish(&last).unwrap();
            assert_eq!(outcome, format!("v={verifier}"));
            assert!(unproven.is_proof(outcome.as_bytes()));
            assert!(
                !unproven.is_proof(b"v=AAAA")
                    && !unproven.is_proof(b"")
                    && !unproven.is_proof(b"e=no")
            );
        }
    }

    /// The example of XEP-0474 §5.3 has the attribute `h`, and one of the client's that nobody knows.
    #[test]
    fn unknown_attributes_are_part_of_what_is_signed() {
        let salt = BASE64_STANDARD.decode("QSXCR+Q6sek8bf92").unwrap();
        let first = "p=tls-exporter,,n=user,r=12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6";
        let server = Server::new(
            Hash::Sha1,
            ClientFirst::read(first).unwrap(),
            keys::keys(Hash::Sha1, b"pencil", &salt, 4096),
            "a09117a6-ac50-4f2f-93f1-93799c2bddf6",
            b"THIS IS FAKE CB DATA".to_vec(),
            Some("G6k/rBLDqgOhRRaCuuatSDFkJ08=".to_owned()),
        );
        assert_eq!(
            server.message(),
            "r=12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6a09117a6-ac50-4f2f-93f1-93799c2bddf6,\
             s=QSXCR+Q6sek8bf92,i=4096,h=G6k/rBLDqgOhRRaCuuatSDFkJ08="
        );
        let last = "c=cD10bHMtZXhwb3J0ZXIsLFRISVMgSVMgRkFLRSBDQiBEQVRB,\
             r=12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6a09117a6-ac50-4f2f-93f1-93799c2bddf6,\
             x=19C6532F-1CF4-4A27-A18D-DC9CEA41BBB3,p=M/SIDjT+dfcxUh89jZEypRvFxB4=";
        assert_eq!(
            server.finish(last),
            Ok("v=MQrMPvv7yv4x4Cq4W4Ih25EqS2c=".to_owned())
        );
    }

    #[test]
    fn first_messages_have_their_form() {
        let name = |message: &str| ClientFirst::read(message).map(|first| first.name);
        assert_eq!(name("n,,n=romeo,r=abc"), Ok("romeo".to_owned()));
        assert_eq!(
            name("y,,n=a=2Cb=3Dc,r=abc,x=ignored"),
            Ok("a,b=c".to_owned())
        );
        for message in [
            "",
            "n",
            "n,",
            "n,,",
            "n,,n=,r=abc",
            "n,,n=romeo",
            "n,,n=romeo,r=",
            "n,,n=romeo,r=a\u{e9}",
            "n,,n=romeo,r=abc,",
            "n,,n=romeo,r=abc,x",
            "n,,n=romeo,r=abc,x=",
            "n,,n=a=2cb,r=abc",
            "n,,m=x,n=romeo,r=abc",
            "p=,,n=romeo,r=abc",
            "p=a b,,n=romeo,r=abc",
            "x,,n=romeo,r=abc",
            "n,b,n=romeo,r=abc",
        ] {
            assert_eq!(
                name(message),
                Err(SaslCondition::MalformedRequest),
                "{message}"
            );
        }
    }

    #[test]
    fn later_messages_have_their_form() {
        let server = |()| {
            let keys = keys::keys(Hash::Sha256, b"pencil", b"salt", 1);
            let first = ClientFirst::read("n,,n=romeo,r=abc").unwrap();
            Server::new(Hash::Sha256, first, keys, "def", Vec::new(), None)
        };
        for message in [
            "",
            ",",
            "c",
            "c=biws",
            "c=biws,r=abcdef",
            "c=biws,r=abcdef,p",
            "c=biws,r=abcdef,p=*",
            "c=biws,r=abcdef,,p=x",
            "r=abcdef,c=biws,p=",
            "c=biws,p=",
            "c=biws,r=abcdef,p=AAAA,y=z",
        ] {
            assert_eq!(
                server(()).finish(message),
                Err(SaslCondition::MalformedRequest),
                "{message}"
            );
        }
        for message in [
            "c=biws,r=abcdef,p=",
            "c=biws,r=abcdef,p=AAAA",
            "c=biws,r=abc,p=AAAA",
            "c=eSws,r=abcdef,p=AAAA",
        ] {
            assert_eq!(
                server(()).finish(message),
                Err(SaslCondition::NotAuthorized),
                "{message}"
            );
        }
        let first = ServerFirst::read("r=abc,s=c2FsdA==,i=4096,x=y,h=zz").unwrap();
        assert_eq!(
            (first.iterations, first.downgrade.as_deref()),
            (4096, Some("zz"))
        );
        for message in [
            "",
            "r=abc",
            "r=abc,s,i=4096",
            "r=abc,s=,i=4096",
            "r=abc,i=4096,s=x",
            "m=x,r=abc,s=c2FsdA==,i=1",
            "r=a,s=c2FsdA==,i=x",
            "r=a,s=c2FsdA==,i=1,",
            "r=a,s=*,i=1",
        ] {
            assert_eq!(ServerFirst::read(message), None, "{message}");
        }
    }
}
