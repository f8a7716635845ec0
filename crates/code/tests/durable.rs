//! Code in a log: written, opened again, the same.
#![allow(clippy::unwrap_used)]

use code::import::import;
use code::project::{Project, Scope, Source};
use code::{export, history, model, show};
use edn::Inst;
use std::path::Path;
use store::{Connection, TxInfo};

fn project(files: &[(&str, &str)]) -> Project {
    let source = |(path, text): &(&str, &str)| Source {
        path: (*path).to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    Project {
        sources: files.iter().map(source).collect(),
        scopes: vec![Scope::All],
        ..Project::default()
    }
}

fn transact(connection: &Connection, files: &[(&str, &str)], now: i64) {
    let import = import(&connection.db(), project(files), Inst(now)).unwrap();
    let author = Some("Ada".to_owned());
    let info = TxInfo { author, inst: Some(Inst(now)), ..TxInfo::default() };
    connection.transact_ops(&import.plan.ops, &info).unwrap();
}

fn assert_same(connection: &Connection, files: &[(&str, &str)]) {
    let db = connection.db();
    for (path, text) in files {
        let bytes = export::file(&db, path).unwrap().unwrap();
        assert_eq!(std::str::from_utf8(&bytes).unwrap(), *text);
    }
    assert_eq!(export::paths(&db).unwrap().len(), files.len());
    let again = import(&db, project(files), Inst(9)).unwrap();
    assert_eq!(again.plan.ops, []);
}

fn check(log: &Path) {
    let first = [
        ("a.clj", "(ns a)\n\n(defn f [x] (inc x))\n\n(defprotocol P (p [_]))\n(f 1)\n(f 2)\n"),
        ("b.cljs", "(ns b (:require [a]))\r\n(defn g [] (a/f 1)) ; ü\r\n"),
        ("c.clj", "(def broken"),
    ];
    let second = [
        ("a.clj", "(ns a)\n\n(defn h [x] (inc x))\n\n(defprotocol P (p [_] [_ x]))\n(f 2)\n"),
        ("d/b.cljs", "(ns b (:require [a]))\r\n(defn g [] (a/h 1)) ; ü\r\n"),
    ];
    let info = TxInfo::default();
    let connection = Connection::create(log, &model::schema_map().unwrap(), &info).unwrap();
    transact(&connection, &first, 1_000);
    assert_same(&connection, &first);
    transact(&connection, &second, 2_000);
    assert_same(&connection, &second);
    let written = connection.db();
    drop(connection);

    let reopened = Connection::open(log).unwrap();
    let db = reopened.db();
    assert_eq!(db.len(), written.len());
    assert_same(&reopened, &second);
    let statement = show::find(&db, "a/h").unwrap();
    let versions = history::versions(&db, statement).unwrap();
    let names: Vec<_> = versions.iter().map(|v| v.fqn.as_deref()).collect();
    assert_eq!(names, [Some("a/f"), Some("a/h")]);
    assert_eq!(versions[1].origin.author.as_deref(), Some("Ada"));
    assert_eq!(versions[1].origin.at, Some(Inst(2_000)));
    let then = db.as_of(&edn::Value::Inst(Inst(1_500))).unwrap();
    for (path, text) in &first {
        let bytes = export::file(&then, path).unwrap().unwrap();
        assert_eq!(std::str::from_utf8(&bytes).unwrap(), *text);
    }
}

#[test]
fn a_log_keeps_a_project_and_its_past() {
    let folder = tempfile::tempdir().unwrap();
    check(&folder.path().join("code-db-txlog.edn"));
}
