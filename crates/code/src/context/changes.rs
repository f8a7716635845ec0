//! Which statements changed together: in the transactions of a database that keeps its history.
//!
//! A transaction that changed few statements says that they belong together; one that changed many, as an import of the
//! whole project does, says nothing. Cost: the transactions of the statements asked about, and one pass over all versions
//! of all sources where they have more than one.

use super::network::Network;
use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::{Db, EntityId};
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;

/// Transactions that changed more statements are left out, and those that changed most of what there is.
const MANY: usize = 40;

/// A statement that changed in the same transactions as others.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Together {
    /// The statement.
    pub node: u32,
    /// Each transaction counts 1, divided among the statements that changed in it.
    pub strength: f64,
    /// In how many transactions.
    pub times: usize,
}

/// What changed in the same transactions as some statements, the strongest tie first.
pub fn changed_with(db: &Db, network: &Network, seeds: &[u32]) -> Result<Vec<Together>, NotCode> {
    let past = db.history();
    let source = Source::new(&past)?;
    let statements: FxHashSet<EntityId> =
        seeds.iter().map(|node| network.statement(*node)).collect();
    let text = source.ids.get(Attr::StatementSource);
    let transactions = statements.iter().flat_map(|e| past.values(*e, text).map(|d| d.tx));
    let transactions: FxHashSet<EntityId> = transactions.collect();
    if transactions.len() <= statements.len().min(1) {
        return Ok(Vec::new());
    }
    let mut changed: BTreeMap<EntityId, Vec<EntityId>> = BTreeMap::new();
    for datom in source.column(Attr::StatementSource).filter(|d| transactions.contains(&d.tx)) {
        changed.entry(datom.tx).or_default().push(datom.e);
    }
    let mut together: BTreeMap<u32, (f64, usize)> = BTreeMap::new();
    for mut entities in changed.into_values() {
        entities.sort_unstable();
        entities.dedup();
        if entities.len() > MANY.min(network.len() / 2) {
            continue;
        }
        let each = 1.0 / entities.len() as f64;
        for e in entities.iter().filter(|e| !statements.contains(e)) {
            if let Some(node) = network.node(*e) {
                let (strength, times) = together.entry(node).or_default();
                *strength += each;
                *times += 1;
            }
        }
    }
    let together = together.into_iter();
    let mut together: Vec<Together> =
        together.map(|(node, (strength, times))| Together { node, strength, times }).collect();
    together.sort_by(|a, b| b.strength.total_cmp(&a.strength).then_with(|| a.node.cmp(&b.node)));
    Ok(together)
}
