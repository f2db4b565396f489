//! The specifications that are generated together.
//!
//! A schema without a `spec.toml` stands for itself: what it refers to outside its folder is kept as it comes.
//! Those with a `spec.toml` may speak of each other, and of others beside them that nobody named.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Report;
use crate::model::{Model, Shape};
use crate::output::Output;
use crate::{Loaded, Specs, render};

/// Specifications that share a module tree.
pub(super) struct Group {
    pub(super) model: Model,
    /// The ids of those that were asked for.
    pub(super) asked: BTreeSet<String>,
}

impl Group {
    /// How many types there are.
    pub(super) fn types(&self) -> usize {
        self.model
            .specs
            .iter()
            .map(|spec| spec.types().count())
            .sum()
    }

    /// The modules, each a file.
    pub(super) fn modules(&self) -> Vec<Output> {
        render::stanza_files(&self.model)
    }

    /// What the schemas forbid, a text each.
    pub(super) fn rules(&self) -> impl Iterator<Item = &str> {
        let schemas = self.model.specs.iter().flat_map(|spec| &spec.schemas);
        schemas.map(|schema| schema.rules.as_str())
    }

    /// The elements that can travel by themselves: spec, type path below the group, element.
    pub(super) fn payloads(&self) -> Vec<(String, String)> {
        let mut payloads = Vec::new();
        for spec in &self.model.specs {
            for schema in &spec.schemas {
                for type_ in &schema.types {
                    if !type_.global || !matches!(type_.shape, Shape::Struct(_)) {
                        continue;
                    }
                    let module = match &schema.module {
                        Some(module) => format!("{}::{module}", spec.module),
                        None => spec.module.clone(),
                    };
                    payloads.push((spec.id.clone(), format!("{module}::{}", type_.name)));
                }
            }
        }
        payloads
    }
}

/// Reads the folders.
pub(super) fn read(folders: &[PathBuf], report: &mut Report) -> Result<Vec<Group>, String> {
    let mut groups = Vec::new();
    let mut described = Vec::new();
    for folder in folders {
        if !folder.is_dir() {
            return Err(format!("{}: there is no such folder", folder.display()));
        }
        if folder.join("spec.toml").exists() {
            described.push(folder.clone());
        } else {
            groups.extend(load(
                std::slice::from_ref(folder),
                std::slice::from_ref(folder),
                report,
            ));
        }
    }
    if described.is_empty() {
        groups.extend(stanzas(&groups));
        return Ok(groups);
    }
    let mut together = Report::default();
    match load(&needed(&described), &described, &mut together) {
        Some(group) => {
            report.diagnostics.push_str(&together.diagnostics);
            groups.insert(0, group);
        }
        // One of them is wrong: each by itself, so that it takes no other with it.
        None => {
            for folder in &described {
                let one = std::slice::from_ref(folder);
                groups.extend(load(&needed(one), one, report));
            }
        }
    }
    groups.extend(stanzas(&groups));
    Ok(groups)
}

/// What every stanza and stream may hold, from our own specifications: a payload that none of the others
/// declares may be one of these. `None` where they are among the others.
fn stanzas(groups: &[Group]) -> Option<Group> {
    let there = |id: &str| groups.iter().any(|group| group.model.spec(id).is_some());
    if STANZAS.iter().all(|id| there(id)) {
        return None;
    }
    let folders: Vec<PathBuf> = STANZAS.iter().map(|id| ours().join(id)).collect();
    load(&folders, &[], &mut Report::default())
}

/// The RFCs that say what stanzas and streams are made of.
const STANZAS: [&str; 2] = ["rfc-6120", "rfc-6121"];

/// The specifications of the sources that the command was built from.
fn ours() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs")
}

/// The folders, and those that they depend on or speak of: beside them, or among ours.
fn needed(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = folders.to_vec();
    let mut at = 0;
    while let Some(folder) = all.get(at).cloned() {
        at += 1;
        let Ok(text) = std::fs::read_to_string(folder.join("spec.toml")) else {
            continue;
        };
        let Some(parent) = folder.parent() else {
            continue;
        };
        for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')) {
            if !word.contains('-') {
                continue;
            }
            let other = [parent.join(word), ours().join(word)]
                .into_iter()
                .find(|other| is_spec(other));
            if let Some(other) = other.filter(|other| !all.iter().any(|one| same(one, other))) {
                all.push(other);
            }
        }
    }
    all
}

fn is_spec(folder: &Path) -> bool {
    folder.join("spec.toml").exists()
}

fn same(one: &Path, other: &Path) -> bool {
    one.file_name() == other.file_name()
}

fn load(folders: &[PathBuf], asked: &[PathBuf], report: &mut Report) -> Option<Group> {
    let mut specs = Specs::default();
    for folder in folders {
        specs.add_spec(folder);
    }
    let loaded: Loaded = specs.finish();
    report.diagnostics.push_str(&loaded.report());
    let name = |folder: &PathBuf| {
        folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let fatal = loaded
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .collect::<Vec<_>>();
    if let Some(first) = fatal.first() {
        let why = format!("{}: {}", first.place, first.message);
        report
            .failed
            .extend(asked.iter().map(|folder| (name(folder), why.clone())));
        // A folder of several schemas keeps those that can be read.
        let schemas_only = asked.iter().all(|folder| !is_spec(folder));
        if !schemas_only
            || loaded
                .model
                .specs
                .iter()
                .all(|spec| spec.types().next().is_none())
        {
            return None;
        }
    }
    if loaded
        .model
        .specs
        .iter()
        .all(|spec| spec.types().next().is_none())
    {
        return None;
    }
    Some(Group {
        model: loaded.model,
        asked: asked.iter().map(name).collect(),
    })
}
