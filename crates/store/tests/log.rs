//! What the log promises: nothing acknowledged is lost, order means nothing, damage is told.
#![allow(clippy::unwrap_used)]

use edn::{Map, Value};
use std::path::{Path, PathBuf};
use store::{Connection, StoreError, TxInfo, encode_snapshot, inspect, load};

fn edn_of(text: &str) -> Value {
    edn::read(text).unwrap()
}

fn schema() -> Map {
    let schema = "{:name {:db/unique :db.unique/identity} :tag {:db/cardinality :db.cardinality/many} \
                   :friend {:db/valueType :db.type/ref}}";
    edn_of(schema).as_map().unwrap().clone()
}

fn info(author: &str) -> TxInfo {
    TxInfo { author: Some(author.to_string()), ..TxInfo::default() }
}

fn create(path: &Path) -> Connection {
    Connection::create(path, &schema(), &info("maker")).unwrap()
}

fn put(connection: &Connection, tx: &str) {
    connection.transact(&edn_of(tx), &info("me")).unwrap();
}

fn sample(folder: &Path) -> PathBuf {
    let path = folder.join("log.edn");
    let connection = create(&path);
    put(
        &connection,
        "[{:name \"a\" :age 1 :tag [\"x\" \"y\"]} {:db/id -1 :note \"no name\"} {:name \"b\" :friend -1}]",
    );
    put(&connection, "[{:name \"a\" :age 2} [:db/retract [:name \"a\"] :tag \"x\"]]");
    put(&connection, "[{:db/id [:name \"a\"] :name \"c\"} {:db/id \"new\" :name \"a\" :age 9}]");
    put(&connection, "[[:db/retractEntity [:name \"b\"]]]");
    path
}

fn snapshot_of(bytes: &[u8]) -> String {
    encode_snapshot(&load(bytes, Path::new("log")).unwrap_or_else(|e| panic!("{e}")))
}

fn ages(path: &Path) -> String {
    let db = load(&std::fs::read(path).unwrap(), path).unwrap().db;
    let query = edn_of("[:find ?n ?a :where [?e :name ?n] [?e :age ?a]]");
    db::q(&query, &[(&db).into()]).unwrap().to_string()
}

#[test]
fn a_log_reads_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample(folder.path());
    let connection = Connection::open(&path).unwrap();
    assert_eq!(edn_of(&ages(&path)), edn_of("#{[\"a\" 9] [\"c\" 2]}"));
    put(&connection, "[{:name \"d\" :age 4}]");
    let live = encode_snapshot(&connection.state());
    assert_eq!(live, snapshot_of(&std::fs::read(&path).unwrap()));
}

#[test]
fn a_log_cut_anywhere_has_its_whole_transactions() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample(folder.path());
    let bytes = std::fs::read(&path).unwrap();
    let ends: Vec<usize> = commit_ends(&bytes);
    for cut in 0..bytes.len() {
        let whole = ends.iter().filter(|end| **end <= cut + 1).count();
        let found = inspect(&bytes[..cut]);
        assert_eq!(found.whole(), whole, "cut at {cut}");
        assert!(found.damage.is_empty() || found.is_torn, "cut at {cut}");
    }
    let torn = folder.path().join("torn.edn");
    for cut in [ends[1] + 10, ends[2] + 1, bytes.len() - 1] {
        std::fs::write(&torn, &bytes[..cut]).unwrap();
        let connection = Connection::open(&torn).unwrap();
        let set_aside = connection.set_aside().map(|p| std::fs::read(p).unwrap());
        put(&connection, "[{:name \"after\"}]");
        drop(connection);
        let kept = std::fs::read(&torn).unwrap();
        if let Some(rest) = set_aside {
            let sound = cut - rest.len();
            assert_eq!(kept[..sound], bytes[..sound]);
            assert_eq!(rest, &bytes[sound..cut]);
        }
        assert!(inspect(&kept).damage.is_empty());
    }
}

