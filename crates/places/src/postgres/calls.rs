//! What is said to the server: each call is one transaction.

use crate::place::Version;
use crate::postgres::tables::Tables;
use edn::Uuid;
use rustc_hash::FxHashSet;
use std::time::{Duration, UNIX_EPOCH};
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

/// Adds the transactions that the log lacks, in two round trips and a commit, and announces them if the server can.
pub(crate) async fn append(
    client: &Client,
    tables: &Tables,
    transactions: &[(Uuid, Cells)],
    announces: bool,
) -> Result<(), Error> {
    let asked: Vec<Uuid> = transactions.iter().map(|(id, _)| *id).collect();
    let asked: [Parameter<'_>; 1] = [(&asked, Type::UUID_ARRAY)];
    let (_, last, known) = futures_util::try_join!(
        client.batch_execute("BEGIN"),
        client.query_typed_one(&tables.lock, &[]),
        client.query_typed(&tables.known, &asked),
    )?;
    let last: i64 = last.try_get(0)?;
    let mut known: FxHashSet<Uuid> =
        known.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let new: Vec<_> = transactions.iter().filter(|(id, _)| known.insert(*id)).collect();
    let end = last + new.len() as i64;
    if end == last {
        return client.batch_execute("ROLLBACK").await;
    }
    let numbers: Vec<i64> = (last + 1..=end).collect();
    let ids: Vec<Uuid> = new.iter().map(|(id, _)| *id).collect();
    let texts: Vec<Option<&str>> = new.iter().map(|(_, (text, _))| text.as_deref()).collect();
    let packed: Vec<Option<&[u8]>> = new.iter().map(|(_, (_, small))| small.as_deref()).collect();
    let rows: [Parameter<'_>; 4] = [
        (&numbers, Type::INT8_ARRAY),
        (&ids, Type::UUID_ARRAY),
        (&texts, Type::TEXT_ARRAY),
        (&packed, Type::BYTEA_ARRAY),
    ];
    let count: [Parameter<'_>; 1] = [(&end, Type::INT8)];
    futures_util::try_join!(
        client.execute_typed(&tables.add, &rows),
        client.execute_typed(&tables.count, &count),
    )?;
    match announces {
        true => client.batch_execute(&tables.announce_and_commit).await,
        false => client.batch_execute("COMMIT").await,
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
