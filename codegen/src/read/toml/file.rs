//! A TOML file with what is needed to speak about places in it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Diagnostic;
use crate::model::Place;
use crate::text::{closest, one_of};

/// A TOML file: its name, its text, and what was found wrong with it.
pub(crate) struct File {
    pub(crate) path: Arc<Path>,
    pub(crate) text: Arc<str>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl File {
    pub(crate) fn new(path: &Arc<Path>, text: &Arc<str>) -> Self {
        Self {
            path: Arc::clone(path),
            text: Arc::clone(text),
            diagnostics: Vec::new(),
        }
    }

    /// The place of a span.
    pub(crate) fn place(&self, span: Range<usize>) -> Place {
        Place::of_span(&self.path, &self.text, span)
    }

    /// The place of a spanned value.
    pub(crate) fn at<T>(&self, value: &Spanned<T>) -> Place {
        self.place(value.span())
    }

    /// Reports an error.
    pub(crate) fn error(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = self.place(span);
        self.diagnostics
            .push(Diagnostic::error(&place, message).help(help));
    }

    /// Parses the file; every mistake of the grammar is reported, and then nothing is read from it.
    pub(crate) fn parse<'t>(&mut self, text: &'t str) -> Option<DeTable<'t>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            return Some(table.into_inner());
        }
        for error in errors {
            let message = error.message().replace('\n', ", ");
            self.error(
                error.span().unwrap_or(0..0),
                message,
                "the file must be TOML: https://toml.io",
            );
        }
        None
    }

    /// Reads one item with serde.
    pub(crate) fn item<'de, T: Deserialize<'de>>(
        &mut self,
        value: &Spanned<DeValue<'de>>,
    ) -> Option<Spanned<T>> {
        match T::deserialize(value.clone().into_deserializer()) {
            Ok(item) => Some(Spanned::new(value.span(), item)),
            Err(error) => {
                let (message, help) = explain(error.message());
                self.error(error.span().unwrap_or_else(|| value.span()), message, help);
                None
            }
        }
    }

    /// Reads every table of an array of tables.
    pub(crate) fn items<'de, T: Deserialize<'de>>(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'de>>,
    ) -> Vec<Spanned<T>> {
        let Some(array) = value.get_ref().as_array() else {
            self.error(
                value.span(),
                format!("`{key}` is a list of tables"),
                format!("write `[[{key}]]`"),
            );
            return Vec::new();
        };
        array.iter().filter_map(|item| self.item(item)).collect()
    }

    /// Reports a key that the grammar does not have.
    pub(crate) fn unknown_key(&mut self, span: Range<usize>, key: &str, known: &[&str]) {
        let help = match closest(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", one_of(known.iter().copied(), "and")),
        };
        self.error(span, format!("unknown key `{key}`"), help);
    }
}

/// What serde says, in words for the author of a specification: message and help.
fn explain(message: &str) -> (String, String) {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let key = quoted.first().copied().unwrap_or(rest);
        let known = quoted.get(1..).unwrap_or(&[]);
        let help = match closest(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", one_of(known.iter().copied(), "and")),
        };
        return (format!("unknown key `{key}`"), help);
    }
    if message.starts_with("missing field ") {
        let key = quoted.first().copied().unwrap_or("");
        return (
            format!("`{key}` is missing"),
            format!("add `{key} = …` below this header"),
        );
    }
    if let Some(rest) = message.strip_prefix("invalid type: ") {
        let (found, expected) = rest
            .split_once(", expected ")
            .unwrap_or((rest, "something else"));
        let expected = match expected {
            "a sequence" => "a list: `[…]`",
            "a string" | "a borrowed string" => "a text: `\"…\"`",
            "a boolean" => "`true` or `false`",
            "a map" => "a table",
            other => other,
        };
        return (
            format!("{found} does not fit here"),
            format!("write {expected}"),
        );
    }
    if let Some(rest) = message.strip_prefix("invalid value: ") {
        let (found, expected) = rest
            .split_once(", expected ")
            .unwrap_or((rest, "another value"));
        return (
            format!("{found} does not fit here"),
            format!("write {expected}"),
        );
    }
    (message.to_owned(), String::new())
}
