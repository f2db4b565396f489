//! A storage that is gone for a while: whoever needs it is told to try again, and nobody waits.

use std::sync::Arc;

use sestina_storage::Storage;
use sestina_storage::memory::Memory;

use super::{Changes, STANZAS, login, server_with};

#[tokio::test]
async fn without_storage_everybody_is_told_to_wait() {
    let memory = Arc::new(Memory::new());
    let server = server_with(Changes::default(), Storage::new(memory.clone())).await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let later = |start: &str| {
        format!(
            "<{start}><error type='wait'><resource-constraint xmlns='{STANZAS}'/></error></{}>",
            &start[..start.find(' ').unwrap()]
        )
    };
    let roster = "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>";
    let change = "<iq type='set' id='2'><query xmlns='jabber:iq:roster'><item jid='arnaut@a.example'/></query></iq>";
    let message = "<message to='arnaut@a.example' type='chat' id='3'><body>lost?</body></message>";
    // The roster of who is online is at hand, once it was needed.
    laura.send(roster).await;
    laura.expect("<iq type='result' id='1'/>").await;
    memory.set_unavailable(true);
    laura.send(roster).await;
    laura.expect("<iq type='result' id='1'/>").await;
    laura.send(change).await;
    laura.expect(&later("iq type='error' id='2'")).await;
    laura.send(message).await;
    laura.expect(&later("message type='error' id='3'")).await;
    // What needs no storage goes on.
    laura
        .send("<iq type='get' id='4'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    laura.expect("<iq type='result' id='4'/>").await;

    memory.set_unavailable(false);
    laura.send(roster).await;
    laura.expect("<iq type='result' id='1'/>").await;
    laura.send(message).await;
    laura.expect_nothing().await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    arnaut.send("<presence/>").await;
    arnaut
        .expect("<presence from='arnaut@a.example/study'/>")
        .await;
    arnaut
        .expect("<message id='3'><body>lost?</body></message>")
        .await;
    arnaut.expect_nothing().await;
}
