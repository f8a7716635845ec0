//! What nobody should do, and what comes of it: an error that says so, and nothing lost.
#![allow(clippy::unwrap_used)]

use edn::{Map, Value};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use store::{Connection, StoreError, TxInfo, encode_snapshot, inspect, load};

fn edn_of(text: &str) -> Value {
    edn::read(text).unwrap()
}

fn schema(text: &str) -> Map {
    edn_of(text).as_map().unwrap().clone()
}

const SCHEMA: &str = "{:name {:db/unique :db.unique/identity} :friend {:db/valueType :db.type/ref}
                       :tag {:db/cardinality :db.cardinality/many}}";

fn create(folder: &Path) -> (Connection, PathBuf) {
    let path = folder.join("log.edn");
    (Connection::create(&path, &schema(SCHEMA), &TxInfo::default()).unwrap(), path)
}

fn put(connection: &Connection, tx: &str) -> Result<db::TxReport, StoreError> {
    connection.transact(&edn_of(tx), &TxInfo::default())
}

/// What was acknowledged is there when the log is read.
fn is_as_read(connection: &Connection, path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    let read = load(&bytes, path).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(encode_snapshot(&connection.state()), encode_snapshot(&read));
}

#[test]
fn what_the_log_says_itself_is_not_for_others_to_say() {
    let refused = [
        "[[:db/add 1 :db/retract {:name 1}]]",
        "[[:db/add 1 :db/attribute :name]]",
        "[[:db/add 1 :db/id 5]]",
        "[[:db/add :db/current-tx :tx/parents []]]",
        "[[:db/add :db/current-tx :tx/lines 7]]",
        "[[:db/add :db/current-tx :tx/crc32c 7]]",
        "[[:db/add :db/current-tx :tx/id #uuid \"01a20aed-5de1-7b42-8cd5-8f7e6309b8f9\"]]",
    ];
    let folder = tempfile::tempdir().unwrap();
    let (connection, path) = create(folder.path());
    put(&connection, "[{:name \"a\"}]").unwrap();
    let before = std::fs::read(&path).unwrap();
    for tx in refused {
        let error = put(&connection, tx).err().unwrap_or_else(|| panic!("{tx} was taken"));
        assert!(matches!(error, StoreError::Unwritable { .. }), "{tx}: {error}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{tx}");
    }
    put(&connection, "[[:db/add :db/current-tx :db/txInstant #inst \"2001-02-03\"]]").unwrap();
    put(&connection, "[[:db/add 1 :tx/lines 5]]").unwrap();
    is_as_read(&connection, &path);
}

#[test]
fn what_would_not_read_back_is_refused() {
    #[derive(Debug)]
    struct Function;
    impl edn::Object for Function {
        fn kind(&self) -> &str {
            "function"
        }
        fn as_any(&self) -> &dyn std::any::Any {
            self
        }
    }
    let nested = |depth: usize| edn_of(&("[".repeat(depth) + &"]".repeat(depth)));
    let values = [
        Value::Opaque(edn::Opaque(std::sync::Arc::new(Function))),
        Value::keyword("with space"),
        Value::symbol("a) (b"),
        Value::vector(vec![Value::keyword("new\nline")]),
        nested(edn::MAX_DEPTH - 1),
    ];
    let folder = tempfile::tempdir().unwrap();
    let (connection, path) = create(folder.path());
    for value in values {
        let add = [Value::keyword("db/add"), Value::Int(1), Value::keyword("x"), value.clone()];
        let tx = Value::vector(vec![Value::vector(add.to_vec())]);
        let error = connection.transact(&tx, &TxInfo::default()).err();
        assert!(matches!(error, Some(StoreError::Unwritable { .. })), "{error:?}");
    }
    let add = [Value::keyword("db/add"), Value::Int(1), Value::keyword("a b"), Value::Int(1)];
    let tx = Value::vector(vec![Value::vector(add.to_vec())]);
    assert!(connection.transact(&tx, &TxInfo::default()).is_err());
    put(
        &connection,
        "[[:db/add 1 :x {:a [#{1.5 \\a nil} (b \"\n\\u0000\") #\"a+\" 1/2 3M 4N #t [x]]}]]",
    )
    .unwrap();
    for value in ["#db/value 5", "#db/values #{5 6}", "#db/birth [5]", "[:name 5]", "#{5}"] {
        put(&connection, &format!("[[:db/add 1 :y {value}] [:db/add 1 :tag {value}]]")).unwrap();
        is_as_read(&connection, &path);
        put(&connection, &format!("[[:db/retract 1 :y {value}] [:db/retract 1 :tag {value}]]"))
            .unwrap();
        is_as_read(&connection, &path);
        assert!(connection.db().get(1, &Value::keyword("y")).is_none());
    }
}

