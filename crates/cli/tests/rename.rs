//! Renaming in a project: the working files, the database and the history change together or not at all.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::process::Command;
use support::{files, imported, output, shown, teahouse};

#[test]
fn what_is_shown_is_what_git_would_apply_and_what_is_done() {
    let folder = imported();
    let root = folder.path();
    let diff = output(root, &["rename", "teahouse.money/percent", "share", "--dry-run"]);
    let before = files(root);
    let patched = teahouse();
    fs::write(patched.path().join("change.patch"), &diff).unwrap();
    let applied = Command::new("git")
        .args(["apply", "change.patch"])
        .current_dir(patched.path())
        .env("GIT_CEILING_DIRECTORIES", "/")
        .status();
    assert!(applied.unwrap().success(), "{diff}");
    fs::remove_file(patched.path().join("change.patch")).unwrap();

    let told = shown(root, &["rename", "teahouse.money/percent", "share"]);
    assert!(files(root) == files(patched.path()));
    assert!(files(root) != before);
    assert!(output(root, &["import"]).starts_with("nothing changed"), "both are the same");
    let history = shown(root, &["history", "teahouse.money/share"]);
    insta::assert_snapshot!(format!("{diff}\n{told}\n\n{history}"));

    output(root, &["rename", "teahouse.money/share", "percent"]);
    assert!(files(root) == before);
}

#[test]
fn refusals_say_why_and_change_nothing() {
    let folder = imported();
    let root = folder.path();
    let log = fs::read(root.join(".defbase/code-db-txlog.edn")).unwrap();
    let before = files(root);
    let told: Vec<String> = [
        &["rename", "teahouse.money/percent", "times"][..],
        &["rename", "teahouse.pricing/content-price", "article"],
        &["rename", "teahouse.money/percent", "1st"],
        &["rename", "teahouse.money/percnt", "share"],
    ]
    .iter()
    .map(|arguments| shown(root, arguments))
    .collect();
    insta::assert_snapshot!(told.join("\n\n"));
    assert!(files(root) == before);
    assert!(fs::read(root.join(".defbase/code-db-txlog.edn")).unwrap() == log);
}

#[test]
fn what_was_edited_is_never_lost() {
    let folder = imported();
    let root = folder.path();
    let path = root.join("src/teahouse/receipt.cljc");
    let text = fs::read_to_string(&path).unwrap() + "; edited\n";
    fs::write(&path, &text).unwrap();
    let told = shown(root, &["rename", "teahouse.money/percent", "share"]);
    assert!(told.contains("not as the database has them: src/teahouse/receipt.cljc"), "{told}");
    assert!(told.ends_with("code 2"), "{told}");
    output(root, &["import"]);
    output(root, &["rename", "teahouse.money/percent", "share"]);
    assert!(fs::read_to_string(&path).unwrap().ends_with("; edited\n"));
}

#[test]
fn a_namespace_takes_its_file_and_its_history_with_it() {
    let folder = imported();
    let root = folder.path();
    let before = files(root);
    let told = shown(root, &["rename", "teahouse.money", "teahouse.cash.amount"]);
    assert!(root.join("src/teahouse/cash/amount.cljc").exists());
    assert!(!root.join("src/teahouse/money.cljc").exists());
    assert!(output(root, &["import"]).starts_with("nothing changed"));
    let others: Vec<String> = [
        &["history", "teahouse.cash.amount/percent"][..],
        &["history", "teahouse.cash.amount"],
        &["rename", "src/teahouse/order.cljc:1:5", "teahouse.orders", "--dry-run"],
        &["rename", "--in", "teahouse.pricing", "money", "cash", "-n"],
        &["rename", "--in", "teahouse.pricing/line-total", "quantity", "n", "-n"],
    ]
    .iter()
    .map(|arguments| shown(root, arguments))
    .collect();
    insta::assert_snapshot!(format!("{told}\n\n{}", others.join("\n\n")));
    output(root, &["rename", "teahouse.cash.amount", "teahouse.money"]);
    assert!(files(root) == before);
    assert!(!root.join("src/teahouse/cash").exists());
}

/// A project in which a rename was interrupted: the transaction is made, but only the first file is written.
fn interrupted() -> tempfile::TempDir {
    let folder = imported();
    let root = folder.path();
    let before = files(root);
    output(root, &["rename", "teahouse.money/percent", "share"]);
    let mut rows = Vec::new();
    for ((path, old), (_, new)) in before.iter().zip(files(root)).filter(|(a, b)| **a != *b) {
        let hash = code::model::content_hash;
        rows.push(format!("[{path:?} {} {}]", hash(old), hash(&new)));
        if rows.len() > 1 {
            fs::write(root.join(path), old).unwrap();
        }
    }
    assert_eq!(rows.len(), 3);
    fs::write(root.join(".defbase/pending.tmp"), format!("[{}]", rows.join(" "))).unwrap();
    folder
}

#[test]
fn whoever_comes_next_completes_a_change() {
    let folder = interrupted();
    let root = folder.path();
    assert!(output(root, &["import"]).starts_with("nothing changed"), "the change is not undone");
    assert!(!root.join(".defbase/pending.tmp").exists());
    output(root, &["rename", "teahouse.money/share", "percent"]);
    assert!(files(root) == files(teahouse().path()));
}

#[test]
fn what_is_edited_before_that_is_not_overwritten() {
    let folder = interrupted();
    let root = folder.path();
    let path = root.join("src/teahouse/pricing.cljc");
    let mine = fs::read_to_string(&path).unwrap() + "; mine\n";
    fs::write(&path, &mine).unwrap();
    let told = shown(root, &["import"]);
    let expected = "edited while a change of it was still to be written: src/teahouse/pricing.cljc";
    assert!(told.contains(expected) && told.ends_with("code 2"), "{told}");
    assert_eq!(fs::read_to_string(&path).unwrap(), mine);
}

#[test]
fn files_that_are_not_in_the_database_are_told() {
    let folder = imported();
    let root = folder.path();
    let rename = ["rename", "teahouse.money/percent", "share", "-n"];
    assert!(!shown(root, &rename).contains("not in the database"));
    for name in ["a", "b", "c", "d", "e"] {
        fs::write(root.join(format!("src/{name}.clj")), "(ns new)").unwrap();
    }
    fs::write(root.join("notes.txt"), "no source").unwrap();
    let told = shown(root, &rename);
    let expected = "not in the database, so nothing in it was looked at: src/a.clj, src/b.clj, src/c.clj and 2 more;";
    assert!(told.contains(expected), "{told}");
    output(root, &["import"]);
    assert!(!shown(root, &rename).contains("not in the database"));
}

#[test]
fn a_change_that_was_never_made_leaves_nothing() {
    let folder = imported();
    let root = folder.path();
    fs::write(root.join(".defbase/pending.tmp"), "[[\"src/teahouse/money.cljc\" 1 2]]").unwrap();
    assert!(output(root, &["import"]).starts_with("nothing changed"));
    assert!(!root.join(".defbase/pending.tmp").exists());
}
