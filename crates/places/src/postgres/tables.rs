//! The tables, and every statement that is made of them: nothing here that CockroachDB and YugabyteDB do not speak.
//!
//! | table | what |
//! |---|---|
//! | `datascript_snapshots` | versions, in the shape that DataScript's users have: `id`, `name`, `data`, `created_at` |
//! | `defbase_log` | transactions with the number of their arrival |
//! | `defbase_state` | one row: which log it is, the last number, and what the tables of `rows` show |
//!
//! Serial numbers become visible out of order, and so would make bad marks. The state's row is locked until a
//! transaction ends, so numbers become visible in their order, in PostgreSQL as in those that speak like it.

use crate::error::PlaceError;
use crate::mirror::TABLES;
use crate::postgres::address::identifier;
use crate::postgres::rows;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

const STATE: &str = "defbase_state";

/// What DataScript's users call the table of versions.
pub(crate) const VERSIONS: &str = "datascript_snapshots";

/// The statements for tables of one name.
pub(crate) struct Tables {
    make: Vec<String>,
    are_there: String,
    names: Vec<String>,
    pub(crate) lock: String,
    pub(crate) known: String,
    pub(crate) add: String,
    pub(crate) count: String,
    pub(crate) reach: String,
    pub(crate) read: String,
    pub(crate) replace: String,
    pub(crate) save: String,
    pub(crate) versions: String,
    pub(crate) load: String,
    pub(crate) forget: String,
    pub(crate) announce_and_commit: String,
    /// What new transactions are announced on.
    pub(crate) channel: String,
}

/// When a version was saved, in milliseconds.
const SAVED_AT: &str = "floor(extract(epoch FROM created_at) * 1000)::BIGINT";

impl Tables {
    /// The tables, with versions in the one of a name.
    pub(crate) fn named(versions: &str) -> Result<Tables, PlaceError> {
        let versions = identifier(versions)?;
        let (log, state) = ("defbase_log", STATE);
        Ok(Tables {
            make: making(&versions, log, state),
            are_there: "SELECT table_name::TEXT FROM information_schema.tables \
                 WHERE table_schema = current_schema() AND table_name = ANY($1)"
                .to_owned(),
            lock: format!(
                "SELECT last, heads, shown_tx, shown_last, shown_schema FROM \"{state}\" \
                 WHERE one = 1 FOR UPDATE"
            ),
            known: format!("SELECT id FROM \"{log}\" WHERE id = ANY($1)"),
            add: format!(
                "INSERT INTO \"{log}\" (number, id, text, packed) \
                 SELECT * FROM unnest($1::BIGINT[], $2::UUID[], $3::TEXT[], $4::BYTEA[])"
            ),
            count: format!(
                "UPDATE \"{state}\" SET last = $1, heads = $2, shown_tx = $3, shown_last = $4, \
                 shown_schema = $5 WHERE one = 1"
            ),
            reach: format!("SELECT log::TEXT, last FROM \"{state}\" WHERE one = 1"),
            read: format!(
                "SELECT number, text, packed FROM \"{log}\" WHERE number > $1 AND number <= $2 \
                 ORDER BY number LIMIT $3"
            ),
            replace: format!(
                "INSERT INTO \"{versions}\" (name, data, packed, created_at, form, notation, bytes) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO UPDATE SET \
                 data = excluded.data, packed = excluded.packed, created_at = excluded.created_at, \
                 form = excluded.form, notation = excluded.notation, bytes = excluded.bytes"
            ),
            save: format!(
                "INSERT INTO \"{versions}\" (name, data, packed, created_at, form, notation, bytes) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING"
            ),
            versions: format!(
                "SELECT coalesce(name, {SAVED_AT}::TEXT), {SAVED_AT}, form, notation, \
                 coalesce(bytes, octet_length(data), 0)::BIGINT \
                 FROM \"{versions}\" ORDER BY created_at DESC, id DESC"
            ),
            load: format!(
                "SELECT form, notation, data, packed FROM \"{versions}\" \
                 WHERE name = $1 OR (name IS NULL AND {SAVED_AT}::TEXT = $1) ORDER BY id DESC LIMIT 1"
            ),
            forget: format!(
                "DELETE FROM \"{versions}\" WHERE name = $1 OR (name IS NULL AND {SAVED_AT}::TEXT = $1)"
            ),
            announce_and_commit: format!("NOTIFY \"{log}\"; COMMIT"),
            channel: log.to_owned(),
            names: [log, state]
                .into_iter()
                .chain(shown())
                .map(str::to_owned)
                .chain([versions])
                .collect(),
        })
    }

