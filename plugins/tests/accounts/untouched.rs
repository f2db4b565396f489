//! What clients exchange through the server, which has no part in it but to pass it on: as it came, to every client, and
//! from the archive; and what they keep at the server by configuring a node as they publish to it (XEP-0222, XEP-0223).

use std::path::Path;

use sestina_plugins::xep_0115::verification;
use sestina_session::testing::Conversation;
use sestina_types::xep_0030::info;
use sestina_wire::{AnyElement, BareJid, ElementRef, Frame};

use super::personal_events::join;
use super::publishing::{JULIET, TO_JULIET, form, item, items, pubsub, refused};
use super::{ask, available, befriend, login, server};

const ROMEO: &str = "romeo@a.example/orchard";
const CLIENT: &str = "jabber:client";
const CARBONS: &str = "urn:xmpp:carbons:2";
const FORWARD: &str = "urn:xmpp:forward:0";
const MAM: &str = "urn:xmpp:mam:2";

/// The examples of a specification.
fn examples(spec: &str) -> Vec<Frame> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../specs/{spec}/examples"));
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| Frame::parse(std::fs::read_to_string(file).unwrap()).unwrap())
        .collect()
}

/// The messages among them.
fn messages(spec: &str) -> Vec<Frame> {
    let mut all = examples(spec);
    all.retain(|frame| frame.root().name() == "message");
    all
}

/// A message with these elements and something to read.
fn message(elements: &str) -> Frame {
    Frame::parse(format!(
        "<message xmlns='{CLIENT}'><body>see here</body>{elements}</message>"
    ))
    .unwrap()
}

/// What stands inside an element, as it is sent on.
fn inside(of: ElementRef<'_>) -> String {
    let children = of.children();
    children
        .map(|child| child.to_any().to_document().to_string())
        .collect()
}

/// Whether both messages hold the same, but for what the server says of it.
fn same(one: ElementRef<'_>, other: ElementRef<'_>) -> bool {
    let said = |el: ElementRef<'_>| el.is("stanza-id", "urn:xmpp:sid:0");
    let mine: Vec<_> = one.children().filter(|el| !said(*el)).collect();
    let others: Vec<_> = other.children().filter(|el| !said(*el)).collect();
    mine.len() == others.len() && mine.iter().zip(&others).all(|(a, b)| a.same_as(*b))
}

/// The message that was copied or archived.
fn forwarded<'a>(frame: &'a Frame, outer: (&str, &str)) -> ElementRef<'a> {
    let outer = frame.root().child(outer.0, outer.1).unwrap();
    let forwarded = outer.child("forwarded", FORWARD).unwrap();
    forwarded.child("message", CLIENT).unwrap()
}

#[tokio::test]
async fn messages_of_clients_pass_as_they_are() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut other = login(&server, "juliet@a.example/garden").await;
    let mut romeo = available(&server, ROMEO).await;
    for session in [&mut juliet, &mut other] {
        ask(session, "set", &format!("<enable xmlns='{CARBONS}'/>"), "").await;
    }
    let mut sent = Vec::new();
    for spec in [
        "xep-0085", "xep-0131", "xep-0184", "xep-0308", "xep-0333", "xep-0380", "xep-0513",
    ] {
        let all = messages(spec);
        assert!(!all.is_empty(), "{spec}");
        sent.extend(all);
    }
    pass(&mut juliet, &mut other, &mut romeo, &sent).await;
}

#[tokio::test]
async fn what_messages_carry_passes_as_it_is() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut other = login(&server, "juliet@a.example/garden").await;
    let mut romeo = available(&server, ROMEO).await;
    for session in [&mut juliet, &mut other] {
        ask(session, "set", &format!("<enable xmlns='{CARBONS}'/>"), "").await;
    }
    let mut sent = vec![
        // XEP-0245 §4: a body like any other.
        Frame::parse(format!(
            "<message xmlns='{CLIENT}'><body>/me shrugs in disgust</body></message>"
        ))
        .unwrap(),
    ];
    sent.extend(messages("xep-0249"));
    // An example of a form that has a field with pictures (XEP-0221).
    let fields: String = examples("xep-0221")
        .iter()
        .map(|field| field.root().to_any().to_document().to_string())
        .collect();
    sent.push(message(&format!(
        "<x xmlns='jabber:x:data' type='form'>{fields}</x>"
    )));
    // Small data beside what refers to it (XEP-0231 §2.1), and what is told of a person.
    for spec in ["xep-0231", "xep-0224", "xep-0172"] {
        let stanzas = examples(spec);
        sent.extend(stanzas.iter().map(|stanza| message(&inside(stanza.root()))));
    }
    for spec in ["xep-0107", "xep-0080"] {
        let payloads = examples(spec);
        let elements = payloads.iter().map(|payload| payload.root().to_any());
        sent.extend(elements.map(|element| message(element.to_document().as_str())));
    }
    pass(&mut juliet, &mut other, &mut romeo, &sent).await;
}