/// The offsets just past each commit line.
fn commit_ends(bytes: &[u8]) -> Vec<usize> {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut end = 0;
    let mut ends = Vec::new();
    for line in text.split_inclusive('\n') {
        end += line.len();
        if line.contains(" :commit {") {
            ends.push(end);
        }
    }
    ends
}

#[test]
fn a_flipped_byte_is_found_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(sample(folder.path())).unwrap();
    let sound = snapshot_of(&bytes);
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x04;
        match load(&flipped, Path::new("log")) {
            Err(_) => {}
            Ok(read) => {
                let found = inspect(&flipped);
                let same = encode_snapshot(&read) == sound;
                assert!(same || found.is_torn, "flip at {at} went unnoticed");
            }
        }
    }
}

#[test]
fn a_flipped_byte_of_a_snapshot_is_found_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let state = Connection::open(&sample(folder.path())).unwrap().state();
    let sound = encode_snapshot(&state);
    for at in 0..sound.len() {
        for bit in [0x01, 0x04, 0x20, 0x80] {
            let mut flipped = sound.clone().into_bytes();
            flipped[at] ^= bit;
            let read = store::decode_snapshot(&flipped);
            // The last line says its checksum in one way of several.
            let is_same = read.as_ref().is_ok_and(|read| encode_snapshot(read) == sound);
            assert!(read.is_err() || is_same, "bit {bit} of byte {at} went unnoticed");
        }
    }
    for cut in 0..sound.len() {
        assert!(store::decode_snapshot(&sound.as_bytes()[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn the_order_of_lines_means_nothing_and_doubles_vanish() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(sample(folder.path())).unwrap();
    let sound = snapshot_of(&bytes);
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut reversed = lines.clone();
    reversed.reverse();
    let mut sorted = lines.clone();
    sorted.sort_unstable();
    let doubled: Vec<&str> = lines.iter().chain(&lines).copied().collect();
    for order in [reversed, sorted, doubled] {
        assert_eq!(snapshot_of((order.join("\n") + "\n").as_bytes()), sound);
        assert_eq!(snapshot_of((order.join("\r\n") + "\r\n").as_bytes()), sound);
    }
}

#[test]
fn damage_in_the_middle_stops_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample(folder.path());
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let broken = lines[4].replace(":age 1", ":age 7");
    lines[4] = &broken;
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let error = Connection::open(&path).err().unwrap();
    assert!(matches!(error, StoreError::Corrupt { line: 5.., .. }), "{error}");
    assert!(error.to_string().contains("do not match its checksum"), "{error}");
    let marked = text.replace("\n", "\n<<<<<<< ours\n");
    let error = load(marked.as_bytes(), &path).err().unwrap().to_string();
    assert!(error.contains("conflict marker"), "{error}");
}

#[test]
fn one_writer_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.edn");
    let first = create(&path);
    assert!(matches!(Connection::open(&path), Err(StoreError::Locked { .. })));
    assert!(matches!(
        Connection::create(&path, &schema(), &info("x")),
        Err(StoreError::Locked { .. })
    ));
    drop(first);
    assert!(Connection::open(&path).is_ok());
}

#[test]
fn writers_that_wait_together_all_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.edn");
    let connection = create(&path);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let connection = &connection;
            scope.spawn(move || {
                for i in 0..25 {
                    put(connection, &format!("[{{:name \"{thread}-{i}\" :age {i}}}]"));
                }
            });
        }
    });
    let live = encode_snapshot(&connection.state());
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(inspect(&bytes).whole(), 201);
    assert_eq!(snapshot_of(&bytes), live);
}

/// Two copies of a log that go their own ways.
fn clones(folder: &Path) -> (PathBuf, PathBuf) {
    let ours = folder.join("ours.edn");
    let connection = create(&ours);
    put(&connection, "[{:name \"a\" :age 1} {:name \"b\" :age 1}]");
    drop(connection);
    let theirs = folder.join("theirs.edn");
    std::fs::copy(&ours, &theirs).unwrap();
    (ours, theirs)
}

fn write(path: &Path, tx: &str) {
    put(&Connection::open(path).unwrap(), tx);
    // Ids of different clones are ordered by their time.
    std::thread::sleep(std::time::Duration::from_millis(2));
}

