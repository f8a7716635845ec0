//! Laws of reading, printing and the syntax tree, on values and texts made at random.
#![allow(clippy::unwrap_used)]

use edn::syntax::{self, Kind, Siblings, Tree};
use edn::{BigDec, BigInt, Inst, Keyword, Map, PrintOptions, Ratio, Regex, Symbol, Tagged, Value};
use proptest::prelude::*;
use std::sync::Arc;

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Zλ*+!_?<>=é日-][a-zA-Z0-9λ*+!_?<>='#.日-]{0,8}".prop_filter("no special name", |name| {
        let mut chars = name.chars();
        let signed = matches!(chars.next(), Some('+' | '-'));
        !(matches!(name.as_str(), "nil" | "true" | "false")
            || signed && chars.next().is_some_and(|c| c.is_ascii_digit()))
    })
}

fn qualified() -> impl Strategy<Value = (Option<String>, String)> {
    (prop::option::of(name()), name())
}

fn symbol() -> impl Strategy<Value = Symbol> {
    qualified().prop_map(|(ns, name)| Symbol::new(ns.as_deref(), &name))
}

fn big_int() -> impl Strategy<Value = BigInt> {
    prop::collection::vec(any::<u8>(), 0..24).prop_map(|bytes| BigInt::from_signed_bytes_le(&bytes))
}

fn ratio() -> impl Strategy<Value = Value> {
    (big_int(), 1..u64::MAX).prop_map(|(numerator, denominator)| {
        match Ratio::new(numerator, BigInt::from(denominator)) {
            Ok(ratio) => Value::Ratio(Arc::new(ratio)),
            Err(whole) => Value::BigInt(Arc::new(whole)),
        }
    })
}

fn big_dec() -> impl Strategy<Value = Value> {
    let scale = prop_oneof![-30..30i32, any::<i16>().prop_map(i32::from), any::<i32>()];
    (big_int(), scale).prop_map(|(unscaled, scale)| {
        Value::BigDec(Arc::new(BigDec {
            unscaled,
            scale: scale.clamp(-2_000_000_000, 2_000_000_000),
        }))
    })
}

fn atom() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-9..9i64).prop_map(Value::Int),
        big_int().prop_map(|n| Value::BigInt(Arc::new(n))),
        ratio(),
        any::<f64>().prop_map(Value::Double),
        prop::num::f64::ANY.prop_map(Value::Double),
        big_dec(),
        any::<u16>()
            .prop_filter_map("half a pair", |c| char::from_u32(u32::from(c)))
            .prop_map(Value::Char),
        any::<String>().prop_map(Value::from),
        "[\\\\\"\n\t\u{8}\u{c}\ra-c]{0,9}".prop_map(Value::from),
        symbol().prop_map(Value::Symbol),
        qualified().prop_map(|(ns, name)| Value::Keyword(Keyword::new(ns.as_deref(), &name))),
        // From the year 0 to 9999: what four digits can say.
        (-62_167_219_200_000..253_402_300_800_000i64).prop_map(|millis| Value::Inst(Inst(millis))),
        any::<u128>().prop_map(|bits| Value::Uuid(edn::Uuid::from_u128(bits))),
        "([a-z.*+]|\\\\[a-z\"\\\\]){0,8}".prop_map(|text| Value::Regex(Regex(text.into()))),
    ]
}

fn meta() -> impl Strategy<Value = Option<Map>> {
    prop::option::of(prop::collection::vec((atom(), atom()), 1..3).prop_map(Map::from_iter))
}

fn value() -> impl Strategy<Value = Value> {
    let with_meta = |(value, meta): (Value, Option<Map>)| value.with_meta(meta).unwrap();
    atom().prop_recursive(5, 60, 12, move |inner| {
        let items = prop::collection::vec(inner.clone(), 0..12);
        let pairs = prop::collection::vec((inner.clone(), inner.clone()), 0..12);
        let tag = "[a-z][a-z0-9]{0,5}/[a-z]{1,5}";
        prop_oneof![
            (items.clone().prop_map(Value::list), meta()).prop_map(with_meta),
            (items.clone().prop_map(Value::vector), meta()).prop_map(with_meta),
            (items.prop_map(Value::set), meta()).prop_map(with_meta),
            (pairs.prop_map(Value::map), meta()).prop_map(with_meta),
            (symbol().prop_map(Value::Symbol), meta()).prop_map(with_meta),
            (tag, inner).prop_map(|(tag, value)| {
                let tag = Symbol::parse(&tag);
                Value::Tagged(Arc::new(Tagged { tag, value }))
            }),
        ]
    })
}

fn print_with_meta(value: &Value) -> String {
    let mut out = String::new();
    edn::print_with(&mut out, value, PrintOptions { meta: true, ..PrintOptions::default() });
    out
}

