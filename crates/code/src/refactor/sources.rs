//! The files of a project with what is found in them.

use super::reason::At;
use crate::analysis::{Findings, Place, Rules, find};
use crate::project::is_in_jar;
use rustc_hash::FxHashMap;

/// See the module. Files stand in the order of their paths.
#[derive(Clone, Debug)]
pub struct Sources {
    files: Vec<(String, String)>,
    found: Vec<Findings>,
    by_path: FxHashMap<String, usize>,
    rules: Rules,
}

impl Sources {
    /// Finds everything in these files: paths and texts, each path once.
    ///
    /// ```
    /// use code::{analysis::Rules, refactor::Sources};
    /// let sources = Sources::read(vec![("a.clj".into(), "(ns a)\n(def x 1)".into())], &Rules::default());
    /// assert_eq!(&*sources.found(0).definitions[0].name, "x");
    /// ```
    pub fn read(mut files: Vec<(String, String)>, rules: &Rules) -> Sources {
        files.sort_unstable();
        let found = find(&files, rules);
        let by_path = files.iter().zip(0..).map(|((path, _), i)| (path.clone(), i)).collect();
        Sources { files, found, by_path, rules: rules.clone() }
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The files: paths and texts.
    pub fn files(&self) -> &[(String, String)] {
        &self.files
    }

    /// The number of a file.
    pub fn index(&self, path: &str) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// The path of a file.
    pub fn path(&self, file: usize) -> &str {
        &self.files[file].0
    }

    /// The text of a file.
    pub fn text(&self, file: usize) -> &str {
        &self.files[file].1
    }

    /// What is found in a file.
    pub fn found(&self, file: usize) -> &Findings {
        &self.found[file]
    }

    /// What is found in all files, with their numbers.
    pub fn all(&self) -> impl Iterator<Item = (usize, &Findings)> {
        self.found.iter().enumerate()
    }

    /// What the project says of its macros.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What stands at a place of a file.
    pub fn token(&self, file: usize, place: &Place) -> &str {
        &self.text(file)[place.start as usize..place.end as usize]
    }

    /// A place of a file, to be told.
    pub fn at(&self, file: usize, place: &Place) -> At {
        At::of(self.path(file), place)
    }

    /// Whether a file may be edited: what is in a jar is only read.
    pub fn is_editable(&self, file: usize) -> bool {
        !is_in_jar(self.path(file))
    }
}
