//! An `ns` form as a text that can be changed: a namespace required, a var referred to, a class imported, or any of them
//! no longer.
//!
//! What is added takes the layout of what stands beside it; what is taken away leaves no hole; every other character stays
//! where it is. Each change is made in the text and the text is read again: forms are short, and a change never has to
//! know what another one did.
//!
//! Invariants
//! - A form that reads still reads after a change.
//! - A branch of a reader conditional goes with the last thing in it, and the conditional with its last branch, unless a
//!   `:default` would then be read in its place.
//! - Comments stay, but for one that ends the line of what is taken away.
//!
//! Cost: one reading of the form for each change.

mod add;
mod layout;
mod remove;
mod sort;

pub(crate) use add::Require;

use crate::analysis::{Platform, Reading};
use edn::syntax::{Kind, Tree, parse};
use std::ops::Range;

/// What a clause of an `ns` form does with what it names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Clause {
    Require,
    RequireMacros,
    Use,
    UseMacros,
    Import,
    ReferClojure,
}

impl Clause {
    fn named(keyword: &str) -> Option<Clause> {
        Some(match keyword {
            "require" => Clause::Require,
            "require-macros" => Clause::RequireMacros,
            "use" => Clause::Use,
            "use-macros" => Clause::UseMacros,
            "import" => Clause::Import,
            "refer-clojure" => Clause::ReferClojure,
            _ => return None,
        })
    }

    /// Whether it names libraries.
    fn names_libraries(self) -> bool {
        !matches!(self, Clause::Import | Clause::ReferClojure)
    }
}

/// Some of the platforms that read a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Platforms(u8);

impl Platforms {
    pub(crate) fn of(platforms: impl IntoIterator<Item = Platform>) -> Platforms {
        Platforms(platforms.into_iter().fold(0, |bits, platform| bits | 1 << platform as u8))
    }

    pub(crate) fn contains(self, platform: Platform) -> bool {
        self.0 & 1 << platform as u8 != 0
    }

    /// These and the others.
    pub(crate) fn and(self, others: Platforms) -> Platforms {
        Platforms(self.0 | others.0)
    }

    /// Those that are also among the others.
    pub(crate) fn common(self, others: Platforms) -> Platforms {
        Platforms(self.0 & others.0)
    }

    /// Whether there is none.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of these are among the others.
    pub(crate) fn within(self, others: Platforms) -> bool {
        self.0 & !others.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Platform> {
        let all = [Platform::Clj, Platform::Cljs, Platform::Bb, Platform::Cljd];
        all.into_iter().filter(move |platform| self.contains(*platform))
    }
}

/// A library as a clause names it.
#[derive(Clone, Debug)]
pub(crate) struct Lib {
    /// Its namespace, in full.
    pub(crate) ns: String,
    /// The clause that names it.
    pub(crate) clause: Clause,
    /// Who reads that.
    pub(crate) platforms: Platforms,
    /// What it is called.
    pub(crate) alias: Option<String>,
    /// Whether it only has an alias and is not loaded.
    pub(crate) alias_only: bool,
    /// The vars that are named to be used plainly: the name here, the name there.
    pub(crate) refers: Vec<Refer>,
    /// Whether all its vars can be used plainly.
    pub(crate) all: bool,
    /// Whether its name is a string: a library of JavaScript.
    pub(crate) is_text: bool,
    /// Whether nothing is said of it but an alias and names that it is referred to by, as they are.
    pub(crate) is_simple: bool,
    node: usize,
}

impl Lib {
    /// Whether it is loaded for what that does, and nothing of it is named.
    pub(crate) fn is_for_effect(&self) -> bool {
        self.alias.is_none() && self.refers.is_empty() && !self.all
    }
}

/// A var that is named to be used plainly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refer {
    /// The name it has here.
    pub(crate) name: String,
    /// The name it has there.
    pub(crate) original: String,
    /// Where it is named, and where it is named again to have another name.
    nodes: Vec<usize>,
}

