//! What is read straight from the indexes: ranges, single datoms, filters, and two databases side by side.
#![allow(clippy::unwrap_used)]

use db::{Datom, Db, Index, Schema, diff};
use edn::Value;
use std::sync::Arc;

fn read(text: &str) -> Value {
    edn::read(text).unwrap()
}

fn database() -> Db {
    let schema = "{:age {:db/index true} :name {:db/unique :db.unique/identity} \
                   :friend {:db/valueType :db.type/ref}}";
    let tx = "[{:db/id 1 :name \"Ivan\" :age 15 :friend 2} {:db/id 2 :name \"Petr\" :age 37} \
               {:db/id 3 :name \"Oleg\" :age 25 :note :n}]";
    Db::empty(Schema::new(&read(schema)).unwrap()).db_with(&read(tx)).unwrap()
}

fn shown(db: &Db, datoms: impl Iterator<Item = Datom>) -> String {
    let shown = |d: Datom| Value::vector(db.datom_value(&d).as_seq().unwrap()[..3].to_vec());
    Value::vector(datoms.map(shown).collect()).to_string()
}

fn components(text: &str) -> Vec<Value> {
    read(text).as_seq().unwrap().to_vec()
}

#[test]
fn datoms_are_those_that_begin_so() {
    let db = database();
    let table = [
        (Index::Eavt, "[3]", "[[3 :age 25] [3 :name \"Oleg\"] [3 :note :n]]"),
        (Index::Eavt, "[[:name \"Oleg\"] :age]", "[[3 :age 25]]"),
        (Index::Eavt, "[3 :age 26]", "[]"),
        (Index::Aevt, "[:age]", "[[1 :age 15] [2 :age 37] [3 :age 25]]"),
        (Index::Avet, "[:age]", "[[1 :age 15] [3 :age 25] [2 :age 37]]"),
        (Index::Avet, "[:friend [:name \"Petr\"]]", "[[1 :friend 2]]"),
        (Index::Avet, "[:age 25 3 536870913]", "[[3 :age 25]]"),
        (Index::Avet, "[:age 25 3 536870914]", "[]"),
    ];
    for (index, from, expected) in table {
        let found = db.datoms(index, &components(from)).unwrap();
        assert_eq!(shown(&db, found), expected, "{from}");
        let first = db.find_datom(index, &components(from)).unwrap();
        assert_eq!(first, db.datoms(index, &components(from)).unwrap().next(), "{from}");
    }
    let refused = db.datoms(Index::Avet, &components("[:note]")).err().unwrap();
    assert_eq!(refused.to_string(), "Attribute :note should be marked as :db/index true");
}

#[test]
fn seeking_goes_on_from_a_place_that_need_not_be_there() {
    let db = database();
    let table = [
        (
            Index::Avet,
            "[:age 20]",
            "[[3 :age 25] [2 :age 37] [1 :friend 2] [1 :name \"Ivan\"] [3 :name \"Oleg\"] [2 :name \"Petr\"]]",
            "[[1 :age 15]]",
        ),
        (
            Index::Eavt,
            "[3 :age]",
            "[[3 :age 25] [3 :name \"Oleg\"] [3 :note :n]]",
            "[[3 :age 25] [2 :name \"Petr\"] [2 :age 37] [1 :name \"Ivan\"] [1 :friend 2] [1 :age 15]]",
        ),
        (Index::Aevt, "[:z]", "[]", ""),
    ];
    for (index, from, on, back) in table {
        assert_eq!(shown(&db, db.seek_datoms(index, &components(from)).unwrap()), on, "{from}");
        if !back.is_empty() {
            assert_eq!(shown(&db, db.rseek_datoms(index, &components(from)).unwrap()), back);
        }
    }
}

