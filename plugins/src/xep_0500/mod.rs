//! XEP-0500, MUC Slow Mode: occupants of a room wait between two messages as long as its owners want.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0500::{self as skeleton, Settings};
use sestina_types::xep_0004::Form;
use sestina_types::xep_0122::{Range, Validate};
use sestina_types::xep_0500::forms::{SlowMode, SlowModeInfo};
use sestina_wire::dispatch::Extensible as _;
use sestina_wire::{Condition, ErrorKind, StanzaError, ns};

use crate::xep_0045::{Companion, Heard, Muc, Pace, Room, State, seconds};

/// The field of the owner's form (§4.1), under which the room keeps it.
const FIELD: &str = "muc#roomconfig_slow_mode_duration";
/// The longest that somebody has to wait: a day.
const LONGEST: u32 = 24 * 60 * 60;

/// The server's part.
pub struct Server;

/// When the people of a room have last said something.
#[derive(Default)]
struct Last(Mutex<Pace>);

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        Muc::accompany(registrar.host(), self);
        Ok(())
    }
}

/// Seconds between two messages; 0 where there is no slow mode.
fn duration(state: &State) -> u32 {
    let setting = state.setting(FIELD);
    setting
        .and_then(|setting| setting.parse().ok())
        .unwrap_or(0)
}

impl Companion for Server {
    fn describe(&self, _: &Room, state: &State, form: &mut Form) {
        let info = SlowModeInfo {
            duration: Some(duration(state)),
            ..SlowModeInfo::default()
        };
        info.add_to(form);
    }

    fn ask(&self, state: &State, form: &mut Form) {
        let mode = SlowMode {
            duration: Some(duration(state)),
            ..SlowMode::default()
        };
        mode.add_to(form);
        let own = |field: &&mut sestina_types::xep_0004::Field| field.var.as_deref() == Some(FIELD);
        if let Some(field) = form.fields.iter_mut().find(own) {
            field.extend(&Validate {
                datatype: Some("xs:integer".into()),
                range: Some(Range {
                    min: Some("0".into()),
                    max: Some(LONGEST.to_string().into()),
                    ..Range::default()
                }),
                ..Validate::default()
            });
        }
    }

    fn takes(&self, field: &str, value: &str) -> Option<Result<String, StanzaError>> {
        if field != FIELD {
            return None;
        }
        // Nothing is none.
        let number = if value.is_empty() {
            Some(0)
        } else {
            value.parse().ok()
        };
        let kept = number.filter(|seconds: &u32| *seconds <= LONGEST);
        Some(kept.map(|seconds| seconds.to_string()).ok_or_else(|| {
            StanzaError::new(Condition::NotAcceptable).with_text(format!(
                "the seconds between two messages are a number from 0 to {LONGEST}, and no {value:?}"
            ))
        }))
    }

    /// Only what has a body counts, and neither that of admins nor that of owners (§5).
    fn before(&self, heard: &mut Heard<'_>) -> Result<(), StanzaError> {
        let between = duration(heard.state);
        if between == 0
            || heard.said.child("body", ns::CLIENT).is_none()
            || heard.state.is_admin(heard.from)
        {
            return Ok(());
        }
        let last = heard.room.extensions.get_or_insert_with(Last::default);
        let mut pace = last.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = Duration::from_secs(u64::from(between));
        // All sessions and nicknames of an account count together (§7).
        let step = pace.step(&heard.from.to_bare(), heard.now, wait, 1);
        step.map_err(|left| {
            let text = format!(
                "this room is in slow mode: {} have to pass between two messages; wait {} and send it again",
                seconds(wait),
                seconds(left)
            );
            StanzaError::new(Condition::PolicyViolation)
                .with_kind(ErrorKind::Wait)
                .with_text(text)
        })
    }
}
