//! The example application is real Clojure: it loads, and its tests pass.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::Command;

const JARS: [&str; 3] = ["clojure.jar", "spec.alpha.jar", "core.specs.alpha.jar"];

#[test]
fn the_tests_of_the_teahouse_pass_in_real_clojure() {
    let jars: Vec<String> = JARS.iter().map(|jar| format!("/usr/share/java/{jar}")).collect();
    if let Some(missing) = jars.iter().find(|jar| !Path::new(jar).exists()) {
        assert!(std::env::var_os("CI").is_none(), "{missing} is missing: cargo xtask setup");
        eprintln!("skipped: {missing} is missing; `cargo xtask setup` installs it");
        return;
    }
    let folder = support::teahouse();
    let output = Command::new("java")
        .args(["-cp", &format!("{}:src:test", jars.join(":"))])
        .args(["clojure.main", "-m", "teahouse.test-runner"])
        .current_dir(&folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("Ran 15 tests containing 45 assertions."), "{text}");
}
