//! `spec.toml` as it is written, each value with its span; nothing is resolved here.

use serde::Deserialize;
use toml::Spanned;

use super::File;
use super::placement::{RawChild, RawForm, RawItem, RawNonza, RawPlainHandler};

type Text = Spanned<String>;
type Texts = Vec<Spanned<String>>;

/// All of a `spec.toml`.
#[derive(Debug, Default)]
pub(crate) struct RawSpec {
    pub(crate) header: Option<Spanned<RawHeader>>,
    pub(crate) refinements: Vec<(Text, Spanned<RawRefine>)>,
    pub(crate) namespaces: Vec<Spanned<RawNamespace>>,
    pub(crate) iqs: Vec<Spanned<RawIq>>,
    pub(crate) messages: Vec<Spanned<RawTraveller>>,
    pub(crate) presences: Vec<Spanned<RawTraveller>>,
    pub(crate) nonzas: Vec<Spanned<RawNonza>>,
    pub(crate) children: Vec<Spanned<RawChild>>,
    pub(crate) items: Vec<Spanned<RawItem>>,
    pub(crate) forms: Vec<Spanned<RawForm>>,
    pub(crate) negotiations: Vec<Spanned<RawNegotiation>>,
    pub(crate) stages: Vec<Spanned<RawStage>>,
    pub(crate) features: Vec<Spanned<RawFeature>>,
    pub(crate) identities: Vec<Spanned<RawIdentity>>,
    pub(crate) tables: Vec<Spanned<RawTable>>,
    pub(crate) config: Vec<Spanned<RawConfig>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawHeader {
    pub(crate) id: Text,
    pub(crate) number: Text,
    pub(crate) title: Text,
    #[serde(default)]
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) summary: String,
    #[serde(default)]
    pub(crate) depends: Texts,
    #[serde(default)]
    pub(crate) roles: Texts,
    #[serde(default)]
    pub(crate) tests: Texts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRefine {
    pub(crate) rust: Option<Text>,
    pub(crate) doc: Option<String>,
    #[serde(rename = "type")]
    pub(crate) type_: Option<Text>,
    pub(crate) open: Option<Spanned<bool>>,
    pub(crate) unwrap: Option<Spanned<bool>>,
    pub(crate) optional: Option<Spanned<bool>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawNamespace {
    pub(crate) schema: Option<Text>,
    pub(crate) older: Texts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawIq {
    #[serde(rename = "type")]
    pub(crate) type_: Text,
    pub(crate) request: Text,
    pub(crate) answer: Option<Text>,
    #[serde(default)]
    pub(crate) answer_optional: bool,
    #[serde(default)]
    pub(crate) from: Texts,
    #[serde(default)]
    pub(crate) doc: String,
    #[serde(default)]
    pub(crate) handler: Vec<Spanned<RawHandler>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawHandler {
    pub(crate) role: Text,
    pub(crate) scope: Spanned<Texts>,
    pub(crate) name: Text,
    pub(crate) node: Option<String>,
    pub(crate) form: Option<String>,
    pub(crate) waits: Option<Spanned<bool>>,
    #[serde(default)]
    pub(crate) doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTraveller {
    pub(crate) payload: Text,
    #[serde(default)]
    pub(crate) from: Texts,
    #[serde(default)]
    pub(crate) strip: bool,
    #[serde(default)]
    pub(crate) doc: String,
    #[serde(default)]
    pub(crate) handler: Vec<Spanned<RawHandler>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawNegotiation {
    pub(crate) name: Text,
    pub(crate) element: Text,
    pub(crate) streams: Text,
    #[serde(default)]
    pub(crate) requires: Texts,
    #[serde(default)]
    pub(crate) prohibits: Texts,
    #[serde(default)]
    pub(crate) sets: Texts,
    #[serde(default)]
    pub(crate) restart: bool,
    #[serde(default)]
    pub(crate) refresh: bool,
    pub(crate) within: Option<Text>,
    pub(crate) mandatory: Text,
    pub(crate) order: Spanned<u16>,
    pub(crate) request: Option<Text>,
    pub(crate) answer: Option<Text>,
    #[serde(default)]
    pub(crate) handler: Vec<Spanned<RawPlainHandler>>,
    #[serde(default)]
    pub(crate) doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawStage {
    pub(crate) at: Text,
    #[serde(default)]
    pub(crate) kinds: Texts,
    pub(crate) name: Text,
    #[serde(default)]
    pub(crate) after: Texts,
    #[serde(default)]
    pub(crate) before: Texts,
    #[serde(default)]
    pub(crate) doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFeature {
    pub(crate) var: Text,
    pub(crate) on: Texts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawIdentity {
    pub(crate) on: Texts,
    pub(crate) category: Text,
    #[serde(rename = "type")]
    pub(crate) type_: Text,
    pub(crate) name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTable {
    pub(crate) name: Text,
    pub(crate) accessor: Text,
    #[serde(default)]
    pub(crate) doc: String,
    /// A column, or a list of columns.
    pub(crate) personal: Option<Spanned<toml::Value>>,
    pub(crate) key: Spanned<Texts>,
    #[serde(default)]
    pub(crate) column: Vec<Spanned<RawColumn>>,
    #[serde(default)]
    pub(crate) query: Vec<Spanned<RawQuery>>,
    #[serde(default)]
    pub(crate) index: Vec<Spanned<RawIndex>>,
    pub(crate) retention: Option<Spanned<RawRetention>>,
    pub(crate) holds: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRetention {
    pub(crate) column: Text,
    pub(crate) config: Option<Text>,
    pub(crate) after: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawColumn {
    pub(crate) name: Text,
    #[serde(rename = "type")]
    pub(crate) type_: Text,
    #[serde(default)]
    pub(crate) optional: bool,
    #[serde(default)]
    pub(crate) secret: bool,
    pub(crate) default: Option<Spanned<toml::Value>>,
    #[serde(default)]
    pub(crate) doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawQuery {
    pub(crate) name: Text,
    #[serde(default)]
    pub(crate) equals: Texts,
    pub(crate) range: Option<Text>,
    pub(crate) order: Option<Text>,
    #[serde(default)]
    pub(crate) descending: bool,
    pub(crate) search: Option<Text>,
    pub(crate) limit: Option<Spanned<u32>>,
    #[serde(default)]
    pub(crate) doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawIndex {
    pub(crate) columns: Texts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawConfig {
    pub(crate) key: Text,
    #[serde(rename = "type")]
    pub(crate) type_: Option<Text>,
    pub(crate) default: Option<Spanned<toml::Value>>,
    pub(crate) min: Option<Spanned<i64>>,
    pub(crate) max: Option<Spanned<i64>>,
    #[serde(default)]
    pub(crate) doc: String,
}

const KEYS: &[&str] = &[
    "spec",
    "refine",
    "namespace",
    "iq",
    "message",
    "presence",
    "nonza",
    "child",
    "pubsub-item",
    "data-form",
    "negotiation",
    "stage",
    "disco",
    "table",
    "config",
];

/// Reads a `spec.toml`.
pub(crate) fn read_spec(file: &mut File) -> RawSpec {
    let mut spec = RawSpec::default();
    let text = std::sync::Arc::clone(&file.text);
    let Some(table) = file.parse(&text) else {
        return spec;
    };
    for (key, value) in table.iter() {
        match key.get_ref().as_ref() {
            "spec" => spec.header = file.item(value),
            "refine" => read_refinements(file, value, &mut spec),
            "namespace" => spec.namespaces = file.items("namespace", value),
            "iq" => spec.iqs = file.items("iq", value),
            "message" => spec.messages = file.items("message", value),
            "presence" => spec.presences = file.items("presence", value),
            "nonza" => spec.nonzas = file.items("nonza", value),
            "child" => spec.children = file.items("child", value),
            "pubsub-item" => spec.items = file.items("pubsub-item", value),
            "data-form" => spec.forms = file.items("data-form", value),
            "negotiation" => spec.negotiations = file.items("negotiation", value),
            "stage" => spec.stages = file.items("stage", value),
            "disco" => read_disco(file, value, &mut spec),
            "table" => spec.tables = file.items("table", value),
            "config" => spec.config = file.items("config", value),
            other => file.unknown_key(key.span(), other, KEYS),
        }
    }
    if !table.contains_key("spec") {
        file.error(
            0..0,
            "`[spec]` is missing",
            "begin the file with `[spec]`, `id`, `number` and `title`",
        );
    }
    spec
}

fn read_refinements(file: &mut File, value: &Spanned<toml::de::DeValue<'_>>, spec: &mut RawSpec) {
    let Some(table) = value.get_ref().as_table() else {
        file.error(
            value.span(),
            "`refine` is a table",
            "write `[refine.\"element/child@attribute\"]`",
        );
        return;
    };
    for (path, value) in table.iter() {
        let path = Spanned::new(path.span(), path.get_ref().to_string());
        if let Some(refine) = file.item(value) {
            spec.refinements.push((path, refine));
        }
    }
}

fn read_disco(file: &mut File, value: &Spanned<toml::de::DeValue<'_>>, spec: &mut RawSpec) {
    let Some(table) = value.get_ref().as_table() else {
        file.error(
            value.span(),
            "`disco` is a table",
            "write `[[disco.feature]]` or `[[disco.identity]]`",
        );
        return;
    };
    for (key, value) in table.iter() {
        match key.get_ref().as_ref() {
            "feature" => spec.features = file.items("disco.feature", value),
            "identity" => spec.identities = file.items("disco.identity", value),
            other => file.unknown_key(key.span(), other, &["feature", "identity"]),
        }
    }
}
