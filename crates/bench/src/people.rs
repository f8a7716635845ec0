//! The rows of DataScript's own benchmark that this engine has, on its data: 20,000 people.

use crate::{Failure, best};
use db::{Db, EntityId, Query, Schema, TX0};
use edn::Value;

/// How many people there are.
const PEOPLE: usize = 20_000;

/// `java.util.Random`, so that the people are those of the published figures.
struct JavaRandom(u64);

impl JavaRandom {
    fn new(seed: u64) -> Self {
        JavaRandom((seed ^ 0x5_DEEC_E66D) & ((1 << 48) - 1))
    }

    fn bits(&mut self, n: u32) -> i32 {
        self.0 = (self.0.wrapping_mul(0x5_DEEC_E66D).wrapping_add(0xB)) & ((1 << 48) - 1);
        (self.0 >> (48 - n)) as i32
    }

    fn below(&mut self, bound: i32) -> i32 {
        let mut bits = self.bits(31);
        if bound & (bound - 1) == 0 {
            return ((i64::from(bound) * i64::from(bits)) >> 31) as i32;
        }
        let mut value = bits % bound;
        while bits.wrapping_sub(value).wrapping_add(bound - 1) < 0 {
            bits = self.bits(31);
            value = bits % bound;
        }
        value
    }
}

type Row = (EntityId, Value, Value, EntityId);

fn people(count: usize) -> Vec<Row> {
    const NAMES: [&str; 8] = ["Ivan", "Petr", "Sergei", "Oleg", "Yuri", "Dmitry", "Fedor", "Denis"];
    const LAST: [&str; 6] = ["Ivanov", "Petrov", "Sidorov", "Kovalev", "Kuznetsov", "Voronoi"];
    let mut random = JavaRandom::new(42);
    let mut rows = Vec::with_capacity(count * 5);
    for e in 1..=count as EntityId {
        let name = NAMES[random.below(8) as usize];
        let last = LAST[random.below(6) as usize];
        let sex = ["male", "female"][random.below(2) as usize];
        let (age, salary) = (random.below(100), random.below(100_000));
        for (a, v) in [
            ("name", Value::from(name)),
            ("last-name", Value::from(last)),
            ("sex", Value::keyword(sex)),
            ("age", Value::from(age)),
            ("salary", Value::from(salary)),
        ] {
            rows.push((e, Value::keyword(a), v, TX0 + 1));
        }
    }
    rows
}

const QUERIES: &[(&str, &str)] = &[
    ("q1", "[:find ?e :where [?e :name \"Ivan\"]]"),
    ("q2", "[:find ?e ?a :where [?e :name \"Ivan\"] [?e :age ?a]]"),
    ("q2-switch", "[:find ?e ?a :where [?e :age ?a] [?e :name \"Ivan\"]]"),
    ("q3", "[:find ?e ?a :where [?e :name \"Ivan\"] [?e :age ?a] [?e :sex :male]]"),
    (
        "q4",
        "[:find ?e ?l ?a :where [?e :name \"Ivan\"] [?e :last-name ?l] [?e :age ?a] [?e :sex :male]]",
    ),
    (
        "q5",
        "[:find ?e1 ?l ?a :where [?e :name \"Ivan\"] [?e :age ?a] [?e1 :age ?a] [?e1 :last-name ?l]]",
    ),
    ("qpred1", "[:find ?e ?s :where [?e :salary ?s] [(> ?s 50000)]]"),
];

pub(crate) fn measure() -> Result<(), Failure> {
    for count in [PEOPLE, PEOPLE * 10] {
        let rows = people(count);
        let (init_ms, db) = best(3, || Ok(Db::init(Schema::default(), rows.iter().cloned())?))?;
        println!("people-{count}/init-ms: {init_ms:.1}");
        for (name, text) in QUERIES {
            let query = edn::read(text)?;
            let run = || Ok(Query::parse(&query)?.run(&[(&db).into()])?);
            let (ms, answer) = best(20, run)?;
            let (edn_ms, _) = best(5, || Ok(run()?.into_value()))?;
            let rows = answer.len();
            println!("people-{count}/{name}-ms: {ms:.3} (as EDN {edn_ms:.3}, {rows} rows)");
        }
    }
    rules("wide-7x3", wide(7, 3))?;
    rules("wide-4x6", wide(4, 6))?;
    rules("long-30x5", long(30, 5))
}

/// A tree of `:follows`, each with this many followers.
fn wide(depth: u32, width: u32) -> Vec<(u32, u32)> {
    let mut edges = Vec::new();
    let mut level = vec![1u32];
    for _ in 0..depth {
        let children = level.iter().flat_map(|i| (0..width).map(move |k| (*i, i * width + k)));
        let children: Vec<(u32, u32)> = children.collect();
        level = children.iter().map(|(_, child)| *child).collect();
        edges.extend(children);
    }
    edges
}

/// Chains of `:follows`.
fn long(depth: u32, width: u32) -> Vec<(u32, u32)> {
    let start = |chain| 1 + chain * (depth + 1);
    (0..width).flat_map(|c| (0..depth).map(move |i| (start(c) + i, start(c) + i + 1))).collect()
}

fn rules(name: &str, edges: Vec<(u32, u32)>) -> Result<(), Failure> {
    let schema = "{:follows {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many}}";
    let schema = Schema::new(&edn::read(schema)?)?;
    let rows =
        edges.into_iter().map(|(x, y)| (x, Value::keyword("follows"), Value::from(y), TX0 + 1));
    let db = Db::init(schema, rows)?;
    let query = edn::read("[:find ?x ?y :in $ % :where (follows ?x ?y)]")?;
    let rules = edn::read(
        "[[(follows ?x ?y) [?x :follows ?y]] [(follows ?x ?y) [?x :follows ?t] (follows ?t ?y)]]",
    )?;
    let inputs = [db::Input::from(&db), rules.into()];
    let (ms, answer) = best(10, || Ok(Query::parse(&query)?.run(&inputs)?))?;
    println!("rules-{name}-ms: {ms:.3} ({} rows)", answer.len());
    Ok(())
}
