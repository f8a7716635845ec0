//! Entities: what they say, what they keep, how they print.
#![allow(clippy::unwrap_used)]

use db::{Db, Entity, EntityValue, Schema, entity};
use edn::Value;
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

fn read(text: &str) -> Value {
    edn::read(text).unwrap()
}

fn database(schema: &str, tx: &str) -> Db {
    Db::empty(Schema::new(&read(schema)).unwrap()).db_with(&read(tx)).unwrap()
}

fn of(db: &Db, id: i64) -> Entity {
    entity(db, &id.into()).unwrap().unwrap()
}

fn get(entity: &Entity, attribute: &str) -> Option<EntityValue> {
    entity.get(&read(attribute))
}

fn ids(value: Option<EntityValue>) -> Vec<u32> {
    value.iter().flat_map(EntityValue::entities).map(Entity::id).collect()
}

fn people() -> Db {
    database(
        "{:aka {:db/cardinality :db.cardinality/many}}",
        "[{:db/id 1 :name \"Ivan\" :age 19 :aka [\"X\" \"Y\"]} {:db/id 2 :name \"Ivan\" :aka [\"Z\"]} [:db/add 3 :huh? false]]",
    )
}

fn family() -> Db {
    database(
        "{:father {:db/valueType :db.type/ref} \
          :children {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many} \
          :home {:db/valueType :db.type/ref :db/isComponent true} \
          :my/rooms {:db/valueType :db.type/ref :db/isComponent true :db/cardinality :db.cardinality/many}}",
        "[{:db/id 1 :children [10]} {:db/id 10 :father 1 :children [100 101]} {:db/id 100 :father 10} \
          {:db/id 101 :father 10 :home {:db/id 200 :street \"s\" :my/rooms [{:db/id 201 :no 1} {:db/id 202 :no 2}]}}]",
    )
}

#[test]
fn attributes_are_looked_up_by_name() {
    let db = people();
    let ivan = of(&db, 1);
    let value = |name: &str| get(&ivan, name).and_then(|v| v.as_value().cloned());
    assert_eq!(value(":db/id"), Some(Value::Int(1)));
    assert_eq!(value(":name"), Some(Value::from("Ivan")));
    assert_eq!(value(":age"), Some(Value::Int(19)));
    assert_eq!(get(&ivan, ":aka").unwrap().as_values(), read("#{\"X\" \"Y\"}").as_set());
    assert!(ivan.contains_key(&read(":age")));
    assert_eq!((value(":nope"), value("5"), value(":aka")), (None, None, None));
    assert_eq!(get(&of(&db, 3), ":huh?").unwrap().as_value(), Some(&Value::Bool(false)));
    assert!(*ivan.entity_db() == db);
}

#[test]
fn references_are_entities_and_can_be_gone_through_both_ways() {
    let db = family();
    assert_eq!(ids(get(&of(&db, 1), ":children")), [10]);
    assert_eq!(ids(get(&of(&db, 10), ":children")), [100, 101]);
    assert_eq!(get(&of(&db, 100), ":children"), None);
    let children = get(&of(&db, 1), ":children").unwrap();
    assert_eq!(ids(get(&children.entities()[0], ":children")), [100, 101]);
    assert_eq!(get(&children.entities()[0], ":father"), Some(EntityValue::Entity(of(&db, 1))));
    assert_eq!(get(&of(&db, 1), ":_children"), None);
    assert_eq!(ids(get(&of(&db, 10), ":_father")), [100, 101]);
    assert_eq!(ids(get(&of(&db, 10), ":_children")), [1]);
    assert_eq!(get(&of(&db, 201), ":my/_rooms"), Some(EntityValue::Entity(of(&db, 200))));
    assert_eq!(get(&of(&db, 200), ":_home"), Some(EntityValue::Entity(of(&db, 101))));
}

#[test]
fn references_to_what_nothing_is_said_of_are_none() {
    let many = ":db/valueType :db.type/ref :db/cardinality :db.cardinality/many";
    let schema = format!("{{:one {{:db/valueType :db.type/ref}} :many {{{many}}}}}");
    let db = database(&schema, "[[:db/add 1 :one 2] [:db/add 1 :many 3] [:db/add 1 :n 1]]");
    let e = of(&db, 1);
    assert_eq!((get(&e, ":one"), get(&e, ":many")), (None, None));
    assert_eq!(e.touch().to_string(), "{:n 1, :db/id 1}");
}

#[test]
fn only_what_was_read_prints_and_touching_reads_components_too() {
    let db = family();
    let e = of(&db, 101);
    assert_eq!(e.to_string(), "{:db/id 101}");
    get(&e, ":nope");
    get(&e, ":father");
    assert_eq!(e.to_string(), "{:father {:db/id 10}, :db/id 101}");
    assert_eq!(
        e.touch().to_string(),
        "{:father {:db/id 10}, :home {:street \"s\", :my/rooms #{{:no 1, :db/id 201} {:no 2, :db/id 202}}, :db/id 200}, :db/id 101}"
    );
    assert_eq!(of(&people(), 1).entries().len(), 3);
}

