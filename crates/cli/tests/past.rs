//! A repository's history as a database's: made with the real git, compared with the real git.

#![allow(clippy::unwrap_used)]

#[path = "../../git/tests/support/mod.rs"]
mod scripted;
mod support;

use scripted::Scripted;
use std::collections::BTreeMap;
use support::{output, run};

const SHOP: &str = "\
(ns shop.core
  (:require [clojure.string :as str]))

(defn price [item]
  (* (:count item)
     (:each item)))

(defn label [item]
  (str/upper-case (:name item)))

(defn line [item]
  (str (label item)))
";

/// Three people, a branch that is merged, a file that moves with its namespace, a statement that is renamed.
fn shop() -> (Scripted, Vec<String>) {
    let mut repository = Scripted::new();
    let mut commits = Vec::new();
    let core = "src/shop/core.clj";
    commits.push(repository.commit("ada", "Open the shop", &[(core, Some(SHOP))]));
    repository.git(&["checkout", "-q", "-b", "discount"]);
    let discount =
        SHOP.replace("     (:each item)))", "     (- (:each item)\n        (:discount item 0))))");
    commits.push(repository.commit("bob", "Give a discount", &[(core, Some(&discount))]));
    repository.git(&["checkout", "-q", "main"]);
    let trimmed = SHOP.replace("(:name item)))", "(str/trim (:name item))))");
    commits.push(repository.commit("ada", "Trim labels", &[(core, Some(&trimmed))]));
    assert!(
        repository.git_as("ada", &["merge", "-q", "--no-ff", "-m", "Merge discount", "discount"])
    );
    commits.push(repository.git(&["rev-parse", "HEAD"]));
    let merged = std::fs::read_to_string(repository.path().join(core)).unwrap();
    let moved = merged.replace("shop.core", "shop.item");
    repository.git(&["rm", "-q", "--cached", core]);
    commits.push(repository.commit(
        "cleo",
        "Items have a home",
        &[(core, None), ("src/shop/item.clj", Some(&moved))],
    ));
    let renamed = moved.replace("defn price", "defn cost");
    commits.push(repository.commit("cleo", "It costs", &[("src/shop/item.clj", Some(&renamed))]));
    commits.push(repository.commit("ada", "Say what it is", &[("README.md", Some("A shop.\n"))]));
    (repository, commits)
}

