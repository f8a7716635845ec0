//! `watch`: the database kept current while files are edited; and what it shares with `export --watch`.
//!
//! A look compares what is there with what is known: files by size, time of change and i-node, those that were named as touched by
//! their bytes. So it does not matter how a change came about, and one that is missed is found at the next look.
//!
//! Invariants
//! - A file of which the database has another text than before, and not from here, is not imported over that text. It is held
//!   until both are the same.
//! - A change is told when it is on disk.

use super::{Found, keep};
use crate::args::Watch;
use crate::commands::keep::now;
use crate::database::Database;
use crate::follow::Follower;
use crate::output::{note, say};
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use ::code::export;
use ::code::import::{Change, ChangeKind, Plan};
use ::code::project::{self, Listing, Scope};
use ::code::workspace::{Edit, Workspace};
use db::Db;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Does what was typed.
pub(crate) fn run(command: Watch) -> Outcome<Found> {
    match command {
        Watch::Watch => watch(),
    }
}

/// `defbase watch`
fn watch() -> Outcome<Found> {
    let place = match Place::find()? {
        Some(place) => place,
        None => Place::here()?,
    };
    let mut follower = Follower::start()?;
    let mut watching = Watching::start(place)?;
    let mut touched = BTreeSet::new();
    loop {
        let mut folders = watching.look(&touched)?;
        folders.extend(watching.other_folders());
        if follower.follow(&folders) {
            // What came into a folder before it was followed.
            touched.clear();
            continue;
        }
        watching.tell_ready()?;
        touched = match follower.next() {
            Some(touched) => touched,
            None => break,
        };
    }
    say("stopped")?;
    Ok(Found::Yes)
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> Option<Stamp> {
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

/// A project that is watched.
struct Watching {
    place: Place,
    /// None only while it is opened again.
    database: Option<Database>,
    workspace: Workspace,
    config: Option<String>,
    /// The log as this process left it.
    log: Option<Stamp>,
    roots: Vec<PathBuf>,
    /// What the roots stand for; known of one that went away, too.
    scopes: Vec<Scope>,
    /// Files that were looked at.
    known: BTreeMap<String, Option<Stamp>>,
    /// Files that changed on both sides.
    held: BTreeSet<String>,
    /// What cannot be read, so that it is told once.
    problems: BTreeSet<String>,
    is_ready: bool,
}

impl Watching {
    fn start(place: Place) -> Outcome<Watching> {
        let database = match place.is_taken() {
            true => Database::open(&place)?,
            false => Database::create(&place)?,
        };
        let roots = place.paths()?;
        let Listing { scopes, config, .. } = listed(&place, &roots)?;
        let db = database.db();
        let workspace = workspace(&db, config.as_deref())?;
        let known = export::paths(&db)?.into_iter().map(|path| (path, None)).collect();
        let log = Stamp::of(&place.log());
        let (held, problems) = (BTreeSet::new(), BTreeSet::new());
        let is_ready = false;
        Ok(Watching {
            place,
            database: Some(database),
            workspace,
            config,
            log,
            roots,
            scopes,
            known,
            held,
            problems,
            is_ready,
        })
    }

    /// Folders in which something may happen that changes what is to be read: the log, the configuration of clj-kondo, and where a
    /// root may come again.
    fn other_folders(&self) -> Vec<PathBuf> {
        let root = &self.place.root;
        let kondo = root.join(project::KONDO_CONFIG);
        let mut folders = vec![root.clone()];
        folders.extend(
            [self.place.log(), kondo].iter().filter_map(|p| p.parent()).map(Path::to_owned),
        );
        folders.retain(|folder| folder.is_dir());
        let gone = self.roots.iter().filter(|root| !root.exists());
        let above = gone.filter_map(|root| root.ancestors().find(|folder| folder.is_dir()));
        folders.extend(above.map(Path::to_owned));
        folders
    }

    fn database(&self) -> Outcome<&Database> {
        self.database.as_ref().ok_or_else(|| Problem::new("the database is closed"))
    }

    fn tell_ready(&mut self) -> Outcome<()> {
        if !self.is_ready {
            self.is_ready = true;
            let files = self.known.len();
            say(&format!("watching {files} files in {}; Ctrl-C stops", self.place.root.display()))?;
        }
        Ok(())
    }

    /// Brings what changed into the database. Gives the folders with sources.
    fn look(&mut self, touched: &BTreeSet<PathBuf>) -> Outcome<Vec<PathBuf>> {
        let start = Instant::now();
        let there: Vec<PathBuf> = self.roots.iter().filter(|root| root.exists()).cloned().collect();
        let listing = listed(&self.place, &there)?;
        if Stamp::of(&self.place.log()) != self.log {
            self.open_again()?;
        }
        if listing.config != self.config {
            self.config = listing.config.clone();
            self.workspace = workspace(&self.database()?.db(), self.config.as_deref())?;
        }
        let db = self.database()?.db();
        let mut edits = self.edited(&db, &listing, touched)?;
        edits.extend(self.gone(&db, &listing)?);
        let plan = self.workspace.plan(&db, edits, now())?;
        if !plan.ops.is_empty() {
            self.database()?.transact(&plan.ops, None)?;
            self.log = Stamp::of(&self.place.log());
            tell(&plan, start.elapsed())?;
        }
        for problem in listing.problems.iter().chain(&self.workspace.problems()) {
            self.tell_once(problem);
        }
        Ok(listing.folders)
    }

    fn tell_once(&mut self, problem: &project::Problem) {
        let text = problem.to_string();
        if !self.problems.contains(&text) {
            note(&text);
            self.problems.insert(text);
        }
    }

    /// The files with other bytes than the database has.
    fn edited(
        &mut self,
        db: &Db,
        listing: &Listing,
        touched: &BTreeSet<PathBuf>,
    ) -> Outcome<Vec<Edit>> {
        let mut edits = Vec::new();
        for (path, location) in &listing.files {
            let stamp = Stamp::of(location);
            let is_known = stamp.is_some() && self.known.get(path) == Some(&stamp);
            if is_known && !touched.contains(location) && !self.held.contains(path) {
                continue;
            }
            let bytes = match project::read_file(path.clone(), location) {
                Ok(source) => source.bytes,
                // What cannot be read stays as it is known.
                Err(problem) => {
                    self.tell_once(&problem);
                    continue;
                }
            };
            self.known.insert(path.clone(), stamp);
            let stored = stored(db, path)?;
            let is_same = stored.as_ref() == Some(&bytes);
            if is_same && self.held.remove(path) {
                say(&format!("settled    {path}"))?;
            }
            if !is_same && !self.held.contains(path) {
                edits.push(Edit { path: path.clone(), bytes: Some(bytes) });
            }
        }
        Ok(edits)
    }

    /// The files that are no more.
    fn gone(&mut self, db: &Db, listing: &Listing) -> Outcome<Vec<Edit>> {
        if listing.incomplete {
            return Ok(Vec::new());
        }
        let there: BTreeSet<&str> = listing.files.iter().map(|(path, _)| path.as_str()).collect();
        let covered = |path: &str| self.scopes.iter().any(|scope| scope.covers(path));
        // Jars are read when they are imported.
        let missing = |path: &&String| {
            !there.contains(path.as_str()) && covered(path) && !path.contains("!/")
        };
        let gone: Vec<String> = self.known.keys().filter(missing).cloned().collect();
        let mut edits = Vec::new();
        for path in gone {
            let is_stored = stored(db, &path)?.is_some();
            if is_stored && self.held.contains(&path) {
                continue;
            }
            self.known.remove(&path);
            self.held.remove(&path);
            if is_stored {
                edits.push(Edit { path, bytes: None });
            }
        }
        Ok(edits)
    }

    /// Takes up the database that another program made of the log. Files of which it has another text than before are held
    /// until they are as it has them.
    fn open_again(&mut self) -> Outcome<()> {
        let before = self.database()?.db();
        // Whoever has it open keeps everybody else from opening it.
        self.database = None;
        let opened = reopened(&self.place)?;
        let after = opened.db();
        self.database = Some(opened);
        self.log = Stamp::of(&self.place.log());
        self.workspace = workspace(&after, self.config.as_deref())?;
        note("note: another program changed the log; it was read again");
        let paths: BTreeSet<String> =
            export::paths(&before)?.into_iter().chain(export::paths(&after)?).collect();
        for path in paths {
            let (was, is) = (stored(&before, &path)?, stored(&after, &path)?);
            let there = export::there(&self.place.root, &path).map_err(unreadable)?;
            self.known.entry(path.clone()).or_default();
            if was == is || there == is {
                continue;
            }
            if self.held.insert(path.clone()) {
                match there == was {
                    true => note(&format!(
                        "held       {path}: the log has another text of it; `defbase export {}` writes it",
                        self.place.root.display()
                    )),
                    false => note(&conflict(&path, &self.place.root)),
                }
            }
        }
        Ok(())
    }
}

/// How a conflict is told.
pub(crate) fn conflict(path: &str, root: &Path) -> String {
    format!(
        "conflict   {path}: changed here and in the database; both texts stay. `defbase show` and `defbase history` show the \
         database's, `defbase export DIR` writes it; to settle it make {} what it is to be, stop watching, and `defbase import`",
        root.join(path).display()
    )
}

fn unreadable(error: export::ExportError) -> Problem {
    Problem::new("a file cannot be compared").because(&error)
}

/// What the database has of a file.
pub(crate) fn stored(db: &Db, path: &str) -> Outcome<Option<Vec<u8>>> {
    export::file(db, path).map_err(unreadable)
}

fn workspace(db: &Db, config: Option<&str>) -> Outcome<Workspace> {
    Workspace::of(db, config).map_err(unreadable)
}

fn listed(place: &Place, roots: &[PathBuf]) -> Outcome<Listing> {
    project::list(&place.root, roots).map_err(|e| keep::unreadable_project(&e))
}

/// How long another writer of the log is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The database, when nobody else writes to it.
fn reopened(place: &Place) -> Outcome<Database> {
    let start = Instant::now();
    loop {
        match Database::open(place) {
            Err(problem) if start.elapsed() > PATIENCE => return Err(problem),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
            Ok(database) => return Ok(database),
        }
    }
}

/// Of more changes than this only the numbers are told.
const FEW: usize = 40;

fn tell(plan: &Plan, took: Duration) -> Outcome<()> {
    let took = took.as_millis();
    let told: Vec<&Change> =
        plan.changes.iter().filter(|change| change.kind != ChangeKind::Derived).collect();
    if told.len() <= FEW {
        for change in told {
            let word = keep::word(change.kind);
            match &change.was {
                Some(was) => say(&format!("{word:<10} {} (was {was})  {took} ms", change.fqn))?,
                None => say(&format!("{word:<10} {}  {took} ms", change.fqn))?,
            }
        }
        return Ok(());
    }
    let mut counts: BTreeMap<ChangeKind, usize> = BTreeMap::new();
    for change in told {
        *counts.entry(change.kind).or_default() += 1;
    }
    let counts: Vec<String> =
        counts.iter().map(|(kind, n)| format!("{n} {}", keep::word(*kind))).collect();
    Ok(say(&format!("statements: {}  {took} ms", counts.join(", ")))?)
}