/// All messages reach each of two accounts, the other client of the first as copies, and the archive.
async fn pass(
    juliet: &mut Conversation,
    other: &mut Conversation,
    romeo: &mut Conversation,
    sent: &[Frame],
) {
    for (number, example) in sent.iter().enumerate() {
        let inside = inside(example.root());
        juliet
            .send(&format!(
                "<message type='chat' id='m{number}' to='{ROMEO}'>{inside}</message>"
            ))
            .await;
        let got = romeo
            .expect(&format!(
                "<message type='chat' id='m{number}' from='{JULIET}' to='{ROMEO}'/>"
            ))
            .await;
        assert!(same(got.root(), example.root()), "{}", got.as_str());
        let copy = other.recv().await;
        let copy_of = forwarded(&copy, ("sent", CARBONS));
        assert!(same(copy_of, example.root()), "{}", copy.as_str());
        // And the other way, to an account with two clients.
        romeo
            .send(&format!(
                "<message type='chat' id='r{number}' to='{JULIET}'>{inside}</message>"
            ))
            .await;
        let got = juliet
            .expect(&format!(
                "<message type='chat' id='r{number}' from='{ROMEO}'/>"
            ))
            .await;
        assert!(same(got.root(), example.root()), "{}", got.as_str());
        let copy = other.recv().await;
        let copy_of = forwarded(&copy, ("received", CARBONS));
        assert!(same(copy_of, example.root()), "{}", copy.as_str());
    }
    // What somebody does just now is no message to be kept; all the rest is, in both directions.
    let is_kept = |example: &&Frame| {
        let passing = "http://jabber.org/protocol/chatstates";
        let content =
            |el: ElementRef<'_>| el.ns() != passing && !matches!(el.name(), "request" | "markable");
        example.root().children().any(content)
    };
    let kept: Vec<_> = sent
        .iter()
        .filter(is_kept)
        .flat_map(|one| [one, one])
        .collect();
    romeo
        .send(&format!(
            "<iq type='set' id='q'><query xmlns='{MAM}'/></iq>"
        ))
        .await;
    for example in kept {
        let found = romeo.recv().await;
        let message = forwarded(&found, ("result", MAM));
        assert!(same(message, example.root()), "{}", found.as_str());
    }
    romeo.expect("<iq type='result' id='q'/>").await;
}

#[tokio::test]
async fn escaped_names_are_names_like_others() {
    const ESCAPED: &str = r"d\27artagnan\20@a.example";
    let server = server().await;
    let host = server.host("a.example").unwrap();
    let account = BareJid::parse(ESCAPED).unwrap();
    host.accounts()
        .unwrap()
        .create(&account, "secret")
        .await
        .unwrap();
    let mut juliet = available(&server, JULIET).await;
    let mut escaped = available(&server, &format!("{ESCAPED}/paris")).await;
    juliet
        .send(&format!(
            "<message id='1' type='chat' to='{ESCAPED}'><body>en garde</body></message>"
        ))
        .await;
    escaped
        .expect(&format!(
            "<message id='1' from='{JULIET}' to='{ESCAPED}'><body>en garde</body></message>"
        ))
        .await;
    escaped
        .send(&format!(
            "<message id='2' type='chat' to='{JULIET}'><body>touche</body></message>"
        ))
        .await;
    juliet
        .expect(&format!(
            "<message id='2' from='{ESCAPED}/paris'><body>touche</body></message>"
        ))
        .await;
}

