//! Which sessions know what a channel is (§2.1): those that announce it, and those that have shown it.

use std::sync::Arc;
use std::time::Duration;

use sestina_session::host::{Host, Resource};
use sestina_types::xep_0030::info;
use sestina_types::{xep_0115, xep_0369, xep_0390};
use sestina_wire::{Jid, Stanza, StanzaType};

use crate::{rfc_6121, xep_0163};

/// How long a session may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(30);

/// A session that has asked for something that only whoever knows channels asks for.
struct Knows;

/// Notes that a session knows channels; whether that is news. Then those that its account takes part in have to be shown its
/// presence.
pub(crate) fn knows_channels(session: &Resource) -> bool {
    let knew = knows(session);
    if session.extensions().get::<Knows>().is_none() {
        session.extensions().insert(Arc::new(Knows));
    }
    !knew
}

/// Asks a session whether it knows channels, unless its presence says by what to know it: then that is found out anyway. It is
/// asked for accounts that take part in channels alone.
pub(crate) fn find_out(host: &Arc<Host>, session: &Arc<Resource>) {
    let announces = |presence: &Stanza| {
        let has = |ns| presence.child("c", ns).is_some();
        has(xep_0115::NS) || has(xep_0390::NS)
    };
    if session
        .presence()
        .is_none_or(|presence| announces(&presence))
    {
        return;
    }
    let (host, session) = (Arc::clone(host), Arc::clone(session));
    tokio::spawn(async move {
        let request = Stanza::iq(StanzaType::Get)
            .with_from(Jid::clone(session.account().jid()))
            .with_to(Jid::clone(session.jid()))
            .with(&info::Query::default());
        let answer = host.request(request, PATIENCE).await.ok();
        let info = answer.and_then(|answer| answer.decode::<info::Query>()?.ok());
        let knows = info.is_some_and(|info| {
            let mut features = info.features.iter();
            features.any(|feature| feature.var == xep_0369::NS)
        });
        if knows && knows_channels(&session) {
            rfc_6121::turned_out(&host, &session).await;
        }
    });
}

/// Whether a session knows channels.
pub(crate) fn knows(session: &Resource) -> bool {
    session.extensions().get::<Knows>().is_some() || xep_0163::announces(session, xep_0369::NS)
}
