//! A session with the example application, command by command.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use support::{files, imported, output, run, shown, teahouse};

fn all_shown(folder: &Path, commands: &[&[&str]]) -> String {
    commands.iter().map(|c| shown(folder, c)).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn questions_and_answers() {
    let folder = imported();
    let ns = "[:find ?f :in $ ?ns :where [?s :statement/namespace ?ns] [?s :statement/fqn ?f]]";
    insta::assert_snapshot!(all_shown(
        folder.path(),
        &[
            &["q", ns, "\"teahouse.money\""],
            &["q", ns, "\"teahouse.money\"", "--format", "edn"],
            &["q", "[:find (count ?s) . :where [?s :statement/fqn]]", "--format", "json"],
            &["q", "[:find ?t (count ?s) :where [?s :statement/type ?t]]", "--format", "csv"],
            &["pull", "[:statement/fqn :statement/arglists]", "pricing/line-total"],
            &[
                "pull",
                "[:statement/doc]",
                "[:statement/fqn \"teahouse.pricing/price\"]",
                "--format",
                "json"
            ],
            &["search", "rounded"],
            &["search", "--regex", "defm(ulti|ethod) discount", "--format", "json", "-n", "2"],
            &["stats"],
            &["show", "teahouse.pricing/price"],
            &["show", "discount[:fixed]", "--format", "json"],
        ]
    ));
}

#[test]
fn graphs() {
    let folder = imported();
    insta::assert_snapshot!(all_shown(
        folder.path(),
        &[
            &["deps", "teahouse.pricing/price"],
            &["deps", "teahouse.order/total", "--transitive", "--format", "tree"],
            &["dependents", "teahouse.money/percent", "--depth", "2"],
            &["deps", "teahouse.pricing", "--format", "json"],
            &["dependents", "teahouse.stock/missing", "--format", "dot"],
            &["deps", "teahouse.main/run", "--type", "macro-use", "--type", "var-reference"],
            &["deps", "teahouse.main/run", "--type", "macro"],
            &["impact", "teahouse.money/percent"],
            &["impact", "teahouse.receipt/text", "--tests", "--format", "json"],
            &["impact", "teahouse.receipt", "--format", "tree"],
            &["impact", "teahouse.main/-main"],
            &["path", "teahouse.order/total", "teahouse.money/percent"],
            &["path", "teahouse.main", "teahouse.money", "--all", "--format", "csv"],
            &["path", "teahouse.money/percent", "teahouse.order/total"],
            &["graph", "--of", "teahouse.macros", "--namespaces", "--format", "edn"],
            &["graph", "--of", "teahouse.macros", "--format", "mermaid"],
            &["graph", "--of", "nowhere"],
            &["scip"],
            &["cycles"],
            &["cycles", "--format", "edn"],
            &["cycles", "--format", "tree"],
            &["cycles", "--namespaces"],
            &["unused", "--private"],
            &["unused", "--format", "csv"],
        ]
    ));
}

#[test]
fn contexts() {
    let folder = imported();
    insta::assert_snapshot!(all_shown(
        folder.path(),
        &[
            &["context", "teahouse.pricing/price", "--budget", "400"],
            &["context", "how are discounts applied?", "-b", "300", "--format", "markdown"],
            &["context", "pricing/price", "money/percent", "-b", "150", "--format", "edn"],
            &["context", "teahouse.pricing/price", "-b", "80", "--format", "json"],
            &["context", "teahouse.pricing/price", "-b", "5"],
            &["context", "teahouse.pricing/prise"],
            &["context", "what is it?"],
        ]
    ));
}

#[test]
fn mistakes_are_explained() {
    let folder = imported();
    insta::assert_snapshot!(all_shown(
        folder.path(),
        &[
            &["q", "[:find ?f :where [?s :statement/fqn ?f]"],
            &["q", "[:find ?f :where [?s :statement/fnq ?f]]"],
            &["q", "[:find ?f :where [?s :statement/fqn ?x]]"],
            &["q", "[:find ?s :where [?s :statement/fqn] [(< ?n 3)]]"],
            &["q", "[:find ?s :in $ ?ns :where [?s :statement/namespace ?ns]]"],
            &["q", "[:find ?s :in $ ?ns :where [?s :statement/namespace ?ns]]", "[1 2"],
            &["q", "--as-of", "yesterday", "[:find ?s :where [?s :statement/fqn]]"],
            &["q", "--as-of", "99999", "[:find ?s :where [?s :statement/fqn]]"],
            &["show", "teahouse.pricing/prise"],
            &["show", "total"],
            &["pull", "[*]", "99999"],
            &["import", "nowhere"],
            &["restore", "README.md"],
            &["tour", "src"],
        ]
    ));
}

#[test]
fn without_a_database_one_is_told_how_to_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let text = shown(folder.path(), &["stats"]);
    assert!(text.contains("there is no database in FOLDER or above it"), "{text}");
    assert!(text.contains("defbase import"), "{text}");
    assert!(text.ends_with("code 2"), "{text}");
}

