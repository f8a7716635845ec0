//! Undoing what was done.

#![allow(clippy::unwrap_used)]

mod states;

use code::refactor::{Change, Why};
use code::revert::{self, RevertError};
use code::show::find;
use db::Db;
use edn::{Inst, Value};
use proptest::prelude::*;
use states::{ANYHOW, Files, history, text};
use std::collections::BTreeMap;

fn made(db: &Db, change: &Change) -> Db {
    let import = code::import::change(db, change, Inst(99)).unwrap();
    db.with_ops(&import.plan.ops, Value::Nil).unwrap().db_after
}

fn texts(db: &Db) -> BTreeMap<String, String> {
    let all = code::export::all(db, |_| true).unwrap().into_iter();
    all.map(|file| (file.path, String::from_utf8(file.bytes).unwrap())).collect()
}

fn reasons(outcome: Result<Change, RevertError>) -> Vec<(Why, String)> {
    match outcome {
        Err(RevertError::Refused(refused)) => {
            refused.reasons.into_iter().map(|reason| (reason.why, reason.message)).collect()
        }
        other => panic!("{other:?}"),
    }
}

const A: &str = "(ns a)\n\n; x\n(def x 1)\n\n(defn f [y]\n  (let [z 1]\n    (println z)\n    (+ y z)))\n\n(def last 0)\n";

#[test]
fn what_was_done_since_stays() {
    let second = A.replace("[z 1]", "[z 2]").replace("(def x 1)", "(def x 1)\n\n(def new 5)");
    let third = second.replace("(+ y z)", "(- y z)") + "\n(def more 1)\n";
    let (db, at) = history(&[&[("a.clj", A)], &[("a.clj", &second)], &[("a.clj", &third)]]);
    let change = revert::transaction(&db, at[1]).unwrap();
    let expected = A.replace("(+ y z)", "(- y z)") + "\n(def more 1)\n";
    assert_eq!(change.files[0].after.as_deref(), Some(expected.as_str()));
}

#[test]
fn what_overlaps_is_refused_with_who_did_it() {
    let second = A.replace("(def x 1)", "(def x 2)").replace("(def last 0)\n", "(def added 1)\n");
    let third = second.replace("(def x 2)", "(def x 3)").replace("(def added 1)", "(def added 2)");
    let (db, at) = history(&[&[("a.clj", A)], &[("a.clj", &second)], &[("a.clj", &third)]]);
    let told = reasons(revert::transaction(&db, at[1]));
    let by = format!("by transaction {} (3)", at[2]);
    assert!(
        told.contains(&(Why::Changed, format!("a/x was changed since in the same lines {by}"))),
        "{told:?}"
    );
    assert_eq!(told.len(), 2, "{told:?}");
    let nothing = reasons(revert::transaction(&db, db.max_tx() + 1));
    assert_eq!(nothing[0].0, Why::Unknown);
}

#[test]
fn what_was_deleted_comes_back_where_it_was() {
    let second = A.replace("; x\n(def x 1)\n\n", "");
    let third = second.replace("(def last 0)", "(def last 1)");
    let (db, at) = history(&[&[("a.clj", A)], &[("a.clj", &second)], &[("a.clj", &third)]]);
    let change = revert::transaction(&db, at[1]).unwrap();
    assert_eq!(
        change.files[0].after.as_deref(),
        Some(A.replace("(def last 0)", "(def last 1)").as_str())
    );
    let one = revert::to(&db, at[0], &["a/last".to_owned()]).unwrap();
    assert_eq!(one.files[0].after.as_deref(), Some(second.as_str()));
    assert_eq!(reasons(revert::to(&db, at[0], &["a/none".to_owned()]))[0].0, Why::Unknown);
}

