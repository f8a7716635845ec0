//! How queries say they were answered.
#![allow(clippy::unwrap_used)]

use db::{Db, Explanation, Input, Schema, Step, explain, q};
use edn::Value;

fn people() -> Db {
    let schema = "{:name {:db/index true} :friend {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many}}";
    let person = |n: i64| {
        format!("{{:db/id {n} :name \"n{}\" :age {} :friend {}}}", n % 50, n % 7, n % 500 + 1)
    };
    let tx = format!("[{}]", (1..=500).map(person).collect::<String>());
    let db = Db::empty(Schema::new(&edn::read(schema).unwrap()).unwrap());
    db.db_with(&edn::read(&tx).unwrap()).unwrap()
}

fn explained(query: &str, inputs: &[Input]) -> Explanation {
    let query = edn::read(query).unwrap();
    let explanation = explain(&query, inputs).unwrap();
    let answer = explanation.result.clone().into_value();
    assert_eq!(answer, q(&query, inputs).unwrap(), "explaining changes no answer");
    explanation
}

fn outline(steps: &[Step], depth: usize) -> String {
    let line = |s: &Step| {
        let indent = "  ".repeat(depth);
        format!(
            "{indent}{} | {} | {}\n{}",
            s.clause,
            s.method,
            s.rows,
            outline(&s.steps, depth + 1)
        )
    };
    steps.iter().map(line).collect()
}

#[test]
fn clauses_stand_in_the_order_they_were_taken_with_their_rows() {
    let db = people();
    for (query, expected) in [
        (
            "[:find ?e ?a :where [?e :age ?a] [?e :name \"n3\"] [(> ?a 2)]]",
            "[?e :name \"n3\"] | scan :avet | 10\n[?e :age ?a] | walk along :aevt | 7\n[(> ?a 2)] | filter in passing | 7\n",
        ),
        (
            "[:find ?f :where [7 :friend ?e] [?e :friend ?f]]",
            "[7 :friend ?e] | scan :eavt | 1\n[?e :friend ?f] | scan :eavt | 1\n",
        ),
        (
            "[:find ?e :where [?e :name \"n3\"] (not [?e :age 3])]",
            "[?e :name \"n3\"] | scan :avet | 10\n(not [?e :age 3]) | take away | 8\n  [?e :age 3] | walk along :aevt | 2\n",
        ),
        ("[:find ?e :where [?e :nothing 1]]", "[?e :nothing 1] | nothing can match | 0\n"),
        (
            "[:find ?b :where (or [?e :name \"n3\"] [?e :name \"n4\"]) [(inc ?e) ?b]]",
            "(or [?e :name \"n3\"] [?e :name \"n4\"]) | union | 20\n  [?e :name \"n3\"] | scan :avet | 10\n  \
             [?e :name \"n4\"] | scan :avet | 10\n[(inc ?e) ?b] | call | 20\n",
        ),
    ] {
        let explanation = explained(query, &[(&db).into()]);
        assert_eq!(outline(&explanation.steps, 0), expected, "{query}");
    }
}

#[test]
fn a_rule_shows_its_branches_and_how_often_they_ran() {
    let rules =
        "[[(reach ?x ?y) [?x :friend ?y]] [(reach ?x ?y) [?x :friend ?t] [?t :age] (reach ?t ?y)]]";
    let inputs = [Input::from(&people()), edn::read(rules).unwrap().into()];
    let explanation = explained("[:find ?y :in $ % :where (reach 490 ?y)]", &inputs);
    let [rule] = explanation.steps.as_slice() else { panic!("one step") };
    assert_eq!((rule.clause.as_str(), rule.rows, rule.runs), ("(reach 490 ?y)", 500, 1));
    let branches: Vec<&str> = rule.steps.iter().map(|s| s.clause.as_str()).collect();
    assert_eq!(branches, ["reach, branch 1", "reach, branch 2"]);
    assert!(rule.steps.iter().all(|branch| branch.runs > 100 && !branch.steps.is_empty()));
}

#[test]
fn a_transitive_closure_is_told_as_such() {
    let rules = "[[(reach ?x ?y) [?x :friend ?y]] [(reach ?x ?y) [?x :friend ?t] (reach ?t ?y)]]";
    let inputs = [Input::from(&people()), edn::read(rules).unwrap().into()];
    let explanation = explained("[:find ?y :in $ % :where (reach 490 ?y)]", &inputs);
    let [rule] = explanation.steps.as_slice() else { panic!("one step") };
    assert_eq!((rule.method.as_str(), rule.rows), ("transitive closure", 500));
}

#[test]
fn the_explanation_is_data_and_a_tree() {
    let query = "[:find ?e :where [?e :name \"n3\"] (not [?e :age 3])]";
    let explanation = explained(query, &[(&people()).into()]);
    let data = explanation.to_value();
    let data = data.as_map().unwrap();
    assert_eq!(data.get_keyword("rows"), Some(&Value::Int(8)));
    let steps = data.get_keyword("steps").unwrap().as_seq().unwrap();
    let first = steps[0].as_map().unwrap();
    assert_eq!(first.get_keyword("estimated"), Some(&Value::Int(10)));
    assert!(steps[1].as_map().unwrap().get_keyword("steps").is_some());
    let tree = explanation.to_string();
    let starts: Vec<&str> = tree.lines().map(|line| line.split("  ").next().unwrap()).collect();
    assert_eq!(starts[1..3], ["├─ [?e :name \"n3\"]", "└─ (not [?e :age 3])"]);
    assert!(tree.lines().nth(3).unwrap().starts_with("   └─ [?e :age 3]"), "{tree}");
    assert!(tree.lines().last().unwrap().starts_with("8 rows in "), "{tree}");
}

#[test]
fn what_fails_fails_the_same_explained() {
    let inputs = [Input::from(&people())];
    for query in [
        "[:find ?x]",
        "[:find ?e :where [?e :name] [(> ?x 1)]]",
        "[:find ?e :where [?e :name ?n] [(inc ?n) ?m]]",
    ] {
        let query = edn::read(query).unwrap();
        assert_eq!(explain(&query, &inputs).err(), q(&query, &inputs).err());
    }
}
