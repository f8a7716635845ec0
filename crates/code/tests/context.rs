//! What a context has in it, and that it never has too much.
#![allow(clippy::unwrap_used)]

use code::context::{
    Asked, Context, ContextError, Form, Layout, Network, Weights, context, count_tokens,
};
use code::import::import;
use code::model::empty_db;
use code::project::{Project, Scope, Source};
use code::show::find;
use db::{Db, EntityId};
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

const CORE: &str = "(ns app.core (:require [app.money :as money] [app.text :as text]))

(defn discount \"What is taken off.\" [amount] (money/percent amount 10))

(defn total [lines] (reduce + (map discount lines)))

(defn greeting [] (text/shout \"hello\"))
";
const MONEY: &str = "(ns app.money)

(defn percent
  \"So many per cent of an amount.

  Rounded down.\"
  [amount n]
  (quot (* amount n) 100))
";
const TEXT: &str = "(ns app.text)\n\n(defn shout [s] (str s \"!\"))\n";
const TESTS: &str =
    "(ns app.core-test (:require [app.core :as core] [clojure.test :refer [deftest is]]))

(deftest discounts (is (= 10 (core/discount 100))))
";

/// A database with files as they are now.
fn updated(db: &Db, files: &[(&str, &str)]) -> Db {
    let source =
        |(path, text): &(&str, &str)| Source { path: (*path).into(), bytes: (*text).into() };
    let sources = files.iter().map(source).collect();
    let project = Project { sources, scopes: vec![Scope::All], ..Project::default() };
    let import = import(db, project, edn::Inst(0)).unwrap();
    db.with_ops(&import.plan.ops, edn::Value::Nil).unwrap().db_after
}

fn imported(files: &[(&str, &str)]) -> Db {
    updated(&empty_db().unwrap(), files)
}

fn app() -> Db {
    imported(&FILES)
}

const FILES: [(&str, &str); 4] = [
    ("src/app/core.clj", CORE),
    ("src/app/money.clj", MONEY),
    ("src/app/text.clj", TEXT),
    ("test/app/core_test.clj", TESTS),
];

fn of(db: &Db, names: &[&str], budget: usize) -> Context {
    let statements: Vec<EntityId> = names.iter().map(|name| find(db, name).unwrap()).collect();
    made(db, Asked::Statements(&statements), budget, Layout::Text).unwrap()
}

fn made(db: &Db, asked: Asked<'_>, budget: usize, layout: Layout) -> Result<Context, ContextError> {
    let network = Network::of(db).unwrap();
    context(db, &network, asked, budget, layout, &Weights::default())
}

fn why<'a>(context: &'a Context, fqn: &str) -> Option<String> {
    let item: Option<&'a code::context::Item> = context.items.iter().find(|i| i.fqn == fqn);
    item.map(|item| item.reason.to_string())
}

#[test]
fn every_statement_says_why_it_is_there() {
    let context = of(&app(), &["app.core/discount"], 1000);
    assert_eq!(context.items[0].fqn, "app.core/discount");
    for (fqn, reason) in [
        ("app.core/discount", "asked for"),
        ("app.money/percent", "called by discount"),
        ("app.core/total", "uses discount"),
        ("app.core-test/discounts", "test of discount"),
    ] {
        assert_eq!(why(&context, fqn).as_deref(), Some(reason), "{fqn}\n{}", context.text);
    }
    assert_eq!(why(&context, "app.core"), None, "an ns form goes with those who need it");
}

#[test]
fn a_namespace_form_has_what_the_sources_need() {
    let context = of(&app(), &["app.core/discount"], 60);
    assert_eq!(
        context.text,
        ";;; app.core (src/app/core.clj)\n\n(ns app.core\n  (:require [app.money :as money]))\n\n;; asked \
         for\n(defn discount \"What is taken off.\" [amount] (money/percent amount 10))\n"
    );
    assert!(context.left_out > 0);
}

#[test]
fn what_does_not_fit_is_a_signature() {
    let context = of(&app(), &["app.money/percent"], 40);
    assert_eq!(context.items[0].form, Form::Signature);
    assert_eq!(
        context.text,
        ";;; app.money (src/app/money.clj)\n\n(defn percent [amount n]) ; So many per cent of an amount. \
         ;; asked for\n"
    );
    let nothing = of(&app(), &["app.money/percent"], 5);
    assert_eq!((nothing.items.len(), nothing.text.as_str(), nothing.tokens), (0, "", 0));
}

#[test]
fn several_statements_come_first_in_the_order_in_which_they_were_asked_for() {
    let context = of(&app(), &["app.text/shout", "app.core/total"], 1000);
    let first: Vec<&str> = context.items[..2].iter().map(|item| item.fqn.as_str()).collect();
    assert_eq!(first, ["app.text/shout", "app.core/total"]);
}

#[test]
fn a_question_finds_names_docstrings_and_sources() {
    let db = app();
    let first = |question: &str| {
        made(&db, Asked::Question(question), 1000, Layout::Text).unwrap().items[0].fqn.clone()
    };
    assert_eq!(first("How is the discount made?"), "app.core/discount");
    assert_eq!(first("what is rounded down"), "app.money/percent");
    assert_eq!(first("hello"), "app.core/greeting");
}

#[test]
fn a_question_without_an_answer_says_so() {
    let db = app();
    let asked = |question| made(&db, Asked::Question(question), 1000, Layout::Text).unwrap_err();
    for question in ["", "  \n", "how is it?", "((((", "\0\u{feff}", "1 2 3"] {
        assert_eq!(asked(question), ContextError::NoWords, "{question:?}");
    }
    assert_eq!(asked("antidisestablishmentarianism"), ContextError::NothingFound);
    let long = "discount ".repeat(100_000);
    assert!(made(&db, Asked::Question(&long), 1000, Layout::Text).is_ok());
    let empty = imported(&[]);
    assert_eq!(
        made(&empty, Asked::Question("discount"), 1000, Layout::Text).unwrap_err(),
        ContextError::NothingFound
    );
}

#[test]
fn what_changed_together_before_is_near() {
    let core = CORE.replace("\"hello\"", "\"good day\"");
    let money = MONEY.replace("100)", "1000)");
    let changed = [FILES[0].0, FILES[1].0].into_iter().zip([core.as_str(), money.as_str()]);
    let files: Vec<(&str, &str)> = changed.chain(FILES[2..].iter().copied()).collect();
    let before = of(&app(), &["app.core/greeting"], 1000);
    assert_ne!(why(&before, "app.money/percent").as_deref(), Some("changed together once"));
    let after = of(&updated(&app(), &files), &["app.core/greeting"], 1000);
    assert_eq!(why(&after, "app.money/percent").as_deref(), Some("changed together once"));
}

#[test]
fn a_fence_is_longer_than_what_is_inside() {
    let db = imported(&[("a.clj", "(ns a)\n\n(def doc \"```clojure\n(inc 1)\n```\")\n")]);
    let statement = find(&db, "a/doc").unwrap();
    let context = made(&db, Asked::Statements(&[statement]), 500, Layout::Markdown).unwrap();
    assert!(context.text.starts_with("## a (a.clj)\n\n````clojure\n"), "{}", context.text);
    assert!(context.text.ends_with("\n````\n"), "{}", context.text);
}

/// The example application, and its statements.
static TEAHOUSE: LazyLock<(Db, Network)> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/teahouse");
    let project = code::project::read(&folder, std::slice::from_ref(&folder)).unwrap();
    let empty = empty_db().unwrap();
    let import = import(&empty, project, edn::Inst(0)).unwrap();
    let db = empty.with_ops(&import.plan.ops, edn::Value::Nil).unwrap().db_after;
    let network = Network::of(&db).unwrap();
    (db, network)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_context_keeps_to_its_budget_and_is_the_same_each_time(
        at in 0usize..1000, budget in 0usize..3000, markdown: bool,
    ) {
        let (db, network) = &*TEAHOUSE;
        let statement = network.statement((at % network.len()) as u32);
        let layout = if markdown { Layout::Markdown } else { Layout::Text };
        let make = || {
            context(db, network, Asked::Statements(&[statement]), budget, layout, &Weights::default()).unwrap()
        };
        let made = make();
        prop_assert!(made.tokens <= budget);
        prop_assert_eq!(count_tokens(&made.text), made.tokens);
        prop_assert_eq!(&made, &make());
        for item in &made.items {
            prop_assert!(made.text.contains(&item.text), "{} is not shown", item.fqn);
        }
        let mut names: Vec<&str> = made.items.iter().map(|item| item.fqn.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        prop_assert_eq!(names.len(), made.items.len());
    }
}
