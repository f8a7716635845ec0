//! Figures side by side: a table of ratios in Markdown, and its means.

use crate::clock::Measured;
use crate::rows::Row;
use std::fmt::Write;

/// What one engine gave for one row.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Measured(Measured),
    Skipped,
}

/// What a column has, and so which table shows it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Kind {
    /// An engine, on the data that all have.
    Engine,
    /// What was written by hand.
    Floor,
    /// On ten times the data.
    Grown,
}

/// An engine's figures, one for each row.
pub(crate) struct Column {
    pub(crate) title: String,
    pub(crate) kind: Kind,
    pub(crate) outcomes: Vec<Outcome>,
}

impl Column {
    pub(crate) fn new(title: &str, kind: Kind, rows: usize) -> Column {
        Column { title: title.into(), kind, outcomes: vec![Outcome::Skipped; rows] }
    }

    pub(crate) fn ms(&self, row: usize) -> Option<f64> {
        match self.outcomes[row] {
            Outcome::Measured(m) => Some(m.ms),
            Outcome::Skipped => None,
        }
    }

    fn count(&self, row: usize) -> Option<usize> {
        match self.outcomes[row] {
            Outcome::Measured(m) => Some(m.count),
            Outcome::Skipped => None,
        }
    }
}

/// All figures of a run; the first column is this engine.
pub(crate) struct Table<'a> {
    pub(crate) rows: &'a [&'a Row],
    pub(crate) columns: Vec<Column>,
}

/// Three digits.
pub(crate) fn digits(n: f64) -> String {
    let places = (2 - n.abs().max(1e-9).log10().floor() as i32).clamp(0, 6) as usize;
    format!("{n:.places$}")
}

impl Table<'_> {
    /// Milliseconds of this engine; of the others how many times as long. A result of another size is marked.
    pub(crate) fn markdown(&self) -> String {
        let mut out = String::from("| row | answer | ms |");
        let others: Vec<&Column> =
            self.columns[1..].iter().filter(|c| c.kind == Kind::Engine).collect();
        others.iter().for_each(|c| out.push_str(&format!(" {} |", c.title)));
        out.push_str("\n|---|--:|--:|");
        others.iter().for_each(|_| out.push_str("--:|"));
        out.push('\n');
        for (i, row) in self.rows.iter().enumerate() {
            let Some(ours) = self.columns[0].ms(i) else { continue };
            let count = self.columns[0].count(i).unwrap_or_default();
            let _ = write!(out, "| {} | {count} | {} |", row.name, digits(ours));
            for column in &others {
                let cell = column.ms(i).map(|ms| format!("{}×", digits(ms / ours)));
                let same = column.count(i).is_none_or(|c| c == count);
                let mark = if same { "" } else { " ≠" };
                let _ = write!(out, " {}{mark} |", cell.unwrap_or_default());
            }
            out.push('\n');
        }
        for (title, only_datascript) in
            [("**DataScript's rows, mean**", true), ("**all rows, mean**", false)]
        {
            let _ = write!(out, "| {title} | | |");
            for column in &others {
                let mean = self.mean(column, only_datascript).map(bold);
                let _ = write!(out, " {} |", mean.unwrap_or_default());
            }
            out.push('\n');
        }
        out
    }

    /// Columns and what was written by hand for the same: milliseconds of both, and how many times as long the first takes.
    pub(crate) fn beside_floor(&self, pairs: &[(usize, usize)]) -> String {
        let mut out = String::from("| row |");
        for (column, floor) in pairs {
            let (column, floor) = (&self.columns[*column].title, &self.columns[*floor].title);
            let _ = write!(out, " {column}, ms | {floor}, ms | |");
        }
        let _ = write!(out, "\n|---|{}\n", "--:|".repeat(pairs.len() * 3));
        for (i, row) in self.rows.iter().enumerate() {
            let cells = pairs.iter().map(|(column, floor)| {
                let (column, floor) = (&self.columns[*column], &self.columns[*floor]);
                let (ms, least) = (column.ms(i)?, floor.ms(i)?);
                let mark = if column.count(i) == floor.count(i) { "" } else { " ≠" };
                let ratio = digits(ms / least);
                Some(format!(" {} | {} | {ratio}×{mark} |", digits(ms), digits(least)))
            });
            if let Some(cells) = cells.collect::<Option<String>>() {
                let _ = writeln!(out, "| {} |{cells}", row.name);
            }
        }
        out.push_str("| **mean** |");
        for (column, floor) in pairs {
            let mean = self.mean_ratio(&self.columns[*column], &self.columns[*floor], false);
            let _ = write!(out, " | | {} |", mean.map(bold).unwrap_or_default());
        }
        out.push('\n');
        out
    }

    /// The geometric mean of how many times as long a column takes as this engine.
    fn mean(&self, column: &Column, only_datascript: bool) -> Option<f64> {
        self.mean_ratio(column, &self.columns[0], only_datascript)
    }

    fn mean_ratio(&self, column: &Column, unit: &Column, only_datascript: bool) -> Option<f64> {
        let ratios: Vec<f64> = (0..self.rows.len())
            .filter(|i| self.rows[*i].datascript || !only_datascript)
            .filter_map(|i| Some((column.ms(i)? / unit.ms(i)?).ln()))
            .collect();
        let sum: f64 = ratios.iter().sum();
        (!ratios.is_empty()).then(|| (sum / ratios.len() as f64).exp())
    }
}

fn bold(mean: f64) -> String {
    format!("**{}×**", digits(mean))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::ROWS;

    #[test]
    fn others_are_told_as_ratios_and_answers_of_another_size_are_marked() {
        let measured = |ms, count| vec![Outcome::Measured(Measured { ms, count })];
        let column = |title: &str, kind, outcomes| Column { title: title.into(), kind, outcomes };
        let rows = [&ROWS[0]];
        let columns = vec![
            column("own", Kind::Engine, measured(2.0, 7)),
            column("slow", Kind::Engine, measured(80.0, 7)),
            column("wrong", Kind::Engine, measured(1.0, 8)),
            column("own, ×10", Kind::Grown, measured(30.0, 70)),
            column("absent", Kind::Engine, vec![Outcome::Skipped]),
            column("floor", Kind::Floor, measured(0.5, 7)),
        ];
        let table = Table { rows: &rows, columns };
        let text = table.markdown();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "| row | answer | ms | slow | wrong | absent |");
        assert_eq!(lines[2], "| add-1 | 7 | 2.00 | 40.0× | 0.500× ≠ |  |");
        assert!(lines[3].contains("| **40.0×** | **0.500×** |  |"), "{}", lines[3]);
        let text = table.beside_floor(&[(0, 5), (2, 5)]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "| row | own, ms | floor, ms | | wrong, ms | floor, ms | |");
        assert_eq!(lines[2], "| add-1 | 2.00 | 0.500 | 4.00× | 1.00 | 0.500 | 2.00× ≠ |");
        assert_eq!(lines[3], "| **mean** | | | **4.00×** | | | **2.00×** |");
    }
}
