//! A log for a database that has none: one that came as data, from DataScript or another program.
//!
//! Every transaction that the database remembers becomes one of the log, in their order, with its time, author and message. Ids of
//! entities are given out anew, in the order of the log; what refers to them follows. Costs a transaction for each.

use crate::connection::{Connection, TxInfo};
use crate::error::StoreError;
use crate::file::{is_there, read_all, write_whole_on};
use crate::files::System;
use crate::replay::Replayed;
use db::{Datom, Db, EntityId};
use edn::Value;
use rustc_hash::FxHashMap;
use std::path::{Path, PathBuf};

/// Writes a log that leads to a database's facts, to a place where none is. The log is there whole or not at all.
///
/// ```
/// use db::{Db, Schema};
/// let schema = Schema::new(&edn::read("{:friend {:db/valueType :db.type/ref}}").unwrap()).unwrap();
/// let people = edn::read("[{:db/id 7 :name \"Ivan\" :friend 9} {:db/id 9 :name \"Oleg\"}]").unwrap();
/// let db = Db::empty(schema).db_with(&people).unwrap();
/// let folder = tempfile::tempdir().unwrap();
/// let recorded = store::record(&db, &folder.path().join("log.edn")).unwrap().db;
/// // Who is referred to gets an id before who refers.
/// let friend = recorded.get(2, &edn::Value::keyword("friend"));
/// assert_eq!(friend, Some(edn::Value::Int(1)));
/// ```
pub fn record(db: &Db, log: &Path) -> Result<Replayed, StoreError> {
    if is_there(&System, log) {
        return Err(StoreError::Exists { path: log.to_owned() });
    }
    let beside = |ending: &str| {
        let mut name = log.as_os_str().to_owned();
        name.push(format!(".{}.{ending}", std::process::id()));
        PathBuf::from(name)
    };
    let (draft, lock) = (beside("tmp"), beside("tmp.lock"));
    let recorded = write(db, &draft).and_then(|state| {
        write_whole_on(&System, log, &read_all(&System, &draft)?)?;
        Ok(state)
    });
    for file in [draft, lock] {
        let _ = std::fs::remove_file(file);
    }
    recorded
}

fn write(db: &Db, log: &Path) -> Result<Replayed, StoreError> {
    let schema = db.schema().as_map();
    let connection = Connection::create(log, schema, &TxInfo::default())?;
    let mut batch = connection.batch();
    let mut ids: FxHashMap<EntityId, EntityId> = FxHashMap::default();
    for (tx, mut datoms) in db.tx_range(None, None) {
        // Where a unique value passes to another entity, who had it lets go of it first.
        datoms.sort_by_key(|datom| datom.added);
        let (forms, info) = said(db, tx, &datoms, &ids);
        let report = batch.transact(forms, &info)?;
        for (name, id) in &report.tempids {
            if let Some(old) = name.as_str().and_then(|name| name.parse().ok()) {
                ids.insert(old, *id);
            }
        }
        ids.insert(tx, report.tx);
    }
    batch.finish()?;
    Ok(connection.state())
}

/// What a transaction said, with entities that are new named by the ids they had.
fn said(
    db: &Db,
    tx: EntityId,
    datoms: &[Datom],
    ids: &FxHashMap<EntityId, EntityId>,
) -> (Vec<Value>, TxInfo) {
    let entity = |e: EntityId| match ids.get(&e) {
        Some(id) => Value::Int(i64::from(*id)),
        None if e == tx => Value::keyword("db/current-tx"),
        None => Value::string(e.to_string()),
    };
    let mut info = TxInfo::default();
    let mut forms = Vec::with_capacity(datoms.len());
    for datom in datoms {
        let attribute = db.schema().get(datom.a);
        let (name, value) = (db.attr_name(datom.a), db.value(datom.v));
        if datom.e == tx && datom.added && note(&mut info, name, &value) {
            continue;
        }
        // Composite tuples follow from their members.
        if !attribute.tuple().is_empty() {
            continue;
        }
        let value = match value {
            Value::Int(id) if attribute.is_ref() => {
                EntityId::try_from(id).map_or(Value::Int(id), entity)
            }
            value => value,
        };
        let what = Value::keyword(if datom.added { "db/add" } else { "db/retract" });
        forms.push(Value::vector(vec![what, entity(datom.e), name.clone(), value]));
    }
    (forms, info)
}

/// Takes what a transaction says of itself that is told besides.
fn note(info: &mut TxInfo, name: &Value, value: &Value) -> bool {
    let text = || value.as_str().map(str::to_owned);
    match (name, value) {
        (name, Value::Inst(inst)) if name.is_keyword("db/txInstant") => info.inst = Some(*inst),
        (name, Value::Str(_)) if name.is_keyword("tx/author") => info.author = text(),
        (name, Value::Str(_)) if name.is_keyword("tx/message") => info.message = text(),
        (name, _) if name.is_keyword("tx/id") => {}
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use db::Schema;

    fn schema() -> Schema {
        let text = "{:name {:db/unique :db.unique/identity}
                     :friend {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
                     :a+b {:db/tupleAttrs [:a :b]}}";
        Schema::new(&edn::read(text).unwrap()).unwrap()
    }

    /// What a database says, whatever its entities' ids are.
    fn names(db: &Db) -> Vec<(String, Vec<String>)> {
        let name = |e: EntityId| db.get(e, &Value::keyword("name")).unwrap_or(Value::Nil);
        let mut all = Vec::new();
        for (_, datoms) in db.tx_range(None, None) {
            for datom in datoms.iter().filter(|d| !db.attr_name(d.a).is_keyword("tx/id")) {
                let value = match db.value(datom.v) {
                    Value::Int(id) if db.schema().get(datom.a).is_ref() => {
                        name(EntityId::try_from(id).unwrap())
                    }
                    value => value,
                };
                let words =
                    [name(datom.e), db.attr_name(datom.a).clone(), value, datom.added.into()];
                all.push(words.map(|word| word.to_string()));
            }
        }
        all.sort();
        all.into_iter().map(|[e, rest @ ..]| (e, rest.to_vec())).collect()
    }

    #[test]
    fn a_history_comes_back_with_other_ids() {
        let mut db = Db::empty_with_history(schema());
        let transactions = [
            "[{:db/id 700 :name \"Ivan\" :friend [50 700] :a 1 :b 2} {:db/id 50 :name \"Oleg\"}]",
            "[[:db/add 50 :a 5] [:db/retract 700 :friend 700] [:db/add :db/current-tx :tx/message \"why\"]]",
            "[[:db/retract 700 :name \"Ivan\"] [:db/add 50 :name \"Ivan\"] [:db/add 700 :name \"Oleg\"]]",
            "[[:db/retractEntity 700]]",
        ];
        for transaction in transactions {
            db = db.db_with(&edn::read(transaction).unwrap()).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log.edn");
        let recorded = record(&db, &log).unwrap();
        let instants = |(_, words): &(String, Vec<String>)| words[0] != ":db/txInstant";
        let (expected, mut found) = (names(&db), names(&recorded.db));
        found.retain(instants);
        assert_eq!(found, expected);
        let read = crate::load(&std::fs::read(&log).unwrap(), &log).unwrap();
        assert_eq!(crate::encode_snapshot(&read), crate::encode_snapshot(&recorded));
        // Nothing else is left there.
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1);
        assert!(matches!(record(&db, &log), Err(StoreError::Exists { .. })));
    }
}
