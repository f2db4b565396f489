//! XEP-0357 with a push service that is another session, and XEP-0377.

use std::time::Duration;

use sestina_session::server::Server;
use sestina_session::settings::Interval;
use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;
use sestina_types::Stores as _;

use super::{Changes, STANZAS, ask, available, error, login, server, server_with};

const SERVICE: &str = "nurse@a.example/push";
const PUSH: &str = "urn:xmpp:push:0";
const OPTIONS: &str = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options</value></field><field var='secret'><value>eruio234</value></field></x>";

fn enable(node: &str, options: &str) -> String {
    format!("<enable xmlns='{PUSH}' jid='{SERVICE}' node='{node}'>{options}</enable>")
}

/// What the service is told: the node, and fields of the summary.
fn notification(node: &str, fields: &[(&str, &str)], options: &str) -> String {
    let fields: String = fields
        .iter()
        .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
        .collect();
    format!(
        "<iq type='set' id='*' from='a.example' to='{SERVICE}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>\
         <publish node='{node}'><item><notification xmlns='{PUSH}'><x xmlns='jabber:x:data'>\
         <field var='FORM_TYPE'><value>urn:xmpp:push:summary</value></field>{fields}</x></notification></item></publish>{options}</pubsub></iq>"
    )
}

/// The service is told this, and answers.
async fn told(service: &mut Conversation, template: &str, answer: &str) {
    let request = service.expect(template).await;
    let id = request.root().attr("id").unwrap().to_string();
    let inner = if answer.is_empty() {
        format!("<iq type='result' to='a.example' id='{id}'/>")
    } else {
        format!(
            "<iq type='error' to='a.example' id='{id}'><error type='cancel'><{answer} xmlns='{STANZAS}'/></error></iq>"
        )
    };
    service.send(&inner).await;
    service.settle().await;
}

async fn say(from: &mut Conversation, text: &str) {
    from.send(&format!(
        "<message to='juliet@a.example' type='chat' id='{text}'><body>{text}</body></message>"
    ))
    .await;
    from.settle().await;
}

async fn all(server: &Server) -> (Conversation, Conversation, Conversation) {
    let juliet = available(server, "juliet@a.example/phone").await;
    let romeo = login(server, "romeo@a.example/field").await;
    let nurse = login(server, SERVICE).await;
    (juliet, romeo, nurse)
}

#[tokio::test]
async fn a_service_is_told_when_something_waits_until_it_is_disabled() {
    let server = server().await;
    let (mut juliet, mut romeo, mut service) = all(&server).await;
    juliet.send("<iq type='get' id='d' to='juliet@a.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>").await;
    juliet.expect(&format!("<iq type='result' id='d'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='{PUSH}'/></query></iq>")).await;
    ask(&mut juliet, "set", &enable("one", OPTIONS), "").await;
    ask(&mut juliet, "set", &enable("two", ""), "").await;
    // Somebody is there.
    say(&mut romeo, "seen").await;
    juliet.expect("<message id='seen'/>").await;
    service.expect_nothing().await;
    juliet.close().await;

    let options = format!("<publish-options>{OPTIONS}</publish-options>");
    say(&mut romeo, "unseen").await;
    let one = notification("one", &[("message-count", "1")], &options);
    let two = notification("two", &[("message-count", "1")], "");
    let frames = [service.recv().await, service.recv().await];
    for (frame, template) in frames.iter().zip([&one, &two]) {
        let text = String::from_utf8_lossy(frame.bytes()).into_owned();
        assert!(
            !text.contains("unseen") && !text.contains("romeo"),
            "{text}"
        );
        assert_eq!(
            text.contains("eruio234"),
            std::ptr::eq(template, &one),
            "{text}"
        );
        let id = frame.root().attr("id").unwrap();
        service
            .send(&format!("<iq type='result' to='a.example' id='{id}'/>"))
            .await;
    }
    service.settle().await;
    // What is not stored says nothing.
    for passing in [
        "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
        "<body>secret</body><no-store xmlns='urn:xmpp:hints'/>",
    ] {
        romeo
            .send(&format!(
                "<message to='juliet@a.example' type='chat' id='p'>{passing}</message>"
            ))
            .await;
        romeo.expect("<message type='error' id='p'/>").await;
    }
    service.expect_nothing().await;

    let mut juliet = login(&server, "juliet@a.example/desk").await;
    let disable = format!("<disable xmlns='{PUSH}' jid='{SERVICE}' node='two'/>");
    ask(&mut juliet, "set", &disable, "").await;
    juliet.close().await;
    say(&mut romeo, "again").await;
    told(
        &mut service,
        &notification("one", &[("message-count", "1")], &options),
        "",
    )
    .await;
    say(&mut romeo, "and again").await;
    told(
        &mut service,
        &notification("one", &[("message-count", "2")], &options),
        "",
    )
    .await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    ask(
        &mut juliet,
        "set",
        &format!("<disable xmlns='{PUSH}' jid='{SERVICE}'/>"),
        "",
    )
    .await;
    juliet.close().await;
    say(&mut romeo, "nobody hears").await;
    service.expect_nothing().await;
}

