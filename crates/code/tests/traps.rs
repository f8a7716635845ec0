//! The traps of Clojure source, from `traps.edn`: of each what names and uses the analysis finds, and that an import and an export
//! give the bytes back.
#![allow(clippy::unwrap_used)]

use code::analysis::{Rules, analyze};
use code::export;
use code::import::import;
use code::model;
use code::project::{Project, Scope, Source};
use edn::{Inst, ReadOptions, Value};
use std::collections::BTreeSet;

/// The traps, by the numbers of the list that they come from; those after the sixtieth are the project's own.
const TRAPS: i64 = 68;

fn shown(facts: &code::facts::StatementFacts) -> String {
    let is_core = |name: &str| ["clojure.core/", "cljs.core/"].iter().any(|c| name.starts_with(c));
    let uses: Vec<&str> =
        facts.dependencies.iter().map(|(name, _)| &**name).filter(|name| !is_core(name)).collect();
    let uses: BTreeSet<&str> = uses.into_iter().collect();
    let mut line = facts.fqn.to_string();
    for used in uses {
        line += &format!(" {used}");
    }
    for def in &facts.definitions {
        line += &format!(" +{}", def.name);
    }
    for name in &facts.unresolved {
        line += &format!(" ?{name}");
    }
    line
}

fn assert_comes_back(files: &[(String, String)]) {
    let source = |(path, text): &(String, String)| Source {
        path: path.clone(),
        bytes: text.as_bytes().to_vec(),
    };
    let project = Project {
        sources: files.iter().map(source).collect(),
        scopes: vec![Scope::All],
        ..Project::default()
    };
    let empty = model::empty_db().unwrap();
    let ops = import(&empty, project, Inst(1)).unwrap().plan.ops;
    let db = empty.with_ops(&ops, Value::Nil).unwrap().db_after;
    for (path, text) in files {
        let bytes = export::file(&db, path).unwrap().unwrap();
        assert!(bytes == text.as_bytes(), "{path} came out differently: {text:?}");
    }
}

#[test]
fn each_trap_is_read_as_it_is_meant() {
    let options = ReadOptions { clojure: true, ..ReadOptions::default() };
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for case in edn::read_all_with(include_str!("traps.edn"), &options).unwrap() {
        let case = case.as_map().unwrap();
        let strings = |key: &str| -> Vec<String> {
            let items = case.get_keyword(key).and_then(Value::as_seq).unwrap_or_default();
            items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
        };
        seen.insert(case.get_keyword("trap").and_then(Value::as_int).unwrap());
        let files: Vec<(String, String)> = strings("files")
            .chunks_exact(2)
            .map(|file| (file[0].clone(), file[1].clone()))
            .collect();
        let facts = analyze(&files, &Rules::default());
        let got: Vec<String> = facts.iter().flat_map(|f| f.statements.iter().map(shown)).collect();
        if got != strings("gives") {
            wrong.push(format!("{:?}\n :gives {got:?}", case.get_keyword("trap")));
        }
        assert_comes_back(&files);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen, (1..=TRAPS).collect());
}
