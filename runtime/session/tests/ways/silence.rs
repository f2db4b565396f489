//! Clients of which nothing is heard (RFC 6120 §4.6).

use std::time::{Duration, Instant};

use sestina_session::server::{Server, ServerLimits};
use sestina_session::testing::Conversation;

use super::host;

const IDLE: Duration = Duration::from_secs(1);
const PING: &str = "<iq type='get' from='a.example'><ping xmlns='urn:xmpp:ping'/></iq>";

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_client_is_asked_and_a_vanished_one_let_go() {
    let mut limits = ServerLimits::default();
    limits.timeouts.idle = IDLE;
    limits.timeouts.answer = IDLE;
    let server = Server::builder()
        .host(host("a.example").await)
        .require_tls(false)
        .limits(limits)
        .start()
        .await
        .unwrap();
    let mut romeo = Conversation::login(&server, "romeo@a.example/x", "secret").await;
    let mut juliet = Conversation::login(&server, "juliet@a.example/y", "secret").await;
    // White space is a sign of life, also where nothing was asked (RFC 6120 §4.6.1).
    let talks = tokio::spawn(async move {
        let begun = Instant::now();
        while begun.elapsed() < 4 * IDLE {
            juliet.send(" ").await;
            tokio::time::sleep(IDLE / 5).await;
        }
        juliet.settle().await;
    });
    let asked = romeo.expect(PING).await;
    let id = asked.root().attr("id").unwrap();
    romeo
        .send(&format!("<iq type='result' id='{id}' to='a.example'/>"))
        .await;
    let answered = Instant::now();
    romeo.expect(PING).await;
    assert!(answered.elapsed() >= IDLE);
    romeo.expect_stream_error("connection-timeout").await;
    talks.await.unwrap();
}
