//! What the states found, each as small as it can be: one disk, one crash, one thing that must be there.
#![allow(clippy::unwrap_used)]

use db::{EntityRef, Op, OpValue};
use edn::{Map, Uuid, Value};
use std::path::Path;
use store::{Collection, Connection, StoreError, Transaction, TxInfo, transactions};
use torture::crash::Surface;
use torture::dice::Dice;
use torture::disk::{Disk, Event, Fault, Image};

const LOG: &str = "d/log.edn";

fn disk() -> Disk {
    Disk::of(&Image::new(), Dice::new(1, 1))
}

fn create(disk: &Disk) -> Connection {
    let info = TxInfo::default();
    Connection::create_on(disk.shared(), Path::new(LOG), &Map::new(), &info).unwrap()
}

fn open(disk: &Disk) -> Result<Connection, StoreError> {
    Connection::open_on(disk.shared(), Path::new(LOG))
}

fn fact(text: &str) -> [Op; 1] {
    let v = OpValue::Value(Value::string(text));
    [Op { e: EntityRef::New(0), a: Value::keyword("text"), v, added: true }]
}

fn put(connection: &Connection, text: &str) -> Result<(), StoreError> {
    connection.transact_ops(&fact(text), &TxInfo::default()).map(|_| ())
}

fn ids(disk: &Disk) -> Vec<Uuid> {
    let bytes = disk.read(Path::new(LOG)).unwrap();
    transactions(&bytes, Path::new(LOG)).unwrap().iter().map(Transaction::id).collect()
}

/// Disks as a crash after everything so far may leave them.
fn crashes(disk: &Disk, many: usize) -> Vec<Disk> {
    crashes_of(&disk.events(), many)
}

fn crashes_of(events: &[Event], many: usize) -> Vec<Disk> {
    let (mut surface, mut dice) = (Surface::default(), Dice::new(2, 2));
    events.iter().for_each(|event| surface.take(event));
    (0..many).map(|_| Disk::of(&surface.crash(&mut dice), dice.clone())).collect()
}

#[test]
fn of_transactions_that_share_a_flush_the_later_one_may_be_there_alone() {
    let disk = disk();
    let connection = create(&disk);
    put(&connection, "acknowledged").unwrap();
    let promised = ids(&disk);
    let mut batch = connection.batch();
    for _ in 0..3 {
        batch.transact_ops(&fact(&"x".repeat(600)), &TxInfo::default()).unwrap();
    }
    let (mut torn, mut reordered) = (0, 0);
    for crashed in crashes(&disk, 400) {
        let whole = store::inspect(&crashed.read(Path::new(LOG)).unwrap());
        reordered += usize::from(!whole.damage.is_empty() && !whole.is_torn);
        let connection = open(&crashed).unwrap();
        torn += usize::from(connection.set_aside().is_some());
        assert!(ids(&crashed).starts_with(&promised));
    }
    assert!(reordered > 10 && torn > reordered, "{reordered} of {torn}");
}

#[test]
fn blank_lines_may_stand_where_transactions_were() {
    let disk = disk();
    let connection = create(&disk);
    put(&connection, "acknowledged").unwrap();
    let promised = ids(&disk);
    let from = disk.read(Path::new(LOG)).unwrap().len();
    let mut batch = connection.batch();
    batch.transact_ops(&fact("first"), &TxInfo::default()).unwrap();
    let to = disk.read(Path::new(LOG)).unwrap().len();
    batch.transact_ops(&fact("second"), &TxInfo::default()).unwrap();
    let image = |path: &str| (Path::new(path).to_owned(), disk.read(Path::new(path)).unwrap());
    let [(log, mut bytes), (lock, mark)] = [LOG, "d/log.edn.lock"].map(image);
    bytes[from..to].fill(b'\n');
    let image = Image::from([(log, bytes.into()), (lock, mark.into())]);
    let crashed = Disk::of(&image, Dice::new(1, 1));
    assert!(open(&crashed).unwrap().set_aside().is_some());
    assert_eq!(ids(&crashed), promised);
}

