//! The keywords that stand in a file, each with the namespace that reading gives it.
//!
//! Keywords mean the same wherever they stand, in quoted data and in metadata too. So they are not found by walking code but by
//! going through all that a platform reads; only what destructuring makes of them is taken from the walk.
//!
//! Data files have keywords too, in no namespace.

use super::{Finder, Lines, Place};
use crate::analysis::File;
use crate::analysis::keywords::{Resolved, prefix, resolve, split};
use crate::analysis::ns::{Context, Platform, Reading};
use crate::analysis::walk::{DestructuredKey, Form};
use edn::Str;
use edn::syntax::Kind;
use rustc_hash::FxHashMap;

/// A keyword, or a name under `:keys` that stands for one.
#[derive(Clone, Debug)]
pub struct KeywordFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// The namespace that it stands in; none in a file of data.
    pub from: Option<Str>,
    /// The var in whose definition it stands.
    pub from_var: Option<Str>,
    /// Its namespace; none where it has none, or its alias is not known.
    pub ns: Option<Str>,
    /// Its name.
    pub name: Str,
    /// The alias written in it.
    pub alias: Option<Str>,
    /// Whether it is written with two colons.
    pub auto_resolved: bool,
    /// Whether its namespace comes from the map around it, as in `#:a{:b 1}`.
    pub namespace_from_prefix: bool,
    /// Whether it stands under `:keys`, `:syms` or `:strs` in a destructuring form.
    pub keys_destructuring: bool,
    /// Whether it is that `:keys`, `:syms` or `:strs`.
    pub keys_modifier: bool,
    /// The local that is made of it, by its number.
    pub local: Option<u32>,
    /// Where it stands.
    pub at: Place,
}

impl Finder<'_> {
    /// Finds the keywords of a pass. `first_local` is the number of its first local.
    pub(super) fn keywords(&self, first_local: u32, out: &mut Vec<KeywordFound>) {
        let keys = &self.pass.locals.keys;
        let mut search = Search {
            reading: self.reading(),
            lang: self.lang,
            lines: self.lines,
            keys: keys.iter().map(|key| (key.node, key)).collect(),
            modifiers: keys.iter().map(|key| (key.modifier, Resolved::default())).collect(),
            first_local,
            out,
        };
        for form in &self.pass.forms {
            let mut nodes = Vec::new();
            search.reading.expand(form.root, &mut nodes);
            for node in nodes {
                search.node(Some((&self.pass.contexts[form.context], form)), node, None);
            }
        }
    }
}

/// The keywords of a file of data.
pub(super) fn of_data(file: &File, lines: &Lines<'_>) -> Vec<KeywordFound> {
    let mut found = Vec::new();
    let reading = Reading { text: &file.text, tree: &file.tree, platform: Platform::Clj };
    let mut search = Search {
        reading,
        lang: None,
        lines,
        keys: FxHashMap::default(),
        modifiers: FxHashMap::default(),
        first_local: 0,
        out: &mut found,
    };
    for (root, _) in &file.statements {
        search.node(None, *root, None);
    }
    found
}

/// The namespace and the form that a keyword stands in; none in a file of data.
type Around<'a> = Option<(&'a Context, &'a Form)>;

struct Search<'a, 'o> {
    reading: Reading<'a>,
    lang: Option<&'static str>,
    lines: &'a Lines<'a>,
    /// What the walk says of names under `:keys`, by their node.
    keys: FxHashMap<u32, &'a DestructuredKey>,
    /// What each `:keys` means, by its node, once it has been read.
    modifiers: FxHashMap<u32, Resolved>,
    first_local: u32,
    out: &'o mut Vec<KeywordFound>,
}

impl Search<'_, '_> {
    /// Finds what is in a node. `prefix` is the namespace of the map that it is a key of.
    fn node(&mut self, around: Around<'_>, node: usize, prefix: Option<&str>) {
        match self.reading.kind(node) {
            Kind::Keyword => self.keyword(around, node, prefix),
            Kind::Symbol => self.key(around, node),
            Kind::NamespacedMap => self.namespaced_map(around, node),
            _ => {
                for child in self.reading.forms(node) {
                    self.node(around, child, None);
                }
            }
        }
    }

    fn namespaced_map(&mut self, around: Around<'_>, node: usize) {
        let Some(map) = self.reading.forms(node).first().copied() else { return };
        let prefix = prefix(&self.reading, around.map(|(context, _)| context), node, map);
        for (i, child) in self.reading.forms(map).into_iter().enumerate() {
            let prefix = (i % 2 == 0).then_some(prefix.as_str());
            self.node(around, child, prefix);
        }
    }

    fn keyword(&mut self, around: Around<'_>, node: usize, prefix: Option<&str>) {
        let resolved = resolve(around.map(|(context, _)| context), self.reading.text(node), prefix);
        if let Some(modifier) = self.modifiers.get_mut(&(node as u32)) {
            *modifier = resolved.clone();
            return self.add(around, node, resolved, None, true);
        }
        match self.keys.get(&(node as u32)).copied() {
            Some(key) => self.add_key(around, node, resolved, key),
            None => self.add(around, node, resolved, None, false),
        }
    }

    /// A symbol under `:keys` stands for a keyword; one under `:strs` or `:syms` does not.
    fn key(&mut self, around: Around<'_>, node: usize) {
        let Some(key) = self.keys.get(&(node as u32)).copied() else { return };
        if matches!(&*self.modifiers[&key.modifier].name, "keys" | "keys!") {
            let text = self.reading.text(node);
            let (ns, name) = match split(text) {
                (Some(ns), name) => (Some(ns.into()), name),
                (None, name) => (None, name),
            };
            let resolved = Resolved { ns, name: name.into(), ..Resolved::default() };
            self.add_key(around, node, resolved, key);
        }
    }

    fn add_key(&mut self, around: Around<'_>, node: usize, own: Resolved, key: &DestructuredKey) {
        let modifier = &self.modifiers[&key.modifier];
        let resolved = Resolved {
            ns: modifier.ns.clone().or(own.ns),
            alias: if modifier.alias.is_some() { None } else { own.alias },
            ..own
        };
        self.add(around, node, resolved, Some(key), false);
    }

    fn add(
        &mut self,
        around: Around<'_>,
        node: usize,
        resolved: Resolved,
        key: Option<&DestructuredKey>,
        keys_modifier: bool,
    ) {
        let at = self.reading.span(node);
        self.out.push(KeywordFound {
            lang: self.lang,
            from: around.map(|(context, _)| context.name.as_str().into()),
            from_var: around
                .and_then(|(_, form)| form.def_around(self.reading.tree, &at))
                .map(|def| def.name.as_str().into()),
            ns: resolved.ns,
            name: resolved.name,
            alias: resolved.alias,
            auto_resolved: resolved.auto_resolved,
            namespace_from_prefix: resolved.from_prefix,
            keys_destructuring: key.is_some(),
            keys_modifier,
            local: key.map(|key| self.first_local + key.local),
            at: self.lines.place(at),
        });
    }
}
