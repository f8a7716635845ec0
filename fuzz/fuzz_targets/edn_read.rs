//! What reads prints, and what is printed reads back equal and prints the same.
#![no_main]

use edn::{PrintOptions, ReadOptions, Value};
use libfuzzer_sys::fuzz_target;

fn printed(values: &[Value]) -> String {
    let mut out = String::new();
    for value in values {
        edn::print_with(&mut out, value, PrintOptions { meta: true, ..PrintOptions::default() });
        out.push('\n');
    }
    out
}

fuzz_target!(|text: &str| {
    let options = ReadOptions {
        clojure: true,
        features: vec!["clj".to_string()],
        namespace: Some("user".to_string()),
        ..ReadOptions::default()
    };
    let _ = edn::read_all_with(text, &options);
    let Ok(values) = edn::read_all(text) else { return };
    let once = printed(&values);
    match edn::read_all(&once) {
        Ok(again) => {
            assert_eq!(again, values);
            assert_eq!(printed(&again), once);
            for (a, b) in values.iter().zip(&again) {
                assert_eq!(a.hasheq(), b.hasheq());
                assert!(a.cmp(b).is_eq());
            }
        }
        Err(error) => panic!("{once:?} does not read: {error}"),
    }
});