#[test]
fn a_value_type_does_not_change_under_its_values() {
    let folder = tempfile::tempdir().unwrap();
    let (connection, path) = create(folder.path());
    put(&connection, "[{:name \"a\" :age 1 :friend {:name \"b\"}}]").unwrap();
    for change in [
        "{:age {:db/valueType :db.type/ref}}",
        "{:friend {:db/valueType :db.type/string}}",
        "{:name {:db/tupleAttrs [:age :friend]}}",
        "{:tx/id {:db/cardinality :db.cardinality/many}}",
        "{:tx/lines {:db/index true}}",
    ] {
        let changed = connection.change_schema(&schema(change), &TxInfo::default());
        assert!(changed.is_err(), "{change}");
    }
    connection
        .change_schema(&schema("{:boss {:db/valueType :db.type/ref}}"), &TxInfo::default())
        .unwrap();
    is_as_read(&connection, &path);
}

fn clones(folder: &Path) -> [PathBuf; 2] {
    let (connection, path) = create(folder);
    put(&connection, "[{:name \"a\"} {:name \"b\"}]").unwrap();
    let other = folder.join("other.edn");
    std::fs::copy(&path, &other).unwrap();
    [path, other]
}

/// What each of two clones does, then both together, in both orders.
fn merged(ours: impl Fn(&Connection), theirs: impl Fn(&Connection)) {
    for order in [[0, 1], [1, 0]] {
        let folder = tempfile::tempdir().unwrap();
        let paths = clones(folder.path());
        for side in order {
            let connection = Connection::open(&paths[side]).unwrap();
            if side == 0 {
                ours(&connection)
            } else {
                theirs(&connection)
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let both = paths.iter().map(|p| std::fs::read(p).unwrap()).collect::<Vec<_>>().concat();
        std::fs::write(&paths[0], &both).unwrap();
        let connection = Connection::open(&paths[0]).unwrap_or_else(|e| panic!("{order:?}: {e}"));
        assert!(!connection.conflicts().is_empty(), "{order:?}");
        put(&connection, "[{:name \"after\"}]").unwrap();
        is_as_read(&connection, &paths[0]);
    }
}

#[test]
fn clones_that_change_the_schema_apart_still_open() {
    let change = |text: &'static str| {
        move |c: &Connection| c.change_schema(&schema(text), &TxInfo::default()).unwrap()
    };
    merged(
        change("{:pair {:db/tupleAttrs [:x :y]}}"),
        change("{:x {:db/cardinality :db.cardinality/many}}"),
    );
    merged(
        |c| {
            put(c, "[{:name \"a\" :boss \"b\"}]").map(|_| ()).unwrap();
            put(c, "[{:name \"a\" :boss \"c\"}]").map(|_| ()).unwrap();
        },
        |c| {
            change("{:boss {:db/valueType :db.type/ref}}")(c);
            put(c, "[{:name \"a\" :boss [:name \"b\"]}]").map(|_| ()).unwrap();
        },
    );
}

#[test]
fn a_log_replaced_under_a_connection_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (connection, path) = create(folder.path());
    put(&connection, "[{:name \"a\"}]").unwrap();
    let copy = folder.path().join("copy.edn");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::rename(&copy, &path).unwrap();
    let error = put(&connection, "[{:name \"b\"}]").err().unwrap();
    assert!(error.to_string().contains("open the database anew"), "{error}");
    assert!(put(&connection, "[{:name \"c\"}]").is_err());
    drop(connection);
    let connection = Connection::open(&path).unwrap();
    put(&connection, "[{:name \"d\"}]").unwrap();
    is_as_read(&connection, &path);
    // Somebody else writes to it.
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "[#uuid").unwrap();
    assert!(put(&connection, "[{:name \"e\"}]").is_err());
}

