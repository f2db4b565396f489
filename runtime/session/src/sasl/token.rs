//! The mechanisms that take tokens in place of passwords: HT-SHA-256 (draft-schmaus-kitten-sasl-ht).

use subtle::ConstantTimeEq as _;

use crate::sasl::{Bindings, ChannelBinding, Hash};

/// A mechanism that takes a token, by what its proof is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashedToken {
    /// To keying material of TLS 1.3.
    Exporter,
    /// To the server's certificate.
    ServerEndPoint,
    /// To nothing.
    Unbound,
}

impl HashedToken {
    /// All of them, the strongest first.
    pub const ALL: [HashedToken; 3] = [
        HashedToken::Exporter,
        HashedToken::ServerEndPoint,
        HashedToken::Unbound,
    ];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            HashedToken::Exporter => "HT-SHA-256-EXPR",
            HashedToken::ServerEndPoint => "HT-SHA-256-ENDP",
            HashedToken::Unbound => "HT-SHA-256-NONE",
        }
    }

    /// The mechanism of this name.
    pub fn from_name(name: &str) -> Option<HashedToken> {
        HashedToken::ALL
            .into_iter()
            .find(|mechanism| mechanism.name() == name)
    }

    /// The data that its proof is bound to; `None` where the channel has none.
    pub fn binding(self, bindings: &Bindings) -> Option<&[u8]> {
        match self {
            HashedToken::Exporter => bindings.get(ChannelBinding::Exporter),
            HashedToken::ServerEndPoint => bindings.get(ChannelBinding::ServerEndPoint),
            HashedToken::Unbound => Some(&[]),
        }
    }
}

/// What a client computes from a token.
pub fn initiator_proof(token: &str, binding: &[u8]) -> Vec<u8> {
    Hash::Sha256.hmac(token.as_bytes(), &[b"Initiator", binding])
}

/// What the server computes from it, to show that it knows the token as well.
pub fn responder_proof(token: &str, binding: &[u8]) -> Vec<u8> {
    Hash::Sha256.hmac(token.as_bytes(), &[b"Responder", binding])
}

/// Whether two proofs are the same, in a time that does not tell where they differ.
pub fn same_proof(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// The message of a client: `authcid NUL proof`.
pub(crate) fn split(message: &[u8]) -> Option<(&str, &[u8])> {
    let end = message.iter().position(|&byte| byte == 0)?;
    let (name, rest) = message.split_at_checked(end)?;
    let name = std::str::from_utf8(name).ok()?;
    let proof = rest.get(1..)?;
    (!name.is_empty() && proof.len() == Hash::Sha256.size()).then_some((name, proof))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_their_form() {
        let mut message = b"romeo\0".to_vec();
        message.extend([0; 32]);
        assert_eq!(split(&message), Some(("romeo", &[0; 32][..])));
        for wrong in [
            &b""[..],
            b"\0",
            b"romeo",
            b"romeo\0",
            b"romeo\0abc",
            b"\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            b"\xff\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert_eq!(split(wrong), None);
        }
    }

    #[test]
    fn proofs_depend_on_all_of_it() {
        let proof = initiator_proof("token", b"channel");
        assert!(same_proof(&proof, &initiator_proof("token", b"channel")));
        for other in [
            initiator_proof("tokem", b"channel"),
            initiator_proof("token", b"another"),
            responder_proof("token", b"channel"),
        ] {
            assert!(!same_proof(&proof, &other));
        }
    }
}
