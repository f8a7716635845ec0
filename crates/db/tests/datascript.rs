//! Random transactions give what DataScript 1.8.1 gave for them: datoms, tempids, how many changes, messages.
//!
//! `datascript/generate.mjs` made `datascript/transactions.edn` by running DataScript itself. Where DataScript is
//! wrong it is not followed: it takes `[:db/retract e a]` of a unique attribute for an upsert when a tempid of the
//! same transaction means `e`, and forgets what a nested map says of the attribute that it is nested under.
#![allow(clippy::unwrap_used)]

use db::{Db, Index, Schema};
use edn::{Map, Value};
use std::collections::{BTreeMap, HashSet};

fn schemas(head: &Value) -> Vec<Value> {
    field(head, "schemas").as_seq().unwrap().to_vec()
}

fn field<'a>(map: &'a Value, name: &str) -> &'a Value {
    map.as_map().and_then(|m: &Map| m.get_keyword(name)).unwrap_or(&Value::Nil)
}

fn datoms(db: &Db) -> String {
    let all = db.datoms(Index::Eavt, &[]).unwrap();
    let shown: Vec<Value> =
        all.map(|d| Value::vector(db.datom_value(&d).as_seq().unwrap()[..4].to_vec())).collect();
    Value::vector(shown).to_string()
}

/// Through JavaScript a vector form comes as a list; maps without a name are numbered otherwise, and DataScript
/// cannot sort them among tempids.
fn message(text: &str) -> String {
    if text.contains("AutoTempid") || text.starts_with("Cannot compare") {
        return "Tempids used only as value in transaction".to_string();
    }
    text.replace('(', "[").replace(')', "]")
}

fn outcome(db: &mut Db, tx: &Value) -> String {
    match db.with(tx) {
        Err(error) => message(&error.to_string()),
        Ok(report) => {
            *db = report.db_after.clone();
            let tempids: BTreeMap<String, u32> = report
                .tempids
                .iter()
                .map(|(t, e)| (t.as_str().map_or_else(|| t.to_string(), str::to_string), *e))
                .collect();
            let changes: HashSet<_> = report.tx_data.iter().collect();
            format!("{} {tempids:?} {}", datoms(db), changes.len())
        }
    }
}

fn expected(step: &Value) -> String {
    if let Some(error) = field(step, "error").as_str() {
        return message(error);
    }
    let tempids: BTreeMap<String, u32> = field(step, "tempids")
        .as_map()
        .unwrap()
        .iter()
        .map(|(t, e)| (t.as_str().unwrap().to_string(), e.as_int().unwrap() as u32))
        .collect();
    format!("{} {tempids:?} {}", field(step, "datoms"), field(step, "changes"))
}

#[test]
fn transactions_give_what_datascript_gave() {
    let forms = edn::read_all(include_str!("datascript/transactions.edn")).unwrap();
    let schemas = schemas(&forms[0]);
    let mut different = Vec::new();
    for case in &forms[1..] {
        let schema = &schemas[field(case, "schema").as_int().unwrap() as usize];
        let mut db = Db::empty_with_history(Schema::new(schema).unwrap());
        for step in field(case, "steps").as_seq().unwrap() {
            let before = datoms(&db);
            let (given, wanted) = (outcome(&mut db, field(step, "tx")), expected(step));
            if given != wanted {
                different.push(format!(
                    "schema {schema}\n before {before}\n tx {}\n  given {given}\n wanted {wanted}",
                    field(step, "tx")
                ));
                break;
            }
        }
    }
    let count = different.len();
    different.truncate(12);
    assert!(different.is_empty(), "{count} of {}:\n{}", forms.len() - 1, different.join("\n\n"));
}
