//! SQLite beyond what every place does: what other programs find in the file, and the database in it.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used)]

mod crash;
mod damage;
mod laws;
mod queries;

use db::{Db, EntityId};
use edn::{Map, Value};
use places::mirror::{Field, Kind, TABLES, whole};
use places::{Form, Notation, Place, Saved, SqlitePlace, Squeeze};
use rusqlite::Connection as Sql;
use rusqlite::types::ValueRef;
use std::path::Path;
use store::{Connection, Transaction, TxInfo, transactions};

fn edn_of(text: &str) -> Value {
    edn::read(text).unwrap()
}

fn place(path: &Path) -> SqlitePlace {
    SqlitePlace::at(path, Squeeze::None)
}

/// A log with the schema of a code database.
fn code_log(path: &Path) -> Connection {
    let schema: Map = code::model::schema_map().unwrap();
    Connection::create(path, &schema, &TxInfo::default()).unwrap()
}

fn said(connection: &Connection, text: &str) {
    connection.transact(&edn_of(text), &TxInfo::default()).unwrap();
}

fn log_of(path: &Path) -> Vec<Transaction> {
    transactions(&std::fs::read(path).unwrap(), path).unwrap()
}

fn count(sql: &Sql, question: &str) -> i64 {
    sql.query_row(question, [], |row| row.get(0)).unwrap()
}

/// The rows of a table as they stand in the file.
fn rows_in(sql: &Sql, table: usize) -> Vec<(EntityId, Vec<Field>)> {
    let table = &TABLES[table];
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| match column.kind {
            Kind::Instant => {
                format!("CAST(round(unixepoch(\"{}\", 'subsec') * 1000) AS INTEGER)", column.name)
            }
            _ => format!("\"{}\"", column.name),
        })
        .collect();
    let question = format!("SELECT id, {} FROM {} ORDER BY id", columns.join(", "), table.name);
    let mut select = sql.prepare(&question).unwrap();
    let mut found = select.query([]).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = found.next().unwrap() {
        let field = |(column, n): (&places::mirror::Column, usize)| match (
            row.get_ref(n).unwrap(),
            column.kind,
        ) {
            (ValueRef::Null, _) => Field::Null,
            (ValueRef::Text(text), Kind::Text) => {
                Field::Text(String::from_utf8(text.to_vec()).unwrap())
            }
            (ValueRef::Integer(n), Kind::Boolean) => Field::Boolean(n == 1),
            (ValueRef::Integer(n), Kind::Instant) => Field::Instant(edn::Inst(n)),
            (ValueRef::Integer(n), Kind::Integer | Kind::Statement) => Field::Integer(n),
            (other, kind) => panic!("{} has {other:?}, which is no {kind:?}", column.name),
        };
        let fields = table.columns.iter().zip(1..).map(field).collect();
        rows.push((row.get(0).unwrap(), fields));
    }
    rows
}

/// That tables, index of words and nodes say what the database says.
async fn assert_shows(path: &Path, database: &Db) {
    let sql = Sql::open(path).unwrap();
    for (table, change) in whole(database).unwrap().into_iter().enumerate() {
        let expected: Vec<_> = change.rows.into_iter().map(|row| (row.id, row.fields)).collect();
        assert_eq!(rows_in(&sql, table), expected, "{}", TABLES[table].name);
    }
    let check = "INSERT INTO statements_text (statements_text, rank) VALUES ('integrity-check', 1)";
    sql.execute(check, []).unwrap();
    let shown = place(path).open_database().await.unwrap().unwrap();
    assert_eq!(shown.to_data(), database.to_data());
    shown.check_storage().unwrap();
}

