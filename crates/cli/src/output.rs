//! Data on standard output: one renderer of rows for every command.
//!
//! A table is for people: strings stand without quotes, and on a terminal long lines are cut rather than wrapped, so
//! that a source stays readable. A list of words under a heading is wrapped there. EDN, JSON and CSV are complete.

use crate::args::Format;
use crate::json;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table as Drawn, presets};
use edn::Value;
use std::io::{self, IsTerminal, Write};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Rows under headings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    headings: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    /// No rows yet.
    pub(crate) fn new(headings: &[&str]) -> Rows {
        Rows::with_headings(headings.iter().map(|h| (*h).to_owned()).collect())
    }

    /// No rows yet.
    pub(crate) fn with_headings(headings: Vec<String>) -> Rows {
        Rows { headings, rows: Vec::new() }
    }

    /// Another row: one value for each heading.
    pub(crate) fn push(&mut self, row: Vec<Value>) {
        debug_assert_eq!(row.len(), self.headings.len());
        self.rows.push(row);
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Prints them.
    pub(crate) fn print(&self, format: Format) -> io::Result<()> {
        let text = match format {
            Format::Table => self.table(terminal_width()),
            Format::Edn => self.edn(),
            Format::Json => self.json(),
            Format::Csv => self.csv(),
        };
        say(text.trim_end_matches('\n'))
    }

    fn table(&self, width: Option<usize>) -> String {
        let mut cells: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(shown).collect()).collect();
        if let Some(width) = width {
            let limits = self.fitting(&cells, width);
            for row in &mut cells {
                for (cell, limit) in row.iter_mut().zip(&limits) {
                    *cell = cell.lines().map(|l| cut(l, *limit)).collect::<Vec<_>>().join("\n");
                }
            }
        }
        let mut drawn = Drawn::new();
        drawn.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        drawn.set_header(self.headings.iter().map(Cell::new));
        for (row, values) in cells.into_iter().zip(&self.rows) {
            drawn.add_row(row.into_iter().zip(values).map(|(text, value)| {
                let cell = Cell::new(text);
                match is_number(value) {
                    true => cell.set_alignment(CellAlignment::Right),
                    false => cell,
                }
            }));
        }
        for column in drawn.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let text = drawn.to_string();
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    /// How wide each column may be: the widest ones give way until all fit.
    fn fitting(&self, cells: &[Vec<String>], width: usize) -> Vec<usize> {
        const LEAST: usize = 12;
        let mut limits: Vec<usize> = self.headings.iter().map(|h| h.width()).collect();
        for row in cells {
            for (limit, cell) in limits.iter_mut().zip(row) {
                *limit = cell.lines().map(UnicodeWidthStr::width).fold(*limit, usize::max);
            }
        }
        while limits.iter().map(|l| l + 2).sum::<usize>() > width {
            let Some(widest) = limits.iter_mut().max() else { break };
            if *widest <= LEAST {
                break;
            }
            *widest -= 1;
        }
        limits
    }

    fn edn(&self) -> String {
        let lines: Vec<String> = self.maps().map(|row| row.to_string()).collect();
        format!("[{}]", lines.join("\n "))
    }

    fn json(&self) -> String {
        let lines: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let mut line = String::from("{");
                for (i, (heading, value)) in self.headings.iter().zip(row).enumerate() {
                    if i > 0 {
                        line.push_str(", ");
                    }
                    json::string(&mut line, key(heading).trim_start_matches('?'));
                    line.push_str(": ");
                    json::write(&mut line, value);
                }
                line + "}"
            })
            .collect();
        match lines.is_empty() {
            true => "[]".to_owned(),
            false => format!("[{}]", lines.join(",\n ")),
        }
    }

    fn csv(&self) -> String {
        let mut text = String::new();
        let line = |text: &mut String, fields: Vec<String>| {
            let fields: Vec<String> = fields.iter().map(|f| csv_field(f)).collect();
            text.push_str(&fields.join(","));
            text.push_str("\r\n");
        };
        line(&mut text, self.headings.clone());
        for row in &self.rows {
            line(&mut text, row.iter().map(shown).collect());
        }
        text
    }

    fn maps(&self) -> impl Iterator<Item = Value> + '_ {
        self.rows.iter().map(|row| {
            let keys = self.headings.iter().map(|h| Value::keyword(&key(h)));
            Value::map(keys.zip(row.iter().cloned()).collect())
        })
    }
}

/// A heading as a key in data. What a query computes, `(count ?x)`, stays as it is written.
fn key(heading: &str) -> String {
    if heading.starts_with('(') { heading.to_owned() } else { heading.replace(' ', "-") }
}

