//! What is called what afterwards.

use super::sources::Sources;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// New names. What it says nothing of keeps its name.
#[derive(Clone, Default, Debug)]
pub struct Renaming {
    /// Of vars, by namespace and name.
    vars: FxHashMap<String, FxHashMap<String, (String, String)>>,
    namespaces: FxHashMap<String, String>,
    /// By the namespace in which they hold.
    aliases: FxHashMap<String, FxHashMap<String, String>>,
    /// By namespace and name.
    keywords: FxHashMap<String, FxHashMap<String, (String, String)>>,
    /// Of single keywords, by file and place.
    keywords_at: FxHashMap<(usize, u32), String>,
    /// By file and place.
    locals: FxHashMap<(usize, u32), String>,
}

/// The package of the classes of a namespace.
pub(super) fn package(ns: &str) -> String {
    ns.replace('-', "_")
}

impl Renaming {
    /// A var gets another name, or another namespace too.
    pub fn var(&mut self, ns: &str, name: &str, new_ns: &str, new_name: &str) {
        let new = (new_ns.to_string(), new_name.to_string());
        self.vars.entry(ns.to_string()).or_default().insert(name.to_string(), new);
    }

    /// A namespace gets another name, with everything in it: vars, keywords, classes.
    pub fn namespace(&mut self, name: &str, new: &str) {
        self.namespaces.insert(name.to_string(), new.to_string());
    }

    /// An alias gets another name in the namespace in which it holds.
    pub fn alias(&mut self, ns: &str, alias: &str, new: &str) {
        self.aliases.entry(ns.to_string()).or_default().insert(alias.to_string(), new.to_string());
    }

    /// A keyword with a namespace gets another name, wherever it stands.
    pub fn keyword(&mut self, ns: &str, name: &str, new_ns: &str, new_name: &str) {
        let new = (new_ns.to_string(), new_name.to_string());
        self.keywords.entry(ns.to_string()).or_default().insert(name.to_string(), new);
    }

    /// The keyword without a namespace that begins at a byte of a file becomes another one.
    pub fn keyword_at(&mut self, file: usize, start: u32, new: &str) {
        self.keywords_at.insert((file, start), new.to_string());
    }

    /// The local that is bound at a byte of a file gets another name.
    pub fn local(&mut self, file: usize, start: u32, new: &str) {
        self.locals.insert((file, start), new.to_string());
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

    pub(super) fn of_alias<'a>(&'a self, ns: &str, alias: &'a str) -> &'a str {
        self.aliases.get(ns).and_then(|all| all.get(alias)).map_or(alias, String::as_str)
    }

    pub(super) fn of_keyword<'a>(
        &'a self,
        file: usize,
        start: u32,
        ns: Option<&'a str>,
        name: &'a str,
    ) -> (Option<&'a str>, &'a str) {
        let Some(ns) = ns else {
            let new = self.keywords_at.get(&(file, start));
            return (None, new.map_or(name, String::as_str));
        };
        match self.keywords.get(ns).and_then(|names| names.get(name)) {
            Some((ns, name)) => (Some(ns), name),
            None => (Some(self.of_namespace(ns)), name),
        }
    }

    pub(super) fn of_local<'a>(&'a self, file: usize, start: u32, name: &'a str) -> &'a str {
        self.locals.get(&(file, start)).map_or(name, String::as_str)
    }

    /// What a symbol is written like whose var is not known.
    pub(super) fn of_unknown<'a>(&'a self, from: &str, symbol: &'a str) -> Cow<'a, str> {
        let Some((prefix, name)) = super::name::split(symbol) else { return Cow::Borrowed(symbol) };
        let new = match self.of_alias(from, prefix) {
            same if same == prefix => self.of_namespace(prefix),
            new => new,
        };
        match new == prefix {
            true => Cow::Borrowed(symbol),
            false => Cow::Owned(format!("{new}/{name}")),
        }
    }

    /// What the class of a record or type is called afterwards.
    pub(super) fn of_class<'a>(&'a self, class: &'a str) -> Cow<'a, str> {
        let Some((before, simple)) = class.rsplit_once('.') else { return Cow::Borrowed(class) };
        let ns = before.replace('_', "-");
        let (new_ns, new) = self.of_var(&ns, simple);
        match (new_ns, new) == (ns.as_str(), simple) {
            true => Cow::Borrowed(class),
            false => Cow::Owned(format!("{}.{new}", package(new_ns))),
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
