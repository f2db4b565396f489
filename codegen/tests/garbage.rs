//! Whatever stands in a specification, it is read or reported: nothing makes the reader panic or hang.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use sestina_codegen::Specs;

/// A small generator of numbers, the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

fn mutate(text: &str, numbers: &mut Numbers) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(characters.len());
        let end = (at + numbers.below(12)).min(characters.len());
        match numbers.below(4) {
            0 => drop(characters.drain(at..end)),
            1 => {
                let piece: Vec<char> = characters[at..end].to_vec();
                let to = numbers.below(characters.len());
                characters.splice(to..to, piece);
            }
            2 => characters.truncate(at),
            _ => {
                let odd = [
                    '<', '>', '"', '&', 'é', '\u{0}', '[', ']', '=', ':', '{', '}', '/', '@',
                ];
                characters.insert(at, odd[numbers.below(odd.len())]);
            }
        }
        if characters.is_empty() {
            break;
        }
    }
    characters.into_iter().collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    all.retain(|path| path.extension().is_some_and(|e| e == "xsd" || e == "toml"));
    all.sort();
    all
}

#[test]
fn damaged_specifications_are_reported() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
    let mut numbers = Numbers(7);
    for spec in ["rfc-6121", "xep-0030", "xep-0077", "xep-0160", "xep-0199"] {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join(spec);
        std::fs::create_dir(&copy).unwrap();
        let originals: Vec<(PathBuf, String)> = files(&specs.join(spec))
            .into_iter()
            .map(|path| {
                (
                    copy.join(path.file_name().unwrap()),
                    std::fs::read_to_string(&path).unwrap(),
                )
            })
            .collect();
        for (path, text) in &originals {
            std::fs::write(path, text).unwrap();
        }
        for (path, text) in &originals {
            for _ in 0..30 {
                std::fs::write(path, mutate(text, &mut numbers)).unwrap();
                let loaded = Specs::read(folder.path());
                // The report itself must cope with places at the ends of lines and files.
                let _ = loaded.report();
            }
            std::fs::write(path, text).unwrap();
        }
    }
}
