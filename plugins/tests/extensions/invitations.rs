//! XEP-0379, 0401, 0445: links that make contacts and accounts.

use std::time::Duration;

use sestina_session::server::Server;
use sestina_session::settings::Interval;
use sestina_session::testing::Conversation;
use sestina_skeletons::{xep_0077, xep_0133, xep_0401};
use sestina_storage::{Range, Storage};
use sestina_types::Stores as _;
use sestina_wire::{BareJid, Frame};

use super::{Changes, STANZAS, error, login, server_with};

const COMMANDS: &str = "http://jabber.org/protocol/commands";
const DATA: &str = "jabber:x:data";
const PARS: &str = "urn:xmpp:pars:0";
const REGISTER: &str = "jabber:iq:register";

/// `anyone` may give accounts away; `open` is for those who were not invited.
fn changes(anyone: bool, open: bool) -> Changes {
    Changes {
        registration: xep_0077::Settings {
            new_accounts: open,
            ..Default::default()
        },
        administration: xep_0133::Settings {
            admins: vec!["laura@a.example".to_owned()],
            ..Default::default()
        },
        invitations: Some(xep_0401::Settings {
            anyone,
            ..Default::default()
        }),
        ..Changes::default()
    }
}

/// The next answer to a request, whatever comes before.
async fn answer(who: &mut Conversation, id: &str) -> Frame {
    loop {
        let frame = who.recv().await;
        if frame.root().name() == "iq" && frame.root().attr("id").as_deref() == Some(id) {
            return frame;
        }
    }
}

async fn run(who: &mut Conversation, command: &str, attributes: &str, inside: &str) -> Frame {
    who.send(&format!(
        "<iq type='set' id='run' to='a.example'><command xmlns='{COMMANDS}' node='urn:xmpp:invite#{command}' {attributes}>{inside}</command></iq>"
    ))
    .await;
    answer(who, "run").await
}

/// A field of the form in an answer.
fn field(answer: &Frame, var: &str) -> Option<String> {
    let form = answer.root().child("command", COMMANDS)?.child("x", DATA)?;
    let mut fields = form.children();
    let field = fields.find(|field| field.attr("var").as_deref() == Some(var))?;
    Some(field.child("value", DATA)?.text().to_string())
}

fn token(link: &str) -> String {
    let (_, token) = link.split_once("preauth=").unwrap();
    token.split(';').next().unwrap().to_owned()
}

/// Makes a link for contacts.
async fn invite(who: &mut Conversation) -> String {
    let made = run(who, "invite", "", "").await;
    assert!(field(&made, "expire").is_some(), "{}", made.as_str());
    field(&made, "uri").unwrap()
}

/// Makes a link for an account of some name.
async fn give_account(who: &mut Conversation, name: &str) -> Frame {
    let asked = run(who, "create-account", "", "").await;
    let command = asked.root().child("command", COMMANDS).unwrap();
    let session = command.attr("sessionid").unwrap();
    run(
        who,
        "create-account",
        &format!("sessionid='{session}' action='complete'"),
        &format!(
            "<x xmlns='{DATA}' type='submit'><field var='username'><value>{name}</value></field>\
             <field var='roster-subscription'><value>true</value></field></x>"
        ),
    )
    .await
}

