//! `watch`: the database kept current while files are edited; and what it shares with `export --watch`.
//!
//! A look compares what is there with what is known: files by size, time of change and i-node, those that were named as touched by
//! their bytes. So it does not matter how a change came about, and one that is missed is found at the next look.
//!
//! The log is held for as long as a look takes that has something to do: between looks others write to it, and what they wrote is
//! taken up first. A look that finds the log held by somebody, or git at work on the files, is put off until they are done. So a
//! refactoring in another process, which changes log and files, is seen when both are changed, and there is nothing left to do.
//!
//! Invariants
//! - A file of which the database has another text than before, and not from here, is not imported over that text. It is held
//!   until both are the same.
//! - A change is told when it is on disk. What could not be written is seen again at the next look.

mod files;
mod listed;
mod sources;
mod tell;

use super::Found;
use crate::args::Watch;
use crate::commands::keep::now;
use crate::database::{Database, Shared};
use crate::follow::{Follower, Touched};
use crate::keeping::Standing;
use crate::output::{note, say};
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use ::code::export;
use ::code::project::{self, Listing};
use ::code::workspace::{Edit, Workspace};
use db::Db;
use files::{Files, Held, Seen};
use listed::Listed;
use sources::Sources;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) use tell::{Told, conflict};

/// When a look is tried again that somebody else's work put off.
const SOON: Duration = Duration::from_millis(20);

/// When a look is tried again that could not read or write the log.
pub(crate) const LATER: Duration = Duration::from_secs(2);

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
    let mut touched = Touched::all();
    loop {
        let look = watching.look(touched)?;
        watching.standing.tend(&watching.db);
        let limit = look.limit().into_iter().chain(watching.standing.next()).min();
        if follower.follow(&watching.folders()) {
            // What came into a folder before it was followed.
            touched = Touched::all();
            continue;
        }
        touched = match follower.next(limit) {
            Some(touched) => touched,
            None => break,
        };
    }
    say("stopped")?;
    Ok(Found::Yes)
}

/// What a look came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Look {
    Done,
    /// Somebody else is at work.
    PutOff,
    /// The log cannot be read or written.
    Failed,
}

impl Look {
    /// How long the next one can wait where nothing happens.
    fn limit(self) -> Option<Duration> {
        match self {
            Look::Done => None,
            Look::PutOff => Some(SOON),
            Look::Failed => Some(LATER),
        }
    }
}

/// A project that is watched.
struct Watching {
    place: Place,
    shared: Shared,
    /// The database as it was seen last.
    db: Db,
    workspace: Workspace,
    config: Option<String>,
    sources: Sources,
    files: Files,
    listed: Listed,
    /// What was touched since a look was done.
    behind: Touched,
    told: Told,
    standing: Standing,
}

impl Watching {
    fn start(place: Place) -> Outcome<Watching> {
        let database = match place.is_taken() {
            true => Database::open(&place)?,
            false => Database::create(&place)?,
        };
        let mut sources = Sources::of(&place)?;
        let config = sources.list(&place)?.config;
        let db = database.db();
        let workspace = workspace(&db, config.as_deref())?;
        let files = Files::of(export::paths(&db)?);
        let (listed, behind, told) = (Listed::default(), Touched::all(), Told::default());
        let shared = database.release()?;
        let standing = Standing::of(&place);
        Ok(Watching {
            place,
            shared,
            db,
            workspace,
            config,
            sources,
            files,
            listed,
            behind,
            told,
            standing,
        })
    }

    /// The folders in which something may happen that changes what is to be read: those with sources, that of the log, those of
    /// configurations, and where a root may come again.
    fn folders(&self) -> Vec<PathBuf> {
        let kondo = self.place.root.join(project::KONDO_CONFIG);
        let beside = self.sources.read().chain([&kondo]).filter_map(|file| file.parent());
        let above = self.sources.missing().filter_map(|root| existing(root));
        let mut folders = self.listed.listing().folders.clone();
        folders.extend(beside.chain(above).map(Path::to_owned));
        folders.retain(|folder| folder.is_dir());
        folders
    }

    /// Brings what changed into the database.
    fn look(&mut self, touched: Touched) -> Outcome<Look> {
        self.behind.join(touched);
        let look = match self.place.is_git_at_work() {
            true => Look::PutOff,
            false => self.bring_in()?,
        };
        if look == Look::Done {
            self.behind = Touched::default();
            self.told.ready(self.files.len(), &self.place.root)?;
        }
        self.told.waiting(look == Look::PutOff);
        Ok(look)
    }

    fn bring_in(&mut self) -> Outcome<Look> {
        let start = Instant::now();
        let has_news = match self.shared.has_news() {
            Ok(has_news) => has_news,
            Err(problem) => return self.failed(&problem),
        };
        if !has_news && self.is_only_ours() {
            return Ok(Look::Done);
        }
        let listing = match self.list() {
            Err(problem) if self.told.is_ready() => return self.failed(&problem),
            listing => listing?,
        };
        let seen = self.seen(&listing)?;
        if !has_news && seen.edits.is_empty() && listing.config == self.config {
            return self.done(&listing, seen);
        }
        match self.shared.hold() {
            Ok(true) => {}
            Ok(false) => return Ok(Look::PutOff),
            Err(problem) => return self.failed(&problem),
        }
        let opened = self.shared.catch_up().and_then(|is_other| Ok((is_other, self.open()?)));
        match opened {
            Ok((is_other, database)) => self.change(database, is_other, listing, seen, start),
            Err(problem) => self.failed(&problem),
        }
    }

