//! Whether every statement says what it said, wherever it stands now.
//!
//! Refactorings that move code cannot be checked place by place. So each statement is told by what it defines and what it
//! uses, in the order of its text and by platform, with names as they are to be afterwards; where it stands and what is
//! around it tells nothing. The statements before and after are then two sorted lists that must be the same.
//!
//! `ns` forms and declarations are left out: they are what such a refactoring is there to change, and what they must say
//! shows in the uses. What a refactoring means to change otherwise is in [`Altered`].

use super::outline::Outline;
use super::reason::{Reason, Why};
use super::renaming::Renaming;
use super::sources::Sources;
use crate::analysis::{Place, platforms};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;

/// What a refactoring means to become of a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It says what it said.
    Same,
    /// It may say something else, but nothing in it may mean nothing that meant something.
    Changed,
    /// It is no more.
    Gone,
    /// What it uses is no more, as was asked for.
    Broken,
}

/// What a refactoring means to change.
pub(super) struct Altered<'a> {
    /// The fate of the statement at an offset of a file.
    pub(super) fate: &'a (dyn Fn(usize, usize) -> Fate + Sync),
    /// The full names of vars that are new.
    pub(super) new: &'a [String],
}

impl Altered<'_> {
    /// Everything says what it said.
    pub(super) fn nothing() -> Altered<'static> {
        Altered { fate: &|_, _| Fate::Same, new: &[] }
    }
}

