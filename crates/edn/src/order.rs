//! The total order of values: what indexes are sorted by.
//!
//! Values of different kinds are ordered by kind: nil, booleans, numbers, characters, strings, symbols,
//! keywords, instants, uuids, regexes, sequences, sets, maps, tagged, opaque. Numbers are ordered by what
//! they are, exactly, whatever their kind; equal numbers of kinds that are not `=` (`1`, `1.0`, `1M`) by
//! kind. Lists and vectors are one kind, the shorter first, as Clojure's `compare` has it. Sets and maps,
//! which Clojure does not compare, go by size, then by hash, then by their items. The order agrees with `==`
//! throughout.

use crate::{BigDec, BigInt, Map, Set, Value};
use num_bigint::Sign;
use num_traits::{Signed, ToPrimitive, Zero};
use std::cmp::Ordering;

impl Value {
    fn rank(&self) -> u8 {
        match self {
            Value::Nil => 0,
            Value::Bool(_) => 1,
            Value::Int(_)
            | Value::BigInt(_)
            | Value::Ratio(_)
            | Value::Double(_)
            | Value::BigDec(_) => 2,
            Value::Char(_) => 3,
            Value::Str(_) => 4,
            Value::Symbol(_) => 5,
            Value::Keyword(_) => 6,
            Value::Inst(_) => 7,
            Value::Uuid(_) => 8,
            Value::Regex(_) => 9,
            Value::List(_) | Value::Vector(_) => 10,
            Value::Set(_) => 11,
            Value::Map(_) => 12,
            Value::Tagged(_) => 13,
            Value::Opaque(_) => 14,
        }
    }

    /// Which numbers are `=` when they are the same number: whole numbers and ratios among themselves,
    /// doubles among themselves, big decimals among themselves.
    fn number_kind(&self) -> u8 {
        match self {
            Value::Double(_) => 1,
            Value::BigDec(_) => 2,
            _ => 0,
        }
    }

    /// Compares two numbers by what they are, whatever their kinds: `1`, `1.0` and `1M` are the same number.
    /// NaN is below all others. `None` where one of the two is no number.
    pub fn compare_numbers(&self, other: &Value) -> Option<Ordering> {
        Some(match (self, other) {
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Double(a), Value::Double(b)) => compare_doubles(*a, *b),
            (Value::Int(a), Value::Double(b)) => compare_int_double(*a, *b),
            (Value::Double(a), Value::Int(b)) => compare_int_double(*b, *a).reverse(),
            _ => Exact::of(self)?.compare(&Exact::of(other)?),
        })
    }
}

