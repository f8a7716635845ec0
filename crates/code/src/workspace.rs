//! A project kept in memory, parsed and resolved, so that a change costs what it changes.
//!
//! [`Workspace::of`] takes the files out of a database. After that [`Workspace::plan`] takes up changes of files and says how the
//! database becomes what an import of the whole project would make it. Only the files that changed are read again; of the others
//! only those are resolved again for which something that they asked about is different: a name that came, went, changed what it is
//! or whose it is. Only these are compared with the database.
//!
//! Invariants
//! - After any sequence of changes the facts are those of a first import of the files as they are. A property test says so.
//! - A workspace is as far as what it was told. What [`Workspace::plan`] gave has to be transacted; where that fails, the workspace is to
//!   be made anew.
//!
//! Costs: making it, what an import does. A change: reading the file, resolving who is affected, one pass over the numbers of
//! all uses for effects, and the comparison. Memory: the texts, their trees, and about as much again for what was found in them.

use crate::analysis::{Rules, Texts, Together};
use crate::export::{self, ExportError};
use crate::facts::FileFacts;
use crate::import::{Plan, Update, plan};
use crate::model::{ANALYSER_VERSION, Attr, NotCode, content_hash};
use crate::project::{KONDO_CONFIG, Problem};
use crate::source::Source;
use db::{Cell, Db};
use edn::{Inst, Str};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A file as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Its path, relative to the project.
    pub path: String,
    /// Its bytes; none where it is gone.
    pub bytes: Option<Vec<u8>>,
}

/// What follows from changes.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    /// The files whose facts may be others now, by path.
    pub files: Vec<FileFacts>,
    /// The files that are gone.
    pub gone: Vec<String>,
}

/// See the module.
#[derive(Debug)]
pub struct Workspace {
    together: Together,
    config: Option<String>,
    /// Why the configuration is not used.
    config_problem: Option<Problem>,
    /// Files that are no text.
    opaque: BTreeMap<Str, FileFacts>,
    /// Files of which the database may say something else than what was found.
    due: BTreeSet<Str>,
    gone: BTreeSet<Str>,
}

impl Workspace {
    /// A project without files. `config` is the text of its [`KONDO_CONFIG`].
    pub fn new(config: Option<&str>) -> Workspace {
        let mut rules = Rules::default();
        let problem = config.and_then(|text| {
            let error = rules.add_kondo_config(text).err()?;
            let message = format!("not used: {error}");
            Some(Problem { path: KONDO_CONFIG.to_owned(), position: None, message })
        });
        Workspace {
            together: Together::new(rules),
            config: config.map(str::to_owned),
            config_problem: problem,
            opaque: BTreeMap::new(),
            due: BTreeSet::new(),
            gone: BTreeSet::new(),
        }
    }

    /// The project that a database has.
    ///
    /// ```
    /// use code::workspace::{Edit, Workspace};
    /// let mut db = code::model::empty_db().unwrap();
    /// let mut workspace = Workspace::of(&db, None).unwrap();
    /// for text in ["(ns a)\n\n(defn f [] 1)\n", "(ns a)\n\n(defn f [] 2)\n"] {
    ///     let change = Edit { path: "a.clj".into(), bytes: Some(text.into()) };
    ///     let plan = workspace.plan(&db, vec![change], edn::Inst(0)).unwrap();
    ///     db = db.with_ops(&plan.ops, edn::Value::Nil).unwrap().db_after;
    ///     assert_eq!(code::export::file(&db, "a.clj").unwrap().unwrap(), text.as_bytes());
    /// }
    /// ```
    pub fn of(db: &Db, config: Option<&str>) -> Result<Workspace, ExportError> {
        let mut workspace = Workspace::new(config);
        let source = Source::new(db)?;
        let stored = export::all(db, |_| true)?.into_iter();
        let changes = stored.map(|f| Edit { path: f.path, bytes: Some(f.bytes) });
        workspace.change(changes.collect());
        if workspace.is_current(&source) {
            let due: Vec<Str> = std::mem::take(&mut workspace.due).into_iter().collect();
            let differs = |path: &Str| !workspace.is_stored(&source, path);
            workspace.due = due.into_par_iter().filter(differs).collect();
        }
        Ok(workspace)
    }

