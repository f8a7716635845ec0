//! The table as a picture: a line a row, a dot an engine, time on a logarithmic axis.

use crate::table::{Column, Table};
use std::fmt::Write;

const LEFT: f64 = 170.0;
const WIDTH: f64 = 640.0;
const LINE: f64 = 19.0;
const TOP: f64 = 62.0;
const COLOURS: [&str; 10] = [
    "#d9480f", "#868e96", "#1971c2", "#2f9e44", "#9c36b5", "#e0a800", "#0c8599", "#5c3d2e",
    "#c2255c", "#495057",
];

/// The figures as SVG, in dark and light surroundings alike.
pub(crate) fn svg(table: &Table) -> String {
    let columns: Vec<&Column> = table.columns.iter().filter(|c| !c.is_grown()).collect();
    let times = columns.iter().flat_map(|c| (0..table.rows.len()).filter_map(|i| c.ms(i)));
    let (low, high) = times.fold((f64::MAX, f64::MIN), |(l, h), ms| (l.min(ms), h.max(ms)));
    let (low, high) = (low.log10().floor(), high.log10().ceil());
    let x = |ms: f64| LEFT + (ms.log10() - low) / (high - low).max(1.0) * WIDTH;
    let height = TOP + LINE * table.rows.len() as f64 + 14.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        LEFT + WIDTH + 30.0
    );
    legend(&mut out, &columns);
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
        for (column, colour) in columns.iter().zip(COLOURS).rev() {
            if let Some(ms) = column.ms(i) {
                let _ = writeln!(
                    out,
                    "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\"><title>{}: {ms:.4} ms</title></circle>",
                    x(ms),
                    column.title
                );
            }
        }
    }
    out.push_str("</svg>\n");
    out
}

fn legend(out: &mut String, columns: &[&Column]) {
    let mut at = 14.0;
    for (column, colour) in columns.iter().zip(COLOURS) {
        let _ = writeln!(
            out,
            "<circle cx=\"{at}\" cy=\"16\" r=\"5\" fill=\"{colour}\"/><text x=\"{}\" y=\"20\" fill=\"#212529\">{}</text>",
            at + 9.0,
            column.title
        );
        at += 30.0 + column.title.chars().count() as f64 * 6.6;
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
