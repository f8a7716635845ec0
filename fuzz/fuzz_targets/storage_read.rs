//! A storage whose bytes were changed anywhere is refused, tells of the damage, or is the database it says it is: reading all of
//! it, asking and changing it never fails otherwise.
#![no_main]

use db::{Address, Db, Index, Input, MemoryStorage, Query, Schema, Storage, restore};
use edn::Value;
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

fn form(text: &str) -> Value {
    edn::read(text).unwrap_or(Value::Nil)
}

static STORED: LazyLock<Vec<(Address, Vec<u8>)>> = LazyLock::new(|| {
    let schema = "{:name {:db/unique :db.unique/identity} :doc {:db/fulltext true} \
                   :tag {:db/cardinality :db.cardinality/many} :friend {:db/valueType :db.type/ref}}";
    let mut db = Db::empty_with_history(Schema::new(&form(schema)).unwrap_or_default());
    for n in 0..200 {
        let tx = format!(
            "[{{:name \"p{n}\" :doc \"number {n} of them\" :tag [:a {n} [{n}]] :friend {}}}]",
            n / 2 + 1
        );
        let _ = db.transact(&form(&tx));
    }
    let _ = db.transact(&form("[[:db/retractEntity 7] [:db/add 8 :doc \"other\"]]"));
    let storage = Arc::new(MemoryStorage::default());
    let _ = db.store(storage.clone());
    let addresses = storage.list_addresses().unwrap_or_default();
    let bytes = |a: Address| Some((a, storage.restore(a).ok()??));
    addresses.into_iter().filter_map(bytes).collect()
});

fuzz_target!(|changes: &[u8]| {
    let mut entries = STORED.clone();
    let count = entries.len();
    for change in changes.chunks_exact(5) {
        let [entry, high, low, kind, byte] = *change else { continue };
        let bytes = &mut entries[entry as usize % count].1;
        let at = (usize::from(high) << 8 | usize::from(low)) % (bytes.len() + 1);
        match kind % 3 {
            0 if at < bytes.len() => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => bytes.truncate(at),
        }
    }
    let storage = Arc::new(MemoryStorage::default());
    let _ = storage.store(&entries);
    let Ok(Some(mut db)) = restore(storage) else { return };
    for index in [Index::Eavt, Index::Aevt, Index::Avet] {
        for db in [db.clone(), db.history()] {
            let _ = db
                .datoms(index, &[])
                .map(|all| all.map(|d| db.datom_string(&d).len()).sum::<usize>());
        }
    }
    let query =
        Query::parse(&form("[:find ?e ?n :where [?e :name ?n] [?e :friend ?f] [?f :tag :a]]"));
    let _ = query.map(|query| query.run(&[Input::from(&db)]));
    let _ = db::pull(&db, &form("[* {:friend ...}]"), &Value::Int(100));
    let _ = db.fulltext(&Value::keyword("doc"), "num* of");
    let _ = db.transact(&form("[{:name \"p50\" :doc \"new\"} [:db/retractEntity 60]]"));
    let _ = db.addresses();
});
