//! This database's answers.

use crate::case::{Case, Kind, Outcome, Step, for_all_rows};
use crate::exchange;
use db::{Conn, Datom, Db, Index, Input, Limits, Query, Schema, TxReport};
use edn::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// The outcomes of a case's steps.
pub fn answers(case: &Case) -> Vec<Outcome> {
    let conn = match Schema::new(&case.schema) {
        Ok(schema) => Conn::create(schema),
        Err(error) => return vec![Outcome::Refused(error.to_string()); case.steps.len()],
    };
    let outcome = |given: Result<Value, String>| match given {
        Ok(value) => Outcome::Gave(value),
        Err(message) => Outcome::Refused(message),
    };
    let answer = |step: &Step| {
        let answered = catch_unwind(AssertUnwindSafe(|| answer(&conn, step)));
        answered.map_or_else(|_| Outcome::Broke("a panic".into()), outcome)
    };
    case.steps.iter().map(answer).collect()
}

fn answer(conn: &Conn, step: &Step) -> Result<Value, String> {
    let db = conn.db();
    let forms = step.forms.as_slice();
    match (step.kind, forms) {
        (Kind::Transact, [tx]) => {
            let report = conn.transact(tx).map_err(|e| e.to_string())?;
            Ok(shown_report(&report))
        }
        (Kind::Query, [query, inputs @ ..]) => ask(&db, query, inputs),
        (Kind::QueryOne, [one, inputs @ ..]) => {
            let all = for_all_rows(one);
            Ok(Value::vector(vec![ask(&db, one, inputs)?, ask(&db, &all, inputs)?]))
        }
        (Kind::Pull, [pattern, eid]) => db::pull(&db, pattern, eid).map_err(|e| e.to_string()),
        (Kind::PullMany, [pattern, eids]) => {
            let eids = eids.as_seq().ok_or("not a sequence of entities")?;
            db::pull_many(&db, pattern, eids).map_err(|e| e.to_string())
        }
        (Kind::Datoms, [index, components @ ..]) => {
            let found = db.datoms(named(index)?, components).map_err(|e| e.to_string())?;
            Ok(shown(&db, found))
        }
        (Kind::SeekDatoms, [index, components @ ..]) => {
            let found = db.seek_datoms(named(index)?, components).map_err(|e| e.to_string())?;
            Ok(shown(&db, found))
        }
        (Kind::IndexRange, [attribute, start, end]) => {
            let found = db.index_range(attribute, start, end).map_err(|e| e.to_string())?;
            Ok(shown(&db, found))
        }
        (Kind::Exchange, []) => exchange::written(&db),
        _ => Err("not a step".into()),
    }
}

/// With limits that no case comes near, so that a plan gone wrong shows as a mismatch instead of never ending.
fn ask(db: &Db, query: &Value, inputs: &[Value]) -> Result<Value, String> {
    let mut all = vec![Input::from(db)];
    all.extend(inputs.iter().cloned().map(Input::from));
    let limits = Limits { rows: 5_000_000, time: Some(Duration::from_secs(20)) };
    let query = Query::parse(query).map_err(|e| e.to_string())?;
    let result = query.run_within(&all, limits).map_err(|e| e.to_string())?;
    Ok(result.into_value())
}

fn named(index: &Value) -> Result<Index, String> {
    match index.as_keyword().map(|k| k.as_str()) {
        Some("eavt") => Ok(Index::Eavt),
        Some("aevt") => Ok(Index::Aevt),
        Some("avet") => Ok(Index::Avet),
        _ => Err(format!("no such index: {index}")),
    }
}

fn shown(db: &Db, datoms: impl Iterator<Item = Datom>) -> Value {
    Value::vector(datoms.map(|d| db.datom_value(&d)).collect())
}

fn shown_report(report: &TxReport) -> Value {
    let db = &report.db_after;
    let tempids = report.tempids.iter().map(|(tempid, e)| {
        let name = tempid.as_str().map_or_else(|| tempid.to_string(), str::to_string);
        (Value::from(name), Value::from(*e))
    });
    let all = db.scan(Index::Eavt, &db::Prefix::default());
    Value::map(vec![
        (Value::keyword("tempids"), Value::map(tempids.collect())),
        (Value::keyword("tx-data"), shown(db, report.tx_data.iter().copied())),
        (Value::keyword("datoms"), shown(db, all)),
    ])
}
