//! The tables, and the one row that says what they are of.

use super::fault::Fault;
use super::rows;
use crate::shown::Shown;
use edn::Uuid;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::collections::BTreeSet;

/// The version of the tables; a file of a later one is refused.
const FORMAT: i64 = 1;

/// DataScript's users have the first in their files as it stands here, up to `created_at`.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS datascript_snapshots (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE,
    data TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    form TEXT NOT NULL DEFAULT 'data',
    notation TEXT NOT NULL DEFAULT 'edn',
    squeeze TEXT NOT NULL DEFAULT ''
);
CREATE TABLE defbase_log (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL
);
CREATE TABLE defbase_nodes (
    address INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
);
CREATE TABLE defbase_state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    format INTEGER NOT NULL,
    log TEXT NOT NULL,
    transactions INTEGER NOT NULL,
    heads TEXT NOT NULL,
    shown_tx INTEGER,
    shown_last TEXT,
    generation INTEGER NOT NULL,
    nodes INTEGER NOT NULL,
    live_nodes INTEGER NOT NULL
);
";

/// Columns that a table of DataScript's users lacks.
const ADDED: [(&str, &str); 3] = [("form", "'data'"), ("notation", "'edn'"), ("squeeze", "''")];

/// What the file is of.
pub(super) struct State {
    /// Which log it is: another file has another.
    pub(super) log: Uuid,
    /// How many transactions the log has.
    pub(super) transactions: u64,
    /// Heads of the log, as `shown` says.
    pub(super) heads: BTreeSet<Uuid>,
    /// What nodes and rows show; nothing where they are empty.
    pub(super) shown: Option<Shown>,
    /// Counts the changes of nodes and rows.
    pub(super) generation: i64,
    /// How many nodes there are, and how many of them were needed when garbage was last looked for.
    pub(super) nodes: usize,
    pub(super) live_nodes: usize,
}

impl State {
    /// The state of a file that has every table.
    pub(super) fn of(connection: &Connection) -> Result<State, Fault> {
        State::found(connection)?.ok_or_else(|| Fault::Damaged {
            what: "the file".to_owned(),
            problem: "its table `defbase_state` is empty; put it aside, and the next transaction makes a new one".to_owned(),
        })
    }

    /// The same; `None` where nothing but versions was ever written to it.
    pub(super) fn found(connection: &Connection) -> Result<Option<State>, Fault> {
        if !has_table(connection, "defbase_state")? {
            return Ok(None);
        }
        let format = connection
            .query_row("SELECT format FROM defbase_state", [], |row| row.get::<_, i64>(0))
            .optional()?;
        match format {
            None => return Ok(None),
            Some(later) if later > FORMAT => {
                return Err(Fault::Refused(format!(
                    "it was written by a later version of defbase (its format is {later}, this one knows {FORMAT}): install that"
                )));
            }
            Some(_) => {}
        }
        let sql = "SELECT log, transactions, heads, shown_tx, shown_last, generation, nodes, live_nodes FROM defbase_state";
        let state = connection.query_row(sql, [], |row| {
            let (tx, last): (Option<u32>, Option<String>) = (row.get(3)?, row.get(4)?);
            let count = |column| -> rusqlite::Result<usize> {
                Ok(usize::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
            };
            let heads: String = row.get(2)?;
            Ok(State {
                log: uuid(&row.get::<_, String>(0)?),
                transactions: count(1)? as u64,
                heads: heads.split_whitespace().map(uuid).collect(),
                shown: tx.zip(last).map(|(tx, last)| Shown { tx, last: uuid(&last) }),
                generation: row.get(5)?,
                nodes: count(6)?,
                live_nodes: count(7)?,
            })
        })?;
        Ok(Some(state))
    }

    pub(super) fn put(&self, connection: &Connection) -> Result<(), Fault> {
        let heads: Vec<String> = self.heads.iter().map(Uuid::to_string).collect();
        let mut put = connection.prepare_cached(
            "UPDATE defbase_state SET transactions = ?1, heads = ?2, shown_tx = ?3, shown_last = ?4, \
             generation = ?5, nodes = ?6, live_nodes = ?7",
        )?;
        put.execute(params![
            self.transactions as i64,
            heads.join(" "),
            self.shown.map(|shown| shown.tx),
            self.shown.map(|shown| shown.last.to_string()),
            self.generation,
            self.nodes as i64,
            self.live_nodes as i64,
        ])?;
        Ok(())
    }
}

/// What is no id is one that nothing has.
fn uuid(text: &str) -> Uuid {
    Uuid::parse_str(text).unwrap_or(Uuid::nil())
}

pub(super) fn has_table(connection: &Connection, name: &str) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ?1";
    Ok(connection.prepare_cached(sql)?.exists([name])?)
}

pub(super) fn has_column(
    connection: &Connection,
    table: &str,
    column: &str,
) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2";
    Ok(connection.prepare_cached(sql)?.exists([table, column])?)
}

/// Makes what is not there, all of it or nothing.
pub(super) fn make_tables(connection: &mut Connection) -> Result<(), Fault> {
    if State::found(connection)?.is_some() {
        return Ok(());
    }
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another program may have made them meanwhile.
    if State::found(&change)?.is_some() {
        return Ok(());
    }
    for name in rows::NAMES {
        if has_table(&change, name)? {
            return Err(Fault::Refused(format!(
                "it has a table `{name}` that defbase did not make: name another path, or rename the table"
            )));
        }
    }
    change.execute_batch(TABLES)?;
    for (column, usual) in ADDED {
        if !has_column(&change, "datascript_snapshots", column)? {
            change.execute_batch(&format!(
                "ALTER TABLE datascript_snapshots ADD COLUMN {column} TEXT NOT NULL DEFAULT {usual}"
            ))?;
        }
    }
    rows::make_tables(&change)?;
    change.execute(
        "INSERT INTO defbase_state VALUES (1, ?1, ?2, 0, '', NULL, NULL, 0, 0, 0)",
        params![FORMAT, Uuid::new_v4().to_string()],
    )?;
    Ok(change.commit()?)
}
