//! What a project is called: by its `project.clj`, or by the `lib` and `version` of its `build.clj`.

use crate::libraries::Coordinate;
use edn::syntax::{Kind, Tree, parse};

/// What a project is called where others use it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Package {
    /// Who hands it out: `maven`, or nothing.
    pub manager: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The package that a project's files say it is, else one of the given name.
///
/// ```
/// let files = [("project.clj".to_string(), "(defproject my/app \"1.2.0\")".to_string())];
/// let package = code::scip::package(&files, "folder");
/// assert_eq!((package.name.as_str(), package.version.as_str()), ("my/app", "1.2.0"));
/// assert_eq!(code::scip::package(&[], "folder").name, "folder");
/// ```
pub fn package(files: &[(String, String)], otherwise: &str) -> Package {
    let text = |name: &str| files.iter().find(|(path, _)| path == name).map(|(_, text)| text);
    let known = text("project.clj").and_then(|text| of_project(text));
    let known = known.or_else(|| text("build.clj").and_then(|text| of_build(text)));
    match known {
        Some((name, version)) => Package { manager: "maven".to_owned(), name, version },
        // A space would end the name.
        None => Package { name: otherwise.replace(' ', "-"), ..Package::default() },
    }
}

/// The package that a jar is, by its file's name, `tools.reader-1.3.6.jar`, and by what the project calls its libraries.
pub(super) fn of_jar(path: &str, named: &[Coordinate]) -> Package {
    let file = path.rsplit('/').next().unwrap_or(path);
    let name = file.strip_suffix(".jar").unwrap_or(file);
    let is_version =
        |(at, _): &(usize, &str)| name[at + 1..].starts_with(|c: char| c.is_ascii_digit());
    let (artifact, version) = match name.match_indices('-').find(is_version) {
        Some((at, _)) => (&name[..at], &name[at + 1..]),
        None => (name, ""),
    };
    let full = named.iter().find(|library| library.artifact == artifact);
    let name = match full {
        Some(library) if library.group != library.artifact => {
            format!("{}/{artifact}", library.group)
        }
        _ => artifact.to_owned(),
    };
    Package { manager: "maven".to_owned(), name, version: version.to_owned() }
}

/// The top-level lists of a text as the nodes in them.
fn lists(tree: &Tree) -> impl Iterator<Item = Vec<usize>> + '_ {
    let lists = tree.roots().filter(|root| tree.node(*root).kind == Kind::List);
    lists.map(|root| tree.forms(root).collect())
}

/// `(defproject name "version" …)`
fn of_project(text: &str) -> Option<(String, String)> {
    let tree = parse(text);
    let form = lists(&tree)
        .find(|form| form.first().is_some_and(|head| tree.text(*head, text) == "defproject"))?;
    let version = form.get(2).and_then(|node| string(&tree, text, *node)).unwrap_or_default();
    Some((tree.text(*form.get(1)?, text).to_owned(), version))
}

/// `(def lib 'name)`, `(def version "version")`
fn of_build(text: &str) -> Option<(String, String)> {
    let tree = parse(text);
    let value = |name: &str| {
        lists(&tree).find_map(|form| match form[..] {
            [def, own, value] if tree.text(def, text) == "def" && tree.text(own, text) == name => {
                Some(value)
            }
            _ => None,
        })
    };
    let lib = tree.text(value("lib")?, text).trim_start_matches('\'').to_owned();
    let version = value("version").and_then(|node| string(&tree, text, node));
    Some((lib, version.unwrap_or_default()))
}

fn string(tree: &Tree, text: &str, node: usize) -> Option<String> {
    let is_string = tree.node(node).kind == Kind::String;
    is_string.then(|| tree.text(node, text).trim_matches('"').to_owned())
}
