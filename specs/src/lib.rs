//! The specifications this workspace is generated from, as files.
//!
//! One folder a specification, named after it (`rfc-6120`, `xep-0199`): its schemas (`*.xsd`), what no
//! schema says (`spec.toml`) and examples (`examples/*.xml`). `profiles/` names the servers, clients and
//! components that are assembled from them.
//!
//! A build script on the machine that compiled this crate reads the folders under [`PATH`]; a program
//! that travels without its sources, such as the `sestina-codegen` tool, reads [`FILES`].

/// The folder that holds the specifications, on the machine that compiled this crate.
pub const PATH: &str = env!("CARGO_MANIFEST_DIR");

/// Every file of every specification: its path below [`PATH`], with forward slashes, and its text.
/// Sorted by path.
pub const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The text of one file, by its path below [`PATH`]: `file("xep-0199/spec.toml")`.
#[must_use]
pub fn file(path: &str) -> Option<&'static str> {
    FILES
        .binary_search_by(|(name, _)| (*name).cmp(path))
        .ok()
        .and_then(|at| FILES.get(at))
        .map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_sorted_and_found_by_path() {
        assert!(FILES.is_sorted());
        for (path, text) in FILES {
            assert_eq!(file(path), Some(*text));
        }
        assert_eq!(file("xep-0000/spec.toml"), None);
    }

    #[test]
    fn every_specification_folder_has_a_description() {
        for (path, _) in FILES {
            let folder = path.split('/').next().unwrap_or_default();
            if folder != "profiles" {
                assert!(
                    file(&format!("{folder}/spec.toml")).is_some(),
                    "{folder} has no spec.toml"
                );
            }
        }
    }

    #[test]
    fn embedded_text_is_what_the_folder_holds() {
        for (path, text) in FILES {
            let on_disk = std::fs::read_to_string(std::path::Path::new(PATH).join(path)).ok();
            assert_eq!(on_disk.as_deref(), Some(*text), "{path}");
        }
    }
}
