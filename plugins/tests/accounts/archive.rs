//! XEP-0313: the archive of an account.

use sestina_session::server::Server;
use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;
use sestina_wire::{ElementRef, Frame, Stanza};

use super::{Changes, ask, available, error, login, server, server_with};

const MAM: &str = "urn:xmpp:mam:2";
const RSM: &str = "http://jabber.org/protocol/rsm";
const CLIENT: &str = "jabber:client";

/// What a query was answered with: the ids and bodies of its messages, and the end of it.
pub(super) struct Answer {
    ids: Vec<String>,
    pub(super) bodies: Vec<String>,
    complete: bool,
    fin: Frame,
}

pub(super) async fn query(session: &mut Conversation, inner: &str) -> Answer {
    query_as(session, "juliet@a.example", inner).await
}

/// The same of the archive of somebody else.
pub(super) async fn query_of(session: &mut Conversation, own: &str) -> Answer {
    query_as(session, own, "").await
}

async fn query_as(session: &mut Conversation, own: &str, inner: &str) -> Answer {
    session
        .send(&format!(
            "<iq type='set' id='q'><query xmlns='{MAM}' queryid='f27'>{inner}</query></iq>"
        ))
        .await;
    let (mut ids, mut bodies) = (Vec::new(), Vec::new());
    loop {
        let frame = session.recv().await;
        let root = frame.root();
        if root.name() == "iq" {
            let fin = root
                .child("fin", MAM)
                .unwrap_or_else(|| panic!("{}", frame.as_str()));
            let complete = fin.attr("complete").is_some_and(|value| &*value == "true");
            return Answer {
                ids,
                bodies,
                complete,
                fin: frame,
            };
        }
        let result = root.child("result", MAM).unwrap();
        assert_eq!(root.attr("from").unwrap(), own);
        assert_eq!(result.attr("queryid").unwrap(), "f27");
        let forwarded = result.child("forwarded", "urn:xmpp:forward:0").unwrap();
        assert!(
            forwarded
                .child("delay", "urn:xmpp:delay")
                .unwrap()
                .attr("stamp")
                .is_some()
        );
        let message = forwarded.child("message", CLIENT).unwrap();
        ids.push(result.attr("id").unwrap().to_string());
        bodies.push(body(message));
    }
}

/// The bodies of all messages.
pub(super) async fn bodies(session: &mut Conversation) -> Vec<String> {
    query(session, "").await.bodies
}

fn body(message: ElementRef<'_>) -> String {
    message
        .child("body", CLIENT)
        .map(|body| body.text().to_string())
        .unwrap_or_default()
}

pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let fields: String = fields
        .iter()
        .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
        .collect();
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>{MAM}</value></field>{fields}</x>"
    )
}

fn page(inner: &str) -> String {
    format!("<set xmlns='{RSM}'>{inner}</set>")
}

fn list(words: &str) -> Vec<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

/// Ten messages between juliet and others; `3` is to the nurse.
async fn talked(server: &Server) -> Conversation {
    let mut juliet = available(server, "juliet@a.example/desk").await;
    let mut romeo = available(server, "romeo@a.example/field").await;
    for number in 0..10 {
        if number == 3 {
            juliet.send("<message to='nurse@a.example/hall' type='chat' id='m'><body>3</body></message>").await;
        } else if number % 2 == 0 {
            romeo.send(&format!("<message to='juliet@a.example' type='chat' id='m{number}'><body>{number}</body></message>")).await;
            juliet
                .expect(&format!("<message id='m{number}'><body>{number}</body><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@a.example' id='*'/></message>"))
                .await;
        } else {
            juliet.send(&format!("<message to='romeo@a.example/field' type='chat' id='m{number}'><body>{number}</body></message>")).await;
            romeo
                .expect(&format!(
                    "<message id='m{number}'><body>{number}</body></message>"
                ))
                .await;
        }
    }
    juliet.settle().await;
    juliet
}

