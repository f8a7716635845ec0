//! A workspace: whatever is edited in whatever order, the database is that of a first import of the files as they are.
#![allow(clippy::unwrap_used)]

mod said;

use code::import::import;
use code::model;
use code::project::{Project, Scope, Source};
use code::workspace::{Edit, Workspace};
use db::Db;
use edn::{Inst, Value};
use proptest::prelude::*;
use said::said;
use std::collections::BTreeMap;

/// What a file says, or that it is gone. The replacement character stands for a byte that is no UTF-8.
type Text = Option<String>;

fn bytes(text: &str) -> Vec<u8> {
    text.split('\u{fffd}').map(str::as_bytes).collect::<Vec<_>>().join(&0xff)
}

fn edited(workspace: &mut Workspace, db: &Db, edits: &[(&str, Text)], now: i64) -> Db {
    let change = |(path, text): &(&str, Text)| Edit {
        path: (*path).to_owned(),
        bytes: text.as_deref().map(bytes),
    };
    let plan = workspace.plan(db, edits.iter().map(change).collect(), Inst(now)).unwrap();
    db.with_ops(&plan.ops, Value::Nil).unwrap().db_after
}

fn imported(files: &BTreeMap<&str, String>) -> Db {
    let source =
        |(path, text): (&&str, &String)| Source { path: (*path).to_owned(), bytes: bytes(text) };
    let project = Project {
        sources: files.iter().map(source).collect(),
        scopes: vec![Scope::All],
        ..Project::default()
    };
    let empty = model::empty_db().unwrap();
    let import = import(&empty, project, Inst(0)).unwrap();
    empty.with_ops(&import.plan.ops, Value::Nil).unwrap().db_after
}

const PATHS: [&str; 7] = ["a.clj", "b.clj", "c.cljs", "d.cljc", "e/f.clj", "e/g.cljs", "data.edn"];

fn statement() -> impl Strategy<Value = String> {
    let used = || {
        let names = [
            "f",
            "g",
            "h",
            "k!",
            "*d*",
            "m/f",
            "m/h",
            "n/g",
            "n/k!",
            "x/f",
            "x/g",
            "x/h",
            "y/f",
            "o/f",
            "R",
            "R.",
            "->R",
            "m/->R",
            "m.R",
            "P",
            "m/P",
            "f#2",
            "z/f",
            "clojure.string/join",
        ];
        prop::sample::select(names.to_vec())
    };
    let own = || prop::sample::select(vec!["f", "g", "h", "k!", "*d*", "f#2"]);
    let keyword = || prop::sample::select(vec!["::a", "::b", ":m/a", "::x/a", ":n/b", "::y/b"]);
    let ns = || {
        let forms = [
            "(ns m)",
            "(ns m \"Doc.\")",
            "(in-ns 'm)",
            "(in-ns 'n)",
            "(ns n (:require [m :as x]))",
            "(ns n (:require [m :refer [f g]] [o :as y]))",
            "(ns n (:require [m :as x :refer :all]))",
            "(ns n (:use m o))",
            "(ns o (:require [m :as x] [n :as y]) (:import [m R]))",
            "(ns o (:refer-clojure :exclude [map]))",
            "(ns m (:require-macros [n :as x]) (:require [n :as y]))",
            "(ns z (:require [o :rename {f g} :refer [f]]))",
            "(in-ns 'm)",
        ];
        prop::sample::select(forms.to_vec()).prop_map(str::to_owned)
    };
    prop_oneof![
        6 => (own(), used()).prop_map(|(a, b)| format!("(defn {a} \"Doc.\" [x] ({b} x))")),
        2 => (own(), used()).prop_map(|(a, b)| format!("(def ^:private {a} {b})")),
        2 => (own(), used()).prop_map(|(a, b)| format!("(defmacro {a} [x] `({b} ~x))")),
        1 => own().prop_map(|a| format!("(def ^:dynamic {a})")),
        1 => own().prop_map(|a| format!("(declare {a})")),
        1 => used().prop_map(|a| format!("(println {a})")),
        1 => used().prop_map(|a| format!("(comment ({a}))")),
        1 => own().prop_map(|a| format!("(defprotocol P ({a} [this]))")),
        1 => used().prop_map(|a| format!("(defrecord R [x] {a} (f [this] x))")),
        1 => used().prop_map(|a| format!("(defmulti g {a})")),
        1 => (used(), used()).prop_map(|(a, b)| format!("(defmethod {a} :b [_] ({b} 1))")),
        1 => used().prop_map(|a| format!("(extend-type String {a} (f [_] 1))")),
        1 => (own(), used()).prop_map(|(a, b)| format!("#?(:clj (defn {a} [] ({b})) :cljs (def {a} 2))")),
        1 => (own(), used()).prop_map(|(a, b)| format!("(do (def {a} {b}) (defn h [] 2))")),
        2 => (keyword(), keyword()).prop_map(|(a, b)| format!("(reg-sub {a} {b})")),
        2 => (own(), keyword()).prop_map(|(a, b)| format!("(def {a} #?(:clj [{b}] :cljs {{:m/keys [b]}}))")),
        1 => (used(), keyword()).prop_map(|(a, b)| format!("(defmethod {a} {b} [_] 1)")),
        1 => keyword().prop_map(|a| format!("{{{a} #:m{{:a #_ {a} 1}}}}")),
        4 => ns(),
        1 => prop::sample::select(vec![")", "\"", "#_ f", "[1 2]", "{:a 1}"]).prop_map(str::to_owned),
    ]
}

