//! In which order commits come to be steps.
//!
//! The line of first parents from the last commit back is the main line. Before each merge on it come the commits that it
//! brings in and that were not there before, in the same way: their own first parents first. So when a main commit's turn
//! comes, exactly its ancestors have had theirs.

use crate::repository::{Commit, GitError, Repository};
use gix::ObjectId;
use rustc_hash::{FxHashMap, FxHashSet};

/// Which part of a history is asked for. Commits are named as git names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The first one, with all that was there by then; the beginning where it is missing.
    pub from: Option<String>,
    /// The last one; the one that is checked out where it is missing.
    pub to: Option<String>,
}

/// A commit whose turn comes.
pub(crate) struct Turn {
    pub(crate) id: ObjectId,
    pub(crate) commit: Commit,
    /// Whether it is on the main line.
    pub(crate) is_main: bool,
    /// When the main line had it: milliseconds since 1970, never before the one that comes earlier.
    pub(crate) at: i64,
}

/// The commits of a range in the order of their turns, without those that are known already and their ancestors.
pub(crate) fn turns(
    repository: &Repository,
    range: &Range,
    is_known: &dyn Fn(&str) -> bool,
) -> Result<Vec<Turn>, GitError> {
    let to = range.to.as_deref().unwrap_or("HEAD");
    let last = repository.commit_named(to)?;
    let mut commits = Commits { repository, read: FxHashMap::default() };
    let mut done: FxHashSet<ObjectId> = FxHashSet::default();
    if let Some(from) = &range.from {
        let first = repository.commit_named(from)?;
        let unrelated = || GitError::Unrelated { from: from.clone(), to: to.to_owned() };
        if !commits.ancestors(last)?.contains(&first) {
            return Err(unrelated());
        }
        done = commits.ancestors(first)?;
        done.remove(&first);
    }
    let is_done =
        |done: &FxHashSet<ObjectId>, id: &ObjectId| done.contains(id) || is_known(&id.to_string());
    let mut main = Vec::new();
    let mut at = Some(last);
    while let Some(id) = at.filter(|id| !is_done(&done, id)) {
        main.push(id);
        at = commits.get(id)?.parents.first().copied();
    }
    let mut order: Vec<(ObjectId, bool)> = Vec::new();
    let mut ends: Vec<usize> = Vec::new();
    for id in main.into_iter().rev() {
        for parent in commits.get(id)?.parents.clone() {
            commits.visit(parent, &mut done, is_known, &mut order)?;
        }
        done.insert(id);
        order.push((id, true));
        ends.push(order.len());
    }
    let mut turns: Vec<Turn> = Vec::with_capacity(order.len());
    let mut now = i64::MIN;
    let mut order = order.into_iter();
    for end in ends {
        let group: Vec<(ObjectId, bool)> = order.by_ref().take(end - turns.len()).collect();
        if let Some((main, _)) = group.last() {
            now = now.max(commits.get(*main)?.committer.at);
        }
        for (id, is_main) in group {
            turns.push(Turn { id, commit: commits.take(id)?, is_main, at: now });
        }
    }
    Ok(turns)
}

/// Commits that were read.
struct Commits<'r> {
    repository: &'r Repository,
    read: FxHashMap<ObjectId, Commit>,
}

impl Commits<'_> {
    fn get(&mut self, id: ObjectId) -> Result<&Commit, GitError> {
        match self.read.entry(id) {
            std::collections::hash_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::hash_map::Entry::Vacant(entry) => {
                Ok(entry.insert(self.repository.commit(id)?))
            }
        }
    }

    fn take(&mut self, id: ObjectId) -> Result<Commit, GitError> {
        match self.read.remove(&id) {
            Some(commit) => Ok(commit),
            None => self.repository.commit(id),
        }
    }

    /// A commit and all that it descends from.
    fn ancestors(&mut self, id: ObjectId) -> Result<FxHashSet<ObjectId>, GitError> {
        let mut found = FxHashSet::default();
        let mut pending = vec![id];
        while let Some(id) = pending.pop() {
            if found.insert(id) {
                pending.extend(&self.get(id)?.parents);
            }
        }
        Ok(found)
    }

    /// Puts a commit and its ancestors in order, parents first, but for those that are done or known.
    fn visit(
        &mut self,
        id: ObjectId,
        done: &mut FxHashSet<ObjectId>,
        is_known: &dyn Fn(&str) -> bool,
        order: &mut Vec<(ObjectId, bool)>,
    ) -> Result<(), GitError> {
        let mut path: Vec<(ObjectId, usize)> = Vec::new();
        let mut next = Some(id);
        loop {
            if let Some(id) = next.take()
                && !done.contains(&id)
                && !is_known(&id.to_string())
            {
                path.push((id, 0));
            }
            let Some((id, seen)) = path.last_mut() else { return Ok(()) };
            let id = *id;
            match self.get(id)?.parents.get(*seen) {
                Some(parent) => {
                    *seen += 1;
                    next = Some(*parent);
                }
                None => {
                    path.pop();
                    if done.insert(id) {
                        order.push((id, false));
                    }
                }
            }
        }
    }
}
