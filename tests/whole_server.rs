//! The profile of the server as a whole: what holds only when all plugins are there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use sestina::profiles;
use sestina::server::{HostConfig, Server};
use sestina::session::accounts::{Accounts, MemoryAccounts};
use sestina::storage::Storage;
use sestina::wire::Kind;
use sestina::wire::clock::SystemRandom;

/// One plugin that does not say what it lets pass would send each delivery in a room the long way, and nobody would notice but for
/// the time it takes.
#[tokio::test]
async fn what_services_tell_many_goes_straight_into_their_queues() {
    let accounts = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    let settings = profiles::server::Settings::default();
    let host = HostConfig::new("a.example", Storage::memory(), accounts)
        .unwrap()
        .plugins(move |host| profiles::server::plugins(&settings, host));
    let server = Server::builder().host(host).start().await.unwrap();
    let host = server.host("a.example").unwrap();
    assert!(host.spreads(Kind::Message), "messages");
    assert!(host.spreads(Kind::Presence), "presence");
    server.shutdown().await;
}
