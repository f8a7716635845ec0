//! The rows of `mirror` in SQLite, and an index of their words.
//!
//! Moments are text, in UTC, as `CURRENT_TIMESTAMP` gives them and with milliseconds. The index is FTS5's over the table itself
//! (`content`), kept current by triggers, so whoever changes the table changes the index. Its words are what stands between
//! punctuation: `"str/join"` is found as the two words beside each other, `join` is found in it.

use super::fault::Fault;
use crate::mirror::{Change, Field, Kind, Row, TABLES, Table};
use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{CachedStatement, Connection, ToSql};

/// The tables that are made here.
pub(super) const NAMES: [&str; 4] = ["statements", "dependencies", "namespaces", "statements_text"];

const INDEXES: &str = "
CREATE INDEX statements_by_namespace ON statements (namespace);
CREATE INDEX statements_by_name ON statements (name);
CREATE INDEX statements_by_file ON statements (file, position);
CREATE INDEX dependencies_by_from ON dependencies (from_statement_id, to_statement_id);
CREATE INDEX dependencies_by_to ON dependencies (to_statement_id);
CREATE VIRTUAL TABLE statements_text USING fts5(
    fqn, doc, source, content = 'statements', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
";

const TRIGGERS: &str = "
CREATE TRIGGER statements_text_insert AFTER INSERT ON statements BEGIN
    INSERT INTO statements_text (rowid, fqn, doc, source) VALUES (new.id, new.fqn, new.doc, new.source);
END;
CREATE TRIGGER statements_text_delete AFTER DELETE ON statements BEGIN
    INSERT INTO statements_text (statements_text, rowid, fqn, doc, source)
        VALUES ('delete', old.id, old.fqn, old.doc, old.source);
END;
CREATE TRIGGER statements_text_update AFTER UPDATE ON statements BEGIN
    INSERT INTO statements_text (statements_text, rowid, fqn, doc, source)
        VALUES ('delete', old.id, old.fqn, old.doc, old.source);
    INSERT INTO statements_text (rowid, fqn, doc, source) VALUES (new.id, new.fqn, new.doc, new.source);
END;
";

const WITHOUT_TRIGGERS: &str = "
DROP TRIGGER IF EXISTS statements_text_insert;
DROP TRIGGER IF EXISTS statements_text_delete;
DROP TRIGGER IF EXISTS statements_text_update;
INSERT INTO statements_text (statements_text) VALUES ('delete-all');
";

const INDEX_AGAIN: &str = "INSERT INTO statements_text (statements_text) VALUES ('rebuild');";

pub(super) fn make_tables(connection: &Connection) -> Result<(), Fault> {
    for table in &TABLES {
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|column| {
                let kind = match column.kind {
                    Kind::Text => "TEXT",
                    Kind::Integer => "INTEGER",
                    Kind::Boolean => "BOOLEAN",
                    Kind::Instant => "TIMESTAMP",
                    Kind::Statement => {
                        "INTEGER REFERENCES statements (id) DEFERRABLE INITIALLY DEFERRED"
                    }
                };
                let needed = if column.is_needed { " NOT NULL" } else { "" };
                let unique = if column.is_unique() { " UNIQUE" } else { "" };
                format!("\"{}\" {kind}{needed}{unique}", column.name)
            })
            .collect();
        connection.execute_batch(&format!(
            "CREATE TABLE {} (id INTEGER PRIMARY KEY, {})",
            table.name,
            columns.join(", ")
        ))?;
    }
    connection.execute_batch(INDEXES)?;
    Ok(connection.execute_batch(TRIGGERS)?)
}

/// Writes what changed.
pub(super) fn write(connection: &Connection, change: &Change) -> Result<(), Fault> {
    for (table, change) in TABLES.iter().zip(change).rev() {
        let sql = format!("DELETE FROM {} WHERE id = ?1", table.name);
        let mut delete = connection.prepare_cached(&sql)?;
        for id in &change.gone {
            delete.execute([id])?;
        }
    }
    insert(connection, change)
}

/// Writes all rows in place of those that are there.
pub(super) fn write_whole(connection: &Connection, rows: &Change) -> Result<(), Fault> {
    connection.execute_batch(WITHOUT_TRIGGERS)?;
    for table in TABLES.iter().rev() {
        connection.execute(&format!("DELETE FROM {}", table.name), [])?;
    }
    insert(connection, rows)?;
    connection.execute_batch(INDEX_AGAIN)?;
    Ok(connection.execute_batch(TRIGGERS)?)
}

fn insert(connection: &Connection, change: &Change) -> Result<(), Fault> {
    for (table, change) in TABLES.iter().zip(change) {
        let mut insert = connection.prepare_cached(&insertion(table))?;
        for row in &change.rows {
            insert_row(&mut insert, row)?;
        }
    }
    Ok(())
}

/// What others may have put into the table makes room.
fn insertion(table: &Table) -> String {
    let names: Vec<String> = table.columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
    let values: Vec<String> = table
        .columns
        .iter()
        .zip(2..)
        .map(|(column, n)| match column.kind {
            Kind::Instant => format!("strftime('%Y-%m-%d %H:%M:%f', ?{n} / 1000.0, 'unixepoch')"),
            _ => format!("?{n}"),
        })
        .collect();
    let (names, values) = (names.join(", "), values.join(", "));
    format!("INSERT OR REPLACE INTO {} (id, {names}) VALUES (?1, {values})", table.name)
}

fn insert_row(insert: &mut CachedStatement<'_>, row: &Row) -> Result<(), Fault> {
    insert.raw_bind_parameter(1, row.id)?;
    for (field, n) in row.fields.iter().zip(2..) {
        insert.raw_bind_parameter(n, field)?;
    }
    insert.raw_execute()?;
    Ok(())
}

impl ToSql for Field {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Field::Null => ToSqlOutput::Owned(Value::Null),
            Field::Text(text) => text.as_str().into(),
            Field::Integer(n) => ToSqlOutput::Owned(Value::Integer(*n)),
            Field::Boolean(is) => ToSqlOutput::Owned(Value::Integer((*is).into())),
            Field::Instant(at) => ToSqlOutput::Owned(Value::Integer(at.0)),
        })
    }
}
