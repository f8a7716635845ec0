//! Which of many cells are wanted: tests that a processor needs no guess for, so that it cannot guess wrong.
//!
//! A test is a range of numbers, or all outside of it: one value, and each comparison with an integer, are that. Places that
//! pass are written down unconditionally, each over the last that did not pass.
//!
//! Costs: about seven instructions a cell, however many pass.

use crate::cell::{Cell, Tag};
use crate::dict::Dict;

/// So many cells are looked at in one go: a leaf's fit.
pub(super) const BLOCK: usize = 128;

/// A range of cells by their order as signed numbers. It may begin above its end: then it is all outside of what is between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Test {
    lowest: i64,
    span: u64,
}

impl Test {
    /// No cell is this number.
    const NO_CELL: i64 = i64::MIN + 7;

    fn within(lowest: i64, highest: i64) -> Test {
        Test { lowest, span: highest.wrapping_sub(lowest) as u64 }
    }

    /// To be this very cell.
    pub(super) fn is(cell: Cell) -> Test {
        Test::within(cell.in_order(), cell.in_order())
    }

    /// What a comparison asks of an integer on its left, with a cell that is one on its right; `None` for other functions.
    pub(super) fn comparison(name: &str, with: Cell) -> Option<Test> {
        let n = with.in_order();
        let none = Test::within(Test::NO_CELL, Test::NO_CELL);
        Some(match name {
            "<" => n.checked_sub(1).map_or(none, |below| Test::within(i64::MIN, below)),
            "<=" => Test::within(i64::MIN, n),
            ">" => n.checked_add(1).map_or(none, |above| Test::within(above, i64::MAX)),
            ">=" => Test::within(n, i64::MAX),
            "=" => Test::is(with),
            "!=" | "not=" => Test::within(n.wrapping_add(1), n.wrapping_sub(1)),
            _ => return None,
        })
    }

    /// The comparison that says the same with its sides exchanged.
    pub(super) fn mirrored(name: &str) -> &str {
        match name {
            "<" => ">",
            "<=" => ">=",
            ">" => "<",
            ">=" => "<=",
            symmetric => symmetric,
        }
    }

    #[inline(always)]
    pub(super) fn passes(self, cell: Cell) -> bool {
        cell.in_order().wrapping_sub(self.lowest) as u64 <= self.span
    }
}

/// A test of a database's values, with what must be true of them for it to be right.
#[derive(Clone, Copy)]
pub(super) enum Sieve {
    /// A value, by the cell that stands for its class.
    Value(Cell),
    /// A comparison of integers: only for those.
    Integers(Test),
}

/// A value that is no integer stands where only integers can be tested.
pub(super) struct NoInteger;

/// What a sieve comes to for some values.
pub(super) enum Fitting<'d> {
    /// Cells tell.
    Plain(Test),
    /// Classes have to be compared.
    Classes(Cell, &'d Dict),
}

impl Sieve {
    /// Whether a value passes by itself.
    pub(super) fn passes(&self, dict: &Dict, value: Cell) -> bool {
        match self {
            Sieve::Value(class) => dict.class(value) == *class,
            Sieve::Integers(test) => value.as_int().is_some() && test.passes(value),
        }
    }

    /// How these values are to be tested.
    pub(super) fn fitting<'d>(
        &self,
        dict: &'d Dict,
        values: &[Cell],
    ) -> Result<Fitting<'d>, NoInteger> {
        match self {
            Sieve::Integers(test) if Cell::are_ints(values) => Ok(Fitting::Plain(*test)),
            Sieve::Integers(_) => Err(NoInteger),
            Sieve::Value(class) => {
                // No text and no keyword is `=` to anything of another representation.
                let one_form = matches!(class.tag(), Tag::String | Tag::Keyword);
                match one_form || !Cell::has_exotic(values) {
                    true => Ok(Fitting::Plain(Test::is(*class))),
                    false => Ok(Fitting::Classes(*class, dict)),
                }
            }
        }
    }
}

