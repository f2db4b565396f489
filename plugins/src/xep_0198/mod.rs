//! XEP-0198, Stream Management: stanzas are acknowledged, and a session outlives its stream.
//!
//! What was sent and what was handled is counted where stanzas are written and read, in the session; here is what
//! client and server say to each other about it.

mod client;
mod rescue;
mod resume;

use std::sync::Arc;
use std::time::Duration;

use sestina_session::host::{Resource, Terms, TooHigh};
use sestina_session::mux::{BeginningContext, NonzaContext};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::stages::{Flow, StageContext};
use sestina_skeletons::xep_0198::{self as skeleton, Settings};
use sestina_types::xep_0198::{
    Acknowledgement, Enable, Enabled, Failed, HandledCountTooHigh, Request,
};
use sestina_wire::{
    AnyElement, Condition, Extra, Payload as _, StreamCondition, StreamError, Text, Writer, ns,
};

pub use client::Client;

/// What asks the peer for an acknowledgement.
const REQUEST: &str = "<r xmlns='urn:xmpp:sm:3'/>";

/// The server's part.
pub struct Server {
    /// How long a session waits at most for its client.
    resume: Duration,
    /// Bytes that may wait for their acknowledgement.
    bytes: usize,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let Settings {
            resume,
            unacknowledged,
            ..
        } = setup.settings;
        Ok(Self {
            resume: resume.0,
            bytes: usize::try_from(unacknowledged.0).unwrap_or(usize::MAX),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let this = Arc::clone(self);
        registrar.beginning(
            Enabled::NS,
            move |cx: &mut BeginningContext<'_>, enable: Enable| {
                let terms = this.terms(&enable);
                if let Some(id) = cx.manage(terms) {
                    cx.write(&enabled(terms, id));
                }
            },
        );
        let host = Arc::downgrade(registrar.host());
        registrar.inline_feature(Arc::new(resume::Inline::new(host.clone())));
        registrar.stream_feature(Arc::new(resume::Feature::new(host)));
        Ok(())
    }

    fn enable(
        self: &Arc<Self>,
        cx: &mut NonzaContext<'_>,
        enable: Enable,
    ) -> Result<(), StreamError> {
        let terms = self.terms(&enable);
        // It asks once in a stream; what follows a second time is not defined (§3).
        let Some(id) = cx.manage(terms) else {
            return Err(StreamError::new(StreamCondition::PolicyViolation)
                .with_text("stream management is enabled already"));
        };
        cx.write(&enabled(terms, id));
        Ok(())
    }

    /// A stanza is handled to its end before the next element is read.
    fn request(self: &Arc<Self>, cx: &mut NonzaContext<'_>, _: Request) -> Result<(), StreamError> {
        if cx.terms().is_some() {
            cx.write(&Acknowledgement::new(cx.handled()));
        } else {
            cx.write(&failed(Condition::UnexpectedRequest));
        }
        Ok(())
    }

    fn acknowledgement(
        self: &Arc<Self>,
        cx: &mut NonzaContext<'_>,
        acknowledgement: Acknowledgement,
    ) -> Result<(), StreamError> {
        cx.acknowledge(acknowledgement.h).map_err(too_high)
    }

    fn rescue(self: &Arc<Self>, cx: &StageContext, resource: &Arc<Resource>) -> Flow {
        let (host, resource) = (Arc::clone(&cx.host), Arc::clone(resource));
        Flow::wait(async move {
            rescue::rescue(&host, &resource).await;
            Flow::Continue
        })
    }
}

impl Server {
    /// What the client gets of what it wishes for.
    fn terms(&self, enable: &Enable) -> Terms {
        let wished = enable.max.map_or(self.resume, Duration::from_secs);
        let wait = wished.min(self.resume);
        Terms {
            resume: (enable.resume == Some(true) && !wait.is_zero()).then_some(wait),
            request: REQUEST,
            bytes: self.bytes,
        }
    }
}

/// The answer to a request that was met.
fn enabled(terms: Terms, id: Option<Text>) -> Enabled {
    Enabled {
        max: terms.resume.map(|wait| wait.as_secs()),
        resume: id.is_some().then_some(true),
        id,
        ..Enabled::default()
    }
}

/// The stream error for an acknowledgement of what was never sent (§4).
fn too_high(error: TooHigh) -> StreamError {
    let mut fault = StreamError::new(StreamCondition::UndefinedCondition).with_text(format!(
        "you acknowledged {} stanzas, but only {} were sent to you",
        error.acknowledged, error.sent
    ));
    fault.application = Some(
        HandledCountTooHigh {
            h: Some(error.acknowledged),
            send_count: Some(error.sent),
            extra: Extra::default(),
        }
        .to_any(),
    );
    fault
}

/// The answer to a request that cannot be met (§3, §5).
fn failed(condition: Condition) -> Failed {
    let mut xml = Vec::new();
    Writer::new(&mut xml, "").empty_element(condition.as_str(), ns::STANZAS);
    let condition = String::from_utf8(xml)
        .ok()
        .and_then(|xml| AnyElement::parse(xml).ok());
    Failed {
        any: condition.into_iter().collect(),
        ..Failed::default()
    }
}
