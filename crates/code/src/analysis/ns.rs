//! What names mean in a namespace: aliases, refers, imports, as its `ns` form and later `require`s say.

use super::classes::joined;
use super::metadata::{map_entry, meta_entry};
use edn::syntax::{Kind, Tree};
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::Range;

/// A platform that reads a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub(crate) enum Platform {
    Clj,
    Cljs,
    Bb,
    Cljd,
}

impl Platform {
    pub(crate) fn features(self) -> &'static [&'static str] {
        match self {
            Platform::Clj => &["clj", "default"],
            Platform::Cljs => &["cljs", "default"],
            Platform::Bb => &["bb", "clj", "default"],
            Platform::Cljd => &["cljd", "default"],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Platform::Clj => "clj",
            Platform::Cljs => "cljs",
            Platform::Bb => "bb",
            Platform::Cljd => "cljd",
        }
    }
}

/// See the module. Names are texts of the file, but for libraries of prefix lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    pub(super) name: String,
    pub(super) doc: Option<String>,
    pub(super) aliases: FxHashMap<String, String>,
    pub(super) refers: FxHashMap<String, (String, String)>,
    /// Namespaces whose public vars can all be used by name, and what is left out of each.
    pub(super) used: Vec<(String, Vec<String>)>,
    /// Core names that mean something else here.
    pub(super) excluded: FxHashSet<String>,
    /// Simple names of classes, each with its package.
    pub(super) imports: FxHashMap<String, String>,
    /// Namespaces that this one loads.
    pub(super) requires: Vec<String>,
    /// Namespaces that only a `comment` loads: who reads on knows their names, but nothing is loaded.
    pub(super) commented: Vec<String>,
    /// Where namespaces are named, to be loaded or to have an alias.
    pub(super) mentions: Vec<Mention>,
    /// Where classes are named to be used by their simple names.
    pub(super) imported: Vec<Imported>,
    /// Where vars of other namespaces are named to be used plainly.
    pub(super) referred: Vec<Referred>,
    /// Where vars of other namespaces are named to be left out or to be called otherwise.
    pub(super) named: Vec<Referred>,
    /// Where aliases are given.
    pub(super) given: Vec<Alias>,
    /// Whether `in-ns` enters it here, and the file has no `ns` form of it.
    pub(super) enters: bool,
    /// Where its own name stands, and its `ns` form; nowhere, where it has none.
    pub(super) at: Option<(Range<u32>, Range<u32>)>,
}

/// A namespace as a `require` names it.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub(super) ns: String,
    pub(super) alias: Option<String>,
    pub(super) at: Range<u32>,
}

/// A class as an `import` names it.
#[derive(Clone, Debug)]
pub(super) struct Imported {
    /// Its full name.
    pub(super) class: String,
    pub(super) at: Range<u32>,
}

/// A var as a `:refer`, `:only`, `:exclude` or `:rename` names it.
#[derive(Clone, Debug)]
pub(super) struct Referred {
    pub(super) ns: String,
    pub(super) name: String,
    pub(super) at: Range<u32>,
}

/// An alias as a `require` or `alias` gives it.
#[derive(Clone, Debug)]
pub(super) struct Alias {
    pub(super) name: String,
    pub(super) ns: String,
    pub(super) at: Range<u32>,
}

/// The parts of a text that one platform reads.
pub(crate) struct Reading<'t> {
    pub(crate) text: &'t str,
    pub(crate) tree: &'t Tree,
    pub(crate) platform: Platform,
}

