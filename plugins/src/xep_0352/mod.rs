//! XEP-0352, Client State Indication: what a client that nobody looks at is not woken for.
//!
//! The session keeps what can wait, and gives it away in order before anything that cannot; here is what can.

mod waiting;

use std::sync::{Arc, Weak};

use sestina_session::host::{Held, Holding, Host, Resource};
use sestina_session::mux::{BeginningContext, NonzaContext};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::session::StreamFeature;
use sestina_skeletons::xep_0352::{self as skeleton, Settings};
use sestina_types::xep_0352::{Active, Csi, Inactive};
use sestina_wire::{Payload as _, Stanza, StreamError};

use crate::xep_0203;

/// The server's part.
pub struct Server {
    policy: Arc<Policy>,
    /// Bytes that may be kept for a client.
    most: usize,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self {
            policy: Arc::new(Policy {
                host: Arc::downgrade(setup.host),
            }),
            most: usize::try_from(setup.settings.held.0).unwrap_or(usize::MAX),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar.stream_feature(Arc::new(Feature));
        let this = Arc::clone(self);
        registrar.beginning(
            Inactive::NS,
            move |cx: &mut BeginningContext<'_>, _: Inactive| {
                this.rest(cx.resource());
            },
        );
        // Said although it is so anyway (XEP-0352 §4.2).
        registrar.beginning(Active::NS, |_: &mut BeginningContext<'_>, _: Active| {});
        Ok(())
    }

    fn active(self: &Arc<Self>, cx: &mut NonzaContext<'_>, _: Active) -> Result<(), StreamError> {
        cx.resource().set_active();
        Ok(())
    }

    fn inactive(
        self: &Arc<Self>,
        cx: &mut NonzaContext<'_>,
        _: Inactive,
    ) -> Result<(), StreamError> {
        self.rest(cx.resource());
        Ok(())
    }
}

impl Server {
    fn rest(&self, resource: &Resource) {
        if self.most > 0 {
            resource.set_inactive(self.policy.clone(), self.most);
        }
    }
}

/// The stream feature, which is only announced.
struct Feature;

impl StreamFeature for Feature {
    fn element(&self) -> (&'static str, &'static str) {
        (Csi::NAME, Csi::NS)
    }
}

/// What can wait, marked with the time at which it came.
struct Policy {
    host: Weak<Host>,
}

impl Holding for Policy {
    fn hold(&self, stanza: &Stanza) -> Option<Held> {
        let host = self.host.upgrade()?;
        let key = waiting::key(stanza)?;
        let now = host.clock().now();
        Some(Held {
            stanza: xep_0203::mark(stanza.clone(), host.domain(), now, ""),
            key,
        })
    }
}
