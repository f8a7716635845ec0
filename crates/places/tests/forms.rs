//! Every form in every notation, there and back.

#![allow(clippy::unwrap_used)]

use db::{Db, Schema};
use edn::{Map, Value};
use places::{Form, Notation, Saved};
use proptest::prelude::*;
use store::{Connection, TxInfo, encode_snapshot};

const NOTATIONS: [Notation; 3] = [Notation::Edn, Notation::Json, Notation::Transit];

const SCHEMA: &str = "{:name {:db/unique :db.unique/identity}
  :aka {:db/cardinality :db.cardinality/many}
  :friend {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
  :boss {:db/valueType :db.type/ref}
  :part {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many :db/isComponent true}
  :home {:db/valueType :db.type/ref :db/isComponent true}
  :age {:db/index true}
  :x {} :y {} :x+y {:db/tupleAttrs [:x :y]}
  \"text\" {:db/cardinality :db.cardinality/many}}";

fn schema() -> Schema {
    Schema::new(&edn::read(SCHEMA).unwrap()).unwrap()
}

/// What an entity may be said to be.
const FACTS: &[&str] = &[
    ":name \"Ivan\"",
    ":name \"Oleg\"",
    ":aka \":not a keyword\"",
    ":aka :a/keyword",
    ":aka [:name \"not a reference\"]",
    ":aka (1 2N 3/4 5.5M)",
    ":aka \\a",
    ":friend 1",
    ":friend 3",
    ":boss 2",
    ":part 4",
    ":part 5",
    ":home 6",
    ":age 1",
    ":age 1N",
    ":age 1.0",
    ":age 9007199254740993",
    ":age ##Inf",
    ":x 1",
    ":x \"~x\"",
    ":y :y",
    ":y \"^1\"",
    ":other #inst \"2026-01-31T12:00:00.000-00:00\"",
    ":other #uuid \"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"",
    ":other {:a #{1 :b} \"c\" [nil true]}",
    ":other #my/tag [1]",
    ":other sym/bol",
    "\"text\" \"db/id\"",
    "\"text\" \"~#set\"",
];

/// Whether history is kept, and a few transactions.
#[derive(Clone, Debug)]
struct Past {
    kept: bool,
    transactions: Vec<String>,
}

fn past() -> impl Strategy<Value = Past> {
    let operation = (prop::bool::weighted(0.75), 1..7u32, prop::sample::select(FACTS));
    let operation = operation.prop_map(|(added, e, fact)| {
        let verb = if added { ":db/add" } else { ":db/retract" };
        format!("[{verb} {e} {fact}]")
    });
    let transaction = prop::collection::vec(operation, 1..8).prop_map(|operations| {
        let moment = "#inst \"2026-01-01T00:00:00.000-00:00\"";
        format!("[{} [:db/add :db/current-tx :db/txInstant {moment}]]", operations.join(" "))
    });
    (any::<bool>(), prop::collection::vec(transaction, 0..6))
        .prop_map(|(kept, transactions)| Past { kept, transactions })
}

impl Past {
    /// What it led to; transactions that cannot be are passed over.
    fn database(&self) -> Db {
        let mut db = match self.kept {
            true => Db::empty_with_history(schema()),
            false => Db::empty(schema()),
        };
        for transaction in &self.transactions {
            let _ = db.transact(&edn::read(transaction).unwrap());
        }
        db
    }
}

fn back(db: &Db, form: Form, notation: Notation) -> Db {
    let saved = Saved::of(db, form, notation).unwrap();
    let text = String::from_utf8_lossy(&saved.text).into_owned();
    saved.database(&schema()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A part of the data of a database, as text: kinds of equal values are told apart.
fn part(db: &Db, name: &str) -> Option<String> {
    db.to_data().as_map().unwrap().get_keyword(name).map(Value::to_string)
}

proptest! {
    #[test]
    fn data_come_back(past in past()) {
        let db = past.database();
        for notation in NOTATIONS {
            let again = back(&db, Form::Data, notation);
            prop_assert!(again == db);
            prop_assert_eq!(again.to_data().to_string(), db.to_data().to_string());
        }
        let edn = Saved::of(&db, Form::Data, Notation::Edn).unwrap();
        prop_assert_eq!(String::from_utf8(edn.text).unwrap(), db.to_data().to_string());
    }

    #[test]
    fn what_is_serializable_comes_back(past in past()) {
        let db = past.database();
        for notation in NOTATIONS {
            let again = back(&db, Form::Serializable, notation);
            prop_assert!(again == db);
            prop_assert_eq!(part(&again, "datoms"), part(&db, "datoms"));
            prop_assert_eq!((again.max_eid(), again.max_tx()), (db.max_eid(), db.max_tx()));
        }
    }

    #[test]
    fn transactions_come_back(past in past()) {
        let db = past.database();
        for notation in NOTATIONS {
            let again = back(&db, Form::Transactions, notation);
            prop_assert!(again == db);
            prop_assert_eq!(part(&again, "datoms"), part(&db, "datoms"));
            if db.keeps_history() {
                prop_assert_eq!(part(&again, "history"), part(&db, "history"));
            }
        }
        let edn = Saved::of(&db, Form::Transactions, Notation::Edn).unwrap();
        let range = db.tx_range_data(&Value::Nil, &Value::Nil).unwrap();
        prop_assert_eq!(edn::read(std::str::from_utf8(&edn.text).unwrap()).unwrap(), range);
    }

    #[test]
    fn entities_come_back(past in past()) {
        let db = past.database();
        for notation in NOTATIONS {
            prop_assert!(back(&db, Form::Entities, notation) == db);
        }
        let edn = Saved::of(&db, Form::Entities, Notation::Edn).unwrap();
        let query = edn::read("[:find (pull ?e [*]) :where [?e]]").unwrap();
        let asked = db::q(&query, &[(&db).into()]).unwrap();
        let rows = edn::read(std::str::from_utf8(&edn.text).unwrap()).unwrap();
        let in_order = |rows: &Value| {
            let mut rows: Vec<String> = rows.as_seq().unwrap().iter().map(Value::to_string).collect();
            rows.sort();
            rows
        };
        prop_assert_eq!(in_order(&rows), in_order(&asked));
    }

    #[test]
    fn broken_versions_are_refused_or_read(past in past(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let db = past.database();
        for notation in NOTATIONS {
            for form in [Form::Data, Form::Entities, Form::Transactions, Form::Serializable] {
                let mut saved = Saved::of(&db, form, notation).unwrap();
                let at = at.index(saved.text.len());
                saved.text[at] = byte;
                let _ = saved.database(&schema());
                saved.text.truncate(at);
                let _ = saved.database(&schema());
            }
        }
    }
}

#[test]
fn snapshots_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.edn");
    let schema = edn::read("{:name {:db/unique :db.unique/identity}}").unwrap();
    let connection =
        Connection::create(&path, schema.as_map().unwrap(), &TxInfo::default()).unwrap();
    for n in 0..20 {
        let entries = (0..12).map(|a| (Value::keyword(&format!("a{a}")), Value::from(n)));
        let name = [(Value::keyword("name"), Value::string(format!("n{}", n % 7)))];
        let fact: Map = entries.chain(name).collect();
        connection.transact(&Value::vector(vec![Value::Map(fact)]), &TxInfo::default()).unwrap();
    }
    drop(connection);
    let state = store::load(&std::fs::read(&path).unwrap(), &path).unwrap();
    for notation in NOTATIONS {
        let saved = Saved::of_log(&state, Form::Snapshot, notation).unwrap();
        assert_eq!(encode_snapshot(&saved.replayed().unwrap()), encode_snapshot(&state));
        assert!(saved.database(&Schema::default()).unwrap() == state.db);
        for at in (0..saved.text.len()).step_by(97) {
            let mut broken = saved.clone();
            broken.text[at] ^= 1;
            if let Ok(again) = broken.replayed() {
                assert_eq!(encode_snapshot(&again), encode_snapshot(&state), "{notation:?} {at}");
            }
        }
        assert!(Saved::of(&state.db, Form::Snapshot, notation).is_err());
    }
}
