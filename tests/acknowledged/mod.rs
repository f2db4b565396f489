//! What a server has acknowledged is heard: all of it, each once.

mod connect;

use std::collections::HashSet;
use std::time::Duration;

use sestina::client::Event;
use sestina::types::rfc_6121::client::Body;
use sestina_interop::peer::Peer;

pub(crate) use connect::connect;

/// The second account, who was away, comes and gets every message that was acknowledged, and none twice.
pub(crate) async fn all_are_heard(peer: &Peer, acknowledged: &HashSet<String>) {
    let (client, mut events) = connect(peer, 1, "home").await.unwrap();
    client.presence().available().await.unwrap();
    let mut heard = HashSet::new();
    while !acknowledged.is_subset(&heard) {
        let event = tokio::time::timeout(Duration::from_secs(20), events.next()).await;
        let missing = acknowledged.difference(&heard).count();
        let event = event.unwrap_or_else(|_| panic!("{missing} acknowledged messages are lost"));
        if let Event::Message(message) = event.expect("the session goes on")
            && let Some(Ok(body)) = message.decode::<Body>()
        {
            let text = body.text.to_string();
            assert!(heard.insert(text.clone()), "{text} comes twice");
        }
    }
    client.close().await;
}
