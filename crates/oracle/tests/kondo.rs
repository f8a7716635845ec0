//! Small files, each a trap of Clojure source, analysed beside what clj-kondo (August 2026) found in them.
#![allow(clippy::unwrap_used)]

use edn::{ReadOptions, Value};
use oracle::kondo::{Difference, KondoError, by_kind, compare};
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kondo").join(name)
}

/// Where the two differ, as `differences.edn` says it, each with the side that has it.
fn allowed() -> Vec<(String, String)> {
    let text = include_str!("kondo/differences.edn");
    let options = ReadOptions { clojure: true, ..ReadOptions::default() };
    let mut allowed = Vec::new();
    for group in edn::read_all_with(text, &options).unwrap() {
        let group = group.as_map().unwrap();
        assert!(group.get_keyword("because").is_some(), "{group:?}");
        for side in ["only-clj-kondo", "only-here"] {
            let findings = group.get_keyword(side).and_then(Value::as_seq).unwrap_or_default();
            let finding = |f: &Value| (side.to_string(), f.as_str().unwrap().to_string());
            allowed.extend(findings.iter().map(finding));
        }
    }
    allowed
}

#[test]
fn traps_are_read_as_clj_kondo_reads_them_but_where_it_is_said() {
    let agreements = compare(&folder("found"), &[folder("sources")]).unwrap();
    let mut found = Vec::new();
    for agreement in agreements.iter().filter(|a| a.name != "var usages with the var around") {
        assert!(agreement.both > 0, "{}", agreement.name);
        let sides = [("only-clj-kondo", &agreement.missed), ("only-here", &agreement.extra)];
        for (side, differences) in sides {
            let finding = |d: &Difference| format!("{}: {}", agreement.name, d.finding);
            found.extend(differences.iter().map(|d| (side.to_string(), finding(d))));
        }
    }
    let mut allowed = allowed();
    found.sort();
    allowed.sort();
    let only = |these: &[(String, String)], others: &[(String, String)]| -> Vec<_> {
        these.iter().filter(|finding| !others.contains(finding)).cloned().collect()
    };
    let (new, gone) = (only(&found, &allowed), only(&allowed, &found));
    assert_eq!((new, gone), (Vec::new(), Vec::new()), "differences that are new, or gone");
    assert_eq!(found, allowed);
}

#[test]
fn differences_are_told_apart_by_what_the_other_has_there_and_in_which_form() {
    let agreements = compare(&folder("found"), &[folder("sources")]).unwrap();
    let unresolved = agreements.iter().find(|a| a.name == "unresolved names").unwrap();
    let kinds: Vec<(&str, usize)> =
        by_kind(&unresolved.missed).into_iter().map(|(kind, of)| (kind, of.len())).collect();
    assert_eq!(
        kinds[..3],
        [
            ("not at all, in (defprotocol …)", 4),
            ("not at all, in a syntax quote", 3),
            ("instead in var definitions, in (defstate …)", 1),
        ],
        "{kinds:?}"
    );
    let definitions = agreements.iter().find(|a| a.name == "var definitions").unwrap();
    assert!(definitions.reached() && definitions.missed.is_empty(), "{:?}", definitions.missed);
}

#[test]
fn what_hooks_make_up_and_vars_that_are_not_there_are_counted_apart() {
    let folder = std::env::temp_dir().join(format!("kondo-hooks-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let source = "(ns h)\n(export a/b)\n(made k)\n";
    std::fs::write(folder.join("h.clj"), source).unwrap();
    let found = r#"{:analysis {
        :namespace-definitions [{:filename "h.clj" :name h :name-row 1 :name-col 5}]
        :var-definitions [{:filename "h.clj" :ns h :name b :name-row 2 :name-col 1}
                          {:filename "h.clj" :ns h :name c :name-row 3 :name-col 1}]
        :var-usages [{:filename "h.clj" :from h :to h :name k :name-row 3 :name-col 7}]}}"#;
    let file = folder.join("found.edn");
    std::fs::write(&file, found).unwrap();
    let agreements = compare(&file, std::slice::from_ref(&folder)).unwrap();
    let of = |name: &str| agreements.iter().find(|a| a.name == name).unwrap();
    let definitions = of("var definitions");
    assert_eq!((definitions.both, definitions.missed.len(), definitions.made_up), (1, 1, 1));
    assert_eq!((definitions.recall(), definitions.recall_of_founded()), (50.0, 100.0));
    let usages = of("var usages");
    assert_eq!((usages.missed.len(), usages.no_such_var, usages.reached()), (1, 1, true));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let missing = compare(Path::new("/nowhere"), &[folder("sources")]);
    assert!(matches!(missing, Err(KondoError::Read(..))), "{missing:?}");
    let none = compare(&folder("found"), &[folder("found")]);
    assert!(matches!(none, Err(KondoError::NoSources(n)) if n > 20), "{none:?}");
    let file = tempfile("other");
    std::fs::write(&file, "[]").unwrap();
    let refused = compare(&file, &[folder("sources")]);
    assert!(matches!(refused, Err(KondoError::Form(..))), "{refused:?}");
    std::fs::write(&file, "{:analysis {:var-definitions [{:filename \"w_dup.clj\" :ns t.w :name a :name-row 2 :name-col 6}]}}").unwrap();
    let agreements = compare(&file, &[folder("sources")]).unwrap();
    let definitions = agreements.iter().find(|a| a.name == "var definitions").unwrap();
    assert_eq!(definitions.both + definitions.missed.len(), 1);
    std::fs::remove_file(file).unwrap();
}

fn tempfile(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("kondo-{name}-{}.edn", std::process::id()))
}

#[test]
fn what_is_printed_here_reads_as_clj_kondos_own() {
    let sources = folder("sources");
    let text = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    let files: Vec<(String, String)> =
        std::fs::read_dir(&sources).unwrap().map(|entry| text(entry.unwrap().path())).collect();
    let found = code::analysis::find(&files, &code::analysis::Rules::default());
    let file = tempfile("own");
    std::fs::write(&file, code::analysis::as_kondo(&found).to_string()).unwrap();
    for agreement in compare(&file, &[sources]).unwrap() {
        let differs = (agreement.missed.len(), agreement.extra.len());
        assert!(agreement.both > 0 || agreement.name == "quoted symbols", "{agreement:?}");
        assert_eq!(differs, (0, 0), "{agreement:?}");
    }
    std::fs::remove_file(file).unwrap();
}
