//! XEP-0463: versions of the affiliations.

use sestina_session::testing::Conversation;
use sestina_skeletons::xep_0045::Settings;
use sestina_storage::Storage;
use sestina_wire::Frame;

use super::{
    ADMIN, DONE, OWNER, ROOM, USER, ask_room, configuration, knock, login, no_subject, room,
    server, server_of,
};

const MAV: &str = "urn:xmpp:muc:affiliations:1";

/// The versions that a stanza says: from which, to which.
#[track_caller]
fn versions(frame: &Frame) -> (Option<String>, Option<String>) {
    let user = frame.root().child("x", USER).unwrap();
    let mav = user
        .child("mav", MAV)
        .unwrap_or_else(|| panic!("no version in {}", frame.as_str()));
    let attr = |name| mav.attr(name).map(|id| id.to_string());
    (attr("since"), attr("until"))
}

/// The affiliations that a message tells.
fn told(frame: &Frame) -> Vec<(String, String)> {
    let user = frame.root().child("x", USER).unwrap();
    let items = user.children().filter(|child| child.name() == "item");
    items
        .map(|item| {
            let attr = |name| item.attr(name).unwrap().to_string();
            (attr("jid"), attr("affiliation"))
        })
        .collect()
}

/// Makes somebody something.
async fn grant(session: &mut Conversation, items: &[(&str, &str)]) {
    let items: String = items
        .iter()
        .map(|(jid, affiliation)| format!("<item jid='{jid}' affiliation='{affiliation}'/>"))
        .collect();
    ask_room(session, &format!("<query xmlns='{ADMIN}'>{items}</query>")).await;
}

fn mav(since: Option<&str>) -> String {
    let since = since.map(|since| format!(" since='{since}'"));
    format!("<mav xmlns='{MAV}'{}/>", since.unwrap_or_default())
}

/// Enters with what is known, and what comes before anybody's presence.
async fn enter(session: &mut Conversation, nick: &str, since: Option<&str>) -> Vec<Frame> {
    knock(session, nick, &mav(since)).await;
    let mut before = Vec::new();
    loop {
        let frame = session.recv().await;
        if frame.root().name() == "presence" {
            // The others, the own presence last.
            let mut frame = frame;
            while !frame.as_str().contains("code='110'") {
                frame = session.recv().await;
            }
            before.push(frame);
            session.expect(&no_subject()).await;
            return before;
        }
        before.push(frame);
    }
}

async fn leave(session: &mut Conversation, nick: &str) {
    session
        .send(&format!(
            "<presence type='unavailable' to='{ROOM}/{nick}'/>"
        ))
        .await;
    session.expect("<presence type='unavailable'/>").await;
}

/// A room in which everybody may see everybody, without anybody inside.
const OPEN: &[(&str, &str)] = &[("persistentroom", "1"), ("whois", "anyone")];

#[tokio::test]
async fn who_enters_is_told_what_has_changed_since() {
    let server = server().await;
    let mut juliet = room(&server, OPEN).await;
    grant(
        &mut juliet,
        &[("romeo@a.example", "member"), ("nurse@a.example", "admin")],
    )
    .await;
    for _ in 0..2 {
        juliet.expect("<message/>").await;
    }
    juliet.expect(DONE).await;
    // Who knows nothing is told everything.
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let frames = enter(&mut romeo, "romeo", None).await;
    juliet.expect("<presence/>").await;
    let [all, own] = frames.as_slice() else {
        panic!("{frames:?}")
    };
    let (since, until) = versions(all);
    assert_eq!(since, None);
    assert_eq!(versions(own), (None, until.clone()));
    let mut people = told(all);
    people.sort();
    let pair = |jid: &str, affiliation: &str| (format!("{jid}@a.example"), affiliation.to_owned());
    assert_eq!(
        people,
        [
            pair("juliet", "owner"),
            pair("nurse", "admin"),
            pair("romeo", "member")
        ]
    );
    let known = until.unwrap();
    // Nobody else sees that it was asked.
    leave(&mut romeo, "romeo").await;
    juliet.expect("<presence type='unavailable'/>").await;
    // Who knows everything is told nothing but that.
    let frames = enter(&mut romeo, "romeo", Some(&known)).await;
    let shown = juliet.expect("<presence/>").await;
    assert!(!shown.as_str().contains(MAV), "{}", shown.as_str());
    let [own] = frames.as_slice() else {
        panic!("{frames:?}")
    };
    assert_eq!(versions(own), (None, Some(known.clone())));
    leave(&mut romeo, "romeo").await;
    juliet.expect("<presence type='unavailable'/>").await;
    // Who was away is told what has changed meanwhile.
    grant(
        &mut juliet,
        &[
            ("nurse@a.example", "none"),
            ("paris@a.example", "member"),
            ("tybalt@a.example", "outcast"),
        ],
    )
    .await;
    for _ in 0..3 {
        juliet.expect("<message/>").await;
    }
    juliet.expect(DONE).await;
    let frames = enter(&mut romeo, "romeo", Some(&known)).await;
    juliet.expect("<presence/>").await;
    let [news, own] = frames.as_slice() else {
        panic!("{frames:?}")
    };
    let (since, until) = versions(news);
    assert_eq!(since.as_ref(), Some(&known));
    assert_eq!(versions(own).1, until);
    // Who is banned is for admins to know.
    assert_eq!(told(news), [pair("nurse", "none"), pair("paris", "member")]);
    // Also who is inside already, and has lost what it knew.
    knock(&mut romeo, "romeo", &mav(Some(&known))).await;
    let again = romeo.expect("<message/>").await;
    assert_eq!(told(&again), told(news));
    juliet.expect("<presence/>").await;
    romeo.expect("<presence/>").await;
    romeo
        .expect(&format!("<presence from='{ROOM}/juliet'/>"))
        .await;
    let own = romeo
        .expect(&format!("<presence from='{ROOM}/romeo'/>"))
        .await;
    assert_eq!(versions(&own).1, until);
    romeo.expect(&no_subject()).await;
    // What nobody has said is as if nothing were known.
    leave(&mut romeo, "romeo").await;
    for unknown in ["9pacabr2q1", "99.0000000000", ""] {
        let frames = enter(&mut romeo, "romeo", Some(unknown)).await;
        let [all, _] = frames.as_slice() else {
            panic!("{frames:?}")
        };
        assert_eq!(versions(all), (None, until.clone()));
        leave(&mut romeo, "romeo").await;
    }
}

