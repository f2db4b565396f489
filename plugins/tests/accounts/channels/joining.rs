//! Joining, talking, leaving, and what people are called.

use super::{
    CORE, COVEN, EVENT, INFO, MESSAGES, PAM, PARTICIPANTS, PUBSUB, asks, available, client_join,
    client_leave, coven, is_refused, joins, said, says, server,
};

#[tokio::test]
async fn a_channel_is_made_joined_talked_in_and_left() {
    let server = server().await;
    let mut juliet = coven(&server).await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    // Who does not take part says and reads nothing.
    says(&mut romeo, "hello?").await;
    romeo
        .expect("<message type='error' id='m'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
        .await;
    let items = format!("<pubsub xmlns='{PUBSUB}'><items node='{PARTICIPANTS}'/></pubsub>");
    is_refused(&mut romeo, "get", COVEN, &items, "forbidden").await;

    let first = joins(&mut juliet, "first witch").await;
    let second = joins(&mut romeo, "second witch").await;
    assert_ne!(first, second);
    romeo
        .send(&format!(
            "<message id='m' to='{COVEN}' type='groupchat'><body>when shall we meet</body><origin-id xmlns='urn:xmpp:sid:0' id='o1'/><mix xmlns='{CORE}'><nick>first witch</nick></mix></message>"
        ))
        .await;
    let heard = said(
        &second,
        "second witch",
        "romeo@a.example",
        "when shall we meet",
    );
    let mut ids = Vec::new();
    for session in [&mut juliet, &mut romeo] {
        let message = session.expect(&heard).await;
        let root = message.root();
        assert_eq!(
            message.as_str().matches("<mix").count(),
            1,
            "{}",
            message.as_str()
        );
        assert!(message.as_str().contains("id='o1'"), "{}", message.as_str());
        // The id is that in the archive of the channel.
        let in_archive = root.children().find(|child| {
            child.name() == "stanza-id" && child.attr("by").is_some_and(|by| &*by == COVEN)
        });
        assert_eq!(root.attr("id"), in_archive.unwrap().attr("id"));
        ids.push(root.attr("id").unwrap().to_string());
    }
    assert_eq!(ids.first(), ids.last());
    asks(
        &mut romeo,
        "get",
        COVEN,
        &items,
        &format!(
            "<pubsub xmlns='{PUBSUB}'><items node='{PARTICIPANTS}'>\
             <item id='{first}'><participant xmlns='{CORE}'><nick>first witch</nick><jid>juliet@a.example</jid></participant></item>\
             <item id='{second}'><participant xmlns='{CORE}'><nick>second witch</nick><jid>romeo@a.example</jid></participant></item>\
             </items></pubsub>"
        ),
    )
    .await;
    // Participants are not published.
    let forged = format!(
        "<pubsub xmlns='{PUBSUB}'><publish node='{PARTICIPANTS}'><item id='x'><participant xmlns='{CORE}'><nick>third</nick></participant></item></publish></pubsub>"
    );
    is_refused(&mut juliet, "set", COVEN, &forged, "not-allowed").await;

    asks(
        &mut romeo,
        "set",
        "romeo@a.example",
        &client_leave(COVEN),
        &format!("<client-leave xmlns='{PAM}'><leave xmlns='{CORE}'/></client-leave>"),
    )
    .await;
    says(&mut juliet, "the hurly-burly is done").await;
    juliet
        .expect(&said(
            &first,
            "first witch",
            "juliet@a.example",
            "the hurly-burly is done",
        ))
        .await;
    romeo.expect_nothing().await;
    says(&mut romeo, "wait").await;
    romeo
        .expect("<message type='error' id='m'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
        .await;
    is_refused(
        &mut romeo,
        "set",
        "romeo@a.example",
        &client_leave(COVEN),
        "forbidden",
    )
    .await;
    // Who comes back is who it was.
    assert_eq!(joins(&mut romeo, "second witch").await, second);
}

#[tokio::test]
async fn who_joins_gets_the_nodes_that_there_are_and_keeps_its_id() {
    let server = server().await;
    let mut juliet = coven(&server).await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    let own = "juliet@a.example";
    // None of the nodes there is.
    let none = client_join(
        COVEN,
        &["urn:xmpp:mix:nodes:none", "urn:xmpp:mix:nodes:config2"],
        Some("one"),
    );
    is_refused(&mut juliet, "set", own, &none, "item-not-found").await;
    // Without a nick nobody gets in.
    let nameless = client_join(COVEN, &[MESSAGES], None);
    is_refused(&mut juliet, "set", own, &nameless, "not-acceptable").await;
    let event = |id: &str, nick: &str, who: &str| {
        format!(
            "<message from='{COVEN}'><event xmlns='{EVENT}'><items node='{PARTICIPANTS}'><item id='{id}'><participant xmlns='{CORE}'><nick>{nick}</nick><jid>{who}</jid></participant></item></items></event></message>"
        )
    };
    let some = client_join(
        COVEN,
        &[PARTICIPANTS, "urn:xmpp:mix:nodes:none"],
        Some("one"),
    );
    juliet
        .send(&format!("<iq type='set' id='j'>{some}</iq>"))
        .await;
    let told = juliet
        .expect(&format!(
            "<message from='{COVEN}'><event xmlns='{EVENT}'/></message>"
        ))
        .await;
    let answer = juliet
        .expect(&format!("<iq type='result' id='j'><client-join xmlns='{PAM}'><join xmlns='{CORE}'><subscribe node='{PARTICIPANTS}'/><nick>one</nick></join></client-join></iq>"))
        .await;
    assert!(
        !answer.as_str().contains("nodes:none"),
        "{}",
        answer.as_str()
    );
    let join = answer.root().child("client-join", PAM).unwrap();
    let first = join.child("join", CORE).unwrap().attr("id").unwrap();
    assert!(told.as_str().contains(&*first), "{}", told.as_str());
    assert!(!first.contains(['#', '/', '@']));

    // Others are told who comes, is called otherwise, and goes.
    let second = joins(&mut romeo, "two").await;
    juliet
        .expect(&event(&second, "two", "romeo@a.example"))
        .await;
    let nick = |nick: &str| format!("<setnick xmlns='{CORE}'><nick>{nick}</nick></setnick>");
    asks(&mut romeo, "set", COVEN, &nick("three"), &nick("three")).await;
    juliet
        .expect(&event(&second, "three", "romeo@a.example"))
        .await;
    asks(
        &mut romeo,
        "set",
        "romeo@a.example",
        &client_leave(COVEN),
        &format!("<client-leave xmlns='{PAM}'/>"),
    )
    .await;
    juliet
        .expect(&format!("<message from='{COVEN}'><event xmlns='{EVENT}'><items node='{PARTICIPANTS}'><retract id='{second}'/></items></event></message>"))
        .await;
    // More of one, less of the other.
    let update = format!(
        "<update-subscription xmlns='{CORE}'><subscribe node='{MESSAGES}'/><unsubscribe node='{PARTICIPANTS}'/></update-subscription>"
    );
    let updated = format!(
        "<update-subscription xmlns='{CORE}' jid='{own}'><subscribe node='{MESSAGES}'/><unsubscribe node='{PARTICIPANTS}'/></update-subscription>"
    );
    asks(&mut juliet, "set", COVEN, &update, &updated).await;
    assert_eq!(joins(&mut romeo, "two").await, second);
    says(&mut romeo, "again").await;
    let again = said(&second, "two", "romeo@a.example", "again");
    romeo.expect(&again).await;
    juliet.expect(&again).await;
    // The server does it, not a client (§7.1.1).
    let direct = format!("<join xmlns='{CORE}'><subscribe node='{INFO}'/><nick>four</nick></join>");
    let text = is_refused(&mut romeo, "set", COVEN, &direct, "not-allowed").await;
    assert!(text.contains("client-join"), "{text}");
}

#[tokio::test]
async fn nicks_are_given_to_one_each() {
    let server = server().await;
    let mut juliet = coven(&server).await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    joins(&mut juliet, "third witch").await;
    let taken = client_join(COVEN, &[MESSAGES], Some("Third  Witch"));
    is_refused(&mut romeo, "set", "romeo@a.example", &taken, "conflict").await;
    joins(&mut romeo, "romeo").await;
    let nick = |nick: &str| format!("<setnick xmlns='{CORE}'><nick>{nick}</nick></setnick>");
    is_refused(&mut romeo, "set", COVEN, &nick("third witch"), "conflict").await;
    let text = is_refused(
        &mut romeo,
        "set",
        COVEN,
        &nick(&"x".repeat(200)),
        "not-acceptable",
    )
    .await;
    assert!(text.contains("max_nickname"), "{text}");
    // Spaces are those of RFC 8266; an empty wish leaves it to the channel, which gives one that is free.
    asks(
        &mut romeo,
        "set",
        COVEN,
        &nick("  the   moon "),
        &nick("the moon"),
    )
    .await;
    asks(&mut romeo, "set", COVEN, &nick("juliet"), &nick("juliet")).await;
    asks(&mut juliet, "set", COVEN, &nick(""), &nick("juliet 2")).await;
    let mut nurse = available(&server, "nurse@a.example/kitchen").await;
    is_refused(&mut nurse, "set", COVEN, &nick("nurse"), "forbidden").await;
}
