//! What is known of where statements and files come from, when a refactoring says so.
//!
//! Names of statements follow from names of vars: `a/f`, the same for another platform `a/f@cljs`, a repeat `a/f#2`, a method
//! `a/f[:x]`, and whatever stands in a namespace that has another name.

use crate::refactor::Change;
use rustc_hash::FxHashMap;

/// New names and paths, each with the one before.
#[derive(Clone, Default, Debug)]
pub(super) struct Hints {
    names: FxHashMap<String, String>,
    paths: FxHashMap<String, String>,
}

impl Hints {
    pub(super) fn of(change: &Change) -> Hints {
        let names = change.renames.iter().map(|(old, new)| (new.clone(), old.clone())).collect();
        let moved = change.files.iter().filter_map(|file| {
            let new = file.new_path.clone()?;
            Some((new, file.path.clone()))
        });
        Hints { names, paths: moved.collect() }
    }

    /// The path that a file had.
    pub(super) fn path(&self, path: &str) -> Option<&str> {
        self.paths.get(path).map(String::as_str)
    }

    /// The name that a statement had.
    pub(super) fn name(&self, fqn: &str) -> Option<String> {
        if self.names.is_empty() {
            return None;
        }
        let ends = fqn.char_indices().filter(|(at, c)| *at > 0 && matches!(c, '[' | '@' | '#'));
        let bases = std::iter::once(fqn.len()).chain(ends.map(|(at, _)| at));
        let of_var = |end: usize| Some(format!("{}{}", self.names.get(&fqn[..end])?, &fqn[end..]));
        bases.into_iter().find_map(of_var).or_else(|| {
            let (ns, name) = fqn.split_once('/')?;
            Some(format!("{}/{name}", self.names.get(ns)?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_statements_follow_from_names_of_vars() {
        let names = [("a/f", "a/g"), ("b", "c"), ("b/x", "c/x")];
        let own = |(old, new): &(&str, &str)| ((*old).to_owned(), (*new).to_owned());
        let renames = names.iter().map(own).collect();
        let hints = Hints::of(&Change { renames, ..Change::default() });
        for (now, was) in [
            ("a/g", Some("a/f")),
            ("a/g@cljs", Some("a/f@cljs")),
            ("a/g#2", Some("a/f#2")),
            ("a/g[[:x #{1}]]", Some("a/f[[:x #{1}]]")),
            ("a/f", None),
            ("c", Some("b")),
            ("c/x", Some("b/x")),
            ("c/(println 1)#2", Some("b/(println 1)#2")),
        ] {
            assert_eq!(hints.name(now).as_deref(), was, "{now}");
        }
    }
}
