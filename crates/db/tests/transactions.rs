//! The forms of transactions, seen through printed databases.

#![allow(clippy::unwrap_used)]

use db::{Db, Schema};
use edn::Value;

fn with(schema: &str, transactions: &[&str]) -> Result<Db, String> {
    let schema = Schema::new(&edn::read(schema).unwrap()).unwrap();
    let mut db = Db::empty_with_history(schema);
    for tx in transactions {
        db = db.db_with(&edn::read(tx).unwrap()).map_err(|e| e.to_string())?;
    }
    Ok(db)
}

fn datoms(db: &Db) -> String {
    let all: Vec<Value> = db
        .datoms(db::Index::Eavt, &[])
        .unwrap()
        .map(|d| db.datom_value(&d))
        .map(|v| Value::vector(v.as_seq().unwrap()[..3].to_vec()))
        .collect();
    Value::vector(all).to_string()
}

const SCHEMA: &str = "{:name {:db/unique :db.unique/identity} :email {:db/unique :db.unique/value} \
    :aka {:db/cardinality :db.cardinality/many} :child {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many} \
    :boss {:db/valueType :db.type/ref} :part {:db/valueType :db.type/ref :db/isComponent true} \
    :a+b {:db/tupleAttrs [:a :b] :db/unique :db.unique/identity}}";

#[test]
fn transactions_do_what_their_forms_say() {
    let table: &[(&[&str], &str)] = &[
        (
            &["[{:name \"Ivan\" :age 1}]", "[{:name \"Ivan\" :age 2}]"],
            "[[1 :age 2] [1 :name \"Ivan\"]]",
        ),
        (
            &[
                "[[:db/add -1 :age 1] [:db/add -1 :name \"x\"]]",
                "[[:db/add -1 :age 7] [:db/add -1 :name \"x\"]]",
            ],
            "[[1 :age 7] [1 :name \"x\"]]",
        ),
        (&["[{:db/id 1 :aka [\"a\" \"b\"]} [:db/retract 1 :aka \"a\"]]"], "[[1 :aka \"b\"]]"),
        (
            &["[{:name \"p\" :child [{:name \"c1\"} {:name \"c2\"}]}]"],
            "[[1 :child 2] [1 :child 3] [1 :name \"p\"] [2 :name \"c1\"] [3 :name \"c2\"]]",
        ),
        (
            &[
                "[{:name \"p\" :part {:age 1 :part {:age 2}}}]",
                "[[:db/retractEntity [:name \"p\"]]]",
            ],
            "[]",
        ),
        (
            &[
                "[{:db/id -1 :name \"b\"} {:name \"w\" :boss -1}]",
                "[{:name \"v\" :_boss [:name \"w\"]}]",
            ],
            "[[1 :name \"b\"] [2 :boss 3] [2 :name \"w\"] [3 :name \"v\"]]",
        ),
        (&["[[:db/add 1 :n 1]]", "[[:db/cas 1 :n 1 2]]"], "[[1 :n 2]]"),
        (&["[{:a 1 :b 2}]", "[{:a+b [1 2] :c 3}]"], "[[1 :a 1] [1 :a+b [1 2]] [1 :b 2] [1 :c 3]]"),
        (&["[{:a 1}]", "[{:a+b [1 nil] :c 3}]"], "[[1 :a 1] [1 :a+b [1 nil]] [1 :c 3]]"),
        (&["[[:db/add \"datomic.tx\" :who \"me\"]]"], "[[536870913 :who \"me\"]]"),
        (&["[[:db/add 1 :v (1 2)] [:db/add 1 :v [1 2]]]"], "[[1 :v (1 2)]]"),
        (
            &["[[1 :n 5 536870920 true] nil #datascript/Datom [1 :n 6 536870921 true]]"],
            "[[1 :n 6]]",
        ),
        (&["[[:db/add 1 :n 5 536870920]]", "[[1 :n 5 536870920 false]]"], "[]"),
        (
            &[
                "[{:db/id 1 :part {:db/id 2 :n 1 :part {:db/id 3 :n 2}}}]",
                "[[:db/retract 1 :part]]",
            ],
            "[]",
        ),
        (
            &["[{:db/id -1 :db/ident :tea :n 1}]", "[[:db/add :tea :n 2] {:db/ident :tea :m 3}]"],
            "[[1 :m 3] [1 :n 2] [1 :db/ident :tea]]",
        ),
        (
            &["[{:a \"x\"}]", "[{:db/id 1 :b 2}]", "[[:db/retract 1 :a]]"],
            "[[1 :a+b [nil 2]] [1 :b 2]]",
        ),
        (
            &["[{:a 1 :b 2}]", "[{:db/id [:a+b [1 2]] :a+b [1 2] :n 3}]"],
            "[[1 :a 1] [1 :a+b [1 2]] [1 :b 2] [1 :n 3]]",
        ),
        (&["[[:db/add 1 :boss 1]]", "[[:db/retractEntity 1]]"], "[]"),
        (&["[{:db/id \"a\" :boss \"b\"} {:db/id \"b\" :boss \"a\"}]"], "[[1 :boss 2] [2 :boss 1]]"),
        (&["[[:db/add 1 :boss :db/current-tx]]"], "[[1 :boss 536870913]]"),
        (&["[[:db/retract [:name \"nobody\"] :n 1] [:db/retractEntity [:name \"nobody\"]]]"], "[]"),
        (&["[[:db/add 1 :n 1]]", "[[:db/cas 1 :m nil 7]]"], "[[1 :m 7] [1 :n 1]]"),
    ];
    for (transactions, expected) in table {
        let db = with(SCHEMA, transactions).unwrap();
        assert_eq!(datoms(&db), *expected, "{transactions:?}");
    }
}

