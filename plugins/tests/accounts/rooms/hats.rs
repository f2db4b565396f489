//! XEP-0317: hats.

use sestina_session::testing::Conversation;
use sestina_skeletons::xep_0045::Settings;
use sestina_storage::Storage;

use super::{
    ADMIN, DONE, ROOM, USER, ask_room, configuration, knock, login, no_subject, occupant, romeo_in,
    room, server, server_of,
};

const NS: &str = "urn:xmpp:hats:0";
const COMMANDS: &str = "http://jabber.org/protocol/commands";
const DATA: &str = "jabber:x:data";
const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const HOST: &str = "http://schemas.example.com/hats#host";
const SCRIBE: &str = "http://schemas.example.com/hats#scribe";

fn form(fields: &[(&str, &str)]) -> String {
    let fields: String = fields
        .iter()
        .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
        .collect();
    format!(
        "<x xmlns='{DATA}' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:hats:commands</value></field>{fields}</x>"
    )
}

/// A command with what is known to be asked for.
async fn command(session: &mut Conversation, name: &str, fields: &[(&str, &str)]) {
    let form = match fields {
        [] => String::new(),
        fields => form(fields),
    };
    ask_room(
        session,
        &format!(
            "<command xmlns='{COMMANDS}' node='urn:xmpp:hats:commands:{name}' action='execute'>{form}</command>"
        ),
    )
    .await;
}

fn completed(inside: &str) -> String {
    format!(
        "<iq type='result' id='r'><command xmlns='{COMMANDS}' status='completed'>{inside}</command></iq>"
    )
}

fn changed() -> String {
    format!(
        "<message type='groupchat' from='{ROOM}'><x xmlns='{USER}'><status code='104'/></x></message>"
    )
}

fn hats(nick: &str, inside: &str) -> String {
    format!("<presence from='{ROOM}/{nick}'><hats xmlns='{NS}'>{inside}</hats></presence>")
}

/// A row of what is listed.
fn row(cells: &[(&str, &str)]) -> String {
    let fields: String = cells
        .iter()
        .map(|(var, value)| format!("<field var='hats#{var}'><value>{value}</value></field>"))
        .collect();
    format!("<item>{fields}</item>")
}

async fn info(session: &mut Conversation) -> String {
    session
        .send(&format!(
            "<iq type='get' id='i' to='{ROOM}'><query xmlns='{INFO}'/></iq>"
        ))
        .await;
    let answer = session
        .expect(&format!(
            "<iq type='result' id='i'><query xmlns='{INFO}'><feature var='{NS}'/><feature var='{COMMANDS}'/></query></iq>"
        ))
        .await;
    answer.as_str().to_owned()
}

