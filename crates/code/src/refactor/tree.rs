//! The syntax around a place, where what is found does not say enough.

use edn::syntax::{Kind, Tree};

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