#[test]
fn a_log_whose_lock_is_taken_away_has_one_writer_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (_connection, path) = create(folder.path());
    std::fs::remove_file(folder.path().join("log.edn.lock")).unwrap();
    assert!(matches!(Connection::open(&path), Err(StoreError::Locked { .. })));
}

#[test]
fn a_log_that_is_not_there_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Connection::open(&folder.path().join("log.edn")).is_err());
    let refused = schema("{:a {:db/cardinality :many}}");
    let path = folder.path().join("log.edn");
    assert!(Connection::create(&path, &refused, &TxInfo::default()).is_err());
    let refused = schema("{:a {:db/doc 1} \"b c\" {:db/index true} :a/b {:db/unique :x}}");
    assert!(Connection::create(&path, &refused, &TxInfo::default()).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A log of transactions given as their lines, with checksums that match.
fn log_of(transactions: &[(&str, &str, &[&str])]) -> Vec<u8> {
    let mut log = String::new();
    for (id, parents, lines) in transactions {
        let mut text = String::new();
        for (n, line) in lines.iter().enumerate() {
            text += &format!("[#uuid \"{id}\" {n} {line}]\n");
        }
        text += &format!(
            "[#uuid \"{id}\" :commit {{:tx/parents [{parents}], :tx/lines {}, ",
            lines.len()
        );
        let crc = crc32c::crc32c(text.as_bytes());
        log += &format!("{text}:tx/crc32c {crc}}}]\n");
    }
    log.into_bytes()
}

const A: &str = "01a20aed-5de1-7b42-8cd5-8f7e6309b8f9";
const B: &str = "01a20aed-5de2-7b42-8cd5-8f7e6309b8f9";
const LAST: &str = "ffffffff-ffff-7fff-bfff-ffffffffffff";

#[test]
fn a_log_that_makes_no_sense_is_refused_with_what_is_wrong() {
    let after_a = format!("#uuid \"{A}\"");
    let birth = |id: &str, n: &str| format!("{{:db/id #db/birth [#uuid \"{id}\" {n}], :x 1}}");
    let cases: Vec<(String, &str)> = vec![
        (birth(A, "0"), "never born"),
        (birth(B, "7"), "another line"),
        (birth(B, "-1"), "no birth"),
        (birth(B, "99999999999"), "no birth"),
        (
            "{:db/id #db/tx #uuid \"00000000-0000-0000-0000-000000000000\", :x 1}".into(),
            "no transaction",
        ),
        ("{:db/id [:x 1], :y 1}".into(), "no unique identity"),
        ("{:db/id 5, :x 1}".into(), "names no entity"),
        ("{:x nil}".into(), "nil"),
        ("{5 6}".into(), "attribute"),
        ("{:db/retract 5}".into(), "must be a map"),
        ("{:db/attribute :x, :db/cardinality :several}".into(), "cardinality"),
        ("{:db/attribute 5}".into(), "attribute"),
    ];
    for (line, expected) in cases {
        let log =
            log_of(&[(A, "", &["{:db/attribute :name, :db/doc \"x\"}"]), (B, &after_a, &[&line])]);
        let error =
            load(&log, Path::new("log")).err().unwrap_or_else(|| panic!("{line} was taken"));
        assert!(error.to_string().contains(expected), "{line}: {error}");
        // The rest of it can be saved.
        let (saved, count) = inspect(&log).salvage(&log);
        assert_eq!(count, 1, "{line}");
        load(&saved, Path::new("log")).unwrap();
    }
}

#[test]
fn parents_are_earlier_and_there() {
    let own = format!("#uuid \"{A}\"");
    let log = log_of(&[(A, &own, &[])]);
    assert!(inspect(&log).damage[0].problem.contains("older"));
    let both = [(A, format!("#uuid \"{B}\"")), (B, own.clone())];
    let log = log_of(&[(A, &both[0].1, &[]), (B, &both[1].1, &[])]);
    assert_eq!(inspect(&log).salvage(&log).1, 0);
    let log = log_of(&[(B, &own, &[])]);
    let error = load(&log, Path::new("log")).err().unwrap();
    assert!(matches!(error, StoreError::MissingParents(_)), "{error}");
    let log = log_of(&[(A, "", &["{:x 1}"]), (B, &format!("{own} {own}"), &["{:x 2}"])]);
    assert!(load(&log, Path::new("log")).unwrap().conflicts().is_empty());
}

#[test]
fn a_log_at_the_end_of_time_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.edn");
    std::fs::write(&path, log_of(&[(LAST, "", &["{:x 1}"])])).unwrap();
    let connection = Connection::open(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = put(&connection, "[{:x 2}]").err().unwrap();
    assert!(error.to_string().contains("no later"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn what_stands_behind_a_checksum_is_damage() {
    let log = String::from_utf8(log_of(&[(A, "", &["{:x 1}"]), (B, "", &["{:y 1}"])])).unwrap();
    let forged = log.replacen("}]\n[#uuid", ", :tx/author \"me\"}]\n[#uuid", 2);
    assert!(load(forged.as_bytes(), Path::new("log")).is_err());
}

/// Lines that anybody could write by hand; `@n` is the n-th transaction.
const LINES: [&str; 36] = [
    "{:db/attribute :name, :db/unique :db.unique/identity}",
    "{:db/attribute :mail, :db/unique :db.unique/identity}",
    "{:db/attribute :code, :db/unique :db.unique/value}",
    "{:db/attribute :tag, :db/cardinality :db.cardinality/many}",
    "{:db/attribute :tag, :db/cardinality :db.cardinality/one}",
    "{:db/attribute :to, :db/valueType :db.type/ref}",
    "{:db/attribute :to, :db/valueType :db.type/string}",
    "{:db/attribute :part, :db/valueType :db.type/ref, :db/isComponent true, :db/cardinality :db.cardinality/many}",
    "{:db/attribute :pair, :db/tupleAttrs [:to :x]}",
    "{:db/attribute :x, :db/tupleAttrs [:to :code], :db/unique :db.unique/identity}",
    "{:db/attribute :name}",
    "{:db/attribute :tx/id, :db/cardinality :db.cardinality/many}",
    "{}",
    "{:x 1}",
    "{:x 1N, :code \"c\"}",
    "{:x #{1 2}, :tag #{\"t\" \"u\"}}",
    "{:db/id [:name \"a\"]}",
    "{:db/id [:name \"a\"], :x 2, :tag #{\"t\"}}",
    "{:db/id [:name \"b\"], :to [:name \"a\"]}",
    "{:db/id [:name \"a\"], :name \"b\"}",
    "{:db/id [:name \"a\"], :db/retract {:name \"a\", :x 2}}",
    "{:db/id [:mail \"a\"], :name \"a\", :code \"c\"}",
    "{:db/id [:name \"b\"], :code \"c\", :to #db/birth [@0 0]}",
    "{:db/id #db/birth [@0 0], :x 3}",
    "{:db/id #db/birth [@1 1], :to #db/birth [@0 1], :db/retract {:tag #{\"t\"}}}",
    "{:db/id #db/tx @0, :x 1, :db/retract {:tx/id @0}}",
    "{:db/id #db/tx @1, :name \"a\"}",
    "{:to #db/tx @0, :part #{#db/birth [@0 0] [:name \"a\"]}}",
    "{:to #db/birth [@2 50]}",
    "{:to #db/birth [@2 4294967295], :x 5}",
    "{:to \"a\", :name 5}",
    "{:pair [1 2], :x 4}",
    "{:tx/id @1, :tx/parents 5}",
    "{:x 9, \"string\" {:deep [{}]}}",
    "{:db/id [:tx/id @0], :note \"n\"}",
    "{:db/retract {:x 1}, :name \"a\"}",
];

fn id(n: usize) -> String {
    format!("01a20aed-5de{n:x}-7b42-8cd5-8f7e6309b8f9")
}

/// For each transaction its lines and which of those before it it builds on.
type Written = Vec<(Vec<usize>, u8)>;

fn hostile_log(written: &Written) -> Vec<u8> {
    let mut log = Vec::new();
    for (i, (lines, parents)) in written.iter().enumerate() {
        let parents: Vec<String> = (0..i)
            .filter(|p| parents >> (i - p - 1).min(7) & 1 == 1)
            .map(|p| format!("#uuid \"{}\"", id(p)))
            .collect();
        let lines: Vec<String> = lines
            .iter()
            .map(|line| {
                let mut line = LINES[*line].to_string();
                for (at, n) in [("@0", i.saturating_sub(1)), ("@1", i / 2), ("@2", i)] {
                    line = line.replace(at, &format!("#uuid \"{}\"", id(n)));
                }
                line
            })
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        log.extend(log_of(&[(&id(i), &parents.join(" "), &lines)]));
    }
    log
}

proptest! {
    #[test]
    fn a_log_by_any_hand_reads_or_is_refused_whatever_its_order(
        written in prop::collection::vec(
            (prop::collection::vec(0..LINES.len(), 0..4), any::<u8>()), 1..10),
    ) {
        let log = hostile_log(&written);
        let text = String::from_utf8(log.clone()).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable_by_key(|line| crc32c::crc32c(line.as_bytes()));
        let other = (lines.join("\r\n") + "\r\n").into_bytes();
        let shown = |bytes: &[u8]| load(bytes, Path::new("log")).map(|s| encode_snapshot(&s));
        match (shown(&log), shown(&other)) {
            (Ok(one), Ok(other)) => prop_assert_eq!(one, other),
            (Err(one), Err(other)) => prop_assert_eq!(one.to_string(), other.to_string()),
            (one, other) => prop_assert!(false, "{:?} {:?}", one.err(), other.err()),
        }
        // What can be saved of it reads, can be written on, and survives a snapshot or says that it does not.
        let (saved, _) = inspect(&log).salvage(&log);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.edn");
        std::fs::write(&path, &saved).unwrap();
        let connection = Connection::open(&path).unwrap();
        is_as_read(&connection, &path);
        for tx in ["[{:db/id 1 :x 7} {:y 8}]", "[[:db/retractEntity 1]]", "[{:name \"a\" :tag \"z\"}]"] {
            match put(&connection, tx) {
                Ok(_) => is_as_read(&connection, &path),
                Err(error) => prop_assert!(matches!(error, StoreError::Transaction(_)), "{tx}: {error}"),
            }
        }
        let (snapshot, again) = (folder.path().join("snapshot"), folder.path().join("again"));
        let state = connection.state();
        store::write_snapshot(&state, &snapshot).unwrap();
        prop_assert_eq!(encode_snapshot(&store::read_snapshot(&snapshot).unwrap()), encode_snapshot(&state));
        match store::restore(&snapshot, &again) {
            Ok(_) => prop_assert_eq!(std::fs::read(&again).unwrap(), std::fs::read(&path).unwrap()),
            Err(error) => prop_assert!(matches!(error, StoreError::Snapshot { .. }), "{error}"),
        }
    }
}
