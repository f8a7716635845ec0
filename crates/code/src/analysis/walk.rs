//! One pass over a file for one platform: what its statements define, which names they use, and what in them has effects.
//!
//! Names are not resolved here but for the head of a form, which decides what the form binds. A use is the place of a
//! symbol in the text, so the pass allocates next to nothing for it. Trees nest at most [`edn::MAX_DEPTH`] deep, so
//! recursion over them is bounded.

mod binding;
mod defining;
mod form;
mod head;
mod implementing;
mod locals;
mod registering;
mod special;
mod threading;

pub(super) use form::{Def, Effects, Form, NO_LIST, Pass, Use, UseKind};
pub(super) use head::LintAs;
pub(super) use implementing::Implementation;
pub(super) use locals::{DestructuredKey, Locals};

use super::metadata::{has_flag, map_entry, meta_entry};
use super::ns::{Context, Platform, Reading};
use super::{Detail, Entered, lexicon};
use edn::syntax::{Kind, Node, Tree};
use head::Canonical;
use locals::Bound;

/// Walks a file as a platform reads it.
pub(super) fn pass(
    text: &str,
    tree: &Tree,
    platform: Platform,
    lint_as: &LintAs,
    detail: Detail,
    entered: &Entered,
) -> Pass {
    let reading = Reading { text, tree, platform };
    let mut walker = Walker {
        reading,
        lint_as,
        entered,
        detail,
        contexts: vec![Context::named("user")],
        locals: Vec::new(),
        found: Locals::default(),
        implementations: Vec::new(),
        scope_end: 0,
        uses: Vec::new(),
        exports: Vec::new(),
        registers: Vec::new(),
        defs: Vec::new(),
        members: Vec::new(),
        effects: Effects::default(),
        method: None,
        quoted: 0,
        depth: 0,
        functions: 0,
        in_comment: false,
        within: 0,
        list: 0,
        threaded: usize::MAX,
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
    Pass {
        platform,
        contexts: walker.contexts,
        forms,
        locals: walker.found,
        implementations: walker.implementations,
    }
}

struct Walker<'t> {
    reading: Reading<'t>,
    lint_as: &'t LintAs,
    /// What other files say of the namespaces that this one enters.
    entered: &'t Entered,
    detail: Detail,
    contexts: Vec<Context>,
    /// What is bound here, innermost last.
    locals: Vec<Bound<'t>>,
    /// What was bound and used anywhere.
    found: Locals,
    implementations: Vec<Implementation>,
    /// Where the names that are bound now stop to mean something.
    scope_end: u32,
    uses: Vec<Use>,
    exports: Vec<(String, String)>,
    registers: Vec<u32>,
    defs: Vec<Def>,
    members: Vec<Def>,
    effects: Effects,
    method: Option<(String, String)>,
    /// How many syntax quotes are open.
    quoted: usize,
    /// How many forms are open inside the statement.
    depth: usize,
    /// How many functions are open.
    functions: usize,
    /// Whether the walk stands in a `comment`.
    in_comment: bool,
    /// The definition that is being walked, counted from 1.
    within: u32,
    /// The list that is being walked.
    list: usize,
    /// The form that something is threaded into.
    threaded: usize,
}

/// Macros that make vars of other namespaces public here, whatever library they come from.
const RE_EXPORTS: [&str; 7] =
    ["import-vars", "import-fn", "import-macro", "import-def", "export", "re-export", "reexport"];

/// The longest text that names what a form is about.
const MAX_TARGET: usize = 80;

impl<'t> Walker<'t> {
    fn top(&mut self, root: usize, nodes: &[usize]) -> Form {
        self.locals.clear();
        (self.depth, self.within, self.list) = (0, 0, root);
        self.scope_end = self.end_of(root);
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
            members: std::mem::take(&mut self.members),
            uses: std::mem::take(&mut self.uses),
            exports: std::mem::take(&mut self.exports),
            registers: std::mem::take(&mut self.registers),
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
        } else if kind != UseKind::TypeHint && self.used_local(node) {
            return;
        }
        self.used_as(
            node,
            match kind {
                UseKind::TypeHint => kind,
                UseKind::Call if self.quoted > 0 => UseKind::QuotedCall,
                _ if self.quoted > 0 => UseKind::Quoted,
                kind => kind,
            },
        );
    }

    /// Notes the use of a symbol that means no local.
    fn used_as(&mut self, node: usize, kind: UseKind) {
        let span = self.reading.tree.node(node);
        let heads = matches!(kind, UseKind::Call | UseKind::QuotedCall | UseKind::MultimethodImpl);
        let list = if heads { self.list as u32 } else { NO_LIST };
        let threaded = heads && self.threaded == self.list;
        let Node { start, end, .. } = span;
        self.uses.push(Use { start, end, kind, within: self.within, list, threaded });
    }

    fn list(&mut self, node: usize) {
        let forms = self.reading.forms(node);
        let Some((first, rest)) = forms.split_first() else { return };
        let head_node = self.reading.bare(*first);
        if self.reading.kind(head_node) != Kind::Symbol {
            return self.walk_all(&forms);
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.list, node);
        let head = self.reading.text(head_node);
        if self.quoted > 0 {
            self.used(head_node, UseKind::Call);
            self.walk_all(rest);
        } else {
            match self.canonical(head) {
                Canonical::Local => {
                    self.used_local(head_node);
                    self.walk_all(rest);
                }
                Canonical::Core(name) => {
                    self.registering(name, rest);
                    if !self.special(name, Some(head_node), &forms) {
                        self.used(head_node, UseKind::Call);
                        self.call(head, &forms);
                    }
                }
                Canonical::Like(name) => {
                    self.used(head_node, UseKind::Call);
                    self.registering(&name, rest);
                    if !self.special(&name, None, &forms) {
                        self.walk_all(rest);
                    }
                }
                Canonical::Other => {
                    // A library's macro that is called as a core form that binds names binds them like it.
                    let name = head.rsplit('/').next().unwrap_or(head);
                    self.used(head_node, UseKind::Call);
                    self.registering(name, rest);
                    if !(lexicon::binds(name) && self.special(name, None, &forms)) {
                        self.call(head, &forms);
                    }
                }
            }
        }
        self.depth -= 1;
        self.list = outer;
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
