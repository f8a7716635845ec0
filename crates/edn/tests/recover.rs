//! What is read of texts that are broken: each form, and in what it ends.

use edn::syntax::parse_through;

/// The texts of the top-level forms, a broken one with `!` before it.
fn forms(text: &str) -> Vec<String> {
    let tree = parse_through(text);
    let mark = |node| if tree.broken.contains(&node) { "!" } else { "" };
    tree.roots().map(|node| format!("{}{}", mark(node), tree.text(node, text))).collect()
}

#[test]
fn reading_goes_on_at_the_next_bracket_in_the_first_column() {
    assert_eq!(forms("(a\n(b)"), ["!(a", "(b)"]);
    assert_eq!(forms("(a)\n(b [\n\n; of c\n(c)\n(d"), ["(a)", "!(b [", "(c)", "!(d"]);
    assert_eq!(forms("(a [1)\n 2\n(b)"), ["!(a [1)\n 2", "(b)"]);
    assert_eq!(forms("(a \"x)\n(b \"y\")\n(c)"), ["!(a \"x)", "(b \"y\")", "(c)"]);
    assert_eq!(forms("(a \"x)\n(b)\n(c)"), ["!(a \"x)", "(b)", "(c)"]);
    assert_eq!(forms("(a \"doc\n(x)\" [1)\n(c)"), ["!(a \"doc\n(x)\" [1)", "(c)"]);
    assert_eq!(forms("(a 08)\r\n(b)"), ["!(a 08)", "(b)"]);
    assert_eq!(forms("(a) )\n(b)"), ["(a)", "(b)"]);
    assert_eq!(forms("(a '\n(b)"), ["!(a '", "(b)"]);
    assert_eq!(forms("(a ^{\n(b)"), ["!(a ^{", "(b)"]);
    assert_eq!(forms("08\n(b)"), ["(b)"]);
    assert_eq!(forms("#_\n"), Vec::<String>::new());
    assert_eq!(forms("(a \"x\n;y\""), ["!(a \"x\n;y\""]);
    assert_eq!(forms("#?(:clj (a)\n(b)"), ["!#?(:clj (a)", "(b)"]);
}

#[test]
fn a_text_of_which_much_is_broken_is_given_up() {
    let text = "(a\n".repeat(1000);
    let tree = parse_through(&text);
    assert_eq!(tree.broken.len(), 100);
    assert!(tree.error.is_some());
}
