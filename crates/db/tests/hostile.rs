//! Queries that would take for ever, or all memory, or all of the stack: they end soon, with an error that says why.
#![allow(clippy::unwrap_used)]

use db::{Db, Input, Limits, Query, QueryError, Schema, q};
use edn::Value;
use std::time::Duration;

const ROWS: usize = 20_000;

fn limits() -> Limits {
    Limits { rows: ROWS, time: Some(Duration::from_secs(60)) }
}

fn numbers(n: i64) -> Input {
    Value::vector((0..n).map(Value::from).collect()).into()
}

fn run(query: &str, inputs: &[Input], limits: Limits) -> Result<Value, QueryError> {
    Query::parse(&query.into())?.run_within(inputs, limits).map(|r| r.into_value())
}

fn rules(text: &str) -> Input {
    edn::read(text).unwrap().into()
}

fn network(edges: impl Iterator<Item = (i64, i64)>) -> Input {
    let schema = "{:next {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many}}";
    let edge = |(from, to)| {
        Value::vector(vec![
            Value::keyword("db/add"),
            Value::from(from),
            Value::keyword("next"),
            Value::from(to),
        ])
    };
    let db = Db::empty(Schema::new(&edn::read(schema).unwrap()).unwrap());
    (&db.db_with(&Value::vector(edges.map(edge).collect())).unwrap()).into()
}

#[test]
fn more_rows_than_allowed_are_refused() {
    let complete = || network((1..60).flat_map(|a| (1..60).map(move |b| (a, b))));
    let empty = || Input::from(&Db::empty(Schema::default()));
    for (query, inputs) in [
        ("[:find ?a ?b :in [?a ...] [?b ...]]", vec![numbers(1000), numbers(1000)]),
        ("[:find ?a ?b ?c :where [?a :next ?b] [?c :next ?d]]", vec![complete()]),
        ("[:find ?a ?b ?c ?d :where [?a :next ?b] [?b :next ?c] [?c :next ?d]]", vec![complete()]),
        ("[:find (count ?a) . :with ?b ?c :where [?a :next ?b] [?b :next ?c]]", vec![complete()]),
        (
            "[:find ?a ?c :in $ % :where (walk ?a ?b ?c)]",
            vec![
                complete(),
                rules(
                    "[[(walk ?a ?b ?c) [?a :next ?b] [?b :next ?c]] [(walk ?a ?b ?c) (walk ?b ?c ?a)]]",
                ),
            ],
        ),
        (
            "[:find ?n :in $ % :where (number ?n)]",
            vec![
                empty(),
                rules("[[(number ?n) [(ground 0) ?n]] [(number ?n) (number ?m) [(inc ?m) ?n]]]"),
            ],
        ),
        ("[:find ?n :in $ :where [(range 0 1000000) [?n ...]]]", vec![empty()]),
        (
            "[:find ?a :in [?a ...] :where [(range 0 ?a) [?n ...]] [(range 0 ?n) [?m ...]] [(< ?m ?n)]]",
            vec![numbers(1000)],
        ),
        ("[:find ?a :in [?a ...] [?b ...] :where [(< ?a ?b)]]", vec![numbers(1000), numbers(1000)]),
        (
            "[:find ?a :in [?a ...] [?b ...] :where (not [(= ?a ?b)])]",
            vec![numbers(1000), numbers(1000)],
        ),
        (
            "[:find ?a :in [?a ...] [?b ...] :where (or [(< ?a ?b)] [(> ?a ?b)])]",
            vec![numbers(1000), numbers(1000)],
        ),
    ] {
        assert_eq!(run(query, &inputs, limits()), Err(QueryError::TooManyRows(ROWS)), "{query}");
    }
}

#[test]
fn more_time_than_allowed_is_refused() {
    let time = Duration::from_millis(1);
    let limits = Limits { time: Some(time), ..Limits::default() };
    let complete = || network((1..200).flat_map(|a| (1..200).map(move |b| (a, b))));
    for (query, inputs) in [
        (
            "[:find ?a ?b :in [?a ...] [?b ...] :where [(+ ?a ?b) ?c] [(even? ?c)]]",
            vec![numbers(2000), numbers(2000)],
        ),
        ("[:find ?a ?d :where [?a :next ?b] [?b :next ?c] [?c :next ?d]]", vec![complete()]),
        (
            "[:find ?n :in $ % :where (number ?n)]",
            vec![
                complete(),
                rules("[[(number ?n) [(ground 0) ?n]] [(number ?n) (number ?m) [(inc ?m) ?n]]]"),
            ],
        ),
    ] {
        assert_eq!(run(query, &inputs, limits), Err(QueryError::TimedOut(time)), "{query}");
    }
}

