//! The log: a row a transaction, numbered as they arrive.

use super::fault::Fault;
use super::state::State;
use crate::place::{Mark, Reading};
use crate::shown::heads_with;
use edn::Uuid;
use rusqlite::{Connection, params};
use rustc_hash::FxHashMap;
use std::path::Path;
use store::{Transaction, transactions};

/// Adds what the log lacks.
pub(super) fn add(
    connection: &Connection,
    transactions: &[Transaction],
    state: &mut State,
) -> Result<(), Fault> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO defbase_log (id, text) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING",
    )?;
    let mut news = Vec::new();
    for transaction in transactions {
        if insert.execute(params![transaction.id().to_string(), transaction.text()])? == 1 {
            news.push(transaction);
        }
    }
    state.transactions += news.len() as u64;
    if !news.is_empty() {
        state.heads = heads_with(std::mem::take(&mut state.heads), news);
    }
    Ok(())
}

/// What came behind a mark; `None` where there is no log.
pub(super) fn read(
    connection: &Connection,
    after: Option<&Mark>,
) -> Result<Option<Reading>, Fault> {
    let Some(state) = State::found(connection)? else { return Ok(None) };
    let after = after.and_then(|mark| reached(mark, &state));
    let (rows, last) = rows(connection, after.unwrap_or(0))?;
    let transactions = rows.into_transactions()?;
    let mark = Mark(format!("{} {last}", state.log));
    Ok(Some(Reading { transactions, mark, is_all: after.is_none() }))
}

/// All of it as one text.
pub(super) fn text(connection: &Connection) -> Result<String, Fault> {
    Ok(rows(connection, 0)?.0.text)
}

fn reached(mark: &Mark, state: &State) -> Option<i64> {
    let (log, n) = mark.0.split_once(' ')?;
    (log == state.log.to_string()).then_some(n.parse().ok()?)
}

/// Rows of the log as they stand.
#[derive(Default)]
struct Rows {
    ids: Vec<String>,
    text: String,
}

/// The rows behind a number, and the last number.
fn rows(connection: &Connection, after: i64) -> Result<(Rows, i64), Fault> {
    let sql = "SELECT n, id, text FROM defbase_log WHERE n > ?1 ORDER BY n";
    let mut select = connection.prepare_cached(sql)?;
    let mut found = select.query([after])?;
    let (mut rows, mut last) = (Rows::default(), after);
    while let Some(row) = found.next()? {
        last = row.get(0)?;
        rows.ids.push(row.get(1)?);
        rows.text.push_str(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?);
    }
    Ok((rows, last))
}

impl Rows {
    /// In the order of the rows.
    fn into_transactions(self) -> Result<Vec<Transaction>, Fault> {
        let read = transactions(self.text.as_bytes(), Path::new("defbase_log"))?;
        let mut by_id: FxHashMap<Uuid, Transaction> =
            read.into_iter().map(|transaction| (transaction.id(), transaction)).collect();
        let take = |id: String| {
            let found = Uuid::parse_str(&id).ok().and_then(|id| by_id.remove(&id));
            found.ok_or_else(|| Fault::Damaged {
                what: "log".to_owned(),
                problem: format!("the row of transaction {id} has another one or none"),
            })
        };
        self.ids.into_iter().map(take).collect()
    }
}
