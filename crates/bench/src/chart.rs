//! The table as a picture: a line a row, a dot an engine, time on a logarithmic axis.
//!
//! An answer as EDN is a ring in the colour of the dot that is the same answer in columns.

use crate::table::{Column, Kind, Table};
use std::fmt::Write;

const LEFT: f64 = 170.0;
const WIDTH: f64 = 640.0;
const LINE: f64 = 19.0;
const TOP: f64 = 82.0;
const COLOURS: [&str; 10] = [
    "#d9480f", "#868e96", "#1971c2", "#2f9e44", "#9c36b5", "#e0a800", "#0c8599", "#5c3d2e",
    "#c2255c", "#495057",
];

/// How a column's figures are drawn.
struct Mark<'a> {
    column: &'a Column,
    colour: &'static str,
    is_ring: bool,
}

impl Mark<'_> {
    fn circle(&self, x: f64, y: f64, title: &str) -> String {
        let colour = self.colour;
        let paint = match self.is_ring {
            true => format!("r=\"4.2\" fill=\"#ffffff\" stroke=\"{colour}\" stroke-width=\"1.6\""),
            false => format!("r=\"5\" fill=\"{colour}\""),
        };
        format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" {paint}>{title}</circle>")
    }
}

fn marks<'a>(table: &'a Table<'_>) -> Vec<Mark<'a>> {
    let mut marks: Vec<Mark<'a>> = Vec::new();
    let mut colours = COLOURS.into_iter();
    for column in table.columns.iter().filter(|column| column.kind != Kind::Grown) {
        let same = marks.iter().rfind(|mark| mark.column.kind == column.kind);
        let same = same.filter(|_| column.title.ends_with("as EDN")).map(|mark| mark.colour);
        let Some(colour) = same.or_else(|| colours.next()) else { break };
        marks.push(Mark { column, colour, is_ring: same.is_some() });
    }
    marks
}

/// The figures as SVG, in dark and light surroundings alike.
pub(crate) fn svg(table: &Table) -> String {
    let marks = marks(table);
    let times = marks.iter().flat_map(|m| (0..table.rows.len()).filter_map(|i| m.column.ms(i)));
    let (low, high) = times.fold((f64::MAX, f64::MIN), |(l, h), ms| (l.min(ms), h.max(ms)));
    let (low, high) = (low.log10().floor(), high.log10().ceil());
    let x = |ms: f64| LEFT + (ms.log10() - low) / (high - low).max(1.0) * WIDTH;
    let height = TOP + LINE * table.rows.len() as f64 + 14.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        LEFT + WIDTH + 30.0
    );
    legend(&mut out, &marks);
    for power in low as i32..=high as i32 {
        let at = x(10f64.powi(power));
        let _ = writeln!(
            out,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{}\" y2=\"{:.1}\" stroke=\"#dee2e6\"/>\
             <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#495057\">{}</text>",
            TOP - 8.0,
            height - 8.0,
            TOP - 13.0,
            named(power)
        );
    }
    for (i, row) in table.rows.iter().enumerate() {
        let y = TOP + LINE * (i as f64 + 0.5);
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#212529\">{}</text>\
             <line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#f1f3f5\"/>",
            LEFT - 10.0,
            y + 4.0,
            row.name,
            LEFT + WIDTH
        );
        // This engine's dot lies on top.
        for mark in marks.iter().rev() {
            if let Some(ms) = mark.column.ms(i) {
                let title = format!("<title>{}: {ms:.4} ms</title>", mark.column.title);
                let _ = writeln!(out, "{}", mark.circle(x(ms), y, &title));
            }
        }
    }
    out.push_str("</svg>\n");
    out
}

/// In two lines, where one is not enough.
fn legend(out: &mut String, marks: &[Mark<'_>]) {
    let (mut x, mut y) = (14.0, 16.0);
    for mark in marks {
        let title = &mark.column.title;
        let width = 30.0 + title.chars().count() as f64 * 6.6;
        if x + width > LEFT + WIDTH + 30.0 {
            (x, y) = (14.0, y + 20.0);
        }
        let circle = mark.circle(x, y, "");
        let _ = writeln!(
            out,
            "{circle}<text x=\"{}\" y=\"{}\" fill=\"#212529\">{title}</text>",
            x + 9.0,
            y + 4.0
        );
        x += width;
    }
}

/// A power of ten milliseconds.
fn named(power: i32) -> String {
    match power {
        ..=-4 => format!("{} ns", 10f64.powi(power + 6)),
        -3..=-1 => format!("{} µs", 10f64.powi(power + 3)),
        0..=2 => format!("{} ms", 10f64.powi(power)),
        _ => format!("{} s", 10f64.powi(power - 3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Measured;
    use crate::rows::ROWS;
    use crate::table::Outcome;

    #[test]
    fn an_answer_as_edn_is_a_ring_in_its_engines_colour() {
        let column = |title: &str, kind| Column {
            title: title.into(),
            kind,
            outcomes: vec![Outcome::Measured(Measured { ms: 1.0, count: 1 })],
        };
        let columns = vec![
            column("own", Kind::Engine),
            column("as EDN", Kind::Engine),
            column("own, ×10", Kind::Grown),
            column("floor", Kind::Floor),
        ];
        let drawn = svg(&Table { rows: &[&ROWS[0]], columns });
        let marks = |paint: &str| drawn.matches(paint).count();
        // One in the legend, one in the row.
        assert_eq!(marks(&format!("fill=\"{}\"", COLOURS[0])), 2);
        assert_eq!(marks(&format!("stroke=\"{}\"", COLOURS[0])), 2);
        assert_eq!(marks(&format!("fill=\"{}\"", COLOURS[1])), 2);
        assert!(!drawn.contains('×'), "{drawn}");
    }
}
