//! What an account keeps with its server, and what others learn of it: XEP-0049, XEP-0054, XEP-0012, XEP-0202.

use sestina_session::settings::ByteSize;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;

use super::{Changes, ask, available, befriend, error, login, server, server_with};

const PRIVATE: &str = "jabber:iq:private";

fn private(inner: &str) -> String {
    format!("<query xmlns='{PRIVATE}'>{inner}</query>")
}

#[tokio::test]
async fn private_xml_comes_back_as_it_was_to_its_owner_alone() {
    let storage = Storage::memory();
    let server = server_with(Changes::default(), storage.clone()).await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    let asked = private("<exodus xmlns='exodus:prefs'/>");
    ask(&mut juliet, "get", &asked, &asked).await;
    let kept = private(
        "<exodus xmlns='exodus:prefs'><defaultnick a='&lt;'>Hamlet</defaultnick><e:e xmlns:e='other'/></exodus>",
    );
    ask(&mut juliet, "set", &kept, "").await;
    drop(juliet);
    server.shutdown().await;
    let server = server_with(Changes::default(), storage).await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    ask(&mut juliet, "get", &asked, &kept).await;
    // The same name in another namespace is something else.
    let other = private("<exodus xmlns='exodus:other'/>");
    ask(&mut juliet, "get", &other, &other).await;

    let mut romeo = login(&server, "romeo@a.example/field").await;
    romeo
        .send(&format!(
            "<iq type='get' id='1' to='juliet@a.example'>{asked}</iq>"
        ))
        .await;
    romeo.expect(&error("1", "forbidden")).await;
    for (type_, inner, condition) in [
        ("get", "", "not-acceptable"),
        ("set", "", "not-acceptable"),
        ("set", "<presence xmlns='jabber:client'/>", "not-acceptable"),
        ("get", "<a xmlns='a'/><b xmlns='b'/>", "not-acceptable"),
    ] {
        romeo
            .send(&format!(
                "<iq type='{type_}' id='2'>{}</iq>",
                private(inner)
            ))
            .await;
        romeo.expect(&error("2", condition)).await;
    }
}

