//! The edges between statements.
//!
//! An edge is kept for each statement that uses another one and each way it does so, as long as both are there. Edges that
//! stand twice, as after a merge of two clones, are brought down to one.

use super::plan::Planner;
use crate::model::Attr;
use db::{Cell, EntityId, EntityRef, OpValue};
use edn::{Keyword, Str, Value};
use rustc_hash::{FxHashMap, FxHashSet};

/// Plans the edges of all statements of an update.
pub(super) fn plan(planner: &mut Planner<'_>) {
    let mut targets = Targets::of(planner);
    let stored = stored(planner);
    for i in 0..planner.new.len() {
        own(planner, &mut targets, &stored, i);
    }
    from_elsewhere(planner, &mut targets);
}

/// Retracts the edges from and to a statement.
pub(super) fn retract_around(planner: &mut Planner<'_>, statement: EntityId) {
    let source = planner.source;
    for attr in [Attr::DependencyFrom, Attr::DependencyTo] {
        for edge in source.with_value(attr, Cell::entity(statement)) {
            planner.retract_all(edge, source.datoms(edge));
        }
    }
}

/// Which statement a name means after the update: the one that is called so, else the first that defines it, in the order of the
/// files' paths.
struct Targets {
    names: FxHashMap<Str, Option<EntityRef>>,
    /// The first definition of each name in the update: its path and statement.
    definitions: FxHashMap<Str, (Str, EntityRef)>,
}

impl Targets {
    fn of(planner: &Planner<'_>) -> Targets {
        let names = planner.new.iter().map(|new| (new.fqn.clone(), Some(new.entity))).collect();
        let mut definitions = FxHashMap::default();
        for new in &planner.new {
            for definition in &new.facts.definitions {
                definitions
                    .entry(definition.fqn.clone())
                    .or_insert_with(|| (Str::from(planner.path(new)), new.entity));
            }
        }
        Targets { names, definitions }
    }

    fn find(&mut self, planner: &Planner<'_>, name: &Str) -> Option<EntityRef> {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let source = planner.source;
        let called = source.named(Attr::StatementFqn, name);
        let called = called.filter(|e| is_elsewhere(planner, e)).map(EntityRef::Id);
        let found = called.or_else(|| {
            let here = self.definitions.get(name);
            let first = here.cloned().into_iter().chain(defined_elsewhere(planner, name));
            first.min_by(|a, b| a.0.cmp(&b.0)).map(|(_, e)| e)
        });
        self.names.insert(name.clone(), found);
        found
    }
}

/// Whether a statement is one that the update does not look at.
fn is_elsewhere(planner: &Planner<'_>, statement: &EntityId) -> bool {
    !planner.old.by_entity.contains_key(statement)
}

/// The first statement that defines a name among those that the update does not look at, with its path.
fn defined_elsewhere(planner: &Planner<'_>, name: &str) -> Option<(Str, EntityRef)> {
    let source = planner.source;
    let cell = source.db.cell(&Value::string(name))?;
    let owners = source
        .with_value(Attr::DefinitionFqn, cell)
        .flat_map(|d| source.with_value(Attr::StatementDefinitions, Cell::entity(d)))
        .filter(|e| is_elsewhere(planner, e));
    let placed = owners.filter_map(|e| {
        let file = source.value(e, Attr::StatementFile)?.as_entity()?;
        let order = source.value(e, Attr::StatementOrder)?.as_int()?;
        Some((Str::from(&*source.text(file, Attr::FilePath)?), order, e))
    });
    placed.min().map(|(path, _, e)| (path, EntityRef::Id(e)))
}

/// An edge in the database.
struct Edge {
    edge: EntityId,
    to: Option<EntityId>,
    kind: Option<Keyword>,
}

/// Updates of more statements than this read the edges of the whole database.
const FEW: usize = 2048;

/// The edges in the database that go out from the statements of an update.
fn stored(planner: &Planner<'_>) -> FxHashMap<EntityId, Vec<Edge>> {
    let source = planner.source;
    let statements = &planner.old.all;
    let mut edges: FxHashMap<EntityId, Vec<Edge>> = FxHashMap::default();
    let mut kinds: FxHashMap<Cell, Option<Keyword>> = FxHashMap::default();
    let mut note = |from: EntityId, edge: EntityId, to: Option<Cell>, kind: Option<Cell>| {
        let named = |kind| source.db.value(kind).as_keyword().cloned();
        let kind = kind.and_then(|kind| kinds.entry(kind).or_insert_with(|| named(kind)).clone());
        edges.entry(from).or_default().push(Edge { edge, to: to.and_then(Cell::as_entity), kind });
    };
    if statements.len() <= FEW {
        for statement in statements {
            for edge in source.with_value(Attr::DependencyFrom, Cell::entity(statement.e)) {
                let to = source.value(edge, Attr::DependencyTo);
                note(statement.e, edge, to, source.value(edge, Attr::DependencyType));
            }
        }
        return edges;
    }
    let mut targets = source.column(Attr::DependencyTo).peekable();
    let mut types = source.column(Attr::DependencyType).peekable();
    for from in source.column(Attr::DependencyFrom) {
        while targets.next_if(|d| d.e < from.e).is_some() {}
        while types.next_if(|d| d.e < from.e).is_some() {}
        let to = targets.peek().filter(|d| d.e == from.e).map(|d| d.v);
        let kind = types.peek().filter(|d| d.e == from.e).map(|d| d.v);
        if let Some(statement) = from.v.as_entity()
            && planner.old.by_entity.contains_key(&statement)
        {
            note(statement, from.e, to, kind);
        }
    }
    edges
}

