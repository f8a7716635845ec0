//! One pass over a file for one platform: what its statements define, which names they use, and what in them has effects.
//!
//! Names are not resolved here but for the head of a form, which decides what the form binds. A use is the place of a
//! symbol in the text, so the pass allocates next to nothing for it. Trees nest at most [`edn::MAX_DEPTH`] deep, so
//! recursion over them is bounded.

mod binding;
mod defining;
mod special;

use super::lexicon;
use super::ns::{Context, Platform, Reading, has_flag, map_entry, meta_entry};
use edn::syntax::{Kind, Tree};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// How a name is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub(super) enum UseKind {
    Call,
    Reference,
    /// A class that an instance is made of.
    New,
    ProtocolImpl,
    MultimethodImpl,
    /// Inside a syntax quote: a name that means nothing is only a symbol there.
    Quoted,
    /// The same, first in a form.
    QuotedCall,
    /// A type hint: of interest only where it names a type of the project.
    TypeHint,
}

/// A symbol that is used, by its place in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) kind: UseKind,
    /// The definition of the form that it stands in: its place among them, counted from 1; 0 outside of all.
    pub(super) within: u32,
    /// The list that it is the head of, by its node; [`NO_LIST`] where it is none.
    pub(super) call: u32,
}

/// No list at all.
pub(super) const NO_LIST: u32 = u32::MAX;

/// A var that a statement defines.
#[derive(Clone, Debug)]
pub(super) struct Def {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) doc: Option<String>,
    pub(super) arglists: Option<String>,
    pub(super) private: bool,
    pub(super) is_macro: bool,
    pub(super) deprecated: bool,
    pub(super) root: bool,
    /// A declaration without a value.
    pub(super) declared: bool,
    pub(super) dynamic: bool,
    /// Where its name stands; of a var that is made by the way, where the name it is made of does.
    pub(super) at: Range<u32>,
    /// The form that defines it.
    pub(super) form: Range<u32>,
}

/// Evidence about effects.
#[derive(Clone, Debug, Default)]
pub(super) struct Effects {
    /// What certainly has an effect.
    pub(super) impure: Option<String>,
    /// Something of which nothing is known: interop, a class.
    pub(super) unknown: bool,
}

/// One top-level form as one platform reads it.
#[derive(Clone, Debug)]
pub(super) struct Form {
    /// Its node in the tree.
    pub(super) root: usize,
    /// Its namespace, by its place among the file's contexts.
    pub(super) context: usize,
    /// The name that stands first in it.
    pub(super) head: String,
    /// What it is said to be about: its second part, where that is short.
    pub(super) target: Option<String>,
    /// The multimethod and dispatch value of a `defmethod`.
    pub(super) method: Option<(String, String)>,
    pub(super) defs: Vec<Def>,
    pub(super) uses: Vec<Use>,
    /// Vars that are made public under the same name here: namespace and name.
    pub(super) exports: Vec<(String, String)>,
    pub(super) effects: Effects,
}

/// What one platform reads in a file.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    pub(super) platform: Platform,
    pub(super) contexts: Vec<Context>,
    pub(super) forms: Vec<Form>,
}

/// Macros that a project says are like others: by name their namespaces, each with a full name.
pub(super) type LintAs = FxHashMap<String, Vec<(String, String)>>;

fn find_like<'a>(lint_as: &'a LintAs, ns: &str, name: &str) -> Option<&'a str> {
    let found = lint_as.get(name)?.iter().find(|(from, _)| from == ns);
    found.map(|(_, like)| like.as_str())
}

pub(super) fn pass(text: &str, tree: &Tree, platform: Platform, lint_as: &LintAs) -> Pass {
    let reading = Reading { text, tree, platform };
    let mut walker = Walker {
        reading,
        lint_as,
        contexts: vec![Context::named("user")],
        locals: Vec::new(),
        uses: Vec::new(),
        exports: Vec::new(),
        defs: Vec::new(),
        effects: Effects::default(),
        method: None,
        quoted: 0,
        depth: 0,
        functions: 0,
        in_comment: false,
        within: 0,
        list: 0,
    };
    let mut forms = Vec::new();
    for root in tree.roots() {
        let mut expanded = Vec::new();
        walker.reading.expand(root, &mut expanded);
        if expanded.is_empty() {
            continue;
        }
        forms.push(walker.top(root, &expanded));
    }
    Pass { platform, contexts: walker.contexts, forms }
}

