//! How a var is written in a namespace: plainly, by an alias, in full; and what its `ns` form must say for that.
//!
//! What is there is used: an alias that the namespace has, a name it refers to. Else the writing follows where the code
//! comes from, then what the project calls the namespace elsewhere, then the namespace's own last part.

use super::name;
use super::ns_form::{NsForm, Platforms, Require};
use super::sources::Sources;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;

/// What a writing should be like, where there is a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Behind an alias; this one, where there is one.
    Alias(Option<String>),
    /// By its name alone.
    Plain,
    /// Behind the whole namespace.
    Full,
}

/// How vars are written in one namespace of one file; adds to its `ns` form what that takes.
#[derive(Debug)]
pub(super) struct Naming<'a> {
    sources: &'a Sources,
    ns: String,
    pub(super) form: NsForm,
    /// The vars of the namespace itself, as they are afterwards.
    own: FxHashSet<String>,
    everyone: Platforms,
}

impl<'a> Naming<'a> {
    /// For a namespace with these vars.
    pub(super) fn new(
        sources: &'a Sources,
        form: NsForm,
        own: FxHashSet<String>,
        everyone: Platforms,
    ) -> Naming<'a> {
        Naming { sources, ns: form.name().to_owned(), form, own, everyone }
    }

    /// Whether a plain name means something here: a var of its own, one that is referred to, a class.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.own.contains(name) || self.referred(name).is_some()
    }

    fn referred(&self, name: &str) -> Option<(&str, &str)> {
        let refers =
            self.form.libs().iter().flat_map(|lib| lib.refers.iter().map(move |r| (lib, r)));
        let mut named = refers.filter(|(_, refer)| refer.name == name);
        named.next().map(|(lib, refer)| (lib.ns.as_str(), refer.original.as_str()))
    }

    /// Writes a var. `shadowed` says whether a local has a name where it is to stand.
    pub(super) fn var(
        &mut self,
        to: &str,
        name: &str,
        wish: &Wish,
        platforms: Platforms,
        shadowed: &dyn Fn(&str) -> bool,
    ) -> String {
        if matches!(to, "clojure.core" | "cljs.core") {
            let hidden = self.takes(name) || self.form.hides_core(name) || shadowed(name);
            return if hidden { format!("clojure.core/{name}") } else { name.to_owned() };
        }
        if to == self.ns {
            return if shadowed(name) { format!("{to}/{name}") } else { name.to_owned() };
        }
        if *wish == Wish::Plain && !shadowed(name) && !self.own.contains(name) {
            let there = self.referred(name).map(|(ns, original)| ns == to && original == name);
            if there != Some(false) {
                self.form.require(&Require {
                    refers: vec![name.to_owned()],
                    ..Require::new(to, platforms)
                });
                return name.to_owned();
            }
        }
        if *wish == Wish::Full {
            self.load(to, platforms);
            return format!("{to}/{name}");
        }
        let preferred = match wish {
            Wish::Alias(preferred) => preferred.as_deref(),
            _ => None,
        };
        format!("{}/{name}", self.alias(to, preferred, platforms))
    }

    /// Makes sure that a namespace is loaded.
    pub(super) fn load(&mut self, ns: &str, platforms: Platforms) {
        let loaded = self
            .form
            .libs()
            .iter()
            .any(|lib| lib.ns == ns && !lib.alias_only && platforms.within(lib.platforms));
        if !loaded && ns != self.ns {
            self.form.require(&Require::new(ns, platforms));
        }
    }

    /// The alias of a namespace, for those who load it; one is made where there is none.
    fn alias(&mut self, to: &str, preferred: Option<&str>, platforms: Platforms) -> String {
        let libs = self
            .form
            .libs()
            .iter()
            .filter(|lib| lib.ns == to && !lib.alias_only && platforms.within(lib.platforms));
        let aliases: Vec<&String> = libs.filter_map(|lib| lib.alias.as_ref()).collect();
        let same = aliases.iter().find(|alias| Some(alias.as_str()) == preferred);
        if let Some(alias) = same.or(aliases.first()) {
            return (*alias).clone();
        }
        let alias = self.new_alias(to, preferred);
        self.form.require(&Require { alias: Some(alias.clone()), ..Require::new(to, platforms) });
        alias
    }

    /// An alias that nothing has here yet.
    fn new_alias(&self, to: &str, preferred: Option<&str>) -> String {
        let free = |alias: &str| {
            let clash =
                |lib: &super::ns_form::Lib| lib.alias.as_deref() == Some(alias) && lib.ns != to;
            !self.form.libs().iter().any(clash)
                && !self.form.imports().iter().any(|import| import.class == alias)
        };
        let parts: Vec<&str> = to.split('.').collect();
        let tails = (1..=parts.len()).map(|n| parts[parts.len() - n..].join("-"));
        preferred
            .map(str::to_owned)
            .into_iter()
            .chain(self.usual_aliases(to))
            .chain(tails)
            .find(|alias| free(alias))
            .unwrap_or_else(|| to.to_owned())
    }

    /// What the project calls a namespace, the most usual alias first; of two, the shorter one.
    fn usual_aliases(&self, to: &str) -> Vec<String> {
        let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
        for (_, found) in self.sources.all() {
            for load in found.loads.iter().filter(|load| &*load.to == to) {
                if let Some(alias) = &load.alias {
                    *counts.entry(alias).or_default() += 1;
                }
            }
        }
        let mut aliases: Vec<(&str, usize)> = counts.into_iter().collect();
        aliases.sort_by_key(|(alias, count)| (Reverse(*count), alias.len(), *alias));
        aliases.into_iter().map(|(alias, _)| alias.to_owned()).collect()
    }

    /// Writes a keyword of a namespace as one that is resolved, where an alias for it is there; else in full.
    pub(super) fn keyword(&self, ns: &str, name: &str) -> String {
        if ns == self.ns {
            return format!("::{name}");
        }
        let lib =
            self.form.libs().iter().find(|lib| {
                lib.ns == ns && lib.alias.is_some() && self.everyone.within(lib.platforms)
            });
        match lib.and_then(|lib| lib.alias.as_ref()) {
            Some(alias) => format!("::{alias}/{name}"),
            None => format!(":{ns}/{name}"),
        }
    }

    /// Imports a class; where its plain name is taken, it must be written with its package.
    pub(super) fn class(&mut self, package: &str, class: &str, platforms: Platforms) -> String {
        let other =
            |import: &super::ns_form::Import| import.class == class && import.package != package;
        if self.form.imports().iter().any(other) || self.own.contains(class) {
            return format!("{package}.{class}");
        }
        self.form.import(package, class, platforms);
        class.to_owned()
    }
}

/// A symbol that means a var, in its parts: what stands before the var's name and behind it.
pub(super) fn around<'t>(token: &'t str, var: &str) -> Option<(&'t str, &'t str)> {
    let at = name::within(token, var)?;
    Some((&token[..at.start], &token[at.end..]))
}