/// The edges of one statement that was read.
fn own(
    planner: &mut Planner<'_>,
    targets: &mut Targets,
    stored: &FxHashMap<EntityId, Vec<Edge>>,
    i: usize,
) {
    let new = &planner.new[i];
    let (from, facts) = (new.entity, new.facts);
    let mut wanted: Vec<(EntityRef, &Keyword)> = Vec::with_capacity(facts.dependencies.len());
    for (name, kind) in &facts.dependencies {
        if let Some(to) = targets.find(planner, name)
            && !wanted.contains(&(to, kind))
        {
            wanted.push((to, kind));
        }
    }
    if let Some(old) = new.old {
        let source = planner.source;
        for Edge { edge, to, kind } in
            stored.get(&planner.old.all[old as usize].e).map_or(&[][..], Vec::as_slice)
        {
            let at = wanted.iter().position(|(wanted_to, wanted_kind)| {
                to.map(EntityRef::Id) == Some(*wanted_to) && kind.as_ref() == Some(*wanted_kind)
            });
            match at {
                Some(at) => {
                    wanted.swap_remove(at);
                }
                None => planner.retract_all(*edge, source.datoms(*edge)),
            }
        }
    }
    for (to, kind) in wanted {
        add(planner, from, to, kind.clone());
    }
}

fn add(planner: &mut Planner<'_>, from: EntityRef, to: EntityRef, kind: Keyword) {
    let edge = planner.fresh();
    planner.assert(edge, Attr::DependencyFrom, OpValue::Entity(from));
    planner.assert(edge, Attr::DependencyTo, OpValue::Entity(to));
    planner.assert(edge, Attr::DependencyType, OpValue::Value(Value::Keyword(kind)));
}

/// The edges from statements that the update does not look at to names that came or went. What they do with a name is not
/// known any more: it is taken for a call where the name has argument vectors.
fn from_elsewhere(planner: &mut Planner<'_>, targets: &mut Targets) {
    let source = planner.source;
    for i in 0..planner.new.len() {
        let new = &planner.new[i];
        let (to, facts) = (new.entity, new.facts);
        let stored = new.old.map(|old| &planner.old.all[old as usize]);
        if stored.is_some_and(|s| s.fqn == *new.fqn) && facts.definitions.is_empty() {
            continue;
        }
        let mut linked: FxHashSet<EntityId> = FxHashSet::default();
        if let Some(stored) = stored {
            let e = stored.e;
            for edge in source.with_value(Attr::DependencyTo, Cell::entity(e)) {
                let from = source.value(edge, Attr::DependencyFrom).and_then(Cell::as_entity);
                let Some(from) = from.filter(|f| is_elsewhere(planner, f)) else {
                    continue;
                };
                if uses(planner, targets, from, to) {
                    linked.insert(from);
                } else {
                    planner.retract_all(edge, source.datoms(edge));
                }
            }
        }
        let own_name = planner.new[i].fqn.clone();
        let names =
            std::iter::once(own_name).chain(facts.definitions.iter().map(|d| d.fqn.clone()));
        for name in names {
            let Some(cell) = source.db.cell(&Value::Str(name.clone())) else { continue };
            if targets.find(planner, &name) != Some(to) {
                continue;
            }
            let kind = if facts.arglists.is_some() { "function-call" } else { "var-reference" };
            let users: Vec<EntityId> = source
                .with_value(Attr::StatementDependencies, cell)
                .filter(|e| is_elsewhere(planner, e))
                .collect();
            for user in users {
                if linked.insert(user) {
                    add(planner, EntityRef::Id(user), to, Keyword::parse(kind));
                }
            }
        }
    }
}

/// Whether one of the names that a statement uses means this entity.
fn uses(planner: &Planner<'_>, targets: &mut Targets, from: EntityId, to: EntityRef) -> bool {
    let source = planner.source;
    let names = source.db.values(from, source.ids.get(Attr::StatementDependencies));
    let mut names = names.filter_map(|d| source.db.dict().string(d.v));
    names.any(|name| targets.find(planner, &Str::from(&*name)) == Some(to))
}
