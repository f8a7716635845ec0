//! Where everything stands: the namespaces, definitions and uses of each file with their places, as an editor, a refactoring or
//! another analyser needs them.
//!
//! None of it is stored: it follows from the sources, and costs what analysing them does. A file that several platforms read
//! has what each of them finds, one after the other.

mod keywords;
mod locals;
mod namespaces;
mod place;
mod vars;

pub use keywords::KeywordFound;
pub use locals::{LocalFound, LocalUsageFound};
pub use namespaces::{LoadFound, NamespaceFound};
pub use place::Place;
pub use vars::{DefinitionFound, UsageFound};

use super::ns::Reading;
use super::resolve::Project;
use super::walk::Pass;
use super::{Detail, File, Rules};
use place::Lines;
use rayon::prelude::*;
use std::ops::Range;

/// What is found in a file.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The file's path.
    pub path: String,
    /// The namespaces it makes.
    pub namespaces: Vec<NamespaceFound>,
    /// The namespaces it names to load them or to give them an alias.
    pub loads: Vec<LoadFound>,
    /// The vars it defines.
    pub definitions: Vec<DefinitionFound>,
    /// The vars it uses.
    pub usages: Vec<UsageFound>,
    /// The locals it binds.
    pub locals: Vec<LocalFound>,
    /// Where those are used.
    pub local_usages: Vec<LocalUsageFound>,
    /// The keywords that stand in it.
    pub keywords: Vec<KeywordFound>,
}

/// Finds what stands where in the files of a project: paths and texts.
///
/// ```
/// use code::analysis::{Rules, find};
/// let files = [("a.clj".to_string(), "(ns a)\n(defn f [x] (inc x))".to_string())];
/// let found = find(&files, &Rules::default());
/// let inc = found[0].usages.iter().find(|usage| &*usage.name == "inc").unwrap();
/// assert_eq!((inc.name_at.row, inc.name_at.col, inc.arity), (2, 14, Some(1)));
/// assert_eq!(inc.from_var.as_deref(), Some("f"));
/// ```
pub fn find(files: &[(String, String)], rules: &Rules) -> Vec<Findings> {
    let files: Vec<File<'_>> = files
        .par_iter()
        .map(|(path, text)| File::read(path, text, rules, Detail::Places))
        .collect();
    let project = Project::of(&files);
    files.par_iter().map(|file| of_file(&project, file)).collect()
}

fn of_file(project: &Project<'_>, file: &File<'_>) -> Findings {
    let lines = Lines::of(file.text);
    let mut found = Findings { path: file.path.to_string(), ..Findings::default() };
    for pass in &file.passes {
        let lang = (file.passes.len() > 1).then(|| pass.platform.name());
        let finder = Finder { project, file, pass, lang, lines: &lines };
        for context in &pass.contexts {
            found.namespaces.extend(finder.namespace(context));
            found.loads.extend(context.mentions.iter().map(|m| finder.load(context, m)));
            let referred = context.referred.iter();
            found.usages.extend(referred.filter_map(|r| finder.referred(context, r)));
        }
        let first_local = found.locals.len() as u32;
        finder.locals(first_local, &mut found);
        finder.keywords(first_local, &mut found.keywords);
        for form in &pass.forms {
            found.definitions.extend(form.defs.iter().map(|def| finder.definition(form, def)));
            found.usages.extend(form.uses.iter().filter_map(|used| finder.usage(form, used)));
        }
    }
    found
}

/// What finding in one pass over a file needs.
struct Finder<'a> {
    project: &'a Project<'a>,
    file: &'a File<'a>,
    pass: &'a Pass,
    lang: Option<&'static str>,
    lines: &'a Lines<'a>,
}

impl Finder<'_> {
    fn place(&self, at: &Range<u32>) -> Place {
        self.lines.place(at.clone())
    }

    fn text(&self, at: &Range<u32>) -> &str {
        &self.file.text[at.start as usize..at.end as usize]
    }

    fn reading(&self) -> Reading<'_> {
        Reading { text: self.file.text, tree: &self.file.tree, platform: self.pass.platform }
    }
}
