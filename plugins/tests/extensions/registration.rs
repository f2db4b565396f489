//! XEP-0077: accounts made, changed and removed.

use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;
use sestina_wire::BareJid;

use super::{Changes, error, login, server, server_with};

const REGISTER: &str = "jabber:iq:register";

#[tokio::test]
async fn accounts_are_made_before_login() {
    let server = server().await;
    let mut nobody = Conversation::open(server.connect_memory(), "a.example").await;
    nobody
        .send(&format!(
            "<iq type='get' id='1'><query xmlns='{REGISTER}'/></iq>"
        ))
        .await;
    nobody
        .expect(&format!(
            "<iq type='result' id='1'><query xmlns='{REGISTER}'><instructions>*</instructions><username/><password/></query></iq>"
        ))
        .await;
    let set = |id: &str, fields: &str| {
        format!("<iq type='set' id='{id}'><query xmlns='{REGISTER}'>{fields}</query></iq>")
    };
    nobody.send(&set("2", "<username>dante</username>")).await;
    nobody.expect(&error("2", "not-acceptable")).await;
    nobody
        .send(&set(
            "3",
            "<username>laura</username><password>long enough</password>",
        ))
        .await;
    nobody.expect(&error("3", "conflict")).await;

    let mut nobody = Conversation::open(server.connect_memory(), "a.example").await;
    nobody
        .send(&set(
            "4",
            "<username>a/b</username><password>long enough</password>",
        ))
        .await;
    nobody.expect(&error("4", "not-acceptable")).await;
    nobody
        .send(&set(
            "5",
            "<username>Dante</username><password>long enough</password>",
        ))
        .await;
    nobody.expect("<iq type='result' id='5'/>").await;
    Conversation::login(&server, "dante@a.example/inferno", "long enough").await;
}

#[tokio::test]
async fn an_account_is_made_with_a_form() {
    let server = server().await;
    let mut nobody = Conversation::open(server.connect_memory(), "a.example").await;
    nobody
        .send(&format!(
            "<iq type='get' id='1'><query xmlns='{REGISTER}'/></iq>"
        ))
        .await;
    nobody
        .expect(&format!(
            "<iq type='result' id='1'><query xmlns='{REGISTER}'><x xmlns='jabber:x:data' type='form'>\
             <field var='FORM_TYPE' type='hidden'><value>{REGISTER}</value></field>\
             <field var='username'><required/></field><field var='password' type='text-private'><required/></field></x></query></iq>"
        ))
        .await;
    let form = |id: &str, type_: &str, fields: &[(&str, &str)]| {
        let fields: String = fields
            .iter()
            .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
            .collect();
        format!(
            "<iq type='set' id='{id}'><query xmlns='{REGISTER}'><x xmlns='jabber:x:data' type='{type_}'>\
             <field var='FORM_TYPE'><value>{REGISTER}</value></field>{fields}</x></query></iq>"
        )
    };
    nobody
        .send(&form("2", "submit", &[("username", "dante")]))
        .await;
    nobody.expect(&error("2", "not-acceptable")).await;
    let filled = [("username", "dante"), ("password", "long enough")];
    nobody.send(&form("3", "result", &filled)).await;
    nobody.expect(&error("3", "bad-request")).await;
    let mut nobody = Conversation::open(server.connect_memory(), "a.example").await;
    nobody.send(&form("4", "submit", &filled)).await;
    nobody.expect("<iq type='result' id='4'/>").await;
    Conversation::login(&server, "dante@a.example/inferno", "long enough").await;
}

