//! What `spec.toml` says of elements that travel otherwise than in stanzas, as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

type Text = Spanned<String>;
type Texts = Vec<Spanned<String>>;

/// A handler whose place says all but its role.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPlainHandler {
    pub(crate) role: Text,
    pub(crate) name: Text,
    #[serde(default)]
    pub(crate) doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawNonza {
    pub(crate) element: Text,
    #[serde(default)]
    pub(crate) handler: Vec<Spanned<RawPlainHandler>>,
    #[serde(default)]
    pub(crate) doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawChild {
    pub(crate) element: Text,
    #[serde(default)]
    pub(crate) inside: Texts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawItem {
    pub(crate) node: Text,
    pub(crate) element: Text,
    #[serde(default)]
    pub(crate) from: Texts,
    #[serde(default)]
    pub(crate) options: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) handler: Vec<Spanned<RawPlainHandler>>,
    #[serde(default)]
    pub(crate) doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawForm {
    pub(crate) form_type: Text,
    pub(crate) rust: Text,
    #[serde(default)]
    pub(crate) extends: bool,
    #[serde(default)]
    pub(crate) field: Vec<Spanned<RawFormField>>,
    #[serde(default)]
    pub(crate) doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFormField {
    pub(crate) var: Text,
    #[serde(rename = "type")]
    pub(crate) type_: Text,
    pub(crate) rust: Option<Text>,
    pub(crate) value: Option<Text>,
    #[serde(default)]
    pub(crate) options: Texts,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) label: String,
    #[serde(default)]
    pub(crate) doc: String,
}
