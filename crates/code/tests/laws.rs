//! Whatever happens to a project: importing it again is the same as importing it for the first time, and nothing is lost.
#![allow(clippy::unwrap_used)]

mod said;

use code::import::import;
use code::model;
use code::project::{Project, Scope, Source};
use db::Db;
use edn::{Inst, Value};
use proptest::prelude::*;
use said::said;

fn imported(files: &[(&str, &str)]) -> Db {
    updated(&model::empty_db().unwrap(), files, 1)
}

/// The database after an import of a project that has these files and no others.
fn updated(db: &Db, files: &[(&str, &str)], now: i64) -> Db {
    let source = |(path, text): &(&str, &str)| Source {
        path: (*path).to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    let project = Project {
        sources: files.iter().map(source).collect(),
        scopes: vec![Scope::All],
        ..Project::default()
    };
    let import = import(db, project, Inst(now)).unwrap();
    db.with_ops(&import.plan.ops, Value::Nil).unwrap().db_after
}

fn statement() -> impl Strategy<Value = String> {
    let name = || prop::sample::select(vec!["f", "g", "h", "k!", "m/f", "n/g"]);
    let own = || prop::sample::select(vec!["f", "g", "h", "k!"]);
    prop_oneof![
        4 => (own(), name()).prop_map(|(a, b)| format!("(defn {a} \"Doc.\" [x] ({b} x))")),
        2 => (own(), 0..3).prop_map(|(a, n)| format!("(def ^:private {a} {n})")),
        1 => (own(), name()).prop_map(|(a, b)| format!("(defmacro {a} [x] `({b} ~x))")),
        1 => (0..2).prop_map(|n| format!("(println {n})")),
        1 => own().prop_map(|a| format!("(defprotocol P ({a} [this]))")),
        1 => name().prop_map(|a| format!("(defrecord R [x] P ({a} [this] x))")),
        1 => name().prop_map(|a| format!("(defmethod {a} :b [_] (f 1))")),
        1 => own().prop_map(|a| format!("#?(:clj (defn {a} [] 1) :cljs (defn {a} [] 2))")),
        1 => own().prop_map(|a| format!("(do (def {a} 1) (def h 2))")),
        2 => prop::sample::select(vec![
            "(ns m)",
            "(ns n (:require [m]))",
            "(ns n (:require [m :refer [f g]]))",
            "(ns n (:require [m :as x :refer :all]))",
        ])
        .prop_map(str::to_owned),
        1 => prop::sample::select(vec![")", "\"", "#_ f", "[1 2]"]).prop_map(str::to_owned),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let gap = prop::sample::select(vec!["\n\n", "\n", " ", "\r\n; note\r\n", ""]);
    prop::collection::vec((gap, statement()), 0..8)
        .prop_map(|parts| parts.into_iter().map(|(gap, s)| gap.to_owned() + &s).collect())
}

fn project() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let file =
        |path: &'static str| prop::option::weighted(0.8, text()).prop_map(move |t| (path, t));
    (file("a.clj"), file("b.cljc"), file("c/d.cljs"), file("e.edn")).prop_map(|(a, b, c, e)| {
        [a, b, c, e].into_iter().filter_map(|(path, text)| Some((path, text?))).collect()
    })
}

fn borrowed<'a>(project: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    project.iter().map(|(path, text)| (*path, text.as_str())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn again_is_as_for_the_first_time(states in prop::collection::vec(project(), 1..5)) {
        let mut db: Option<Db> = None;
        for (i, state) in states.iter().enumerate() {
            let files = borrowed(state);
            let next = match &db {
                None => imported(&files),
                Some(db) => updated(db, &files, i as i64 + 1),
            };
            let fresh = imported(&files);
            prop_assert_eq!(said(&next), said(&fresh));
            prop_assert_eq!(next.len(), fresh.len());
            for (path, text) in &files {
                let bytes = code::export::file(&next, path).unwrap().unwrap();
                prop_assert_eq!(std::str::from_utf8(&bytes).unwrap(), *text);
            }
            prop_assert_eq!(code::export::paths(&next).unwrap().len(), files.len());
            db = Some(next);
        }
    }

    #[test]
    fn the_past_stays_as_it_was(first in project(), second in project()) {
        let (first, second) = (borrowed(&first), borrowed(&second));
        let before = imported(&first);
        let after = updated(&before, &second, 2);
        let then = after.as_of(&Value::Int(i64::from(before.max_tx()))).unwrap();
        for (path, text) in &first {
            let bytes = code::export::file(&then, path).unwrap().unwrap();
            prop_assert_eq!(std::str::from_utf8(&bytes).unwrap(), *text);
        }
    }
}
