//! SQLite in memory, with the indexes that an expert would make: facts in one table, and a column for each attribute.

use crate::Failure;
use crate::clock::{Measured, Pace, median};
use crate::data::{Atom, Dataset, Entity};
use crate::rows::{Row, Task};
use edn::Value;
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use std::fmt::Write;

/// How the facts lie.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Layout {
    /// `facts(e, a, v)`, attributes by number, with an index for each order.
    Facts,
    /// `entity(id, …)`, and a table for each attribute with many values; of data that have changed, `version(since, until, id, …)`.
    Columns,
}

/// A data set in SQLite.
pub(crate) struct Sqlite {
    connection: Connection,
    layout: Layout,
}

fn cell(atom: &Atom) -> Cell {
    match atom {
        Atom::Int(n) => Cell::Integer(*n),
        Atom::Text(text) => Cell::Text(text.clone()),
        Atom::Word(name) => Cell::Text(format!(":{name}")),
        Atom::Flag(flag) => Cell::Integer(i64::from(*flag)),
        Atom::Ref(e) => Cell::Integer(i64::from(*e)),
    }
}

/// `id` is the entity itself.
fn column(attribute: &str) -> &str {
    if attribute == "id" { "own id" } else { attribute }
}

/// The type of a column: SQLite joins columns of different types without their indexes.
fn kind(data: &Dataset, attribute: usize) -> &'static str {
    match data.facts().find(|(_, a, _)| *a == attribute) {
        Some((_, _, Atom::Text(_) | Atom::Word(_))) => "TEXT",
        _ => "INTEGER",
    }
}

/// The transaction at which what is true now ends.
const STILL: i64 = 99;

/// An entity's id and its values of attributes with one each.
fn columns_of(entity: &Entity, single: &[usize]) -> Vec<Cell> {
    let value = |a: &usize| entity.facts.iter().find(|(b, _)| b == a).map(|(_, v)| cell(v));
    let values = single.iter().map(|a| value(a).unwrap_or(Cell::Null));
    std::iter::once(Cell::Integer(i64::from(entity.id))).chain(values).collect()
}

impl Sqlite {
    pub(crate) fn new(data: &Dataset, layout: Layout) -> Result<Sqlite, Failure> {
        let connection = Connection::open_in_memory()?;
        let sqlite = Sqlite { connection, layout };
        sqlite.connection.execute_batch("BEGIN")?;
        match layout {
            Layout::Facts => sqlite.load_facts(data)?,
            Layout::Columns => sqlite.load_columns(data)?,
        }
        sqlite.connection.execute_batch("COMMIT; ANALYZE")?;
        Ok(sqlite)
    }

    fn load_facts(&self, data: &Dataset) -> Result<(), Failure> {
        self.connection.execute_batch("CREATE TABLE facts (e, a, v)")?;
        let mut insert = self.connection.prepare("INSERT INTO facts VALUES (?, ?, ?)")?;
        for (e, a, v) in data.facts() {
            insert.execute((e, a as i64, cell(v)))?;
        }
        self.connection.execute_batch(
            "CREATE INDEX eav ON facts (e, a, v); CREATE INDEX ave ON facts (a, v, e); CREATE INDEX aev ON facts (a, e, v)",
        )?;
        Ok(())
    }

    fn load_columns(&self, data: &Dataset) -> Result<(), Failure> {
        let single: Vec<usize> =
            (0..data.attributes.len()).filter(|a| !data.attributes[*a].many).collect();
        let mut columns = String::new();
        for a in &single {
            write!(columns, ", \"{}\" {}", column(data.attributes[*a].name), kind(data, *a))?;
        }
        let mut schema = format!("CREATE TABLE entity (id INTEGER PRIMARY KEY{columns});");
        for (a, many) in data.attributes.iter().enumerate().filter(|(_, a)| a.many) {
            write!(
                schema,
                "CREATE TABLE \"{}\" (id INTEGER, value {});",
                many.name,
                kind(data, a)
            )?;
        }
        self.connection.execute_batch(&schema)?;
        let marks = vec!["?"; single.len() + 1].join(", ");
        let mut insert =
            self.connection.prepare(&format!("INSERT INTO entity VALUES ({marks})"))?;
        for entity in &data.entities {
            insert.execute(rusqlite::params_from_iter(columns_of(entity, &single)))?;
        }
        if !data.changes.is_empty() {
            self.load_versions(data, &columns, &single)?;
        }
        for (a, many) in data.attributes.iter().enumerate().filter(|(_, a)| a.many) {
            let sql = format!("INSERT INTO \"{}\" VALUES (?, ?)", many.name);
            let mut insert = self.connection.prepare(&sql)?;
            for (e, _, v) in data.facts().filter(|(_, b, _)| *b == a) {
                insert.execute((e, cell(v)))?;
            }
        }
        let mut indexes = String::new();
        for attribute in &data.attributes {
            let name = column(attribute.name);
            match attribute.many {
                true => write!(
                    indexes,
                    "CREATE INDEX \"{name} by id\" ON \"{name}\" (id, value); CREATE INDEX \"{name} by value\" ON \"{name}\" (value, id);"
                )?,
                false => write!(indexes, "CREATE INDEX \"by {name}\" ON entity (\"{name}\");")?,
            }
        }
        self.connection.execute_batch(&indexes)?;
        Ok(())
    }