/// What a statement defines: platform, namespace, name, whether it is private and a macro.
type Defined = (&'static str, String, String, bool, bool);
/// What it uses: platform, namespace, name, arity.
type Use = (&'static str, Option<String>, String, Option<u32>);
/// A keyword in it: platform, namespace, name.
type Key = (&'static str, Option<String>, String);

/// What a statement says.
struct Said {
    defined: Vec<Defined>,
    uses: Vec<Use>,
    keywords: Vec<Key>,
    file: usize,
    /// Its text.
    text: String,
    /// Where it begins, and where its uses are.
    at: Place,
    places: Vec<Place>,
}

impl Said {
    fn key(&self) -> (&[Defined], &[Use], &[Key]) {
        (&self.defined, &self.uses, &self.keywords)
    }

    fn name(&self) -> Option<String> {
        self.defined.first().map(|(_, ns, name, ..)| format!("{ns}/{name}"))
    }
}

/// All differences between what statements said and what they say, as reasons against it.
pub(super) fn differences(
    before: &Sources,
    after: &Sources,
    renaming: &Renaming,
    altered: &Altered<'_>,
) -> Vec<Reason> {
    let (wanted, found) = (said(before, renaming), said(after, &Renaming::default()));
    let (mut lost, mut gained) = (Vec::new(), Vec::new());
    let (mut i, mut j) = (0, 0);
    while i < wanted.len() || j < found.len() {
        match (wanted.get(i), found.get(j)) {
            (Some(was), Some(is)) if was.key() == is.key() => {
                i += 1;
                j += 1;
            }
            (Some(was), Some(is)) if was.key() < is.key() => {
                lost.push(was);
                i += 1;
            }
            (Some(was), None) => {
                lost.push(was);
                i += 1;
            }
            (_, Some(is)) => {
                gained.push(is);
                j += 1;
            }
            (None, None) => {}
        }
    }
    explain(before, after, lost, gained, altered)
}

/// What all statements of a project say, in order of that.
fn said(sources: &Sources, renaming: &Renaming) -> Vec<Said> {
    let files: Vec<usize> = (0..sources.len()).collect();
    let known = Known::of(sources);
    let of_file = |file| of_file(sources, file, renaming, &known);
    let mut all: Vec<Said> = files.into_par_iter().flat_map_iter(of_file).collect();
    all.par_sort_by(|a, b| a.key().cmp(&b.key()));
    all
}

/// The namespaces of a project, and their vars.
struct Known<'a> {
    namespaces: FxHashSet<&'a str>,
    vars: FxHashSet<(&'a str, &'a str)>,
}

impl<'a> Known<'a> {
    fn of(sources: &'a Sources) -> Known<'a> {
        let found = || sources.all().map(|(_, found)| found);
        let namespaces = found().flat_map(|f| f.namespaces.iter().map(|ns| &*ns.name));
        let vars = found().flat_map(|f| f.definitions.iter().map(|def| (&*def.ns, &*def.name)));
        Known { namespaces: namespaces.collect(), vars: vars.collect() }
    }

    /// Whether a namespace of the project has no such var: then its name was taken from an alias, and means nothing.
    fn is_missing(&self, ns: &str, name: &str) -> bool {
        self.namespaces.contains(ns) && !self.vars.contains(&(ns, name))
    }
}

fn of_file(sources: &Sources, file: usize, renaming: &Renaming, known: &Known<'_>) -> Vec<Said> {
    let found = sources.found(file);
    let outline = Outline::of(sources.path(file), sources.text(file));
    let only = platforms(sources.path(file)).first().map_or("", |platform| platform.name());
    let mut statements: BTreeMap<usize, Said> = BTreeMap::new();
    let is_ns = |offset: usize| outline.ns_forms.iter().any(|ns| ns.at.contains(&offset));
    let mut of = |place: &Place, add: &mut dyn FnMut(&mut Said)| {
        let start = place.start as usize;
        let Some(statement) = outline.statement_at(start).filter(|_| !is_ns(start)) else { return };
        add(statements.entry(statement).or_insert_with(|| Said {
            defined: Vec::new(),
            uses: Vec::new(),
            keywords: Vec::new(),
            file,
            text: outline.text[outline.range(outline.statements[statement])].to_owned(),
            at: *place,
            places: Vec::new(),
        }));
    };
    for def in &found.definitions {
        let (ns, name) = renaming.of_var(&def.ns, &def.name);
        let lang = def.lang.unwrap_or(only);
        let defined = (lang, ns.to_owned(), name.to_owned(), def.private, def.is_macro);
        of(&def.name_at, &mut |said| said.defined.push(defined.clone()));
    }
    let mut usages: Vec<_> = found.usages.iter().collect();
    usages.sort_by_key(|used| (used.name_at.start, used.lang));
    for used in usages {
        let (to, name) = match used.to.as_deref() {
            Some(to) if !known.is_missing(to, &used.name) => {
                let (to, name) = renaming.of_var(to, &used.name);
                (Some(to.to_owned()), name)
            }
            _ => (None, used.name.rsplit('/').next().unwrap_or(&used.name)),
        };
        let of_use = (used.lang.unwrap_or(only), to, name.to_owned(), used.arity);
        of(&used.name_at, &mut |said| {
            said.uses.push(of_use.clone());
            said.places.push(used.name_at);
        });
    }
    let mut keywords: Vec<_> = found.keywords.iter().collect();
    keywords.sort_by_key(|keyword| (keyword.at.start, keyword.lang));
    for keyword in keywords {
        let ns = keyword.ns.as_deref().map(str::to_owned);
        let key = (keyword.lang.unwrap_or(only), ns, keyword.name.to_string());
        of(&keyword.at, &mut |said| said.keywords.push(key.clone()));
    }
    statements
        .into_iter()
        .filter(|(at, _)| !is_declaration(&outline, *at))
        .map(|(_, said)| said)
        .collect()
}

fn is_declaration(outline: &Outline<'_>, statement: usize) -> bool {
    !outline.declared(outline.statements[statement]).is_empty()
}

fn explain(
    before: &Sources,
    after: &Sources,
    lost: Vec<&Said>,
    gained: Vec<&Said>,
    altered: &Altered<'_>,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let unknown: Vec<&str> = lost.iter().flat_map(|was| unknown_names(was)).collect();
    let mut left: Vec<Option<&Said>> = gained.into_iter().map(Some).collect();
    for was in lost {
        let fate = (altered.fate)(was.file, was.at.start as usize);
        // What has no name is known by its text; what moved, by how much it uses; what was changed, by its file.
        let alike = |is: &Said| {
            was.text == is.text
                || was.uses.len() == is.uses.len()
                || (fate == Fate::Changed && before.path(was.file) == after.path(is.file))
        };
        let same = |is: &Option<&Said>| {
            is.is_some_and(|is| is.defined == was.defined && (was.name().is_some() || alike(is)))
        };
        let is = left.iter().position(same).and_then(|at| left[at].take());
        match (fate, is) {
            (Fate::Gone | Fate::Broken, _) => {}
            (Fate::Changed, Some(is)) => {
                reasons.extend(newly_unknown(after, &unknown_names(was), is))
            }
            (Fate::Same, Some(is)) => reasons.extend(difference(after, was, is)),
            // Without a name, and nothing used any more: constants.
            (Fate::Changed, None) if was.name().is_none() => {}
            (_, None) => {
                let name = was.name().unwrap_or_else(|| "this statement".to_owned());
                let message = format!("{name} would not be found as it is any more");
                reasons.push(Reason::new(Why::Lost, message).at(before.at(was.file, &was.at)));
            }
        }
    }
    for is in left.into_iter().flatten() {
        let name = is.name();
        if name.as_ref().is_some_and(|name| altered.new.contains(name)) {
            reasons.extend(newly_unknown(after, &unknown, is));
        } else {
            let name = name.unwrap_or_else(|| "a statement".to_owned());
            let message = format!("{name} would be found here, which is not there now");
            reasons.push(Reason::new(Why::Changed, message).at(after.at(is.file, &is.at)));
        }
    }
    reasons
}

fn told((_, to, name, _): &Use) -> String {
    match to {
        Some(to) => format!("{to}/{name}"),
        None => format!("{name}, which is not resolved"),
    }
}

/// The first use in which two statements differ.
fn difference(after: &Sources, was: &Said, is: &Said) -> Option<Reason> {
    let at = was.uses.iter().zip(&is.uses).take_while(|(was, is)| was == is).count();
    let place = is.places.get(at).unwrap_or(&is.at);
    let token = after.token(is.file, place);
    let (why, message) = match (was.uses.get(at), is.uses.get(at)) {
        (Some(was), Some(is)) if is.1.is_none() => {
            (Why::Lost, format!("`{token}` would mean nothing here; it is to mean {}", told(was)))
        }
        (Some(was), Some(is)) => {
            (Why::Changed, format!("`{token}` would mean {} instead of {}", told(is), told(was)))
        }
        (Some(was), None) => {
            (Why::Captured, format!("{} would not be used here any more", told(was)))
        }
        (None, Some(is)) => (Why::Changed, format!("{} would be used here", told(is))),
        (None, None) => {
            let other = was.keywords.iter().zip(&is.keywords).find(|(was, is)| was != is);
            let told = other.map(|(was, is)| format!("{} would be {}", keyword(was), keyword(is)));
            (Why::Changed, told.unwrap_or_else(|| "other keywords would stand here".to_owned()))
        }
    };
    Some(Reason::new(why, message).at(after.at(is.file, place)))
}

fn keyword((_, ns, name): &Key) -> String {
    ns.as_ref().map_or_else(|| format!(":{name}"), |ns| format!(":{ns}/{name}"))
}

/// The names in a statement that mean nothing.
fn unknown_names(said: &Said) -> Vec<&str> {
    said.uses.iter().filter(|used| used.1.is_none()).map(|used| used.2.as_str()).collect()
}

/// The uses of a statement that would mean nothing and are not among what meant nothing before.
fn newly_unknown(after: &Sources, known: &[&str], is: &Said) -> Vec<Reason> {
    let uses = is.uses.iter().zip(&is.places);
    let unknown = uses.filter(|(used, _)| used.1.is_none() && !known.contains(&used.2.as_str()));
    unknown
        .map(|(_, place)| {
            let message = format!("`{}` would mean nothing here", after.token(is.file, place));
            Reason::new(Why::Lost, message).at(after.at(is.file, place))
        })
        .collect()
}
