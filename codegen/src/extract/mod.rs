//! Cuts the schemas and the example payloads out of a folder of XEPs.
//!
//! A XEP is read as text: its DTD and its entities are not needed to find what stands in `<code>` and
//! `<example>`. The same folder gives the same files, whatever was there before.

mod cut;
mod payload;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// What was cut out, and what was not.
#[derive(Debug, Default)]
pub struct Extracted {
    /// XEPs read.
    pub documents: usize,
    /// Folders written: XEPs that have a schema or an example.
    pub specs: usize,
    /// Schemas written.
    pub schemas: usize,
    /// XEPs that have a schema.
    pub with_schema: usize,
    /// Examples read.
    pub examples: usize,
    /// Example documents written, one file each.
    pub payloads: usize,
    /// The files written.
    pub written: BTreeSet<PathBuf>,
    /// What was left out: file, line, and why.
    pub left_out: Vec<LeftOut>,
}

/// Something that was left out.
#[derive(Debug)]
pub struct LeftOut {
    /// The XEP.
    pub file: PathBuf,
    /// The line where the example or the schema begins.
    pub line: usize,
    /// Why.
    pub why: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.why)
    }
}

impl fmt::Display for Extracted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} documents: {} schemas in {} of them, {} example payloads in {} examples, {} left out; {} folders",
            self.documents,
            self.schemas,
            self.with_schema,
            self.payloads,
            self.examples,
            self.left_out.len(),
            self.specs,
        )
    }
}

/// Reads every `xep-*.xml` in `folder` and writes `out/<name>/*.xsd` and `out/<name>/examples/*.xml`.
///
/// What an earlier run wrote and this one does not is removed: the file `.extracted` in `out` lists what a run wrote. Other
/// files are left alone.
///
/// # Errors
/// When a file or folder cannot be read or written.
pub fn extract(folder: &Path, out: &Path) -> Result<Extracted, String> {
    let failed = |path: &Path, error: &std::io::Error| format!("{}: {error}", path.display());
    let mut files = std::fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()
        })
        .map_err(|error| failed(folder, &error))?;
    files.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("xep-") && name.ends_with(".xml")
    });
    files.sort();
    let mut all = Extracted::default();
    let list = out.join(LIST);
    let earlier = std::fs::read_to_string(&list).unwrap_or_default();
    for path in files {
        let bytes = std::fs::read(&path).map_err(|error| failed(&path, &error))?;
        let text = String::from_utf8_lossy(&bytes);
        let stem = path.file_stem().unwrap_or_default().to_owned();
        document(&path, &text, &out.join(stem), &mut all)
            .map_err(|(path, error)| failed(&path, &error))?;
    }
    remove(out, &earlier, &all.written);
    let written: String = all
        .written
        .iter()
        .filter_map(|path| path.strip_prefix(out).ok()?.to_str())
        .map(|path| format!("{path}\n"))
        .collect();
    std::fs::create_dir_all(out).map_err(|error| failed(out, &error))?;
    std::fs::write(&list, written).map_err(|error| failed(&list, &error))?;
    Ok(all)
}

/// The list of what a run wrote, a path a line.
const LIST: &str = ".extracted";

/// Removes what is in the list of an earlier run and was not written again, and folders that are empty then.
fn remove(out: &Path, earlier: &str, written: &BTreeSet<PathBuf>) {
    for line in earlier.lines() {
        let listed = Path::new(line);
        let below = |part| matches!(part, Component::Normal(_));
        let path = out.join(listed);
        if !listed.components().all(below) || written.contains(&path) {
            continue;
        }
        // What is gone or used otherwise by now is nobody's loss.
        let _ = std::fs::remove_file(&path);
        let parents = path.ancestors().skip(1).take_while(|parent| *parent != out);
        for parent in parents {
            let _ = std::fs::remove_dir(parent);
        }
    }
}

type Failed = (PathBuf, std::io::Error);

fn document(path: &Path, text: &str, out: &Path, all: &mut Extracted) -> Result<(), Failed> {
    all.documents += 1;
    let mut leave_out = |line: usize, why: String| {
        all.left_out.push(LeftOut {
            file: path.to_owned(),
            line,
            why,
        });
    };
    let mut schemas: Vec<(String, String)> = Vec::new();
    let mut payloads: Vec<(String, String)> = Vec::new();
    let mut taken = BTreeSet::new();
    let mut examples = 0;
    for block in cut::blocks(text) {
        let found = cut::schemas(&block.text);
        if !found.is_empty() {
            for schema in found {
                let name = free(&cut::schema_name(schema), &mut taken);
                schemas.push((format!("{name}.xsd"), schema.to_owned()));
            }
            continue;
        }
        if !block.example {
            continue;
        }
        examples += 1;
        let (found, troubles) = payload::documents(&block.text);
        for (at, document) in found.into_iter().enumerate() {
            payloads.push((format!("{examples:03}-{}.xml", at + 1), document));
        }
        for trouble in troubles {
            leave_out(block.line, trouble);
        }
    }
    all.examples += examples;
    if schemas.is_empty() && payloads.is_empty() {
        return Ok(());
    }
    all.specs += 1;
    all.with_schema += usize::from(!schemas.is_empty());
    all.schemas += schemas.len();
    all.payloads += payloads.len();
    write(out, schemas, &mut all.written)?;
    write(&out.join("examples"), payloads, &mut all.written)
}

/// Writes files.
fn write(
    folder: &Path,
    files: Vec<(String, String)>,
    written: &mut BTreeSet<PathBuf>,
) -> Result<(), Failed> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    if files.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(failed(&path))?;
        written.insert(path);
    }
    Ok(())
}

/// A name that no other file of the folder has.
fn free(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut candidate = name.to_owned();
    let mut number = 1;
    while !taken.insert(candidate.clone()) {
        number += 1;
        candidate = format!("{name}-{number}");
    }
    candidate
}
