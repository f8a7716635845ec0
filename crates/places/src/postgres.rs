//! PostgreSQL, and what speaks its protocol and its SQL: a database that a team shares, and that SQL can look at.
//!
//! `docs/postgres.md` has the tables and every statement.
//!
//! Invariants
//! - Transactions are numbered as they arrive, by a row that is locked until they are committed.
//! - What is written again because nobody knows whether it was written (a connection that broke, a server that was
//!   killed) is there once: transactions by their ids, versions by their names.
//! - The tables that show the code change in the same transaction as the log, and show one set of transactions.
//! - A call that the server asks to be made again (CockroachDB does when transactions meet) is made again here.
//!
//! Costs: adding takes two round trips and one flush of the server's log, for all callers that wait together; reading a
//! tail takes one, and one for each ten thousand transactions.

mod address;
mod calls;
mod news;
mod pool;
mod rows;
mod tables;

use crate::error::PlaceError;
use crate::form::{Form, Notation};
use crate::gather::{Gather, Load};
use crate::moment;
use crate::place::{Mark, Place, Reading, Saved, Version, checked_name};
use crate::squeeze::Squeeze;
use address::Address;
use async_trait::async_trait;
use calls::{Adding, Cells, Kept, Reached};
use db::Db;
use edn::{Inst, Uuid};
use news::News;
use pool::{Pool, Session, collides};
use std::fmt;
use std::path::Path;
use std::time::Duration;
use store::Transaction;
use tables::{Ensured, Tables, VERSIONS};
use tokio::sync::OnceCell;
use tokio_postgres::Error;

/// How often a call is made that the server asks to be made again.
const ATTEMPTS: u32 = 12;

/// Texts that are longer are kept packed: a value of PostgreSQL's has one gigabyte at most.
const LONGEST: usize = 256 << 20;

/// A database in PostgreSQL. See the module.
pub struct PostgresPlace {
    pool: Pool,
    tables: Tables,
    /// Whether it announces new transactions, once it is known to have the tables.
    announces: OnceCell<bool>,
    gather: Gather,
    news: News,
}

/// Makes a call on a connection, again where the server asks for it or a connection that was used before is gone.
macro_rules! on_session {
    ($place:expr, $client:ident => $call:expr) => {{
        let mut attempt = 0;
        loop {
            let session = $place.session().await?;
            let $client = session.client();
            match $place.pool.within($call).await? {
                Ok(answer) => {
                    session.keep();
                    break Ok::<_, PlaceError>(answer);
                }
                Err(error) => $place.try_again(&session, &error, &mut attempt).await?,
            }
        }
    }};
}

impl PostgresPlace {
    /// The place of a URL: `postgresql://ada:secret@localhost/codebase?sslmode=require`. Nothing is connected yet.
    ///
    /// The tables are made where they are not there, in the schema that the URL names (`&currentSchema=mine`). Versions are
    /// kept in `datascript_snapshots`, or in the table that is named here. No statement, and no wait for the server, takes longer than the limit.
    ///
    /// ```
    /// use places::{Place, PostgresPlace};
    /// let limit = std::time::Duration::from_secs(30);
    /// let place = PostgresPlace::at("postgresql://ada:secret@localhost/codebase", None, limit).unwrap();
    /// assert_eq!(place.name(), "postgres localhost:5432/codebase");
    /// ```
    pub fn at(
        url: &str,
        table: Option<&str>,
        limit: Duration,
    ) -> Result<PostgresPlace, PlaceError> {
        Ok(PostgresPlace {
            pool: Pool::new(Address::read(url)?, limit),
            tables: Tables::named(table.unwrap_or(VERSIONS))?,
            announces: OnceCell::new(),
            gather: Gather::default(),
            news: News::default(),
        })
    }

