//! XEP-0504, Data Policy: what the server does with what is entrusted to it, as its operator says.
//!
//! Nothing is told of which the operator says nothing: whether disks are encrypted and who reads backups no server knows.

use std::sync::Arc;

use sestina_session::plugin::{On, PluginError, Registrar, Setup};
use sestina_skeletons::xep_0504::{self as skeleton, Settings};
use sestina_types::xep_0004::FormType;
use sestina_types::xep_0504::forms::{Access, DataPolicy};
use sestina_wire::{FromText as _, Text};

use crate::xep_0030::Forms;
use crate::xep_0157;

/// The server's part.
pub struct Server {
    told: Option<DataPolicy>,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let settings = setup.settings;
        let terms = Some(settings.terms_of_service.clone()).filter(|terms| !terms.is_empty());
        let terms = xep_0157::addresses("xep-0504", terms.as_slice())?;
        let told = DataPolicy {
            retention: hours("retention", &settings.retention)?,
            deletion: yes_or_no("deletion", &settings.deletion)?,
            encryption_at_rest: yes_or_no("encryption_at_rest", &settings.encryption_at_rest)?,
            terms_of_service: terms.and_then(|terms| terms.into_iter().next()),
            export: yes_or_no("export", &settings.export)?,
            access: access(&settings.access)?,
            full_erasure: yes_or_no("full_erasure", &settings.full_erasure)?,
            backup_frequency: hours("backup_frequency", &settings.backup_frequency)?,
            backup_retention: hours("backup_retention", &settings.backup_retention)?,
            extra: Some(settings.extra.iter().map(Text::from).collect::<Vec<_>>())
                .filter(|lines| !lines.is_empty()),
            ..DataPolicy::default()
        };
        Ok(Self {
            told: Some(told).filter(|told| *told != DataPolicy::default()),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        if let Some(told) = &self.told {
            Forms::of(registrar.host()).add(On::Host, &told.write(FormType::Result));
        }
        Ok(())
    }
}

fn wrong(key: &str, message: &str) -> PluginError {
    PluginError::Settings {
        spec: "xep-0504",
        message: format!("{key}: {message}"),
    }
}

fn hours(key: &str, written: &str) -> Result<Option<Text>, PluginError> {
    match written {
        "" => Ok(None),
        "infinite" | "unknown" => Ok(Some(Text::from(written))),
        number if number.parse::<u64>().is_ok() => Ok(Some(Text::from(number))),
        _ => Err(wrong(key, "write hours, `infinite` or `unknown`")),
    }
}

fn yes_or_no(key: &str, written: &str) -> Result<Option<bool>, PluginError> {
    match written {
        "" => Ok(None),
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        _ => Err(wrong(key, "write `true` or `false`")),
    }
}

fn access(written: &[String]) -> Result<Option<Vec<Access>>, PluginError> {
    let mut all = Vec::new();
    for word in written {
        match Access::from_text(Text::from(word)) {
            Ok(Access::Other(_)) | Err(_) => {
                return Err(wrong("access", &format!("`{word}` is none of the words")));
            }
            Ok(known) => all.push(known),
        }
    }
    if all.len() > 1 && all.contains(&Access::None) {
        return Err(wrong("access", "`none` stands alone"));
    }
    Ok(Some(all).filter(|all| !all.is_empty()))
}
