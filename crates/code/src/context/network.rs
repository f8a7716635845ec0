//! What stands near a statement: the graph that a ranking walks.
//!
//! A node is a statement. Nodes are numbered as their entities are, so that one database gives one network. Edges are those
//! of the database with their types; besides them a statement has neighbours in its file and companions in its namespace.
//!
//! Cost: eight columns of the database are read once; no text is looked at.

use super::weights::Weights;
use crate::dependencies::Nodes;
use crate::impact::is_test_kind;
use crate::model::{Attr, DependencyType, NotCode};
use crate::source::Source;
use db::{Cell, Db, EntityId};
use rustc_hash::FxHashMap;

/// A node that has no such thing.
pub(super) const NONE: u32 = u32::MAX;

/// The statements of a database and what ties them together.
#[derive(Clone, Debug, Default)]
pub struct Network {
    pub(super) entities: Vec<EntityId>,
    node_of: Nodes,
    /// The group of each node: its namespace, else its file.
    pub(super) group: Vec<u32>,
    /// The nodes of each group.
    pub(super) members: Vec<Vec<u32>>,
    /// The statements of all files, file by file, in order.
    pub(super) in_order: Vec<u32>,
    /// Where a node stands in `in_order`.
    pub(super) position: Vec<u32>,
    /// The file of each node.
    file: Vec<EntityId>,
    pub(super) role: Vec<Role>,
    /// The types of edges by their numbers; none of what another version called otherwise.
    pub(super) types: Vec<Option<DependencyType>>,
    pub(super) uses: Rows,
    pub(super) used_by: Rows,
}

/// What kind of statement a node is, as far as a ranking cares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// An `ns` form: shown with the statements that need it, never by itself.
    Namespace,
    /// A `declare`, which says nothing that its definition does not.
    Declaration,
    /// A test.
    Test,
    /// Anything else.
    Other,
}

/// An edge from where its row belongs to: the other end and the number of its type.
pub(super) type Edge = (u32, u8);

/// Edges by the node that they start at.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    starts: Vec<u32>,
    edges: Vec<Edge>,
}

impl Rows {
    fn new(len: usize, mut edges: Vec<(u32, Edge)>) -> Rows {
        edges.sort_unstable();
        edges.dedup();
        let mut starts = vec![0u32; len + 1];
        for (from, _) in &edges {
            starts[*from as usize + 1] += 1;
        }
        for i in 0..len {
            starts[i + 1] += starts[i];
        }
        Rows { starts, edges: edges.into_iter().map(|(_, edge)| edge).collect() }
    }

    pub(super) fn of(&self, node: u32) -> &[Edge] {
        let node = node as usize;
        &self.edges[self.starts[node] as usize..self.starts[node + 1] as usize]
    }
}

impl Network {
    /// Reads the network of a database.
    pub fn of(db: &Db) -> Result<Network, NotCode> {
        let source = Source::new(db)?;
        let entities: Vec<EntityId> = source.column(Attr::StatementFqn).map(|d| d.e).collect();
        let node_of = Nodes::of(entities.iter().copied().zip(0..));
        let mut network = Network { entities, node_of, ..Network::default() };
        network.read_files(&source);
        network.read_groups(&source);
        network.read_roles(&source);
        network.read_edges(&source);
        Ok(network)
    }

    /// How many statements there are.
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// The node of a statement.
    pub fn node(&self, statement: EntityId) -> Option<u32> {
        self.node_of.get(statement)
    }

    /// The statement of a node.
    pub fn statement(&self, node: u32) -> EntityId {
        self.entities[node as usize]
    }

    /// The file that a node stands in.
    pub fn file(&self, node: u32) -> EntityId {
        self.file[node as usize]
    }

    pub(super) fn role(&self, node: u32) -> Role {
        self.role[node as usize]
    }

    /// The statements up to some places before and behind a node in its file, with how far away they are.
    pub(super) fn near(&self, node: u32, reach: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let at = self.position[node as usize];
        let file = self.file[node as usize];
        let from = at.saturating_sub(reach);
        let to = (at + reach + 1).min(self.in_order.len() as u32);
        (from..to).filter(move |i| *i != at).filter_map(move |i| {
            let other = self.in_order[i as usize];
            (self.file[other as usize] == file).then(|| (other, i.abs_diff(at)))
        })
    }

