//! A database in a storage is the database, whatever part of it has been read, and damage is told.
#![allow(clippy::unwrap_used)]

mod budget;
mod load;
mod pack;

use db::{
    Address, Datom, Db, Index, MemoryStorage, Prefix, Query, Schema, Storage, TX0, collect_garbage,
    restore,
};
use edn::Value;
use proptest::prelude::*;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const SCHEMA: &str = "{:many {:db/cardinality :db.cardinality/many} :one {} :indexed {:db/index true} \
    :id {:db/unique :db.unique/identity} :ref {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many}}";
const INDEXES: [Index; 3] = [Index::Eavt, Index::Aevt, Index::Avet];

fn edn_of(text: &str) -> Value {
    edn::read(text).unwrap()
}

fn empty() -> Db {
    Db::empty_with_history(Schema::new(&edn_of(SCHEMA)).unwrap())
}

type Fact = (u32, Value, Value, u32, bool);

fn everything(db: &Db) -> Vec<Vec<Fact>> {
    let shown = |db: &Db, d: Datom| (d.e, db.attr_name(d.a).clone(), db.value(d.v), d.tx, d.added);
    let of = |db: &Db| {
        INDEXES.map(|i| db.datoms(i, &[]).unwrap().map(|d| shown(db, d)).collect::<Vec<_>>())
    };
    [of(db), of(&db.history())].concat()
}

fn people(count: u32) -> Db {
    let attribute = |name: &str| Value::keyword(name);
    let rows = (1..=count).flat_map(|e| {
        [
            (e, attribute("id"), Value::string(format!("person {e}")), TX0 + 1),
            (e, attribute("one"), Value::from(e % 100), TX0 + 1),
            (e, attribute("many"), Value::keyword(&format!("k{}", e % 7)), TX0 + 1),
            (e, attribute("ref"), Value::from(e / 2 + 1), TX0 + 1),
        ]
    });
    Db::init(Schema::new(&edn_of(SCHEMA)).unwrap(), rows).unwrap()
}

fn form() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        (-3..9i64).prop_map(Value::from),
        "[a-c\"\\n]{0,3}".prop_map(Value::from),
        Just(edn_of("[1 (2) #{3}]")),
        Just(edn_of("(1 [2] #{3})")),
        Just(edn_of("1N")),
        Just(edn_of("1.50M")),
        Just(edn_of("-0.0")),
        Just(edn_of("1e300")),
        Just(edn_of("99999999999999999999N")),
        Just(edn_of(":k/w")),
        Just(edn_of("s/y")),
        Just(edn_of("#uuid \"01900000-0000-7000-8000-000000000001\"")),
    ];
    let attribute = prop::sample::select(vec!["many", "one", "indexed", "other"]);
    let entity = || 1..9i64;
    let fact =
        (entity(), attribute, value).prop_map(|(e, a, v)| vec![e.into(), Value::keyword(a), v]);
    let form = |op: &'static str| {
        move |parts: Vec<Value>| Value::vector([vec![Value::keyword(op)], parts].concat())
    };
    prop_oneof![
        5 => fact.clone().prop_map(form("db/add")),
        2 => fact.prop_map(form("db/retract")),
        1 => (entity(), entity()).prop_map(|(e, v)| vec![e.into(), Value::keyword("ref"), v.into()]).prop_map(form("db/add")),
        1 => entity().prop_map(|e| vec![e.into()]).prop_map(form("db/retractEntity")),
        1 => (entity(), "[x-z]").prop_map(|(e, v)| vec![e.into(), Value::keyword("one"), v.as_str().into()]).prop_map(form("db/add")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_database_is_what_is_restored_of_it(
        sessions in prop::collection::vec(prop::collection::vec(prop::collection::vec(form(), 1..12), 1..5), 1..6),
    ) {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
        let mut in_memory = empty();
        empty().store(storage.clone()).unwrap();
        for transactions in &sessions {
            let mut stored = restore(storage.clone()).unwrap().unwrap();
            prop_assert_eq!(everything(&stored), everything(&in_memory));
            for forms in transactions {
                let forms = Value::vector(forms.clone());
                in_memory.transact(&forms).unwrap();
                stored.transact(&forms).unwrap();
            }
            prop_assert_eq!(everything(&stored), everything(&in_memory));
            for back in 0..6 {
                let from = stored.max_tx() - back;
                let events = stored.tx_range(Some(from), None);
                let of_history = stored.history().scan(Index::Eavt, &Prefix::default()).filter(|d| d.tx >= from).count();
                prop_assert_eq!(events.iter().map(|(_, datoms)| datoms.len()).sum::<usize>(), of_history);
                prop_assert_eq!(events.len(), in_memory.tx_range(Some(from), None).len());
            }
            prop_assert_eq!((stored.max_eid(), stored.max_tx()), (in_memory.max_eid(), in_memory.max_tx()));
            stored.store(storage.clone()).unwrap();
            stored.store(storage.clone()).unwrap();
            collect_garbage(&storage, &[]).unwrap();
            prop_assert_eq!(everything(&stored), everything(&in_memory));
        }
        let stored = restore(storage.clone()).unwrap().unwrap();
        prop_assert_eq!(stored.addresses(), storage.list_addresses().unwrap());
        for text in ["[1 (2) #{3}]", "1", "1.5M", "0.0", ":k/w", "\"a\""] {
            let question = edn_of("[:find ?e ?a :in $ ?v :where [?e ?a ?v]]");
            let ask = |db: &Db| db::q(&question, &[db.into(), edn_of(text).into()]).unwrap();
            prop_assert_eq!(ask(&stored), ask(&in_memory));
        }
    }

    #[test]
    fn damage_is_told_and_nothing_worse_happens(
        seed in any::<u64>(),
        byte in any::<u8>(),
    ) {
        let storage = Arc::new(MemoryStorage::default());
        let db = people(700);
        db.store(storage.clone()).unwrap();
        let addresses = storage.list_addresses().unwrap();
        let address = addresses[seed as usize % addresses.len()];
        let mut bytes = storage.restore(address).unwrap().unwrap();
        let at = (seed >> 20) as usize % bytes.len();
        bytes[at] = byte;
        storage.store(&[(address, bytes)]).unwrap();
        if let Ok(Some(restored)) = restore(storage) {
            let shown = everything(&restored);
            let questions = ["[:find ?e :where [?e :one 5] [?e :many :k5]]", "[:find ?e . :where [?e :id \"person 77\"]]"];
            for question in questions {
                let _ = Query::parse(&edn_of(question)).unwrap().run(&[(&restored).into()]);
            }
            let _ = db::pull(&restored, &edn_of("[* {:ref ...}]"), &Value::from(9));
            let _ = restored.db_with(&edn_of("[[:db/retractEntity 9] {:id \"person 10\" :one 3}]"));
            if restored.check_storage().is_ok() {
                prop_assert_eq!(shown.len(), 6);
            }
        }
    }
}

/// Counts what is read and written.
#[derive(Default)]
struct Counting {
    inner: MemoryStorage,
    reads: AtomicUsize,
    writes: AtomicUsize,
    broken: AtomicUsize,
}

impl Counting {
    fn taken(&self) -> (usize, usize) {
        (self.reads.swap(0, Ordering::Relaxed), self.writes.swap(0, Ordering::Relaxed))
    }
}

impl Storage for Counting {
    fn store(&self, entries: &[(Address, Vec<u8>)]) -> io::Result<()> {
        self.writes.fetch_add(entries.len(), Ordering::Relaxed);
        self.inner.store(entries)
    }

    fn restore(&self, address: Address) -> io::Result<Option<Vec<u8>>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        match self.broken.load(Ordering::Relaxed) {
            0 => self.inner.restore(address),
            _ => Err(io::Error::other("the disk is gone")),
        }
    }

    fn list_addresses(&self) -> io::Result<Vec<Address>> {
        self.inner.list_addresses()
    }

    fn delete(&self, addresses: &[Address]) -> io::Result<()> {
        self.inner.delete(addresses)
    }
}

