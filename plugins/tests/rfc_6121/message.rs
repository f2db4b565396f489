//! Where messages go (§8).

use sestina_session::testing::Conversation;

use crate::{login, server};

#[tokio::test]
async fn messages_go_where_section_8_says() {
    let server = server().await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let present = |priority: i8| format!("<presence><priority>{priority}</priority></presence>");
    let mut high = login(&server, "juliet@a.example/high").await;
    high.send(&present(5)).await;
    high.expect("<presence/>").await;
    let mut low = login(&server, "juliet@a.example/low").await;
    low.send(&present(1)).await;
    low.expect_all(&["<presence/>", "<presence/>"]).await;
    high.expect("<presence/>").await;
    let mut negative = login(&server, "juliet@a.example/negative").await;
    negative.send(&present(-1)).await;
    negative
        .expect_all(&["<presence/>", "<presence/>", "<presence/>"])
        .await;
    high.expect("<presence/>").await;
    low.expect("<presence/>").await;
    let mut silent = login(&server, "juliet@a.example/silent").await;
    let message = |type_: &str, to: &str| {
        format!("<message id='1' type='{type_}' to='{to}'><body>?</body></message>")
    };
    let unavailable = "<message type='error' id='1'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";

    // To the account: the most available session; a headline to all that are not negative.
    for type_ in ["normal", "chat"] {
        romeo.send(&message(type_, "juliet@a.example")).await;
        high.expect("<message><body>?</body></message>").await;
    }
    romeo.send(&message("headline", "juliet@a.example")).await;
    high.expect("<message type='headline'/>").await;
    low.expect("<message type='headline'/>").await;
    romeo.send(&message("groupchat", "juliet@a.example")).await;
    romeo.expect(unavailable).await;
    romeo.send(&message("error", "juliet@a.example")).await;

    // To a session: that one, whatever its priority.
    for type_ in ["normal", "chat", "headline", "groupchat", "error"] {
        for (session, name) in [(&mut negative, "negative"), (&mut silent, "silent")] {
            romeo
                .send(&message(type_, &format!("juliet@a.example/{name}")))
                .await;
            session
                .expect("<message from='romeo@a.example/orchard'><body>?</body></message>")
                .await;
        }
    }
    // To a session that is gone: a chat goes on with the account.
    romeo.send(&message("chat", "juliet@a.example/gone")).await;
    high.expect("<message type='chat' to='juliet@a.example/gone'/>")
        .await;
    for type_ in ["normal", "groupchat"] {
        romeo.send(&message(type_, "juliet@a.example/gone")).await;
        romeo.expect(unavailable).await;
    }
    for type_ in ["headline", "error"] {
        romeo.send(&message(type_, "juliet@a.example/gone")).await;
    }
    romeo.expect_nothing().await;

    // With negative sessions only, nobody takes it; nor where there is no such account.
    high.close().await;
    low.expect("<presence type='unavailable'/>").await;
    low.close().await;
    for to in ["juliet@a.example", "nobody@a.example", "nobody@a.example/x"] {
        romeo.send(&message("chat", to)).await;
        romeo.expect(unavailable).await;
    }
    negative
        .expect_all(&[
            "<presence type='unavailable'/>",
            "<presence type='unavailable'/>",
        ])
        .await;
    negative.expect_nothing().await;
    silent.expect_nothing().await;
}

/// The language of a stream goes along with what is said on it (RFC 6120 §4.7.4); what names its own keeps that.
#[tokio::test]
async fn what_is_said_is_in_the_language_of_its_stream() {
    let server = server().await;
    let romeo = "romeo@a.example/orchard";
    let mut romeo = Conversation::login_speaking(&server, romeo, "secret", Some("it")).await;
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    for (said, heard) in [("", "it"), ("xml:lang='de'", "de")] {
        romeo
            .send(&format!(
                "<message to='juliet@a.example/balcony' type='chat' {said}><body>?</body></message>"
            ))
            .await;
        let message = juliet
            .expect("<message type='chat'><body>?</body></message>")
            .await;
        assert_eq!(message.root().attr("xml:lang").as_deref(), Some(heard));
    }
    juliet
        .send("<message to='romeo@a.example/orchard' type='chat'><body>?</body></message>")
        .await;
    let message = romeo
        .expect("<message type='chat'><body>?</body></message>")
        .await;
    assert_eq!(message.root().attr("xml:lang"), None);
}
