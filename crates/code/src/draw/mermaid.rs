//! A picture as a Mermaid flow chart, which GitHub and others draw in Markdown.

use super::{CYCLE, Kind, Node, Picture};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Writes a picture in Mermaid's language.
pub fn mermaid(picture: &Picture) -> String {
    let mut chart = String::from("flowchart LR\n");
    // Writing to a string cannot fail.
    for (i, (namespace, members)) in picture.groups().into_iter().enumerate() {
        if let Some(namespace) = namespace {
            let _ = writeln!(chart, "  subgraph s{i}[\"{}\"]", escaped(namespace));
        }
        for node in members {
            node_line(&mut chart, node, &picture.nodes[node]);
        }
        if namespace.is_some() {
            chart.push_str("  end\n");
        }
    }
    for edge in &picture.edges {
        let _ = writeln!(chart, "  n{} --> n{}", edge.from, edge.to);
    }
    for kind in picture.nodes.iter().map(|node| node.kind).collect::<BTreeSet<Kind>>() {
        let (name, colour) = (kind.name(), kind.colour());
        let _ = writeln!(chart, "  classDef {name} fill:{colour}22,stroke:{colour}");
    }
    let places = |wanted: &dyn Fn(&Node) -> bool| {
        let all = picture.nodes.iter().enumerate().filter(|(_, node)| wanted(node));
        all.map(|(i, _)| format!("n{i}")).collect::<Vec<_>>().join(",")
    };
    for (class, style, members) in [
        ("cycle", format!("stroke:{CYCLE}"), places(&|node| node.in_cycle)),
        ("chosen", "stroke-width:3px".to_owned(), places(&|node| node.chosen)),
    ] {
        if !members.is_empty() {
            let _ = writeln!(chart, "  classDef {class} {style}\n  class {members} {class}");
        }
    }
    let red = picture.edges.iter().enumerate().filter(|(_, edge)| edge.in_cycle);
    let red: Vec<String> = red.map(|(i, _)| i.to_string()).collect();
    if !red.is_empty() {
        let _ = writeln!(chart, "  linkStyle {} stroke:{CYCLE}", red.join(","));
    }
    chart
}

fn node_line(chart: &mut String, place: usize, node: &Node) {
    let (label, kind) = (escaped(node.label()), node.kind.name());
    let _ = writeln!(chart, "  n{place}[\"{label}\"]:::{kind}");
}

/// A text inside quotes, where Mermaid reads entities, HTML and Markdown.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' | '&' | '<' | '>' | '`' | '*' | '_' | '\\' => {
                let _ = write!(out, "#{};", c as u32);
            }
            '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
