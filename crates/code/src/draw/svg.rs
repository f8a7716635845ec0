//! A picture as SVG: boxes with names, arrows, and a legend. Its text has the colour of the page around it, and of a dark page
//! where the reader prefers one.

use super::layout::{Layout, Point, TooLarge, layout};
use super::{CYCLE, Kind, Node, Picture};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The width of a character, and the heights of lines, at the sizes below. The text of a box is held to its width, so a
/// font that is a little wider or narrower fits all the same.
const CHARACTER: f64 = 7.2;
const SMALL_CHARACTER: f64 = 6.0;
const LINE: f64 = 16.0;
const PADDING: (f64, f64) = (10.0, 5.0);
const MARGIN: f64 = 16.0;
const LEGEND: f64 = 34.0;
/// Longer names are cut; the whole name shows where the pointer rests.
const LONGEST: usize = 44;

const STYLE: &str = "\
.defbase { color: #1f2328; font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
@media (prefers-color-scheme: dark) { .defbase { color: #e6edf3; } }
.defbase text { fill: currentColor; }
.defbase .small { font-size: 10px; opacity: .65; }
.defbase rect { fill-opacity: .14; stroke-width: 1.2; }
.defbase .chosen rect { stroke-width: 3; fill-opacity: .3; }
.defbase .chosen .name { font-weight: bold; }
.defbase .edge { fill: none; stroke: currentColor; stroke-opacity: .38; stroke-width: 1.1; }
.defbase .edge:hover { stroke-opacity: 1; stroke-width: 2.2; }
.defbase .tip { fill: currentColor; fill-opacity: .55; }
";

/// Draws a picture.
pub fn svg(picture: &Picture) -> Result<String, TooLarge> {
    let spaces: BTreeSet<&str> =
        picture.nodes.iter().filter_map(|node| node.namespace.as_deref()).collect();
    let boxes: Vec<Texts> = picture.nodes.iter().map(|n| Texts::of(n, spaces.len() > 1)).collect();
    let sizes: Vec<(f64, f64)> = boxes.iter().map(Texts::size).collect();
    let placed = layout(picture, &sizes)?;
    let kinds: BTreeSet<Kind> = picture.nodes.iter().map(|node| node.kind).collect();
    let cycles = picture.edges.iter().any(|edge| edge.in_cycle);
    let (width, height) = (
        (placed.width + 2.0 * MARGIN).max(legend_width(&kinds, cycles) + 2.0 * MARGIN),
        placed.height + 2.0 * MARGIN + LEGEND,
    );
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"defbase\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>{}</title>\n<style>\n{STYLE}{}</style>\n<defs>",
        escaped(&picture.title),
        kind_styles(&kinds),
    );
    for (id, class) in [("tip", "tip"), ("tip-cycle", "cycle")] {
        let _ = writeln!(
            svg,
            "<marker id=\"{id}\" viewBox=\"0 0 8 8\" refX=\"7.5\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"{class}\" d=\"M0 0.8 8 4 0 7.2z\"/></marker>"
        );
    }
    let _ = writeln!(svg, "</defs>\n<g transform=\"translate({MARGIN} {MARGIN})\">");
    for (i, edge) in picture.edges.iter().enumerate() {
        let path = match placed.ways[i].as_slice() {
            [] => around(&placed, &sizes, edge.from),
            way => curve(way),
        };
        let (class, tip) = match edge.in_cycle {
            true => ("edge cycle-edge", "tip-cycle"),
            false => ("edge", "tip"),
        };
        let (from, to) = (&picture.nodes[edge.from].name, &picture.nodes[edge.to].name);
        let title = escaped(&format!("{from} → {to}\n{}", edge.types));
        let _ = writeln!(
            svg,
            "<path class=\"{class}\" marker-end=\"url(#{tip})\" d=\"{path}\"><title>{title}</title></path>"
        );
    }
    for (i, node) in picture.nodes.iter().enumerate() {
        draw_box(&mut svg, node, &boxes[i], placed.middles[i], sizes[i]);
    }
    svg.push_str("</g>\n");
    legend(&mut svg, &kinds, cycles, height - LEGEND / 2.0);
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// What is written in a box.
struct Texts {
    name: String,
    namespace: Option<String>,
}

impl Texts {
    fn of(node: &Node, with_namespace: bool) -> Texts {
        let namespace = node.namespace.as_deref().filter(|ns| with_namespace && *ns != node.name);
        Texts { name: cut(node.label()), namespace: namespace.map(cut) }
    }

    fn size(&self) -> (f64, f64) {
        let second = self.namespace.as_ref().map_or(0.0, |ns| length(ns) * SMALL_CHARACTER);
        let width = (length(&self.name) * CHARACTER).max(second);
        let lines = if self.namespace.is_some() { 2.0 } else { 1.0 };
        (width + 2.0 * PADDING.0, lines * LINE + 2.0 * PADDING.1 - (lines - 1.0) * 2.0)
    }
}

fn length(text: &str) -> f64 {
    text.chars().count() as f64
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn kind_styles(kinds: &BTreeSet<Kind>) -> String {
    let mut styles = String::new();
    for kind in kinds {
        let (name, colour) = (kind.name(), kind.colour());
        let _ = writeln!(styles, ".defbase .{name} rect {{ fill: {colour}; stroke: {colour}; }}");
    }
    // After the kinds, so that it wins.
    let _ = writeln!(styles, ".defbase .in-cycle rect {{ stroke: {CYCLE}; stroke-width: 2; }}");
    let _ = writeln!(styles, ".defbase .cycle {{ fill: {CYCLE}; }}");
    let _ = writeln!(
        styles,
        ".defbase .cycle-edge {{ stroke: {CYCLE}; stroke-opacity: .85; stroke-width: 1.6; }}"
    );
    styles
}

/// An arrow through points: level at each of them, as layers stand side by side.
fn curve(way: &[Point]) -> String {
    let mut path = format!("M{:.1} {:.1}", way[0].x, way[0].y);
    for pair in way.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let middle = (a.x + b.x) / 2.0;
        let _ =
            write!(path, "C{middle:.1} {:.1} {middle:.1} {:.1} {:.1} {:.1}", a.y, b.y, b.x, b.y);
    }
    path
}

/// An arrow from a box to itself: around its upper right corner.
fn around(layout: &Layout, sizes: &[(f64, f64)], node: usize) -> String {
    const REACH: f64 = 9.0;
    let (right, top) = (
        layout.middles[node].x + sizes[node].0 / 2.0,
        layout.middles[node].y - sizes[node].1 / 2.0,
    );
    let (x, y) = (right - 2.0 * REACH, top + REACH);
    format!(
        "M{x:.1} {top:.1}C{x:.1} {:.1} {:.1} {:.1} {right:.1} {y:.1}",
        top - 1.6 * REACH,
        right + 1.6 * REACH,
        top - 1.2 * REACH
    )
}

fn draw_box(svg: &mut String, node: &Node, texts: &Texts, middle: Point, size: (f64, f64)) {
    let mut class = node.kind.name().to_owned();
    for (holds, name) in [(node.chosen, " chosen"), (node.in_cycle, " in-cycle")] {
        class.push_str(if holds { name } else { "" });
    }
    let (left, top) = (middle.x - size.0 / 2.0, middle.y - size.1 / 2.0);
    let _ = write!(
        svg,
        "<g class=\"{class}\"><title>{}</title><rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"5\"/>",
        escaped(&node.name),
        size.0,
        size.1
    );
    let baseline = top + PADDING.1 + LINE * 0.75;
    written(svg, "name", &texts.name, (middle.x, baseline), CHARACTER);
    if let Some(namespace) = &texts.namespace {
        written(svg, "small", namespace, (middle.x, baseline + LINE - 3.0), SMALL_CHARACTER);
    }
    svg.push_str("</g>\n");
}

fn written(svg: &mut String, class: &str, text: &str, at: (f64, f64), character: f64) {
    let _ = write!(
        svg,
        "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" textLength=\"{:.1}\" \
         lengthAdjust=\"spacingAndGlyphs\">{}</text>",
        at.0,
        at.1,
        length(text) * character,
        escaped(text)
    );
}

const LEGEND_GAP: f64 = 22.0;
const SWATCH: f64 = 12.0;

fn legend_width(kinds: &BTreeSet<Kind>, cycles: bool) -> f64 {
    let width = |name: &str| SWATCH + 6.0 + length(name) * SMALL_CHARACTER + LEGEND_GAP;
    let kinds: f64 = kinds.iter().map(|kind| width(kind.name())).sum();
    kinds + if cycles { width("cycle") } else { 0.0 }
}

fn legend(svg: &mut String, kinds: &BTreeSet<Kind>, cycles: bool, y: f64) {
    let mut x = MARGIN;
    let mut entry = |class: &str, name: &str| {
        let _ = writeln!(
            svg,
            "<g class=\"{class}\"><rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{SWATCH}\" height=\"{SWATCH}\" rx=\"3\"/>\
             <text class=\"small\" x=\"{:.1}\" y=\"{:.1}\">{name}</text></g>",
            y - SWATCH / 2.0,
            x + SWATCH + 6.0,
            y + 3.5
        );
        x += SWATCH + 6.0 + length(name) * SMALL_CHARACTER + LEGEND_GAP;
    };
    for kind in kinds {
        entry(kind.name(), kind.name());
    }
    if cycles {
        entry("in-cycle cycle", "cycle");
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // What XML cannot hold, even escaped.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
