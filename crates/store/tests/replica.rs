//! A process that stays and others that write to the same log: one writes at a time, and all see everything.
#![allow(clippy::unwrap_used)]

use edn::{Map, Value};
use std::path::{Path, PathBuf};
use store::{Connection, Replica, StoreError, TxInfo, encode_snapshot, load};

fn create(folder: &Path) -> (PathBuf, Connection) {
    let log = folder.join("log.edn");
    let schema = edn::read("{:name {:db/unique :db.unique/identity}}").unwrap();
    let connection = Connection::create(&log, schema.as_map().unwrap(), &TxInfo::default());
    (log, connection.unwrap())
}

fn put(connection: &Connection, name: &str) {
    let form = format!("[{{:name \"{name}\"}}]");
    connection.transact(&edn::read(&form).unwrap(), &TxInfo::default()).unwrap();
}

fn names(db: &db::Db) -> String {
    let query = "[:find (count ?n) (max ?n) :where [_ :name ?n]]";
    db::q(&edn::read(query).unwrap(), &[db.into()]).unwrap().to_string()
}

/// A replica has what reading its log gives.
fn assert_current(replica: &Replica, log: &Path) {
    let read = load(&std::fs::read(log).unwrap(), log).unwrap();
    assert_eq!(encode_snapshot(replica.state()), encode_snapshot(&read));
}

#[test]
fn writers_take_turns_and_see_what_the_others_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let (log, connection) = create(folder.path());
    let mut writers = vec![connection.release().unwrap()];
    writers.push(Replica::open(&log).unwrap());
    writers.push(Replica::of(&log).unwrap());
    for i in 0..12 {
        let connection = writers.remove(0).connect().unwrap();
        assert!(matches!(writers[0].hold(), Err(StoreError::Locked { .. })));
        put(&connection, &format!("n{i:02}"));
        assert_eq!(names(&connection.db()), format!("([{} \"n{i:02}\"])", i + 1));
        writers.push(connection.release().unwrap());
    }
    for writer in &mut writers {
        writer.catch_up().unwrap();
        assert!(!writer.has_news().unwrap());
        assert_current(writer, &log);
    }
}

#[test]
fn who_holds_the_log_keeps_others_out_until_it_lets_go() {
    let folder = tempfile::tempdir().unwrap();
    let (log, connection) = create(folder.path());
    let mut replica = connection.release().unwrap();
    replica.hold().unwrap();
    replica.hold().unwrap();
    assert!(matches!(Connection::open(&log), Err(StoreError::Locked { .. })));
    drop(replica);
    Connection::open(&log).unwrap();
}

#[test]
fn what_is_written_just_now_is_read_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (log, connection) = create(folder.path());
    put(&connection, "first");
    let before = std::fs::read(&log).unwrap();
    put(&connection, "second");
    put(&connection, "third");
    drop(connection);
    let bytes = std::fs::read(&log).unwrap();
    std::fs::write(&log, &before).unwrap();
    let mut replica = Replica::open(&log).unwrap();
    for end in before.len()..=bytes.len() {
        let mut file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
        std::io::Write::write_all(
            &mut file,
            &bytes[end - 1..end][..usize::from(end > before.len())],
        )
        .unwrap();
        replica.catch_up().unwrap();
        assert_current(&replica, &log);
    }
    assert_eq!(names(&replica.db()), "([3 \"third\"])");
}

#[test]
fn what_another_program_left_half_written_is_set_aside_by_the_next_who_writes() {
    let folder = tempfile::tempdir().unwrap();
    let (log, connection) = create(folder.path());
    put(&connection, "first");
    let replica = connection.release().unwrap();
    let killed = Connection::open(&log).unwrap();
    put(&killed, "second");
    drop(killed);
    let torn = b"[#uuid \"0193";
    std::fs::write(&log, [&std::fs::read(&log).unwrap()[..], torn].concat()).unwrap();
    let connection = replica.connect().unwrap();
    assert_eq!(std::fs::read(connection.set_aside().unwrap()).unwrap(), torn);
    put(&connection, "third");
    assert_eq!(names(&connection.db()), "([3 \"third\"])");
    assert_current(&connection.release().unwrap(), &log);
}

#[test]
fn a_log_that_was_put_in_its_place_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (log, connection) = create(folder.path());
    let other = folder.path().join("other.edn");
    std::fs::copy(&log, &other).unwrap();
    put(&connection, "ours");
    let mut replica = connection.release().unwrap();
    let theirs = Connection::open(&other).unwrap();
    put(&theirs, "theirs");
    drop(theirs);
    // Longer, shorter, and with what comes earlier behind what was read.
    let both = [std::fs::read(&other).unwrap(), std::fs::read(&log).unwrap()].concat();
    let merged = folder.path().join("merged.edn");
    for text in [both.clone(), std::fs::read(&other).unwrap(), both] {
        std::fs::write(&merged, text).unwrap();
        std::fs::rename(&merged, &log).unwrap();
        assert!(replica.catch_up().unwrap());
        assert_current(&replica, &log);
    }
    assert_eq!(names(&replica.db()), "([2 \"theirs\"])");
}

#[test]
fn a_log_that_cannot_be_read_is_told_and_read_when_it_is_whole_again() {
    let folder = tempfile::tempdir().unwrap();
    let (log, connection) = create(folder.path());
    put(&connection, "first");
    let mut replica = connection.release().unwrap();
    let sound = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, sound.replacen("first", "worst", 1) + &sound).unwrap();
    assert!(replica.catch_up().is_err());
    std::fs::remove_file(&log).unwrap();
    assert!(matches!(replica.catch_up(), Err(StoreError::Io { .. })));
    assert_eq!(names(&replica.db()), "([1 \"first\"])");
    std::fs::write(&log, &sound).unwrap();
    replica.catch_up().unwrap();
    let connection = replica.connect().unwrap();
    put(&connection, "second");
    assert_eq!(names(&connection.db()), "([2 \"second\"])");
}

#[test]
fn what_a_batch_left_unfinished_is_flushed_before_it_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (log, connection) = create(folder.path());
    let mut batch = connection.batch();
    batch.transact_ops(&[], &TxInfo::default()).unwrap();
    drop(batch);
    let replica = connection.release().unwrap();
    assert_current(&replica, &log);
    let connection = replica.connect().unwrap();
    connection.change_schema(&Map::new(), &TxInfo::default()).unwrap();
    assert_eq!(connection.db().max_tx(), connection.state().db.max_tx());
    assert!(connection.db().get(1, &Value::keyword("name")).is_none());
}