/// A value printed whole.
pub(crate) fn value(value: &Value, format: Format) -> io::Result<()> {
    let mut text = String::new();
    match format {
        Format::Json => json::write(&mut text, value),
        Format::Edn => edn::print_to(&mut text, value),
        Format::Table | Format::Csv => text = shown(value),
    }
    say(&text)
}

/// A line on standard output.
pub(crate) fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")
}

/// A line of talk on standard error, where it disturbs no data.
pub(crate) fn note(line: &str) {
    // Where standard error is gone there is nobody to tell.
    let _ = writeln!(io::stderr(), "{line}");
}

/// A value as people read it: strings and instants without quotes, nothing for nil.
fn shown(value: &Value) -> String {
    match value {
        Value::Nil => String::new(),
        Value::Str(text) => text.replace('\t', "    ").replace('\r', ""),
        Value::Inst(_) => {
            value.to_string().trim_start_matches("#inst ").trim_matches('"').replace("-00:00", "Z")
        }
        Value::Set(set) if set.iter().all(|v| v.as_keyword().is_some()) => joined(set.iter()),
        other => other.to_string(),
    }
}

fn joined<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    let mut names: Vec<String> = values.map(Value::to_string).collect();
    names.sort_unstable();
    names.join(" ")
}

fn is_number(value: &Value) -> bool {
    matches!(
        value,
        Value::Int(_) | Value::BigInt(_) | Value::Double(_) | Value::BigDec(_) | Value::Ratio(_)
    )
}

fn csv_field(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

/// A line cut to a width, with a mark where something is missing.
fn cut(line: &str, limit: usize) -> String {
    if line.width() <= limit {
        return line.to_owned();
    }
    let mut kept = String::new();
    let mut width = 1;
    for c in line.chars() {
        width += c.width().unwrap_or(0);
        if width > limit {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}

/// Words behind a heading; on a terminal they go on below each other where they are too many for a line.
pub(crate) fn under_heading(heading: &str, words: &str) -> String {
    match terminal_width() {
        Some(width) => wrapped(heading, words, width),
        None => format!("{heading}{words}"),
    }
}

fn wrapped(heading: &str, words: &str, width: usize) -> String {
    let indent = " ".repeat(heading.width());
    let (mut out, mut line) = (String::new(), heading.to_owned());
    let mut is_first = true;
    for word in words.split(' ') {
        if !is_first && line.width() + 1 + word.width() > width {
            out.push_str(&line);
            out.push('\n');
            line.clone_from(&indent);
            is_first = true;
        }
        line.push_str(if is_first { "" } else { " " });
        line.push_str(word);
        is_first = false;
    }
    out + &line
}

fn terminal_width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (_, width) = console::Term::stdout().size_checked()?;
    Some(usize::from(width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        let mut rows = Rows::new(&["?name", "line count"]);
        rows.push(vec![Value::string("a/b"), Value::Int(3)]);
        rows.push(vec![Value::string("(defn c\n  \"x, y\")"), Value::Nil]);
        rows
    }

    #[test]
    fn every_format() {
        let rows = rows();
        assert_eq!(
            rows.table(None),
            "?name      line count\na/b                 3\n(defn c\n  \"x, y\")"
        );
        assert_eq!(
            rows.edn(),
            "[{:?name \"a/b\", :line-count 3}\n {:?name \"(defn c\\n  \\\"x, y\\\")\", :line-count nil}]"
        );
        assert_eq!(
            rows.json(),
            "[{\"name\": \"a/b\", \"line-count\": 3},\n {\"name\": \"(defn c\\n  \\\"x, y\\\")\", \"line-count\": null}]"
        );
        assert_eq!(rows.csv(), "?name,line count\r\na/b,3\r\n\"(defn c\n  \"\"x, y\"\")\",\r\n");
        assert_eq!(Rows::new(&["a"]).json(), "[]");
    }

    #[test]
    fn words_go_on_below_each_other_where_they_are_too_many() {
        assert_eq!(
            wrapped("uses ", "a/b c/d e/f-is-longer-than-that g", 12),
            "uses a/b c/d\n     e/f-is-longer-than-that\n     g"
        );
        assert_eq!(wrapped("uses ", "a", 3), "uses a");
    }

    #[test]
    fn on_a_terminal_long_lines_are_cut_and_never_wrapped() {
        let mut rows = Rows::new(&["a", "b"]);
        rows.push(vec![Value::string("x".repeat(50)), Value::string("日本語日本語日本語日本語")]);
        let table = rows.table(Some(40));
        assert!(table.lines().all(|l| l.width() <= 40), "{table}");
        assert!(table.contains('…'));
    }
}
