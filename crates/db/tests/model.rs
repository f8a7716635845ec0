//! A database against the simplest thing that could be one: the list of all its datoms, in the order they came.
#![allow(clippy::unwrap_used)]

use db::{Datom, Db, EntityRef, Index, Op, OpValue, Prefix, Schema, TX0};
use edn::Value;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

const SCHEMA: &str = "{:many {:db/cardinality :db.cardinality/many} :one {} :indexed {:db/index true} \
    :ref {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many}}";
const ATTRIBUTES: [&str; 4] = ["indexed", "many", "one", "ref"];

/// Entity, attribute, value; ordered as EAVT is.
type Fact = (u32, String, Value);

/// All datoms there ever were, each with its transaction and whether it was added.
#[derive(Clone, Default)]
struct Model {
    log: Vec<(Fact, u32, bool)>,
}

impl Model {
    /// What is true after a transaction, with the transaction that last said so.
    fn as_of(&self, t: u32) -> Vec<(Fact, u32)> {
        let mut facts: Vec<(Fact, u32)> = Vec::new();
        for (fact, tx, added) in self.log.iter().filter(|(_, tx, _)| *tx <= t) {
            facts.retain(|(other, _)| other != fact);
            if *added {
                facts.push((fact.clone(), *tx));
            }
        }
        facts.sort();
        facts
    }

    fn add(&mut self, fact: Fact, tx: u32) {
        let now = self.as_of(tx);
        if now.iter().any(|(other, _)| *other == fact) {
            return;
        }
        if ["one", "indexed"].contains(&fact.1.as_str())
            && let Some((old, _)) = now.iter().find(|(o, _)| (o.0, &o.1) == (fact.0, &fact.1))
        {
            self.log.push((old.clone(), tx, false));
        }
        self.log.push((fact, tx, true));
    }

    fn retract(&mut self, gone: impl Fn(&Fact) -> bool, tx: u32) {
        for (fact, _) in self.as_of(tx) {
            if gone(&fact) {
                self.log.push((fact, tx, false));
            }
        }
    }

    fn transact(&mut self, change: &Change, tx: u32) {
        let is_ref = |fact: &Fact, e: u32| fact.1 == "ref" && fact.2 == Value::from(e);
        match change.clone() {
            Change::Add(e, a, v) => self.add((e, a.clone(), v), tx),
            Change::Retract(e, a, v) => self.retract(|f| *f == (e, a.clone(), v.clone()), tx),
            Change::RetractAttribute(e, a) => self.retract(|f| (f.0, &f.1) == (e, &a), tx),
            Change::RetractEntity(e) => self.retract(|f| f.0 == e || is_ref(f, e), tx),
        }
    }
}

#[derive(Clone, Debug)]
enum Change {
    Add(u32, String, Value),
    Retract(u32, String, Value),
    RetractAttribute(u32, String),
    RetractEntity(u32),
}

impl Change {
    fn form(&self) -> Value {
        let (operation, parts) = match self.clone() {
            Change::Add(e, a, v) => ("db/add", vec![Value::from(e), Value::keyword(&a), v]),
            Change::Retract(e, a, v) => ("db/retract", vec![Value::from(e), Value::keyword(&a), v]),
            Change::RetractAttribute(e, a) => {
                ("db.fn/retractAttribute", vec![Value::from(e), Value::keyword(&a)])
            }
            Change::RetractEntity(e) => ("db/retractEntity", vec![Value::from(e)]),
        };
        Value::vector([vec![Value::keyword(operation)], parts].concat())
    }

    fn op(&self) -> Option<Op> {
        let (e, a, v, added) = match self.clone() {
            Change::Add(e, a, v) => (e, a, v, true),
            Change::Retract(e, a, v) => (e, a, v, false),
            _ => return None,
        };
        let (e, a) = (EntityRef::Id(e), Value::keyword(&a));
        Some(Op { e, a, v: OpValue::Value(v), added })
    }
}

