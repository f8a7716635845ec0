//! What an `ns` form names besides.

use super::layout::is_blank;
use super::{Clause, Holder, Lib, NsForm, Platforms};
use crate::analysis::Platform;
use edn::syntax::Kind;

/// A namespace to be loaded, with what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Require {
    /// The namespace, in full.
    pub(crate) ns: String,
    /// What it is to be called.
    pub(crate) alias: Option<String>,
    /// Vars of it that are to be used plainly.
    pub(crate) refers: Vec<String>,
    /// Who is to load it.
    pub(crate) platforms: Platforms,
    /// Whether its name is a string: a library of JavaScript.
    pub(crate) is_text: bool,
}

impl Require {
    /// A namespace to be loaded, with nothing said of it.
    pub(crate) fn new(ns: &str, platforms: Platforms) -> Require {
        Require { ns: ns.to_owned(), alias: None, refers: Vec::new(), platforms, is_text: false }
    }

    /// What is said of a library elsewhere.
    pub(crate) fn like(lib: &Lib) -> Require {
        let refers = lib.refers.iter().map(|refer| refer.name.clone()).collect();
        let alias = lib.alias.clone();
        Require { alias, refers, is_text: lib.is_text, ..Require::new(&lib.ns, lib.platforms) }
    }
}

impl NsForm {
    /// Requires a namespace; adds to what is said of it already where that has the same alias or none.
    pub(crate) fn require(&mut self, wanted: &Require) {
        let candidate = |lib: &Lib| {
            lib.ns == wanted.ns
                && lib.clause == Clause::Require
                && wanted.platforms.within(lib.platforms)
        };
        let fits = |lib: &Lib| match (&wanted.alias, &lib.alias) {
            (Some(wanted), Some(there)) => wanted == there,
            _ => true,
        };
        let there = self.libs.iter().position(|lib| candidate(lib) && fits(lib));
        match there {
            Some(at) => self.complete(at, wanted),
            None => self.add_lib(wanted),
        }
    }

    /// Says more of a library that is named already, one thing at a time.
    fn complete(&mut self, at: usize, wanted: &Require) {
        let lib = self.libs[at].clone();
        if lib.alias_only {
            self.load_too(&lib);
        }
        if let Some(alias) = &wanted.alias
            && lib.alias.is_none()
        {
            self.add_option(at, &format!(":as {alias}"), true);
        }
        for name in &wanted.refers {
            let lib = &self.libs[at];
            if !lib.all && !lib.refers.iter().any(|refer| refer.name == *name) {
                self.add_refer(at, name);
            }
        }
    }

    /// Turns `:as-alias` into `:as`.
    fn load_too(&mut self, lib: &Lib) {
        let keyword = self.tree.forms(lib.node).find(|n| self.keyword(*n) == Some("as-alias"));
        if let Some(keyword) = keyword {
            self.change(vec![(self.tree.node(keyword).range(), ":as".to_owned())]);
        }
    }

    /// Adds an option to a libspec, right behind its name or at its end.
    fn add_option(&mut self, at: usize, option: &str, first: bool) {
        let node = self.libs[at].node;
        let range = self.tree.node(node).range();
        let edit = match self.kind(node) {
            Kind::List | Kind::Vector => {
                let mut parts = self.tree.forms(node);
                let behind = if first { parts.next() } else { parts.last() };
                let end = behind.map_or(range.end - 1, |part| self.tree.node(part).end as usize);
                (end..end, format!(" {option}"))
            }
            _ => (range.clone(), format!("[{} {option}]", &self.text[range])),
        };
        self.change(vec![edit]);
    }

