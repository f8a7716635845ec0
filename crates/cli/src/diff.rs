//! Changes of files as people and programs read them: the unified format that `git apply` and `patch -p1` take.

use ::code::refactor::FileChange;
use similar::{ChangeTag, TextDiff};
use std::fmt::Write;

const CONTEXT: usize = 3;

/// How lines are coloured: ANSI codes, or nothing.
struct Colours {
    heading: &'static str,
    hunk: &'static str,
    removed: &'static str,
    added: &'static str,
    off: &'static str,
}

const PLAIN: Colours = Colours { heading: "", hunk: "", removed: "", added: "", off: "" };
const COLOURED: Colours = Colours {
    heading: "\x1b[1m",
    hunk: "\x1b[36m",
    removed: "\x1b[31m",
    added: "\x1b[32m",
    off: "\x1b[0m",
};

/// The change of a file.
pub(crate) fn unified(change: &FileChange, coloured: bool) -> String {
    let colours = if coloured { &COLOURED } else { &PLAIN };
    let mut out = String::new();
    let mut heading = |line: String| {
        let Colours { heading, off, .. } = colours;
        // Writing to a text does not fail.
        let _ = writeln!(out, "{heading}{line}{off}");
    };
    let (old, new) = (change.path.as_str(), change.path_after());
    heading(format!("diff --git a/{old} b/{new}"));
    if old != new {
        heading(format!("rename from {old}"));
        heading(format!("rename to {new}"));
    }
    if change.before.is_none() {
        heading("new file mode 100644".to_owned());
    }
    if change.after.is_none() {
        heading("deleted file mode 100644".to_owned());
    }
    if change.before != change.after {
        let side = |there: bool, letter: char, path: &str| match there {
            true => format!("{letter}/{path}"),
            false => "/dev/null".to_owned(),
        };
        heading(format!("--- {}", side(change.before.is_some(), 'a', old)));
        heading(format!("+++ {}", side(change.after.is_some(), 'b', new)));
    }
    let (before, after) = (&change.before, &change.after);
    let text = |side: &Option<String>| side.clone().unwrap_or_default();
    out + &hunks(&text(before), &text(after), colours)
}

fn hunks(before: &str, after: &str, colours: &Colours) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut out = String::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        let header = hunk.header();
        // Writing to a text does not fail.
        let _ = writeln!(out, "{}{header}{}", colours.hunk, colours.off);
        for line in hunk.iter_changes() {
            let (sign, colour) = match line.tag() {
                ChangeTag::Delete => ('-', colours.removed),
                ChangeTag::Insert => ('+', colours.added),
                ChangeTag::Equal => (' ', ""),
            };
            let off = if colour.is_empty() { "" } else { colours.off };
            let text = line.value();
            let plain = text.strip_suffix('\n').unwrap_or(text);
            let _ = writeln!(out, "{colour}{sign}{plain}{off}");
            if plain.len() == text.len() {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(before: Option<&str>, after: Option<&str>) -> FileChange {
        let text = |side: Option<&str>| side.map(str::to_owned);
        FileChange {
            path: "a.clj".to_owned(),
            new_path: None,
            before: text(before),
            after: text(after),
        }
    }

    #[test]
    fn what_git_can_apply() {
        assert_eq!(
            unified(&change(Some("a\nb\r\nc"), Some("a\nB\r\nc")), false),
            "diff --git a/a.clj b/a.clj\n--- a/a.clj\n+++ b/a.clj\n@@ -1,3 +1,3 @@\n a\n-b\r\n+B\r\n c\n\\ No newline at end of file\n"
        );
        assert_eq!(
            unified(&change(None, Some("a\n")), false),
            "diff --git a/a.clj b/a.clj\nnew file mode 100644\n--- /dev/null\n+++ b/a.clj\n@@ -0,0 +1 @@\n+a\n"
        );
        let moved = FileChange { new_path: Some("b.clj".into()), ..change(Some("a"), Some("a")) };
        assert_eq!(
            unified(&moved, false),
            "diff --git a/a.clj b/b.clj\nrename from a.clj\nrename to b.clj\n"
        );
        assert!(unified(&change(Some("a\n"), Some("b\n")), true).contains("\x1b[32m+b\x1b[0m\n"));
    }
}