#[tokio::test]
async fn admins_make_hats_and_give_them_away() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    assert!(!info(&mut romeo).await.contains("hats#hash"));
    // By the form, as somebody does who does not know it.
    command(&mut juliet, "create", &[]).await;
    let asked = juliet
        .expect(&format!(
            "<iq type='result' id='r'><command xmlns='{COMMANDS}' status='executing'><x xmlns='{DATA}' type='form'>\
             <field var='hats#title'><required/></field><field var='hats#uri' type='text-single'><required/></field><field var='hats#hue'/></x></command></iq>"
        ))
        .await;
    let asked = asked.root().child("command", COMMANDS).unwrap();
    let id = asked.attr("sessionid").unwrap().to_string();
    let filled = form(&[
        ("hats#title", "Host"),
        ("hats#uri", HOST),
        ("hats#hue", "327.255249"),
    ]);
    ask_room(
        &mut juliet,
        &format!("<command xmlns='{COMMANDS}' node='urn:xmpp:hats:commands:create' sessionid='{id}'>{filled}</command>"),
    )
    .await;
    juliet.expect(&changed()).await;
    juliet.expect(&completed("")).await;
    romeo.expect(&changed()).await;
    // And at once.
    command(
        &mut juliet,
        "create",
        &[("hats#title", "Scribe"), ("hats#uri", SCRIBE)],
    )
    .await;
    juliet.expect(&changed()).await;
    juliet.expect(&completed("")).await;
    romeo.expect(&changed()).await;
    let before = info(&mut romeo).await;
    assert!(before.contains("hats#hash"), "{before}");

    command(
        &mut juliet,
        "assign",
        &[("hats#jid", "romeo@a.example"), ("hats#uri", HOST)],
    )
    .await;
    let host = format!("<hat title='Host' uri='{HOST}' hue='327.255249'/>");
    juliet.expect(&hats("romeo", &host)).await;
    juliet.expect(&completed("")).await;
    romeo.expect(&hats("romeo", &host)).await;
    // What he says of himself later changes nothing about it, and who comes later sees it.
    romeo
        .send(&format!(
            "<presence to='{ROOM}/romeo'><show>away</show></presence>"
        ))
        .await;
    juliet
        .expect(&format!(
            "<presence from='{ROOM}/romeo'><show>away</show><hats xmlns='{NS}'>{host}</hats></presence>"
        ))
        .await;
    romeo.expect("<presence><show>away</show></presence>").await;
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    knock(&mut nurse, "nurse", "").await;
    nurse
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
    nurse.expect(&hats("romeo", &host)).await;
    nurse.expect("<presence/>").await;
    nurse.expect(&no_subject()).await;
    juliet.expect("<presence/>").await;
    romeo.expect("<presence/>").await;

    // Everybody may know which hats there are; who wears them, admins.
    command(&mut romeo, "list", &[]).await;
    let listed = format!(
        "<x xmlns='{DATA}' type='result'><reported><field var='hats#title'/><field var='hats#uri'/><field var='hats#hue'/></reported>{}{}</x>",
        row(&[("title", "Host"), ("uri", HOST), ("hue", "327.255249")]),
        row(&[("title", "Scribe"), ("uri", SCRIBE)]),
    );
    romeo.expect(&completed(&listed)).await;
    command(&mut juliet, "list-assigned", &[]).await;
    let listed = format!(
        "<x xmlns='{DATA}' type='result'>{}</x>",
        row(&[("jid", "romeo@a.example"), ("uri", HOST), ("title", "Host")]),
    );
    juliet.expect(&completed(&listed)).await;

    // Another look is seen at once, by the hash as well.
    command(
        &mut juliet,
        "create",
        &[("hats#title", "Presenter"), ("hats#uri", HOST)],
    )
    .await;
    let presenter = format!("<hat title='Presenter' uri='{HOST}'/>");
    for session in [&mut juliet, &mut romeo, &mut nurse] {
        session.expect(&hats("romeo", &presenter)).await;
        session.expect(&changed()).await;
    }
    juliet.expect(&completed("")).await;
    let after = info(&mut romeo).await;
    assert_ne!(before, after);

    // A hat that is destroyed is on nobody; one that is taken away is on the others still.
    command(
        &mut juliet,
        "assign",
        &[("hats#jid", "romeo@a.example"), ("hats#uri", SCRIBE)],
    )
    .await;
    let scribe = format!("<hat title='Scribe' uri='{SCRIBE}'/>");
    romeo
        .expect(&hats("romeo", &format!("{presenter}{scribe}")))
        .await;
    juliet.expect(&hats("romeo", "")).await;
    juliet.expect(&completed("")).await;
    command(&mut juliet, "destroy", &[("hats#uri", HOST)]).await;
    let told = romeo.expect(&hats("romeo", &scribe)).await;
    assert!(!told.as_str().contains(HOST), "{}", told.as_str());
    romeo.expect(&changed()).await;
    juliet.expect(&hats("romeo", &scribe)).await;
    juliet.expect(&changed()).await;
    juliet.expect(&completed("")).await;
    command(
        &mut juliet,
        "unassign",
        &[("hats#jid", "romeo@a.example"), ("hats#uri", SCRIBE)],
    )
    .await;
    let told = romeo
        .expect(&format!("<presence from='{ROOM}/romeo'/>"))
        .await;
    assert!(!told.as_str().contains("hats"), "{}", told.as_str());
    juliet
        .expect(&format!("<presence from='{ROOM}/romeo'/>"))
        .await;
    juliet.expect(&completed("")).await;
}

#[tokio::test]
async fn what_occupants_claim_to_wear_is_not_told() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let claim = format!("<hats xmlns='{NS}'><hat title='Host' uri='{HOST}'/></hats>");
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    romeo
        .send(&format!(
            "<presence to='{ROOM}/romeo'><x xmlns='http://jabber.org/protocol/muc'/>{claim}</presence>"
        ))
        .await;
    let told = juliet
        .expect(&format!("<presence from='{ROOM}/romeo'/>"))
        .await;
    assert!(!told.as_str().contains(NS), "{}", told.as_str());
    romeo
        .send(&format!(
            "<presence to='{ROOM}/romeo'><show>away</show>{claim}{claim}</presence>"
        ))
        .await;
    let told = juliet
        .expect("<presence><show>away</show></presence>")
        .await;
    assert!(!told.as_str().contains(NS), "{}", told.as_str());
}

