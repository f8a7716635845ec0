//! Deletes statements, when nothing uses them; else shows what does, and deletes that too or leaves it broken, as it is told.
//!
//! # What changes
//!
//! - The statements go with the comments just above them, and what declares them.
//! - Names that `ns` forms and calls of `require` refer to them by, classes that they import, and what `ns` forms required only
//!   for what has gone, go too.
//!
//! # What is refused, each with its place
//!
//! - What is used: by code that stays, also in a `comment`; by a quoted name there is only a warning.
//! - An `ns` form, which is its namespace.
//!
//! [`Uses::Cascade`] deletes the users too, and theirs, and tells of each. [`Uses::Ignore`] deletes all the same, and tells of
//! each use that means nothing then.

use super::draft::Change;
use super::handed_on::handed_on;
use super::meaning::{Altered, Fate};
use super::named::{statements, unknown};
use super::ns_form::{Lib, Platforms};
use super::reason::{Reason, Refused, Why};
use super::renaming::Renaming;
use super::sources::Sources;
use super::work::{Var, Work};
use crate::analysis::UsageFound;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What becomes of what uses a deleted statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Uses {
    /// The deletion is refused.
    #[default]
    Refuse,
    /// It is deleted too.
    Cascade,
    /// It is left as it is.
    Ignore,
}

/// Statements, by file and place in it.
type Statements = BTreeMap<usize, BTreeSet<usize>>;

/// Vars that go, by namespace and name, with the platforms that another definition leaves them to.
type Vars = FxHashMap<String, FxHashMap<String, Platforms>>;

/// Deletes statements, by their full names.
///
/// ```
/// use code::{analysis::Rules, refactor::{Sources, Uses, delete}};
/// let text = "(ns a)\n\n(defn f [] 1)\n\n(defn g [] (f))\n";
/// let sources = Sources::read(vec![("a.clj".into(), text.into())], &Rules::default());
/// let refused = delete(&sources, &["a/f"], Uses::Refuse).unwrap_err();
/// assert_eq!(refused.to_string(), "a.clj:5:13: a/f is used here, by a/g");
/// let change = delete(&sources, &["a/f"], Uses::Cascade).unwrap();
/// assert_eq!(change.files[0].after.as_deref(), Some("(ns a)\n"));
/// ```
pub fn delete(sources: &Sources, names: &[&str], uses: Uses) -> Result<Change, Refused> {
    let mut chosen = Statements::new();
    for name in names {
        let found = statements(sources, name);
        if found.is_empty() {
            return Err(unknown(name).into());
        }
        for (file, statement) in found {
            chosen.entry(file).or_default().insert(statement);
        }
    }
    let mut gone = Deleted::of(sources, chosen)?;
    if uses == Uses::Cascade {
        gone.grow();
    }
    gone.finish(uses)
}

/// What is deleted.
struct Deleted<'a> {
    work: Work<'a>,
    statements: Statements,
    vars: Vars,
    /// What was added since it uses what goes, and by what.
    because: Vec<(usize, &'a UsageFound)>,
}

