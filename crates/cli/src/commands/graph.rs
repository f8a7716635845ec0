//! `deps`, `dependents`, `cycles`.

use super::{Found, ToRead, number, statement, text};
use crate::args::{Format, Graph, GraphFormat, Walk};
use crate::output::{Rows, say};
use crate::problem::Outcome;
use ::code::dependencies::NamedGraph;
use ::code::graph::Direction;
use ::code::location::Locations;
use db::Db;
use edn::Value;

/// Does what was typed.
pub(crate) fn run(command: Graph, db: ToRead<'_>) -> Outcome<Found> {
    match command {
        Graph::Deps(typed) => walk(&db()?, &typed, Direction::Forward),
        Graph::Dependents(typed) => walk(&db()?, &typed, Direction::Backward),
        Graph::Cycles { namespaces, with_self, format } => {
            cycles(&db()?, namespaces, with_self, format)
        }
    }
}

fn as_table(format: GraphFormat) -> Format {
    match format {
        GraphFormat::Edn => Format::Edn,
        GraphFormat::Json => Format::Json,
        GraphFormat::Csv => Format::Csv,
        GraphFormat::Table | GraphFormat::Tree | GraphFormat::Dot => Format::Table,
    }
}

/// `defbase deps`, `defbase dependents`. A namespace's name asks about namespaces, every other name about statements.
fn walk(db: &Db, walk: &Walk, direction: Direction) -> Outcome<Found> {
    let namespaces = NamedGraph::namespaces(db)?;
    let (named, root) = match namespaces.named(&walk.fqn) {
        Some(node) => (namespaces, node),
        None => {
            let entity = statement(db, &walk.fqn)?;
            let statements = NamedGraph::statements(db)?;
            let Some(node) = statements.node(entity) else { return Ok(Found::No) };
            (statements, node)
        }
    };
    let limit = match (walk.depth, walk.transitive) {
        (Some(depth), _) => Some(depth),
        (None, true) => None,
        (None, false) => Some(1),
    };
    let reached = named.graph.reach(&[root], direction, limit);
    match walk.format {
        GraphFormat::Tree => say(&tree(&named, root, direction, limit))?,
        GraphFormat::Dot => {
            let mut nodes: Vec<u32> = reached.iter().map(|r| r.node).collect();
            nodes.push(root);
            nodes.sort_unstable();
            nodes.dedup();
            say(named.dot(named.name(root), &nodes).trim_end())?;
        }
        format => {
            let mut places = Locations::of(db)?;
            let mut rows = Rows::new(&["fqn", "depth", "where"]);
            for reached in &reached {
                let place = places.find(named.entity(reached.node)).map(|l| l.to_string());
                rows.push(vec![
                    Value::string(&**named.name(reached.node)),
                    Value::Int(i64::from(reached.depth)),
                    text(place.as_deref()),
                ]);
            }
            rows.print(as_table(format))?;
        }
    }
    Ok(Found::from(!reached.is_empty()))
}

/// What a node leads to, drawn with lines. What stands below a node is drawn where the node comes first; `…` marks the
/// places where it comes again.
fn tree(named: &NamedGraph, root: u32, direction: Direction, limit: Option<u32>) -> String {
    let branches = named.graph.tree(root, direction, limit);
    let mut lines: Vec<String> = Vec::with_capacity(branches.len());
    // Going from the last line up, it is known for each depth whether another branch follows below.
    let mut follows: Vec<bool> = Vec::new();
    for branch in branches.iter().rev() {
        let depth = branch.depth as usize;
        follows.resize(depth + 1, false);
        let mut line = String::new();
        for next in follows.iter().take(depth).skip(1) {
            line.push_str(if *next { "│  " } else { "   " });
        }
        if depth > 0 {
            line.push_str(if follows[depth] { "├─ " } else { "└─ " });
        }
        line.push_str(named.name(branch.node));
        if branch.repeated {
            line.push_str(" …");
        }
        follows[depth] = true;
        lines.push(line);
    }
    lines.reverse();
    lines.join("\n")
}

/// `defbase cycles`
fn cycles(db: &Db, namespaces: bool, with_self: bool, format: GraphFormat) -> Outcome<Found> {
    let named = match namespaces {
        true => NamedGraph::namespaces(db)?,
        false => NamedGraph::statements(db)?,
    };
    let cycles = named.graph.cycles(with_self);
    let name = |node: &u32| named.name(*node).to_string();
    match format {
        GraphFormat::Dot => {
            let nodes: Vec<u32> = cycles.iter().flat_map(|c| c.nodes.iter().copied()).collect();
            say(named.dot("cycles", &nodes).trim_end())?;
        }
        GraphFormat::Tree => {
            for cycle in &cycles {
                let around = cycle.example.iter().chain(cycle.example.first());
                for (step, node) in around.enumerate() {
                    let lead = match step {
                        0 => String::new(),
                        _ => format!("{}└─ ", "   ".repeat(step - 1)),
                    };
                    say(&format!("{lead}{}", name(node)))?;
                }
            }
        }
        GraphFormat::Table if cycles.is_empty() => say("no cycles")?,
        format => {
            let for_people = format == GraphFormat::Table;
            let headings = ["members", "shortest cycle", "all"];
            // A group can have thousands of members; people see the shortest way around.
            let mut rows = Rows::new(if for_people { &headings[..2] } else { &headings });
            let list = |names: Vec<String>, between: &str| match format {
                GraphFormat::Table | GraphFormat::Csv => Value::string(names.join(between)),
                _ => Value::vector(names.into_iter().map(Value::string).collect()),
            };
            for cycle in &cycles {
                let around = cycle.example.iter().chain(cycle.example.first()).map(name).collect();
                let mut row = vec![number(cycle.nodes.len()), list(around, " → ")];
                if !for_people {
                    row.push(list(cycle.nodes.iter().map(name).collect(), " "));
                }
                rows.push(row);
            }
            rows.print(as_table(format))?;
        }
    }
    Ok(Found::from(cycles.is_empty()))
}