fn merged(ours: &Path, theirs: &Path) -> Vec<u8> {
    let mut bytes = std::fs::read(ours).unwrap();
    bytes.extend(std::fs::read(theirs).unwrap());
    bytes
}

#[test]
fn a_rename_and_an_edit_under_the_old_name_meet() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = clones(folder.path());
    write(&ours, "[{:db/id [:name \"a\"] :name \"z\"}]");
    write(&theirs, "[{:db/id [:name \"a\"] :age 7}]");
    let one = merged(&ours, &theirs);
    assert_eq!(snapshot_of(&one), snapshot_of(&merged(&theirs, &ours)));
    let read = load(&one, Path::new("log")).unwrap();
    assert!(read.conflicts().is_empty());
    let query = edn_of("[:find ?n ?a :where [?e :name ?n] [?e :age ?a]]");
    let got = db::q(&query, &[(&read.db).into()]).unwrap();
    assert_eq!(got, edn_of("#{[\"z\" 7] [\"b\" 1]}"));
}

#[test]
fn the_same_identity_made_twice_is_one_entity() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = clones(folder.path());
    write(&ours, "[{:name \"new\" :tag [\"o\"] :age 5}]");
    write(&theirs, "[{:name \"new\" :tag [\"t\"] :age 5}]");
    let read = load(&merged(&ours, &theirs), Path::new("log")).unwrap();
    let query = edn_of("[:find [?t ...] :where [?e :name \"new\"] [?e :tag ?t]]");
    let got = db::q(&query, &[(&read.db).into()]).unwrap();
    assert_eq!(Value::set(got.as_seq().unwrap().to_vec()), edn_of("#{\"o\" \"t\"}"));
    assert!(read.conflicts().is_empty());
}

#[test]
fn different_values_are_a_conflict_until_somebody_settles_it() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = clones(folder.path());
    write(&ours, "[{:name \"a\" :age 10}]");
    write(&theirs, "[{:name \"a\" :age 20}]");
    std::fs::write(&ours, merged(&ours, &theirs)).unwrap();
    let connection = Connection::open(&ours).unwrap();
    let conflicts = connection.conflicts();
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    assert_eq!(conflicts[0].earlier.value, Some(Value::Int(10)));
    assert_eq!(conflicts[0].later.value, Some(Value::Int(20)));
    put(&connection, "[{:name \"a\" :age 15}]");
    assert!(connection.conflicts().is_empty());
    drop(connection);
    let read = load(&std::fs::read(&ours).unwrap(), &ours).unwrap();
    assert!(read.conflicts().is_empty());
    assert_eq!(edn_of(&ages(&ours)), edn_of("#{[\"b\" 1] [\"a\" 15]}"));
}

#[test]
fn a_union_merge_in_git_keeps_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        let done = std::process::Command::new("git")
            .current_dir(folder.path())
            .args(["-c", "user.name=t", "-c", "user.email=t@t"])
            .args(args)
            .output()
            .unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    let log = folder.path().join("log.edn");
    git(&["init", "-q", "-b", "main"]);
    std::fs::write(folder.path().join(".gitattributes"), "*.edn merge=union\n").unwrap();
    let connection = create(&log);
    put(&connection, "[{:name \"a\" :age 1}]");
    drop(connection);
    git(&["add", ".gitattributes", "log.edn"]);
    git(&["commit", "-qm", "base"]);
    git(&["checkout", "-qb", "side"]);
    write(&log, "[{:name \"same\" :age 3} {:name \"side\" :age 2} {:name \"z\" :age 0}]");
    git(&["commit", "-qam", "side"]);
    git(&["checkout", "-q", "main"]);
    write(&log, "[{:name \"same\" :age 3} {:name \"main\" :age 1} {:name \"z\" :age 0}]");
    git(&["commit", "-qam", "main"]);
    git(&["merge", "-q", "side", "-m", "merge"]);
    assert_eq!(
        edn_of(&ages(&log)),
        edn_of("#{[\"a\" 1] [\"same\" 3] [\"side\" 2] [\"main\" 1] [\"z\" 0]}")
    );
    assert!(Connection::open(&log).unwrap().conflicts().is_empty());
}

