//! The negotiation graph of every profile: from the first features *ready* is reached, nothing leads into a dead
//! end, every row can run, the order of rows is plain, and no password crosses a stream that is not secure.

use std::collections::BTreeSet;

use crate::Diagnostic;
use crate::model::{Mandatory, Model, Negotiation, Profile, Role, State, Streams};
use crate::text::one_of;

/// The flags that are set.
type Flags = BTreeSet<State>;

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    for spec in &model.specs {
        for row in &spec.negotiations {
            row_alone(row, found);
            within(model, row, found);
        }
    }
    for profile in &model.profiles {
        let rows: Vec<&Negotiation> = profile
            .order
            .iter()
            .filter_map(|id| model.spec(id))
            .flat_map(|spec| &spec.negotiations)
            .collect();
        let kinds: &[Streams] = match profile.role {
            Role::Server => &[Streams::C2s, Streams::S2s],
            Role::Client => &[Streams::C2s],
            Role::Component => &[Streams::Component],
        };
        for kind in kinds {
            let rows: Vec<&Negotiation> = rows
                .iter()
                .copied()
                .filter(|row| {
                    row.streams == *kind
                        || (row.streams == Streams::Both && *kind != Streams::Component)
                })
                .collect();
            // A kind of stream for which nothing is declared is one that the profile does not have.
            if *kind == Streams::C2s || rows.iter().any(|row| row.streams == *kind) {
                graph(profile, *kind, &rows, found);
            }
        }
    }
}

fn row_alone(row: &Negotiation, found: &mut Vec<Diagnostic>) {
    for state in &row.requires {
        if row.prohibits.contains(state) {
            let message = format!(
                "the row `{}` both requires and prohibits `{}`",
                row.name,
                state.name()
            );
            found.push(
                Diagnostic::error(&row.place, message)
                    .help("it can never run: remove one of the two"),
            );
        }
    }
    if !row.sets.is_empty() && !row.sets.iter().any(|state| row.prohibits.contains(state)) {
        let message = format!("the row `{}` can run again and again", row.name);
        let sets = one_of(row.sets.iter().map(|state| state.name()), "or");
        found.push(
            Diagnostic::error(&row.place, message).help(format!("prohibit what it sets: {sets}")),
        );
    }
}

fn runs(row: &Negotiation, at: &Flags) -> bool {
    row.requires.iter().all(|state| at.contains(state))
        && !row.prohibits.iter().any(|state| at.contains(state))
}

fn after(row: &Negotiation, at: &Flags) -> Flags {
    at.iter().chain(&row.sets).copied().collect()
}

/// Every combination of flags that can be reached from `start`.
fn reachable(rows: &[&Negotiation], start: Flags) -> BTreeSet<Flags> {
    let mut all = BTreeSet::new();
    let mut next = vec![start];
    while let Some(at) = next.pop() {
        if all.insert(at.clone()) {
            next.extend(
                rows.iter()
                    .filter(|row| runs(row, &at))
                    .map(|row| after(row, &at)),
            );
        }
    }
    all
}

fn graph(profile: &Profile, kind: Streams, rows: &[&Negotiation], found: &mut Vec<Diagnostic>) {
    let stream = match kind {
        Streams::C2s => "client to server",
        Streams::S2s => "server to server",
        Streams::Component => "component",
        Streams::Both => "",
    };
    let states = reachable(rows, Flags::new());
    if !states.iter().any(|at| at.contains(&State::Ready)) {
        let message = format!(
            "a {stream} stream of the profile `{}` never becomes ready",
            profile.name
        );
        let best = states.iter().max_by_key(|at| at.len());
        let got = best.map_or_else(String::new, |at| {
            if at.is_empty() {
                "no row can run at all".to_owned()
            } else {
                format!("it gets as far as {}", shown(at))
            }
        });
        let help = format!("{got}; add a spec with a row that sets `ready` from there");
        found.push(Diagnostic::error(&profile.place, message).help(help));
        return;
    }
    for at in states.iter().filter(|at| !at.contains(&State::Ready)) {
        if !reachable(rows, at.clone())
            .iter()
            .any(|later| later.contains(&State::Ready))
        {
            dead_end(profile, rows, &states, at, found);
        }
    }
    for row in rows {
        if !states.iter().any(|at| runs(row, at)) {
            let message = format!(
                "the row `{}` can never run in the profile `{}`",
                row.name, profile.name
            );
            let missing = row
                .requires
                .iter()
                .filter(|state| !states.iter().any(|at| at.contains(state)));
            let missing: Vec<&str> = missing.map(|state| state.name()).collect();
            let help = if missing.is_empty() {
                "what it requires is only there together with what it prohibits".to_owned()
            } else {
                format!("no row sets {}", one_of(missing, "or"))
            };
            found.push(
                Diagnostic::error(&row.place, message)
                    .note(&profile.place, "in this profile")
                    .help(help),
            );
        }
        password(profile, rows, &states, row, found);
    }
    for (at, row) in rows.iter().enumerate() {
        for other in rows
            .iter()
            .skip(at + 1)
            .filter(|other| other.order == row.order)
        {
            let message = format!(
                "the rows `{}` and `{}` have the same order",
                row.name, other.name
            );
            found.push(
                Diagnostic::error(&other.place, message)
                    .note(&row.place, format!("also {}", row.order))
                    .help("give one of them another `order`: which comes first must be plain"),
            );
        }
    }
}