#[test]
fn what_functions_may_make_is_bounded() {
    let query = "[:find (count ?x) . :in $ % :where (grow ?x)]";
    for (seed, step) in [
        ("\"ab\"", "(str ?y ?y)"),
        ("\"ab\"", "(clojure.string/replace ?y \"\" ?y)"),
        ("\"ab\"", "(clojure.string/replace ?y #\".\" ?y)"),
        ("\"ab\"", "(clojure.string/join ?y [?y ?y ?y])"),
        ("1", "(vector ?y)"),
        ("1", "(list ?y ?y ?y)"),
        ("30000000000000000000N", "(* ?y ?y)"),
        ("1.5M", "(* ?y ?y)"),
    ] {
        let grow = format!("[[(grow ?x) [(ground {seed}) ?x]] [(grow ?x) (grow ?y) [{step} ?x]]]");
        let inputs = [Input::from(&Db::empty(Schema::default())), rules(&grow)];
        let error = run(query, &inputs, limits()).unwrap_err().to_string();
        assert!(error.contains("too "), "{step} {error}");
    }
    let range = edn::read("[:find ?n :in ?x :where [(range 0 100000000000) [?n ...]]]").unwrap();
    let error = q(&range, &[numbers(1)]).unwrap_err().to_string();
    assert!(error.starts_with("range of more than"), "{error}");
}

#[test]
fn regexes_that_go_back_for_ever_are_refused() {
    let text = Value::from("a".repeat(40) + "b");
    let query = "[:find ?x . :in ?s :where [(re-find #\"(?=a)(?:(a+)+\\1?)+c\" ?s) ?x]]";
    let error = run(query, &[text.into()], limits()).unwrap_err().to_string();
    assert!(error.contains("regex"), "{error}");
}

#[test]
fn deep_and_long_queries_are_answered_or_refused() {
    let db = Input::from(
        &Db::empty(Schema::default()).db_with(&edn::read("[[:db/add 1 :a 1]]").unwrap()).unwrap(),
    );
    let nested = |open: &str, close: &str, depth: usize| {
        format!("[:find ?e :where [?e :a] {}[?e :a]{}]", open.repeat(depth), close.repeat(depth))
    };
    for (query, expected) in [
        (nested("(not ", ")", 20), "#{[1]}"),
        (nested("(not ", ")", 21), "#{}"),
        (nested("(or ", ")", 200), "#{[1]}"),
        (nested("(or [?e :b] ", ")", 200), "#{[1]}"),
        (nested("(and [?e :a] ", ")", 200), "#{[1]}"),
        (nested("(or [?e :a] (and [?e :a] ", "))", 60), "#{[1]}"),
        (format!("[:find ?e :where {}]", "[?e :a] ".repeat(1000)), "#{[1]}"),
        (
            format!(
                "[:find ?e :where {}]",
                (0..1000).map(|n| format!("[?e :a ?v{n}] ")).collect::<String>()
            ),
            "#{[1]}",
        ),
        (format!("[:find ?e :where [?e :a] {}]", "(not [?e :b]) ".repeat(1000)), "#{[1]}"),
        (format!("[:find ?e :where [?e :a] (or {})]", "[?e :a] ".repeat(1000)), "#{[1]}"),
        (format!("[:find ?e :where [?e :a ?v] {}]", "[(= ?v 1)] ".repeat(1000)), "#{[1]}"),
    ] {
        let got = run(&query, std::slice::from_ref(&db), limits());
        assert_eq!(
            got.map(|v| v.to_string()).unwrap_or_else(|e| e.to_string()),
            expected,
            "{}",
            &query[..80]
        );
    }
    for deep in
        [nested("(not ", ")", 200), nested("(not ", ")", 100_000), nested("[", "]", 100_000)]
    {
        assert!(run(&deep, std::slice::from_ref(&db), limits()).is_err());
    }
}