    /// Waits until there may be something behind a mark, but no longer than that. Where the server announces it this
    /// returns at once; where it does not (CockroachDB) it is asked every second.
    pub async fn wait(&self, after: &Mark, at_most: Duration) -> Result<(), PlaceError> {
        drop(self.session().await?);
        let asked = async {
            loop {
                let heard = self.news.listen(&self.pool, &self.tables.channel).await;
                let Reached { log, last } = self.reached().await?;
                if mark(&log, last) != *after {
                    return Ok(());
                }
                heard.await;
            }
        };
        tokio::time::timeout(at_most, asked).await.unwrap_or(Ok(()))
    }

    /// A connection to a server that has the tables.
    async fn session(&self) -> Result<Session<'_>, PlaceError> {
        let session = self.pool.session().await?;
        if !self.announces.initialized() {
            let schema = self.pool.address().schema.as_deref();
            let made = self.pool.within(self.tables.ensure(session.client(), schema)).await?;
            match made.map_err(|e| self.pool.failed(&e))? {
                Ensured::Made { announces } => {
                    let _ = self.announces.set(announces);
                }
                Ensured::Foreign(name) => {
                    return Err(self.refused(&format!(
                        "it has a table `{name}` that defbase did not make: name another schema in the URL, `currentSchema=defbase`"
                    )));
                }
            }
        }
        Ok(session)
    }

    /// Waits for the next attempt, or gives the error where there is none.
    async fn try_again(
        &self,
        session: &Session<'_>,
        error: &Error,
        attempt: &mut u32,
    ) -> Result<(), PlaceError> {
        *attempt += 1;
        let is_gone = session.is_old && session.client().is_closed();
        if *attempt == ATTEMPTS || !(is_gone || collides(error)) {
            return Err(self.pool.failed(error));
        }
        // Those who met part again: each waits for a time of its own.
        let apart = u64::from(Uuid::new_v4().as_bytes()[0]) % (2 << (*attempt).min(7));
        tokio::time::sleep(Duration::from_millis(apart)).await;
        Ok(())
    }

    async fn write(&self, load: Load) -> Result<(), PlaceError> {
        let Load { transactions, database } = &load;
        let cells = transactions.iter().map(|t| self.cells(t.text().as_bytes()));
        let cells = cells.collect::<Result<Vec<Cells>, PlaceError>>()?;
        let written = on_session!(self, client => async {
            let announces = self.announces.get().copied().unwrap_or(false);
            let database = database.as_ref();
            let adding = Adding { transactions, cells: &cells, database, announces };
            calls::append(client, &self.tables, &adding).await
        })?;
        written.map_err(|e| {
            self.refused(&format!("the database that it should show cannot be read: {e}"))
        })
    }

    /// A text as it is, or packed where PostgreSQL cannot have it: no text there has a NUL.
    fn cells(&self, text: &[u8]) -> Result<Cells, PlaceError> {
        if text.len() <= LONGEST
            && !text.contains(&0)
            && let Ok(text) = std::str::from_utf8(text)
        {
            return Ok((Some(text.to_owned()), None));
        }
        let refused =
            |e: std::io::Error| PlaceError::Refused { place: self.name(), problem: e.to_string() };
        Ok((None, Some(Squeeze::Zstd.pack(text).map_err(refused)?)))
    }

    fn text(&self, (text, packed): Cells, what: &str) -> Result<Vec<u8>, PlaceError> {
        match (text, packed) {
            (Some(text), _) => Ok(text.into_bytes()),
            (None, Some(packed)) => Squeeze::Zstd.unpack(&packed, self.pool.name(), what),
            (None, None) => Err(self.damaged(what, "it has no text")),
        }
    }

    fn form(&self, name: &str, form: &str, notation: &str) -> Result<(Form, Notation), PlaceError> {
        let known = Form::named(form).zip(Notation::named(notation));
        known.ok_or_else(|| self.damaged(name, &format!("its form is {form:?} in {notation:?}")))
    }

    fn refused(&self, problem: &str) -> PlaceError {
        PlaceError::Refused { place: self.name(), problem: problem.to_owned() }
    }

    fn damaged(&self, what: &str, problem: &str) -> PlaceError {
        let (what, problem) = (what.to_owned(), problem.to_owned());
        PlaceError::Damaged { place: self.name(), what, problem }
    }

    async fn reached(&self) -> Result<Reached, PlaceError> {
        on_session!(self, client => calls::reached(client, &self.tables))
    }

    async fn put(
        &self,
        statement: &str,
        version: &Version,
        saved: &Saved,
    ) -> Result<bool, PlaceError> {
        let cells = self.cells(&saved.text)?;
        on_session!(self, client => calls::put(client, statement, version, &cells))
    }
}

