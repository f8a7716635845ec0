//! Parses files given as arguments and says how fast: `cargo run --release --example parse_all FILE…`.
use std::time::Instant;

fn main() {
    let texts: Vec<(String, String)> = std::env::args()
        .skip(1)
        .filter_map(|path| Some((path.clone(), std::fs::read_to_string(&path).ok()?)))
        .collect();
    let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
    let start = Instant::now();
    let mut nodes = 0;
    let mut failed = Vec::new();
    for (path, text) in &texts {
        let tree = edn::syntax::parse(text);
        nodes += tree.nodes.len();
        if let Some(error) = tree.error {
            failed.push(format!("{path}:{}", error.message(text)));
        }
    }
    let took = start.elapsed();
    failed.iter().for_each(|f| eprintln!("{f}"));
    let speed = bytes as f64 / took.as_secs_f64() / 1e6;
    eprintln!("{} files, {bytes} bytes, {nodes} nodes, {took:?}, {speed:.0} MB/s", texts.len());
}
