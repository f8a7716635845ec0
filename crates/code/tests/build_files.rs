//! Where a project's sources are, as its build files say, from `build_files.edn`.
#![allow(clippy::unwrap_used)]

use code::build_files::source_paths;
use code::libraries::{JarFolders, libraries};
use edn::Value;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn build_files_say_where_sources_are() {
    for case in edn::read_all(include_str!("build_files.edn")).unwrap() {
        let case = case.as_map().unwrap();
        let strings = |key: &str| -> Vec<String> {
            let items = case.get_keyword(key).and_then(Value::as_seq).unwrap();
            items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
        };
        let folder = tempfile::tempdir().unwrap();
        for path in strings("folders") {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        for file in strings("files").chunks_exact(2) {
            let path = folder.path().join(&file[0]);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &file[1]).unwrap();
        }
        let found = source_paths(folder.path());
        assert_eq!(found.folders, strings("gives"), "{case:?}");
        assert_eq!(found.build_files, strings("from"), "{case:?}");
    }
}

fn written(path: &Path, text: &str) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    path.to_owned()
}

#[test]
fn libraries_are_found_where_their_jars_are() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    let folders = JarFolders { maven: Some(at("m2")), system: at("java") };
    written(
        &at("p/deps.edn"),
        "{:deps {a.b/c {:mvn/version \"1\"} d/e {:mvn/version \"2\"} l/l {:local/root \"l\"}} \
          :aliases {:x {:extra-deps {f {:mvn/version \"3\" :exclusions [y/y]}}}}}",
    );
    written(
        &at("p/project.clj"),
        "(defproject p \"1\" :dependencies [[g/h \"4\" :exclusions [i]] [d/e ~v]])",
    );
    let jars = [
        written(&at("java/e.jar"), ""),
        written(&at("java/f-3.jar"), ""),
        written(&at("m2/a/b/c/1/c-1.jar"), ""),
    ];
    let build_files = ["deps.edn".to_owned(), "project.clj".to_owned()];
    let found = libraries(&at("p"), &build_files, &folders);
    assert_eq!(found.jars, jars);
    let missing: Vec<String> = found.missing.iter().map(ToString::to_string).collect();
    assert_eq!(missing, ["g/h 4"]);
    // A class path says more than the coordinates do.
    let class_path = format!("src:{}:{}:gone.jar", jars[1].display(), jars[0].display());
    written(&at("p/.cpcache/1.cp"), &class_path);
    let found = libraries(&at("p"), &build_files, &folders);
    assert_eq!((found.jars, found.missing), (jars[..2].to_vec(), Vec::new()));
}
