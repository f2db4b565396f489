//! The declarations of all schemas, found by name or as `spec.toml` writes them.

use std::collections::{BTreeMap, BTreeSet};

use crate::Diagnostic;
use crate::model::Place;
use crate::read::xsd::{ElementDecl, Name, SchemaDecl, SchemaFile, TypeDecl};
use crate::text::{closest, one_of};

/// Two declarations of one name: the first one counts.
fn twice(what: &str, name: &Name, place: &Place, first: &Place, diagnostics: &mut Vec<Diagnostic>) {
    let message = format!(
        "the {what} `{}` of `{}` is declared twice",
        name.name, name.namespace
    );
    let help = format!("remove one of the schemas, or the {what} from one of them");
    diagnostics.push(
        Diagnostic::error(place, message)
            .note(first, "first here")
            .help(help),
    );
}

/// Message and help.
pub(super) type Trouble = (String, String);

/// All declarations of a run.
pub(super) struct Declarations<'a> {
    pub(super) schemas: &'a [SchemaFile],
    pub(super) decls: &'a [Option<SchemaDecl>],
    /// Global elements, each with its schema.
    pub(super) elements: BTreeMap<Name, (usize, &'a ElementDecl)>,
    /// Named complex types, each with its schema.
    pub(super) types: BTreeMap<Name, (usize, &'a TypeDecl)>,
    /// Specifications by id.
    pub(super) specs: BTreeMap<String, usize>,
    /// Specifications of which a schema could not be read: what they lack was reported already.
    pub(super) broken: BTreeSet<usize>,
}

impl<'a> Declarations<'a> {
    pub(super) fn new(
        schemas: &'a [SchemaFile],
        decls: &'a [Option<SchemaDecl>],
        specs: BTreeMap<String, usize>,
        broken: BTreeSet<usize>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut declarations = Self {
            schemas,
            decls,
            elements: BTreeMap::new(),
            types: BTreeMap::new(),
            specs,
            broken,
        };
        for (at, decl) in decls.iter().enumerate() {
            let Some(decl) = decl else {
                declarations
                    .broken
                    .extend(schemas.get(at).map(|schema| schema.spec));
                continue;
            };
            for element in &decl.elements {
                let first = declarations
                    .elements
                    .entry(element.name.clone())
                    .or_insert((at, element));
                if first.1.place != element.place {
                    twice(
                        "element",
                        &element.name,
                        &element.place,
                        &first.1.place,
                        diagnostics,
                    );
                }
            }
            for type_ in &decl.types {
                let first = declarations
                    .types
                    .entry(type_.name.clone())
                    .or_insert((at, type_));
                if first.1.place != type_.place {
                    twice(
                        "type",
                        &type_.name,
                        &type_.place,
                        &first.1.place,
                        diagnostics,
                    );
                }
            }
        }
        declarations
    }

    /// The schemas of a specification.
    pub(super) fn of_spec(&self, spec: usize) -> impl Iterator<Item = (usize, &'a SchemaFile)> {
        self.schemas
            .iter()
            .enumerate()
            .filter(move |(_, schema)| schema.spec == spec)
    }

    /// The element written as `element`, `schema:element`, `spec:element` or `spec:schema:element`.
    pub(super) fn element(&self, spec: usize, written: &str) -> Result<&'a ElementDecl, Trouble> {
        let parts: Vec<&str> = written.split(':').collect();
        match parts.as_slice() {
            [element] => self.among(spec, None, element),
            [first, element] => {
                if self.of_spec(spec).any(|(_, schema)| schema.stem == *first) {
                    return self.among(spec, Some(first), element);
                }
                if let Some(other) = self.specs.get(*first) {
                    return self.among(*other, None, element);
                }
                let stems = self.of_spec(spec).map(|(_, schema)| schema.stem.as_str());
                let known: Vec<&str> = stems.chain(self.specs.keys().map(String::as_str)).collect();
                let help = match closest(first, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "before the colon stands a schema of this folder, without `.xsd`, or the id of another spec".to_owned(),
                };
                Err((
                    format!("`{first}` is neither a schema of this spec nor another spec"),
                    help,
                ))
            }
            [other, schema, element] => match self.specs.get(*other) {
                Some(other) => self.among(*other, Some(schema), element),
                None => {
                    let near = closest(other, self.specs.keys().map(String::as_str));
                    let help = near.map_or(
                        "write the id of a spec, such as `xep-0199`".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    );
                    Err((format!("there is no spec `{other}`"), help))
                }
            },
            _ => Err((
                format!("`{written}` names no element"),
                "write `element`, `schema:element` or `spec:schema:element`".to_owned(),
            )),
        }
    }

    fn among(
        &self,
        spec: usize,
        stem: Option<&str>,
        element: &str,
    ) -> Result<&'a ElementDecl, Trouble> {
        let schemas: Vec<_> = self
            .of_spec(spec)
            .filter(|(_, schema)| stem.is_none_or(|stem| schema.stem == stem))
            .collect();
        let decls: Vec<(&str, &'a ElementDecl)> = schemas
            .iter()
            .filter_map(|(at, schema)| {
                self.decls
                    .get(*at)?
                    .as_ref()
                    .map(|decl| (schema.stem.as_str(), decl))
            })
            .flat_map(|(stem, decl)| decl.elements.iter().map(move |element| (stem, element)))
            .collect();
        let found: Vec<_> = decls
            .iter()
            .filter(|(_, decl)| decl.name.name == element)
            .collect();
        match found.as_slice() {
            [(_, only)] => Ok(only),
            [(_, first), rest @ ..] => {
                // Several files of one namespace may repeat a declaration; the checks speak of that.
                if rest.iter().all(|(_, other)| other.name == first.name) {
                    return Ok(first);
                }
                let choices: Vec<String> = found
                    .iter()
                    .map(|(stem, _)| format!("{stem}:{element}"))
                    .collect();
                Err((
                    format!("several schemas of this spec declare `{element}`"),
                    format!("write {}", one_of(choices.iter().map(String::as_str), "or")),
                ))
            }
            [] => {
                let names: BTreeSet<&str> = decls
                    .iter()
                    .map(|(_, decl)| decl.name.name.as_str())
                    .collect();
                let help = match closest(element, names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if names.is_empty() => {
                        "add a schema that declares it to the folder".to_owned()
                    }
                    None => format!("the schema declares {}", one_of(names, "and")),
                };
                Err((format!("no schema declares the element `{element}`"), help))
            }
        }
    }
}
