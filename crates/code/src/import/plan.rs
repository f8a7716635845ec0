//! From facts about files to the fewest changes of a database that make it say them.
//!
//! Invariants
//! - A statement of which nothing changed gets no operation. What others have said about an entity (attributes that are not
//!   of the code schema) stays with it.
//! - Files that are neither read nor gone are not touched, but for edges to statements that came or went.

use super::edges;
use super::hints::Hints;
use super::matching::{Side, pair, unique_names};
use super::order::numbers;
use super::stored::{Statements, Stored};
use crate::facts::{DEFAULT_TAIL, DefinitionFacts, FileFacts, StatementFacts};
use crate::model::{ANALYSER_VERSION, Attr, NotCode};
use crate::source::{Source, assertion};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use db::{Cell, Datom, Db, EntityId, EntityRef, Op, OpValue, Text};
use edn::{Inst, Str, Value};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// What is to become of a database.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// Files as they are now, each path once.
    pub files: &'a [FileFacts],
    /// Paths of files that are no longer.
    pub gone: &'a [String],
    /// The text of the project's clj-kondo configuration.
    pub config: Option<&'a str>,
    /// The time it is.
    pub now: Inst,
}

/// What happened to a statement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Deleted,
    /// It has another name; its text may have changed too.
    Renamed,
    /// Its text changed.
    Changed,
    /// It stands in another file or at another place.
    Moved,
    /// Only the text before it changed.
    Spaced,
    /// Only what is derived from it and others changed, such as what a name in it means.
    Derived,
}

/// One statement that something happened to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// Its name now; of a deleted one, its last.
    pub fqn: Str,
    /// Its name before, where that was another.
    pub was: Option<Str>,
}

/// The operations of an update, for one transaction, and what they mean.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The operations.
    pub ops: Vec<Op>,
    /// What happens to statements.
    pub changes: Vec<Change>,
    /// How many statements stay as they are.
    pub unchanged: usize,
}

/// Compares files with a database.
pub fn plan(db: &Db, update: &Update<'_>) -> Result<Plan, NotCode> {
    plan_with(db, update, &Hints::default())
}

/// The same, knowing where some statements and files come from.
pub(super) fn plan_with(db: &Db, update: &Update<'_>, hints: &Hints) -> Result<Plan, NotCode> {
    let source = Source::new(db)?;
    let mut planner = Planner::new(&source, update, hints);
    planner.statements();
    planner.namespaces();
    edges::plan(&mut planner);
    planner.deletions();
    planner.files();
    planner.analyser();
    Ok(planner.plan)
}

/// A statement that was read, with the one it is in the database.
pub(super) struct New<'a> {
    pub(super) facts: &'a StatementFacts,
    pub(super) file: usize,
    pub(super) fqn: Str,
    pub(super) old: Option<u32>,
    pub(super) entity: EntityRef,
}

pub(super) struct Planner<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) update: &'a Update<'a>,
    pub(super) old: Statements<'a>,
    pub(super) new: Vec<New<'a>>,
    pub(super) plan: Plan,
    /// For each file that was read: its entity, and whether that is there already.
    files: Vec<EntityRef>,
    /// Entities of files that are gone for good.
    gone: Vec<EntityId>,
    next: u32,
    retracted: FxHashSet<EntityId>,
}