#[tokio::test]
async fn no_more_accounts_than_allowed() {
    let limited = async |per_hour, per_hour_in_all| {
        let registration = skeletons::xep_0077::Settings {
            per_hour,
            per_hour_in_all,
            ..Default::default()
        };
        let changes = Changes {
            registration,
            ..Changes::default()
        };
        server_with(changes, Storage::memory()).await
    };
    for (per_hour, in_all, said) in [(1, 9, "from one address"), (9, 1, "altogether")] {
        let server = limited(per_hour, in_all).await;
        let mut nobody = Conversation::open(server.connect_memory(), "a.example").await;
        for name in ["dante", "virgil"] {
            nobody
                .send(&format!("<iq type='set' id='{name}'><query xmlns='{REGISTER}'><username>{name}</username><password>long enough</password></query></iq>"))
                .await;
        }
        nobody.expect("<iq type='result' id='dante'/>").await;
        let refused = nobody.expect(&error("virgil", "resource-constraint")).await;
        let text = refused.as_str();
        assert!(
            text.contains("1 registrations in an hour") && text.contains(said),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_weak_password_is_not_taken() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    for weak in ["short", "aaaaaaaaaa", "abababab", "my name is LAURA"] {
        laura
            .send(&format!("<iq type='set' id='1'><query xmlns='{REGISTER}'><username>laura</username><password>{weak}</password></query></iq>"))
            .await;
        laura.expect(&error("1", "not-acceptable")).await;
    }
    let form = |id: &str, old: &str| {
        format!(
            "<iq type='set' id='{id}'><query xmlns='{REGISTER}'><x xmlns='jabber:x:data' type='submit'>\
             <field var='FORM_TYPE'><value>jabber:iq:register:changepassword</value></field>\
             <field var='username'><value>laura</value></field><field var='old_password'><value>{old}</value></field>\
             <field var='password'><value>long enough</value></field></x></query></iq>"
        )
    };
    laura.send(&form("2", "guess")).await;
    laura.expect(&error("2", "not-authorized")).await;
    laura.send(&form("3", "secret")).await;
    laura.expect("<iq type='result' id='3'/>").await;
    Conversation::login(&server, "laura@a.example/again", "long enough").await;
}

#[tokio::test]
async fn no_registration_where_accounts_are_given_out() {
    let registration = skeletons::xep_0077::Settings {
        new_accounts: false,
        ..Default::default()
    };
    let server = server_with(
        Changes {
            registration,
            ..Changes::default()
        },
        Storage::memory(),
    )
    .await;
    let mut nobody = Conversation::open(server.connect_memory(), "a.example").await;
    nobody
        .send(&format!(
            "<iq type='get' id='1'><query xmlns='{REGISTER}'/></iq>"
        ))
        .await;
    nobody.expect_stream_error("not-authorized").await;
}

#[tokio::test]
async fn a_password_is_changed_by_its_owner() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let set = |id: &str, fields: &str| {
        format!("<iq type='set' id='{id}'><query xmlns='{REGISTER}'>{fields}</query></iq>")
    };
    laura
        .send(&format!(
            "<iq type='get' id='1'><query xmlns='{REGISTER}'/></iq>"
        ))
        .await;
    laura
        .expect(&format!("<iq type='result' id='1'><query xmlns='{REGISTER}'><registered/><username>laura</username></query></iq>"))
        .await;
    laura
        .send(&set(
            "2",
            "<username>arnaut</username><password>long enough</password>",
        ))
        .await;
    laura.expect(&error("2", "forbidden")).await;
    laura
        .send(&set("3", "<username>laura</username><password/>"))
        .await;
    laura.expect(&error("3", "not-acceptable")).await;
    laura
        .send(&set("4", "<password>long enough</password>"))
        .await;
    laura.expect(&error("4", "bad-request")).await;
    laura
        .send(&set(
            "5",
            "<username>laura</username><password>long enough</password>",
        ))
        .await;
    laura.expect("<iq type='result' id='5'/>").await;
    Conversation::login(&server, "laura@a.example/again", "long enough").await;
}

#[tokio::test]
async fn an_account_ends_with_all_its_sessions() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut other = login(&server, "laura@a.example/sofa").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let roster = "<query xmlns='jabber:iq:roster'/>";
    arnaut
        .send(&format!("<iq type='get' id='0'>{roster}</iq>"))
        .await;
    arnaut.expect("<iq type='result' id='0'/>").await;
    arnaut
        .send("<presence type='subscribe' to='laura@a.example'/>")
        .await;
    arnaut.expect("<iq type='set'/>").await;
    laura
        .send("<presence type='subscribed' to='arnaut@a.example'/>")
        .await;
    let push =
        "<iq type='set'><query xmlns='jabber:iq:roster'><item subscription='to'/></query></iq>";
    let subscribed = "<presence type='subscribed' from='laura@a.example'/>";
    arnaut.expect_all(&[subscribed, push]).await;
    laura.send(&format!("<iq type='set' id='1'><query xmlns='{REGISTER}'><remove/><username>laura</username></query></iq>")).await;
    laura.expect(&error("1", "bad-request")).await;
    laura
        .send(&format!(
            "<iq type='set' id='2'><query xmlns='{REGISTER}'><remove/></query></iq>"
        ))
        .await;
    laura.expect("<iq type='result' id='2'/>").await;
    laura.expect_stream_error("not-authorized").await;
    other.expect_stream_error("not-authorized").await;
    let push =
        "<iq type='set'><query xmlns='jabber:iq:roster'><item subscription='none'/></query></iq>";
    let unsubscribed = "<presence type='unsubscribed' from='laura@a.example'/>";
    arnaut.expect_all(&[unsubscribed, push]).await;
    let accounts = server
        .host("a.example")
        .unwrap()
        .accounts()
        .cloned()
        .unwrap();
    assert!(
        !accounts
            .exists(&BareJid::new(Some("laura"), "a.example").unwrap())
            .await
            .unwrap()
    );
}