impl Fitting<'_> {
    pub(super) fn passes(&self, cell: Cell) -> bool {
        match self {
            Fitting::Plain(test) => test.passes(cell),
            Fitting::Classes(class, dict) => dict.class(cell) == *class,
        }
    }

    /// Calls `each` with the places of cells that pass, a block at a time: where the block begins, and the places in it.
    #[inline]
    pub(super) fn sift(&self, cells: &[Cell], each: impl FnMut(usize, &[u8])) {
        match *self {
            Fitting::Plain(test) => sift(cells, |_, cell| test.passes(*cell), each),
            Fitting::Classes(class, dict) => {
                sift(cells, |_, cell| dict.class(*cell) == class, each);
            }
        }
    }
}

/// Calls `each` with the places of items that are wanted, a block at a time: where the block begins, and the places in it.
/// Whether an item is wanted may hang on its place.
#[inline(always)]
pub(super) fn sift<T>(
    items: &[T],
    wanted: impl Fn(usize, &T) -> bool,
    mut each: impl FnMut(usize, &[u8]),
) {
    let mut places = [0; BLOCK];
    for (block, start) in items.chunks(BLOCK).zip((0..).step_by(BLOCK)) {
        let mut found = 0;
        let mut look = |place: usize, item: &T| {
            places[found & (BLOCK - 1)] = place as u8;
            found += usize::from(wanted(start + place, item));
        };
        let (fours, rest) = block.as_chunks::<4>();
        for (four, place) in fours.iter().zip((0..).step_by(4)) {
            four.iter().zip(place..).for_each(|(item, place)| look(place, item));
        }
        rest.iter().zip(fours.len() * 4..).for_each(|(item, place)| look(place, item));
        each(start, &places[..found]);
    }
}

/// The places of items that are wanted.
pub(super) fn rows_where<T>(items: &[T], wanted: impl Fn(usize, &T) -> bool) -> Vec<u32> {
    let mut rows = Vec::new();
    sift(items, wanted, |start, places| {
        rows.extend(places.iter().map(|place| start as u32 + u32::from(*place)));
    });
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use edn::Value;

    #[test]
    fn a_comparison_is_a_range_or_all_outside_of_it() {
        let limit = 1i64 << 60;
        let numbers = [-limit, -limit + 1, -3, -1, 0, 1, 2, 50, limit - 2, limit - 1];
        let cells: Vec<Cell> =
            numbers.iter().map(|n| Cell::inline(&Value::Int(*n)).unwrap()).collect();
        type Compare = fn(&i64, &i64) -> bool;
        let comparisons: [(&str, Compare); 7] = [
            ("<", i64::lt),
            ("<=", i64::le),
            (">", i64::gt),
            (">=", i64::ge),
            ("=", i64::eq),
            ("!=", i64::ne),
            ("not=", i64::ne),
        ];
        for (name, compare) in comparisons {
            for (n, with) in numbers.iter().zip(&cells) {
                let test = Test::comparison(name, *with).unwrap();
                let back = Test::comparison(Test::mirrored(name), *with).unwrap();
                for (m, cell) in numbers.iter().zip(&cells) {
                    assert_eq!(test.passes(*cell), compare(m, n), "({name} {m} {n})");
                    assert_eq!(back.passes(*cell), compare(n, m), "({name} {n} {m})");
                }
            }
        }
        assert!(Test::comparison("+", cells[0]).is_none());
    }

    #[test]
    fn all_that_pass_are_found_whatever_the_blocks() {
        for len in [0, 1, 127, 128, 129, 256, 1000] {
            for step in [1, 2, 7, 500] {
                let items: Vec<u32> = (0..len).collect();
                let rows = rows_where(&items, |at, n| at % step == 0 && *n == at as u32);
                assert_eq!(rows, (0..len).step_by(step).collect::<Vec<u32>>());
            }
        }
    }
}
