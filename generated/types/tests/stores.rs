//! What the tables of the specifications are asked, over the generated stores.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sestina_storage::Secret;
use sestina_storage::{Range, Storage};
use sestina_types::xep_0045::tables::{MucAffiliationsRow, MucRoomsRow};
use sestina_types::xep_0060::tables::{PubsubItemsRow, PubsubSubscriptionsRow};
use sestina_types::xep_0191::tables::BlockedAddressesRow;
use sestina_types::xep_0313::tables::ArchiveRow;
use sestina_types::{Stores as _, TABLES};
use sestina_wire::{BareJid, Jid, Timestamp};

async fn storage() -> Storage {
    let storage = Storage::memory();
    storage.prepare(TABLES, &[]).await.unwrap();
    storage
}

fn bare(text: &str) -> BareJid {
    text.parse().unwrap()
}

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// An id as an archive gives it: time first.
fn id(second: i64, random: u32) -> String {
    format!("{:016x}{random:08x}", second * 1_000_000)
}

fn ids(rows: &[ArchiveRow]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

#[tokio::test]
async fn an_archive_is_paged_by_id_by_time_and_by_correspondent() {
    let archive = storage().await.archive().unwrap();
    let laura = bare("laura@sestina.example");
    let expected: Vec<String> = (0..10).map(|second| id(second, 7)).collect();
    for (place, id) in expected.iter().enumerate() {
        let with = ["arnaut@provence.example", "dante@firenze.example"][place % 2];
        for owner in [&laura, &bare("laura@other.example")] {
            let row = ArchiveRow {
                owner: owner.clone(),
                id: id.clone(),
                received: at(i64::try_from(place).unwrap()),
                correspondent: bare(with),
                resource: None,
                incoming: true,
                groupchat: false,
                stanza: format!("<message id='{place}'/>"),
                body: Some(format!("line {place}")),
            };
            archive.insert(&row).await.unwrap();
        }
    }
    let id = |place: usize| expected[place].as_str();

    let first = archive
        .of_owner_page(&laura, Range::all(), 3, false)
        .await
        .unwrap();
    assert_eq!(ids(&first), [id(0), id(1), id(2)]);
    let next = archive
        .of_owner_page(&laura, Range::after(id(2)), 3, false)
        .await
        .unwrap();
    assert_eq!(ids(&next), [id(3), id(4), id(5)]);
    let last = archive
        .of_owner_page(&laura, Range::all(), 2, true)
        .await
        .unwrap();
    assert_eq!(ids(&last), [id(9), id(8)]);
    let before = archive
        .of_owner_page(&laura, Range::before(id(8)), 2, true)
        .await
        .unwrap();
    assert_eq!(ids(&before), [id(7), id(6)]);

    // Times are ids without their random part, the end one microsecond later.
    let from = format!("{:016x}", 4_000_000);
    let to = format!("{:016x}", 6_000_001);
    let between = Range::from(from.as_str()).and_before(to.as_str());
    let between = archive.of_owner(&laura, between).await.unwrap();
    assert_eq!(ids(&between), [id(4), id(5), id(6)]);

    let dante = bare("dante@firenze.example");
    let with = archive
        .with_page(&laura, &dante, Range::after(id(1)), 2, false)
        .await
        .unwrap();
    assert_eq!(ids(&with), [id(3), id(5)]);
    let with = archive
        .with_page(&laura, &dante, Range::all(), 2, true)
        .await
        .unwrap();
    assert_eq!(ids(&with), [id(9), id(7)]);
}

#[tokio::test]
async fn rooms_are_listed_by_host_and_their_people_by_affiliation() {
    let storage = storage().await;
    let (rooms, affiliations) = (storage.rooms().unwrap(), storage.affiliations().unwrap());
    for (name, host, public) in [
        ("poets", "rooms.sestina.example", true),
        ("tower", "rooms.sestina.example", false),
        ("wood", "rooms.firenze.example", true),
    ] {
        let room = bare(&format!("{name}@{host}"));
        let row = MucRoomsRow {
            room: room.clone(),
            host: host.to_owned(),
            public,
            name: name.to_owned(),
            words: name.to_owned(),
            configuration: String::new(),
            password: Some(Secret::new("canzoniere".to_owned())),
            subject: None,
            subject_by: None,
            subject_at: None,
            occupant_key: Secret::new(vec![7; 32]),
            affiliations_version: 2,
            changes_since: None,
            created: at(0),
        };
        assert!(!format!("{row:?}").contains("canzoniere"));
        rooms.insert(&row).await.unwrap();
        for (version, (who, affiliation)) in [
            ("laura@sestina.example", "owner"),
            ("arnaut@provence.example", "member"),
        ]
        .into_iter()
        .enumerate()
        {
            let row = MucAffiliationsRow {
                room: room.clone(),
                address: bare(who),
                affiliation: affiliation.to_owned(),
                nickname: (affiliation == "member").then(|| "Arnaut".to_owned()),
                reason: None,
                version: i64::try_from(version).unwrap() + 1,
                turned: None,
            };
            affiliations.insert(&row).await.unwrap();
        }
    }
    let here = "rooms.sestina.example";
    assert_eq!(rooms.of_host(here, Range::all()).await.unwrap().len(), 2);
    let listed = rooms
        .public_of_host(here, true, Range::all())
        .await
        .unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].name, "poets");

    let poets = bare("poets@rooms.sestina.example");
    let members = affiliations
        .with_affiliation(&poets, "member", Range::all())
        .await
        .unwrap();
    assert_eq!(members.len(), 1);
    let holder = affiliations.by_nickname(&poets, "Arnaut").await.unwrap();
    assert_eq!(holder[0].address, bare("arnaut@provence.example"));
    let changed = affiliations.changed(&poets, Range::after(1)).await.unwrap();
    assert_eq!(changed.len(), 1);
    let laura = bare("laura@sestina.example");
    let owned = affiliations
        .of_person(&laura, "owner", Range::all())
        .await
        .unwrap();
    assert_eq!(owned.len(), 3);

    // Nothing is left of somebody who goes, and the rooms stay.
    storage.erase(TABLES, laura.as_str()).await.unwrap();
    assert_eq!(
        affiliations
            .of_room(&poets, Range::all())
            .await
            .unwrap()
            .len(),
        1
    );
    assert!(rooms.get(&poets).await.unwrap().is_some());
}

