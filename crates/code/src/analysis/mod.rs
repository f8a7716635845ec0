//! Clojure source to statements: what each top-level form defines, what it uses, whether it is pure.
//!
//! Two passes. Each file alone, in parallel: its syntax tree, its statements, the vars they define, the names they use with
//! locals taken out (`walk`), once for each platform that reads it. Then all files together (`together`): every statement given
//! a name of its own (`names`), what is used resolved as Clojure resolves it (`uses`, `resolve`) against what all files define
//! (`vars`) and register (`registered`), effects followed through the graph of uses (`purity`), and the facts written down (`describe`). Files can change
//! afterwards, and only what that means something for is looked at again.
//!
//! Invariants
//! - The statements of a file, each with the text before it, and the tail are the file, byte for byte.
//! - Of a file that does not read, what is broken is a statement too, closed before the next bracket in the first column, and
//!   what comes behind is analysed as ever.
//! - The result depends on the files and their paths alone, not on their order or on timing.

mod classes;
mod config;
mod describe;
mod enter;
mod find;
mod keywords;
mod kondo;
mod lexicon;
mod metadata;
mod names;
mod ns;
mod purity;
mod registered;
mod resolve;
mod together;
mod uses;
mod vars;
mod walk;

pub use config::Rules;
pub(crate) use config::config_forms;
pub(crate) use find::Lines;
pub use find::{
    AliasFound, ClassFound, DefinitionFound, Findings, ImplementationFound, KeywordFound,
    LoadFound, LocalFound, LocalUsageFound, MentionFound, NamespaceFound, Place, SymbolFound,
    UsageFound, find,
};
pub use kondo::as_kondo;
pub(crate) use lexicon::{
    core_var, is_impure_core, is_pure_namespace, is_special_form, library_var,
};
pub(crate) use together::{Texts, Together};

use crate::facts::FileFacts;
use crate::project::{Problem, is_in_jar};
use edn::Str;
use edn::syntax::{Kind, Tree, parse_through};
use enter::Entered;
pub(crate) use names::shared_name;
pub(crate) use ns::{Platform, Reading};
use std::ops::Range;
use walk::Pass;

/// Which of several files comes first where they say the same: the project's own before those of libraries, each by their paths.
fn precedence(path: &str) -> (bool, &str) {
    (is_in_jar(path), path)
}

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
    let texts = files.iter().map(|(path, text)| (path.as_str().into(), Some(text.clone())));
    let mut together = Together::new(rules.clone());
    together.take_up(texts.collect());
    together.into_facts(|_| true)
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
#[derive(Debug)]
struct File {
    path: Str,
    text: String,
    tree: Tree,
    /// The top-level nodes that are statements, each with the text before it.
    statements: Vec<(usize, Range<usize>)>,
    tail: Range<usize>,
    passes: Vec<Pass>,
}

impl File {
    fn read(path: Str, text: String, rules: &Rules, detail: Detail) -> File {
        let tree = parse_through(&text);
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
        let tail = end..text.len();
        let mut file = File { path, text, tree, statements, tail, passes: Vec::new() };
        file.walk(rules, detail, &Entered::default());
        file
    }

    /// Finds what each platform reads in it, where other files say this of the namespaces that it enters.
    fn walk(&mut self, rules: &Rules, detail: Detail, entered: &Entered) {
        let pass = |platform: &Platform| {
            walk::pass(&self.text, &self.tree, *platform, &rules.lint_as, detail, entered)
        };
        self.passes = platforms(&self.path).iter().map(pass).collect();
    }

    /// The place of a top-level node among the statements.
    fn place(&self, root: usize) -> Option<u32> {
        let place = self.statements.binary_search_by_key(&root, |(root, _)| *root);
        place.ok().map(|place| place as u32)
    }

    fn problem(&self) -> Option<Problem> {
        let error = self.tree.error.as_ref()?;
        Some(Problem {
            path: self.path.to_string(),
            position: Some(edn::line_column(&self.text, error.span.start)),
            message: error.problem.to_string(),
        })
    }
}

/// Whether a file is data, which no platform evaluates.
fn is_data(path: &str) -> bool {
    path.ends_with(".edn")
}

/// The platforms that read a file, by its ending; data files have none.
pub(crate) fn platforms(path: &str) -> &'static [Platform] {
    match path.rsplit('.').next() {
        Some("clj") => &[Platform::Clj],
        Some("cljs") => &[Platform::Cljs],
        Some("cljc") => &[Platform::Clj, Platform::Cljs],
        Some("bb") => &[Platform::Bb],
        Some("cljd") => &[Platform::Cljd],
        _ => &[],
    }
}
