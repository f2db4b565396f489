//! The model: one plain data structure for all specifications.
//!
//! Readers fill it, checks look at it, renderers turn it into text. Everything in it is resolved: Rust
//! names are legal, unique identifiers; references name a type that exists; refinements are applied. A
//! renderer therefore reads no file, looks nothing up by text and needs no decision about names.
//! Every item carries the [`Place`] it was declared at, for messages and for documentation.

mod history;
mod paths;
mod place;
mod placement;
mod profile;
mod spec;
mod storage;
mod types;

pub use history::{History, Step};
pub use paths::Paths;
pub use place::{Place, Sources};
pub use placement::{Child, DataForm, FormField, FormFieldType, FormOption, Nonza, PubsubItem};
pub use profile::{Demand, Profile, Role, SettingsValue};
pub use spec::{
    Answer, Config, ConfigType, Dependency, ElementUse, Exchange, Feature, Handler, Identity, Iq,
    IqType, Mandatory, Negotiation, Scope, Sender, Shown, Spec, Stage, StageAt, StanzaKind, State,
    Streams, Traveller, Where,
};
pub use storage::{Column, ColumnType, Index, Query, Retention, Table};
pub use types::{
    ElementName, EnumValue, Field, FieldKind, FieldType, Multiplicity, Schema, Shape, Type,
    TypeRef, ValueType, Variant,
};

/// All specifications of one run and the profiles over them.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// The specifications, a spec after everything it depends on.
    pub specs: Vec<Spec>,
    /// The profiles, by name.
    pub profiles: Vec<Profile>,
    /// The text of every file read, for messages that show a line.
    pub sources: Sources,
    /// Where generated code finds the runtime.
    pub paths: Paths,
}

impl Model {
    /// The specification with this id (`xep-0199`).
    #[must_use]
    pub fn spec(&self, id: &str) -> Option<&Spec> {
        self.specs.iter().find(|spec| spec.id == id)
    }

    /// The specifications whose code this run makes: those that no other crate already holds.
    pub fn own_specs(&self) -> impl Iterator<Item = &Spec> {
        self.specs.iter().filter(|spec| spec.crate_path.is_none())
    }

    /// The type a reference names.
    #[must_use]
    pub fn type_(&self, reference: &TypeRef) -> Option<&Type> {
        self.spec(&reference.spec)?
            .schemas
            .iter()
            .filter(|schema| schema.module == reference.module)
            .flat_map(|schema| &schema.types)
            .find(|type_| type_.name == reference.name)
    }

    /// The older namespaces of the schema that a type is of.
    #[must_use]
    pub fn older(&self, reference: &TypeRef) -> &[String] {
        let schemas = self.spec(&reference.spec).map(|spec| &spec.schemas);
        let mut schemas = schemas.into_iter().flatten();
        schemas
            .find(|schema| schema.module == reference.module)
            .map_or(&[], |schema| &schema.older)
    }

    /// The profile with this name.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }
}