impl<'t> Reading<'t> {
    pub(crate) fn text(&self, node: usize) -> &'t str {
        self.tree.text(node, self.text)
    }

    /// Where a node stands.
    pub(crate) fn span(&self, node: usize) -> Range<u32> {
        let node = self.tree.node(node);
        node.start..node.end
    }

    pub(crate) fn kind(&self, node: usize) -> Kind {
        self.tree.node(node).kind
    }

    /// Adds a node's children as this platform reads them: discarded forms left out, reader conditionals replaced by
    /// the branch that is taken.
    pub(crate) fn children(&self, node: usize, out: &mut Vec<usize>) {
        for child in self.tree.children(node) {
            self.expand(child, out);
        }
    }

    pub(crate) fn forms(&self, node: usize) -> Vec<usize> {
        let mut out = Vec::new();
        self.children(node, &mut out);
        out
    }

    pub(crate) fn expand(&self, node: usize, out: &mut Vec<usize>) {
        let kind = self.kind(node);
        match kind {
            Kind::Discard => {}
            Kind::Conditional | Kind::ConditionalSplicing => {
                let Some(branch) = self.branch(node) else { return };
                if kind == Kind::Conditional {
                    self.expand(branch, out);
                } else {
                    self.children(branch, out);
                }
            }
            _ => out.push(node),
        }
    }

    /// The form that a reader conditional stands for.
    pub(crate) fn branch(&self, node: usize) -> Option<usize> {
        let body = self.tree.forms(node).next()?;
        let mut branches = self.tree.forms(body);
        while let (Some(feature), Some(form)) = (branches.next(), branches.next()) {
            let feature = self.text(feature).strip_prefix(':')?;
            if self.platform.features().contains(&feature) {
                return Some(form);
            }
        }
        None
    }

    /// A node without the metadata before it.
    pub(crate) fn bare(&self, mut node: usize) -> usize {
        while self.kind(node) == Kind::Meta {
            match self.forms(node).get(1) {
                Some(target) => node = *target,
                None => return node,
            }
        }
        node
    }

    /// A node without the metadata and the quotes before it.
    pub(super) fn unquoted(&self, node: usize) -> usize {
        let node = self.bare(node);
        match self.kind(node) {
            Kind::Quote => self.forms(node).first().map_or(node, |inner| self.unquoted(*inner)),
            _ => node,
        }
    }

    /// The name that a plain or quoted symbol is.
    pub(crate) fn symbol(&self, node: usize) -> Option<&'t str> {
        let node = self.bare(node);
        match self.kind(node) {
            Kind::Symbol => Some(self.text(node)),
            Kind::Quote => self.symbol(*self.forms(node).first()?),
            _ => None,
        }
    }

    pub(crate) fn keyword(&self, node: usize) -> Option<&'t str> {
        (self.kind(node) == Kind::Keyword).then(|| self.text(node).trim_start_matches(':'))
    }

    /// What a string says, escapes left as they are.
    pub(crate) fn string(&self, node: usize) -> Option<&'t str> {
        let text = self.text(node);
        (self.kind(node) == Kind::String).then(|| &text[1..text.len() - 1])
    }
}

impl Context {
    pub(super) fn named(name: &str) -> Context {
        Context { name: name.to_string(), ..Context::default() }
    }

    /// Whether a namespace is known by its own name.
    pub(super) fn names(&self, ns: &str) -> bool {
        self.requires.iter().chain(&self.commented).any(|known| known == ns)
    }

    /// The namespace that an alias, or the name of one that is known, means.
    pub(super) fn meant_by<'n>(&'n self, name: &'n str) -> Option<&'n str> {
        let aliased = self.aliases.get(name).map(String::as_str);
        aliased.or_else(|| self.names(name).then_some(name))
    }

    /// What it says of names, where it is entered again: not the places.
    pub(super) fn entered(&self) -> Context {
        Context {
            mentions: Vec::new(),
            referred: Vec::new(),
            named: Vec::new(),
            given: Vec::new(),
            imported: Vec::new(),
            at: None,
            ..self.clone()
        }
    }

    /// What an `ns` form says.
    pub(super) fn of_ns(reading: &Reading<'_>, forms: &[usize]) -> Context {
        let name = forms.get(1).and_then(|n| reading.symbol(*n)).unwrap_or("user");
        let mut context = Context::named(name);
        for &form in forms.iter().skip(2) {
            if let Some(doc) = reading.string(form) {
                context.doc = Some(doc.to_string());
                continue;
            }
            if !matches!(reading.kind(form), Kind::List | Kind::Vector) {
                continue;
            }
            let parts = reading.forms(form);
            let Some(clause) = parts.first().and_then(|n| reading.keyword(*n)) else { continue };
            context.clause(reading, clause, &parts[1..]);
        }
        if let Some(doc) = ns_meta_doc(reading, forms) {
            context.doc.get_or_insert(doc);
        }
        context
    }

