//! Finding a domain's server (RFC 6120 §3.2, XEP-0368).

use std::net::IpAddr;

use hickory_resolver::TokioResolver;
use sestina_wire::clock::Random;
use tracing::debug;

use crate::client::ConnectError;
use crate::client::eyeballs::unbracketed;
use crate::srv::{self, Candidate, Found};

/// The port of a server that no SRV record names.
const PORT: u16 = 5222;

/// Where to try, in this order.
pub(super) async fn candidates(
    domain: &str,
    random: &dyn Random,
) -> Result<Vec<Candidate>, ConnectError> {
    let itself = || vec![Candidate::new(domain.to_owned(), PORT, false)];
    if unbracketed(domain).parse::<IpAddr>().is_ok() {
        return Ok(itself());
    }
    let resolver = match TokioResolver::builder_tokio().and_then(|builder| builder.build()) {
        Ok(resolver) => resolver,
        Err(error) => {
            debug!(%error, "nobody to ask for service records");
            return Ok(itself());
        }
    };
    match srv::look_up(&resolver, "_xmpp-client", "_xmpps-client", domain, random).await {
        Found::Nothing => Ok(itself()),
        Found::NoService => Err(ConnectError::NoService(domain.to_owned())),
        Found::Candidates(candidates) => Ok(candidates),
    }
}

#[cfg(test)]
mod tests {
    use sestina_wire::clock::SeededRandom;

    use super::*;

    #[tokio::test]
    async fn an_address_is_its_own_server() {
        let random = SeededRandom::new(1);
        for address in ["127.0.0.1", "[::1]"] {
            let candidates = candidates(address, &random).await.unwrap();
            assert_eq!(
                candidates,
                [Candidate::new(address.to_owned(), PORT, false)]
            );
        }
    }
}