#[tokio::test]
async fn the_archive_is_handed_out_page_by_page_in_both_directions() {
    let server = server().await;
    let mut juliet = talked(&server).await;
    let all = query(&mut juliet, "").await;
    assert_eq!(all.bodies, list("0 1 2 3 4 5 6 7 8 9"));
    assert!(all.complete);
    let ids = all.ids;

    let first = query(&mut juliet, &page("<max>4</max>")).await;
    assert_eq!((first.bodies, first.complete), (list("0 1 2 3"), false));
    let set = first
        .fin
        .root()
        .child("fin", MAM)
        .unwrap()
        .child("set", RSM)
        .unwrap();
    assert_eq!(set.child("first", RSM).unwrap().text(), ids[0].as_str());
    assert_eq!(set.child("last", RSM).unwrap().text(), ids[3].as_str());
    let next = query(
        &mut juliet,
        &page(&format!("<max>6</max><after>{}</after>", ids[3])),
    )
    .await;
    assert_eq!((next.bodies, next.complete), (list("4 5 6 7 8 9"), true));
    let last = query(&mut juliet, &page("<max>3</max><before/>")).await;
    assert_eq!((last.bodies, last.complete), (list("7 8 9"), false));
    let before = query(
        &mut juliet,
        &page(&format!("<max>30</max><before>{}</before>", ids[7])),
    )
    .await;
    assert_eq!(
        (before.bodies, before.complete),
        (list("0 1 2 3 4 5 6"), true)
    );
    let flipped = query(
        &mut juliet,
        &format!("{}<flip-page/>", page("<max>3</max><before/>")),
    )
    .await;
    assert_eq!(flipped.bodies, list("9 8 7"));
    let set = flipped
        .fin
        .root()
        .child("fin", MAM)
        .unwrap()
        .child("set", RSM)
        .unwrap();
    assert_eq!(set.child("first", RSM).unwrap().text(), ids[7].as_str());
    let none = query(&mut juliet, &page("<max>0</max>")).await;
    assert_eq!((none.bodies.len(), none.complete), (0, false));

    juliet
        .send(&format!(
            "<iq type='set' id='1'><query xmlns='{MAM}'>{}</query></iq>",
            page("<after>nonsense</after>")
        ))
        .await;
    juliet.expect(&error("1", "item-not-found")).await;
}

#[tokio::test]
async fn a_form_says_which_messages() {
    let server = server().await;
    let mut juliet = talked(&server).await;
    let ids = query(&mut juliet, "").await.ids;
    for (fields, expected) in [
        (form(&[("with", "romeo@a.example")]), "0 1 2 4 5 6 7 8 9"),
        (
            form(&[("with", "romeo@a.example/field")]),
            "0 1 2 4 5 6 7 8 9",
        ),
        (form(&[("with", "romeo@a.example/orchard")]), ""),
        (form(&[("with", "nurse@a.example")]), "3"),
        (
            form(&[("after-id", &ids[1]), ("before-id", &ids[5])]),
            "2 3 4",
        ),
        (form(&[("ids", &ids[6])]), "6"),
        (
            form(&[
                ("start", "2020-01-01T00:00:00Z"),
                ("end", "2021-01-01T00:00:00Z"),
            ]),
            "",
        ),
        (
            form(&[
                ("start", "2020-01-01T00:00:00Z"),
                ("end", "2121-01-01T00:00:00Z"),
            ]),
            "0 1 2 3 4 5 6 7 8 9",
        ),
        (form(&[("start", "2121-01-01T00:00:00Z")]), ""),
        (
            format!(
                "{}{}",
                form(&[("with", "romeo@a.example")]),
                page("<max>3</max><before/>")
            ),
            "7 8 9",
        ),
        (
            format!(
                "{}{}",
                form(&[("with", "romeo@a.example/field")]),
                page(&format!("<max>2</max><after>{}</after>", ids[2]))
            ),
            "4 5",
        ),
    ] {
        let found = query(&mut juliet, &fields).await;
        assert_eq!(found.bodies, list(expected), "{fields}");
    }
    for (fields, condition) in [
        (form(&[("before-id", "nonsense")]), "item-not-found"),
        (form(&[("ids", "nonsense")]), "item-not-found"),
        (form(&[("start", "yesterday")]), "bad-request"),
        (
            form(&[("{http://example.com/}mood", "lonely")]),
            "feature-not-implemented",
        ),
    ] {
        juliet
            .send(&format!(
                "<iq type='set' id='1'><query xmlns='{MAM}'>{fields}</query></iq>"
            ))
            .await;
        juliet.expect(&error("1", condition)).await;
    }
    juliet
        .send(&format!(
            "<iq type='get' id='1'><query xmlns='{MAM}'/></iq>"
        ))
        .await;
    juliet
        .expect(&format!(
            "<iq type='result' id='1'><query xmlns='{MAM}'><x xmlns='jabber:x:data' type='form'>\
             <field var='FORM_TYPE' type='hidden'><value>{MAM}</value></field><field var='with' type='jid-single'/>\
             <field var='start' type='text-single'/><field var='end' type='text-single'/><field var='before-id'/><field var='after-id'/>\
             <field var='ids' type='list-multi'><validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:string'><open/></validate></field>\
             </x></query></iq>"
        ))
        .await;
    juliet
        .send(&format!(
            "<iq type='get' id='2'><metadata xmlns='{MAM}'/></iq>"
        ))
        .await;
    juliet
        .expect(&format!(
            "<iq type='result' id='2'><metadata xmlns='{MAM}'><start id='{}' timestamp='*'/><end id='{}' timestamp='*'/></metadata></iq>",
            ids[0], ids[9]
        ))
        .await;
}