#[async_trait]
impl Place for PostgresPlace {
    fn name(&self) -> String {
        self.pool.name().to_owned()
    }

    async fn append(
        &self,
        transactions: &[Transaction],
        database: Option<&Db>,
    ) -> Result<(), PlaceError> {
        if transactions.is_empty() && database.is_none() {
            return Ok(());
        }
        self.gather.append(transactions, database, |load| self.write(load)).await
    }

    async fn read(&self, after: Option<&Mark>) -> Result<Reading, PlaceError> {
        let Reached { log, last } = self.reached().await?;
        let same = after.and_then(|mark| mark.0.split_once(' ')).filter(|(of, _)| *of == log);
        let from = same.and_then(|(_, number)| number.parse::<i64>().ok());
        let from = from.filter(|number| *number <= last);
        let (is_all, mut at) = (from.is_none(), from.unwrap_or(0));
        let mut texts = Vec::new();
        while at < last {
            let (cells, end) =
                on_session!(self, client => calls::page(client, &self.tables, at, last))?;
            for cells in cells {
                texts.extend_from_slice(&self.text(cells, "log")?);
            }
            at = end;
        }
        let transactions = store::transactions(&texts, Path::new(&self.tables.channel))
            .map_err(|error| self.damaged("log", &error.to_string()))?;
        Ok(Reading { transactions, mark: mark(&log, last), is_all })
    }

    async fn save(&self, name: Option<&str>, saved: &Saved) -> Result<Version, PlaceError> {
        let mut version = Version {
            name: name.map_or(Ok(""), checked_name)?.to_owned(),
            saved_at: moment::now(),
            form: saved.form,
            notation: saved.notation,
            bytes: saved.text.len() as u64,
        };
        if name.is_some() {
            self.put(&self.tables.replace, &version, saved).await?;
            return Ok(version);
        }
        loop {
            version.name = version.saved_at.0.to_string();
            // What has the name may be what was written before a connection broke.
            if self.put(&self.tables.save, &version, saved).await?
                || self.load(&version.name).await?.as_ref() == Some(saved)
            {
                return Ok(version);
            }
            version.saved_at = Inst(version.saved_at.0 + 1);
        }
    }

    async fn versions(&self) -> Result<Vec<Version>, PlaceError> {
        let kept = on_session!(self, client => calls::versions(client, &self.tables))?;
        let versions = kept.into_iter().map(|Kept { name, millis, form, notation, bytes }| {
            let (form, notation) = self.form(&name, &form, &notation)?;
            let bytes = u64::try_from(bytes).unwrap_or(0);
            Ok(Version { name, saved_at: Inst(millis), form, notation, bytes })
        });
        versions.collect()
    }

    async fn load(&self, name: &str) -> Result<Option<Saved>, PlaceError> {
        let kept = on_session!(self, client => calls::load(client, &self.tables, name))?;
        let Some((form, notation, cells)) = kept else { return Ok(None) };
        let (form, notation) = self.form(name, &form, &notation)?;
        Ok(Some(Saved { form, notation, text: self.text(cells, name)? }))
    }

    async fn forget(&self, name: &str) -> Result<bool, PlaceError> {
        on_session!(self, client => calls::forget(client, &self.tables, name))
    }
}

fn mark(log: &str, last: i64) -> Mark {
    Mark(format!("{log} {last}"))
}

impl fmt::Debug for PostgresPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresPlace").field("name", &self.pool.name()).finish_non_exhaustive()
    }
}