/// A class that is imported.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    /// Its package.
    pub(crate) package: String,
    /// Its name in that.
    pub(crate) class: String,
    /// Who reads that.
    pub(crate) platforms: Platforms,
    node: usize,
}

/// What holds libspecs or classes beside each other: a clause, or a spliced vector in one.
#[derive(Clone, Debug)]
struct Holder {
    node: usize,
    clause: Clause,
    platforms: Platforms,
    /// What stands in it, without the keyword that opens a clause.
    items: Vec<usize>,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct NsForm {
    text: String,
    tree: Tree,
    platforms: Platforms,
    name: String,
    libs: Vec<Lib>,
    imports: Vec<Import>,
    holders: Vec<Holder>,
    /// Clauses, prefix lists, packages with their classes: what is there for what stands behind its first part.
    groups: Vec<usize>,
}

impl NsForm {
    /// Reads the text of an `ns` form; `None` where it is none.
    pub(crate) fn read(text: &str, platforms: Platforms) -> Option<NsForm> {
        let mut form = NsForm {
            text: text.to_owned(),
            tree: parse(text),
            platforms,
            name: String::new(),
            libs: Vec::new(),
            imports: Vec::new(),
            holders: Vec::new(),
            groups: Vec::new(),
        };
        form.gather()?;
        Some(form)
    }

    /// The text as it is now.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The namespace.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The libraries it names.
    pub(crate) fn libs(&self) -> &[Lib] {
        &self.libs
    }

    /// What it calls a namespace: ClojureScript reads `clojure.test` as `cljs.test`.
    pub(crate) fn name_of(&self, ns: &str) -> String {
        let names = |name: &str| self.libs.iter().any(|lib| lib.ns == name);
        let other = ns.strip_prefix("cljs.").map(|rest| format!("clojure.{rest}"));
        other.filter(|other| !names(ns) && names(other)).unwrap_or_else(|| ns.to_owned())
    }

    /// Whether a plain name of the core namespace means something else, or nothing, under it.
    pub(crate) fn hides_core(&self, name: &str) -> bool {
        let clauses = self.holders.iter().filter(|h| h.clause == Clause::ReferClojure);
        clauses.flat_map(|h| h.items.chunks_exact(2)).any(|option| {
            let mut names = self.tree.forms(option[1]);
            match self.keyword(option[0]) {
                Some("exclude") => names.any(|n| self.node_text(n) == name),
                Some("only") => !names.any(|n| self.node_text(n) == name),
                // The name that is given up stands before the one it gets.
                Some("rename") => names.step_by(2).any(|n| self.node_text(n) == name),
                _ => false,
            }
        })
    }

    /// The classes it imports.
    pub(crate) fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// Makes changes in the text, and reads it again.
    fn change(&mut self, mut edits: Vec<(Range<usize>, String)>) {
        edits.sort_by_key(|(at, _)| (at.start, at.end));
        let mut text = String::with_capacity(self.text.len());
        let mut end = 0;
        for (at, new) in edits {
            if at.start < end {
                continue;
            }
            text.push_str(&self.text[end..at.start]);
            text.push_str(&new);
            end = at.end;
        }
        text.push_str(&self.text[end..]);
        if let Some(changed) = NsForm::read(&text, self.platforms) {
            *self = changed;
        }
    }

    fn gather(&mut self) -> Option<()> {
        if self.tree.error.is_some() {
            return None;
        }
        let root = self.tree.roots().find(|root| self.kind(*root) != Kind::Discard)?;
        let parts: Vec<usize> = self.tree.forms(root).collect();
        let [head, name, rest @ ..] = &parts[..] else { return None };
        let reading = self.reading(Platform::Clj);
        if reading.symbol(*head) != Some("ns") {
            return None;
        }
        self.name = reading.symbol(*name)?.to_owned();
        for part in rest {
            for (clause, platforms) in self.read_as(*part, self.platforms) {
                self.clause(clause, platforms);
            }
        }
        Some(())
    }

    fn reading(&self, platform: Platform) -> Reading<'_> {
        Reading { text: &self.text, tree: &self.tree, platform }
    }