#[tokio::test]
async fn every_change_says_from_which_version_to_which() {
    let server = server().await;
    let mut juliet = room(&server, OPEN).await;
    grant(&mut juliet, &[("romeo@a.example", "member")]).await;
    juliet.expect("<message/>").await;
    juliet.expect(DONE).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let frames = enter(&mut romeo, "romeo", None).await;
    juliet.expect("<presence/>").await;
    let mut known = versions(&frames[0]).1;
    // One who is inside, two who are not, and a whole domain.
    grant(
        &mut juliet,
        &[
            ("romeo@a.example", "admin"),
            ("paris@a.example", "member"),
            ("paris@a.example", "none"),
            ("b.example", "outcast"),
        ],
    )
    .await;
    for (kind, jid, affiliation) in [
        ("presence", "romeo@a.example/orchard", "admin"),
        ("message", "paris@a.example", "member"),
        ("message", "paris@a.example", "none"),
        ("message", "b.example", "outcast"),
    ] {
        let pattern = format!(
            "<{kind}><x xmlns='{USER}'><item jid='{jid}' affiliation='{affiliation}'/></x></{kind}>"
        );
        let change = romeo.expect(&pattern).await;
        let (since, until) = versions(&change);
        assert_eq!(since, known);
        assert_ne!(until, known);
        known = until;
        let other = juliet.expect(&pattern).await;
        assert_eq!(versions(&other).1, known);
    }
    juliet.expect(DONE).await;
    // Being banned is a change as well, which who is banned hears too.
    grant(&mut juliet, &[("romeo@a.example", "outcast")]).await;
    let gone = juliet.expect("<presence type='unavailable'/>").await;
    assert_eq!(versions(&gone).0, known);
    juliet.expect(DONE).await;
}

#[tokio::test]
async fn who_may_not_see_the_lists_is_told_so() {
    let server = server().await;
    // Addresses are for moderators here.
    let mut juliet = room(&server, &[]).await;
    grant(&mut juliet, &[("romeo@a.example", "member")]).await;
    juliet.expect("<message/>").await;
    juliet.expect(DONE).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let frames = enter(&mut romeo, "romeo", None).await;
    juliet.expect("<presence/>").await;
    let [refusal, own] = frames.as_slice() else {
        panic!("{frames:?}")
    };
    assert!(!own.as_str().contains(MAV), "{}", own.as_str());
    let error = refusal.root().child("error", "jabber:client").unwrap();
    assert_eq!(error.attr("type").as_deref(), Some("auth"));
    assert_eq!(error.attr("by").as_deref(), Some(ROOM));
    assert!(refusal.as_str().contains("forbidden"));
    // Nor do changes of those who are not here reach him.
    grant(&mut juliet, &[("paris@a.example", "member")]).await;
    juliet.expect("<message/>").await;
    juliet.expect(DONE).await;
    romeo.expect_nothing().await;
}