    /// An entity's row for each of its two transactions, and when it was true.
    fn load_versions(
        &self,
        data: &Dataset,
        columns: &str,
        single: &[usize],
    ) -> Result<(), Failure> {
        self.connection.execute_batch(&format!(
            "CREATE TABLE version (since INTEGER, until INTEGER, id INTEGER{columns});"
        ))?;
        let marks = vec!["?"; single.len() + 3].join(", ");
        let mut insert =
            self.connection.prepare(&format!("INSERT INTO version VALUES ({marks})"))?;
        let mut put = |since: i64, until: i64, row: Vec<Cell>| {
            let times = [Cell::Integer(since), Cell::Integer(until)];
            insert.execute(rusqlite::params_from_iter(times.into_iter().chain(row)))
        };
        let mut changes = data.changes.iter().peekable();
        for entity in &data.entities {
            let mut row = columns_of(entity, single);
            match changes.next_if(|(e, ..)| *e == entity.id) {
                None => put(1, STILL, row)?,
                Some((_, a, v)) => {
                    put(1, 2, row.clone())?;
                    if let Some(at) = single.iter().position(|b| b == a) {
                        row[at + 1] = cell(v);
                    }
                    put(2, STILL, row)?
                }
            };
        }
        for name in ["id", "since", "until", "name", "age"] {
            let sql = format!("CREATE INDEX \"version by {name}\" ON version ({name})");
            self.connection.execute_batch(&sql)?;
        }
        Ok(())
    }

    /// The time of a row, where SQL has it; statements are prepared anew each time, as the others parse and plan.
    pub(crate) fn run(
        &self,
        row: &Row,
        data: &Dataset,
        pace: Pace,
    ) -> Result<Option<Measured>, Failure> {
        let sql = match (self.layout, row.task) {
            (Layout::Columns, _) => Some(row.sql.to_string()).filter(|sql| !sql.is_empty()),
            (Layout::Facts, Task::Ask(query, inputs)) => {
                translated(&edn::read(query)?, inputs, data)?
            }
            _ => None,
        };
        let Some(sql) = sql else { return Ok(None) };
        median(pace, || {
            let mut statement = self.connection.prepare(&sql)?;
            let width = statement.column_count();
            let mut rows = statement.query([])?;
            let mut all: Vec<Cell> = Vec::new();
            while let Some(row) = rows.next()? {
                for column in 0..width {
                    all.push(row.get(column)?);
                }
            }
            Ok(all.len() / width.max(1))
        })
        .map(Some)
    }
}

/// A query of patterns and comparisons as a self-join of the facts; `None` for any other.
fn translated(query: &Value, inputs: &[&str], data: &Dataset) -> Result<Option<String>, Failure> {
    let sections = query.as_seq().unwrap_or_default();
    let section = |name: &str| {
        let at = sections.iter().position(|form| form.is_keyword(name));
        let rest = &sections[at.map_or(sections.len(), |at| at + 1)..];
        let end = rest.iter().position(|form| form.as_keyword().is_some()).unwrap_or(rest.len());
        &rest[..end]
    };
    let mut columns: Vec<(String, String)> = Vec::new();
    for (name, input) in section("in").iter().skip(1).zip(inputs) {
        if name.to_string() == "%" {
            return Ok(None);
        }
        columns.push((name.to_string(), literal(&edn::read(input)?)));
    }
    let (mut tables, mut conditions) = (Vec::new(), Vec::new());
    for (i, clause) in section("where").iter().enumerate() {
        match clause.as_seq() {
            Some([e, a, v]) => {
                let Some(a) = data.attributes.iter().position(|b| a.is_keyword(b.name)) else {
                    return Ok(None);
                };
                tables.push(format!("facts f{i}"));
                conditions.push(format!("f{i}.a = {a}"));
                for (part, column) in [(e, "e"), (v, "v")] {
                    let here = format!("f{i}.{column}");
                    let name = part.to_string();
                    match columns.iter().find(|(other, _)| *other == name) {
                        Some((_, there)) => conditions.push(format!("{here} = {there}")),
                        None if name.starts_with('?') => columns.push((name, here)),
                        None => conditions.push(format!("{here} = {}", literal(part))),
                    }
                }
            }
            Some([call]) if matches!(call.as_seq(), Some([_, _, _])) => {
                let Some([op, a, b]) = call.as_seq() else { return Ok(None) };
                let side = |part: &Value| {
                    let name = part.to_string();
                    let bound = columns.iter().find(|(other, _)| *other == name);
                    bound.map_or_else(|| literal(part), |(_, column)| column.clone())
                };
                conditions.push(format!("{} {op} {}", side(a), side(b)));
            }
            _ => return Ok(None),
        }
    }
    let mut found = Vec::new();
    for part in section("find") {
        let name = part.to_string();
        match columns.iter().find(|(other, _)| *other == name) {
            Some((_, column)) => found.push(column.clone()),
            None => return Ok(None),
        }
    }
    Ok(Some(format!(
        "SELECT DISTINCT {} FROM {} WHERE {}",
        found.join(", "),
        tables.join(", "),
        conditions.join(" AND ")
    )))
}

fn literal(value: &Value) -> String {
    match value {
        Value::Int(n) => n.to_string(),
        Value::Bool(flag) => i64::from(*flag).to_string(),
        Value::Str(text) => format!("'{text}'"),
        other => format!("'{other}'"),
    }
}
