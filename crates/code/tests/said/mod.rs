//! What a database says, so that two can be compared that numbered their entities otherwise.
#![allow(clippy::unwrap_used, unreachable_pub)]

use db::{Db, Index, Prefix};
use edn::Value;
use std::collections::BTreeSet;

/// Everything a database says of code, with names for entities, without times and places.
pub fn said(db: &Db) -> BTreeSet<String> {
    let name = |e: u32| {
        ["statement/fqn", "file/path", "namespace/name", "analyser/name"]
            .iter()
            .find_map(|a| db.get(e, &Value::keyword(a)))
            .map(|v| v.to_string())
    };
    let edge = |e: u32| {
        let end = |a: &str| match db.get(e, &Value::keyword(a)) {
            Some(Value::Int(e)) => name(e as u32).unwrap(),
            other => panic!("an edge without {a}: {other:?}"),
        };
        let definition = db.get(e, &Value::keyword("definition/fqn"));
        match definition {
            Some(fqn) => format!("definition {fqn}"),
            None => format!("{} → {}", end("dependency/from"), end("dependency/to")),
        }
    };
    db.scan(Index::Eavt, &Prefix::default())
        .filter_map(|d| {
            let attr = db.attr_name(d.a).to_string();
            if ["order", "-at"].iter().any(|end| attr.ends_with(end)) {
                return None;
            }
            let value = match (db.schema().get(d.a).is_ref(), d.v.as_entity()) {
                (true, Some(e)) => name(e).unwrap_or("?".into()),
                _ => db.value(d.v).to_string(),
            };
            Some(format!("{} {attr} {value}", name(d.e).unwrap_or_else(|| edge(d.e))))
        })
        .collect()
}
