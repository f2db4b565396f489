//! XEP-0494: which clients have access to an account, and how it is taken from one.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sestina_session::server::Server;
use sestina_session::testing::Conversation;
use sestina_wire::Frame;

use super::{error, login, server};

const CAM: &str = "urn:xmpp:cam:0";
const SASL2: &str = "urn:xmpp:sasl:2";
const BIND: &str = "urn:xmpp:bind:0";
const FAST: &str = "urn:xmpp:fast:0";

fn agent(number: u32, software: &str) -> String {
    format!(
        "<user-agent id='d4565fa7-4d72-4749-b3d3-74000000000{number}'><software>{software}</software><device>Desk</device></user-agent>"
    )
}

/// Logs in as laura with what is said here; returns the success as well.
async fn whole(server: &Server, mechanism: &str, data: &[u8], more: &str) -> (Conversation, Frame) {
    let mut client = Conversation::open(server.connect_memory(), "a.example").await;
    let data = BASE64_STANDARD.encode(data);
    client
        .send(&format!(
            "<authenticate xmlns='{SASL2}' mechanism='{mechanism}'><initial-response>{data}</initial-response>{more}</authenticate>"
        ))
        .await;
    let success = client.expect(&format!("<success xmlns='{SASL2}'/>")).await;
    client
        .expect("<features xmlns='http://etherx.jabber.org/streams'/>")
        .await;
    (client, success)
}

async fn with_password(server: &Server, more: &str) -> (Conversation, Frame) {
    whole(server, "PLAIN", b"\0laura\0secret", more).await
}

/// The clients, as the owner is told.
async fn list(client: &mut Conversation) -> Vec<String> {
    client
        .send(&format!("<iq type='get' id='l'><list xmlns='{CAM}'/></iq>"))
        .await;
    let answer = client
        .expect(&format!(
            "<iq type='result' id='l'><clients xmlns='{CAM}'/></iq>"
        ))
        .await;
    let clients = answer.root().child("clients", CAM).unwrap();
    clients
        .children()
        .map(|client| client.as_str().to_owned())
        .collect()
}

fn id(client: &str) -> String {
    let (_, rest) = client
        .split_once("id='")
        .or_else(|| client.split_once("id=\""))
        .unwrap();
    rest.split(['\'', '"']).next().unwrap().to_owned()
}

fn one<'a>(clients: &'a [String], what: &str) -> &'a str {
    let mut fitting = clients.iter().filter(|client| client.contains(what));
    let found = fitting
        .next()
        .unwrap_or_else(|| panic!("{what} in {clients:#?}"));
    assert!(fitting.next().is_none(), "{what} twice in {clients:#?}");
    found
}

#[tokio::test]
async fn the_owner_sees_which_clients_have_access() {
    let server = server().await;
    let bind = format!("<bind xmlns='{BIND}'/>");
    let token = format!("<request-token xmlns='{FAST}' mechanism='HT-SHA-256-NONE'/>");
    // One is there, one was there and has a token, one does not say what it is.
    let (mut here, _) = with_password(&server, &(agent(1, "Quill") + &bind)).await;
    let (away, _) = with_password(&server, &(agent(2, "Nib") + &bind + &token)).await;
    away.close().await;
    let old = login(&server, "laura@a.example/desk").await;
    let clients = list(&mut here).await;
    assert_eq!(clients.len(), 3, "{clients:#?}");
    let quill = one(&clients, "Quill");
    for part in [
        "connected=\"true\"",
        "type=\"session\"",
        "<password",
        "<permission status=\"unrestricted\"",
        "<device>Desk</device>",
        "<first-seen>",
        "<last-seen>",
    ] {
        let part = part.replace('"', "'");
        assert!(quill.replace('"', "'").contains(&part), "{part} in {quill}");
    }
    assert!(!quill.contains("<fast"));
    let nib = one(&clients, "Nib");
    assert!(
        nib.replace('"', "'").contains("connected='false'") && nib.contains("<fast"),
        "{nib}"
    );
    // What clients call themselves is nobody's but the owner's, and no id of theirs is told.
    assert!(!clients.concat().contains("d4565fa7"));
    old.close().await;
    assert_eq!(list(&mut here).await.len(), 2);
    let mut friend = login(&server, "arnaut@a.example/study").await;
    friend
        .send(&format!(
            "<iq type='get' id='1' to='laura@a.example'><list xmlns='{CAM}'/></iq>"
        ))
        .await;
    friend.expect(&error("1", "forbidden")).await;
    // The same client again is the same, and its identifier stays.
    let (again, _) = with_password(&server, &(agent(2, "Nib") + &bind)).await;
    let clients = list(&mut here).await;
    assert_eq!(clients.len(), 2);
    assert_eq!(id(one(&clients, "Nib")), id(nib));
    drop(again);
}

