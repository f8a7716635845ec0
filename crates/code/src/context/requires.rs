//! The part of an `ns` form that some sources need.

use super::tokens::count_tokens;
use super::words::names;
use edn::syntax::{Kind, Tree, parse};
use rustc_hash::FxHashSet;

/// One entry of an `ns` form: `[app.money :as money :refer [times]]`, and the names that show that it is used.
#[derive(Clone, Debug)]
struct Entry {
    /// The clause it stands in: `:require`, `:import` …
    clause: usize,
    text: String,
    prefixes: Vec<String>,
    names: Vec<String>,
}

/// The entries of an `ns` form.
#[derive(Clone, Debug, Default)]
pub(super) struct Requires {
    namespace: String,
    clauses: Vec<String>,
    entries: Vec<Entry>,
    needed: Vec<bool>,
}

const CLAUSES: [&str; 5] = [":require", ":require-macros", ":use", ":use-macros", ":import"];

impl Requires {
    /// Reads an `ns` form; what does not read has no entries.
    pub(super) fn of(form: &str) -> Requires {
        let tree = parse(form);
        let mut requires = Requires::default();
        let Some(root) = tree.roots().find(|root| tree.node(*root).kind == Kind::List) else {
            return requires;
        };
        for (i, child) in tree.forms(root).enumerate() {
            match tree.node(child).kind {
                Kind::Symbol if i == 1 => {
                    tree.text(child, form).clone_into(&mut requires.namespace)
                }
                Kind::Meta if i == 1 => {
                    if let Some(name) = tree.forms(child).last() {
                        tree.text(name, form).clone_into(&mut requires.namespace);
                    }
                }
                Kind::List => requires.read_clause(&tree, child, form),
                _ => {}
            }
        }
        requires.needed = vec![false; requires.entries.len()];
        requires
    }

    fn read_clause(&mut self, tree: &Tree, clause: usize, form: &str) {
        let Some(head) = tree.forms(clause).next() else { return };
        let head = tree.text(head, form);
        if !CLAUSES.contains(&head) {
            return;
        }
        self.clauses.push(head.to_owned());
        let end = tree.node(clause).next as usize;
        let mut at = clause + 1;
        // Entries also stand inside reader conditionals; what stands inside an entry is a part of it.
        while at < end {
            let node = tree.node(at);
            let is_entry = match node.kind {
                Kind::Vector => true,
                Kind::List => head == ":import",
                _ => false,
            };
            if is_entry {
                self.read_entry(tree, at, form);
                at = node.next as usize;
            } else {
                at += 1;
            }
        }
    }

    fn read_entry(&mut self, tree: &Tree, entry: usize, form: &str) {
        let mut parts = tree.forms(entry);
        let Some(target) = parts.next().map(|part| tree.text(part, form).to_owned()) else {
            return;
        };
        let mut found = Entry {
            clause: self.clauses.len() - 1,
            text: tree.text(entry, form).split_whitespace().collect::<Vec<_>>().join(" "),
            prefixes: vec![target],
            names: Vec::new(),
        };
        let import = self.clauses.last().is_some_and(|clause| clause == ":import");
        let mut option = "";
        for part in parts {
            let text = tree.text(part, form);
            match (tree.node(part).kind, option) {
                (Kind::Keyword, _) => option = text,
                (Kind::Symbol, ":as" | ":as-alias") => found.prefixes.push(text.to_owned()),
                (Kind::Symbol, "") if import => found.names.push(text.to_owned()),
                (Kind::Vector | Kind::List, ":refer" | ":only" | ":refer-macros") => {
                    found.names.extend(tree.forms(part).map(|n| tree.text(n, form).to_owned()));
                }
                _ => {}
            }
        }
        self.entries.push(found);
    }

    /// The same with nothing marked.
    pub(super) fn afresh(&self) -> Requires {
        Requires { needed: vec![false; self.entries.len()], ..self.clone() }
    }

    /// Marks what a source needs.
    pub(super) fn meet(&mut self, source: &str) {
        for entry in self.unmet(source) {
            self.needed[entry] = true;
        }
    }

    /// About how many tokens the form grows by for a source, rather more than less.
    pub(super) fn cost_of_unmet(&self, source: &str) -> usize {
        const CLAUSE: usize = 6;
        let unmet = self.unmet(source);
        let entries = unmet.iter().map(|i| count_tokens(&self.entries[*i].text) + CLAUSE);
        let form = match self.needed.contains(&true) || unmet.is_empty() {
            true => 0,
            false => count_tokens(&self.namespace) + CLAUSE,
        };
        entries.sum::<usize>() + form
    }

    /// The entries that a source needs and that are not marked.
    fn unmet(&self, source: &str) -> Vec<usize> {
        let mut used: FxHashSet<&str> = FxHashSet::default();
        for name in names(source) {
            let name = name.trim_start_matches([':', '#']);
            used.insert(name.trim_end_matches('.'));
            if let Some((prefix, _)) = name.split_once('/') {
                used.insert(prefix);
            }
        }
        let has = |name: &String| used.contains(name.as_str());
        let entries = self.entries.iter().zip(&self.needed).enumerate();
        entries
            .filter(|(_, (entry, needed))| {
                !**needed && (entry.prefixes.iter().any(has) || entry.names.iter().any(has))
            })
            .map(|(i, _)| i)
            .collect()
    }

    /// The `ns` form with what is needed; nothing where that is nothing.
    pub(super) fn text(&self) -> Option<String> {
        let mut text = format!("(ns {}", self.namespace);
        let mut any = false;
        for (i, clause) in self.clauses.iter().enumerate() {
            let entries = self.entries.iter().zip(&self.needed);
            let needed: Vec<&str> = entries
                .filter(|(entry, needed)| **needed && entry.clause == i)
                .map(|(entry, _)| entry.text.as_str())
                .collect();
            if !needed.is_empty() {
                any = true;
                text.push_str(&format!("\n  ({clause} {})", needed.join("\n            ")));
            }
        }
        any.then(|| text + ")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "(ns ^:no-doc app.core \"Doc.\"
  (:require [app.money :as money :refer [times]] [app.unused :as unused]
            #?(:clj [clojure.string :as str]) clojure.set)
  (:import (java.util Date UUID) [java.io File]))";

    fn needed(source: &str) -> Option<String> {
        let mut requires = Requires::of(FORM);
        requires.meet(source);
        requires.text()
    }

    #[test]
    fn only_what_is_used_is_kept() {
        assert_eq!(
            needed("(money/plus (str/trim x) (UUID/randomUUID))").unwrap(),
            "(ns app.core\n  (:require [app.money :as money :refer [times]]\n            [clojure.string :as str])\n  \
             (:import (java.util Date UUID)))"
        );
        assert_eq!(
            needed("(times 2 (Date.))").unwrap(),
            "(ns app.core\n  (:require [app.money :as money :refer [times]])\n  (:import (java.util Date UUID)))"
        );
        assert_eq!(needed("(inc x)"), None);
        assert_eq!(needed("::money/amount").unwrap().lines().count(), 2);
    }

    #[test]
    fn what_does_not_read_has_none() {
        for form in ["", "(ns", "ns", "()", "(ns a (:require", "(ns a (:require []))", "(ns a ())"]
        {
            let mut requires = Requires::of(form);
            requires.meet("a/b");
            assert_eq!(requires.text(), None);
        }
    }
}