#[test]
fn what_was_read_prints_in_the_order_it_was() {
    let schema =
        "{:friend {:db/valueType :db.type/ref}, :alias {:db/cardinality :db.cardinality/many}}";
    let db = database(
        schema,
        r#"[{:db/id 1 :age 15 :alias ["V"] :friend 2 :name "Ivan"} {:db/id 2 :age 3}]"#,
    );
    let e = of(&db, 1);
    for attribute in [":name", ":friend", ":name", ":nope", ":age", ":alias"] {
        get(&e, attribute);
    }
    assert_eq!(
        e.to_string(),
        "{:name \"Ivan\", :friend {:db/id 2}, :age 15, :alias #{\"V\"}, :db/id 1}"
    );
}

#[test]
fn what_was_read_is_kept_and_clones_share_it() {
    let db = family();
    let e = of(&db, 1);
    let clone = e.clone();
    let child = get(&e, ":children").unwrap().entities()[0].clone();
    get(&child, ":father");
    assert_eq!(clone.to_string(), "{:children #{{:father {:db/id 1}, :db/id 10}}, :db/id 1}");
}

#[test]
fn what_names_no_entity_is_none_and_what_cannot_name_one_is_refused() {
    let db = database("{:name {:db/unique :db.unique/identity}}", "[{:db/id 1 :name \"Ivan\"}]");
    for nothing in ["nil", "\"abc\"", ":keyword", "[:name \"Petr\"]", "777"] {
        assert_eq!(entity(&db, &read(nothing)).unwrap(), None, "{nothing}");
    }
    assert_eq!(entity(&db, &read("[:name \"Ivan\"]")).unwrap().map(|e| e.id()), Some(1));
    let refused = entity(&db, &read("[:not-an-attr 777]")).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "Lookup ref attribute should be marked as :db/unique: [:not-an-attr 777]"
    );
}

#[test]
fn entities_are_equal_within_one_database() {
    let db = people();
    let (empty, more) = (db.db_with(&read("[]")).unwrap(), db.db_with(&read("[{:n 1}]")).unwrap());
    assert_eq!(of(&db, 1), of(&db.clone(), 1));
    assert_ne!(of(&db, 1), of(&db, 2));
    assert_ne!(of(&db, 1), of(&empty, 1));
    assert_ne!(of(&db, 1), of(&more, 1));
    let keep: db::DatomFilter = Arc::new(|_, _| true);
    assert_ne!(of(&db, 1), of(&db.filter(keep.clone()), 1));
    let filtered = db.filter(keep);
    assert_eq!(of(&filtered, 1), of(&filtered, 1));
    assert_eq!(HashSet::from([of(&db, 1), of(&db, 1), of(&empty, 1)]).len(), 2);
}

#[test]
fn circles_and_long_chains_end() {
    let schema = "{:next {:db/valueType :db.type/ref :db/isComponent true}}";
    let circle = database(schema, "[[:db/add 1 :next 2] [:db/add 2 :next 1]]");
    assert_eq!(
        of(&circle, 1).touch().to_string(),
        "{:next {:next {:db/id 1}, :db/id 2}, :db/id 1}"
    );
    let links = (1..100_000).map(|e| {
        Value::vector(vec![
            Value::keyword("db/add"),
            e.into(),
            Value::keyword("next"),
            (e + 1).into(),
        ])
    });
    let chain = Db::empty(Schema::new(&read(schema)).unwrap())
        .db_with(&Value::vector(links.chain([read("[:db/add 100000 :end true]")]).collect()))
        .unwrap();
    let first = of(&chain, 1);
    let mut last = first.clone();
    while let Some(next) = get(&last, ":next") {
        last = next.entities()[0].clone();
    }
    assert_eq!(last.id(), 100_000);
    let printed = of(&chain, 1).touch().to_string();
    assert_eq!(printed.matches(":next").count(), edn::MAX_DEPTH);
}

#[test]
fn a_filter_may_ask_the_entity_that_is_being_read() {
    let db = database("{}", "[{:db/id 1 :name \"Ivan\" :age 15}]");
    let asked: Arc<OnceLock<Entity>> = Arc::default();
    let asks = asked.clone();
    let filtered = db.filter(Arc::new(move |db, datom| match asks.get() {
        Some(entity) if *db.attr_name(datom.a) == Value::keyword("name") => {
            get(entity, ":age").is_some()
        }
        _ => true,
    }));
    let ivan = asked.get_or_init(|| of(&filtered, 1));
    assert_eq!(get(ivan, ":name"), Some(EntityValue::Value("Ivan".into())));
    assert_eq!(ivan.entries().len(), 2);
}
