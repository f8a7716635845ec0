//! Values against Clojure's own: `hash`, `pr-str`, `=` and the order in which maps and sets are walked.
//!
//! It needs `java` and Debian's `clojure` package; without them it is skipped, but fails where `CI` is set.

#![allow(clippy::unwrap_used)]

use edn::Value;
use proptest::prelude::Strategy;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::path::Path;
use std::process::Command;

#[path = "oracle/values.rs"]
mod values;

const JARS: [&str; 3] = [
    "/usr/share/java/clojure.jar",
    "/usr/share/java/spec.alpha.jar",
    "/usr/share/java/core.specs.alpha.jar",
];

fn available() -> bool {
    let found = JARS.iter().all(|jar| Path::new(jar).exists())
        && Command::new("java").arg("-version").output().is_ok_and(|o| o.status.success());
    if !found {
        assert!(std::env::var_os("CI").is_none(), "needs java and the Debian package `clojure`");
        eprintln!("SKIPPED: needs java and the Debian package `clojure`");
    }
    found
}

fn corpus() -> Vec<Value> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..4000).map(|_| values::value().new_tree(&mut runner).unwrap().current()).collect()
}

/// For each value its hash, its printed form, and whether it equals the one before and the one two before.
fn theirs(corpus: &[Value]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("values.edn"), folder.path().join("answers.edn"));
    let lines: String = corpus.iter().map(|value| format!("{value}\n")).collect();
    std::fs::write(&input, lines).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/values.clj");
    let status = Command::new("java")
        .args(["-Xss8m", "-Dfile.encoding=UTF-8", "-cp", &JARS.join(":"), "clojure.main"])
        .args([&script, &input, &output])
        .status()
        .unwrap();
    assert!(status.success(), "Clojure did not answer");
    edn::read_all(&std::fs::read_to_string(&output).unwrap()).unwrap()
}

#[test]
fn values_are_as_clojure_has_them() {
    if !available() {
        return;
    }
    let corpus = corpus();
    let answers = theirs(&corpus);
    assert_eq!(answers.len(), corpus.len());
    let mut differences = Vec::new();
    for (at, (value, answer)) in corpus.iter().zip(&answers).enumerate() {
        let equal = |back: usize| at >= back && value.clojure_eq(&corpus[at - back]);
        let ours = Value::vector(vec![
            Value::Int(i64::from(value.hasheq() as i32)),
            Value::string(value.to_string()),
            Value::Bool(equal(1)),
            Value::Bool(equal(2)),
        ]);
        let longer_double = || {
            // Java before 19 prints some doubles with more digits than they need.
            let [hash, Value::Str(text), one, two] = answer.as_vector().unwrap() else {
                return false;
            };
            let again = edn::read(text).unwrap();
            let same = Value::vector(vec![
                hash.clone(),
                Value::string(again.to_string()),
                one.clone(),
                two.clone(),
            ]);
            again == *value && same == ours
        };
        if ours != *answer && !longer_double() {
            differences.push(format!("ours:   {ours}\ntheirs: {answer}"));
        }
    }
    let count = differences.len();
    differences.truncate(20);
    assert!(count == 0, "{count} of {} differ:\n{}", corpus.len(), differences.join("\n"));
}
