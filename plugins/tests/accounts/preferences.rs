//! XEP-0441: what an account wants in its archive.

use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;

use super::{Changes, archive, ask, available, error, login, server_with};

fn preferences(default: &str, always: &[&str], never: &[&str]) -> String {
    let list = |addresses: &[&str]| {
        let addresses = addresses.iter();
        let listed = addresses.map(|address| format!("<jid>{address}</jid>"));
        listed.collect::<String>()
    };
    format!(
        "<prefs xmlns='urn:xmpp:mam:2' default='{default}'><always>{}</always><never>{}</never></prefs>",
        list(always),
        list(never)
    )
}

const ASKED: &str = "<prefs xmlns='urn:xmpp:mam:2'/>";

async fn set(session: &mut Conversation, wanted: &str) {
    ask(session, "set", wanted, wanted).await;
}

async fn say(from: &mut Conversation, to: &str, text: &str) {
    from.send(&format!(
        "<message to='{to}' type='chat'><body>{text}</body></message>"
    ))
    .await;
    from.settle().await;
}

#[tokio::test]
async fn what_is_archived_is_what_was_asked_for_in_both_directions() {
    let storage = Storage::memory();
    let server = server_with(Changes::default(), storage.clone()).await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    let mut romeo = login(&server, "romeo@a.example/field").await;
    let mut nurse = login(&server, "nurse@a.example/hall").await;
    ask(&mut juliet, "get", ASKED, &preferences("always", &[], &[])).await;
    say(&mut romeo, "juliet@a.example", "kept").await;

    let only_romeo = preferences("never", &["romeo@a.example"], &[]);
    set(&mut juliet, &only_romeo).await;
    say(&mut romeo, "juliet@a.example", "from romeo").await;
    say(&mut nurse, "juliet@a.example", "from nurse").await;
    say(&mut juliet, "nurse@a.example/hall", "to nurse").await;
    nurse
        .expect("<message><body>to nurse</body></message>")
        .await;
    say(&mut juliet, "romeo@a.example/field", "to romeo").await;
    romeo
        .expect("<message><body>to romeo</body></message>")
        .await;
    assert_eq!(
        archive::bodies(&mut juliet).await,
        ["kept", "from romeo", "to romeo"]
    );

    // A resource is named before its account.
    let not_the_field = preferences("always", &["romeo@a.example"], &["romeo@a.example/field"]);
    set(&mut juliet, &not_the_field).await;
    say(&mut romeo, "juliet@a.example", "from the field").await;
    let mut orchard = login(&server, "romeo@a.example/orchard").await;
    say(&mut orchard, "juliet@a.example", "from the orchard").await;
    assert_eq!(
        archive::bodies(&mut juliet).await.last().unwrap(),
        "from the orchard"
    );
    assert_eq!(archive::bodies(&mut juliet).await.len(), 4);
    drop((juliet, romeo, nurse, orchard));
    server.shutdown().await;

    // They hold after a restart, also while nobody is there.
    let server = server_with(Changes::default(), storage).await;
    let mut romeo = login(&server, "romeo@a.example/field").await;
    say(&mut romeo, "juliet@a.example", "still from the field").await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    ask(&mut juliet, "get", ASKED, &not_the_field).await;
    assert_eq!(archive::bodies(&mut juliet).await.len(), 4);
}

#[tokio::test]
async fn by_the_roster() {
    let changes = Changes {
        preferences: skeletons::xep_0441::Settings {
            default_policy: "roster".into(),
            ..Default::default()
        },
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut juliet = available(&server, "juliet@a.example/desk").await;
    ask(&mut juliet, "get", ASKED, &preferences("roster", &[], &[])).await;
    let item = "<query xmlns='jabber:iq:roster'><item jid='romeo@a.example'/></query>";
    ask(&mut juliet, "set", item, "").await;
    let mut romeo = login(&server, "romeo@a.example/field").await;
    let mut nurse = login(&server, "nurse@a.example/hall").await;
    say(&mut romeo, "juliet@a.example", "from romeo").await;
    say(&mut nurse, "juliet@a.example", "from nurse").await;
    for text in ["from romeo", "from nurse"] {
        juliet
            .expect(&format!("<message><body>{text}</body></message>"))
            .await;
    }
    assert_eq!(archive::bodies(&mut juliet).await, ["from romeo"]);
    // The same where nobody is there to have the roster at hand.
    juliet.close().await;
    say(&mut nurse, "juliet@a.example", "from nurse").await;
    say(&mut romeo, "juliet@a.example", "again from romeo").await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    assert_eq!(
        archive::bodies(&mut juliet).await,
        ["from romeo", "again from romeo"]
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let changes = Changes {
        preferences: skeletons::xep_0441::Settings {
            max_exceptions: 1,
            ..Default::default()
        },
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    for (wanted, condition) in [
        (ASKED.to_owned(), "bad-request"),
        (preferences("sometimes", &[], &[]), "bad-request"),
        (preferences("always", &["not@@valid"], &[]), "bad-request"),
        (
            preferences("always", &["a@b.example"], &["c@b.example"]),
            "resource-constraint",
        ),
    ] {
        juliet
            .send(&format!("<iq type='set' id='s'>{wanted}</iq>"))
            .await;
        juliet.expect(&error("s", condition)).await;
    }
    // Whose archive it is says what is in it.
    juliet
        .send(&format!(
            "<iq type='get' id='o' to='romeo@a.example'>{ASKED}</iq>"
        ))
        .await;
    juliet.expect("<iq type='error' id='o'/>").await;
    ask(&mut juliet, "get", ASKED, &preferences("always", &[], &[])).await;
}

#[tokio::test]
async fn a_setting_that_is_no_policy_is_an_error_at_the_start() {
    let preferences = skeletons::xep_0441::Settings {
        default_policy: "sometimes".into(),
        ..Default::default()
    };
    let changes = Changes {
        preferences,
        ..Changes::default()
    };
    let host = super::host("a.example", changes, Storage::memory()).await;
    let started = sestina_session::server::Server::builder()
        .host(host)
        .start()
        .await;
    let error = started.err().unwrap().to_string();
    assert!(error.contains("default_policy"), "{error}");
}
