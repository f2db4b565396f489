//! The negotiation of a profile as a graph: what a stream has reached, and the features that lead on.

use std::collections::BTreeMap;

use crate::model::{Mandatory, Model, Negotiation, Profile, Role, State, Streams};

/// A graph.
pub(super) struct Graph {
    /// Name of the profile, and of the kind of stream where there is more than one.
    pub(super) title: String,
    /// The file's name without extension.
    pub(super) file: String,
    /// What can be reached, in the order of its layers.
    pub(super) nodes: Vec<Node>,
    /// What leads from one to another.
    pub(super) edges: Vec<Edge>,
}

/// What a stream has reached.
pub(super) struct Node {
    pub(super) flags: Vec<State>,
    /// The longest way from the beginning.
    pub(super) layer: usize,
    /// Features that change nothing and may be used here.
    pub(super) beside: Vec<String>,
}

impl Node {
    pub(super) fn label(&self) -> String {
        if self.flags.is_empty() {
            return "initial".to_owned();
        }
        let names: Vec<&str> = self.flags.iter().map(|state| state.name()).collect();
        names.join(" + ")
    }

    pub(super) fn is_ready(&self) -> bool {
        self.flags.contains(&State::Ready)
    }
}

/// A feature that leads on.
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: String,
    pub(super) mandatory: Mandatory,
    pub(super) restart: bool,
    /// Inside the exchange of another feature.
    pub(super) inline: bool,
}

/// The graphs of all profiles; none for a kind of stream that no row is for.
pub(super) fn all(model: &Model) -> Vec<Graph> {
    let mut graphs = Vec::new();
    for profile in &model.profiles {
        let kinds: &[(Streams, &str)] = match profile.role {
            Role::Server => &[
                (Streams::C2s, ""),
                (Streams::S2s, "s2s"),
                (Streams::Component, "component"),
            ],
            Role::Client => &[(Streams::C2s, "")],
            Role::Component => &[(Streams::Component, "")],
        };
        for (kind, name) in kinds {
            let mut rows: Vec<&Negotiation> = profile
                .order
                .iter()
                .filter_map(|id| model.spec(id))
                .flat_map(|spec| &spec.negotiations)
                .filter(|row| {
                    row.streams == *kind
                        || (row.streams == Streams::Both && *kind != Streams::Component)
                })
                .collect();
            rows.sort_by_key(|row| row.order);
            if rows.iter().any(|row| row.streams == *kind) {
                graphs.push(graph(profile, name, &rows));
            }
        }
    }
    graphs
}

fn runs(row: &Negotiation, at: &[State]) -> bool {
    row.requires.iter().all(|state| at.contains(state))
        && !row.prohibits.iter().any(|state| at.contains(state))
}

fn graph(profile: &Profile, kind: &str, rows: &[&Negotiation]) -> Graph {
    // A ready stream negotiates no further, whatever else a row would allow.
    let moves = |at: &[State]| -> Vec<(usize, Vec<State>)> {
        let ready = at.contains(&State::Ready);
        let open = rows
            .iter()
            .enumerate()
            .filter(|(_, row)| !ready && !row.sets.is_empty() && runs(row, at));
        open.map(|(index, row)| {
            let mut after: Vec<State> = at.iter().chain(&row.sets).copied().collect();
            after.sort_unstable();
            after.dedup();
            (index, after)
        })
        .collect()
    };
    // Every row sets a flag that was not there, so there is no way back, and the layers end.
    let mut layers: BTreeMap<Vec<State>, usize> = BTreeMap::new();
    let mut next = vec![(Vec::new(), 0)];
    while let Some((at, layer)) = next.pop() {
        let known = layers.get(&at).copied();
        if known.is_some_and(|known| known >= layer) || layer > State::ALL.len() {
            continue;
        }
        layers.insert(at.clone(), layer);
        next.extend(
            moves(&at)
                .into_iter()
                .filter(|(_, after)| *after != at)
                .map(|(_, after)| (after, layer + 1)),
        );
    }
    let mut nodes: Vec<Node> = layers
        .iter()
        .map(|(flags, layer)| Node {
            flags: flags.clone(),
            layer: *layer,
            beside: rows
                .iter()
                .filter(|row| row.sets.is_empty() && runs(row, flags))
                .map(|row| row.name.clone())
                .collect(),
        })
        .collect();
    // The way that is meant to be taken first: with more reached earlier.
    nodes.sort_by(|a, b| (a.layer, &a.flags).cmp(&(b.layer, &b.flags)));
    let mut edges = Vec::new();
    for (from, node) in nodes.iter().enumerate() {
        for (index, after) in moves(&node.flags) {
            let to = nodes.iter().position(|node| node.flags == after);
            if let (Some(to), Some(row)) = (to.filter(|to| *to != from), rows.get(index)) {
                edges.push(Edge {
                    from,
                    to,
                    label: row.name.clone(),
                    mandatory: row.mandatory,
                    restart: row.restart,
                    inline: row.within.is_some(),
                });
            }
        }
    }
    let (title, file) = if kind.is_empty() {
        (profile.name.clone(), profile.name.clone())
    } else {
        (
            format!("{}, {kind} streams", profile.name),
            format!("{}-{kind}", profile.name),
        )
    };
    Graph {
        title,
        file,
        nodes,
        edges,
    }
}

impl Edge {
    /// The feature's name with what comes with it.
    pub(super) fn text(&self) -> String {
        let restart = if self.restart { ", restart" } else { "" };
        let mandatory = match self.mandatory {
            Mandatory::Always => "",
            Mandatory::Never => ", voluntary",
            Mandatory::Policy => ", if required",
        };
        let inline = if self.inline { ", inline" } else { "" };
        format!("{}{mandatory}{restart}{inline}", self.label)
    }
}
