//! Every source inside the Clojure libraries of a Debian system reads, and its tree covers it.
//!
//! Without the libraries the test is skipped, but fails where `CI` is set.
#![allow(clippy::unwrap_used)]

use edn::syntax::{self, Kind};
use std::fs::File;
use std::io::Read;
use std::path::Path;

const JARS: [&str; 8] = [
    "clojure",
    "core.async",
    "instaparse",
    "leiningen",
    "ring-core",
    "schema",
    "spec.alpha",
    "tools.reader",
];

/// Path and text of each source of a jar.
fn sources(jar: &Path) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(File::open(jar).unwrap()).unwrap();
    let mut sources = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let extension = name.rsplit('.').next().unwrap();
        if ["clj", "cljs", "cljc", "edn", "bb"].contains(&extension) {
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            sources.push((name, text));
        }
    }
    sources
}

fn check(name: &str, text: &str) {
    let tree = syntax::parse(text);
    if let Some(error) = tree.error {
        panic!("{name}:{}", error.message(text));
    }
    let mut at = 0;
    let mut gaps = String::new();
    for root in tree.roots() {
        let node = tree.node(root);
        gaps.push_str(&text[at..node.start as usize]);
        at = node.end as usize;
        assert_ne!(node.kind, Kind::ConditionalSplicing, "{name}");
    }
    gaps.push_str(&text[at..]);
    let blank = gaps
        .lines()
        .all(|line| line.trim_start().is_empty() || line.trim_start().starts_with([';', ',']));
    assert!(blank, "{name}: more than white space and comments between the forms");
}

#[test]
fn all_sources_of_the_libraries_read() {
    let folder = Path::new("/usr/share/java");
    let jars: Vec<_> = JARS.iter().map(|name| folder.join(format!("{name}.jar"))).collect();
    let missing: Vec<_> = jars.iter().filter(|jar| !jar.exists()).collect();
    if !missing.is_empty() {
        assert!(std::env::var_os("CI").is_none(), "missing: {missing:?}");
    }
    for jar in jars.iter().filter(|jar| jar.exists()) {
        let sources = sources(jar);
        assert!(!sources.is_empty(), "{} holds no sources", jar.display());
        for (name, text) in sources {
            check(&format!("{}!{name}", jar.display()), &text);
        }
    }
}