#[tokio::test]
async fn the_server_says_how_addresses_are_written() {
    const JIDPREP: &str = "urn:xmpp:jidprep:1";
    let server = server().await;
    let mut juliet = login(&server, JULIET).await;
    let mut validate = async |request: String, answer: &str| {
        juliet
            .send(&format!(
                "<iq type='get' id='v' to='a.example'>{request}</iq>"
            ))
            .await;
        juliet
            .expect(&format!(
                "<iq type='result' id='v'><jid-validate-result xmlns='{JIDPREP}'>{answer}</jid-validate-result></iq>"
            ))
            .await
    };
    let plain = |text: &str| {
        format!(
            "<jid-validate-request xmlns='{JIDPREP}'><maybe-jid>{text}</maybe-jid></jid-validate-request>"
        )
    };
    let valid = |parts: &str| format!("<valid-jid>{parts}</valid-jid>");
    let whole = "<localpart>σ</localpart><domainpart>example.com</domainpart><resourcepart>resource</resourcepart>";
    validate(plain("Σ@example.com/resource"), &valid(whole)).await;
    let domain = "<domainpart>example.com</domainpart>";
    let answer = validate(plain("Example.COM"), &valid(domain)).await;
    assert!(!answer.as_str().contains("localpart"));
    let answer = validate(
        plain("henryⅣ@example.com"),
        "<invalid-jid><reason/></invalid-jid>",
    )
    .await;
    assert!(
        answer.as_str().contains("before the @"),
        "{}",
        answer.as_str()
    );
    let encoded = |text: &str| {
        format!(
            "<jid-validate-base64-request xmlns='{JIDPREP}'><base64-maybe-jid>{text}</base64-maybe-jid></jid-validate-base64-request>"
        )
    };
    validate(encoded("zqNAZXhhbXBsZS5jb20vcmVzb3VyY2U="), &valid(whole)).await;
    validate(encoded("AGE="), "<invalid-jid/>").await;
    validate(
        encoded("/w=="),
        "<invalid-jid><reason>it is not UTF-8</reason></invalid-jid>",
    )
    .await;
}

const NODE: &str = "urn:xmpp:tmp:pubkey";
const DISCO: &str = "http://jabber.org/protocol/disco#info";

fn publish(id: &str, options: &[(&str, &str)]) -> String {
    pubsub(&format!(
        "<publish node='{NODE}'>{}</publish><publish-options>{}</publish-options>",
        item(id),
        form("publish-options", options)
    ))
}

/// Past presences and news, until the server has done what it was asked before.
async fn round(session: &mut Conversation) {
    session
        .send("<iq type='get' id='round' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    while session.recv().await.root().name() != "iq" {}
}

/// Says that the client wants to hear of the node.
async fn wants(session: &mut Conversation) {
    let features = [&*format!("{NODE}+notify")];
    super::personal_events::announce(session, &features, &features).await;
    round(session).await;
}

/// The same as others did before: nobody is asked again.
async fn wants_too(session: &mut Conversation) {
    let query = format!(
        "<query xmlns='{DISCO}'><identity category='client' type='pc' name='T'/><feature var='{NODE}+notify'/></query>"
    );
    let query: info::Query = AnyElement::parse(query).unwrap().decode().unwrap();
    session
        .send(&format!(
            "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:t' ver='{}'/></presence>",
            verification(&query).unwrap()
        ))
        .await;
}

#[tokio::test]
async fn what_is_kept_for_others_is_pushed_when_it_changes_and_read_by_those_who_may() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = available(&server, ROMEO).await;
    let mut nurse = available(&server, "nurse@a.example/house").await;
    befriend(&mut romeo, ROMEO, &mut juliet, JULIET).await;
    befriend(&mut nurse, "nurse@a.example/house", &mut juliet, JULIET).await;
    let grouped = "<query xmlns='jabber:iq:roster'><item jid='romeo@a.example'><group>Friends</group></item></query>";
    ask(&mut juliet, "set", grouped, "").await;
    wants(&mut romeo).await;
    wants_too(&mut nurse).await;
    let options = [
        ("persist_items", "true"),
        ("send_last_published_item", "never"),
        ("access_model", "roster"),
        ("roster_groups_allowed", "Friends"),
    ];
    ask(&mut juliet, "set", &publish("key", &options), "").await;
    // To the friends alone, as it is published, and read by them later.
    let told = loop {
        let frame = romeo.recv().await;
        if frame.root().name() == "message" {
            break frame;
        }
    };
    assert_eq!(told.root().attr("to").unwrap(), ROMEO);
    assert!(told.as_str().contains("key"), "{}", told.as_str());
    let (ids, _) = items(&mut romeo, TO_JULIET, &format!("<items node='{NODE}'/>")).await;
    assert_eq!(ids, ["key"]);
    let read = pubsub(&format!("<items node='{NODE}'/>"));
    round(&mut nurse).await;
    refused(
        &mut nurse,
        TO_JULIET,
        "get",
        &read,
        "not-authorized",
        "not-in-roster-group",
    )
    .await;
    nurse.settle().await;
    // Not as somebody comes online.
    let mut later = login(&server, "romeo@a.example/later").await;
    wants_too(&mut later).await;
    later
        .send("<iq type='get' id='round' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    loop {
        let frame = later.recv().await;
        assert_ne!(frame.root().name(), "message", "{}", frame.as_str());
        if frame.root().name() == "iq" {
            break;
        }
    }
    // Whoever expects another node is refused: nothing gets out by mistake.
    let open = [("access_model", "open")];
    refused(
        &mut juliet,
        TO_JULIET,
        "set",
        &publish("key", &open),
        "conflict",
        "precondition-not-met",
    )
    .await;
}