    /// A clause of `ns`, or the call of the same name.
    pub(super) fn clause(&mut self, reading: &Reading<'_>, clause: &str, parts: &[usize]) {
        match clause {
            "require" | "require-macros" => {
                parts.iter().for_each(|p| self.libspec(reading, *p, "", false));
            }
            "use" | "use-macros" => {
                parts.iter().for_each(|p| self.libspec(reading, *p, "", true));
            }
            "import" => parts.iter().for_each(|p| self.import(reading, *p)),
            "refer-clojure" => self.refer_clojure(reading, parts),
            "refer" => {
                if let Some(lib) = parts.first().and_then(|p| reading.symbol(*p)) {
                    self.options(reading, lib, &parts[1..], true);
                }
            }
            "alias" => {
                if let [alias, ns] = parts
                    && let Some(ns) = reading.symbol(*ns)
                {
                    self.alias(reading, *alias, ns);
                }
            }
            _ => {}
        }
    }

    fn alias(&mut self, reading: &Reading<'_>, node: usize, ns: &str) {
        let Some(alias) = reading.symbol(node) else { return };
        self.aliases.insert(alias.to_string(), ns.to_string());
        let at = reading.span(reading.unquoted(node));
        self.given.push(Alias { name: alias.to_string(), ns: ns.to_string(), at });
    }

    fn libspec(&mut self, reading: &Reading<'_>, node: usize, prefix: &str, is_use: bool) {
        let mut node = reading.bare(node);
        if reading.kind(node) == Kind::Quote {
            match reading.forms(node).first() {
                Some(inner) => node = reading.bare(*inner),
                None => return,
            }
        }
        let join = |name: &str| {
            if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") }
        };
        match reading.kind(node) {
            Kind::Symbol => {
                self.options_of(reading, &join(reading.text(node)), node, &[], is_use);
            }
            Kind::String => {
                if let Some(lib) = reading.string(node) {
                    self.options_of(reading, lib, node, &[], false);
                }
            }
            Kind::List | Kind::Vector => {
                let parts = reading.forms(node);
                let Some((first, rest)) = parts.split_first() else { return };
                let lib = reading.symbol(*first).or_else(|| reading.string(*first));
                let Some(lib) = lib else { return };
                let is_prefix = rest.first().is_some_and(|n| reading.keyword(*n).is_none())
                    && prefix.is_empty();
                if is_prefix {
                    rest.iter().for_each(|part| self.libspec(reading, *part, lib, is_use));
                } else {
                    self.options_of(reading, &join(lib), reading.bare(*first), rest, is_use);
                }
            }
            _ => {}
        }
    }

    fn options_of(
        &mut self,
        reading: &Reading<'_>,
        lib: &str,
        node: usize,
        options: &[usize],
        is_use: bool,
    ) {
        let lib = counterpart(reading.platform, lib);
        let is_alias =
            |option: &[usize]| matches!(reading.keyword(option[0]), Some("as" | "as-alias"));
        let alias =
            options.chunks_exact(2).find(|o| is_alias(o)).and_then(|o| reading.symbol(o[1]));
        self.mentions.push(Mention {
            ns: lib.to_string(),
            alias: alias.map(String::from),
            at: reading.span(node),
        });
        let alias_only = options.chunks(2).any(|o| reading.keyword(o[0]) == Some("as-alias"));
        if !alias_only && !self.requires.iter().any(|r| r == lib) {
            self.requires.push(lib.to_string());
        }
        self.options(reading, lib, options, is_use);
    }

