//! Facts loaded in batches.

use crate::{Counting, SCHEMA, edn_of, everything};
use db::{Db, Loader, MemoryStorage, Schema, Storage, TX0, collect_garbage, restore};
use edn::Value;
use proptest::prelude::*;
use std::sync::Arc;

type Given = (u32, Value, Value, u32);

fn fact() -> impl Strategy<Value = Given> {
    let value = prop_oneof![
        (0..40i64).prop_map(Value::from),
        "[a-d]{0,3}".prop_map(Value::from),
        prop::sample::select(vec![
            "[1 (2)]", "(1 [2])", "1N", "0.0", "-0.0", ":k", "^:m s", "s", "2.50M", "2.5M"
        ])
        .prop_map(edn_of),
    ];
    let attribute = prop::sample::select(vec!["many", "one", "indexed", "other", "ref"]);
    (1..60u32, attribute, value, 1..9u32).prop_map(|(e, a, v, tx)| {
        let v = if a == "ref" { Value::from(e % 7 + 1) } else { v };
        (e, Value::keyword(a), v, TX0 + tx)
    })
}

fn loaded(db: &Db, storage: &Arc<dyn Storage>, facts: &[Given], budget: usize) -> Db {
    let scratch = Arc::new(MemoryStorage::default());
    let mut loader = Loader::new(db, storage.clone(), scratch, budget).unwrap();
    for (e, a, v, tx) in facts.iter().cloned() {
        loader.add(e, a, v, tx).unwrap();
    }
    loader.finish().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_loaded_is_what_is_there_at_once(
        before in prop::collection::vec(fact(), 0..200),
        facts in prop::collection::vec(fact(), 0..800),
        budget in prop::sample::select(vec![4096, 16_384, 1 << 20]),
    ) {
        let schema = || Schema::new(&edn_of(SCHEMA)).unwrap();
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
        let db = Db::init(schema(), before.clone()).unwrap();
        let loaded = loaded(&db, &storage, &facts, budget);
        let mut expected = Db::init(schema(), [before, facts].concat()).unwrap();
        prop_assert!(everything(&loaded) == everything(&expected));
        prop_assert_eq!((loaded.max_eid(), loaded.max_tx()), (expected.max_eid(), expected.max_tx()));
        collect_garbage(&storage, &[]).unwrap();
        let mut again = restore(storage.clone()).unwrap().unwrap();
        prop_assert!(everything(&again) == everything(&expected));
        let forms = edn_of("[{:db/id 5 :many [1 (2)] :id \"ab\"} [:db/retractEntity 6] {:db/id 7 :one 1N}]");
        expected.transact(&forms).unwrap();
        again.transact(&forms).unwrap();
        prop_assert!(everything(&again) == everything(&expected));
    }
}

#[test]
fn a_storage_has_what_it_had_until_the_loader_is_finished() {
    let storage = Arc::new(Counting::default());
    let before =
        Db::init(Schema::default(), [(1, Value::keyword("one"), Value::from("a"), TX0 + 1)])
            .unwrap();
    let mut loader =
        Loader::new(&before, storage.clone(), Arc::new(MemoryStorage::default()), 4096).unwrap();
    for e in 1..2000 {
        loader.add(e, Value::keyword("one"), Value::string(format!("text {e}")), TX0 + 2).unwrap();
    }
    drop(loader);
    let dyn_storage: Arc<dyn Storage> = storage;
    assert!(everything(&restore(dyn_storage.clone()).unwrap().unwrap()) == everything(&before));
    collect_garbage(&dyn_storage, &[]).unwrap();
    assert!(everything(&restore(dyn_storage).unwrap().unwrap()) == everything(&before));
}

#[test]
fn words_are_found_in_what_was_loaded() {
    let schema = || {
        Schema::new(&edn_of("{:doc {:db/fulltext true :db/cardinality :db.cardinality/many}}"))
            .unwrap()
    };
    let text =
        |e: u32, n: u32| Value::string(format!("text {} of word{} and word{n}", e % 10, e % 97));
    let fact = |e: u32, n: u32| (e, Value::keyword("doc"), text(e, n), TX0 + 1);
    let facts: Vec<Given> = (1..5000).flat_map(|e| [fact(e, 1), fact(e, e % 7)]).collect();
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
    let before = Db::init(schema(), facts[..100].to_vec()).unwrap();
    let db = loaded(&before, &storage, &facts, 1 << 20);
    let expected = Db::init(schema(), facts).unwrap();
    for search in ["word5 word3", "word1* -text", "\"text 7\" word77"] {
        let found = |db: &Db| db.fulltext(&Value::keyword("doc"), search).unwrap();
        assert_eq!(found(&db), found(&expected), "{search}");
    }
}
