//! Graphs as Mermaid, which forges show as pictures.

use std::fmt::Write as _;

use super::graph::Graph;
use crate::model::Mandatory;

/// One graph.
pub(super) fn render(graph: &Graph) -> String {
    let mut out = String::from("flowchart TD\n");
    for (at, node) in graph.nodes.iter().enumerate() {
        let mut label = node.label();
        if !node.beside.is_empty() {
            let _ = write!(label, "<br/>offered: {}", node.beside.join(", "));
        }
        let (open, close) = if node.is_ready() {
            ("([", "])")
        } else {
            ("[", "]")
        };
        let _ = writeln!(out, "    n{at}{open}\"{label}\"{close}");
    }
    for edge in &graph.edges {
        let arrow = match edge.mandatory {
            Mandatory::Never => "-.->",
            _ => "-->",
        };
        let _ = writeln!(
            out,
            "    n{} {arrow}|\"{}\"| n{}",
            edge.from,
            edge.text(),
            edge.to
        );
    }
    out
}

/// `negotiation.md`: all graphs.
pub(super) fn page(graphs: &[Graph]) -> String {
    let mut out = String::from(
        "# How a stream is negotiated\n\n\
         Generated from `specs/` by `sestina-codegen docs`. A box is what a stream has reached, an arrow a stream \
         feature that leads on. \"If required\" is for the policy of a host to say; once TLS is required, nothing else is \
         offered before it. What is \"offered\" in a box changes nothing that counts here.\n",
    );
    for graph in graphs {
        let _ = write!(
            out,
            "\n## {}\n\n![{}](negotiation/{}.svg)\n\n```mermaid\n{}```\n",
            graph.title,
            graph.title,
            graph.file,
            render(graph)
        );
    }
    out
}
