//! Queries and what they give, from `query.edn`.
#![allow(clippy::unwrap_used)]

use db::{Db, Input, Limits, Query, QueryError, Schema, q};
use edn::{ReadOptions, Value};

fn database() -> Db {
    let schema = "{:email {:db/unique :db.unique/identity} :aka {:db/cardinality :db.cardinality/many} \
                   :friend {:db/valueType :db.type/ref} :self {:db/valueType :db.type/ref} \
                   :next {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many}}";
    let data = "[{:db/id 1 :name \"Ivan\" :age 15 :email \"i@x\" :aka [\"a\" \"b\"] :friend 2} \
                 {:db/id 2 :name \"Petr\" :age 37 :friend 1} {:db/id 3 :name \"Ivan\" :age 37.5} \
                 {:db/id 4 :self 4} {:db/id 5 :self 4} \
                 {:db/id 10 :next 11} {:db/id 11 :next 12} {:db/id 12 :next 13} {:db/id 20 :next 21} {:db/id 21 :next 20}]";
    let db = Db::empty(Schema::new(&edn::read(schema).unwrap()).unwrap());
    db.db_with(&edn::read(data).unwrap()).unwrap()
}

fn cases() -> Vec<Value> {
    let options = ReadOptions { clojure: true, ..ReadOptions::default() };
    let forms = edn::read_all_with(include_str!("query.edn"), &options).unwrap();
    forms[0].as_seq().unwrap().to_vec()
}

/// Aggregates come in no particular order.
fn unordered(value: Value) -> Value {
    match value {
        Value::List(items) if items.iter().all(|i| i.as_vector().is_some()) => {
            Value::set(items.to_vec())
        }
        other => other,
    }
}

#[test]
fn queries_give_what_they_should() {
    let db = database();
    for case in cases() {
        let case = case.as_map().unwrap();
        let query = case.get_keyword("q").unwrap();
        let mut inputs = vec![Input::from(&db)];
        let more = case.get_keyword("in").and_then(|i| i.as_seq()).unwrap_or_default();
        inputs.extend(more.iter().cloned().map(Input::from));
        let got = q(query, &inputs);
        match (case.get_keyword("gives"), case.get_keyword("fails")) {
            (Some(expected), _) => {
                let got = got.unwrap_or_else(|e| panic!("{query}\n{e}"));
                let ordered = query.as_map().is_some_and(|m| m.get_keyword("order-by").is_some());
                let (got, expected) = if ordered {
                    (got, expected.clone())
                } else {
                    (unordered(got), unordered(expected.clone()))
                };
                assert_eq!(got, expected, "{query}");
            }
            (_, Some(message)) => {
                assert_eq!(
                    got.map_err(|e| e.to_string()),
                    Err(message.as_str().unwrap().to_string()),
                    "{query}"
                );
            }
            _ => panic!("a case needs :gives or :fails: {query}"),
        }
    }
}

#[test]
fn the_order_of_clauses_does_not_matter() {
    let db = database();
    let clauses = [
        "[?e :friend ?f]",
        "[?f :name ?n]",
        "[(not= ?n \"x\")]",
        "[?e :age ?a]",
        "(not [?e :email])",
    ];
    let expected = edn::read("#{[2 \"Ivan\" 37]}").unwrap();
    for rotation in 0..clauses.len() {
        let mut turned = clauses.to_vec();
        turned.rotate_left(rotation);
        for reversed in [false, true] {
            if reversed {
                turned.reverse();
            }
            let query = format!("[:find ?e ?n ?a :where {}]", turned.join(" "));
            assert_eq!(
                q(&edn::read(&query).unwrap(), &[(&db).into()]).unwrap(),
                expected,
                "{query}"
            );
        }
    }
}

#[test]
fn a_query_that_looks_into_nothing_needs_no_database() {
    let ask = |text: &str| q(&text.into(), &[]).map_err(|e| e.to_string());
    assert_eq!(ask("[:find ?x . :where [(+ 1 2) ?x]]"), Ok(Value::Int(3)));
    let looks = "[:find ?x . :where [(+ 1 2) ?x] (or [?x] [(> ?x 3)])]";
    assert_eq!(ask(looks), Err("Too few inputs passed, expected: [$], got: 0".into()));
}

