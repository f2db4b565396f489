//! What is known of all specifications, for people and for directories: the table of supported
//! specifications, the DOAP file, the settings, and the negotiation of each profile as a graph.
//!
//! What is listed is what behaves: a specification that is in no profile, or that no test shows, is in none
//! of the lists.

mod doap;
mod graph;
mod mermaid;
pub(crate) mod settings;
mod supported;
mod svg;

use crate::model::{Model, Profile, Spec};
use crate::output::Output;

/// A project as its DOAP file speaks of it.
#[derive(Debug, Clone)]
pub struct Project {
    /// Name.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// Where people find it.
    pub homepage: String,
    /// The programming language.
    pub language: String,
    /// Where its licence is to be read.
    pub licence: String,
}

/// All of it, below a folder of documentation.
#[must_use]
pub fn docs(model: &Model, project: &Project) -> Vec<Output> {
    let mut outputs = vec![
        Output::new("supported.md", supported::render(model)),
        Output::new("doap.xml", doap::render(model, project)),
        Output::new("settings.md", settings::render(model)),
    ];
    let graphs = graph::all(model);
    outputs.push(Output::new("negotiation.md", mermaid::page(&graphs)));
    for graph in &graphs {
        outputs.push(Output::new(
            format!("negotiation/{}.mmd", graph.file),
            mermaid::render(graph),
        ));
        outputs.push(Output::new(
            format!("negotiation/{}.svg", graph.file),
            svg::render(graph),
        ));
    }
    outputs
}

/// The specifications that a profile holds and a test shows, by number.
fn supported(model: &Model) -> Vec<(&Spec, Vec<&Profile>)> {
    let mut all: Vec<(&Spec, Vec<&Profile>)> = model
        .own_specs()
        .filter(|spec| !spec.tests.is_empty())
        .map(|spec| {
            let profiles = model
                .profiles
                .iter()
                .filter(|profile| profile.order.contains(&spec.id));
            (spec, profiles.collect())
        })
        .filter(|(_, profiles): &(_, Vec<_>)| !profiles.is_empty())
        .collect();
    all.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    all
}

/// Where a specification is published, for those with a number of the IETF or the XSF.
fn address(spec: &Spec) -> Option<String> {
    if let Some(number) = spec.id.strip_prefix("xep-") {
        return Some(format!("https://xmpp.org/extensions/xep-{number}.html"));
    }
    let number = spec.id.strip_prefix("rfc-")?;
    Some(format!("https://www.rfc-editor.org/rfc/rfc{number}"))
}

/// A link in Markdown, where there is an address.
fn link(spec: &Spec) -> String {
    match address(spec) {
        Some(address) => format!("[{}]({address})", spec.number),
        None => spec.number.clone(),
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// Text in XML.
fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