#[test]
fn a_range_of_values_includes_both_ends() {
    let db = database();
    let range = |a: &str, from: &str, to: &str| {
        db.index_range(&read(a), &read(from), &read(to)).map(|found| shown(&db, found))
    };
    assert_eq!(range(":age", "15", "25").unwrap(), "[[1 :age 15] [3 :age 25]]");
    assert_eq!(range(":age", "16", "nil").unwrap(), "[[3 :age 25] [2 :age 37]]");
    assert_eq!(range(":name", "\"J\"", "\"P\"").unwrap(), "[[3 :name \"Oleg\"]]");
    assert_eq!(range(":age", "30", "20").unwrap(), "[]");
    assert!(range(":note", "1", "2").is_err());
}

#[test]
fn a_filter_hides_datoms_from_everything() {
    let db = database();
    let age = db.attr(&read(":age")).unwrap();
    let filtered = db.filter(Arc::new(move |_, d| d.a != age));
    assert!(filtered.is_filtered() && !db.is_filtered());
    assert_eq!(filtered.datoms(Index::Aevt, &components("[:age]")).unwrap().count(), 0);
    let only_first = filtered.filter(Arc::new(|_, d| d.e == 1));
    assert_eq!(
        shown(&db, only_first.datoms(Index::Eavt, &[]).unwrap()),
        "[[1 :friend 2] [1 :name \"Ivan\"]]"
    );
    let refused = filtered.db_with(&read("[{:n 1}]")).err().unwrap();
    assert_eq!(refused.to_string(), "Filtered DB cannot be modified");
}

#[test]
fn databases_are_equal_when_schema_and_facts_are() {
    let db = database();
    assert!(db == database() && db == db.clone());
    assert!(db == db.db_with(&read("[]")).unwrap());
    assert!(db != db.db_with(&read("[[:db/add 1 :age 16]]")).unwrap());
    assert!(db != Db::empty(db.schema().clone()));
    assert!(Db::empty(Schema::default()) != Db::empty(Schema::new(&read("{:a {}}")).unwrap()));
}

#[test]
fn a_difference_is_what_each_has_alone_and_what_both_have() {
    let before = database();
    let other =
        database().db_with(&read("[[:db/add 1 :age 16] [:db/retract 2 :age] [:db/add 4 :n 1]]"));
    let after = other.unwrap();
    let (gone, new, kept) = diff(&before, &after);
    assert_eq!(shown(&before, gone.into_iter()), "[[1 :age 15] [2 :age 37]]");
    assert_eq!(shown(&after, new.into_iter()), "[[1 :age 16] [4 :n 1]]");
    assert_eq!(kept.len(), before.len() - 2);
    assert_eq!(diff(&before, &database()).2.len(), before.len());
}

#[test]
fn datoms_given_at_once_are_a_database() {
    let db = database();
    let values = |d: Datom| (d.e, db.attr_name(d.a).clone(), db.value(d.v), d.tx);
    let datoms: Vec<_> = db.datoms(Index::Aevt, &[]).unwrap().map(values).collect();
    let again = Db::init(db.schema().clone(), datoms).unwrap();
    assert!(again == db);
    assert_eq!((again.max_eid(), again.max_tx()), (3, db::TX0 + 1));
}

#[test]
fn sequential_uuids_carry_their_second_and_are_of_version_four() {
    let id = db::squuid_at(1_482_165_001_999);
    assert_eq!(db::squuid_time_millis(&id), 1_482_165_001_000);
    assert_eq!((id.get_version_num(), id.as_u128() >> 62 & 3), (4, 2));
    assert!(db::squuid_at(0) < id && id < db::squuid());
    assert_ne!(db::squuid_at(0), db::squuid_at(0));
}

#[test]
fn temporary_ids_are_given_out_once() {
    let user = Value::keyword("db.part/user");
    let (x, y) = (db::tempid(&user), db::tempid(&user));
    assert!(y < x && x < Value::Int(-1_000_000));
    let tx =
        Value::vector(vec![Value::vector(vec![read(":db/add"), x.clone(), read(":n"), 1.into()])]);
    assert_eq!(database().with(&tx).unwrap().resolve_tempid(&x), Some(4));
    assert_eq!(db::tempid(&Value::keyword("db.part/tx")), Value::keyword("db/current-tx"));
}
