//! `kill -9` during an import loses nothing and breaks nothing: after `doctor` and another import the database says what
//! one says that was never killed.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What the database says about every statement and every edge, without ids and times.
const STATEMENTS: &str = "[:find ?fqn ?source ?path ?type ?lines
  :where [?s :statement/fqn ?fqn] [?s :statement/source ?source] [?s :statement/file ?f] [?f :file/path ?path]
         [?s :statement/type ?type] [?s :statement/line-count ?lines]]";
const PLACES: &str = "[:find ?path ?order ?fqn ?before
  :where [?s :statement/fqn ?fqn] [?s :statement/file ?f] [?f :file/path ?path] [?s :statement/order ?order]
         [(get-else $ ?s :statement/before \"\") ?before]]";
const DEPENDENCIES: &str = "[:find ?fqn ?name
  :where [?s :statement/fqn ?fqn] [?s :statement/dependencies ?name]]";
const EDGES: &str = "[:find ?from ?to ?type
  :where [?d :dependency/from ?f] [?d :dependency/to ?t] [?d :dependency/type ?type]
         [?f :statement/fqn ?from] [?t :statement/fqn ?to]]";

fn content(folder: &Path) -> Vec<String> {
    [STATEMENTS, PLACES, DEPENDENCIES, EDGES]
        .iter()
        .map(|query| support::output(folder, &["q", query, "--format", "csv"]))
        .collect()
}

/// A project that takes a moment to import: the teahouse many times over, under other names.
fn project(folder: &Path) {
    const COPIES: usize = 10;
    for copy in 0..COPIES {
        for (name, bytes) in support::files(&support::repository().join("examples/teahouse")) {
            if !name.ends_with(".md") && !name.ends_with("deps.edn") {
                let text = String::from_utf8(bytes).unwrap();
                let text = text.replace("teahouse", &format!("teahouse{copy}"));
                let path = folder.join(name.replace("teahouse", &format!("teahouse{copy}")));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        }
    }
}

/// Numbers that look random and are the same in each run.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn a_killed_import_leaves_a_database_that_can_go_on() {
    const ROUNDS: usize = 8;
    let whole = tempfile::tempdir().unwrap();
    project(whole.path());
    let start = Instant::now();
    support::output(whole.path(), &["import"]);
    let duration = u64::try_from(start.elapsed().as_micros()).unwrap();
    let expected = content(whole.path());
    assert!(expected.iter().all(|answer| answer.lines().count() > 100));

    let mut random = 0x9e37_79b9_7f4a_7c15;
    let mut killed = 0;
    for round in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        project(folder.path());
        for _ in 0..2 {
            let mut child = support::defbase(folder.path())
                .arg("import")
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            sleep(Duration::from_micros(next(&mut random) % (duration + duration / 8)));
            child.kill().unwrap();
            killed += usize::from(!child.wait().unwrap().success());
        }
        let found = support::run(folder.path(), &["doctor"]);
        let told = String::from_utf8_lossy(&found.stderr);
        assert!(
            found.status.code().is_some_and(|code| code < 2)
                || told.contains("there is no database"),
            "round {round}: {told}"
        );
        support::output(folder.path(), &["import"]);
        let actual = content(folder.path());
        for (expected, actual) in expected.iter().zip(&actual) {
            assert!(expected == actual, "round {round}");
        }
        support::output(folder.path(), &["doctor"]);
    }
    assert!(killed > 0, "no import lived long enough to be killed");
}