#[tokio::test]
async fn what_is_kept_for_oneself_reaches_the_own_devices_and_nobody_else() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = available(&server, ROMEO).await;
    befriend(&mut romeo, ROMEO, &mut juliet, JULIET).await;
    wants(&mut romeo).await;
    let mut garden = join(&server, "juliet@a.example/garden").await;
    wants_too(&mut garden).await;
    round(&mut garden).await;
    round(&mut juliet).await;
    let options = [("persist_items", "true"), ("access_model", "whitelist")];
    ask(
        &mut garden,
        "set",
        "<query xmlns='jabber:iq:private'><x xmlns='urn:none'/></query>",
        "",
    )
    .await;
    juliet
        .send(&format!(
            "<iq type='set' id='p'>{}</iq>",
            publish("secret", &options)
        ))
        .await;
    loop {
        let frame = garden.recv().await;
        if frame.root().name() == "message" {
            assert!(frame.as_str().contains("secret"));
            break;
        }
    }
    let read = pubsub(&format!("<items node='{NODE}'/>"));
    round(&mut romeo).await;
    refused(
        &mut romeo,
        TO_JULIET,
        "get",
        &read,
        "not-allowed",
        "closed-node",
    )
    .await;
    let (ids, _) = items(&mut garden, TO_JULIET, &format!("<items node='{NODE}'/>")).await;
    assert_eq!(ids, ["secret"]);
    // A new device is told what there is.
    let mut phone = login(&server, "juliet@a.example/phone").await;
    wants_too(&mut phone).await;
    loop {
        let frame = phone.recv().await;
        if frame.root().name() == "message" {
            assert!(frame.as_str().contains("secret"));
            break;
        }
    }
}

#[tokio::test]
async fn data_is_asked_for_and_answered_between_clients() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = available(&server, ROMEO).await;
    let of = |type_: &str| {
        let mut all = examples("xep-0231");
        all.retain(|frame| frame.root().attr("type").as_deref() == Some(type_));
        all.remove(0)
    };
    let (question, answer) = (of("get"), of("result"));
    romeo
        .send(&format!(
            "<iq type='get' id='b' to='{JULIET}'>{}</iq>",
            inside(question.root())
        ))
        .await;
    let asked = juliet
        .expect(&format!("<iq type='get' id='b' from='{ROMEO}'/>"))
        .await;
    assert!(same(asked.root(), question.root()), "{}", asked.as_str());
    juliet
        .send(&format!(
            "<iq type='result' id='b' to='{ROMEO}'>{}</iq>",
            inside(answer.root())
        ))
        .await;
    let answered = romeo
        .expect(&format!("<iq type='result' id='b' from='{JULIET}'/>"))
        .await;
    assert!(
        same(answered.root(), answer.root()),
        "{}",
        answered.as_str()
    );
    // The server itself has none, nor has an account without this client.
    for to in ["a.example", "juliet@a.example", "juliet@a.example/none"] {
        romeo
            .send(&format!(
                "<iq type='get' id='n' to='{to}'>{}</iq>",
                inside(question.root())
            ))
            .await;
        romeo
            .expect(&super::error("n", "service-unavailable"))
            .await;
    }
}