#[tokio::test]
async fn access_is_taken_from_a_client() {
    let server = server().await;
    let bind = format!("<bind xmlns='{BIND}'/>");
    let (mut here, _) = with_password(&server, &(agent(1, "Quill") + &bind)).await;
    let revoke = |id: &str| format!("<iq type='set' id='r'><revoke xmlns='{CAM}' id='{id}'/></iq>");
    here.send(&revoke("nobody")).await;
    here.expect(&error("r", "item-not-found")).await;
    // A password that is known cannot be taken back (§3.2).
    let (mut other, _) = with_password(&server, &(agent(2, "Nib") + &bind)).await;
    let nib = id(one(&list(&mut here).await, "Nib"));
    here.send(&revoke(&nib)).await;
    here.expect(&format!(
        "<iq type='error' id='r'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <password-reset-required xmlns='{CAM}'/></error></iq>"
    ))
    .await;
    other.settle().await;
    // With a new one the old session is all that is left, and it ends.
    let host = server.host("a.example").unwrap();
    let laura = "laura@a.example".parse().unwrap();
    host.accounts()
        .unwrap()
        .set_password(&laura, "another")
        .await
        .unwrap();
    here.send(&revoke(&nib)).await;
    here.expect("<iq type='result' id='r'/>").await;
    other.expect_stream_error("not-authorized").await;
    let clients = list(&mut here).await;
    assert!(!clients.concat().contains("Nib"), "{clients:#?}");
}

#[tokio::test]
async fn a_new_password_leaves_old_clients_without_access() {
    let server = server().await;
    let bind = format!("<bind xmlns='{BIND}'/>");
    let token = format!("<request-token xmlns='{FAST}' mechanism='HT-SHA-256-NONE'/>");
    let (away, _) = with_password(&server, &(agent(2, "Nib") + &bind + &token)).await;
    away.close().await;
    let host = server.host("a.example").unwrap();
    let laura = "laura@a.example".parse().unwrap();
    host.accounts()
        .unwrap()
        .set_password(&laura, "another")
        .await
        .unwrap();
    let (mut here, _) = whole(
        &server,
        "PLAIN",
        b"\0laura\0another",
        &(agent(1, "Quill") + &bind),
    )
    .await;
    let clients = list(&mut here).await;
    assert_eq!(clients.len(), 1, "{clients:#?}");
    one(&clients, "Quill");

    // A token that somebody is to have no more is good for nothing.
    let tokens = host.token_keeper().unwrap();
    let (away, success) = whole(
        &server,
        "PLAIN",
        b"\0laura\0another",
        &(agent(3, "Pen") + &bind + &token),
    )
    .await;
    away.close().await;
    let token = success
        .root()
        .child("token", FAST)
        .unwrap()
        .attr("token")
        .unwrap();
    assert_eq!(tokens.held(&laura).await.unwrap().len(), 1);
    tokens
        .revoke(&laura, "d4565fa7-4d72-4749-b3d3-740000000003")
        .await
        .unwrap();
    assert!(!one(&list(&mut here).await, "Pen").contains("<fast"));
    let mut message = b"laura\0".to_vec();
    message.extend(sestina_session::sasl::token::initiator_proof(&token, b""));
    let data = BASE64_STANDARD.encode(message);
    let mut client = Conversation::open(server.connect_memory(), "a.example").await;
    client
        .send(&format!(
            "<authenticate xmlns='{SASL2}' mechanism='HT-SHA-256-NONE'><initial-response>{data}</initial-response>{}<fast xmlns='{FAST}'/></authenticate>",
            agent(3, "Pen")
        ))
        .await;
    client.expect(&format!("<failure xmlns='{SASL2}'/>")).await;
}
