//! Where a project's database lives: the folder `.defbase` and what is in it.
//!
//!     .defbase/code-db-txlog.edn   the log; commit it
//!     .defbase/defbase.edn         configuration; commit it
//!     .defbase/pending.tmp         files that a change has still to write; there for moments only, see `working`
//!     .defbase/snapshots/          can be made anew from the log
//!     .defbase/cache/              the log's database, ready to be read, and how the tiers stand; can be deleted

use crate::problem::{Outcome, Problem};
use ::code::build_files::{SourcePaths, source_paths};
use edn::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

const FOLDER: &str = ".defbase";
const LOG: &str = "code-db-txlog.edn";
const CONFIGURATION: &str = "defbase.edn";
const SNAPSHOTS: &str = "snapshots";
const CACHE: &str = "cache";
const PENDING: &str = "pending.tmp";
/// The two sides of a merge are put one after the other: the log's lines mean the same in any order.
const ATTRIBUTES: &str = ".defbase/code-db-txlog.edn merge=union text eol=lf diff=defbase";
/// What earlier versions wrote.
const EARLIER_ATTRIBUTES: &str = ".defbase/code-db-txlog.edn merge=union text eol=lf";
const IGNORED: &str = "# Everything here but the log and the configuration can be made anew.\n\
    /snapshots/\n/cache/\n*.lock\n*.tmp\n";
const NEW_CONFIGURATION: &str = ";; :paths  what `defbase import` reads when it is not told: folders, files, jars\n\
     ;; where else the database is kept, and when: `defbase help tiers`\n";

/// A project that has a database, or is to get one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// The project's folder.
    pub(crate) root: PathBuf,
}

impl Place {
    /// The working directory.
    pub(crate) fn here() -> Outcome<Place> {
        let root = env::current_dir()
            .map_err(|e| Problem::new("the working directory cannot be read").because(&e))?;
        Ok(Place { root })
    }

    /// The nearest project with a database, from the working directory upward.
    pub(crate) fn find() -> Outcome<Option<Place>> {
        let here = Place::here()?;
        let found = here.root.ancestors().find(|folder| folder.join(FOLDER).join(LOG).is_file());
        Ok(found.map(|root| Place { root: root.to_owned() }))
    }

    /// The same, which must be there.
    pub(crate) fn existing() -> Outcome<Place> {
        let here = Place::here()?;
        Place::find()?.ok_or_else(|| {
            let folder = here.root.display();
            Problem::new(format!("there is no database in {folder} or above it"))
                .help("`defbase import` makes one of the sources here; `defbase tour` shows one")
        })
    }