    fn add_refer(&mut self, at: usize, name: &str) {
        let names = self.refer_node(self.libs[at].node);
        let Some(names) = names else {
            return self.add_option(at, &format!(":refer [{name}]"), false);
        };
        let parts: Vec<usize> = self.tree.forms(names).collect();
        let sorted = parts.windows(2).all(|w| self.node_text(w[0]) <= self.node_text(w[1]));
        let before = match sorted && parts.len() > 1 {
            true => parts.iter().find(|part| self.node_text(**part) > name),
            false => None,
        };
        let edit = match (before, parts.last()) {
            (Some(before), _) => {
                let start = self.tree.node(*before).start as usize;
                (start..start, format!("{name} "))
            }
            (None, Some(last)) => {
                let end = self.tree.node(*last).end as usize;
                (end..end, format!(" {name}"))
            }
            (None, None) => {
                let end = self.tree.node(names).end as usize - 1;
                (end..end, name.to_owned())
            }
        };
        self.change(vec![edit]);
    }

    /// The names that a libspec refers to.
    fn refer_node(&self, libspec: usize) -> Option<usize> {
        if !matches!(self.kind(libspec), Kind::List | Kind::Vector) {
            return None;
        }
        let parts: Vec<usize> = self.tree.forms(libspec).skip(1).collect();
        let refer = parts.chunks_exact(2).find(|o| self.keyword(o[0]) == Some("refer"))?;
        matches!(self.kind(refer[1]), Kind::List | Kind::Vector).then_some(refer[1])
    }

    fn add_lib(&mut self, wanted: &Require) {
        let mut parts = vec![match wanted.is_text {
            true => format!("{:?}", wanted.ns),
            false => wanted.ns.clone(),
        }];
        parts.extend(wanted.alias.as_ref().map(|alias| format!(":as {alias}")));
        if !wanted.refers.is_empty() {
            parts.push(format!(":refer [{}]", wanted.refers.join(" ")));
        }
        let listed = self.prefers_lists(Clause::Require);
        let plain = parts.len() == 1;
        let body = parts.join(" ");
        let spec = match (plain, listed) {
            (true, _) => format!("[{body}]"),
            (_, true) => format!("({body})"),
            (_, false) => format!("[{body}]"),
        };
        self.add_item(Clause::Require, &wanted.ns, &spec, wanted.platforms);
    }

    /// Whether all libspecs or imports with parts are lists; what there are none of is none.
    fn prefers_lists(&self, clause: Clause) -> bool {
        let items = self.holders.iter().filter(|h| h.clause == clause).flat_map(|h| &h.items);
        let kinds: Vec<Kind> = items.map(|item| self.kind(*item)).collect();
        kinds.contains(&Kind::List) && !kinds.contains(&Kind::Vector)
    }

    /// Imports a class.
    pub(crate) fn import(&mut self, package: &str, class: &str, platforms: Platforms) {
        let same = |i: &&super::Import| i.package == package && platforms.within(i.platforms);
        if self.imports.iter().filter(same).any(|import| import.class == class) {
            return;
        }
        let group = self.imports.iter().filter(same).map(|import| import.node).next_back();
        let beside = group.filter(|node| !self.node_text(*node).contains('.'));
        if let Some(beside) = beside {
            let end = self.tree.node(beside).end as usize;
            return self.change(vec![(end..end, format!(" {class}"))]);
        }
        let items = self.holders.iter().filter(|h| h.clause == Clause::Import);
        let kinds: Vec<Kind> = items.flat_map(|h| &h.items).map(|i| self.kind(*i)).collect();
        let spec = match kinds.last() {
            Some(Kind::Vector) => format!("[{package} {class}]"),
            Some(Kind::Symbol) => format!("{package}.{class}"),
            _ => format!("({package} {class})"),
        };
        self.add_item(Clause::Import, package, &spec, platforms);
    }

    /// Adds an item to the clause of its kind for those who are to read it; adds the clause where there is none.
    fn add_item(&mut self, clause: Clause, key: &str, item: &str, platforms: Platforms) {
        let exact = |h: &&Holder| h.clause == clause && h.platforms == platforms;
        if let Some(holder) = self.holders.iter().rev().find(exact).cloned() {
            return self.insert(&holder, key, item);
        }
        let everyone = |h: &&Holder| h.clause == clause && h.platforms == self.platforms;
        let conditional = self.conditional(item, platforms);
        match self.holders.iter().find(everyone).cloned() {
            Some(holder) => self.insert(&holder, key, &conditional),
            None => self.add_clause(clause, &conditional),
        }
    }

