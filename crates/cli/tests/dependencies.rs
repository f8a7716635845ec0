//! Every query of `docs/dependencies.md`, asked of the example application.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use support::{output, repository, teahouse};

const SPECS: &str = "(ns teahouse.specs (:require [clojure.spec.alpha :as s]))
(s/def ::id string?)
(s/def ::article (s/keys :req-un [::id]))
";

#[test]
fn every_query_of_the_page_has_an_answer() {
    let page = fs::read_to_string(repository().join("docs/dependencies.md")).unwrap();
    let queries: Vec<&str> =
        page.split("```clojure\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(queries.len(), 8);
    let folder = teahouse();
    // The shop registers no keywords of its own.
    fs::write(folder.path().join("src/teahouse/specs.cljc"), SPECS).unwrap();
    output(folder.path(), &["import"]);
    for query in queries {
        let answer = output(folder.path(), &["q", query, "--format", "csv"]);
        assert!(answer.lines().count() > 1, "nothing is found by {query}");
    }
}

#[test]
fn every_type_of_dependency_is_on_the_page_as_the_program_tells_of_it() {
    let page = fs::read_to_string(repository().join("docs/dependencies.md")).unwrap();
    for kind in code::model::DependencyType::all() {
        let line = format!("| `:{}` | {} |", kind.name(), kind.doc());
        assert!(page.contains(&line), "{line}");
    }
}
