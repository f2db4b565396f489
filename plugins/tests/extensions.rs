//! The extensions from the outside: conversations in raw XML with a server in the same process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::Arc;

use sestina_plugins::{
    rfc_6120, rfc_6121, xep_0030, xep_0077, xep_0092, xep_0115, xep_0160, xep_0199,
};
use sestina_session::accounts::{Accounts, MemoryAccounts};
use sestina_session::plugin::{On, Setup};
use sestina_session::server::{HostConfig, Server};
use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;
use sestina_wire::BareJid;
use sestina_wire::clock::SystemRandom;

const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const REGISTER: &str = "jabber:iq:register";
const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
const DELAY: &str = "urn:xmpp:delay";

/// What differs from the default settings.
#[derive(Default)]
struct Changes {
    offline: skeletons::xep_0160::Settings,
    registration: skeletons::xep_0077::Settings,
}

async fn server_with(changes: Changes, storage: Storage) -> Server {
    let accounts = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    for account in ["laura", "arnaut"] {
        accounts
            .create(&BareJid::new(Some(account), "a.example").unwrap(), "secret")
            .await
            .unwrap();
    }
    let config = HostConfig::new("a.example", storage, accounts)
        .unwrap()
        .plugins(move |host| {
            let Changes {
                offline,
                registration,
            } = &changes;
            Ok(vec![
                skeletons::xep_0160::server::<xep_0160::Server>(&Setup::new(offline, host))?,
                skeletons::xep_0077::server::<xep_0077::Server>(&Setup::new(registration, host))?,
                skeletons::rfc_6120::server::<rfc_6120::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::rfc_6121::server::<rfc_6121::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0030::server::<xep_0030::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0082::server(&Setup::new(&Default::default(), host))?,
                skeletons::xep_0092::server::<xep_0092::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0115::server::<xep_0115::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0199::server::<xep_0199::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0203::server(&Setup::new(&Default::default(), host))?,
            ])
        });
    Server::builder().host(config).start().await.unwrap()
}

async fn server() -> Server {
    server_with(Changes::default(), Storage::memory()).await
}

async fn login(server: &Server, jid: &str) -> Conversation {
    Conversation::login(server, jid, "secret").await
}

fn error(id: &str, condition: &str) -> String {
    format!("<iq type='error' id='{id}'><error><{condition} xmlns='{STANZAS}'/></error></iq>")
}

#[tokio::test]
async fn a_ping_is_answered_by_the_server_and_for_ones_own_account() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    for to in ["", "to='a.example'", "to='laura@a.example'"] {
        laura
            .send(&format!(
                "<iq type='get' id='1' {to}><ping xmlns='urn:xmpp:ping'/></iq>"
            ))
            .await;
        laura.expect("<iq type='result' id='1'/>").await;
    }
    // What only its owner may ask of an account is forbidden to others, whether there is such an account or not.
    for (to, condition) in [
        ("arnaut@a.example", "forbidden"),
        ("nobody@a.example", "forbidden"),
        ("arnaut@a.example/away", "service-unavailable"),
        ("nobody@a.example/away", "service-unavailable"),
    ] {
        laura
            .send(&format!(
                "<iq type='get' id='2' to='{to}'><ping xmlns='urn:xmpp:ping'/></iq>"
            ))
            .await;
        laura.expect(&error("2", condition)).await;
    }
}

#[tokio::test]
async fn the_old_session_request_does_nothing_and_says_so() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    for to in ["", "to='a.example'"] {
        laura
            .send(&format!("<iq type='set' id='1' {to}><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"))
            .await;
        laura.expect("<iq type='result' id='1'/>").await;
    }
}

#[tokio::test]
async fn the_version_is_told_without_the_system() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    laura
        .send("<iq type='get' id='1' to='a.example'><query xmlns='jabber:iq:version'/></iq>")
        .await;
    let answer = laura
        .expect("<iq type='result' id='1'><query xmlns='jabber:iq:version'><name>Sestina</name><version>*</version></query></iq>")
        .await;
    let query = answer.root().child("query", "jabber:iq:version").unwrap();
    assert!(query.child("os", "jabber:iq:version").is_none());
}

#[tokio::test]
async fn a_host_says_what_it_is_and_can_do() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    laura
        .send(&format!(
            "<iq type='get' id='1' to='a.example'><query xmlns='{INFO}'/></iq>"
        ))
        .await;
    let answer = laura
        .expect(&format!("<iq type='result' id='1'><query xmlns='{INFO}'><identity category='server' type='im'/></query></iq>"))
        .await;
    let query = answer.root().child("query", INFO).unwrap();
    assert!(query.attr("node").is_none());
    let features: Vec<_> = query
        .children()
        .filter_map(|child| child.attr("var"))
        .collect();
    for feature in [
        INFO,
        ITEMS,
        "jabber:iq:version",
        "urn:xmpp:ping",
        "msgoffline",
        "http://jabber.org/protocol/caps",
    ] {
        assert_eq!(
            features.iter().filter(|var| **var == *feature).count(),
            1,
            "{feature} in {features:?}"
        );
    }
    laura
        .send(&format!(
            "<iq type='get' id='2' to='a.example'><query xmlns='{INFO}' node='what'/></iq>"
        ))
        .await;
    laura.expect(&error("2", "item-not-found")).await;
    laura
        .send(&format!(
            "<iq type='get' id='3' to='a.example'><query xmlns='{ITEMS}'/></iq>"
        ))
        .await;
    laura
        .expect(&format!(
            "<iq type='result' id='3'><query xmlns='{ITEMS}'/></iq>"
        ))
        .await;
}

