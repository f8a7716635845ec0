//! The query engine against the plainest evaluator there could be, on random databases and queries.
#![allow(clippy::unwrap_used)]

mod generate;
mod naive;

use db::{Input, Query};
use edn::Value;
use generate::{Case, Find, Tape};
use naive::Naive;
use proptest::prelude::*;

/// Up to so many clauses every order of them is tried.
const ALL_ORDERS: usize = 4;

fn orders(clauses: &[String]) -> Vec<Vec<String>> {
    if clauses.len() > ALL_ORDERS {
        let turned = (0..clauses.len()).flat_map(|n| {
            let mut turned = clauses.to_vec();
            turned.rotate_left(n);
            let reversed = turned.iter().rev().cloned().collect();
            [turned, reversed]
        });
        return turned.collect();
    }
    if clauses.is_empty() {
        return vec![Vec::new()];
    }
    let first = |at: usize| {
        let mut rest = clauses.to_vec();
        let first = rest.remove(at);
        orders(&rest).into_iter().map(move |rest| [vec![first.clone()], rest].concat())
    };
    (0..clauses.len()).flat_map(first).collect()
}

fn expected(case: &Case) -> Vec<Vec<Value>> {
    let query = edn::read(&case.text(&case.clauses)).unwrap();
    let inputs: Vec<_> = case
        .inputs
        .iter()
        .map(|(binding, given)| (edn::read(binding).unwrap(), given.clone()))
        .collect();
    let rows = Naive::new().rows(&query, &inputs);
    let forms = |texts: &[String]| texts.iter().map(|t| edn::read(t).unwrap()).collect::<Vec<_>>();
    naive::answer(&forms(&case.elements), &forms(&case.with), &rows)
}

/// Whether a value is an answer of these rows: of one row or one value, which of them is not said.
fn answers(find: Find, value: &Value, mut rows: Vec<Vec<Value>>) -> bool {
    let sorted = |mut items: Vec<Value>| {
        items.sort();
        items
    };
    rows.sort();
    let whole: Vec<Value> = rows.into_iter().map(Value::vector).collect();
    let firsts = || whole.iter().map(|row| row.as_seq().unwrap()[0].clone()).collect::<Vec<_>>();
    match (find, value) {
        (Find::Relation, Value::Set(set)) => {
            let mut distinct = whole;
            distinct.dedup();
            sorted(set.iter().cloned().collect()) == distinct
        }
        (Find::Relation, other) => sorted(other.as_seq().unwrap().to_vec()) == whole,
        (Find::Collection, other) => sorted(other.as_seq().unwrap().to_vec()) == sorted(firsts()),
        (_, Value::Nil) => whole.is_empty(),
        (Find::Tuple, row) => whole.contains(row),
        (Find::Scalar, value) => firsts().contains(value),
    }
}

fn answer(text: &str, inputs: &[Input]) -> Value {
    let query = Query::parse(&text.into()).unwrap_or_else(|e| panic!("{text}\n{e}"));
    query.run(inputs).unwrap_or_else(|e| panic!("{text}\n{e}")).into_value()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn queries_give_what_the_plainest_evaluator_gives(choices in prop::collection::vec(any::<u32>(), 150..400)) {
        let mut tape = Tape::new(choices);
        let db = generate::database(&mut tape);
        let (case, inputs) = generate::case(&mut tape, &db);
        let rows = expected(&case);
        for clauses in orders(&case.clauses) {
            let text = case.text(&clauses);
            let got = answer(&text, &inputs);
            prop_assert!(answers(case.find, &got, rows.clone()), "{}\ngave {}\nnot {:?}\nof {:?}", text, got, rows, case.inputs);
        }
    }
}
