//! XEP-0398: the picture that is published (XEP-0084) and the one on the card (XEP-0153) are the same.

use sestina_session::testing::Conversation;

use super::publishing::{form, pubsub};
use super::{ask, available, befriend, login, server};

const DATA: &str = "urn:xmpp:avatar:data";
const METADATA: &str = "urn:xmpp:avatar:metadata";
const JULIET: &str = "juliet@a.example/balcony";
const ROMEO: &str = "romeo@a.example/garden";
/// `hello` and `other`, as pictures.
const HELLO: (&str, &str) = ("aGVsbG8=", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
const OTHER: (&str, &str) = ("b3RoZXI=", "d0941e68da8f38151ff86a61fc59f7c5cf9fcaa2");

fn card(inside: &str) -> String {
    format!("<vCard xmlns='vcard-temp'>{inside}</vCard>")
}

fn photo((picture, _): (&str, &str)) -> String {
    format!("<PHOTO><TYPE>image/png</TYPE><BINVAL>{picture}</BINVAL></PHOTO>")
}

fn info((_, hash): (&str, &str)) -> String {
    format!(
        "<metadata xmlns='{METADATA}'><info id='{hash}' bytes='5' type='image/png'/></metadata>"
    )
}

async fn publish(session: &mut Conversation, picture: (&str, &str), access: &str) {
    let options = format!(
        "<publish-options>{}</publish-options>",
        form("publish-options", &[("access_model", access)])
    );
    let (data, hash) = picture;
    let data = format!("<data xmlns='{DATA}'>{data}</data>");
    for (node, payload) in [(DATA, data), (METADATA, info(picture))] {
        let request =
            format!("<publish node='{node}'><item id='{hash}'>{payload}</item></publish>{options}");
        let answer = format!("<publish node='{node}'><item id='{hash}'/></publish>");
        ask(session, "set", &pubsub(&request), &pubsub(&answer)).await;
    }
}

fn update(photo: &str) -> String {
    format!("<x xmlns='vcard-temp:x:update'>{photo}</x>")
}

fn shows((_, hash): (&str, &str)) -> String {
    update(&format!("<photo>{hash}</photo>"))
}

/// Asks for the card of Juliet.
async fn look(session: &mut Conversation, answer: &str) {
    session
        .send("<iq type='get' id='look' to='juliet@a.example'><vCard xmlns='vcard-temp'/></iq>")
        .await;
    session
        .expect(&format!("<iq type='result' id='look'>{answer}</iq>"))
        .await;
}

#[tokio::test]
async fn a_picture_is_on_the_card_and_a_photo_is_published() {
    let server = server().await;
    let mut juliet = login(&server, JULIET).await;
    let mut romeo = login(&server, ROMEO).await;
    ask(&mut juliet, "set", &card("<FN>Juliet</FN>"), "").await;
    publish(&mut juliet, HELLO, "open").await;
    look(
        &mut romeo,
        &card(&format!("<FN>Juliet</FN>{}", photo(HELLO))),
    )
    .await;

    let other = card(&format!("<FN>Juliet C.</FN>{}", photo(OTHER)));
    ask(&mut juliet, "set", &other, "").await;
    look(&mut romeo, &other).await;
    let (data, hash) = OTHER;
    for (node, payload) in [
        (METADATA, info(OTHER)),
        (DATA, format!("<data xmlns='{DATA}'>{data}</data>")),
    ] {
        let asked = pubsub(&format!("<items node='{node}'/>"));
        let found = pubsub(&format!(
            "<items node='{node}'><item id='{hash}'>{payload}</item></items>"
        ));
        ask(&mut juliet, "get", &asked, &found).await;
    }

    // A card without a photo: there is none any more.
    ask(&mut juliet, "set", &card("<FN>Juliet</FN>"), "").await;
    let asked = pubsub(&format!("<items node='{METADATA}'/>"));
    let none = pubsub(&format!(
        "<items node='{METADATA}'><item><metadata xmlns='{METADATA}'/></item></items>"
    ));
    ask(&mut juliet, "get", &asked, &none).await;
    let frame = {
        romeo
            .send("<iq type='get' id='look' to='juliet@a.example'><vCard xmlns='vcard-temp'/></iq>")
            .await;
        romeo.recv().await
    };
    let found = frame.root().child("vCard", "vcard-temp").unwrap();
    assert!(found.child("PHOTO", "vcard-temp").is_none());
}

#[tokio::test]
async fn presence_says_which_picture_there_is() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = available(&server, ROMEO).await;
    befriend(&mut romeo, ROMEO, &mut juliet, JULIET).await;
    let mut desk = login(&server, "juliet@a.example/desk").await;
    publish(&mut desk, HELLO, "open").await;
    let said = |picture| format!("<presence from='{JULIET}'>{}</presence>", shows(picture));
    // By itself, as it changes,
    romeo.expect(&said(HELLO)).await;
    ask(&mut desk, "set", &card(&photo(OTHER)), "").await;
    romeo.expect(&said(OTHER)).await;
    // and with every presence, whether the client does not know or says something old,
    for old in ["", &update(""), &shows(HELLO), &shows(OTHER)] {
        juliet
            .send(&format!("<presence><show>away</show>{old}</presence>"))
            .await;
        romeo.expect(&said(OTHER)).await;
    }
    // to whom it is directed as well,
    let mut nurse = available(&server, "nurse@a.example/room").await;
    juliet.send("<presence to='nurse@a.example'/>").await;
    nurse.expect(&said(OTHER)).await;
    // but not where the client has none to show.
    juliet
        .send(&format!("<presence>{}</presence>", update("<photo/>")))
        .await;
    let frame = romeo.recv().await;
    let x = frame.root().child("x", "vcard-temp:x:update").unwrap();
    assert_eq!(x.child("photo", "vcard-temp:x:update").unwrap().text(), "");
}

#[tokio::test]
async fn a_picture_that_somebody_may_not_see_is_not_on_the_card() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = available(&server, ROMEO).await;
    let mut nurse = available(&server, "nurse@a.example/room").await;
    befriend(&mut romeo, ROMEO, &mut juliet, JULIET).await;
    let mut desk = login(&server, "juliet@a.example/desk").await;
    ask(&mut desk, "set", &card("<FN>Juliet</FN>"), "").await;
    publish(&mut desk, HELLO, "presence").await;
    romeo
        .expect(&format!(
            "<presence from='{JULIET}'>{}</presence>",
            shows(HELLO)
        ))
        .await;
    look(&mut romeo, &card(&photo(HELLO))).await;
    juliet.send("<presence to='nurse@a.example'/>").await;
    for request in [
        "",
        "<iq type='get' id='look' to='juliet@a.example'><vCard xmlns='vcard-temp'/></iq>",
    ] {
        nurse.send(request).await;
        let frame = nurse.recv().await;
        let text = format!("{frame:?}");
        assert!(!text.contains(HELLO.1) && !text.contains(HELLO.0), "{text}");
    }
    // What is not the picture whose hash it is called by is none.
    let forged = pubsub(&format!(
        "<publish node='{DATA}'><item id='{}'><data xmlns='{DATA}'>b3RoZXI=</data></item></publish>",
        HELLO.1
    ));
    ask(&mut desk, "set", &forged, "").await;
    romeo
        .send("<iq type='get' id='look' to='juliet@a.example'><vCard xmlns='vcard-temp'/></iq>")
        .await;
    let frame = romeo.recv().await;
    let found = frame.root().child("vCard", "vcard-temp").unwrap();
    assert!(found.child("PHOTO", "vcard-temp").is_none());
}
