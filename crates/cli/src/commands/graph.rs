//! `deps`, `dependents`, `impact`, `path`, `graph`, `cycles`.

use super::{Found, ToRead, moment, number, statement, text};
use crate::args::{Draw, Format, Graph, GraphFormat, Impact, Path, PictureFormat, Walk};
use crate::json;
use crate::output::{Rows, note, say};
use crate::problem::{Outcome, Problem};
use ::code::dependencies::NamedGraph;
use ::code::draw::{self, Picture, TooLarge};
use ::code::graph::Direction;
use ::code::impact::{self, Affected};
use ::code::location::Locations;
use ::code::model::{DependencyType, Types};
use db::{Db, EntityId};
use edn::Value;

/// Does what was typed.
pub(crate) fn run(command: Graph, db: ToRead<'_>) -> Outcome<Found> {
    match command {
        Graph::Deps(typed) => walk(&db()?, &typed, Direction::Forward),
        Graph::Dependents(typed) => walk(&db()?, &typed, Direction::Backward),
        Graph::Impact(typed) => impact(&db()?, &typed),
        Graph::Path(typed) => path(&db()?, &typed),
        Graph::Draw(typed) => graph(&db()?, &typed),
        Graph::Cycles { namespaces, with_self, format } => {
            cycles(&db()?, namespaces, with_self, format)
        }
    }
}

/// The format of rows; none where it is no format of rows.
fn as_table(format: GraphFormat) -> Option<Format> {
    match format {
        GraphFormat::Table => Some(Format::Table),
        GraphFormat::Edn => Some(Format::Edn),
        GraphFormat::Json => Some(Format::Json),
        GraphFormat::Csv => Some(Format::Csv),
        GraphFormat::Tree | GraphFormat::Dot | GraphFormat::Mermaid | GraphFormat::Svg => None,
    }
}

/// The format of a drawing; none where it is no format of drawings.
fn as_picture(format: GraphFormat) -> Option<PictureFormat> {
    match format {
        GraphFormat::Dot => Some(PictureFormat::Dot),
        GraphFormat::Mermaid => Some(PictureFormat::Mermaid),
        GraphFormat::Svg => Some(PictureFormat::Svg),
        _ => None,
    }
}

/// Prints a drawing.
fn print_picture(picture: &Picture, format: PictureFormat) -> Outcome<()> {
    let text = match format {
        PictureFormat::Dot => draw::dot(picture),
        PictureFormat::Mermaid => draw::mermaid(picture),
        PictureFormat::Svg => draw::svg(picture).map_err(|error: TooLarge| {
            Problem::new(error.to_string()).help(
                "narrow it with --of NS or --depth N, or have Graphviz draw it: --format dot | dot -Tsvg",
            )
        })?,
        PictureFormat::Edn => picture_data(picture).to_string(),
        PictureFormat::Json => {
            let mut out = String::new();
            json::write(&mut out, &picture_data(picture));
            out
        }
    };
    say(text.trim_end())?;
    Ok(())
}

/// A picture as nodes and edges.
fn picture_data(picture: &Picture) -> Value {
    let entry = |key: &str, value: Value| (Value::keyword(key), value);
    let name = |node: usize| Value::string(picture.nodes[node].name.as_str());
    let nodes = picture.nodes.iter().map(|node| {
        let mut entries = vec![
            entry("name", Value::string(node.name.as_str())),
            entry("kind", Value::keyword(node.kind.name())),
            entry("in-cycle", Value::Bool(node.in_cycle)),
        ];
        let namespace = node.namespace.as_deref();
        entries.extend(namespace.map(|ns| entry("namespace", Value::string(ns))));
        Value::map(entries)
    });
    let edges = picture.edges.iter().map(|edge| {
        let types = edge.types.iter().map(|kind| Value::keyword(kind.name()));
        Value::map(vec![
            entry("from", name(edge.from)),
            entry("to", name(edge.to)),
            entry("types", Value::vector(types.collect())),
            entry("in-cycle", Value::Bool(edge.in_cycle)),
        ])
    });
    Value::map(vec![
        entry("nodes", Value::vector(nodes.collect())),
        entry("edges", Value::vector(edges.collect())),
    ])
}

/// The graph with the dependencies of some types; all of them where none is named.
fn only(named: NamedGraph, types: &[DependencyType]) -> NamedGraph {
    match types {
        [] => named,
        types => named.only(Types::from_iter(types.iter().copied())),
    }
}

