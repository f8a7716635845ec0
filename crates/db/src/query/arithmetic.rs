//! Clojure's numbers: `+ - * /` and their kin, with its rules of contagion.
//!
//! A double makes the result a double, else a big decimal makes it one, else whole numbers and ratios are exact.
//! Integers that leave 64 bits are an error, as in Clojure, not a wrap.

use super::bounds::check_bits;
use edn::{BigDec, BigInt, CallError, Ratio, Value};
use num_traits::{Signed, ToPrimitive, Zero};
use std::sync::Arc;

pub(super) type Result = std::result::Result<Value, CallError>;

pub(super) fn fail<T>(message: impl Into<String>) -> std::result::Result<T, CallError> {
    Err(CallError(message.into()))
}

fn not_a_number(value: &Value) -> CallError {
    CallError(format!("expected a number, got {value}"))
}

/// Any number as a double.
pub(super) fn to_f64(value: &Value) -> Option<f64> {
    Some(match value {
        Value::Int(n) => *n as f64,
        Value::Double(d) => *d,
        Value::BigInt(n) => n.to_f64()?,
        Value::Ratio(r) => r.numerator().to_f64()? / r.denominator().to_f64()?,
        Value::BigDec(d) => d.unscaled.to_f64()? * 10f64.powi(d.scale.checked_neg()?),
        _ => return None,
    })
}

pub(super) fn is_number(value: &Value) -> bool {
    matches!(
        value,
        Value::Int(_) | Value::Double(_) | Value::BigInt(_) | Value::Ratio(_) | Value::BigDec(_)
    )
}

/// An exact number as a fraction.
fn fraction(value: &Value) -> Option<(BigInt, BigInt)> {
    Some(match value {
        Value::Int(n) => (BigInt::from(*n), BigInt::from(1)),
        Value::BigInt(n) => ((**n).clone(), BigInt::from(1)),
        Value::Ratio(r) => (r.numerator().clone(), r.denominator().clone()),
        _ => return None,
    })
}

fn whole(n: BigInt) -> Value {
    Value::BigInt(Arc::new(n))
}

fn from_fraction(numerator: BigInt, denominator: BigInt) -> Value {
    match Ratio::new(numerator, denominator) {
        Ok(ratio) => Value::Ratio(Arc::new(ratio)),
        Err(n) => whole(n),
    }
}

fn decimal(value: &Value) -> Option<BigDec> {
    match value {
        Value::BigDec(d) => Some((**d).clone()),
        Value::Int(n) => Some(BigDec { unscaled: BigInt::from(*n), scale: 0 }),
        Value::BigInt(n) => Some(BigDec { unscaled: (**n).clone(), scale: 0 }),
        _ => None,
    }
}

/// How far apart the scales of two decimals may be: bringing them together writes that many digits.
const MAX_SCALE_GAP: u32 = 10_000;

