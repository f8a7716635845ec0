//! Connections to a PostgreSQL: made when they are needed, kept when what they were used for went well.
//!
//! Invariants
//! - A connection on which something failed, or ran out of time, is closed: nothing of it can reach the next user.
//! - No more than [`MOST`] are open at a time.

use crate::error::PlaceError;
use crate::postgres::address::Address;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::AbortHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

/// How many connections there are at most.
const MOST: usize = 8;

/// Connections to one server.
pub(crate) struct Pool {
    address: Address,
    /// How long one statement, and one wait of the server for us within a transaction, may take.
    limit: Duration,
    idle: Mutex<Vec<Link>>,
    room: Semaphore,
}

/// A connection, and the task that moves its bytes.
struct Link {
    client: Client,
    task: AbortHandle,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A connection in use.
pub(crate) struct Session<'p> {
    link: Link,
    pool: &'p Pool,
    /// Whether it was used before: then it may have been cut since.
    pub(crate) is_old: bool,
    _permit: SemaphorePermit<'p>,
}

impl Session<'_> {
    pub(crate) fn client(&self) -> &Client {
        &self.link.client
    }

    /// Gives the connection back: what it was used for went well.
    pub(crate) fn keep(self) {
        let Session { link, pool, .. } = self;
        pool.idle().push(link);
    }
}

impl Pool {
    pub(crate) fn new(address: Address, limit: Duration) -> Pool {
        Pool { address, limit, idle: Mutex::default(), room: Semaphore::new(MOST) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.address.name
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// A connection; a new one where none is idle.
    pub(crate) async fn session(&self) -> Result<Session<'_>, PlaceError> {
        let closed = |_| self.unreachable("it is being closed");
        let permit = self.room.acquire().await.map_err(closed)?;
        loop {
            let Some(link) = self.idle().pop() else { break };
            if !link.client.is_closed() {
                return Ok(Session { link, pool: self, is_old: true, _permit: permit });
            }
        }
        let link = self.connect().await?;
        Ok(Session { link, pool: self, is_old: false, _permit: permit })
    }

    async fn connect(&self) -> Result<Link, PlaceError> {
        let Address { config, tls, .. } = &self.address;
        let connecting = config.connect(tls.clone());
        // The library's own limit is for the handshake of TCP alone; a server that is frozen accepts and says nothing.
        let (client, connection) = self.within(connecting).await?.map_err(|e| self.failed(&e))?;
        let task = tokio::spawn(async move {
            // Whoever waits for an answer is told what went wrong.
            let _ = connection.await;
        });
        let link = Link { client, task: task.abort_handle() };
        // Where we vanish, the server must not wait for us, nor hold what others wait for.
        let millis = self.limit.as_millis();
        let mut settings = format!(
            "SET statement_timeout = {millis}; SET idle_in_transaction_session_timeout = {millis}"
        );
        if let Some(schema) = &self.address.schema {
            settings.push_str(&format!("; SET search_path = \"{schema}\""));
        }
        self.within(link.client.batch_execute(&settings)).await?.map_err(|e| self.failed(&e))?;
        Ok(link)
    }

    /// What something comes to that must not take longer than the limit.
    pub(crate) async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, PlaceError> {
        let late = |_| self.unreachable(&format!("no answer within {:?}", self.limit));
        tokio::time::timeout(self.limit, work).await.map_err(late)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Link>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unreachable(&self, problem: &str) -> PlaceError {
        PlaceError::Unreachable { place: self.name().to_owned(), problem: problem.to_owned() }
    }

    /// What an error means to those who have no idea of PostgreSQL.
    pub(crate) fn failed(&self, error: &Error) -> PlaceError {
        let problem = described(error);
        let place = self.name().to_owned();
        match passes(error) {
            true => PlaceError::Unreachable { place, problem },
            false => PlaceError::Refused { place, problem },
        }
    }
}

/// What the server says without the rows it says it about; else what the library says with all its causes.
fn described(error: &Error) -> String {
    if let Some(told) = error.as_db_error() {
        return format!("{} ({})", told.message(), told.code().code());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// Whether it may go better later, with nothing changed.
fn passes(error: &Error) -> bool {
    if let Some(told) = error.as_db_error() {
        let code = told.code().code();
        // Connections, resources, operators who stop a server, cancellations and limits of time.
        return collides(error)
            || ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
            || *told.code() == SqlState::LOCK_NOT_AVAILABLE
            || *told.code() == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT;
    }
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return !io.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
        }
        cause = error.source();
    }
    error.is_closed()
}

/// Whether the server asks for the transaction to be made again.
pub(crate) fn collides(error: &Error) -> bool {
    let code = error.code();
    code == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
        || code == Some(&SqlState::T_R_DEADLOCK_DETECTED)
}