    /// The files that are to be looked at.
    fn list(&mut self) -> Outcome<Listing> {
        match self.sources.refresh(&self.place) {
            Ok(true) => self.behind.is_all = true,
            Ok(false) => {}
            Err(problem) => note(&problem.plain()),
        }
        let is_due = |path: &str| self.files.is_held(path) || self.told.is_wrong(path);
        match self.listed.touched(&self.behind, is_due) {
            Some(few) => Ok(few),
            None => {
                self.listed = Listed::of(self.sources.list(&self.place)?);
                Ok(self.listed.listing().clone())
            }
        }
    }

    /// Whether nothing was touched but what this program writes itself.
    fn is_only_ours(&self) -> bool {
        let folder = self.place.folder();
        let configuration = self.place.configuration();
        let is_ours = |path: &PathBuf| path.starts_with(&folder) && *path != configuration;
        !self.behind.is_all
            && !self.behind.paths.is_empty()
            && self.behind.paths.iter().all(is_ours)
    }

    fn seen(&self, listing: &Listing) -> Outcome<Seen> {
        self.files.look(&self.db, listing, self.sources.scopes(), &self.behind)
    }

    /// Opens the log to be changed.
    fn open(&mut self) -> Outcome<Database> {
        let shared = std::mem::replace(&mut self.shared, Shared::of(&self.place)?);
        shared.connect(&self.place)
    }

    /// Takes up what others changed, then what changed here.
    fn change(
        &mut self,
        database: Database,
        is_other: bool,
        listing: Listing,
        mut seen: Seen,
        start: Instant,
    ) -> Outcome<Look> {
        let mut edits = Vec::new();
        let before = std::mem::replace(&mut self.db, database.db());
        if is_other {
            edits = self.take_up(&before)?;
            seen = self.seen(&listing)?;
        }
        if listing.config != self.config {
            self.config = listing.config.clone();
            self.workspace = workspace(&self.db, self.config.as_deref())?;
        }
        edits.append(&mut seen.edits);
        let plan = self.workspace.plan(&self.db, edits, now())?;
        if !plan.ops.is_empty() {
            if let Err(problem) = database.transact(&plan.ops, None) {
                self.workspace = workspace(&self.db, self.config.as_deref())?;
                return self.failed(&problem);
            }
            tell::changes(&plan, start.elapsed())?;
        }
        self.db = database.db();
        // What cannot be let go of in good order, as a log that was just replaced, is read anew.
        self.shared = database.release().or_else(|_| Shared::of(&self.place))?;
        self.done(&listing, seen)
    }

    fn done(&mut self, listing: &Listing, seen: Seen) -> Outcome<Look> {
        for path in &seen.settled {
            say(&format!("settled    {path}"))?;
        }
        for path in &seen.in_conflict {
            note(&conflict(path, &self.place.root));
        }
        let own = self.workspace.problems();
        self.told.problems(own.iter().chain(&seen.problems).chain(&listing.problems))?;
        self.files.keep(seen);
        Ok(Look::Done)
    }

    /// The log could not be read or written: it is read anew when that works again.
    fn failed(&mut self, problem: &Problem) -> Outcome<Look> {
        self.shared = Shared::of(&self.place)?;
        self.told.trouble(problem);
        Ok(Look::Failed)
    }

    /// What the workspace has to know of what others changed. Files of which the database has another text now are held until
    /// they are as it has them.
    fn take_up(&mut self, before: &Db) -> Outcome<Vec<Edit>> {
        let (mut was, is) = (all(before)?, all(&self.db)?);
        let mut edits = Vec::new();
        for (path, bytes) in is {
            let old = was.remove(&path);
            if old.as_ref() != Some(&bytes) {
                self.hold(&path, old, Some(&bytes));
                edits.push(Edit { path, bytes: Some(bytes) });
            }
        }
        for (path, old) in was {
            self.hold(&path, Some(old), None);
            edits.push(Edit { path, bytes: None });
        }
        tell::others(before, &self.db, edits.len())?;
        Ok(edits)
    }

    fn hold(&mut self, path: &str, was: Option<Vec<u8>>, is: Option<&Vec<u8>>) {
        let is_ours = self.sources.scopes().iter().any(|scope| scope.covers(path));
        if !is_ours || project::is_in_jar(path) {
            return;
        }
        // What cannot be read is not what the database has.
        let there = export::there(&self.place.root, path).ok().flatten();
        let why = match there == was {
            true => Held::Behind,
            false => Held::Conflict,
        };
        if there.as_ref() != is && self.files.hold(path, why) {
            match why {
                Held::Behind => note(&tell::behind(path, &self.place.root)),
                Held::Conflict => note(&conflict(path, &self.place.root)),
            }
        }
    }
}

/// The nearest folder above that is there.
fn existing(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|folder| folder.is_dir())
}

fn all(db: &Db) -> Outcome<BTreeMap<String, Vec<u8>>> {
    let files = export::all(db, |_| true).map_err(unreadable)?;
    Ok(files.into_iter().map(|file| (file.path, file.bytes)).collect())
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
