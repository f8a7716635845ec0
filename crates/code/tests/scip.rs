//! The SCIP index of our own example and of small files, read back and held against the sources.
#![allow(clippy::unwrap_used)]

use code::analysis::{Rules, find};
use code::scip::{Package, index, package, write};
use protobuf::Message;
use scip::symbol::{format_symbol, is_local_symbol, parse_symbol};
use scip::types::symbol_information::Kind;
use scip::types::{Document, Index, Occurrence, SymbolInformation, SymbolRole};
use std::collections::{HashMap, HashSet};
use std::path::Path;

type Texts = Vec<(String, String)>;

/// Makes an index, writes it and reads it back.
fn indexed(files: &Texts, package: &Package) -> Index {
    let found = find(files, &Rules::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.scip");
    write(&path, index(files, &found, package, "file:///app")).unwrap();
    Index::parse_from_bytes(&std::fs::read(path).unwrap()).unwrap()
}

fn texts(files: &[(&str, &str)]) -> Texts {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn of(files: &[(&str, &str)]) -> Index {
    indexed(&texts(files), &Package::default())
}

/// The files of a folder.
fn read(folder: &Path, root: &Path, files: &mut Texts) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, root, files);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap();
            files.push((relative.to_owned(), text));
        }
    }
}

fn has(occurrence: &Occurrence, role: SymbolRole) -> bool {
    occurrence.symbol_roles & role as i32 != 0
}

/// What stands at a place: rows from 0, columns in UTF-16 units.
fn at(text: &str, range: &[i32]) -> String {
    let (row, from, to) = match *range {
        [row, from, to] => (row, from, to),
        ref other => panic!("{other:?} spans lines"),
    };
    let line: Vec<u16> = text.split('\n').nth(row as usize).unwrap().encode_utf16().collect();
    String::from_utf16(&line[from as usize..to as usize]).unwrap()
}

/// What must hold of every index: the checks of `scip lint`, and that names stand where it says.
fn check(index: &Index, files: &Texts) {
    let mut told: HashMap<&str, &SymbolInformation> = HashMap::new();
    let external: HashSet<&str> =
        index.external_symbols.iter().map(|s| s.symbol.as_str()).collect();
    assert_eq!(external.len(), index.external_symbols.len(), "external symbols are there once");
    for document in &index.documents {
        for symbol in document.symbols.iter().filter(|s| !is_local_symbol(&s.symbol)) {
            let before = told.insert(&symbol.symbol, symbol);
            assert!(before.is_none(), "{} is told of twice", symbol.symbol);
            assert!(!external.contains(symbol.symbol.as_str()), "{}", symbol.symbol);
        }
    }
    let mut defined: HashSet<&str> = HashSet::new();
    for document in &index.documents {
        let (_, text) = files.iter().find(|(path, _)| *path == document.relative_path).unwrap();
        let locals: HashSet<&str> = document
            .symbols
            .iter()
            .map(|s| s.symbol.as_str())
            .filter(|s| is_local_symbol(s))
            .collect();
        let mut seen = HashSet::new();
        for occurrence in &document.occurrences {
            let symbol = occurrence.symbol.as_str();
            let parsed = parse_symbol(symbol).unwrap_or_else(|e| panic!("{symbol}: {e:?}"));
            assert_eq!(format_symbol(parsed.clone()), symbol);
            let known =
                told.contains_key(symbol) || external.contains(symbol) || locals.contains(symbol);
            assert!(known, "{symbol} in {} is told of nowhere", document.relative_path);
            let key = (occurrence.range.clone(), symbol, has(occurrence, SymbolRole::Definition));
            assert!(seen.insert(key), "{symbol} stands twice at {:?}", occurrence.range);
            if has(occurrence, SymbolRole::Definition) {
                defined.insert(symbol);
            }
            let name = match is_local_symbol(symbol) {
                true => document
                    .symbols
                    .iter()
                    .find(|s| s.symbol == symbol)
                    .unwrap()
                    .display_name
                    .clone(),
                false => parsed.descriptors.last().unwrap().name.clone(),
            };
            let written = at(text, &occurrence.range);
            let is_namespace = symbol.ends_with('/');
            let fits = match () {
                () if has(occurrence, SymbolRole::Generated) => name.ends_with(&written),
                // An alias, or the end of a prefix list's library.
                () if is_namespace => !written.is_empty() && !written.contains([' ', '(', ')']),
                () => written == name,
            };
            assert!(fits, "{written:?} is no {name:?}: {symbol} in {}", document.relative_path);
        }
    }
    for symbol in told.keys() {
        assert!(defined.contains(symbol), "{symbol} is told of but not defined");
    }
    for symbol in told.values() {
        for relation in &symbol.relationships {
            let other = relation.symbol.as_str();
            assert!(told.contains_key(other) || external.contains(other), "{other}");
        }
    }
}