    fn kind(&self, node: usize) -> Kind {
        self.tree.node(node).kind
    }

    fn node_text(&self, node: usize) -> &str {
        self.tree.text(node, &self.text)
    }

    /// What a node stands for, and for whom: itself, or the branches of a reader conditional.
    fn read_as(&self, node: usize, platforms: Platforms) -> Vec<(usize, Platforms)> {
        match self.kind(node) {
            Kind::Discard => Vec::new(),
            Kind::Conditional | Kind::ConditionalSplicing => {
                let splices = self.kind(node) == Kind::ConditionalSplicing;
                let mut found = Vec::new();
                for (branch, readers) in self.branches(node, platforms) {
                    match splices {
                        true => {
                            for part in self.tree.forms(branch) {
                                found.extend(self.read_as(part, readers));
                            }
                        }
                        false => found.extend(self.read_as(branch, readers)),
                    }
                }
                found
            }
            _ => vec![(node, platforms)],
        }
    }

    /// The branches of a reader conditional that someone takes.
    fn branches(&self, conditional: usize, platforms: Platforms) -> Vec<(usize, Platforms)> {
        let mut branches: Vec<(usize, Platforms)> = Vec::new();
        for platform in platforms.iter() {
            let Some(taken) = self.reading(platform).branch(conditional) else { continue };
            let bit = Platforms::of([platform]);
            match branches.iter_mut().find(|(branch, _)| *branch == taken) {
                Some((_, readers)) => readers.0 |= bit.0,
                None => branches.push((taken, bit)),
            }
        }
        branches
    }

    fn keyword(&self, node: usize) -> Option<&str> {
        (self.kind(node) == Kind::Keyword).then(|| self.node_text(node).trim_start_matches(':'))
    }

    fn clause(&mut self, node: usize, platforms: Platforms) {
        if !matches!(self.kind(node), Kind::List | Kind::Vector) {
            return;
        }
        let parts: Vec<usize> = self.tree.forms(node).collect();
        let Some((first, items)) = parts.split_first() else { return };
        let Some(clause) = self.keyword(*first).and_then(Clause::named) else { return };
        self.groups.push(node);
        self.hold(node, clause, platforms, items.to_vec());
    }

    fn hold(&mut self, node: usize, clause: Clause, platforms: Platforms, items: Vec<usize>) {
        for item in &items {
            self.item(*item, clause, platforms);
        }
        self.holders.push(Holder { node, clause, platforms, items });
    }

    fn item(&mut self, node: usize, clause: Clause, platforms: Platforms) {
        match self.kind(node) {
            Kind::Conditional => {
                for (branch, readers) in self.branches(node, platforms) {
                    self.item(branch, clause, readers);
                }
            }
            Kind::ConditionalSplicing => {
                for (branch, readers) in self.branches(node, platforms) {
                    let items = self.tree.forms(branch).collect();
                    self.hold(branch, clause, readers, items);
                }
            }
            _ if clause.names_libraries() => self.libspec(node, clause, platforms, None),
            _ if clause == Clause::Import => self.import_spec(node, platforms),
            _ => {}
        }
    }

    /// The name of a library: a symbol, or in ClojureScript a string.
    fn lib_name(&self, node: usize) -> Option<&str> {
        let reading = self.reading(Platform::Clj);
        reading.symbol(node).or_else(|| reading.string(node))
    }

