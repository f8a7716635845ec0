//! What is said to the server: each call is one transaction.

use crate::mirror;
use crate::place::Version;
use crate::postgres::rows;
use crate::postgres::tables::Tables;
use crate::shown::{Shown, heads_with, is_of_log};
use db::{Db, DbError, EntityId};
use edn::{Uuid, Value};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};
use store::Transaction;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row};

/// How many transactions are read at a time.
const PAGE: i64 = 10_000;

/// A text in a row: as it is, or packed where PostgreSQL cannot have it as it is.
pub(crate) type Cells = (Option<String>, Option<Vec<u8>>);

/// How far a log goes.
pub(crate) struct Reached {
    pub(crate) log: String,
    pub(crate) last: i64,
}

/// A version as its row has it.
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) millis: i64,
    pub(crate) form: String,
    pub(crate) notation: String,
    pub(crate) bytes: i64,
}

type Parameter<'p> = (&'p (dyn ToSql + Sync), Type);

/// What is to be added.
pub(crate) struct Adding<'a> {
    pub(crate) transactions: &'a [Transaction],
    /// Their texts.
    pub(crate) cells: &'a [Cells],
    /// What they lead to.
    pub(crate) database: Option<&'a Db>,
    /// Whether the server announces.
    pub(crate) announces: bool,
}

