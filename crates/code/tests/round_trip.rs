//! Import, then export, changes no byte of any file.
#![allow(clippy::unwrap_used)]

use code::export;
use code::import::import as compare;
use code::model;
use code::project::{self, Project, Scope, Source};
use db::Db;
use edn::{Inst, Value};
use std::path::{Path, PathBuf};

fn import(db: &Db, project: &Project) -> Db {
    let import = compare(db, project.clone(), Inst(1)).unwrap();
    db.with_ops(&import.plan.ops, Value::Nil).unwrap().db_after
}

fn assert_same(db: &Db, project: &Project) {
    for Source { path, bytes } in &project.sources {
        let out = export::file(db, path).unwrap().unwrap();
        assert!(out == *bytes, "{path} came out differently");
    }
    assert_eq!(export::paths(db).unwrap().len(), project.sources.len());
}

#[test]
fn files_that_are_hard_to_keep() {
    let files: [(&str, &[u8]); 16] = [
        ("empty.clj", b""),
        ("blank.clj", b"\n\n"),
        ("comments.clj", b"; only\n;; comments"),
        ("crlf.clj", b"(ns a)\r\n\r\n(def x \"a\r\nb\")\r\n"),
        ("mixed.clj", b"(def a 1)\r(def b 2)\n\r(def c 3)"),
        ("bom.clj", b"\xef\xbb\xbf(def x 1)\n"),
        ("no-end.clj", b"(def x 1)"),
        ("feeds.clj", b"(def x 1)\x0c\n\x0c(def y 2),,,\t\n"),
        ("latin1.clj", b"(def x 1)\n(def y \"\xe9\")\n"),
        ("zero.clj", b"(def x \"\x00\")\n"),
        ("unterminated.clj", b"(def x 1)\n(def y \"open\n(def z 2)\n"),
        ("unopened.clj", b"(def x 1)\n)\n(def z 2)\n"),
        ("twice.clj", b"(def x 1)\n(def x 1)\n\n(def x 1)\n(println)\n(println)\n"),
        ("discard.clj", b"#_ #_ (a) (b) (def x 1) #_c"),
        ("shebang.bb", b"#!/usr/bin/env bb\n(println 1)\n"),
        ("data.edn", b"{:a 1}\n[1 2] ; two\n"),
    ];
    let sources = files
        .iter()
        .map(|(path, bytes)| Source { path: (*path).into(), bytes: bytes.to_vec() })
        .collect();
    let project = Project { sources, scopes: vec![Scope::All], ..Project::default() };
    let empty = model::empty_db().unwrap();
    let first = compare(&empty, project.clone(), Inst(1)).unwrap();
    let latin1 = first.report.problems.iter().find(|p| p.path == "latin1.clj").unwrap();
    assert_eq!(
        latin1.to_string(),
        "latin1.clj:2:9: byte 0xe9 is no UTF-8; the file is kept as it is"
    );
    let db = empty.with_ops(&first.plan.ops, Value::Nil).unwrap().db_after;
    assert_same(&db, &project);
    let again = compare(&db, project.clone(), Inst(2)).unwrap();
    assert_eq!(again.plan.ops, []);
    let told: Vec<String> = again.report.problems.iter().map(ToString::to_string).collect();
    assert!(told.contains(&latin1.to_string()), "{told:?}");
    let mut other = project.clone();
    other.sources[8].bytes = b"(def y 2)".to_vec();
    other.sources.remove(0);
    let db = import(&db, &other);
    assert_same(&db, &other);
}

/// Debian's packages of Clojure libraries; a machine that lacks one tests the others.
#[test]
fn jars_of_real_code() {
    let folder = Path::new("/usr/share/java");
    let jars: Vec<PathBuf> = [
        "clojure.jar",
        "leiningen.jar",
        "core.async.jar",
        "ring-core.jar",
        "instaparse.jar",
        "schema.jar",
        "tools.reader.jar",
    ]
    .iter()
    .map(|name| folder.join(name))
    .filter(|path| path.exists())
    .collect();
    if jars.is_empty() {
        return;
    }
    let project = project::read(folder, &jars).unwrap();
    assert_eq!(project.problems, []);
    let db = import(&model::empty_db().unwrap(), &project);
    assert_same(&db, &project);
    let target = tempfile::tempdir().unwrap();
    let report = export::export(&db, target.path(), |_| true, None).unwrap();
    assert_eq!(report.written.len(), project.sources.len());
}
