//! Two clones change code on two branches; git's union merge of the log loses nothing, whichever side merges.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use support::{output, run};

const LOG: &str = ".defbase/code-db-txlog.edn";
const RECEIPT: &str = "src/teahouse/receipt.cljc";
const CONTENT: &str =
    "[:find ?fqn ?source :where [?s :statement/fqn ?fqn] [?s :statement/source ?source]]";

fn git(folder: &Path, arguments: &[&str]) -> bool {
    let output = Command::new("git")
        .args(["-c", "user.name=ada", "-c", "user.email=ada@example.org"])
        .args(["-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    output.status.success()
}

fn edit(folder: &Path, path: &str, from: &str, to: &str) {
    let path = folder.join(path);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from));
    fs::write(path, text.replace(from, to)).unwrap();
    output(folder, &["import"]);
    assert!(git(folder, &["commit", "-qam", "edit"]));
}

/// A repository with the example in it, and a branch `other` that makes changes of its own.
fn branches(ours: &[(&str, &str, &str)], theirs: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let folder = support::teahouse();
    let root = folder.path();
    assert!(git(root, &["init", "-q"]));
    output(root, &["import"]);
    assert!(git(root, &["add", "-A"]) && git(root, &["commit", "-qm", "first"]));
    assert!(git(root, &["checkout", "-qb", "other"]));
    theirs.iter().for_each(|(path, from, to)| edit(root, path, from, to));
    assert!(git(root, &["checkout", "-q", "main"]));
    ours.iter().for_each(|(path, from, to)| edit(root, path, from, to));
    folder
}

/// The log that merging makes, seen from either side.
fn merged_logs(root: &Path) -> [String; 2] {
    let merge = |from: &str, into: &str, name: &str| {
        assert!(git(root, &["checkout", "-q", "-b", name, into]));
        git(root, &["merge", "-q", "-X", "ours", "-m", "merge", from]);
        fs::read_to_string(root.join(LOG)).unwrap()
    };
    [merge("other", "main", "one"), merge("main", "other", "two")]
}

fn content_of(log: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log.edn"), log).unwrap();
    output(folder.path(), &["restore", "log.edn"]);
    output(folder.path(), &["q", CONTENT, "--format", "csv"])
}

#[test]
fn what_both_sides_did_is_there_after_a_merge() {
    let folder = branches(
        &[(RECEIPT, "  40)", "  48)")],
        &[
            ("src/teahouse/money.cljc", "\"EUR\"", "\"CHF\""),
            (RECEIPT, "(defn- rule-line", "(defn- line-below \"New.\" [] nil)\n\n(defn- rule-line"),
        ],
    );
    let [one, two] = merged_logs(folder.path());
    assert_ne!(one, two, "the lines stand in another order");
    let content = content_of(&one);
    assert!(content == content_of(&two), "and say the same");
    for expected in ["  48)", "\"\"CHF\"\"", "line-below"] {
        assert!(content.contains(expected), "{expected} was lost");
    }
    assert!(git(folder.path(), &["checkout", "-q", "one"]));
    assert!(output(folder.path(), &["conflicts"]).contains("no conflicts"));
    output(folder.path(), &["doctor"]);
    assert!(
        output(folder.path(), &["import"]).contains("changed"),
        "the merged files are taken in"
    );
    output(folder.path(), &["doctor"]);
}

#[test]
fn the_same_new_name_on_both_sides_is_one_statement() {
    let rule_line = "(defn- rule-line";
    let ours = format!("(def fresh 1)\n\n{rule_line}");
    let theirs = format!("(def fresh 2)\n\n{rule_line}");
    let folder = branches(&[(RECEIPT, rule_line, &ours)], &[(RECEIPT, rule_line, &theirs)]);
    let [one, two] = merged_logs(folder.path());
    let content = content_of(&one);
    assert!(content == content_of(&two));
    assert_eq!(content.matches("teahouse.receipt/fresh,").count(), 1, "{content}");
}

#[test]
fn one_text_changed_on_both_sides_is_a_conflict_until_it_is_settled() {
    let folder = branches(&[(RECEIPT, "  40)", "  48)")], &[(RECEIPT, "  40)", "  56)")]);
    let root = folder.path();
    merged_logs(root);
    assert!(git(root, &["checkout", "-q", "-f", "one"]));
    let told = run(root, &["conflicts"]);
    let table = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(1), "{table}");
    for expected in ["teahouse.receipt/width", ":statement/source", "48)", "56)"] {
        assert!(table.contains(expected), "{expected} is not in\n{table}");
    }
    let path = root.join(RECEIPT);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("  48)", "  52)")).unwrap();
    output(root, &["import"]);
    assert!(output(root, &["conflicts"]).contains("no conflicts"));
}

