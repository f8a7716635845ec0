//! Every value comes back from every notation, and hostile texts do no harm.

#![allow(clippy::unwrap_used)]

mod support;

use edn::{MAX_DEPTH, Symbol, Tagged, Value};
use notation::{Notation, NotationError, Style, read_foreign, read_plain};
use proptest::prelude::*;
use std::sync::Arc;
use support::value;

const NOTATIONS: [Notation; 3] = [Notation::Edn, Notation::Json, Notation::Transit];

/// Equal values may be of several kinds, and print so.
fn is_same(a: &Value, b: &Value) -> bool {
    a == b && a.to_string() == b.to_string()
}

proptest! {
    #[test]
    fn values_come_back(value in value()) {
        for notation in NOTATIONS {
            let text = notation.print(&value).unwrap();
            let again = notation.read(text.as_bytes()).unwrap();
            prop_assert!(is_same(&value, &again), "{value}\n{text}\n{again}");
        }
        let text = Style::TransitVerbose.print(&value).unwrap();
        let again = Notation::Transit.read(text.as_bytes()).unwrap();
        prop_assert!(is_same(&value, &again), "{value}\n{text}\n{again}");
    }

    #[test]
    fn several_stand_behind_each_other(values in prop::collection::vec(value(), 0..5)) {
        for notation in NOTATIONS {
            let texts: Vec<String> = values.iter().map(|v| notation.print(v).unwrap()).collect();
            let again = notation.read_all(texts.join("\n").as_bytes()).unwrap();
            prop_assert_eq!(&again, &values);
        }
    }

    #[test]
    fn broken_texts_are_refused_or_read(value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        for notation in NOTATIONS {
            let mut text = notation.print(&value).unwrap().into_bytes();
            let cut = &text[..at.index(text.len())];
            let _ = notation.read(cut);
            let at = at.index(text.len());
            text[at] = byte;
            if let Ok(other) = notation.read(&text) {
                let printed = notation.print(&other).unwrap();
                prop_assert!(is_same(&notation.read(printed.as_bytes()).unwrap(), &other));
            }
        }
    }

    #[test]
    fn texts_at_random_are_refused_or_read(text in "[\\[\\]{}\",:~^#0-9a-e \n]{0,40}") {
        for notation in NOTATIONS {
            if let Ok(value) = notation.read(text.as_bytes()) {
                let printed = notation.print(&value).unwrap();
                prop_assert!(is_same(&notation.read(printed.as_bytes()).unwrap(), &value));
            }
        }
        let _ = (read_foreign(text.as_bytes()), read_plain(text.as_bytes()));
    }
}

fn nested(wrap: impl Fn(Value) -> Value, depth: usize) -> Value {
    (0..depth).fold(Value::Int(1), |inner, _| wrap(inner))
}

#[test]
fn values_nest_as_deep_as_they_may() {
    let one = |value| vec![value];
    let tagged =
        |tag: &str, value| Value::Tagged(Arc::new(Tagged { tag: Symbol::parse(tag), value }));
    let ways: [&dyn Fn(Value) -> Value; 6] = [
        &|inner| Value::vector(one(inner)),
        &|inner| Value::list(one(inner)),
        &|inner| Value::set(one(inner)),
        &|inner| Value::map(vec![(Value::keyword("a"), inner)]),
        &|inner| tagged("my/tag", inner),
        &|inner| tagged("set", inner),
    ];
    for wrap in ways {
        for notation in NOTATIONS {
            let value = nested(wrap, MAX_DEPTH);
            let text = notation.print(&value).unwrap();
            assert!(is_same(&notation.read(text.as_bytes()).unwrap(), &value));
        }
    }
    let deeper = nested(ways[0], 3 * MAX_DEPTH);
    for notation in NOTATIONS {
        assert!(matches!(notation.print(&deeper), Err(NotationError::Unwritable { .. })));
    }
}

#[test]
fn endless_nesting_is_refused() {
    for piece in [
        "[",
        "{\"a\":",
        "{\"~#set\":",
        "[\"~#set\",",
        "[\"~#list\",[",
        "[\"^ \",\"a\",",
        "[\"~#x\",",
        "{\"~#x\":",
        "#x ",
    ] {
        let text = piece.repeat(100_000);
        for notation in NOTATIONS {
            assert!(notation.read(text.as_bytes()).is_err(), "{piece}");
        }
        assert!(read_foreign(text.as_bytes()).is_err(), "{piece}");
    }
    // EDN within JSON nests on.
    let edn = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let text = format!("{}\"~{edn}\"{}", "[".repeat(300), "]".repeat(300));
    assert!(Notation::Json.read(text.as_bytes()).is_err());
}

#[test]
fn errors_say_where() {
    for (notation, text, line, message) in [
        (Notation::Json, "[1,\n 2", 2, "not JSON: EOF while parsing a list"),
        (Notation::Json, "[1,\n \"~(\"]", 2, "`~` and what is no EDN"),
        (Notation::Json, "{\":a\":1,\n\":a\":2}", 2, "an object has a key twice"),
        (Notation::Json, "{\"~#set\":{}}", 1, "expected an array of items"),
        (Notation::Json, "[\":\"]", 1, "a keyword without a name"),
        (Notation::Transit, "[1,\n\"^5\"]", 2, "nothing stands for \"^5\" yet"),
        (Notation::Transit, "[\"~i1x\"]", 1, "expected an integer behind `~i`"),
        (Notation::Transit, "[1,[\"^ \",\n\"~:a\"]]", 2, "a map needs a value for each key"),
        (Notation::Transit, "[1,\"^ \"]", 1, "`^ ` at the wrong place"),
        (Notation::Transit, "[\"~#ratio\",[1,0]]", 1, "two integers, the second not 0"),
        (Notation::Transit, "[\"~m1e400\"]", 1, "expected milliseconds"),
        (Notation::Edn, "[1\n#foo]", 2, "expected"),
    ] {
        let error = notation.read(text.as_bytes()).unwrap_err();
        let NotationError::Read { line: found, message: said, .. } = &error else { panic!() };
        assert!(*found == line && said.contains(message), "{text}: {error}");
    }
    let error = Notation::Json.read(b"[\"\xff\"]").unwrap_err();
    assert_eq!(error.to_string(), "1:3: not UTF-8");
}

#[test]
fn what_cannot_be_said_is_refused() {
    let spaced = Value::keyword("a b");
    assert!(Notation::Edn.print(&spaced).is_err());
    for notation in [Notation::Json, Notation::Transit] {
        let text = notation.print(&spaced).unwrap();
        assert_eq!(notation.read(text.as_bytes()).unwrap(), spaced);
    }
    assert!(Style::PlainJson.print(&spaced).is_err());
}
