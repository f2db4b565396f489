//! XEP-0055: people found by their cards.

use sestina_session::testing::Conversation;
use sestina_storage::Storage;

use super::{Changes, error, login, server_with};

const SEARCH: &str = "jabber:iq:search";

async fn has_card(who: &mut Conversation, class: &str, first: &str, last: &str, nick: &str) {
    who.send(&format!(
        "<iq type='set' id='card'><vCard xmlns='vcard-temp'><N><FAMILY>{last}</FAMILY><GIVEN>{first}</GIVEN></N>\
         <NICKNAME>{nick}</NICKNAME><EMAIL><USERID>{nick}@b.example</USERID></EMAIL>{class}</vCard></iq>"
    ))
    .await;
    who.expect("<iq type='result' id='card'/>").await;
}

/// Who is found.
async fn found(who: &mut Conversation, fields: &str) -> Vec<String> {
    who.send(&format!(
        "<iq type='set' id='find' to='a.example'><query xmlns='{SEARCH}'>{fields}</query></iq>"
    ))
    .await;
    let answer = who
        .expect(&format!(
            "<iq type='result' id='find'><query xmlns='{SEARCH}'/></iq>"
        ))
        .await;
    let query = answer.root().child("query", SEARCH).unwrap();
    let items = query.children();
    items
        .filter_map(|item| item.attr("jid"))
        .map(|jid| jid.to_string())
        .collect()
}

#[tokio::test]
async fn who_wants_to_be_found_is() {
    let storage = Storage::memory();
    let server = server_with(Changes::default(), storage.clone()).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    let public = "<CLASS><PUBLIC/></CLASS>";
    has_card(&mut juliet, public, "Juliet", "Capulet", "jules").await;
    has_card(&mut nurse, "", "Angelica", "Capulet", "nurse").await;
    has_card(
        &mut romeo,
        "<CLASS><PRIVATE/></CLASS>",
        "Romeo",
        "Capulet",
        "rome",
    )
    .await;

    romeo
        .send(&format!(
            "<iq type='get' id='1' to='a.example'><query xmlns='{SEARCH}'/></iq>"
        ))
        .await;
    romeo
        .expect(&format!(
            "<iq type='result' id='1'><query xmlns='{SEARCH}'><instructions/><first/><last/><nick/><email/>\
             <x xmlns='jabber:x:data' type='form'><field var='FORM_TYPE'><value>{SEARCH}</value></field><field var='first'/></x></query></iq>"
        ))
        .await;
    for (fields, who) in [
        ("<last>capu*</last>", vec!["juliet@a.example"]),
        (
            "<first>jul</first><last>CAPULET</last>",
            vec!["juliet@a.example"],
        ),
        ("<email>jules@b</email>", vec!["juliet@a.example"]),
        ("<first>capulet</first>", vec![]),
        ("<nick>nurse</nick>", vec![]),
    ] {
        assert_eq!(found(&mut romeo, fields).await, who, "{fields}");
    }
    romeo
        .send(&format!("<iq type='set' id='2' to='a.example'><query xmlns='{SEARCH}'><last> * </last></query></iq>"))
        .await;
    romeo.expect(&error("2", "not-acceptable")).await;
    romeo
        .send(&format!(
            "<iq type='set' id='3' to='a.example'><query xmlns='{SEARCH}'><x xmlns='jabber:x:data' type='submit'>\
             <field var='FORM_TYPE'><value>{SEARCH}</value></field><field var='last'><value>Capulet</value></field></x></query></iq>"
        ))
        .await;
    romeo
        .expect(&format!(
            "<iq type='result' id='3'><query xmlns='{SEARCH}'><x xmlns='jabber:x:data' type='result'>\
             <reported><field var='jid' type='jid-single'/><field var='first'/></reported>\
             <item><field var='jid'><value>juliet@a.example</value></field><field var='first'><value>Juliet</value></field></item></x></query></iq>"
        ))
        .await;

    // Where the operator says so, all are found but those who say that they do not want to be.
    let search = sestina_skeletons::xep_0055::Settings {
        everybody: true,
        ..Default::default()
    };
    let changes = Changes {
        search,
        ..Changes::default()
    };
    let server = server_with(changes, storage).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let everybody = found(&mut romeo, "<last>Capulet</last>").await;
    assert_eq!(everybody, ["juliet@a.example", "nurse@a.example"]);
}
