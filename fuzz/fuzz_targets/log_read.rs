//! Any bytes read as a log, or are refused: looking at them and replaying them never fails otherwise.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|bytes: &[u8]| {
    let _ = store::inspect(bytes).whole();
    let _ = store::load(bytes, Path::new("code-db-txlog.edn"));
});
