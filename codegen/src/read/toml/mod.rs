//! Reads `spec.toml` and profiles: serde with spans, item by item, so that one mistake hides no other.

mod file;
mod profile;
mod spec;

pub(crate) use file::File;
pub(crate) use profile::{RawProfile, read_profile};
pub(crate) use spec::{
    RawColumn, RawConfig, RawElement, RawHandler, RawHeader, RawIq, RawNamespace, RawNegotiation,
    RawQuery, RawRefine, RawRetention, RawSpec, RawStage, RawTable, RawTraveller, read_spec,
};
