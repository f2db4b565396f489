//! Personal events (XEP-0163): everybody publishes, and all contacts that want to hear of it do.

use std::io;
use std::time::Duration;

use crate::client::Session;
use crate::presence::Words;

/// A tune that somebody hears just now (XEP-0118), at a node of the own account.
pub const TUNES: Words = Words {
    end: "</message>",
    own: |index| {
        format!(
            "<iq xmlns='jabber:client' type='set' id='t'><pubsub xmlns='http://jabber.org/protocol/pubsub'>\
             <publish node='http://jabber.org/protocol/tune'><item id='current'>\
             <tune xmlns='http://jabber.org/protocol/tune'><title>u{index}.</title></tune></item></publish></pubsub></iq>"
        )
    },
    mark: |index| format!(">u{index}.<"),
};

/// What every client says of itself (XEP-0115): its hash is that of [`INFO`].
const PRESENCE: &str = "<presence xmlns='jabber:client'><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:bench' \
     ver='3pKpoiE4LWxMW6d4/GYSlYS+Wd8='/></presence>";
const INFO: &str = "<identity category='client' type='pc'/><feature var='http://jabber.org/protocol/tune+notify'/>";

/// Has all say that they want to hear of tunes. The first is asked what stands behind it.
///
/// # Errors
/// When a connection breaks.
pub async fn listen(sessions: &mut [Session]) -> io::Result<()> {
    for (number, session) in sessions.iter_mut().enumerate() {
        if number == 0 {
            let mut seen = session.ask(PRESENCE, &["disco#info"]).await?;
            seen.push_str(&session.ask(" ", &["</iq>"]).await?);
            let seen = seen.replace('"', "'");
            let at = seen.rfind("<iq").unwrap_or_default();
            let request = seen.get(at..).unwrap_or_default();
            let id = attribute(request, " id='")?;
            let from = attribute(request, " from='")?;
            let answer = format!(
                "<iq xmlns='jabber:client' type='result' id='{id}' to='{from}'>\
                 <query xmlns='http://jabber.org/protocol/disco#info'>{INFO}</query></iq>"
            );
            session.carrier.send(answer.as_bytes()).await?;
            tokio::time::sleep(Duration::from_millis(500)).await;
        } else {
            session.carrier.send(PRESENCE.as_bytes()).await?;
        }
        session.ping(&format!("listens-{number}")).await?;
    }
    Ok(())
}

/// What stands between this and the next quotation mark.
fn attribute<'a>(text: &'a str, begins: &str) -> io::Result<&'a str> {
    let found = text.split_once(begins);
    found
        .and_then(|(_, rest)| rest.split('\'').next())
        .ok_or_else(|| io::Error::other(format!("no{begins} in {text}")))
}
