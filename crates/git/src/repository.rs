//! Reading a repository: commits, trees, files.

use gix::objs::tree::EntryKind;
use gix::{ObjectId, bstr::ByteSlice};
use std::path::{Path, PathBuf};

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no repository.
    #[error("{path} is in no git repository: {reason}")]
    Open {
        /// Where it was looked for.
        path: PathBuf,
        /// What git's library says.
        reason: String,
    },
    /// A name that means no commit.
    #[error("{name} is no commit of the repository: {reason}")]
    Revision {
        /// What was asked for.
        name: String,
        /// What git's library says.
        reason: String,
    },
    /// A commit to start from that the commit to go to does not descend from.
    #[error("{to} does not descend from {from}")]
    Unrelated {
        /// Where the line was to start.
        from: String,
        /// Where it was to end.
        to: String,
    },
    /// An object that is missing or damaged.
    #[error("cannot read object {id} of the repository: {reason}")]
    Object {
        /// Its name.
        id: String,
        /// What git's library says.
        reason: String,
    },
}

/// A repository, open for reading.
pub struct Repository {
    repo: gix::Repository,
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The mail address.
    pub email: String,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// What a commit says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its name, in hexadecimal.
    pub sha: String,
    /// Who wrote it.
    pub author: Person,
    /// Who put it into the repository.
    pub committer: Person,
    /// What it is for, without white space around it.
    pub message: String,
    pub(crate) tree: ObjectId,
    pub(crate) parents: Vec<ObjectId>,
}

/// Enough for the trees and files that neighbouring commits share.
const OBJECT_CACHE_BYTES: usize = 32 << 20;

impl Repository {
    /// Opens the repository that a folder is in.
    pub fn discover(folder: &Path) -> Result<Repository, GitError> {
        let mut repo = gix::discover(folder).map_err(|error| GitError::Open {
            path: folder.to_owned(),
            reason: error.to_string(),
        })?;
        repo.object_cache_size(OBJECT_CACHE_BYTES);
        Ok(Repository { repo })
    }

    /// The folder that its files stand in; a bare one has none.
    pub fn work_folder(&self) -> Option<PathBuf> {
        let folder = self.repo.workdir()?;
        Some(folder.canonicalize().unwrap_or_else(|_| folder.to_owned()))
    }

    /// The full name of a commit that a branch, a tag, or any other name of git's means.
    pub fn sha(&self, name: &str) -> Result<String, GitError> {
        Ok(self.commit_named(name)?.to_string())
    }

    pub(crate) fn commit_named(&self, name: &str) -> Result<ObjectId, GitError> {
        let failed = |reason: String| GitError::Revision { name: name.to_owned(), reason };
        let found = self.repo.rev_parse_single(name).map_err(|e| failed(e.to_string()))?;
        let object = found.object().map_err(|e| failed(e.to_string()))?;
        let commit =
            object.peel_to_kind(gix::objs::Kind::Commit).map_err(|e| failed(e.to_string()))?;
        Ok(commit.id)
    }

    /// The commits whose parents are not there, as a shallow clone has them, look as if they had none.
    pub(crate) fn commit(&self, id: ObjectId) -> Result<Commit, GitError> {
        let failed = |reason: String| GitError::Object { id: id.to_string(), reason };
        let commit = self.repo.find_commit(id).map_err(|e| failed(e.to_string()))?;
        let decoded = commit.decode().map_err(|e| failed(e.to_string()))?;
        let person = |signature: gix::actor::SignatureRef<'_>| {
            let signature = signature.trim();
            Person {
                name: signature.name.to_str_lossy().into_owned(),
                email: signature.email.to_str_lossy().into_owned(),
                at: signature.seconds().saturating_mul(1000),
            }
        };
        Ok(Commit {
            sha: id.to_string(),
            author: person(decoded.author().map_err(|e| failed(e.to_string()))?),
            committer: person(decoded.committer().map_err(|e| failed(e.to_string()))?),
            message: decoded.message.to_str_lossy().trim().to_owned(),
            tree: decoded.tree(),
            parents: decoded.parents().filter(|parent| self.repo.has_object(parent)).collect(),
        })
    }

    /// The bytes of a file.
    pub(crate) fn blob(&self, id: ObjectId) -> Result<Vec<u8>, GitError> {
        let blob = self.repo.find_blob(id).map_err(|e| unreadable(id, &e.to_string()))?;
        Ok(blob.detach().data)
    }

    /// What a file with these bytes is called in this repository.
    pub(crate) fn blob_id(&self, bytes: &[u8]) -> Result<ObjectId, GitError> {
        gix::objs::compute_hash(self.repo.object_hash(), gix::objs::Kind::Blob, bytes)
            .map_err(|e| GitError::Object { id: "of a file".to_owned(), reason: e.to_string() })
    }

    /// The tree of a folder inside a tree; `None` where there is none.
    pub(crate) fn below(&self, tree: ObjectId, folder: &str) -> Result<Option<ObjectId>, GitError> {
        if folder.is_empty() {
            return Ok(Some(tree));
        }
        let failed = |reason: String| GitError::Object { id: tree.to_string(), reason };
        let found = self.repo.find_tree(tree).map_err(|e| failed(e.to_string()))?;
        let entry = found.lookup_entry(folder.split('/')).map_err(|e| failed(e.to_string()))?;
        Ok(entry.filter(|e| e.mode().kind() == EntryKind::Tree).map(|e| e.object_id()))
    }

    /// The content of the file at a path inside a tree; `None` where there is none.
    pub(crate) fn file(&self, tree: ObjectId, path: &str) -> Result<Option<ObjectId>, GitError> {
        let failed = |reason: String| GitError::Object { id: tree.to_string(), reason };
        let found = self.repo.find_tree(tree).map_err(|e| failed(e.to_string()))?;
        let entry = found.lookup_entry(path.split('/')).map_err(|e| failed(e.to_string()))?;
        Ok(entry.filter(|e| e.mode().is_blob()).map(|e| e.object_id()))
    }

    /// The entries of a tree that are folders or plain files, by name.
    pub(crate) fn entries(&self, tree: Option<ObjectId>) -> Result<Vec<Entry>, GitError> {
        let Some(id) = tree else { return Ok(Vec::new()) };
        let found = self.repo.find_tree(id).map_err(|e| unreadable(id, &e.to_string()))?;
        let decoded = found.decode().map_err(|e| unreadable(id, &e.to_string()))?;
        let entries = decoded.entries.iter().filter_map(|entry| {
            let is_folder = match entry.mode.kind() {
                EntryKind::Tree => true,
                EntryKind::Blob | EntryKind::BlobExecutable => false,
                EntryKind::Link | EntryKind::Commit => return None,
            };
            // A name that is no UTF-8 is none that is imported.
            let name = entry.filename.to_str().ok()?.to_owned();
            Some(Entry { name, is_folder, id: entry.oid.to_owned() })
        });
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_unstable_by(|a, b| (&a.name, a.is_folder).cmp(&(&b.name, b.is_folder)));
        Ok(entries)
    }
}

fn unreadable(id: ObjectId, reason: &str) -> GitError {
    GitError::Object { id: id.to_string(), reason: reason.to_owned() }
}

/// An entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) is_folder: bool,
    pub(crate) id: ObjectId,
}
