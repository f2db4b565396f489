//! The settings of every specification of a profile.

use std::fmt::Write as _;

use super::{cell, link};
use crate::model::{Config, ConfigType, Model, Profile, Role, SettingsValue, Spec};

/// `settings.md`.
pub(super) fn render(model: &Model) -> String {
    let mut out = String::from(
        "# Settings of the specifications\n\n\
         Generated from `specs/` by `sestina-codegen docs`. Each specification has a table of its own in the \
         configuration, for all hosts (`[plugins.\"xep-0077\"]`) or for one \
         (`[hosts.\"example.org\".plugins.\"xep-0077\"]`); what is not written there is as it is here. How the file \
         itself looks is in [configuration.md](configuration.md).\n",
    );
    let servers = (model.profiles.iter()).filter(|profile| profile.role == Role::Server);
    for profile in servers {
        let _ = writeln!(out, "\n## The profile `{}`", profile.name);
        let mut specs: Vec<&Spec> = profile
            .order
            .iter()
            .filter_map(|id| model.spec(id))
            .filter(|spec| spec.is_optional())
            .collect();
        specs.sort_by(|a, b| a.id.cmp(&b.id));
        for spec in specs {
            section(&mut out, profile, spec);
        }
    }
    out
}

fn section(out: &mut String, profile: &Profile, spec: &Spec) {
    let _ = writeln!(
        out,
        "\n### `[plugins.\"{}\"]`\n\n{}: {}\n\n| key | type | default | meaning |\n|---|---|---|---|",
        spec.id,
        link(spec),
        spec.title
    );
    let _ = writeln!(
        out,
        "| `enabled` | boolean | `{}` | Whether the specification is in use. |",
        profile.enabled(&spec.id)
    );
    for config in &spec.config {
        let default = profile
            .setting(&spec.id, &config.key)
            .map_or_else(|| default(config), value);
        let _ = writeln!(
            out,
            "| `{}` | {} | `{}` | {} |",
            config.key,
            type_(config),
            cell(&default),
            cell(config.doc.trim())
        );
    }
}

/// The type of a key in words, with its bounds.
pub(crate) fn type_(config: &Config) -> String {
    match &config.type_ {
        ConfigType::Integer { min, max, .. } => match (min, max) {
            (None, None) => "integer".to_owned(),
            (Some(min), None) => format!("integer, at least {min}"),
            (None, Some(max)) => format!("integer, at most {max}"),
            (Some(min), Some(max)) => format!("integer, {min} to {max}"),
        },
        ConfigType::Boolean(_) => "boolean".to_owned(),
        ConfigType::Text(_) => "text".to_owned(),
        ConfigType::Secret => "secret text".to_owned(),
        ConfigType::Duration { .. } => "duration".to_owned(),
        ConfigType::Size { .. } => "size".to_owned(),
        ConfigType::List(_) => "list of texts".to_owned(),
    }
}

/// The default of a key as a configuration file would write it.
pub(crate) fn default(config: &Config) -> String {
    match &config.type_ {
        ConfigType::Integer { default, .. } => default.to_string(),
        ConfigType::Boolean(default) => default.to_string(),
        ConfigType::Text(default) => format!("{default:?}"),
        ConfigType::Secret => format!("{:?}", ""),
        ConfigType::Duration { written, .. } | ConfigType::Size { written, .. } => {
            format!("{written:?}")
        }
        ConfigType::List(default) => format!("{default:?}"),
    }
}

fn value(value: &SettingsValue) -> String {
    match value {
        SettingsValue::Boolean(value) => value.to_string(),
        SettingsValue::Integer(value) => value.to_string(),
        SettingsValue::Text(value) => format!("{value:?}"),
        SettingsValue::List(value) => format!("{value:?}"),
    }
}