/// Where a node stands.
fn place(places: &mut Locations<'_>, entity: EntityId) -> Value {
    text(places.find(entity).map(|place| place.to_string()).as_deref())
}

fn fqn(named: &NamedGraph, node: u32) -> Value {
    Value::string(&**named.name(node))
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
    let named = only(named, &walk.kinds.types);
    let limit = match (walk.depth, walk.transitive) {
        (Some(depth), _) => Some(depth),
        (None, true) => None,
        (None, false) => Some(1),
    };
    let reached = named.graph.reach(&[root], direction, limit);
    if let Some(format) = as_table(walk.format) {
        let mut places = Locations::of(db)?;
        let mut rows = Rows::new(&["fqn", "depth", "type", "where"]);
        for reached in &reached {
            let types = match direction {
                Direction::Forward => named.types(reached.via, reached.node),
                Direction::Backward => named.types(reached.node, reached.via),
            };
            rows.push(vec![
                fqn(&named, reached.node),
                Value::Int(i64::from(reached.depth)),
                Value::string(types.to_string()),
                place(&mut places, named.entity(reached.node)),
            ]);
        }
        rows.print(format)?;
    } else if let Some(format) = as_picture(walk.format) {
        let nodes: Vec<u32> = reached.iter().map(|r| r.node).chain([root]).collect();
        print_picture(&Picture::of(db, &named, named.name(root), &nodes, &[root])?, format)?;
    } else {
        say(&tree(&named, root, direction, limit))?;
    }
    Ok(Found::from(!reached.is_empty()))
}

/// What a node leads to, drawn with lines. What stands below a node is drawn where the node comes first; `…` marks the
/// places where it comes again.
fn tree(named: &NamedGraph, root: u32, direction: Direction, limit: Option<u32>) -> String {
    let branches = named.graph.tree(root, direction, limit);
    let lines = branches.iter().map(|branch| {
        let again = if branch.repeated { " …" } else { "" };
        (branch.depth as usize, format!("{}{again}", named.name(branch.node)))
    });
    indented(&lines.collect::<Vec<_>>())
}

/// Texts by depth, drawn as a tree.
fn indented(branches: &[(usize, String)]) -> String {
    let mut lines: Vec<String> = Vec::with_capacity(branches.len());
    // Going from the last line up, it is known for each depth whether another branch follows below.
    let mut follows: Vec<bool> = Vec::new();
    for (depth, text) in branches.iter().rev() {
        let depth = *depth;
        follows.resize(depth + 1, false);
        let mut line = String::new();
        for next in follows.iter().take(depth).skip(1) {
            line.push_str(if *next { "│  " } else { "   " });
        }
        if depth > 0 {
            line.push_str(if follows[depth] { "├─ " } else { "└─ " });
        }
        line.push_str(text);
        follows[depth] = true;
        lines.push(line);
    }
    lines.reverse();
    lines.join("\n")
}

/// `defbase impact`
fn impact(db: &Db, typed: &Impact) -> Outcome<Found> {
    let named = NamedGraph::statements(db)?;
    let changed = match typed.fqns.as_slice() {
        [] => changed_nodes(db, &named, typed.since.as_deref())?,
        names => named_nodes(db, &named, names)?,
    };
    if changed.is_empty() {
        note("no statement changed");
        return Ok(Found::No);
    }
    let mut affected = impact::impact(db, &named, &changed, typed.depth)?;
    affected.retain(|a| a.is_test || !typed.tests);
    if let Some(format) = as_table(typed.format) {
        print_affected(db, &named, &affected, format)?;
    } else if let Some(format) = as_picture(typed.format) {
        let nodes: Vec<u32> =
            affected.iter().map(|a| a.node).chain(changed.iter().copied()).collect();
        print_picture(&Picture::of(db, &named, "impact", &nodes, &changed)?, format)?;
    } else {
        say(&indented(&grown(&named, &changed, &affected)))?;
    }
    Ok(Found::from(!affected.is_empty()))
}

/// The statements that were named; a namespace's name means all of its statements.
fn named_nodes(db: &Db, named: &NamedGraph, names: &[String]) -> Outcome<Vec<u32>> {
    let mut nodes = Vec::new();
    for name in names {
        let of_namespace = ::code::dependencies::statements_of(db, name)?;
        let entities = match of_namespace.as_slice() {
            [] => vec![statement(db, name)?],
            _ => of_namespace,
        };
        nodes.extend(entities.into_iter().filter_map(|e| named.node(e)));
    }
    nodes.sort_unstable();
    nodes.dedup();
    Ok(nodes)
}

