//! What mentions a name without being a use of it: strings, docstrings, comments, discarded forms, data, configuration.
//! It stays as it is, and is told. What does not read is refused: nobody knows what the name is there.

use super::draft::Draft;
use super::reason::{Reason, Why};
use super::tree;
use crate::analysis::Lines;
use edn::syntax::{Kind, parse_through};
use rustc_hash::FxHashSet;
use std::ops::Range;

/// What can be done about what does not read.
pub(super) const MEND: &str = "mend the file and `defbase import` it";

/// Tells where these texts stand as whole names, in all files, but for what is edited.
pub(super) fn tell(draft: &mut Draft<'_>, names: &[String]) {
    let sources = draft.sources();
    for file in 0..sources.len() {
        let text = sources.text(file);
        for name in names {
            let found: Vec<Range<usize>> = text
                .match_indices(name.as_str())
                .map(|(at, _)| at..at + name.len())
                .filter(|at| is_whole(text, at) && !draft.is_edited(file, at))
                .collect();
            tell_all(draft, file, found, name);
        }
    }
}

/// Refuses to go on where one of these names stands in what does not read of a file.
pub(super) fn refuse_unread(draft: &mut Draft<'_>, names: &[&str]) {
    let sources = draft.sources();
    for file in 0..sources.len() {
        let text = sources.text(file);
        if !names.iter().any(|name| text.contains(name)) {
            continue;
        }
        let tree = parse_through(text);
        let Some(error) = &tree.error else { continue };
        let unread = tree::unread(&tree, text);
        let named = unread.into_iter().find_map(|part| {
            let found = names.iter().flat_map(|name| {
                let found = text[part.clone()].match_indices(name);
                found.map(|(at, name)| part.start + at..part.start + at + name.len())
            });
            found.into_iter().find(|at| is_whole(text, at))
        });
        if let Some(at) = named {
            let place = Lines::of(text).place(at.start as u32..at.end as u32);
            let message = format!("stands in what does not read: {}", error.message(text));
            let reason = Reason::new(Why::Unreadable, message).at(sources.at(file, &place));
            draft.refuse(reason.help(MEND));
        }
    }
}

/// Tells where these symbols stand in discarded forms and as quoted data of a file, but for what is edited.
pub(super) fn tell_symbols(draft: &mut Draft<'_>, file: usize, symbols: &FxHashSet<&str>) {
    let text = draft.sources().text(file);
    if !(text.contains("#_") || text.contains('\'')) {
        return;
    }
    let tree = parse_through(text);
    let discarded = tree::of_kind(&tree, Kind::Discard)
        .flat_map(|node| node + 1..tree.node(node).next as usize)
        .filter(|node| tree.node(*node).kind == Kind::Symbol);
    let mut found: Vec<Range<usize>> = discarded
        .chain(tree::quoted_symbols(&tree))
        .filter(|node| symbols.contains(tree.text(*node, text)))
        .map(|node| tree.node(node).range())
        .collect();
    found.retain(|at| !draft.is_edited(file, at));
    for at in found {
        let name = text[at.clone()].to_string();
        tell_all(draft, file, vec![at], &name);
    }
}

fn tell_all(draft: &mut Draft<'_>, file: usize, found: Vec<Range<usize>>, name: &str) {
    if found.is_empty() {
        return;
    }
    let lines = Lines::of(draft.sources().text(file));
    for at in found {
        let place = lines.place(at.start as u32..at.end as u32);
        draft.warn(file, &place, format!("mentions {name} and was not changed"));
    }
}

/// Whether no name goes on before or behind a range. A full stop may end a sentence.
fn is_whole(text: &str, at: &Range<usize>) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || "-_*+!?'<>=&/.$%#|".contains(c);
    let before = text[..at.start].chars().next_back();
    let mut after = text[at.end..].chars();
    let ends = match after.next() {
        Some('.' | '\'' | '?' | '!') => after.next().is_none_or(|c| !is_name(c)),
        Some(c) => !is_name(c),
        None => true,
    };
    before.is_none_or(|c| !is_name(c) || c == '\'') && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole() {
        for (text, whole) in [
            ("a/f", true),
            ("see a/f.", true),
            ("\"a/f\"", true),
            ("'a/f", true),
            ("`a/f`!", true),
            ("a/fg", false),
            ("a/f.g", false),
            ("b.a/f", false),
            ("a/f?", true),
            ("a/f?x", false),
        ] {
            let at = text.find("a/f").unwrap_or_default();
            assert_eq!(is_whole(text, &(at..at + 3)), whole, "{text}");
        }
    }
}
