//! The edges between statements.
//!
//! An edge is kept for each statement that uses another one and each way it does so, as long as both are there. Edges that
//! stand twice, as after a merge of two clones, are brought down to one.

use super::plan::Planner;
use crate::model::Attr;
use crate::source::Source;
use db::{Cell, EntityId, EntityRef, OpValue};
use edn::{Keyword, Str, Value};
use rustc_hash::{FxHashMap, FxHashSet};

/// Plans the edges of all statements of an update.
pub(super) fn plan(planner: &mut Planner<'_>) {
    let mut targets = Targets::of(planner);
    for i in 0..planner.new.len() {
        own(planner, &mut targets, i);
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

/// Which statement a name means after the update.
struct Targets {
    names: FxHashMap<Str, Option<EntityRef>>,
}

impl Targets {
    fn of(planner: &Planner<'_>) -> Targets {
        let mut names = FxHashMap::default();
        for new in &planner.new {
            names.insert(new.fqn.clone(), Some(new.entity));
        }
        for new in &planner.new {
            for definition in &new.facts.definitions {
                names.entry(definition.fqn.clone()).or_insert(Some(new.entity));
            }
        }
        Targets { names }
    }

    fn find(&mut self, planner: &Planner<'_>, name: &Str) -> Option<EntityRef> {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let found = elsewhere(planner, name);
        self.names.insert(name.clone(), found);
        found
    }
}

/// The statement with a name among those that the update does not look at.
fn elsewhere(planner: &Planner<'_>, name: &str) -> Option<EntityRef> {
    let source = planner.source;
    let untouched = |e: &EntityId| !planner.old.by_entity.contains_key(e);
    let by_name = source.named(Attr::StatementFqn, name).filter(untouched);
    let found = by_name.or_else(|| {
        let cell = source.db.cell(&Value::string(name))?;
        let mut owners = source
            .with_value(Attr::DefinitionFqn, cell)
            .flat_map(|d| source.with_value(Attr::StatementDefinitions, Cell::entity(d)));
        owners.find(untouched)
    });
    found.map(EntityRef::Id)
}

/// The edges of one statement that was read.
fn own(planner: &mut Planner<'_>, targets: &mut Targets, i: usize) {
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
        let stored = planner.old.all[old as usize].e;
        let source = planner.source;
        for edge in source.with_value(Attr::DependencyFrom, Cell::entity(stored)) {
            let (to, kind) = ends(source, edge);
            let at = wanted.iter().position(|(wanted_to, wanted_kind)| {
                to.map(EntityRef::Id) == Some(*wanted_to) && kind.as_ref() == Some(*wanted_kind)
            });
            match at {
                Some(at) => {
                    wanted.swap_remove(at);
                }
                None => planner.retract_all(edge, source.datoms(edge)),
            }
        }
    }
    for (to, kind) in wanted {
        add(planner, from, to, kind.clone());
    }
}

fn ends(source: &Source<'_>, edge: EntityId) -> (Option<EntityId>, Option<Keyword>) {
    let to = source.value(edge, Attr::DependencyTo).and_then(Cell::as_entity);
    let kind = source.value(edge, Attr::DependencyType).map(|v| source.db.value(v));
    (to, kind.as_ref().and_then(Value::as_keyword).cloned())
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
        if stored.is_some_and(|s| s.fqn == &*new.fqn) && facts.definitions.is_empty() {
            continue;
        }
        let mut linked: FxHashSet<EntityId> = FxHashSet::default();
        if let Some(stored) = stored {
            let e = stored.e;
            for edge in source.with_value(Attr::DependencyTo, Cell::entity(e)) {
                let from = source.value(edge, Attr::DependencyFrom).and_then(Cell::as_entity);
                let Some(from) = from.filter(|f| !planner.old.by_entity.contains_key(f)) else {
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
                .filter(|e| !planner.old.by_entity.contains_key(e))
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
    names.any(|name| targets.find(planner, &Str::from(name)) == Some(to))
}