#[test]
fn a_statement_stays_itself_and_users_of_what_goes_are_told() {
    let renamed =
        A.replace("defn f", "defn g").replace("(def last 0)", "(def last 0)\n\n(def new 1)");
    let used = "(ns b)\n\n(def y a/new)\n";
    let files: [Files<'_>; 3] =
        [&[("a.clj", A)], &[("a.clj", &renamed)], &[("a.clj", &renamed), ("b.clj", used)]];
    let (db, at) = history(&files);
    let g = find(&db, "a/g").unwrap();
    let change = revert::transaction(&db, at[1]).unwrap();
    let warnings: Vec<String> = change.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["b.clj:3:1: b/y uses a/new, which goes"]);
    let db = made(&db, &change);
    assert_eq!(find(&db, "a/f").unwrap(), g);
    assert_eq!(texts(&db)["a.clj"], A);
}

#[test]
fn files_that_came_go_and_those_that_moved_go_back() {
    let other = "(ns b)\n\n(def y 1)\n";
    let (db, at) =
        history(&[&[("a.clj", A), ("b.clj", other)], &[("src/a.clj", A), ("c.clj", "(ns c)\n")]]);
    let a = find(&db, "a/x").unwrap();
    let db = made(&db, &revert::transaction(&db, at[1]).unwrap());
    assert_eq!(texts(&db).into_keys().collect::<Vec<_>>(), ["a.clj", "b.clj"]);
    assert_eq!(texts(&db)["b.clj"], other);
    assert_eq!(find(&db, "a/x").unwrap(), a);
}

#[test]
fn files_that_changed_places_change_them_back() {
    let [one, two] = ["(ns one)\n\n(def a 1)\n", "(ns two)\n\n(def b 2)\n"];
    let states: [Files<'_>; 3] =
        [&[("a.clj", one), ("c.clj", two)], &[("c.clj", two)], &[("a.clj", two), ("c.clj", one)]];
    let (db, at) = history(&states);
    for (tx, state) in at.iter().zip(states) {
        let expected = state.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
        assert_eq!(texts(&made(&db, &revert::to(&db, *tx, &[]).unwrap())), expected);
    }
}

#[test]
fn a_file_does_not_go_back_over_another() {
    let other = "(ns b)\n\n(def y 1)\n";
    let states: [Files<'_>; 3] =
        [&[("a.clj", A)], &[("c.clj", A)], &[("a.clj", other), ("c.clj", A)]];
    let (db, at) = history(&states);
    let told = reasons(revert::transaction(&db, at[1]));
    assert_eq!(told, [(Why::Taken, "a.clj is another file now".to_owned())]);
}

fn project() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let file = |path| prop::option::weighted(0.8, text(ANYHOW)).prop_map(move |t| (path, t));
    (file("a.clj"), file("b.clj"), file("c/d.clj")).prop_map(|(a, b, c)| {
        [a, b, c].into_iter().filter_map(|(path, text)| Some((path, text?))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Undoing the last transaction gives the files before it, to the byte, and undoing that gives them back; so does going
    /// back to any moment.
    #[test]
    fn undoing_is_the_way_back(states in prop::collection::vec(project(), 2..5)) {
        let files: Vec<Vec<(&str, &str)>> = states
            .iter()
            .map(|state| state.iter().map(|(path, text)| (*path, text.as_str())).collect())
            .collect();
        let files: Vec<Files<'_>> = files.iter().map(|f| &f[..]).collect();
        let expected = |n: usize| -> BTreeMap<String, String> {
            files[n].iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
        };
        let (db, at) = history(&files);
        let last = files.len() - 1;
        for (n, tx) in at.iter().enumerate() {
            let there = made(&db, &revert::to(&db, *tx, &[]).unwrap());
            prop_assert_eq!(texts(&there), expected(n));
        }
        if files[last] != files[last - 1] {
            let undone = made(&db, &revert::transaction(&db, at[last]).unwrap());
            prop_assert_eq!(texts(&undone), expected(last - 1));
            let again = revert::transaction(&undone, undone.max_tx()).unwrap();
            prop_assert_eq!(texts(&made(&undone, &again)), expected(last));
        }
    }
}