#[tokio::test]
async fn what_means_nothing_later_is_not_kept() {
    let server = server().await;
    let mut juliet = available(&server, "juliet@a.example/desk").await;
    let mut romeo = available(&server, "romeo@a.example/field").await;
    let composing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
    let hint = |name: &str| format!("<{name} xmlns='urn:xmpp:hints'/>");
    let kept = [
        "<body>yes</body>".to_owned(),
        format!("{composing}{}", hint("store")),
        "<received xmlns='urn:xmpp:receipts' id='m'/>".to_owned(),
    ];
    let passing = [
        composing.to_owned(),
        format!("<body>secret</body>{}", hint("no-store")),
        format!("<body>secret</body>{}", hint("no-permanent-store")),
        format!("<thread>t</thread>{composing}"),
    ];
    for content in kept.iter().chain(&passing) {
        romeo
            .send(&format!(
                "<message to='juliet@a.example/desk' type='chat' id='m'>{content}</message>"
            ))
            .await;
        let frame = juliet.recv().await;
        let id = frame.root().child("stanza-id", "urn:xmpp:sid:0");
        assert_eq!(id.is_some(), kept.contains(content), "{}", frame.as_str());
    }
    for type_ in ["headline", "error"] {
        romeo
            .send(&format!(
                "<message to='juliet@a.example/desk' type='{type_}' id='m'><body>x</body></message>"
            ))
            .await;
        juliet.expect(&format!("<message type='{type_}'/>")).await;
    }
    assert_eq!(query(&mut juliet, "").await.ids.len(), kept.len());
}

#[tokio::test]
async fn it_outlives_sessions_and_server_and_is_there_for_nobody_else() {
    let storage = Storage::memory();
    let first = server_with(Changes::default(), storage.clone()).await;
    let mut romeo = login(&first, "romeo@a.example/field").await;
    // Nobody may say what is in somebody else's archive.
    romeo
        .send("<message to='juliet@a.example' type='chat' id='m'><body>while you were away</body><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@a.example' id='forged'/></message>")
        .await;
    romeo
        .send("<message to='romeo@a.example' type='chat' id='m'><body>note</body></message>")
        .await;
    romeo.settle().await;
    romeo
        .send(&format!(
            "<iq type='set' id='1' to='juliet@a.example'><query xmlns='{MAM}'/></iq>"
        ))
        .await;
    romeo.expect(&error("1", "forbidden")).await;
    drop(romeo);
    first.shutdown().await;

    let second = server_with(Changes::default(), storage).await;
    let mut juliet = available(&second, "juliet@a.example/desk").await;
    let message = juliet
        .expect("<message id='m'><body>while you were away</body></message>")
        .await;
    let id = message.root().child("stanza-id", "urn:xmpp:sid:0").unwrap();
    let found = query(&mut juliet, "").await;
    assert_eq!(found.bodies, ["while you were away"]);
    assert_eq!(id.attr("id").unwrap(), found.ids[0].as_str());
}

