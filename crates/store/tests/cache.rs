//! A log's cache gives what the log says, and only as long as the log is what it was made of.
#![allow(clippy::unwrap_used)]

use db::{Db, Index, Pack, Storage};
use edn::Map;
use std::fs;
use std::path::Path;
use std::time::Duration;
use store::{Connection, TxInfo, load, open_cached};

fn put(connection: &Connection, tx: &str) {
    connection.transact(&edn::read(tx).unwrap(), &TxInfo::default()).unwrap();
}

/// After this the log's times tell it from what it may become.
fn rest() {
    std::thread::sleep(Duration::from_millis(60));
}

fn everything(db: &Db) -> Vec<String> {
    let history = db.history();
    let all = [Index::Eavt, Index::Aevt, Index::Avet].map(|index| {
        let now = db.datoms(index, &[]).unwrap().map(|d| db.datom_string(&d));
        now.chain(history.datoms(index, &[]).unwrap().map(|d| db.datom_string(&d)))
            .collect::<Vec<_>>()
    });
    all.concat()
}

fn replayed(log: &Path) -> Vec<String> {
    everything(&load(&fs::read(log).unwrap(), log).unwrap().db)
}

/// The folders of packs in a cache.
fn packs(cache: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(cache).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

#[test]
fn a_cache_is_used_while_the_log_stays_and_made_anew_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (log, cache) = (folder.path().join("log.edn"), folder.path().join("cache"));
    let schema = edn::read("{:name {:db/unique :db.unique/identity}}").unwrap();
    let connection =
        Connection::create(&log, schema.as_map().unwrap_or(&Map::new()), &TxInfo::default())
            .unwrap();
    for n in 0..40 {
        put(
            &connection,
            &format!("[{{:name \"p{n}\" :age {n}}} {{:name \"p{}\" :age 1.5}}]", n / 3),
        );
    }
    assert_eq!(everything(&open_cached(&log, &cache).unwrap().db), replayed(&log));
    assert_eq!(packs(&cache).len(), 0, "a log changed just now is not trusted to stay");
    rest();
    assert_eq!(everything(&open_cached(&log, &cache).unwrap().db), replayed(&log));
    let first = packs(&cache);
    assert_eq!(first.len(), 1);
    let again = open_cached(&log, &cache).unwrap();
    assert_eq!((everything(&again.db), packs(&cache)), (replayed(&log), first.clone()));
    put(&connection, "[{:name \"p1\" :age 99}]");
    rest();
    let changed = open_cached(&log, &cache).unwrap().db;
    assert_eq!(everything(&changed), replayed(&log));
    assert_ne!(packs(&cache), first);
    assert_eq!(packs(&cache).len(), 1, "an old pack is removed");
    fs::write(cache.join("current"), "nonsense").unwrap();
    assert_eq!(everything(&open_cached(&log, &cache).unwrap().db), replayed(&log));
    fs::remove_dir_all(&cache).unwrap();
    fs::write(&cache, "a file where the folder should be").unwrap();
    assert_eq!(everything(&open_cached(&log, &cache).unwrap().db), replayed(&log));
}

#[test]
fn a_damaged_cache_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (log, cache) = (folder.path().join("log.edn"), folder.path().join("cache"));
    let connection = Connection::create(&log, &Map::new(), &TxInfo::default()).unwrap();
    put(&connection, "[{:name \"Ivan\" :age 15}]");
    rest();
    open_cached(&log, &cache).unwrap();
    let nodes = packs(&cache)[0].join("nodes");
    let bytes = fs::read(&nodes).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(&nodes, damaged).unwrap();
        let db = open_cached(&log, &cache).unwrap().db;
        let answer = (everything(&db), db.check_storage().is_ok());
        assert!(!answer.1 || answer.0 == replayed(&log), "byte {at}");
        if packs(&cache)[0].join("nodes") != nodes {
            // The root itself was damaged: the cache was made anew. That is as good.
            return;
        }
    }
    panic!("the root is among the bytes");
}

#[test]
fn a_pack_keeps_what_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let pack = Pack::open(folder.path()).unwrap();
    pack.store(&[(3, b"three".to_vec()), (4, b"four".to_vec()), (0, b"root".to_vec())]).unwrap();
    pack.store(&[(0, b"new root".to_vec()), (9, vec![7; 70_000])]).unwrap();
    pack.delete(&[4]).unwrap();
    let again = Pack::read_only(folder.path()).unwrap();
    for pack in [pack, again] {
        assert_eq!(pack.list_addresses().unwrap(), [0, 3, 9]);
        assert_eq!(pack.restore(0).unwrap().unwrap(), b"new root");
        assert_eq!(pack.restore(9).unwrap().unwrap(), vec![7; 70_000]);
        assert_eq!(pack.restore(4).unwrap(), None);
        assert_eq!(pack.restore(u64::MAX).unwrap(), None);
    }
}
