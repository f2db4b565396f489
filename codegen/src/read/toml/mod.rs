//! Reads `spec.toml` and profiles: serde with spans, item by item, so that one mistake hides no other.

mod file;
mod placement;
mod profile;
mod spec;

pub(crate) use file::File;
pub(crate) use placement::{RawChild, RawForm, RawFormField, RawItem, RawNonza, RawPlainHandler};
pub(crate) use profile::{RawProfile, read_profile};
pub(crate) use spec::{
    RawColumn, RawConfig, RawHandler, RawHeader, RawIq, RawNamespace, RawNegotiation, RawQuery,
    RawRefine, RawRetention, RawSpec, RawStage, RawTable, RawTraveller, read_spec,
};
