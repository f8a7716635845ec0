//! Databases that may hold little of what they read.

use crate::{Counting, edn_of, empty, everything, form, people};
use db::{Db, Index, MemoryStorage, Storage, restore, restore_within};
use edn::Value;
use proptest::prelude::*;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A few nodes.
const LITTLE: usize = 20_000;

/// What may be held beyond the budget, since somebody looks at it: a path to a leaf, pages of both sides of a comparison.
const IN_USE: usize = 60_000;

const QUESTIONS: [&str; 8] = [
    "[:find ?e :where [?e :one 7]]",
    "[:find ?e ?k :where [?e :one 7] [?e :many ?k]]",
    "[:find ?e ?f :where [?e :id \"person 77\"] [?f :ref ?e]]",
    "[:find ?i ?j :where [?a :one 3] [?a :ref ?b] [?b :id ?j] [?a :id ?i]]",
    "[:find ?k (count ?e) :where [?e :many ?k]]",
    "[:find (max ?i) . :where [_ :id ?i]]",
    "[:find ?e :where [?e :many :k3] (not [?e :one 10]) [(< ?e 300)]]",
    "[:find ?e ?r :in $ % :where [?e :one 1] (up ?e ?r)]",
];

const RULES: &str =
    "[[(up ?a ?b) [?a :ref ?b]] [(up ?a ?b) [?a :ref ?c] [(not= ?a ?c)] (up ?c ?b)]]";

fn answers(db: &Db) -> Vec<Value> {
    let asked = QUESTIONS.iter().map(|text| {
        let mut inputs = vec![db.into()];
        if text.contains('%') {
            inputs.push(edn_of(RULES).into());
        }
        db::q(&edn_of(text), &inputs).unwrap()
    });
    let mut answers: Vec<Value> = asked.collect();
    for e in (1..db.max_eid()).step_by(97) {
        answers.push(db::pull(db, &edn_of("[* {:ref 3} :_ref]"), &Value::from(e)).unwrap());
    }
    answers
}

fn restored(storage: &Arc<dyn Storage>, budget: usize) -> Db {
    restore_within(storage.clone(), budget).unwrap().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn little_memory_gives_the_same_answers(
        sessions in prop::collection::vec(prop::collection::vec(prop::collection::vec(form(), 1..12), 1..4), 1..4),
        budget in prop::sample::select(vec![0, 3000, LITTLE]),
    ) {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
        let mut in_memory = people(1000);
        in_memory.store(storage.clone()).unwrap();
        for transactions in &sessions {
            let mut little = restored(&storage, budget);
            prop_assert_eq!(answers(&little), answers(&in_memory));
            for forms in transactions {
                let forms = Value::vector(forms.clone());
                prop_assert_eq!(little.transact(&forms).is_ok(), in_memory.transact(&forms).is_ok());
            }
            // What was changed is nowhere but in memory: it is there after everything else was read and let go of.
            prop_assert!(everything(&little) == everything(&in_memory));
            prop_assert_eq!(answers(&little), answers(&in_memory));
            little.store(storage.clone()).unwrap();
            prop_assert!(everything(&little) == everything(&in_memory));
            prop_assert!(little.kept_bytes() <= budget + IN_USE, "{} bytes", little.kept_bytes());
        }
    }
}

#[test]
fn what_is_let_go_of_is_read_again() {
    let storage = Arc::new(Counting::default());
    people(20_000).store(storage.clone()).unwrap();
    let scan = |db: &Db| db.datoms(Index::Eavt, &[]).unwrap().count();
    for (budget, is_enough) in [(LITTLE, false), (64 << 20, true)] {
        let db = restore_within(storage.clone(), budget).unwrap().unwrap();
        storage.taken();
        assert_eq!(scan(&db), 80_000);
        let (once, _) = storage.taken();
        assert_eq!(scan(&db), 80_000);
        let (again, _) = storage.taken();
        assert!(once > 600, "{once} reads");
        assert_eq!(again == 0, is_enough, "{again} reads");
        assert!(db.kept_bytes() <= budget + IN_USE, "{} bytes", db.kept_bytes());
    }
}

#[test]
fn what_is_looked_at_all_the_time_stays_while_everything_is_scanned() {
    let storage = Arc::new(Counting::default());
    people(20_000).store(storage.clone()).unwrap();
    let db = restore_within(storage.clone(), 300_000).unwrap().unwrap();
    let look = |db: &Db| db.get(777, &Value::keyword("one"));
    assert_eq!(look(&db), Some(77.into()));
    let mut read = 0;
    for (i, _) in db.datoms(Index::Aevt, &[]).unwrap().enumerate() {
        if i % 100 == 0 {
            storage.taken();
            assert_eq!(look(&db), Some(77.into()));
            read += storage.taken().0;
        }
    }
    assert_eq!(read, 0, "what is looked at is not read again");
}

