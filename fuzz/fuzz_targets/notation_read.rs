//! Any bytes as JSON and as Transit: read or refused, and what is read is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use notation::{Notation, read_foreign, read_plain};

fuzz_target!(|text: &[u8]| {
    for notation in [Notation::Json, Notation::Transit] {
        let Ok(value) = notation.read(text) else { continue };
        // A name that EDN cannot say may stand in a key that JSON has to say as EDN.
        let Ok(again) = notation.print(&value) else { continue };
        assert!(notation.read(again.as_bytes()).is_ok_and(|again| again == value));
    }
    let _ = (read_foreign(text), read_plain(text));
});
