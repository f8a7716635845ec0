//! Where everything stands: the namespaces, definitions and uses of each file with their places, as an editor, a refactoring or
//! another analyser needs them.
//!
//! None of it is stored: it follows from the sources, and costs what analysing them does. A file that several platforms read
//! has what each of them finds, one after the other.

mod classes;
mod definitions;
mod implementations;
mod keywords;
mod locals;
mod mentions;
mod namespaces;
mod place;
mod symbols;
mod usages;

pub use classes::ClassFound;
pub use definitions::DefinitionFound;
pub use implementations::ImplementationFound;
pub use keywords::KeywordFound;
pub use locals::{LocalFound, LocalUsageFound};
pub use mentions::{AliasFound, MentionFound};
pub use namespaces::{LoadFound, NamespaceFound};
pub use place::Place;
pub use symbols::SymbolFound;
pub use usages::UsageFound;

use super::ns::{Context, Reading};
use super::resolve::{Project, core_of, meaning_of};
use super::vars::Vars;
use super::walk::{Pass, UseKind};
use super::{Detail, Entered, File, Rules, is_data};
use edn::Str;
pub(crate) use place::Lines;
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
    /// The names that it gives them.
    pub aliases: Vec<AliasFound>,
    /// The vars it defines.
    pub definitions: Vec<DefinitionFound>,
    /// The methods of interfaces in it: no vars, but clj-kondo tells of them as if they were.
    pub members: Vec<DefinitionFound>,
    /// The vars it uses.
    pub usages: Vec<UsageFound>,
    /// The vars it names without using them.
    pub mentions: Vec<MentionFound>,
    /// The locals it binds.
    pub locals: Vec<LocalFound>,
    /// Where those are used.
    pub local_usages: Vec<LocalUsageFound>,
    /// The keywords that stand in it.
    pub keywords: Vec<KeywordFound>,
    /// The methods of protocols and interfaces that it implements.
    pub implementations: Vec<ImplementationFound>,
    /// The classes of the JVM that it names.
    pub classes: Vec<ClassFound>,
    /// Symbols with a namespace in its quoted data.
    pub symbols: Vec<SymbolFound>,
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
    let read = |(path, text): &(String, String)| {
        File::read(path.as_str().into(), text.clone(), rules, Detail::Places)
    };
    let mut files: Vec<File> = files.par_iter().map(read).collect();
    let entered = Entered::of(files.iter(), files.iter());
    files.iter_mut().for_each(|file| _ = file.enter(rules, Detail::Places, &entered));
    let vars = Vars::of(&files);
    files.par_iter().map(|file| of_file(&Project::of(&vars), file)).collect()
}

fn of_file(project: &Project<'_>, file: &File) -> Findings {
    let lines = Lines::of(&file.text);
    let mut found = Findings { path: file.path.to_string(), ..Findings::default() };
    if is_data(&file.path) {
        found.keywords = keywords::of_data(file, &lines);
    }
    for pass in &file.passes {
        let lang = (file.passes.len() > 1).then(|| pass.platform.name());
        let finder = Finder { project, file, pass, lang, lines: &lines };
        for context in &pass.contexts {
            found.namespaces.extend(finder.namespace(context));
            found.loads.extend(context.mentions.iter().map(|m| finder.load(context, m)));
            found.aliases.extend(context.given.iter().map(|a| finder.alias(context, a)));
            found.mentions.extend(context.named.iter().map(|n| finder.named(context, n)));
            let referred = context.referred.iter();
            found.usages.extend(referred.filter_map(|r| finder.referred(context, r)));
            if finder.has_classes() {
                let imported = context.imported.iter();
                found.classes.extend(imported.map(|i| finder.imported(context, i)));
            }
        }
        let implementations = pass.implementations.iter();
        found.implementations.extend(implementations.filter_map(|i| finder.implementation(i)));
        let first_local = found.locals.len() as u32;
        finder.locals(first_local, &mut found);
        finder.keywords(first_local, &mut found.keywords);
        for form in &pass.forms {
            found.definitions.extend(form.defs.iter().map(|def| finder.definition(form, def)));
            found.members.extend(form.members.iter().map(|def| finder.definition(form, def)));
            found.usages.extend(form.uses.iter().filter_map(|used| finder.usage(form, used)));
            if finder.has_classes() {
                found.classes.extend(form.uses.iter().filter_map(|used| finder.class(form, used)));
            }
            finder.symbols(form, &mut found.symbols);
            found.mentions.extend(finder.handed_on(form));
        }
    }
    found
}

/// What finding in one pass over a file needs.
struct Finder<'a> {
    project: &'a Project<'a>,
    file: &'a File,
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

    /// The full name of what heads a list, as in `clojure.core/defn`.
    fn head(&self, context: &Context, list: usize) -> Str {
        let reading = self.reading();
        let head = reading.forms(list).first().and_then(|head| reading.symbol(*head));
        let head = head.unwrap_or_default();
        let meaning = meaning_of(self.project, self.pass, context, UseKind::Call, head);
        match usages::target(meaning, head) {
            Some((Some(ns), name)) => format!("{ns}/{name}").into(),
            Some((None, name)) => name,
            // Special forms are clj-kondo's core.
            None => format!("{}/{head}", core_of(self.pass.platform)).into(),
        }
    }

    fn reading(&self) -> Reading<'_> {
        Reading { text: &self.file.text, tree: &self.file.tree, platform: self.pass.platform }
    }
}