    /// The log.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder().join(LOG)
    }

    /// What is read and where it is.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.root.join(FOLDER).join(CONFIGURATION)
    }

    /// The folder of all of it.
    pub(crate) fn folder(&self) -> PathBuf {
        self.root.join(FOLDER)
    }

    /// Where snapshots are kept.
    pub(crate) fn snapshots(&self) -> PathBuf {
        self.folder().join(SNAPSHOTS)
    }

    /// What can be made anew from the log.
    pub(crate) fn cache(&self) -> PathBuf {
        self.folder().join(CACHE)
    }

    /// How the tiers stand and what was done of the schedule. Forgotten, it costs a comparison.
    pub(crate) fn tiers(&self) -> PathBuf {
        self.cache().join("tiers.edn")
    }

    /// How far others' writing was taken from each place. Forgotten, each is read whole, once.
    pub(crate) fn marks(&self) -> PathBuf {
        self.cache().join("marks.edn")
    }

    /// What a change has still to write.
    pub(crate) fn pending(&self) -> PathBuf {
        self.folder().join(PENDING)
    }

    /// Whether git is just changing the working files: it keeps a file beside its index as long. One that is older than a
    /// checkout takes was left behind.
    pub(crate) fn is_git_at_work(&self) -> bool {
        const LONGEST: Duration = Duration::from_secs(30);
        let Some(git) = self.git_folder() else { return false };
        let since = fs::metadata(git.join("index.lock")).and_then(|lock| lock.modified());
        since.is_ok_and(|since| since.elapsed().is_ok_and(|age| age < LONGEST))
    }

    /// The folder in which git keeps the index of the working files; a file says where it is beside other working trees.
    fn git_folder(&self) -> Option<PathBuf> {
        let above = self.root.ancestors().map(|folder| folder.join(".git"));
        let git = above.into_iter().find(|git| git.exists())?;
        if git.is_dir() {
            return Some(git);
        }
        let text = fs::read_to_string(&git).ok()?;
        let folder = text.strip_prefix("gitdir:")?.trim();
        Some(git.parent()?.join(folder))
    }

    /// Whether there is a database.
    pub(crate) fn is_taken(&self) -> bool {
        self.log().exists()
    }

    /// Makes the folder, the configuration, and what git has to know. What is there already stays.
    pub(crate) fn prepare(&self) -> Outcome<()> {
        let folder = self.folder();
        store::make_folder(&folder).map_err(|e| crate::database::explained(&e))?;
        write_new(&self.configuration(), &new_configuration(&self.sources()))?;
        write_new(&folder.join(".gitignore"), IGNORED)?;
        self.tell_git()
    }

    /// Whether it is in a git repository.
    pub(crate) fn is_in_git(&self) -> bool {
        self.git_folder().is_some()
    }

    /// Puts what git has to know of the log into `.gitattributes`.
    pub(crate) fn tell_git(&self) -> Outcome<()> {
        let attributes = self.root.join(".gitattributes");
        let text = match fs::read_to_string(&attributes) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => {
                return Err(
                    Problem::new(format!("cannot read {}", attributes.display())).because(&e)
                );
            }
        };
        if text.lines().any(|line| line.trim() == ATTRIBUTES) {
            return Ok(());
        }
        let others = text.lines().filter(|line| line.trim() != EARLIER_ATTRIBUTES);
        let lines: Vec<&str> = others.chain([ATTRIBUTES]).collect();
        let text = lines.join("\n") + "\n";
        fs::write(&attributes, text).map_err(|e| cannot_write(&attributes, &e))
    }

    /// Where the project's build files say that its sources are.
    pub(crate) fn sources(&self) -> SourcePaths {
        source_paths(&self.root)
    }

    /// Has the configuration name what the build files name now. Says no where it is not the one that was made of what they
    /// named before: it stays as its writer wants it.
    pub(crate) fn follow_sources(&self, before: &SourcePaths, now: &SourcePaths) -> Outcome<bool> {
        let path = self.configuration();
        let is_made = fs::read_to_string(&path).is_ok_and(|text| text == new_configuration(before));
        if is_made {
            store::write_whole(&path, new_configuration(now).as_bytes())
                .map_err(|e| crate::database::explained(&e))?;
        }
        Ok(is_made)
    }
}

/// The configuration of a new database: the folders of sources and the build files that name them, else everything.
fn new_configuration(sources: &SourcePaths) -> String {
    let SourcePaths { folders, build_files } = sources;
    let (note, paths) = match folders.is_empty() {
        true => (String::new(), vec![Value::string(".")]),
        false => {
            let note = format!(";;         (found in {})\n", build_files.join(", "));
            (note, folders.iter().chain(build_files).map(|path| Value::string(&**path)).collect())
        }
    };
    let paths = Value::vector(paths);
    format!("{NEW_CONFIGURATION}{note}{{:paths {paths}}}\n")
}

/// Whole or not at all: who is stopped meanwhile leaves no configuration that does not read.
fn write_new(path: &Path, text: &str) -> Outcome<()> {
    match path.exists() {
        true => Ok(()),
        false => {
            store::write_whole(path, text.as_bytes()).map_err(|e| crate::database::explained(&e))
        }
    }
}

/// That a file or folder cannot be written.
pub(crate) fn cannot_write(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(format!("cannot write {}", path.display())).because(error)
}

/// Who does what is being done: the name that git knows, else the system's.
pub(crate) fn author() -> Option<String> {
    let git = std::process::Command::new("git").args(["config", "--get", "user.name"]).output();
    let name = git.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    let known = |name: String| Some(name.trim().to_owned()).filter(|n| !n.is_empty());
    name.and_then(known).or_else(|| {
        ["USER", "LOGNAME", "USERNAME"].iter().find_map(|v| env::var(v).ok().and_then(known))
    })
}
