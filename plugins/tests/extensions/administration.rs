//! XEP-0133: what administrators do, and nobody else.

use sestina_session::server::Server;
use sestina_session::testing::Conversation;
use sestina_storage::Storage;
use sestina_wire::{BareJid, Frame, ns};

use super::{Changes, error, login, server_with};

const COMMANDS: &str = "http://jabber.org/protocol/commands";
const ADMIN: &str = "http://jabber.org/protocol/admin";

async fn administered() -> Server {
    let administration = sestina_skeletons::xep_0133::Settings {
        admins: vec!["laura@a.example".to_owned()],
        ..Default::default()
    };
    let changes = Changes {
        administration,
        ..Changes::default()
    };
    server_with(changes, Storage::memory()).await
}

/// Begins a command; what is answered.
async fn begin(who: &mut Conversation, command: &str, status: &str) -> Frame {
    who.send(&format!(
        "<iq type='set' id='begin' to='a.example'><command xmlns='{COMMANDS}' node='{ADMIN}#{command}' action='execute'/></iq>"
    ))
    .await;
    who.expect(&format!("<iq type='result' id='begin'><command xmlns='{COMMANDS}' node='{ADMIN}#{command}' status='{status}' sessionid='*'/></iq>"))
        .await
}

/// Begins a command and sends its form in.
async fn submit(who: &mut Conversation, command: &str, fields: &[(&str, &[&str])]) {
    let begun = begin(who, command, "executing").await;
    let root = begun.root();
    let asked = root.child("command", COMMANDS).unwrap();
    let session = asked.attr("sessionid").unwrap();
    let fields: String = fields
        .iter()
        .map(|(var, values)| {
            let values: String = values
                .iter()
                .map(|value| format!("<value>{value}</value>"))
                .collect();
            format!("<field var='{var}'>{values}</field>")
        })
        .collect();
    who.send(&format!(
        "<iq type='set' id='submit' to='a.example'><command xmlns='{COMMANDS}' node='{ADMIN}#{command}' sessionid='{session}'>\
         <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>{ADMIN}</value></field>{fields}</x></command></iq>"
    ))
    .await;
}

fn completed(inside: &str) -> String {
    format!(
        "<iq type='result' id='submit'><command xmlns='{COMMANDS}' status='completed'>{inside}</command></iq>"
    )
}

fn result(inside: &str) -> String {
    completed(&format!(
        "<x xmlns='jabber:x:data' type='result'>{inside}</x>"
    ))
}

/// Tries to log in and says with what condition that fails.
async fn refused(server: &Server, name: &str, password: &str) -> String {
    use base64::Engine as _;
    let mut stream = Conversation::open(server.connect_memory(), "a.example").await;
    let secret = base64::engine::general_purpose::STANDARD.encode(format!("\0{name}\0{password}"));
    stream
        .send(&format!(
            "<auth xmlns='{}' mechanism='PLAIN'>{secret}</auth>",
            ns::SASL
        ))
        .await;
    let answer = stream
        .expect(&format!("<failure xmlns='{}'/>", ns::SASL))
        .await;
    let first = answer.root().children().next().unwrap();
    first.name().to_owned()
}

#[tokio::test]
async fn only_administrators_see_and_run_the_commands() {
    let server = administered().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let items = format!(
        "<iq type='get' id='1' to='a.example'><query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/></iq>"
    );
    laura.send(&items).await;
    laura
        .expect(&format!("<iq type='result' id='1'><query xmlns='http://jabber.org/protocol/disco#items'><item node='{ADMIN}#add-user'/><item node='{ADMIN}#get-online-users-num'/></query></iq>"))
        .await;
    arnaut.send(&items).await;
    let none = arnaut.expect("<iq type='result' id='1'/>").await;
    assert!(!none.as_str().contains("<item"), "{}", none.as_str());
    for command in ["add-user", "get-registered-users-list", "announce"] {
        arnaut
            .send(&format!("<iq type='set' id='2' to='a.example'><command xmlns='{COMMANDS}' node='{ADMIN}#{command}'/></iq>"))
            .await;
        arnaut.expect(&error("2", "forbidden")).await;
    }
}

