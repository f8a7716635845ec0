//! The namespaces' lists of statements and their descriptions.

use super::plan::Planner;
use crate::model::Attr;
use db::{Cell, Datom, EntityId, EntityRef, OpValue};
use edn::{Str, Value};
use rustc_hash::FxHashMap;

/// What becomes of a namespace.
#[derive(Default)]
struct Namespace {
    stays: bool,
    comes: Vec<EntityRef>,
    /// Statements that stay, in another namespace.
    goes: Vec<EntityId>,
    /// How many of its statements are deleted.
    deleted: usize,
    /// Whether its `ns` form is or was among what this update looks at.
    described: bool,
    /// The first docstring of its `ns` forms, with the path of the file.
    description: Option<(Str, Str)>,
}

impl Planner<'_> {
    /// Keeps the namespaces' lists of statements and their descriptions.
    pub(super) fn namespaces(&mut self) {
        let mut namespaces: FxHashMap<Str, Namespace> = FxHashMap::default();
        let mut kept = vec![false; self.old.all.len()];
        for new in &self.new {
            let stored = new.old.map(|old| &self.old.all[old as usize]);
            if let Some(old) = new.old {
                kept[old as usize] = true;
            }
            let before = stored.and_then(|s| s.namespace.as_deref());
            let now = new.facts.namespace.as_ref();
            if let Some(name) = now {
                let namespace = namespaces.entry(name.clone()).or_default();
                namespace.stays |= before == Some(name);
                if before != Some(name) {
                    namespace.comes.push(new.entity);
                }
                if new.facts.kind.as_str() == "ns" {
                    namespace.described = true;
                    if namespace.description.is_none() {
                        let doc = new.facts.doc.clone();
                        namespace.description = doc.map(|doc| (self.path(new).into(), doc));
                    }
                }
            }
            if let (Some(before), Some(stored)) = (before, stored)
                && now.map(|n| &**n) != Some(before)
            {
                let namespace = namespaces.entry(before.into()).or_default();
                namespace.goes.push(stored.e);
                namespace.described |= stored.kind.is_keyword("ns");
            }
        }
        for (stored, _) in self.old.all.iter().zip(kept).filter(|(_, kept)| !kept) {
            if let Some(name) = &stored.namespace {
                let namespace = namespaces.entry(Str::from(&**name)).or_default();
                namespace.deleted += 1;
                namespace.described |= stored.kind.is_keyword("ns");
            }
        }
        let mut namespaces: Vec<(Str, Namespace)> = namespaces.into_iter().collect();
        namespaces.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (name, namespace) in namespaces {
            self.namespace(&name, namespace);
        }
    }

    fn namespace(&mut self, name: &Str, namespace: Namespace) {
        let statements = self.source.ids.get(Attr::NamespaceStatements);
        let there = self.source.named(Attr::NamespaceName, name);
        let entity = match there {
            Some(e) => {
                let prefix = db::Prefix { e: Some(e), a: Some(statements), ..Default::default() };
                let count = self.source.db.count(db::Index::Eavt, &prefix);
                let stays = namespace.stays || !namespace.comes.is_empty();
                if !stays && count <= namespace.goes.len() + namespace.deleted {
                    self.retract_entity(e, &[]);
                    return;
                }
                EntityRef::Id(e)
            }
            None if namespace.comes.is_empty() => return,
            None => {
                let entity = self.fresh();
                let name = OpValue::Value(Value::Str(name.clone()));
                self.assert(entity, Attr::NamespaceName, name);
                entity
            }
        };
        for statement in namespace.comes {
            self.assert(entity, Attr::NamespaceStatements, OpValue::Entity(statement));
        }
        if let EntityRef::Id(e) = entity {
            for statement in namespace.goes {
                let v = Cell::entity(statement);
                let datom = Datom { e, a: statements, v, tx: 0, added: true };
                self.plan.ops.push(self.source.retraction(&datom));
            }
        }
        if namespace.described {
            let elsewhere = self.described_elsewhere(name);
            let first = namespace.description.into_iter().chain(elsewhere).min();
            self.describe(entity, first.map(|(_, doc)| doc));
        }
    }

    /// The docstring of the first `ns` form among those that the update does not look at, with the path of its file.
    fn described_elsewhere(&self, name: &Str) -> Option<(Str, Str)> {
        let source = self.source;
        let cell = source.db.cell(&Value::Str(name.clone()))?;
        let ns = source.db.cell(&Value::keyword("ns"))?;
        let forms = source.with_value(Attr::StatementNamespace, cell).filter(|e| {
            !self.old.by_entity.contains_key(e) && source.value(*e, Attr::StatementType) == Some(ns)
        });
        let docs = forms.filter_map(|e| {
            let doc = source.text(e, Attr::StatementDoc)?;
            let file = source.value(e, Attr::StatementFile)?.as_entity()?;
            let order = source.value(e, Attr::StatementOrder)?.as_int()?;
            Some((Str::from(&*source.text(file, Attr::FilePath)?), order, Str::from(&*doc)))
        });
        docs.min().map(|(path, _, doc)| (path, doc))
    }

    fn describe(&mut self, entity: EntityRef, description: Option<Str>) {
        let wanted: Vec<(Attr, OpValue)> = description
            .map(|doc| (Attr::NamespaceDescription, OpValue::Value(Value::Str(doc))))
            .into_iter()
            .collect();
        match entity {
            EntityRef::Id(e) => {
                let datoms: Vec<Datom> = self.source.datoms(e).collect();
                let managed = |attr| attr == Attr::NamespaceDescription;
                self.source.difference(e, &datoms, managed, wanted, &mut self.plan.ops);
            }
            _ => wanted.into_iter().for_each(|(attr, value)| self.assert(entity, attr, value)),
        }
    }
}