/// For each line of a file the commit that git blames.
fn blamed_by_git(repository: &Scripted, path: &str) -> Vec<String> {
    let told = repository.git(&["blame", "--line-porcelain", "-C", "-M", path]);
    let is_start = |line: &&str| {
        line.split(' ')
            .next()
            .is_some_and(|sha| sha.len() == 40 && sha.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    told.lines().filter(is_start).map(|line| line[..40].to_owned()).collect()
}

/// The values of a heading in what a command prints.
fn column(folder: &std::path::Path, arguments: &[&str], heading: &str) -> Vec<String> {
    let mut arguments = arguments.to_vec();
    arguments.extend(["--format", "edn"]);
    let told = edn::read(&output(folder, &arguments)).unwrap();
    let value = |row: &edn::Value| {
        let value = row.as_map().unwrap().get_keyword(heading).unwrap();
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    };
    told.as_seq().unwrap().iter().map(value).collect()
}

#[test]
fn a_history_comes_in_commit_by_commit() {
    let (repository, commits) = shop();
    let folder = repository.path();
    let told = output(folder, &["import", "--git"]);
    assert!(
        told.starts_with("imported 7 commits, 5 of which changed sources; 4 statements"),
        "{told}"
    );
    assert!(output(folder, &["import"]).starts_with("nothing changed in 1 files"));

    assert_eq!(
        column(folder, &["log"], "commit"),
        [5, 4, 1, 2, 0].map(|n: usize| commits[n].clone()),
        "the merge changed nothing, and what it brought in came after what was there"
    );
    assert_eq!(column(folder, &["log"], "author"), ["cleo", "cleo", "bob", "ada", "ada"]);
    assert_eq!(column(folder, &["log", "--grep", "discount"], "message"), ["Give a discount"]);
    assert_eq!(column(folder, &["log", "--author", "bob@"], "changed"), ["1"]);
    assert_eq!(
        column(folder, &["log", "--since", "2026-01-01T00:05:00Z"], "message"),
        ["It costs", "Items have a home"]
    );
    let statements = column(folder, &["history", "shop.item/cost"], "change");
    assert_eq!(statements.len(), 4, "{statements:?}");

    let then = output(folder, &["show", "shop.core/price", "--as-of", &commits[2][..7]]);
    assert!(then.contains("(:each item)))") && !then.contains(":discount"), "{then}");
    // The discount was written by then, and main did not have it yet.
    let then = output(folder, &["show", "shop.core/price", "--as-of", "2026-01-01T00:03:30Z"]);
    assert!(!then.contains(":discount"), "{then}");
    let then = output(folder, &["show", "shop.core/price", "--as-of", "2026-01-01T00:04:00Z"]);
    assert!(then.contains(":discount"), "{then}");

    let changes = column(folder, &["diff", &commits[3], &commits[5]], "change");
    assert_eq!(changes, ["renamed, moved, changed", "renamed, moved, changed", "moved", "moved"]);
    let statements =
        |from: usize, to: usize| column(folder, &["diff", &commits[from], &commits[to]], "fqn");
    assert_eq!(statements(3, 5)[1], "shop.item/cost");
    assert_eq!(statements(5, 3)[3], "shop.core/price", "the way back");
}

#[test]
fn lines_that_a_merge_settled_belong_to_who_wrote_them() {
    let (mut repository, commits) = shop();
    let path = "src/shop/item.clj";
    let text = std::fs::read_to_string(repository.path().join(path)).unwrap();
    repository.git(&["checkout", "-q", "-b", "loud"]);
    let loud = text.replace("(str/trim", "(str \"!\"\n                       (str/trim");
    let loud = loud.replace("(:name item))))", "(:name item)))))");
    let theirs = repository.commit("bob", "Louder", &[(path, Some(&loud))]);
    repository.git(&["checkout", "-q", "main"]);
    let quiet = text.replace("str/upper-case", "str/lower-case");
    repository.commit("ada", "Quieter", &[(path, Some(&quiet))]);
    assert!(!repository.git_as("ada", &["merge", "-q", "loud"]));
    let both = loud.replace("upper-case (str", "lower-case (str");
    let merge = repository.commit("ada", "Both", &[(path, Some(&both))]);
    output(repository.path(), &["import", "--git"]);
    let ours = column(repository.path(), &["blame", path, "--lines"], "commit");
    assert_eq!(ours, blamed_by_git(&repository, path));
    assert!(ours.contains(&theirs) && ours.contains(&merge), "{ours:?}");
    let lines = column(repository.path(), &["blame", "shop.item/label"], "commit");
    assert_eq!(lines, [commits[0].clone(), merge, theirs]);
    assert!(column(repository.path(), &["blame", "."], "fqn").len() > 3, "all there is");
}

#[test]
fn blame_agrees_with_git() {
    let (repository, commits) = shop();
    let folder = repository.path();
    output(folder, &["import", "--git"]);
    let ours = column(folder, &["blame", "src/shop/item.clj", "--lines"], "commit");
    assert_eq!(ours, blamed_by_git(&repository, "src/shop/item.clj"));
    let lines = column(folder, &["blame", "shop.item/cost"], "commit");
    assert_eq!(lines, [5, 0, 1, 1].map(|n: usize| commits[n].clone()));
    let last = column(folder, &["blame", "shop.item"], "author");
    assert_eq!(last, ["cleo", "cleo", "cleo", "cleo"]);
}

#[test]
fn the_last_commit_is_what_a_plain_import_finds() {
    let (repository, _) = shop();
    output(repository.path(), &["import", "--git"]);
    let plain = tempfile::tempdir().unwrap();
    support::copy(&repository.path().join("src"), &plain.path().join("src"));
    output(plain.path(), &["import"]);
    for query in [
        "[:find ?f ?a ?v :where [?s :statement/fqn ?f] [?s ?a ?v] [(!= ?a :statement/created-at)] \
         [(!= ?a :statement/modified-at)] [(!= ?a :statement/file)] [(!= ?a :statement/order)]]",
        "[:find ?f ?how ?t :where [?d :dependency/from ?x] [?d :dependency/to ?y] \
         [?d :dependency/type ?how] [?x :statement/fqn ?f] [?y :statement/fqn ?t]]",
        "[:find ?p ?h ?facts :where [?f :file/path ?p] [?f :file/hash ?h] [?f :file/facts-hash ?facts]]",
    ] {
        let sorted = |folder| {
            let told = output(folder, &["q", query, "--format", "csv"]);
            let mut lines: Vec<String> = told.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(repository.path()), sorted(plain.path()), "{query}");
    }
}

#[test]
fn a_second_run_goes_on_where_the_first_one_stopped() {
    let (mut repository, commits) = shop();
    let at_once = tempfile::tempdir().unwrap();
    output(repository.path(), &["import", "--git", "--to", "HEAD~2"]);
    let told = output(repository.path(), &["import", "--git"]);
    assert!(told.starts_with("imported 2 commits"), "{told}");
    let told = output(repository.path(), &["import", "--git"]);
    assert!(told.starts_with("nothing new: 7 commits"), "{told}");
    // What was imported and never committed gives way to what is.
    let path = repository.path().join("src/shop/item.clj");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("upper-case", "lower-case")).unwrap();
    output(repository.path(), &["import", "-m", "Try it out"]);
    assert_eq!(column(repository.path(), &["log", "-n", "1"], "message"), ["Try it out"]);
    std::fs::write(&path, &text).unwrap();
    repository.commit("bob", "Add a till", &[("src/shop/till.clj", Some("(ns shop.till)\n"))]);
    output(repository.path(), &["import", "--git"]);
    assert!(output(repository.path(), &["import"]).starts_with("nothing changed in 2 files"));

    let here = repository.path().to_str().unwrap();
    output(at_once.path(), &["import", "--git", here, "--from", &commits[3]]);
    let log = column(at_once.path(), &["log"], "commit");
    assert_eq!(log.len(), 4, "{log:?}");
    assert_eq!(log[3], commits[3]);
    let sources = |folder| {
        output(
            folder,
            &["q", "[:find ?f ?s :where [?e :statement/fqn ?f] [?e :statement/source ?s]]"],
        )
    };
    assert_eq!(sources(at_once.path()), sources(repository.path()));
}

#[test]
fn what_cannot_be_imported_is_explained() {
    let (repository, _) = shop();
    let folder = repository.path();
    let nowhere = tempfile::tempdir().unwrap();
    for (place, arguments, expected) in [
        (nowhere.path(), &["import", "--git"][..], "is in no git repository"),
        (folder, &["import", "--git", "--to", "nowhere"], "nowhere is no commit"),
        (folder, &["import", "--git", "--from", "HEAD", "--to", "HEAD~1"], "does not descend from"),
    ] {
        let told = run(place, arguments);
        let errors = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(!told.status.success() && errors.contains(expected), "{errors}");
    }
    let plain = tempfile::tempdir().unwrap();
    support::copy(&folder.join("src"), &plain.path().join("src"));
    output(plain.path(), &["import"]);
    let told = run(plain.path(), &["import", "--git", folder.to_str().unwrap()]);
    let errors = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(errors.contains("has code that no commit explains"), "{errors}");
}

#[test]
fn a_commit_is_undone_in_the_database_and_in_the_files() {
    let (repository, commits) = shop();
    let folder = repository.path();
    output(folder, &["import", "--git"]);
    let path = folder.join("src/shop/item.clj");
    let before = std::fs::read_to_string(&path).unwrap();
    let shown = output(folder, &["revert", &commits[1][..8], "--dry-run"]);
    assert!(
        shown.contains("-     (- (:each item)") && shown.contains("+     (:each item)))"),
        "{shown}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before, "nothing was written");
    output(folder, &["revert", &commits[1][..8]]);
    let after = std::fs::read_to_string(&path).unwrap();
    assert!(
        after.contains("(defn cost [item]\n  (* (:count item)\n     (:each item)))"),
        "{after}"
    );
    let message = column(folder, &["log", "-n", "1"], "message").concat();
    assert!(message.ends_with(": Give a discount") && message.contains(&commits[1]), "{message}");
    assert!(output(folder, &["import"]).starts_with("nothing changed"));

    // What the last commit left is what it was before that again.
    let told = run(folder, &["revert", "--to", &commits[5], "shop.item/cost"]);
    assert!(told.status.success());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    let told = run(folder, &["revert", &commits[0]]);
    let errors = String::from_utf8_lossy(&told.stderr).into_owned();
    assert_eq!(told.status.code(), Some(1));
    assert!(
        errors.contains("refused, nothing was changed") && errors.contains("was changed since"),
        "{errors}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
}

/// Debian's tools.reader, with three commits of which two edit it.
#[test]
fn the_past_of_real_code_is_git_s() {
    let jar = std::path::PathBuf::from("/usr/share/java/tools.reader.jar");
    if !jar.exists() {
        assert!(std::env::var_os("CI").is_none(), "libtools-reader-clojure is not installed");
        return;
    }
    let project = code::project::read(std::path::Path::new("/"), &[jar]).unwrap();
    let sources: Vec<(String, String)> = project
        .sources
        .into_iter()
        .filter(|file| file.path.ends_with(".clj"))
        .map(|file| {
            let (_, inside) = file.path.split_once("!/").unwrap();
            (format!("src/{inside}"), String::from_utf8(file.bytes).unwrap())
        })
        .collect();
    let (edn, reader) = ("src/clojure/tools/reader/edn.clj", "src/clojure/tools/reader.clj");
    let text = |path: &str| &sources.iter().find(|(own, _)| own == path).unwrap().1;
    let added = format!("{}\n(defn read-all [s]\n  (read-string s))\n", text(edn));
    let edited = text(reader).replacen("(defn read-string", "(defn ^Object read-string", 1);
    assert_ne!(&edited, text(reader));

    let mut repository = Scripted::new();
    let all: Vec<(&str, Option<&str>)> =
        sources.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))).collect();
    let commits = [
        repository.commit("ada", "As Debian has it", &all),
        repository.commit("bob", "Read all", &[(edn, Some(&added))]),
        repository.commit("cleo", "A hint", &[(reader, Some(&edited))]),
    ];
    let folder = repository.path();
    output(folder, &["import", "--git"]);
    for commit in &commits {
        let to = tempfile::tempdir().unwrap();
        output(folder, &["export", to.path().to_str().unwrap(), "--as-of", commit]);
        let there: BTreeMap<String, Vec<u8>> = support::files(to.path()).into_iter().collect();
        assert_eq!(there, repository.files(commit));
    }
    for (path, _) in &sources {
        let ours = column(folder, &["blame", path, "--lines"], "commit");
        assert_eq!(ours, blamed_by_git(&repository, path), "{path}");
    }
    let changed = column(folder, &["diff", &commits[0], &commits[2]], "fqn");
    assert_eq!(changed, ["clojure.tools.reader.edn/read-all", "clojure.tools.reader/read-string"]);
    output(folder, &["revert", &commits[2]]);
    let reverted = std::fs::read_to_string(folder.join(reader)).unwrap();
    assert!(reverted == *text(reader), "the hint is taken back, to the byte");
}