/// The second says the same so that nobody takes it for a closure.
const CLOSURES: [(&str, &str); 4] = [
    (
        "[[(r ?x ?y) [?x :next ?y]] [(r ?x ?y) [?x :next ?t] (r ?t ?y)]]",
        "[[(r ?x ?y) [?x :next ?y]] [(r ?x ?y) [?x :next ?t] (r ?t ?y)] [(r ?x ?y) [?x :next ?y]]]",
    ),
    (
        "[[(r ?x ?y) (r ?x ?t) [?t :next ?y]] [(r ?a ?b) [?a :next ?b]]]",
        "[[(r ?x ?y) (r ?x ?t) [?t :next ?y]] [(r ?a ?b) [?a :next ?b]] [(r ?a ?b) [?a :next ?b]]]",
    ),
    (
        "[[(r ?x ?y) [?x :name ?n] [?y :tag ?n]] [(r ?x ?y) [?x :name ?m] [?z :tag ?m] (r ?z ?y)]]",
        "[[(r ?x ?y) [?x :name ?n] [?y :tag ?n] [(= 1 1)]] [(r ?x ?y) [?x :name ?m] [?z :tag ?m] (r ?z ?y)]]",
    ),
    (
        "[[(r ?x ?y) [?e :from ?x] [?e :to ?y]] [(r ?x ?y) [?e :from ?x] [?e :to ?z] (r ?z ?y)]]",
        "[[(r ?x ?y) [?e :from ?x] [?e :to ?y] [(= 1 1)]] [(r ?x ?y) [?e :from ?x] [?e :to ?z] (r ?z ?y)]]",
    ),
];

/// Forty nodes with cycles, forks and ends, linked in each of the ways that [`CLOSURES`] follow.
fn linked() -> Db {
    let schema = "{:next {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many} \
                   :tag {:db/cardinality :db.cardinality/many} :id {:db/unique :db.unique/identity}}";
    let node = |n: usize| {
        let (near, far) = (n * 7 % 41 + 1, n * n % 43 + 1);
        let link = |to: usize| format!("{{:from \"n{n}\" :to \"n{to}\"}}");
        let next =
            if n.is_multiple_of(6) { String::new() } else { format!(":next [{near} {far}]") };
        format!(
            "{{:db/id {n} :id {n} :name \"n{n}\" :tag [\"n{near}\" \"n{}\"] {next}}} {} {}",
            n % 5,
            link(near),
            link(far % 20)
        )
    };
    let data = format!("[{}]", (1..=40).map(node).collect::<String>());
    let db = Db::empty(Schema::new(&edn::read(schema).unwrap()).unwrap());
    db.db_with(&edn::read(&data).unwrap()).unwrap()
}

#[test]
fn a_closure_gives_what_its_rule_gives() {
    let db = linked();
    let queries = [
        "[:find ?x ?y :in $ % :where (r ?x ?y)]",
        "[:find ?y :in $ % :where (r 7 ?y)]",
        "[:find ?x :in $ % :where (r ?x 7)]",
        "[:find ?y :in $ % :where (r \"n7\" ?y)]",
        "[:find ?y :in $ % :where (r [:id 7] ?y)]",
        "[:find ?x ?y :in $ % [?x ...] :where (r ?x ?y)]",
        "[:find ?x ?y :in $ % [?y ...] :where (r ?x ?y)]",
        "[:find ?x ?y :in $ % [[?x ?y]] :where (r ?x ?y)]",
        "[:find ?x :in $ % :where (r ?x ?x)]",
        "[:find ?x :in $ % :where (r ?x _)]",
        "[:find ?x ?z :in $ % :where [?x :id 3] (r ?x ?y) (r ?y ?z)]",
        "[:find ?x :in $ % :where [?x :id] (not (r ?x 5))]",
        "[:find ?x :in $ % :where [?x :id] (r 3 500)]",
    ];
    for (closure, plain) in CLOSURES {
        for query in queries {
            let ask = |rules: &str| {
                let mut inputs = vec![Input::from(&db), edn::read(rules).unwrap().into()];
                if query.contains("...") {
                    inputs.push(edn::read("[1 5 9 \"n1\" \"n5\" 1000 :k]").unwrap().into());
                }
                if query.contains("[[?x ?y]]") {
                    inputs.push(edn::read("[[1 5] [5 1] [9 9] [\"n1\" \"n5\"]]").unwrap().into());
                }
                q(&edn::read(query).unwrap(), &inputs)
            };
            assert_eq!(ask(closure), ask(plain), "{query} {closure}");
        }
    }
}

#[test]
fn what_a_closure_comes_to_is_limited() {
    let db = linked();
    let query = Query::parse(&"[:find ?x ?y :in $ % :where (r ?x ?y)]".into()).unwrap();
    let inputs = [Input::from(&db), edn::read(CLOSURES[0].0).unwrap().into()];
    let limits = Limits { rows: 200, ..Limits::default() };
    assert_eq!(query.run_within(&inputs, limits).err(), Some(QueryError::TooManyRows(200)));
}