#[tokio::test]
async fn hats_are_for_admins_to_give_and_within_bounds() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    for name in ["create", "destroy", "assign", "unassign", "list-assigned"] {
        command(&mut romeo, name, &[]).await;
        romeo.expect(&crate::error("r", "forbidden")).await;
    }
    // What one may not run one is not shown.
    let list = |session: &'static str| {
        format!(
            "<iq type='get' id='l' to='{session}'><query xmlns='{ITEMS}' node='{COMMANDS}'/></iq>"
        )
    };
    romeo.send(&list(ROOM)).await;
    let shown = romeo.expect("<iq type='result' id='l'/>").await;
    assert!(
        shown.as_str().contains("hats:commands:list'"),
        "{}",
        shown.as_str()
    );
    assert!(!shown.as_str().contains("create"), "{}", shown.as_str());
    juliet.send(&list(ROOM)).await;
    let shown = juliet.expect("<iq type='result' id='l'/>").await;
    assert!(shown.as_str().contains("create"), "{}", shown.as_str());
    // No room, no commands.
    romeo.send(&list("nowhere@conference.a.example")).await;
    romeo.expect(&crate::error("l", "item-not-found")).await;

    for (fields, condition) in [
        (
            vec![("hats#title", "Host"), ("hats#uri", "host")],
            "bad-request",
        ),
        (vec![("hats#uri", HOST)], "bad-request"),
        (
            vec![
                ("hats#title", "Host"),
                ("hats#uri", HOST),
                ("hats#hue", "400"),
            ],
            "bad-request",
        ),
    ] {
        command(&mut juliet, "create", &fields).await;
        juliet.expect(&crate::error("r", condition)).await;
    }
    for number in 0..20 {
        let uri = format!("urn:hat:{number}");
        command(
            &mut juliet,
            "create",
            &[("hats#title", "Hat"), ("hats#uri", &uri)],
        )
        .await;
        juliet.expect(&changed()).await;
        juliet.expect(&completed("")).await;
    }
    command(
        &mut juliet,
        "create",
        &[("hats#title", "Host"), ("hats#uri", HOST)],
    )
    .await;
    juliet
        .expect(&crate::error("r", "resource-constraint"))
        .await;
    // Only what there is can be worn, and only by somebody.
    for (jid, uri) in [("romeo@a.example", HOST), ("a.example", "urn:hat:1")] {
        command(
            &mut juliet,
            "assign",
            &[("hats#jid", jid), ("hats#uri", uri)],
        )
        .await;
        juliet.expect(&crate::error("r", "bad-request")).await;
    }
    command(
        &mut juliet,
        "unassign",
        &[("hats#jid", "romeo@a.example"), ("hats#uri", "urn:hat:1")],
    )
    .await;
    juliet.expect(&crate::error("r", "item-not-found")).await;
    // Who is banned is told nothing.
    ask_room(
        &mut juliet,
        &format!(
            "<query xmlns='{ADMIN}'><item jid='nurse@a.example' affiliation='outcast'/></query>"
        ),
    )
    .await;
    juliet
        .expect(&super::standing("nurse@a.example", "outcast"))
        .await;
    juliet.expect(DONE).await;
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    command(&mut nurse, "list", &[]).await;
    nurse.expect(&crate::error("r", "forbidden")).await;
}

#[tokio::test]
async fn the_hats_of_a_room_that_stays_come_back_after_a_restart() {
    let storage = Storage::memory();
    let server = server_of(Settings::default(), storage.clone()).await;
    let mut juliet = room(&server, &[]).await;
    // One is there before the room stays.
    command(
        &mut juliet,
        "create",
        &[
            ("hats#title", "Host"),
            ("hats#uri", HOST),
            ("hats#hue", "1.5"),
        ],
    )
    .await;
    juliet.expect(&changed()).await;
    juliet.expect(&completed("")).await;
    command(
        &mut juliet,
        "assign",
        &[("hats#jid", "juliet@a.example"), ("hats#uri", HOST)],
    )
    .await;
    juliet.expect(&hats("juliet", "")).await;
    juliet.expect(&completed("")).await;
    ask_room(&mut juliet, &configuration(&[("persistentroom", "1")])).await;
    juliet.expect(&changed()).await;
    juliet.expect(DONE).await;
    command(
        &mut juliet,
        "create",
        &[("hats#title", "Scribe"), ("hats#uri", SCRIBE)],
    )
    .await;
    juliet.expect(&changed()).await;
    juliet.expect(&completed("")).await;
    server.shutdown().await;

    let server = server_of(Settings::default(), storage).await;
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    knock(&mut juliet, "juliet", "").await;
    juliet
        .expect(&hats(
            "juliet",
            &format!("<hat title='Host' uri='{HOST}' hue='1.5'/>"),
        ))
        .await;
    juliet.expect(&no_subject()).await;
    command(&mut juliet, "list", &[]).await;
    let listed = juliet.expect(&completed("")).await;
    assert!(listed.as_str().contains(SCRIBE), "{}", listed.as_str());
    // A room that is destroyed takes them along: another of the same name has none.
    ask_room(
        &mut juliet,
        &format!("<query xmlns='{}'><destroy/></query>", super::OWNER),
    )
    .await;
    juliet.expect("<presence type='unavailable'/>").await;
    juliet.expect(DONE).await;
    knock(&mut juliet, "juliet", "").await;
    let told = juliet
        .expect(&occupant("juliet", "owner", "moderator", &[110, 201]))
        .await;
    assert!(!told.as_str().contains(NS), "{}", told.as_str());
    juliet.expect(&no_subject()).await;
    ask_room(&mut juliet, &configuration(&[("persistentroom", "1")])).await;
    juliet.expect(DONE).await;
    command(&mut juliet, "list", &[]).await;
    let listed = juliet.expect(&completed("")).await;
    assert!(!listed.as_str().contains(HOST), "{}", listed.as_str());
}
