//! How large a value a function may make.
//!
//! A rule can hand a function its own results for ever, so that a text doubles or a vector nests once more each time; what
//! recurses over values counts on [`edn::MAX_DEPTH`]. Looking costs a step for each part of a value, as hashing it does.

use edn::{BigInt, CallError, Value};

/// Parts of a collection, all levels together, and bytes of text.
const MAX_WEIGHT: usize = 1 << 24;

/// Bits of a whole number, or of a part of a ratio or decimal.
const MAX_BITS: u64 = 1 << 20;

/// Refuses a value that is too large or nested too deep.
pub(super) fn check_value(value: &Value) -> Result<(), CallError> {
    weigh(value, edn::MAX_DEPTH, &mut 0)
}

/// Refuses a text before it is made.
pub(super) fn check_text(bytes: usize) -> Result<(), CallError> {
    check_weight(bytes)
}

/// Refuses a number before it is made.
pub(super) fn check_bits(bits: u64) -> Result<(), CallError> {
    match bits > MAX_BITS {
        true => Err(CallError(format!("number too large: more than {MAX_BITS} bits"))),
        false => Ok(()),
    }
}

fn check_weight(weight: usize) -> Result<(), CallError> {
    match weight > MAX_WEIGHT {
        true => Err(CallError(format!("value too large: more than {MAX_WEIGHT} parts or bytes"))),
        false => Ok(()),
    }
}

fn weigh(value: &Value, depth: usize, weight: &mut usize) -> Result<(), CallError> {
    let bits = |n: &BigInt| check_bits(n.bits());
    *weight += 1;
    match value {
        Value::Str(text) => *weight += text.len(),
        Value::Symbol(symbol) => *weight += symbol.as_str().len(),
        Value::Keyword(keyword) => *weight += keyword.as_str().len(),
        Value::BigInt(n) => bits(n)?,
        Value::BigDec(d) => bits(&d.unscaled)?,
        Value::Ratio(r) => bits(r.numerator()).and_then(|()| bits(r.denominator()))?,
        Value::List(_) | Value::Vector(_) | Value::Set(_) | Value::Map(_) | Value::Tagged(_) => {
            let Some(depth) = depth.checked_sub(1) else {
                return Err(CallError(format!(
                    "value nested too deep: more than {} levels",
                    edn::MAX_DEPTH
                )));
            };
            return weigh_parts(value, depth, weight);
        }
        _ => {}
    }
    check_weight(*weight)
}

fn weigh_parts(value: &Value, depth: usize, weight: &mut usize) -> Result<(), CallError> {
    let mut each = |part: &Value| weigh(part, depth, weight);
    match value {
        Value::Set(set) => set.iter().try_for_each(each),
        Value::Map(map) => map.iter().try_for_each(|(k, v)| each(k).and_then(|()| each(v))),
        Value::Tagged(tagged) => each(&tagged.value),
        _ => value.as_seq().unwrap_or_default().iter().try_for_each(each),
    }
}
