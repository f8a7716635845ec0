//! Whether a refactoring kept the meaning: what is found afterwards is what was found before, with names and places as they
//! should be.
//!
//! Each thing that is found (a namespace, a definition, a use, a local, a keyword …) becomes an item: what it is, of whom, where. The items
//! of a file before, renamed and moved, and those after are two sorted lists that must be the same; what is in one of them
//! alone is a difference, and the reason for a refusal.

use super::edit::Edits;
use super::reason::{Reason, Why};
use super::renaming::Renaming;
use super::sources::Sources;
use crate::analysis::{Findings, Place};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;

/// Where a file of the project is afterwards.
#[derive(Clone, Copy, Debug)]
pub struct Moved<'a> {
    /// Its number among the files afterwards; none where it is gone.
    pub file: Option<usize>,
    /// What is edited in it.
    pub edits: Option<&'a Edits>,
}

/// Something that is found in a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Key<'a> {
    start: usize,
    end: usize,
    lang: Option<&'static str>,
    what: What<'a>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What<'a> {
    Namespace { name: &'a str },
    Load { from: &'a str, to: &'a str, alias: Option<&'a str> },
    Alias { from: &'a str, to: &'a str, alias: &'a str },
    Definition { ns: &'a str, name: &'a str, private: bool, is_macro: bool },
    Usage(Usage<'a>),
    Mention { to: &'a str, name: &'a str },
    Local { name: &'a str },
    LocalUsage { name: &'a str, bound_at: usize },
    Keyword { ns: Option<&'a str>, name: &'a str },
    Implementation { ns: Option<&'a str>, protocol: &'a str, method: &'a str },
    Class { name: Cow<'a, str> },
    Symbol { to: Option<&'a str>, name: Cow<'a, str> },
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Usage<'a> {
    from: &'a str,
    from_var: Option<&'a str>,
    to: Option<&'a str>,
    name: Cow<'a, str>,
    arity: Option<u32>,
}

impl What<'_> {
    /// What it is, to be told.
    fn told(&self) -> String {
        match self {
            What::Namespace { name } => format!("the namespace {name}"),
            What::Load { to, .. } => (*to).to_string(),
            What::Alias { alias, to, .. } => format!("the alias {alias} of {to}"),
            What::Definition { ns, name, .. } => format!("{ns}/{name}"),
            What::Mention { to, name } => format!("{to}/{name}"),
            What::Usage(Usage { to: Some(to), name, .. }) => format!("{to}/{name}"),
            What::Usage(Usage { name, .. }) => format!("{name}, which is not resolved"),
            What::Local { name } | What::LocalUsage { name, .. } => format!("the local {name}"),
            What::Keyword { ns: Some(ns), name } => format!(":{ns}/{name}"),
            What::Keyword { ns: None, name } => format!(":{name}"),
            What::Implementation { protocol, method, .. } => format!("{method} of {protocol}"),
            What::Class { name } => format!("the class {name}"),
            What::Symbol { to: Some(to), name } => format!("'{to}/{name}"),
            What::Symbol { to: None, name } => format!("'{name}"),
        }
    }

    /// Whether a name in code means this.
    fn is_use(&self) -> bool {
        matches!(self, What::Usage(_) | What::LocalUsage { .. })
    }
}

struct Item<'a> {
    key: Key<'a>,
    place: &'a Place,
}

/// All differences between what is found before, renamed and moved, and what is found afterwards, as reasons against it.
/// `moved` says of each file where it is afterwards.
pub fn differences<'e>(
    before: &Sources,
    after: &Sources,
    moved: impl Fn(usize) -> Moved<'e>,
    renaming: &Renaming,
) -> Vec<Reason> {
    let same = Renaming::default();
    let places: Vec<Moved<'e>> = (0..before.len()).map(moved).collect();
    let reasons = places.into_par_iter().enumerate().flat_map_iter(|(file, to)| {
        let Some(now) = to.file else { return Vec::new() };
        let (should, is) = (View::whole(to.edits, renaming), View::whole(None, &same));
        let wanted = items(file, before.found(file), &should);
        let found = items(now, after.found(now), &is);
        compare((before, file, &wanted), (after, now, &found))
    });
    reasons.collect()
}

/// Which of what is found in a file is meant, and where it stands afterwards, under which names.
pub(super) struct View<'v> {
    /// Whether something is meant that a platform finds at a place.
    pub(super) keeps: Box<Keeps<'v>>,
    /// Where what is in a range is afterwards.
    pub(super) moved: Box<dyn Fn(Range<usize>) -> Range<usize> + 'v>,
    /// What it is called.
    pub(super) renaming: &'v Renaming,
    /// Where it is told that it stands, where that is not its own place.
    pub(super) told_at: Option<Place>,
}

/// Whether what a platform finds at a place is meant.
type Keeps<'v> = dyn Fn(Option<&'static str>, &Place) -> bool + 'v;

impl<'v> View<'v> {
    /// All that is found, under these edits.
    fn whole(edits: Option<&'v Edits>, renaming: &'v Renaming) -> View<'v> {
        let moved = move |range: Range<usize>| match edits {
            Some(edits) => edits.moved(range),
            None => range,
        };
        View { keeps: Box::new(|_, _| true), moved: Box::new(moved), renaming, told_at: None }
    }
}

/// The differences in one file of which parts become several: what all views of it show must be found afterwards, and nothing
/// else. At the places in `called` it does not matter whether a var is called there.
pub(super) fn differences_in(
    (before, file): (&Sources, usize),
    views: &[View<'_>],
    (after, now): (&Sources, usize),
    called: &BTreeSet<usize>,
) -> Vec<Reason> {
    let same = Renaming::default();
    let wanted = views.iter().flat_map(|view| items(file, before.found(file), view));
    let mut wanted: Vec<Item<'_>> = wanted.collect();
    let there = View::whole(None, &same);
    let mut found = items(now, after.found(now), &there);
    for item in wanted.iter_mut().chain(&mut found) {
        if let What::Usage(used) = &mut item.key.what
            && called.contains(&item.key.start)
        {
            used.arity = None;
        }
    }
    wanted.sort_by(|a, b| a.key.cmp(&b.key));
    found.sort_by(|a, b| a.key.cmp(&b.key));
    compare((before, file, &wanted), (after, now, &found))
}

/// What is found in a file, with its names and places as they should be afterwards, in order.
fn items<'a>(file: usize, found: &'a Findings, view: &'a View<'a>) -> Vec<Item<'a>> {
    let renaming = view.renaming;
    let mut items = Items { list: Vec::with_capacity(found.usages.len() * 2 + 16), view };
    let namespace = |name: &'a str| renaming.of_namespace(name);
    for ns in &found.namespaces {
        items.add(ns.lang, &ns.name_at, What::Namespace { name: namespace(&ns.name) });
    }
    for load in &found.loads {
        let (from, to) = (namespace(&load.from), namespace(&load.to));
        let alias = load.alias.as_deref().map(|alias| renaming.of_alias(&load.from, alias));
        items.add(load.lang, &load.name_at, What::Load { from, to, alias });
    }
    for given in &found.aliases {
        let (from, to) = (namespace(&given.from), namespace(&given.to));
        let alias = renaming.of_alias(&given.from, &given.alias);
        items.add(given.lang, &given.at, What::Alias { from, to, alias });
    }
    for def in &found.definitions {
        let (ns, name) = renaming.of_var(&def.ns, &def.name);
        let (private, is_macro) = (def.private, def.is_macro);
        items.add(def.lang, &def.name_at, What::Definition { ns, name, private, is_macro });
    }
    for used in &found.usages {
        let (to, name) = match &used.to {
            Some(to) => {
                let (to, name) = renaming.of_var(to, &used.name);
                (Some(to), Cow::Borrowed(name))
            }
            None => (None, renaming.of_unknown(&used.from, &used.name)),
        };
        let from_var = used.from_var.as_deref().map(|var| renaming.of_var(&used.from, var).1);
        let (from, arity) = (namespace(&used.from), used.arity);
        let what = What::Usage(Usage { from, from_var, to, name, arity });
        items.add(used.lang, &used.name_at, what);
    }
    for mention in &found.mentions {
        let (to, name) = renaming.of_var(&mention.to, &mention.name);
        items.add(mention.lang, &mention.at, What::Mention { to, name });
    }
    locals(file, found, &mut items, renaming);
    for keyword in &found.keywords {
        let ns = keyword.ns.as_deref();
        let (ns, name) = renaming.of_keyword(file, keyword.at.start, ns, &keyword.name);
        items.add(keyword.lang, &keyword.at, What::Keyword { ns, name });
    }
    for own in &found.implementations {
        let (ns, protocol, method) = match own.protocol_ns.as_deref() {
            Some(ns) => {
                let ((to, protocol), (_, method)) =
                    (renaming.of_var(ns, &own.protocol), renaming.of_var(ns, &own.method));
                (Some(to), protocol, method)
            }
            None => (None, &*own.protocol, &*own.method),
        };
        items.add(own.lang, &own.name_at, What::Implementation { ns, protocol, method });
    }
    for class in &found.classes {
        let name = renaming.of_class(&class.class);
        items.add(class.lang, &class.name_at, What::Class { name });
    }
    for symbol in &found.symbols {
        let (to, name) = match &symbol.to {
            Some(to) => {
                let (to, name) = renaming.of_var(to, &symbol.name);
                (Some(to), Cow::Borrowed(name))
            }
            // What it is called is all that is known of it.
            None => (None, renaming.of_unknown(&symbol.from, &symbol.symbol)),
        };
        items.add(symbol.lang, &symbol.at, What::Symbol { to, name });
    }
    items.list.sort_by(|a, b| a.key.cmp(&b.key));
    items.list
}

/// The locals of a file and their uses, each with the place where it is bound.
fn locals<'a>(file: usize, found: &'a Findings, items: &mut Items<'a>, renaming: &'a Renaming) {
    let mut bound: FxHashMap<u32, (usize, &'a str)> = FxHashMap::default();
    bound.reserve(found.locals.len());
    for local in &found.locals {
        let name = renaming.of_local(file, local.at.start, &local.name);
        bound.insert(local.id, (items.moved(&local.at).start, name));
        items.add(local.lang, &local.at, What::Local { name });
    }
    for used in &found.local_usages {
        let Some(&(bound_at, name)) = bound.get(&used.id) else { continue };
        items.add(used.lang, &used.at, What::LocalUsage { name, bound_at });
    }
}

/// Items in the making.
struct Items<'a> {
    list: Vec<Item<'a>>,
    view: &'a View<'a>,
}

