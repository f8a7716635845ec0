//! Questions in SQL, asked of real code: they have the answers that Datalog has.

use super::{code_log, edn_of, place};
use db::{Db, Query};
use edn::{Inst, Value};
use places::Place;
use rusqlite::Connection as Sql;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use store::TxInfo;

/// The jars of a Debian package; `None` where it is not installed.
fn jars_of(package: &str) -> Option<Vec<PathBuf>> {
    let listed = Command::new("dpkg").args(["-L", package]).output().ok()?;
    if !listed.status.success() {
        return None;
    }
    let paths = String::from_utf8_lossy(&listed.stdout).into_owned();
    let jars =
        paths.lines().map(PathBuf::from).filter(|path| path.extension() == Some("jar".as_ref()));
    let mut jars: Vec<PathBuf> = jars.filter_map(|path| path.canonicalize().ok()).collect();
    jars.sort();
    jars.dedup();
    Some(jars)
}

/// Code imported into a log, and the log put into a file of SQLite's.
async fn shown(base: &Path, roots: &[PathBuf], folder: &Path) -> (Db, Sql) {
    let connection = code_log(&folder.join("log"));
    let project = code::project::read(base, roots).unwrap();
    let import = code::import::import(&connection.db(), project, Inst(0)).unwrap();
    connection.transact_ops(&import.plan.ops, &TxInfo::default()).unwrap();
    let path = folder.join("code-db.sqlite");
    place(&path).append(&super::log_of(&folder.join("log")), Some(&connection.db())).await.unwrap();
    (connection.db(), Sql::open(&path).unwrap())
}

async fn teahouse(folder: &Path) -> (Db, Sql) {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/teahouse");
    shown(&base, &[PathBuf::from(".")], folder).await
}

type Rows = BTreeSet<Vec<Value>>;

/// The rows of an answer.
fn sql_rows(sql: &Sql, question: &str) -> Rows {
    let mut select = sql.prepare(question).unwrap();
    let columns = select.column_count();
    let mut found = select.query([]).unwrap();
    let mut rows = Rows::new();
    while let Some(row) = found.next().unwrap() {
        let value = |n| match row.get_ref(n).unwrap() {
            rusqlite::types::ValueRef::Null => Value::Nil,
            rusqlite::types::ValueRef::Integer(n) => Value::Int(n),
            rusqlite::types::ValueRef::Real(n) => Value::from(n),
            rusqlite::types::ValueRef::Text(text) => {
                Value::string(std::str::from_utf8(text).unwrap())
            }
            rusqlite::types::ValueRef::Blob(_) => panic!("bytes"),
        };
        rows.insert((0..columns).map(value).collect());
    }
    rows
}

fn datalog_rows(db: &Db, question: &str) -> Rows {
    let query = Query::parse(&edn_of(question)).unwrap();
    query.run(&[db.into()]).unwrap().rows().collect()
}

const DEPENDENCIES: &str = "
SELECT stmt.fqn, dep_stmt.fqn, dep_stmt.source
FROM statements stmt
JOIN dependencies d ON stmt.id = d.from_statement_id
JOIN statements dep_stmt ON d.to_statement_id = dep_stmt.id";

fn assert_dependencies_agree(db: &Db, sql: &Sql) {
    let rows = sql_rows(sql, DEPENDENCIES);
    let edges = datalog_rows(
        db,
        "[:find ?fqn ?dep-fqn ?dep-source :where [?d :dependency/from ?stmt] [?d :dependency/to ?dep]
          [?stmt :statement/fqn ?fqn] [?dep :statement/fqn ?dep-fqn] [?dep :statement/source ?dep-source]]",
    );
    assert!(!rows.is_empty());
    assert_eq!(rows, edges);
    // Asked by names, there is less: a statement that defines several has edges to each besides.
    let named = datalog_rows(
        db,
        "[:find ?fqn ?dep-fqn ?dep-source :where [?stmt :statement/fqn ?fqn] [?stmt :statement/dependencies ?dep-fqn]
          [?dep :statement/fqn ?dep-fqn] [?dep :statement/source ?dep-source]]",
    );
    let unnamed: Vec<_> = named.difference(&rows).filter(|row| row[0] != row[1]).collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}

const STATISTICS: &str = "
SELECT
  namespace,
  COUNT(*) as total_statements,
  COUNT(CASE WHEN pure = true THEN 1 END) as pure_statements,
  AVG(line_count) as avg_complexity
FROM statements
GROUP BY namespace";

fn assert_statistics_agree(db: &Db, sql: &Sql) {
    let all = datalog_rows(
        db,
        "[:find ?ns (count ?stmt) (sum ?lines) :where [?stmt :statement/namespace ?ns] [?stmt :statement/line-count ?lines]]",
    );
    let pure = datalog_rows(
        db,
        "[:find ?ns (count ?stmt) :where [?stmt :statement/namespace ?ns] [?stmt :statement/pure? true]]",
    );
    let pure_in = |ns: &Value| {
        pure.iter().find(|row| row[0] == *ns).map_or(Value::Int(0), |row| row[1].clone())
    };
    let in_datalog: Vec<_> = all
        .iter()
        .map(|row| {
            let (count, lines) = (row[1].as_int().unwrap(), row[2].as_int().unwrap());
            let average = Value::from(lines as f64 / count as f64);
            vec![row[0].clone(), row[1].clone(), pure_in(&row[0]), average]
        })
        .collect();
    let rows = sql_rows(sql, STATISTICS);
    // What is in no namespace (`deps.edn`) is a group of its own in SQL.
    let in_sql: Vec<_> = rows.into_iter().filter(|row| row[0] != Value::Nil).collect();
    assert!(in_sql.len() > 1);
    assert_eq!(in_sql, in_datalog);
}

