//! The crate that is compiled outside the repository.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Report;
use super::group::Group;

/// The source of the runner; it stands beside the generated modules.
const RUNNER: &str = include_str!("runner.rs.txt");

/// Where the crate and what is compiled are kept.
#[derive(Debug, Clone)]
pub struct Cache(PathBuf);

impl Cache {
    /// In this folder.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }
}

impl Default for Cache {
    /// In the user's cache folder, or where the system keeps temporary files.
    fn default() -> Self {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        let folder = cache.or(home).unwrap_or_else(std::env::temp_dir);
        Self(folder.join("sestina-conform"))
    }
}

/// A runner that was compiled, and the examples it is to read.
pub(super) struct Program {
    binary: PathBuf,
    list: PathBuf,
}

impl Program {
    /// Runs it: the lines it prints.
    pub(super) fn run(&self, strict: bool) -> Result<Vec<u8>, String> {
        let output = Command::new(&self.binary)
            .arg(&self.list)
            .args(strict.then_some("strict"))
            .output()
            .map_err(|error| format!("{}: {error}", self.binary.display()))?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(format!(
                "the runner failed ({}): {}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            ))
        }
    }
}

/// Writes and compiles the crate; groups that do not compile are taken out.
pub(super) fn program(
    cache: &Cache,
    specs: &[PathBuf],
    groups: &mut Vec<Group>,
    report: &mut Report,
) -> Result<Program, String> {
    // One crate for one set of folders, so that a second run compiles nothing.
    let mut hasher = DefaultHasher::new();
    for folder in specs {
        std::fs::canonicalize(folder)
            .unwrap_or_else(|_| folder.clone())
            .hash(&mut hasher);
    }
    let name = format!("conform-{:016x}", hasher.finish());
    let folder = cache.0.join(&name);
    let target = cache.0.join("target");
    let list = folder.join("examples.txt");
    write(&list, &examples(specs)?)?;
    loop {
        write_crate(&folder, &name, groups)?;
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args([
                "build",
                "--quiet",
                "--message-format=short",
                "--manifest-path",
            ])
            .arg(folder.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .env_remove("RUSTFLAGS")
            .output()
            .map_err(|error| format!("cargo cannot be run: {error}"))?;
        if output.status.success() {
            let binary = target.join("debug").join(&name);
            return Ok(Program { binary, list });
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let broken = broken(&said);
        if broken.is_empty() {
            return Err(format!("the generated crate does not compile:\n{said}"));
        }
        let mut at = 0;
        groups.retain(|group| {
            let here = at;
            at += 1;
            let Some((_, why)) = broken.iter().find(|(number, _)| *number == here) else {
                return true;
            };
            for id in &group.asked {
                let why = format!("its types do not compile: {why}");
                report.failed.push((id.clone(), why));
            }
            false
        });
    }
}

/// The groups that the compiler complains of, each with its first complaint.
fn broken(said: &str) -> Vec<(usize, String)> {
    let mut seen = BTreeSet::new();
    let mut broken = Vec::new();
    for line in said.lines().filter(|line| line.contains("error")) {
        let number = line
            .split(['/', '\\'])
            .find_map(|part| part.strip_prefix('g')?.parse::<usize>().ok());
        if let Some(number) = number
            && seen.insert(number)
        {
            broken.push((number, line.to_owned()));
        }
    }
    broken
}

/// The examples: the specification, a tab, the file.
fn examples(specs: &[PathBuf]) -> Result<String, String> {
    let mut list = String::new();
    for folder in specs {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let examples = folder.join("examples");
        if !examples.is_dir() {
            continue;
        }
        let mut files = std::fs::read_dir(&examples)
            .and_then(|entries| {
                entries
                    .map(|entry| entry.map(|entry| entry.path()))
                    .collect::<Result<Vec<_>, _>>()
            })
            .map_err(|error| format!("{}: {error}", examples.display()))?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "xml"));
        files.sort();
        for file in files {
            list.push_str(&format!("{name}\t{}\n", file.display()));
        }
    }
    Ok(list)
}

fn write_crate(folder: &Path, name: &str, groups: &[Group]) -> Result<(), String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let wire = workspace.join("runtime/wire");
    let wire = std::fs::canonicalize(&wire).map_err(|error| {
        format!(
            "{}: {error}: the command needs the sources it was built from",
            wire.display()
        )
    })?;
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [dependencies]\nsestina-wire.path = '{}'\n\n[workspace]\n\n\
         [profile.dev]\ndebug = false\nincremental = false\n",
        wire.display()
    );
    write(&folder.join("Cargo.toml"), &manifest)?;
    // The versions that the workspace was tested with.
    let lock = folder.join("Cargo.lock");
    if !lock.exists() {
        let _ = std::fs::copy(workspace.join("Cargo.lock"), lock);
    }
    let source = folder.join("src");
    let mut modules = String::new();
    let mut rows = String::new();
    let mut rules = String::new();
    for (number, group) in groups.iter().enumerate() {
        let mut inner = String::new();
        for output in group.modules() {
            let module = output.path.trim_end_matches(".rs");
            inner.push_str(&format!("pub mod {module};\n"));
            let path = source.join(format!("g{number}")).join(&output.path);
            write(&path, &output.text)?;
        }
        let path = source.join(format!("g{number}/mod.rs"));
        write(&path, &inner)?;
        let mut texts = String::new();
        for (at, text) in group.rules().enumerate() {
            write(&source.join(format!("g{number}/rules-{at}.txt")), text)?;
            texts.push_str(&format!("include_str!(\"g{number}/rules-{at}.txt\"), "));
        }
        rules.push_str(&format!("    &[{texts}],\n"));
        modules.push_str(&format!("mod g{number};\n"));
        for (spec, type_) in group.payloads() {
            rows.push_str(&format!(
                "    row::<g{number}::{type_}>({number}, {spec:?}, {type_:?}),\n"
            ));
        }
    }
    let main = format!(
        "{RUNNER}\n{modules}\n/// Every payload of the run.\nconst ROWS: &[Row] = &[\n{rows}];\n\n\
         /// What the schemas of each group forbid.\nconst RULES: &[&[&str]] = &[\n{rules}];\n"
    );
    write(&source.join("main.rs"), &main)
}

/// Writes a file where it would change.
fn write(path: &Path, text: &str) -> Result<(), String> {
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let result = match path.parent() {
        Some(parent) => std::fs::create_dir_all(parent),
        None => Ok(()),
    };
    result
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}
