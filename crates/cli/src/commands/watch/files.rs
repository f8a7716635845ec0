//! What is known of a watched project's files, and which of them are different now.
//!
//! Looking changes nothing: what was seen is kept when it is in the database, so that what could not be written then is seen
//! again.

use super::stored;
use crate::follow::Touched;
use crate::problem::Outcome;
use ::code::project::{self, Listing, Problem, Scope, is_in_jar};
use ::code::workspace::Edit;
use db::Db;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::Path;
use std::time::SystemTime;

/// What tells one state of a file from another without reading it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Option<Stamp> {
        let metadata = std::fs::metadata(path).ok()?;
        let (size, modified) = (metadata.len(), metadata.modified().ok());
        Some(Stamp { size, modified, inode: inode(&metadata) })
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.ino()
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

/// Why the database has another text of a file than the file, which nobody imports over it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Held {
    /// The file is as the database had it.
    Behind,
    /// The file was changed, too.
    Conflict,
}

/// See the module.
#[derive(Default)]
pub(super) struct Files {
    /// Files that were looked at.
    known: BTreeMap<String, Option<Stamp>>,
    /// Files that the database has another text of, and not from here.
    held: BTreeMap<String, Held>,
}

/// What a look at the files found.
#[derive(Default)]
pub(super) struct Seen {
    /// What the database does not have yet.
    pub(super) edits: Vec<Edit>,
    /// Files that could not be read.
    pub(super) problems: Vec<Problem>,
    /// Held files that are as the database has them again.
    pub(super) settled: Vec<String>,
    /// Held files that were changed now.
    pub(super) in_conflict: Vec<String>,
    stamps: Vec<(String, Option<Stamp>)>,
    gone: Vec<String>,
}

impl Files {
    /// The files of a database, none of which was looked at.
    pub(super) fn of(paths: Vec<String>) -> Files {
        let known = paths.into_iter().map(|path| (path, None)).collect();
        Files { known, ..Files::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn is_held(&self, path: &str) -> bool {
        self.held.contains_key(path)
    }

    /// Holds a file back. Says whether that is new.
    pub(super) fn hold(&mut self, path: &str, why: Held) -> bool {
        self.known.entry(path.to_owned()).or_default();
        self.held.insert(path.to_owned(), why) != Some(why)
    }

    /// Finds the files with other bytes than the database has, and those that are no more.
    pub(super) fn look(
        &self,
        db: &Db,
        listing: &Listing,
        scopes: &[Scope],
        touched: &Touched,
    ) -> Outcome<Seen> {
        let mut seen = Seen::default();
        self.edited(db, listing, touched, &mut seen)?;
        if !listing.incomplete {
            self.gone(db, listing, scopes, &mut seen)?;
        }
        Ok(seen)
    }

    fn edited(
        &self,
        db: &Db,
        listing: &Listing,
        touched: &Touched,
        seen: &mut Seen,
    ) -> Outcome<()> {
        for (path, location) in &listing.files {
            let stamp = Stamp::of(location);
            let is_known = stamp.is_some() && self.known.get(path) == Some(&stamp);
            let held = self.held.get(path).copied();
            if is_known && !touched.paths.contains(location) && held.is_none() {
                continue;
            }
            let bytes = match project::read_file(path.clone(), location) {
                Ok(source) => source.bytes,
                // What cannot be read stays as it is known.
                Err(problem) => {
                    seen.problems.push(problem);
                    continue;
                }
            };
            let is_same = stored(db, path)?.as_ref() == Some(&bytes);
            match held {
                Some(_) if is_same => seen.settled.push(path.clone()),
                Some(Held::Behind) if !is_known => seen.in_conflict.push(path.clone()),
                Some(_) => {}
                None if is_same => {}
                None => seen.edits.push(Edit { path: path.clone(), bytes: Some(bytes) }),
            }
            seen.stamps.push((path.clone(), stamp));
        }
        Ok(())
    }

    fn gone(&self, db: &Db, listing: &Listing, scopes: &[Scope], seen: &mut Seen) -> Outcome<()> {
        let there: BTreeSet<&str> = listing.files.iter().map(|(path, _)| path.as_str()).collect();
        let covered = |path: &str| scopes.iter().any(|scope| scope.covers(path));
        // Jars are read when they are imported.
        let missing =
            |path: &&String| !there.contains(path.as_str()) && covered(path) && !is_in_jar(path);
        for path in self.known.keys().filter(missing) {
            match stored(db, path)? {
                Some(_) if self.held.contains_key(path) => continue,
                Some(_) => seen.edits.push(Edit { path: path.clone(), bytes: None }),
                None => {}
            }
            seen.gone.push(path.clone());
        }
        Ok(())
    }

    /// Keeps what was seen.
    pub(super) fn keep(&mut self, seen: Seen) {
        self.known.extend(seen.stamps);
        for path in &seen.settled {
            self.held.remove(path);
        }
        self.held.extend(seen.in_conflict.into_iter().map(|path| (path, Held::Conflict)));
        for path in &seen.gone {
            self.known.remove(path);
            self.held.remove(path);
        }
    }
}