#[test]
fn an_edit_changes_what_was_edited_and_nothing_else() {
    let folder = imported();
    let root = folder.path();
    let log = root.join(".defbase/code-db-txlog.edn");
    let first = fs::read_to_string(&log).unwrap();
    assert!(output(root, &["import"]).starts_with("nothing changed in "));
    assert_eq!(fs::read_to_string(&log).unwrap(), first);

    let path = root.join("src/teahouse/receipt.cljc");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("  40)", "  48)")).unwrap();
    let told = output(root, &["import"]);
    assert!(told.contains("(1 changed, 0 deleted)"), "{told}");
    assert!(told.contains("\nstatements: 1 changed, "), "{told}");
    let second = fs::read_to_string(&log).unwrap();
    assert!(second.starts_with(&first), "the log only grows");
    insta::assert_snapshot!(all_shown(
        root,
        &[
            &["history", "teahouse.receipt/width"],
            &["show", "teahouse.receipt/width"],
            &["show", "teahouse.receipt/width", "--as-of", "2"],
            &["diff", "2"],
            &["diff", "2", "3", "--patch"],
            &["diff", "--since", "2", "--stat", "--format", "csv"],
            &["diff", "3", "2", "--path", "test"],
            &["blame", "teahouse.receipt/width"],
            &["blame", "src/teahouse/receipt.cljc"],
            &["log", "--fqn", "teahouse.receipt/width"],
            &["log", "--author", "nobody", "--format", "json"],
            &["log", "-p", "-n", "1"],
        ]
    ));
    let past = root.join("past");
    output(root, &["export", past.to_str().unwrap(), "--as-of", "2"]);
    assert_eq!(fs::read_to_string(past.join("src/teahouse/receipt.cljc")).unwrap(), text);
}

/// What the database says and how it came to, by what it has cached and without that.
fn said(folder: &Path) -> String {
    let ask = || {
        let all = "[:find ?e ?a ?v ?tx :where [?e ?a ?v ?tx]]";
        let rows = output(folder, &["q", all, "--format", "csv"]);
        let mut rows: Vec<&str> = rows.lines().collect();
        rows.sort_unstable();
        rows.join("\n") + &output(folder, &["log", "-p"])
    };
    let cached = ask();
    fs::remove_dir_all(folder.join(".defbase/cache")).unwrap();
    assert_eq!(ask(), cached);
    cached
}

#[test]
fn what_was_cached_is_changed_as_what_was_not() {
    let folder = imported();
    let path = folder.path().join("src/teahouse/money.cljc");
    let cached = |folder: &Path| fs::read_dir(folder.join(".defbase/cache")).unwrap().count();
    output(folder.path(), &["stats"]);
    assert!(cached(folder.path()) > 0);
    for n in 0..3 {
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}\n(def added-{n} {n})\n")).unwrap();
        output(folder.path(), &["import"]);
        output(
            folder.path(),
            &["rename", &format!("teahouse.money/added-{n}"), &format!("more-{n}")],
        );
    }
    assert!(said(folder.path()).contains("teahouse.money/more-2"));
}

#[test]
fn a_damaged_cache_goes_and_is_made_anew() {
    let folder = imported();
    let (folder, log) = (folder.path(), folder.path().join(".defbase/code-db-txlog.edn"));
    let before = said(folder);
    let ways: [&[&str]; 3] = [
        &["q", "[:find ?f :where [_ :statement/fqn ?f]]"],
        &["rename", "teahouse.money/cents", "pennies"],
        &["import"],
    ];
    for way in ways {
        let logged = fs::read(&log).unwrap();
        for (name, bytes) in files(&folder.join(".defbase/cache")) {
            if name.ends_with("nodes") {
                fs::write(folder.join(".defbase/cache").join(name), vec![0; bytes.len()]).unwrap();
            }
        }
        assert!(!run(folder, way).status.success(), "{way:?}");
        assert_eq!(fs::read(&log).unwrap(), logged, "{way:?}");
        assert_eq!(said(folder), before, "{way:?}");
    }
}

#[test]
fn what_goes_in_comes_out_byte_for_byte() {
    let folder = imported();
    let copy = tempfile::tempdir().unwrap();
    output(folder.path(), &["export", copy.path().to_str().unwrap()]);
    let mut before = files(folder.path());
    before.retain(|(name, _)| !name.ends_with(".md"));
    assert_eq!(before, files(copy.path()));
}

