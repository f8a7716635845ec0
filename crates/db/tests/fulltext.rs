//! Searches in texts against going through all of them.
#![allow(clippy::unwrap_used)]

use db::{Db, Index, MemoryStorage, Schema, restore};
use edn::Value;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

const SCHEMA: &str = "{:doc {:db/fulltext true} :note {:db/fulltext true :db/cardinality :db.cardinality/many} :plain {}}";

fn edn_of(text: &str) -> Value {
    edn::read(text).unwrap()
}

fn empty() -> Db {
    Db::empty_with_history(Schema::new(&edn_of(SCHEMA)).unwrap())
}

fn docs() -> Db {
    let docs = r#"[{:db/id 1 :doc "Opens a file and reads it line by line"}
                   {:db/id 2 :doc "Reads a file; reads it all, and reads it again"}
                   {:db/id 3 :doc "Whatever with-open opened is closed. ÉTÉ"}
                   {:db/id 4 :note ["a line" "the last file" "reads nothing"]}
                   {:db/id 5 :doc 42 :plain "a file"}]"#;
    empty().db_with(&edn_of(docs)).unwrap()
}

fn found(db: &Db, attribute: &str, search: &str) -> Vec<u32> {
    db.fulltext(&Value::keyword(attribute), search).unwrap().iter().map(|hit| hit.entity).collect()
}

#[test]
fn texts_are_found_by_their_words_the_best_first() {
    let db = docs();
    for (attribute, search, expected) in [
        ("doc", "file", &[1, 2][..]),
        ("doc", "FILE reads", &[2, 1]),
        ("doc", "reads again", &[2]),
        ("doc", "\"reads it\"", &[2, 1]),
        ("doc", "\"it reads\"", &[]),
        ("doc", "with-open", &[3]),
        ("doc", "open*", &[3, 1]),
        ("doc", "\"with op\"*", &[3]),
        ("doc", "file -again", &[1]),
        ("doc", "-file", &[]),
        ("doc", "été", &[3]),
        ("doc", "42", &[]),
        ("doc", "nowhere", &[]),
        ("doc", "", &[]),
        ("note", "reads", &[4]),
        ("note", "line last", &[]),
    ] {
        assert_eq!(found(&db, attribute, search), expected, "{search}");
    }
    let note = db.fulltext(&Value::keyword("note"), "file").unwrap();
    assert_eq!(note[0].text, Value::from("the last file"));
    let refused = db.fulltext(&Value::keyword("plain"), "file").unwrap_err();
    assert_eq!(refused.to_string(), "Attribute :plain should be marked as :db/fulltext true");
}

#[test]
fn a_search_is_a_clause_and_sees_what_its_database_does() {
    let before = docs();
    let db = before
        .db_with(&edn_of("[[:db/add 1 :doc \"closes it\"] [:db/retract 4 :note \"a line\"]]"))
        .unwrap();
    let query =
        edn_of("[:find ?e ?t :in $ ?s :where [(fulltext $ :doc ?s) [[?e ?t]]] (not [?e :plain])]");
    let ask = |db: &Db, search: &str| {
        db::q(&query, &[db.into(), Value::from(search).into()]).unwrap().as_set().unwrap().len()
    };
    let then = db.as_of(&Value::from(before.max_tx())).unwrap();
    assert_eq!((ask(&db, "line"), ask(&then, "line"), ask(&before, "line")), (0, 1, 1));
    assert_eq!((ask(&db, "closes"), ask(&then, "closes")), (1, 0));
    assert_eq!((found(&db, "note", "line"), found(&then, "note", "line")), (vec![], vec![4]));
    let only_two = db.filter(Arc::new(|_, d| d.e == 2));
    assert_eq!((found(&db, "doc", "reads"), found(&only_two, "doc", "reads")), (vec![2], vec![2]));
    assert_eq!(found(&only_two, "doc", "closes"), [0; 0]);
}

