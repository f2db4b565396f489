//! A client of one of the accounts of a server.

use sestina::client::{Client, ClientConfig, ConnectError, Events};
use sestina::session::tls::Trust;
use sestina_interop::peer::Peer;

/// Logs in to one of the accounts of a server.
pub(crate) async fn connect(
    peer: &Peer,
    index: usize,
    resource: &str,
) -> Result<(Client, Events), ConnectError> {
    let jid = format!("{}/{resource}", peer.jid(index));
    let config = ClientConfig::new(&jid, peer.accounts[index].password.clone())
        .unwrap()
        .server("127.0.0.1", peer.port)
        .trust(Trust::only_added().file(&peer.certificate).unwrap())
        .reconnect(None);
    Client::connect(config).await
}
