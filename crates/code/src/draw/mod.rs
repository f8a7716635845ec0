//! Pictures of graphs: what is to be drawn, as plain data, and the formats that it is drawn in.
//!
//! A picture is made once, of some nodes of a graph; `dot`, `mermaid` and `svg` write it. Nodes have a colour by their kind;
//! edges that lie on a cycle are red.

mod dot;
mod layout;
mod mermaid;
mod svg;

pub use dot::dot;
pub use layout::TooLarge;
pub use mermaid::mermaid;
pub use svg::svg;

use crate::dependencies::{NamedGraph, defines_var};
use crate::impact::is_test_kind;
use crate::model::{Attr, DependencyType, NotCode, Types};
use crate::source::Source;
use db::{Db, EntityId};
use rustc_hash::FxHashMap;

/// A graph to be drawn.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Picture {
    /// What it shows.
    pub title: String,
    /// What is drawn as boxes.
    pub nodes: Vec<Node>,
    /// What is drawn as arrows.
    pub edges: Vec<Edge>,
}

/// A box.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Its fully qualified name.
    pub name: String,
    /// The namespace that a statement is in.
    pub namespace: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// Whether the picture is about it.
    pub chosen: bool,
    /// Whether it lies on a cycle.
    pub in_cycle: bool,
}

/// An arrow from who uses to what is used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edge {
    /// The node that it goes out from, by its place.
    pub from: usize,
    /// The node that it goes to.
    pub to: usize,
    /// How the one uses the other.
    pub types: Types,
    /// Whether it lies on a cycle.
    pub in_cycle: bool,
}

/// What a node is; each kind has a colour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Kind {
    /// A namespace.
    Namespace,
    /// A function.
    Function,
    /// A macro.
    Macro,
    /// A var that is no function.
    Value,
    /// A protocol, an interface, a record, a type.
    Type,
    /// A multimethod or a method of one.
    Multimethod,
    /// A test.
    Test,
    /// A form that defines nothing.
    Form,
}

impl Kind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Namespace => "namespace",
            Kind::Function => "function",
            Kind::Macro => "macro",
            Kind::Value => "value",
            Kind::Type => "type",
            Kind::Multimethod => "multimethod",
            Kind::Test => "test",
            Kind::Form => "form",
        }
    }

    /// Its colour, to be seen on dark and on light.
    pub fn colour(self) -> &'static str {
        match self {
            Kind::Namespace => "#5b6ee1",
            Kind::Function => "#2f7ed8",
            Kind::Macro => "#9a57d3",
            Kind::Value => "#5f9a2f",
            Kind::Type => "#d07c1d",
            Kind::Multimethod => "#169485",
            Kind::Test => "#8a8f98",
            Kind::Form => "#a0905c",
        }
    }
}

/// The colour of what lies on a cycle.
const CYCLE: &str = "#d93a45";

impl Node {
    /// What is written in its box: its name, without the namespace where that is written apart.
    fn label(&self) -> &str {
        let own = self.namespace.as_deref().and_then(|ns| self.name.strip_prefix(ns));
        own.and_then(|rest| rest.strip_prefix('/')).unwrap_or(&self.name)
    }
}

impl Picture {
    /// Some nodes of a graph with the edges among them. `chosen` are those that it is about.
    pub fn of(
        db: &Db,
        named: &NamedGraph,
        title: &str,
        nodes: &[u32],
        chosen: &[u32],
    ) -> Result<Picture, NotCode> {
        let source = Source::new(db)?;
        let mut nodes: Vec<u32> = nodes.to_vec();
        nodes.sort_unstable();
        nodes.dedup();
        let place: FxHashMap<u32, usize> = nodes.iter().copied().zip(0..).collect();
        let (component, _) = named.clone().of_code().graph.components();
        let in_cycle = |a: u32, b: u32| a != b && component[a as usize] == component[b as usize];
        let mut picture = Picture { title: title.to_owned(), ..Picture::default() };
        for node in &nodes {
            picture.nodes.push(Node {
                name: named.name(*node).to_string(),
                namespace: namespace(&source, named.entity(*node)),
                kind: kind(&source, named.entity(*node), named.name(*node)),
                chosen: chosen.contains(node),
                in_cycle: false,
            });
        }
        for (from, to) in named.graph.edges() {
            let (Some(a), Some(b)) = (place.get(&from), place.get(&to)) else { continue };
            let types = named.types(from, to);
            let is_of_code = !types.is_within(DependencyType::Keyword.into());
            let in_cycle = is_of_code && in_cycle(from, to);
            if in_cycle {
                picture.nodes[*a].in_cycle = true;
                picture.nodes[*b].in_cycle = true;
            }
            picture.edges.push(Edge { from: *a, to: *b, types, in_cycle });
        }
        Ok(picture)
    }

    /// Its nodes by namespace, those of none last; a picture of one namespace has no such groups.
    fn groups(&self) -> Vec<(Option<&str>, Vec<usize>)> {
        let mut groups: Vec<(Option<&str>, Vec<usize>)> = Vec::new();
        let mut places: FxHashMap<Option<&str>, usize> = FxHashMap::default();
        for (i, node) in self.nodes.iter().enumerate() {
            let namespace = node.namespace.as_deref();
            let place = *places.entry(namespace).or_insert_with(|| {
                groups.push((namespace, Vec::new()));
                groups.len() - 1
            });
            groups[place].1.push(i);
        }
        groups.sort_by_key(|(namespace, _)| (namespace.is_none(), *namespace));
        if let [(namespace, _)] = groups.as_mut_slice() {
            *namespace = None;
        }
        groups
    }
}

fn namespace(source: &Source<'_>, entity: EntityId) -> Option<String> {
    source.text(entity, Attr::StatementNamespace).map(|ns| ns.to_string())
}

fn kind(source: &Source<'_>, entity: EntityId, name: &str) -> Kind {
    let Some(kind) = source.keyword(entity, Attr::StatementType) else { return Kind::Namespace };
    match kind.rsplit('/').next().unwrap_or(&kind) {
        "ns" => Kind::Namespace,
        kind if is_test_kind(kind) => Kind::Test,
        "defprotocol" | "definterface" | "defrecord" | "deftype" => Kind::Type,
        "defmulti" | "defmethod" => Kind::Multimethod,
        _ if source.flag(entity, Attr::StatementMacro) => Kind::Macro,
        _ if source.value(entity, Attr::StatementArglists).is_some() => Kind::Function,
        _ if defines_var(source, entity, name) => Kind::Value,
        _ => Kind::Form,
    }
}
