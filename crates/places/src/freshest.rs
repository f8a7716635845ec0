//! Which tier a database is restored from.
//!
//! Every tier is read, and of those whose transactions lead to a database the freshest is taken: the one with the latest
//! transaction, and among those with the same, the one with the most. A tier that cannot be reached or does not verify is told
//! with why, and passed over. Costs a replay for each tier that could be the freshest, the likeliest first.

use crate::deliver::patiently;
use crate::error::PlaceError;
use crate::tiers::Tier;
use edn::{Inst, Uuid};
use store::{Replayed, Transaction, replay};

/// What a tier has to offer.
#[derive(Debug)]
pub struct Candidate {
    /// The tier's name.
    pub tier: String,
    /// Its place, where that could be opened.
    pub place: Option<String>,
    /// How many transactions it has.
    pub transactions: usize,
    /// When the latest of them was made.
    pub latest: Option<Inst>,
    /// Why it is passed over; none for the one that was taken, and for those that are not as fresh.
    pub problem: Option<String>,
}

/// What was found.
pub struct Freshest {
    /// Every tier, in the order of the configuration.
    pub candidates: Vec<Candidate>,
    /// Which of them is taken, with its transactions in the order of their ids and the database they lead to.
    pub taken: Option<(usize, Vec<Transaction>, Replayed)>,
}

/// Reads all tiers, all at once, and takes the freshest that verifies.
pub async fn freshest(tiers: &[Tier]) -> Freshest {
    let tasks: Vec<_> =
        tiers.iter().cloned().map(|tier| tokio::spawn(async move { read(&tier).await })).collect();
    let mut candidates = Vec::new();
    let mut readings: Vec<(usize, Vec<Transaction>)> = Vec::new();
    for (at, (tier, task)) in tiers.iter().zip(tasks).enumerate() {
        let mut candidate = Candidate {
            tier: tier.config.name.clone(),
            place: None,
            transactions: 0,
            latest: None,
            problem: None,
        };
        match task.await {
            Ok((place, outcome)) => {
                candidate.place = place;
                match outcome {
                    Ok(transactions) => {
                        candidate.transactions = transactions.len();
                        candidate.latest = transactions.last().map(|last| made_at(last.id()));
                        readings.push((at, transactions));
                    }
                    Err(error) => candidate.problem = Some(error.to_string()),
                }
            }
            Err(error) => candidate.problem = Some(error.to_string()),
        }
        candidates.push(candidate);
    }
    // The freshest last.
    readings.sort_by_key(|(at, found)| {
        (found.last().map(Transaction::id), found.len(), std::cmp::Reverse(*at))
    });
    while let Some((at, transactions)) = readings.pop() {
        if transactions.is_empty() {
            candidates[at].problem = Some("it has nothing".to_owned());
            continue;
        }
        match replay(&transactions) {
            Ok(state) => return Freshest { candidates, taken: Some((at, transactions, state)) },
            Err(error) => candidates[at].problem = Some(error.to_string()),
        }
    }
    Freshest { candidates, taken: None }
}

/// The name of a tier's place and its transactions in the order of their ids.
async fn read(tier: &Tier) -> (Option<String>, Result<Vec<Transaction>, PlaceError>) {
    let place = match tier.open() {
        Ok(place) => place,
        Err(error) => return (None, Err(error)),
    };
    let reading = patiently(&*place, place.read(None)).await;
    let transactions = reading.map(|mut reading| {
        reading.transactions.sort_by_key(Transaction::id);
        reading.transactions.dedup_by_key(|transaction| transaction.id());
        reading.transactions
    });
    (Some(place.name()), transactions)
}

/// When a transaction was made, which its id begins with.
fn made_at(id: Uuid) -> Inst {
    let millis = id.as_u128() >> 80;
    Inst(i64::try_from(millis).unwrap_or(i64::MAX))
}