    /// Whether what a database says was found by this analyser with this configuration.
    pub(crate) fn is_current(&self, source: &Source<'_>) -> bool {
        let version = source.column(Attr::AnalyserVersion).next();
        let config = source.texts(Attr::AnalyserConfig).next().map(|(_, text)| text);
        version.and_then(|d| d.v.as_int()) == Some(ANALYSER_VERSION)
            && config.as_deref() == self.config.as_deref()
    }

    /// Whether a database says of a file what was found in it.
    fn is_stored(&self, source: &Source<'_>, path: &Str) -> bool {
        let (Some(facts), Some(file)) = (self.facts(path), source.named(Attr::FilePath, path))
        else {
            return false;
        };
        let stored = |attr| source.value(file, attr).and_then(Cell::as_int);
        stored(Attr::FileHash) == Some(facts.hash)
            && stored(Attr::FileFactsHash) == Some(facts.facts_hash())
    }

    fn facts(&self, path: &Str) -> Option<FileFacts> {
        self.opaque.get(path).cloned().or_else(|| self.together.facts(path))
    }

    /// Takes up changes, each path once.
    pub fn change(&mut self, changes: Vec<Edit>) {
        let mut texts: Texts = Vec::with_capacity(changes.len());
        for Edit { path, bytes } in changes {
            let path: Str = path.into();
            self.opaque.remove(&path);
            self.gone.remove(&path);
            let text = match bytes.map(String::from_utf8) {
                Some(Ok(text)) => Some(text),
                Some(Err(error)) => {
                    self.opaque.insert(path.clone(), not_text(path.to_string(), error));
                    self.due.insert(path.clone());
                    None
                }
                None => {
                    self.due.remove(&path);
                    self.gone.insert(path.clone());
                    None
                }
            };
            texts.push((path, text));
        }
        self.due.extend(self.together.take_up(texts));
    }

    /// What follows from the changes that were taken up since this was asked last.
    pub fn changed(&mut self) -> Changed {
        let due: Vec<Str> = std::mem::take(&mut self.due).into_iter().collect();
        let files = due.par_iter().filter_map(|path| self.facts(path)).collect();
        Changed { files, gone: self.take_gone() }
    }

    /// The same, which leaves nothing behind and takes less memory.
    pub fn into_changed(mut self) -> Changed {
        let gone = self.take_gone();
        let Workspace { together, opaque, due, .. } = self;
        let mut files = together.into_facts(|path| due.contains(path));
        files.extend(opaque.into_iter().filter(|(path, _)| due.contains(path)).map(|(_, f)| f));
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Changed { files, gone }
    }

    fn take_gone(&mut self) -> Vec<String> {
        std::mem::take(&mut self.gone).into_iter().map(|path| path.to_string()).collect()
    }

    /// Takes up changes and compares what follows with the database: what is to be transacted.
    pub fn plan(&mut self, db: &Db, changes: Vec<Edit>, now: Inst) -> Result<Plan, NotCode> {
        self.change(changes);
        let Changed { files, gone } = self.changed();
        plan(db, &Update { files: &files, gone: &gone, config: self.config.as_deref(), now })
    }

    /// What is wrong with files, by path: where they do not read to their end, where they are no text.
    pub fn problems(&self) -> Vec<Problem> {
        let opaque = self.opaque.values().filter_map(|facts| facts.problem.clone());
        let mut problems: Vec<Problem> = self.together.problems().chain(opaque).collect();
        problems.extend(self.config_problem.clone());
        problems.sort_unstable();
        problems
    }

    /// How many statements there are.
    pub fn statements(&self) -> usize {
        self.together.statements()
    }
}

fn not_text(path: String, error: std::string::FromUtf8Error) -> FileFacts {
    let valid_to = error.utf8_error().valid_up_to();
    let bytes = error.into_bytes();
    let whole = String::from_utf8_lossy(&bytes[..valid_to]);
    let problem = Problem {
        path: path.clone(),
        position: Some(edn::line_column(&whole, valid_to)),
        message: format!("byte 0x{:02x} is no UTF-8; the file is kept as it is", bytes[valid_to]),
    };
    FileFacts {
        path,
        hash: content_hash(&bytes),
        problem: Some(problem),
        opaque: Some(bytes),
        ..FileFacts::default()
    }
}