    /// Makes what is not there. Several may do so at a time.
    pub(crate) async fn ensure(
        &self,
        client: &Client,
        schema: Option<&str>,
    ) -> Result<Ensured, Error> {
        let version: String = client.query_typed_one("SELECT version()", &[]).await?.try_get(0)?;
        let announces = !version.contains("CockroachDB") && !version.contains("-YB-");
        let rows = client.query_typed(&self.are_there, &[(&self.names, Type::TEXT_ARRAY)]).await?;
        let there: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let is_there = |name: &str| there.iter().any(|other| other == name);
        if there.len() == self.names.len()
            && client.query_typed_opt(&self.reach, &[]).await?.is_some()
        {
            return Ok(Ensured::Made { announces });
        }
        // Ours come behind the state, whoever makes them.
        if let Some(name) = shown().find(|name| is_there(name) && !is_there(STATE)) {
            return Ok(Ensured::Foreign(name));
        }
        let schema = schema.map(|name| format!("CREATE SCHEMA IF NOT EXISTS \"{name}\""));
        for statement in schema.iter().chain(&self.make) {
            // `IF NOT EXISTS` looks first and makes then; who makes it in between makes this one fail.
            for is_last in [false, true] {
                match client.batch_execute(statement).await {
                    Err(error) if !is_last && is_made_by_another(&error) => {}
                    Err(error) => return Err(error),
                    Ok(()) => break,
                }
            }
        }
        Ok(Ensured::Made { announces })
    }
}

/// What came of making the tables.
#[derive(Clone, Copy)]
pub(crate) enum Ensured {
    /// They are there, and this is whether the server announces.
    Made { announces: bool },
    /// A table of somebody else's has the name of one of them.
    Foreign(&'static str),
}

/// The tables that show the code.
fn shown() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name)
}

/// The statements that make everything, the state first.
fn making(versions: &str, log: &str, state: &str) -> Vec<String> {
    let mut make = vec![
        format!(
            "CREATE TABLE IF NOT EXISTS \"{state}\" (\
             one SMALLINT PRIMARY KEY, log UUID NOT NULL, last BIGINT NOT NULL, \
             heads TEXT NOT NULL DEFAULT '', shown_tx BIGINT, shown_last UUID, shown_schema BIGINT)"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS \"{log}\" (\
             number BIGINT PRIMARY KEY, id UUID NOT NULL UNIQUE, text TEXT, packed BYTEA)"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS \"{versions}\" (\
             id BIGSERIAL PRIMARY KEY, name TEXT UNIQUE, data TEXT, \
             created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP, \
             form TEXT NOT NULL DEFAULT 'data', notation TEXT NOT NULL DEFAULT 'json', \
             bytes BIGINT, packed BYTEA)"
        ),
    ];
    make.extend(rows::make());
    make.push(format!(
        "INSERT INTO \"{state}\" (one, log, last) VALUES (1, gen_random_uuid(), 0) \
         ON CONFLICT (one) DO NOTHING"
    ));
    make
}

fn is_made_by_another(error: &Error) -> bool {
    let made = [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_SCHEMA];
    error.code().is_some_and(|code| made.contains(code))
}