fn change() -> impl Strategy<Value = Change> {
    let entity = || 1..6u32;
    let value = prop_oneof![
        (1..6i64).prop_map(Value::from),
        "[a-c]".prop_map(Value::from),
        (0..4i32).prop_map(|n| Value::from(f64::from(n) / 2.0)),
        Just(Value::keyword("k")),
        (1..3i64).prop_map(|n| Value::vector(vec![Value::from(n)])),
        (1..3i64).prop_map(|n| Value::list(vec![Value::from(n)])),
    ];
    let fact = (entity(), prop::sample::select(&ATTRIBUTES[..]), value, entity()).prop_map(
        |(e, a, v, target)| {
            let v = if a == "ref" { Value::from(target) } else { v };
            (e, a.to_string(), v)
        },
    );
    prop_oneof![
        6 => fact.clone().prop_map(|(e, a, v)| Change::Add(e, a, v)),
        3 => fact.clone().prop_map(|(e, a, v)| Change::Retract(e, a, v)),
        1 => fact.prop_map(|(e, a, _)| Change::RetractAttribute(e, a)),
        1 => entity().prop_map(Change::RetractEntity),
    ]
}

fn fact(db: &Db, d: &Datom) -> Fact {
    (d.e, db.attr_name(d.a).as_keyword().unwrap().name().to_string(), db.value(d.v))
}

fn facts(db: &Db, index: Index) -> Vec<(Fact, u32)> {
    db.datoms(index, &[]).unwrap().map(|d| (fact(db, &d), d.tx)).collect()
}

fn in_order(mut facts: Vec<(Fact, u32)>, index: Index) -> Vec<(Fact, u32)> {
    match index {
        Index::Eavt => facts.sort(),
        Index::Aevt => facts.sort_by_key(|((e, a, v), _)| (a.clone(), *e, v.clone())),
        Index::Avet => {
            facts.retain(|((_, a, _), _)| a == "indexed" || a == "ref");
            facts.sort_by_key(|((e, a, v), _)| (a.clone(), v.clone(), *e));
        }
    }
    facts
}

const INDEXES: [Index; 3] = [Index::Eavt, Index::Aevt, Index::Avet];

fn empty() -> Db {
    Db::empty_with_history(Schema::new(&edn::read(SCHEMA).unwrap()).unwrap())
}

fn check_whole(db: &Db, expected: &[(Fact, u32)]) {
    for index in INDEXES {
        assert_eq!(facts(db, index), in_order(expected.to_vec(), index), "{index:?}");
    }
}

