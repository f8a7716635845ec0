//! Another name for an alias, within the namespace that gives it.

use super::draft::{Change, Draft};
use super::mentions;
use super::name;
use super::reason::{Reason, Refused, Why};
use super::renaming::Renaming;
use super::sources::Sources;
use super::tree;
use crate::analysis::KeywordFound;
use edn::syntax::{Kind, Tree, parse_through};
use std::ops::Range;

/// See the module.
pub(super) fn rename(sources: &Sources, ns: &str, old: &str, new: &str) -> Result<Change, Refused> {
    name::check_alias(new)?;
    let mut draft = Draft::new(sources);
    let mut is_given = false;
    for (file, found) in sources.all() {
        for alias in found.aliases.iter().filter(|alias| &*alias.from == ns) {
            if &*alias.alias == new {
                let message = format!("`{new}` is {} in {ns} already", alias.to);
                draft.refuse_at(file, &alias.at, Why::Taken, message);
            }
            if &*alias.alias == old {
                is_given = true;
                draft.replace(file, alias.at.start as usize..alias.at.end as usize, new);
            }
        }
        let is_in = |from: &str, alias: Option<&str>| from == ns && alias == Some(old);
        let used = found.usages.iter().filter(|used| is_in(&used.from, used.alias.as_deref()));
        let is_within = |k: &&KeywordFound| {
            k.from.as_deref().is_some_and(|from| is_in(from, k.alias.as_deref()))
        };
        let keywords = found.keywords.iter().filter(is_within);
        let symbols = found
            .symbols
            .iter()
            .filter(|s| is_in(&s.from, name::split(&s.symbol).map(|(prefix, _)| prefix)));
        let places = used.map(|used| &used.name_at).chain(keywords.map(|k| &k.at));
        for place in places.chain(symbols.map(|symbol| &symbol.at)) {
            if let Some(part) = prefix(sources.token(file, place), old) {
                draft.replace_within(file, place, part, new);
            }
        }
        let stands_here = found.aliases.iter().any(|alias| is_in(&alias.from, Some(&*alias.alias)));
        if stands_here {
            for at in
                namespaced_maps(&parse_through(sources.text(file)), sources.text(file), "#::", old)
            {
                draft.replace(file, at, new);
            }
        }
    }
    if !is_given {
        let reason = Reason::new(Why::Unknown, format!("no alias {old} is given in {ns}"));
        return Err(reason.help("`(:require [some.namespace :as alias])` gives one").into());
    }
    mentions::refuse_unread(&mut draft, &[old]);
    let mut renaming = Renaming::default();
    renaming.alias(ns, old, new);
    draft.finish(&renaming)
}

/// Where in a symbol or keyword the namespace or alias before its slash stands, where that is this one.
pub(super) fn prefix(token: &str, name: &str) -> Option<Range<usize>> {
    let plain = token.trim_start_matches(':');
    let start = token.len() - plain.len();
    plain.strip_prefix(name)?.strip_prefix('/').map(|_| start..start + name.len())
}

/// Where a namespace or alias stands before a map, behind `#:` or `#::`.
pub(super) fn namespaced_maps(
    tree: &Tree,
    text: &str,
    mark: &str,
    name: &str,
) -> Vec<Range<usize>> {
    let at = |node: usize| {
        let map = tree.forms(node).next()?;
        let start = tree.node(node).start as usize;
        let before = &text[start..tree.node(map).start as usize];
        let is_it = before.strip_prefix(mark)?.trim_end() == name;
        is_it.then(|| start + mark.len()..start + mark.len() + name.len())
    };
    tree::of_kind(tree, Kind::NamespacedMap).filter_map(at).collect()
}