#[test]
fn refused_transactions_say_why() {
    let table: &[(&[&str], &str)] = &[
        (
            &["[{:email \"e\"}]", "[{:email \"e\"}]"],
            "Cannot add #datascript/Datom [2 :email \"e\" 536870914 true] because of unique constraint: (#datascript/Datom [1 :email \"e\" 536870913 true])",
        ),
        (
            &["[[:db/add 1 :n 1]]", "[[:db/cas 1 :n 2 3]]"],
            ":db.fn/cas failed on datom [1 :n 1], expected 2",
        ),
        (
            &["[[:db/add 1 :aka \"x\"]]", "[[:db/cas 1 :aka \"y\" \"z\"]]"],
            ":db.fn/cas failed on datom [1 :aka (\"x\")], expected \"y\"",
        ),
        (&["[[:db/cas 1 :n 5 6]]"], ":db.fn/cas failed on datom [1 :n nil], expected 5"),
        (
            &["[[:db/cas -1 :n nil 6]]"],
            "Can't use tempid in '[:db/cas -1 :n nil 6]'. Tempids are allowed in :db/add only",
        ),
        (&["{:name \"a\"}"], "Bad transaction data {:name \"a\"}, expected sequential collection"),
        (&["[5]"], "Bad entity type at 5, expected map or vector"),
        (&["[[:tea 1]]"], "Can’t find entity for transaction fn :tea"),
        (
            &["[{:db/ident :tea}]", "[[:tea 1]]"],
            "Entity :tea expected to have :db/fn attribute with fn? value",
        ),
        (
            &["[{:name nil}]"],
            "Cannot store nil as a value at {:name nil, :db/id #datascript/AutoTempid [1]}",
        ),
        (&["[{:db/id nil :n 1}]"], "Cannot store nil as a value at {:db/id nil, :n 1}"),
        (&["[{:db/id :b}]"], "Expected number, string or lookup ref for :db/id, got :b"),
        (
            &["[{:name \"a\"} {:db/ident :b} [:db/add :b :name \"a\"]]"],
            "Cannot add #datascript/Datom [2 :name \"a\" 536870913 true] because of unique constraint: (#datascript/Datom [1 :name \"a\" 536870913 true])",
        ),
        (
            &["[{:name \"a\"} [:db/add :db/current-tx :name \"a\"]]"],
            "Conflicting upsert: 536870913 resolves to 1 via [:db/add 536870913 :name \"a\"]",
        ),
        (&["[{:child [:email \"u\"]}]"], "Nothing found for entity id :email"),
        (
            &["[[:db/cas 1 :boss [:name \"a\"] [:name \"b\"]]]"],
            "Nothing found for entity id [:name \"a\"]",
        ),
        (
            &["[{:name \"u\"} [:db/cas 4 :boss [:name \"u\"] 1]]"],
            ":db.fn/cas failed on datom [4 :boss nil], expected 1",
        ),
        (
            &["[[:db/retract [:name \"no\"] :a+b]]"],
            "Can’t modify tuple attrs directly: [:db/retract [:name \"no\"] :a+b]",
        ),
        (
            &[
                "[{:name \"a\"} {:name \"b\"}]",
                "[{:name \"b\"} [:db/add [:name \"b\"] :name \"a\"]]",
            ],
            "Cannot add #datascript/Datom [2 :name \"a\" 536870914 true] because of unique constraint: (#datascript/Datom [1 :name \"a\" 536870913 true])",
        ),
        (
            &["[[:db/add 1 2 3]]"],
            "Bad entity attribute 2 at [:db/add 1 2 3], expected keyword or string",
        ),
        (&["[[:db/add nil :n 3]]"], "Expected number or lookup ref for entity id, got nil"),
        (&["[[:db/add 0 :n 3]]"], "Expected number or lookup ref for entity id, got 0"),
        (
            &["[[:db/add 285873023227265 :n 3]]"],
            "Highest supported entity id is 2147483647, got 285873023227265",
        ),
        (
            &["[[:db/add [:n 1] :n 3]]"],
            "Lookup ref attribute should be marked as :db/unique: [:n 1]",
        ),
        (&["[[:db/add [:name 1 2] :n 3]]"], "Lookup ref should contain 2 elements: [:name 1 2]"),
        (&["[{:db/id #{} :n 3}]"], "Expected number, string or lookup ref for :db/id, got #{}"),
        (
            &["[{:_n 1}]"],
            "Bad attribute :_n: reverse attribute name requires {:db/valueType :db.type/ref} in schema",
        ),
        (
            &[
                "[{:name \"a\"} {:name \"b\"}]",
                "[[:db/add -1 :name \"a\"] [:db/add -1 :name \"b\"]]",
            ],
            "Conflicting upsert: -1 resolves both to 1 and 2",
        ),
        (
            &["[[:db/add 1 :a+b [1 2]]]"],
            "Can’t modify tuple attrs directly: [:db/add 1 :a+b [1 2]]",
        ),
        (
            &["[{:a 1 :b 2}]", "[[:db/retract 1 :a+b]]"],
            "Can’t modify tuple attrs directly: [:db/retract 1 :a+b]",
        ),
        (&["[[:db/add 1 :n nil]]"], "Cannot store nil as a value at [:db/add 1 :n nil]"),
        (&["[[:db/add [:name \"no\"] :n 1]]"], "Nothing found for entity id [:name \"no\"]"),
        (&["[[:db/add 7 :boss -5]]"], "Tempids used only as value in transaction: (-5)"),
        (
            &["[{:name \"a\"} {:name \"b\"}]", "[{:db/id [:name \"a\"] :name \"b\"}]"],
            "Conflicting upsert: [:name \"b\"] resolves to 2, but entity already has :db/id 1",
        ),
    ];
    for (transactions, expected) in table {
        assert_eq!(with(SCHEMA, transactions).map(|db| datoms(&db)), Err((*expected).to_string()));
    }
}

#[test]
fn the_past_can_be_asked() {
    let db =
        with(SCHEMA, &["[{:db/id 1 :age 1}]", "[{:db/id 1 :age 2}]", "[[:db/retract 1 :age 2]]"])
            .unwrap();
    let tx = |n: i64| Value::Int(i64::from(db::TX0) + n);
    assert_eq!(datoms(&db), "[]");
    assert_eq!(datoms(&db.as_of(&tx(1)).unwrap()), "[[1 :age 1]]");
    assert_eq!(datoms(&db.as_of(&tx(2)).unwrap()), "[[1 :age 2]]");
    assert_eq!(datoms(&db.as_of(&tx(3)).unwrap()), "[]");
    assert_eq!(db.history().datoms(db::Index::Eavt, &[]).unwrap().count(), 4);
    assert_eq!(db.tx_range(None, None).len(), 3);
}
