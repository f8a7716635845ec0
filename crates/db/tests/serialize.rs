//! Serialized and printed databases: interchangeable with DataScript's, and themselves again when read.
//!
//! `datascript/serialize.mjs` made `datascript/serialized.jsonl` by running DataScript 1.8.1 itself, and reads texts with it.
#![allow(clippy::unwrap_used)]

use db::{
    DATA_READERS, Db, Index, Input, Schema, datom_from_reader, db_from_reader, from_serializable,
    q, serializable,
};
use edn::Value;

fn read(text: &str) -> Value {
    edn::read(text).unwrap()
}

fn database(schema: &str, tx: &str) -> Db {
    Db::empty(Schema::new(&read(schema)).unwrap()).db_with(&read(tx)).unwrap()
}

const SCHEMA: &str = "{:aka {:db/cardinality :db.cardinality/many}, :age {:db/index true}, \
    :email {:db/unique :db.unique/identity}, :follows {:db/valueType :db.type/ref}}";

fn everything() -> Db {
    let tx = "[{:db/id 1 :email \"e\" :aka [\"b\" \"a\"] :age 15 :follows 77 :k :a/b :l :c} {:db/id 2 :age 3 :k :a/b} \
        [:db/add 3 :inf ##Inf] [:db/add 3 :-inf ##-Inf] [:db/add 3 :ratio 22/7] [:db/add 3 :bigint 100N] \
        [:db/add 3 :dec 100.005M] [:db/add 3 :attach {:another [1 \\a #{sym}]}] [:db/add 3 \"text\" false] \
        [:db/add 3 :double 1.0] [:db/add 3 :exp 1e300] [:db/add 3 :least -9223372036854775808] \
        [:db/add 3 :at #inst \"2012-01-01\"] [:db/add :db/current-tx :who #uuid \"00000000-0000-4000-8000-000000000001\"]]";
    database(SCHEMA, tx)
}

#[test]
fn what_datascript_serialized_is_written_again_to_the_letter() {
    let texts = include_str!("datascript/serialized.jsonl");
    assert_eq!(texts.lines().count(), 5);
    for text in texts.lines() {
        assert_eq!(serializable(&from_serializable(text).unwrap()).unwrap(), text);
    }
}

#[test]
fn a_serialized_database_is_itself_again() {
    let db = everything();
    let again = from_serializable(&serializable(&db).unwrap()).unwrap();
    assert!(again == db);
    assert_eq!((again.max_eid(), again.max_tx()), (3, db.max_tx()));
    for index in [Index::Eavt, Index::Aevt, Index::Avet] {
        let shown = |db: &Db| -> Vec<String> {
            db.datoms(index, &[]).unwrap().map(|d| db.datom_string(&d)).collect()
        };
        assert_eq!(shown(&again), shown(&db));
    }
    let nan = database("{}", "[[:db/add 1 :nan ##NaN]]");
    assert!(from_serializable(&serializable(&nan).unwrap()).unwrap() == nan);
    assert!(serializable(&db.history()).is_err());
}

#[test]
fn a_serialized_database_says_its_indexes_by_place() {
    let db =
        database("{:age {:db/index true}}", "[{:db/id 1 :age 2 :b :k} {:db/id 2 :age 1 :b :k}]");
    assert_eq!(
        serializable(&db).unwrap(),
        "{\"count\":4,\"tx0\":536870912,\"max-eid\":2,\"max-tx\":536870913,\"schema\":\"{:age {:db/index true}}\",\
         \"attrs\":[\":age\",\":b\"],\"keywords\":[\":k\"],\
         \"eavt\":[[1,0,2,1],[1,1,[0,0],1],[2,0,1,1],[2,1,[0,0],1]],\"aevt\":[0,2,1,3],\"avet\":[2,0]}"
    );
}