#[tokio::test]
async fn what_was_before_somebody_belonged_to_the_room_is_not_told() {
    let server = server().await;
    let mut juliet = room(&server, OPEN).await;
    leave(&mut juliet, "juliet").await;
    let all = enter(&mut juliet, "juliet", None).await;
    let first = versions(&all[0]).1.unwrap();
    for items in [
        &[("paris@a.example", "member")],
        &[("paris@a.example", "none")],
        &[("romeo@a.example", "member")],
        &[("romeo@a.example", "admin")],
    ] {
        grant(&mut juliet, items).await;
        juliet.expect("<message/>").await;
        juliet.expect(DONE).await;
    }
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let frames = enter(&mut romeo, "romeo", Some(&first)).await;
    assert!(
        frames[0].as_str().contains("forbidden"),
        "{}",
        frames[0].as_str()
    );
    leave(&mut romeo, "romeo").await;
    let frames = enter(&mut romeo, "romeo", None).await;
    assert_eq!(told(&frames[0]).len(), 2);
}

#[tokio::test]
async fn long_lists_come_in_steps_each_from_where_the_last_one_ends() {
    let server = server().await;
    let mut juliet = room(&server, OPEN).await;
    let people: Vec<String> = (0..250)
        .map(|number| format!("p{number}@a.example"))
        .collect();
    let items: Vec<(&str, &str)> = people.iter().map(|jid| (jid.as_str(), "member")).collect();
    grant(&mut juliet, &items).await;
    for _ in &items {
        juliet.expect("<message/>").await;
    }
    juliet.expect(DONE).await;
    leave(&mut juliet, "juliet").await;
    let frames = enter(&mut juliet, "juliet", None).await;
    let (own, steps) = frames.split_last().unwrap();
    assert_eq!(steps.len(), 3);
    let mut known = None;
    let mut all = 0;
    for step in steps {
        let (since, until) = versions(step);
        assert_eq!(since, known);
        known = until;
        all += told(step).len();
    }
    assert_eq!(all, 251);
    assert_eq!(versions(own).1, known);
    // Those who are nothing any more do not take the place of others for ever: the oldest are forgotten, and who knows the
    // room from before that is told everything.
    let first = versions(&steps[0]).1.unwrap();
    for _ in 0..5 {
        for affiliation in ["member", "none"] {
            let people: Vec<String> = (0..250)
                .map(|number| format!("p{number}@a.example"))
                .collect();
            let items: Vec<(&str, &str)> = people
                .iter()
                .map(|jid| (jid.as_str(), affiliation))
                .collect();
            grant(&mut juliet, &items).await;
            for _ in &items {
                juliet.expect("<message/>").await;
            }
            juliet.expect(DONE).await;
        }
    }
    let people: Vec<String> = (0..800)
        .map(|number| format!("q{number}@a.example"))
        .collect();
    for affiliation in ["member", "none"] {
        let items: Vec<(&str, &str)> = people
            .iter()
            .map(|jid| (jid.as_str(), affiliation))
            .collect();
        grant(&mut juliet, &items).await;
        for _ in &items {
            juliet.expect("<message/>").await;
        }
        juliet.expect(DONE).await;
    }
    leave(&mut juliet, "juliet").await;
    let frames = enter(&mut juliet, "juliet", Some(&first)).await;
    let [all, _] = frames.as_slice() else {
        panic!("{}", frames.len())
    };
    assert_eq!(versions(all).0, None);
    assert_eq!(told(all).len(), 1);
}

#[tokio::test]
async fn versions_outlast_a_restart_and_no_room_knows_those_of_another() {
    let storage = Storage::memory();
    let server = server_of(Settings::default(), storage.clone()).await;
    let mut juliet = room(&server, OPEN).await;
    grant(&mut juliet, &[("romeo@a.example", "member")]).await;
    juliet.expect("<message/>").await;
    juliet.expect(DONE).await;
    leave(&mut juliet, "juliet").await;
    let frames = enter(&mut juliet, "juliet", None).await;
    let known = versions(&frames[0]).1.unwrap();
    grant(&mut juliet, &[("romeo@a.example", "none")]).await;
    juliet.expect("<message/>").await;
    juliet.expect(DONE).await;
    server.shutdown().await;

    let server = server_of(Settings::default(), storage).await;
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    let frames = enter(&mut juliet, "juliet", Some(&known)).await;
    let [news, own] = frames.as_slice() else {
        panic!("{frames:?}")
    };
    assert_eq!(versions(news).0.as_ref(), Some(&known));
    assert_eq!(
        told(news),
        [("romeo@a.example".to_owned(), "none".to_owned())]
    );
    let known = versions(own).1.unwrap();
    ask_room(
        &mut juliet,
        &format!("<query xmlns='{OWNER}'><destroy/></query>"),
    )
    .await;
    juliet.expect("<presence type='unavailable'/>").await;
    juliet.expect(DONE).await;
    let frames = enter(&mut juliet, "juliet", Some(&known)).await;
    let [all, own] = frames.as_slice() else {
        panic!("{frames:?}")
    };
    assert_eq!(versions(all).0, None);
    assert_ne!(versions(own).1.unwrap(), known);
    ask_room(&mut juliet, &configuration(OPEN)).await;
    juliet.expect(DONE).await;
}