/// What was changed since a moment; without one, by the last transaction that changed code.
fn changed_nodes(db: &Db, named: &NamedGraph, since: Option<&str>) -> Outcome<Vec<u32>> {
    let after = match since {
        Some(when) => moment(db, when)?,
        None => match impact::last_change(db)? {
            Some(tx) => Value::Int(i64::from(tx) - 1),
            None => return Ok(Vec::new()),
        },
    };
    let recent = db.since(&after).map_err(|e| Problem::new("no such moment").because(&e))?;
    let changed = impact::changed(db, &recent)?;
    if !changed.gone.is_empty() {
        note(&format!("gone, and used by what counts as changed: {}", changed.gone.join(", ")));
    }
    let entities = changed.statements.into_iter().chain(changed.bereft);
    let mut nodes: Vec<u32> = entities.filter_map(|e| named.node(e)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    Ok(nodes)
}

/// What is reached, for people with the tests apart.
fn print_affected(
    db: &Db,
    named: &NamedGraph,
    affected: &[Affected],
    format: Format,
) -> Outcome<()> {
    let mut places = Locations::of(db)?;
    let for_people = format == Format::Table;
    let headings = ["fqn", "depth", "type", "via", "where", "test"];
    let mut table = |tests: Option<bool>| {
        let mut rows = Rows::new(if for_people { &headings[..5] } else { &headings });
        for a in affected.iter().filter(|a| tests.is_none_or(|tests| a.is_test == tests)) {
            let types = match a.types == Types::default() {
                true => "dispatched".to_owned(),
                false => a.types.to_string(),
            };
            let mut row = vec![
                fqn(named, a.node),
                Value::Int(i64::from(a.depth)),
                Value::string(types),
                fqn(named, a.via),
                place(&mut places, named.entity(a.node)),
            ];
            row.extend((!for_people).then_some(Value::Bool(a.is_test)));
            rows.push(row);
        }
        rows
    };
    if !for_people {
        table(None).print(format)?;
        return Ok(());
    }
    let (others, tests) = (table(Some(false)), table(Some(true)));
    if !others.is_empty() {
        others.print(format)?;
    }
    if !others.is_empty() && !tests.is_empty() {
        say("")?;
    }
    if !tests.is_empty() {
        say("tests to run:")?;
        tests.print(format)?;
    }
    if affected.is_empty() {
        say("nothing is reached")?;
    }
    Ok(())
}

/// What is reached below that by which it is reached.
fn grown(named: &NamedGraph, changed: &[u32], affected: &[Affected]) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Vec<(u32, usize)> = changed.iter().rev().map(|node| (*node, 0)).collect();
    while let Some((node, depth)) = open.pop() {
        lines.push((depth, named.name(node).to_string()));
        let below = affected.iter().filter(|a| a.via == node).map(|a| (a.node, depth + 1));
        open.extend(below.rev());
    }
    lines
}

/// `defbase path`
fn path(db: &Db, typed: &Path) -> Outcome<Found> {
    let namespaces = NamedGraph::namespaces(db)?;
    let (named, from, to) = match (namespaces.named(&typed.from), namespaces.named(&typed.to)) {
        (Some(from), Some(to)) => (namespaces, from, to),
        _ => {
            let statements = NamedGraph::statements(db)?;
            let ends = (statement(db, &typed.from)?, statement(db, &typed.to)?);
            let (Some(from), Some(to)) = (statements.node(ends.0), statements.node(ends.1)) else {
                return Ok(Found::No);
            };
            (statements, from, to)
        }
    };
    let named = only(named, &typed.kinds.types);
    let limit = if typed.all { typed.limit } else { 1 };
    let ways = named.graph.paths(from, to, limit);
    if ways.is_empty() {
        note(&format!("no way leads from {} to {}", named.name(from), named.name(to)));
        return Ok(Found::No);
    }
    if let Some(format) = as_table(typed.format) {
        let mut places = Locations::of(db)?;
        let headings = ["way", "step", "fqn", "type", "where"];
        let mut rows = Rows::new(if typed.all { &headings } else { &headings[1..] });
        for (i, way) in ways.iter().enumerate() {
            for (step, node) in way.iter().enumerate() {
                let before = step.checked_sub(1).map(|before| named.types(way[before], *node));
                let mut row = vec![
                    number(step),
                    fqn(&named, *node),
                    text(before.map(|types| types.to_string()).as_deref()),
                    place(&mut places, named.entity(*node)),
                ];
                if typed.all {
                    row.insert(0, number(i + 1));
                }
                rows.push(row);
            }
        }
        rows.print(format)?;
    } else if let Some(format) = as_picture(typed.format) {
        let nodes: Vec<u32> = ways.iter().flatten().copied().collect();
        let title = format!("{} → {}", named.name(from), named.name(to));
        print_picture(&Picture::of(db, &named, &title, &nodes, &[from, to])?, format)?;
    } else {
        for way in &ways {
            let steps = way.iter().enumerate();
            let lines = steps.map(|(step, node)| (step, named.name(*node).to_string()));
            say(&indented(&lines.collect::<Vec<_>>()))?;
        }
    }
    if ways.len() == limit && typed.all {
        note(&format!("{limit} ways shown, there may be more; -n shows more"));
    }
    Ok(Found::Yes)
}

