//! Dependencies with their types, what changes reach, ways, drawings.
#![allow(clippy::unwrap_used)]

use code::analysis::{Rules, analyze};
use code::dependencies::NamedGraph;
use code::draw::{Kind, Picture, dot, mermaid, svg};
use code::impact::{changed, impact, last_change};
use code::import::{Update, plan};
use code::model::{self, DependencyType, Types};
use db::Db;
use edn::{Inst, Value};

/// A database with the files as they are now.
fn updated(db: &Db, files: &[(&str, &str)]) -> Db {
    let texts: Vec<(String, String)> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let facts = analyze(&texts, &Rules::default());
    let update = Update { files: &facts, gone: &[], config: None, now: Inst(0) };
    let plan = plan(db, &update).unwrap();
    db.with_ops(&plan.ops, Value::Nil).unwrap().db_after
}

const SHAPES: &str = "(ns shapes)
(defprotocol Shape (area [s]))
(defrecord Square [a] Shape (area [_] (* a a)))
(defrecord Disc [r] Shape (area [_] (* 3 r r)))
(defmulti named :kind)
(defmethod named :square [_] \"square\")
(defmethod named :disc [_] \"disc\")
(defmacro twice [x] `(do ~x ~x))
(defn total [^Shape s] (twice (area s)))
(defn text [s] (str (named s) (total s)))
(def squares (map ->Square [1 2]))
";
const TESTS: &str = "(ns shapes-test (:require [shapes :as s] [clojure.test :refer [deftest]])
  (:import [shapes Disc]))
(deftest totals (s/total (Disc. 1)))
(deftest texts (s/text 1))
(deftest squares s/squares)
";

fn shapes() -> Db {
    updated(&model::empty_db().unwrap(), &[("shapes.clj", SHAPES), ("shapes_test.clj", TESTS)])
}

fn graph() -> NamedGraph {
    NamedGraph::statements(&shapes()).unwrap()
}

fn node(graph: &NamedGraph, name: &str) -> u32 {
    graph.named(name).unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn every_edge_says_how() {
    let graph = graph();
    let mut edges: Vec<String> = Vec::new();
    for (from, to) in graph.graph.edges() {
        edges.push(format!("{} -> {} {}", graph.name(from), graph.name(to), graph.types(from, to)));
    }
    edges.sort();
    assert_eq!(
        edges,
        [
            "shapes-test -> shapes namespace-require",
            "shapes-test -> shapes/Disc import",
            "shapes-test/squares -> shapes/squares var-reference",
            "shapes-test/texts -> shapes/text function-call",
            "shapes-test/totals -> shapes/Disc instantiation",
            "shapes-test/totals -> shapes/total function-call",
            "shapes/Disc -> shapes/Shape protocol-impl",
            "shapes/Square -> shapes/Shape protocol-impl",
            "shapes/named[:disc] -> shapes/named multimethod-impl",
            "shapes/named[:square] -> shapes/named multimethod-impl",
            "shapes/squares -> shapes/Square instantiation",
            "shapes/text -> shapes/named function-call",
            "shapes/text -> shapes/total function-call",
            "shapes/total -> shapes/Shape function-call type-hint",
            "shapes/total -> shapes/twice macro-use",
        ]
    );
}

const EVENTS: &str = "(ns events (:require [re-frame.core :as rf]))
(rf/reg-event-db ::sent (fn [db _] db))
(defn send [] (rf/dispatch [::sent]))
(defevent ::received [x] x)
(def pool (register! ::pool 1))
(def dead (register! ::dead 1))
";
const SYSTEM: &str = "{:events/pool {:size 2}}";

#[test]
fn what_registers_a_keyword_is_reached_from_where_it_is_used() {
    let files = [("events.clj", EVENTS), ("system.edn", SYSTEM)];
    let db = updated(&model::empty_db().unwrap(), &files);
    assert_eq!(
        reached(&db, &["events/(rf/reg-event-db ::sent)"]),
        ["1 events/send by events/(rf/reg-event-db ::sent)"]
    );
    let graph = NamedGraph::statements(&db).unwrap();
    let (system, pool) = (node(&graph, "system.edn"), node(&graph, "events/pool"));
    assert_eq!(graph.types(system, pool).to_string(), "keyword");
    let unused = code::unused::unused(&db).unwrap();
    let names: Vec<&str> = unused.iter().map(|unused| unused.fqn.as_str()).collect();
    assert_eq!(names, ["events/dead", "events/send"], "a pool is used by its keyword alone");
}

#[test]
fn edges_of_some_types_alone() {
    let types = Types::from_iter([DependencyType::TypeHint, DependencyType::MacroUse]);
    let graph = graph().only(types);
    assert_eq!(graph.graph.edge_count(), 2);
    let (total, shape) = (node(&graph, "shapes/total"), node(&graph, "shapes/Shape"));
    assert_eq!(graph.types(total, shape).to_string(), "function-call type-hint");
    assert_eq!(graph.types(shape, total), Types::default());
}

/// What a change reaches: how far away, the name, by what.
fn reached(db: &Db, names: &[&str]) -> Vec<String> {
    let graph = NamedGraph::statements(db).unwrap();
    let nodes: Vec<u32> = names.iter().map(|name| node(&graph, name)).collect();
    let affected = impact(db, &graph, &nodes, None).unwrap();
    let line = |a: &code::impact::Affected| {
        let test = if a.is_test { " test" } else { "" };
        format!("{} {} by {}{test}", a.depth, graph.name(a.node), graph.name(a.via))
    };
    affected.iter().map(line).collect()
}

#[test]
fn a_change_reaches_users_and_their_tests() {
    assert_eq!(
        reached(&shapes(), &["shapes/twice"]),
        [
            "1 shapes/total by shapes/twice",
            "2 shapes/text by shapes/total",
            "2 shapes-test/totals by shapes/total test",
            "3 shapes-test/texts by shapes/text test",
        ]
    );
    assert_eq!(reached(&shapes(), &["shapes-test/texts"]), Vec::<String>::new());
}

#[test]
fn calls_are_dispatched_to_methods_and_types_but_not_across_them() {
    assert_eq!(
        reached(&shapes(), &["shapes/named[:disc]"]),
        ["1 shapes/text by shapes/named[:disc]", "2 shapes-test/texts by shapes/text test"]
    );
    let of_square = reached(&shapes(), &["shapes/Square"]);
    assert!(of_square.contains(&"1 shapes/total by shapes/Square".to_owned()), "{of_square:?}");
    assert!(!of_square.iter().any(|line| line.contains("shapes/Disc")), "{of_square:?}");
    let of_protocol = reached(&shapes(), &["shapes/Shape"]);
    assert!(of_protocol.contains(&"1 shapes/Disc by shapes/Shape".to_owned()), "{of_protocol:?}");
}

#[test]
fn what_changed_is_found_and_so_is_who_misses_what_is_gone() {
    let first = shapes();
    let edited = SHAPES.replace("\"disc\"", "\"round\"").replace("(defn total", "(defn sum");
    let second = updated(&first, &[("shapes.clj", &edited), ("shapes_test.clj", TESTS)]);
    let after = i64::from(last_change(&second).unwrap().unwrap()) - 1;
    let changed = changed(&second, &second.since(&Value::Int(after)).unwrap()).unwrap();
    let names = |entities: &[db::EntityId]| -> Vec<String> {
        let graph = NamedGraph::statements(&second).unwrap();
        let mut names: Vec<String> =
            entities.iter().map(|e| graph.name(graph.node(*e).unwrap()).to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&changed.statements), ["shapes/named[:disc]", "shapes/sum"]);
    assert_eq!(changed.gone, ["shapes/total"]);
    assert_eq!(names(&changed.bereft), ["shapes-test/totals", "shapes/text"]);
}

#[test]
fn what_was_moved_or_renamed_with_its_users_is_not_gone() {
    let first = shapes();
    let renamed = |text: &str| text.replace("total ", "sum ").replace("s/total", "s/sum");
    let (code, tests) = (renamed(SHAPES), renamed(TESTS));
    let second = updated(&first, &[("shapes.clj", &code), ("shapes_test.clj", &tests)]);
    let after = i64::from(last_change(&second).unwrap().unwrap()) - 1;
    let changed = changed(&second, &second.since(&Value::Int(after)).unwrap()).unwrap();
    assert_eq!((changed.gone, changed.bereft), (Vec::<String>::new(), Vec::new()));
    assert_eq!(changed.statements.len(), 3);
}

fn picture(names: &[&str]) -> Picture {
    let (db, graph) = (shapes(), graph());
    let nodes: Vec<u32> = names.iter().map(|name| node(&graph, name)).collect();
    Picture::of(&db, &graph, "a \"title\" & more", &nodes, &nodes[..1]).unwrap()
}

#[test]
fn boxes_have_kinds() {
    let graph = graph();
    let all: Vec<u32> = (0..graph.graph.len() as u32).collect();
    let picture = Picture::of(&shapes(), &graph, "all", &all, &[]).unwrap();
    let kind = |name: &str| picture.nodes.iter().find(|node| node.name == name).unwrap().kind;
    for (name, expected) in [
        ("shapes", Kind::Namespace),
        ("shapes/total", Kind::Function),
        ("shapes/twice", Kind::Macro),
        ("shapes/squares", Kind::Value),
        ("shapes/Disc", Kind::Type),
        ("shapes/named[:disc]", Kind::Multimethod),
        ("shapes-test/texts", Kind::Test),
    ] {
        assert_eq!(kind(name), expected, "{name}");
    }
}

#[test]
fn graphviz_and_mermaid_get_groups_labels_and_arrows() {
    let picture = picture(&["shapes-test/texts", "shapes/text", "shapes/named"]);
    let dot = dot(&picture);
    for line in [
        "digraph \"a \\\"title\\\" & more\" {",
        "label=\"shapes-test\"",
        "\"shapes/text\" [label=\"text\", color=\"#2f7ed8\", fillcolor=\"#2f7ed822\"];",
        "\"shapes-test/texts\" -> \"shapes/text\" [tooltip=\"function-call\"];",
    ] {
        assert!(dot.contains(line), "{line} in\n{dot}");
    }
    let mermaid = mermaid(&picture);
    for line in ["subgraph s1[\"shapes-test\"]", "[\"texts\"]:::test", "class n2 chosen"] {
        assert!(mermaid.contains(line), "{line} in\n{mermaid}");
    }
    assert_eq!(mermaid.matches(" --> ").count(), 2);
}

#[test]
fn drawings_hold_every_name_and_every_arrow() {
    let picture = picture(&["shapes-test/texts", "shapes/text", "shapes/named", "shapes/twice"]);
    let svg = svg(&picture).unwrap();
    for part in [
        "<title>a &quot;title&quot; &amp; more</title>",
        "<title>shapes-test/texts → shapes/text\nfunction-call</title>",
        "<g class=\"test chosen\"><title>shapes-test/texts</title>",
        ">twice</text>",
        "prefers-color-scheme: dark",
        "currentColor",
    ] {
        assert!(svg.contains(part), "{part} in\n{svg}");
    }
    assert_eq!(svg.matches("marker-end").count(), picture.edges.len());
    for tag in ["g", "text", "path", "svg", "title", "style", "defs", "marker"] {
        let (open, closed) = (format!("<{tag}"), format!("</{tag}>"));
        let alone = if tag == "path" { svg.matches("z\"/>").count() } else { 0 };
        let opened = svg
            .match_indices(&open)
            .filter(|(at, _)| svg[at + open.len()..].starts_with([' ', '>', '\n']));
        assert_eq!(opened.count(), svg.matches(&closed).count() + alone, "{tag}");
    }
}

#[test]
fn what_lies_on_a_cycle_is_red() {
    let text = "(ns a)\n(declare g)\n(defn f [] (g) (f))\n(defn g [] (f))\n(defn h [] (h))";
    let db = updated(&model::empty_db().unwrap(), &[("a.clj", text)]);
    let graph = NamedGraph::statements(&db).unwrap();
    let all: Vec<u32> = (0..graph.graph.len() as u32).collect();
    let picture = Picture::of(&db, &graph, "a", &all, &[]).unwrap();
    let red: Vec<&str> =
        picture.nodes.iter().filter(|node| node.in_cycle).map(|node| node.name.as_str()).collect();
    assert_eq!(red, ["a/f", "a/g"], "what calls itself alone is no cycle");
    assert_eq!(picture.edges.iter().filter(|edge| edge.in_cycle).count(), 2);
    assert_eq!(svg(&picture).unwrap().matches("edge cycle-edge").count(), 2);
    assert!(mermaid(&picture).contains("linkStyle"));
}

#[test]
fn what_nothing_uses_is_unused_and_what_is_used_from_outside_is_not() {
    let code = "(ns a (:gen-class) (:require [b]))
(defn dead [] 1)
(defn even [n] (odd n))
(defn odd [n] (even n))
(defn again [] (again))
(defn -toString [this] \"a\")
(defn by-name [] 1)
(defn in-data [] 1)
(defn in-text [] 1)
(def ^:export out 1)
(defn -main [] (requiring-resolve 'a/by-name) \"a/in-text\")
(b/deftest-now t 1)
(defmulti m :k)
(defmethod m :a [_] (helper))
(defn helper [])
(b/defview shown {::b/register views} [] 1)
(b/defview hidden {::b/wrap views} [] 1)";
    let scripts = [
        ("one.clj", "(def seen 1)\n(def lost 1)\n(println seen)"),
        ("two.clj", "(def seen 1)\n(def lost 1)\n(println seen)"),
        ("build.clj", "(ns build)\n(defn jar [_])\n(defn- hidden [])"),
        ("icons.clj", "(ns icons)\n(defmacro all [] (:defs (:ns &env)))"),
        ("icons.cljs", "(ns icons)\n(def tea 1)\n(def ^:export list (all))"),
        ("views.clj", "(ns views)\n(defn one [])\n(run! prn (ns-publics 'views))"),
        ("dev.clj", "(ns shadow.user)\n(defn go [])"),
        ("project.clj", "(defproject a \"1\")"),
    ];
    let other = "(ns b (:import [c R]))\n(defmacro deftest-now [n x] `(def ~n ~x))";
    let record = "(ns c)\n(defrecord R [])";
    let data = "{:tasks {x {:exec-fn a/in-data}} :aliases {:build {:ns-default build}}}";
    let mut files = vec![("a.clj", code), ("b.clj", other), ("c.clj", record), ("deps.edn", data)];
    files.extend(scripts);
    let db = updated(&model::empty_db().unwrap(), &files);
    let names: Vec<String> =
        code::unused::unused(&db).unwrap().into_iter().map(|unused| unused.fqn).collect();
    assert_eq!(
        names,
        [
            "a/again",
            "a/dead",
            "a/even",
            "a/hidden",
            "a/odd",
            "build/hidden",
            "c/R",
            "user/lost",
            "user/lost#2"
        ]
    );
}
