//! The syntax around a place, where what is found does not say enough.

use edn::syntax::{Kind, Tree};
use std::ops::Range;

/// The nodes around a range, outermost first; the last one is the node that is the range, where there is one.
pub(super) fn around(tree: &Tree, start: u32, end: u32) -> Vec<usize> {
    let mut path = Vec::new();
    let mut siblings = tree.roots();
    while let Some(node) = siblings.find(|node| {
        let node = tree.node(*node);
        node.start <= start && end <= node.end
    }) {
        path.push(node);
        siblings = tree.children(node);
    }
    path
}

/// The form behind a node among its parent's, discarded ones left out.
pub(super) fn following(tree: &Tree, path: &[usize]) -> Option<usize> {
    let [.., parent, node] = path else { return None };
    tree.forms(*parent).skip_while(|form| form != node).nth(1)
}

/// All nodes of a kind.
pub(super) fn of_kind(tree: &Tree, kind: Kind) -> impl Iterator<Item = usize> + '_ {
    (0..tree.nodes.len()).filter(move |node| tree.node(*node).kind == kind)
}

/// The symbols that are quoted, alone or in what is quoted.
pub(super) fn quoted_symbols(tree: &Tree) -> impl Iterator<Item = usize> + '_ {
    of_kind(tree, Kind::Quote).flat_map(move |quote| {
        let end = tree.node(quote).next as usize;
        (quote + 1..end).filter(move |node| tree.node(*node).kind == Kind::Symbol)
    })
}

/// Of what kind the text is that a range stands in, a string or a comment; nothing where it is code.
pub(super) fn text_around(tree: &Tree, at: &Range<usize>) -> Option<&'static str> {
    let innermost =
        around(tree, at.start as u32, at.end as u32).last().map(|node| tree.node(*node));
    match innermost.map(|node| node.kind) {
        Some(Kind::String) => Some("string"),
        Some(
            Kind::Symbol | Kind::Keyword | Kind::Number | Kind::Char | Kind::Regex | Kind::Symbolic,
        ) => None,
        _ => Some("comment"),
    }
}

/// The parts of a text that do not read: broken forms, up to where the next one begins, and what lies between forms and is neither
/// white space nor comment.
pub(super) fn unread(tree: &Tree, text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    if tree.error.is_none() {
        return parts;
    }
    let mut gap = 0;
    let roots = tree.roots().map(|root| (tree.node(root).range(), tree.broken.contains(&root)));
    for (at, is_broken) in roots.chain([(text.len()..text.len(), false)]) {
        // The gap behind a broken form is a part of it, and begins where that does.
        if !is_blank(&text[gap..at.start]) {
            parts.push(gap..at.start);
        }
        gap = if is_broken { at.start } else { at.end };
    }
    parts
}

/// Whether a text is white space and comments.
fn is_blank(text: &str) -> bool {
    let code = |line: &str| line.find(';').unwrap_or(line.len());
    text.split(['\n', '\r'])
        .all(|line| line[..code(line)].chars().all(|c| c.is_whitespace() || c == ','))
}

#[cfg(test)]
mod tests {
    use super::*;
    use edn::syntax::parse_through;

    #[test]
    fn what_does_not_read_is_told_apart() {
        let parts = |text| {
            let unread = unread(&parse_through(text), text).into_iter();
            unread.map(|at| &text[at]).collect::<Vec<_>>()
        };
        assert_eq!(parts("(a) ; b"), [""; 0]);
        assert_eq!(parts("(a [1) ; b\n(c\n(d) ; e\n"), ["(a [1) ; b\n", "(c\n"]);
        assert_eq!(parts("(a)\n) ; b\n(c) ; d"), ["\n) ; b\n"]);
        assert_eq!(parts("(a)\n\"b"), ["\n\"b"]);
    }
}
