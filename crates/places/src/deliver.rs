//! How a log and a place are brought together.
//!
//! Both are sets of transactions, so each is given what it lacks. What a place lacks follows from how far both were read the last
//! time ([`Progress`]): as long as each only grew, that is what came to the log since. Where one of them is another one since (git
//! put another log there, somebody emptied the place), they are compared whole, which costs what is in them. The other way round,
//! the place says what came to it since a mark ([`Place::read`]), and [`store::Collection::add`] passes over what the log has.
//!
//! Invariants
//! - Progress is made when everything is done; what was done twice is passed over by the place.
//! - A place that lost what it had is noticed by its mark, and gets all of it again.

use crate::error::PlaceError;
use crate::place::{Mark, Place};
use db::Db;
use edn::{Uuid, Value};
use rustc_hash::FxHashSet;
use std::path::Path;
use std::time::Duration;
use store::{Reach, Transaction, read_since};

/// How far a log and a place are known to have the same.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Progress {
    /// How far the log was sent.
    sent: Option<Reach>,
    /// How far the place was read.
    mark: Option<Mark>,
}

/// How long one step may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much is sent at a time, in bytes.
const AT_A_TIME: usize = 8 << 20;

/// Gives a place what it lacks of a log; says how many transactions that were. `database` is what the log leads to.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use places::{MemoryPlace, Place, Progress, deliver};
/// use store::{Connection, TxInfo};
/// let folder = tempfile::tempdir().unwrap();
/// let log = folder.path().join("log.edn");
/// let connection = Connection::create(&log, &edn::Map::new(), &TxInfo::default()).unwrap();
/// let (place, mut progress) = (MemoryPlace::default(), Progress::default());
/// assert_eq!(deliver(&log, &place, &mut progress, None).await.unwrap(), 1);
///
/// connection.transact(&edn::read("[{:name \"Ivan\"}]").unwrap(), &TxInfo::default()).unwrap();
/// assert_eq!(deliver(&log, &place, &mut progress, None).await.unwrap(), 1);
/// assert_eq!(place.read(None).await.unwrap().transactions.len(), 2);
/// # });
/// ```
pub async fn deliver(
    log: &Path,
    place: &dyn Place,
    progress: &mut Progress,
    database: Option<&Db>,
) -> Result<usize, PlaceError> {
    let reading = patiently(place, place.read(progress.mark.as_ref())).await?;
    let mut arrived = read_since(log, progress.sent)?;
    if reading.is_all && !arrived.is_all {
        arrived = read_since(log, None)?;
    }
    let there: FxHashSet<Uuid> = reading.transactions.iter().map(Transaction::id).collect();
    let mut lacking = arrived.transactions;
    lacking.retain(|transaction| !there.contains(&transaction.id()));
    for (part, is_last) in parts(&lacking) {
        // What the database shows is what all of them lead to.
        let database = database.filter(|_| is_last);
        patiently(place, place.append(part, database)).await?;
    }
    if lacking.is_empty() && reading.is_all && database.is_some() {
        patiently(place, place.append(&[], database)).await?;
    }
    *progress = Progress { sent: arrived.reach, mark: Some(reading.mark) };
    Ok(lacking.len())
}

/// Transactions in parts that are not too large, each with whether it is the last one.
fn parts(transactions: &[Transaction]) -> Vec<(&[Transaction], bool)> {
    let mut parts = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (at, transaction) in transactions.iter().enumerate() {
        size += transaction.text().len();
        let is_last = at + 1 == transactions.len();
        if size >= AT_A_TIME || is_last {
            parts.push((&transactions[start..=at], is_last));
            (start, size) = (at + 1, 0);
        }
    }
    parts
}

/// What a place answers in time.
pub(crate) async fn patiently<T>(
    place: &dyn Place,
    answer: impl Future<Output = Result<T, PlaceError>>,
) -> Result<T, PlaceError> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(PlaceError::Unreachable {
            place: place.name(),
            problem: format!("no answer within {} s", PATIENCE.as_secs()),
        }),
    }
}

impl Progress {
    /// As EDN, to be kept.
    pub(crate) fn to_value(&self) -> Value {
        let sent = self.sent.map_or(Value::Nil, |reach| Value::string(reach.to_string()));
        let mark = self.mark.as_ref().map_or(Value::Nil, |mark| Value::string(mark.as_str()));
        Value::vector(vec![sent, mark])
    }

    /// What was kept; what does not read was not done.
    pub(crate) fn of_value(value: &Value) -> Option<Progress> {
        let [sent, mark] = value.as_vector()? else { return None };
        let sent = sent.as_str().and_then(Reach::kept);
        Some(Progress { sent, mark: mark.as_str().map(Mark::kept) })
    }

    /// How many transactions of a log the place was not given yet.
    pub(crate) fn behind(&self, log: &Path) -> Result<usize, PlaceError> {
        Ok(read_since(log, self.sent)?.transactions.len())
    }
}
