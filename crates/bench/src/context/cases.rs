//! The commits that are asked about, each with the database before it and what is known of the statements asked for.

use super::commits::{Commit, history};
use crate::Failure;
use code::context::{Asked, Network, Signals, signals};
use code::import::{self, Change, ChangeKind};
use code::model::{self, Attr};
use code::project::{Project, Scope, Source};
use db::{Db, EntityId};
use edn::{Inst, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// A commit that is asked about.
pub(super) struct Case {
    /// The database before it.
    pub(super) db: Db,
    pub(super) network: Network,
    /// Every statement that it changed, as nodes of the network.
    pub(super) changed: Vec<u32>,
    /// Those asked for, with what speaks for others seen from each.
    pub(super) asked: Vec<(u32, Signals)>,
}

const FEWEST: usize = 2;
const MOST: usize = 20;
const ASKED: usize = 5;

pub(super) fn of(folder: &Path, limit: usize, from: usize) -> Result<Vec<Case>, Failure> {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut db = model::empty_db()?;
    let mut cases = Vec::new();
    for (i, commit) in history(folder, limit)?.into_iter().enumerate() {
        let Commit { is_merge, time, files: changed } = commit;
        if changed.is_empty() {
            continue;
        }
        for (path, bytes) in changed {
            match bytes {
                Some(bytes) => files.insert(path, bytes),
                None => files.remove(&path),
            };
        }
        let import = import::import(&db, project(&files), Inst(time * 1000))?;
        let after = db.with_ops(&import.plan.ops, Value::Nil)?.db_after;
        if i >= from && !is_merge {
            cases.extend(case(&db, &after, &import.plan.changes)?);
        }
        db = after;
    }
    Ok(cases)
}

fn project(files: &BTreeMap<String, Vec<u8>>) -> Project {
    let sources =
        files.iter().map(|(path, bytes)| Source { path: path.clone(), bytes: bytes.clone() });
    Project { sources: sources.collect(), scopes: vec![Scope::All], ..Project::default() }
}

/// The case of a commit, where it has enough changed statements and not too many.
fn case(before: &Db, after: &Db, changes: &[Change]) -> Result<Option<Case>, Failure> {
    let kinds = [ChangeKind::Changed, ChangeKind::Renamed, ChangeKind::Deleted];
    let mut changed: Vec<EntityId> = Vec::new();
    for change in changes.iter().filter(|change| kinds.contains(&change.kind)) {
        let Some(e) = named(before, change.was.as_ref().unwrap_or(&change.fqn)) else { continue };
        let hash = |db: &Db| db.get(e, Attr::StatementNormalHash.name());
        let kind = before.get(e, Attr::StatementType.name());
        let is_ns = kind.is_some_and(|kind| kind.is_keyword("ns"));
        if hash(before) != hash(after) && !is_ns {
            changed.push(e);
        }
    }
    if !(FEWEST..=MOST).contains(&changed.len()) {
        return Ok(None);
    }
    changed.sort_unstable();
    let network = Network::of(before)?;
    let step = changed.len().div_ceil(ASKED);
    let mut asked = Vec::new();
    for statement in changed.iter().step_by(step) {
        let Some(node) = network.node(*statement) else { continue };
        asked.push((node, signals(before, &network, Asked::Statements(&[*statement]))?));
    }
    let changed = changed.iter().filter_map(|e| network.node(*e)).collect();
    Ok(Some(Case { db: before.clone(), network, changed, asked }))
}

fn named(db: &Db, fqn: &str) -> Option<EntityId> {
    let attribute = db.attr(Attr::StatementFqn.name())?;
    db.entity_with(attribute, db.cell(&Value::string(fqn))?)
}
