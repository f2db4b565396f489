//! Profiles.

use std::collections::BTreeSet;

use crate::Diagnostic;
use crate::model::{Config, ConfigType, Demand, Profile, SettingsValue, Spec};
use crate::read::toml::{File, RawProfile};
use crate::text::{closest, one_of};

use super::closure;
use super::items::{dependencies, identifier};
use super::words::{ROLES, word};

/// All profiles, with what their specs depend on.
pub(super) fn profiles(
    raw: Vec<(File, RawProfile)>,
    specs: &[Spec],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Profile> {
    let mut profiles = Vec::new();
    for (mut file, raw) in raw {
        profiles.extend(profile(&mut file, &raw, specs));
        diagnostics.append(&mut file.diagnostics);
    }
    profiles
}

fn profile(file: &mut File, raw: &RawProfile, specs: &[Spec]) -> Option<Profile> {
    let header = raw.header.as_ref()?.get_ref();
    let name = identifier(file, "a profile", &header.name);
    let role = word(file, "role", &header.role, ROLES);
    let listed = dependencies(file, &header.specs);
    let needed: BTreeSet<&str> = listed
        .iter()
        .flat_map(|dependency| closure(specs, &dependency.id))
        .collect();
    let order = specs
        .iter()
        .filter(|spec| needed.contains(spec.id.as_str()))
        .map(|spec| spec.id.clone())
        .collect();
    let mut compliance = Vec::new();
    for demand in &raw.compliance {
        let demand = demand.get_ref();
        compliance.push(Demand {
            category: demand.category.clone(),
            feature: demand.feature.clone(),
            specs: dependencies(file, &demand.specs),
        });
    }
    let mut settings = Vec::new();
    for (spec, values) in &raw.settings {
        let id = spec.get_ref();
        let Some(found) = specs
            .iter()
            .find(|spec| spec.id == *id)
            .filter(|spec| needed.contains(spec.id.as_str()))
        else {
            let near = closest(id, needed.iter().copied());
            let help = near.map_or_else(
                || "add it to `specs`, or remove its settings".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            file.error(
                spec.span(),
                format!("the profile does not hold the spec `{id}`"),
                help,
            );
            continue;
        };
        for (key, value) in values {
            let name = key.get_ref();
            let config = found.config.iter().find(|config| config.key == *name);
            if config.is_none() && name != "enabled" {
                let keys: Vec<&str> = found
                    .config
                    .iter()
                    .map(|config| config.key.as_str())
                    .chain(["enabled"])
                    .collect();
                let help = match closest(name, keys.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("its keys: {}", one_of(keys, "and")),
                };
                file.error(key.span(), format!("`{id}` has no key `{name}`"), help);
                continue;
            }
            match setting(value.get_ref(), config) {
                Some(value) => settings.push((id.clone(), name.clone(), value)),
                None => {
                    let message = format!("the value of `{name}` is not of its type");
                    file.error(value.span(), message, format!("write {}", expected(config)));
                }
            }
        }
    }
    Some(Profile {
        name: name?,
        role: role?,
        specs: listed,
        order,
        password_without_tls: header.password_without_tls,
        settings,
        compliance,
        doc: header.doc.clone(),
        place: file.at(&header.name),
    })
}

fn setting(value: &toml::Value, config: Option<&Config>) -> Option<SettingsValue> {
    match config.map(|config| &config.type_) {
        None | Some(ConfigType::Boolean(_)) => value.as_bool().map(SettingsValue::Boolean),
        Some(ConfigType::Integer { min, max, .. }) => value
            .as_integer()
            .filter(|number| {
                min.is_none_or(|min| *number >= min) && max.is_none_or(|max| *number <= max)
            })
            .map(SettingsValue::Integer),
        Some(ConfigType::Text(_) | ConfigType::Duration { .. } | ConfigType::Size { .. }) => value
            .as_str()
            .map(|text| SettingsValue::Text(text.to_owned())),
        // What everybody can read is no secret.
        Some(ConfigType::Secret) => None,
        Some(ConfigType::List(_)) => {
            let items: Option<Vec<String>> = value
                .as_array()?
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect();
            items.map(SettingsValue::List)
        }
    }
}

fn expected(config: Option<&Config>) -> &'static str {
    match config.map(|config| &config.type_) {
        None | Some(ConfigType::Boolean(_)) => "`true` or `false`",
        Some(ConfigType::Integer { .. }) => "a whole number within its bounds",
        Some(ConfigType::Text(_)) => "a text: `\"…\"`",
        Some(ConfigType::Secret) => "it into a configuration file: it would be no secret here",
        Some(ConfigType::Duration { .. }) => "a duration: `\"30s\"`",
        Some(ConfigType::Size { .. }) => "a size: `\"64KiB\"`",
        Some(ConfigType::List(_)) => "a list of texts: `[\"…\"]`",
    }
}
