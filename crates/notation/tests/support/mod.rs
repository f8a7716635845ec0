//! Values at random: every kind, and the texts that notations give a meaning to.

use edn::{BigDec, BigInt, Inst, Keyword, Ratio, Regex, Symbol, Tagged, Value};
use proptest::prelude::*;
use std::sync::Arc;

fn name() -> impl Strategy<Value = String> {
    "[a-zλ*+!_?<>=é日][a-zA-Z0-9λ*+!_?<>='#.日-]{0,8}".prop_filter("no special name", |name| {
        !(matches!(name.as_str(), "nil" | "true" | "false")
            || name.starts_with('+') && name[1..].starts_with(|c: char| c.is_ascii_digit()))
    })
}

fn full_name() -> impl Strategy<Value = String> {
    prop_oneof![name(), (name(), name()).prop_map(|(ns, name)| format!("{ns}/{name}"))]
}

fn big_int() -> impl Strategy<Value = BigInt> {
    prop::collection::vec(any::<u8>(), 0..24).prop_map(|bytes| BigInt::from_signed_bytes_le(&bytes))
}

fn ratio() -> impl Strategy<Value = Value> {
    (big_int(), 1..u64::MAX).prop_map(|(above, below)| {
        match Ratio::new(above, BigInt::from(below)) {
            Ok(ratio) => Value::Ratio(Arc::new(ratio)),
            Err(whole) => Value::BigInt(Arc::new(whole)),
        }
    })
}

/// Strings that begin like something else.
fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-c \"\\\\\n\t\u{0}\u{1f}\u{7f}λ😀]{0,8}",
        "[:~^`#$'] ?[#:~^ a-z0-9]{0,5}",
        Just("^ ".to_owned()),
        Just("~#set".to_owned()),
    ]
}

fn atom() -> impl Strategy<Value = Value> {
    let whole = (big_int(), -30..30i32);
    prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-9..9i64).prop_map(Value::Int),
        ((1i64 << 53) - 2..(1 << 53) + 2).prop_map(Value::Int),
        big_int().prop_map(|n| Value::BigInt(Arc::new(n))),
        ratio(),
        prop::num::f64::ANY.prop_map(Value::Double),
        (-9..9i8).prop_map(|n| Value::Double(n.into())),
        whole.prop_map(|(unscaled, scale)| Value::BigDec(Arc::new(BigDec { unscaled, scale }))),
        any::<u16>()
            .prop_filter_map("half a pair", |c| char::from_u32(u32::from(c)))
            .prop_map(Value::Char),
        string().prop_map(Value::from),
        full_name().prop_map(|name| Value::Symbol(Symbol::parse(&name))),
        full_name().prop_map(|name| Value::Keyword(Keyword::parse(&name))),
        (-62_167_219_200_000..253_402_300_800_000i64).prop_map(|millis| Value::Inst(Inst(millis))),
        any::<i64>().prop_map(|millis| Value::Inst(Inst(millis))),
        any::<u128>().prop_map(|bits| Value::Uuid(edn::Uuid::from_u128(bits))),
        "([a-z.*+]|\\\\[a-z\"\\\\]){0,8}".prop_map(|text| Value::Regex(Regex(text.into()))),
    ]
}

/// Tags, also those that mean something in a notation.
fn tag() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] =
        &["set", "list", "cmap", "ratio", "regex", "tagged", "u", "m", "n", "s", "r", "b", "x"];
    prop_oneof!["[a-z]{1,6}(/[a-z]{1,5})?", prop::sample::select(KNOWN).prop_map(str::to_owned)]
        .prop_filter("read as something else", |tag| !matches!(tag.as_str(), "inst" | "uuid"))
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    atom().prop_recursive(5, 60, 12, move |inner| {
        let items = prop::collection::vec(inner.clone(), 0..12);
        let pairs = prop::collection::vec((inner.clone(), inner.clone()), 0..12);
        let named = prop::collection::vec((atom(), inner.clone()), 0..12);
        prop_oneof![
            items.clone().prop_map(Value::list),
            items.clone().prop_map(Value::vector),
            items.prop_map(Value::set),
            pairs.prop_map(Value::map),
            named.prop_map(Value::map),
            (tag(), inner).prop_map(|(tag, value)| {
                Value::Tagged(Arc::new(Tagged { tag: Symbol::parse(&tag), value }))
            }),
        ]
    })
}