#[test]
fn rules_that_call_one_another_in_long_chains_are_answered() {
    let db = Input::from(
        &Db::empty(Schema::default()).db_with(&edn::read("[[:db/add 1 :a 1]]").unwrap()).unwrap(),
    );
    let chain: String = (0..1000).map(|n| format!("[(r{n} ?x) (r{} ?x)]", n + 1)).collect();
    let chain = rules(&format!("[{chain} [(r1000 ?x) [?x :a]]]"));
    let got = run("[:find ?x :in $ % :where (r0 ?x)]", &[db.clone(), chain], limits());
    assert_eq!(got.unwrap().to_string(), "#{[1]}");
    let negations: String =
        (0..100).map(|n| format!("[(r{n} ?x) [?x :a] (not (r{} ?x))]", n + 1)).collect();
    let negations = rules(&format!("[{negations} [(r100 ?x) [?x :a]]]"));
    let got = run("[:find ?x :in $ % :where (r0 ?x)]", &[db.clone(), negations], limits());
    assert!(matches!(got, Err(QueryError::Negation(_))));
    let own = rules("[[(r ?x) [?x :a] (not (r ?x))]]");
    let got = run("[:find ?x :in $ % :where (r ?x)]", &[db, own], limits());
    assert!(matches!(got, Err(QueryError::Negation(_))));
}

#[test]
fn rules_that_call_one_another_twice_are_not_written_out() {
    // Written out, the first would be 2^40 patterns; the recursive one that calls them all has to be run, too.
    let calls = |n: usize| format!("[(r{n} ?x ?y) (r{0} ?x ?z) (r{0} ?z ?y)]", n + 1);
    let doubling: Vec<String> = (0..40).map(calls).collect();
    let text = format!("[{} [(r40 ?x ?y) [?x :next ?y]]]", doubling.join(" "));
    let query = "[:find ?y :in $ % :where (r30 1 ?y)]";
    let found = run(query, &[network((1..=1100).map(|n| (n, n + 1))), rules(&text)], limits());
    assert_eq!(found.unwrap().to_string(), "#{[1025]}");
    // Five thousand plain rules in a row, and as many that call the first of them and themselves.
    let chain = (0..5000).map(|n| format!("[(p{n} ?x ?y) (p{} ?x ?y)]", n + 1));
    let own = (0..5000).map(|n| format!("[(c{n} ?x ?y) (p0 ?x ?z) (c{n} ?z ?y)]"));
    let text: Vec<String> = chain.chain(own).collect();
    let text = format!("[{} [(p5000 ?x ?y) [?x :next ?y]]]", text.join(" "));
    let query = "[:find ?y :in $ % :where (p0 1 ?y)]";
    let found = run(query, &[network([(1, 2)].into_iter()), rules(&text)], limits());
    assert_eq!(found.unwrap().to_string(), "#{[2]}");
}

/// As many strings as wanted whose hash in Clojure is the same.
fn colliding(count: usize) -> Vec<Value> {
    let text =
        |n: usize| (0..17).map(|i| if n >> i & 1 == 0 { "Aa" } else { "BB" }).collect::<String>();
    (0..count).map(|n| Value::string(text(n))).collect()
}

#[test]
fn values_that_collide_take_no_quadratic_time() {
    let texts = colliding(100_000);
    let vectors = texts.iter().map(|v| Value::vector(vec![v.clone()])).collect::<Vec<_>>();
    for values in [texts, vectors] {
        let add = |v: &Value| {
            Value::vector(vec![
                Value::keyword("db/add"),
                Value::Int(1),
                Value::keyword("v"),
                v.clone(),
            ])
        };
        let schema =
            Schema::new(&edn::read("{:v {:db/cardinality :db.cardinality/many}}").unwrap())
                .unwrap();
        let db =
            Db::empty(schema).db_with(&Value::vector(values.iter().map(add).collect())).unwrap();
        let inputs = [Input::from(&db), Value::vector(values.clone()).into()];
        for (query, count) in [
            ("[:find ?v :in $ [?v ...] :where [_ :v ?v]]", values.len()),
            ("[:find [(distinct ?v) ...] :in $ [?v ...]]", 1),
            ("[:find ?v (count ?v) :in $ [?v ...]]", values.len()),
            ("[:find ?w :in $ [?v ...] :where [(vector ?v) ?w]]", values.len()),
        ] {
            let result = Query::parse(&query.into()).unwrap().run(&inputs).unwrap().into_value();
            let found = result.as_set().map(edn::Set::len).or(result.as_seq().map(<[Value]>::len));
            assert_eq!(found, Some(count), "{query}");
        }
    }
}
