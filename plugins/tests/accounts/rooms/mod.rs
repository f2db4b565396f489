//! XEP-0045: rooms, from the outside.

mod administration;
mod avatar;
mod committed;
pub(crate) mod elsewhere;
mod entering;
mod hats;
mod lasting;
mod mentions;
mod retracting;
mod searching;
mod slowing;
mod spreading;
mod talking;
mod versions;

use sestina_session::server::Server;
use sestina_session::testing::Conversation;
use sestina_skeletons::xep_0045::Settings;
use sestina_storage::Storage;

use super::{Changes, login, server_with};

const JOIN: &str = "http://jabber.org/protocol/muc";
const USER: &str = "http://jabber.org/protocol/muc#user";
const ADMIN: &str = "http://jabber.org/protocol/muc#admin";
const OWNER: &str = "http://jabber.org/protocol/muc#owner";
const ROOM: &str = "garden@conference.a.example";

async fn server_of(settings: Settings, storage: Storage) -> Server {
    let changes = Changes {
        rooms: Some(settings),
        ..Changes::default()
    };
    server_with(changes, storage).await
}

async fn server() -> Server {
    server_of(Settings::default(), Storage::memory()).await
}

/// Asks to be let in.
async fn knock(session: &mut Conversation, nick: &str, inside: &str) {
    session
        .send(&format!(
            "<presence to='{ROOM}/{nick}'><x xmlns='{JOIN}'>{inside}</x></presence>"
        ))
        .await;
}

/// A presence of an occupant, as everybody may see it.
fn occupant(nick: &str, affiliation: &str, role: &str, codes: &[u16]) -> String {
    let codes: String = codes
        .iter()
        .map(|code| format!("<status code='{code}'/>"))
        .collect();
    format!(
        "<presence from='{ROOM}/{nick}'><x xmlns='{USER}'><item affiliation='{affiliation}' role='{role}'/>{codes}</x></presence>"
    )
}

fn left(nick: &str, inside: &str) -> String {
    format!(
        "<presence type='unavailable' from='{ROOM}/{nick}'><x xmlns='{USER}'>{inside}</x></presence>"
    )
}

/// What those may know who may see the lists: somebody who is not inside is something else now.
fn standing(jid: &str, affiliation: &str) -> String {
    format!(
        "<message from='{ROOM}'><x xmlns='{USER}'><item jid='{jid}' affiliation='{affiliation}'/></x><no-store xmlns='urn:xmpp:hints'/></message>"
    )
}

fn no_subject() -> String {
    format!("<message type='groupchat' from='{ROOM}'><subject/></message>")
}

fn refused(condition: &str) -> String {
    format!(
        "<presence type='error'><error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error><x xmlns='{JOIN}'/></presence>"
    )
}

/// The fields of a configuration that is sent in.
fn configuration(fields: &[(&str, &str)]) -> String {
    let fields: String = fields
        .iter()
        .map(|(var, value)| {
            format!("<field var='muc#roomconfig_{var}'><value>{value}</value></field>")
        })
        .collect();
    format!(
        "<query xmlns='{OWNER}'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>{fields}</x></query>"
    )
}

/// A request to the room that is answered with success. What else comes before the answer stays for the caller: the answer is
/// the last thing that the room does.
async fn ask_room(session: &mut Conversation, payload: &str) {
    session
        .send(&format!("<iq type='set' id='r' to='{ROOM}'>{payload}</iq>"))
        .await;
}

const DONE: &str = "<iq type='result' id='r'/>";

/// Juliet's room, configured so.
async fn room(server: &Server, fields: &[(&str, &str)]) -> Conversation {
    let mut juliet = login(server, "juliet@a.example/balcony").await;
    knock(&mut juliet, "juliet", "").await;
    juliet
        .expect(&occupant("juliet", "owner", "moderator", &[110, 201]))
        .await;
    juliet.expect(&no_subject()).await;
    ask_room(&mut juliet, &configuration(fields)).await;
    juliet.expect(DONE).await;
    juliet
}

/// Romeo comes in.
async fn romeo_in(server: &Server, juliet: &mut Conversation) -> Conversation {
    let mut romeo = login(server, "romeo@a.example/orchard").await;
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
    romeo
}
