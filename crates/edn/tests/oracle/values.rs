//! Values of every kind that Clojure prints and hashes by what they are.

use edn::{BigDec, BigInt, Inst, Ratio, Value};
use proptest::prelude::*;
use std::sync::Arc;

fn big() -> impl Strategy<Value = BigInt> {
    prop::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| BigInt::from_signed_bytes_le(&bytes))
}

fn ratio() -> impl Strategy<Value = Value> {
    (big(), 1..u64::MAX).prop_map(|(n, d)| match Ratio::new(n, d.into()) {
        Ok(ratio) => Value::Ratio(Arc::new(ratio)),
        Err(whole) => Value::BigInt(Arc::new(whole)),
    })
}

fn big_dec() -> impl Strategy<Value = Value> {
    let digits = (big(), 0..4u32).prop_map(|(n, zeros)| n * BigInt::from(10).pow(zeros));
    // Not far beyond: Clojure's `=` and `hash` of zeros take these scales one by one.
    let scale = prop_oneof![-30..30i32, -1000..1000i32];
    (digits, scale)
        .prop_map(|(unscaled, scale)| Value::BigDec(Arc::new(BigDec { unscaled, scale })))
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zλ*!?<é日][a-zA-Z0-9λ.*?日-]{0,8}", "[a-z.]{1,9}x/[a-z][a-z0-9?]{0,9}"]
        .prop_filter("a special name", |n| !matches!(n.as_str(), "nil" | "true" | "false"))
        .prop_filter("dots at an end", |n| {
            !n.contains("..") && !n.starts_with('.') && !n.ends_with('.')
        })
}

fn atom() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-3..4i64).prop_map(Value::Int),
        (-3..4i64).prop_map(|n| Value::BigInt(Arc::new(n.into()))),
        (-3..4i64).prop_map(|n| Value::Double(n as f64)),
        (-3..4i64).prop_map(|n| big_dec_of(n * 10, 1)),
        big().prop_map(|n| Value::BigInt(Arc::new(n))),
        ratio(),
        prop::num::f64::ANY.prop_map(Value::Double),
        (-1e8..1e8f64).prop_map(Value::Double),
        (-1e-2..1e-2f64).prop_map(Value::Double),
        Just(Value::Double(-0.0)),
        big_dec(),
        // What a reader takes for a character: no space or bracket that ends the token before it began.
        prop_oneof![
            Just('\n'),
            Just(' '),
            Just('\t'),
            Just('\u{8}'),
            Just('\u{c}'),
            Just('\r'),
            prop::char::range('a', 'z'),
            prop::char::range('α', 'ω'),
            prop::char::range('一', '龥')
        ]
        .prop_map(Value::Char),
        any::<String>().prop_map(Value::from),
        "[\\\\\"\n\t\u{0}\u{8}\u{c}\r\u{7f}a-c𝄞😀]{0,9}".prop_map(Value::from),
        name().prop_map(|name| Value::symbol(&name)),
        name().prop_map(|name| Value::keyword(&name)),
        // From the first year of the Gregorian calendar on; Java's follows the Julian one before.
        (-12_219_292_800_000..253_402_300_800_000i64).prop_map(|millis| Value::Inst(Inst(millis))),
        any::<u128>().prop_map(|bits| Value::Uuid(edn::Uuid::from_u128(bits))),
    ]
}

fn big_dec_of(unscaled: i64, scale: i32) -> Value {
    Value::BigDec(Arc::new(BigDec { unscaled: unscaled.into(), scale }))
}

/// Any value; one in ten or so a map or a set of many items.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let nested = atom().prop_recursive(3, 40, 8, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..10);
        let pairs = prop::collection::vec((inner.clone(), inner), 0..10);
        prop_oneof![
            items.clone().prop_map(Value::list),
            items.clone().prop_map(Value::vector),
            items.prop_map(Value::set),
            pairs.prop_map(Value::map),
        ]
    });
    prop_oneof![
        10 => atom(),
        10 => nested,
        1 => prop::collection::vec((atom(), atom()), 9..200).prop_map(Value::map),
        1 => prop::collection::vec(atom(), 9..200).prop_map(Value::set),
    ]
}