#[tokio::test]
async fn capabilities_are_those_of_the_node_they_name() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let caps = xep_0115::capabilities(&server.host("a.example").unwrap(), On::Host).unwrap();
    let node = xep_0115::node(&caps);
    laura
        .send(&format!(
            "<iq type='get' id='1' to='a.example'><query xmlns='{INFO}' node='{node}'/></iq>"
        ))
        .await;
    let answer = laura
        .expect(&format!(
            "<iq type='result' id='1'><query xmlns='{INFO}' node='{node}'/></iq>"
        ))
        .await;
    let query = answer.root().child("query", INFO).unwrap();
    let query = sestina_wire::Content::decode(query).unwrap();
    assert_eq!(xep_0115::verify(&query, &caps), Ok(()));
}

#[tokio::test]
async fn an_account_is_known_to_its_owner_and_to_those_it_lets_see_it() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    laura.send("<presence/>").await;
    laura
        .expect("<presence from='laura@a.example/desk'/>")
        .await;
    let about = |id: &str, kind: &str, to: &str| {
        format!("<iq type='get' id='{id}' {to}><query xmlns='{kind}'/></iq>")
    };
    let account = format!(
        "<iq type='result'><query xmlns='{INFO}'><identity category='account' type='registered'/></query></iq>"
    );

    for to in ["", "to='laura@a.example'"] {
        laura.send(&about("1", INFO, to)).await;
        laura.expect(&account).await;
    }
    // Whether there is such an account must not show.
    for stranger in ["laura@a.example", "nobody@a.example"] {
        arnaut
            .send(&about("2", INFO, &format!("to='{stranger}'")))
            .await;
        arnaut.expect(&error("2", "service-unavailable")).await;
        arnaut
            .send(&about("3", ITEMS, &format!("to='{stranger}'")))
            .await;
        let answer = arnaut.recv().await;
        assert_eq!(
            answer
                .root()
                .children()
                .flat_map(|query| query.children())
                .count(),
            0
        );
    }

    arnaut
        .send("<presence type='subscribe' to='laura@a.example'/>")
        .await;
    laura
        .expect("<presence type='subscribe' from='arnaut@a.example'/>")
        .await;
    laura
        .send("<presence type='subscribed' to='arnaut@a.example'/>")
        .await;
    laura.settle().await;
    arnaut.send(&about("4", INFO, "to='laura@a.example'")).await;
    arnaut.expect(&account).await;
    arnaut
        .send(&about("5", ITEMS, "to='laura@a.example'"))
        .await;
    arnaut
        .expect(&format!("<iq type='result' id='5'><query xmlns='{ITEMS}'><item jid='laura@a.example/desk'/></query></iq>"))
        .await;
}

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
        arnaut.expect(&format!("<message type='error' id='3'><error><service-unavailable xmlns='{STANZAS}'/></error></message>")).await;
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

#[tokio::test]
async fn accounts_are_made_before_login() {
    let server = server().await;
    let mut nobody = Conversation::open(server.connect_memory(), "a.example").await;
    nobody
        .send(&format!(
            "<iq type='get' id='1'><query xmlns='{REGISTER}'/></iq>"
        ))
        .await;
    nobody
        .expect(&format!(
            "<iq type='result' id='1'><query xmlns='{REGISTER}'><instructions>*</instructions><username/><password/></query></iq>"
        ))
        .await;
    let set = |id: &str, fields: &str| {
        format!("<iq type='set' id='{id}'><query xmlns='{REGISTER}'>{fields}</query></iq>")
    };
    nobody.send(&set("2", "<username>dante</username>")).await;
    nobody.expect(&error("2", "not-acceptable")).await;
    nobody
        .send(&set(
            "3",
            "<username>laura</username><password>long enough</password>",
        ))
        .await;
    nobody.expect(&error("3", "conflict")).await;

    let mut nobody = Conversation::open(server.connect_memory(), "a.example").await;
    nobody
        .send(&set(
            "4",
            "<username>a/b</username><password>long enough</password>",
        ))
        .await;
    nobody.expect(&error("4", "not-acceptable")).await;
    nobody
        .send(&set(
            "5",
            "<username>Dante</username><password>long enough</password>",
        ))
        .await;
    nobody.expect("<iq type='result' id='5'/>").await;
    Conversation::login(&server, "dante@a.example/inferno", "long enough").await;
}

