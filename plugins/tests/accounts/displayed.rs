//! XEP-0490: how far somebody has read, on every device.

use super::personal_events::announce;
use super::publishing::{pubsub, refused};
use super::{ask, available, befriend, login, server};

const NODE: &str = "urn:xmpp:mds:displayed:0";
const JULIET: &str = "juliet@a.example/balcony";
const ROMEO: &str = "romeo@a.example/garden";

fn displayed(id: &str) -> String {
    format!(
        "<displayed xmlns='{NODE}'><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@a.example' id='{id}'/></displayed>"
    )
}

fn heard(id: &str) -> String {
    format!(
        "<message type='headline' from='juliet@a.example'><event xmlns='http://jabber.org/protocol/pubsub#event'>\
         <items node='{NODE}'><item id='romeo@a.example'>{}</item></items></event></message>",
        displayed(id)
    )
}

#[tokio::test]
async fn how_far_somebody_has_read_is_told_to_the_other_devices_and_nobody_else() {
    let server = server().await;
    let mut phone = login(&server, "juliet@a.example/phone").await;
    let wants = &["urn:xmpp:mds:displayed:0+notify"];
    announce(&mut phone, wants, wants).await;
    phone.settle().await;
    let mut juliet = login(&server, JULIET).await;
    for id in ["one", "two"] {
        let item = format!("<item id='romeo@a.example'>{}</item>", displayed(id));
        let request = pubsub(&format!("<publish node='{NODE}'>{item}</publish>"));
        ask(&mut juliet, "set", &request, "").await;
        phone.expect(&heard(id)).await;
    }
    let asked = pubsub(&format!("<items node='{NODE}'/>"));
    let found = format!("<item id='romeo@a.example'>{}</item>", displayed("two"));
    let found = pubsub(&format!("<items node='{NODE}'>{found}</items>"));
    ask(&mut juliet, "get", &asked, &found).await;
    let mut romeo = available(&server, ROMEO).await;
    let account = "juliet@a.example";
    refused(
        &mut romeo,
        account,
        "get",
        &asked,
        "not-allowed",
        "closed-node",
    )
    .await;
}

#[tokio::test]
async fn a_message_says_how_far_somebody_has_read() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = available(&server, ROMEO).await;
    befriend(&mut romeo, ROMEO, &mut juliet, JULIET).await;
    let mut phone = login(&server, "juliet@a.example/phone").await;
    let wants = &["urn:xmpp:mds:displayed:0+notify"];
    announce(&mut phone, wants, wants).await;
    phone.settle().await;
    juliet
        .send(&format!(
            "<message to='romeo@a.example' type='chat'>{}<displayed xmlns='urn:xmpp:chat-markers:0' id='m'/></message>",
            displayed("three")
        ))
        .await;
    phone.expect(&heard("three")).await;
    loop {
        let frame = romeo.recv().await;
        if frame.root().name() != "message" {
            continue;
        }
        let root = frame.root();
        assert!(root.child("displayed", "urn:xmpp:chat-markers:0").is_some());
        assert!(root.child("displayed", NODE).is_none(), "{frame:?}");
        break;
    }
    // Nonsense goes nowhere either, and is published by nobody.
    juliet
        .send(&format!(
            "<message to='romeo@a.example'><body>hi</body><displayed xmlns='{NODE}'/></message>"
        ))
        .await;
    let frame = romeo.recv().await;
    assert!(frame.root().child("displayed", NODE).is_none());
    phone.expect_nothing().await;
}
