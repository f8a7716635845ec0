//! Aggregates: DataScript's, and those of an analytics tool.

use super::arithmetic::{self, Operator, Result, fail, to_f64};
use edn::{CallError, Set, Value};
use std::cmp::Ordering;

/// A function over all values of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Avg,
    Median,
    Variance,
    Stddev,
    Min,
    Max,
    Rand,
    Sample,
    Count,
    CountDistinct,
    Distinct,
    Percentile,
}

pub(super) fn aggregate(name: &str) -> Option<Aggregate> {
    Some(match name {
        "sum" => Aggregate::Sum,
        "avg" => Aggregate::Avg,
        "median" => Aggregate::Median,
        "variance" => Aggregate::Variance,
        "stddev" => Aggregate::Stddev,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        "rand" => Aggregate::Rand,
        "sample" => Aggregate::Sample,
        "count" => Aggregate::Count,
        "count-distinct" => Aggregate::CountDistinct,
        "distinct" => Aggregate::Distinct,
        "percentile" => Aggregate::Percentile,
        _ => return None,
    })
}

fn compare(a: &Value, b: &Value) -> Ordering {
    a.compare_numbers(b).unwrap_or_else(|| a.cmp(b))
}

/// Clojure's `compare`, which refuses what has no order in common.
pub(super) fn clojure_compare(a: &Value, b: &Value) -> std::result::Result<Ordering, CallError> {
    if let Some(order) = a.compare_numbers(b) {
        return Ok(order);
    }
    match (a, b) {
        (Value::Nil, _) | (_, Value::Nil) => Ok(a.is_nil().cmp(&b.is_nil()).reverse()),
        (Value::Vector(x), Value::Vector(y)) if x.len() == y.len() => {
            for (x, y) in x.iter().zip(y) {
                match clojure_compare(x, y)? {
                    Ordering::Equal => {}
                    unequal => return Ok(unequal),
                }
            }
            Ok(Ordering::Equal)
        }
        (Value::Vector(x), Value::Vector(y)) => Ok(x.len().cmp(&y.len())),
        (Value::Str(_), Value::Str(_))
        | (Value::Keyword(_), Value::Keyword(_))
        | (Value::Symbol(_), Value::Symbol(_))
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Char(_), Value::Char(_))
        | (Value::Inst(_), Value::Inst(_))
        | (Value::Uuid(_), Value::Uuid(_)) => Ok(a.cmp(b)),
        _ => Err(CallError(format!("Cannot compare {a} to {b}"))),
    }
}

/// The values in order, where they have one in common.
fn sorted(values: &[Value]) -> std::result::Result<Vec<Value>, CallError> {
    for value in values {
        clojure_compare(&values[0], value)?;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(compare);
    Ok(sorted)
}

fn sum(values: &[Value]) -> Result {
    values.iter().try_fold(Value::Int(0), |sum, v| arithmetic::apply(Operator::Add, &sum, v))
}

fn doubles(values: &[Value]) -> std::result::Result<Vec<f64>, CallError> {
    let number =
        |v: &Value| to_f64(v).ok_or_else(|| CallError(format!("expected a number, got {v}")));
    values.iter().map(number).collect()
}

/// The mean, exact where numbers are, as `(/ sum count)`.
fn mean(values: &[Value]) -> Result {
    arithmetic::apply(Operator::Divide, &sum(values)?, &Value::Int(values.len() as i64))
}

/// The mean of integers whose sum and number are known; `None` where that is no number.
pub(super) fn quotient(sum: i64, count: i64) -> Option<Value> {
    arithmetic::apply(Operator::Divide, &Value::Int(sum), &Value::Int(count)).ok()
}

fn variance(values: &[Value]) -> std::result::Result<f64, CallError> {
    let numbers = doubles(values)?;
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    Ok(numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n)
}

fn median(values: &[Value]) -> Result {
    let sorted = sorted(values)?;
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        return Ok(sorted[middle].clone());
    }
    let both = arithmetic::apply(Operator::Add, &sorted[middle - 1], &sorted[middle])?;
    arithmetic::apply(Operator::Divide, &both, &Value::Int(2))
}

/// The value at or above which `p` percent of the group does not lie (nearest rank).
fn percentile(values: &[Value], p: &Value) -> Result {
    let p = to_f64(p).filter(|p| (0.0..=100.0).contains(p));
    let Some(p) = p else { return fail("percentile: expected a number from 0 to 100") };
    let sorted = sorted(values)?;
    let rank = (p / 100.0 * sorted.len() as f64).ceil() as usize;
    Ok(sorted[rank.clamp(1, sorted.len()) - 1].clone())
}

fn size(args: &[Value]) -> std::result::Result<Option<usize>, CallError> {
    match args {
        [] => Ok(None),
        [Value::Int(n)] if *n >= 0 => Ok(Some(*n as usize)),
        _ => fail("expected a number of items"),
    }
}

impl Aggregate {
    /// The aggregate of a group that is not empty. `args` are the constants before the variable.
    pub(super) fn apply(self, args: &[Value], values: &[Value]) -> Result {
        match self {
            Aggregate::Sum => sum(values),
            Aggregate::Avg => mean(values),
            Aggregate::Median => median(values),
            Aggregate::Variance => variance(values).map(Value::Double),
            Aggregate::Stddev => Ok(Value::Double(variance(values)?.sqrt())),
            Aggregate::Min | Aggregate::Max => self.extreme(args, values),
            Aggregate::Rand | Aggregate::Sample => self.random(args, values),
            Aggregate::Count => Ok(Value::Int(values.len() as i64)),
            Aggregate::CountDistinct => {
                Ok(Value::Int(values.iter().cloned().collect::<Set>().len() as i64))
            }
            Aggregate::Distinct => Ok(Value::Set(values.iter().cloned().collect())),
            Aggregate::Percentile => match args {
                [p] => percentile(values, p),
                _ => fail("percentile: expected (percentile 95 ?x)"),
            },
        }
    }

    fn extreme(self, args: &[Value], values: &[Value]) -> Result {
        let mut sorted = sorted(values)?;
        match size(args)? {
            None => {
                let found = if self == Aggregate::Min { sorted.first() } else { sorted.last() };
                Ok(found.cloned().unwrap_or(Value::Nil))
            }
            Some(n) if self == Aggregate::Min => {
                sorted.truncate(n);
                Ok(Value::vector(sorted))
            }
            Some(n) => Ok(Value::vector(sorted.split_off(sorted.len().saturating_sub(n)))),
        }
    }

    fn random(self, args: &[Value], values: &[Value]) -> Result {
        let pick = |n: usize| (crate::random::bits() % n.max(1) as u64) as usize;
        match (self, size(args)?) {
            (Aggregate::Rand, None) => Ok(values[pick(values.len())].clone()),
            (Aggregate::Rand, Some(n)) => {
                Ok(Value::vector((0..n).map(|_| values[pick(values.len())].clone()).collect()))
            }
            (_, None) => fail("sample: expected (sample 3 ?x)"),
            (_, Some(n)) => {
                let mut shuffled = values.to_vec();
                let n = n.min(shuffled.len());
                for i in 0..n {
                    let j = i + pick(shuffled.len() - i);
                    shuffled.swap(i, j);
                }
                shuffled.truncate(n);
                Ok(Value::vector(shuffled))
            }
        }
    }
}
