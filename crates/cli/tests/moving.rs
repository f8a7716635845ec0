//! Moving, deleting and cleaning in a project: the working files, the database and the history change together.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use support::{files, output, run, shown, teahouse};

#[test]
fn statements_move_with_their_history() {
    let folder = teahouse();
    let root = folder.path();
    output(root, &["import"]);
    let before = files(root);
    let arguments = ["move", "teahouse.money/percent", "teahouse.rounding", "--dry-run"];
    let diff = shown(root, &arguments);
    assert!(files(root) == before);
    let told = shown(root, &arguments[..3]);
    assert!(files(root) != before);
    assert!(output(root, &["import"]).starts_with("nothing changed"), "both are the same");
    let history = shown(root, &["history", "teahouse.rounding/percent"]);
    insta::assert_snapshot!(format!("{diff}\n\n{told}\n\n{history}"));
}

#[test]
fn what_is_refused_says_why_and_changes_nothing() {
    let folder = teahouse();
    let root = folder.path();
    output(root, &["import"]);
    let before = files(root);
    let told: Vec<String> = [
        &["move", "teahouse.pricing/price", "teahouse.money"][..],
        &["delete", "teahouse.money/percent"],
        &["delete", "teahouse.money"],
        &["clean-ns", "teahouse.nowhere"],
    ]
    .iter()
    .map(|arguments| shown(root, arguments))
    .collect();
    assert!(files(root) == before);
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn what_is_deleted_is_gone_from_files_and_database() {
    let folder = teahouse();
    let root = folder.path();
    output(root, &["import"]);
    let told = shown(root, &["delete", "teahouse.money/percent", "--cascade"]);
    assert!(output(root, &["import"]).starts_with("nothing changed"), "both are the same");
    assert_eq!(run(root, &["show", "teahouse.money/percent"]).status.code(), Some(2));
    let clean = shown(root, &["clean-ns"]);
    insta::assert_snapshot!(format!("{told}\n\n{clean}"));
}

/// What Debian's packages bring of Clojure.
const JARS: [&str; 3] = ["clojure.jar", "spec.alpha.jar", "core.specs.alpha.jar"];

#[test]
fn what_is_moved_extracted_and_inlined_passes_its_tests_in_real_clojure() {
    let jars: Vec<String> = JARS.iter().map(|jar| format!("/usr/share/java/{jar}")).collect();
    if let Some(missing) = jars.iter().find(|jar| !Path::new(jar).exists()) {
        assert!(std::env::var_os("CI").is_none(), "{missing} is missing: cargo xtask setup");
        return;
    }
    let folder = teahouse();
    let root = folder.path();
    output(root, &["import"]);
    output(root, &["move", "teahouse.money/percent", "teahouse.money/zero", "teahouse.rounding"]);
    let text = "(- full (rounding/percent full (:rebate article)))";
    output(root, &["extract", "teahouse.pricing/price", "rebated", "--text", text]);
    output(root, &["inline", "teahouse.rounding/zero"]);
    output(root, &["inline", "teahouse.money/times"]);
    output(root, &["clean-ns"]);
    let tests = std::process::Command::new("java")
        .args(["-cp", &format!("{}:src:test", jars.join(":"))])
        .args(["clojure.main", "-m", "teahouse.test-runner"])
        .current_dir(root)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&tests.stdout);
    let errors = String::from_utf8_lossy(&tests.stderr);
    assert!(tests.status.success(), "{text}\n{errors}");
    assert!(text.contains("Ran 15 tests containing 45 assertions."), "{text}");
}