#[test]
fn little_is_read_for_a_question_and_little_written_for_a_change() {
    let storage = Arc::new(Counting::default());
    people(20_000).store(storage.clone()).unwrap();
    let (_, whole) = storage.taken();
    assert!(whole > 1500, "{whole}");
    let db = restore(storage.clone()).unwrap().unwrap();
    assert_eq!(storage.taken().0, 1, "opening reads the root");
    let one = Value::keyword("one");
    assert_eq!(
        db.get(db.entid(&edn_of("[:id \"person 777\"]")).unwrap().unwrap(), &one),
        Some(77.into())
    );
    let (reads, _) = storage.taken();
    assert!(reads <= 24, "{reads} reads for one person");
    let changed = db.db_with(&edn_of("[{:id \"person 5000\" :one 1234}]")).unwrap();
    changed.store(storage.clone()).unwrap();
    let (reads, writes) = storage.taken();
    assert!(reads <= 24 && writes <= 12, "{reads} reads and {writes} writes for one change");
    let again = restore(storage.clone()).unwrap().unwrap();
    let last = again.tx_range(Some(again.max_tx()), None);
    assert_eq!(last, changed.tx_range(Some(changed.max_tx()), None));
    assert_eq!((last.len(), last[0].1.len()), (1, 1), "without history, what is true now");
    let (reads, _) = storage.taken();
    assert!(reads <= 12, "{reads} reads for what the last transaction did");
    assert_eq!(everything(&restore(storage).unwrap().unwrap()), everything(&changed));
}

#[test]
fn a_failing_storage_is_an_error_of_what_needed_it() {
    let storage = Arc::new(Counting::default());
    people(20_000).store(storage.clone()).unwrap();
    let mut db = restore(storage.clone()).unwrap().unwrap();
    storage.broken.store(1, Ordering::Relaxed);
    let question = edn_of("[:find ?e :where [?e :one 7]]");
    let failure = "the storage failed at address";
    let told = |result: String| assert!(result.starts_with(failure), "{result}");
    told(db::q(&question, &[(&db).into()]).unwrap_err().to_string());
    told(db::pull(&db, &edn_of("[*]"), &Value::from(3)).unwrap_err().to_string());
    told(db.transact(&edn_of("[[:db/add 3 :one 4]]")).unwrap_err().to_string());
    told(db.check_storage().unwrap_err().to_string());
}

#[test]
fn what_cannot_be_stored_is_refused() {
    let storage = Arc::new(MemoryStorage::default());
    let db = people(3);
    db.store(storage.clone()).unwrap();
    let other = db.store(Arc::new(MemoryStorage::default())).unwrap_err();
    assert_eq!(other.to_string(), "Database is already stored with another IStorage");
    assert!(db.history().store(storage).is_err());
    assert!(restore(Arc::new(MemoryStorage::default())).unwrap().is_none());
}
