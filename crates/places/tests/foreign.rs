//! What other programs write of a database is read.

#![allow(clippy::unwrap_used)]

use db::{Db, Schema};
use places::{Form, FormError, Notation, Saved};

const SCHEMA: &str = "{:statement/fqn {:db/unique :db.unique/identity}
  :statement/uses {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
  :statement/kind {:db/valueType :db.type/keyword}
  :statement/at {:db/valueType :db.type/instant}}";

fn schema(text: &str) -> Schema {
    Schema::new(&edn::read(text).unwrap()).unwrap()
}

fn read(form: Form, notation: Notation, text: &str, given: &str) -> Result<Db, FormError> {
    let saved = Saved { form, notation, text: text.as_bytes().to_vec() };
    saved.database(&schema(given))
}

fn database() -> Db {
    let at = "#inst \"2026-01-31T12:00:00.000-00:00\"";
    let facts = format!(
        "[{{:db/id 1 :statement/fqn \"app/greet\" :statement/kind :defn :statement/uses [2] :statement/at {at}}}]"
    );
    Db::empty(schema(SCHEMA)).db_with(&edn::read(&facts).unwrap()).unwrap()
}

/// `(cheshire.core/generate-string (d/db->data db))`, as Cheshire 5.11 gives it.
const CHESHIRE: &str = r#"{"schema":{"statement/fqn":{"db/unique":"db.unique/identity"},"statement/uses":{"db/valueType":"db.type/ref","db/cardinality":"db.cardinality/many"},"statement/kind":{"db/valueType":"db.type/keyword"},"statement/at":{"db/valueType":"db.type/instant"}},"datoms":[[1,"statement/at","2026-01-31T12:00:00Z",536870913],[1,"statement/fqn","app/greet",536870913],[1,"statement/kind","defn",536870913],[1,"statement/uses",2,536870913]],"max-eid":2,"max-tx":536870913}"#;

/// `(clojure.data.json/write-str (d/db->data db))`, as data.json 2.4 gives it: namespaces are gone.
const DATA_JSON: &str = r#"{"schema":{"fqn":{"unique":"identity"},"uses":{"valueType":"ref","cardinality":"many"},"kind":{"valueType":"keyword"},"at":{"valueType":"instant"}},"datoms":[[1,"at","2026-01-31T12:00:00Z",536870913],[1,"fqn","app\/greet",536870913],[1,"kind","defn",536870913],[1,"uses",2,536870913]],"max-eid":2,"max-tx":536870913}"#;

#[test]
fn json_of_libraries_that_make_strings_of_keywords() {
    // Cheshire's says everything but what values are; the schema in it tells.
    for given in ["{}", SCHEMA] {
        assert!(read(Form::Data, Notation::Json, CHESHIRE, given).unwrap() == database());
    }
    let db = read(Form::Data, Notation::Json, DATA_JSON, SCHEMA).unwrap();
    assert_eq!(
        db.to_data().as_map().unwrap().get_keyword("datoms"),
        database().to_data().as_map().unwrap().get_keyword("datoms")
    );
    // Without a schema the names are what is left of them.
    let db = read(Form::Data, Notation::Json, DATA_JSON, "{}").unwrap();
    let unique = db.schema().attribute(&edn::Value::keyword("fqn")).unwrap().unique();
    assert_eq!(unique, Some(db::Unique::Identity));
    // What is no keyword stays a string, whatever it begins with.
    let text = r#"{"datoms":[[1,"source",":a",536870913],[1,"doc","~1",536870913]]}"#;
    let db = read(Form::Data, Notation::Json, text, "{}").unwrap();
    assert_eq!(
        db.to_data().to_string(),
        "{:schema {}, :datoms [[1 :doc \"~1\" 536870913] [1 :source \":a\" 536870913]], :max-eid 1, :max-tx 536870913}"
    );
}

#[test]
fn entities_as_json_of_others() {
    let cheshire = r#"[[{"db/id":1,"statement/fqn":"app/greet","statement/kind":"defn","statement/at":"2026-01-31T12:00:00Z","statement/uses":[{"db/id":2}]}]]"#;
    let data_json = r#"[[{"id":1,"fqn":"app\/greet","kind":"defn","at":"2026-01-31T12:00:00Z","uses":[{"id":2}]}]]"#;
    for text in [cheshire, data_json] {
        assert!(read(Form::Entities, Notation::Json, text, SCHEMA).unwrap() == database());
    }
}

#[test]
fn entities_that_have_no_ids_are_transacted() {
    let text = "([{:statement/fqn \"a\" :statement/uses [{:statement/fqn \"b\"}]}] {:statement/fqn \"b\" :x 1})";
    let db = read(Form::Entities, Notation::Edn, text, SCHEMA).unwrap();
    assert_eq!(db.len(), 4);
    let set = "#{[{:db/id 1 :x 1}] [{:db/id 2 :x [2]}]}";
    assert_eq!(read(Form::Entities, Notation::Edn, set, "{}").unwrap().len(), 2);
}

