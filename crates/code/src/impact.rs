//! What a change to statements can reach, and which tests see it.
//!
//! A change reaches whoever uses the statement, and so on. Calls of a multimethod or of a protocol's methods are dispatched:
//! a change to a method, or to a type that implements a protocol, reaches whoever calls the multimethod or uses the protocol,
//! though not its other methods and types. Who only loads a namespace is not reached.
//!
//! Cost: the graph of all statements, and then what is reached.

use crate::dependencies::NamedGraph;
use crate::graph::Direction;
use crate::model::{Attr, DependencyType, NotCode, Types};
use crate::source::Source;
use db::{Cell, Db, EntityId};
use rustc_hash::{FxHashMap, FxHashSet};

/// A statement that a change can reach.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Affected {
    /// Its node.
    pub node: u32,
    /// Over how many uses.
    pub depth: u32,
    /// The node by which it is reached.
    pub via: u32,
    /// How it uses that; nothing where the call is dispatched to that.
    pub types: Types,
    /// Whether it is a test.
    pub is_test: bool,
}

/// What a change to some statements can reach, nearest first; not further than `limit`.
pub fn impact(
    db: &Db,
    named: &NamedGraph,
    changed: &[u32],
    limit: Option<u32>,
) -> Result<Vec<Affected>, NotCode> {
    let source = Source::new(db)?;
    let implements =
        Types::from_iter([DependencyType::ProtocolImpl, DependencyType::MultimethodImpl]);
    let mut seen = vec![false; named.graph.len()];
    let mut dispatched = vec![false; named.graph.len()];
    changed.iter().for_each(|node| seen[*node as usize] = true);
    let mut affected: Vec<Affected> = Vec::new();
    let mut level: Vec<u32> = changed.to_vec();
    let mut depth = 0;
    while !level.is_empty() && limit.is_none_or(|limit| depth < limit) {
        depth += 1;
        let start = affected.len();
        let mut reach = |node: u32, via: u32, types: Types| {
            if !std::mem::replace(&mut seen[node as usize], true) {
                let is_test = is_test(&source, named.entity(node));
                affected.push(Affected { node, depth, via, types, is_test });
            }
        };
        for node in &level {
            for user in named.graph.neighbours(*node, Direction::Backward) {
                let types = named.types(*user, *node);
                if types != DependencyType::NamespaceRequire.into() {
                    reach(*user, *node, types);
                }
            }
            for target in named.graph.neighbours(*node, Direction::Forward) {
                let implemented = named.types(*node, *target).meets(implements);
                if !implemented || std::mem::replace(&mut dispatched[*target as usize], true) {
                    continue;
                }
                for user in named.graph.neighbours(*target, Direction::Backward) {
                    if !named.types(*user, *target).meets(implements) {
                        reach(*user, *node, Types::default());
                    }
                }
            }
        }
        level.clear();
        level.extend(affected[start..].iter().map(|a| a.node));
    }
    Ok(affected)
}

/// Whether a statement is a test.
pub(crate) fn is_test(source: &Source<'_>, statement: EntityId) -> bool {
    let kind = source.keyword(statement, Attr::StatementType).unwrap_or_default();
    is_test_kind(&kind)
}

/// Whether what is defined so is a test: `deftest`, `defspec` and macros called like them.
pub(crate) fn is_test_kind(kind: &str) -> bool {
    let name = kind.rsplit('/').next().unwrap_or(kind);
    name.starts_with("deftest") || name == "defspec"
}

/// What was changed from one moment on: statements whose text is another one, and those that used what is no longer there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changed {
    /// Statements whose text changed, or that are new.
    pub statements: Vec<EntityId>,
    /// The names that are gone. One whose statement is called otherwise now is gone only for who still uses it.
    pub gone: Vec<String>,
    /// Statements that used one of those, and are still there.
    pub bereft: Vec<EntityId>,
}

/// What was changed, given the database and what was added to it after some moment.
pub fn changed(db: &Db, recent: &Db) -> Result<Changed, NotCode> {
    let (source, recent) = (Source::new(db)?, recent.history());
    let recent = Source::new(&recent)?;
    let mut changed = Changed::default();
    for datom in recent.column(Attr::StatementSource).filter(|d| d.added) {
        if source.value(datom.e, Attr::StatementSource) == Some(datom.v) {
            changed.statements.push(datom.e);
        }
    }
    // A name that is no more, and what its statement is called now, if that is there.
    let mut former: FxHashMap<Cell, Option<Cell>> = FxHashMap::default();
    for datom in recent.column(Attr::StatementFqn).filter(|d| !d.added) {
        let is_gone = source.with_value(Attr::StatementFqn, datom.v).next().is_none();
        if is_gone {
            former.insert(datom.v, source.value(datom.e, Attr::StatementFqn));
        }
    }
    let mut missed: FxHashSet<Cell> = FxHashSet::default();
    let is_there = |e: EntityId| source.value(e, Attr::StatementFqn).is_some();
    let dependencies = source.ids.get(Attr::StatementDependencies);
    for datom in recent.column(Attr::StatementDependencies).filter(|d| !d.added) {
        let Some(now) = former.get(&datom.v) else { continue };
        let followed = now.is_some_and(|n| db.values(datom.e, dependencies).any(|d| d.v == n));
        if !followed && is_there(datom.e) {
            missed.insert(datom.v);
            changed.bereft.push(datom.e);
        }
    }
    let gone = former.iter().filter(|(name, now)| now.is_none() || missed.contains(name));
    let text = |name: &Cell| Some(db.dict().string(*name)?.to_string());
    changed.gone = gone.filter_map(|(name, _)| text(name)).collect();
    changed.gone.sort_unstable();
    for list in [&mut changed.statements, &mut changed.bereft] {
        list.sort_unstable();
        list.dedup();
    }
    Ok(changed)
}

/// The last transaction that changed the text of a statement.
pub fn last_change(db: &Db) -> Result<Option<EntityId>, NotCode> {
    let past = db.history();
    Ok(Source::new(&past)?.column(Attr::StatementSource).map(|d| d.tx).max())
}
