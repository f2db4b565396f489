//! XEP-0191: blocking.

use sestina_skeletons as skeletons;
use sestina_storage::Storage;

use super::{Changes, STANZAS, ask, available, befriend, error, login, server, server_with};

const BLOCKING: &str = "urn:xmpp:blocking";

fn block(jid: &str) -> String {
    format!("<block xmlns='{BLOCKING}'><item jid='{jid}'/></block>")
}

#[tokio::test]
async fn the_list_is_kept_and_pushed_to_those_who_asked_for_it() {
    let storage = Storage::memory();
    let server = server_with(Changes::default(), storage.clone()).await;
    let mut desk = login(&server, "juliet@a.example/desk").await;
    let mut sofa = login(&server, "juliet@a.example/sofa").await;
    let list = format!("<blocklist xmlns='{BLOCKING}'/>");
    ask(&mut desk, "get", &list, &list).await;

    sofa.send(&format!(
        "<iq type='set' id='1'>{}</iq>",
        block("romeo@montague.example")
    ))
    .await;
    sofa.expect("<iq type='result' id='1'/>").await;
    desk.expect(&format!(
        "<iq type='set' id='*' to='juliet@a.example/desk'>{}</iq>",
        block("romeo@montague.example")
    ))
    .await;
    sofa.expect_nothing().await;
    sofa.send(&format!(
        "<iq type='set' id='2'><block xmlns='{BLOCKING}'/></iq>"
    ))
    .await;
    sofa.expect(&error("2", "bad-request")).await;
    drop((desk, sofa));
    server.shutdown().await;

    let server = server_with(Changes::default(), storage).await;
    let mut desk = login(&server, "juliet@a.example/desk").await;
    let item =
        format!("<blocklist xmlns='{BLOCKING}'><item jid='romeo@montague.example'/></blocklist>");
    ask(&mut desk, "get", &list, &item).await;
    for unblock in [
        format!("<unblock xmlns='{BLOCKING}'><item jid='romeo@montague.example'/></unblock>"),
        format!("<unblock xmlns='{BLOCKING}'/>"),
    ] {
        desk.send(&format!("<iq type='set' id='3'>{unblock}</iq>"))
            .await;
        desk.expect_all(&[
            &format!("<iq type='set' id='*'>{unblock}</iq>"),
            "<iq type='result' id='3'/>",
        ])
        .await;
    }
    ask(&mut desk, "get", &list, &list).await;
}

#[tokio::test]
async fn to_those_it_blocks_an_account_looks_offline() {
    let server = server().await;
    let mut juliet = available(&server, "juliet@a.example/desk").await;
    let mut romeo = available(&server, "romeo@a.example/field").await;
    befriend(
        &mut romeo,
        "romeo@a.example/field",
        &mut juliet,
        "juliet@a.example/desk",
    )
    .await;

    ask(&mut juliet, "set", &block("romeo@a.example"), "").await;
    romeo
        .expect("<presence type='unavailable' from='juliet@a.example/desk'/>")
        .await;
    // Nothing comes in: no message, no request, no presence.
    for to in ["juliet@a.example", "juliet@a.example/desk"] {
        romeo
            .send(&format!(
                "<message to='{to}' type='chat' id='m'><body>hello?</body></message>"
            ))
            .await;
        romeo.expect(&format!("<message type='error' id='m'><error><service-unavailable xmlns='{STANZAS}'/></error></message>")).await;
        romeo
            .send(&format!(
                "<iq to='{to}' type='get' id='i'><ping xmlns='urn:xmpp:ping'/></iq>"
            ))
            .await;
        romeo.expect(&error("i", "service-unavailable")).await;
        for type_ in ["", "type='subscribe'", "type='probe'", "type='unavailable'"] {
            romeo.send(&format!("<presence to='{to}' {type_}/>")).await;
        }
    }
    romeo.expect_nothing().await;
    juliet.expect_nothing().await;
    // Nothing goes out.
    juliet
        .send("<message to='romeo@a.example' id='m'><body>?</body></message>")
        .await;
    juliet
        .expect(&format!(
            "<message type='error' id='m'><error type='cancel'><not-acceptable xmlns='{STANZAS}'/>\
        <blocked xmlns='urn:xmpp:blocking:errors'/></error></message>"
        ))
        .await;
    juliet.send("<presence><show>away</show></presence>").await;
    juliet
        .expect("<presence from='juliet@a.example/desk'/>")
        .await;
    romeo.expect_nothing().await;
    // The server itself and the account stay within reach.
    ask(&mut juliet, "set", &block("a.example"), "").await;
    for to in ["a.example", "juliet@a.example"] {
        juliet
            .send(&format!(
                "<iq to='{to}' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>"
            ))
            .await;
        juliet.expect("<iq type='result' id='p'/>").await;
    }

    ask(
        &mut juliet,
        "set",
        &format!("<unblock xmlns='{BLOCKING}'/>"),
        "",
    )
    .await;
    romeo
        .expect("<presence from='juliet@a.example/desk'><show>away</show></presence>")
        .await;
    romeo
        .send("<message to='juliet@a.example/desk' id='m'><body>again</body></message>")
        .await;
    juliet
        .expect("<message id='m'><body>again</body></message>")
        .await;
}

#[tokio::test]
async fn it_holds_while_nobody_is_there() {
    let server = server().await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    ask(&mut juliet, "set", &block("romeo@a.example/field"), "").await;
    juliet.close().await;
    let mut romeo = login(&server, "romeo@a.example/field").await;
    romeo
        .send("<message to='juliet@a.example' id='m'><body>x</body></message>")
        .await;
    romeo.expect(&format!("<message type='error' id='m'><error><service-unavailable xmlns='{STANZAS}'/></error></message>")).await;
    let mut elsewhere = login(&server, "romeo@a.example/orchard").await;
    elsewhere
        .send("<message to='juliet@a.example' id='m'><body>x</body></message>")
        .await;
    elsewhere.expect_nothing().await;
}

#[tokio::test]
async fn the_list_is_bounded() {
    let blocking = skeletons::xep_0191::Settings {
        max_blocked: 2,
        ..Default::default()
    };
    let server = server_with(
        Changes {
            blocking,
            ..Changes::default()
        },
        Storage::memory(),
    )
    .await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    for name in ["a", "b", "a"] {
        ask(&mut juliet, "set", &block(name), "").await;
    }
    juliet
        .send(&format!("<iq type='set' id='1'>{}</iq>", block("c")))
        .await;
    juliet.expect(&error("1", "resource-constraint")).await;
}
