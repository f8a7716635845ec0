//! The rows of `mirror` in PostgreSQL, with the words of statements.
//!
//! Rows go and come by arrays, a statement for some thousands of them. What a row refers to is not watched by the server:
//! where a statement comes in another form its row goes and comes again, and CockroachDB checks references at once.
//!
//! Words are what stands between punctuation, so `str/join` is found as `str` and `join` beside each other. The column
//! `words` has them, `GIN` finds by them.

use crate::mirror::{Change, Column, Field, Kind, Row, TABLES, Table};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error};

/// How many rows are written by one statement.
const AT_A_TIME: usize = 2_000;

/// How much of a source has its words found: no value with words may be too large for PostgreSQL.
const MOST_WORDS: usize = 100_000;

/// The columns that words are of.
const WORDS_OF: [&str; 3] = ["fqn", "doc", "source"];

/// The statements that make the tables.
pub(crate) fn make() -> Vec<String> {
    let mut make: Vec<String> = TABLES.iter().map(table).collect();
    for (name, table, columns) in [
        ("statements_by_namespace", "statements", "(namespace)"),
        ("statements_by_name", "statements", "(name)"),
        ("statements_by_file", "statements", "(file, position)"),
        ("statements_by_word", "statements", "USING GIN (words)"),
        ("dependencies_by_from", "dependencies", "(from_statement_id, to_statement_id)"),
        ("dependencies_by_to", "dependencies", "(to_statement_id)"),
    ] {
        make.push(format!("CREATE INDEX IF NOT EXISTS {name} ON {table} {columns}"));
    }
    make
}

fn table(table: &Table) -> String {
    let columns = table.columns.iter().map(|column| {
        let needed = if column.is_needed { " NOT NULL" } else { "" };
        let unique = if column.is_unique() { " UNIQUE" } else { "" };
        format!(", \"{}\" {}{needed}{unique}", column.name, kind_of(column))
    });
    let columns: String = columns.collect();
    let words = if has_words(table) { ", words TSVECTOR" } else { "" };
    format!("CREATE TABLE IF NOT EXISTS {} (id BIGINT PRIMARY KEY{columns}{words})", table.name)
}

fn kind_of(column: &Column) -> &'static str {
    match column.kind {
        Kind::Text => "TEXT",
        Kind::Integer | Kind::Statement => "BIGINT",
        Kind::Boolean => "BOOLEAN",
        Kind::Instant => "TIMESTAMPTZ",
    }
}

fn has_words(table: &Table) -> bool {
    table.columns.iter().any(|column| column.name == WORDS_OF[0])
}

/// Writes what changed.
pub(crate) async fn write(client: &Client, change: &Change) -> Result<(), Error> {
    for (table, change) in TABLES.iter().zip(change).rev() {
        let delete = format!("DELETE FROM {} WHERE id = ANY($1)", table.name);
        for gone in change.gone.chunks(AT_A_TIME) {
            let gone: Vec<i64> = gone.iter().map(|id| i64::from(*id)).collect();
            client.execute_typed(&delete, &[(&gone, Type::INT8_ARRAY)]).await?;
        }
    }
    insert(client, change).await
}

/// Writes all rows in place of those that are there.
pub(crate) async fn write_whole(client: &Client, rows: &Change) -> Result<(), Error> {
    for table in TABLES.iter().rev() {
        client.execute_typed(&format!("DELETE FROM {} WHERE TRUE", table.name), &[]).await?;
    }
    insert(client, rows).await
}

async fn insert(client: &Client, change: &Change) -> Result<(), Error> {
    for (table, change) in TABLES.iter().zip(change) {
        let insert = insertion(table);
        for rows in change.rows.chunks(AT_A_TIME) {
            let ids: Vec<i64> = rows.iter().map(|row| i64::from(row.id)).collect();
            let mut arrays = vec![Array::Integers(ids.into_iter().map(Some).collect())];
            for (n, column) in table.columns.iter().enumerate() {
                arrays.push(Array::of(column, rows.iter().map(|row| &row.fields[n])));
            }
            if has_words(table) {
                arrays.push(Array::Texts(rows.iter().map(|row| Some(words(table, row))).collect()));
            }
            let arrays: Vec<(&(dyn ToSql + Sync), Type)> =
                arrays.iter().map(Array::typed).collect();
            client.execute_typed(&insert, &arrays).await?;
        }
    }
    Ok(())
}

fn insertion(table: &Table) -> String {
    let mut names = vec!["id".to_owned()];
    let mut kinds = vec!["BIGINT"];
    for column in table.columns {
        names.push(format!("\"{}\"", column.name));
        kinds.push(kind_of(column));
    }
    let mut values: Vec<String> = (1..=names.len()).map(|n| format!("c{n}")).collect();
    if has_words(table) {
        names.push("words".to_owned());
        kinds.push("TEXT");
        values.push(format!("to_tsvector('simple', c{})", names.len()));
    }
    let given: Vec<String> =
        kinds.iter().zip(1..).map(|(kind, n)| format!("${n}::{kind}[]")).collect();
    let called: Vec<String> = (1..=names.len()).map(|n| format!("c{n}")).collect();
    format!(
        "INSERT INTO {} ({}) SELECT {} FROM unnest({}) AS rows ({})",
        table.name,
        names.join(", "),
        values.join(", "),
        given.join(", "),
        called.join(", ")
    )
}

/// The words of a row with a space between two.
fn words(table: &Table, row: &Row) -> String {
    let mut words = String::new();
    for (column, field) in table.columns.iter().zip(&row.fields) {
        if let Field::Text(text) = field
            && WORDS_OF.contains(&column.name)
        {
            let spaced = |c: char| if c.is_alphanumeric() { c } else { ' ' };
            words.extend(text.chars().take(MOST_WORDS).map(spaced));
            words.push(' ');
        }
    }
    words
}

/// A column of some rows.
enum Array {
    Texts(Vec<Option<String>>),
    Integers(Vec<Option<i64>>),
    Booleans(Vec<Option<bool>>),
    Instants(Vec<Option<SystemTime>>),
}

impl Array {
    fn of<'f>(column: &Column, fields: impl Iterator<Item = &'f Field>) -> Array {
        match column.kind {
            // No text of PostgreSQL's has a NUL; what is shown for one is the sign for it.
            Kind::Text => Array::Texts(taken(fields, |field| match field {
                Field::Text(text) => Some(text.replace('\0', "\u{2400}")),
                _ => None,
            })),
            Kind::Integer | Kind::Statement => {
                Array::Integers(taken(fields, |field| match field {
                    Field::Integer(n) => Some(*n),
                    _ => None,
                }))
            }
            Kind::Boolean => Array::Booleans(taken(fields, |field| match field {
                Field::Boolean(is) => Some(*is),
                _ => None,
            })),
            Kind::Instant => Array::Instants(taken(fields, |field| match field {
                Field::Instant(at) => {
                    UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(at.0).ok()?))
                }
                _ => None,
            })),
        }
    }

    fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Array::Texts(array) => (array, Type::TEXT_ARRAY),
            Array::Integers(array) => (array, Type::INT8_ARRAY),
            Array::Booleans(array) => (array, Type::BOOL_ARRAY),
            Array::Instants(array) => (array, Type::TIMESTAMPTZ_ARRAY),
        }
    }
}

fn taken<'f, T>(
    fields: impl Iterator<Item = &'f Field>,
    take: impl Fn(&Field) -> Option<T>,
) -> Vec<Option<T>> {
    fields.map(take).collect()
}