    /// The statements of a node's file, in order.
    pub(super) fn of_file(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let file = self.file[node as usize];
        let start = self.in_order.partition_point(|n| self.file[*n as usize] < file);
        let same = move |n: &u32| self.file[*n as usize] == file;
        self.in_order[start..].iter().copied().take_while(same)
    }

    fn read_files(&mut self, source: &Source<'_>) {
        let mut place: Vec<(EntityId, i64)> = vec![(0, 0); self.len()];
        for datom in source.column(Attr::StatementFile) {
            if let (Some(node), Some(file)) = (self.node(datom.e), datom.v.as_entity()) {
                place[node as usize].0 = file;
            }
        }
        for datom in source.column(Attr::StatementOrder) {
            if let (Some(node), Some(order)) = (self.node(datom.e), datom.v.as_int()) {
                place[node as usize].1 = order;
            }
        }
        self.in_order = (0..self.len() as u32).collect();
        self.in_order.sort_unstable_by_key(|node| (place[*node as usize], *node));
        self.position = vec![0; self.len()];
        for (i, node) in self.in_order.iter().enumerate() {
            self.position[*node as usize] = i as u32;
        }
        self.file = place.into_iter().map(|(file, _)| file).collect();
    }

    fn read_groups(&mut self, source: &Source<'_>) {
        let mut names: FxHashMap<Cell, u32> = FxHashMap::default();
        self.group = vec![NONE; self.len()];
        for datom in source.column(Attr::StatementNamespace) {
            if let Some(node) = self.node(datom.e) {
                let next = names.len() as u32;
                self.group[node as usize] = *names.entry(datom.v).or_insert(next);
            }
        }
        self.members = vec![Vec::new(); names.len()];
        for (node, group) in (0..).zip(&self.group) {
            if *group != NONE {
                self.members[*group as usize].push(node);
            }
        }
    }

    fn read_roles(&mut self, source: &Source<'_>) {
        let mut roles: FxHashMap<Cell, Role> = FxHashMap::default();
        self.role = vec![Role::Other; self.len()];
        for datom in source.column(Attr::StatementType) {
            let Some(node) = self.node(datom.e) else { continue };
            self.role[node as usize] = *roles.entry(datom.v).or_insert_with(|| {
                let kind = source.db.value(datom.v);
                match kind.as_keyword().map(|k| k.as_str().rsplit('/').next().unwrap_or_default()) {
                    Some("ns" | "in-ns") => Role::Namespace,
                    Some("declare") => Role::Declaration,
                    Some(kind) if is_test_kind(kind) => Role::Test,
                    _ => Role::Other,
                }
            });
        }
    }

    fn read_edges(&mut self, source: &Source<'_>) {
        let mut numbers: FxHashMap<Cell, u8> = FxHashMap::default();
        let mut targets = source.column(Attr::DependencyTo).peekable();
        let mut kinds = source.column(Attr::DependencyType).peekable();
        let mut edges = Vec::new();
        let mut types = Vec::new();
        for from in source.column(Attr::DependencyFrom) {
            while targets.next_if(|d| d.e < from.e).is_some() {}
            while kinds.next_if(|d| d.e < from.e).is_some() {}
            let node = |cell: Cell| self.node(cell.as_entity()?);
            let to = targets.peek().filter(|d| d.e == from.e).and_then(|d| node(d.v));
            let (Some(from_node), Some(to)) = (node(from.v), to) else { continue };
            let Some(kind) = kinds.peek().filter(|d| d.e == from.e).map(|d| d.v) else { continue };
            // More types than fit are counted as the last one.
            let next = u8::try_from(numbers.len()).unwrap_or(u8::MAX);
            let number = *numbers.entry(kind).or_insert_with(|| {
                let name = source.db.value(kind);
                types.push(name.as_keyword().and_then(|k| DependencyType::named(k.as_str())));
                next
            });
            if from_node != to {
                edges.push((from_node, (to, number)));
            }
        }
        let reversed = edges.iter().map(|(from, (to, kind))| (*to, (*from, *kind))).collect();
        self.types = types;
        self.uses = Rows::new(self.len(), edges);
        self.used_by = Rows::new(self.len(), reversed);
    }

    /// What each type of edge weighs.
    pub(super) fn type_weights(&self, weights: &Weights) -> Vec<f64> {
        self.types.iter().map(|kind| weights.of_type(*kind)).collect()
    }
}
