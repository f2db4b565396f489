//! Specifications in an order in which each comes after what it depends on.

use crate::model::Spec;

/// Sorts by dependency, and by id where that leaves a choice. What is unknown or goes in a circle is left to
/// the checks and does not matter here.
pub(super) fn by_dependency(mut specs: Vec<Spec>) -> Vec<Spec> {
    specs.sort_by(|a, b| a.id.cmp(&b.id));
    let mut sorted: Vec<Spec> = Vec::with_capacity(specs.len());
    while !specs.is_empty() {
        let ready = |spec: &Spec| {
            let waits = |id: &str| {
                specs
                    .iter()
                    .any(|other| other.id == id && other.id != spec.id)
            };
            !spec.depends.iter().any(|dependency| waits(&dependency.id))
        };
        let at = specs.iter().position(ready).unwrap_or(0);
        sorted.push(specs.remove(at));
    }
    sorted
}
