//! What texts read as, and what is said about those that do not.
#![allow(clippy::unwrap_used)]

use edn::syntax::{self, Kind};
use edn::{PrintOptions, ReadOptions, Value};

fn printed(values: &[Value]) -> String {
    let mut out = String::new();
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        edn::print_with(&mut out, value, PrintOptions { meta: true, ..PrintOptions::default() });
    }
    out
}

fn answer(text: &str, options: &ReadOptions) -> String {
    match edn::read_all_with(text, options) {
        Ok(values) => printed(&values),
        Err(error) => format!("error {error}"),
    }
}

fn check(options: &ReadOptions, table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .map(|&(text, expected)| (text, expected, answer(text, options)))
        .filter(|(_, expected, found)| expected != found)
        .map(|(text, expected, found)| {
            format!("{text:?}\n  expected {expected}\n  found    {found}")
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn clojure() -> ReadOptions {
    ReadOptions {
        clojure: true,
        features: vec!["clj".into()],
        namespace: Some("my.app".into()),
        aliases: [("s".to_string(), "clojure.string".to_string())].into(),
    }
}

#[test]
fn numbers() {
    check(
        &ReadOptions::default(),
        &[
            ("0 -0 +1 42 -1", "0 0 1 42 -1"),
            ("9223372036854775807 9223372036854775808", "9223372036854775807 9223372036854775808N"),
            (
                "-9223372036854775808 -9223372036854775809",
                "-9223372036854775808 -9223372036854775809N",
            ),
            ("99999999999999999999", "99999999999999999999N"),
            ("1N -7N 0N", "1N -7N 0N"),
            ("0x1F 0XfF -0x10 0x1FN", "31 255 -16 31N"),
            ("017 -07 017N", "15 -7 15N"),
            ("2r101 36rZz -8r17 35RN", "5 1295 -15 23"),
            ("1/2 4/2 -3/6 0/5 01/2", "1/2 2 -1/2 0 1/2"),
            ("1.0 -1.5 1. 1e3 1E+3 1e-7 08.5", "1.0 -1.5 1.0 1000.0 1000.0 1.0E-7 8.5"),
            ("1e400 -1e400 ##Inf ##-Inf ##NaN", "##Inf ##-Inf ##Inf ##-Inf ##NaN"),
            ("1M 1.50M 1e3M -0.0M 08M", "1M 1.50M 1E+3M 0.0M 8M"),
            ("1/0", "error 1:1: divide by zero"),
            ("1e9999999999M", "error 1:1: exponent out of range"),
        ],
    );
    for text in [
        "08", "1foo", "1_000", "0x", "0xG", "1r0", "37r1", "2r2", "9r4N", "1e", "1.5.5", "1/",
        "1/-2", "1/2N", "1L", "1.0f", "+1a", "1%",
    ] {
        let error = edn::read(text).unwrap_err();
        assert!(error.message.starts_with("invalid number"), "{text}: {error}");
        assert_eq!(error.span.start, 0);
    }
}

#[test]
fn a_number_has_a_longest_length() {
    let longest = "9".repeat(edn::MAX_NUMBER);
    assert_eq!(edn::read(&longest).unwrap().to_string(), format!("{longest}N"));
    let error = edn::read(&format!("[1 {longest}9]")).unwrap_err();
    assert_eq!(error.to_string(), "1:4: a number of more than 20000 characters");
}

#[test]
fn numbers_far_apart_are_compared_at_once() {
    let text = "#{1e2000000000M 1e-2000000000M 1 1/3 1e308 -1e2000000000M 0M}";
    let value = edn::read(text).unwrap();
    let mut items: Vec<Value> = value.as_set().unwrap().iter().cloned().collect();
    items.sort();
    let sorted = "-1E+2000000000M 0M 1E-2000000000M 1/3 1 1.0E308 1E+2000000000M";
    assert_eq!(printed(&items), sorted);
}

#[test]
fn names() {
    check(
        &ReadOptions::default(),
        &[
            ("nil true false", "nil true false"),
            (
                "foo' a.b/c / clojure.core// -> + - .-x Foo.",
                "foo' a.b/c / clojure.core// -> + - .-x Foo.",
            ),
            ("a:b x# %1 int/1 a/b/c & *a* a|b", "a:b x# %1 int/1 a/b/c & *a* a|b"),
            ("é λ/μ 日本 :é/è", "é λ/μ 日本 :é/è"),
            (":a :a/b :a/b/c :/ :1 :1/a :a:b :a'", ":a :a/b :a/b/c :/ :1 :1/a :a:b :a'"),
            ("a/", "error 1:1: invalid symbol `a/`: expected `name` or `namespace/name`"),
            ("/a", "error 1:1: invalid symbol `/a`: expected `name` or `namespace/name`"),
            ("a:", "error 1:1: invalid symbol `a:`: expected `name` or `namespace/name`"),
            ("a::b", "error 1:1: invalid symbol `a::b`: expected `name` or `namespace/name`"),
            ("[:a/]", "error 1:2: invalid keyword `:a/`: expected `:name` or `:namespace/name`"),
            (":a/1", "error 1:1: invalid keyword `:a/1`: expected `:name` or `:namespace/name`"),
            (":", "error 1:1: invalid keyword: expected a name after `:`"),
            ("::a", "error 1:1: `::` needs a namespace to resolve in: expected one colon"),
            ("::s/a", "error 1:1: `s` is no known alias of a namespace"),
            ("'a", "error 1:1: `'` is not EDN: expected an EDN form"),
            ("@a", "error 1:1: `@` is not EDN: expected an EDN form"),
        ],
    );
    let keyword = edn::read(":a/b/c").unwrap();
    let keyword = keyword.as_keyword().unwrap();
    assert_eq!((keyword.namespace(), keyword.name()), (Some("a"), "b/c"));
}

#[test]
fn characters_and_strings() {
    check(
        &ReadOptions::default(),
        &[
            (
                "\\a \\newline \\space \\tab \\return \\backspace \\formfeed",
                "\\a \\newline \\space \\tab \\return \\backspace \\formfeed",
            ),
            ("\\u03A9 \\o101 \\\\ \\( \\; \\é", "\\Ω \\A \\\\ \\( \\; \\é"),
            ("\"\\u0041\\101\\t\\r\\b\\f\\\"\\\\\\0\"", "\"AA\\t\\r\\b\\f\\\"\\\\\0\""),
            ("\"two\nlines; no comment\"", "\"two\\nlines; no comment\""),
            ("\"\\ud83d\\ude00\"", "\"😀\""),
            (
                "[\"ab\\ud83d\"]",
                "error 1:5: half a surrogate pair: expected `\\u` escapes of both halves",
            ),
        ],
    );
    for text in ["\\foo", "\\u12", "\\uD800", "\\o400", "\\o8", "\\ab", "\\😀", "\\"] {
        let error = edn::read(text).unwrap_err();
        assert!(error.message.starts_with("invalid character"), "{text}: {error}");
    }
    for text in ["\"é\\q\"", "\"é\\u12\"", "\"é\\400\"", "\"é\\18\""] {
        let error = edn::read(text).unwrap_err();
        assert!(
            error.message.starts_with("invalid escape in a string: expected one of"),
            "{error}"
        );
        assert_eq!((error.line, error.column, error.span.start), (1, 3, 3));
    }
}

#[test]
fn collections() {
    check(
        &ReadOptions::default(),
        &[
            ("() [] {} #{}", "() [] {} #{}"),
            ("{:b 1,, :a [#{1} (2)]}", "{:b 1, :a [#{1} (2)]}"),
            ("#:a{:b 1 :c/d 2 :_/e 3 f 4 \"g\" 5}", "{:a/b 1, :c/d 2, :e 3, a/f 4, \"g\" 5}"),
            ("[1 #_2 #_ #_ 3 4 5 #_6]", "[1 5]"),
            ("^:a ^{:b 2} [1] ^T x", "^{:b 2, :a true} [1] ^T x"),
            (
                "{:a}",
                "error 1:2: a map needs a value for this key: expected an even number of forms",
            ),
            ("{:a 1\n :a 2}", "error 2:2: duplicate key: :a"),
            ("{1 :a 1N :b}", "error 1:7: duplicate key: 1N"),
            ("#{[1] (1)}", "error 1:7: duplicate key: (1)"),
            ("#:a{:b 1 :a/b 2}", "error 1:10: duplicate key: :a/b"),
            ("#:a{_/+1 1}", "error 1:5: no name in the namespace `a`"),
            ("#::{:a 1}", "error 1:1: `::` needs a namespace to resolve in: expected one colon"),
            ("^1 a", "error 1:1: metadata must be a symbol, keyword, string or map"),
            ("^:a 1", "error 1:1: metadata can only be applied to a symbol or a collection"),
            (
                "#_{:a} 1",
                "error 1:4: a map needs a value for this key: expected an even number of forms",
            ),
        ],
    );
}

#[test]
fn tags() {
    check(
        &ReadOptions::default(),
        &[
            ("#foo 1 #foo/bar [a] #a #b c", "#foo 1 #foo/bar [a] #a #b c"),
            ("#foo #_1 2", "#foo 2"),
            (
                "#inst \"2026\" #inst \"2026-02-28T12:30\"",
                "#inst \"2026-01-01T00:00:00.000-00:00\" #inst \"2026-02-28T12:30:00.000-00:00\"",
            ),
            (
                "#inst \"2026-01-31T12:30:45.1234567891+05:30\"",
                "#inst \"2026-01-31T07:00:45.123-00:00\"",
            ),
            ("#inst \"2026-05:30\"", "#inst \"2026-01-01T05:30:00.000-00:00\""),
            (
                "#uuid \"F81D4FAE-7dec-11d0-a765-00a0c91e6bf6\"",
                "#uuid \"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"",
            ),
            (
                "#inst \"2023-02-29\"",
                "error 1:1: expected a time such as \"2026-01-31T12:00:00.000Z\" after `#inst`",
            ),
            (
                "#inst 1",
                "error 1:1: expected a time such as \"2026-01-31T12:00:00.000Z\" after `#inst`",
            ),
            (
                "#uuid \"x\"",
                "error 1:1: expected a uuid such as \"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\" after `#uuid`",
            ),
            ("#:a", "error 1:1: invalid namespaced map: expected a map such as `#:ns{:a 1}`"),
            ("#1 2", "error 1:2: a reader tag must be a symbol, and start with a letter"),
            ("#nil 1", "error 1:2: a reader tag must be a symbol, and start with a letter"),
            ("#foo", "error 1:1: expected a form after `#`"),
            ("#=(+ 1 2)", "error 1:1: `#=` is never evaluated: expected an EDN form"),
            ("##Foo", "error 1:1: expected `##Inf`, `##-Inf` or `##NaN`"),
        ],
    );
}

#[test]
fn gaps_and_ends() {
    check(
        &ReadOptions::default(),
        &[
            ("", ""),
            (" ,\t\u{c}\u{b}\u{1c}\u{2003}; only a comment", ""),
            ("\u{feff}#!/usr/bin/env bb\n1", "1"),
            ("1 ; one\r2", "1 2"),
            ("\u{a0}", "\u{a0}"),
            ("a\u{3000}b 1\u{2028}2", "a b 1 2"),
            (
                "a \u{feff}b",
                "error 1:3: invalid symbol `\u{feff}b`: expected `name` or `namespace/name`",
            ),
            ("(1 [2)", "error 1:6: found `)`, expected `]` to close what is open, opened at 1:4"),
            (")", "error 1:1: `)` closes nothing"),
            ("1\n  (2", "error 2:3: this is never closed: expected `)` before the end"),
            ("é #{1", "error 1:3: this is never closed: expected `}` before the end"),
            ("[1 \"a]", "error 1:4: this is never ended: expected `\"`"),
            ("[#_]", "error 1:2: expected a form after `#_`"),
            ("#_", "error 1:1: expected a form after `#_`"),
            ("^a", "error 1:1: expected a form after `^`"),
            (
                "#<x>",
                "error 1:1: invalid dispatch: expected a tag, or one of `{ ( \" ' _ ^ ? : # = !` after `#`",
            ),
        ],
    );
}

#[test]
fn clojure_source() {
    check(
        &clojure(),
        &[
            (
                "'a @b #'c ~d ~@e",
                "(quote a) (clojure.core/deref b) (var c) (clojure.core/unquote d) (clojure.core/unquote-splicing e)",
            ),
            (
                "#(f %2 %& %) #(g)",
                "(fn* [p1__1# p2__1# & rest__1#] (f p2__1# rest__1# p1__1#)) (fn* [] (g))",
            ),
            ("% a%", "% a%"),
            (
                "::a ::s/b #::{:a 1} #::s{:a 1}",
                ":my.app/a :clojure.string/b {:my.app/a 1} {:clojure.string/a 1}",
            ),
            ("[#?(:cljs 1 :clj 2) #?(:cljs 3) #?@(:clj [4 5]) #?(:bb 1 :default 6)]", "[2 4 5 6]"),
            ("{:a #?(:cljs 1 :clj 2) #?@(:clj [:b 3])}", "{:a 2, :b 3}"),
            ("^[int] f #\"a\\\"b\"", "^{:param-tags [int]} f #\"a\\\"b\""),
            ("#(a #(b))", "error 1:5: nested `#()`s are not allowed"),
            ("#(%21)", "error 1:3: expected `%`, `%&` or one of `%1` to `%20`"),
            ("::x/a", "error 1:1: `x` is no known alias of a namespace"),
            ("`a", "error 1:1: a syntax quote is code, not data: expected an EDN form"),
            (
                "#?@(:clj [1])",
                "error 1:1: expected one form at the top level, `#?@` may be several",
            ),
            ("#?(:clj)", "error 1:1: a reader conditional needs an even number of forms"),
            (
                "'#?(:cljs a)",
                "error 1:1: expected one form here, a reader conditional gave none or several",
            ),
        ],
    );
}

#[test]
fn exactly_one_form() {
    assert_eq!(edn::read(" 1 #_2 ").unwrap(), Value::Int(1));
    let message = |text: &str| edn::read(text).unwrap_err().to_string();
    assert_eq!(message("; none\n"), "2:1: expected a form, found the end");
    assert_eq!(message("1 #_2\n3"), "2:1: expected the end after one form, found another");
}

#[test]
fn the_first_form() {
    let first = |text: &str| {
        edn::read_first(text).map(|found| found.map(|(value, end)| (value.to_string(), end)))
    };
    assert_eq!(first(" #_a {:a 1} ]"), Ok(Some(("{:a 1}".to_string(), 11))));
    assert_eq!(first("1[\""), Ok(Some(("1".to_string(), 1))));
    assert_eq!(first(" ; none\n #_1 "), Ok(None));
    assert_eq!(first("#_1 [").unwrap_err().span, 4..5);
    assert_eq!(first("#_{1} 2").unwrap_err().span, 3..4);
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deepest = nested(edn::MAX_DEPTH);
    assert_eq!(edn::read(&deepest).unwrap().to_string(), deepest);
    let error = edn::read(&nested(edn::MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(error.to_string(), "1:513: nested deeper than 512");
    for opening in ["(", "[", "{", "#{", "#(", "'", "#_", "^", "#a ", "#?(", "#:a{", "@"] {
        let tree = syntax::parse(&opening.repeat(1_000_000));
        assert_eq!(tree.error.unwrap().problem, syntax::Problem::TooDeep, "{opening}");
        assert!(tree.nodes.is_empty());
    }
}

/// Everything that recurses over a value stays within the stack of a thread.
#[test]
fn the_deepest_values_fit_a_threads_stack() {
    let depth = edn::MAX_DEPTH;
    let texts = [
        format!("{}{}", "[".repeat(depth), "]".repeat(depth)),
        format!("{}1{}", "{1 ".repeat(depth), "}".repeat(depth)),
        format!("{}1{}", "{".repeat(depth), " 1}".repeat(depth)),
        format!("{}{}", "#{".repeat(depth), "}".repeat(depth)),
        format!("{}1", "#a ".repeat(depth)),
        format!("{}x{}", "^{:a ".repeat(depth / 2 - 1), "} x".repeat(depth / 2 - 1)),
        format!("{}1", "'".repeat(depth)),
    ];
    let walk = move || {
        for text in texts {
            let value =
                edn::read_all_with(&text, &clojure()).map_err(|e| format!("{text}: {e}")).unwrap();
            let again = edn::read_all_with(&printed(&value), &clojure());
            assert!(again.is_ok() || text.starts_with('\''));
            assert_eq!(value[0].cmp(&value[0].clone()), std::cmp::Ordering::Equal);
            assert_eq!(Some(&value[0]), value.last());
            let _ = value[0].hasheq();
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(walk).unwrap().join().unwrap();
}

#[test]
fn a_tree_keeps_what_stands_before_an_error() {
    let text = "(a) ; one\n'b (c [d) e";
    let tree = syntax::parse(text);
    let roots: Vec<&str> = tree.roots().map(|i| tree.text(i, text)).collect();
    assert_eq!(roots, ["(a)", "'b"]);
    let message = tree.error.unwrap().message(text);
    assert_eq!(message, "2:9: found `)`, expected `]` to close what is open, opened at 2:7");
}

#[test]
fn a_tree_tells_forms_apart() {
    let text = "#?@(:clj [~@a]) ^:m #_x b #t [c] #::s{} #=d ##Inf #\"e\" `f";
    let tree = syntax::parse(text);
    let found: Vec<(Kind, &str)> =
        (0..tree.nodes.len()).map(|i| (tree.node(i).kind, tree.text(i, text))).collect();
    use Kind::*;
    let expected = [
        (ConditionalSplicing, "#?@(:clj [~@a])"),
        (List, "(:clj [~@a])"),
        (Keyword, ":clj"),
        (Vector, "[~@a]"),
        (UnquoteSplicing, "~@a"),
        (Symbol, "a"),
        (Meta, "^:m #_x b"),
        (Keyword, ":m"),
        (Discard, "#_x"),
        (Symbol, "x"),
        (Symbol, "b"),
        (Tagged, "#t [c]"),
        (Symbol, "t"),
        (Vector, "[c]"),
        (Symbol, "c"),
        (NamespacedMap, "#::s{}"),
        (Map, "{}"),
        (Eval, "#=d"),
        (Symbol, "d"),
        (Symbolic, "##Inf"),
        (Regex, "#\"e\""),
        (SyntaxQuote, "`f"),
        (Symbol, "f"),
    ];
    assert_eq!(found, expected);
}
