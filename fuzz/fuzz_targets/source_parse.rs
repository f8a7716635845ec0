//! The syntax tree of any text: spans nest and stand in order, gaps hold white space and comments only, and
//! after an error the tree is that of the text before the broken form, or reading goes on behind it.
#![no_main]

use edn::syntax::{self, Kind, Tree};
use libfuzzer_sys::fuzz_target;

/// Checks a run of siblings in `from..to` of the text, and all that is below them.
fn check(tree: &Tree, siblings: syntax::Siblings<'_>, from: usize, to: usize) {
    let mut at = from;
    for index in siblings {
        let node = tree.node(index);
        assert!(at <= node.start as usize && node.start < node.end && node.end as usize <= to);
        assert!(node.next as usize > index && node.next as usize <= tree.nodes.len());
        check(tree, tree.children(index), node.start as usize, node.end as usize);
        if matches!(node.kind, Kind::Symbol | Kind::Keyword | Kind::Number | Kind::Char) {
            assert_eq!(node.next as usize, index + 1);
        }
        at = node.end as usize;
    }
}

fn gaps_are_blank(tree: &Tree, text: &str) {
    let mut at = 0;
    let mut gaps = String::new();
    for root in tree.roots() {
        gaps.push_str(&text[at..tree.node(root).start as usize]);
        gaps.push('\n');
        at = tree.node(root).end as usize;
    }
    if tree.error.is_none() {
        gaps.push_str(&text[at..]);
    }
    let blank = syntax::parse(&gaps);
    assert!(blank.error.is_none() && blank.nodes.is_empty(), "{gaps:?} is no white space");
}

fuzz_target!(|text: &str| {
    let tree = syntax::parse(text);
    check(&tree, tree.roots(), 0, text.len());
    gaps_are_blank(&tree, text);
    for index in 0..tree.nodes.len() {
        let _ = tree.text(index, text);
    }
    let through = syntax::parse_through(text);
    check(&through, through.roots(), 0, text.len());
    assert_eq!(through.error, tree.error);
    assert_eq!(through.nodes[..tree.nodes.len()], tree.nodes);
    if let Some(error) = &tree.error {
        let _ = (error.message(text), &text[error.span.clone()]);
        let end = tree.roots().last().map_or(0, |last| tree.node(last).end as usize);
        let whole = syntax::parse(&text[..end]);
        assert_eq!(whole.error, None);
        assert_eq!(whole.nodes, tree.nodes);
    }
});