#[test]
fn a_doubled_line_says_nothing_new_and_a_changed_one_stops_the_opening() {
    let folder = support::teahouse();
    output(folder.path(), &["import"]);
    let log = folder.path().join(LOG);
    let text = fs::read_to_string(&log).unwrap();
    let content = content_of(&text);
    let line = text.lines().find(|l| l.contains(":statement/source")).unwrap();
    assert!(content_of(&format!("{line}\n{text}{line}\n")) == content);

    let path = folder.path().join(RECEIPT);
    let source = fs::read_to_string(&path).unwrap();
    fs::write(path, source.replace("  40)", "  48)")).unwrap();
    output(folder.path(), &["import"]);
    let text = fs::read_to_string(&log).unwrap();
    fs::write(&log, text.replacen(line, &line.replace(":statement/", ":statment/"), 1)).unwrap();
    let told = run(folder.path(), &["stats"]);
    let errors = String::from_utf8(told.stderr).unwrap();
    assert_eq!(told.status.code(), Some(2));
    assert!(errors.contains("do not match its checksum"), "{errors}");
    assert!(errors.contains("defbase doctor"), "{errors}");
    assert_eq!(run(folder.path(), &["doctor"]).status.code(), Some(1));
}

#[test]
fn a_torn_tail_is_set_aside_and_what_can_be_saved_is_saved() {
    let folder = support::teahouse();
    let root = folder.path();
    output(root, &["import"]);
    let log = root.join(LOG);
    let whole = fs::read_to_string(&log).unwrap();
    let path = root.join(RECEIPT);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("  40)", "  48)")).unwrap();
    output(root, &["import"]);
    let longer = fs::read_to_string(&log).unwrap();
    fs::write(&log, &longer[..longer.len() - 20]).unwrap();

    assert_eq!(run(root, &["doctor"]).status.code(), Some(1));
    assert!(output(root, &["show", "receipt/width"]).contains("40)"), "it never happened");
    let told = run(root, &["import"]);
    assert!(String::from_utf8(told.stderr).unwrap().contains("the log's end was torn"));
    assert!(output(root, &["show", "receipt/width"]).contains("48)"));
    output(root, &["doctor"]);
    let aside = fs::read_dir(root.join(".defbase")).unwrap().flatten().map(|e| e.path());
    let aside = aside.filter(|p| p.to_string_lossy().contains("torn-")).collect::<Vec<_>>();
    assert_eq!(fs::read_to_string(&aside[0]).unwrap(), longer[whole.len()..longer.len() - 20]);

    let damaged = longer.replacen("EUR", "USD", 1);
    assert_ne!(damaged, longer);
    fs::write(&log, damaged).unwrap();
    let told = run(root, &["doctor", "--save", "saved.edn"]);
    assert_eq!(told.status.code(), Some(1), "{}", String::from_utf8_lossy(&told.stdout));
}

#[test]
fn git_shows_the_log_as_text() {
    let folder = support::teahouse();
    let root = folder.path();
    let refused = run(root, &["git-setup"]);
    assert_eq!(refused.status.code(), Some(2), "there is nothing yet");
    output(root, &["import"]);
    let refused = String::from_utf8(run(root, &["git-setup"]).stderr).unwrap();
    assert!(refused.contains("is in no git repository"), "{refused}");
    assert!(git(root, &["init", "-q"]));
    let told = output(root, &["git-setup"]);
    assert!(told.contains("git config diff.defbase.textconv"), "{told}");
    assert!(git(root, &["add", "-A"]) && git(root, &["commit", "-qm", "first"]));
    edit(root, RECEIPT, "  40)", "  48)");
    let programs = Path::new(env!("CARGO_BIN_EXE_defbase")).parent().unwrap();
    let others = std::env::var("PATH").unwrap();
    let shown = Command::new("git")
        .args(["diff", "--unified=0", "HEAD~1", "--", LOG])
        .current_dir(root)
        .env("PATH", format!("{}:{others}", programs.display()))
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    for expected in [
        "+  [:statement/fqn \"teahouse.receipt/width\"]\n",
        "+    :statement/source\n",
        "+        48)\n",
    ] {
        assert!(shown.contains(expected), "{expected} is not in\n{shown}");
    }
    let gone = |line: &str| line.starts_with('-') && !line.starts_with("--- a/");
    assert!(!shown.lines().any(gone), "nothing has gone:\n{shown}");
}