#[test]
fn a_snapshot_brings_the_database_back() {
    let folder = imported();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("backup.edn");
    output(folder.path(), &["snapshot", file.to_str().unwrap()]);
    output(elsewhere.path(), &["restore", "backup.edn"]);
    let log = folder.path().join(".defbase/code-db-txlog.edn");
    let from_log = tempfile::tempdir().unwrap();
    output(from_log.path(), &["restore", log.to_str().unwrap()]);
    for command in [
        &["stats"][..],
        &["q", "[:find ?f ?s :where [?e :statement/fqn ?f] [?e :statement/source ?s]]"],
    ] {
        let expected = output(folder.path(), command);
        assert_eq!(output(elsewhere.path(), command), expected);
        assert_eq!(output(from_log.path(), command), expected);
    }
    let again = run(elsewhere.path(), &["restore", "backup.edn"]);
    assert_eq!(again.status.code(), Some(2), "nothing is overwritten");
}

#[test]
fn init_tells_git_how_to_merge() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".gitattributes"), "*.png binary").unwrap();
    output(folder.path(), &["init"]);
    output(folder.path(), &["init"]);
    assert_eq!(
        fs::read_to_string(folder.path().join(".gitattributes")).unwrap(),
        "*.png binary\n.defbase/code-db-txlog.edn merge=union text eol=lf diff=defbase\n"
    );
    output(folder.path(), &["doctor"]);
}

#[test]
fn a_file_that_does_not_read_is_kept_and_reported() {
    let folder = teahouse();
    let broken = "(ns broken)\n\n(def a 1)\n\n(defn b [x]\n  (inc x)\n";
    fs::write(folder.path().join("src/broken.clj"), broken).unwrap();
    let imported = run(folder.path(), &["import"]);
    let told = String::from_utf8(imported.stderr).unwrap();
    assert!(imported.status.success(), "all of it is in the database");
    assert!(told.contains("src/broken.clj:5:1: "), "{told}");
    assert_eq!(run(folder.path(), &["import", "--strict"]).status.code(), Some(1));
    output(folder.path(), &["show", "broken/a"]);
    let copy = tempfile::tempdir().unwrap();
    output(folder.path(), &["export", copy.path().to_str().unwrap()]);
    assert_eq!(fs::read_to_string(copy.path().join("src/broken.clj")).unwrap(), broken);
}

#[test]
fn queries_come_from_files_and_standard_input_too() {
    let folder = imported();
    let query =
        "[:find ?d . :where [?s :statement/fqn \"teahouse.money/times\"] [?s :statement/doc ?d]]";
    fs::write(folder.path().join("q.edn.txt"), query).unwrap();
    assert_eq!(
        output(folder.path(), &["q", "-f", "q.edn.txt"]).lines().last(),
        Some("An amount, `n` times.")
    );
    let mut child = support::defbase(folder.path())
        .args(["q", "--format", "edn"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(query.as_bytes()).unwrap();
    let told = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(told.stdout).unwrap(), "\"An amount, `n` times.\"\n");
}

#[test]
fn a_query_tells_how_it_was_answered() {
    let folder = imported();
    let query =
        "[:find ?f :where [?s :statement/fqn ?f] [?s :statement/namespace \"teahouse.main\"]]";
    let told = output(folder.path(), &["q", "--explain", query]);
    let words = |line: &str| line.split_whitespace().map(str::to_string).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = told.lines().map(words).collect();
    assert_eq!(lines[0], ["clause", "method", "expected", "rows", "time"]);
    // The namespace comes first, whatever the order in which it was written; only it is looked for.
    assert_eq!(
        lines[1][1..8],
        ["[?s", ":statement/namespace", "\"teahouse.main\"]", "scan", ":avet", "8", "8"]
    );
    assert_eq!(lines[2][1..8], ["[?s", ":statement/fqn", "?f]", "walk", "along", ":aevt", "8"]);
    assert_eq!(lines[3][..2], ["8", "rows"]);
    let data = output(folder.path(), &["q", "--explain", "--format", "edn", query]);
    assert!(data.starts_with("{:rows 8, "), "{data}");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = imported();
    let mut child = support::defbase(folder.path())
        .args(["q", "[:find ?a ?v :where [_ ?a ?v]]"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let told = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(told.stderr).unwrap(), "");
    assert_eq!(told.status.code(), Some(0));
}

#[test]
fn the_tour_runs_and_leaves_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let told = output(folder.path(), &["tour"]);
    for expected in
        ["$ defbase stats", "teahouse.pricing/content-price", "source changed", "cd defbase-tour"]
    {
        assert!(told.contains(expected), "{expected} is not in\n{told}");
    }
    output(&folder.path().join("defbase-tour"), &["stats"]);
    assert_eq!(run(folder.path(), &["tour"]).status.code(), Some(2), "nothing is overwritten");
}
