//! What mentions a name without being a use of it: strings, docstrings, comments, discarded forms, data, configuration.
//! It stays as it is and is told, or changes where it is a text and that is wanted. What does not read is refused: nobody knows what
//! the name is there.

use super::draft::Draft;
use super::reason::{Reason, Why};
use super::tree;
use crate::analysis::{Lines, LocalFound};
use edn::syntax::{Kind, parse_through};
use rustc_hash::FxHashSet;
use std::ops::Range;

/// What can be done about what does not read.
pub(super) const MEND: &str = "mend the file and `defbase import` it";

/// What becomes of names in comments, docstrings and other strings.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum Texts {
    /// They stay, and are told of.
    #[default]
    Stay,
    /// Full names change, and names of vars between backquotes or quotes where those mean the var by themselves.
    Change,
}

/// A full name as it may be mentioned, and what it is called afterwards, where that can be said.
pub(super) type Mentioned = (String, Option<String>);

/// Tells where these texts stand as whole names, in all files, but for what is edited; changes them in comments and strings where
/// that is wanted.
pub(super) fn tell(draft: &mut Draft<'_>, names: &[Mentioned], texts: Texts) {
    let sources = draft.sources();
    for file in 0..sources.len() {
        let text = sources.text(file);
        for (name, new) in names {
            let found = text.match_indices(name.as_str()).map(|(at, _)| at..at + name.len());
            let found: Vec<Range<usize>> =
                found.filter(|at| is_whole(text, at) && !draft.is_edited(file, at)).collect();
            match new {
                Some(new) if texts == Texts::Change => change_all(draft, file, found, name, new),
                _ => tell_all(draft, file, found, name),
            }
        }
    }
}

/// Changes names between backquotes or quotes in comments and strings of a file, where they are spelled as one of `spelled`, and
/// no local of the form is called so.
pub(super) fn change_quoted(draft: &mut Draft<'_>, file: usize, spelled: &[Mentioned]) {
    const BETWEEN: [(&str, &str); 5] =
        [("`", "`"), ("[[", "]]"), ("'", "'"), ("\"", "\""), ("\\\"", "\\\"")];
    let sources = draft.sources();
    let text = sources.text(file);
    let tree = parse_through(text);
    // A docstring speaks of parameters that are bound behind it.
    let forms: Vec<Range<usize>> = tree.roots().map(|root| tree.node(root).range()).collect();
    let is_spelled = |local: &&LocalFound| spelled.iter().any(|(name, _)| *name == *local.name);
    let locals = sources.found(file).locals.iter().filter(is_spelled).filter_map(|local| {
        let next = forms.partition_point(|form| form.end <= local.at.start as usize);
        Some((local.name.to_string(), forms.get(next)?.clone()))
    });
    let locals: Vec<(String, Range<usize>)> = locals.collect();
    for (name, new) in spelled {
        let Some(new) = new else { continue };
        let mut found = Vec::new();
        for (before, after) in BETWEEN {
            let quoted = format!("{before}{name}{after}");
            found.extend(text.match_indices(&quoted).map(|(at, _)| {
                let start = at + before.len();
                start..start + name.len()
            }));
        }
        // Between the quotes of a string is data.
        let is_data = |at: &Range<usize>| {
            let innermost = tree::around(&tree, at.start as u32, at.end as u32).last().copied();
            innermost.is_some_and(|node| tree.node(node).range() == (at.start - 1..at.end + 1))
        };
        let found = found.into_iter().filter(|at| {
            let is_local =
                locals.iter().any(|(local, form)| local == name && form.contains(&at.start));
            !draft.is_edited(file, at) && !is_local && !is_data(at)
        });
        change_all(draft, file, found.collect(), name, new);
    }
}

/// Changes what stands in comments and strings; tells of the rest.
fn change_all(draft: &mut Draft<'_>, file: usize, found: Vec<Range<usize>>, name: &str, new: &str) {
    if found.is_empty() {
        return;
    }
    let text = draft.sources().text(file);
    let (tree, lines) = (parse_through(text), Lines::of(text));
    let mut left = Vec::new();
    for at in found {
        match tree::text_around(&tree, &at) {
            Some(what) => {
                let place = lines.place(at.start as u32..at.end as u32);
                draft.replace_in_text(
                    file,
                    &place,
                    new,
                    format!("{name} becomes {new} in a {what}"),
                );
            }
            None => left.push(at),
        }
    }
    tell_all(draft, file, left, name);
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
