//! Configuration keys: types, defaults and bounds.

use toml::Spanned;
use toml::Value;

use crate::model::{Config, ConfigType};
use crate::read::toml::{File, RawConfig};

use super::items::identifier;
use super::names::snake;
use super::words::{Words, word};

#[derive(Debug, Clone, Copy)]
enum Kind {
    Integer,
    Boolean,
    Text,
    Secret,
    Duration,
    Size,
    List,
}

const KINDS: Words<Kind> = &[
    ("integer", Kind::Integer),
    ("boolean", Kind::Boolean),
    ("text", Kind::Text),
    ("secret", Kind::Secret),
    ("duration", Kind::Duration),
    ("size", Kind::Size),
    ("list", Kind::List),
];

/// A key with a default of its type.
pub(super) fn config(file: &mut File, spanned: &Spanned<RawConfig>) -> Option<Config> {
    let raw = spanned.get_ref();
    let key = identifier(file, "a key", &raw.key);
    if raw.key.get_ref() == "enabled" {
        let help = "every spec has it already: a profile sets it under `[settings]`";
        file.error(raw.key.span(), "the key `enabled` is taken", help);
        return None;
    }
    if raw.type_.is_none() {
        let help = "add `type = \"integer\"`, or `boolean`, `text`, `secret`, `duration`, `size` or `list`";
        file.error(
            spanned.span(),
            format!("the key `{}` has no type", raw.key.get_ref()),
            help,
        );
    }
    if raw.default.is_none() {
        let help = "add `default = …`: a server runs without any configuration";
        file.error(
            spanned.span(),
            format!("the key `{}` has no default", raw.key.get_ref()),
            help,
        );
    }
    let kind = word(file, "type of key", raw.type_.as_ref()?, KINDS)?;
    let type_ = value(file, kind, raw.default.as_ref()?, raw)?;
    if !matches!(kind, Kind::Integer) {
        for bound in raw.min.iter().chain(&raw.max) {
            file.error(bound.span(), "only an integer has bounds", "remove it");
        }
    }
    let key = key?;
    Some(Config {
        field: snake(&key),
        key,
        type_,
        doc: raw.doc.clone(),
        place: file.at(&raw.key),
    })
}

fn value(
    file: &mut File,
    kind: Kind,
    default: &Spanned<Value>,
    raw: &RawConfig,
) -> Option<ConfigType> {
    let written = default.get_ref();
    let (expected, found) = match kind {
        Kind::Integer => (
            "a whole number",
            written
                .as_integer()
                .map(|default| integer(file, default, raw)),
        ),
        Kind::Boolean => (
            "`true` or `false`",
            written.as_bool().map(ConfigType::Boolean),
        ),
        Kind::Text => (
            "a text: `\"…\"`",
            written
                .as_str()
                .map(|text| ConfigType::Text(text.to_owned())),
        ),
        // A secret that everybody can read is none.
        Kind::Secret => (
            "`\"\"`: a secret has no other default",
            written
                .as_str()
                .filter(|text| text.is_empty())
                .map(|_| ConfigType::Secret),
        ),
        Kind::Duration => (
            "a duration: `\"30s\"`, with `ms`, `s`, `m`, `h` or `d`",
            written.as_str().and_then(|text| {
                Some(ConfigType::Duration {
                    default: duration(text)?,
                    written: text.to_owned(),
                })
            }),
        ),
        Kind::Size => (
            "a size: `\"64KiB\"`, with `B`, `KiB`, `MiB` or `GiB`",
            written.as_str().and_then(|text| {
                Some(ConfigType::Size {
                    default: size(text)?,
                    written: text.to_owned(),
                })
            }),
        ),
        Kind::List => (
            "a list of texts: `[\"…\"]`",
            list(written).map(ConfigType::List),
        ),
    };
    if found.is_none() {
        let message = format!("the default of `{}` is not of its type", raw.key.get_ref());
        file.error(default.span(), message, format!("write {expected}"));
    }
    found
}

fn integer(file: &mut File, default: i64, raw: &RawConfig) -> ConfigType {
    let min = raw.min.as_ref().map(|min| *min.get_ref());
    let max = raw.max.as_ref().map(|max| *max.get_ref());
    let outside = min.is_some_and(|min| default < min) || max.is_some_and(|max| default > max);
    if outside && let Some(written) = &raw.default {
        let message = format!(
            "the default of `{}` is outside its bounds",
            raw.key.get_ref()
        );
        let help = format!("write a number {}", bounds(min, max));
        file.error(written.span(), message, help);
    }
    ConfigType::Integer { default, min, max }
}

fn bounds(min: Option<i64>, max: Option<i64>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("from {min} to {max}"),
        (Some(min), None) => format!("from {min} on"),
        (None, Some(max)) => format!("up to {max}"),
        (None, None) => String::new(),
    }
}

fn list(value: &Value) -> Option<Vec<String>> {
    value
        .as_array()?
        .iter()
        .map(|item| item.as_str().map(str::to_owned))
        .collect()
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim()))
}

/// Milliseconds.
pub(super) fn duration(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// Bytes.
fn size(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes() {
        assert_eq!(duration("30s"), Some(30_000));
        assert_eq!(duration("5 m"), Some(300_000));
        assert_eq!(duration("30"), None);
        assert_eq!(size("64KiB"), Some(65_536));
        assert_eq!(size("64K"), None);
    }
}