impl<'a> Planner<'a> {
    fn new(source: &'a Source<'a>, update: &'a Update<'a>, hints: &Hints) -> Planner<'a> {
        let mut gone: Vec<EntityId> =
            update.gone.iter().filter_map(|path| source.named(Attr::FilePath, path)).collect();
        let mut next = 0;
        let files: Vec<EntityRef> = update
            .files
            .iter()
            .map(|file| match source.named(Attr::FilePath, &file.path) {
                Some(e) => EntityRef::Id(e),
                None => moved_file(source, &mut gone, hints.path(&file.path))
                    .or_else(|| renamed_file(source, &mut gone, file.hash))
                    .unwrap_or_else(|| {
                        next += 1;
                        EntityRef::New(next - 1)
                    }),
            })
            .collect();
        let known = files.iter().filter_map(|file| match file {
            EntityRef::Id(e) => Some(*e),
            _ => None,
        });
        let old = Statements::of(source, known.chain(gone.iter().copied()));
        let mut planner = Planner {
            source,
            update,
            old,
            new: Vec::new(),
            plan: Plan::default(),
            files,
            gone,
            next,
            retracted: FxHashSet::default(),
        };
        planner.find_again(hints);
        planner
    }

    /// The path of a statement's file.
    pub(super) fn path(&self, new: &New<'_>) -> &'a str {
        &self.update.files[new.file].path
    }

    pub(super) fn fresh(&mut self) -> EntityRef {
        self.next += 1;
        EntityRef::New(self.next - 1)
    }

    pub(super) fn assert(&mut self, e: EntityRef, attr: Attr, v: OpValue) {
        self.plan.ops.push(assertion(e, attr, v));
    }

    /// Retracts everything said of an entity, once.
    pub(super) fn retract_all(&mut self, e: EntityId, datoms: impl Iterator<Item = Datom>) {
        if self.retracted.insert(e) {
            let source = self.source;
            self.plan.ops.extend(datoms.map(|datom| source.retraction(&datom)));
        }
    }

    fn find_again(&mut self, hints: &Hints) {
        let files = self.update.files;
        let all = files.iter().flat_map(|file| &file.statements);
        let names = unique_names(all.map(|s| &s.fqn), |name| self.is_elsewhere(name));
        let mut names = names.into_iter();
        for (file, facts) in files.iter().enumerate() {
            for statement in &facts.statements {
                let Some(fqn) = names.next() else { break };
                let entity = EntityRef::Tx;
                self.new.push(New { facts: statement, file, fqn, old: None, entity });
            }
        }
        let number = |file: EntityRef| match file {
            EntityRef::Id(e) => e,
            EntityRef::New(n) => u32::MAX - n,
            EntityRef::Tx => u32::MAX,
        };
        let kinds: Vec<String> = self.old.all.iter().map(|s| kind_name(&s.kind)).collect();
        let old_sides: Vec<Side<'_>> = self
            .old
            .all
            .iter()
            .zip(&kinds)
            .map(|(s, kind)| Side { file: s.file, fqn: &s.fqn, source: &s.source, kind })
            .collect();
        let new_sides: Vec<Side<'_>> = self
            .new
            .iter()
            .map(|n| Side {
                file: number(self.files[n.file]),
                fqn: &n.fqn,
                source: &n.facts.source,
                kind: n.facts.kind.as_str(),
            })
            .collect();
        let pairs = pair(&old_sides, &new_sides, |fqn| hints.name(fqn));
        for (i, old) in pairs.into_iter().enumerate() {
            let entity = match old {
                Some(old) => EntityRef::Id(self.old.all[old as usize].e),
                None => self.fresh(),
            };
            self.new[i].old = old;
            self.new[i].entity = entity;
        }
    }

    /// Whether a name belongs to a statement of a file that this update does not look at.
    fn is_elsewhere(&self, fqn: &str) -> bool {
        let holder = self.source.named(Attr::StatementFqn, fqn);
        holder.is_some_and(|e| !self.old.by_entity.contains_key(&e))
    }

    /// The places of all new statements in their files.
    fn places(&self) -> Vec<i64> {
        let mut places = Vec::with_capacity(self.new.len());
        let mut at = 0;
        while at < self.new.len() {
            let file = self.new[at].file;
            let end = at + self.new[at..].partition_point(|n| n.file == file);
            let old: Vec<Option<i64>> = self.new[at..end]
                .iter()
                .map(|n| {
                    let stored = &self.old.all[n.old? as usize];
                    (EntityRef::Id(stored.file) == self.files[file]).then_some(stored.order)
                })
                .collect();
            places.extend(numbers(&old));
            at = end;
        }
        places
    }

    fn statements(&mut self) {
        let places = self.places();
        let differences: Vec<Vec<Op>> = self
            .new
            .par_iter()
            .zip(places)
            .map(|(new, place)| self.difference(new, self.values(new, place)))
            .collect();
        for (i, ops) in differences.into_iter().enumerate() {
            self.tell(i, &ops);
            self.plan.ops.extend(ops);
            let (statement, facts) = (self.new[i].entity, self.new[i].facts);
            self.definitions(i, statement, &facts.definitions);
        }
    }

    /// What is to be stored of a statement besides its times.
    fn values(&self, new: &New<'_>, place: i64) -> Vec<(Attr, OpValue)> {
        let stored = new.old.map(|old| &self.old.all[old as usize]);
        let same = stored.filter(|stored| *stored.source == *new.facts.source);
        let mut values = Vec::with_capacity(24);
        new.facts.values(same.and_then(|stored| stored.hash), &mut values);
        let mut wanted: Vec<(Attr, OpValue)> = Vec::with_capacity(values.len() + 5);
        wanted.push((Attr::StatementFqn, OpValue::Value(Value::Str(new.fqn.clone()))));
        wanted.extend(values.into_iter().map(|(attr, value)| (attr, OpValue::Value(value))));
        wanted.push((Attr::StatementFile, OpValue::Entity(self.files[new.file])));
        wanted.push((Attr::StatementOrder, OpValue::Value(Value::Int(place))));
        wanted
    }

    /// The operations that make the database say this of a statement.
    fn difference(&self, new: &New<'_>, wanted: Vec<(Attr, OpValue)>) -> Vec<Op> {
        let now = || OpValue::Value(Value::Inst(self.update.now));
        let say = |(attr, value)| assertion(new.entity, attr, value);
        let Some(old) = new.old else {
            let times = [Attr::StatementCreatedAt, Attr::StatementModifiedAt];
            return wanted.into_iter().chain(times.map(|attr| (attr, now()))).map(say).collect();
        };
        let managed = |attr| {
            (Attr::StatementFqn..Attr::StatementDefinitions).contains(&attr)
                && !matches!(attr, Attr::StatementCreatedAt | Attr::StatementModifiedAt)
                || (Attr::StatementImpureVia..=Attr::StatementRoot).contains(&attr)
        };
        let stored = &self.old.all[old as usize];
        let mut ops = Vec::new();
        self.source.difference(stored.e, self.old.datoms(stored), managed, wanted, &mut ops);
        if changes(&ops, Attr::StatementFqn) || changes(&ops, Attr::StatementSource) {
            ops.push(say((Attr::StatementModifiedAt, now())));
        }
        ops
    }

    /// Notes what some operations mean for a statement.
    fn tell(&mut self, i: usize, ops: &[Op]) {
        let new = &self.new[i];
        let fqn = new.fqn.clone();
        let Some(old) = new.old else {
            self.plan.changes.push(Change { kind: ChangeKind::Added, fqn, was: None });
            return;
        };
        let renamed = changes(ops, Attr::StatementFqn);
        let kind = if ops.is_empty() {
            self.plan.unchanged += 1;
            return;
        } else if renamed {
            ChangeKind::Renamed
        } else if changes(ops, Attr::StatementSource) {
            ChangeKind::Changed
        } else if changes(ops, Attr::StatementFile) || changes(ops, Attr::StatementOrder) {
            ChangeKind::Moved
        } else if changes(ops, Attr::StatementBefore) {
            ChangeKind::Spaced
        } else {
            ChangeKind::Derived
        };
        let was = renamed.then(|| Str::from(&*self.old.all[old as usize].fqn));
        self.plan.changes.push(Change { kind, fqn, was });
    }

    fn definitions(&mut self, i: usize, statement: EntityRef, facts: &'a [DefinitionFacts]) {
        let mut old: FxHashMap<Text<'_>, Vec<EntityId>> = FxHashMap::default();
        if let Some(at) = self.new[i].old {
            for e in self.components(&self.old.all[at as usize]) {
                let fqn = self.source.text(e, Attr::DefinitionFqn).unwrap_or_default();
                old.entry(fqn).or_default().push(e);
            }
        }
        for definition in facts {
            let mut values = Vec::new();
            definition.values(&mut values);
            let wanted = values.into_iter().map(|(attr, value)| (attr, OpValue::Value(value)));
            match old.get_mut(&*definition.fqn).and_then(Vec::pop) {
                Some(e) => {
                    let datoms: Vec<Datom> = self.source.datoms(e).collect();
                    let ops = &mut self.plan.ops;
                    self.source.difference(e, &datoms, |_| true, wanted.collect(), ops);
                }
                None => {
                    let entity = self.fresh();
                    self.assert(statement, Attr::StatementDefinitions, OpValue::Entity(entity));
                    for (attr, value) in wanted {
                        self.assert(entity, attr, value);
                    }
                }
            }
        }
        for e in old.into_values().flatten() {
            self.retract_entity(e, &[]);
        }
    }

    fn components(&self, stored: &Stored<'_>) -> Vec<EntityId> {
        let datoms = self.old.datoms(stored).iter();
        let components = datoms.filter(|d| self.source.attr(d) == Some(Attr::StatementDefinitions));
        components.filter_map(|d| d.v.as_entity()).collect()
    }

    /// Retracts an entity and what refers to it, but for some attributes.
    pub(super) fn retract_entity(&mut self, e: EntityId, but: &[Attr]) {
        let source = self.source;
        self.retract_all(e, source.datoms(e));
        let schema = source.db.schema();
        let but: Vec<_> = but.iter().map(|attr| source.ids.get(*attr)).collect();
        let references =
            (0..schema.len() as u32).filter(|a| schema.get(*a).is_ref() && !but.contains(a));
        for a in references {
            let prefix = db::Prefix { a: Some(a), v: Some(Cell::entity(e)), ..Default::default() };
            for datom in source.db.scan(db::Index::Avet, &prefix) {
                // What is itself retracted as a whole is not retracted twice.
                if !self.retracted.contains(&datom.e) {
                    self.plan.ops.push(source.retraction(&datom));
                }
            }
        }
    }

    fn deletions(&mut self) {
        let mut kept = vec![false; self.old.all.len()];
        for new in &self.new {
            if let Some(old) = new.old {
                kept[old as usize] = true;
            }
        }
        let deleted: Vec<usize> = (0..kept.len()).filter(|i| !kept[*i]).collect();
        for i in deleted {
            let stored = &self.old.all[i];
            let (e, fqn) = (stored.e, Str::from(&*stored.fqn));
            let components = self.components(stored);
            for component in components {
                let source = self.source;
                self.retract_all(component, source.datoms(component));
            }
            edges::retract_around(self, e);
            self.retract_entity(e, &[]);
            self.plan.changes.push(Change { kind: ChangeKind::Deleted, fqn, was: None });
        }
        for e in self.gone.clone() {
            // Its statements are deleted or have been given their new file.
            self.retract_entity(e, &[Attr::StatementFile]);
        }
    }

    fn files(&mut self) {
        let values: Vec<_> = self.update.files.par_iter().map(file_values).collect();
        for (wanted, entity) in values.into_iter().zip(self.files.clone()) {
            match entity {
                EntityRef::Id(e) => {
                    let datoms: Vec<Datom> = self.source.datoms(e).collect();
                    let ops = &mut self.plan.ops;
                    self.source.difference(e, &datoms, |_| true, wanted, ops);
                }
                _ => wanted.into_iter().for_each(|(attr, value)| self.assert(entity, attr, value)),
            }
        }
    }

    /// What made the derived facts.
    fn analyser(&mut self) {
        const NAME: &str = "defbase";
        let config = self.update.config.map(|text| (Attr::AnalyserConfig, Value::string(text)));
        let wanted: Vec<(Attr, OpValue)> = [
            (Attr::AnalyserName, Value::string(NAME)),
            (Attr::AnalyserVersion, Value::Int(ANALYSER_VERSION)),
        ]
        .into_iter()
        .chain(config)
        .map(|(attr, value)| (attr, OpValue::Value(value)))
        .collect();
        match self.source.named(Attr::AnalyserName, NAME) {
            Some(e) => {
                let datoms: Vec<Datom> = self.source.datoms(e).collect();
                self.source.difference(e, &datoms, |_| true, wanted, &mut self.plan.ops);
            }
            None => {
                let entity = self.fresh();
                wanted.into_iter().for_each(|(attr, value)| self.assert(entity, attr, value));
            }
        }
    }
}

