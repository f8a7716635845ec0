//! Texts compared line by line: what a change looks like, which lines it carried over, two changes of one text as one.
//!
//! A line goes up to its line feed, which belongs to it. Lines are compared as git compares them (Myers).

use similar::{Algorithm, DiffOp, TextDiff, TextMerge, capture_diff_slices};

/// The lines around a change that are shown with it, as git shows them.
const CONTEXT: usize = 3;

/// A change as a unified diff; empty where the texts are the same. The names stand in its first two lines.
///
/// ```
/// let diff = code::lines::unified(("a", "x\ny\n"), ("b", "x\nz\n"));
/// assert_eq!(diff, "--- a\n+++ b\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n");
/// // What is no line feed ends no line.
/// let diff = code::lines::unified(("a", "x\ry\n"), ("b", "x\rz\n"));
/// assert_eq!(diff, "--- a\n+++ b\n@@ -1 +1 @@\n-x\ry\n+x\rz\n");
/// ```
pub fn unified(before: (&str, &str), after: (&str, &str)) -> String {
    let (old, new) = (lines(before.1), lines(after.1));
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old, &new);
    let mut unified = diff.unified_diff();
    unified.context_radius(CONTEXT).header(before.0, after.0);
    unified.to_string()
}

/// How many lines a change adds, and how many it takes away.
pub fn counts(before: &str, after: &str) -> (usize, usize) {
    let mut counts = (0, 0);
    for op in ops(&lines(before), &lines(after)) {
        if !matches!(op, DiffOp::Equal { .. }) {
            counts.0 += op.new_range().len();
            counts.1 += op.old_range().len();
        }
    }
    counts
}

/// For each line of a text the line of the earlier text that it was, where it was there.
///
/// ```
/// assert_eq!(code::lines::carried("a\nb\n", "x\na\nB\n"), [None, Some(0), None]);
/// ```
pub fn carried(before: &str, after: &str) -> Vec<Option<usize>> {
    let (before, after) = (lines(before), lines(after));
    let mut carried = vec![None; after.len()];
    for op in ops(&before, &after) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            for i in 0..len {
                carried[new_index + i] = Some(old_index + i);
            }
        }
    }
    carried
}

/// A text with the changes that two others make of it; `None` where those overlap.
///
/// ```
/// use code::lines::merged;
/// assert_eq!(merged("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n").as_deref(), Some("A\nb\nC\n"));
/// assert_eq!(merged("a\n", "b\n", "c\n"), None);
/// ```
pub fn merged(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let merge = TextMerge::from_lines(base, ours, theirs);
    (!merge.is_conflicted()).then(|| merge.to_string())
}

/// The lines of a text, each with its line feed.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn ops(before: &[&str], after: &[&str]) -> Vec<DiffOp> {
    capture_diff_slices(Algorithm::Myers, before, after)
}