impl<'a> Deleted<'a> {
    fn of(sources: &'a Sources, statements: Statements) -> Result<Deleted<'a>, Reason> {
        let work = Work::new(sources, FxHashSet::default(), FxHashSet::default());
        let vars = Vars::default();
        let mut deleted = Deleted { work, statements, vars, because: Vec::new() };
        deleted.vars = deleted.defined();
        for (file, places) in &deleted.statements {
            let outline = &deleted.work.outlines[*file];
            let at = |place: &usize| outline.range(outline.statements[*place]);
            if places.iter().any(|place| outline.ns_forms.iter().any(|ns| ns.at == at(place))) {
                let message =
                    format!("{} has the `ns` form, which is its namespace", sources.path(*file));
                return Err(Reason::new(Why::Unsupported, message).help("delete the file instead"));
            }
        }
        Ok(deleted)
    }

    /// Whether a statement goes.
    fn goes(&self, file: usize, offset: usize) -> bool {
        let statement = self.work.outlines[file].statement_at(offset);
        statement.is_some_and(|s| self.statements.get(&file).is_some_and(|all| all.contains(&s)))
    }

    /// The vars that the statements define, and who has them from others.
    fn defined(&self) -> Vars {
        let mut vars = Vars::default();
        let all = || {
            self.work.sources.all().flat_map(|(file, found)| {
                let defs = found.definitions.iter().filter(|def| *def.kind != *"declare");
                defs.map(move |def| (file, def))
            })
        };
        for (_, def) in all().filter(|(file, def)| self.goes(*file, def.name_at.start as usize)) {
            let of_ns = vars.entry(def.ns.to_string()).or_default();
            of_ns.insert(def.name.to_string(), Platforms::default());
        }
        for (file, def) in all().filter(|(file, def)| !self.goes(*file, def.name_at.start as usize))
        {
            if let Some(left) = vars.get_mut(&*def.ns).and_then(|ns| ns.get_mut(&*def.name)) {
                *left = left.and(self.work.platforms(file, def.lang));
            }
        }
        vars
    }

    /// Whether a use means nothing any more.
    fn is_gone(&self, file: usize, used: &UsageFound) -> bool {
        let left = used.to.as_deref().and_then(|to| left(&self.vars, to, &used.name));
        left.is_some_and(|left| left.common(self.work.platforms(file, used.lang)).is_empty())
    }

    /// The uses of what goes, in what stays.
    fn users(&self) -> Vec<(usize, &'a UsageFound)> {
        let mut users = Vec::new();
        for (file, found) in self.work.sources.all() {
            if !found.usages.iter().any(|used| self.is_gone(file, used)) {
                continue;
            }
            let tokens = self.work.tokens(file, |at| !self.goes(file, at));
            let uses = tokens
                .into_values()
                .filter_map(|used| used.into_iter().find(|used| self.is_gone(file, used)));
            users.extend(uses.map(|used| (file, used)));
        }
        users
    }

    /// Adds what uses what goes, until nothing does.
    fn grow(&mut self) {
        loop {
            let mut more = false;
            for (file, used) in self.users() {
                let offset = used.name_at.start as usize;
                let at = self.work.outlines[file].statement_at(offset);
                let Some(statement) = at.filter(|_| !self.work.is_load(file, offset)) else {
                    continue;
                };
                if self.statements.entry(file).or_default().insert(statement) {
                    self.because.push((file, used));
                    more = true;
                }
            }
            if !more {
                return;
            }
            self.vars = self.defined();
        }
    }

    /// Refuses where what goes is handed on: under its other name it may be used anywhere.
    fn guard_handed_on(&mut self, uses: Uses) {
        for handed in handed_on(self.work.sources) {
            let at = &handed.own.name_at;
            let is_gone = is_no_more(&self.vars, &handed.var.to, &handed.var.name);
            if !is_gone || self.goes(handed.file, at.start as usize) {
                continue;
            }
            match uses {
                Uses::Ignore => self.work.draft.warn(handed.file, at, handed.told()),
                _ => {
                    let help = "take it out of this form first, or --force leaves that as it is";
                    self.work.refuse(handed.file, at, Why::Lost, handed.told(), help);
                }
            }
        }
    }

    fn finish(mut self, uses: Uses) -> Result<Change, Refused> {
        self.guard_handed_on(uses);
        let users = self.users();
        let (required, users): (Vec<_>, Vec<_>) = users.into_iter().partition(|(file, used)| {
            let at = used.name_at.start as usize..used.name_at.end as usize;
            self.work.required_name(*file, &at).is_some()
        });
        let required = self.require_no_more(&required);
        let broken: FxHashSet<(usize, usize)> = users
            .iter()
            .filter_map(|(file, used)| {
                let at = self.work.outlines[*file].statement_at(used.name_at.start as usize);
                at.map(|statement| (*file, statement))
            })
            .collect();
        for (file, used) in users {
            let by = used.from_var.as_ref().map(|var| format!(", by {}/{var}", used.from));
            let by = by.unwrap_or_default();
            let var = format!("{}/{}", used.to.as_deref().unwrap_or_default(), used.name);
            match uses {
                Uses::Ignore => {
                    let message = format!("{var} means nothing here any more{by}");
                    self.work.draft.warn(file, &used.name_at, message);
                }
                _ => {
                    let message = format!("{var} is used here{by}");
                    let help = "--cascade deletes what uses it too, --force leaves that as it is";
                    self.work.refuse(file, &used.name_at, Why::Lost, message, help);
                }
            }
        }
        for (file, used) in std::mem::take(&mut self.because) {
            let what = used.from_var.as_ref().map(|var| format!("{}/{var}", used.from));
            let what = what.unwrap_or_else(|| "this statement".to_owned());
            let message = format!(
                "{what} goes too: it uses {}/{}",
                used.to.as_deref().unwrap_or_default(),
                used.name
            );
            self.work.draft.warn(file, &used.name_at, message);
        }
        let gone: FxHashSet<Var> = self
            .vars
            .iter()
            .flat_map(|(ns, vars)| vars.keys().map(move |name| (ns.clone(), name.clone())))
            .filter(|(ns, name)| is_no_more(&self.vars, ns, name))
            .collect();
        self.work.tell_of(gone.iter().map(|(ns, name)| format!("{ns}/{name}")).collect());
        self.work.go(gone);
        self.forms();
        for (file, places) in &self.statements {
            let places: Vec<usize> = places.iter().copied().collect();
            self.work.take_out(*file, &places);
        }
        self.declared_elsewhere();
        self.work.drop_unused();
        let outlines: Vec<_> = (0..self.work.sources.len())
            .map(|file| {
                let outline = &self.work.outlines[file];
                outline.statements.iter().map(|node| outline.range(*node)).collect::<Vec<_>>()
            })
            .collect();
        let statements = self.statements;
        let fate = |file: usize, offset: usize| {
            let at = outlines[file].partition_point(|range| range.end <= offset);
            if statements.get(&file).is_some_and(|all| all.contains(&at)) {
                Fate::Gone
            } else if broken.contains(&(file, at)) {
                Fate::Broken
            } else if required.contains(&(file, at)) {
                Fate::Changed
            } else {
                Fate::Same
            }
        };
        self.work.finish(&Renaming::default(), &Altered { fate: &fate, new: &[] })
    }

    /// Takes names that go out of calls of `require`; the statements that these stand in.
    fn require_no_more(&mut self, names: &[(usize, &UsageFound)]) -> FxHashSet<(usize, usize)> {
        let mut cuts: BTreeMap<usize, Vec<Range<usize>>> = BTreeMap::new();
        let mut statements = FxHashSet::default();
        for (file, used) in names {
            let at = used.name_at.start as usize..used.name_at.end as usize;
            cuts.entry(*file).or_default().extend(self.work.required_name(*file, &at));
            let statement = self.work.outlines[*file].statement_at(at.start);
            statements.extend(statement.map(|statement| (*file, statement)));
        }
        for (file, names) in cuts {
            let text = self.work.outlines[file].text;
            self.work.cut(file, without_first_gaps(text, names));
        }
        statements
    }

    /// What stands in files from which nothing else goes, and declares what goes.
    fn declared_elsewhere(&mut self) {
        for file in 0..self.work.sources.len() {
            if !self.statements.contains_key(&file) {
                self.work.take_out(file, &[]);
            }
        }
    }

    /// What `ns` forms say of what goes. The forms of files that something goes from lose what they required for it.
    fn forms(&mut self) {
        for file in 0..self.work.sources.len() {
            for ns in 0..self.work.outlines[file].ns_forms.len() {
                let form = self.work.outlines[file].ns_forms[ns].form.clone();
                for lib in form.libs() {
                    let gone = self.names_of(lib);
                    if !gone.is_empty() {
                        self.work.drop_refers((file, ns), lib, &gone);
                    }
                }
                let vars = &self.vars;
                let is_gone = |package: &str, class: &str| {
                    is_no_more(vars, &package.replace('_', "-"), class)
                };
                if form.imports().iter().any(|import| is_gone(&import.package, &import.class)) {
                    let form = &mut self.work.naming((file, ns)).form;
                    form.drop_imports(|import| is_gone(&import.package, &import.class));
                }
                if self.statements.contains_key(&file) {
                    self.work.naming((file, ns));
                }
            }
        }
    }

    /// The names that a library is referred to by and that go.
    fn names_of(&self, lib: &Lib) -> Vec<String> {
        let gone =
            lib.refers.iter().filter(|refer| is_no_more(&self.vars, &lib.ns, &refer.original));
        gone.map(|refer| refer.name.clone()).collect()
    }
}

/// Names of lists, each with the gap before it; those that begin a list go with the gap behind them.
fn without_first_gaps(text: &str, mut names: Vec<Range<usize>>) -> Vec<Range<usize>> {
    names.sort_by_key(|name| name.start);
    let mut runs: Vec<Range<usize>> = Vec::new();
    for name in names {
        match runs.last_mut() {
            Some(last) if name.start <= last.end => last.end = last.end.max(name.end),
            _ => runs.push(name),
        }
    }
    for run in &mut runs {
        let rest = &text[run.end..];
        if text[..run.start].ends_with(['[', '(']) {
            run.end += rest.len() - rest.trim_start().len();
        }
    }
    runs
}

/// Who still has a var that goes; nothing where it does not go.
fn left(vars: &Vars, ns: &str, name: &str) -> Option<Platforms> {
    vars.get(ns)?.get(name).copied()
}

/// Whether nothing defines a var any more.
fn is_no_more(vars: &Vars, ns: &str, name: &str) -> bool {
    left(vars, ns, name).is_some_and(Platforms::is_empty)
}