#[test]
fn an_attribute_can_be_made_searchable_later() {
    let db = docs();
    let searchable = db.schema().merge(edn_of("{:plain {:db/fulltext true}}").as_map().unwrap());
    let db = db.with_schema(searchable.unwrap());
    assert_eq!(found(&db, "plain", "file"), [5]);
    assert_eq!(found(&db, "doc", "été"), [3]);
}

fn text() -> impl Strategy<Value = String> + Clone {
    prop::collection::vec(
        prop::sample::select(vec!["ab", "abc", "b", "Cd", "d-e", "e.", "É"]),
        0..6,
    )
    .prop_map(|words| words.join(" "))
}

fn form() -> impl Strategy<Value = Value> {
    let attribute = prop::sample::select(vec!["doc", "note", "plain"]);
    let parts = |op: &'static str| {
        move |(e, a, v): (i64, &str, String)| {
            Value::vector(vec![
                Value::keyword(op),
                e.into(),
                Value::keyword(a),
                Value::from(v.as_str()),
            ])
        }
    };
    let fact = (1..7i64, attribute, text());
    let entity =
        (1..7i64).prop_map(|e| Value::vector(vec![Value::keyword("db/retractEntity"), e.into()]));
    prop_oneof![
        6 => fact.clone().prop_map(parts("db/add")),
        2 => fact.prop_map(parts("db/retract")),
        1 => entity,
    ]
}

fn plain_words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(String::from)
        .collect()
}

proptest! {
    #[test]
    fn what_is_found_is_what_is_there(
        transactions in prop::collection::vec(prop::collection::vec(form(), 1..9), 1..6),
        bulk in prop::collection::vec((10..500i64, text()), 0..400),
    ) {
        let mut db = empty();
        for forms in &transactions {
            db.transact(&Value::vector(forms.clone())).unwrap();
            let mut failing = forms.clone();
            failing.push(edn_of("[:db/add 1 :doc nil]"));
            prop_assert!(db.transact(&Value::vector(failing)).is_err());
        }
        let ops: Vec<db::Op> = bulk
            .iter()
            .map(|(e, text)| db::Op {
                e: db::EntityRef::Id(*e as u32),
                a: Value::keyword("note"),
                v: db::OpValue::Value(Value::from(text.as_str())),
                added: true,
            })
            .collect();
        let db = db.with_ops(&ops, Value::Nil).unwrap().db_after;
        let again = db.with_schema(db.schema().clone());
        let storage = Arc::new(MemoryStorage::default());
        db.store(storage.clone()).unwrap();
        let restored = restore(storage).unwrap().unwrap();
        for attribute in ["doc", "note"] {
            for (search, wanted) in [("ab", "ab"), ("ab*", "ab*"), ("abc cd", "abc cd"), ("d-e", "d e"), ("é", "é")] {
                let hits = db.fulltext(&Value::keyword(attribute), search).unwrap();
                let same = |other: &Db| other.fulltext(&Value::keyword(attribute), search).unwrap() == hits;
                prop_assert!(same(&again) && same(&restored) && same(&db.filter(Arc::new(|_, _| true))));
                let found: BTreeSet<(u32, Value)> = hits.into_iter().map(|h| (h.entity, h.text)).collect();
                let datoms = db.datoms(Index::Aevt, &[Value::keyword(attribute)]).unwrap();
                let expected: BTreeSet<(u32, Value)> = datoms
                    .map(|d| (d.e, db.value(d.v)))
                    .filter(|(_, text)| {
                        let words = plain_words(text.as_str().unwrap());
                        match search {
                            "ab*" => words.iter().any(|w| w.starts_with("ab")),
                            "d-e" => words.windows(2).any(|w| w == ["d", "e"]),
                            _ => wanted.split(' ').all(|w| words.iter().any(|x| x == w)),
                        }
                    })
                    .collect();
                prop_assert_eq!(found, expected, "{} {}", attribute, search);
            }
        }
    }
}
