//! Who uses whom: the edges of a database as a graph.

use crate::graph::{Direction, Graph};
use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::{Cell, Db, EntityId};
use edn::{Str, Value};
use rustc_hash::FxHashMap;
use std::fmt::Write;

/// A graph whose nodes have names.
#[derive(Clone, Debug)]
pub struct NamedGraph {
    /// Who uses whom.
    pub graph: Graph,
    names: Vec<Str>,
    entities: Vec<EntityId>,
    node_of: Nodes,
}

/// The node of each entity, where it has one; entities are numbered densely.
#[derive(Clone, Debug, Default)]
struct Nodes(Vec<u32>);

impl Nodes {
    const NONE: u32 = u32::MAX;

    fn of(pairs: impl Iterator<Item = (EntityId, u32)>) -> Nodes {
        let mut nodes = Nodes::default();
        for (entity, node) in pairs {
            let entity = entity as usize;
            if nodes.0.len() <= entity {
                nodes.0.resize(entity + 1, Nodes::NONE);
            }
            nodes.0[entity] = node;
        }
        nodes
    }

    fn get(&self, entity: EntityId) -> Option<u32> {
        self.0.get(entity as usize).copied().filter(|node| *node != Nodes::NONE)
    }
}

impl NamedGraph {
    /// The statements of a database and the edges between them. A node is a statement that has a name.
    pub fn statements(db: &Db) -> Result<NamedGraph, NotCode> {
        let source = Source::new(db)?;
        let (entities, names) = names(&source, Attr::StatementFqn);
        Ok(NamedGraph::new(names, entities, |node_of| edges(&source, node_of)))
    }

    /// The namespaces of a database. One uses another where a statement of it uses a statement of the other.
    pub fn namespaces(db: &Db) -> Result<NamedGraph, NotCode> {
        let source = Source::new(db)?;
        let (entities, names) = names(&source, Attr::NamespaceName);
        let node_of_name: FxHashMap<Cell, u32> = source
            .column(Attr::NamespaceName)
            .zip(0..)
            .map(|(datom, node)| (datom.v, node))
            .collect();
        let namespace_of = source
            .column(Attr::StatementNamespace)
            .filter_map(|d| Some((d.e, *node_of_name.get(&d.v)?)));
        let namespace_of = Nodes::of(namespace_of);
        Ok(NamedGraph::new(names, entities, |_| {
            let mut edges = edges(&source, &namespace_of);
            edges.retain(|(from, to)| from != to);
            edges
        }))
    }

    fn new(
        names: Vec<Str>,
        entities: Vec<EntityId>,
        edges: impl FnOnce(&Nodes) -> Vec<(u32, u32)>,
    ) -> NamedGraph {
        let node_of = Nodes::of(entities.iter().copied().zip(0..));
        let graph = Graph::new(names.len(), &edges(&node_of));
        NamedGraph { graph, names, entities, node_of }
    }

    /// A node's name.
    pub fn name(&self, node: u32) -> &Str {
        &self.names[node as usize]
    }

    /// A node's entity.
    pub fn entity(&self, node: u32) -> EntityId {
        self.entities[node as usize]
    }

    /// The node of an entity.
    pub fn node(&self, entity: EntityId) -> Option<u32> {
        self.node_of.get(entity)
    }

    /// The node of a name.
    pub fn named(&self, name: &str) -> Option<u32> {
        self.names.iter().position(|own| &**own == name).map(|node| node as u32)
    }

    /// Some nodes and the edges among them, for Graphviz.
    pub fn dot(&self, title: &str, nodes: &[u32]) -> String {
        let mut inside = vec![false; self.graph.len()];
        for node in nodes {
            inside[*node as usize] = true;
        }
        let mut dot = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(dot, "digraph {} {{", quoted(title));
        let _ = writeln!(dot, "  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];");
        for node in (0..self.graph.len() as u32).filter(|n| inside[*n as usize]) {
            let _ = writeln!(dot, "  {};", quoted(self.name(node)));
        }
        for (from, to) in self.graph.edges() {
            if inside[from as usize] && inside[to as usize] {
                let _ =
                    writeln!(dot, "  {} -> {};", quoted(self.name(from)), quoted(self.name(to)));
            }
        }
        dot.push_str("}\n");
        dot
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn names(source: &Source<'_>, attr: Attr) -> (Vec<EntityId>, Vec<Str>) {
    let named = source.column(attr).filter_map(|d| match source.db.value(d.v) {
        Value::Str(name) => Some((d.e, name)),
        _ => None,
    });
    named.unzip()
}

/// The edges whose both ends have a node.
fn edges(source: &Source<'_>, node_of: &Nodes) -> Vec<(u32, u32)> {
    let mut targets = source.column(Attr::DependencyTo).peekable();
    let mut edges = Vec::new();
    for from in source.column(Attr::DependencyFrom) {
        while targets.next_if(|to| to.e < from.e).is_some() {}
        let Some(to) = targets.peek().filter(|to| to.e == from.e) else { continue };
        let node = |cell: Cell| node_of.get(cell.as_entity()?);
        if let (Some(from), Some(to)) = (node(from.v), node(to.v)) {
            edges.push((from, to));
        }
    }
    edges
}

/// A var that no statement uses.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Unused {
    /// Its name.
    pub fqn: String,
    /// Its statement.
    pub statement: EntityId,
    /// What defines it.
    pub kind: String,
    /// Whether it is private, so that nobody else can use it either.
    pub private: bool,
}

/// The vars that no other statement uses, by name. What is used from outside without being named is left out: tests,
/// `-main`, what is exported, methods, and forms that define nothing.
pub fn unused(db: &Db) -> Result<Vec<Unused>, NotCode> {
    let source = Source::new(db)?;
    let named = NamedGraph::statements(db)?;
    let mut unused = Vec::new();
    for node in 0..named.graph.len() as u32 {
        let users = named.graph.neighbours(node, Direction::Backward);
        if users.iter().any(|user| *user != node) {
            continue;
        }
        let statement = named.entity(node);
        let kind = source.keyword(statement, Attr::StatementType).unwrap_or_default();
        if !defines_var(&source, statement, named.name(node)) || is_root(&source, statement, &kind)
        {
            continue;
        }
        let private = source.flag(statement, Attr::StatementPrivate);
        unused.push(Unused { fqn: named.name(node).to_string(), statement, kind, private });
    }
    unused.sort_unstable();
    Ok(unused)
}

/// Whether a statement is called by the name of a var: `namespace/name`.
pub(crate) fn defines_var(source: &Source<'_>, statement: EntityId, fqn: &str) -> bool {
    let namespace = source.text(statement, Attr::StatementNamespace).unwrap_or_default();
    let name = fqn.strip_prefix(&*namespace).and_then(|rest| rest.strip_prefix('/'));
    name.is_some_and(|name| !name.is_empty() && !name.starts_with('(') && !name.ends_with(']'))
}

/// Whether a statement is alive without being used.
fn is_root(source: &Source<'_>, statement: EntityId, kind: &str) -> bool {
    const KINDS: [&str; 4] = ["ns", "deftest", "defspec", "defmethod"];
    source.flag(statement, Attr::StatementRoot)
        || KINDS.contains(&kind.rsplit('/').next().unwrap_or(kind))
        || source.text(statement, Attr::StatementName).as_deref() == Some("-main")
}
