//! What the value of a local is worth: whether it can be evaluated elsewhere, and more than once.
//!
//! Purity is what the analysis says of vars (`Statement :pure`), taken to single expressions: core functions are pure but for
//! those that read or change something outside of their arguments, vars of the project as their statements are. What is called
//! by the name of a local, members of the host, macros of the project and functions of libraries that are not known could do
//! anything. That something pure may throw is no effect.

use crate::analysis::{
    DefinitionFound, UsageFound, analyze, core_var, is_impure_core, is_pure_namespace, library_var,
};
use crate::refactor::outline::Outline;
use crate::refactor::sources::Sources;
use edn::syntax::Kind;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::OnceCell;

/// See the module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Worth {
    /// A constant, a name, data made of these: it costs nothing.
    Cheap,
    /// It has no effect.
    Pure,
    /// It has none, but makes something that is told apart from what is made the next time: a function, a transient, an array.
    Unique,
    /// It has an effect, or nobody knows; this is why.
    Effect(String),
}

/// What a symbol is where it stands.
pub(super) enum Named<'a> {
    Local,
    /// A var, for each platform.
    Vars(&'a [&'a UsageFound]),
    /// A special form, a class, a member, something bound here.
    Other,
}

/// What the names in a file are, for who judges its forms.
pub(super) struct Judge<'a> {
    sources: &'a Sources,
    pub(super) outline: &'a Outline<'a>,
    usages: FxHashMap<usize, Vec<&'a UsageFound>>,
    locals: FxHashMap<usize, u32>,
    /// Locals that are set, as fields of types can be.
    set: FxHashSet<u32>,
    /// Whether the vars of the project are pure, where that was asked.
    pure: OnceCell<FxHashMap<String, bool>>,
}

/// Core functions that call what they are given in this place.
const CALLS: [(&str, usize); 42] = [
    ("apply", 1),
    ("every?", 1),
    ("filter", 1),
    ("filterv", 1),
    ("group-by", 1),
    ("into", 2),
    ("iterate", 1),
    ("keep", 1),
    ("keep-indexed", 1),
    ("map", 1),
    ("map-indexed", 1),
    ("mapcat", 1),
    ("mapv", 1),
    ("max-key", 1),
    ("merge-with", 1),
    ("min-key", 1),
    ("not-any?", 1),
    ("not-every?", 1),
    ("partition-by", 1),
    ("reduce", 1),
    ("reduce-kv", 1),
    ("reductions", 1),
    ("remove", 1),
    ("repeatedly", 1),
    ("run!", 1),
    ("sequence", 1),
    ("some", 1),
    ("sort", 1),
    ("sort-by", 1),
    ("split-with", 1),
    ("take-while", 1),
    ("drop-while", 1),
    ("trampoline", 1),
    ("transduce", 1),
    ("tree-seq", 1),
    ("update", 3),
    ("update-in", 3),
    ("update-keys", 2),
    ("update-vals", 2),
    ("vary-meta", 2),
    ("walk", 1),
    ("dedupe", 1),
];

/// What makes a new thing each time.
const MAKES: [&str; 22] = [
    "fn",
    "fn*",
    "reify",
    "proxy",
    "partial",
    "comp",
    "complement",
    "constantly",
    "juxt",
    "fnil",
    "every-pred",
    "some-fn",
    "memoize",
    "transient",
    "gensym",
    "delay",
    "lazy-seq",
    "to-array",
    "into-array",
    "make-array",
    "object-array",
    "aclone",
];

/// Core functions that read what others may change.
const READS: [&str; 4] = ["aget", "alength", "areduce", "amap"];

impl<'a> Judge<'a> {
    pub(super) fn new(sources: &'a Sources, outline: &'a Outline<'a>, file: usize) -> Judge<'a> {
        let found = sources.found(file);
        let mut usages: FxHashMap<usize, Vec<&UsageFound>> = FxHashMap::default();
        for used in &found.usages {
            usages.entry(used.name_at.start as usize).or_default().push(used);
        }
        let locals: FxHashMap<usize, u32> =
            found.local_usages.iter().map(|used| (used.at.start as usize, used.id)).collect();
        let is_set = |node: usize| {
            let target = outline.tree.forms(node).nth(1)?;
            (outline.head(node) == "set!").then_some(outline.range(target).start)
        };
        let set = (0..outline.tree.nodes.len()).filter_map(is_set);
        let set = set.filter_map(|at| locals.get(&at).copied()).collect();
        Judge { sources, outline, usages, locals, set, pure: OnceCell::new() }
    }

    /// What a symbol is.
    pub(super) fn named(&self, node: usize) -> Named<'_> {
        let start = self.outline.range(node).start;
        match (self.locals.contains_key(&start), self.usages.get(&start)) {
            (true, _) => Named::Local,
            (false, Some(used)) => Named::Vars(used),
            (false, None) => Named::Other,
        }
    }