#[tokio::test]
async fn items_are_paged_by_age_and_by_id() {
    let storage = storage().await;
    let items = storage.pubsub_items().unwrap();
    let account = bare("laura@sestina.example");
    // Published in an order that is not the one of their ids; the first once more at the end.
    for (position, item) in [(1, "b"), (2, "c"), (3, "a"), (4, "b")] {
        let row = PubsubItemsRow {
            service: account.clone(),
            node: "cantos".to_owned(),
            item: item.to_owned(),
            position,
            published: at(position),
            expires: None,
            publisher: Some(jid("laura@sestina.example/desk")),
            payload: None,
        };
        items.put(&row).await.unwrap();
    }
    let names =
        |rows: Vec<PubsubItemsRow>| -> String { rows.into_iter().map(|row| row.item).collect() };
    let all = Range::all;
    assert_eq!(
        names(items.of_node(&account, "cantos", all()).await.unwrap()),
        "cab"
    );
    assert_eq!(
        names(items.by_id(&account, "cantos", all()).await.unwrap()),
        "abc"
    );
    let last = items
        .of_node_page(&account, "cantos", all(), 1, true)
        .await
        .unwrap();
    assert_eq!(names(last), "b");
    let older = items
        .of_node_page(&account, "cantos", Range::before(4), 1, true)
        .await
        .unwrap();
    assert_eq!(names(older), "a");
    // What is too much goes from the old end.
    items
        .delete_of_node(&account, "cantos", Range::up_to(2))
        .await
        .unwrap();
    assert_eq!(
        names(items.of_node(&account, "cantos", all()).await.unwrap()),
        "ab"
    );
}

#[tokio::test]
async fn subscriptions_are_found_by_state_and_by_account() {
    let subscriptions = storage().await.pubsub_subscriptions().unwrap();
    let service = bare("shelf.sestina.example");
    for (who, state) in [
        ("laura@sestina.example/desk", "subscribed"),
        ("dante@firenze.example", "pending"),
    ] {
        let row = PubsubSubscriptionsRow {
            service: service.clone(),
            node: "cantos".to_owned(),
            subscriber: jid(who),
            subid: "1".to_owned(),
            account: jid(who).to_bare(),
            state: state.to_owned(),
            options: None,
            expires: None,
        };
        subscriptions.insert(&row).await.unwrap();
    }
    let notified = subscriptions
        .in_state(&service, "cantos", "subscribed", Range::all())
        .await
        .unwrap();
    assert_eq!(notified.len(), 1);
    let dante = bare("dante@firenze.example");
    let of_dante = subscriptions
        .of_account(&service, &dante, Range::all())
        .await
        .unwrap();
    assert_eq!(of_dante[0].state, "pending");
}

#[tokio::test]
async fn whom_somebody_blocks() {
    let blocking = storage().await.blocking().unwrap();
    let owner = bare("laura@sestina.example");
    for address in [
        "spam.example",
        "rumour@avignon.example/bot",
        "rumour@avignon.example",
    ] {
        let row = BlockedAddressesRow {
            owner: owner.clone(),
            address: jid(address),
        };
        blocking.put(&row).await.unwrap();
    }
    assert_eq!(blocking.of_owner(&owner).await.unwrap().len(), 3);
    assert!(blocking.delete(&owner, &jid("spam.example")).await.unwrap());
    assert!(
        blocking
            .get(&owner, &jid("spam.example"))
            .await
            .unwrap()
            .is_none()
    );
}
