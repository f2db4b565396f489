//! A profile as it is written.

use serde::Deserialize;
use toml::Spanned;

use super::File;

/// Key and value of each setting.
pub(crate) type Settings = Vec<(Spanned<String>, Spanned<toml::Value>)>;

/// All of a profile.
#[derive(Debug, Default)]
pub(crate) struct RawProfile {
    pub(crate) header: Option<Spanned<RawProfileHeader>>,
    /// What a compliance suite asks for.
    pub(crate) compliance: Vec<Spanned<RawDemand>>,
    /// The settings of each spec.
    pub(crate) settings: Vec<(Spanned<String>, Settings)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawProfileHeader {
    pub(crate) name: Spanned<String>,
    pub(crate) role: Spanned<String>,
    pub(crate) specs: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) password_without_tls: bool,
    #[serde(default)]
    pub(crate) doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawDemand {
    pub(crate) category: String,
    pub(crate) feature: String,
    pub(crate) specs: Vec<Spanned<String>>,
}

/// Reads a profile.
pub(crate) fn read_profile(file: &mut File) -> RawProfile {
    let mut profile = RawProfile::default();
    let text = std::sync::Arc::clone(&file.text);
    let Some(table) = file.parse(&text) else {
        return profile;
    };
    for (key, value) in table.iter() {
        match key.get_ref().as_ref() {
            "profile" => profile.header = file.item(value),
            "compliance" => profile.compliance = file.items("compliance", value),
            "settings" => read_settings(file, value, &mut profile),
            other => file.unknown_key(key.span(), other, &["profile", "compliance", "settings"]),
        }
    }
    if !table.contains_key("profile") {
        file.error(
            0..0,
            "`[profile]` is missing",
            "begin the file with `[profile]`, `name`, `role` and `specs`",
        );
    }
    profile
}

fn read_settings(
    file: &mut File,
    value: &Spanned<toml::de::DeValue<'_>>,
    profile: &mut RawProfile,
) {
    let Some(specs) = value.get_ref().as_table() else {
        file.error(
            value.span(),
            "`settings` is a table",
            "write `[settings.\"xep-0199\"]`",
        );
        return;
    };
    for (spec, value) in specs.iter() {
        let Some(table) = value.get_ref().as_table() else {
            file.error(
                value.span(),
                "the settings of a spec are a table",
                "write `[settings.\"xep-0199\"]`",
            );
            continue;
        };
        let mut settings = Vec::new();
        for (key, value) in table.iter() {
            if let Some(item) = file.item::<toml::Value>(value) {
                settings.push((Spanned::new(key.span(), key.get_ref().to_string()), item));
            }
        }
        profile.settings.push((
            Spanned::new(spec.span(), spec.get_ref().to_string()),
            settings,
        ));
    }
}
