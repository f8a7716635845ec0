//! Values whose hashes are all the same: Clojure's hash of a string can be collided at will.
#![allow(clippy::unwrap_used)]

use edn::{Map, Set, Value};

/// As many strings as wanted with one hash: `Aa` and `BB` have the same.
fn colliding(count: usize) -> Vec<Value> {
    let pairs = usize::BITS - count.leading_zeros();
    let text = |n: usize| {
        (0..pairs).map(|i| if n >> i & 1 == 0 { "Aa" } else { "BB" }).collect::<String>()
    };
    (0..count).map(|n| Value::string(text(n))).collect()
}

#[test]
fn a_hundred_thousand_colliding_values_take_no_quadratic_time() {
    let values = colliding(100_000);
    assert!(values.iter().all(|v| v.hasheq() == values[0].hasheq()));
    let mut set: Set = values.iter().cloned().collect();
    assert_eq!(set.len(), values.len());
    assert!(values.iter().all(|v| set.contains(v)));
    assert!(set.iter().eq(&values), "in the order they came");
    assert_eq!(set, values.iter().rev().cloned().collect::<Set>());
    let mut map: Map = values.iter().map(|v| (v.clone(), Value::Nil)).collect();
    for (n, value) in values.iter().enumerate() {
        assert_eq!(map.insert(value.clone(), Value::from(n as i64)), Some(Value::Nil));
    }
    assert!(map.iter().map(|(_, n)| n.as_int().unwrap()).eq(0..values.len() as i64));
    let before = set.clone();
    for value in &values[1..] {
        assert!(set.remove(value) && !set.remove(value));
        assert!(map.remove(value).is_some());
    }
    assert_eq!((set.len(), map.len(), before.len()), (1, 1, values.len()));
    assert!(set.remove(&values[0]) && set.is_empty());
}

#[test]
fn a_text_with_a_hundred_thousand_colliding_values_is_read() {
    let values = colliding(100_000);
    let text =
        format!("#{{{}}}", values.iter().map(Value::to_string).collect::<Vec<_>>().join(" "));
    let read = edn::read(&text).unwrap();
    assert_eq!(read.as_set().map(Set::len), Some(values.len()));
    let doubled = format!("#{{{} {}}}", text.trim_matches(['#', '{', '}']), values[50_000]);
    assert!(edn::read(&doubled).is_err(), "duplicates are found among them");
    let entries = values.iter().map(|v| format!("{v} 1")).collect::<Vec<_>>().join(" ");
    let map = edn::read(&format!("{{{entries}}}")).unwrap();
    assert_eq!(map.as_map().map(Map::len), Some(values.len()));
}

mod laws {
    use edn::{Keys, Map, Set, Value};
    use proptest::prelude::*;

    /// Few enough kinds that some are equal, with a hash of their own or one that others have.
    fn value() -> impl Strategy<Value = Value> {
        let texts = prop::collection::vec(prop::sample::select(vec!["Aa", "BB", "x"]), 0..5);
        prop_oneof![
            Just(Value::Nil),
            (0i64..300).prop_map(Value::Int),
            any::<i64>().prop_map(Value::Int),
            texts.prop_map(|parts| Value::string(parts.concat())),
        ]
    }

    proptest! {
        #[test]
        fn what_is_made_at_once_is_what_is_made_one_by_one(
            items in prop::collection::vec((value(), 0i64..9), 0..400)
        ) {
            let (mut set, mut map) = (Set::new(), Map::new());
            for (item, n) in &items {
                set.insert(item.clone());
                map.insert(item.clone(), Value::Int(*n));
            }
            let at_once: Set = items.iter().map(|(item, _)| item.clone()).collect();
            prop_assert_eq!(at_once.len(), set.len());
            prop_assert!(at_once.iter().eq(set.iter()), "in the same order");
            let at_once: Map =
                items.iter().map(|(item, n)| (item.clone(), Value::Int(*n))).collect();
            prop_assert_eq!(at_once.len(), map.len());
            prop_assert!(at_once.iter().eq(map.iter()), "in the same order");
        }

        #[test]
        fn a_map_that_shares_its_keys_is_as_any_other(
            entries in prop::collection::vec((value(), 0i64..9), 0..100),
            edits in prop::collection::vec((value(), prop::option::of(0i64..9)), 0..9),
        ) {
            let mut map = Map::new();
            for (key, n) in entries {
                map.insert(key, Value::Int(n));
            }
            let keys = Keys::new(map.keys().cloned().collect());
            let mut stack = vec![Value::Nil];
            stack.extend(map.values().cloned());
            let mut shared = Map::with_keys(&keys, &mut stack);
            prop_assert_eq!(stack, [Value::Nil]);
            prop_assert!(map.iter().all(|(key, n)| shared.get(key) == Some(n)));
            for (key, n) in edits {
                prop_assert!(shared.iter().eq(map.iter()), "in the same order");
                prop_assert_eq!(&shared, &map);
                prop_assert_eq!(&map, &shared);
                prop_assert_eq!(shared.get(&key), map.get(&key));
                match n.map(Value::Int) {
                    Some(n) => prop_assert_eq!(
                        shared.insert(key.clone(), n.clone()), map.insert(key, n)),
                    None => prop_assert_eq!(shared.remove(&key), map.remove(&key)),
                }
            }
            prop_assert!(shared.iter().eq(map.iter()), "in the same order");
        }

        #[test]
        fn a_set_of_what_is_known_to_differ_is_as_any_other(items in prop::collection::vec(value(), 0..400)) {
            let items: std::collections::BTreeSet<Value> =
                items.into_iter().filter(|item| !item.is_nil()).collect();
            let items: Vec<Value> = items.into_iter().collect();
            let hashes: Vec<u32> = items.iter().map(Value::hasheq).collect();
            let set = Set::of_distinct(&hashes, |place| items[place].clone());
            prop_assert!(set.iter().eq(items.iter().cloned().collect::<Set>().iter()));
            prop_assert!(items.iter().all(|item| set.contains(item)));
        }
    }
}