impl<'a> Items<'a> {
    /// Where a place is afterwards.
    fn moved(&self, place: &Place) -> Range<usize> {
        (self.view.moved)(place.start as usize..place.end as usize)
    }

    fn add(&mut self, lang: Option<&'static str>, place: &'a Place, what: What<'a>) {
        if !(self.view.keeps)(lang, place) {
            return;
        }
        let Range { start, end } = self.moved(place);
        let place = self.view.told_at.as_ref().unwrap_or(place);
        self.list.push(Item { key: Key { start, end, lang, what }, place });
    }
}

type Side<'a> = (&'a Sources, usize, &'a [Item<'a>]);

/// What is in one of two sorted lists alone.
fn compare(before: Side<'_>, after: Side<'_>) -> Vec<Reason> {
    let (wanted, found) = (before.2, after.2);
    let (mut lost, mut gained) = (Vec::new(), Vec::new());
    let (mut i, mut j) = (0, 0);
    while i < wanted.len() || j < found.len() {
        let order = match (wanted.get(i), found.get(j)) {
            (Some(wanted), Some(found)) => wanted.key.cmp(&found.key),
            (Some(_), None) => Ordering::Less,
            _ => Ordering::Greater,
        };
        if order == Ordering::Less {
            lost.push(&wanted[i]);
        } else if order == Ordering::Greater {
            gained.push(&found[j]);
        }
        i += usize::from(order != Ordering::Greater);
        j += usize::from(order != Ordering::Less);
    }
    explain((before.0, before.1, &lost), (after.0, after.1, &gained))
}

