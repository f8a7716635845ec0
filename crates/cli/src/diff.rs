//! Changes of files as people and programs read them: the unified format that `git apply` and `patch -p1` take.

use ::code::lines;
use ::code::refactor::FileChange;
use std::fmt::Write;

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
    let side = |text: &Option<String>, letter: char, path: &str| match text {
        Some(_) => format!("{letter}/{path}"),
        None => "/dev/null".to_owned(),
    };
    let names = [side(&change.before, 'a', old), side(&change.after, 'b', new)];
    let texts = [&change.before, &change.after].map(|text| text.as_deref().unwrap_or_default());
    out + &painted(&lines::unified((&names[0], texts[0]), (&names[1], texts[1])), colours)
}

/// A unified diff, each line in the colour that it has.
fn painted(diff: &str, colours: &Colours) -> String {
    const NAMES: usize = 2;
    let mut out = String::with_capacity(diff.len());
    for (at, line) in diff.split_inclusive('\n').enumerate() {
        let colour = match line.as_bytes().first() {
            _ if at < NAMES => colours.heading,
            Some(b'@') => colours.hunk,
            Some(b'-') => colours.removed,
            Some(b'+') => colours.added,
            _ => "",
        };
        let off = if colour.is_empty() { "" } else { colours.off };
        // Writing to a text does not fail.
        let _ = writeln!(out, "{colour}{}{off}", line.strip_suffix('\n').unwrap_or(line));
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
