//! A picture for Graphviz.

use super::{CYCLE, Edge, Node, Picture};
use std::fmt::Write;

/// Writes a picture in Graphviz's language.
pub fn dot(picture: &Picture) -> String {
    let mut dot = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(dot, "digraph {} {{", quoted(&picture.title));
    dot.push_str("  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", fontname=\"monospace\", fontsize=11];\n");
    for (i, (namespace, members)) in picture.groups().into_iter().enumerate() {
        let (open, close) = match namespace {
            Some(ns) => {
                let label = quoted(ns);
                (format!("  subgraph cluster_{i} {{\n    label={label}; color=gray;\n"), "  }\n")
            }
            None => (String::new(), ""),
        };
        dot.push_str(&open);
        for node in members {
            node_line(&mut dot, &picture.nodes[node]);
        }
        dot.push_str(close);
    }
    for edge in &picture.edges {
        edge_line(&mut dot, picture, edge);
    }
    dot.push_str("}\n");
    dot
}

fn node_line(dot: &mut String, node: &Node) {
    let colour = if node.in_cycle { CYCLE } else { node.kind.colour() };
    let width = if node.chosen { ", penwidth=3" } else { "" };
    let (name, label) = (quoted(&node.name), quoted(node.label()));
    let fill = node.kind.colour();
    let _ = writeln!(
        dot,
        "  {name} [label={label}, color=\"{colour}\", fillcolor=\"{fill}22\"{width}];"
    );
}

fn edge_line(dot: &mut String, picture: &Picture, edge: &Edge) {
    let (from, to) = (&picture.nodes[edge.from].name, &picture.nodes[edge.to].name);
    let colour = if edge.in_cycle { format!(", color=\"{CYCLE}\"") } else { String::new() };
    let types = quoted(&edge.types.to_string());
    let _ = writeln!(dot, "  {} -> {} [tooltip={types}{colour}];", quoted(from), quoted(to));
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
