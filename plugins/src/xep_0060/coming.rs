//! Who comes online gets the last items of the nodes of the host's own service that it subscribed to
//! (`pubsub#send_last_published_item`, §16.4.4). For what accounts publish of themselves XEP-0163 does the same.

use std::sync::Arc;

use sestina_session::host::{Host, Resource};
use sestina_wire::{BareJid, Jid, StanzaError};

use super::approval::SUBSCRIBED;
use super::{Server, notify, options, standing};

/// Marks a session that got its items. It is gone when the session goes offline.
struct Told;

/// A session showed its presence.
pub(super) fn online(
    server: &Arc<Server>,
    host: &Arc<Host>,
    service: &BareJid,
    session: &Arc<Resource>,
) {
    if session.extensions().get::<Told>().is_some() {
        return;
    }
    session.extensions().insert(Arc::new(Told));
    let (server, host) = (Arc::clone(server), Arc::clone(host));
    let (service, session) = (service.clone(), Arc::clone(session));
    // The session goes on meanwhile: only it can empty the queue that the messages go into.
    tokio::spawn(async move {
        if let Err(error) = send_last(&server, &host, &service, &session).await {
            tracing::warn!(%error, %service, "last items are not sent");
        }
    });
}

/// It went offline.
pub(super) fn offline(session: &Arc<Resource>) {
    session.extensions().remove::<Told>();
}

async fn send_last(
    server: &Server,
    host: &Arc<Host>,
    service: &BareJid,
    session: &Arc<Resource>,
) -> Result<(), StanzaError> {
    let page = server.book.open(host, service).await?;
    let (account, reader) = (session.account().jid(), session.jid());
    for name in page.subscribed(account) {
        // It may have been long since the last one.
        if !session.is_available() {
            return Ok(());
        }
        let Some(node) = page.node(&name) else {
            continue;
        };
        let now = host.clock().now();
        let hears = node.subscriptions.iter().any(|row| {
            let is_it = row.subscriber.as_str() == account.as_str()
                || row.subscriber.as_str() == reader.as_str();
            is_it
                && row.state == SUBSCRIBED
                && options::is_live(row, now)
                && options::wants(host, row)
        });
        if !hears
            || !node.configuration.notifies()
            || !node.configuration.sends_last_on_presence()
            || standing::may_read(host, service, &node, reader)
                .await
                .is_err()
        {
            continue;
        }
        // A session that takes what was stored for its account has it among that.
        let takes_stored = session.priority().is_some_and(|priority| priority >= 0);
        if takes_stored && node.has_waited(account) {
            continue;
        }
        if let Some(last) = notify::last(server, host, service, &node).await? {
            let _ = host.route(last.with_to(Jid::clone(reader))).await;
        }
    }
    Ok(())
}
