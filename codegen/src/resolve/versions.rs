//! Namespaces that share the types of a schema: `[[namespace]]` in `spec.toml`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use toml::Spanned;

use crate::Diagnostic;
use crate::model::{Place, Shape, Type, Variant};
use crate::read::toml::{File, RawNamespace};
use crate::text::closest;

use super::declarations::Declarations;

/// The older namespaces of each schema that has any, by the schema's number.
#[derive(Debug, Default)]
pub(super) struct Versions(BTreeMap<usize, Older>);

/// The older namespaces of one schema.
#[derive(Debug)]
struct Older {
    namespaces: Vec<String>,
    place: Place,
}

impl Versions {
    /// The older namespaces of a schema; mostly none.
    pub(super) fn older(&self, schema: usize) -> &[String] {
        self.0.get(&schema).map_or(&[], |older| &older.namespaces)
    }

    /// Reads what one specification says of its schemas.
    pub(super) fn read(
        &mut self,
        file: &mut File,
        raw: &[Spanned<RawNamespace>],
        spec: usize,
        declarations: &Declarations<'_>,
    ) {
        for spanned in raw {
            let raw = spanned.get_ref();
            let Some(schema) = schema(file, spanned, spec, declarations) else {
                continue;
            };
            let mut namespaces = Vec::new();
            for older in &raw.older {
                let namespace = older.get_ref();
                let declared = declarations
                    .schemas
                    .iter()
                    .any(|one| one.namespace == *namespace);
                let shared = self
                    .0
                    .values()
                    .any(|other| other.namespaces.contains(namespace));
                if declared || shared || namespaces.contains(namespace) {
                    file.error(
                        older.span(),
                        format!("the namespace `{namespace}` has types already"),
                        "remove it here, or the schema that declares its elements",
                    );
                } else {
                    namespaces.push(namespace.clone());
                }
            }
            if raw.older.is_empty() {
                file.error(
                    spanned.span(),
                    "no namespace shares these types",
                    "name at least one in `older`, or remove this",
                );
            }
            match self.0.entry(schema) {
                Entry::Occupied(_) => file.error(
                    spanned.span(),
                    "this schema has its older namespaces already",
                    "write all of them into one `older`",
                ),
                Entry::Vacant(entry) if !namespaces.is_empty() => {
                    let place = file.place(spanned.span());
                    entry.insert(Older { namespaces, place });
                }
                Entry::Vacant(_) => {}
            }
        }
    }

    /// A choice follows the namespace of the element that it is in; an element of another one cannot.
    pub(super) fn check(
        &self,
        built: &[Vec<Type>],
        declarations: &Declarations<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for (schema, older) in &self.0 {
            let own = declarations.schemas.get(*schema);
            let own = own.map(|schema| schema.namespace.as_str());
            for choice in built.get(*schema).into_iter().flatten() {
                let Shape::Choice(variants) = &choice.shape else {
                    continue;
                };
                let foreign = |variant: &&Variant| Some(variant.element.namespace.as_str()) != own;
                if let Some(variant) = variants.iter().find(foreign) {
                    let message = format!(
                        "the types of this schema cannot be shared: `{}` may be an element of `{}`",
                        choice.name, variant.element.namespace
                    );
                    diagnostics.push(
                        Diagnostic::error(&older.place, message)
                            .note(&variant.place, "here")
                            .help("write a schema for each version, or the element beside the `xs:choice`"),
                    );
                }
            }
        }
    }
}

/// The schema that is spoken of: the only one, or the one that is named.
fn schema(
    file: &mut File,
    spanned: &Spanned<RawNamespace>,
    spec: usize,
    declarations: &Declarations<'_>,
) -> Option<usize> {
    let schemas: Vec<(usize, &str)> = declarations
        .of_spec(spec)
        .map(|(at, schema)| (at, schema.stem.as_str()))
        .collect();
    match (&spanned.get_ref().schema, schemas.as_slice()) {
        (None, [(only, _)]) => Some(*only),
        (None, _) => {
            file.error(
                spanned.span(),
                "which schema is in these namespaces as well?",
                "add `schema = \"NAME\"`, the name of its file without `.xsd`",
            );
            None
        }
        (Some(named), _) => {
            let name = named.get_ref();
            let found = schemas.iter().find(|(_, stem)| stem == name);
            if found.is_none() {
                let near = closest(name, schemas.iter().map(|(_, stem)| *stem));
                let help = near.map_or(
                    "write the name of a schema of this folder, without `.xsd`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                file.error(named.span(), format!("there is no schema `{name}`"), help);
            }
            found.map(|(at, _)| *at)
        }
    }
}
