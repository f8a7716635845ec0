//! Temporary ids as Datomic's API makes them.

use edn::Value;
use std::sync::atomic::{AtomicI64, Ordering};

static LAST: AtomicI64 = AtomicI64::new(-1_000_000);

/// A temporary id that was not given out before; for the part `:db.part/tx` the transaction's own name. Other parts mean nothing.
///
/// ```
/// use db::tempid;
/// use edn::Value;
/// assert_eq!(tempid(&Value::keyword("db.part/tx")), Value::keyword("db/current-tx"));
/// assert!(tempid(&Value::keyword("db.part/user")).as_int().unwrap() < -1_000_000);
/// ```
pub fn tempid(part: &Value) -> Value {
    if part.is_keyword("db.part/tx") {
        return Value::keyword("db/current-tx");
    }
    Value::Int(LAST.fetch_sub(1, Ordering::Relaxed) - 1)
}
