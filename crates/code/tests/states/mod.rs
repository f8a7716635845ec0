//! A project in one state after another, as several people left it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // Each test program uses its part.

use code::import::import;
use code::model;
use code::project::{Project, Scope, Source};
use db::{Db, EntityId, EntityRef, Op, OpValue};
use edn::{Inst, Value};
use proptest::prelude::*;

/// The files of a project.
pub type Files<'a> = &'a [(&'a str, &'a str)];

/// The database after somebody brought it to a project that has these files and no others.
pub fn committed(db: &Db, files: Files<'_>, author: &str) -> Db {
    let source = |(path, text): &(&str, &str)| Source {
        path: (*path).to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    let project = Project {
        sources: files.iter().map(source).collect(),
        scopes: vec![Scope::All],
        ..Project::default()
    };
    let now = Inst(i64::from(db.max_tx()));
    let mut ops = import(db, project, now).unwrap().plan.ops;
    for (name, value) in [("db/txInstant", Value::Inst(now)), ("tx/author", Value::string(author))]
    {
        let (e, a, v) = (EntityRef::Tx, Value::keyword(name), OpValue::Value(value));
        ops.push(Op { e, a, v, added: true });
    }
    db.with_ops(&ops, Value::Nil).unwrap().db_after
}

/// The database after several states of a project, and the transaction of each. The authors are 1, 2, 3 …
pub fn history(states: &[Files<'_>]) -> (Db, Vec<EntityId>) {
    let mut db = model::empty_db().unwrap();
    let mut transactions = Vec::new();
    for (state, n) in states.iter().zip(1..) {
        db = committed(&db, state, &n.to_string());
        transactions.push(db.max_tx());
    }
    (db, transactions)
}

/// Statements with one of these texts before each.
pub fn text(gaps: &'static [&'static str]) -> impl Strategy<Value = String> {
    let name = || prop::sample::select(vec!["f", "g", "h"]);
    let gap = prop::sample::select(gaps);
    let statement = prop_oneof![
        (name(), 0..3).prop_map(|(a, n)| format!("(defn {a} [x]\n  {n}\n  x)")),
        (name(), 0..3).prop_map(|(a, n)| format!("(def {a}\n  {n})")),
        (0..2).prop_map(|n| format!("(println {n})")),
    ];
    prop::collection::vec((gap, statement), 0..6)
        .prop_map(|parts| parts.into_iter().map(|(gap, s)| gap.to_owned() + &s).collect())
}

pub const ON_LINES: &[&str] = &["\n\n", "\n", "\n; note\n"];
pub const ANYHOW: &[&str] = &["\n\n", "\n", " ", "\n; note\n", ""];
