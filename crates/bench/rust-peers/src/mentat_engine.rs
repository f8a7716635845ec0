//! mentatdb: Datalog over SQLite, in memory, with an index by value for every attribute.
//!
//! Its Datalog is Datomic's but for rules, which may not recurse. Attributes without a namespace get one, and entities
//! their own ids: no row depends on them.

use crate::clock::{Measured, Pace, median};
use crate::plan::{Attribute, Dataset, Row};
use crate::{Engine, Failure};
use mentat::{Keyword, QueryInputs, QueryResults, Queryable, Store, TypedValue, Variable};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// A query that takes longer is interrupted.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rows and their queries; what is not here it does not have.
const QUERIES: &[(&str, &str)] = &[
    ("q1", r#"[:find ?e :where [?e :d/name "Ivan"]]"#),
    ("q2", r#"[:find ?e ?a :where [?e :d/name "Ivan"] [?e :d/age ?a]]"#),
    ("q2-switched", r#"[:find ?e ?a :where [?e :d/age ?a] [?e :d/name "Ivan"]]"#),
    ("q3", r#"[:find ?e ?a :where [?e :d/name "Ivan"] [?e :d/age ?a] [?e :d/sex :male]]"#),
    (
        "q4",
        r#"[:find ?e ?l ?a :where [?e :d/name "Ivan"] [?e :d/last-name ?l] [?e :d/age ?a] [?e :d/sex :male]]"#,
    ),
    (
        "q4-worst-order",
        r#"[:find ?e ?l ?a :where [?e :d/age ?a] [?e :d/last-name ?l] [?e :d/sex :male] [?e :d/name "Ivan"]]"#,
    ),
    (
        "q5-shortcircuit",
        r#"[:find ?e ?l ?s ?al :where [?e :d/name "Anastasia"] [?e :d/age 35] [?e :d/last-name ?l] [?e :d/sex ?s] [?e :d/alias ?al]]"#,
    ),
    ("qpred1", "[:find ?e ?s :where [?e :d/salary ?s] [(> ?s 50000)]]"),
    ("qpred2", "[:find ?e ?s :in ?min :where [?e :d/salary ?s] [(> ?s ?min)]]"),
    (
        "q5",
        r#"[:find ?e1 ?l ?a :where [?e :d/name "Ivan"] [?e :d/age ?a] [?e1 :d/age ?a] [?e1 :d/last-name ?l]]"#,
    ),
    ("group-count", "[:find ?n (count ?e) :where [?e :d/name ?n]]"),
    ("group-average", "[:find ?s (avg ?m) :with ?e :where [?e :d/sex ?s] [?e :d/salary ?m]]"),
    ("not", r#"[:find ?e ?a :where [?e :d/name "Ivan"] [?e :d/age ?a] (not [?e :d/sex :male])]"#),
    (
        "or-join",
        r#"[:find ?e ?s :where (or-join [?e] [?e :d/name "Ivan"] [?e :d/age 30]) [?e :d/salary ?s]]"#,
    ),
    (
        "not-join",
        r#"[:find ?e ?a :where [?e :d/name "Ivan"] [?e :d/age ?a] (not-join [?e] [?e :d/department ?d] [?d :d/title "department 7"])]"#,
    ),
    (
        "value-join",
        r#"[:find ?e ?o :where [?e :d/name "Ivan"] [?e :d/last-name "Petrov"] [?e :d/salary ?s] [?o :d/salary ?s] [?o :d/sex :female]]"#,
    ),
    (
        "five-clauses",
        r#"[:find ?e ?l ?a ?s :where [?e :d/name "Ivan"] [?e :d/last-name ?l] [?e :d/age ?a] [?e :d/sex :male] [?e :d/salary ?s]]"#,
    ),
    (
        "one-department",
        r#"[:find ?e ?n :where [?d :d/title "department 7"] [?e :d/department ?d] [?e :d/name ?n]]"#,
    ),
    (
        "three-hops",
        r#"[:find ?e ?t :where [?e :d/name "Ivan"] [?e :d/department ?d] [?d :d/division ?v] [?v :d/title ?t]]"#,
    ),
    ("average", "[:find (avg ?s) :where [?e :d/salary ?s]]"),
    (
        "average-above",
        "[:find ?x (avg ?s) :with ?e :where [?e :d/salary ?s] [?e :d/sex ?x] [(> ?s 50000)]]",
    ),
    (
        "average-least-most",
        "[:find ?x (avg ?s) (min ?s) (max ?s) :with ?e :where [?e :d/sex ?x] [?e :d/salary ?s]]",
    ),
    ("as-of-q1", r#"[:find ?e :where [?e :d/name "Ivan"]]"#),
    ("as-of-q2", r#"[:find ?e ?a :where [?e :d/name "Ivan"] [?e :d/age ?a]]"#),
    ("as-of-q3", r#"[:find ?e ?a :where [?e :d/name "Ivan"] [?e :d/age ?a] [?e :d/sex :male]]"#),
    ("since-ages", "[:find ?e ?a :where [?e :d/age ?a]]"),
    ("history-names", "[:find ?e :where [?e :d/name _ ?tx ?added]]"),
    ("history-ages", "[:find ?e ?a ?tx :where [?e :d/age ?a ?tx ?added]]"),
    ("history-join", "[:find ?e ?n ?a :where [?e :d/name ?n ?t1 ?a1] [?e :d/age ?a ?t2 ?a2]]"),
    ("history-retracted", "[:find ?e ?a :in ?no :where [?e :d/age ?a ?tx ?no]]"),
    (
        "history-changes",
        "[:find ?e ?old ?new :in ?no ?yes :where [?e :d/age ?old ?tx ?no] [?e :d/age ?new ?tx ?yes]]",
    ),
    (
        "star-skewed",
        "[:find ?e ?z :where [?e :d/state :open] [?e :d/region 2] [?e :d/kind :rare] [?e :d/size ?z]]",
    ),
    ("triangle", "[:find ?a ?b ?c :where [?a :d/edge ?b] [?b :d/edge ?c] [?a :d/edge ?c]]"),
    (
        "code-dependencies",
        r#"[:find ?d ?s :where [?e :statement/fqn "app.part300/f15000"] [?e :statement/dependencies ?d] [?x :statement/fqn ?d] [?x :statement/source ?s]]"#,
    ),
    (
        "code-all-edges",
        "[:find ?from ?to :where [?e :statement/fqn ?from] [?e :statement/dependencies ?to]]",
    ),
    (
        "code-namespaces",
        "[:find ?ns (count ?e) (count ?p) :where [?e :statement/namespace ?ns] [?p :statement/namespace ?ns] [?p :statement/pure? true]]",
    ),
    (
        "genealogy-advisors",
        r#"[:find ?n :where [?p :person/name "Person 249995"] [?pd :dissertation/cid ?p] [?x :person/advised ?pd] [?xd :dissertation/cid ?x] [?y :person/advised ?xd] [?y :person/name ?n]]"#,
    ),
    (
        "genealogy-university",
        "[:find ?n :where [?x :person/advised ?d] [?d :dissertation/cid ?y] [?xd :dissertation/cid ?x] [?xd :dissertation/univ ?u] [?d :dissertation/univ ?u] [?y :person/name ?n]]",
    ),
    (
        "genealogy-areas",
        "[:find ?n :where [?x :person/advised ?d] [?d :dissertation/cid ?y] [?xd :dissertation/cid ?x] [?xd :dissertation/area ?a] (not [?d :dissertation/area ?a]) [?y :person/name ?n]]",
    ),
];

pub(crate) struct Mentat {
    store: Store,
    /// The transaction of the data.
    first: i64,
    /// Its entities by those of the data.
    ids: BTreeMap<String, i64>,
}

fn ident(attribute: &Attribute) -> String {
    match attribute.name.contains('/') {
        true => format!(":{}", attribute.name),
        false => format!(":d/{}", attribute.name),
    }
}

fn schema(data: &Dataset) -> Result<String, Failure> {
    let mut tx = String::from("[");
    for a in &data.attributes {
        let (ident, kind) = (ident(a), &a.kind);
        let cardinality = if a.many { "many" } else { "one" };
        write!(
            tx,
            "{{:db/ident {ident} :db/valueType :db.type/{kind} :db/cardinality :db.cardinality/{cardinality} :db/index true"
        )?;
        tx.push_str(if a.unique { " :db/unique :db.unique/identity}" } else { "}" });
    }
    tx.push(']');
    Ok(tx)
}

fn value(data: &Dataset, (_, a, v): &crate::plan::Fact) -> String {
    match (data.attributes[*a].kind.as_str(), v.as_str()) {
        ("ref", _) => format!("\"{v}\""),
        ("keyword", Some(name)) => format!(":{name}"),
        _ => v.to_string(),
    }
}

/// All facts in one transaction, with entities as tempids.
fn facts(data: &Dataset) -> Result<String, Failure> {
    let mut tx = String::from("[");
    for fact in &data.facts {
        let attribute = &data.attributes[fact.1];
        writeln!(tx, "[:db/add \"{}\" {} {}]", fact.0, ident(attribute), value(data, fact))?;
    }
    tx.push(']');
    Ok(tx)
}

impl Mentat {
    pub(crate) fn new(data: &Dataset) -> Result<Mentat, Failure> {
        let mut store = Store::open("")?;
        store.transact(&schema(data)?)?;
        let report = store.transact(&facts(data)?)?;
        if !data.changes.is_empty() {
            let mut tx = String::from("[");
            for change in &data.changes {
                let e = report.tempids.get(&change.0.to_string()).ok_or("no such entity")?;
                let attribute = &data.attributes[change.1];
                writeln!(tx, "[:db/add {e} {} {}]", ident(attribute), value(data, change))?;
            }
            tx.push(']');
            store.transact(&tx)?;
        }
        store.sqlite_ref().execute_batch("ANALYZE")?;
        Ok(Mentat { store, first: report.tx_id, ids: report.tempids })
    }

    fn ask(&self, row: &Row, query: &str) -> Result<usize, Failure> {
        let known = [
            ("?min", TypedValue::Long(50_000)),
            ("?no", TypedValue::Boolean(false)),
            ("?yes", TypedValue::Boolean(true)),
        ];
        let asked = known.into_iter().filter(|(name, _)| query.contains(name));
        let asked = asked.map(|(name, value)| (Variable::from_valid_name(name), value));
        let inputs = QueryInputs::with_value_sequence(asked.collect());
        let answer = match row.task.as_str() {
            "ask-as-of" => self.store.q_once_as_of(query, inputs, self.first)?,
            "ask-since" => self.store.q_once_since(query, inputs, self.first)?,
            _ => self.store.q_once(query, inputs)?,
        };
        match answer.results {
            QueryResults::Rel(rows) => Ok(std::hint::black_box(rows).row_count()),
            _ => Err("not a relation".into()),
        }
    }

    /// Runs something that SQLite is told to give up when it takes too long.
    fn patiently<T>(&self, run: impl FnOnce() -> T) -> T {
        let handle = self.store.sqlite_ref().get_interrupt_handle();
        let (done, is_done) = channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                if is_done.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                    handle.interrupt();
                }
            });
            let given = run();
            drop(done);
            given
        })
    }
}

impl Engine for Mentat {
    fn measure(&mut self, row: &Row, data: &Dataset, pace: Pace) -> Result<Measured, Failure> {
        match row.task.as_str() {
            "add-all" => {
                let (schema, facts) = (schema(data)?, facts(data)?);
                median(pace, || {
                    let mut store = Store::open("")?;
                    store.transact(&schema)?;
                    store.transact(&facts)?;
                    Ok(data.facts.len())
                })
            }
            "add-entity" => {
                let schema = schema(data)?;
                let entities: Result<Vec<String>, Failure> = data
                    .facts
                    .chunk_by(|a, b| a.0 == b.0)
                    .map(|own| {
                        let mut tx = String::from("[");
                        for fact in own {
                            let name = ident(&data.attributes[fact.1]);
                            write!(tx, "[:db/add \"e\" {name} {}]", value(data, fact))?;
                        }
                        tx.push(']');
                        Ok(tx)
                    })
                    .collect();
                let entities = entities?;
                median(pace, || {
                    let mut store = Store::open("")?;
                    store.transact(&schema)?;
                    for tx in &entities {
                        store.transact(tx)?;
                    }
                    Ok(data.facts.len())
                })
            }
            "find-datoms" => {
                let name = Keyword::namespaced("d", "full-name");
                median(pace, || {
                    let mut found = 0;
                    for id in 9000..11_000 {
                        let id = *self.ids.get(&id.to_string()).ok_or("no such entity")?;
                        let value = self.store.lookup_value_for_attribute(id, &name)?;
                        found += usize::from(value.is_some());
                    }
                    Ok(found)
                })
            }
            "ask" | "ask-as-of" | "ask-since" | "ask-history" => {
                let query = QUERIES.iter().find(|(name, _)| *name == row.name);
                let (_, query) =
                    query.ok_or("its rules do not recurse, nor does it compare entities")?;
                self.patiently(|| median(pace, || self.ask(row, query)))
            }
            task => Err(format!("no {task}").into()),
        }
    }
}
