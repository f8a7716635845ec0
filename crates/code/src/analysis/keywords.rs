//! What keywords mean: the namespace that reading gives them, and which ones a statement uses.

use super::lexicon::is_qualified;
use super::ns::{Context, Reading};
use super::walk::Form;
use edn::Str;
use edn::syntax::Kind;

/// What reading makes of a keyword.
#[derive(Clone, Default)]
pub(super) struct Resolved {
    pub(super) ns: Option<Str>,
    pub(super) name: Str,
    pub(super) alias: Option<Str>,
    pub(super) auto_resolved: bool,
    pub(super) from_prefix: bool,
}

/// The namespace and name of a symbol or keyword, colons left out.
pub(super) fn split(text: &str) -> (Option<&str>, &str) {
    match text.split_once('/') {
        Some((ns, name)) if !ns.is_empty() && !name.is_empty() => (Some(ns), name),
        _ => (None, text),
    }
}

/// What a keyword means where names mean what a context says, as a key of a map with this prefix. Data has no context.
pub(super) fn resolve(context: Option<&Context>, text: &str, prefix: Option<&str>) -> Resolved {
    let text = text.strip_prefix(':').unwrap_or(text);
    let (auto_resolved, text) = match text.strip_prefix(':') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (written, name) = split(text);
    let plain = Resolved { name: name.into(), auto_resolved, ..Resolved::default() };
    match (auto_resolved, written, prefix) {
        (true, Some(alias), _) => {
            let ns = context.and_then(|context| context.meant_by(alias));
            Resolved { ns: ns.map(Str::from), alias: Some(alias.into()), ..plain }
        }
        (true, None, _) => {
            let ns = context.map(|context| context.name.as_str().into());
            Resolved { ns, ..plain }
        }
        (false, Some("_"), Some(_)) => plain,
        (false, None, Some(prefix)) => {
            Resolved { ns: Some(prefix.into()), from_prefix: true, ..plain }
        }
        (false, written, _) => Resolved { ns: written.map(Str::from), ..plain },
    }
}

/// The namespace before a map: `#:a{}`, `#::{}`, `#::alias{}`.
pub(super) fn prefix(
    reading: &Reading<'_>,
    context: Option<&Context>,
    node: usize,
    map: usize,
) -> String {
    let start = reading.span(node).start as usize;
    let before = &reading.text[start..reading.span(map).start as usize];
    let name = before.trim_start_matches('#').trim_end();
    let aliased = |alias: &str| context.and_then(|context| context.aliases.get(alias));
    let prefix = match (name.strip_prefix("::"), context) {
        (Some(""), Some(context)) => &context.name,
        (Some(alias), _) => aliased(alias).map_or(alias, String::as_str),
        (None, _) => name.trim_start_matches(':'),
    };
    prefix.to_string()
}

/// A keyword with a namespace, as a statement uses it.
pub(super) enum Used<'t> {
    /// As it is written, to be resolved.
    Written(&'t str),
    /// Whose namespace stands elsewhere: before a map, in a `:a/keys`.
    Made { ns: Str, name: &'t str },
}

/// Hands over the keywords with a namespace that a platform reads in a statement, but for those that it registers.
pub(super) fn used<'t>(
    reading: &Reading<'t>,
    context: &Context,
    form: &Form,
    found: &mut dyn FnMut(Used<'t>),
) {
    let end = reading.tree.node(form.root).next as usize;
    Search { reading, context, registers: &form.registers, found }.nodes(form.root, end);
}

/// A walk over the table of nodes, which asks nothing of what holds no keyword.
struct Search<'a, 't> {
    reading: &'a Reading<'t>,
    context: &'a Context,
    registers: &'a [u32],
    found: &'a mut dyn FnMut(Used<'t>),
}

impl Search<'_, '_> {
    fn nodes(&mut self, from: usize, end: usize) {
        let mut at = from;
        while at < end {
            let node = self.reading.tree.node(at);
            at = match node.kind {
                Kind::Discard => node.next as usize,
                Kind::Conditional | Kind::ConditionalSplicing => {
                    if let Some(branch) = self.reading.branch(at) {
                        self.nodes(branch, self.reading.tree.node(branch).next as usize);
                    }
                    node.next as usize
                }
                Kind::NamespacedMap => {
                    self.namespaced_map(at);
                    node.next as usize
                }
                Kind::Keyword => {
                    let text = self.reading.text(at);
                    if is_qualified(text) && !self.registers.contains(&(at as u32)) {
                        (self.found)(Used::Written(text));
                    }
                    at + 1
                }
                Kind::Map => {
                    self.destructured(at, None);
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    /// The names under the `:keys` of a map stand for keywords, which may have a namespace from that.
    fn destructured(&mut self, map: usize, prefix: Option<&str>) {
        let mut forms = self.reading.tree.forms(map);
        while let (Some(key), Some(value)) = (forms.next(), forms.next()) {
            let is_vector = self.reading.kind(value) == Kind::Vector;
            if !is_vector || self.reading.kind(key) != Kind::Keyword {
                continue;
            }
            let text = self.reading.text(key);
            if text.ends_with("keys") {
                let modifier = resolve(Some(self.context), text, prefix);
                if &*modifier.name == "keys" {
                    self.names(value, modifier.ns);
                }
            }
        }
    }

    fn names(&mut self, vector: usize, of_all: Option<Str>) {
        for name in self.reading.forms(vector) {
            let name = self.reading.bare(name);
            if self.reading.kind(name) == Kind::Symbol {
                let (own, name) = split(self.reading.text(name));
                let ns = of_all.clone().or_else(|| own.map(Str::from));
                ns.into_iter().for_each(|ns| (self.found)(Used::Made { ns, name }));
            }
        }
    }

    fn namespaced_map(&mut self, node: usize) {
        let Some(map) = self.reading.forms(node).first().copied() else { return };
        let ns = prefix(self.reading, Some(self.context), node, map);
        self.destructured(map, Some(&ns));
        for (i, child) in self.reading.forms(map).into_iter().enumerate() {
            let text = self.reading.text(child);
            let is_key = i % 2 == 0 && self.reading.kind(child) == Kind::Keyword;
            if is_key && !is_qualified(text) {
                let name = text.trim_start_matches(':');
                (self.found)(Used::Made { ns: ns.as_str().into(), name });
            }
            self.nodes(child, self.reading.tree.node(child).next as usize);
        }
    }
}
