//! Clojure's `hash`: Murmur3 over numbers, strings and names, mixed in order or without order over
//! collections (the reference is Clojure's `Murmur3`, `Numbers` and `Util` classes).
//!
//! Equal values have equal hashes, so Rust's `Hash` feeds this one number to its hasher, but for texts and sequences.

use crate::{BigDec, BigInt, Map, Ratio, Set, Value};
use num_bigint::Sign;
use num_traits::{ToPrimitive, Zero};

fn mix_k1(k1: u32) -> u32 {
    k1.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

fn mix_h1(h1: u32, k1: u32) -> u32 {
    (h1 ^ k1).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

fn finish(h1: u32, length: u32) -> u32 {
    let h = h1 ^ length;
    let h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
    let h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

fn int(n: u32) -> u32 {
    if n == 0 { 0 } else { finish(mix_h1(0, mix_k1(n)), 4) }
}

fn long(n: i64) -> u32 {
    if n == 0 {
        return 0;
    }
    let h = mix_h1(0, mix_k1(n as u32));
    finish(mix_h1(h, mix_k1((n >> 32) as u32)), 8)
}

/// `String.hashCode`.
fn java_string(text: &str) -> u32 {
    let step = |h: u32, unit: u32| h.wrapping_mul(31).wrapping_add(unit);
    if !text.is_ascii() {
        return text.encode_utf16().fold(0, |h, u| step(h, u32::from(u)));
    }
    // Four characters at once: their sum does not wait for the hash of those before them.
    let (fours, rest) = text.as_bytes().as_chunks::<4>();
    let hash = fours.iter().fold(0u32, |h, four| {
        let four = four.iter().fold(0, |four, b| step(four, u32::from(*b)));
        h.wrapping_mul(31 * 31 * 31 * 31).wrapping_add(four)
    });
    rest.iter().fold(hash, |h, b| step(h, u32::from(*b)))
}

fn unencoded_chars(text: &str) -> u32 {
    let (mut h, mut count, mut low) = (0, 0u32, None);
    for unit in text.encode_utf16().map(u32::from) {
        count += 1;
        match low.take() {
            None => low = Some(unit),
            Some(first) => h = mix_h1(h, mix_k1(first | (unit << 16))),
        }
    }
    if let Some(last) = low {
        h ^= mix_k1(last);
    }
    finish(h, count.wrapping_mul(2))
}

pub(crate) fn symbol(ns: Option<&str>, name: &str) -> u32 {
    let seed = unencoded_chars(name);
    let ns = ns.map_or(0, java_string);
    let mixed = ns
        .wrapping_add(0x9e37_79b9)
        .wrapping_add(seed << 6)
        .wrapping_add(((seed as i32) >> 2) as u32);
    seed ^ mixed
}

pub(crate) fn keyword(symbol: u32) -> u32 {
    symbol.wrapping_add(0x9e37_79b9)
}

fn double(d: f64) -> u32 {
    if d == 0.0 {
        return 0;
    }
    let bits = if d.is_nan() { 0x7ff8_0000_0000_0000 } else { d.to_bits() };
    (bits ^ (bits >> 32)) as u32
}

/// `BigInteger.hashCode`.
fn java_big_integer(n: &BigInt) -> u32 {
    let (sign, digits) = n.to_u32_digits();
    let hash = digits.iter().rev().fold(0u32, |h, d| h.wrapping_mul(31).wrapping_add(*d));
    if sign == Sign::Minus { hash.wrapping_neg() } else { hash }
}

fn big_int(n: &BigInt) -> u32 {
    n.to_i64().map_or_else(|| java_big_integer(n), long)
}

fn ratio(r: &Ratio) -> u32 {
    java_big_integer(r.numerator()) ^ java_big_integer(r.denominator())
}

fn big_dec(d: &BigDec) -> u32 {
    if d.unscaled.is_zero() {
        return 0;
    }
    let d = d.strip_trailing_zeros();
    java_big_integer(&d.unscaled).wrapping_mul(31).wrapping_add(d.scale as u32)
}

fn mix_collection(hash: u32, count: usize) -> u32 {
    finish(mix_h1(0, mix_k1(hash)), count as u32)
}

fn ordered(items: &[Value]) -> u32 {
    let hash = items.iter().fold(1u32, |h, v| h.wrapping_mul(31).wrapping_add(v.hasheq()));
    mix_collection(hash, items.len())
}

/// The hashes of rows as vectors, made of the hashes of their items, which come column by column.
///
/// ```
/// use edn::{Value, row_hashes};
/// let columns = [[1, 2].map(|n| Value::from(n).hasheq()), [3, 4].map(|n| Value::from(n).hasheq())];
/// let second = edn::read("[2 4]").unwrap();
/// assert_eq!(row_hashes(2, columns)[1], second.hasheq());
/// ```
pub fn row_hashes<C: IntoIterator<Item = u32>>(
    rows: usize,
    columns: impl IntoIterator<Item = C>,
) -> Vec<u32> {
    let mut hashes = vec![1u32; rows];
    let mut width = 0;
    for column in columns {
        width += 1;
        for (hash, item) in hashes.iter_mut().zip(column) {
            *hash = hash.wrapping_mul(31).wrapping_add(item);
        }
    }
    hashes.iter_mut().for_each(|hash| *hash = mix_collection(*hash, width));
    hashes
}

fn entry(key: &Value, value: &Value) -> u32 {
    let hash = 31u32.wrapping_add(key.hasheq()).wrapping_mul(31).wrapping_add(value.hasheq());
    mix_collection(hash, 2)
}

pub(crate) fn map(map: &Map) -> u32 {
    let sum = map.iter().fold(0u32, |h, (k, v)| h.wrapping_add(entry(k, v)));
    mix_collection(sum, map.len())
}

pub(crate) fn set(set: &Set) -> u32 {
    let sum = set.iter().fold(0u32, |h, v| h.wrapping_add(v.hasheq()));
    mix_collection(sum, set.len())
}

impl Value {
    /// Clojure's `(hash value)`. Regexes, tagged and opaque values, which Clojure hashes by identity, are
    /// hashed by what they are here.
    #[inline]
    pub fn hasheq(&self) -> u32 {
        match self {
            Value::Int(n) => long(*n),
            Value::Keyword(k) => k.hasheq(),
            other => other.hash_rarer(),
        }
    }

    fn hash_rarer(&self) -> u32 {
        match self {
            Value::Nil => 0,
            Value::Bool(true) => 1231,
            Value::Bool(false) => 1237,
            Value::Int(n) => long(*n),
            Value::BigInt(n) => big_int(n),
            Value::Ratio(r) => ratio(r),
            Value::Double(d) => double(*d),
            Value::BigDec(d) => big_dec(d),
            Value::Char(c) => *c as u32,
            Value::Str(s) => int(java_string(s)),
            Value::Symbol(s) => s.hasheq(),
            Value::Keyword(k) => k.hasheq(),
            Value::List(l) => ordered(l),
            Value::Vector(v) => ordered(v),
            Value::Map(m) => map(m),
            Value::Set(s) => set(s),
            Value::Inst(i) => (i.0 ^ (i.0 >> 32)) as u32,
            Value::Uuid(u) => {
                let (high, low) = u.as_u64_pair();
                let mixed = high ^ low;
                ((mixed >> 32) ^ mixed) as u32
            }
            Value::Regex(r) => int(java_string(&r.0)),
            Value::Tagged(t) => t.tag.hasheq().wrapping_mul(31).wrapping_add(t.value.hasheq()),
            Value::Opaque(o) => long(o.address() as i64),
        }
    }
}
