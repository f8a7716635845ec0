//! Numbers that a machine word cannot hold.

use crate::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

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
