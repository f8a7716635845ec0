//! A history as a line of steps, each with the files that it changes.

use crate::credit::{Credit, Merged, credits};
use crate::order::{Range, Turn, turns};
use crate::repository::{Commit, Entry, GitError, Repository};
use gix::ObjectId;
use rustc_hash::FxHashMap;
use similar::{MergeResolution, TextMerge};
use std::collections::BTreeMap;

/// What a commit does to the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it says of itself.
    pub commit: Commit,
    /// When the main line had it: milliseconds since 1970, never before an earlier step.
    pub at: i64,
    /// Whether it is on the main line, so that the files are now exactly its own.
    pub is_main: bool,
    /// The files that change, by path: their bytes now, or nothing where they go.
    pub files: Vec<(String, Option<Vec<u8>>)>,
    /// Of a merge: which of the lines that are new in those files another commit wrote.
    pub credits: Vec<Credit>,
}

/// Which files of a repository are looked at, and what is known of them.
#[derive(Clone, Copy)]
pub struct Sources<'r> {
    /// The folder that paths are relative to, `/` between its parts; all of the repository where it is empty.
    pub folder: &'r str,
    /// Whether a file is looked at, by its path.
    pub wanted: &'r dyn Fn(&str) -> bool,
    /// Whether a text that came of a merge is sound, so that it may stand between two commits.
    pub sound: &'r dyn Fn(&str) -> bool,
}

/// The steps of a history, oldest first. What it holds is the name of each file's content.
///
/// ```no_run
/// let repository = git::Repository::discover(".".as_ref())?;
/// let sources =
///     git::Sources { folder: "", wanted: &|path| path.ends_with(".clj"), sound: &|_| true };
/// for step in git::Line::new(&repository, &git::Range::default(), sources)? {
///     let step = step?;
///     println!("{} {}: {} files", step.commit.sha, step.commit.author.name, step.files.len());
/// }
/// # Ok::<(), git::GitError>(())
/// ```
pub struct Line<'r> {
    repository: &'r Repository,
    sources: Sources<'r>,
    turns: std::vec::IntoIter<Turn>,
    files: BTreeMap<String, ObjectId>,
    /// Contents that the repository does not have.
    own: FxHashMap<ObjectId, Vec<u8>>,
    /// The commit whose files were the files last, and what those were of all that changed since; no commit where the files
    /// are not known to be any commit's.
    base: Option<ObjectId>,
    changed: BTreeMap<String, Option<ObjectId>>,
}

/// A path, what it was, what it is.
type Change = (String, Option<ObjectId>, Option<ObjectId>);