#[tokio::test]
async fn datascripts_users_and_this_one_read_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("datascript-backup.db");
    let theirs = Sql::open(&path).unwrap();
    theirs
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS datascript_snapshots (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT UNIQUE,
            data TEXT,
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
        )",
        )
        .unwrap();
    let save = "INSERT OR REPLACE INTO datascript_snapshots (name, data) VALUES (?, ?)";
    let load = "SELECT data FROM datascript_snapshots WHERE name = ?";
    theirs.execute(save, ["my snapshot", "{:schema {}, :datoms []}"]).unwrap();

    let place = place(&path);
    let listed = place.versions().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].name.as_str(), listed[0].bytes), ("my snapshot", 24));
    assert!(listed[0].saved_at.0 > 1_700_000_000_000);
    let data = |text: &str| Saved {
        form: Form::Data,
        notation: Notation::Edn,
        text: text.as_bytes().to_vec(),
    };
    assert_eq!(place.load("my snapshot").await.unwrap(), Some(data("{:schema {}, :datoms []}")));
    assert_eq!(count(&theirs, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'defbase%'"), 0);

    let db = Db::empty(db::Schema::default()).db_with(&edn_of("[{:name \"Iv\\\"an\"}]")).unwrap();
    let printed = db.to_data().to_string();
    place.save(Some("ours"), &data(&printed)).await.unwrap();
    let read: String = theirs.query_row(load, ["ours"], |row| row.get(0)).unwrap();
    assert_eq!(
        read,
        "{:schema {}, :datoms [[1 :name \"Iv\\\"an\" 536870913]], :max-eid 1, :max-tx 536870913}"
    );

    // What they write over what we wrote in another form is theirs.
    let ours = Saved { form: Form::Snapshot, ..data("{}") };
    place.save(Some("both"), &ours).await.unwrap();
    theirs.execute(save, ["both", "{:datoms []}"]).unwrap();
    assert_eq!(place.load("both").await.unwrap(), Some(data("{:datoms []}")));
    assert_eq!(place.versions().await.unwrap().len(), 3);
    theirs.execute("INSERT INTO datascript_snapshots (data) VALUES ('{}')", []).unwrap();
    let unnamed = place.versions().await.unwrap().into_iter().find(|v| v.is_moment()).unwrap();
    assert_eq!(place.load(&unnamed.name).await.unwrap(), Some(data("{}")));
    assert!(place.forget(&unnamed.name).await.unwrap());
    assert_eq!(count(&theirs, "SELECT count(*) FROM datascript_snapshots WHERE name IS NULL"), 0);
}

/// Dozens of statements a transaction, so that the trees have some levels.
fn many(connection: &Connection, transactions: usize) {
    for t in 0..transactions {
        let forms: Vec<String> = (0..200)
            .map(|n| {
                format!("{{:statement/fqn \"n{t}/s{n}\" :statement/source \"(def s{n} {t})\" :statement/namespace \"n{t}\"}}")
            })
            .collect();
        said(connection, &format!("[{}]", forms.join(" ")));
    }
}

#[tokio::test]
async fn a_small_transaction_writes_little_of_a_large_database() {
    let folder = tempfile::tempdir().unwrap();
    let (log, path) = (folder.path().join("log"), folder.path().join("code-db.sqlite"));
    let connection = code_log(&log);
    many(&connection, 25);
    place(&path).append(&log_of(&log), Some(&connection.db())).await.unwrap();
    assert_shows(&path, &connection.db()).await;
    let sql = Sql::open(&path).unwrap();
    let nodes = count(&sql, "SELECT count(*) FROM defbase_nodes");
    assert!(nodes > 400, "{nodes}");
    let last = "SELECT coalesce(max(address), 0) FROM defbase_nodes";
    // The same program, and one that begins anew.
    let same = place(&path);
    for n in 0..4 {
        let before = count(&sql, last);
        said(&connection, &format!("[{{:statement/fqn \"n3/s5\" :statement/source \"{n}\"}}]"));
        let place = if n < 2 { &same } else { &place(&path) };
        place.append(&log_of(&log), Some(&connection.db())).await.unwrap();
        let written = count(&sql, last) - before;
        assert!((1..=48).contains(&written), "{written} of {nodes} nodes");
        assert_eq!(count(&sql, "SELECT count(*) FROM statements"), 5000);
        assert_shows(&path, &connection.db()).await;
    }
}

#[tokio::test]
async fn what_is_needed_no_more_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (log, path) = (folder.path().join("log"), folder.path().join("code-db.sqlite"));
    let connection = code_log(&log);
    let place = place(&path);
    many(&connection, 3);
    place.append(&log_of(&log), Some(&connection.db())).await.unwrap();
    let held = place.open_database().await.unwrap().unwrap();
    let expected = connection.db().to_data();
    let sql = Sql::open(&path).unwrap();
    let mut most = 0;
    for n in 0..60 {
        said(&connection, &format!("[{{:statement/fqn \"n1/s{n}\" :statement/source \"{n}\"}}]"));
        let all = log_of(&log);
        place.append(&all[all.len() - 1..], Some(&connection.db())).await.unwrap();
        most = most.max(count(&sql, "SELECT count(*) FROM defbase_nodes"));
    }
    assert_shows(&path, &connection.db()).await;
    let live = place.open_database().await.unwrap().unwrap().addresses().len() as i64;
    assert!(most <= 2 * live + 256 + 48, "{most} nodes, of which {live} are needed");
    // Who opened it before still has all of it.
    assert_eq!(held.to_data(), expected);
    held.check_storage().unwrap();
}

