//! Graphs as SVG: boxes in layers, arrows downwards. Measured in pixels; text is taken to be as wide as its
//! letters are many, so that the same graph is the same picture everywhere.

use std::fmt::Write as _;

use super::graph::{Edge, Graph, Node};
use super::xml;
use crate::model::Mandatory;

const LETTER: usize = 8;
const BOX_HEIGHT: usize = 52;
const LAYER: usize = 132;
const GAP: usize = 70;
const MARGIN: usize = 30;

/// A box on the picture.
struct Place {
    x: usize,
    y: usize,
    width: usize,
}

impl Place {
    fn middle(&self) -> usize {
        self.x + self.width / 2
    }
}

/// One graph.
pub(super) fn render(graph: &Graph) -> String {
    let (places, mut width) = places(graph);
    let layers = graph
        .nodes
        .iter()
        .map(|node| node.layer + 1)
        .max()
        .unwrap_or(1);
    let height = 2 * MARGIN + (layers - 1) * LAYER + BOX_HEIGHT + 30;
    let mut edges = String::new();
    for (at, edge) in graph.edges.iter().enumerate() {
        width = width.max(arrow(&mut edges, graph, &places, at, edge));
    }
    width += MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"14\">\n\
         <title>{}</title>\n\
         <defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">\
         <path d=\"M0 0 L10 5 L0 10 z\" fill=\"#444\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{MARGIN}\" y=\"26\" font-size=\"16\" font-weight=\"bold\" fill=\"#222\">{}</text>\n",
        xml(&graph.title),
        xml(&graph.title)
    );
    out.push_str(&edges);
    for (node, place) in graph.nodes.iter().zip(&places) {
        draw(&mut out, node, place);
    }
    out.push_str("</svg>\n");
    out
}

/// Where the boxes stand, and how far they reach.
fn places(graph: &Graph) -> (Vec<Place>, usize) {
    let width_of = |node: &Node| {
        let beside = node.beside.join(", ").chars().count() + "offered: ".len();
        let letters = if node.beside.is_empty() {
            0
        } else {
            beside * 7 / 8
        };
        node.label().chars().count().max(letters) * LETTER + 32
    };
    let row_width = |layer: usize| {
        let row = graph.nodes.iter().filter(|node| node.layer == layer);
        row.map(|node| width_of(node) + GAP)
            .sum::<usize>()
            .saturating_sub(GAP)
    };
    let widest = graph
        .nodes
        .iter()
        .map(|node| row_width(node.layer))
        .max()
        .unwrap_or_default();
    let mut places: Vec<Place> = Vec::with_capacity(graph.nodes.len());
    let (mut layer, mut x) = (usize::MAX, 0);
    for node in &graph.nodes {
        if node.layer != layer {
            layer = node.layer;
            x = MARGIN + (widest - row_width(layer)) / 2;
        }
        let width = width_of(node);
        places.push(Place {
            x,
            y: MARGIN + 20 + layer * LAYER,
            width,
        });
        x += width + GAP;
    }
    (places, widest + 2 * MARGIN)
}

fn draw(out: &mut String, node: &Node, place: &Place) {
    let (fill, round) = if node.is_ready() {
        ("#d9f2e0", BOX_HEIGHT / 2)
    } else if node.flags.is_empty() {
        ("#eeeeee", 6)
    } else {
        ("#dfe9f7", 6)
    };
    let _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{BOX_HEIGHT}\" rx=\"{round}\" fill=\"{fill}\" stroke=\"#444\"/>",
        place.x, place.y, place.width
    );
    let mut line = |y: usize, size: usize, colour: &str, text: &str| {
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{y}\" font-size=\"{size}\" fill=\"{colour}\" text-anchor=\"middle\">{}</text>",
            place.middle(),
            xml(text)
        );
    };
    if node.beside.is_empty() {
        line(place.y + 31, 14, "#222", &node.label());
    } else {
        line(place.y + 23, 14, "#222", &node.label());
        let beside = format!("offered: {}", node.beside.join(", "));
        line(place.y + 41, 12, "#555", &beside);
    }
}

/// Draws an arrow and returns how far to the right it reaches. One that passes a layer by goes round it on
/// the right, so that it crosses no box.
fn arrow(out: &mut String, graph: &Graph, places: &[Place], index: usize, edge: &Edge) -> usize {
    let (Some(from), Some(to)) = (places.get(edge.from), places.get(edge.to)) else {
        return 0;
    };
    let layer = |node: usize| graph.nodes.get(node).map_or(0, |node| node.layer);
    // Arrows that begin at one box, or end at one, each have their own place on its side.
    let share = |is_same: &dyn Fn(&Edge) -> bool, place: &Place| {
        let same: Vec<usize> = (graph.edges.iter().enumerate())
            .filter(|(_, other)| is_same(other))
            .map(|(at, _)| at)
            .collect();
        let at = same.iter().position(|at| *at == index).unwrap_or_default();
        place.x + place.width * (at + 1) / (same.len() + 1)
    };
    let x1 = share(&|other| other.from == edge.from, from);
    let x2 = share(&|other| other.to == edge.to, to);
    let (y1, y2) = (from.y + BOX_HEIGHT, to.y);
    let text = edge.text();
    let half = text.chars().count() * 7 / 2;
    let (path, label_x, label_y, reach) = if layer(edge.to) == layer(edge.from) + 1 {
        let bend = y1.midpoint(y2);
        // Beside each other the labels stand at different heights.
        let lower = index % 2 * 24;
        (
            format!("M{x1} {y1} C{x1} {bend} {x2} {bend} {x2} {y2}"),
            x1.midpoint(x2),
            bend + lower,
            x1.max(x2) + half,
        )
    } else {
        let passed = graph
            .nodes
            .iter()
            .zip(places)
            .filter(|(node, _)| layer(edge.from) < node.layer && node.layer < layer(edge.to))
            .map(|(_, place)| place.x + place.width)
            .max()
            .unwrap_or_default();
        let x = passed.max(x1).max(x2) + 30 + half;
        let (down, up) = (y1 + 40, y2 - 40);
        (
            format!(
                "M{x1} {y1} C{x1} {down} {x} {y1} {x} {down} L{x} {up} C{x} {y2} {x2} {up} {x2} {y2}"
            ),
            x,
            y1.midpoint(y2),
            x + half,
        )
    };
    let dash = if edge.mandatory == Mandatory::Never {
        " stroke-dasharray=\"5 4\""
    } else {
        ""
    };
    let _ = writeln!(
        out,
        "<path d=\"{path}\" fill=\"none\" stroke=\"#444\"{dash} marker-end=\"url(#head)\"/>"
    );
    let _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"18\" fill=\"#fff\" opacity=\"0.9\"/>\n\
         <text x=\"{label_x}\" y=\"{}\" font-size=\"12\" fill=\"#333\" text-anchor=\"middle\">{}</text>",
        label_x.saturating_sub(half),
        label_y - 12,
        half * 2,
        label_y + 1,
        xml(&text)
    );
    reach
}