/// Every range that a beginning of a key gives, and every place to seek.
fn check_ranges(db: &Db, expected: &[(Fact, u32)], plain: bool) {
    let all = in_order(expected.to_vec(), Index::Avet);
    for ((e, a, v), tx) in expected {
        let (name, entity) = (Value::keyword(a), Value::from(*e));
        let of_attribute: Vec<_> =
            expected.iter().filter(|((oe, oa, _), _)| (oe, oa) == (e, a)).cloned().collect();
        for (index, key) in [
            (Index::Eavt, vec![entity.clone(), name.clone()]),
            (Index::Aevt, vec![name.clone(), entity.clone()]),
        ] {
            let found: Vec<_> =
                db.datoms(index, &key).unwrap().map(|d| (fact(db, &d), d.tx)).collect();
            assert_eq!(found, of_attribute);
        }
        let exact = [entity.clone(), name.clone(), v.clone(), Value::from(*tx)];
        assert_eq!(db.datoms(Index::Eavt, &exact).unwrap().count(), 1);
        let prefix = Prefix { e: Some(*e), a: db.attr(&name), ..Prefix::default() };
        let count = db.count(Index::Eavt, &prefix);
        assert!(count >= of_attribute.len() && (!plain || count == of_attribute.len()));

        let from = [entity, name.clone(), v.clone()];
        let seek = db.seek_datoms(Index::Eavt, &from).unwrap().map(|d| fact(db, &d));
        let here = expected.iter().position(|(f, _)| *f == (*e, a.clone(), v.clone())).unwrap();
        assert!(seek.eq(expected[here..].iter().map(|(f, _)| f.clone())));
        let rseek = db.rseek_datoms(Index::Eavt, &from).unwrap().map(|d| fact(db, &d));
        assert!(rseek.eq(expected[..=here].iter().rev().map(|(f, _)| f.clone())));
        if a == "indexed" {
            let up: Vec<Fact> =
                db.index_range(&name, v, &Value::Nil).unwrap().map(|d| fact(db, &d)).collect();
            let above = all.iter().filter(|((_, oa, ov), _)| oa == a && ov >= v);
            assert_eq!(up, above.map(|(f, _)| f.clone()).collect::<Vec<_>>());
            assert_eq!(
                db.index_range(&name, v, v).unwrap().next().map(|d| db.value(d.v)),
                Some(v.clone())
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_database_is_its_datoms(transactions in prop::collection::vec(prop::collection::vec(change(), 1..6), 1..10)) {
        let (mut db, mut model) = (empty(), Model::default());
        let mut versions = Vec::new();
        for (n, changes) in transactions.iter().enumerate() {
            let tx = TX0 + 1 + n as u32;
            let before = db.clone();
            let report = db.with(&Value::vector(changes.iter().map(Change::form).collect())).unwrap();
            for change in changes {
                model.transact(change, tx);
            }
            db = report.db_after;
            // What the report says is what happened.
            check_whole(&before.apply(&report.tx_data), &model.as_of(tx));
            versions.push((tx, db.clone()));
        }
        let last = TX0 + transactions.len() as u32;
        for (tx, version) in &versions {
            let expected = model.as_of(*tx);
            check_whole(version, &expected);
            check_ranges(version, &expected, true);
            let view = db.as_of(&Value::from(*tx)).unwrap();
            check_whole(&view, &expected);
            check_ranges(&view, &expected, false);
            let since: Vec<_> = model.as_of(last).into_iter().filter(|(_, t)| t > tx).collect();
            check_whole(&db.since(&Value::from(*tx)).unwrap(), &since);
        }
        check_history(&db, &model);
        let odd: Vec<_> = model.as_of(last).into_iter().filter(|((e, _, _), _)| e % 2 == 1).collect();
        let filtered = db.filter(Arc::new(|_, d| d.e % 2 == 1));
        check_whole(&filtered, &odd);
        check_ranges(&filtered, &odd, false);
    }

    #[test]
    fn operations_come_to_what_forms_come_to(
        transactions in prop::collection::vec(prop::collection::vec(change(), 1..12), 1..6),
    ) {
        let (mut by_forms, mut by_ops) = (empty(), empty());
        for changes in transactions {
            let changes: Vec<Change> = changes.into_iter().filter(|c| c.op().is_some()).collect();
            let ops: Vec<Op> = changes.iter().filter_map(Change::op).collect();
            by_forms = by_forms.db_with(&Value::vector(changes.iter().map(Change::form).collect())).unwrap();
            let report = by_ops.with_ops(&ops, Value::Nil).unwrap();
            let distinct: BTreeSet<_> = report.tx_data.iter().map(|d| (d.e, d.a, d.v, d.added)).collect();
            prop_assert_eq!(distinct.len(), report.tx_data.len());
            by_ops = report.db_after;
            let without_tx = |db: &Db| facts(db, Index::Avet).into_iter().map(|(f, _)| f).collect::<Vec<_>>();
            prop_assert_eq!(without_tx(&by_forms), without_tx(&by_ops));
            let without_tx = |db: &Db| facts(db, Index::Eavt).into_iter().map(|(f, _)| f).collect::<Vec<_>>();
            prop_assert_eq!(without_tx(&by_forms), without_tx(&by_ops));
        }
    }

    #[test]
    fn a_transaction_that_fails_leaves_no_trace(
        before in prop::collection::vec(prop::collection::vec(change(), 0..20), 0..4),
        then in prop::collection::vec(change(), 0..20),
    ) {
        let mut db = empty();
        for changes in &before {
            db.transact(&Value::vector(changes.iter().map(Change::form).collect())).unwrap();
        }
        let everything = |db: &Db| {
            let all = INDEXES.map(|index| {
                let past = db.history().datoms(index, &[]).unwrap().collect::<Vec<_>>();
                (db.datoms(index, &[]).unwrap().collect::<Vec<_>>(), past)
            });
            (all, db.max_eid(), db.max_tx(), db.schema().len())
        };
        let untouched = everything(&db);
        let kept = db.clone();
        let mut forms: Vec<Value> = then.iter().map(Change::form).collect();
        forms.push(edn::read("{:new 1 :other 2}").unwrap());
        forms.push(edn::read("[:db/add 1 :one nil]").unwrap());
        prop_assert!(db.transact(&Value::vector(forms.clone())).is_err());
        prop_assert_eq!(everything(&db), untouched.clone());
        forms.pop();
        let changes = db.transact(&Value::vector(forms.clone())).unwrap();
        let report = kept.with(&Value::vector(forms)).unwrap();
        prop_assert_eq!(changes.tx_data, report.tx_data);
        prop_assert_eq!(everything(&db), everything(&report.db_after));
        prop_assert_eq!(everything(&kept), untouched);
    }

    #[test]
    fn a_database_made_at_once_is_one_made_bit_by_bit(
        facts_given in prop::collection::btree_set((1..60u32, 0..4usize, 1..60i64), 0..900),
    ) {
        let given: Vec<(u32, Value, Value, u32)> = facts_given
            .iter()
            .filter(|(_, a, _)| *a == 1 || *a == 3)
            .map(|(e, a, v)| (*e, Value::keyword(ATTRIBUTES[*a]), Value::from(*v), TX0 + 1))
            .collect();
        let schema = Schema::new(&edn::read(SCHEMA).unwrap()).unwrap();
        let at_once = Db::init(schema, given.iter().rev().cloned()).unwrap();
        let op = |(e, a, v, _): &(u32, Value, Value, u32)| Op {
            e: EntityRef::Id(*e),
            a: a.clone(),
            v: OpValue::Value(v.clone()),
            added: true,
        };
        let ops: Vec<Op> = given.iter().map(op).collect();
        let (few, many) = ops.split_at(ops.len() / 3);
        let by_ops = empty().with_ops(few, Value::Nil).unwrap().db_after;
        let by_ops = by_ops.with_ops(many, Value::Nil).unwrap().db_after;
        for index in INDEXES {
            let without_tx = |db: &Db| facts(db, index).into_iter().map(|(f, _)| f).collect::<Vec<_>>();
            prop_assert_eq!(without_tx(&at_once), without_tx(&by_ops));
        }
        let targets = given.iter().filter(|(_, a, ..)| a.is_keyword("ref")).filter_map(|(_, _, v, _)| v.as_int());
        let highest = targets.chain(given.iter().map(|(e, ..)| i64::from(*e))).max().unwrap_or(0);
        prop_assert_eq!(i64::from(at_once.max_eid()), highest);
    }
}

/// History has every assertion and retraction but those that one transaction took back itself.
fn check_history(db: &Db, model: &Model) {
    let last = db.max_tx();
    let mut expected = BTreeSet::new();
    for tx in TX0 + 1..=last {
        let (before, after) = (model.as_of(tx - 1), model.as_of(tx));
        let said =
            |facts: &[(Fact, u32)], (fact, _): &(Fact, u32)| facts.iter().any(|(f, _)| f == fact);
        expected.extend(after.iter().filter(|f| f.1 == tx).map(|(f, _)| (f.clone(), tx, true)));
        let replaced = |f: &&(Fact, u32)| !said(&after, f) || after.contains(&(f.0.clone(), tx));
        expected.extend(before.iter().filter(replaced).map(|(f, _)| (f.clone(), tx, false)));
    }
    let history = db.history();
    for index in [Index::Eavt, Index::Aevt] {
        let found: BTreeSet<_> =
            history.datoms(index, &[]).unwrap().map(|d| (fact(db, &d), d.tx, d.added)).collect();
        assert_eq!(found, expected, "{index:?}");
    }
    for (tx, datoms) in db.tx_range(None, None) {
        let of_tx = expected.iter().filter(|(_, t, _)| *t == tx).count();
        assert_eq!((datoms.len(), datoms.iter().all(|d| d.tx == tx)), (of_tx, true));
    }
}
