//! The stream feature by which a server says what it can do, in either generation of capabilities.

use std::sync::{Arc, OnceLock, Weak};

use sestina_session::host::Host;
use sestina_session::plugin::Registrar;
use sestina_session::session::StreamFeature;
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{Payload, Writer};

/// What a host announces (XEP-0115 §6.3, XEP-0390 §5.2).
pub(crate) struct Announcement<C> {
    host: Weak<Host>,
    compute: fn(&Host) -> Option<C>,
    caps: OnceLock<Option<C>>,
}

impl<C: Payload + Send + Sync + 'static> Announcement<C> {
    /// Has the host announce what `compute` finds when the first stream asks: all plugins have said by then what they
    /// bring, and they bring nothing more.
    pub(crate) fn register(registrar: &mut Registrar<'_>, compute: fn(&Host) -> Option<C>) {
        registrar.stream_feature(Arc::new(Self {
            host: Arc::downgrade(registrar.host()),
            compute,
            caps: OnceLock::new(),
        }));
    }
}

#[async_trait::async_trait]
impl<C: Payload + Send + Sync + 'static> StreamFeature for Announcement<C> {
    fn element(&self) -> (&'static str, &'static str) {
        (C::NAME, C::NS)
    }

    fn advertise(&self, writer: &mut Writer<'_>, _: &FeatureRow, _: bool) {
        let compute = || (self.compute)(&*self.host.upgrade()?);
        if let Some(caps) = self.caps.get_or_init(compute) {
            caps.write(writer);
        }
    }
}
