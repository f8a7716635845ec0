//! Whether a refactoring kept the meaning: what is found afterwards is what was found before, with names and places as they
//! should be.
//!
//! Each thing that is found (a namespace, a load, a definition, a use) becomes an item: what it is, of whom, where. The items
//! of a file before, renamed and moved, and those after are two sorted lists that must be the same; what is in one of them
//! alone is a difference, and the reason for a refusal.

use super::edit::Edits;
use super::reason::{Reason, Why};
use super::sources::Sources;
use crate::analysis::{Findings, Place};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What is called what afterwards.
#[derive(Clone, Default, Debug)]
pub struct Renaming {
    /// New names of vars, by namespace and name.
    vars: FxHashMap<String, FxHashMap<String, (String, String)>>,
    namespaces: FxHashMap<String, String>,
}

impl Renaming {
    /// A var gets another name, or another namespace too.
    pub fn var(&mut self, ns: &str, name: &str, new_ns: &str, new_name: &str) {
        let new = (new_ns.to_string(), new_name.to_string());
        self.vars.entry(ns.to_string()).or_default().insert(name.to_string(), new);
    }

    /// A namespace gets another name, with everything in it.
    pub fn namespace(&mut self, name: &str, new: &str) {
        self.namespaces.insert(name.to_string(), new.to_string());
    }

    /// What a var is called afterwards.
    pub fn of_var<'a>(&'a self, ns: &'a str, name: &'a str) -> (&'a str, &'a str) {
        match self.vars.get(ns).and_then(|names| names.get(name)) {
            Some((ns, name)) => (ns, name),
            None => (self.of_namespace(ns), name),
        }
    }

    /// What a namespace is called afterwards.
    pub fn of_namespace<'a>(&'a self, name: &'a str) -> &'a str {
        self.namespaces.get(name).map_or(name, String::as_str)
    }

    /// What a symbol that means nothing would be written like.
    fn of_unknown<'a>(&'a self, symbol: &'a str) -> Cow<'a, str> {
        match symbol.split_once('/') {
            Some((ns, name)) if self.namespaces.contains_key(ns) => {
                Cow::Owned(format!("{}/{name}", self.of_namespace(ns)))
            }
            _ => Cow::Borrowed(symbol),
        }
    }

    /// The full names of what is defined, before and after, where they differ.
    pub fn full_names(&self, sources: &Sources) -> Vec<(String, String)> {
        let mut names: Vec<(String, String)> =
            self.namespaces.iter().map(|(name, new)| (name.clone(), new.clone())).collect();
        for def in sources.all().flat_map(|(_, found)| &found.definitions) {
            let (ns, name) = self.of_var(&def.ns, &def.name);
            if (ns, name) != (&*def.ns, &*def.name) {
                names.push((format!("{}/{}", def.ns, def.name), format!("{ns}/{name}")));
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

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
    Namespace {
        name: &'a str,
    },
    Load {
        from: &'a str,
        to: &'a str,
        alias: Option<&'a str>,
    },
    Definition {
        ns: &'a str,
        name: &'a str,
        private: bool,
        is_macro: bool,
    },
    Usage {
        from: &'a str,
        from_var: Option<&'a str>,
        to: Option<&'a str>,
        name: Cow<'a, str>,
        arity: Option<u32>,
    },
}

impl What<'_> {
    /// What it is, to be told.
    fn told(&self) -> String {
        match self {
            What::Namespace { name } => format!("the namespace {name}"),
            What::Load { to, .. } => (*to).to_string(),
            What::Definition { ns, name, .. } => format!("{ns}/{name}"),
            What::Usage { to: Some(to), name, .. } => format!("{to}/{name}"),
            What::Usage { name, .. } => format!("{name}, which is not resolved"),
        }
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
        let wanted = items(before.found(file), to.edits, renaming);
        let found = items(after.found(now), None, &same);
        compare((before, file, &wanted), (after, now, &found))
    });
    reasons.collect()
}

/// What is found in a file, with its names and places as they should be afterwards, in order.
fn items<'a>(found: &'a Findings, edits: Option<&Edits>, renaming: &'a Renaming) -> Vec<Item<'a>> {
    let mut items = Vec::with_capacity(found.usages.len() + found.definitions.len() + 16);
    let mut add = |lang, place: &'a Place, what| {
        let range = place.start as usize..place.end as usize;
        let range = edits.map_or(range.clone(), |edits| edits.moved(range));
        items.push(Item { key: Key { start: range.start, end: range.end, lang, what }, place });
    };
    let namespace = |name: &'a str| renaming.of_namespace(name);
    for ns in &found.namespaces {
        add(ns.lang, &ns.name_at, What::Namespace { name: namespace(&ns.name) });
    }
    for load in &found.loads {
        let (from, to) = (namespace(&load.from), namespace(&load.to));
        let alias = load.alias.as_deref();
        add(load.lang, &load.name_at, What::Load { from, to, alias });
    }
    for def in &found.definitions {
        let (ns, name) = renaming.of_var(&def.ns, &def.name);
        let (private, is_macro) = (def.private, def.is_macro);
        add(def.lang, &def.name_at, What::Definition { ns, name, private, is_macro });
    }
    for used in &found.usages {
        let (to, name) = match &used.to {
            Some(to) => {
                let (to, name) = renaming.of_var(to, &used.name);
                (Some(to), Cow::Borrowed(name))
            }
            None => (None, renaming.of_unknown(&used.name)),
        };
        let from_var = used.from_var.as_deref().map(|var| renaming.of_var(&used.from, var).1);
        let what =
            What::Usage { from: namespace(&used.from), from_var, to, name, arity: used.arity };
        add(used.lang, &used.name_at, what);
    }
    items.sort_by(|a, b| a.key.cmp(&b.key));
    items
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
        let there = gained.iter().find(|other| place(other) == place(item));
        let (why, message) = match there.map(|other| &other.key.what) {
            Some(What::Usage { to: None, .. }) => {
                (Why::Lost, format!("`{token}` would mean nothing here; it is to mean {was}"))
            }
            Some(what) if what.told() == was => {
                (Why::Changed, format!("`{token}`, which means {was}, would be used otherwise"))
            }
            Some(what) => {
                (Why::Changed, format!("`{token}` would mean {} instead of {was}", what.told()))
            }
            None if matches!(item.key.what, What::Usage { .. }) => {
                (Why::Captured, format!("`{token}` would be a local here instead of {was}"))
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
