//! How texts stand: lines moved to another column.

use edn::syntax::{Kind, parse};
use std::ops::Range;

/// A text with all lines behind its first one moved by some columns; what is inside of strings stays.
///
/// Lines that begin in a column before what they would lose begin in the first one.
pub(crate) fn shifted(text: &str, by: isize) -> String {
    if by == 0 || !text.contains('\n') {
        return text.to_owned();
    }
    let tree = parse(text);
    let is_string = |kind| matches!(kind, Kind::String | Kind::Regex);
    let strings: Vec<Range<usize>> =
        tree.nodes.iter().filter(|node| is_string(node.kind)).map(|node| node.range()).collect();
    let inside = |at: usize| {
        let next = strings.partition_point(|string| string.end <= at);
        strings.get(next).is_some_and(|string| string.start < at)
    };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at == 0 || inside(at) || line.trim().is_empty() {
            out.push_str(line);
        } else if by > 0 {
            out.push_str(&" ".repeat(by.unsigned_abs()));
            out.push_str(line);
        } else {
            let spaces = line.len() - line.trim_start_matches(' ').len();
            out.push_str(&line[spaces.min(by.unsigned_abs())..]);
        }
        at += line.len();
    }
    out
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