#[test]
fn a_snapshot_has_everything_its_log_had() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample(folder.path());
    let state = Connection::open(&path).unwrap().state();
    let snapshot = folder.path().join("snapshot.edn");
    store::write_snapshot(&state, &snapshot).unwrap();
    let read = store::read_snapshot(&snapshot).unwrap();
    assert_eq!(encode_snapshot(&read), encode_snapshot(&state));
    let again = folder.path().join("again.edn");
    store::restore(&snapshot, &again).unwrap();
    assert_eq!(std::fs::read_to_string(&again).unwrap(), std::fs::read_to_string(&path).unwrap());
    let mut damaged = std::fs::read(&snapshot).unwrap();
    damaged[200] ^= 1;
    std::fs::write(&snapshot, damaged).unwrap();
    assert!(matches!(store::read_snapshot(&snapshot), Err(StoreError::Snapshot { .. })));
}

#[test]
fn a_snapshot_of_a_schema_that_changed_gives_back_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = clones(folder.path());
    let connection = Connection::open(&ours).unwrap();
    let more = |text: &str| connection.change_schema(edn_of(text).as_map().unwrap(), &info("me"));
    more("{:age {:db/index true}}").unwrap();
    put(&connection, "[{:name \"a\" :alias \"x\" :age 2}]");
    more("{:alias {:db/cardinality :db.cardinality/many}}").unwrap();
    put(&connection, "[{:name \"a\" :alias [\"y\" \"z\"]}]");
    drop(connection);
    write(&theirs, "[{:name \"a\" :age 3}]");
    std::fs::write(&ours, merged(&ours, &theirs)).unwrap();
    let state = Connection::open(&ours).unwrap().state();
    assert_eq!(state.conflicts().len(), 1);
    let (snapshot, again) = (folder.path().join("snapshot.edn"), folder.path().join("again.edn"));
    store::write_snapshot(&state, &snapshot).unwrap();
    assert_eq!(store::read_snapshot(&snapshot).unwrap().conflicts(), state.conflicts());
    let restored = store::restore(&snapshot, &again).unwrap();
    assert_eq!(restored.conflicts(), state.conflicts());
    let bytes = std::fs::read(&ours).unwrap();
    assert_eq!(std::fs::read(&again).unwrap(), inspect(&bytes).salvage(&bytes).0);
}

#[test]
fn saying_the_value_that_shows_settles_a_conflict() {
    let settlements = [
        "[{:name \"a\" :age 20}]",
        "[[:db/add [:name \"a\"] :age 20]]",
        "[[:db/retract [:name \"a\"] :age 20]]",
        "[[:db/cas [:name \"a\"] :age 20 20]]",
    ];
    for settlement in settlements {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = clones(folder.path());
        write(&ours, "[{:name \"a\" :age 10}]");
        write(&theirs, "[{:name \"a\" :age 20}]");
        std::fs::write(&ours, merged(&ours, &theirs)).unwrap();
        let connection = Connection::open(&ours).unwrap();
        put(&connection, "[{:name \"b\" :age 20}]");
        assert_eq!(connection.conflicts().len(), 1);
        put(&connection, settlement);
        assert!(connection.conflicts().is_empty(), "{settlement}");
        drop(connection);
        let read = load(&std::fs::read(&ours).unwrap(), &ours).unwrap();
        assert!(read.conflicts().is_empty(), "{settlement}");
    }
}

#[test]
fn a_retraction_of_what_is_gone_settles_a_conflict_that_took_it() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = clones(folder.path());
    write(&ours, "[{:name \"a\" :age 10}]");
    write(&theirs, "[[:db/retract [:name \"a\"] :age 1]]");
    std::fs::write(&ours, merged(&ours, &theirs)).unwrap();
    let connection = Connection::open(&ours).unwrap();
    assert_eq!(connection.conflicts().len(), 1);
    put(&connection, "[[:db/retract [:name \"a\"] :age 1]]");
    assert!(connection.conflicts().is_empty());
    let bytes = std::fs::read(&ours).unwrap();
    assert!(load(&bytes, &ours).unwrap().conflicts().is_empty());
}

