//! Occupants from other servers: streams between two servers over loopback.

use std::time::Duration;

use sestina_plugins::xep_0220;
use sestina_session::plugin::Setup;
use sestina_session::server::HostConfig;
use sestina_skeletons as skeletons;
use sestina_skeletons::xep_0045::Settings;
use sestina_storage::Storage;

use super::{Changes, ROOM, knock, left, login, no_subject, occupant, refused, room};
use crate::sites::{free_port, site};

async fn host(domain: &str, rooms: Option<Settings>) -> HostConfig {
    let changes = Changes {
        rooms,
        ..Changes::default()
    };
    host_with(domain, changes, Storage::memory()).await
}

/// A host that answers for its domain by dialback.
pub(crate) async fn host_with(domain: &str, changes: Changes, storage: Storage) -> HostConfig {
    let host = crate::host(domain, changes.clone(), storage).await;
    host.plugins(move |host| {
        let mut plugins = crate::plugins(&changes, host)?;
        plugins.push(skeletons::xep_0220::server::<xep_0220::Server>(
            &Setup::new(&Default::default(), host),
        )?);
        Ok(plugins)
    })
}

#[tokio::test]
async fn people_of_other_servers_come_talk_and_are_gone_with_their_server() {
    let (here, there) = (free_port(), free_port());
    let a = site(
        host("a.example", Some(Settings::default())).await,
        here,
        &[("b.example", there)],
    )
    .await;
    // The other server has threads of its own, so that it can be gone all of a sudden.
    let elsewhere = tokio::runtime::Runtime::new().unwrap();
    let mut juliet = room(&a, &[]).await;
    let (b, mut romeo) = elsewhere
        .spawn(async move {
            let others = [("a.example", here), ("conference.a.example", here)];
            let b = site(host("b.example", None).await, there, &others).await;
            let romeo = login(&b, "romeo@b.example/orchard").await;
            (b, romeo)
        })
        .await
        .unwrap();
    for come_back in [true, false] {
        knock(&mut romeo, "romeo", "").await;
        romeo
            .expect(&occupant("juliet", "owner", "moderator", &[]))
            .await;
        romeo
            .expect(&occupant("romeo", "none", "participant", &[110]))
            .await;
        if !come_back {
            romeo
                .expect("<message><body>but soft</body></message>")
                .await;
        }
        romeo.expect(&no_subject()).await;
        juliet
            .expect(&occupant("romeo", "none", "participant", &[]))
            .await;
        if come_back {
            romeo
                .send(&format!(
                    "<message id='m' to='{ROOM}' type='groupchat'><body>but soft</body></message>"
                ))
                .await;
            let said = format!(
                "<message id='m' from='{ROOM}/romeo' type='groupchat'><body>but soft</body></message>"
            );
            juliet.expect(&said).await;
            romeo.expect(&said).await;
            romeo
                .send(&format!("<presence type='unavailable' to='{ROOM}/romeo'/>"))
                .await;
            let gone = left(
                "romeo",
                "<item affiliation='none' role='none'/><status code='110'/>",
            );
            romeo.expect(&gone).await;
            juliet
                .expect(&left("romeo", "<item affiliation='none' role='none'/>"))
                .await;
        }
    }
    // Rooms are made by people of this server.
    romeo
        .send(&format!(
            "<presence to='other@conference.a.example/romeo'><x xmlns='{}'/></presence>",
            super::JOIN
        ))
        .await;
    romeo.expect(&refused("not-allowed")).await;
    // Their server is gone without a word: what cannot be brought there says so, if not the first message, which may be on
    // its way when the connection breaks, then one of the next.
    elsewhere.shutdown_background();
    drop(b);
    for number in 0..200 {
        juliet
            .send(&format!(
                "<message to='{ROOM}' type='groupchat'><body>{number}</body></message>"
            ))
            .await;
        let heard = juliet.recv().await;
        if heard.root().is("presence", "jabber:client") {
            let heard = heard.as_str();
            let is_gone = ["/romeo'", "unavailable", "333"];
            assert!(is_gone.iter().all(|part| heard.contains(part)), "{heard}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("romeo is still there");
}

#[tokio::test]
async fn people_of_other_servers_hear_that_the_server_of_the_room_stops() {
    let (here, there) = (free_port(), free_port());
    let a = site(
        host("a.example", Some(Settings::default())).await,
        here,
        &[("b.example", there)],
    )
    .await;
    let others = [("a.example", here), ("conference.a.example", here)];
    let b = site(host("b.example", None).await, there, &others).await;
    let mut juliet = room(&a, &[]).await;
    let mut romeo = login(&b, "romeo@b.example/orchard").await;
    knock(&mut romeo, "romeo", "").await;
    romeo
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
    romeo
        .expect(&occupant("romeo", "none", "participant", &[110]))
        .await;
    romeo.expect(&no_subject()).await;
    juliet
        .expect(&occupant("romeo", "none", "participant", &[]))
        .await;
    a.shutdown().await;
    romeo.expect(&left("juliet", "")).await;
    romeo
        .expect(&left(
            "romeo",
            "<item affiliation='none' role='none'/><status code='110'/><status code='332'/>",
        ))
        .await;
}