struct Walker<'t> {
    reading: Reading<'t>,
    lint_as: &'t LintAs,
    contexts: Vec<Context>,
    locals: Vec<&'t str>,
    uses: Vec<Use>,
    exports: Vec<(String, String)>,
    defs: Vec<Def>,
    effects: Effects,
    method: Option<(String, String)>,
    /// How many syntax quotes are open.
    quoted: usize,
    /// How many forms are open inside the statement.
    depth: usize,
    /// How many functions are open.
    functions: usize,
    /// What is defined in a `comment` is known inside it.
    in_comment: bool,
    /// The definition that is being walked, counted from 1.
    within: u32,
    /// The list that is being walked.
    list: usize,
}

/// Macros that make vars of other namespaces public here, whatever library they come from.
const RE_EXPORTS: [&str; 7] =
    ["import-vars", "import-fn", "import-macro", "import-def", "export", "re-export", "reexport"];

/// The longest text that names what a form is about.
const MAX_TARGET: usize = 80;

impl<'t> Walker<'t> {
    fn top(&mut self, root: usize, nodes: &[usize]) -> Form {
        self.locals.clear();
        (self.depth, self.within) = (0, 0);
        let first = self.reading.bare(nodes[0]);
        let parts = match self.reading.kind(first) {
            Kind::List => self.reading.forms(first),
            _ => Vec::new(),
        };
        let head = parts.first().and_then(|n| self.reading.symbol(*n)).unwrap_or_default();
        let target = parts.get(1).map(|n| self.reading.bare(*n)).and_then(|n| {
            let named = matches!(
                self.reading.kind(n),
                Kind::Symbol | Kind::Keyword | Kind::String | Kind::Quote | Kind::Number
            );
            let text = self.reading.text(n);
            (named && text.len() <= MAX_TARGET && !text.contains(char::is_whitespace))
                .then(|| text.to_string())
        });
        // An `ns` form makes the context it stands in itself.
        for node in nodes {
            self.walk(*node);
        }
        Form {
            root,
            context: self.contexts.len() - 1,
            head: head.to_string(),
            target,
            method: self.method.take(),
            defs: std::mem::take(&mut self.defs),
            uses: std::mem::take(&mut self.uses),
            exports: std::mem::take(&mut self.exports),
            effects: std::mem::take(&mut self.effects),
        }
    }

    fn context(&mut self) -> &mut Context {
        let last = self.contexts.len() - 1;
        &mut self.contexts[last]
    }

    fn walk_all(&mut self, nodes: &[usize]) {
        for node in nodes {
            self.walk(*node);
        }
    }

    fn walk(&mut self, node: usize) {
        match self.reading.kind(node) {
            Kind::Symbol => self.used(node, UseKind::Reference),
            Kind::List | Kind::Fn => self.list(node),
            Kind::Vector | Kind::Map | Kind::Set => {
                let forms = self.reading.forms(node);
                self.walk_all(&forms);
            }
            Kind::NamespacedMap | Kind::Unquote | Kind::UnquoteSplicing => {
                let outer = self.quoted;
                if self.reading.kind(node) != Kind::NamespacedMap {
                    self.quoted = self.quoted.saturating_sub(1);
                }
                let forms = self.reading.forms(node);
                self.walk_all(&forms);
                self.quoted = outer;
            }
            Kind::Deref => {
                self.impure("clojure.core/deref");
                let forms = self.reading.forms(node);
                self.walk_all(&forms);
            }
            Kind::Var => {
                for form in self.reading.forms(node) {
                    self.used(form, UseKind::Reference);
                }
            }
            Kind::SyntaxQuote => {
                self.quoted += 1;
                let forms = self.reading.forms(node);
                self.walk_all(&forms);
                self.quoted -= 1;
            }
            Kind::Meta => {
                let target = self.metas(node);
                if self.reading.kind(target) != Kind::Meta {
                    self.walk(target);
                }
            }
            Kind::Tagged => {
                if let Some(value) = self.reading.forms(node).get(1) {
                    self.walk(*value);
                }
            }
            Kind::Conditional | Kind::ConditionalSplicing => {
                let mut forms = Vec::new();
                self.reading.expand(node, &mut forms);
                self.walk_all(&forms);
            }
            Kind::Quote if self.quoted > 0 => self.unquotes(node),
            Kind::Quote
            | Kind::Keyword
            | Kind::Number
            | Kind::Char
            | Kind::String
            | Kind::Regex
            | Kind::Symbolic
            | Kind::Eval
            | Kind::Discard => {}
        }
    }

    /// Walks what is unquoted inside a quoted form, which is data otherwise.
    fn unquotes(&mut self, node: usize) {
        for form in self.reading.forms(node) {
            match self.reading.kind(form) {
                Kind::Unquote | Kind::UnquoteSplicing => self.walk(form),
                _ => self.unquotes(form),
            }
        }
    }