/// Whether a presence holds what the other does; the server says which picture somebody has besides.
fn holds(one: ElementRef<'_>, other: ElementRef<'_>) -> bool {
    let mut all = other.children();
    all.all(|child| one.children().any(|mine| mine.same_as(child)))
}

#[tokio::test]
async fn presences_of_clients_pass_as_they_are() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = available(&server, ROMEO).await;
    // A request says how somebody likes to be called (XEP-0172 §4.2).
    let request = &examples("xep-0172")[0];
    romeo
        .send(&format!(
            "<presence type='subscribe' to='juliet@a.example'>{}</presence>",
            inside(request.root())
        ))
        .await;
    let asked = juliet
        .expect("<presence type='subscribe' from='romeo@a.example'/>")
        .await;
    assert!(same(asked.root(), request.root()), "{}", asked.as_str());
    juliet
        .send("<presence type='subscribed' to='romeo@a.example'/>")
        .await;
    romeo.expect(&format!("<presence from='{JULIET}'/>")).await;
    // Since when nobody touched it, and data that the presence refers to.
    let mut sent = examples("xep-0319");
    let data = &examples("xep-0231")[0];
    sent.push(
        Frame::parse(format!(
            "<presence xmlns='{CLIENT}'>{}</presence>",
            inside(data.root())
        ))
        .unwrap(),
    );
    for presence in &sent {
        let inside = inside(presence.root());
        juliet.send(&format!("<presence>{inside}</presence>")).await;
        let got = romeo.expect(&format!("<presence from='{JULIET}'/>")).await;
        assert!(holds(got.root(), presence.root()), "{}", got.as_str());
    }
    // Who comes later sees the last one.
    let mut later = login(&server, "romeo@a.example/later").await;
    later.send("<presence/>").await;
    loop {
        let got = later.recv().await;
        if got.root().attr("from").as_deref() == Some(JULIET) {
            assert!(holds(got.root(), sent.last().unwrap().root()));
            break;
        }
    }
}

#[tokio::test]
async fn what_somebody_feels_does_hears_and_where_reaches_their_contacts_as_it_is() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = available(&server, ROMEO).await;
    befriend(&mut romeo, ROMEO, &mut juliet, JULIET).await;
    let mut payloads = Vec::new();
    for spec in ["xep-0107", "xep-0108", "xep-0118", "xep-0080", "xep-0172"] {
        for example in examples(spec) {
            let root = example.root();
            let payload = match root.ns() {
                // A name stands in presences as well as in a node.
                CLIENT => root.children().next().unwrap().to_any(),
                _ => root.to_any(),
            };
            payloads.push(payload);
        }
    }
    let mut wanted: Vec<String> = payloads
        .iter()
        .map(|payload| format!("{}+notify", payload.ns()))
        .collect();
    wanted.sort();
    wanted.dedup();
    assert_eq!(wanted.len(), 5);
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    super::personal_events::announce(&mut romeo, &wanted, &wanted).await;
    round(&mut romeo).await;
    for payload in &payloads {
        let (node, document) = (payload.ns(), payload.to_document());
        juliet
            .send(&format!(
                "<iq type='set' id='p'>{}</iq>",
                pubsub(&format!(
                    "<publish node='{node}'><item id='current'>{document}</item></publish>"
                ))
            ))
            .await;
        loop {
            if juliet.recv().await.root().name() == "iq" {
                break;
            }
        }
        let told = romeo
            .expect(&format!(
                "<message type='headline' from='juliet@a.example' to='{ROMEO}'/>"
            ))
            .await;
        let event = told.root().child("event", EVENT).unwrap();
        let items = event.child("items", EVENT).unwrap();
        assert_eq!(items.attr("node").unwrap(), node);
        let item = items.child("item", EVENT).unwrap();
        let told = item.children().next().unwrap();
        assert!(told.same_as(payload.root()), "{document}");
    }
}

const EVENT: &str = "http://jabber.org/protocol/pubsub#event";