#[tokio::test]
async fn a_page_is_bounded() {
    let archive = skeletons::xep_0313::Settings {
        max_page: 3,
        ..Default::default()
    };
    let server = server_with(
        Changes {
            archive,
            ..Changes::default()
        },
        Storage::memory(),
    )
    .await;
    let mut juliet = talked(&server).await;
    for inner in [String::new(), page("<max>100</max>")] {
        let found = query(&mut juliet, &inner).await;
        assert_eq!((found.bodies, found.complete), (list("0 1 2"), false));
    }
}

const WORDS: &str = "{urn:xmpp:fulltext:0}fulltext";

#[tokio::test]
async fn words_are_searched_for_with_everything_else_that_is_asked() {
    let server = server().await;
    let mut juliet = available(&server, "juliet@a.example/desk").await;
    let mut romeo = available(&server, "romeo@a.example/field").await;
    for (to, text) in [
        ("romeo", "Wherefore art thou Romeo?"),
        ("nurse", "Romeo, doff thy name"),
        ("romeo", "What's in a name"),
    ] {
        juliet
            .send(&format!(
                "<message to='{to}@a.example' type='chat'><body>{text}</body></message>"
            ))
            .await;
    }
    juliet.settle().await;
    let (first, second, third) = (
        "Wherefore art thou Romeo?",
        "Romeo, doff thy name",
        "What's in a name",
    );
    for (fields, expected) in [
        (vec![(WORDS, "romeo")], vec![first, second]),
        (vec![(WORDS, "NAME romeo")], vec![second]),
        (
            vec![(WORDS, "name"), ("with", "romeo@a.example")],
            vec![third],
        ),
        (vec![(WORDS, "Tybalt")], vec![]),
        (vec![(WORDS, "")], vec![first, second, third]),
    ] {
        let found = query(&mut juliet, &form(&fields)).await;
        assert_eq!(found.bodies, expected, "{fields:?}");
        assert!(found.complete);
    }
    let words = form(&[(WORDS, "name")]);
    let page_of_one = query(
        &mut juliet,
        &format!("{words}{}", page("<max>1</max><before/>")),
    )
    .await;
    assert_eq!(
        (page_of_one.bodies, page_of_one.complete),
        (vec![third.to_owned()], false)
    );
    // It is announced, and in the form.
    ask(
        &mut juliet,
        "get",
        &format!("<query xmlns='{MAM}'/>"),
        &format!("<query xmlns='{MAM}'><x xmlns='jabber:x:data' type='form'><field var='{WORDS}' type='text-single'/></x></query>"),
    )
    .await;
    romeo.send("<iq type='get' id='d' to='romeo@a.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>").await;
    for _ in 0..2 {
        romeo.expect("<message><body>*</body></message>").await;
    }
    romeo.expect("<iq type='result' id='d'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:fulltext:0'/></query></iq>").await;
}