    fn libspec(&mut self, node: usize, clause: Clause, platforms: Platforms, prefix: Option<&str>) {
        let parts: Vec<usize> = match self.kind(node) {
            Kind::List | Kind::Vector => self.tree.forms(node).collect(),
            _ => vec![node],
        };
        let Some((first, options)) = parts.split_first() else { return };
        let Some(name) = self.lib_name(*first) else { return };
        let ns = prefix.map_or_else(|| name.to_owned(), |prefix| format!("{prefix}.{name}"));
        let is_prefix = options.first().is_some_and(|n| self.keyword(*n).is_none());
        if is_prefix && prefix.is_none() {
            self.groups.push(node);
            let parts = options.iter().flat_map(|part| self.read_as(*part, platforms));
            for (part, readers) in parts.collect::<Vec<_>>() {
                self.libspec(part, clause, readers, Some(&ns));
            }
            return;
        }
        let mut lib = Lib {
            ns,
            clause,
            platforms,
            alias: None,
            alias_only: false,
            refers: Vec::new(),
            all: false,
            is_text: self.kind(*first) == Kind::String,
            is_simple: prefix.is_none() && is_simple(self, options),
            node,
        };
        let is_use = matches!(clause, Clause::Use | Clause::UseMacros);
        let mut only = false;
        for option in options.chunks_exact(2) {
            let keyword = self.keyword(option[0]).unwrap_or_default();
            match keyword {
                "as" | "as-alias" => {
                    lib.alias = self.lib_name(option[1]).map(str::to_owned);
                    lib.alias_only = keyword == "as-alias";
                }
                "refer" | "refer-macros" if self.keyword(option[1]) == Some("all") => {
                    lib.all = true;
                }
                "refer" | "refer-macros" | "only" => {
                    only = true;
                    self.refers(option[1], &mut lib.refers);
                }
                _ => {}
            }
        }
        for option in options.chunks_exact(2) {
            if self.keyword(option[0]) == Some("rename") {
                self.renames(option[1], &mut lib.refers);
            }
        }
        lib.all |= is_use && !only;
        self.libs.push(lib);
    }

    fn refers(&self, names: usize, refers: &mut Vec<Refer>) {
        for (node, _) in self.tree.forms(names).flat_map(|n| self.read_as(n, self.platforms)) {
            if let Some(name) = self.lib_name(node).map(str::to_owned) {
                refers.push(Refer { name: name.clone(), original: name, nodes: vec![node] });
            }
        }
    }

    fn renames(&self, map: usize, refers: &mut Vec<Refer>) {
        let parts: Vec<usize> = self.tree.forms(map).collect();
        for pair in parts.chunks_exact(2) {
            let (Some(from), Some(to)) = (self.lib_name(pair[0]), self.lib_name(pair[1])) else {
                continue;
            };
            match refers.iter_mut().find(|refer| refer.original == from) {
                Some(refer) => {
                    refer.name = to.to_owned();
                    refer.nodes.extend(pair);
                }
                None => refers.push(Refer {
                    name: to.to_owned(),
                    original: from.to_owned(),
                    nodes: pair.to_vec(),
                }),
            }
        }
    }

    fn import_spec(&mut self, node: usize, platforms: Platforms) {
        let add = |form: &mut NsForm, package: &str, class: &str, node, platforms| {
            let (package, class) = (package.to_owned(), class.to_owned());
            form.imports.push(Import { package, class, platforms, node });
        };
        match self.kind(node) {
            Kind::List | Kind::Vector => {
                let parts: Vec<usize> = self.tree.forms(node).collect();
                let Some((package, classes)) = parts.split_first() else { return };
                let Some(package) = self.lib_name(*package).map(str::to_owned) else { return };
                self.groups.push(node);
                let classes = classes.iter().flat_map(|class| self.read_as(*class, platforms));
                for (class, readers) in classes.collect::<Vec<_>>() {
                    if let Some(name) = self.lib_name(class).map(str::to_owned) {
                        add(self, &package, &name, class, readers);
                    }
                }
            }
            Kind::Symbol => {
                let full = self.node_text(node).to_owned();
                if let Some((package, class)) = full.rsplit_once('.') {
                    add(self, package, class, node, platforms);
                }
            }
            _ => {}
        }
    }
}

/// Whether options say nothing but `:as` and `:refer`.
fn is_simple(form: &NsForm, options: &[usize]) -> bool {
    let known = |option: &[usize]| matches!(form.keyword(option[0]), Some("as" | "refer"));
    options.len().is_multiple_of(2) && options.chunks_exact(2).all(known)
}

#[cfg(test)]
mod tests;