#[tokio::test]
async fn no_registration_where_accounts_are_given_out() {
    let registration = skeletons::xep_0077::Settings {
        new_accounts: false,
        ..Default::default()
    };
    let server = server_with(
        Changes {
            registration,
            ..Changes::default()
        },
        Storage::memory(),
    )
    .await;
    let mut nobody = Conversation::open(server.connect_memory(), "a.example").await;
    nobody
        .send(&format!(
            "<iq type='get' id='1'><query xmlns='{REGISTER}'/></iq>"
        ))
        .await;
    nobody.expect_stream_error("not-authorized").await;
}

#[tokio::test]
async fn a_password_is_changed_by_its_owner() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let set = |id: &str, fields: &str| {
        format!("<iq type='set' id='{id}'><query xmlns='{REGISTER}'>{fields}</query></iq>")
    };
    laura
        .send(&format!(
            "<iq type='get' id='1'><query xmlns='{REGISTER}'/></iq>"
        ))
        .await;
    laura
        .expect(&format!("<iq type='result' id='1'><query xmlns='{REGISTER}'><registered/><username>laura</username></query></iq>"))
        .await;
    laura
        .send(&set(
            "2",
            "<username>arnaut</username><password>long enough</password>",
        ))
        .await;
    laura.expect(&error("2", "forbidden")).await;
    laura
        .send(&set("3", "<username>laura</username><password/>"))
        .await;
    laura.expect(&error("3", "not-acceptable")).await;
    laura
        .send(&set("4", "<password>long enough</password>"))
        .await;
    laura.expect(&error("4", "bad-request")).await;
    laura
        .send(&set(
            "5",
            "<username>laura</username><password>long enough</password>",
        ))
        .await;
    laura.expect("<iq type='result' id='5'/>").await;
    Conversation::login(&server, "laura@a.example/again", "long enough").await;
}

#[tokio::test]
async fn an_account_ends_with_all_its_sessions() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut other = login(&server, "laura@a.example/sofa").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let roster = "<query xmlns='jabber:iq:roster'/>";
    arnaut
        .send(&format!("<iq type='get' id='0'>{roster}</iq>"))
        .await;
    arnaut.expect("<iq type='result' id='0'/>").await;
    arnaut
        .send("<presence type='subscribe' to='laura@a.example'/>")
        .await;
    arnaut.expect("<iq type='set'/>").await;
    laura
        .send("<presence type='subscribed' to='arnaut@a.example'/>")
        .await;
    let push =
        "<iq type='set'><query xmlns='jabber:iq:roster'><item subscription='to'/></query></iq>";
    let subscribed = "<presence type='subscribed' from='laura@a.example'/>";
    arnaut.expect_all(&[subscribed, push]).await;
    laura.send(&format!("<iq type='set' id='1'><query xmlns='{REGISTER}'><remove/><username>laura</username></query></iq>")).await;
    laura.expect(&error("1", "bad-request")).await;
    laura
        .send(&format!(
            "<iq type='set' id='2'><query xmlns='{REGISTER}'><remove/></query></iq>"
        ))
        .await;
    laura.expect("<iq type='result' id='2'/>").await;
    laura.expect_stream_error("not-authorized").await;
    other.expect_stream_error("not-authorized").await;
    let push =
        "<iq type='set'><query xmlns='jabber:iq:roster'><item subscription='none'/></query></iq>";
    let unsubscribed = "<presence type='unsubscribed' from='laura@a.example'/>";
    arnaut.expect_all(&[unsubscribed, push]).await;
    let accounts = server
        .host("a.example")
        .unwrap()
        .accounts()
        .cloned()
        .unwrap();
    assert!(
        !accounts
            .exists(&BareJid::new(Some("laura"), "a.example").unwrap())
            .await
            .unwrap()
    );
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
    let mut round = 0;
    while found.len() < 800 {
        round += 1;
        assert!(round < 2000, "{} messages have come", found.len());
        let mut laura = login(&server, &format!("laura@a.example/{round}")).await;
        laura.send("<presence/>").await;
        // Leaves politely: what is queued for it is read before the stream is closed.
        for _ in 0..40 {
            laura
                .send("<iq type='get' id='end'><ping xmlns='urn:xmpp:ping'/></iq>")
                .await;
            loop {
                let frame = laura.recv().await;
                match (frame.root().name(), frame.root().attr("id")) {
                    ("message", Some(id)) => found.push(id.to_string()),
                    ("iq", _) => break,
                    _ => {}
                }
            }
        }
        laura.send("<presence type='unavailable'/>").await;
        laura
            .send("<iq type='get' id='end'><ping xmlns='urn:xmpp:ping'/></iq>")
            .await;
        loop {
            let frame = laura.recv().await;
            match (frame.root().name(), frame.root().attr("id")) {
                ("message", Some(id)) => found.push(id.to_string()),
                ("iq", _) => break,
                _ => {}
            }
        }
        laura.close().await;
    }
    for sender in senders {
        sender.await.unwrap();
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 800);
}
