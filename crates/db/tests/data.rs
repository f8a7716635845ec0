//! Databases and transactions as plain data, and back.
#![allow(clippy::unwrap_used)]

use db::{Conn, Db, Schema};
use edn::Value;
use std::time::Duration;

fn read(text: &str) -> Value {
    edn::read(text).unwrap()
}

/// Four transactions: said, changed, said with a moment, gone.
fn with_history() -> Db {
    let schema =
        "{:aka {:db/cardinality :db.cardinality/many} :name {:db/unique :db.unique/identity}}";
    let mut db = Db::empty_with_history(Schema::new(&read(schema)).unwrap());
    for tx in [
        "[{:name \"Ivan\" :age 15 :aka [\"I\" \"V\"]} [:db/add :db/current-tx :db/txInstant #inst \"2026-01-01\"]]",
        "[{:name \"Ivan\" :age 16} [:db/add :db/current-tx :db/txInstant #inst \"2026-01-02\"]]",
        "[{:name \"Petr\" :age [1 (2) #{3}]}]",
        "[[:db/retract 1 :aka \"V\"] [:db.fn/retractEntity 2]]",
    ] {
        db = db.db_with(&read(tx)).unwrap();
    }
    db
}

#[test]
fn a_database_is_itself_again_with_its_history_and_the_ids_it_gave_out() {
    let db = with_history();
    let data = read(&db.to_data().to_string());
    let again = Db::from_data(&data).unwrap();
    assert!(again == db && again.history() == db.history());
    assert_eq!(again.to_data(), db.to_data());
    assert_eq!((again.max_eid(), again.max_tx()), (2, db.max_tx()));
    let then = Value::from(536_870_913);
    assert!(again.as_of(&then).unwrap() == db.as_of(&then).unwrap());
    let next = again.with(&read("[{:name \"Oleg\"}]")).unwrap();
    assert_eq!(next.tx_data[0].e, 3);
}

#[test]
fn data_of_a_view_are_what_it_shows() {
    let db = with_history();
    let then = db.as_of(&Value::from(536_870_913)).unwrap();
    let data = then.to_data();
    assert!(data.as_map().unwrap().get_keyword("history").is_none());
    assert!(Db::from_data(&data).unwrap() == then);
}

#[test]
fn transactions_said_again_make_the_database_again() {
    let db = with_history();
    let log = read(&db.tx_range_data(&Value::Nil, &Value::Nil).unwrap().to_string());
    let transactions = log.as_seq().unwrap();
    let mut again = Db::empty_with_history(db.schema().clone());
    for transaction in transactions {
        let data = transaction.as_map().unwrap().get_keyword("data").unwrap();
        again = again.db_with(data).unwrap();
    }
    assert!(again == db && again.history() == db.history());
}

#[test]
fn a_range_of_transactions_is_given_by_id_or_by_moment() {
    let db = with_history();
    let range = |from: &str, to: &str| {
        let range = db.tx_range_data(&read(from), &read(to)).unwrap();
        let tx = |t: &Value| t.as_map().unwrap().get_keyword("tx").unwrap().as_int().unwrap();
        range.as_seq().unwrap().iter().map(|t| tx(t) - 536_870_912).collect::<Vec<_>>()
    };
    assert_eq!(range("nil", "nil"), [1, 2, 3, 4]);
    assert_eq!(range("536870914", "536870916"), [2, 3]);
    assert_eq!(range("#inst \"2026-01-01\"", "#inst \"2026-01-02\""), [1]);
    assert_eq!(range("#inst \"2026-01-01T00:00:00.001\"", "nil"), [2, 3, 4]);
    assert_eq!(range("#inst \"2025-01-01\"", "#inst \"2027-01-01\""), [1, 2]);
    assert!(range("536870914", "536870914").is_empty());
    assert!(db.tx_range_data(&read("\"x\""), &Value::Nil).is_err());
}

#[test]
fn data_that_are_none_are_refused_with_a_reason() {
    let table = [
        ("[]", "Bad #datascript/DB, expected {:schema map, :datoms [[e a v tx] ...]}, got []"),
        (
            "{:schema {} :datoms [[1 :a]]}",
            "Bad datom [1 :a], expected [e a v], [e a v tx] or [e a v tx added]",
        ),
        (
            "{:schema {} :datoms [[1 :a 1]] :max-tx -1}",
            "Bad data of a database, expected {:schema map, :datoms [[e a v tx] ...], :max-eid id, :max-tx id, :history [[e a v tx added] ...]}, got :max-tx -1",
        ),
        (
            "{:schema {} :datoms [] :max-eid 536870912}",
            "Bad data of a database, expected {:schema map, :datoms [[e a v tx] ...], :max-eid id, :max-tx id, :history [[e a v tx added] ...]}, got :max-eid 536870912",
        ),
        (
            "{:schema {} :history 7}",
            "Bad data of a database, expected {:schema map, :datoms [[e a v tx] ...], :max-eid id, :max-tx id, :history [[e a v tx added] ...]}, got 7",
        ),
        (
            "{:schema {} :history [[1 2 3 4 5]]}",
            "Bad datom [1 2 3 4 5], expected [e a v], [e a v tx] or [e a v tx added]",
        ),
    ];
    for (data, message) in table {
        assert_eq!(Db::from_data(&read(data)).err().unwrap().to_string(), message, "{data}");
    }
}

#[test]
fn who_waits_for_a_transaction_sees_it_when_it_comes() {
    let conn = Conn::create(Schema::default());
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| conn.sync(536_870_915, Duration::from_secs(60)));
        for _ in 0..3 {
            conn.transact(&read("[{:n 1}]")).unwrap();
        }
        assert_eq!(waiting.join().unwrap().unwrap().max_tx(), 536_870_915);
    });
    assert!(conn.sync(536_870_916, Duration::from_millis(1)).is_none());
}
