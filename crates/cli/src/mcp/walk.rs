//! Tools that follow dependencies: `deps`, `dependents`, `impact`.

use super::project::{Moment, Project};
use crate::commands::statement;
use crate::problem::{Outcome, Problem};
use code::graph::Direction;
use code::location::Locations;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Walk {
    /// A statement's name
    name: String,
    /// How many steps (1)
    depth: Option<u32>,
}

/// What a statement uses.
pub(super) fn deps(project: &Project, walk: Walk) -> Outcome<String> {
    tree(project, &walk, Direction::Forward)
}

/// What uses a statement.
pub(super) fn dependents(project: &Project, walk: Walk) -> Outcome<String> {
    tree(project, &walk, Direction::Backward)
}

fn tree(project: &Project, walk: &Walk, direction: Direction) -> Outcome<String> {
    const DEEPEST: u32 = 20;
    let now = project.now()?;
    let graph = now.graph()?;
    let root = node(&now, &walk.name)?;
    let depth = walk.depth.unwrap_or(1).clamp(1, DEEPEST);
    let mut places = Locations::of(&now.db)?;
    let mut text = String::new();
    for branch in graph.graph.tree(root, direction, Some(depth)) {
        let indent = "  ".repeat(branch.depth as usize);
        let place = places.find(graph.entity(branch.node)).map(|l| l.to_string());
        let again = if branch.repeated { " (see above)" } else { "" };
        let place = place.unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{indent}{}  {place}{again}", graph.name(branch.node));
    }
    if text.lines().count() == 1 {
        text.push_str(match direction {
            Direction::Forward => "  uses nothing of the project",
            Direction::Backward => "  is used by nothing in the project",
        });
    }
    Ok(text)
}

fn node(now: &Moment, name: &str) -> Outcome<u32> {
    let entity = statement(&now.db, name)?;
    now.graph()?
        .node(entity)
        .ok_or_else(|| Problem::new(format!("`{name}` has no place in the graph")))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Impact {
    /// Names of statements
    names: Vec<String>,
}

/// Tests, then everything else by namespace.
pub(super) fn impact(project: &Project, impact: Impact) -> Outcome<String> {
    let now = project.now()?;
    let graph = now.graph()?;
    let from: Vec<u32> =
        impact.names.iter().map(|name| node(&now, name)).collect::<Outcome<_>>()?;
    let mut tests = Vec::new();
    let mut others: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for affected in code::impact::impact(&now.db, graph, &from, None)? {
        let name = graph.name(affected.node).to_string();
        if affected.is_test {
            tests.push(name);
        } else {
            let namespace = name.split('/').next().unwrap_or_default().to_owned();
            others.entry(namespace).or_default().push(format!("{name} ({})", affected.depth));
        }
    }
    let count: usize = others.values().map(Vec::len).sum();
    let mut text = format!("{} tests\n", tests.len());
    tests.iter().for_each(|test| text.push_str(&format!("  {test}\n")));
    let _ = writeln!(text, "{count} other statements in {} namespaces (steps)", others.len());
    for names in others.values() {
        names.iter().for_each(|name| text.push_str(&format!("  {name}\n")));
    }
    Ok(text)
}
