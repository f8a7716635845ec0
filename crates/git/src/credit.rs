//! Lines that come with a merge and that another commit wrote.
//!
//! What overlaps comes with the merge that settles it, and so does what was left out for another reason. Most of that was written
//! on one side or the other, and git gives it to who wrote it: a line that a parent has, too, is the parent's, and so on back
//! to the commit that none of whose parents has it. So does this.
//!
//! Cost: a comparison of lines for each commit that changed the file, from the merge back to where the lines come from.

use crate::repository::{GitError, Repository};
use gix::ObjectId;
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Lines of a file after a merge that another commit wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// The commit that wrote them, in hexadecimal.
    pub sha: String,
    /// The file.
    pub path: String,
    /// The first of them in the file as it is after the step, from 1.
    pub first: usize,
    /// The last of them.
    pub last: usize,
}

/// A file in the step of a merge.
pub(crate) struct Merged<'a> {
    /// Its path, from the root of the repository.
    pub(crate) path: &'a str,
    /// Its content in the merge's own tree.
    pub(crate) own: ObjectId,
    /// Its lines before the step, and after it.
    pub(crate) before: &'a [u8],
    pub(crate) after: &'a [u8],
}

/// The lines of a file that are new with the step of a merge and that another commit wrote, in order, by the commit and the
/// first and the last of them.
pub(crate) fn credits(
    repository: &Repository,
    merge: ObjectId,
    file: &Merged<'_>,
) -> Result<Vec<(ObjectId, usize, usize)>, GitError> {
    let was_there = carried(file.before, file.after);
    let in_own = carried(&repository.blob(file.own)?, file.after);
    let wanted = was_there.iter().zip(in_own).enumerate();
    let wanted =
        wanted.filter_map(|(line, (there, own))| Some((line, own.filter(|_| there.is_none())?)));
    let mut written = wrote(repository, merge, file, wanted.collect())?;
    written.retain(|(_, commit)| *commit != merge);
    written.sort_unstable();
    let runs =
        written.chunk_by(|(line, commit), (next, other)| line + 1 == *next && commit == other);
    let ends = |run: &[(usize, ObjectId)]| {
        let ((first, commit), (last, _)) = (run.first()?, run.last()?);
        Some((*commit, first + 1, last + 1))
    };
    Ok(runs.filter_map(ends).collect())
}

/// A line by its number in the file that is asked about and its number in an earlier one, both from 0.
type Line = (usize, usize);

/// The commit that wrote each of some lines of a commit's file.
fn wrote(
    repository: &Repository,
    commit: ObjectId,
    file: &Merged<'_>,
    lines: Vec<Line>,
) -> Result<Vec<(usize, ObjectId)>, GitError> {
    let mut written = Vec::new();
    let mut pending = vec![(commit, file.own, lines)];
    while let Some((commit, content, mut lines)) = pending.pop() {
        if lines.is_empty() {
            continue;
        }
        let mut parents = Vec::new();
        for parent in repository.commit(commit)?.parents {
            if let Some(there) = repository.file(repository.commit(parent)?.tree, file.path)? {
                parents.push((parent, there));
            }
        }
        if let Some((parent, there)) = parents.iter().find(|(_, there)| *there == content) {
            pending.push((*parent, *there, lines));
            continue;
        }
        for (parent, there) in parents {
            let from = carried(&repository.blob(there)?, &repository.blob(content)?);
            let in_parent = |(asked, line): &Line| Some((*asked, from.get(*line).copied()??));
            let passed: Vec<Line> = lines.iter().filter_map(in_parent).collect();
            lines.retain(|line| in_parent(line).is_none());
            pending.push((parent, there, passed));
        }
        written.extend(lines.into_iter().map(|(asked, _)| (asked, commit)));
    }
    Ok(written)
}

/// For each line of a text the line of the earlier text that it was, where it was there.
fn carried(before: &[u8], after: &[u8]) -> Vec<Option<usize>> {
    let lines = |text| <[u8]>::split_inclusive(text, |byte| *byte == b'\n').collect::<Vec<_>>();
    let (before, after) = (lines(before), lines(after));
    let mut carried = vec![None; after.len()];
    for op in capture_diff_slices(Algorithm::Myers, &before, &after) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            for n in 0..len {
                carried[new_index + n] = Some(old_index + n);
            }
        }
    }
    carried
}
