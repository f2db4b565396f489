//! From what was read to the model: names, references and refinements are resolved here, and nowhere later.

mod config;
mod declarations;
mod items;
pub(crate) mod names;
mod order;
mod placement;
mod plan;
mod profile;
mod refine;
mod storage;
mod types;
mod unwrap;
mod versions;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use crate::Diagnostic;
use crate::model::{
    FieldType, History, Model, Multiplicity, Place, Schema, Shape, Spec, Type, TypeRef,
};
use crate::read::toml::{File, RawProfile, RawSpec};
use crate::read::xsd::{Name, SchemaDecl, SchemaFile};

use declarations::Declarations;
use plan::{Home, Plan};
use refine::Refinements;
use types::Builder;
use versions::Versions;

/// One folder of a specification as it was read.
pub(crate) struct Folder {
    pub(crate) id: String,
    pub(crate) crate_path: Option<String>,
    /// `spec.toml`, if there is one.
    pub(crate) toml: Option<(File, RawSpec)>,
    /// The folder, for what has no file.
    pub(crate) place: Place,
    /// A schema could not be read.
    pub(crate) broken: bool,
    /// The migrations of its tables.
    pub(crate) history: Option<History>,
}

/// Everything that was read.
pub(crate) struct Input {
    pub(crate) folders: Vec<Folder>,
    pub(crate) schemas: Vec<SchemaFile>,
    pub(crate) decls: Vec<Option<SchemaDecl>>,
    pub(crate) profiles: Vec<(File, RawProfile)>,
}

/// Resolves everything.
pub(crate) fn resolve(input: Input, diagnostics: &mut Vec<Diagnostic>) -> Model {
    let Input {
        mut folders,
        schemas,
        decls,
        profiles,
    } = input;
    let ids: BTreeMap<String, usize> = folders
        .iter()
        .enumerate()
        .rev()
        .map(|(at, folder)| (folder.id.clone(), at))
        .collect();
    let broken: BTreeSet<usize> = folders
        .iter()
        .enumerate()
        .filter(|(_, folder)| folder.broken)
        .map(|(at, _)| at)
        .collect();
    let declarations = Declarations::new(&schemas, &decls, ids, broken, diagnostics);
    let homes: Vec<Home> = schemas
        .iter()
        .map(|schema| home(schema, &schemas, &folders))
        .collect();
    let group: Vec<Option<String>> = schemas
        .iter()
        .map(|schema| {
            folders
                .get(schema.spec)
                .and_then(|folder| folder.crate_path.clone())
        })
        .collect();

    let mut refinements = Refinements::default();
    let mut versions = Versions::default();
    let mut used = BTreeSet::new();
    for (at, folder) in folders.iter_mut().enumerate() {
        if let Some((file, raw)) = &mut folder.toml {
            refinements.read(file, &raw.refinements, at, &declarations);
            versions.read(file, &raw.namespaces, at, &declarations);
            used.extend(items::used(raw, at, &declarations));
        }
    }
    let plan = plan::plan(&declarations, &homes, &group, &used, &mut refinements);
    let (mut built, names) = build(&declarations, &homes, &plan, &versions, &mut refinements);
    box_circles(&mut built, &homes);
    versions.check(&built, &declarations, diagnostics);
    refinements.unused(diagnostics);

    let mut specs = Vec::new();
    for (at, folder) in folders.iter_mut().enumerate() {
        let mut schemas_of_spec = Vec::new();
        for (number, schema) in declarations.of_spec(at) {
            let decl = decls.get(number).and_then(Option::as_ref);
            schemas_of_spec.push(Schema {
                module: homes.get(number).and_then(|home| home.module.clone()),
                stem: schema.stem.clone(),
                namespace: schema.namespace.clone(),
                older: versions.older(number).to_vec(),
                version: names.get(number).cloned().flatten(),
                doc: decl.map(|decl| decl.doc.clone()).unwrap_or_default(),
                types: built
                    .get_mut(number)
                    .map(std::mem::take)
                    .unwrap_or_default(),
                rules: schema.rules.clone(),
                place: schema.place.clone(),
            });
        }
        specs.push(items::spec(
            folder,
            at,
            schemas_of_spec,
            &declarations,
            &plan,
        ));
    }
    for folder in &mut folders {
        if let Some((file, _)) = &mut folder.toml {
            diagnostics.append(&mut file.diagnostics);
        }
    }
    let specs = order::by_dependency(specs);
    let profiles = profile::profiles(profiles, &specs, diagnostics);
    Model {
        specs,
        profiles,
        ..Model::default()
    }
}