#[tokio::test]
async fn accounts_are_made_changed_and_deleted() {
    let server = administered().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let bad_payload = format!(
        "<iq type='error' id='submit'><error><bad-payload xmlns='{COMMANDS}'/></error></iq>"
    );
    for (jid, password, again) in [
        ("dante@a.example", "secret-1", "secret-2"),
        ("dante@b.example", "secret-1", "secret-1"),
        ("dante@a.example/inferno", "secret-1", "secret-1"),
        ("arnaut@a.example", "secret-1", "secret-1"),
        ("not an address@", "secret-1", "secret-1"),
    ] {
        let fields: [(&str, &[&str]); 3] = [
            ("accountjid", &[jid]),
            ("password", &[password]),
            ("password-verify", &[again]),
        ];
        submit(&mut laura, "add-user", &fields).await;
        laura.expect(&bad_payload).await;
    }
    let fields: [(&str, &[&str]); 3] = [
        ("accountjid", &["dante@a.example"]),
        ("password", &["secret-1"]),
        ("password-verify", &["secret-1"]),
    ];
    submit(&mut laura, "add-user", &fields).await;
    laura.expect(&completed("<note type='info'/>")).await;
    Conversation::login(&server, "dante@a.example/inferno", "secret-1")
        .await
        .close()
        .await;

    let fields: [(&str, &[&str]); 2] = [
        ("accountjid", &["dante@a.example"]),
        ("password", &["secret-2"]),
    ];
    submit(&mut laura, "change-user-password", &fields).await;
    laura.expect(&completed("<note type='info'/>")).await;
    assert_eq!(
        refused(&server, "dante", "secret-1").await,
        "not-authorized"
    );
    let mut dante = Conversation::login(&server, "dante@a.example/inferno", "secret-2").await;

    let both: &[&str] = &["dante@a.example", "nobody@a.example"];
    submit(&mut laura, "delete-user", &[("accountjids", both)]).await;
    laura
        .expect(&completed(
            "<note type='info'/><note type='error'>there is no account nobody@a.example</note>",
        ))
        .await;
    dante.expect_stream_error("not-authorized").await;
    assert_eq!(
        refused(&server, "dante", "secret-2").await,
        "not-authorized"
    );
}

#[tokio::test]
async fn sessions_are_ended_and_announcements_sent() {
    let server = administered().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut study = login(&server, "arnaut@a.example/study").await;
    let mut sofa = login(&server, "arnaut@a.example/sofa").await;
    for session in [&mut study, &mut sofa] {
        session.send("<presence/>").await;
        session.expect("<presence/>").await;
    }
    submit(
        &mut laura,
        "announce",
        &[("announcement", &["The server", "goes down at noon."])],
    )
    .await;
    laura
        .expect(&completed("<note type='info'>sent to 2 accounts</note>"))
        .await;
    loop {
        let frame = study.recv().await;
        if frame.root().name() == "message" {
            assert_eq!(frame.root().attr("from").as_deref(), Some("a.example"));
            let body = frame.root().child("body", ns::CLIENT).unwrap();
            assert_eq!(body.text(), "The server\ngoes down at noon.");
            break;
        }
    }
    submit(
        &mut laura,
        "end-user-session",
        &[("accountjids", &["arnaut@a.example/study"])],
    )
    .await;
    laura.expect(&completed("<note type='info'/>")).await;
    study.expect_stream_error("policy-violation").await;
    submit(
        &mut laura,
        "end-user-session",
        &[("accountjids", &["arnaut@a.example"])],
    )
    .await;
    laura.expect(&completed("<note type='info'/>")).await;
    while sofa.recv().await.root().name() != "error" {}
    login(&server, "arnaut@a.example/again").await;
}

#[tokio::test]
async fn an_account_that_is_disabled_is_kept_and_let_nobody_in() {
    let server = administered().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    submit(
        &mut laura,
        "disable-user",
        &[("accountjids", &["laura@a.example"])],
    )
    .await;
    laura
        .expect(&format!(
            "<iq type='error' id='submit'><error><bad-payload xmlns='{COMMANDS}'/></error></iq>"
        ))
        .await;
    submit(
        &mut laura,
        "disable-user",
        &[("accountjids", &["arnaut@a.example"])],
    )
    .await;
    laura.expect(&completed("<note type='info'/>")).await;
    arnaut.expect_stream_error("not-authorized").await;
    assert_eq!(
        refused(&server, "arnaut", "secret").await,
        "account-disabled"
    );
    assert_eq!(refused(&server, "arnaut", "guess").await, "not-authorized");
    let counted = begin(&mut laura, "get-disabled-users-num", "completed").await;
    assert!(
        counted.as_str().contains("<value>1</value>"),
        "{}",
        counted.as_str()
    );
    submit(
        &mut laura,
        "get-disabled-users-list",
        &[("max_items", &["25"])],
    )
    .await;
    laura
        .expect(&result(
            "<field var='disableduserjids'><value>arnaut@a.example</value></field>",
        ))
        .await;
    submit(
        &mut laura,
        "reenable-user",
        &[("accountjids", &["arnaut@a.example"])],
    )
    .await;
    laura.expect(&completed("<note type='info'/>")).await;
    login(&server, "arnaut@a.example/study").await;
    // An account of the same name is another one.
    submit(
        &mut laura,
        "disable-user",
        &[("accountjids", &["arnaut@a.example"])],
    )
    .await;
    laura.expect(&completed("<note type='info'/>")).await;
    submit(
        &mut laura,
        "delete-user",
        &[("accountjids", &["arnaut@a.example"])],
    )
    .await;
    laura.expect(&completed("<note type='info'/>")).await;
    let accounts = server
        .host("a.example")
        .unwrap()
        .accounts()
        .cloned()
        .unwrap();
    let arnaut = BareJid::parse("arnaut@a.example").unwrap();
    accounts.create(&arnaut, "secret").await.unwrap();
    login(&server, "arnaut@a.example/study").await;
}