impl<'r> Line<'r> {
    /// The steps of a part of a history, from nothing on.
    pub fn new(
        repository: &'r Repository,
        range: &Range,
        sources: Sources<'r>,
    ) -> Result<Line<'r>, GitError> {
        Line::after(repository, range, sources, Vec::new(), &|_| false)
    }

    /// The steps that come after others: `files` are there already, and so are the commits that are known, with all before
    /// them.
    pub fn after(
        repository: &'r Repository,
        range: &Range,
        sources: Sources<'r>,
        files: Vec<(String, Vec<u8>)>,
        is_known: &dyn Fn(&str) -> bool,
    ) -> Result<Line<'r>, GitError> {
        let turns = turns(repository, range, is_known)?.into_iter();
        let (mut there, mut own) = (BTreeMap::new(), FxHashMap::default());
        for (path, bytes) in files {
            let id = repository.blob_id(&bytes)?;
            there.insert(path, id);
            own.insert(id, bytes);
        }
        Ok(Line {
            repository,
            sources,
            turns,
            files: there,
            own,
            base: None,
            changed: BTreeMap::new(),
        })
    }

    fn step(&mut self, turn: Turn) -> Result<Step, GitError> {
        let Turn { id, commit, is_main, at } = turn;
        let tree = self.repository.below(commit.tree, self.sources.folder)?;
        let parent = match commit.parents.first() {
            Some(parent) => {
                let tree = self.repository.commit(*parent)?.tree;
                self.repository.below(tree, self.sources.folder)?
            }
            None => None,
        };
        let targets = match is_main {
            false => self.brought_in(parent, tree)?,
            true if self.base.is_some() && self.base == commit.parents.first().copied() => {
                self.since_base(parent, tree)?
            }
            true => self.as_in(tree)?,
        };
        // What is there from the beginning nobody told about.
        let is_merge = commit.parents.len() > 1 && !self.files.is_empty();
        let (mut files, mut credits) = (Vec::new(), Vec::new());
        for (path, target) in targets {
            let before = match target {
                Some(id) => self.files.insert(path.clone(), id),
                None => self.files.remove(&path),
            };
            if before == target {
                continue;
            }
            if !is_main {
                self.changed.entry(path.clone()).or_insert(before);
            }
            let bytes = target.map(|id| self.content(id)).transpose()?;
            if let Some(after) = bytes.as_deref().filter(|_| is_merge) {
                credits.extend(self.credits(id, commit.tree, &path, before, after)?);
            }
            files.push((path, bytes));
        }
        if is_main {
            self.base = Some(id);
            self.changed.clear();
        }
        Ok(Step { commit, at, is_main, files, credits })
    }

    /// Which lines of a file that are new with a merge another commit wrote.
    fn credits(
        &self,
        merge: ObjectId,
        tree: ObjectId,
        path: &str,
        before: Option<ObjectId>,
        after: &[u8],
    ) -> Result<Vec<Credit>, GitError> {
        let whole = match self.sources.folder {
            "" => path.to_owned(),
            folder => format!("{folder}/{path}"),
        };
        let Some(own) = self.repository.file(tree, &whole)? else { return Ok(Vec::new()) };
        let before = before.map(|id| self.content(id)).transpose()?.unwrap_or_default();
        let file = Merged { path: &whole, own, before: &before, after };
        let credits = credits(self.repository, merge, &file)?;
        let credit = |(commit, first, last): (ObjectId, usize, usize)| Credit {
            sha: commit.to_string(),
            path: path.to_owned(),
            first,
            last,
        };
        Ok(credits.into_iter().map(credit).collect())
    }

    fn content(&self, id: ObjectId) -> Result<Vec<u8>, GitError> {
        match self.own.get(&id) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.repository.blob(id),
        }
    }

    /// What the files become on the main line, where they were the first parent's but for what other steps changed.
    fn since_base(
        &self,
        parent: Option<ObjectId>,
        tree: Option<ObjectId>,
    ) -> Result<BTreeMap<String, Option<ObjectId>>, GitError> {
        let mut targets = self.changed.clone();
        targets.extend(self.changes(parent, tree)?.into_iter().map(|(path, _, now)| (path, now)));
        Ok(targets)
    }

    /// What the files become, whatever they are.
    fn as_in(
        &self,
        tree: Option<ObjectId>,
    ) -> Result<BTreeMap<String, Option<ObjectId>>, GitError> {
        let mut targets: BTreeMap<String, Option<ObjectId>> =
            self.files.keys().map(|path| (path.clone(), None)).collect();
        targets.extend(self.changes(None, tree)?.into_iter().map(|(path, _, now)| (path, now)));
        Ok(targets)
    }

    /// What the files become by the changes that a commit made elsewhere, as far as they fit.
    fn brought_in(
        &mut self,
        parent: Option<ObjectId>,
        tree: Option<ObjectId>,
    ) -> Result<BTreeMap<String, Option<ObjectId>>, GitError> {
        let mut targets = BTreeMap::new();
        for (path, before, after) in self.changes(parent, tree)? {
            let here = self.files.get(&path).copied();
            if here == after {
                continue;
            }
            if here == before {
                targets.insert(path, after);
            } else if let (Some(before), Some(here), Some(after)) = (before, here, after)
                && let Some(id) = self.merged(before, here, after)?
            {
                targets.insert(path, Some(id));
            }
        }
        Ok(targets)
    }

    /// The content that has both changes of another one; of theirs only what does not overlap with ours.
    fn merged(
        &mut self,
        base: ObjectId,
        ours: ObjectId,
        theirs: ObjectId,
    ) -> Result<Option<ObjectId>, GitError> {
        let text = |id| Ok::<_, GitError>(String::from_utf8(self.content(id)?).ok());
        let (Some(base), Some(ours), Some(theirs)) = (text(base)?, text(ours)?, text(theirs)?)
        else {
            return Ok(None);
        };
        let merge = TextMerge::from_lines(base.as_str(), ours.as_str(), theirs.as_str());
        let mut text = String::new();
        for region in merge.regions() {
            match region.resolution() {
                MergeResolution::Theirs => {
                    text.extend(region.theirs_range().filter_map(|line| merge.theirs_line(line)));
                }
                _ => text.extend(region.ours_range().filter_map(|line| merge.ours_line(line))),
            }
        }
        if text == ours || !(self.sources.sound)(&text) {
            return Ok(None);
        }
        let bytes = text.into_bytes();
        let id = self.repository.blob_id(&bytes)?;
        self.own.insert(id, bytes);
        Ok(Some(id))
    }

    /// The wanted files that differ between two trees, by path.
    fn changes(
        &self,
        before: Option<ObjectId>,
        after: Option<ObjectId>,
    ) -> Result<Vec<Change>, GitError> {
        let mut changes = Vec::new();
        let mut pending = vec![(String::new(), before, after)];
        while let Some((folder, before, after)) = pending.pop() {
            if before == after {
                continue;
            }
            let mut both: BTreeMap<(String, bool), (Option<ObjectId>, Option<ObjectId>)> =
                BTreeMap::new();
            for Entry { name, is_folder, id } in self.repository.entries(before)? {
                both.entry((name, is_folder)).or_default().0 = Some(id);
            }
            for Entry { name, is_folder, id } in self.repository.entries(after)? {
                both.entry((name, is_folder)).or_default().1 = Some(id);
            }
            for ((name, is_folder), (before, after)) in both {
                if before == after {
                    continue;
                }
                let path = format!("{folder}{name}");
                if is_folder {
                    pending.push((format!("{path}/"), before, after));
                } else if (self.sources.wanted)(&path) {
                    changes.push((path, before, after));
                }
            }
        }
        Ok(changes)
    }
}

impl Iterator for Line<'_> {
    type Item = Result<Step, GitError>;

    fn next(&mut self) -> Option<Self::Item> {
        let turn = self.turns.next()?;
        Some(self.step(turn))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.turns.size_hint()
    }
}

impl ExactSizeIterator for Line<'_> {}