fn compare_doubles(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

fn compare_int_double(a: i64, b: f64) -> Ordering {
    if b.is_nan() {
        return Ordering::Greater;
    }
    if b >= 9_223_372_036_854_775_808.0 {
        return Ordering::Less;
    }
    if b < -9_223_372_036_854_775_808.0 {
        return Ordering::Greater;
    }
    let whole = b.trunc();
    a.cmp(&(whole as i64)).then_with(|| 0.0f64.partial_cmp(&(b - whole)).unwrap_or(Ordering::Equal))
}

/// A number as a fraction `numerator / (denominator × 10^scale)`, or beyond all fractions.
enum Exact {
    NaN,
    NegativeInfinity,
    Infinity,
    Fraction { numerator: BigInt, denominator: BigInt, scale: i64 },
}

impl Exact {
    fn of(value: &Value) -> Option<Exact> {
        let whole =
            |n: BigInt| Exact::Fraction { numerator: n, denominator: BigInt::from(1), scale: 0 };
        Some(match value {
            Value::Int(n) => whole(BigInt::from(*n)),
            Value::BigInt(n) => whole((**n).clone()),
            Value::Ratio(r) => Exact::Fraction {
                numerator: r.numerator().clone(),
                denominator: r.denominator().clone(),
                scale: 0,
            },
            Value::BigDec(d) => Exact::Fraction {
                numerator: d.unscaled.clone(),
                denominator: BigInt::from(1),
                scale: i64::from(d.scale),
            },
            Value::Double(d) => Exact::of_double(*d),
            _ => return None,
        })
    }

    fn of_double(d: f64) -> Exact {
        if d.is_nan() {
            return Exact::NaN;
        }
        if d.is_infinite() {
            return if d > 0.0 { Exact::Infinity } else { Exact::NegativeInfinity };
        }
        let bits = d.to_bits();
        let exponent = ((bits >> 52) & 0x7ff) as i64;
        let fraction = bits & ((1 << 52) - 1);
        let mantissa = if exponent == 0 { fraction << 1 } else { fraction | (1 << 52) };
        let shift = exponent - 1075;
        let mut numerator = BigInt::from(mantissa);
        if d < 0.0 {
            numerator = -numerator;
        }
        let one = BigInt::from(1);
        let (numerator, denominator) = if shift >= 0 {
            (numerator << shift as usize, one)
        } else {
            (numerator, one << shift.unsigned_abs() as usize)
        };
        Exact::Fraction { numerator, denominator, scale: 0 }
    }

    fn compare(&self, other: &Exact) -> Ordering {
        use Exact::{Fraction, Infinity, NaN, NegativeInfinity};
        let place = |e: &Exact| match e {
            NaN => 0,
            NegativeInfinity => 1,
            Fraction { .. } => 2,
            Infinity => 3,
        };
        match (self, other) {
            (
                Fraction { numerator: n1, denominator: d1, scale: s1 },
                Fraction { numerator: n2, denominator: d2, scale: s2 },
            ) => compare_scaled(&(n1 * d2), *s1, &(n2 * d1), *s2),
            _ => place(self).cmp(&place(other)),
        }
    }
}

/// Compares `a × 10^-sa` with `b × 10^-sb`. The scales may be as far apart as a 32-bit scale allows; digits
/// are only multiplied out when the two numbers are of a size.
fn compare_scaled(a: &BigInt, sa: i64, b: &BigInt, sb: i64) -> Ordering {
    let sign = |n: &BigInt| match n.sign() {
        Sign::Minus => -1,
        Sign::NoSign => 0,
        Sign::Plus => 1,
    };
    let by_sign = sign(a).cmp(&sign(b));
    if by_sign != Ordering::Equal || a.is_zero() {
        return by_sign;
    }
    let magnitude = if sa == sb {
        a.abs().cmp(&b.abs())
    } else {
        let (size_a, size_b) = (log10_bounds(a, sa), log10_bounds(b, sb));
        if size_a.0 > size_b.1 {
            Ordering::Greater
        } else if size_a.1 < size_b.0 {
            Ordering::Less
        } else {
            let power = |n: i64| BigInt::from(10).pow(n.unsigned_abs() as u32);
            if sa > sb {
                a.abs().cmp(&(b.abs() * power(sa - sb)))
            } else {
                (a.abs() * power(sb - sa)).cmp(&b.abs())
            }
        }
    };
    if a.is_negative() { magnitude.reverse() } else { magnitude }
}

/// Whole numbers below and above the decimal logarithm of `|n| × 10^-scale`.
fn log10_bounds(n: &BigInt, scale: i64) -> (i64, i64) {
    let bits = n.bits() as f64;
    let low = ((bits - 1.0) * std::f64::consts::LOG10_2).floor() as i64 - 1;
    let high = (bits * std::f64::consts::LOG10_2).ceil() as i64 + 1;
    (low - scale, high - scale)
}

impl BigDec {
    /// The same number with no zeros at the end of its digits.
    pub(crate) fn strip_trailing_zeros(&self) -> BigDec {
        if self.unscaled.is_zero() {
            return BigDec { unscaled: BigInt::zero(), scale: 0 };
        }
        let (mut unscaled, mut scale) = (self.unscaled.clone(), self.scale);
        let ten = BigInt::from(10);
        while scale > i32::MIN {
            let quotient = &unscaled / &ten;
            if &quotient * &ten != unscaled {
                break;
            }
            unscaled = quotient;
            scale -= 1;
        }
        BigDec { unscaled, scale }
    }
}

impl PartialEq for BigDec {
    fn eq(&self, other: &Self) -> bool {
        compare_scaled(
            &self.unscaled,
            i64::from(self.scale),
            &other.unscaled,
            i64::from(other.scale),
        ) == Ordering::Equal
    }
}

impl Eq for BigDec {}

fn compare_sequences(a: &[Value], b: &[Value]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Sets and maps: the smaller first, then by hash, and only where that decides nothing by their items in order.
/// Sorting nested sets to compare them would sort the inner ones over and over, twice as often at each level.
fn compare_sets(a: &Set, b: &Set) -> Ordering {
    let sorted = |set: &Set| {
        let mut items: Vec<Value> = set.iter().cloned().collect();
        items.sort_unstable();
        items
    };
    (a.len().cmp(&b.len()))
        .then_with(|| crate::hash::set(a).cmp(&crate::hash::set(b)))
        .then_with(|| if a == b { Ordering::Equal } else { sorted(a).cmp(&sorted(b)) })
}

fn compare_maps(a: &Map, b: &Map) -> Ordering {
    let sorted = |map: &Map| {
        let mut entries: Vec<(Value, Value)> =
            map.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        entries.sort_unstable();
        entries
    };
    (a.len().cmp(&b.len()))
        .then_with(|| crate::hash::map(a).cmp(&crate::hash::map(b)))
        .then_with(|| if a == b { Ordering::Equal } else { sorted(a).cmp(&sorted(b)) })
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Str(a), Value::Str(b)) => a.cmp(b),
            (Value::Keyword(a), Value::Keyword(b)) => a.cmp(b),
            (Value::Symbol(a), Value::Symbol(b)) => a.cmp(b),
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Char(a), Value::Char(b)) => a.cmp(b),
            (Value::Inst(a), Value::Inst(b)) => a.cmp(b),
            (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
            (Value::Regex(a), Value::Regex(b)) => a.cmp(b),
            (Value::Set(a), Value::Set(b)) => compare_sets(a, b),
            (Value::Map(a), Value::Map(b)) => compare_maps(a, b),
            (Value::Tagged(a), Value::Tagged(b)) => a.cmp(b),
            (Value::Opaque(a), Value::Opaque(b)) => a.address().cmp(&b.address()),
            _ => self.cmp_mixed(other),
        }
    }
}

