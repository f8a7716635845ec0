//! Nodes and rows brought up to a database, with the log that is of.

use super::fault::Fault;
use super::file::File;
use super::nodes::{self, Stored};
use super::state::State;
use super::{log, rows};
use crate::mirror;
use crate::shown::{Shown, has_all_of, is_of_log};
use db::{Db, DbError, TX0};
use rusqlite::Connection;
use std::path::Path;
use store::StoreError;

/// Brings nodes and rows up to the database of the log, in the transaction that the log changes in.
///
/// That is the one that is given, unless other programs added what its owner lacks: then the log is replayed. Where the owner has more
/// than the log, it is about to add that, and what is shown stays as it is until then.
pub(super) fn bring_up(
    change: &Connection,
    file: &File,
    database: &Db,
    state: &mut State,
    stored: &mut Option<Stored>,
) -> Result<(), Fault> {
    if is_of_log(database, &state.heads, state.transactions) {
        return show(change, file, database, state, stored);
    }
    match has_all_of(database, &state.heads) {
        true => Ok(()),
        false => match replayed(change)? {
            Some(database) => show(change, file, &database, state, stored),
            None => Ok(()),
        },
    }
}

fn show(
    change: &Connection,
    file: &File,
    database: &Db,
    state: &mut State,
    stored: &mut Option<Stored>,
) -> Result<(), Fault> {
    let now = Shown::of(database);
    if now == state.shown {
        return Ok(());
    }
    let before = state.shown.filter(|s| s.is_past_of(database) && database.keeps_history());
    let gone_on = match before {
        Some(before) => go_on(change, file, database, state, stored.take(), before)?,
        None => None,
    };
    if gone_on.is_none() {
        rows::write_whole(change, &mirror::whole(database).map_err(given)?)?;
        Stored::whole(database, file, change, state)?;
    }
    *stored = gone_on;
    state.shown = now;
    Ok(())
}

/// Writes what is new; `None` where all is to be written: the schema is another, or the nodes cannot be read.
fn go_on(
    change: &Connection,
    file: &File,
    database: &Db,
    state: &mut State,
    known: Option<Stored>,
    before: Shown,
) -> Result<Option<Stored>, Fault> {
    let current = match Stored::current(known, file, state) {
        Err(Fault::Db(_)) => None,
        found => found?,
    };
    let Some(current) = current.filter(|stored| stored.has_schema_of(database)) else {
        return Ok(None);
    };
    let news = mirror::since(database, before.tx).map_err(given)?;
    match current.go_on(database, change, state) {
        Err(Fault::Db(_)) => Ok(None),
        stored => {
            rows::write(change, &news)?;
            stored.map(Some)
        }
    }
}

/// The database of the log itself; `None` as long as it lacks what others build on.
fn replayed(connection: &Connection) -> Result<Option<Db>, Fault> {
    let text = log::text(connection)?;
    match store::load(text.as_bytes(), Path::new("defbase_log")) {
        Ok(replayed) => Ok(Some(replayed.db)),
        Err(StoreError::MissingParents(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn given(error: DbError) -> Fault {
    Fault::Refused(format!("the database that it should show cannot be read: {error}"))
}

/// The database of the log as a connection sees it from now on; `None` where the log is empty.
pub(super) fn database(connection: Connection) -> Result<Option<Db>, Fault> {
    connection.execute_batch("BEGIN")?;
    let Some(state) = State::found(&connection)?.filter(|state| state.transactions > 0) else {
        return Ok(None);
    };
    let is_current = state.shown.is_some_and(|s| u64::from(s.tx - TX0) == state.transactions);
    if !is_current {
        return Ok(Some(
            store::load(log::text(&connection)?.as_bytes(), Path::new("defbase_log"))?.db,
        ));
    }
    nodes::database(connection).map(Some).ok_or_else(|| Fault::Damaged {
        what: "the stored database".to_owned(),
        problem: "its root does not read; the next transaction writes it anew".to_owned(),
    })
}
