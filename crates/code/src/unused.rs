//! Vars that nothing uses.
//!
//! A var is unused when no other statement uses it; vars that only use each other are unused together. What loads a namespace
//! or imports a type does not use it. Left out is what is used from outside: tests, `-main`, what is exported, methods, the
//! functions of a class that `:gen-class` makes, and forms that define nothing; so is a var whose full name stands anywhere
//! else in the sources: quoted, for `requiring-resolve`, in a text, in a file of data such as `deps.edn`.
//!
//! Cost: the graph of all statements; where something seems unused, one pass over all sources.

use crate::dependencies::{NamedGraph, defines_var};
use crate::impact::is_test_kind;
use crate::model::{Attr, DependencyType, NotCode, Types};
use crate::source::Source;
use db::{Db, EntityId};
use rustc_hash::{FxHashMap, FxHashSet};

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

/// The vars that nothing uses, by name.
pub fn unused(db: &Db) -> Result<Vec<Unused>, NotCode> {
    let source = Source::new(db)?;
    let loads = [DependencyType::NamespaceRequire, DependencyType::Import];
    let uses: Types = DependencyType::all().filter(|kind| !loads.contains(kind)).collect();
    let named = NamedGraph::statements(db)?.only(uses);
    let (component, count) = named.graph.components();
    let mut alive = vec![false; count];
    for (from, to) in named.graph.edges() {
        let (from, to) = (component[from as usize], component[to as usize]);
        alive[to as usize] |= from != to;
    }
    let generated = generated(&source);
    for node in 0..named.graph.len() as u32 {
        let own = component[node as usize] as usize;
        alive[own] = alive[own] || is_alive(&source, &named, node, &generated);
    }
    let is_left = |node: &u32| !alive[component[*node as usize] as usize];
    let left: Vec<u32> = (0..named.graph.len() as u32).filter(is_left).collect();
    for node in mentioned(&source, &named, &left) {
        alive[component[node as usize] as usize] = true;
    }
    let is_left = |node: &&u32| !alive[component[**node as usize] as usize];
    let unused = left.iter().filter(is_left).map(|node| {
        let statement = named.entity(*node);
        Unused {
            fqn: named.name(*node).to_string(),
            statement,
            kind: source.keyword(statement, Attr::StatementType).unwrap_or_default(),
            private: source.flag(statement, Attr::StatementPrivate),
        }
    });
    let mut unused: Vec<Unused> = unused.collect();
    unused.sort_unstable();
    Ok(unused)
}

/// Whether a statement is used from outside, or defines nothing that could be used.
fn is_alive(
    source: &Source<'_>,
    named: &NamedGraph,
    node: u32,
    generated: &FxHashSet<String>,
) -> bool {
    let statement = named.entity(node);
    let kind = source.keyword(statement, Attr::StatementType).unwrap_or_default();
    let name = source.text(statement, Attr::StatementName).unwrap_or_default();
    let of_class = || {
        let namespace = source.text(statement, Attr::StatementNamespace);
        name.starts_with('-') && namespace.is_some_and(|ns| generated.contains(&*ns))
    };
    let kind = kind.rsplit('/').next().unwrap_or(&kind);
    matches!(kind, "ns" | "defmethod")
        || is_test_kind(kind)
        || source.flag(statement, Attr::StatementRoot)
        || &*name == "-main"
        || of_class()
        || !defines_var(source, statement, named.name(node))
}

/// The namespaces that a class is made of.
fn generated(source: &Source<'_>) -> FxHashSet<String> {
    let forms = source.texts(Attr::StatementSource).filter(|(_, text)| text.contains(":gen-class"));
    let namespace = |e: EntityId| Some(source.text(e, Attr::StatementNamespace)?.to_string());
    forms.filter_map(|(e, _)| namespace(e)).collect()
}

/// Those of some statements whose full name, or that of a var they define, stands in another statement.
fn mentioned(source: &Source<'_>, named: &NamedGraph, nodes: &[u32]) -> Vec<u32> {
    let mut wanted: FxHashMap<String, u32> = FxHashMap::default();
    for node in nodes {
        wanted.insert(named.name(*node).to_string(), *node);
        let definitions = source.ids.get(Attr::StatementDefinitions);
        for definition in source.db.values(named.entity(*node), definitions) {
            let entity = definition.v.as_entity();
            let name = entity.and_then(|e| source.text(e, Attr::DefinitionFqn));
            wanted.extend(name.map(|name| (name.to_string(), *node)));
        }
    }
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let ends = |c: char| c.is_whitespace() || "()[]{}\"'`,;@^~\\".contains(c);
    for (e, text) in source.texts(Attr::StatementSource) {
        for word in text.split(ends).filter(|word| word.contains('/')) {
            let node = wanted.get(word.trim_start_matches('#'));
            found.extend(node.filter(|node| named.entity(**node) != e));
        }
    }
    found
}
