//! XEP-0160 and XEP-0203: messages that wait.

use sestina_skeletons as skeletons;
use sestina_storage::Storage;
use sestina_wire::Frame;

use super::{Changes, STANZAS, login, server, server_with};

const DELAY: &str = "urn:xmpp:delay";

#[tokio::test]
async fn messages_wait_for_their_recipient_in_order() {
    let server = server().await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    for number in 0..150 {
        let to = if number % 2 == 0 {
            "laura@a.example"
        } else {
            "laura@a.example/gone"
        };
        arnaut.send(&format!("<message to='{to}' type='chat' id='m{number}'><body>{number} &lt;&amp;</body></message>")).await;
    }
    arnaut.expect_nothing().await;

    let mut laura = login(&server, "laura@a.example/desk").await;
    laura.expect_nothing().await;
    laura
        .send("<presence><priority>-1</priority></presence>")
        .await;
    laura
        .expect("<presence from='laura@a.example/desk'/>")
        .await;
    laura.expect_nothing().await;
    laura.send("<presence/>").await;
    laura
        .expect("<presence from='laura@a.example/desk'/>")
        .await;
    for number in 0..150 {
        laura
            .expect(&format!(
                "<message from='arnaut@a.example/study' type='chat' id='m{number}'><body>{number} &lt;&amp;</body>\
                 <delay xmlns='{DELAY}' from='a.example' stamp='*'/></message>"
            ))
            .await;
    }
    // Now they come at once, and nothing comes twice.
    arnaut
        .send("<message to='laura@a.example' type='chat' id='live'><body>now</body></message>")
        .await;
    let live = laura
        .expect("<message id='live'><body>now</body></message>")
        .await;
    assert!(live.root().child("delay", DELAY).is_none());
    let mut second = login(&server, "laura@a.example/sofa").await;
    second.send("<presence/>").await;
    second
        .expect_all(&[
            "<presence from='laura@a.example/sofa'/>",
            "<presence from='laura@a.example/desk'/>",
        ])
        .await;
    second.expect_nothing().await;
}

#[tokio::test]
async fn what_nobody_wants_later_is_not_kept() {
    let server = server().await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    arnaut
        .send("<message to='laura@a.example' type='headline'><body>news</body></message>")
        .await;
    arnaut
        .send("<message to='laura@a.example' type='error'/>")
        .await;
    arnaut.expect_nothing().await;
    arnaut
        .send("<message to='laura@a.example' type='chat' id='1'><composing xmlns='http://jabber.org/protocol/chatstates'/><thread>t</thread></message>")
        .await;
    arnaut.expect(&format!("<message type='error' id='1'><error><service-unavailable xmlns='{STANZAS}'/></error></message>")).await;
    arnaut
        .send("<message to='nobody@a.example' type='chat' id='2'><body>x</body></message>")
        .await;
    arnaut.expect(&format!("<message type='error' id='2'><error><service-unavailable xmlns='{STANZAS}'/></error></message>")).await;

    let mut laura = login(&server, "laura@a.example/desk").await;
    laura.send("<presence/>").await;
    laura
        .expect("<presence from='laura@a.example/desk'/>")
        .await;
    laura.expect_nothing().await;
}

#[tokio::test]
async fn a_full_shelf_takes_no_more_until_it_is_emptied() {
    let offline = skeletons::xep_0160::Settings {
        max_messages: 2,
        ..Default::default()
    };
    let server = server_with(
        Changes {
            offline,
            ..Changes::default()
        },
        Storage::memory(),
    )
    .await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    for round in 0..2 {
        for id in ["1", "2", "3"] {
            arnaut
                .send(&format!(
                    "<message to='laura@a.example' id='{id}'><body>{round}</body></message>"
                ))
                .await;
        }
        let full = arnaut.expect(&format!("<message type='error' id='3'><error><service-unavailable xmlns='{STANZAS}'/></error></message>")).await;
        assert!(
            full.as_str().contains("2 messages wait there"),
            "{}",
            full.as_str()
        );
        let mut laura = login(&server, "laura@a.example/desk").await;
        laura.send("<presence/>").await;
        laura
            .expect("<presence from='laura@a.example/desk'/>")
            .await;
        for id in ["1", "2"] {
            laura
                .expect(&format!(
                    "<message id='{id}'><body>{round}</body><delay xmlns='{DELAY}'/></message>"
                ))
                .await;
        }
        laura.expect_nothing().await;
        laura.close().await;
    }
}

#[tokio::test]
async fn messages_outlive_the_server() {
    let storage = Storage::memory();
    let first = server_with(Changes::default(), storage.clone()).await;
    let mut arnaut = login(&first, "arnaut@a.example/study").await;
    arnaut
        .send("<message to='laura@a.example' id='1'><body>before</body></message>")
        .await;
    arnaut.settle().await;
    drop(arnaut);
    first.shutdown().await;

    let second = server_with(Changes::default(), storage).await;
    let mut arnaut = login(&second, "arnaut@a.example/study").await;
    arnaut
        .send("<message to='laura@a.example' id='2'><body>after</body></message>")
        .await;
    arnaut.settle().await;
    let mut laura = login(&second, "laura@a.example/desk").await;
    laura.send("<presence/>").await;
    laura
        .expect("<presence from='laura@a.example/desk'/>")
        .await;
    laura.expect("<message id='1'/>").await;
    laura.expect("<message id='2'/>").await;
}

#[tokio::test]
async fn a_client_cannot_claim_a_delay() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let delay = format!("<delay xmlns='{DELAY}' stamp='2001-01-01T00:00:00Z'/>");
    arnaut
        .send(&format!(
            "<message to='laura@a.example/desk' id='1'>{delay}<body>x</body>{delay}</message>"
        ))
        .await;
    let message = laura
        .expect("<message id='1'><body>x</body></message>")
        .await;
    assert_eq!(message.root().children().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_while_the_recipient_comes_and_goes() {
    let server = server().await;
    let mut senders = Vec::new();
    for sender in 0..4 {
        let mut arnaut = login(&server, &format!("arnaut@a.example/{sender}")).await;
        senders.push(tokio::spawn(async move {
            for number in 0..200 {
                arnaut
                    .send(&format!("<message to='laura@a.example' type='chat' id='{sender}-{number}'><body>x</body></message>"))
                    .await;
                if number % 20 == 0 {
                    arnaut.settle().await;
                }
            }
            arnaut.settle().await;
        }));
    }
    let mut found = Vec::new();
    let mut keep = |frame: &Frame| {
        if frame.root().name() == "message"
            && let Some(id) = frame.root().attr("id")
        {
            found.push(id.to_string());
        }
        found.len()
    };
    let mut round = 0;
    let mut count = 0;
    while count < 800 {
        round += 1;
        assert!(round < 20_000, "{count} messages have come");
        let mut laura = login(&server, &format!("laura@a.example/{round}")).await;
        laura.send("<presence/>").await;
        for _ in 0..40 {
            laura
                .send("<iq type='get' id='end'><ping xmlns='urn:xmpp:ping'/></iq>")
                .await;
            loop {
                let frame = laura.recv().await;
                count = keep(&frame);
                if frame.root().name() == "iq" {
                    break;
                }
            }
        }
        laura.send("<presence type='unavailable'/>").await;
        // Leaves politely: whatever comes before the server closes the stream has come.
        for frame in laura.close().await {
            count = keep(&frame);
        }
    }
    for sender in senders {
        sender.await.unwrap();
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 800);
}