#[test]
fn our_example_is_indexed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/teahouse");
    let mut files = Texts::new();
    read(&root, &root, &mut files);
    let index = indexed(&files, &package(&files, "tea house"));
    check(&index, &files);
    assert_eq!(index.metadata.project_root, "file:///app");
    assert!(index.documents.len() > 10);
    let of_pricing = document(&index, "src/teahouse/pricing.cljc");
    let price = told(of_pricing, "price");
    assert_eq!(price.symbol, "scip-clojure . tea-house . `teahouse.pricing`/price.");
    assert_eq!(price.kind.enum_value(), Ok(Kind::Function));
}

#[test]
fn real_code_is_indexed() {
    for jar in ["core.async.jar", "clojure.jar", "tools.reader.jar"] {
        let path = Path::new("/usr/share/java").join(jar);
        if !path.exists() {
            assert!(std::env::var_os("CI").is_none(), "{jar} is missing: cargo xtask setup");
            eprintln!("skipped: {jar} is missing; `cargo xtask setup` installs it");
            continue;
        }
        let project = code::project::read(Path::new("/"), &[path]).unwrap();
        let text = |file: code::project::Source| {
            let path = file.path.split_once("!/").unwrap().1.to_owned();
            (path, String::from_utf8(file.bytes).unwrap())
        };
        let files: Texts = project.sources.into_iter().map(text).collect();
        let index = indexed(&files, &Package::default());
        assert_eq!(index.documents.len(), files.len(), "{jar}");
        check(&index, &files);
    }
}

fn document<'i>(index: &'i Index, path: &str) -> &'i Document {
    index.documents.iter().find(|document| document.relative_path == path).unwrap()
}

fn told<'d>(document: &'d Document, name: &str) -> &'d SymbolInformation {
    document.symbols.iter().find(|s| s.display_name == name).unwrap_or_else(|| panic!("{name}"))
}

/// What is said to stand in a file: its text, its symbol without scheme and package, its roles.
fn occurrences(index: &Index, path: &str, text: &str) -> Vec<String> {
    let roles = [
        (SymbolRole::Definition, "definition"),
        (SymbolRole::ForwardDefinition, "forward"),
        (SymbolRole::Import, "import"),
        (SymbolRole::ReadAccess, "read"),
        (SymbolRole::WriteAccess, "write"),
        (SymbolRole::Generated, "generated"),
        (SymbolRole::Test, "test"),
    ];
    let line = |o: &Occurrence| {
        let own: Vec<&str> =
            roles.iter().filter(|(role, _)| has(o, *role)).map(|(_, name)| *name).collect();
        let symbol = o.symbol.trim_start_matches("scip-clojure . . . ");
        format!("{} {symbol} {}", at(text, &o.range), own.join(" "))
    };
    document(index, path).occurrences.iter().map(line).collect()
}