/// Text that is nearly Clojure: its own characters, in any order.
fn nearly_source() -> impl Strategy<Value = String> {
    let pieces = vec![
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "#{",
        "#(",
        "#_",
        "#?(",
        "#?@(",
        "#:a{",
        "#::{",
        "#'",
        "##Inf",
        "#\"",
        "\"",
        "\\",
        "\\a",
        "\\newline",
        "'",
        "`",
        "~",
        "~@",
        "@",
        "^",
        "#^",
        "#=",
        "#t ",
        ";",
        "\n",
        "\r\n",
        " ",
        ",",
        "a",
        "a/b",
        ":k",
        "::k",
        "1",
        "1.5M",
        "-",
        "nil",
        "λ",
        "😀",
        "\u{2003}",
        "\u{feff}",
        "\u{c}",
        "\\u0041",
        "#!",
        "#",
        "%1",
        ":clj ",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..40).prop_map(|pieces| pieces.concat())
}

fn check_nesting(tree: &Tree, siblings: Siblings<'_>, from: u32, to: u32) {
    let mut at = from;
    for index in siblings {
        let node = tree.node(index);
        assert!(at <= node.start && node.start < node.end && node.end <= to, "{node:?}");
        let leaf = tree.children(index).next().is_none();
        assert_eq!(leaf, node.next as usize == index + 1);
        check_nesting(tree, tree.children(index), node.start, node.end);
        at = node.end;
    }
}

fn operands(kind: Kind) -> Option<usize> {
    match kind {
        Kind::Meta | Kind::Tagged => Some(2),
        Kind::Quote
        | Kind::SyntaxQuote
        | Kind::Unquote
        | Kind::UnquoteSplicing
        | Kind::Deref
        | Kind::Var
        | Kind::Conditional
        | Kind::ConditionalSplicing
        | Kind::NamespacedMap
        | Kind::Eval
        | Kind::Discard => Some(1),
        _ => None,
    }
}

fn check_nodes(tree: &Tree, text: &str) {
    check_nesting(tree, tree.roots(), 0, text.len() as u32);
    for index in 0..tree.nodes.len() {
        let _ = tree.text(index, text);
        if let Some(count) = operands(tree.node(index).kind) {
            assert_eq!(tree.forms(index).count(), count, "{:?}", tree.text(index, text));
        }
    }
}

/// Reading on changes nothing before the first error, and nothing at all where there is none.
fn check_through(text: &str) {
    let (tree, through) = (syntax::parse(text), syntax::parse_through(text));
    check_nodes(&through, text);
    assert_eq!(tree.error, through.error);
    assert_eq!(tree.nodes, through.nodes[..tree.nodes.len()]);
    let roots: Vec<usize> = through.roots().collect();
    assert!(through.broken.iter().all(|broken| roots.contains(broken)));
    if tree.error.is_none() {
        assert_eq!((tree.nodes.len(), through.broken.len()), (through.nodes.len(), 0));
    }
}

fn check_tree(text: &str) {
    let tree = syntax::parse(text);
    check_nodes(&tree, text);
    check_through(text);
    let mut gaps = String::new();
    let mut at = 0;
    for root in tree.roots() {
        gaps.push_str(&text[at..tree.node(root).start as usize]);
        gaps.push('\n');
        at = tree.node(root).end as usize;
    }
    match &tree.error {
        None => gaps.push_str(&text[at..]),
        Some(error) => {
            assert!(at <= error.span.start, "the broken form comes after the whole ones");
            let whole = syntax::parse(&text[..at]);
            assert_eq!((whole.error, whole.nodes), (None, tree.nodes.clone()));
        }
    }
    let blank = syntax::parse(&gaps);
    assert!(blank.error.is_none() && blank.nodes.is_empty(), "no white space: {gaps:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_reads_back_equal(value in value()) {
        let text = edn::print(&value);
        let again = edn::read(&text).unwrap();
        prop_assert_eq!(&again, &value);
        prop_assert_eq!(again.hasheq(), value.hasheq());
        prop_assert_eq!(edn::print(&again), text);
    }

    #[test]
    fn metadata_is_printed_and_read(value in value()) {
        let text = print_with_meta(&value);
        let again = edn::read(&text).unwrap();
        prop_assert_eq!(&again, &value);
        prop_assert_eq!(print_with_meta(&again), text);
    }

    #[test]
    fn a_tree_covers_nearly_source(text in nearly_source()) {
        check_tree(&text);
    }

    #[test]
    fn a_tree_covers_any_text(text in any::<String>()) {
        check_tree(&text);
    }

    #[test]
    fn any_bytes_read_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = edn::read_all(&text) {
            prop_assert!(error.span.end <= text.len());
            prop_assert!(text.is_char_boundary(error.span.start) && text.is_char_boundary(error.span.end));
            prop_assert_eq!(edn::line_column(&text, error.span.start), (error.line, error.column));
        }
    }

    #[test]
    fn reading_a_printed_form_after_another_gives_both(a in value(), b in value()) {
        let text = format!("{a} {b}");
        prop_assert_eq!(edn::read_all(&text).unwrap(), vec![a, b]);
    }
}