    /// What a form is worth.
    pub(super) fn worth(&self, node: usize) -> Worth {
        if let Some(effect) = self.effect(node) {
            return Worth::Effect(effect);
        }
        let outline = self.outline;
        let makes =
            || MAKES.contains(&outline.head(node)) || outline.head(node).ends_with("-array");
        match outline.tree.node(node).kind {
            _ if self.is_cheap(node) => Worth::Cheap,
            Kind::Fn => Worth::Unique,
            _ if makes() => Worth::Unique,
            _ => Worth::Pure,
        }
    }

    /// Whether vars of the project or of libraries are named in a form, which could be bound otherwise elsewhere.
    pub(super) fn names_vars(&self, node: usize) -> bool {
        self.inside(node).any(|inner| {
            let start = self.outline.range(inner).start;
            let of_core = |used: &&UsageFound| {
                matches!(used.to.as_deref(), Some("clojure.core" | "cljs.core"))
            };
            self.usages.get(&start).is_some_and(|used| !used.iter().all(of_core))
        })
    }

    /// Whether there is a `#()` in a form.
    pub(super) fn has_short_function(&self, node: usize) -> bool {
        self.inside(node).any(|inner| self.outline.tree.node(inner).kind == Kind::Fn)
    }

    fn inside(&self, node: usize) -> impl Iterator<Item = usize> + use<'a> {
        node..self.outline.tree.node(node).next as usize
    }

    /// Constants, names, and data made of them. It has no effect.
    fn is_cheap(&self, node: usize) -> bool {
        let tree = &self.outline.tree;
        match tree.node(node).kind {
            Kind::Number
            | Kind::String
            | Kind::Keyword
            | Kind::Char
            | Kind::Regex
            | Kind::Symbolic
            | Kind::Var
            | Kind::Symbol
            | Kind::Quote => true,
            Kind::Vector | Kind::Map | Kind::Set | Kind::NamespacedMap => {
                tree.forms(node).all(|inner| self.is_cheap(inner))
            }
            Kind::Meta => tree.forms(node).last().is_some_and(|inner| self.is_cheap(inner)),
            Kind::List => {
                let mut forms = tree.forms(node);
                let is_key = forms.next().is_some_and(|head| tree.node(head).kind == Kind::Keyword);
                is_key && forms.all(|inner| self.is_cheap(inner))
            }
            _ => false,
        }
    }

    /// The first thing in a form that has an effect, or that nobody knows to have none.
    pub(super) fn effect(&self, node: usize) -> Option<String> {
        let tree = &self.outline.tree;
        let end = tree.node(node).next as usize;
        let mut at = node;
        while at < end {
            let kind = tree.node(at).kind;
            let effect = match kind {
                Kind::Deref => Some("`@` reads what may change".to_owned()),
                Kind::SyntaxQuote => Some("a syntax quote makes new names".to_owned()),
                Kind::Eval => Some("`#=` is evaluated by the reader".to_owned()),
                Kind::List | Kind::Fn => self.call(at),
                Kind::Symbol => self.symbol(at),
                _ => None,
            };
            if effect.is_some() {
                return effect;
            }
            at = match kind {
                Kind::Quote | Kind::Discard => tree.node(at).next as usize,
                Kind::List if self.outline.head(at) == "quote" => tree.node(at).next as usize,
                // Metadata of forms is for the compiler.
                Kind::Meta => tree.forms(at).last().unwrap_or(end),
                _ => at + 1,
            };
        }
        None
    }

    fn call(&self, list: usize) -> Option<String> {
        const SPECIAL: [&str; 14] = [
            "if", "do", "quote", "var", "let*", "loop*", "fn*", "letfn*", "case*", "try", "catch",
            "finally", "recur", "&",
        ];
        let outline = self.outline;
        let head = outline.tree.forms(list).next()?;
        match outline.tree.node(head).kind {
            Kind::Symbol => {}
            Kind::Keyword | Kind::Vector | Kind::Map | Kind::Set | Kind::Fn | Kind::Quote => {
                return None;
            }
            // The arity of a function, or what is called is made first.
            _ => return Some(format!("nobody knows what `{}` calls", outline.node_text(head))),
        }
        let text = outline.node_text(head);
        match self.named(head) {
            Named::Local => Some(format!("`{text}` could do anything")),
            Named::Vars(used) => used.iter().find_map(|used| self.called(list, used)),
            Named::Other => {
                let known = SPECIAL.contains(&text)
                    || text.starts_with("Math/")
                    || text.starts_with("js/Math.");
                (!known).then(|| format!("nobody knows what `{text}` does"))
            }
        }
    }

    /// Whether a core function is given a local to be called.
    fn called(&self, list: usize, used: &UsageFound) -> Option<String> {
        let outline = self.outline;
        let place = CALLS.iter().find(|(name, _)| *name == &*used.name).map(|(_, place)| *place)?;
        let forms = outline.tree.forms(list).count() as u32;
        // A thread gives it one argument more, which does not stand there.
        let threaded = usize::from(used.arity.is_some_and(|arity| arity >= forms));
        let given = outline.tree.forms(list).nth(place.saturating_sub(threaded).max(1))?;
        let is_local = outline.tree.node(given).kind == Kind::Symbol
            && matches!(self.named(given), Named::Local);
        let message = || format!("`{}` could do anything", outline.node_text(given));
        is_local.then(message)
    }

    fn symbol(&self, node: usize) -> Option<String> {
        let text = self.outline.node_text(node);
        let start = self.outline.range(node).start;
        if let Some(id) = self.locals.get(&start) {
            return self.set.contains(id).then(|| format!("`{text}` is set"));
        }
        let mut used = self.usages.get(&start)?.iter();
        used.find_map(|used| self.var(used, text))
    }

    fn var(&self, used: &UsageFound, text: &str) -> Option<String> {
        let name = &*used.name;
        let has_effect = || Some(format!("`{text}` has an effect, or reads what may change"));
        let is_dynamic = name.len() > 2 && name.starts_with('*') && name.ends_with('*');
        if name.ends_with('!') || is_dynamic {
            return has_effect();
        }
        match used.to.as_deref() {
            Some("clojure.core" | "cljs.core") => {
                if is_impure_core(name) || READS.contains(&name) {
                    has_effect()
                } else {
                    None
                }
            }
            Some(ns) => match self.definition(ns, name) {
                Some(def) if self.is_dynamic(def) => has_effect(),
                Some(def) if def.is_macro => Some(format!("`{text}` is a macro")),
                // To read a value has no effect, whatever it took to make it.
                Some(def) if matches!(&*def.kind, "def" | "defonce") && used.arity.is_none() => {
                    None
                }
                Some(_) => match self.pure().get(&format!("{ns}/{name}")) {
                    Some(true) => None,
                    Some(false) => has_effect(),
                    None => Some(format!("nobody knows whether `{text}` has an effect")),
                },
                None if is_pure_namespace(ns) => None,
                None => Some(format!("nobody knows whether `{text}` has an effect")),
            },
            None => Some(format!("`{text}` is not resolved")),
        }
    }

    /// The definition of a var of the project.
    fn definition(&self, ns: &str, name: &str) -> Option<&'a DefinitionFound> {
        let definitions = self.sources.all().flat_map(|(_, found)| &found.definitions);
        definitions.into_iter().find(|def| *def.ns == *ns && *def.name == *name)
    }

    fn is_dynamic(&self, def: &DefinitionFound) -> bool {
        let (start, end) = (def.at.start as usize, def.name_at.end as usize);
        let file = self
            .sources
            .all()
            .find(|(_, found)| found.definitions.iter().any(|other| std::ptr::eq(other, def)));
        file.is_some_and(|(file, _)| {
            self.sources.text(file).get(start..end).is_some_and(|text| text.contains(":dynamic"))
        })
    }

    fn pure(&self) -> &FxHashMap<String, bool> {
        self.pure.get_or_init(|| {
            let facts = analyze(self.sources.files(), self.sources.rules());
            let statements = facts.iter().flat_map(|file| &file.statements);
            let mut pure = FxHashMap::default();
            for statement in statements {
                let Some(is_pure) = statement.pure else { continue };
                pure.insert(statement.fqn.to_string(), is_pure);
                for definition in &statement.definitions {
                    pure.insert(definition.fqn.to_string(), is_pure);
                }
            }
            pure
        })
    }

    /// Whether a var is a macro; nothing where nobody knows.
    pub(super) fn is_macro(&self, used: &UsageFound) -> Option<bool> {
        let ns = used.to.as_deref()?;
        if matches!(ns, "clojure.core" | "cljs.core") {
            return core_var(&used.name, ns == "cljs.core").map(|var| var.is_macro);
        }
        match self.definition(ns, &used.name) {
            Some(def) => Some(def.is_macro),
            None => library_var(ns, &used.name).map(|var| var.is_macro),
        }
    }
}
