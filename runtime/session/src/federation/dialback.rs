//! The keys of server dialback (XEP-0220), made as XEP-0185 says: from a secret and the stream, so that checking one needs
//! no memory of having made it.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sestina_storage::Secret;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Makes and checks the keys of this server.
pub(super) struct Keys(Secret<String>);

impl Keys {
    /// From the secret that all nodes of a server share.
    pub(super) fn new(secret: &str) -> Keys {
        Keys(Secret::new(hex(&Sha256::digest(secret))))
    }

    /// The key with which `originating`, a domain of ours, proves itself to `receiving` on the stream of this id.
    pub(super) fn key(&self, receiving: &str, originating: &str, stream: &str) -> String {
        match Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes()) {
            Ok(mut mac) => {
                for part in [receiving, " ", originating, " ", stream] {
                    mac.update(part.as_bytes());
                }
                hex(&mac.finalize().into_bytes())
            }
            // A key of any length is taken.
            Err(_) => String::new(),
        }
    }

    /// Whether this is that key, in a time that does not depend on the answer.
    pub(super) fn check(
        &self,
        key: &str,
        receiving: &str,
        originating: &str,
        stream: &str,
    ) -> bool {
        let wanted = self.key(receiving, originating, stream);
        !wanted.is_empty() && bool::from(wanted.as_bytes().ct_eq(key.as_bytes()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_specification() {
        let keys = Keys::new("s3cr3tf0rd14lb4ck");
        let key = keys.key("xmpp.example.com", "example.org", "D60000229F");
        assert_eq!(
            key,
            "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643"
        );
        assert!(keys.check(&key, "xmpp.example.com", "example.org", "D60000229F"));
        assert!(!keys.check(&key, "xmpp.example.com", "example.org", "D60000229E"));
        assert!(!keys.check(&key, "example.org", "xmpp.example.com", "D60000229F"));
        assert!(!keys.check("", "xmpp.example.com", "example.org", "D60000229F"));
        assert!(!Keys::new("another").check(&key, "xmpp.example.com", "example.org", "D60000229F"));
    }
}