/// Says of what was lost what stands there instead, and of what was gained alone that it was not there.
fn explain(
    (before, file, lost): (&Sources, usize, &[&Item<'_>]),
    (after, now, gained): (&Sources, usize, &[&Item<'_>]),
) -> Vec<Reason> {
    let place = |item: &Item<'_>| (item.key.start, item.key.end, item.key.lang);
    let mut reasons = Vec::new();
    for item in lost {
        let token = &after.text(now)[item.key.start..item.key.end];
        let was = item.key.what.told();
        let is_use = item.key.what.is_use();
        let comparable = |other: &&&Item<'_>| other.key.what.is_use() == is_use;
        let there = gained.iter().filter(comparable).find(|other| place(other) == place(item));
        let (why, message) = match there.map(|other| &other.key.what) {
            Some(What::Usage(Usage { to: None, .. })) => {
                (Why::Lost, format!("`{token}` would mean nothing here; it is to mean {was}"))
            }
            Some(What::LocalUsage { name, .. }) if *name == token => {
                let is_local = matches!(item.key.what, What::LocalUsage { .. });
                let local = if is_local { "another local" } else { "a local" };
                (Why::Captured, format!("`{token}` would be {local} here instead of {was}"))
            }
            Some(what) if what.told() == was => {
                (Why::Changed, format!("`{token}`, which means {was}, would be used otherwise"))
            }
            Some(what) => {
                (Why::Changed, format!("`{token}` would mean {} instead of {was}", what.told()))
            }
            None => (Why::Lost, format!("{was} would not be found here any more")),
        };
        let reason = Reason::new(why, message).at(before.at(file, item.place));
        reasons.push(reason.help("choose another name, or rename what is in its way first"));
    }
    for item in gained {
        if lost.iter().any(|other| place(other) == place(item)) {
            continue;
        }
        let what = item.key.what.told();
        let message = format!("{what} would be found here, where nothing of the kind is now");
        reasons.push(Reason::new(Why::Changed, message).at(after.at(now, item.place)));
    }
    reasons
}
