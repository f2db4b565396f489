//! Nobody hears what the archive of a room does not have, and what is said at once is written at once.

use std::sync::atomic::Ordering;

use sestina_session::testing::Conversation;
use sestina_skeletons::xep_0045::Settings;

use super::super::gate::Gate;
use super::{ROOM, USER, left, romeo_in, room, server_of};

fn message(id: &str) -> String {
    format!(
        "<message to='{ROOM}' type='groupchat' id='{id}'><body>But soft, what light</body></message>"
    )
}

async fn hears(session: &mut Conversation, nick: &str, id: &str) {
    session
        .expect(&format!(
            "<message from='{ROOM}/{nick}' type='groupchat' id='{id}'><body/><stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}'/></message>"
        ))
        .await;
}

#[tokio::test]
async fn what_is_said_at_once_is_written_at_once_and_heard_in_order() {
    let gate = Gate::new();
    let server = server_of(Settings::default(), gate.storage()).await;
    let mut juliet = room(&server, &[("persistentroom", "1")]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    gate.through.add_permits(100);
    gate.late.store(1, Ordering::SeqCst);
    let to_one = format!(
        "<message to='{ROOM}/romeo' type='chat' id='p'><body>Speak</body><x xmlns='{USER}'/></message>"
    );
    let leave = format!("<presence to='{ROOM}/romeo' type='unavailable'/>");
    let all = [message("1"), message("2"), to_one, message("3"), leave];
    romeo.send(&all.concat()).await;
    // The second is on the disk long before the first; what is for one person, and all behind that, waits for its turn.
    gate.until_wait(2).await;
    juliet.expect_nothing().await;
    juliet.send(&message("4")).await;
    gate.until_wait(3).await;
    gate.at_last.add_permits(1);
    hears(&mut juliet, "romeo", "1").await;
    hears(&mut juliet, "romeo", "2").await;
    // What she said was there before the rest of what he did.
    hears(&mut juliet, "juliet", "4").await;
    hears(&mut juliet, "romeo", "3").await;
    juliet.expect(&left("romeo", "<item role='none'/>")).await;
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_in_turn_and_heard_by_nobody() {
    let gate = Gate::new();
    let server = server_of(Settings::default(), gate.storage()).await;
    let mut juliet = room(&server, &[("persistentroom", "1")]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    gate.fails.store(true, Ordering::SeqCst);
    gate.late.store(1, Ordering::SeqCst);
    gate.through.add_permits(2);
    romeo.send(&[message("1"), message("2")].concat()).await;
    gate.until_wait(2).await;
    juliet.expect_nothing().await;
    gate.at_last.add_permits(1);
    for id in ["1", "2"] {
        romeo
            .expect(&format!(
                "<message from='{ROOM}' type='error' id='{id}'><error/></message>"
            ))
            .await;
    }
    gate.fails.store(false, Ordering::SeqCst);
    gate.through.add_permits(1);
    romeo.send(&message("3")).await;
    hears(&mut juliet, "romeo", "3").await;
}
