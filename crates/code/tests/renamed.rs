//! Renaming and inlining random things in real code, Debian's packages: there and back changes nothing, and what has become of it
//! still runs.
//! A machine that lacks a package tests the others.
#![allow(clippy::unwrap_used)]

mod random;

use code::analysis::{Rules, analyze};
use code::facts::StatementFacts;
use code::project;
use code::refactor::{Sources, inline_local, rename};
use random::{KINDS, Random, afterwards, applied, candidates, name_of, new_name};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const JARS: &str = "/usr/share/java";

/// The sources in some jars, as if they were unpacked; `None` where one of them is not there.
fn unpacked(jars: &[&str]) -> Option<Vec<(String, String)>> {
    let folder = Path::new(JARS);
    let jars: Vec<PathBuf> = jars.iter().map(|jar| folder.join(jar)).collect();
    if !jars.iter().all(|jar| jar.exists()) {
        assert!(std::env::var_os("CI").is_none(), "{jars:?} are not all there: cargo xtask setup");
        return None;
    }
    let project = project::read(folder, &jars).unwrap();
    let inside = |path: &str| path.split_once("!/").unwrap().1.to_string();
    let files =
        project.sources.into_iter().map(|f| (inside(&f.path), String::from_utf8(f.bytes).unwrap()));
    Some(files.collect::<BTreeMap<_, _>>().into_iter().collect())
}

#[test]
fn there_and_back_changes_no_byte() {
    const EACH: usize = 3;
    let Some(files) = unpacked(&["instaparse.jar", "tools.reader.jar"]) else {
        return;
    };
    let sources = Sources::read(files, &Rules::default());
    let all = candidates(&sources);
    let mut random = Random(20);
    for (kind, all) in KINDS.iter().zip(&all) {
        assert!(!all.is_empty(), "no {kind}");
        let (mut accepted, mut tried) = (0, 0);
        while accepted < EACH {
            tried += 1;
            assert!(tried < 4 * EACH, "most {kind} are refused");
            let target = &all[random.below(all.len())];
            let new = new_name(target, tried);
            let Ok(change) = rename(&sources, target, &new) else { continue };
            accepted += 1;
            let after = Sources::read(applied(sources.files(), &change), &Rules::default());
            let there = afterwards(target, &new, &change, &after);
            let back = rename(&after, &there, &name_of(&sources, target));
            let back = back.unwrap_or_else(|refused| panic!("{target:?}: {refused}"));
            assert!(applied(after.files(), &back) == sources.files(), "{target:?}");
        }
    }
}

/// One name after the other is changed in two libraries, and Clojure runs what they have become.
#[test]
fn what_is_renamed_still_runs() {
    const CHANGES: usize = 25;
    let Some(files) = unpacked(&["instaparse.jar", "tools.reader.jar"]) else { return };
    let mut sources = Sources::read(files, &Rules::default());
    let mut random = Random(8);
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut changed = 0;
    for n in 0.. {
        let all = candidates(&sources);
        let kind = &all[n % KINDS.len()];
        let target = &kind[random.below(kind.len())];
        let Ok(change) = rename(&sources, target, &new_name(target, n)) else { continue };
        for (old, new) in change.renames.iter() {
            let first = names.iter().find(|(_, now)| *now == old).map(|(first, _)| first.clone());
            names.insert(first.unwrap_or_else(|| old.clone()), new.clone());
        }
        sources = Sources::read(applied(sources.files(), &change), &Rules::default());
        changed += 1;
        if changed == CHANGES {
            break;
        }
    }
    runs(&sources, &names);
}

/// One local after the other is inlined, and Clojure runs what the libraries have become.
#[test]
fn what_is_inlined_still_runs() {
    const CHANGES: usize = 12;
    let Some(files) = unpacked(&["instaparse.jar", "tools.reader.jar"]) else { return };
    let mut sources = Sources::read(files, &Rules::default());
    let before = used(&sources);
    let mut random = Random(3);
    let mut changed = 0;
    while changed < CHANGES {
        let locals: Vec<(usize, u32)> = sources
            .all()
            .flat_map(|(file, found)| found.locals.iter().map(move |l| (file, l.at.start)))
            .collect();
        let (file, at) = locals[random.below(locals.len())];
        let Ok(change) = inline_local(&sources, file, at) else { continue };
        sources = Sources::read(applied(sources.files(), &change), &Rules::default());
        changed += 1;
    }
    assert_eq!(used(&sources), before);
    runs(&sources, &BTreeMap::new());
}

/// What every var uses, but for what binds locals, and what stands where nothing is known.
fn used(sources: &Sources) -> BTreeMap<String, Vec<String>> {
    let facts = analyze(sources.files(), &Rules::default());
    let binds = |name: &str| ["let", "when-let", "if-let", "when"].contains(&name);
    let of = |s: &StatementFacts| {
        let names = s.dependencies.iter().map(|(name, _)| name.to_string());
        let names = names.filter(|name| !binds(name.rsplit('/').next().unwrap_or(name)));
        let unresolved = s.unresolved.iter().map(|name| format!("? {name}"));
        (s.fqn.to_string(), names.chain(unresolved).collect::<BTreeSet<_>>().into_iter().collect())
    };
    facts.iter().flat_map(|file| &file.statements).map(of).collect()
}

/// Loads two libraries in Clojure, and tries them. `names` are those that vars and namespaces have got.
fn runs(sources: &Sources, names: &BTreeMap<String, String>) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in sources.files() {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let now = |name: &str| names.get(name).map_or(name.to_string(), String::clone);
    let program = format!(
        "(require '{} '{} '{})
         (assert (= [:S \"a\" \"a\"] (({} \"S = 'a'*\") \"aa\")))
         (assert (= '[x {{:a 1N}}] ({} \"[x {{:a 1N}}]\")))
         (assert (= {{:a #{{1}}}} ({} \"{{:a #{{1}}}}\")))
         (println \"it runs\")",
        now("instaparse.core"),
        now("clojure.tools.reader"),
        now("clojure.tools.reader.edn"),
        now("instaparse.core/parser"),
        now("clojure.tools.reader/read-string"),
        now("clojure.tools.reader.edn/read-string"),
    );
    let jars = ["clojure.jar", "spec.alpha.jar", "core.specs.alpha.jar"]
        .map(|jar| format!("{JARS}/{jar}"));
    let path = format!("{}:{}", folder.path().display(), jars.join(":"));
    let output = Command::new("java").args(["-cp", &path, "clojure.main", "-e", &program]).output();
    let Ok(output) = output else {
        return assert!(std::env::var_os("CI").is_none(), "there is no java: cargo xtask setup");
    };
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        told.contains("it runs"),
        "{names:#?}\n{program}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
