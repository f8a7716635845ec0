//! Callers side by side share one change.
//!
//! Where a change costs the same for one transaction and for many (a flush, a round trip), those who come while one is
//! being made wait and are served together by the next. One of them makes it for all; nothing runs in the background.
//!
//! Invariants
//! - A caller is answered by a change that was begun after it came, and that holds all of its transactions.
//! - A caller who goes away takes nothing from the others: those it was to serve take their turn themselves.

use crate::error::PlaceError;
use db::Db;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use store::Transaction;
use tokio::sync::{Mutex as Turn, oneshot};

/// Those who wait to append to one place.
#[derive(Default)]
pub(crate) struct Gather {
    waiting: Mutex<Vec<Waiting>>,
    turn: Turn<()>,
}

/// What one change is to add.
#[derive(Default)]
pub(crate) struct Load {
    pub(crate) transactions: Vec<Transaction>,
    /// The database that knows the most of them.
    pub(crate) database: Option<Db>,
}

struct Waiting {
    load: Load,
    answer: oneshot::Sender<Result<(), PlaceError>>,
}

impl Gather {
    /// Has the transactions written, by `write` or by another caller's.
    pub(crate) async fn append<W, F>(
        &self,
        transactions: &[Transaction],
        database: Option<&Db>,
        write: W,
    ) -> Result<(), PlaceError>
    where
        W: Fn(Load) -> F,
        F: Future<Output = Result<(), PlaceError>>,
    {
        loop {
            let (answer, mut answered) = oneshot::channel();
            let load = Load { transactions: transactions.to_vec(), database: database.cloned() };
            self.waiting().push(Waiting { load, answer });
            let turn = self.turn.lock().await;
            match answered.try_recv() {
                Ok(outcome) => return outcome,
                // Whoever was to answer went away.
                Err(oneshot::error::TryRecvError::Closed) => continue,
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            let (load, answers) = together(std::mem::take(&mut *self.waiting()));
            let outcome = write(load).await;
            for answer in answers {
                // Who does not wait any more need not know.
                let _ = answer.send(match &outcome {
                    Ok(()) => Ok(()),
                    Err(error) => Err(error.told_again()),
                });
            }
            drop(turn);
            return outcome;
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn together(waiting: Vec<Waiting>) -> (Load, Vec<oneshot::Sender<Result<(), PlaceError>>>) {
    let mut all = Load::default();
    let mut answers = Vec::with_capacity(waiting.len());
    for Waiting { load, answer } in waiting {
        all.transactions.extend(load.transactions);
        let last = |db: &Option<Db>| db.as_ref().map(Db::max_tx);
        if last(&load.database) >= last(&all.database) {
            all.database = load.database.or(all.database);
        }
        answers.push(answer);
    }
    (all, answers)
}