/// `defbase graph`
fn graph(db: &Db, typed: &Draw) -> Outcome<Found> {
    let of_statements = typed.statements || !typed.of.is_empty() && !typed.namespaces;
    let named = match of_statements {
        true => NamedGraph::statements(db)?,
        false => NamedGraph::namespaces(db)?,
    };
    let named = only(named, &typed.kinds.types);
    let mut nodes: Vec<u32> = (0..named.graph.len() as u32).collect();
    let mut chosen = Vec::new();
    if of_statements {
        let covered = ::code::dependencies::statements_below(db, &typed.of)?;
        nodes.retain(|node| covered.contains(&named.entity(*node)));
    } else if !typed.of.is_empty() {
        let below = |node: &u32| {
            typed.of.iter().any(|of| ::code::dependencies::is_below(named.name(*node), of))
        };
        chosen = nodes.iter().copied().filter(below).collect();
        let reach = |way| named.graph.reach(&chosen, way, Some(1)).into_iter().map(|r| r.node);
        nodes = reach(Direction::Forward).chain(reach(Direction::Backward)).collect();
        nodes.extend(&chosen);
    }
    let title = match typed.of.as_slice() {
        [] if of_statements => "statements".to_owned(),
        [] => "namespaces".to_owned(),
        of => of.join(" "),
    };
    if nodes.is_empty() {
        let problem = Problem::new(format!("there is nothing to draw of {title}"));
        return Err(problem.help("`defbase stats` lists the namespaces"));
    }
    print_picture(&Picture::of(db, &named, &title, &nodes, &chosen)?, typed.format)?;
    Ok(Found::Yes)
}

/// `defbase cycles`
fn cycles(db: &Db, namespaces: bool, with_self: bool, format: GraphFormat) -> Outcome<Found> {
    let named = match namespaces {
        true => NamedGraph::namespaces(db)?,
        false => NamedGraph::statements(db)?,
    };
    let named = named.of_code();
    let cycles = named.graph.cycles(with_self);
    let name = |node: &u32| named.name(*node).to_string();
    if let Some(format) = as_picture(format) {
        let nodes: Vec<u32> = cycles.iter().flat_map(|c| c.nodes.iter().copied()).collect();
        print_picture(&Picture::of(db, &named, "cycles", &nodes, &[])?, format)?;
        return Ok(Found::from(cycles.is_empty()));
    }
    match as_table(format) {
        None => {
            for cycle in &cycles {
                let around = cycle.example.iter().chain(cycle.example.first()).enumerate();
                let lines = around.map(|(step, node)| (step, name(node)));
                say(&indented(&lines.collect::<Vec<_>>()))?;
            }
        }
        Some(Format::Table) if cycles.is_empty() => say("no cycles")?,
        Some(format) => {
            let for_people = format == Format::Table;
            let headings = ["members", "shortest cycle", "all"];
            // A group can have thousands of members; people see the shortest way around.
            let mut rows = Rows::new(if for_people { &headings[..2] } else { &headings });
            let list = |names: Vec<String>, between: &str| match format {
                Format::Table | Format::Csv => Value::string(names.join(between)),
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
            rows.print(format)?;
        }
    }
    Ok(Found::from(cycles.is_empty()))
}