/// Waits until one has the other as a contact in both directions.
async fn are_contacts(who: &mut Conversation, other: &str) {
    for _ in 0..100 {
        who.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>")
            .await;
        let roster = answer(who, "roster").await;
        let query = roster.root().child("query", "jabber:iq:roster").unwrap();
        let mut items = query.children();
        if items.any(|item| {
            item.attr("jid").as_deref() == Some(other)
                && item.attr("subscription").as_deref() == Some("both")
        }) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{other} is no contact");
}

async fn open(server: &Server) -> Conversation {
    Conversation::open(server.connect_memory(), "a.example").await
}

async fn shows(who: &mut Conversation, token: &str) {
    who.send(&format!(
        "<iq type='set' id='pre' to='a.example'><preauth xmlns='{PARS}' token='{token}'/></iq>"
    ))
    .await;
}

async fn registers(who: &mut Conversation, name: &str) {
    who.send(&format!(
        "<iq type='set' id='reg'><query xmlns='{REGISTER}'><username>{name}</username><password>long enough</password></query></iq>"
    ))
    .await;
}

#[tokio::test]
async fn whoever_was_invited_becomes_a_contact() {
    let server = server_with(changes(false, false), Storage::memory()).await;
    let dante = BareJid::parse("dante@a.example").unwrap();
    let accounts = server
        .host("a.example")
        .unwrap()
        .accounts()
        .cloned()
        .unwrap();
    accounts.create(&dante, "secret").await.unwrap();
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    laura.send("<presence/>").await;
    let link = invite(&mut laura).await;
    // An administrator's invitation is good for an account as well.
    assert!(
        link.starts_with("xmpp:laura@a.example?roster;preauth="),
        "{link}"
    );
    assert!(link.ends_with(";ibr=y"), "{link}");
    let token = token(&link);
    arnaut
        .send("<presence type='subscribed' to='laura@a.example'/>")
        .await;
    arnaut
        .send(&format!(
            "<presence type='subscribe' to='laura@a.example'><preauth xmlns='{PARS}' token='{token}'/></presence>"
        ))
        .await;
    are_contacts(&mut arnaut, "laura@a.example").await;
    are_contacts(&mut laura, "arnaut@a.example").await;
    // It is good once: the next one has to ask.
    let mut dante = login(&server, "dante@a.example/inferno").await;
    dante
        .send(&format!(
            "<presence type='subscribe' to='laura@a.example'><preauth xmlns='{PARS}' token='{token}'/></presence>"
        ))
        .await;
    loop {
        let frame = laura.recv().await;
        let root = frame.root();
        if root.name() == "presence" && root.attr("type").as_deref() == Some("subscribe") {
            assert_eq!(root.attr("from").as_deref(), Some("dante@a.example"));
            break;
        }
    }
}

#[tokio::test]
async fn whoever_was_invited_makes_an_account() {
    let server = server_with(changes(true, false), Storage::memory()).await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let link = invite(&mut laura).await;
    assert!(link.ends_with(";ibr=y"), "{link}");
    let token = token(&link);
    let mut nobody = open(&server).await;
    let features = nobody.features().as_str().to_owned();
    assert!(features.contains("urn:xmpp:ibr-token:0"), "{features}");
    assert!(!features.contains("features/iq-register"), "{features}");
    registers(&mut nobody, "dante").await;
    nobody.expect(&error("reg", "not-allowed")).await;
    shows(&mut nobody, "0123456789abcdef0123456789abcdef").await;
    nobody.expect(&error("pre", "item-not-found")).await;

    let mut nobody = open(&server).await;
    shows(&mut nobody, &token).await;
    nobody.expect("<iq type='result' id='pre'/>").await;
    nobody
        .send(&format!(
            "<iq type='get' id='1'><query xmlns='{REGISTER}'/></iq>"
        ))
        .await;
    nobody
        .expect(&format!("<iq type='result' id='1'><query xmlns='{REGISTER}'><username/><password/><x xmlns='{DATA}' type='form'/></query></iq>"))
        .await;
    registers(&mut nobody, "arnaut").await;
    nobody.expect(&error("reg", "conflict")).await;
    registers(&mut nobody, "dante").await;
    nobody.expect("<iq type='result' id='reg'/>").await;
    registers(&mut nobody, "virgil").await;
    nobody.expect(&error("reg", "not-allowed")).await;
    let mut other = open(&server).await;
    shows(&mut other, &token).await;
    other.expect(&error("pre", "item-not-found")).await;

    let mut dante = Conversation::login(&server, "dante@a.example/inferno", "long enough").await;
    are_contacts(&mut dante, "laura@a.example").await;
    are_contacts(&mut laura, "dante@a.example").await;
    shows(&mut dante, &token).await;
    answer(&mut dante, "pre").await;
}

#[tokio::test]
async fn administrators_give_accounts_away() {
    let server = server_with(changes(false, true), Storage::memory()).await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let refused = run(&mut arnaut, "create-account", "", "").await;
    assert!(
        refused.as_str().contains("<forbidden"),
        "{}",
        refused.as_str()
    );
    let link = invite(&mut arnaut).await;
    assert!(!link.contains("ibr"), "{link}");
    // A link for contacts makes no account.
    let mut nobody = open(&server).await;
    shows(&mut nobody, &token(&link)).await;
    nobody.expect(&error("pre", "item-not-found")).await;

    let made = give_account(&mut laura, "Dante").await;
    let link = field(&made, "uri").unwrap();
    assert!(
        link.starts_with("xmpp:dante@a.example?register;preauth="),
        "{link}"
    );
    for taken in ["dante", "arnaut", "a/b"] {
        let refused = give_account(&mut laura, taken).await;
        assert!(
            refused.as_str().contains("<bad-payload"),
            "{}",
            refused.as_str()
        );
    }
    // The name is kept, although others may register.
    registers(&mut nobody, "dante").await;
    nobody.expect(&error("reg", "conflict")).await;
    let mut invited = open(&server).await;
    shows(&mut invited, &token(&link)).await;
    invited.expect("<iq type='result' id='pre'/>").await;
    registers(&mut invited, "virgil").await;
    invited.expect(&error("reg", "not-acceptable")).await;
    registers(&mut invited, "dante").await;
    invited.expect("<iq type='result' id='reg'/>").await;
    are_contacts(&mut laura, "dante@a.example").await;
}

#[tokio::test]
async fn invitations_are_bounded_and_end() {
    let storage = Storage::memory();
    let mut changes = changes(true, false);
    changes.invitations = Some(xep_0401::Settings {
        anyone: true,
        max_open: 1,
        landing: "https://a.example/invite/".to_owned(),
        ..Default::default()
    });
    let server = server_with(changes, storage.clone()).await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let made = run(&mut laura, "invite", "", "").await;
    let link = field(&made, "uri").unwrap();
    let page = field(&made, "landing-url").unwrap();
    assert_eq!(page, format!("https://a.example/invite/#{link}"));
    laura
        .send(&format!("<iq type='set' id='2' to='a.example'><command xmlns='{COMMANDS}' node='urn:xmpp:invite#invite'/></iq>"))
        .await;
    laura
        .expect(&format!("<iq type='error' id='2'><error type='wait'><resource-constraint xmlns='{STANZAS}'/><text xmlns='{STANZAS}'>1 invitations of yours are open, as many as may; wait until one is used or ends</text></error></iq>"))
        .await;
    // The token itself is not kept.
    let rows = storage.invitations().unwrap();
    let rows = rows.of_host("a.example", Range::all()).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert!(!rows[0].token.expose_secret().contains(&token(&link)));

    let mut changes = self::changes(true, false);
    changes.invitations = Some(xep_0401::Settings {
        anyone: true,
        lifetime: Interval(Duration::from_millis(1)),
        ..Default::default()
    });
    let server = server_with(changes, Storage::memory()).await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let link = invite(&mut laura).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let mut nobody = open(&server).await;
    shows(&mut nobody, &token(&link)).await;
    nobody.expect(&error("pre", "item-not-found")).await;
}