#[tokio::test]
async fn private_xml_is_bounded_in_number_and_size() {
    let changes = Changes {
        private: skeletons::xep_0049::Settings {
            max_elements: 2,
            max_size: ByteSize(100),
            ..Default::default()
        },
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    for ns in ["a", "b", "a"] {
        ask(
            &mut juliet,
            "set",
            &private(&format!("<x xmlns='{ns}'/>")),
            "",
        )
        .await;
    }
    juliet
        .send(&format!(
            "<iq type='set' id='1'>{}</iq>",
            private("<x xmlns='c'/>")
        ))
        .await;
    juliet.expect(&error("1", "resource-constraint")).await;
    let large = format!("<x xmlns='a'>{}</x>", "x".repeat(100));
    juliet
        .send(&format!("<iq type='set' id='2'>{}</iq>", private(&large)))
        .await;
    juliet.expect(&error("2", "policy-violation")).await;
}

#[tokio::test]
async fn anybody_reads_a_card_and_its_owner_writes_it() {
    let cards = skeletons::xep_0054::Settings {
        max_size: ByteSize(1000),
        ..Default::default()
    };
    let server = server_with(
        Changes {
            cards,
            ..Changes::default()
        },
        Storage::memory(),
    )
    .await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    let mut romeo = login(&server, "romeo@a.example/field").await;
    let empty = "<vCard xmlns='vcard-temp'/>";
    ask(&mut juliet, "get", empty, empty).await;
    for to in ["juliet@a.example", "nobody@a.example"] {
        romeo
            .send(&format!("<iq type='get' id='1' to='{to}'>{empty}</iq>"))
            .await;
        romeo.expect(&error("1", "item-not-found")).await;
    }
    let card = "<vCard xmlns='vcard-temp'><FN>Juliet</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>aGVsbG8=</BINVAL></PHOTO><X-MINE>kept</X-MINE></vCard>";
    ask(&mut juliet, "set", card, "").await;
    romeo
        .send(&format!(
            "<iq type='get' id='2' to='juliet@a.example'>{empty}</iq>"
        ))
        .await;
    romeo
        .expect(&format!(
            "<iq type='result' id='2' from='juliet@a.example'>{card}</iq>"
        ))
        .await;
    romeo
        .send(&format!(
            "<iq type='set' id='3' to='juliet@a.example'>{empty}</iq>"
        ))
        .await;
    romeo.expect(&error("3", "forbidden")).await;
    let large = format!(
        "<vCard xmlns='vcard-temp'><DESC>{}</DESC></vCard>",
        "x".repeat(1000)
    );
    juliet
        .send(&format!("<iq type='set' id='4'>{large}</iq>"))
        .await;
    juliet.expect(&error("4", "policy-violation")).await;
}

#[tokio::test]
async fn the_time_is_told() {
    let server = server().await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    juliet
        .send("<iq type='get' id='1' to='a.example'><time xmlns='urn:xmpp:time'/></iq>")
        .await;
    juliet
        .expect("<iq type='result' id='1'><time xmlns='urn:xmpp:time'><tzo>+00:00</tzo><utc>*</utc></time></iq>")
        .await;
}

#[tokio::test]
async fn last_activity_is_for_those_who_see_the_presence() {
    let server = server().await;
    let mut juliet = available(&server, "juliet@a.example/desk").await;
    let mut romeo = available(&server, "romeo@a.example/field").await;
    let mut nurse = available(&server, "nurse@a.example/hall").await;
    befriend(
        &mut romeo,
        "romeo@a.example/field",
        &mut juliet,
        "juliet@a.example/desk",
    )
    .await;
    let last = "<query xmlns='jabber:iq:last'/>";
    for to in [
        "juliet@a.example",
        "juliet@a.example/desk",
        "nobody@a.example",
    ] {
        nurse
            .send(&format!("<iq type='get' id='1' to='{to}'>{last}</iq>"))
            .await;
        nurse.expect(&error("1", "forbidden")).await;
    }
    romeo
        .send(&format!(
            "<iq type='get' id='1' to='juliet@a.example'>{last}</iq>"
        ))
        .await;
    romeo
        .expect("<iq type='result' id='1'><query xmlns='jabber:iq:last' seconds='0'/></iq>")
        .await;
    romeo
        .send(&format!(
            "<iq type='get' id='2' to='juliet@a.example/desk'>{last}</iq>"
        ))
        .await;
    juliet
        .expect(&format!(
            "<iq type='get' id='2' from='romeo@a.example/field'>{last}</iq>"
        ))
        .await;

    juliet
        .send("<presence type='unavailable'><status>Heading Home</status></presence>")
        .await;
    juliet.close().await;
    romeo
        .expect("<presence type='unavailable' from='juliet@a.example/desk'/>")
        .await;
    // The session ends after its presence: asked too early, nobody has left yet.
    loop {
        romeo
            .send(&format!(
                "<iq type='get' id='3' to='juliet@a.example'>{last}</iq>"
            ))
            .await;
        let answer = romeo.recv().await;
        if answer.root().attr("type").as_deref() == Some("result") {
            let query = answer.root().child("query", "jabber:iq:last").unwrap();
            assert_eq!(query.text(), "Heading Home");
            assert!(query.attr("seconds").unwrap().parse::<u64>().unwrap() < 60);
            break;
        }
        assert!(
            answer.as_str().contains("item-not-found"),
            "{}",
            answer.as_str()
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    nurse
        .send(&format!(
            "<iq type='get' id='4' to='juliet@a.example'>{last}</iq>"
        ))
        .await;
    nurse.expect(&error("4", "forbidden")).await;
    nurse
        .send(&format!("<iq type='get' id='5' to='a.example'>{last}</iq>"))
        .await;
    nurse
        .expect("<iq type='result' id='5'><query xmlns='jabber:iq:last' seconds='*'/></iq>")
        .await;
}

/// Away is who is not available, whether a stream is still there or not (XEP-0012 §3).
#[tokio::test]
async fn who_has_taken_presence_back_is_away_while_the_stream_stays() {
    let server = server().await;
    let mut juliet = available(&server, "juliet@a.example/desk").await;
    juliet
        .send("<presence type='unavailable'><status>Heading Home</status></presence>")
        .await;
    juliet.expect("<presence type='unavailable'/>").await;
    juliet
        .send("<iq type='get' id='1'><query xmlns='jabber:iq:last'/></iq>")
        .await;
    let answer = juliet
        .expect("<iq type='result' id='1'><query xmlns='jabber:iq:last' seconds='*'/></iq>")
        .await;
    let query = answer.root().child("query", "jabber:iq:last").unwrap();
    assert_eq!(query.text(), "Heading Home");
}
