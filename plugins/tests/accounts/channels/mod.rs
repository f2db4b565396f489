//! XEP-0369 and its companions: channels, from the outside.

mod administration;
mod elsewhere;
mod joining;
mod lasting;
mod making;
mod membership;
mod presence;

use sestina_session::server::Server;
use sestina_session::testing::Conversation;
use sestina_skeletons::xep_0369::Settings;
use sestina_storage::Storage;

use super::{Changes, available, login, server_with};

const CORE: &str = "urn:xmpp:mix:core:1";
const PAM: &str = "urn:xmpp:mix:pam:2";
const ADMIN: &str = "urn:xmpp:mix:admin:0";
const PUBSUB: &str = "http://jabber.org/protocol/pubsub";
const EVENT: &str = "http://jabber.org/protocol/pubsub#event";
const MESSAGES: &str = "urn:xmpp:mix:nodes:messages";
const PARTICIPANTS: &str = "urn:xmpp:mix:nodes:participants";
const INFO: &str = "urn:xmpp:mix:nodes:info";
const MIX: &str = "mix.a.example";
const COVEN: &str = "coven@mix.a.example";

fn changes(settings: Settings) -> Changes {
    Changes {
        channels: Some(settings),
        ..Changes::default()
    }
}

async fn server_of(settings: Settings, storage: Storage) -> Server {
    server_with(changes(settings), storage).await
}

async fn server() -> Server {
    server_of(Settings::default(), Storage::memory()).await
}

/// A request, and its answer.
async fn asks(session: &mut Conversation, type_: &str, to: &str, payload: &str, answer: &str) {
    session
        .send(&format!(
            "<iq type='{type_}' id='r' to='{to}'>{payload}</iq>"
        ))
        .await;
    session
        .expect(&format!(
            "<iq type='result' id='r' from='{to}'>{answer}</iq>"
        ))
        .await;
}

/// A request that is refused; the words it is refused with.
async fn is_refused(
    session: &mut Conversation,
    type_: &str,
    to: &str,
    payload: &str,
    condition: &str,
) -> String {
    session
        .send(&format!(
            "<iq type='{type_}' id='r' to='{to}'>{payload}</iq>"
        ))
        .await;
    let answer = session.expect(&crate::error("r", condition)).await;
    answer.as_str().to_owned()
}

/// What a client asks its server for to join a channel.
fn client_join(channel: &str, nodes: &[&str], nick: Option<&str>) -> String {
    let nodes: String = nodes
        .iter()
        .map(|node| format!("<subscribe node='{node}'/>"))
        .collect();
    let nick = nick.map_or_else(String::new, |nick| format!("<nick>{nick}</nick>"));
    format!(
        "<client-join xmlns='{PAM}' channel='{channel}'><join xmlns='{CORE}'>{nodes}{nick}</join></client-join>"
    )
}

fn client_leave(channel: &str) -> String {
    format!(
        "<client-leave xmlns='{PAM}' channel='{channel}'><leave xmlns='{CORE}'/></client-leave>"
    )
}

/// Joins a channel to hear what is said; the id of the participant.
async fn joins(session: &mut Conversation, nick: &str) -> String {
    session
        .send(&format!(
            "<iq type='set' id='j'>{}</iq>",
            client_join(COVEN, &[MESSAGES], Some(nick))
        ))
        .await;
    let answer = session
        .expect(&format!(
            "<iq type='result' id='j'><client-join xmlns='{PAM}'><join xmlns='{CORE}'><subscribe node='{MESSAGES}'/><nick>{nick}</nick></join></client-join></iq>"
        ))
        .await;
    let join = answer.root().child("client-join", PAM).unwrap();
    let join = join.child("join", CORE).unwrap();
    join.attr("id").unwrap().to_string()
}

/// What a client of somebody who takes part in a channel is asked that says nothing of itself.
const ASKED: &str = "<iq type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>";

/// Becomes available as somebody who takes part in a channel, and does not say what it is.
async fn comes_back(server: &Server, jid: &str) -> Conversation {
    let mut session = login(server, jid).await;
    session.send("<presence/>").await;
    let own = format!("<presence from='{jid}'/>");
    session.expect_all(&[&own, ASKED]).await;
    session
}

/// Juliet makes the channel.
async fn coven(server: &Server) -> Conversation {
    let mut juliet = available(server, "juliet@a.example/balcony").await;
    let create = format!("<create xmlns='{CORE}' channel='coven'/>");
    asks(&mut juliet, "set", MIX, &create, &create).await;
    juliet
}

async fn says(session: &mut Conversation, text: &str) {
    session
        .send(&format!(
            "<message id='m' to='{COVEN}' type='groupchat'><body>{text}</body></message>"
        ))
        .await;
}

/// A message as the channel passes it on.
fn said(id: &str, nick: &str, who: &str, text: &str) -> String {
    format!(
        "<message type='groupchat' from='{COVEN}/{id}'><body>{text}</body><mix xmlns='{CORE}'><nick>{nick}</nick><jid>{who}</jid></mix><stanza-id xmlns='urn:xmpp:sid:0' by='{COVEN}'/></message>"
    )
}