impl Value {
    fn cmp_mixed(&self, other: &Self) -> Ordering {
        if let (Some(a), Some(b)) = (self.as_seq(), other.as_seq()) {
            return compare_sequences(a, b);
        }
        self.rank().cmp(&other.rank()).then_with(|| {
            self.compare_numbers(other)
                .unwrap_or(Ordering::Equal)
                .then_with(|| self.number_kind().cmp(&other.number_kind()))
        })
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    /// What most keys of maps and most values are is compared without a call.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Keyword(a), Value::Keyword(b)) => a == b,
            _ => self.eq_rarer(other),
        }
    }
}

impl Value {
    fn eq_rarer(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Nil, Value::Nil) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::BigInt(a), Value::BigInt(b)) => a == b,
            (Value::Int(a), Value::BigInt(b)) | (Value::BigInt(b), Value::Int(a)) => {
                b.to_i64() == Some(*a)
            }
            (Value::Ratio(a), Value::Ratio(b)) => a == b,
            (Value::Double(a), Value::Double(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Value::BigDec(a), Value::BigDec(b)) => a == b,
            (Value::Char(a), Value::Char(b)) => a == b,
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Symbol(a), Value::Symbol(b)) => a == b,
            (Value::Map(a), Value::Map(b)) => a == b,
            (Value::Set(a), Value::Set(b)) => a == b,
            (Value::Inst(a), Value::Inst(b)) => a == b,
            (Value::Uuid(a), Value::Uuid(b)) => a == b,
            (Value::Regex(a), Value::Regex(b)) => a == b,
            (Value::Tagged(a), Value::Tagged(b)) => a == b,
            (Value::Opaque(a), Value::Opaque(b)) => a.address() == b.address(),
            _ => match (self.as_seq(), other.as_seq()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }
}

impl Eq for Value {}

impl std::hash::Hash for Value {
    /// Texts, and sequences by their items, are hashed by what they hold: texts that collide under Clojure's hash are easy to
    /// make, and would all land in one place of a table.
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match self {
            Value::Str(text) => text.as_bytes().hash(state),
            Value::List(items) => items.as_slice().hash(state),
            Value::Vector(items) => items.as_slice().hash(state),
            other => state.write_u32(other.hasheq()),
        }
    }
}