#[test]
fn texts_that_are_no_database_are_refused_with_a_reason() {
    let with = |eavt: &str| {
        format!(
            "{{\"tx0\":0,\"max-eid\":1,\"max-tx\":1,\"schema\":\"nil\",\"attrs\":[\"a\"],\"keywords\":[],\"eavt\":[{eavt}]}}"
        )
    };
    assert!(from_serializable(&with("[1,0,true,0]")).is_ok());
    let table = [
        (String::new(), "Bad serialized database: EOF while parsing a value at line 1 column 0"),
        ("{}".into(), "Bad serialized database: missing field `tx0` at line 1 column 2"),
        (
            with("[1,0,[9],0]"),
            "Bad serialized database: Unexpected value marker 9 at line 1 column 91",
        ),
        (
            with("[1,0,null,0]"),
            "Bad serialized database: invalid type: null, expected a string, number, boolean or [marker value] at line 1 column 92",
        ),
        (
            with("[1,0,[1,\"nil\"],0]"),
            "Bad datom 0 of eavt: expected [entity attribute value transaction], nil is no value",
        ),
        (
            with("[1,0,[1,\"(\"],0]"),
            "Cannot read (: 1:1: this is never closed: expected `)` before the end",
        ),
        (
            with("[1,2,0,0]"),
            "Bad datom 0 of eavt: expected [entity attribute value transaction], attrs has no such attribute",
        ),
        (
            with("[1,0,[0,0],0]"),
            "Bad datom 0 of eavt: expected [entity attribute value transaction], keywords has no such keyword",
        ),
        (
            with("[-1,0,0,0]"),
            "Bad datom 0 of eavt: expected [entity attribute value transaction], the entity is no id",
        ),
        (
            with("[1,0,0,0],[1,0,1,9223372036854775807]"),
            "Bad datom 1 of eavt: expected [entity attribute value transaction], the transaction is no id",
        ),
        (
            with("").replace("\"max-eid\":1", "\"max-eid\":-1"),
            "max-eid should be a number below 536870912",
        ),
        (
            with("").replace("nil", "[]"),
            "Bad schema: expected a map from attributes to maps of properties, got []",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(
            from_serializable(&text).err().map(|e| e.to_string()).as_deref(),
            Some(expected),
            "{text}"
        );
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(from_serializable(&with(&deep)).is_err());
}

#[test]
fn printed_databases_and_datoms_are_datascripts_and_read_back() {
    let printed = "#datascript/DB {:schema {:name {:db/unique :db.unique/identity}}, :datoms [\
        [1 :age 44 536870913] [1 :name \"Petr\" 536870913] [2 :name \"Ivan\" 536870914]]}";
    let db = database(
        "{:name {:db/unique :db.unique/identity}}",
        "[[:db/add 1 :name \"Petr\"] [:db/add 1 :age 44]]",
    );
    let db = db.db_with(&read("[[:db/add 2 :name \"Ivan\"]]")).unwrap();
    assert_eq!(db::print::db(&db), printed);
    let first = db.datoms(Index::Eavt, &[]).unwrap().next().unwrap();
    assert_eq!(db.datom_string(&first), "#datascript/Datom [1 :age 44 536870913 true]");
    for db in [db, everything()] {
        let Value::Tagged(tagged) = read(&db::print::db(&db)) else { panic!() };
        assert!(db_from_reader(&tagged.value).unwrap() == db);
    }
}

#[test]
fn data_readers_give_values_that_queries_and_transactions_take() {
    let reader = |tag: &str| DATA_READERS.iter().find(|(t, _)| *t == tag).unwrap().1;
    let db = reader("datascript/DB")(&read("{:schema {} :datoms [[1 :name \"Ivan\" 5]]}")).unwrap();
    let query = read("[:find ?n . :where [_ :name ?n 5]]");
    assert_eq!(q(&query, &[Input::from(db)]).unwrap(), Value::from("Ivan"));
    let datom = reader("datascript/Datom")(&read("[1 :name 3]")).unwrap();
    assert_eq!(datom.to_string(), "#datascript/Datom [1 :name 3 536870912 true]");
    let with = database("{}", "[]").db_with(&Value::vector(vec![datom])).unwrap();
    assert_eq!(with.get(1, &read(":name")), Some(Value::Int(3)));
    let whole = datom_from_reader(&read("[1 :name \"Oleg\" 17 false]")).unwrap();
    assert_eq!(whole, (1, read(":name"), Value::from("Oleg"), 17, false));
}

#[test]
fn printed_forms_that_are_none_are_refused() {
    for (text, expected) in [
        ("5", "Bad #datascript/DB, expected {:schema map, :datoms [[e a v tx] ...]}, got 5"),
        (
            "{:datoms 1}",
            "Bad #datascript/DB, expected {:schema map, :datoms [[e a v tx] ...]}, got {:datoms 1}",
        ),
        (
            "{:datoms [[1 :a]]}",
            "Bad datom [1 :a], expected [e a v], [e a v tx] or [e a v tx added]",
        ),
        (
            "{:datoms [[-1 :a 1]]}",
            "Bad datom [-1 :a 1], expected [e a v], [e a v tx] or [e a v tx added]",
        ),
        (
            "{:datoms [[1 :a nil 1]]}",
            "Bad datom [1 :a nil 1], expected [e a v], [e a v tx] or [e a v tx added]",
        ),
        ("{:datoms [[1 5 1]]}", "Bad entity attribute 5, expected keyword or string"),
        ("{:schema 5}", "Bad schema: expected a map from attributes to maps of properties, got 5"),
    ] {
        assert_eq!(
            db_from_reader(&read(text)).err().map(|e| e.to_string()).as_deref(),
            Some(expected)
        );
    }
}

#[test]
fn damaged_texts_are_read_or_refused_and_nothing_else() {
    let text = serializable(&everything()).unwrap();
    let mut count = 0;
    let mut try_one = |text: &[u8]| {
        let Ok(text) = std::str::from_utf8(text) else { return };
        if let Ok(db) = from_serializable(text) {
            count += 1;
            let again = serializable(&db).unwrap();
            assert!(from_serializable(&again).unwrap() == db, "{text}");
            let all = |index| db.datoms(index, &[]).unwrap().count();
            assert_eq!(all(Index::Eavt), all(Index::Aevt), "{text}");
            db::pull(&db, &read("[*]"), &Value::Int(1)).unwrap();
        }
    };
    for at in 0..text.len() {
        try_one(&text.as_bytes()[..at]);
        for byte in *b"0917-.,:;\"\\[]{}eEn \n\x00" {
            let mut damaged = text.clone().into_bytes();
            damaged[at] = byte;
            try_one(&damaged);
            damaged.insert(at, byte);
            try_one(&damaged);
        }
        let mut shorter = text.clone().into_bytes();
        shorter.remove(at);
        try_one(&shorter);
    }
    assert!(count > 1000, "{count} were read");
}

#[test]
fn doubles_come_back_to_the_last_bit() {
    // Multiples of an odd number walk through all kinds of bits.
    let bits = (1..3000u64).map(|n| f64::from_bits(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let doubles =
        bits.filter(|d| d.is_finite()).chain([77e300, 5e-324, f64::MAX, f64::MIN_POSITIVE]);
    let facts =
        (1u32..).zip(doubles).map(|(e, d)| (e, Value::keyword("d"), Value::Double(d), db::TX0 + 1));
    let db = Db::init(Schema::default(), facts).unwrap();
    assert!(db.len() > 2000);
    assert!(from_serializable(&serializable(&db).unwrap()).unwrap() == db);
}
