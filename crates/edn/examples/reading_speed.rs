//! How fast files become syntax trees and values: `cargo run --release -p defbase-edn --example reading_speed FILE…`
#![allow(clippy::print_stdout)]

use edn::syntax;
use std::time::{Duration, Instant};

/// The best of several rounds over all texts.
fn best(texts: &[String], mut work: impl FnMut(&str) -> usize) -> (Duration, usize) {
    let round = |_| {
        let start = Instant::now();
        let made = texts.iter().map(|text| work(text)).sum();
        (start.elapsed(), made)
    };
    (0..9).map(round).min().unwrap_or_default()
}

fn tell(what: &str, bytes: usize, (time, made): (Duration, usize)) {
    let megabytes = bytes as f64 / time.as_secs_f64() / 1e6;
    println!("{what}: {:.1} ms, {megabytes:.0} MB/s, {made} made", time.as_secs_f64() * 1e3);
}

fn main() -> std::io::Result<()> {
    let texts: Vec<String> =
        std::env::args().skip(1).map(std::fs::read_to_string).collect::<Result<_, _>>()?;
    let bytes = texts.iter().map(String::len).sum();
    let lines: usize = texts.iter().map(|text| text.lines().count()).sum();
    println!("{} files, {bytes} bytes, {lines} lines", texts.len());
    tell("syntax trees, nodes", bytes, best(&texts, |text| syntax::parse(text).nodes.len()));
    let values = best(&texts, |text| edn::read_all(text).map_or(0, |values| values.len()));
    tell("EDN values, top-level forms", bytes, values);
    let by_line = |text: &str| text.lines().filter(|line| edn::read(line).is_ok()).count();
    tell("EDN values line by line, lines that are one form", bytes, best(&texts, by_line));
    Ok(())
}
