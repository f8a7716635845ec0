//! Any text as a database that DataScript's `serializable` wrote: read or refused, and what is read is written and read again.
#![no_main]

use db::{Index, from_serializable, serializable};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(db) = from_serializable(text) else { return };
    let count = |index| db.datoms(index, &[]).map_or(0, Iterator::count);
    assert_eq!(count(Index::Eavt), count(Index::Aevt));
    if let Ok(again) = serializable(&db) {
        assert!(from_serializable(&again).is_ok_and(|again| again == db));
    }
});
