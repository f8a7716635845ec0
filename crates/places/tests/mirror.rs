//! Rows that are changed transaction by transaction are the rows of the database.

#![allow(clippy::unwrap_used)]

use db::{Datom, Db, EntityId, Schema};
use edn::Value;
use places::mirror::{Change, Field, TABLES, since, whole};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SCHEMA: &str = "{:statement/fqn {:db/unique :db.unique/identity} :statement/file {:db/valueType :db.type/ref} \
    :statement/platforms {:db/cardinality :db.cardinality/many} :file/path {:db/unique :db.unique/identity} \
    :namespace/name {:db/unique :db.unique/identity} :dependency/from {:db/valueType :db.type/ref} \
    :dependency/to {:db/valueType :db.type/ref}}";

fn edn_of(text: &str) -> Value {
    edn::read(text).unwrap()
}

fn empty() -> Db {
    Db::empty_with_history(Schema::new(&edn_of(SCHEMA)).unwrap())
}

type Tables = [BTreeMap<EntityId, Vec<Field>>; 3];

/// As a program that keeps the tables does it.
fn apply(tables: &mut Tables, change: &Change) {
    for (table, change) in tables.iter_mut().zip(change) {
        assert!(change.gone.is_sorted() && change.rows.is_sorted_by_key(|row| row.id));
        change.gone.iter().for_each(|id| {
            table.remove(id);
        });
        for row in &change.rows {
            assert_eq!(table.insert(row.id, row.fields.clone()), None, "a row comes twice");
        }
    }
    let [statements, dependencies, namespaces] = tables;
    for table in [&*statements, &*namespaces] {
        let mut names: Vec<_> = table.values().map(|row| format!("{:?}", row[0])).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), table.len(), "names are unique");
    }
    for fields in dependencies.values() {
        for end in &fields[..2] {
            let Field::Integer(id) = end else { panic!("{end:?} is no statement") };
            assert!(statements.contains_key(&(*id as EntityId)), "no statement {id}");
        }
    }
}

fn tables_of(db: &Db) -> Tables {
    let mut tables = Tables::default();
    apply(&mut tables, &whole(db).unwrap());
    tables
}

/// Transaction data; names and numbers are few, so that transactions are about the same things.
fn form() -> impl Strategy<Value = String> {
    let statement = (0..5u8, 0..4u8, any::<bool>(), 0..3u8).prop_map(|(name, n, pure, file)| {
        format!(
            "{{:statement/fqn \"s{name}\" :statement/source \"(def {n})\" :statement/pure? {pure} :statement/platforms :p{n} \
             :statement/file {{:file/path \"f{file}\"}}}}"
        )
    });
    let edge = (0..5u8, 0..5u8, 0..3u8).prop_map(|(from, to, kind)| {
        format!(
            "{{:dependency/from {{:statement/fqn \"s{from}\"}} :dependency/to {{:statement/fqn \"s{to}\"}} :dependency/type :t{kind}}}"
        )
    });
    prop_oneof![
        4 => statement,
        4 => edge,
        1 => (0..3u8).prop_map(|n| format!("{{:namespace/name \"n{n}\" :namespace/description \"d\"}}")),
        1 => (1..30u8, 0..9u8).prop_map(|(e, name)| format!("{{:db/id {e} :statement/fqn \"t{name}\"}}")),
        1 => (1..30u8, 0..9u8).prop_map(|(e, path)| format!("{{:db/id {e} :file/path \"g{path}\"}}")),
        1 => (1..30u8, 0..30u8).prop_map(|(e, to)| format!("{{:db/id {e} :dependency/to {to}}}")),
        1 => (1..30u8, 0..4u8).prop_map(|(e, v)| format!("{{:db/id {e} :statement/line-count {v} :statement/type \"{v}\"}}")),
        3 => (1..30u8).prop_map(|e| format!("[:db/retractEntity {e}]")),
        1 => (1..30u8).prop_map(|e| format!("[:db.fn/retractAttribute {e} :statement/fqn]")),
        1 => (1..30u8, 0..4u8).prop_map(|(e, v)| format!("[:db/retract {e} :statement/platforms :p{v}]")),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Transact(Vec<String>),
    /// As a merge may: nobody looks whether the name is taken.
    Name(u32, u8, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => prop::collection::vec(form(), 1..6).prop_map(Step::Transact),
        1 => (1..30u32, 0..5u8, any::<bool>()).prop_map(|(e, name, add)| Step::Name(e, name, add)),
    ]
}

fn stepped(db: &Db, step: &Step) -> Db {
    match step {
        // One by one: a form that does not fit leaves the others.
        Step::Transact(forms) => forms.iter().fold(db.clone(), |db, form| {
            let one = Value::vector(vec![edn_of(form)]);
            db.db_with(&one).unwrap_or(db)
        }),
        Step::Name(e, name, added) => {
            let mut db = db.clone();
            let a = db.use_attribute(&Value::keyword("statement/fqn")).unwrap();
            let v = db.dict().intern(&Value::string(format!("s{name}")));
            let tx = db.max_tx() + 1;
            let taken = Datom { e: *e, a, v, tx, added: *added };
            db.apply(&[taken])
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn rows_kept_current_are_the_rows_of_the_database(
        steps in prop::collection::vec(step(), 1..25),
        every in 1..4usize,
    ) {
        let mut db = empty();
        let mut shown = (tables_of(&db), db.max_tx());
        for (n, step) in steps.iter().enumerate() {
            db = stepped(&db, step);
            if n % every == 0 {
                apply(&mut shown.0, &since(&db, shown.1).unwrap());
                shown.1 = db.max_tx();
                prop_assert_eq!(&shown.0, &tables_of(&db));
            }
        }
    }
}

#[test]
fn what_a_row_says() {
    let transaction = r#"[{:statement/fqn "app.core/greet", :statement/source "(defn greet [x] x)", :statement/namespace "app.core",
        :statement/name "greet", :statement/type :defn, :statement/pure? true, :statement/line-count 1,
        :statement/created-at #inst "2026-01-02T03:04:05.006Z", :statement/doc 17, :statement/order "first",
        :statement/macro? true, :statement/platforms [:cljs :clj], :statement/file {:file/path "src/app/core.clj"}}]"#;
    let db = empty().db_with(&edn_of(transaction)).unwrap();
    let tables = tables_of(&db);
    let row = tables[0].values().next().unwrap();
    let said: Vec<String> = TABLES[0]
        .columns
        .iter()
        .zip(row)
        .filter(|(_, field)| **field != Field::Null)
        .map(|(column, field)| format!("{} {field:?}", column.name))
        .collect();
    assert_eq!(
        said,
        [
            "fqn Text(\"app.core/greet\")",
            "source Text(\"(defn greet [x] x)\")",
            "namespace Text(\"app.core\")",
            "name Text(\"greet\")",
            "type Text(\"defn\")",
            "pure Boolean(true)",
            "line_count Integer(1)",
            "created_at Instant(Inst(1767323045006))",
            "doc Text(\"17\")",
            "file Text(\"src/app/core.clj\")",
            "private Boolean(false)",
            "macro Boolean(true)",
            "deprecated Boolean(false)",
            "platforms Text(\"clj cljs\")",
        ]
    );
}

#[test]
fn other_databases_have_no_rows() {
    let db = Db::empty(Schema::default());
    let db = db.db_with(&edn_of("[{:name \"Ivan\"} {:statement/fqn \"not unique\"}]")).unwrap();
    assert!(whole(&db).unwrap().iter().all(|table| table.rows.is_empty()));
}