#[test]
fn composite_tuples_over_references_mean_the_same_in_every_clone() {
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("ours.edn");
    let schema = "{:name {:db/unique :db.unique/identity} :of {:db/valueType :db.type/ref}
                   :seat {:db/tupleAttrs [:of :place] :db/unique :db.unique/identity}}";
    let schema = edn_of(schema).as_map().unwrap().clone();
    let connection = Connection::create(&ours, &schema, &info("maker")).unwrap();
    put(&connection, "[{:db/id -1 :name \"room\"} {:name \"chair\" :of -1 :place 1}]");
    drop(connection);
    let theirs = folder.path().join("theirs.edn");
    std::fs::copy(&ours, &theirs).unwrap();
    write(&ours, "[{:name \"other\"}]");
    write(&theirs, "[{:db/id -1 :name \"hall\"} {:name \"bench\" :of -1 :place 2}]");
    std::fs::write(&ours, merged(&ours, &theirs)).unwrap();
    let connection = Connection::open(&ours).unwrap();
    put(&connection, "[{:seat [[:name \"hall\"] 2] :colour \"red\"}]");
    put(&connection, "[{:name \"chair\" :of [:name \"hall\"]}]");
    let taken = edn_of("[{:name \"chair\" :place 2}]");
    let error = connection.transact(&taken, &info("me")).err().unwrap();
    assert!(matches!(error, StoreError::Transaction(_)), "{error}");
    let live = encode_snapshot(&connection.state());
    assert_eq!(live, snapshot_of(&std::fs::read(&ours).unwrap()));
    let query = edn_of(
        "[:find ?n ?p :where [?e :name ?n] [?e :seat ?s] [(untuple ?s) [?of ?p]]
                          [?of :name \"hall\"]]",
    );
    let got = db::q(&query, &[(&connection.db()).into()]).unwrap();
    assert_eq!(got, edn_of("#{[\"bench\" 2] [\"chair\" 1]}"));
    let text = std::fs::read_to_string(&ours).unwrap();
    assert!(!text.contains("0 {:seat") && !text.contains(", :seat"), "{text}");
}

#[test]
fn a_listener_may_transact() {
    let folder = tempfile::tempdir().unwrap();
    let connection = std::sync::Arc::new(create(&folder.path().join("log.edn")));
    let weak = std::sync::Arc::downgrade(&connection);
    let listener = move |report: &db::TxReport| {
        if report.tx_data.len() > 3
            && let Some(connection) = weak.upgrade()
        {
            put(&connection, "[]");
        }
    };
    connection.listen(Value::keyword("more"), std::sync::Arc::new(listener));
    put(&connection, "[{:name \"a\" :age 1}]");
    let count = connection.db().tx_range(None, None).len();
    assert_eq!(count, 3);
}

#[test]
fn a_log_is_shown_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.edn");
    let connection = create(&path);
    put(&connection, "[{:name \"a\" :age 1 :source \"(defn a\\n  [])\"}]");
    put(&connection, "[[:db/retract [:name \"a\"] :age 1]]");
    drop(connection);
    let log = std::fs::read_to_string(&path).unwrap();
    let text = store::readable(log.as_bytes());
    for expected in [
        "  attribute :name\n    :db/unique :db.unique/identity\n",
        "    :source\n      (defn a\n        [])\n",
        "  [:name \"a\"]\n  - :age 1\n",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
    // Where lines stand, and how often, is no difference.
    let mut lines: Vec<&str> = log.lines().chain(log.lines().take(2)).collect();
    lines.sort();
    assert_eq!(store::readable((lines.join("\n") + "\n").as_bytes()), text);
    let torn = log.trim_end().rsplit_once('\n').unwrap().0;
    assert!(store::readable(torn.as_bytes()).contains("damaged in line"));
}