/// The module that holds a schema's types.
fn home(schema: &SchemaFile, schemas: &[SchemaFile], folders: &[Folder]) -> Home {
    let spec = folders
        .get(schema.spec)
        .map(|folder| folder.id.clone())
        .unwrap_or_default();
    let several = schemas
        .iter()
        .filter(|other| other.spec == schema.spec)
        .count()
        > 1;
    Home {
        spec_module: names::snake(&spec),
        spec,
        module: several.then(|| names::snake(&schema.stem)),
        loose: folders
            .get(schema.spec)
            .is_some_and(|folder| folder.toml.is_none()),
    }
}

fn build(
    declarations: &Declarations<'_>,
    homes: &[Home],
    plan: &Plan,
    versions: &Versions,
    refinements: &mut Refinements,
) -> (Vec<Vec<Type>>, Vec<Option<String>>) {
    let (mut built, mut names) = (Vec::new(), Vec::new());
    for (at, home) in homes.iter().enumerate() {
        let mut taken = plan.taken.get(&at).cloned().unwrap_or_default();
        let version = (!versions.older(at).is_empty()).then(|| {
            let candidates = ["Version", "NamespaceVersion"].map(str::to_owned);
            self::names::free(&mut taken, &candidates)
        });
        let mut builder = Builder {
            declarations,
            plan,
            refinements,
            home,
            version: version.as_ref().map(|name| home.type_ref(name)),
            taken,
            types: Vec::new(),
            enumerations: BTreeMap::new(),
        };
        builder.schema(at);
        built.push(builder.types);
        names.push(version);
    }
    (built, names)
}

/// Marks the fields that close a circle of types: they need a `Box`.
fn box_circles(built: &mut [Vec<Type>], homes: &[Home]) {
    let mut holds: BTreeMap<TypeRef, BTreeSet<TypeRef>> = BTreeMap::new();
    for (types, home) in built.iter().zip(homes) {
        for type_ in types {
            let inner = match &type_.shape {
                Shape::Struct(fields) => fields
                    .iter()
                    .filter(|field| field.multiplicity != Multiplicity::Many)
                    .filter_map(|field| match &field.type_ {
                        FieldType::Type(inner) => Some(inner.clone()),
                        _ => None,
                    })
                    .collect(),
                Shape::Choice(variants) => variants
                    .iter()
                    .filter_map(|variant| variant.type_.clone())
                    .collect(),
                Shape::Values { .. } => BTreeSet::new(),
            };
            holds.insert(home.type_ref(&type_.name), inner);
        }
    }
    let reaches = |from: &TypeRef, to: &TypeRef| {
        let mut seen = BTreeSet::new();
        let mut next = vec![from];
        while let Some(at) = next.pop() {
            if at == to {
                return true;
            }
            if seen.insert(at) {
                next.extend(holds.get(at).into_iter().flatten());
            }
        }
        false
    };
    for (types, home) in built.iter_mut().zip(homes) {
        for type_ in types {
            let owner = home.type_ref(&type_.name);
            if let Shape::Struct(fields) = &mut type_.shape {
                for field in fields {
                    if let FieldType::Type(inner) = &field.type_ {
                        field.boxed =
                            field.multiplicity != Multiplicity::Many && reaches(inner, &owner);
                    }
                }
            }
        }
    }
}

/// Which spec an element belongs to.
fn spec_of(name: &Name, declarations: &Declarations<'_>) -> Option<usize> {
    let (schema, _) = declarations.elements.get(name)?;
    declarations.schemas.get(*schema).map(|schema| schema.spec)
}

/// The specifications that one depends on, directly or not.
pub(crate) fn closure<'a>(specs: &'a [Spec], id: &'a str) -> BTreeSet<&'a str> {
    let mut all = BTreeSet::new();
    let mut next = vec![id];
    while let Some(id) = next.pop() {
        if let Some(spec) = specs.iter().find(|spec| spec.id == id)
            && all.insert(spec.id.as_str())
        {
            next.extend(spec.depends.iter().map(|dependency| dependency.id.as_str()));
        }
    }
    all
}
