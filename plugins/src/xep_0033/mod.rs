//! XEP-0033, Extended Stanza Addressing: a message to the server itself is sent on to all whom it names.
//!
//! Sessions of the host's accounts may have that done, and nobody else: nothing is relayed for others. The archive of the
//! sender holds the message once, as it was sent to the server; those of its recipients hold what they got.

use sestina_session::mux::Received;
use sestina_session::plugin::{PluginError, Setup};
use sestina_session::stages::Flow;
use sestina_skeletons::xep_0033::{self as skeleton, Settings};
use sestina_types::xep_0033::{Address, AddressType, Addresses, NS};
use sestina_wire::{Condition, Jid, Payload as _, Stanza, StanzaError, StanzaType};

use crate::xep_0191;

/// The server's part.
pub struct Server {
    max_addresses: usize,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self {
            max_addresses: usize::try_from(setup.settings.max_addresses).unwrap_or_default(),
        })
    }

    async fn multicast(&self, cx: &Received, request: Addresses) -> Flow {
        if cx.stanza.type_() == StanzaType::Error {
            return Flow::Done;
        }
        match self.send_on(cx, request).await {
            Ok(()) => Flow::Done,
            Err(error) => Flow::Refuse(error),
        }
    }
}

impl Server {
    /// Looks at all of it first: what cannot be sent to all is sent to nobody (§3).
    async fn send_on(&self, cx: &Received, request: Addresses) -> Result<(), StanzaError> {
        let Some(session) = &cx.session else {
            return Err(StanzaError::new(Condition::Forbidden)
                .with_text("messages are sent to several for accounts of this server alone"));
        };
        if request.addresses.len() > self.max_addresses {
            return Err(
                StanzaError::new(Condition::NotAcceptable).with_text(format!(
                    "a message is sent to {} addresses at once at most; send it in parts",
                    self.max_addresses
                )),
            );
        }
        let mut recipients: Vec<(Jid, Option<Address>)> = Vec::new();
        for address in &request.addresses {
            if !is_recipient(address) || address.delivered == Some(true) {
                continue;
            }
            let Some(jid) = address.jid.clone().filter(|_| address.uri.is_none()) else {
                return Err(StanzaError::new(Condition::JidMalformed)
                    .with_text("only XMPP addresses can be sent to"));
            };
            // Not to the server, which would send it on again.
            if jid.is_domain() && cx.host.serves(&jid) {
                return Err(StanzaError::new(Condition::Forbidden)
                    .with_text("the server itself cannot be among the recipients"));
            }
            if xep_0191::blocks(&cx.host, session.account().jid(), &jid).await? {
                return Err(StanzaError::new(Condition::Forbidden)
                    .with_text(format!("{jid} is blocked: unblock it first")));
            }
            let blind = (address.type_ == AddressType::Bcc).then(|| delivered(address));
            recipients.push((jid, blind));
        }
        let shown: Vec<Address> = request
            .addresses
            .iter()
            .filter(|address| address.type_ != AddressType::Bcc)
            .map(|address| match is_recipient(address) {
                true => delivered(address),
                false => address.clone(),
            })
            .collect();
        let mut bare = cx.stanza.clone();
        bare.retain(|child| !child.is(Addresses::NAME, NS));
        for (to, blind) in recipients {
            let copy = copy(&bare, &request, &shown, blind).with_to(to);
            let _ = cx.host.route(copy).await;
        }
        Ok(())
    }
}

/// The message as one recipient gets it: a blind copy says that it is one to whom it is for, and to nobody else.
fn copy(bare: &Stanza, request: &Addresses, shown: &[Address], blind: Option<Address>) -> Stanza {
    let addresses = shown.iter().cloned().chain(blind).collect();
    bare.clone().with(&Addresses {
        addresses,
        extra: request.extra.clone(),
    })
}

/// Whether somebody is to get the message, rather than to be answered.
fn is_recipient(address: &Address) -> bool {
    matches!(
        address.type_,
        AddressType::To | AddressType::Cc | AddressType::Bcc
    )
}

fn delivered(address: &Address) -> Address {
    Address {
        delivered: Some(true),
        ..address.clone()
    }
}
