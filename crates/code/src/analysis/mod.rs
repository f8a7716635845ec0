//! Clojure source to statements: what each top-level form defines, what it uses, whether it is pure.
//!
//! Two passes. Each file alone, in parallel: its syntax tree, its statements, the vars they define, the names they use with
//! locals taken out (`walk`), once for each platform that reads it. Then all files together (`together`): names resolved as
//! Clojure resolves them (`resolve`), every statement given a name of its own (`names`), effects followed through
//! the graph of uses (`purity`).
//!
//! Invariants
//! - The statements of a file, each with the text before it, and the tail are the file, byte for byte.
//! - A file that does not read is analysed up to the first top-level form that does not.
//! - The result depends on the files and their paths alone, not on their order or on timing.

mod classes;
mod config;
mod find;
mod kondo;
mod lexicon;
mod names;
mod ns;
mod purity;
mod resolve;
mod together;
mod walk;

pub use config::Rules;
pub use find::{
    ClassFound, DefinitionFound, Findings, ImplementationFound, KeywordFound, LoadFound,
    LocalFound, LocalUsageFound, NamespaceFound, Place, SymbolFound, UsageFound, find,
};
pub use kondo::as_kondo;
pub(crate) use lexicon::{core_var, is_special_form};

use crate::facts::FileFacts;
use crate::model::content_hash;
use crate::project::Problem;
use edn::syntax::{Kind, Tree, parse};
use ns::Platform;
use rayon::prelude::*;
use std::ops::Range;
use walk::Pass;

/// Analyses the files of a project together: paths and texts.
///
/// ```
/// use code::analysis::{Rules, analyze};
/// let files = [("a.clj".to_string(), "(ns a)\n(defn f [x] (inc x))".to_string())];
/// let facts = analyze(&files, &Rules::default());
/// let f = &facts[0].statements[1];
/// assert_eq!((&*f.fqn, f.pure, &*f.dependencies[0].0), ("a/f", Some(true), "clojure.core/defn"));
/// ```
pub fn analyze(files: &[(String, String)], rules: &Rules) -> Vec<FileFacts> {
    let files: Vec<File<'_>> =
        files.par_iter().map(|(path, text)| File::read(path, text, rules, Detail::Facts)).collect();
    together::facts(&files)
}

/// What is wanted of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Detail {
    /// What its statements define and use.
    Facts,
    /// The same, and what only those need who want to know where everything stands: locals.
    Places,
}

/// One file, analysed alone.
struct File<'s> {
    path: &'s str,
    text: &'s str,
    tree: Tree,
    /// The top-level nodes that are statements, each with the text before it.
    statements: Vec<(usize, Range<usize>)>,
    tail: Range<usize>,
    passes: Vec<Pass>,
}

impl<'s> File<'s> {
    fn read(path: &'s str, text: &'s str, rules: &Rules, detail: Detail) -> File<'s> {
        let tree = parse(text);
        let mut statements = Vec::new();
        let mut end = 0;
        for root in tree.roots() {
            let node = tree.node(root);
            if node.kind == Kind::Discard {
                continue;
            }
            statements.push((root, end..node.start as usize));
            end = node.end as usize;
        }
        let passes = platforms(path)
            .iter()
            .map(|platform| walk::pass(text, &tree, *platform, &rules.lint_as, detail))
            .collect();
        File { path, text, tree, statements, tail: end..text.len(), passes }
    }

    fn hash(&self) -> i64 {
        content_hash(self.text.as_bytes())
    }

    fn problem(&self) -> Option<Problem> {
        let error = self.tree.error.as_ref()?;
        Some(Problem {
            path: self.path.to_string(),
            position: Some(edn::line_column(self.text, error.span.start)),
            message: error.problem.to_string(),
        })
    }
}

/// The platforms that read a file, by its ending; data files have none.
fn platforms(path: &str) -> &'static [Platform] {
    match path.rsplit('.').next() {
        Some("clj") => &[Platform::Clj],
        Some("cljs") => &[Platform::Cljs],
        Some("cljc") => &[Platform::Clj, Platform::Cljs],
        Some("bb") => &[Platform::Bb],
        _ => &[],
    }
}
