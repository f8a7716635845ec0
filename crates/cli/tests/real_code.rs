//! Real code in, exact code out: the Clojure sources of Debian's packages.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGES: [&str; 7] = [
    "libclojure-java",
    "leiningen",
    "libcore-async-clojure",
    "libring-core-clojure",
    "libinstaparse-clojure",
    "libprismatic-schema-clojure",
    "libtools-reader-clojure",
];

/// The jars and loose sources that a package brings; `None` where it is not installed. Links that name the same file
/// count once.
fn sources_of(package: &str) -> Option<Vec<PathBuf>> {
    let listed = Command::new("dpkg").args(["-L", package]).output().ok()?;
    if !listed.status.success() {
        return None;
    }
    let mut found: Vec<PathBuf> = String::from_utf8_lossy(&listed.stdout)
        .lines()
        .map(PathBuf::from)
        .filter(|path| {
            let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
            ["jar", "clj", "cljs", "cljc"].contains(&extension)
        })
        .filter_map(|path| path.canonicalize().ok())
        .collect();
    found.sort();
    found.dedup();
    Some(found)
}

/// Puts a package's sources below a folder as loose files; returns how many there are.
fn unpack(package: &str, to: &Path) -> Option<usize> {
    for source in sources_of(package)? {
        let name = source.file_name()?.to_str()?;
        if name.ends_with(".jar") {
            let project =
                code::project::read(Path::new("/"), std::slice::from_ref(&source)).unwrap();
            assert_eq!(project.problems, [], "{}", source.display());
            for file in project.sources {
                let (_, inside) = file.path.split_once("!/")?;
                let path = to.join(package).join(name.trim_end_matches(".jar")).join(inside);
                fs::create_dir_all(path.parent()?).ok()?;
                fs::write(path, file.bytes).ok()?;
            }
        } else {
            let path = to.join(package).join(source.strip_prefix("/").ok()?);
            fs::create_dir_all(path.parent()?).ok()?;
            fs::copy(&source, path).ok()?;
        }
    }
    Some(support::files(&to.join(package)).len())
}

#[test]
fn debians_clojure_packages_come_out_as_they_went_in() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    for package in PACKAGES {
        match unpack(package, &project) {
            Some(n) => assert!(n > 0, "{package} has no sources"),
            None if std::env::var_os("CI").is_some() => {
                panic!("{package} is not installed: cargo xtask setup")
            }
            None => eprintln!("skipped: {package} is not installed; `cargo xtask setup` does it"),
        }
    }
    if !project.exists() {
        return;
    }
    let imported = support::run(&project, &["import"]);
    let errors = String::from_utf8_lossy(&imported.stderr);
    assert!(imported.status.success(), "{errors}");
    assert_eq!(errors, "", "no file is refused, none reads only in part");

    let copy = folder.path().join("copy");
    support::output(&project, &["export", copy.to_str().unwrap()]);
    let (before, after) = (support::files(&project), support::files(&copy));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after));
    for ((name, old), (_, new)) in before.iter().zip(&after) {
        assert!(old == new, "{name} differs");
    }
}

#[test]
fn jars_are_imported_as_they_are() {
    let Some(jar) = sources_of("libtools-reader-clojure").and_then(|jars| jars.into_iter().next())
    else {
        assert!(std::env::var_os("CI").is_none(), "libtools-reader-clojure is not installed");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    support::output(folder.path(), &["import", jar.to_str().unwrap()]);
    let shown = support::output(folder.path(), &["show", "clojure.tools.reader/read-string"]);
    assert!(shown.contains("(defn read-string"), "{shown}");
    assert!(shown.contains(".jar!/clojure/tools/reader.clj"), "{shown}");
}

#[test]
fn libraries_are_imported_to_be_read_only() {
    if sources_of("libtools-reader-clojure").is_none() {
        assert!(std::env::var_os("CI").is_none(), "libtools-reader-clojure is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir(at("src")).unwrap();
    let source = "(ns app (:require [clojure.tools.reader :as reader]))\n(defn f [s] (reader/read-string s))\n";
    fs::write(at("src/app.clj"), source).unwrap();
    let deps = "{:paths [\"src\"] :deps {org.clojure/tools.reader {:mvn/version \"1.3.6\"} x/y {:mvn/version \"1\"}}}";
    fs::write(at("deps.edn"), deps).unwrap();

    let imported = support::run(folder.path(), &["import", "--dependencies"]);
    let said = String::from_utf8_lossy(&imported.stderr);
    assert!(said.contains("x/y 1 is not on this machine"), "{said}");
    let configuration = fs::read_to_string(at(".defbase/defbase.edn")).unwrap();
    assert!(configuration.contains("(found in deps.edn)"), "{configuration}");
    assert!(configuration.ends_with("{:paths [\"src\" \"deps.edn\"]}\n"), "{configuration}");

    let users = support::output(folder.path(), &["dependents", "clojure.tools.reader/read-string"]);
    assert!(users.contains("app/f"), "{users}");
    let refused =
        support::run(folder.path(), &["rename", "clojure.tools.reader/read-string", "parse"]);
    assert!(!refused.status.success());
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(why.contains("inside a jar is only read"), "{why}");

    let copy = tempfile::tempdir().unwrap();
    let to = copy.path().to_str().unwrap();
    let written = support::output(folder.path(), &["export", to]);
    assert!(written.contains("wrote 2 files"), "{written}");
    let written = support::output(folder.path(), &["export", "--jars", to]);
    assert!(!written.contains("wrote 0 files"), "{written}");
    // A later import of the project's own sources leaves the libraries alone.
    support::output(folder.path(), &["import"]);
    support::output(folder.path(), &["show", "clojure.tools.reader/read-string"]);
}

#[test]
fn dependencies_in_real_code_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    if unpack("libcore-async-clojure", folder.path()).is_none() {
        assert!(std::env::var_os("CI").is_none(), "libcore-async-clojure is not installed");
        return;
    }
    let ask = |arguments: &[&str]| support::output(folder.path(), arguments);
    ask(&["import", "."]);

    let channel = "clojure.core.async.impl.channels/chan";
    let reached = ask(&["impact", channel, "--format", "csv"]);
    for user in ["chan,1,function-call", "timeout,2,function-call", "go-loop,3,macro-use"] {
        assert!(reached.contains(&format!("clojure.core.async/{user},")), "{user} in\n{reached}");
    }
    let ends = ["clojure.core.async/pub", "clojure.core.async.impl.protocols/ReadPort"];
    let way = ask(&["path", ends[0], ends[1], "--format", "csv"]);
    let steps: Vec<&str> = way.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
    let made = ["clojure.core.async/chan", channel];
    assert_eq!(steps[..3], [ends[0], made[0], made[1]]);
    assert_eq!(steps.last(), Some(&ends[1]));

    let drawing = ask(&["graph"]);
    let namespaces = ask(&["q", "[:find ?n :where [_ :namespace/name ?n]]", "--format", "csv"]);
    assert!(namespaces.lines().count() > 20, "{namespaces}");
    for name in namespaces.lines().skip(1) {
        assert!(drawing.contains(&format!("<title>{name}</title>")), "{name} is drawn");
    }
    let index = support::run(folder.path(), &["scip", "-o", "index.scip"]);
    let said = String::from_utf8(index.stderr).unwrap();
    let documents = support::files(folder.path());
    let sources = documents.iter().filter(|(name, _)| name.contains(".clj"));
    assert!(said.starts_with(&format!("{} documents", sources.count())), "{said}");
}
