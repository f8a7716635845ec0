//! Whether a log can keep what a transaction says.
//!
//! Some values are only of a running program, some names and nestings would not read back as what they are, and some
//! attributes are the log's own. All that is refused before anything is written.

use crate::encode::Said;
use crate::error::StoreError;
use crate::read::MAX_LINE;
use db::{AttrId, Cell, Db, Index, Prefix, Schema, Unique};
use edn::Value;
use rustc_hash::FxHashSet;

/// Attributes that mean something else on a line.
const ON_LINES: [&str; 3] = ["db/id", "db/retract", "db/attribute"];

/// Attributes that a commit line has besides what is said of the transaction.
pub(crate) const ON_COMMITS: [&str; 4] = ["tx/id", "tx/parents", "tx/lines", "tx/crc32c"];

fn refused<T>(what: impl ToString, problem: &str) -> Result<T, StoreError> {
    Err(StoreError::Unwritable { what: what.to_string(), problem: problem.to_string() })
}

fn is_one_of(names: &[&str], attribute: &Value) -> bool {
    names.iter().any(|name| attribute.is_keyword(name))
}

/// Refuses what a log cannot keep.
pub(crate) fn check(said: &Said<'_>) -> Result<(), StoreError> {
    let (report, after) = (said.report, &said.report.db_after);
    let mut attributes: FxHashSet<AttrId> = FxHashSet::default();
    let mut values: FxHashSet<Cell> = FxHashSet::default();
    for d in report.tx_data.iter().chain(said.again) {
        let name = after.attr_name(d.a);
        if d.e == report.tx && is_one_of(&ON_COMMITS[1..], name) {
            return refused(name, "is what the log says of a transaction");
        }
        if d.e == report.tx && name.is_keyword("tx/id") && after.value(d.v) != Value::Uuid(said.id)
        {
            return refused(name, "is the log's to give");
        }
        if attributes.insert(d.a) {
            if is_one_of(&ON_LINES, name) {
                return refused(name, "is what the log says of a line");
            }
            check_value(name)?;
        }
        if d.v.as_int().is_none() {
            match after.value(d.v) {
                Value::Str(_) | Value::Bool(_) | Value::Double(_) | Value::Inst(_) => {}
                value if values.insert(d.v) => check_value(&value)?,
                _ => {}
            }
        }
    }
    said.schema.iter().try_for_each(|(attribute, properties)| {
        check_value(attribute)?;
        check_value(properties)
    })
}

/// What stands around a value on a line: line, map, retraction, set.
const AROUND: usize = 4;

fn check_value(value: &Value) -> Result<(), StoreError> {
    let text = format!("{}{value}{}", "[".repeat(AROUND), "]".repeat(AROUND));
    let mut read = edn::read(&text).ok();
    for _ in 0..AROUND {
        read = read.and_then(|outer| match outer.as_vector() {
            Some([inner]) => Some(inner.clone()),
            _ => None,
        });
    }
    if read.as_ref() != Some(value) {
        return refused(value, "would not read back as it is");
    }
    Ok(())
}

/// Refuses lines that would not be read.
pub(crate) fn check_length(text: &str) -> Result<(), StoreError> {
    if text.len() > MAX_LINE && text.lines().any(|line| line.len() > MAX_LINE) {
        return refused("an entity", &format!("comes to a line of more than {MAX_LINE} bytes"));
    }
    Ok(())
}

/// Refuses changes of the schema that would change what the log has said.
pub(crate) fn check_schema(
    db: &Db,
    changed: &Schema,
    lines: &[(Value, Value)],
) -> Result<(), StoreError> {
    for (attribute, _) in lines {
        if is_one_of(&ON_LINES, attribute) || is_one_of(&ON_COMMITS, attribute) {
            return refused(attribute, "is the log's own");
        }
        let (Some(old), Some(new)) =
            (db.schema().attribute(attribute), changed.attribute(attribute))
        else {
            continue;
        };
        let a = db.attr(attribute);
        let prefix = Prefix { a, ..Prefix::default() };
        let is_used = || db.history().scan(Index::Aevt, &prefix).next().is_some();
        let is_same = old.is_ref() == new.is_ref() && old.tuple() == new.tuple();
        if !is_same && is_used() {
            return refused(attribute, "has values: their type cannot change any more");
        }
        let becomes_unique = old.unique().is_none() && new.unique().is_some();
        if becomes_unique && has_doubles(db, &prefix) {
            return refused(attribute, "has a value twice: it cannot become unique");
        }
        if old.unique() == Some(Unique::Identity) && new.unique() != old.unique() && is_used() {
            return refused(attribute, "names entities in the log: it stays a unique identity");
        }
        if old.is_many() && !new.is_many() && has_several(db, &prefix) {
            return refused(attribute, "has several values of one entity");
        }
    }
    Ok(())
}

fn has_doubles(db: &Db, prefix: &Prefix) -> bool {
    let mut seen = FxHashSet::default();
    db.scan(Index::Aevt, prefix).any(|d| !seen.insert(db.dict().class(d.v)))
}

fn has_several(db: &Db, prefix: &Prefix) -> bool {
    let mut last = None;
    db.scan(Index::Aevt, prefix).any(|d| last.replace(d.e) == Some(d.e))
}
