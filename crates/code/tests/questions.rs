//! What can be asked of a code database.
#![allow(clippy::unwrap_used)]

mod small;

use code::dependencies::NamedGraph;
use code::diff::{Filter, log};
use code::graph::Direction;
use code::history::{entities_ever_named, versions};
use code::location::Locations;
use code::search::{Place, Search, search};
use code::show::{FindError, find, show};
use code::stats::stats;
use code::unused::unused;
use db::Db;
use small::{imported, updated};

const CORE: &str = "(ns app.core \"The heart.\")

(def limit 10)

; greets
(defn greet \"Says hello.\" [who] (str \"Hello, \" who))

(defn ^:private clean [s] (trim s))

(defn -main [] (greet limit))
";
const UTIL: &str = "(ns app.util)\n\n(defn trim [s] (clean s))\n\n(defn greeting [] limit)\n";

fn app() -> Db {
    imported(&[("src/app/core.clj", CORE), ("src/app/util.clj", UTIL)])
}

fn names(graph: &NamedGraph, nodes: impl Iterator<Item = u32>) -> Vec<String> {
    nodes.map(|n| graph.name(n).to_string()).collect()
}

#[test]
fn who_uses_whom() {
    let graph = NamedGraph::statements(&app()).unwrap();
    let limit = graph.named("app.core/limit").unwrap();
    let users = graph.graph.reach(&[limit], Direction::Backward, None);
    let mut users = names(&graph, users.iter().map(|r| r.node));
    users.sort();
    assert_eq!(users, ["app.core/-main", "app.util/greeting"]);
    let cycles = graph.graph.cycles(false);
    assert_eq!(cycles.len(), 1);
    assert_eq!(
        names(&graph, cycles[0].example.iter().copied()),
        ["app.core/clean", "app.util/trim"]
    );
    let namespaces = NamedGraph::namespaces(&app()).unwrap();
    assert_eq!(namespaces.graph.cycles(false).len(), 1);
    assert_eq!(namespaces.graph.edge_count(), 2);
}

#[test]
fn vars_without_users() {
    let unused = unused(&app()).unwrap();
    let names: Vec<&str> = unused.iter().map(|u| u.fqn.as_str()).collect();
    assert_eq!(names, ["app.core/clean", "app.util/greeting", "app.util/trim"]);
}

#[test]
fn figures() {
    let stats = stats(&app()).unwrap();
    assert_eq!((stats.files, stats.problems, stats.edges), (2, 0, 6));
    let core = &stats.namespaces[0];
    assert_eq!(core.namespace, "app.core");
    assert_eq!(core.counts.statements, 5);
    assert_eq!((core.counts.public, core.counts.private, core.counts.functions), (3, 1, 3));
    assert_eq!(core.counts.documented_percent().map(f64::round), Some(33.0));
    assert_eq!(core.counts.average_lines(), 1.0);
    assert_eq!((core.uses, core.used_by, core.instability()), (1, 1, Some(0.5)));
    assert_eq!(stats.total.statements, 8);
    assert_eq!(stats.types[0], ("defn".to_owned(), 5));
}

#[test]
fn texts_are_found_and_ranked() {
    let db = app();
    let ask = |pattern: &str, regex: bool| -> Vec<(String, Place)> {
        let search = Search { pattern, regex, case_sensitive: false, limit: 10 };
        let hits = code::search::search(&db, &search).unwrap();
        hits.hits.into_iter().map(|h| (h.fqn, h.place)).collect()
    };
    assert_eq!(
        ask("GREET", false),
        [
            ("app.core/greet".to_owned(), Place::Exact),
            ("app.util/greeting".to_owned(), Place::Prefix),
            ("app.core/-main".to_owned(), Place::Source),
        ]
    );
    assert_eq!(ask("says hello", false), [("app.core/greet".to_owned(), Place::Doc)]);
    assert_eq!(ask("str.*who", true)[0].1, Place::Source);
    assert_eq!(ask("str.*who", false), []);
    let bad = Search { pattern: "(", regex: true, case_sensitive: false, limit: 1 };
    assert!(search(&db, &bad).unwrap_err().to_string().starts_with("bad regular expression"));
}

#[test]
fn statements_are_found_by_what_people_call_them() {
    let db = app();
    let fqn = |name: &str| show(&db, find(&db, name).unwrap()).unwrap().fqn;
    for (name, expected) in [
        ("app.core/greet", "app.core/greet"),
        ("greet", "app.core/greet"),
        ("core/greet", "app.core/greet"),
        ("util", "app.util"),
    ] {
        assert_eq!(fqn(name), expected);
    }
    assert_eq!(
        find(&db, "geret").unwrap_err().to_string(),
        "no statement is called geret; did you mean app.core/greet?"
    );
    let twice = updated(&db, &[("x.clj", "(ns x)\n(defn greet [] 1)")], &[], 2);
    let error = find(&twice, "greet").unwrap_err();
    assert!(matches!(error, FindError::Ambiguous { .. }));
    assert_eq!(
        error.to_string(),
        "greet may be any of app.core/greet, x/greet; give more of the name"
    );
}

#[test]
fn a_statement_is_shown_with_all_that_is_known() {
    let db = app();
    let shown = show(&db, find(&db, "greet").unwrap()).unwrap();
    assert_eq!(shown.doc.as_deref(), Some("Says hello."));
    assert_eq!(shown.location.unwrap().to_string(), "src/app/core.clj:6");
    assert_eq!(shown.dependents, [("app.core/-main".to_owned(), "function-call".to_owned())]);
    let mut locations = Locations::of(&db).unwrap();
    let main = locations.find(find(&db, "-main").unwrap()).unwrap();
    assert_eq!((main.line, main.end_line), (10, 10));
}

#[test]
fn a_statement_tells_its_story() {
    let first = app();
    let edited = CORE.replace("Hello, ", "Good day, ");
    let second = updated(&first, &[("src/app/core.clj", &edited)], &[], 2);
    let renamed = edited.replace("defn greet", "defn welcome");
    let third = updated(&second, &[("src/app/core.clj", &renamed)], &[], 3);
    let last = updated(&third, &[], &["src/app/core.clj"], 4);
    let entities = entities_ever_named(&last, "app.core/greet").unwrap();
    assert_eq!(entities, entities_ever_named(&last, "app.core/welcome").unwrap());
    let versions = versions(&last, entities[0]).unwrap();
    let told: Vec<(Option<&str>, bool)> = versions
        .iter()
        .map(|v| {
            let good_day = v.source.as_ref().is_some_and(|s| s.contains("Good day"));
            (v.fqn.as_deref(), good_day)
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some("app.core/greet"), false),
            (Some("app.core/greet"), true),
            (Some("app.core/welcome"), true),
            (None, false)
        ]
    );
    let log = log(&last, 3, |_| true, &Filter::default()).unwrap();
    let counts: Vec<[usize; 6]> = log.iter().map(|entry| entry.counts()).collect();
    // Facts made by hand have no hash of their tokens, so every change of a text is one of its form.
    assert_eq!(counts, [[0, 5, 0, 0, 0, 0], [0, 0, 1, 0, 0, 1], [0, 0, 0, 0, 0, 1]]);
    assert_eq!(log[2].differences[0].fqn(), "app.core/greet");
    let then = last.as_of(&edn::Value::Int(i64::from(log[2].origin.tx))).unwrap();
    let bytes = code::export::file(&then, "src/app/core.clj").unwrap().unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), edited);
}