fn align(a: BigDec, b: BigDec) -> std::result::Result<(BigInt, BigInt, i32), CallError> {
    let gap = a.scale.abs_diff(b.scale);
    if gap > MAX_SCALE_GAP {
        return fail("decimals too far apart in scale");
    }
    let factor = BigInt::from(10).pow(gap);
    Ok(if a.scale < b.scale {
        (a.unscaled * factor, b.unscaled, b.scale)
    } else {
        (a.unscaled, b.unscaled * factor, a.scale)
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

pub(super) fn apply(operator: Operator, a: &Value, b: &Value) -> Result {
    if let (Value::Int(a), Value::Int(b)) = (a, b)
        && operator != Operator::Divide
    {
        let result = match operator {
            Operator::Add => a.checked_add(*b),
            Operator::Subtract => a.checked_sub(*b),
            _ => a.checked_mul(*b),
        };
        return result.map_or_else(|| fail("integer overflow"), |n| Ok(Value::Int(n)));
    }
    if matches!(a, Value::Double(_)) || matches!(b, Value::Double(_)) {
        let (x, y) =
            (to_f64(a).ok_or_else(|| not_a_number(a))?, to_f64(b).ok_or_else(|| not_a_number(b))?);
        return Ok(Value::Double(match operator {
            Operator::Add => x + y,
            Operator::Subtract => x - y,
            Operator::Multiply => x * y,
            Operator::Divide if y == 0.0 && !matches!(b, Value::Double(_)) => {
                return fail("Divide by zero");
            }
            Operator::Divide => x / y,
        }));
    }
    if let (Value::BigDec(_), _) | (_, Value::BigDec(_)) = (a, b) {
        let x = decimal(a).ok_or_else(|| not_a_number(a))?;
        let y = decimal(b).ok_or_else(|| not_a_number(b))?;
        return decimals(operator, x, y);
    }
    let (n1, d1) = fraction(a).ok_or_else(|| not_a_number(a))?;
    let (n2, d2) = fraction(b).ok_or_else(|| not_a_number(b))?;
    check_bits(n1.bits().max(d1.bits()) + n2.bits().max(d2.bits()))?;
    let (numerator, denominator) = match operator {
        Operator::Add => (n1 * &d2 + n2 * &d1, d1 * d2),
        Operator::Subtract => (n1 * &d2 - n2 * &d1, d1 * d2),
        Operator::Multiply => (n1 * n2, d1 * d2),
        Operator::Divide if n2.is_zero() => return fail("Divide by zero"),
        Operator::Divide => (n1 * d2, d1 * n2),
    };
    let result = from_fraction(numerator, denominator);
    // Dividing two longs gives a long where it comes out even.
    Ok(match (&result, a, b) {
        (Value::BigInt(n), Value::Int(_), Value::Int(_)) => {
            n.to_i64().map_or_else(|| result.clone(), Value::Int)
        }
        _ => result,
    })
}

fn decimals(operator: Operator, a: BigDec, b: BigDec) -> Result {
    check_bits(a.unscaled.bits() + b.unscaled.bits())?;
    let result = match operator {
        Operator::Add | Operator::Subtract => {
            let (x, y, scale) = align(a, b)?;
            BigDec { unscaled: if operator == Operator::Add { x + y } else { x - y }, scale }
        }
        Operator::Multiply => BigDec {
            scale: a
                .scale
                .checked_add(b.scale)
                .ok_or_else(|| CallError("scale overflow".into()))?,
            unscaled: a.unscaled * b.unscaled,
        },
        Operator::Divide => return divide_decimals(a, b),
    };
    Ok(Value::BigDec(Arc::new(result)))
}

fn divide_decimals(a: BigDec, b: BigDec) -> Result {
    if b.unscaled.is_zero() {
        return fail("Divide by zero");
    }
    let (numerator, denominator, _) = align(a, b)?;
    let (mut numerator, mut scale) = (numerator, 0);
    // A fraction ends when its denominator has only twos and fives; each digit takes one of each away.
    while !(&numerator % &denominator).is_zero() {
        numerator *= 10;
        scale += 1;
        if scale > 1000 {
            return fail(
                "Non-terminating decimal expansion; no exact representable decimal result.",
            );
        }
    }
    Ok(Value::BigDec(Arc::new(BigDec { unscaled: numerator / denominator, scale })))
}

/// `quot`, `rem` and `mod`.
pub(super) fn integer_division(name: &str, a: &Value, b: &Value) -> Result {
    if let (Value::Int(a), Value::Int(b)) = (a, b) {
        if *b == 0 {
            return fail("Divide by zero");
        }
        let result = match name {
            "quot" => a.checked_div(*b),
            "rem" => Some(a.wrapping_rem(*b)),
            _ => Some(a.wrapping_rem(*b))
                .map(|r| if r != 0 && (r < 0) != (*b < 0) { r + b } else { r }),
        };
        return result.map_or_else(|| fail("integer overflow"), |n| Ok(Value::Int(n)));
    }
    let (Some(x), Some(y)) = (to_f64(a), to_f64(b)) else {
        return Err(not_a_number(if is_number(a) { b } else { a }));
    };
    if y == 0.0 {
        return fail("Divide by zero");
    }
    if let (Some((n1, d1)), Some((n2, d2))) = (fraction(a), fraction(b)) {
        let quotient = (&n1 * &d2) / (&n2 * &d1);
        let remainder = |q: &BigInt| from_fraction(&n1 * &d2 - q * &n2 * &d1, &d1 * &d2);
        return Ok(match name {
            "quot" => whole(quotient),
            "rem" => remainder(&quotient),
            _ => {
                let r = remainder(&quotient);
                let differs = is_negative(&r) != n2.is_negative();
                if differs && !is_zero(&r) { apply(Operator::Add, &r, b)? } else { r }
            }
        });
    }
    let remainder = x % y;
    Ok(Value::Double(match name {
        "quot" => (x / y).trunc(),
        "rem" => remainder,
        _ if remainder != 0.0 && (remainder < 0.0) != (y < 0.0) => remainder + y,
        _ => remainder,
    }))
}

pub(super) fn is_zero(value: &Value) -> bool {
    value.compare_numbers(&Value::Int(0)).is_some_and(|o| o.is_eq())
}

pub(super) fn is_negative(value: &Value) -> bool {
    value.compare_numbers(&Value::Int(0)).is_some_and(|o| o.is_lt())
}
