//! Laws of values: equality, hash and order agree; maps and sets are what a sorted map and set are.
#![allow(clippy::unwrap_used)]

use edn::{BigDec, BigInt, Inst, Map, Ratio, Set, Value};
use proptest::prelude::*;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

/// Numbers near each other, of every kind, so that many are the same number.
fn number() -> impl Strategy<Value = Value> {
    let edges = prop_oneof![
        -3..4i64,
        Just(i64::MAX),
        Just(i64::MIN),
        Just((1 << 53) + 1),
        Just(1 << 53),
        Just(i64::MAX - 1),
    ];
    let doubles = vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1, 5e-324, 9.3e18];
    prop_oneof![
        edges.clone().prop_map(Value::Int),
        edges.clone().prop_map(|n| Value::BigInt(Arc::new(BigInt::from(n) * 1))),
        edges.clone().prop_map(|n| Value::BigInt(Arc::new(BigInt::from(n) * 4))),
        edges.clone().prop_map(|n| Value::Double(n as f64)),
        prop::sample::select(doubles).prop_map(Value::Double),
        (edges.clone(), -2..3i32).prop_map(|(n, scale)| big_dec(n, scale)),
        (-3..4i64, prop::sample::select(vec![i32::MAX, i32::MIN, 400, -400]))
            .prop_map(|(n, scale)| big_dec(n, scale)),
        (edges, 2..5i64).prop_map(|(n, d)| {
            match Ratio::new(n.into(), d.into()) {
                Ok(ratio) => Value::Ratio(Arc::new(ratio)),
                Err(whole) => Value::BigInt(Arc::new(whole)),
            }
        }),
    ]
}

fn big_dec(unscaled: i64, scale: i32) -> Value {
    Value::BigDec(Arc::new(BigDec { unscaled: unscaled.into(), scale }))
}

fn value() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec!["a", "b", "a/b", "Aa", "BB", "é", "𝄞"]);
    let atom = prop_oneof![
        3 => number(),
        1 => prop_oneof![Just(Value::Nil), any::<bool>().prop_map(Value::Bool)],
        1 => names.clone().prop_map(Value::from),
        1 => names.clone().prop_map(Value::keyword),
        1 => names.prop_map(Value::symbol),
        1 => (-2..2i64).prop_map(|n| Value::Inst(Inst(n))),
    ];
    atom.prop_recursive(3, 30, 10, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..4);
        let pairs = prop::collection::vec((inner.clone(), inner), 0..10);
        prop_oneof![
            items.clone().prop_map(Value::list),
            items.clone().prop_map(Value::vector),
            items.prop_map(Value::set),
            pairs.prop_map(Value::map),
        ]
    })
}

fn rust_hash(value: &Value) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn equality_hash_and_order_agree(a in value(), b in value()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a == b, a.cmp(&b) == Ordering::Equal);
        prop_assert_eq!(a.cmp(&a.clone()), Ordering::Equal);
        if a == b {
            prop_assert_eq!(a.hasheq(), b.hasheq());
            prop_assert_eq!(rust_hash(&a), rust_hash(&b));
        }
    }

    #[test]
    fn numbers_agree(a in number(), b in number(), c in number()) {
        prop_assert_eq!(a == b, a.cmp(&b) == Ordering::Equal);
        if a == b {
            prop_assert_eq!(a.hasheq(), b.hasheq());
        }
        let mut sorted = [a, b, c];
        sorted.sort();
        prop_assert!(sorted[0] <= sorted[2], "{:?}", sorted);
    }

    #[test]
    fn order_is_transitive(mut values in prop::collection::vec(value(), 3)) {
        values.sort();
        prop_assert!(values[0] <= values[1] && values[1] <= values[2] && values[0] <= values[2]);
    }

    #[test]
    fn a_map_is_a_sorted_map(edits in prop::collection::vec((value(), prop::option::of(0..9i64)), 0..80)) {
        let (mut map, mut model) = (Map::new(), BTreeMap::new());
        let mut old = Vec::new();
        for (key, value) in edits {
            old.push((map.clone(), model.clone()));
            match value.map(Value::Int) {
                Some(value) => prop_assert_eq!(
                    map.insert(key.clone(), value.clone()), model.insert(key, value)),
                None => prop_assert_eq!(map.remove(&key), model.remove(&key)),
            }
        }
        old.push((map, model));
        for (map, model) in old {
            prop_assert_eq!(map.len(), model.len());
            prop_assert_eq!(map.iter().count(), model.len());
            prop_assert!(model.iter().all(|(k, v)| map.get(k) == Some(v)));
            let again: Map = model.into_iter().rev().collect();
            prop_assert_eq!(again, map);
        }
    }

    #[test]
    fn a_set_is_a_sorted_set(edits in prop::collection::vec((value(), any::<bool>()), 0..80)) {
        let (mut set, mut model) = (Set::new(), BTreeSet::new());
        for (item, add) in edits {
            if add {
                prop_assert_eq!(set.insert(item.clone()), model.insert(item));
            } else {
                prop_assert_eq!(set.remove(&item), model.remove(&item));
            }
        }
        let items: BTreeSet<Value> = set.iter().cloned().collect();
        prop_assert_eq!(set.len(), model.len());
        prop_assert_eq!(&items, &model);
        // A trie that shrank walks in another order than one that grew, but is equal.
        prop_assert_eq!(model.into_iter().collect::<Set>(), set);
    }

    #[test]
    fn every_moment_reads_back(millis in any::<i64>()) {
        let value = Value::Inst(Inst(millis));
        prop_assert_eq!(edn::read(&value.to_string()).unwrap(), value);
    }
}

#[test]
fn a_time_zone_may_lead_beyond_the_years_of_four_digits() {
    let table = [
        ("9999-12-31T23:00:00-05:00", "10000-01-01T04:00:00.000-00:00"),
        ("0000-01-01T00:00:00+01:00", "-0001-12-31T23:00:00.000-00:00"),
    ];
    for (text, printed) in table {
        let value = edn::read(&format!("#inst \"{text}\"")).unwrap();
        assert_eq!(value.to_string(), format!("#inst \"{printed}\""));
        assert_eq!(edn::read(&value.to_string()).unwrap(), value);
    }
    for wrong in
        ["20260131", "12345", "-2026", "999999999-01-01T00:00:00Z", "1234567890-01-01T00:00Z"]
    {
        assert!(edn::read(&format!("#inst \"{wrong}\"")).is_err(), "{wrong}");
    }
    for edge in [i64::MIN, i64::MAX] {
        let value = Value::Inst(Inst(edge));
        assert_eq!(edn::read(&value.to_string()).unwrap(), value);
    }
}

/// Each level holds the level below and a chain that differs from it only at the bottom: comparing the items of
/// each set to sort them would take twice as long for each level.
#[test]
fn deep_sets_and_maps_are_compared_without_sorting_the_inner_ones_again_and_again() {
    let pair = |a: &Value, b: Value| Value::set(vec![a.clone(), b]);
    let last = || Value::map(vec![]);
    let (mut deep, mut chain) = (pair(&Value::Int(1), last()), pair(&Value::Int(2), last()));
    for _ in 0..80 {
        deep = pair(&deep, chain.clone());
        chain = pair(&chain, last());
    }
    assert_ne!(deep.cmp(&chain), Ordering::Equal);
    let key = |v: &Value| Value::map(vec![(v.clone(), Value::Nil)]);
    assert_eq!(key(&deep).cmp(&key(&deep.clone())), Ordering::Equal);
}
