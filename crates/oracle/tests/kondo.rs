//! Small files, each a trap of Clojure source, analysed beside what clj-kondo (August 2026) found in them.
#![allow(clippy::unwrap_used)]

use oracle::kondo::{KondoError, by_kind, compare};
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kondo").join(name)
}

/// Where the two differ, with what is said of each; nothing else may.
const DIFFERENCES: [(&str, &str); 22] = [
    // A method of an interface is no var.
    ("- var definitions", "./i_proto.clj:9:24  t.i/getX"),
    // The form that is not closed is left alone.
    ("- var definitions", "./y_unterminated.clj:3:7  t.y/broken"),
    ("- var usages", "./y_unterminated.clj:3:2  clojure.core/defn"),
    // A macro called def… with a name after it defines it.
    ("+ var definitions", "./k_macrodef.clj:3:11  t.k/gen1"),
    ("+ var definitions", "./k_macrodef.clj:7:17  t.k/st"),
    ("+ var definitions", "./x_spec.clj:6:12  t.x/st"),
    ("+ var usages", "./k_macrodef.clj:4:15  t.k/gen1"),
    ("- unresolved names", "./k_macrodef.clj:3:11  gen1"),
    ("- unresolved names", "./k_macrodef.clj:4:15  gen1"),
    ("- unresolved names", "./k_macrodef.clj:7:17  st"),
    // A method of the host is no var.
    ("- unresolved names", "./i_proto.clj:8:108  toString"),
    // An instance of a record is a use of it, and so is its name as `fdef` and `import-vars` take it.
    ("+ var usages", "./i_proto.clj:8:54  t.i/R"),
    ("+ var usages", "./k_macrodef.clj:5:45  clojure.string/join"),
    ("+ var usages", "./x_spec.clj:3:9  t.x/foo"),
    // Parameters in a protocol are no uses; generated symbols neither.
    ("- unresolved names", "./i_proto.clj:2:26  this"),
    ("- unresolved names", "./i_proto.clj:2:33  this"),
    ("- unresolved names", "./i_proto.clj:2:38  x"),
    ("- unresolved names", "./i_proto.clj:2:55  this"),
    ("- unresolved names", "./f_sq.clj:3:31  y#"),
    ("- unresolved names", "./f_sq.clj:3:46  y#"),
    ("- unresolved names", "./f_sq.clj:3:87  y#"),
    // A byte-order mark is no symbol.
    ("- unresolved names", "./q_bom.clj:1:1  \u{feff}"),
];

#[test]
fn traps_are_read_as_clj_kondo_reads_them_but_where_it_is_said() {
    let agreements = compare(&folder("found"), &[folder("sources")]).unwrap();
    let mut found = Vec::new();
    for agreement in agreements.iter().filter(|a| a.name != "var usages with the var around") {
        assert!(agreement.both > 0, "{}", agreement.name);
        let missed = agreement.missed.iter().map(|d| (format!("- {}", agreement.name), d));
        let extra = agreement.extra.iter().map(|d| (format!("+ {}", agreement.name), d));
        found.extend(missed.chain(extra).map(|(side, d)| (side, d.finding.clone())));
    }
    let mut expected: Vec<(String, String)> =
        DIFFERENCES.iter().map(|(kind, f)| (kind.to_string(), f.to_string())).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
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
    assert!(!definitions.reached(), "three of 103 are missing");
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
    assert_eq!(agreements.iter().map(|a| a.both + a.missed.len()).sum::<usize>(), 1);
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
        assert!(agreement.both > 0 && differs == (0, 0), "{agreement:?}");
    }
    std::fs::remove_file(file).unwrap();
}
