//! How statements came to be what they are.

use crate::commit::Origin;
use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::{Datom, Db, EntityId};
use edn::Value;
use std::collections::BTreeMap;

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
        versions.push(Version { origin: Origin::of(db, tx), fqn, source, steps });
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