fn text() -> impl Strategy<Value = Text> {
    let gap = prop::sample::select(vec!["\n\n", "\n", " ; note\r\n"]);
    let ns = prop::sample::select(vec!["", "(ns m)", "(ns n (:require [m :as x]))", "(ns o)"]);
    let parts = prop::collection::vec((gap, statement()), 0..6);
    let text = (ns, parts).prop_map(|(ns, parts)| {
        let parts = parts.into_iter().map(|(gap, s)| gap.to_owned() + &s);
        Some(ns.to_owned() + &parts.collect::<String>())
    });
    prop_oneof![
        12 => text,
        2 => Just(None),
        1 => Just(Some("(def f 1) \u{fffd}".to_owned())),
    ]
}

/// Edits of some files, several at a time.
fn edits() -> impl Strategy<Value = Vec<Vec<(usize, Text)>>> {
    let batch = prop::collection::vec((0..PATHS.len(), text()), 1..4);
    prop::collection::vec(batch, 1..8)
}

/// Makes edits, several at a time, and compares the database after each with a first import of the files as they are.
fn come_to_what_is_there(batches: Vec<BTreeMap<&'static str, Text>>) {
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    let mut db = model::empty_db().unwrap();
    let mut workspace = Workspace::of(&db, None).unwrap();
    for (batch, now) in batches.into_iter().zip(1..) {
        for (path, text) in &batch {
            match text {
                Some(text) => drop(files.insert(path, text.clone())),
                None => drop(files.remove(path)),
            }
        }
        let batch: Vec<(&str, Text)> = batch.into_iter().collect();
        db = edited(&mut workspace, &db, &batch, now);
        let fresh = imported(&files);
        let (there, wanted) = (said(&db), said(&fresh));
        let extra: Vec<&String> = there.difference(&wanted).collect();
        let missing: Vec<&String> = wanted.difference(&there).collect();
        assert!(there == wanted, "too much: {extra:#?} missing: {missing:#?} in {files:#?}");
        assert_eq!(db.len(), fresh.len());
        // A workspace that is made of the database has nothing to add.
        let again = edited(&mut Workspace::of(&db, None).unwrap(), &db, &[], now);
        assert_eq!(again.max_tx(), db.max_tx() + 1);
        assert_eq!(again.len(), db.len());
    }
}

/// Edits of one file after the other.
fn one_by_one(edits: &[(&'static str, &str)]) {
    let one = |(path, text): &(&'static str, &str)| [(*path, Some((*text).to_owned()))].into();
    come_to_what_is_there(edits.iter().map(one).collect());
}

#[test]
fn a_namespace_is_described_by_the_forms_that_it_has() {
    one_by_one(&[
        ("a.clj", "(ns m \"Doc.\")"),
        ("a.clj", "(ns n (:require [m :as x]))\n\n(in-ns 'm)"),
    ]);
}

#[test]
fn what_uses_a_name_follows_the_statement_that_has_it() {
    let user = ("c.cljs", "(ns m (:require-macros [n :as x]) (:require [n :as y]))");
    let caller = ("b.clj", "(ns b (:require [a :as x]))\n(defn g [] (x/f 1))");
    let cases: [&[(&str, &str)]; 3] = [
        // The second `ns` form becomes the first.
        &[
            user,
            (
                "e/g.cljs",
                "(ns n (:require [m :as x]))\n\n(ns n (:require [m :refer [f]] [o :as y]))",
            ),
            ("e/g.cljs", "(ns o)\n\n(ns n (:require [m :refer [f]] [o :as y]))"),
        ],
        // A definition comes before another one of the same name, which was the first.
        &[
            caller,
            ("a.clj", "(ns a)\n(defmacro f [x] x)"),
            ("a.clj", "(ns a)\n(defmacro f [y] `(do ~y))\n(defmacro f [x] x)"),
        ],
        // The first of two goes.
        &[
            caller,
            ("a.clj", "(ns a)\n(defmacro f [y] `(do ~y))\n(defmacro f [x] x)"),
            ("a.clj", "(ns a)\n(defmacro f [x] x)"),
        ],
    ];
    cases.into_iter().for_each(one_by_one);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn edits_come_to_what_a_first_import_finds(batches in edits()) {
        let by_path = |batch: Vec<(usize, Text)>| {
            batch.into_iter().map(|(i, text)| (PATHS[i], text)).collect()
        };
        come_to_what_is_there(batches.into_iter().map(by_path).collect());
    }
}