#[test]
fn iterators_keep_what_they_are_at() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
    let whole = people(2000);
    whole.store(storage.clone()).unwrap();
    let db = restored(&storage, 0);
    let expected: Vec<_> = whole.datoms(Index::Aevt, &[]).unwrap().collect();
    let (mut forwards, mut backwards) =
        (db.datoms(Index::Aevt, &[]).unwrap(), db.datoms(Index::Aevt, &[]).unwrap());
    for (first, last) in expected.iter().zip(expected.iter().rev()) {
        assert_eq!((forwards.next(), backwards.next_back()), (Some(*first), Some(*last)));
    }
    assert_eq!((forwards.next(), backwards.next_back()), (None, None));
}

#[test]
fn threads_share_little_memory() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
    let whole = people(3000);
    whole.store(storage.clone()).unwrap();
    let db = restored(&storage, LITTLE);
    let (facts, expected) = (everything(&whole), answers(&whole));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (db, facts, expected) = (&db, &facts, &expected);
            scope.spawn(move || {
                for round in 0..3 {
                    match (thread + round) % 2 {
                        0 => assert!(everything(db) == *facts),
                        _ => assert_eq!(answers(db), *expected),
                    }
                }
            });
        }
    });
    assert!(db.kept_bytes() <= LITTLE + IN_USE, "{} bytes", db.kept_bytes());
}

#[test]
fn what_cannot_be_read_again_is_an_error() {
    let storage = Arc::new(Counting::default());
    people(20_000).store(storage.clone()).unwrap();
    let db = restore_within(storage.clone(), LITTLE).unwrap().unwrap();
    assert_eq!(db.datoms(Index::Eavt, &[]).unwrap().count(), 80_000);
    db.check_storage().unwrap();
    storage.broken.store(1, Ordering::Relaxed);
    let ids: Vec<Value> = (1..300).map(Value::from).collect();
    let failure = db::pull_many(&db, &edn_of("[*]"), &ids).unwrap_err().to_string();
    assert!(failure.starts_with("the storage failed at address"), "{failure}");
    // It is known that something was missing; that it can be read now does not change that.
    storage.broken.store(0, Ordering::Relaxed);
    assert!(db::q(&edn_of(QUESTIONS[0]), &[(&db).into()]).is_err());
    let again = restore(storage).unwrap().unwrap();
    assert!(db::q(&edn_of(QUESTIONS[0]), &[(&again).into()]).is_ok());
}

#[test]
fn opening_reads_the_root_alone_whatever_values_there_are() {
    let storage = Arc::new(Counting::default());
    let mut db = empty();
    let forms =
        (1..3000).map(|e| edn_of(&format!("{{:db/id {e} :one [{e} (2)] :indexed \"text {e}\"}}")));
    db.transact(&Value::vector(forms.collect())).unwrap();
    db.store(storage.clone()).unwrap();
    storage.taken();
    let again = restore_within(storage.clone(), LITTLE).unwrap().unwrap();
    assert_eq!(storage.taken().0, 1);
    let find = |db: &Db, text: &str| {
        let question = edn_of("[:find ?e . :in $ ?v :where [?e _ ?v]]");
        db::q(&question, &[db.into(), edn_of(text).into()]).unwrap()
    };
    for (text, e) in [("[77 (2)]", 77), ("(78 [2])", 78), ("\"text 79\"", 79)] {
        assert_eq!(find(&again, text), Value::from(e));
    }
    assert_eq!(find(&again, "[77 (3)]"), Value::Nil);
    assert!(everything(&again) == everything(&db));
}

#[test]
fn what_a_storage_refuses_is_told() {
    struct Full;
    impl Storage for Full {
        fn store(&self, _: &[(u64, Vec<u8>)]) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn restore(&self, _: u64) -> io::Result<Option<Vec<u8>>> {
            Ok(None)
        }
        fn list_addresses(&self) -> io::Result<Vec<u64>> {
            Ok(Vec::new())
        }
        fn delete(&self, _: &[u64]) -> io::Result<()> {
            Ok(())
        }
    }
    assert!(
        people(3).store(Arc::new(Full)).unwrap_err().to_string().starts_with("the storage failed")
    );
}
