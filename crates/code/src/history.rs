//! How statements came to be what they are.

use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::{Datom, Db, EntityId, Text};
use edn::{Inst, Value};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// When and by whom something was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The transaction.
    pub tx: EntityId,
    /// Its time, where it says one.
    pub at: Option<Inst>,
    /// Its author, where it says one.
    pub author: Option<String>,
}

/// A value that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The attribute.
    pub attribute: Value,
    /// Values that were there before and are not any more.
    pub before: Vec<Value>,
    /// Values that have come.
    pub after: Vec<Value>,
}

/// A statement as one transaction left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Who made it so.
    pub origin: Origin,
    /// Its name then.
    pub fqn: Option<String>,
    /// Its text then; none once it is deleted.
    pub source: Option<String>,
    /// What the transaction changed.
    pub steps: Vec<Step>,
}

/// The entities that have or once had a name, those that have it now first.
pub fn entities_ever_named(db: &Db, fqn: &str) -> Result<Vec<EntityId>, NotCode> {
    let past = db.history();
    let source = Source::new(&past)?;
    let Some(cell) = db.cell(&Value::string(fqn)) else { return Ok(Vec::new()) };
    let mut entities: Vec<EntityId> = source.with_value(Attr::StatementFqn, cell).collect();
    entities.sort_unstable();
    entities.dedup();
    let has_now = |e: &EntityId| {
        Source::new(db).is_ok_and(|now| now.text(*e, Attr::StatementFqn).as_deref() == Some(fqn))
    };
    entities.sort_by_key(|e| !has_now(e));
    Ok(entities)
}

/// All versions of a statement, the first one first.
pub fn versions(db: &Db, statement: EntityId) -> Result<Vec<Version>, NotCode> {
    let past = db.history();
    let source = Source::new(&past)?;
    let mut transactions: BTreeMap<EntityId, Vec<Datom>> = BTreeMap::new();
    for datom in source.datoms(statement) {
        transactions.entry(datom.tx).or_default().push(datom);
    }
    let (mut fqn, mut text) = (None, None);
    let mut versions = Vec::with_capacity(transactions.len());
    for (tx, datoms) in transactions {
        let mut steps: Vec<Step> = Vec::new();
        for datom in datoms {
            let value = db.value(datom.v);
            match source.attr(&datom) {
                Some(Attr::StatementFqn) => update(&mut fqn, &value, datom.added),
                Some(Attr::StatementSource) => update(&mut text, &value, datom.added),
                _ => {}
            }
            let attribute = db.attr_name(datom.a);
            let at = match steps.iter().position(|step| step.attribute == *attribute) {
                Some(at) => at,
                None => {
                    let attribute = attribute.clone();
                    steps.push(Step { attribute, before: Vec::new(), after: Vec::new() });
                    steps.len() - 1
                }
            };
            let side = if datom.added { &mut steps[at].after } else { &mut steps[at].before };
            side.push(value);
        }
        let (fqn, source) = (fqn.clone(), text.clone());
        versions.push(Version { origin: origin(db, tx), fqn, source, steps });
    }
    Ok(versions)
}

/// What an attribute is after a datom: an assertion sets it, a retraction of what it is clears it.
fn update(current: &mut Option<String>, value: &Value, added: bool) {
    let text = value.as_str().map(str::to_owned);
    if added {
        *current = text;
    } else if *current == text {
        *current = None;
    }
}

fn origin(db: &Db, tx: EntityId) -> Origin {
    let at = match db.get(tx, &Value::keyword("db/txInstant")) {
        Some(Value::Inst(at)) => Some(at),
        _ => None,
    };
    let author = db.get(tx, &Value::keyword("tx/author"));
    Origin {
        tx,
        at,
        author: author.map(|a| a.as_str().map_or_else(|| a.to_string(), str::to_owned)),
    }
}

/// A transaction that changed code.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    /// Who did it.
    pub origin: Origin,
    /// The names of statements it added, up to the limit that was asked for.
    pub added: Vec<String>,
    /// Of statements whose text it changed.
    pub changed: Vec<String>,
    /// Of statements it deleted.
    pub deleted: Vec<String>,
    /// How many statements it added, changed, deleted.
    pub counts: [usize; 3],
}

/// The transactions that changed code, the last one first: at most `limit` of them, each with at most `names` names of a
/// kind.
pub fn log(db: &Db, limit: usize, names: usize) -> Result<Vec<LogEntry>, NotCode> {
    let past = db.history();
    let source = Source::new(&past)?;
    let mut touched: BTreeMap<EntityId, FxHashMap<EntityId, (bool, bool)>> = BTreeMap::new();
    for datom in source.column(Attr::StatementSource) {
        let sides = touched.entry(datom.tx).or_default().entry(datom.e).or_default();
        if datom.added { sides.0 = true } else { sides.1 = true }
    }
    let mut name_of: FxHashMap<EntityId, Vec<(EntityId, Text<'_>)>> = FxHashMap::default();
    for datom in source.column(Attr::StatementFqn).filter(|d| d.added) {
        if let Some(name) = db.dict().string(datom.v) {
            name_of.entry(datom.e).or_default().push((datom.tx, name));
        }
    }
    let mut entries = Vec::new();
    for (tx, statements) in touched.into_iter().rev().take(limit) {
        let mut kinds: [Vec<&str>; 3] = Default::default();
        for (e, sides) in statements {
            let known = name_of.get(&e).map_or(&[][..], Vec::as_slice);
            let then =
                known.iter().filter(|(since, _)| *since <= tx).max_by_key(|(since, _)| *since);
            let kind = match sides {
                (true, false) => 0,
                (true, true) => 1,
                (false, _) => 2,
            };
            kinds[kind].push(then.map_or("", |(_, name)| name));
        }
        let counts = [kinds[0].len(), kinds[1].len(), kinds[2].len()];
        let [added, changed, deleted] = kinds.map(|mut kind| {
            kind.sort_unstable();
            kind.into_iter().take(names).map(str::to_owned).collect()
        });
        entries.push(LogEntry { origin: origin(db, tx), added, changed, deleted, counts });
    }
    Ok(entries)
}