/// Adds the transactions that the log lacks, in two round trips and a commit, and announces them if the server can. The
/// tables that show the code are brought up to the database in the same transaction. A database that cannot be read is the
/// inner error; nothing is changed then.
pub(crate) async fn append(
    client: &Client,
    tables: &Tables,
    adding: &Adding<'_>,
) -> Result<Result<(), DbError>, Error> {
    let asked: Vec<Uuid> = adding.transactions.iter().map(Transaction::id).collect();
    let asked: [Parameter<'_>; 1] = [(&asked, Type::UUID_ARRAY)];
    let (_, state, known) = futures_util::try_join!(
        client.batch_execute("BEGIN"),
        client.query_typed_one(&tables.lock, &[]),
        client.query_typed(&tables.known, &asked),
    )?;
    let before = State::of(&state)?;
    let mut known: FxHashSet<Uuid> =
        known.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let new: Vec<(&Transaction, &Cells)> = adding
        .transactions
        .iter()
        .zip(adding.cells)
        .filter(|(t, _)| known.insert(t.id()))
        .collect();
    let mut after = State {
        last: before.last + new.len() as i64,
        heads: heads_with(before.heads.clone(), new.iter().map(|(t, _)| *t)),
        ..before.clone()
    };
    if let Some(database) = adding.database {
        match after.show(client, database).await? {
            Ok(()) => {}
            Err(error) => return client.batch_execute("ROLLBACK").await.map(|()| Err(error)),
        }
    }
    if after == before {
        return client.batch_execute("ROLLBACK").await.map(Ok);
    }
    let numbers: Vec<i64> = (before.last + 1..=after.last).collect();
    let ids: Vec<Uuid> = new.iter().map(|(t, _)| t.id()).collect();
    let texts: Vec<Option<&str>> = new.iter().map(|(_, (text, _))| text.as_deref()).collect();
    let packed: Vec<Option<&[u8]>> = new.iter().map(|(_, (_, small))| small.as_deref()).collect();
    let rows: [Parameter<'_>; 4] = [
        (&numbers, Type::INT8_ARRAY),
        (&ids, Type::UUID_ARRAY),
        (&texts, Type::TEXT_ARRAY),
        (&packed, Type::BYTEA_ARRAY),
    ];
    let heads = after.heads.iter().map(Uuid::to_string).collect::<Vec<_>>().join(" ");
    let shown_tx = after.shown.map(|shown| i64::from(shown.tx));
    let shown_last = after.shown.map(|shown| shown.last);
    let count: [Parameter<'_>; 5] = [
        (&after.last, Type::INT8),
        (&heads, Type::TEXT),
        (&shown_tx, Type::INT8),
        (&shown_last, Type::UUID),
        (&after.shown_schema, Type::INT8),
    ];
    futures_util::try_join!(
        client.execute_typed(&tables.add, &rows),
        client.execute_typed(&tables.count, &count),
    )?;
    match adding.announces {
        true => client.batch_execute(&tables.announce_and_commit).await.map(Ok),
        false => client.batch_execute("COMMIT").await.map(Ok),
    }
}

/// What the row of the state says.
#[derive(Clone, PartialEq)]
struct State {
    last: i64,
    heads: BTreeSet<Uuid>,
    shown: Option<Shown>,
    /// A checksum of the schema of what is shown.
    shown_schema: Option<i64>,
}

impl State {
    fn of(row: &Row) -> Result<State, Error> {
        let heads: String = row.try_get(1)?;
        let tx = row.try_get::<_, Option<i64>>(2)?.and_then(|tx| EntityId::try_from(tx).ok());
        let last: Option<Uuid> = row.try_get(3)?;
        Ok(State {
            last: row.try_get(0)?,
            heads: heads.split_whitespace().filter_map(|id| id.parse().ok()).collect(),
            shown: tx.zip(last).map(|(tx, last)| Shown { tx, last }),
            shown_schema: row.try_get(4)?,
        })
    }

    /// Brings the tables up to a database, if that is the one of the log. Where others have added what it lacks, or where it
    /// has more, what is shown stays as it is until it is.
    async fn show(&mut self, client: &Client, db: &Db) -> Result<Result<(), DbError>, Error> {
        let now = Shown::of(db);
        if now == self.shown || !is_of_log(db, &self.heads, self.last.unsigned_abs()) {
            return Ok(Ok(()));
        }
        let schema = edn::print(&Value::Map(db.schema().as_map().clone()));
        let schema = Some(i64::from(crc32c::crc32c(schema.as_bytes())));
        let goes_on =
            |s: &Shown| self.shown_schema == schema && s.is_past_of(db) && db.keeps_history();
        let before = self.shown.filter(goes_on);
        let change = match before {
            Some(before) => mirror::since(db, before.tx),
            None => mirror::whole(db),
        };
        let change = match change {
            Ok(change) => change,
            Err(error) => return Ok(Err(error)),
        };
        match before {
            Some(_) => rows::write(client, &change).await?,
            None => rows::write_whole(client, &change).await?,
        }
        (self.shown, self.shown_schema) = (now, schema);
        Ok(Ok(()))
    }
}

/// Which log it is and how far it goes.
pub(crate) async fn reached(client: &Client, tables: &Tables) -> Result<Reached, Error> {
    let row = client.query_typed_one(&tables.reach, &[]).await?;
    Ok(Reached { log: row.try_get(0)?, last: row.try_get(1)? })
}

/// Texts of the log behind a number, and the number of the last of them.
pub(crate) async fn page(
    client: &Client,
    tables: &Tables,
    after: i64,
    last: i64,
) -> Result<(Vec<Cells>, i64), Error> {
    let parameters: [Parameter<'_>; 3] =
        [(&after, Type::INT8), (&last, Type::INT8), (&PAGE, Type::INT8)];
    let rows = client.query_typed(&tables.read, &parameters).await?;
    let end = match rows.last() {
        Some(row) => row.try_get(0)?,
        None => last,
    };
    let cells = rows.iter().map(|row| cells(row, 1)).collect::<Result<_, _>>()?;
    Ok((cells, end))
}

/// Writes a version; says whether it was written, which the statement may leave to what is there.
pub(crate) async fn put(
    client: &Client,
    statement: &str,
    version: &Version,
    (text, packed): &Cells,
) -> Result<bool, Error> {
    let millis = u64::try_from(version.saved_at.0).unwrap_or(0);
    // At the end of its millisecond: what others wrote in the same one was there before.
    let saved_at = UNIX_EPOCH + Duration::from_millis(millis) + Duration::from_micros(999);
    let (form, notation) = (version.form.name(), version.notation.name());
    let bytes = version.bytes as i64;
    let parameters: [Parameter<'_>; 7] = [
        (&version.name, Type::TEXT),
        (text, Type::TEXT),
        (packed, Type::BYTEA),
        (&saved_at, Type::TIMESTAMPTZ),
        (&form, Type::TEXT),
        (&notation, Type::TEXT),
        (&bytes, Type::INT8),
    ];
    Ok(client.execute_typed(statement, &parameters).await? > 0)
}

/// All versions, the newest first.
pub(crate) async fn versions(client: &Client, tables: &Tables) -> Result<Vec<Kept>, Error> {
    let rows = client.query_typed(&tables.versions, &[]).await?;
    let told = rows.iter().map(|row| {
        Ok(Kept {
            name: row.try_get(0)?,
            millis: row.try_get(1)?,
            form: row.try_get(2)?,
            notation: row.try_get(3)?,
            bytes: row.try_get(4)?,
        })
    });
    told.collect()
}

/// The form, the notation and the text of a version.
pub(crate) async fn load(
    client: &Client,
    tables: &Tables,
    name: &str,
) -> Result<Option<(String, String, Cells)>, Error> {
    let row = client.query_typed_opt(&tables.load, &[(&name, Type::TEXT)]).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?, cells(&row, 2)?))).transpose()
}

/// Removes a version; says whether there was one.
pub(crate) async fn forget(client: &Client, tables: &Tables, name: &str) -> Result<bool, Error> {
    Ok(client.execute_typed(&tables.forget, &[(&name, Type::TEXT)]).await? > 0)
}

fn cells(row: &Row, from: usize) -> Result<Cells, Error> {
    Ok((row.try_get(from)?, row.try_get(from + 1)?))
}