    /// Walks the metadata before a form; the form without it.
    fn metas(&mut self, mut node: usize) -> usize {
        while self.reading.kind(node) == Kind::Meta {
            let [meta, target] = self.reading.forms(node)[..] else { return node };
            self.meta(meta);
            node = target;
        }
        node
    }

    fn meta(&mut self, meta: usize) {
        match self.reading.kind(meta) {
            Kind::Map => self.walk(meta),
            Kind::Symbol => self.used(meta, UseKind::TypeHint),
            _ => {}
        }
    }

    fn impure(&mut self, what: &str) {
        if self.quoted == 0 && self.effects.impure.is_none() {
            self.effects.impure = Some(what.to_string());
        }
    }

    fn is_local(&self, name: &str) -> bool {
        self.locals.iter().rev().any(|local| *local == name)
    }

    /// `local.member`, as ClojureScript has it.
    fn is_member_of_local(&self, name: &str) -> bool {
        self.reading.platform == Platform::Cljs
            && name.split_once('.').is_some_and(|(l, _)| !l.is_empty() && self.is_local(l))
    }

    fn used(&mut self, node: usize, kind: UseKind) {
        let node = self.reading.bare(node);
        if self.reading.kind(node) != Kind::Symbol {
            return self.walk(node);
        }
        let text = self.reading.text(node);
        if matches!(text, "nil" | "true" | "false" | "&" | "_") || text.starts_with('%') {
            return;
        }
        if self.quoted > 0 {
            if text.ends_with('#') {
                return;
            }
        } else if kind != UseKind::TypeHint
            && (self.is_local(text) || self.is_member_of_local(text))
        {
            return;
        }
        let kind = match kind {
            UseKind::TypeHint => kind,
            UseKind::Call if self.quoted > 0 => UseKind::QuotedCall,
            _ if self.quoted > 0 => UseKind::Quoted,
            kind => kind,
        };
        let span = self.reading.tree.node(node);
        let called = matches!(kind, UseKind::Call | UseKind::QuotedCall);
        let call = if called { self.list as u32 } else { NO_LIST };
        self.uses.push(Use { start: span.start, end: span.end, kind, within: self.within, call });
    }

    /// The name of the core form that a head is or is like; the head's own name otherwise.
    fn canonical(&self, head: &'t str) -> Canonical<'t> {
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

    fn list(&mut self, node: usize) {
        let forms = self.reading.forms(node);
        let Some((first, rest)) = forms.split_first() else { return };
        let head_node = self.reading.bare(*first);
        if self.reading.kind(head_node) != Kind::Symbol {
            return self.walk_all(&forms);
        }
        self.depth += 1;
        self.list = node;
        let head = self.reading.text(head_node);
        if self.quoted > 0 {
            self.used(head_node, UseKind::Call);
            self.walk_all(rest);
        } else {
            match self.canonical(head) {
                Canonical::Local => self.walk_all(rest),
                Canonical::Core(name) => {
                    if !self.special(name, head_node, &forms) {
                        self.used(head_node, UseKind::Call);
                        self.call(head, &forms);
                    }
                }
                Canonical::Like(name) => {
                    self.used(head_node, UseKind::Call);
                    if !self.special(&name, head_node, &forms) {
                        self.walk_all(rest);
                    }
                }
                Canonical::Other => {
                    // A library's macro that is called as a core form that binds names binds them like it.
                    let name = head.rsplit('/').next().unwrap_or(head);
                    self.used(head_node, UseKind::Call);
                    if !(lexicon::binds(name) && self.special(name, head_node, &forms)) {
                        self.call(head, &forms);
                    }
                }
            }
        }
        self.depth -= 1;
    }

    /// A call of something that is no known form. A macro called `def…` with a name after it is taken to define it.
    fn call(&mut self, head: &'t str, forms: &[usize]) {
        let name = head.rsplit('/').next().unwrap_or(head);
        let defines = name.starts_with("def")
            && name != "default"
            && !name.starts_with("default-")
            && lexicon::core_var(name, false).is_none()
            && self.depth == 1;
        let named = forms.get(1).and_then(|n| {
            let bare = self.reading.bare(*n);
            let plain =
                self.reading.kind(bare) == Kind::Symbol && !self.reading.text(bare).contains('/');
            plain.then_some(*n)
        });
        if self.depth == 1 && RE_EXPORTS.contains(&name) {
            return self.import_vars(&forms[1..]);
        }
        match named {
            Some(_) if defines => self.defn(name, forms, name.starts_with("defmacro")),
            _ => self.walk_all(&forms[1..]),
        }
    }
}

/// What the head of a form means.
enum Canonical<'t> {
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
