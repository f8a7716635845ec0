//! The JavaScript API gives what DataScript's gives: the examples in `javascript/` are run in Node against npm's DataScript and
//! against this database, and so is what is hostile.
//!
//! It needs Node and npm's `datascript`, which `cargo xtask setup` installs; without them it is skipped, but fails where `CI` is set.

#![allow(clippy::unwrap_used)]

use js::JsValue;
use oracle::OracleError;
use oracle::javascript::{Conformance, Engine, Scripts, conformance};
use std::fs;

const FILES: [(&str, &str); 7] = [
    ("tools.js", include_str!("javascript/tools.js")),
    ("databases.js", include_str!("javascript/databases.js")),
    ("queries.js", include_str!("javascript/queries.js")),
    ("entities.js", include_str!("javascript/entities.js")),
    ("connections.js", include_str!("javascript/connections.js")),
    ("hostile.js", include_str!("javascript/hostile.js")),
    ("examples.js", include_str!("javascript/examples.js")),
];

fn run(engine: Engine, files: &[(&str, &str)]) -> Option<JsValue> {
    let run = || -> Result<JsValue, OracleError> {
        let scripts = Scripts::for_engine(engine)?;
        for (name, text) in files {
            scripts.put(name, text)?;
        }
        scripts.run(files.last().unwrap().0)
    };
    match run() {
        Ok(outcome) => Some(outcome),
        Err(error @ (OracleError::Missing(_) | OracleError::Io(_))) => {
            assert!(std::env::var_os("CI").is_none(), "{error}");
            eprintln!("SKIPPED: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn text<'a>(of: &'a JsValue, name: &str) -> &'a str {
    of.get(name).and_then(JsValue::as_str).unwrap_or_default()
}

fn examples(engine: Engine) -> Option<Vec<JsValue>> {
    Some(run(engine, &FILES)?.as_array().unwrap().to_vec())
}

/// The examples that came to something else than they should, shown.
fn wrong(examples: &[JsValue], wanted: &str) -> Vec<String> {
    let wrong = examples.iter().filter(|example| text(example, "came") != text(example, wanted));
    let shown = |example: &JsValue| {
        let [name, came, wanted] = ["name", "came", wanted].map(|part| text(example, part));
        format!("{name}\n  came   {came}\n  wanted {wanted}")
    };
    wrong.map(shown).collect()
}

#[test]
fn every_example_is_what_datascript_gives() {
    let Some(examples) = examples(Engine::DataScript) else { return };
    assert_eq!(wrong(&examples, "datascript").join("\n"), "");
}

#[test]
fn every_example_is_what_this_database_gives() {
    let Some(examples) = examples(Engine::Ours) else { return };
    assert_eq!(wrong(&examples, "here").join("\n"), "");
    for example in &examples {
        let differs = text(example, "here") != text(example, "datascript");
        assert_eq!(differs, !text(example, "because").is_empty(), "{}", text(example, "name"));
    }
}

#[test]
fn every_function_has_examples_and_every_name_is_its_own() {
    let Some(examples) = examples(Engine::Ours) else { return };
    let names: Vec<&str> = examples.iter().map(|example| text(example, "name")).collect();
    let functions = js::FUNCTIONS.map(str::to_string);
    let methods = js::METHODS.iter().map(|method| format!("entity.{method}"));
    for function in functions.into_iter().chain(methods) {
        let starts = |name: &&&str| {
            name.strip_prefix(&*function)
                .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        assert!(names.iter().any(|name| starts(&name)), "no example of {function}");
    }
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), names.len());
}

/// What stands for DataScript's `test/js/tests.js`, which is no part of this project.
const TESTS: &str = "
const d = require('../../release-js/datascript.js');
const other = require('./other.js');
const tests = [
  () => d.datoms(d.db_with(d.empty_db(), [{ a: other }]), ':eavt')[0].v === other,
  () => d.datoms(d.empty_db(), ':eavt').length === 1,
];
exports.test_all = () => {
  console.log('printing is no answer');
  const pass = tests.filter(test => test()).length;
  return { test: tests.length, pass, fail: tests.length - pass, error: 0 };
};
";

#[test]
fn tests_of_a_checkout_are_run_as_they_are() {
    let checkout = tempfile::tempdir().unwrap();
    let missing = conformance(Engine::Ours, checkout.path());
    assert!(matches!(missing, Err(OracleError::NoTests(_))));
    let folder = checkout.path().join("test/js");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("tests.js"), TESTS).unwrap();
    fs::write(folder.join("other.js"), "module.exports = 'other';").unwrap();
    if run(Engine::Ours, &FILES).is_none() {
        return;
    }
    let expected = Conformance { tests: 2, assertions: 2, passed: 1, failed: 1 };
    for path in [checkout.path(), &folder, &folder.join("tests.js")] {
        assert_eq!(conformance(Engine::Ours, path).unwrap(), expected);
    }
    fs::write(folder.join("tests.js"), "throw new Error('no tests');").unwrap();
    assert!(matches!(conformance(Engine::Ours, &folder), Err(OracleError::Answer(_))));
}
