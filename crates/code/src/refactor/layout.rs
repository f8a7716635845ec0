//! How texts stand: lines moved to another column.

use super::edit::{Edit, Edits};
use edn::syntax::{Kind, parse};
use std::ops::Range;

/// A text with all lines behind its first one moved by some columns; what is inside of strings stays.
///
/// Lines that begin in a column before what they would lose begin in the first one.
pub(crate) fn shifted(text: &str, by: isize) -> String {
    // Lines do not overlap.
    Edits::of(line_edits(text, by)).map_or_else(|_| text.to_owned(), |edits| edits.apply(text))
}

/// The same as edits.
pub(super) fn line_edits(text: &str, by: isize) -> Vec<Edit> {
    if by == 0 || !text.contains('\n') {
        return Vec::new();
    }
    let tree = parse(text);
    let is_string = |kind| matches!(kind, Kind::String | Kind::Regex);
    let strings: Vec<Range<usize>> =
        tree.nodes.iter().filter(|node| is_string(node.kind)).map(|node| node.range()).collect();
    let inside = |at: usize| {
        let next = strings.partition_point(|string| string.end <= at);
        strings.get(next).is_some_and(|string| string.start < at)
    };
    let mut edits = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if start > 0 && !inside(start) && !line.trim().is_empty() {
            let spaces = line.len() - line.trim_start_matches(' ').len();
            let (cut, new) = match by > 0 {
                true => (0, " ".repeat(by.unsigned_abs())),
                false => (spaces.min(by.unsigned_abs()), String::new()),
            };
            edits.push(Edit { start, end: start + cut, text: new });
        }
        start += line.len();
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::shifted;

    #[test]
    fn lines_are_shifted_but_strings_are_not() {
        let text = "(f\n  x\n\n  \"a\n  b\" ; c\n  y)";
        assert_eq!(shifted(text, 2), "(f\n    x\n\n    \"a\n  b\" ; c\n    y)");
        assert_eq!(shifted(text, -1), "(f\n x\n\n \"a\n  b\" ; c\n y)");
        assert_eq!(shifted(text, -9), "(f\nx\n\n\"a\n  b\" ; c\ny)");
    }
}