#[test]
fn what_datascript_prints() {
    let db = database();
    let printed = db::print::db(&db);
    assert!(read(Form::Data, Notation::Edn, &printed, "{}").unwrap() == db);
    let transit = Notation::Transit.print(&edn::read(&printed).unwrap()).unwrap();
    assert!(transit.starts_with(r##"["~#datascript/DB","##));
    assert!(read(Form::Data, Notation::Transit, &transit, "{}").unwrap() == db);
    // A schema tells of attributes that the data's own does not tell of.
    let bare = "{:datoms [[1 :statement/uses 2]]}";
    let db = read(Form::Data, Notation::Edn, bare, SCHEMA).unwrap();
    assert!(db.schema().attribute(&edn::Value::keyword("statement/uses")).unwrap().is_ref());
}

/// The same three transactions, the second of which changes what the first one said, in every way they are kept.
#[test]
fn transactions_however_they_are_kept() {
    let datoms = [
        "[#datascript/Datom [1 :n \"a\" 536870913 true] #datascript/Datom [1 :x 1 536870913 true]]",
        "[#datascript/Datom [1 :x 1 536870914 false] #datascript/Datom [1 :x 2 536870914 true]]",
        "[#datascript/Datom [2 :n \"b\" 536870915 true]]",
    ];
    let plain =
        ["[[:db/add -1 :n \"a\"] {:n \"a\" :x 1}]", "[{:n \"a\" :x 2}]", "[[:db/add -1 :n \"b\"]]"];
    let mixed = [datoms[0], plain[1], datoms[2]];
    let unique = "{:n {:db/unique :db.unique/identity}}";
    let mut expected = Db::empty_with_history(schema(unique));
    for said in plain {
        expected.transact(&edn::read(said).unwrap()).unwrap();
    }
    for said in [datoms, plain, mixed] {
        let appended = said.join("\n") + "\n";
        let listed = format!("({})", said.join(" "));
        let ranged: Vec<String> =
            said.iter().map(|data| format!("{{:tx 1 :data {data}}}")).collect();
        let ranged = format!("[{}]", ranged.join(" "));
        for text in [appended, listed, ranged] {
            let db = read(Form::Transactions, Notation::Edn, &text, unique).unwrap();
            assert_eq!(db.to_data().to_string(), expected.to_data().to_string(), "{text}");
        }
    }
    let one = read(Form::Transactions, Notation::Edn, "[{:n \"a\" :x 1}]", unique).unwrap();
    assert_eq!(one.len(), 2);
    for nothing in ["", "[]", "[[]]", "[]\n[]"] {
        assert_eq!(read(Form::Transactions, Notation::Edn, nothing, unique).unwrap().len(), 0);
    }
}

#[test]
fn what_is_none_is_refused_with_a_reason() {
    for (form, notation, text, said) in [
        (Form::Data, Notation::Edn, "[1", "1:1: this is never closed"),
        (Form::Data, Notation::Edn, "17", "Bad #datascript/DB"),
        (Form::Data, Notation::Json, "{\":datoms\":[[1]]}", "Bad datom [1]"),
        (Form::Entities, Notation::Edn, "{:a 1}", "no entities: expected a collection of maps"),
        (Form::Entities, Notation::Edn, "[{:db/id \"x\" :a 1}]", "expected a map with a :db/id"),
        (
            Form::Entities,
            Notation::Edn,
            "[{:db/id 1 :statement/uses [{:a 1}]}]",
            "expected a map with a :db/id",
        ),
        (Form::Transactions, Notation::Edn, "17", "no transactions: expected transactions"),
        (
            Form::Transactions,
            Notation::Edn,
            "[[[:db/add 1 :n 1]]\n[[:db/add 1 :n nil]]]",
            "transaction 2: ",
        ),
        (Form::Serializable, Notation::Json, "{}", "missing field"),
        (Form::Serializable, Notation::Edn, "{:a 1}", "JSON has only strings for keys"),
        (Form::Snapshot, Notation::Json, "[1]", "the snapshot is damaged"),
        (Form::Snapshot, Notation::Edn, "", "the snapshot is damaged"),
    ] {
        let Err(error) = read(form, notation, text, SCHEMA) else { panic!("{text}") };
        assert!(error.to_string().contains(said), "{text}: {error}");
    }
    let saved = Saved { form: Form::Serializable, notation: Notation::Json, text: vec![b'"', 255] };
    assert_eq!(saved.database(&schema("{}")).err().unwrap().to_string(), "1:2: not UTF-8");
}