#[tokio::test]
async fn a_service_that_does_not_want_it_is_disabled() {
    let server = server().await;
    let (mut juliet, mut romeo, mut service) = all(&server).await;
    ask(&mut juliet, "set", &enable("gone", ""), "").await;
    ask(&mut juliet, "set", &enable("busy", ""), "").await;
    juliet.close().await;
    say(&mut romeo, "first").await;
    for _ in 0..2 {
        let request = service.recv().await;
        let text = String::from_utf8_lossy(request.bytes()).into_owned();
        let id = request.root().attr("id").unwrap();
        let (type_, condition) = if text.contains("gone") {
            ("cancel", "item-not-found")
        } else {
            ("wait", "resource-constraint")
        };
        service.send(&format!("<iq type='error' to='a.example' id='{id}'><error type='{type_}'><{condition} xmlns='{STANZAS}'/></error></iq>")).await;
    }
    service.settle().await;
    // What is noted of it is noted by now, or shortly.
    tokio::time::sleep(Duration::from_millis(50)).await;
    say(&mut romeo, "second").await;
    told(
        &mut service,
        &notification("busy", &[("message-count", "2")], ""),
        "",
    )
    .await;
    service.expect_nothing().await;
}

#[tokio::test]
async fn a_client_whose_stream_broke_counts_as_away() {
    let changes = Changes {
        push: skeletons::xep_0357::Settings {
            include_sender: true,
            include_body: true,
            max_services: 1,
            ..Default::default()
        },
        management: skeletons::xep_0198::Settings {
            resume: Interval(Duration::from_secs(60)),
            ..Default::default()
        },
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let (mut juliet, mut romeo, mut service) = all(&server).await;
    ask(&mut juliet, "set", &enable("phone", ""), "").await;
    juliet
        .send(&format!(
            "<iq type='set' id='x'>{}</iq>",
            enable("other", "")
        ))
        .await;
    juliet.expect(&error("x", "resource-constraint")).await;
    juliet
        .send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    juliet
        .expect("<enabled xmlns='urn:xmpp:sm:3' id='*'/>")
        .await;
    // Written to a stream of which nobody knows yet that it is broken.
    say(&mut romeo, "lost").await;
    juliet.expect("<message id='lost'/>").await;
    service.expect_nothing().await;
    drop(juliet);
    let fields = |count: &'static str, body: &'static str| {
        [
            ("message-count", count),
            ("last-message-sender", "romeo@a.example/field"),
            ("last-message-body", body),
        ]
    };
    told(
        &mut service,
        &notification("phone", &fields("1", "lost"), ""),
        "",
    )
    .await;
    say(&mut romeo, "more").await;
    told(
        &mut service,
        &notification("phone", &fields("2", "more"), ""),
        "",
    )
    .await;
}

#[tokio::test]
async fn who_blocks_somebody_can_say_why() {
    let storage = Storage::memory();
    let server = server_with(Changes::default(), storage.clone()).await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    let mut sofa = login(&server, "juliet@a.example/sofa").await;
    ask(
        &mut sofa,
        "get",
        "<blocklist xmlns='urn:xmpp:blocking'/>",
        "",
    )
    .await;
    let block = |report: &str| {
        format!(
            "<block xmlns='urn:xmpp:blocking'><item jid='tybalt@c.example'>{report}</item></block>"
        )
    };
    // Without a reason nobody is blocked.
    juliet
        .send(&format!(
            "<iq type='set' id='r'>{}</iq>",
            block("<report xmlns='urn:xmpp:reporting:1'/>")
        ))
        .await;
    juliet.expect(&error("r", "bad-request")).await;
    sofa.expect_nothing().await;
    let report = "<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'>\
        <stanza-id xmlns='urn:xmpp:sid:0' by='juliet@a.example' id='28482'/>\
        <text xml:lang='en'>Never came trouble to my house like this.</text></report>";
    ask(&mut juliet, "set", &block(report), "").await;
    let push = sofa
        .expect(&format!("<iq type='set'>{}</iq>", block("")))
        .await;
    assert!(!String::from_utf8_lossy(push.bytes()).contains("report"));
    let reports = storage.abuse_reports().unwrap();
    let reports = reports
        .of_host("a.example", sestina_storage::Range::all())
        .await
        .unwrap();
    assert_eq!(reports.len(), 1);
    let report = &reports[0];
    assert_eq!(report.reporter.as_str(), "juliet@a.example");
    assert_eq!(report.address.as_str(), "tybalt@c.example");
    assert_eq!(report.reason, "urn:xmpp:reporting:spam");
    assert_eq!(report.messages, "28482");
    assert!(report.text.as_deref().unwrap().starts_with("Never came"));
}

#[tokio::test]
async fn administrators_read_reports_and_settle_them() {
    let changes = Changes {
        reports: sestina_skeletons::xep_0377::Settings {
            tell: vec!["nurse@a.example".to_owned()],
            ..Default::default()
        },
        administration: sestina_skeletons::xep_0133::Settings {
            admins: vec!["nurse@a.example".to_owned()],
            ..Default::default()
        },
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    let mut nurse = available(&server, "nurse@a.example/house").await;
    let command = |inside: &str| {
        format!(
            "<iq type='set' id='c' to='a.example'><command xmlns='http://jabber.org/protocol/commands' \
             node='urn:xmpp:reporting:1#reports' {inside}</iq>"
        )
    };
    let begin = command("action='execute'/>");
    juliet.send(&begin).await;
    juliet.expect(&error("c", "forbidden")).await;
    ask(
        &mut juliet,
        "set",
        "<block xmlns='urn:xmpp:blocking'><item jid='tybalt@c.example'>\
         <report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:abuse'><text>He bites his thumb.</text></report>\
         </item></block>",
        "",
    )
    .await;
    let told = nurse
        .expect("<message from='a.example' to='nurse@a.example'><subject>Report of abuse</subject></message>")
        .await;
    assert!(
        told.as_str()
            .contains("juliet@a.example reports tybalt@c.example"),
        "{}",
        told.as_str()
    );
    nurse.send(&begin).await;
    let shown = nurse
        .expect("<iq type='result' id='c'><command xmlns='http://jabber.org/protocol/commands' status='executing' sessionid='*'/></iq>")
        .await;
    assert!(
        shown.as_str().contains("He bites his thumb."),
        "{}",
        shown.as_str()
    );
    let root = shown.root();
    let command_of = root
        .child("command", "http://jabber.org/protocol/commands")
        .unwrap();
    let session = command_of.attr("sessionid").unwrap();
    let field = command_of
        .child("x", "jabber:x:data")
        .and_then(|form| form.child("field", "jabber:x:data"))
        .unwrap();
    let option = field.child("option", "jabber:x:data").unwrap();
    let id = option.child("value", "jabber:x:data").unwrap().text();
    nurse
        .send(&command(&format!(
            "sessionid='{session}'><x xmlns='jabber:x:data' type='submit'><field var='settled'><value>{id}</value></field></x></command>"
        )))
        .await;
    let done = nurse.expect("<iq type='result' id='c'/>").await;
    assert!(done.as_str().contains("settled: 1"), "{}", done.as_str());
    nurse.send(&begin).await;
    let none = nurse.expect("<iq type='result' id='c'/>").await;
    assert!(
        none.as_str().contains("no report is open"),
        "{}",
        none.as_str()
    );
}