#[test]
fn damage_of_what_was_flushed_is_no_torn_end() {
    let disk = disk();
    let connection = create(&disk);
    let mut batch = connection.batch();
    for text in ["first", "second", "third"] {
        batch.transact_ops(&fact(text), &TxInfo::default()).unwrap();
    }
    batch.finish().unwrap();
    put(&connection, "fourth").unwrap();
    drop(connection);
    let lock = Path::new("d/log.edn.lock");
    let mut bytes = disk.read(Path::new(LOG)).unwrap();
    let at = bytes.windows(6).position(|text| text == b"second").unwrap();
    bytes[at] ^= 1;
    let log = (Path::new(LOG).to_owned(), bytes.into());
    let image = Image::from([log, (lock.to_owned(), disk.read(lock).unwrap().into())]);
    let error = open(&Disk::of(&image, Dice::new(1, 1))).err().unwrap();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

#[test]
fn a_log_whose_maker_was_killed_is_there_once_the_next_one_has_written() {
    let disk = disk();
    // The folder is not flushed any more.
    disk.fail(2, Fault::Killed);
    let info = TxInfo::default();
    let made = Connection::create_on(disk.shared(), Path::new(LOG), &Map::new(), &info);
    assert!(made.is_err() && disk.read(Path::new(LOG)).is_some());
    disk.revive();
    put(&open(&disk).unwrap(), "acknowledged").unwrap();
    let promised = ids(&disk);
    for crashed in crashes(&disk, 50) {
        assert_eq!(ids(&crashed), promised);
    }
}

#[test]
fn a_log_that_git_put_there_is_there_once_something_is_written_to_it() {
    let disk = disk();
    put(&create(&disk), "ours").unwrap();
    let bytes = disk.read(Path::new(LOG)).unwrap();
    disk.replace_carelessly(Path::new(LOG), &bytes);
    put(&open(&disk).unwrap(), "acknowledged").unwrap();
    let promised = ids(&disk);
    assert_eq!(promised.len(), 3);
    for crashed in crashes(&disk, 100) {
        assert_eq!(ids(&crashed), promised);
    }
}

#[test]
fn what_could_not_be_flushed_is_never_built_upon() {
    let disk = disk();
    let connection = create(&disk);
    let before = ids(&disk);
    disk.fail(0, Fault::FlushFails);
    assert!(matches!(put(&connection, "lost"), Err(StoreError::Poisoned(_))));
    // Asking again is no way to have it flushed.
    assert!(matches!(put(&connection, "later"), Err(StoreError::Poisoned(_))));
    drop(connection);
    assert_eq!(ids(&disk), before);
    put(&open(&disk).unwrap(), "acknowledged").unwrap();
    let promised = ids(&disk);
    for crashed in crashes(&disk, 100) {
        open(&crashed).unwrap();
        assert_eq!(ids(&crashed), promised);
    }
}

#[test]
fn what_a_killed_writer_left_and_cannot_be_flushed_is_written_anew() {
    let disk = disk();
    let connection = create(&disk);
    connection.batch().transact_ops(&fact("unfinished"), &TxInfo::default()).unwrap();
    drop(connection);
    disk.fail(0, Fault::FlushFails);
    assert!(open(&disk).is_err());
    put(&open(&disk).unwrap(), "acknowledged").unwrap();
    let promised = ids(&disk);
    assert_eq!(promised.len(), 3);
    for crashed in crashes(&disk, 100) {
        open(&crashed).unwrap();
        assert_eq!(ids(&crashed), promised);
    }
}

#[test]
fn transactions_gathered_that_could_not_be_flushed_are_gathered_again() {
    let (disk, other) = (disk(), disk());
    put(&create(&other), "theirs").unwrap();
    let bytes = other.read(Path::new(LOG)).unwrap();
    let theirs = transactions(&bytes, Path::new(LOG)).unwrap();
    let mut collection = Collection::on(disk.shared(), Path::new(LOG));
    collection.add(&[]).unwrap();
    // The log and its folder are flushed, the mark and its folder too, the log is written, and not flushed.
    disk.fail(6, Fault::FlushFails);
    assert!(collection.add(&theirs).is_err());
    assert!(matches!(disk.events()[..], [.., Event::FlushFailed(_), Event::Cut(..)]));
    disk.forget_fault();
    assert_eq!(collection.add(&theirs).unwrap(), 2);
    let promised = ids(&disk);
    for crashed in crashes(&disk, 100) {
        assert_eq!(ids(&crashed), promised);
    }
}

#[test]
fn a_log_that_could_not_be_made_is_not_in_the_way() {
    for fault in [Fault::Full, Fault::WriteFails, Fault::FlushFails] {
        for after in 0..5 {
            let disk = disk();
            disk.fail(after, fault);
            let info = TxInfo::default();
            let made = Connection::create_on(disk.shared(), Path::new(LOG), &Map::new(), &info);
            disk.forget_fault();
            if made.is_err() {
                put(&create(&disk), "at the second try").unwrap();
            }
        }
    }
}

#[test]
fn short_and_interrupted_writes_are_gone_on_with() {
    let disk = disk();
    let connection = create(&disk);
    for fault in [Fault::ShortWrite, Fault::Interrupted] {
        disk.fail(0, fault);
        put(&connection, "acknowledged").unwrap();
    }
    assert_eq!(ids(&disk).len(), 3);
    for crashed in crashes(&disk, 20) {
        assert_eq!(ids(&crashed), ids(&disk));
    }
}

#[test]
fn a_disk_that_is_full_leaves_no_half_of_a_transaction() {
    for fault in [Fault::Full, Fault::WriteFails] {
        let disk = disk();
        let connection = create(&disk);
        let before = disk.read(Path::new(LOG)).unwrap();
        disk.fail(0, fault);
        assert!(matches!(put(&connection, "lost"), Err(StoreError::Io { .. })));
        disk.forget_fault();
        assert!(matches!(put(&connection, "later"), Err(StoreError::Poisoned(_))));
        drop(connection);
        assert_eq!(disk.read(Path::new(LOG)).unwrap(), before);
        put(&open(&disk).unwrap(), "acknowledged").unwrap();
    }
}

#[test]
fn one_log_is_open_for_writing_once() {
    let disk = disk();
    let connection = create(&disk);
    assert!(matches!(open(&disk), Err(StoreError::Locked { .. })));
    let added = Collection::on(disk.shared(), Path::new(LOG)).add(&[]);
    assert!(matches!(added, Err(StoreError::Locked { .. })));
    drop(connection);
    open(&disk).unwrap();
}

#[test]
fn a_clock_that_jumps_back_gives_later_ids_all_the_same() {
    let disk = disk();
    let connection = create(&disk);
    for clock in [1_800_000_000_000, 1_600_000_000_000, 0, 1_600_000_000_000] {
        disk.set_clock(clock);
        (0..20).for_each(|_| put(&connection, "text").unwrap());
    }
    drop(connection);
    disk.set_clock(5);
    let connection = open(&disk).unwrap();
    put(&connection, "text").unwrap();
    // As they stand in the log, which is the order they were made in.
    let bytes = disk.read(Path::new(LOG)).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let commits = text.lines().filter(|line| line.contains(" :commit {"));
    let made: Vec<&str> = commits.map(|line| &line[8..44]).collect();
    assert_eq!(made.len(), 82);
    assert!(made.is_sorted_by(|a, b| a < b));
}
