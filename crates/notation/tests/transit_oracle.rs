//! Transit against what others have: what is written here is read there, and what is written there is read here.
//!
//! transit-js needs Node and what `cargo xtask setup` installs; without them it is skipped, but fails where `CI` is set. transit-clj
//! comes with the engines of the benchmark (`cargo xtask setup peers`) and is asked where they are.

#![allow(clippy::unwrap_used)]

mod support;

use edn::Value;
use notation::{Notation, Style};
use proptest::prelude::Strategy;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn corpus() -> Vec<Value> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..3000).map(|_| support::value().new_tree(&mut runner).unwrap().current()).collect()
}

/// A thousand names in one text, each several times: more than there are abbreviations.
fn many_names() -> Value {
    let name = |n: usize| Value::keyword(&format!("name/n{}", n % 2500));
    Value::vector((0..9000).map(|n| name(n * n)).collect())
}

/// What a program makes of texts.
fn again(program: &mut Command, texts: &[String], kind: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("input"), folder.path().join("output"));
    std::fs::write(&input, texts.join("\n")).unwrap();
    let status = program.args([&input, &output]).arg(kind).status().unwrap();
    assert!(status.success(), "it did not read what was written");
    let answers = std::fs::read_to_string(&output).unwrap();
    answers.lines().map(str::to_owned).collect()
}

/// Both styles there and back; `holds` says what the other side can hold.
fn compare(program: &Path, arguments: &[&Path], holds: impl Fn(&Value) -> bool) {
    let mut values = corpus();
    values.retain(|value| all(value, &holds));
    assert!(values.len() > 1000, "{}", values.len());
    values.push(many_names());
    for (style, kind) in [(Style::Transit, "json"), (Style::TransitVerbose, "json-verbose")] {
        let texts: Vec<String> = values.iter().map(|v| style.print(v).unwrap()).collect();
        let answers = again(Command::new(program).args(arguments), &texts, kind);
        assert_eq!(answers.len(), values.len());
        for ((value, text), answer) in values.iter().zip(&texts).zip(&answers) {
            let read = Notation::Transit.read(answer.as_bytes()).unwrap();
            let same = read == *value && read.to_string() == value.to_string();
            assert!(same, "{value}\nours:   {text}\ntheirs: {answer}\nread: {read}");
        }
    }
}

/// Whether something is so of a value and of all in it.
fn all(value: &Value, test: &impl Fn(&Value) -> bool) -> bool {
    let inner = match value {
        Value::List(items) => items.iter().all(|item| all(item, test)),
        Value::Vector(items) => items.iter().all(|item| all(item, test)),
        Value::Set(items) => items.iter().all(|item| all(item, test)),
        Value::Map(map) => map.iter().all(|(key, value)| all(key, test) && all(value, test)),
        Value::Tagged(tagged) => all(&tagged.value, test),
        _ => true,
    };
    inner && test(value)
}

/// Moments that all write alike: of years with four digits, in the calendar of today.
fn is_usual(moment: &edn::Inst) -> bool {
    (-11_000_000_000_000..253_402_300_800_000).contains(&moment.0)
}

#[test]
fn transit_js() {
    let modules = root().join("target/npm/node_modules");
    let node = Command::new("node").arg("--version").output();
    if !modules.join("transit-js").exists() || node.is_err() {
        assert!(std::env::var_os("CI").is_none(), "needs node and `cargo xtask setup`");
        eprintln!("SKIPPED: needs node and `cargo xtask setup`");
        return;
    }
    // Scripts find modules beside themselves.
    let script = root().join("target/npm/transit.cjs");
    let text = include_str!("oracle/transit.cjs");
    std::fs::write(&script, text).unwrap();
    compare(Path::new("node"), &[&script], |value| match value {
        // JavaScript has neither.
        Value::Char(_) => false,
        Value::Double(d) => d.fract() != 0.0,
        Value::Inst(moment) => is_usual(moment),
        _ => true,
    });
}

#[test]
fn transit_clj() {
    let jar = root().join("target/pip/datalevin/jars/datalevin-runtime-1.2.8.jar");
    let java = Command::new("java").arg("-version").output();
    if !jar.exists() || java.is_err() {
        eprintln!("SKIPPED: needs java and `cargo xtask setup peers`");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/transit.clj");
    let (stack, main) = (Path::new("-Xss8m"), Path::new("clojure.main"));
    let arguments = [stack, Path::new("-cp"), &jar, main, &script];
    compare(Path::new("java"), &arguments, |value| match value {
        // Its tagged values have no hash then.
        Value::Tagged(tagged) => !tagged.value.is_nil(),
        Value::Inst(moment) => is_usual(moment),
        _ => true,
    });
}
