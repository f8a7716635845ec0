//! Any bytes read as a log, or are refused: looking at them, replaying them and saving what is whole never fails otherwise.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|bytes: &[u8]| {
    let found = store::inspect(bytes);
    let _ = found.replay(Path::new("code-db-txlog.edn"));
    let (saved, whole) = found.salvage(bytes);
    assert!(whole <= found.whole() && saved.len() <= bytes.len() + 1);
});