fn changes(ops: &[Op], attr: Attr) -> bool {
    ops.iter().any(|op| op.a == *attr.name())
}

fn kind_name(kind: &Value) -> String {
    kind.as_keyword().map_or_else(String::new, |k| k.as_str().to_owned())
}

/// The file that had a path and is gone from there.
fn moved_file(
    source: &Source<'_>,
    gone: &mut Vec<EntityId>,
    path: Option<&str>,
) -> Option<EntityRef> {
    let file = source.named(Attr::FilePath, path?)?;
    let at = gone.iter().position(|e| *e == file)?;
    Some(EntityRef::Id(gone.remove(at)))
}

/// A file that is gone whose bytes turn up under another path is that file under a new name.
fn renamed_file(source: &Source<'_>, gone: &mut Vec<EntityId>, hash: i64) -> Option<EntityRef> {
    let cell = source.db.cell(&Value::Int(hash))?;
    let at = gone.iter().position(|e| source.value(*e, Attr::FileHash) == Some(cell))?;
    Some(EntityRef::Id(gone.remove(at)))
}

fn file_values(facts: &FileFacts) -> Vec<(Attr, OpValue)> {
    let mut wanted = vec![
        (Attr::FilePath, Value::string(facts.path.as_str())),
        (Attr::FileHash, Value::Int(facts.hash)),
        (Attr::FileFactsHash, Value::Int(facts.facts_hash())),
    ];
    if facts.tail != DEFAULT_TAIL && facts.opaque.is_none() {
        wanted.push((Attr::FileTail, Value::string(facts.tail.as_str())));
    }
    if let Some(problem) = &facts.problem {
        let text = match problem.position {
            Some((line, column)) => format!("{line}:{column}: {}", problem.message),
            None => problem.message.clone(),
        };
        wanted.push((Attr::FileProblem, Value::string(text)));
    }
    if let Some(bytes) = &facts.opaque {
        wanted.push((Attr::FileBytes, Value::string(STANDARD.encode(bytes))));
    }
    wanted.into_iter().map(|(attr, value)| (attr, OpValue::Value(value))).collect()
}
