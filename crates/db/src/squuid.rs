//! Sequential UUIDs: their first 32 bits are the second they were made in, so later ones sort after earlier ones.

use crate::random;
use edn::Uuid;
use std::time::{SystemTime, UNIX_EPOCH};

/// A new UUID that grows with time.
///
/// ```
/// let id = db::squuid();
/// assert!(db::squuid_time_millis(&id) % 1000 == 0);
/// assert_ne!(id, db::squuid());
/// ```
pub fn squuid() -> Uuid {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    squuid_at(now.map_or(0, |since| since.as_millis() as u64))
}

/// A new UUID of a moment, in milliseconds since 1970.
pub fn squuid_at(millis: u64) -> Uuid {
    let second = (millis / 1000) as u32;
    let random = u128::from(random::bits()) << 64 | u128::from(random::bits());
    // The version, 4, and the variant have their places among the random bits.
    let rest = random & (u128::MAX >> 32) & !(0xf << 76) & !(3 << 62);
    Uuid::from_u128(u128::from(second) << 96 | rest | 4 << 76 | 2 << 62)
}

/// The moment a [`squuid`] was made at, in milliseconds since 1970, to the second.
pub fn squuid_time_millis(id: &Uuid) -> u64 {
    u64::from((id.as_u128() >> 96) as u32) * 1000
}