/// What travels inside a feature has one to travel in, and nothing of its own after it.
fn within(model: &Model, row: &Negotiation, found: &mut Vec<Diagnostic>) {
    let Some(parent) = &row.within else {
        return;
    };
    let mut rows = model.specs.iter().flat_map(|spec| &spec.negotiations);
    if !rows.any(|other| other.within.is_none() && other.element.element == parent.element) {
        let message = format!(
            "the row `{}` travels inside <{}>, which is no row of its own",
            row.name, parent.element.name
        );
        found.push(
            Diagnostic::error(&row.place, message)
                .help("name the element of a feature that has a `[[negotiation]]`"),
        );
    }
    if row.restart || row.refresh {
        let message = format!(
            "the row `{}` travels inside another and restarts the stream or its features",
            row.name
        );
        found.push(
            Diagnostic::error(&row.place, message)
                .help("leave `restart` and `refresh` to the feature it travels in"),
        );
    }
}

fn dead_end(
    profile: &Profile,
    rows: &[&Negotiation],
    states: &BTreeSet<Flags>,
    end: &Flags,
    found: &mut Vec<Diagnostic>,
) {
    let leads = |row: &&&Negotiation| {
        states
            .iter()
            .any(|at| at != end && runs(row, at) && after(row, at) == *end)
    };
    let row = rows.iter().find(leads);
    let message = format!(
        "the negotiation of the profile `{}` has a dead end: {}",
        profile.name,
        shown(end)
    );
    let place = row.map_or(&profile.place, |row| &row.place);
    found.push(
        Diagnostic::error(place, message)
            .note(&profile.place, "in this profile")
            .help("from there no row leads to `ready`: change what this row prohibits or sets"),
    );
}

/// Where a row may carry a password the stream is secure, or a row that makes it so must come first.
fn password(
    profile: &Profile,
    rows: &[&Negotiation],
    states: &BTreeSet<Flags>,
    row: &Negotiation,
    found: &mut Vec<Diagnostic>,
) {
    if !row.password || profile.password_without_tls {
        return;
    }
    let open = states
        .iter()
        .filter(|at| !at.contains(&State::Secure) && runs(row, at));
    let unguarded = |at: &&Flags| {
        !rows.iter().any(|guard| {
            guard.sets.contains(&State::Secure)
                && guard.mandatory != Mandatory::Never
                && guard.order < row.order
                && runs(guard, at)
        })
    };
    if open.into_iter().any(|at| unguarded(&at)) {
        let message = format!(
            "the row `{}` may carry a password before the stream is secure",
            row.name
        );
        found.push(
            Diagnostic::error(&row.place, message)
                .note(&profile.place, "in this profile")
                .help(
                    "add \"secure\" to `requires`, or put a row that sets it before, mandatory by policy;\n\
                     a profile that wants this says `password_without_tls = true`",
                ),
        );
    }
}

fn shown(flags: &Flags) -> String {
    if flags.is_empty() {
        return "no flag".to_owned();
    }
    one_of(flags.iter().map(|state| state.name()), "and")
}
