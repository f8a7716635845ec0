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
    let first = packs(&cache);
    assert_eq!(first.len(), 1);
    let size = || fs::metadata(first[0].join("nodes")).unwrap().len();
    let small = size();
    for n in 0..20 {
        put(&connection, &format!("[{{:name \"p1\" :age {n}}}]"));
        assert_eq!(everything(&open_cached(&log, &cache).unwrap().db), replayed(&log));
        assert_eq!(packs(&cache), first, "what a log has more is brought in behind");
        if n % 10 == 0 {
            rest();
            let again = open_cached(&log, &cache).unwrap();
            assert_eq!(everything(&again.db), replayed(&log));
        }
    }
    assert!(size() > small, "and so the next one to come finds it");
    fs::write(cache.join("current"), "nonsense").unwrap();
    assert_eq!(everything(&open_cached(&log, &cache).unwrap().db), replayed(&log));
    fs::remove_dir_all(&cache).unwrap();
    fs::write(&cache, "a file where the folder should be").unwrap();
    assert_eq!(everything(&open_cached(&log, &cache).unwrap().db), replayed(&log));
}

/// A log with some transactions, its cache, and as many transactions more.
fn with_tail(folder: &Path, behind: usize) -> (std::path::PathBuf, std::path::PathBuf) {
    let (log, cache) = (folder.join("log.edn"), folder.join("cache"));
    let connection = Connection::create(&log, &Map::new(), &TxInfo::default()).unwrap();
    for n in 0..5 {
        put(&connection, &format!("[{{:name \"Ivan\" :age {n}}}]"));
    }
    open_cached(&log, &cache).unwrap();
    for n in 0..behind {
        put(&connection, &format!("[[:db/add 1 :age {}]]", 90 + n));
    }
    (log, cache)
}

/// The files of a cache, by path.
fn files(cache: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let names = ["nodes", "table", "origins"];
    let in_pack = packs(cache).into_iter().flat_map(|pack| names.map(|name| pack.join(name)));
    let paths = in_pack.chain([cache.join("current")]);
    paths.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

#[test]
fn a_damaged_cache_is_never_believed() {
    damaged_every(5);
}

/// Slow: `cargo xtask ci` runs it.
#[test]
#[ignore]
fn a_cache_damaged_at_any_byte_is_never_believed() {
    damaged_every(1);
}

fn damaged_every(step: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (log, cache) = with_tail(folder.path(), 1);
    let (sound, expected) = (files(&cache), replayed(&log));
    for (path, bytes) in &sound {
        for at in (0..bytes.len()).step_by(step) {
            for (path, bytes) in &sound {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            fs::write(path, damaged).unwrap();
            let db = open_cached(&log, &cache).unwrap().db;
            let (answer, is_told) = (everything(&db), db.check_storage().is_err());
            assert!(is_told || answer == expected, "byte {at} of {}", path.display());
        }
    }
}

#[test]
fn nothing_is_written_that_was_made_with_a_damaged_cache() {
    for behind in [0, 1] {
        let folder = tempfile::tempdir().unwrap();
        let (log, cache) = with_tail(folder.path(), behind);
        let before = fs::read(&log).unwrap();
        let nodes = packs(&cache)[0].join("nodes");
        fs::write(&nodes, vec![0; fs::read(&nodes).unwrap().len()]).unwrap();
        let connection = Connection::open_cached(&log, &cache).unwrap();
        let tx = edn::read("[[:db/add 1 :age 7]]").unwrap();
        let told = connection.transact(&tx, &TxInfo::default());
        drop(connection);
        let after = fs::read(&log).unwrap();
        match behind {
            // Nothing was read before the transaction needed it.
            0 => assert!(told.is_err() && after == before),
            // The tail could not be taken up, so the log was replayed.
            _ => assert!(told.is_ok() && after.starts_with(&before) && after != before),
        }
        load(&after, &log).unwrap();
    }
}

#[test]
fn a_log_that_was_changed_in_its_middle_is_not_the_one_that_is_cached() {
    let folder = tempfile::tempdir().unwrap();
    let (log, cache) = with_tail(folder.path(), 1);
    let text = fs::read_to_string(&log).unwrap();
    // The first transaction with a name stands once more at the end, which says nothing new; in its place is nothing.
    let lines: Vec<&str> = text.lines().collect();
    let moved: Vec<&str> = lines[2..].iter().chain(&lines[..2]).copied().collect();
    fs::write(&log, moved.join("\n") + "\n").unwrap();
    assert_eq!(everything(&open_cached(&log, &cache).unwrap().db), replayed(&log));
    // Damage in the middle is told, whatever is cached.
    fs::write(&log, text.replacen(":age 2", ":age 3", 1)).unwrap();
    assert!(open_cached(&log, &cache).is_err());
    assert!(Connection::open_cached(&log, &cache).is_err());
    fs::write(&log, &text[..text.len() - 20]).unwrap();
    assert!(open_cached(&log, &cache).unwrap().is_torn);
    let connection = Connection::open_cached(&log, &cache).unwrap();
    assert!(connection.set_aside().is_some());
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
