//! Numbers that a machine word cannot hold.

use crate::{BigInt, Value};
use num_integer::Integer;
use num_traits::{Num, One, Signed, ToPrimitive, Zero};
use std::sync::Arc;

/// A ratio in lowest terms with a positive denominator above one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Ratio {
    numerator: BigInt,
    denominator: BigInt,
}

impl Ratio {
    /// In lowest terms; `Err` holds the whole number where the denominator divides.
    /// The denominator must not be zero.
    pub fn new(numerator: BigInt, denominator: BigInt) -> Result<Ratio, BigInt> {
        assert!(!denominator.is_zero(), "a ratio's denominator is not zero");
        let gcd = numerator.gcd(&denominator);
        let sign = if denominator.is_negative() { -1 } else { 1 };
        let (numerator, denominator): (BigInt, BigInt) =
            (numerator / &gcd * sign, denominator / &gcd * sign);
        if denominator.is_one() { Err(numerator) } else { Ok(Ratio { numerator, denominator }) }
    }

    /// Above the line.
    pub fn numerator(&self) -> &BigInt {
        &self.numerator
    }

    /// Below the line.
    pub fn denominator(&self) -> &BigInt {
        &self.denominator
    }
}

/// `unscaled × 10^-scale`, as `java.math.BigDecimal`. Two are equal when they are the same number,
/// whatever their scales, as in Clojure's `=`.
#[derive(Clone, Debug)]
pub struct BigDec {
    /// All digits.
    pub unscaled: BigInt,
    /// How many of them stand after the point.
    pub scale: i32,
}

/// Whether a token that starts as a number is one, as Clojure reads numbers.
pub(crate) fn is_number(token: &[u8]) -> bool {
    let unsigned = match token.first() {
        Some(b'+' | b'-') => &token[1..],
        _ => token,
    };
    is_integer(unsigned) || is_ratio(unsigned) || is_decimal(unsigned)
}

fn all(digits: &[u8], test: impl Fn(&u8) -> bool) -> bool {
    !digits.is_empty() && digits.iter().all(test)
}

fn is_integer(token: &[u8]) -> bool {
    if radix(token).is_some() {
        return true;
    }
    let token = token.strip_suffix(b"N").unwrap_or(token);
    match token {
        [b'0'] => true,
        [b'0', b'x' | b'X', digits @ ..] => all(digits, u8::is_ascii_hexdigit),
        [b'0', digits @ ..] => all(digits, |b| matches!(b, b'0'..=b'7')),
        _ => all(token, u8::is_ascii_digit),
    }
}

/// Radix and digits of `36rZZ`. An `N` at its end is a digit, or wrong.
fn radix(token: &[u8]) -> Option<(u32, &[u8])> {
    let r = token.iter().take(3).position(|b| matches!(b, b'r' | b'R'))?;
    let (base, digits) = (&token[..r], &token[r + 1..]);
    if base.first() == Some(&b'0') || !all(base, u8::is_ascii_digit) {
        return None;
    }
    let base = base.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
    let valid = (2..=36).contains(&base) && all(digits, |b| (*b as char).is_digit(base));
    valid.then_some((base, digits))
}

fn is_ratio(token: &[u8]) -> bool {
    let Some(slash) = token.iter().position(|b| *b == b'/') else { return false };
    all(&token[..slash], u8::is_ascii_digit) && all(&token[slash + 1..], u8::is_ascii_digit)
}

fn is_decimal(token: &[u8]) -> bool {
    let (token, whole) = match token.strip_suffix(b"M") {
        Some(token) => (token, false),
        None => (token, true),
    };
    let (mantissa, exponent) = match token.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(e) => (&token[..e], Some(&token[e + 1..])),
        None => (token, None),
    };
    let exponent_reads = exponent.is_none_or(|e| {
        let digits = if let [b'+' | b'-', digits @ ..] = e { digits } else { e };
        all(digits, u8::is_ascii_digit)
    });
    let mantissa_reads = match mantissa.iter().position(|b| *b == b'.') {
        Some(point) => {
            all(&mantissa[..point], u8::is_ascii_digit)
                && mantissa[point + 1..].iter().all(u8::is_ascii_digit)
        }
        None => all(mantissa, u8::is_ascii_digit),
    };
    let octal = token.len() > 1 && token[0] == b'0' && all(token, u8::is_ascii_digit);
    exponent_reads && mantissa_reads && !(octal && whole)
}

/// The value of a token for which [`is_number`] holds. `None` where it has no value: a zero denominator,
/// or an exponent beyond what a big decimal's scale can hold.
pub(crate) fn parse_number(token: &str) -> Option<Value> {
    let (negative, unsigned) = match token.as_bytes() {
        [b'-', ..] => (true, &token[1..]),
        [b'+', ..] => (false, &token[1..]),
        _ => (false, token),
    };
    if is_integer(unsigned.as_bytes()) {
        return parse_integer(unsigned, negative);
    }
    if let Some((numerator, denominator)) = unsigned.split_once('/') {
        let numerator = signed(BigInt::from_str_radix(numerator, 10).ok()?, negative);
        let denominator = BigInt::from_str_radix(denominator, 10).ok()?;
        if denominator.is_zero() {
            return None;
        }
        return Some(match Ratio::new(numerator, denominator) {
            Ok(ratio) => Value::Ratio(Arc::new(ratio)),
            Err(whole) => whole.to_i64().map_or_else(|| Value::BigInt(Arc::new(whole)), Value::Int),
        });
    }
    match token.strip_suffix('M') {
        Some(digits) => parse_big_dec(digits),
        None => token.parse().ok().map(Value::Double),
    }
}

fn signed(n: BigInt, negative: bool) -> BigInt {
    if negative { -n } else { n }
}

fn parse_integer(unsigned: &str, negative: bool) -> Option<Value> {
    let (digits, big) = match unsigned.strip_suffix('N') {
        Some(digits) if radix(unsigned.as_bytes()).is_none() => (digits, true),
        _ => (unsigned, false),
    };
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        bytes => match radix(bytes) {
            Some((base, rest)) => (base, &digits[digits.len() - rest.len()..]),
            None => (10, digits),
        },
    };
    if !big && digits.len() <= 18 {
        let n = i64::from_str_radix(digits, base).ok();
        if let Some(n) = n {
            return Some(Value::Int(if negative { -n } else { n }));
        }
    }
    let n = signed(BigInt::from_str_radix(digits, base).ok()?, negative);
    match n.to_i64() {
        Some(small) if !big => Some(Value::Int(small)),
        _ => Some(Value::BigInt(Arc::new(n))),
    }
}

fn parse_big_dec(token: &str) -> Option<Value> {
    let (mantissa, exponent) = match token.find(['e', 'E']) {
        Some(e) => (&token[..e], token[e + 1..].parse::<i64>().ok()?),
        None => (token, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let unscaled = BigInt::from_str_radix(&format!("{whole}{fraction}"), 10).ok()?;
    let scale = i32::try_from((fraction.len() as i64).checked_sub(exponent)?).ok()?;
    Some(Value::BigDec(Arc::new(BigDec { unscaled, scale })))
}