/// Paths are text here: SQLite has no arrays.
const CYCLES: &str = "
WITH RECURSIVE dep_paths (start_id, current_id, path) AS (
  SELECT from_statement_id, to_statement_id, '/' || from_statement_id || '/'
  FROM dependencies
  UNION
  SELECT dp.start_id, d.to_statement_id, dp.path || d.from_statement_id || '/'
  FROM dep_paths dp
  JOIN dependencies d ON dp.current_id = d.from_statement_id
  WHERE instr(dp.path, '/' || d.from_statement_id || '/') = 0
)
SELECT DISTINCT fqn FROM dep_paths JOIN statements ON id = start_id
WHERE start_id = current_id";

/// Without paths: each pair once, however many ways lead from one to the other.
const ON_CYCLES: &str = "
WITH RECURSIVE reached (start_id, current_id) AS (
  SELECT from_statement_id, to_statement_id FROM dependencies
  UNION
  SELECT r.start_id, d.to_statement_id
  FROM reached r JOIN dependencies d ON r.current_id = d.from_statement_id
)
SELECT fqn FROM reached JOIN statements ON id = start_id WHERE start_id = current_id";

const CYCLES_IN_DATALOG: &str =
    "[:find ?fqn :in $ % :where (reaches ?s ?s) [?s :statement/fqn ?fqn]]";

fn cycles_in_datalog(db: &Db) -> Rows {
    let rules = "[[(reaches ?a ?b) [?d :dependency/from ?a] [?d :dependency/to ?b]]
                  [(reaches ?a ?b) [?d :dependency/from ?a] [?d :dependency/to ?c] (reaches ?c ?b)]]";
    let query = Query::parse(&edn_of(CYCLES_IN_DATALOG)).unwrap();
    query.run(&[db.into(), edn_of(rules).into()]).unwrap().rows().collect()
}

#[tokio::test]
async fn the_example_answers_in_sql_as_in_datalog() {
    let folder = tempfile::tempdir().unwrap();
    let (db, sql) = teahouse(folder.path()).await;
    assert_dependencies_agree(&db, &sql);
    assert_statistics_agree(&db, &sql);
    let cycles = cycles_in_datalog(&db);
    assert_eq!(sql_rows(&sql, CYCLES), cycles);
    assert_eq!(sql_rows(&sql, ON_CYCLES), cycles);
    let namespaces = datalog_rows(&db, "[:find ?name :where [?n :namespace/name ?name]]");
    assert_eq!(sql_rows(&sql, "SELECT name FROM namespaces"), namespaces);
}

#[tokio::test]
async fn real_code_answers_in_sql_as_in_datalog() {
    for package in
        ["libtools-reader-clojure", "libring-core-clojure", "libprismatic-schema-clojure"]
    {
        let Some(jars) = jars_of(package) else {
            assert!(
                std::env::var_os("CI").is_none(),
                "{package} is not installed: cargo xtask setup"
            );
            eprintln!("skipped: {package} is not installed; `cargo xtask setup` does it");
            continue;
        };
        let folder = tempfile::tempdir().unwrap();
        let (db, sql) = shown(Path::new("/"), &jars, folder.path()).await;
        assert_dependencies_agree(&db, &sql);
        assert_statistics_agree(&db, &sql);
        let cycles = cycles_in_datalog(&db);
        assert!(!cycles.is_empty(), "{package} calls itself somewhere");
        assert_eq!(sql_rows(&sql, ON_CYCLES), cycles);
    }
}

#[tokio::test]
async fn words_are_found_in_names_docstrings_and_sources() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    std::fs::create_dir(&project).unwrap();
    let source = "(ns app.core (:require [clojure.string :as str]))\n\
        (defn foo->bar? \"Whether a café is open.\" [x] (str/join \",\" x))\n\
        (defn *dynamic-thing* [] (foo->bar? :app.core/key-word))\n\
        (defn barley [] 1)\n";
    std::fs::write(project.join("core.clj"), source).unwrap();
    let (_, sql) = shown(&project, &[PathBuf::from(".")], folder.path()).await;
    let found = |words: &str| -> Vec<String> {
        let question =
            "SELECT fqn FROM statements_text WHERE statements_text MATCH ?1 ORDER BY fqn";
        let mut select = sql.prepare(question).unwrap();
        let rows = select.query_map([words], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let (foo, dynamic) = ("app.core/foo->bar?", "app.core/*dynamic-thing*");
    assert_eq!(found("\"foo->bar?\""), [dynamic, foo]);
    assert_eq!(found("fqn:\"foo->bar?\""), [foo]);
    assert_eq!(found("\"str/join\""), [foo]);
    assert_eq!(found("join"), [foo]);
    assert_eq!(found("bar"), [dynamic, foo]);
    assert_eq!(found("bar*"), [dynamic, "app.core/barley", foo]);
    assert_eq!(found("doc:cafe"), [foo]);
    assert_eq!(found("\"app.core/key-word\""), [dynamic]);
    assert_eq!(found("thing NOT open"), [dynamic]);
    assert!(found("nowhere").is_empty());
}
