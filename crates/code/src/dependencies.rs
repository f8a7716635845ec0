//! Who uses whom: the edges of a database as a graph.

use crate::graph::Graph;
use crate::model::{Attr, DependencyType, NotCode, Types};
use crate::source::Source;
use db::{Cell, Db, EntityId};
use edn::{Str, Value};
use rustc_hash::{FxHashMap, FxHashSet};

/// A graph whose nodes have names and whose edges have types.
#[derive(Clone, Debug)]
pub struct NamedGraph {
    /// Who uses whom.
    pub graph: Graph,
    /// The types of each edge, in the order of the graph's.
    types: Vec<Types>,
    names: Vec<Str>,
    entities: Vec<EntityId>,
    node_of: Nodes,
}

/// The node of each entity, where it has one; entities are numbered densely.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nodes(Vec<u32>);

impl Nodes {
    const NONE: u32 = u32::MAX;

    pub(crate) fn of(pairs: impl Iterator<Item = (EntityId, u32)>) -> Nodes {
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

    pub(crate) fn get(&self, entity: EntityId) -> Option<u32> {
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
            edges.retain(|(from, to, _)| from != to);
            edges
        }))
    }

    fn new(
        names: Vec<Str>,
        entities: Vec<EntityId>,
        edges: impl FnOnce(&Nodes) -> Vec<Edge>,
    ) -> NamedGraph {
        let node_of = Nodes::of(entities.iter().copied().zip(0..));
        let edges = edges(&node_of);
        let (graph, types) = typed(names.len(), &edges);
        NamedGraph { graph, types, names, entities, node_of }
    }

    /// The same graph with the edges of some types alone.
    pub fn only(mut self, types: Types) -> NamedGraph {
        let all = self.graph.edges().zip(&self.types);
        let kept =
            all.filter(|(_, own)| own.meets(types)).map(|((from, to), own)| (from, to, *own));
        let kept: Vec<Edge> = kept.collect();
        (self.graph, self.types) = typed(self.names.len(), &kept);
        self
    }

    /// The same graph without what closes no circle: a keyword can be used before what registers it is there.
    pub fn of_code(self) -> NamedGraph {
        self.only(Types::all_but(&[DependencyType::Keyword]))
    }

    /// How a node uses another one.
    pub fn types(&self, from: u32, to: u32) -> Types {
        self.graph.edge(from, to).map_or(Types::default(), |edge| self.types[edge])
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
}

fn names(source: &Source<'_>, attr: Attr) -> (Vec<EntityId>, Vec<Str>) {
    let named = source.column(attr).filter_map(|d| match source.db.value(d.v) {
        Value::Str(name) => Some((d.e, name)),
        _ => None,
    });
    named.unzip()
}

/// Who uses whom, and how.
type Edge = (u32, u32, Types);

/// The graph of some edges, and the types of each of its edges.
fn typed(len: usize, edges: &[Edge]) -> (Graph, Vec<Types>) {
    let ends: Vec<(u32, u32)> = edges.iter().map(|(from, to, _)| (*from, *to)).collect();
    let graph = Graph::new(len, &ends);
    let mut types = vec![Types::default(); graph.edge_count()];
    for (from, to, own) in edges {
        if let Some(edge) = graph.edge(*from, *to) {
            types[edge].add(*own);
        }
    }
    (graph, types)
}

/// The edges whose both ends have a node.
fn edges(source: &Source<'_>, node_of: &Nodes) -> Vec<Edge> {
    let named = |kind: DependencyType| Some((source.db.cell(&Value::keyword(kind.name()))?, kind));
    let known: Vec<(Cell, DependencyType)> = DependencyType::all().filter_map(named).collect();
    let type_of = |cell: Cell| known.iter().find(|(own, _)| *own == cell).map(|(_, kind)| *kind);
    let mut targets = source.column(Attr::DependencyTo).peekable();
    let mut types = source.column(Attr::DependencyType).peekable();
    let mut edges = Vec::new();
    for from in source.column(Attr::DependencyFrom) {
        while targets.next_if(|to| to.e < from.e).is_some() {}
        while types.next_if(|kind| kind.e < from.e).is_some() {}
        let Some(to) = targets.peek().filter(|to| to.e == from.e) else { continue };
        let kind = types.peek().filter(|kind| kind.e == from.e).and_then(|kind| type_of(kind.v));
        let node = |cell: Cell| node_of.get(cell.as_entity()?);
        if let (Some(from), Some(to)) = (node(from.v), node(to.v)) {
            edges.push((from, to, kind.map_or(Types::default(), Types::from)));
        }
    }
    edges
}

/// The statements of a namespace.
pub fn statements_of(db: &Db, namespace: &str) -> Result<Vec<EntityId>, NotCode> {
    let source = Source::new(db)?;
    let Some(cell) = db.cell(&Value::string(namespace)) else { return Ok(Vec::new()) };
    Ok(source.with_value(Attr::StatementNamespace, cell).collect())
}

/// Whether a namespace is one, or below it: `app.db.sql` is below `app.db`.
pub fn is_below(namespace: &str, above: &str) -> bool {
    namespace.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The statements of some namespaces and of those below them, all where there are none, but for `ns` forms.
pub fn statements_below(db: &Db, above: &[String]) -> Result<FxHashSet<EntityId>, NotCode> {
    let source = Source::new(db)?;
    let covered = |ns: &str| above.is_empty() || above.iter().any(|above| is_below(ns, above));
    let all = source.texts(Attr::StatementNamespace).filter(|(_, ns)| covered(ns));
    let is_ns = |e: EntityId| source.keyword(e, Attr::StatementType).as_deref() == Some("ns");
    Ok(all.map(|(e, _)| e).filter(|e| !is_ns(*e)).collect())
}

/// Whether a statement is called by the name of a var: `namespace/name`.
pub(crate) fn defines_var(source: &Source<'_>, statement: EntityId, fqn: &str) -> bool {
    let namespace = source.text(statement, Attr::StatementNamespace).unwrap_or_default();
    let name = fqn.strip_prefix(&*namespace).and_then(|rest| rest.strip_prefix('/'));
    name.is_some_and(|name| !name.is_empty() && !name.starts_with('(') && !name.ends_with(']'))
}
