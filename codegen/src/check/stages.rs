//! The order of stage functions is plain: of two specs that meet the same stanza at the same stage, one comes
//! first, by `after`, `before` or a dependency.

use std::collections::{BTreeMap, BTreeSet};

use crate::Diagnostic;
use crate::model::{Dependency, Model, Spec, Stage, StageAt, StanzaKind};
use crate::resolve::closure;
use crate::text::closest;

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    let mut stages: BTreeMap<StageAt, Vec<(&Spec, &Stage)>> = BTreeMap::new();
    for spec in &model.specs {
        for stage in &spec.stages {
            for other in stage.after.iter().chain(&stage.before) {
                named(model, spec, stage, other, found);
            }
            stages.entry(stage.at).or_default().push((spec, stage));
        }
    }
    for entries in stages.values() {
        let earlier = order(model, entries);
        circles(entries, &earlier, found);
        for (at, (spec, stage)) in entries.iter().enumerate() {
            for (other_spec, other) in entries.iter().skip(at + 1) {
                if spec.id == other_spec.id
                    || !meet(stage, other)
                    || !together(model, &spec.id, &other_spec.id)
                {
                    continue;
                }
                let before = |a: &str, b: &str| earlier.get(b).is_some_and(|set| set.contains(a));
                if before(&spec.id, &other_spec.id) || before(&other_spec.id, &spec.id) {
                    continue;
                }
                let message = format!(
                    "`{}` and `{}` meet the same stanza here, and neither comes first",
                    spec.id, other_spec.id
                );
                found.push(
                    Diagnostic::error(&other.place, message)
                        .note(&stage.place, format!("the one of `{}`", spec.id))
                        .help(format!(
                            "add `after = [\"{0}\"]` or `before = [\"{0}\"]`",
                            spec.id
                        )),
                );
            }
        }
    }
}

/// `after` and `before` name specs that have a function there.
fn named(
    model: &Model,
    spec: &Spec,
    stage: &Stage,
    other: &Dependency,
    found: &mut Vec<Diagnostic>,
) {
    let Some(named) = model.spec(&other.id) else {
        let near = closest(&other.id, model.specs.iter().map(|spec| spec.id.as_str()));
        let help = near.map_or("name a spec, such as `rfc-6121`".to_owned(), |near| {
            format!("did you mean `{near}`?")
        });
        found.push(
            Diagnostic::error(&other.place, format!("there is no spec `{}`", other.id)).help(help),
        );
        return;
    };
    if named.id == spec.id {
        let message = "a spec's own functions run in the order of its file";
        found.push(
            Diagnostic::error(&other.place, message)
                .help("remove it, and sort the `[[stage]]` tables"),
        );
    } else if !named.stages.iter().any(|other| other.at == stage.at) {
        let message = format!("`{}` has no function at this stage", named.id);
        // No harm is done by it now, and some other version of that spec may have one.
        found.push(
            Diagnostic::warning(&other.place, message)
                .help("remove it, or name a spec that has one"),
        );
    }
}

/// Whether both see some kind of stanza; no kind given means all.
fn meet(a: &Stage, b: &Stage) -> bool {
    let kinds = [StanzaKind::Message, StanzaKind::Presence, StanzaKind::Iq];
    let sees =
        |stage: &Stage, kind: StanzaKind| stage.kinds.is_empty() || stage.kinds.contains(&kind);
    // At the two ends of a session there is no stanza, and still an order.
    let ends = matches!(a.at, StageAt::SessionStart | StageAt::SessionEnd);
    ends || kinds.into_iter().any(|kind| sees(a, kind) && sees(b, kind))
}

/// Whether some profile holds both; without profiles any two may come together.
fn together(model: &Model, a: &str, b: &str) -> bool {
    let holds =
        |profile: &crate::model::Profile, id: &str| profile.order.iter().any(|spec| spec == id);
    model.profiles.is_empty()
        || model
            .profiles
            .iter()
            .any(|profile| holds(profile, a) && holds(profile, b))
}

/// For each spec those that come before it at a stage.
fn order<'a>(
    model: &'a Model,
    entries: &[(&'a Spec, &'a Stage)],
) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let ids: BTreeSet<&str> = entries.iter().map(|(spec, _)| spec.id.as_str()).collect();
    let mut earlier: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut said: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (spec, stage) in entries {
        for other in &stage.after {
            if let Some(other) = ids.get(other.id.as_str()).filter(|id| **id != spec.id) {
                said.insert((other, &spec.id));
            }
        }
        for other in &stage.before {
            if let Some(other) = ids.get(other.id.as_str()).filter(|id| **id != spec.id) {
                said.insert((&spec.id, other));
            }
        }
    }
    // A dependency comes first unless something else is said.
    for id in &ids {
        for other in closure(&model.specs, id) {
            if other != *id && ids.contains(other) && !said.contains(&(*id, other)) {
                said.insert((other, id));
            }
        }
    }
    for (first, second) in said {
        earlier.entry(second).or_default().insert(first);
    }
    // What comes before what comes before.
    loop {
        let mut grown = earlier.clone();
        for set in grown.values_mut() {
            let more: Vec<&str> = set
                .iter()
                .filter_map(|id| earlier.get(id))
                .flatten()
                .copied()
                .collect();
            set.extend(more);
        }
        if grown == earlier {
            return earlier;
        }
        earlier = grown;
    }
}

fn circles(
    entries: &[(&Spec, &Stage)],
    earlier: &BTreeMap<&str, BTreeSet<&str>>,
    found: &mut Vec<Diagnostic>,
) {
    let mut reported = BTreeSet::new();
    for (spec, stage) in entries {
        let id = spec.id.as_str();
        if !earlier.get(id).is_some_and(|set| set.contains(id)) {
            continue;
        }
        // Reported where something is said, once for each spec.
        if let Some(said) = stage.after.iter().chain(&stage.before).next()
            && reported.insert(id)
        {
            found.push(
                Diagnostic::error(
                    &said.place,
                    format!("the order of `{id}` at this stage goes in a circle"),
                )
                .help("remove one of the `after` and `before` that lead back to it"),
            );
        }
    }
}