#[tokio::test]
async fn administrators_learn_what_the_server_knows() {
    let server = administered().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let registered = begin(&mut laura, "get-registered-users-num", "completed").await;
    assert!(
        registered.as_str().contains("<value>2</value>"),
        "{}",
        registered.as_str()
    );
    let online = begin(&mut laura, "get-online-users-num", "completed").await;
    assert!(
        online.as_str().contains("<value>1</value>"),
        "{}",
        online.as_str()
    );
    submit(&mut laura, "get-online-users-list", &[]).await;
    laura
        .expect(&result(
            "<field var='onlineuserjids'><value>laura@a.example</value></field>",
        ))
        .await;
    submit(&mut laura, "get-registered-users-list", &[]).await;
    laura
        .expect(&result("<field var='registereduserjids'><value>arnaut@a.example</value><value>laura@a.example</value></field>"))
        .await;

    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    arnaut
        .send("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='petrarca@b.example' name='Francesco'/></query></iq>")
        .await;
    arnaut.expect("<iq type='result' id='r'/>").await;
    submit(
        &mut laura,
        "get-user-roster",
        &[("accountjids", &["arnaut@a.example"])],
    )
    .await;
    laura
        .expect(&result("<field var='accountjids'><value>arnaut@a.example</value></field><query xmlns='jabber:iq:roster'><item jid='petrarca@b.example' name='Francesco'/></query>"))
        .await;
    submit(
        &mut laura,
        "user-stats",
        &[("accountjid", &["arnaut@a.example"])],
    )
    .await;
    laura
        .expect(&result("<field var='lastlogin'/><field var='onlineresources'><value>study</value></field><field var='rostersize'><value>1</value></field>"))
        .await;
    submit(
        &mut laura,
        "get-user-lastlogin",
        &[("accountjids", &["arnaut@a.example"])],
    )
    .await;
    let seen = laura.expect(&result("<field var='lastlogin'/>")).await;
    assert!(
        seen.as_str().contains("T") && seen.as_str().contains("Z</value>"),
        "{}",
        seen.as_str()
    );
    let nobody: &[&str] = &["nobody@a.example"];
    let two: &[&str] = &["laura@a.example", "arnaut@a.example"];
    for (command, var, values) in [
        ("user-stats", "accountjid", nobody),
        ("get-user-roster", "accountjids", nobody),
        ("get-user-roster", "accountjids", two),
    ] {
        submit(&mut laura, command, &[(var, values)]).await;
        laura
            .expect(&format!(
                "<iq type='error' id='submit'><error><bad-payload xmlns='{COMMANDS}'/></error></iq>"
            ))
            .await;
    }
}

#[tokio::test]
async fn a_message_of_the_day_reaches_everybody_once() {
    let server = administered().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    laura.send("<presence/>").await;
    laura.expect("<presence/>").await;
    let news = "<message type='headline' from='a.example'><body>No cantos today.</body></message>";
    submit(&mut laura, "set-motd", &[("motd", &["No cantos today."])]).await;
    laura
        .expect_all(&[news, &completed("<note type='info'/>")])
        .await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    arnaut.send("<presence/>").await;
    arnaut.expect_all(&["<presence/>", news]).await;
    // Neither again nor in another session.
    hears_nothing(&mut arnaut).await;
    // Another wording begins with the one there is.
    let asked = begin(&mut laura, "edit-motd", "executing").await;
    assert!(asked.as_str().contains("No cantos today."));
    let deleted = begin(&mut laura, "delete-motd", "completed").await;
    assert!(deleted.as_str().contains("info"), "{}", deleted.as_str());
    let again = begin(&mut laura, "delete-motd", "completed").await;
    assert!(again.as_str().contains("error"), "{}", again.as_str());
    let mut sofa = login(&server, "arnaut@a.example/sofa").await;
    hears_nothing(&mut sofa).await;
}

/// Becomes available, and is told nothing but presence.
async fn hears_nothing(session: &mut Conversation) {
    session
        .send("<presence/><iq type='get' id='round' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    loop {
        let frame = session.recv().await;
        assert_ne!(frame.root().name(), "message", "{}", frame.as_str());
        if frame.root().name() == "iq" {
            return;
        }
    }
}