    /// An item as it is to stand where everyone reads it.
    fn conditional(&self, item: &str, platforms: Platforms) -> String {
        if platforms == self.platforms {
            return item.to_owned();
        }
        let branch = |platform: Platform| format!(":{} {item}", platform.name());
        let branches: Vec<String> = platforms.iter().map(branch).collect();
        format!("#?({})", branches.join(" "))
    }

    /// Puts an item where the order of its neighbours wants it, else behind them.
    fn insert(&mut self, holder: &Holder, key: &str, item: &str) {
        let separator = self.separator(holder);
        let keys: Vec<Option<String>> = holder.items.iter().map(|i| self.key(*i)).collect();
        let known: Vec<&String> = keys.iter().flatten().collect();
        let sorted = known.len() > 1 && known.windows(2).all(|w| w[0] <= w[1]);
        let key = key.to_lowercase();
        let behind = match sorted {
            true => keys.iter().rposition(|k| k.as_ref().is_some_and(|k| *k <= key)),
            false => holder.items.len().checked_sub(1),
        };
        let edit = match (behind, holder.items.first()) {
            (Some(at), _) => {
                let end = self.tree.node(holder.items[at]).end as usize;
                let end = if separator == " " { end } else { self.end_with_comment(end) };
                (end..end, format!("{separator}{item}"))
            }
            (None, Some(first)) => {
                let start = self.tree.node(*first).start as usize;
                (start..start, format!("{item}{separator}"))
            }
            (None, None) => {
                let end = self.tree.node(holder.node).end as usize - 1;
                let gap =
                    if self.text[..end].ends_with(['[', '(']) { "" } else { separator.as_str() };
                (end..end, format!("{gap}{item}"))
            }
        };
        self.change(vec![edit]);
    }

    /// What an item is ordered by; nothing where it is no plain one.
    pub(super) fn key(&self, item: usize) -> Option<String> {
        let first = match self.kind(item) {
            Kind::List | Kind::Vector => self.tree.forms(item).next()?,
            _ => item,
        };
        self.lib_name(first).map(str::to_lowercase)
    }

    /// Adds a clause: libraries before all clauses but `:refer-clojure`, classes behind libraries.
    fn add_clause(&mut self, clause: Clause, item: &str) {
        let Some(root) = self.tree.roots().find(|n| self.kind(*n) != Kind::Discard) else { return };
        let parts: Vec<usize> = self.tree.forms(root).collect();
        let before = |part: &usize| {
            let first = match self.kind(*part) {
                Kind::List => self.tree.forms(*part).next(),
                Kind::Conditional | Kind::ConditionalSplicing => return clause == Clause::Import,
                // The docstring and the attributes.
                _ => return true,
            };
            match first.and_then(|n| self.keyword(n)).and_then(Clause::named) {
                Some(Clause::ReferClojure) => true,
                Some(there) => clause == Clause::Import && there.names_libraries(),
                None => false,
            }
        };
        let clauses: Vec<usize> =
            parts.iter().copied().filter(|part| self.kind(*part) == Kind::List).collect();
        let own_line = |part: &&usize| {
            let start = self.tree.node(**part).start as usize;
            let line = self.text[..start].rfind('\n').map(|feed| feed + 1);
            line.is_some_and(|line| is_blank(&self.text[line..start]))
        };
        let indent = match clauses.iter().find(own_line) {
            Some(part) => self.column(self.tree.node(*part).start as usize),
            None => self.column(self.tree.node(root).start as usize) + 2,
        };
        let last = parts[2..].iter().take_while(|part| before(part)).last().unwrap_or(&parts[1]);
        let end = self.end_with_comment(self.tree.node(*last).end as usize);
        let keyword = if clause == Clause::Import { "import" } else { "require" };
        let newline = self.newline();
        let text = format!("{newline}{}(:{keyword} {item})", " ".repeat(indent));
        self.change(vec![(end..end, text)]);
    }
}
