//! Laws of refactorings that move code, on the example application and on real code of Debian's packages.
//!
//! - What is moved and moved back says what it said.
//! - What is cleaned is clean.
//! - A function that is made of an expression and inlined again leaves everything saying what it said.
#![allow(clippy::unwrap_used)]

use code::analysis::{Rules, analyze};
use code::facts::FileFacts;
use code::project;
use code::refactor::{Change, Sources, Spot, clean_ns, extract, inline, move_statements};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The sources below a folder, or in a jar; nothing where they are not there, which `CI` does not forgive.
fn sources(path: &str) -> Option<Sources> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if !path.exists() {
        assert!(
            std::env::var_os("CI").is_none(),
            "{} is missing: cargo xtask setup",
            path.display()
        );
        eprintln!("skipped: {} is missing; `cargo xtask setup` installs it", path.display());
        return None;
    }
    let project = project::read(Path::new("/"), &[path]).unwrap();
    let text = |file: project::Source| {
        // What is in a jar is only read; here it is as good as a file.
        let path = file.path.rsplit("!/").next().unwrap().to_owned();
        Some((path, String::from_utf8(file.bytes).ok()?))
    };
    let files: BTreeMap<String, String> = project.sources.into_iter().filter_map(text).collect();
    Some(Sources::read(files.into_iter().collect(), &Rules::default()))
}

fn applied(sources: &Sources, change: &Change) -> Sources {
    let mut files: BTreeMap<String, String> = sources.files().iter().cloned().collect();
    for file in &change.files {
        files.remove(&file.path);
        if let Some(after) = &file.after {
            files.insert(file.path_after().to_owned(), after.clone());
        }
    }
    Sources::read(files.into_iter().collect(), &Rules::default())
}

/// What every statement says: its name, what it uses, what it does not know; `ns` forms and declarations left out.
fn said(sources: &Sources) -> BTreeSet<String> {
    let facts: Vec<FileFacts> = analyze(sources.files(), &Rules::default());
    let statements = facts.iter().flat_map(|file| &file.statements);
    let code = statements.filter(|s| !matches!(s.kind.as_str(), "ns" | "declare"));
    code.map(|s| format!("{} {:?} {:?} {:?}", s.fqn, s.pure, s.dependencies, s.unresolved))
        .collect()
}

fn vars(sources: &Sources) -> BTreeSet<(String, String)> {
    let definitions = sources.all().flat_map(|(_, found)| &found.definitions);
    definitions.map(|def| (def.ns.to_string(), def.name.to_string())).collect()
}

fn namespaces(sources: &Sources) -> Vec<String> {
    let made = sources.all().flat_map(|(_, found)| &found.namespaces);
    made.map(|ns| ns.name.to_string()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The endings of the files that make a namespace.
fn endings<'a>(sources: &'a Sources, ns: &str) -> BTreeSet<&'a str> {
    let makes = |file: &usize| sources.found(*file).namespaces.iter().any(|made| *made.name == *ns);
    let files = (0..sources.len()).filter(makes);
    files.filter_map(|file| sources.path(file).rsplit('.').next()).collect()
}

/// Moves every nth var to a namespace and back; how many could be moved.
fn there_and_back(sources: &Sources, every: usize) -> usize {
    let before = said(sources);
    let namespaces = namespaces(sources);
    let mut moved = 0;
    for (at, (ns, name)) in vars(sources).into_iter().enumerate().step_by(every) {
        let to = match at % 3 {
            0 => format!("{ns}.moved"),
            _ => namespaces[at * 7 % namespaces.len()].clone(),
        };
        // What more platforms read than before cannot go where fewer do.
        if endings(sources, &ns) != endings(sources, &to) && namespaces.contains(&to) {
            continue;
        }
        let Ok(change) = move_statements(sources, &[&format!("{ns}/{name}")], &to) else {
            continue;
        };
        let there = applied(sources, &change);
        let back = move_statements(&there, &[&format!("{to}/{name}")], &ns);
        let back = back.unwrap_or_else(|refused| panic!("{ns}/{name} {to} and back: {refused}"));
        assert_eq!(said(&applied(&there, &back)), before, "{ns}/{name} {to}");
        moved += 1;
    }
    moved
}

#[test]
fn what_moves_there_and_back_says_what_it_said() {
    let teahouse = sources("../../examples/teahouse").unwrap();
    assert!(there_and_back(&teahouse, 4) > 3);
    for jar in ["/usr/share/java/ring-core.jar", "/usr/share/java/instaparse.jar"] {
        if let Some(sources) = sources(jar) {
            assert!(there_and_back(&sources, 20) > 0, "{jar}");
        }
    }
}

#[test]
fn what_is_cleaned_is_clean() {
    let paths = [
        "../../examples/teahouse",
        "/usr/share/java/ring-core.jar",
        "/usr/share/java/instaparse.jar",
        "/usr/share/java/core.async.jar",
    ];
    for path in paths {
        let Some(sources) = sources(path) else { continue };
        let clean = applied(&sources, &clean_ns(&sources, &[], true).unwrap());
        assert_eq!(said(&clean), said(&sources), "{path}");
        assert_eq!(clean_ns(&clean, &[], true).unwrap().files, [], "{path}");
    }
}

#[test]
fn what_is_extracted_and_inlined_says_what_it_said() {
    let teahouse = sources("../../examples/teahouse").unwrap();
    let before = said(&teahouse);
    let mut done = 0;
    for (file, found) in teahouse.all() {
        for def in found.definitions.iter().filter(|def| *def.kind == *"defn") {
            let statement = format!("{}/{}", def.ns, def.name);
            let text = teahouse.token(file, &def.at);
            // The last form, as it is written.
            let Some(start) = text.rfind("\n  (").map(|at| at + 3) else { continue };
            let spot = Spot::In { statement: &statement, text: &text[start..text.len() - 1] };
            let Ok(change) = extract(&teahouse, &spot, "made-by-a-test") else { continue };
            let made = applied(&teahouse, &change);
            let back = inline(&made, &format!("{}/made-by-a-test", def.ns));
            let back = back.unwrap_or_else(|refused| panic!("{statement}: {refused}"));
            assert_eq!(said(&applied(&made, &back)), before, "{statement}");
            done += 1;
        }
    }
    assert!(done > 20, "{done}");
}

#[test]
fn places_are_columns_in_utf16() {
    let text = "(ns a)\n(defn f [x] \"𝕏\" (str x x))\n";
    let sources = Sources::read(vec![("a.clj".to_owned(), text.to_owned())], &Rules::default());
    let spot = Spot::At { path: "a.clj", from: (2, 18), to: (2, 27) };
    let change = extract(&sources, &spot, "g").unwrap();
    assert_eq!(
        change.files[0].after.as_deref(),
        Some("(ns a)\n(defn- g [x]\n  (str x x))\n\n(defn f [x] \"𝕏\" (g x))\n")
    );
}
