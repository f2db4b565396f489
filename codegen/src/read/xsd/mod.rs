//! Reads schemas: an own pass that mends slips and knows places, then `xsd-parser`, then both joined by name.

mod decl;
mod ends;
mod interpret;
mod join;
mod names;
mod normal;
mod references;
mod repair;
mod rules;
mod xml;

use std::path::Path;
use std::sync::Arc;

use crate::Diagnostic;
use crate::model::Place;

pub(crate) use decl::{
    AttributeDecl, Complex, Content, ElementDecl, Enumeration, Name, Particle, ParticleKind,
    SchemaDecl, Simple, TypeDecl,
};
pub(crate) use xml::XML;

use references::Index;
use xml::Node;

/// One schema file, mended.
#[derive(Debug)]
pub(crate) struct SchemaFile {
    /// Which of the run's specifications it belongs to.
    pub(crate) spec: usize,
    /// Nobody vouches for it: its folder has no `spec.toml`.
    pub(crate) loose: bool,
    /// The file's name without extension.
    pub(crate) stem: String,
    /// The target namespace.
    pub(crate) namespace: String,
    pub(crate) place: Place,
    /// What the schema forbids, as the strict mode reads it; filled once all schemas are mended.
    pub(crate) rules: String,
    root: Node,
}

/// Reads one file, as far as that goes without looking at the others.
pub(crate) fn read_file(
    spec: usize,
    loose: bool,
    path: &Arc<Path>,
    text: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<SchemaFile> {
    let blanked;
    let text = match slip_of_declaration(text) {
        Some((span, mended)) => {
            let place = Place::of_span(path, text, span);
            let message = "`<xml …>` is an element, and was meant as the XML declaration";
            diagnostics.push(
                Diagnostic::warning(&place, message).help("it is skipped: write `<?xml …?>`"),
            );
            blanked = mended;
            &blanked
        }
        None => text,
    };
    let mut root = match xml::read(path, text, diagnostics) {
        Ok(root) => root,
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            return None;
        }
    };
    let namespace = repair::repair(&mut root, diagnostics)?;
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let place = root.place.clone();
    Some(SchemaFile {
        spec,
        loose,
        stem,
        namespace,
        place,
        rules: String::new(),
        root,
    })
}

/// A file that begins with `<xml version=…>`: where that stands, and the text with blanks in its place.
fn slip_of_declaration(text: &str) -> Option<(std::ops::Range<usize>, String)> {
    let start = text.len() - text.trim_start().len();
    let rest = text
        .get(start..)
        .filter(|rest| rest.starts_with("<xml version"))?;
    let length = rest.find('>')? + 1;
    let mut mended = text.to_owned();
    mended.replace_range(start..start + length, &" ".repeat(length));
    Some((start..start + length, mended))
}

/// Reads the declarations of all schemas; `None` in the place of one that cannot be understood.
pub(crate) fn read_all(
    schemas: &mut [SchemaFile],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Option<SchemaDecl>> {
    references::drop_repeated(schemas, diagnostics);
    let index = Index::new(schemas);
    for schema in schemas.iter_mut() {
        let target = schema.namespace.clone();
        references::resolve(&mut schema.root, &target, &index, diagnostics);
    }
    // Mending may have removed declarations: their positions are counted anew.
    let index = Index::new(schemas);
    let texts: Vec<String> = (0..schemas.len())
        .map(|at| normal::write(schemas, at, &index))
        .collect();
    let rules: Vec<String> = (0..schemas.len())
        .map(|at| rules::write(schemas, at, &index))
        .collect();
    for (schema, rules) in schemas.iter_mut().zip(rules) {
        schema.rules = rules;
    }
    let schemas = &*schemas;
    let read = (0..schemas.len()).map(|at| match interpret::interpret(&texts, at) {
        Ok(interpreted) => Some(join::join(schemas, at, &index, &interpreted)),
        Err(error) => {
            // The reader prints whole structures over many lines; the first one says it.
            let error = error.lines().next().unwrap_or("").trim_end_matches(['(', '{', ' ']);
            if let Some(schema) = schemas.get(at) {
                diagnostics.push(
                    Diagnostic::error(&schema.place, format!("this schema cannot be understood: {error}"))
                        .help("simplify what it speaks of, or leave the file out and write the types by hand"),
                );
            }
            None
        }
    });
    read.collect()
}
