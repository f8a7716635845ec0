//! Moments as names of versions.

use edn::Inst;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in milliseconds.
pub(crate) fn now() -> Inst {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Inst(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// How many digits the name of a moment has: milliseconds from 2001 to 2286, filled with zeros where a clock is wrong.
pub(crate) const DIGITS: usize = 13;

/// The moment as a name, or the next one that is free: two versions of one millisecond are two.
pub(crate) fn free_name(moment: Inst, is_free: impl Fn(&str) -> bool) -> String {
    let names = (moment.0..).map(|millis| format!("{millis:0DIGITS$}"));
    names.into_iter().find(|name| is_free(name)).unwrap_or_default()
}