#[tokio::test]
async fn a_database_is_opened_whatever_the_tables_are_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (log, path) = (folder.path().join("log"), folder.path().join("code-db.sqlite"));
    let place = place(&path);
    assert!(place.open_database().await.unwrap().is_none());
    let connection = code_log(&log);
    place.append(&log_of(&log), Some(&connection.db())).await.unwrap();
    many(&connection, 1);
    place.append(&log_of(&log), None).await.unwrap();
    let opened = place.open_database().await.unwrap().unwrap();
    assert_eq!(opened.to_data(), connection.db().to_data());
    // A caller whose database is ahead of what it has added so far.
    let before = connection.db();
    said(&connection, "[{:statement/fqn \"later\"}]");
    place.append(&log_of(&log)[..2], Some(&connection.db())).await.unwrap();
    let opened = place.open_database().await.unwrap().unwrap();
    assert_eq!(opened.to_data(), before.to_data());
    place.append(&log_of(&log), Some(&connection.db())).await.unwrap();
    assert_shows(&path, &connection.db()).await;
}

#[tokio::test]
async fn a_schema_that_changes_changes_what_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (log, path) = (folder.path().join("log"), folder.path().join("code-db.sqlite"));
    let connection = Connection::create(&log, &Map::new(), &TxInfo::default()).unwrap();
    said(&connection, "[{:statement/fqn \"a/b\", :x [1 2]}]");
    let place = place(&path);
    place.append(&log_of(&log), Some(&connection.db())).await.unwrap();
    assert_shows(&path, &connection.db()).await;
    let schema = edn_of("{:statement/fqn {:db/unique :db.unique/identity} :x {:db/index true}}");
    let Value::Map(schema) = schema else { panic!("a map") };
    connection.change_schema(&schema, &TxInfo::default()).unwrap();
    place.append(&log_of(&log), Some(&connection.db())).await.unwrap();
    assert_shows(&path, &connection.db()).await;
    let sql = Sql::open(&path).unwrap();
    assert_eq!(count(&sql, "SELECT count(*) FROM statements WHERE fqn = 'a/b'"), 1);
}

#[tokio::test]
async fn what_others_put_into_the_tables_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let (log, path) = (folder.path().join("log"), folder.path().join("code-db.sqlite"));
    let connection = code_log(&log);
    place(&path).append(&log_of(&log), Some(&connection.db())).await.unwrap();
    let sql = Sql::open(&path).unwrap();
    let theirs = "INSERT INTO statements (id, fqn, source) VALUES (999, 'a/b', 'theirs')";
    sql.execute(theirs, []).unwrap();
    said(&connection, "[{:statement/fqn \"a/b\", :statement/source \"ours\"}]");
    place(&path).append(&log_of(&log), Some(&connection.db())).await.unwrap();
    assert_shows(&path, &connection.db()).await;
}

#[tokio::test]
async fn a_file_that_was_put_aside_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let (log, path) = (folder.path().join("log"), folder.path().join("code-db.sqlite"));
    let connection = code_log(&log);
    let place = place(&path);
    place.append(&log_of(&log), Some(&connection.db())).await.unwrap();
    place.read(None).await.unwrap();
    for ending in ["", "-wal", "-shm"] {
        let file = folder.path().join(format!("code-db.sqlite{ending}"));
        let _ = std::fs::rename(&file, folder.path().join(format!("aside{ending}")));
    }
    assert!(place.read(None).await.unwrap().transactions.is_empty());
    said(&connection, "[{:statement/fqn \"a/b\"}]");
    place.append(&log_of(&log), Some(&connection.db())).await.unwrap();
    assert_eq!(place.read(None).await.unwrap().transactions.len(), 2);
    assert_shows(&path, &connection.db()).await;
}
