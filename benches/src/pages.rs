//! An archive read page by page (XEP-0313), from the oldest message to the newest and again.

use std::io;
use std::time::{Duration, Instant};

use crate::client::{Session, between};
use crate::logins::Figure;

/// Messages of a page.
pub const PAGE: usize = 100;

/// Puts so many messages into the archives of both.
///
/// # Errors
/// When a connection breaks.
pub async fn fill(one: &mut Session, other: &mut Session, messages: usize) -> io::Result<()> {
    for number in 0..messages {
        let text = format!(
            "<message xmlns='jabber:client' type='chat' to='{}'><body>Good pilgrim, you do wrong your hand too much {number}</body></message>",
            other.jid
        );
        one.carrier.send(text.as_bytes()).await?;
        if number % 100 == 99 {
            one.ping(&format!("one-{number}")).await?;
            other.ping(&format!("other-{number}")).await?;
        }
    }
    Ok(())
}

/// Reads for a while; messages a second, and what a hundred thousand of them cost.
///
/// # Errors
/// When a connection breaks, or a page says nothing of the last message on it.
pub async fn run(
    reader: &mut Session,
    time: Duration,
    measure: impl Fn() -> io::Result<f64>,
) -> io::Result<Figure> {
    let (start, before) = (Instant::now(), measure()?);
    let (mut pages, mut after) = (0_u64, String::new());
    while start.elapsed() < time {
        let query = format!(
            "<iq xmlns='jabber:client' type='set' id='p{pages}'><query xmlns='urn:xmpp:mam:2'>\
             <set xmlns='http://jabber.org/protocol/rsm'><max>{PAGE}</max>{after}</set></query></iq>"
        );
        let page = reader.ask(&query, &["</fin>"]).await?.replace('"', "'");
        let fin = page.rfind("<fin").unwrap_or_default();
        let fin = page.get(fin..).unwrap_or_default();
        after = match fin.contains("complete='true'") {
            true => String::new(),
            false => format!("<after>{}</after>", between(fin, "<last>", "</last>")?),
        };
        pages += 1;
    }
    let (length, used) = (start.elapsed(), measure()? - before);
    Ok(Figure::new(pages * PAGE as u64, length, used))
}
