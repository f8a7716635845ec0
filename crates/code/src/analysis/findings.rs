//! Where everything stands: the namespaces, definitions and uses of each file with their places, as an editor, a refactoring or
//! another analyser needs them.
//!
//! None of it is stored: it follows from the sources, and costs what analysing them does. A file that several platforms read
//! has what each of them finds, one after the other.

use super::File;
use super::ns::{Context, Mention, Referred};
use super::resolve::{Meaning, Project, is_primitive, meaning_of, qualified};
use super::walk::{Def, Form, NO_LIST, Pass, Use, UseKind};
use crate::analysis::Rules;
use edn::Str;
use rayon::prelude::*;
use std::ops::Range;

/// From where to where something stands. Rows and columns count from 1, columns in UTF-16 units, as Clojure's reader counts
/// them; the end is the column behind the last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The first row.
    pub row: u32,
    /// Where it begins in that.
    pub col: u32,
    /// The last row.
    pub end_row: u32,
    /// Where it ends in that.
    pub end_col: u32,
}

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
}

/// An `ns` form.
#[derive(Clone, Debug)]
pub struct NamespaceFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// Its name.
    pub name: Str,
    /// Where the form stands.
    pub at: Place,
    /// Where the name stands.
    pub name_at: Place,
}

/// A namespace that another one names.
#[derive(Clone, Debug)]
pub struct LoadFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// The namespace that names it.
    pub from: Str,
    /// The one that is named.
    pub to: Str,
    /// What it is called there.
    pub alias: Option<Str>,
    /// Where its name stands.
    pub name_at: Place,
}

/// A var that is defined.
#[derive(Clone, Debug)]
pub struct DefinitionFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// Its namespace.
    pub ns: Str,
    /// Its name.
    pub name: Str,
    /// What defines it.
    pub kind: Str,
    /// Where the form that defines it stands.
    pub at: Place,
    /// Where the name stands; of a var that is made by the way, the name it is made of.
    pub name_at: Place,
    /// Whether it is private.
    pub private: bool,
    /// Whether it is a macro.
    pub is_macro: bool,
    /// Its parameter vectors, as text.
    pub arglists: Option<Str>,
    /// Its docstring.
    pub doc: Option<Str>,
}

/// A var that is used.
#[derive(Clone, Debug)]
pub struct UsageFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// The namespace it is used in.
    pub from: Str,
    /// The var in whose definition it is used.
    pub from_var: Option<Str>,
    /// The namespace of the var; none where the name cannot be resolved.
    pub to: Option<Str>,
    /// The var's name; what stands there, where it cannot be resolved.
    pub name: Str,
    /// The alias or namespace written before it.
    pub alias: Option<Str>,
    /// With how many arguments it is called; none where it is not.
    pub arity: Option<u32>,
    /// Where it stands.
    pub name_at: Place,
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
    let files: Vec<File<'_>> =
        files.par_iter().map(|(path, text)| File::read(path, text, rules)).collect();
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

    fn namespace(&self, context: &Context) -> Option<NamespaceFound> {
        let (name_at, at) = context.at.as_ref()?;
        Some(NamespaceFound {
            lang: self.lang,
            name: context.name.as_str().into(),
            at: self.place(at),
            name_at: self.place(name_at),
        })
    }

    fn load(&self, context: &Context, mention: &Mention) -> LoadFound {
        LoadFound {
            lang: self.lang,
            from: context.name.as_str().into(),
            to: mention.ns.as_str().into(),
            alias: mention.alias.as_deref().map(Str::from),
            name_at: self.place(&mention.at),
        }
    }

    fn definition(&self, form: &Form, def: &Def) -> DefinitionFound {
        DefinitionFound {
            lang: self.lang,
            ns: self.pass.contexts[form.context].name.as_str().into(),
            name: def.name.as_str().into(),
            kind: def.kind.as_str().into(),
            at: self.place(&def.form),
            name_at: self.place(&def.at),
            private: def.private,
            is_macro: def.is_macro,
            arglists: def.arglists.as_deref().map(Str::from),
            doc: def.doc.as_deref().map(Str::from),
        }
    }

    fn referred(&self, context: &Context, referred: &Referred) -> Option<UsageFound> {
        let Referred { ns, name, at } = referred;
        let meaning = qualified(self.project, context, self.pass.platform, ns, name);
        let (to, name) = target(meaning, name)?;
        Some(UsageFound {
            lang: self.lang,
            from: context.name.as_str().into(),
            from_var: None,
            to,
            name,
            alias: None,
            arity: None,
            name_at: self.place(at),
        })
    }

    /// A use of a var; `None` where it is of something else.
    fn usage(&self, form: &Form, used: &Use) -> Option<UsageFound> {
        let context = &self.pass.contexts[form.context];
        let symbol = &self.file.text[used.start as usize..used.end as usize];
        let meaning = meaning_of(self.project, self.pass, context, used.kind, symbol);
        // A hint that names no var of the project is a class of the host or a primitive type.
        let is_own = matches!(meaning, Meaning::Own { .. }) && !is_primitive(symbol);
        let prefix = symbol.split_once('/').filter(|(ns, name)| !ns.is_empty() && !name.is_empty());
        let (mut to, mut name) = target(meaning, symbol)?;
        // An alias says which namespace is meant, also where that has no such var.
        if to.is_none()
            && let Some((alias, plain)) = prefix
            && let Some(ns) = context.aliases.get(alias)
        {
            (to, name) = (Some(ns.as_str().into()), plain.into());
        }
        if used.kind == UseKind::TypeHint && !is_own {
            return None;
        }
        let within = used.within.checked_sub(1).and_then(|i| form.defs.get(i as usize));
        let arity = || self.file.tree.children(used.call as usize).count() as u32 - 1;
        Some(UsageFound {
            lang: self.lang,
            from: context.name.as_str().into(),
            from_var: within.map(|def| def.name.as_str().into()),
            to,
            name,
            alias: prefix.map(|(alias, _)| alias.into()),
            arity: (used.call != NO_LIST).then(arity),
            name_at: self.place(&(used.start..used.end)),
        })
    }
}

/// The namespace and name of what a symbol means: no namespace where that is not known, nothing where it is no var.
fn target(meaning: Meaning, symbol: &str) -> Option<(Option<Str>, Str)> {
    match meaning {
        Meaning::Own { ns, name, .. } | Meaning::Foreign { ns, name } => Some((Some(ns), name)),
        Meaning::Core { ns, name, .. } => Some((Some(ns.into()), name)),
        Meaning::Unresolved => Some((None, symbol.into())),
        Meaning::Host | Meaning::Nothing => None,
    }
}

/// Where the lines of a text begin.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<u32>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Lines<'t> {
        let after = |(at, _): (usize, &str)| at as u32 + 1;
        Lines { text, starts: [0].into_iter().chain(text.match_indices('\n').map(after)).collect() }
    }

    fn position(&self, at: u32) -> (u32, u32) {
        let row = self.starts.partition_point(|start| *start <= at);
        let start = self.starts[row - 1] as usize;
        let before = &self.text[start..at as usize];
        let units = match before.is_ascii() {
            true => before.len(),
            false => before.encode_utf16().count(),
        };
        (row as u32, units as u32 + 1)
    }

    fn place(&self, range: Range<u32>) -> Place {
        let ((row, col), (end_row, end_col)) =
            (self.position(range.start), self.position(range.end));
        Place { row, col, end_row, end_col }
    }
}
