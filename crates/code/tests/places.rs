//! Whatever a text is, it is analysed, and at each place stands what is said to stand there.
#![allow(clippy::unwrap_used)]

use code::analysis::{Findings, Place, Rules, as_kondo, find};
use proptest::prelude::*;

fn one_of(words: &'static str) -> impl Strategy<Value = String> {
    prop::sample::select(words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

/// A form of any kind, also of kinds that make no sense where they stand.
fn form() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => one_of("x y f b/x b/f a/f x.y .m X. X/y % & _ é 𝒳 P 1 nil \"s\" \\c #\"r\" x#"),
        2 => one_of(":a ::a ::b/a :c/a :keys ::b/keys :or :as :let :as-alias :refer :all :strs :rename"),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let many = prop::collection::vec(inner.clone(), 0..6).prop_map(|forms| forms.join(" "));
        let head = one_of(
            "let fn defn f ns in-ns require def defrecord deftype defprotocol definterface extend-type \
             extend-protocol reify proxy letfn for doseq if-let loop catch as-> case comment declare defmethod \
             defmulti .. . new import import-vars this-as areduce quote var binding defmacro deftest alias use",
        );
        prop_oneof![
            2 => many.clone().prop_map(|forms| format!("({forms})")),
            3 => many.clone().prop_map(|forms| format!("[{forms}]")),
            2 => many.clone().prop_map(|forms| format!("{{{forms}}}")),
            1 => (one_of("#{ #:a{ #::b{ #::{"), many.clone()).prop_map(|(open, forms)| format!("{open}{forms}}}")),
            8 => (head, many.clone()).prop_map(|(head, forms)| format!("({head} {forms})")),
            1 => (one_of("#?( #?@( #("), many).prop_map(|(open, forms)| format!("{open}:clj {forms})")),
            3 => (one_of("' ` ~ ~@ @ ^ #' #_ #t"), inner.clone(), inner)
                .prop_map(|(prefix, a, b)| format!("{prefix} {a}\r\n{b}")),
        ]
    })
}

/// Forms, some of them broken off.
fn text() -> impl Strategy<Value = String> {
    let broken = (form(), any::<prop::sample::Index>())
        .prop_map(|(form, at)| form.chars().take(at.index(form.chars().count() + 1)).collect());
    let forms = prop_oneof![9 => form(), 1 => broken];
    let gap = prop::sample::select(vec!["\n", "\n\n; note é\n", "\r\n"]);
    prop::collection::vec((forms, gap), 0..8)
        .prop_map(|parts| parts.into_iter().map(|(form, gap)| form + gap).collect())
}

/// Checks that a place is one in the text and that its two descriptions are of the same piece of it; that piece.
fn at<'t>(text: &'t str, place: &Place) -> &'t str {
    let offset = |row: u32, col: u32| {
        let start = text.split_inclusive('\n').take(row as usize - 1).map(str::len).sum::<usize>();
        let mut units = col - 1;
        let line = text[start..].chars().take_while(|c| {
            let before = units > 0;
            units = units.saturating_sub(c.len_utf16() as u32);
            before
        });
        start + line.map(char::len_utf8).sum::<usize>()
    };
    assert_eq!(offset(place.row, place.col), place.start as usize);
    assert_eq!(offset(place.end_row, place.end_col), place.end as usize);
    &text[place.start as usize..place.end as usize]
}

fn check(text: &str, found: &Findings) {
    for namespace in &found.namespaces {
        assert!(at(text, &namespace.at).contains(at(text, &namespace.name_at)));
    }
    for def in &found.definitions {
        assert!(at(text, &def.at).contains(at(text, &def.name_at)));
    }
    for usage in &found.usages {
        let there = at(text, &usage.name_at);
        assert!(there.contains(&*usage.name) || usage.to.is_some(), "{there} {}", usage.name);
    }
    for local in &found.locals {
        assert_eq!(at(text, &local.at), &*local.text);
        assert!(local.text.ends_with(&*local.name));
        assert!(at(text, &local.scope).starts_with(&*local.text));
    }
    for usage in &found.local_usages {
        let local = &found.locals[usage.id as usize];
        assert_eq!(local.id, usage.id);
        assert_eq!((at(text, &usage.at), &usage.name), (&*local.name, &local.name));
    }
    for keyword in &found.keywords {
        assert!(at(text, &keyword.at).ends_with(&*keyword.name));
        assert_eq!(at(text, &keyword.at).starts_with("::"), keyword.auto_resolved);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn what_is_found_stands_where_it_is_said_to(clj in text(), cljc in text(), any in ".*") {
        let files: Vec<(String, String)> = [("a.clj", clj), ("b.cljc", cljc), ("c.cljs", any)]
            .map(|(path, text)| (path.to_owned(), text))
            .into();
        let found = find(&files, &Rules::default());
        for ((path, text), found) in files.iter().zip(&found) {
            prop_assert_eq!(path, &found.path);
            check(text, found);
        }
        as_kondo(&found);
    }
}