    fn options(&mut self, reading: &Reading<'_>, lib: &str, options: &[usize], is_use: bool) {
        let mut only: Option<Vec<String>> = None;
        let mut all = false;
        let mut exclude = Vec::new();
        let mut rename: Vec<(String, String)> = Vec::new();
        for option in options.chunks_exact(2) {
            let value = option[1];
            let nodes = || reading.forms(reading.unquoted(value));
            let referred = |node: usize| {
                let (ns, name) = (lib.to_string(), reading.symbol(node)?.to_string());
                Some(Referred { ns, name, at: reading.span(reading.unquoted(node)) })
            };
            let names = || -> Vec<String> {
                nodes().iter().filter_map(|n| reading.symbol(*n)).map(String::from).collect()
            };
            match reading.keyword(option[0]) {
                // `:default` is what a library of JavaScript gives by itself.
                Some("as" | "as-alias" | "default") => {
                    self.alias(reading, value, lib);
                }
                Some("refer") if reading.keyword(value) == Some("all") => all = true,
                Some("refer" | "refer-macros" | "only") => {
                    only.get_or_insert_default().extend(names());
                    self.referred.extend(nodes().into_iter().filter_map(referred));
                }
                Some("exclude") => {
                    exclude = names();
                    self.named.extend(nodes().into_iter().filter_map(referred));
                }
                Some("rename") => {
                    let pairs = names();
                    self.named.extend(nodes().into_iter().step_by(2).filter_map(referred));
                    rename = pairs
                        .chunks_exact(2)
                        .map(|pair| (pair[0].clone(), pair[1].clone()))
                        .collect();
                }
                _ => {}
            }
        }
        let renamed = |name: &String| {
            rename.iter().find(|(from, _)| from == name).map_or(name, |(_, to)| to).clone()
        };
        for name in only.iter().flatten() {
            self.refers.insert(renamed(name), (lib.to_string(), name.clone()));
        }
        for (from, to) in &rename {
            self.refers.insert(to.clone(), (lib.to_string(), from.clone()));
        }
        if all || (is_use && only.is_none()) {
            exclude.extend(rename.into_iter().map(|(from, _)| from));
            self.used.push((lib.to_string(), exclude));
        }
    }

    fn import(&mut self, reading: &Reading<'_>, node: usize) {
        let node = reading.bare(node);
        let node = match reading.kind(node) {
            Kind::Quote => reading.forms(node).first().copied().unwrap_or(node),
            _ => node,
        };
        match reading.kind(node) {
            Kind::Symbol => {
                let full = reading.text(node);
                let (package, simple) = full.rsplit_once('.').unwrap_or(("", full));
                self.import_class(package, simple, reading.span(node));
            }
            Kind::List | Kind::Vector => {
                let parts = reading.forms(node);
                let Some((package, classes)) = parts.split_first() else { return };
                let package = reading.symbol(*package).unwrap_or_default();
                for class in classes {
                    if let Some(name) = reading.symbol(*class) {
                        self.import_class(package, name, reading.span(reading.bare(*class)));
                    }
                }
            }
            _ => {}
        }
    }

    fn import_class(&mut self, package: &str, simple: &str, at: Range<u32>) {
        self.imported.push(Imported { class: joined(package, simple), at });
        self.imports.insert(simple.to_string(), package.to_string());
    }

    fn refer_clojure(&mut self, reading: &Reading<'_>, parts: &[usize]) {
        for option in parts.chunks_exact(2) {
            let symbols = reading.forms(option[1]);
            let names: Vec<&str> = symbols.iter().filter_map(|n| reading.symbol(*n)).collect();
            match reading.keyword(option[0]) {
                Some("exclude") => self.excluded.extend(names.iter().map(|n| n.to_string())),
                Some("rename") => {
                    for pair in names.chunks_exact(2) {
                        self.excluded.insert(pair[0].to_string());
                        let core = ("clojure.core".to_string(), pair[0].to_string());
                        self.refers.insert(pair[1].to_string(), core);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The namespace that ClojureScript loads for one that only Clojure has.
fn counterpart(platform: Platform, lib: &str) -> &str {
    match lib {
        "clojure.test" if platform == Platform::Cljs => "cljs.test",
        "clojure.pprint" if platform == Platform::Cljs => "cljs.pprint",
        lib => lib,
    }
}

/// The docstring in the metadata of an `ns` form's name, or in the map after it.
fn ns_meta_doc(reading: &Reading<'_>, forms: &[usize]) -> Option<String> {
    let map = forms.iter().skip(2).take(2).find(|n| reading.kind(**n) == Kind::Map);
    map.and_then(|map| map_entry(reading, *map, "doc"))
        .or_else(|| meta_entry(reading, *forms.get(1)?, "doc"))
        .and_then(|doc| reading.string(doc))
        .map(String::from)
}
