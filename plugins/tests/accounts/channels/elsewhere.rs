//! People of other servers: streams between two servers over loopback.

use sestina_skeletons::xep_0369::Settings;
use sestina_storage::Storage;

use super::super::rooms::elsewhere::host_with;
use super::super::sites::{free_port, site};
use super::presence::{comes_in, shown};
use super::{CORE, COVEN, MIX, available, changes, coven, is_refused, joins, said, says};

#[tokio::test]
async fn people_of_other_servers_join_talk_and_leave() {
    let (here, there) = (free_port(), free_port());
    let a = host_with("a.example", changes(Settings::default()), Storage::memory()).await;
    let a = site(a, here, &[("b.example", there)]).await;
    let b = host_with(
        "b.example",
        changes(Settings {
            domain: String::new(),
            ..Settings::default()
        }),
        Storage::memory(),
    )
    .await;
    let b = site(b, there, &[("a.example", here), (MIX, here)]).await;
    let mut juliet = coven(&a).await;
    let first = joins(&mut juliet, "first").await;
    let mut romeo = available(&b, "romeo@b.example/orchard").await;
    let create = format!("<create xmlns='{CORE}' channel='heath'/>");
    is_refused(&mut romeo, "set", MIX, &create, "not-allowed").await;
    let second = joins(&mut romeo, "second").await;
    says(&mut romeo, "but soft").await;
    let heard = said(&second, "second", "romeo@b.example", "but soft");
    juliet.expect(&heard).await;
    romeo.expect(&heard).await;
    says(&mut juliet, "ay me").await;
    let heard = said(&first, "first", "juliet@a.example", "ay me");
    juliet.expect(&heard).await;
    romeo.expect(&heard).await;
    let found = crate::archive::query_of(&mut romeo, "romeo@b.example").await;
    assert_eq!(found.bodies, ["but soft", "ay me"]);
    romeo
        .send(&format!(
            "<iq type='set' id='l'>{}</iq>",
            super::client_leave(COVEN)
        ))
        .await;
    romeo.expect("<iq type='result' id='l'/>").await;
    says(&mut juliet, "gone").await;
    juliet
        .expect("<message type='groupchat'><body>gone</body></message>")
        .await;
    romeo.expect_nothing().await;
}

#[tokio::test]
async fn presence_comes_back_after_a_restart() {
    let (here, there) = (free_port(), free_port());
    let storage = Storage::memory();
    let first = host_with("a.example", changes(Settings::default()), storage.clone()).await;
    let a = site(first, here, &[("b.example", there)]).await;
    let without = Settings {
        domain: String::new(),
        ..Settings::default()
    };
    let b = host_with("b.example", changes(without), Storage::memory()).await;
    let b = site(b, there, &[("a.example", here), (MIX, here)]).await;
    let mut juliet = coven(&a).await;
    comes_in(&mut juliet, "juliet@a.example/balcony", "first", &[]).await;
    let mut romeo = available(&b, "romeo@b.example/orchard").await;
    let client = "romeo@b.example/orchard";
    let others = [shown("juliet@a.example/balcony", "first", "", "")];
    comes_in(&mut romeo, client, "second", &others).await;
    juliet.expect(&shown(client, "second", "", "")).await;
    a.shutdown().await;

    let second = host_with("a.example", changes(Settings::default()), storage).await;
    let a = site(second, here, &[("b.example", there)]).await;
    let mut juliet = available(&a, "juliet@a.example/balcony").await;
    // The channel has asked Romeo's server, and Juliet's asks the channel.
    for _ in 0..50 {
        juliet
            .send("<iq type='get' id='k'><query xmlns='jabber:iq:roster'><annotate xmlns='urn:xmpp:mix:roster:0'/></query></iq>")
            .await;
        juliet.send("<presence/>").await;
        loop {
            let frame = juliet.recv().await;
            let text = frame.as_str();
            if text.contains(client) {
                return;
            }
            if text.contains("#coven") || frame.root().is("presence", "jabber:client") {
                break;
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("romeo is not shown any more");
}
