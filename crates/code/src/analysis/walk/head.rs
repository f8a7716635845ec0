//! What the head of a form means: a local, a core form, something that is like one.

use super::{Context, Walker, lexicon};
use rustc_hash::FxHashMap;

/// Macros that a project says are like others: by name their namespaces, each with a full name.
pub(in crate::analysis) type LintAs = FxHashMap<String, Vec<(String, String)>>;

fn find_like<'a>(lint_as: &'a LintAs, ns: &str, name: &str) -> Option<&'a str> {
    let found = lint_as.get(name)?.iter().find(|(from, _)| from == ns);
    found.map(|(_, like)| like.as_str())
}

/// What the head of a form means.
pub(super) enum Canonical<'t> {
    Local,
    /// A plain name, of core or of the namespace itself.
    Core(&'t str),
    /// Like this core form.
    Like(String),
    Other,
}

fn core_name(full: &str) -> String {
    let (ns, name) = full.split_once('/').unwrap_or(("", full));
    lexicon::like(ns, name).unwrap_or(name).to_string()
}

impl<'t> Walker<'t> {
    /// The name of the core form that a head is or is like; the head's own name otherwise.
    pub(super) fn canonical(&self, head: &'t str) -> Canonical<'t> {
        if self.is_local(head) {
            return Canonical::Local;
        }
        let context = &self.contexts[self.contexts.len() - 1];
        let (ns, name) = match head.split_once('/') {
            Some((ns, name)) if !ns.is_empty() && !name.is_empty() => {
                (context.aliases.get(ns).map_or(ns, String::as_str), name)
            }
            _ => match context.refers.get(head) {
                Some((ns, name)) => (ns.as_str(), name.as_str()),
                None if context.excluded.contains(head) => (context.name.as_str(), head),
                None => {
                    if let Some(like) = find_like(self.lint_as, &context.name, head) {
                        return Canonical::Like(core_name(like));
                    }
                    if let Some(like) = lexicon::like(&context.name, head) {
                        return Canonical::Like(like.to_string());
                    }
                    return self.used_like(context, head).unwrap_or(Canonical::Core(head));
                }
            },
        };
        if matches!(ns, "clojure.core" | "cljs.core") {
            return Canonical::Core(&head[head.len() - name.len().min(head.len())..]);
        }
        match find_like(self.lint_as, ns, name) {
            Some(like) => Canonical::Like(core_name(like)),
            None => {
                lexicon::like(ns, name).map_or(Canonical::Other, |l| Canonical::Like(l.to_string()))
            }
        }
    }

    /// What a plain name is like when it comes from a namespace that is used whole.
    fn used_like(&self, context: &Context, name: &str) -> Option<Canonical<'t>> {
        context.used.iter().filter(|(_, excluded)| !excluded.iter().any(|e| e == name)).find_map(
            |(ns, _)| {
                let like = find_like(self.lint_as, ns, name).map(core_name);
                let known = || lexicon::like(ns, name).map(String::from);
                like.or_else(known).map(Canonical::Like)
            },
        )
    }
}