#[tokio::test]
async fn new_accounts_are_welcomed() {
    let server = administered().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    submit(
        &mut laura,
        "set-welcome",
        &[("welcome", &["Benvenuto", "a te."])],
    )
    .await;
    laura.expect(&completed("<note type='info'/>")).await;
    let asked = begin(&mut laura, "set-welcome", "executing").await;
    assert!(asked.as_str().contains("a te."));
    let add = async |laura: &mut Conversation, name: &str| {
        let jid = format!("{name}@a.example");
        let fields = [
            ("accountjid", &[jid.as_str()][..]),
            ("password", &["secret"]),
            ("password-verify", &["secret"]),
        ];
        submit(laura, "add-user", &fields).await;
        laura.expect(&completed("")).await;
    };
    add(&mut laura, "dante").await;
    // It waits for the first login.
    let mut dante = login(&server, "dante@a.example/exile").await;
    dante.send("<presence/>").await;
    dante
        .expect_all(&[
            "<presence/>",
            "<message from='a.example' to='dante@a.example'><body>Benvenuto\na te.</body></message>",
        ])
        .await;
    let deleted = begin(&mut laura, "delete-welcome", "completed").await;
    assert!(deleted.as_str().contains("info"), "{}", deleted.as_str());
    let again = begin(&mut laura, "delete-welcome", "completed").await;
    assert!(again.as_str().contains("error"), "{}", again.as_str());
    add(&mut laura, "guido").await;
    let mut guido = login(&server, "guido@a.example/house").await;
    guido.send("<presence/>").await;
    guido.expect("<presence/>").await;
    guido.expect_nothing().await;
}

#[tokio::test]
async fn administrators_see_who_is_active_and_who_is_idle() {
    let server = administered().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    laura.send("<presence/>").await;
    laura.expect("<presence/>").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let mut counted = async |active: u32, idle: u32| {
        for (command, field, number) in [
            ("get-active-users-num", "activeusersnum", active),
            ("get-idle-users-num", "idleusersnum", idle),
        ] {
            let answer = begin(&mut laura, command, "completed").await;
            let wanted = format!("<value>{number}</value>");
            assert!(answer.as_str().contains(field), "{}", answer.as_str());
            assert!(
                answer.as_str().contains(&wanted),
                "{command}: {}",
                answer.as_str()
            );
        }
        for (command, jid) in [
            ("get-active-users", "laura@a.example"),
            ("get-idle-users", "arnaut@a.example"),
        ] {
            if idle == 0 && command == "get-idle-users" {
                continue;
            }
            submit(&mut laura, command, &[("max_items", &["25"])]).await;
            let field = format!("<field var='activeuserjids'><value>{jid}</value></field>");
            laura.expect(&result(&field)).await;
        }
    };
    // Who is not available does nothing here, and neither does who is away.
    counted(1, 1).await;
    arnaut.send("<presence><show>xa</show></presence>").await;
    arnaut.expect("<presence/>").await;
    counted(1, 1).await;
    arnaut.send("<presence><show>dnd</show></presence>").await;
    arnaut.expect("<presence/>").await;
    let answer = begin(&mut laura, "get-active-users-num", "completed").await;
    assert!(
        answer.as_str().contains("<value>2</value>"),
        "{}",
        answer.as_str()
    );
}

#[tokio::test]
async fn the_service_ends_where_somebody_listens() {
    use sestina_plugins::xep_0133::{End, Ending};
    let server = administered().await;
    let ending = Ending::of(&server.host("a.example").unwrap());
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    for session in [&mut laura, &mut arnaut] {
        session.send("<presence/>").await;
        session.expect("<presence/>").await;
    }
    // As long as nobody would do it, it is not offered.
    laura
        .send(&format!("<iq type='set' id='2' to='a.example'><command xmlns='{COMMANDS}' node='{ADMIN}#shutdown'/></iq>"))
        .await;
    laura.expect(&error("2", "forbidden")).await;
    ending.listen();
    let asked = begin(&mut laura, "restart", "executing").await;
    assert!(asked.as_str().contains("300"), "{}", asked.as_str());
    let fields = [("delay", &["0"][..]), ("announcement", &["Good night."])];
    submit(&mut laura, "shutdown", &fields).await;
    let news = "<message type='headline' from='a.example'><body>Good night.</body></message>";
    laura
        .expect_all(&[news, &completed("<note type='info'/>")])
        .await;
    arnaut.expect(news).await;
    assert_eq!(ending.wanted().await, End::Shutdown);
    // What a program does that listens.
    let (_, ()) = tokio::join!(server.shutdown(), async {
        laura.expect_stream_error("system-shutdown").await;
        arnaut.expect_stream_error("system-shutdown").await;
    });
}
