//! Places in a text: rows and columns as Clojure's reader counts them.

use std::ops::Range;

/// From where to where something stands. Rows and columns count from 1, columns in UTF-16 units, as Clojure's reader counts
/// them; the end is the column behind the last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The first row.
    pub row: u32,
    /// Where it begins in that.
    pub col: u32,
    /// The last row.
    pub end_row: u32,
    /// Where it ends in that.
    pub end_col: u32,
    /// The offset of its first byte.
    pub start: u32,
    /// The offset just past its last byte.
    pub end: u32,
}

/// Where the lines of a text begin.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<u32>,
}

impl<'t> Lines<'t> {
    pub(crate) fn of(text: &'t str) -> Lines<'t> {
        let after = |(at, _): (usize, &str)| at as u32 + 1;
        Lines { text, starts: [0].into_iter().chain(text.match_indices('\n').map(after)).collect() }
    }

    /// The row and column of a byte.
    pub(crate) fn position(&self, at: u32) -> (u32, u32) {
        let row = self.starts.partition_point(|start| *start <= at);
        let start = self.starts[row - 1] as usize;
        let before = &self.text[start..at as usize];
        let units = match before.is_ascii() {
            true => before.len(),
            false => before.encode_utf16().count(),
        };
        (row as u32, units as u32 + 1)
    }

    pub(crate) fn place(&self, range: Range<u32>) -> Place {
        let ((row, col), (end_row, end_col)) =
            (self.position(range.start), self.position(range.end));
        Place { row, col, end_row, end_col, start: range.start, end: range.end }
    }
}