/// As a message comes a second time whose recipient came back while it was about to be stored for later.
#[tokio::test]
async fn what_is_in_the_archive_is_not_put_there_again() {
    let server = server().await;
    let mut juliet = available(&server, "juliet@a.example/balcony").await;
    let mut romeo = login(&server, "romeo@a.example/garden").await;
    romeo
        .send("<message to='juliet@a.example' type='chat'><body>once</body></message>")
        .await;
    let first = juliet.recv().await;
    let id = first.root().child("stanza-id", "urn:xmpp:sid:0").unwrap();
    let id = id.attr("id").unwrap().to_string();
    let stanza_id = format!("<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@a.example' id='{id}'/>");
    for body in ["once", "something else"] {
        let again = format!(
            "<message from='romeo@a.example/garden' to='juliet@a.example' type='chat'><body>{body}</body>{stanza_id}</message>"
        );
        let host = server.host("a.example").unwrap();
        let _ = host.route(Stanza::parse(&again).unwrap()).await;
        let message = juliet.recv().await;
        let found = message.root().child("stanza-id", "urn:xmpp:sid:0").unwrap();
        // Another message is another one, whatever its sender says.
        assert_eq!(found.attr("id").unwrap() == id, body == "once", "{body}");
    }
    juliet
        .send("<iq type='set' id='all'><query xmlns='urn:xmpp:mam:2'/></iq>")
        .await;
    for body in ["once", "something else"] {
        juliet
            .expect(&format!(
                "<message><result xmlns='urn:xmpp:mam:2'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay'/>\
                 <message xmlns='jabber:client'><body>{body}</body></message></forwarded></result></message>"
            ))
            .await;
    }
    juliet.expect("<iq type='result' id='all'/>").await;
}

#[tokio::test]
async fn what_a_session_has_fetched_is_not_delivered_to_it_again() {
    let server = server().await;
    let mut romeo = login(&server, "romeo@a.example/field").await;
    let say = |number: u32| {
        format!(
            "<message to='juliet@a.example' type='chat' id='m{number}'><body>{number}</body></message>"
        )
    };
    for number in 0..4 {
        romeo.send(&say(number)).await;
    }
    romeo.settle().await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    let first = query(&mut juliet, &page("<max>2</max>")).await;
    assert_eq!(first.bodies, list("0 1"));
    let after = page(&format!("<max>1</max><after>{}</after>", first.ids[1]));
    assert_eq!(query(&mut juliet, &after).await.bodies, list("2"));
    // A search is no fetching of what lies between.
    query(&mut juliet, &form(&[(WORDS, "3")])).await;
    romeo.send(&say(4)).await;
    romeo.settle().await;
    juliet.send("<presence/>").await;
    juliet
        .expect("<presence from='juliet@a.example/desk'/>")
        .await;
    for number in 3..5 {
        let template = format!("<message id='m{number}'><body>{number}</body></message>");
        juliet.expect(&template).await;
    }
    juliet.expect_nothing().await;
    drop(juliet);
    // Nothing waits for the next session either.
    let mut sofa = available(&server, "juliet@a.example/sofa").await;
    sofa.expect_nothing().await;
}

#[tokio::test]
async fn an_archive_keeps_as_many_messages_as_it_may() {
    let changes = Changes {
        archive: skeletons::xep_0313::Settings {
            max_messages: 3,
            ..Default::default()
        },
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    for number in 0..8 {
        juliet
            .send(&format!(
                "<message to='romeo@a.example' type='chat'><body>{number}</body></message>"
            ))
            .await;
    }
    // The oldest go beside everything else.
    for _ in 0..100 {
        if bodies(&mut juliet).await.len() <= 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(bodies(&mut juliet).await, ["5", "6", "7"]);
}

#[tokio::test]
async fn an_archive_keeps_as_many_bytes_as_it_may() {
    let changes = Changes {
        archive: skeletons::xep_0313::Settings {
            max_bytes: sestina_session::settings::ByteSize(3000),
            ..Default::default()
        },
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    let long = "o".repeat(1200);
    for number in 0..6 {
        juliet
            .send(&format!(
                "<message to='romeo@a.example' type='chat'><body>{number}{long}</body></message>"
            ))
            .await;
    }
    // The oldest go beside everything else.
    for _ in 0..100 {
        if bodies(&mut juliet).await.len() <= 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let left = bodies(&mut juliet).await;
    let left: Vec<&str> = left.iter().map(|body| &body[..1]).collect();
    assert_eq!(left, ["4", "5"]);
}