#[test]
fn everything_that_is_named_is_there() {
    let text = "(ns a (:require [b.c :as c :refer [g]]))
(declare later)
(defn f \"Says é.\" [x] (c/h \"é😀\" (g x) later))
(def later 1)
(c/m f)";
    let other = "(ns b.c)\n(defn g [y] y)\n(defn h [& r])\n(defmacro m [x])";
    let files = texts(&[("a.clj", text), ("b/c.clj", other)]);
    let index = indexed(&files, &Package::default());
    check(&index, &files);
    let mut found = occurrences(&index, "a.clj", text);
    found.retain(|line| !line.contains("clojure.core"));
    assert_eq!(
        found,
        [
            "a a/ definition",
            "b.c `b.c`/ import",
            "g `b.c`/g. import",
            "later a/later. forward",
            "f a/f. definition",
            "x local 0 definition",
            "c `b.c`/ read",
            "h `b.c`/h. read",
            "g `b.c`/g. read",
            "x local 0 read",
            "later a/later. read",
            "later a/later. definition",
            "c `b.c`/ read",
            "m `b.c`/m! read",
            "f a/f. read",
        ]
    );
    let f = told(document(&index, "a.clj"), "f");
    assert_eq!(f.documentation, ["Says é."]);
    assert_eq!(f.signature_documentation.text, "(f [x])");
}

#[test]
fn what_implements_what() {
    let text = "(ns a)
(defprotocol Shape (area [s]))
(defrecord Square [a] Shape (area [_] a) Object (toString [_] \"s\"))
(defmulti named :kind)
(defmethod named :square [_] 1)
(defmethod named :disc [_] 2)
(Square. 1)
(->Square 1)
(extend-type String Shape (area [s] 0))";
    let files = texts(&[("a.clj", text)]);
    let index = indexed(&files, &Package::default());
    check(&index, &files);
    let document = document(&index, "a.clj");
    let implemented = |symbol: &str| -> Vec<String> {
        let full = format!("scip-clojure . . . {symbol}");
        let told = document
            .symbols
            .iter()
            .find(|s| s.symbol == full)
            .unwrap_or_else(|| panic!("{symbol}"));
        let relations = told.relationships.iter().filter(|r| r.is_implementation);
        relations.map(|r| r.symbol.trim_start_matches("scip-clojure . . . ").to_owned()).collect()
    };
    assert!(implemented("a/Square#").contains(&"a/Shape#".to_owned()));
    assert_eq!(implemented("a/Shape#area(+1)."), ["a/Shape#area()."]);
    assert_eq!(implemented("a/Shape#area(+2)."), ["a/Shape#area()."]);
    assert_eq!(implemented("a/named(+2)."), ["a/named."]);
    assert_eq!(told(document, "Shape").kind.enum_value(), Ok(Kind::Protocol));
    assert_eq!(told(document, "area").kind.enum_value(), Ok(Kind::ProtocolMethod));
    let uses = occurrences(&index, "a.clj", text);
    assert!(uses.contains(&"Square a/Square# read".to_owned()), "{uses:?}");
    assert!(uses.contains(&"Square a/`->Square`. definition generated".to_owned()), "{uses:?}");
}

#[test]
fn libraries_in_jars_are_of_their_packages() {
    let text = "(ns a (:require [util.core :as u]))\n(u/m (u/f 1) (u/gone))";
    let library = "(ns util.core)\n(declare f)\n(defmacro m \"Doc.\" [x] x)\n(defn f [y] y)";
    let files = texts(&[
        ("a.clj", text),
        ("deps.edn", "{:deps {org.lib/util-all {:mvn/version \"1.2\"}}}"),
        ("util-all-1.2.jar!/util/core.clj", library),
    ]);
    let index = indexed(&files, &Package::default());
    check(&index, &files);
    let external: Vec<String> = index
        .external_symbols
        .iter()
        .filter(|s| s.symbol.contains("util"))
        .map(|s| format!("{} {:?}", s.symbol, s.kind.enum_value().unwrap()))
        .collect();
    let of_package = "scip-clojure maven org.lib/util-all 1.2 `util.core`";
    assert_eq!(
        external,
        [
            format!("{of_package}/ Namespace"),
            format!("{of_package}/f. Function"),
            format!("{of_package}/gone. UnspecifiedKind"),
            format!("{of_package}/m! Macro"),
        ]
    );
    let told = index.external_symbols.iter().find(|s| s.display_name == "m").unwrap();
    assert_eq!(told.documentation, ["Doc."]);
}

#[test]
fn classes_are_types_and_what_is_changed_is_written() {
    let text = "(ns a.b-c (:import java.util.Date [a.b_c T]))
(deftype T [^:unsynchronized-mutable n] Runnable (run [_] (set! n 1)))
(def ^:dynamic *x* 1)
(set! *x* (Date. 5))
(alter-var-root #'*x* inc)
(Math/abs (T. *x*))";
    let files = texts(&[("a/b_c.clj", text)]);
    let index = indexed(&files, &Package::default());
    check(&index, &files);
    let found = occurrences(&index, "a/b_c.clj", text);
    for expected in [
        "Date `java.util`/Date# import",
        "Date `java.util`/Date# read",
        "Math `java.lang`/Math# read",
        "T `a.b-c`/T# import",
        "T `a.b-c`/T# read",
        "n local 0 write",
        "*x* `a.b-c`/`*x*`. write",
        "*x* `a.b-c`/`*x*`. read",
    ] {
        assert!(found.iter().any(|line| line == expected), "{expected} in {found:#?}");
    }
    assert_eq!(found.iter().filter(|line| line.ends_with("*x*`. write")).count(), 2);
}

#[test]
fn platforms_are_put_together() {
    let text = "(ns a)\n(defn f [x] #?(:clj x :cljs (inc x)))\n(def y #?(:clj 1 :cljs 2))";
    let index = of(&[("a.cljc", text)]);
    check(&index, &texts(&[("a.cljc", text)]));
    let found = occurrences(&index, "a.cljc", text);
    assert_eq!(found.iter().filter(|line| line.starts_with("f a/f.")).count(), 1);
    assert_eq!(found.iter().filter(|line| *line == "x local 0 read").count(), 2);
}

#[test]
fn odd_names_and_odd_files() {
    let text = "\u{feff}(ns a.b-c)\r\n(def foo' \\()\r\n(def -> foo')\r\n(def <=>! ->)\r\n(def naïve `x)\r\n(def / naïve)\r\n(defn open";
    let files = texts(&[("a/b_c.clj", text), ("empty.clj", ""), ("lib.jar!/x.clj", "(def x 1)")]);
    let index = indexed(&files, &Package::default());
    check(&index, &files);
    assert_eq!(index.documents.len(), 2, "what is inside of archives is left out");
}
