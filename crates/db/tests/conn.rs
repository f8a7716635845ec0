//! Connections: listeners, failures, schemas, and writers that take turns.
#![allow(clippy::unwrap_used)]

use db::{Conn, Db, Index, Schema};
use edn::Value;
use std::sync::{Arc, Mutex};

fn read(text: &str) -> Value {
    edn::read(text).unwrap()
}

fn conn(schema: &str) -> Conn {
    Conn::from_db(Db::empty_with_history(Schema::new(&read(schema)).unwrap()))
}

#[test]
fn listeners_hear_of_what_happened_and_of_nothing_else() {
    let conn = conn("{:email {:db/unique :db.unique/value}}");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = heard.clone();
    let listener = move |report: &db::TxReport| {
        let metas = (report.tx_data.len(), report.tx_meta.to_string());
        log.lock().unwrap().push(metas);
    };
    conn.listen(Value::keyword("log"), Arc::new(listener));
    conn.transact_with_meta(&read("[{:email \"e\" :age 1}]"), read("{:by \"me\"}")).unwrap();
    let before = db::print::db(&conn.db());
    conn.transact(&read("[[:db/add 9 :age 9] {:email \"e\"}]")).err().unwrap();
    assert_eq!(db::print::db(&conn.db()), before);
    assert_eq!(conn.db().max_eid(), 1);
    conn.unlisten(&Value::keyword("log"));
    conn.transact(&read("[[:db/add 1 :age 2]]")).unwrap();
    assert_eq!(*heard.lock().unwrap(), [(2, "{:by \"me\"}".to_string())]);
}

#[test]
fn another_schema_indexes_what_is_there_and_what_was() {
    let conn = conn("{:name {}}");
    conn.transact(&read("[[:db/add 1 :age 30] [:db/add 2 :age 20] [:db/add 2 :name \"b\"]]"))
        .unwrap();
    conn.transact(&read("[[:db/retract 1 :age 30]]")).unwrap();
    let by_age = |db: &Db| -> Vec<u32> {
        db.datoms(Index::Avet, &[Value::keyword("age")]).unwrap().map(|d| d.e).collect()
    };
    let refused = conn.db().datoms(Index::Avet, &[Value::keyword("age")]).err().unwrap();
    assert_eq!(refused.to_string(), "Attribute :age should be marked as :db/index true");
    let db = conn.reset_schema(&read("{:age {:db/index true}}")).unwrap();
    assert_eq!(by_age(&db), [2]);
    assert_eq!(by_age(&db.history()), [2, 1, 1]);
    conn.transact(&read("[[:db/add 3 :age 10]]")).unwrap();
    assert_eq!(by_age(&conn.db()), [3, 2]);
    conn.reset_schema(&read("{:age {:db/cardinality :db.cardinality/some}}")).err().unwrap();
    assert_eq!(by_age(&conn.db()), [3, 2]);
}

#[test]
fn no_write_is_lost_between_threads_and_readers_see_whole_transactions() {
    let conn = conn("{:n {:db/index true}}");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    conn.transact(&read("[{:n 1} {:n 2}]")).unwrap();
                    assert_eq!(conn.db().len() % 2, 0);
                }
            });
        }
    });
    assert_eq!((conn.db().len(), conn.db().max_tx() - db::TX0), (400, 200));
}

#[test]
fn schemas_are_refused_with_a_reason() {
    let table = [
        ("[]", "Bad schema: expected a map from attributes to maps of properties, got []"),
        ("{1 {}}", "Bad attribute 1 in schema, expected keyword or string"),
        (
            "{:a {:db/unique :db.unique/i}}",
            "Bad attribute specification for {:a {:db/unique :db.unique/i}}, expected one of #{:db.unique/value :db.unique/identity}",
        ),
        (
            "{:a {:db/valueType :ref}}",
            "Bad attribute specification for {:a {:db/valueType :ref}}, expected one of #{:db.type/ref :db.type/tuple}",
        ),
        (
            "{:a {:db/isComponent true}}",
            "Bad attribute specification for :a: {:db/isComponent true} should also have {:db/valueType :db.type/ref}",
        ),
        (
            "{:a {:db/valueType :db.type/tuple}}",
            "Bad attribute specification for :a: {:db/valueType :db.type/tuple} should also have :db/tupleAttrs",
        ),
        ("{:t {:db/tupleAttrs :a}}", ":t :db/tupleAttrs must be a sequential collection, got: :a"),
        ("{:t {:db/tupleAttrs ()}}", ":t :db/tupleAttrs can’t be empty"),
        (
            "{:t {:db/tupleAttrs [:a] :db/cardinality :db.cardinality/many}}",
            ":t has :db/tupleAttrs, must be :db.cardinality/one",
        ),
        (
            "{:t {:db/tupleAttrs [:u]} :u {:db/tupleAttrs [:a]}}",
            ":t :db/tupleAttrs can’t depend on another tuple attribute: :u",
        ),
        (
            "{:t {:db/tupleAttrs [:a]} :a {:db/cardinality :db.cardinality/many}}",
            ":t :db/tupleAttrs can’t depend on :db.cardinality/many attribute: :a",
        ),
    ];
    for (schema, expected) in table {
        assert_eq!(Schema::new(&read(schema)).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_connection_takes_datoms_another_database_and_transactions_from_elsewhere() {
    let name = Value::keyword("name");
    let datoms = [(1, name.clone(), Value::from("Ivan"), db::TX0 + 1)];
    let conn = Arc::new(Conn::from_datoms(Schema::default(), datoms.clone()).unwrap());
    assert!(Conn::from_datoms(Schema::default(), [(1, Value::Nil, Value::Nil, 1)]).is_err());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = heard.clone();
    conn.listen(
        Value::Nil,
        Arc::new(move |report| {
            let datoms = report.tx_data.iter().map(|d| report.db_after.datom_string(d));
            log.lock().unwrap().push((datoms.collect::<Vec<_>>(), report.tx_meta.clone()));
        }),
    );
    let report = conn.transact_async(read("[[:db/add -1 :name \"Petr\"]]"), read(":later"));
    let report = report.join().unwrap().unwrap();
    assert_eq!(report.resolve_tempid(&Value::Int(-1)), Some(2));
    assert_eq!(report.resolve_tempid(&Value::Int(-2)), None);
    let other = Db::init(conn.db().schema().clone(), datoms).unwrap();
    conn.reset_with_meta(other.clone(), read(":again"));
    assert!(conn.db() == other);
    let told = heard.lock().unwrap();
    assert_eq!(told[0].0, ["#datascript/Datom [2 :name \"Petr\" 536870914 true]"]);
    assert_eq!(
        told[1].0,
        [
            "#datascript/Datom [1 :name \"Ivan\" 536870913 false]",
            "#datascript/Datom [2 :name \"Petr\" 536870914 false]",
            "#datascript/Datom [1 :name \"Ivan\" 536870913 true]",
        ]
    );
    assert_eq!(told.iter().map(|t| t.1.to_string()).collect::<Vec<_>>(), [":later", ":again"]);
}
